//! INT 10h AH=4Fh: what programs are told of the modes beyond the VGA's, and what the modes show.

mod flat;

use flat::{COPY, call as flat_call};
use ringzero_machine::{Config, Model};
use ringzero_tests::caller::{Caller, Registers};

const DONE: u16 = 0x004F;

fn machine() -> Caller {
    Caller::new(Config::default())
}

fn vesa(caller: &mut Caller, function: u16, bx: u16, cx: u16, dx: u16) -> Registers {
    caller.interrupt(0x10, Registers { ax: 0x4F00 | function, bx, cx, dx, ..Registers::default() })
}

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn dword(bytes: &[u8], at: usize) -> u32 {
    u32::from(word(bytes, at)) | u32::from(word(bytes, at + 2)) << 16
}

/// What a far pointer leads to.
fn far(caller: &Caller, pointer: u32, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let at = u64::from(pointer >> 16) * 16 + u64::from(pointer & 0xFFFF);
    caller.machine.read_physical(at, &mut bytes);
    bytes
}

fn mode_info(caller: &mut Caller, mode: u16) -> Option<Vec<u8>> {
    let answer = vesa(caller, 1, 0, mode, 0);
    (answer.ax == DONE).then(|| caller.buffer(256))
}

fn numbers(caller: &mut Caller) -> Vec<u16> {
    caller.set_buffer(b"VBE2");
    assert_eq!(vesa(caller, 0, 0, 0, 0).ax, DONE);
    let list = far(caller, dword(&caller.buffer(512), 14), 512);
    let words = list.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    words.take_while(|&number| number != 0xFFFF).collect()
}

fn pixel(caller: &mut Caller, x: usize, y: usize) -> u32 {
    let mut frame = ringzero_machine::Frame::default();
    // Past the retrace, at which a new start counts.
    let until = caller.machine.now().plus_ns(40_000_000);
    while caller.machine.now() < until {
        caller.run(&[0x90; 64], Registers::default());
        caller.machine.skip_to(until);
    }
    caller.machine.render(&mut frame);
    frame.pixels[y * frame.width + x]
}

fn size(caller: &Caller) -> (usize, usize) {
    let mut frame = ringzero_machine::Frame::default();
    caller.machine.render(&mut frame);
    (frame.width, frame.height)
}

#[test]
fn the_controller_is_vbe_3_with_16_megabytes() {
    let mut caller = machine();
    caller.set_buffer(b"VBE2");
    assert_eq!(vesa(&mut caller, 0, 0, 0, 0).ax, DONE);
    let block = caller.buffer(512);
    assert_eq!((&block[..4], word(&block, 4), word(&block, 18)), (&b"VESA"[..], 0x0300, 256));
    assert_eq!(&far(&caller, dword(&block, 22), 8), b"RingZero");
    // An old caller has room for 256 bytes.
    caller.set_buffer(&[0xAA; 512]);
    vesa(&mut caller, 0, 0, 0, 0);
    assert_eq!(caller.buffer(512)[256..], [0xAA; 256]);
}

#[test]
fn every_mode_says_what_it_then_shows() {
    let mut caller = machine();
    let numbers = numbers(&mut caller);
    assert!(numbers.len() > 60);
    for number in numbers {
        let info = mode_info(&mut caller, number).unwrap();
        let (width, height, depth) = (word(&info, 18), word(&info, 20), info[25]);
        let linear = if depth == 4 { 0 } else { 0x4000 };
        assert_eq!(vesa(&mut caller, 2, number | linear, 0, 0).ax, DONE, "{number:x}");
        assert_eq!(size(&caller), (width.into(), height.into()), "{number:x}");
        let answer = vesa(&mut caller, 3, 0, 0, 0);
        assert_eq!((answer.ax, answer.bx), (DONE, number | linear));
        let length = vesa(&mut caller, 6, 1, 0, 0);
        assert_eq!((length.bx, length.cx), (word(&info, 16), width), "{number:x}");
        assert_eq!(info[0] & 0x80 != 0, depth != 4);
    }
    assert!(mode_info(&mut caller, 0x1FF).is_none());
    assert_ne!(vesa(&mut caller, 2, 0x1FF, 0, 0).ax, DONE);
}

#[test]
fn a_vga_mode_ends_the_extension() {
    let mut caller = machine();
    vesa(&mut caller, 2, 0x4118, 0, 0);
    caller.interrupt(0x10, Registers { ax: 3, ..Registers::default() });
    assert_eq!(size(&caller), (720, 400));
    assert!(caller.machine.text_screen().is_some());
    let answer = vesa(&mut caller, 3, 0, 0, 0);
    assert_eq!(answer.bx, 3);
    assert_eq!(vesa(&mut caller, 2, 0x0013, 0, 0).ax, DONE);
    assert_eq!(size(&caller), (320, 200));
}

#[test]
fn the_window_and_the_frame_buffer_are_the_same_memory() {
    let mut caller = machine();
    let info = mode_info(&mut caller, 0x103).unwrap();
    vesa(&mut caller, 2, 0x103, 0, 0);
    vesa(&mut caller, 5, 0, 0, 3);
    // MOV AX, A000h; MOV ES, AX; MOV BYTE [ES:1234h], 0Fh
    let code = [0xB8, 0x00, 0xA0, 0x8E, 0xC0, 0x26, 0xC6, 0x06, 0x34, 0x12, 0x0F];
    caller.run(&code, Registers::default());
    let at = 3 * 0x1_0000 + 0x1234;
    assert_eq!(pixel(&mut caller, at % 800, at / 800), 0xFF_FFFF);
    let mut byte = [0];
    caller.machine.read_physical(u64::from(dword(&info, 40)) + at as u64, &mut byte);
    assert_eq!(byte, [0x0F]);
    assert_eq!(vesa(&mut caller, 5, 0x0100, 0, 0).dx, 3);
    assert_ne!(vesa(&mut caller, 5, 0, 0, 0x1000).ax, DONE);
}

#[test]
fn the_picture_moves_over_a_longer_row() {
    let mut caller = machine();
    vesa(&mut caller, 2, 0x101, 0, 0);
    let length = vesa(&mut caller, 6, 0, 1000, 0);
    assert_eq!((length.ax, length.bx, length.cx), (DONE, 1000, 1000));
    assert_eq!(length.dx, ((16 << 20) / 1000) as u16);
    let code = [0xB8, 0x00, 0xA0, 0x8E, 0xC0, 0x26, 0xC6, 0x06, 0xF5, 0x07, 0x0F];
    caller.run(&code, Registers::default());
    for bl in [0x00, 0x80] {
        assert_eq!(vesa(&mut caller, 7, bl, 7, 1).ax, DONE);
        let place = vesa(&mut caller, 7, 1, 0, 0);
        assert_eq!((place.cx, place.dx), (7, 1));
        // 07F5h = 2 rows of 1000 and 37.
        assert_eq!(pixel(&mut caller, 37 - 7, 1), 0xFF_FFFF);
        vesa(&mut caller, 7, 0, 0, 0);
    }
    assert_ne!(vesa(&mut caller, 7, 0, 0, 0xFFF0).ax, DONE);
    let most = vesa(&mut caller, 6, 3, 0, 0);
    assert!(most.ax == DONE && most.cx >= 1000 && most.dx >= 480);
}

#[test]
fn colours_have_six_or_eight_bits() {
    let mut caller = machine();
    vesa(&mut caller, 2, 0x101, 0, 0);
    assert_eq!(vesa(&mut caller, 8, 1, 0, 0).bx >> 8, 6);
    caller.set_buffer(&[0x10, 0x20, 0x30, 0]);
    vesa(&mut caller, 9, 0, 1, 0);
    assert_eq!(pixel(&mut caller, 0, 0), 0xC3_8241);
    assert_eq!(vesa(&mut caller, 8, 0x0800, 0, 0).bx >> 8, 8);
    caller.set_buffer(&[0x11, 0x92, 0xF3, 0]);
    vesa(&mut caller, 9, 0x80, 1, 0);
    assert_eq!(pixel(&mut caller, 0, 0), 0xF3_9211);
    caller.set_buffer(&[0; 4]);
    vesa(&mut caller, 9, 1, 1, 0);
    assert_eq!(caller.buffer(4), [0x11, 0x92, 0xF3, 0]);
}

#[test]
fn a_state_is_saved_and_restored() {
    let mut caller = machine();
    vesa(&mut caller, 2, 0x4117, 0, 0);
    let size_of = |caller: &mut Caller| {
        let call = Registers { ax: 0x4F04, cx: 0x0F, dx: 0, ..Registers::default() };
        caller.interrupt(0x10, call).bx
    };
    assert!(size_of(&mut caller) > 12);
    let save = Registers { ax: 0x4F04, cx: 0x0F, dx: 1, ..Registers::default() };
    assert_eq!(caller.interrupt(0x10, save).ax, DONE);
    caller.interrupt(0x10, Registers { ax: 3, ..Registers::default() });
    assert_eq!(caller.interrupt(0x10, Registers { dx: 2, ..save }).ax, DONE);
    assert_eq!(size(&caller), (1024, 768));
}

#[test]
fn the_monitor_tells_of_itself() {
    let mut caller = machine();
    assert_eq!(vesa(&mut caller, 0x15, 0, 0, 0).bx, 0x0102);
    assert_eq!(vesa(&mut caller, 0x15, 1, 0, 0).ax, DONE);
    let edid = caller.buffer(128);
    assert_eq!(edid[..8], [0, 255, 255, 255, 255, 255, 255, 0]);
    assert_eq!(edid.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte)), 0);
    assert_ne!(vesa(&mut caller, 0x15, 1, 0, 1).ax, DONE);
}

#[test]
fn the_screen_is_switched_off_and_on() {
    let mut caller = machine();
    vesa(&mut caller, 2, 0x101, 0, 0);
    caller.set_buffer(&[0x3F, 0x3F, 0x3F, 0]);
    vesa(&mut caller, 9, 0, 1, 0);
    assert_eq!(vesa(&mut caller, 0x10, 0, 0, 0).bx, 0x0F10);
    vesa(&mut caller, 0x10, 0x0401, 0, 0);
    assert_eq!((pixel(&mut caller, 0, 0), vesa(&mut caller, 0x10, 2, 0, 0).bx >> 8), (0, 4));
    vesa(&mut caller, 0x10, 0x0001, 0, 0);
    assert_eq!(pixel(&mut caller, 0, 0), 0xFF_FFFF);
}

#[test]
fn without_pci_there_are_banks_alone() {
    let mut caller = Caller::new(Config { cpu: Model::I80386, ..Config::default() });
    let info = mode_info(&mut caller, 0x101).unwrap();
    assert_eq!((info[0] & 0x80, dword(&info, 40)), (0, 0));
    assert_ne!(vesa(&mut caller, 2, 0x4101, 0, 0).ax, DONE);
    assert_eq!(vesa(&mut caller, 2, 0x0101, 0, 0).ax, DONE);
    assert_eq!(size(&caller), (640, 480));
}

// --- code that runs without the firmware --------------------------------------------------------------------

#[test]
fn the_window_function_is_called_far() {
    let mut caller = machine();
    let info = mode_info(&mut caller, 0x103).unwrap();
    vesa(&mut caller, 2, 0x103, 0, 0);
    let [o0, o1, s0, s1] = dword(&info, 12).to_le_bytes();
    let call = [0x9A, o0, o1, s0, s1];
    caller.run(&call, Registers { bx: 0, dx: 5, ..Registers::default() });
    assert_eq!(vesa(&mut caller, 5, 0x0100, 0, 0).dx, 5);
    assert_eq!(caller.run(&call, Registers { bx: 0x0100, ..Registers::default() }).dx, 5);
}

#[test]
fn the_protected_mode_block_is_found_by_its_letters() {
    let mut caller = machine();
    let rom = far(&caller, 0xC000_0000, 0x8000);
    let at = rom.windows(4).position(|window| window == b"PMID").unwrap();
    let block = &rom[at..at + 20];
    assert_eq!(block.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte)), 0);
    let [o0, o1] = [block[4], block[5]];
    // The code does not mind which mode it runs in.
    let mut call = |ax: u16, bx: u16, cx: u16, dx: u16| {
        caller.run(&[0x9A, o0, o1, 0x00, 0xC0], Registers { ax, bx, cx, dx, ..Registers::default() })
    };
    assert_eq!(call(0x4F02, 0x4118, 0, 0).ax, DONE);
    let mode = call(0x4F03, 0, 0, 0);
    assert_eq!((mode.ax, mode.bx), (DONE, 0x4118));
    let length = call(0x4F06, 0, 1200, 0);
    assert_eq!((length.ax, length.bx, length.cx), (DONE, 3600, 1200));
    let length = call(0x4F06, 2, 3072, 0);
    assert_eq!((length.bx, length.cx, length.dx), (3072, 1024, ((16 << 20) / 3072) as u16));
    call(0x4F06, 0, 1200, 0);
    assert_eq!(call(0x4F07, 0x80, 100, 50).ax, DONE);
    let place = call(0x4F07, 1, 0, 0);
    assert_eq!((place.cx, place.dx), (100, 50));
    assert_eq!(call(0x4F08, 0x0800, 0, 0).bx >> 8, 8);
    call(0x4F05, 0, 0, 7);
    assert_eq!(call(0x4F05, 0x0100, 0, 0).dx, 7);
    assert_ne!(call(0x4F02, 0x01FF, 0, 0).ax, DONE);
    assert_ne!(call(0x4F00, 0, 0, 0).ax, DONE);
    assert_eq!(size(&caller), (1024, 768));
}

#[test]
fn the_flat_interface_moves_the_picture_and_sets_colours() {
    let mut caller = machine();
    vesa(&mut caller, 2, 0x4101, 0, 0);
    vesa(&mut caller, 6, 0, 1000, 0);
    let table = vesa(&mut caller, 0x0A, 0, 0, 0);
    assert_eq!((table.ax, table.es), (DONE, 0xC000));
    let code = far(&caller, 0xC000_0000 | u32::from(table.di), table.cx.into());
    // Callers copy the code to where they want it.
    caller.machine.write_physical(COPY.into(), &code);
    let [window, start, palette] = [0, 2, 4].map(|at| COPY + u32::from(word(&code, at)));
    let mut flat = |entry: u32, bx: u16, cx: u16, dx: u16| {
        flat_call(&mut caller, entry, Registers { bx, cx, dx, ..Registers::default() })
    };
    flat(window, 0, 0, 2);
    assert_eq!(flat(window, 0x0100, 0, 0).dx, 2);
    // Ten rows of 1000 bytes and twelve, in dwords.
    flat(start, 0, (10 * 1000 + 12) / 4, 0);
    let place = vesa(&mut caller, 7, 1, 0, 0);
    assert_eq!((place.cx, place.dx), (12, 10));
    caller.set_buffer(&[0x3F, 0x00, 0x3F, 0]);
    flat_call(&mut caller, palette, Registers { cx: 1, ..Registers::default() });
    assert_eq!(pixel(&mut caller, 0, 0), 0xFF_00FF);
}
