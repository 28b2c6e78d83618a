mod beam;
mod vbe;
mod window;

use super::*;
use ringzero_bus::{Irq, Width};

/// Register sets of standard modes [VGA, "Register values by mode"].
struct ModeSet {
    misc: u8,
    seq: [u8; 5],
    crtc: [u8; 25],
    gfx: [u8; 9],
    attr: [u8; 21],
}

const EGA_PALETTE: [u8; 16] = [0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F];

fn attr(tail: [u8; 5]) -> [u8; 21] {
    let mut all = [0; 21];
    all[..16].copy_from_slice(&EGA_PALETTE);
    all[16..].copy_from_slice(&tail);
    all
}

fn mode_3() -> ModeSet {
    ModeSet {
        misc: 0x67,
        seq: [3, 0, 3, 0, 2],
        crtc: [
            0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0, 0x4F, 0x0D, 0x0E, 0, 0, 0, 0, 0x9C, 0x8E,
            0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF,
        ],
        gfx: [0, 0, 0, 0, 0, 0x10, 0x0E, 0, 0xFF],
        attr: attr([0x0C, 0, 0x0F, 8, 0]),
    }
}

fn mode_13h() -> ModeSet {
    ModeSet {
        misc: 0x63,
        seq: [3, 1, 0x0F, 0, 0x0E],
        crtc: [
            0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0, 0x41, 0, 0, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F,
            0x28, 0x40, 0x96, 0xB9, 0xA3, 0xFF,
        ],
        gfx: [0, 0, 0, 0, 0, 0x40, 5, 0x0F, 0xFF],
        attr: attr([0x41, 0, 0x0F, 0, 0]),
    }
}

fn mode_12h() -> ModeSet {
    ModeSet {
        misc: 0xE3,
        seq: [3, 1, 0x0F, 0, 6],
        crtc: [
            0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0, 0x40, 0, 0, 0, 0, 0, 0, 0xEA, 0x8C, 0xDF,
            0x28, 0, 0xE7, 4, 0xE3, 0xFF,
        ],
        gfx: [0, 0, 0, 0, 0, 0, 5, 0x0F, 0xFF],
        attr: attr([1, 0, 0x0F, 0, 0]),
    }
}

fn mode_4() -> ModeSet {
    ModeSet {
        misc: 0x63,
        seq: [3, 9, 3, 0, 2],
        crtc: [
            0x2D, 0x27, 0x28, 0x90, 0x2B, 0x80, 0xBF, 0x1F, 0, 0xC1, 0, 0, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F,
            0x14, 0, 0x96, 0xB9, 0xA2, 0xFF,
        ],
        gfx: [0, 0, 0, 0, 0, 0x30, 0x0F, 0, 0xFF],
        attr: attr([1, 0, 3, 0, 0]),
    }
}

struct Bench {
    vga: Vga,
    fabric: Fabric,
}

impl Bench {
    fn unprogrammed() -> Self {
        let mut fabric = Fabric::new(0);
        let wiring = VgaWiring {
            irq: fabric.irqs.add_pin(Irq(9)),
            retrace: EventSlot::for_test(0),
            memory: fabric.ram.add_video(MEMORY),
        };
        Self { vga: Vga::new(wiring), fabric }
    }

    fn new(mode: &ModeSet) -> Self {
        let mut bench = Self::unprogrammed();
        bench.out(0x3C2, mode.misc);
        bench.out(0x3D4, 0x11);
        bench.out(0x3D5, 0);
        for (base, regs) in [(0x3C4, &mode.seq[..]), (0x3D4, &mode.crtc[..]), (0x3CE, &mode.gfx[..])] {
            for (index, value) in regs.iter().enumerate() {
                bench.out(base, index as u8);
                bench.out(base + 1, *value);
            }
        }
        bench.read(0x3DA);
        for (index, value) in mode.attr.iter().enumerate() {
            bench.out(0x3C0, index as u8);
            bench.out(0x3C0, *value);
        }
        bench.out(0x3C0, 0x20);
        bench.out(0x3C8, 0);
        for colour in 0..=255u8 {
            [colour & 0x3F, colour >> 2, 0].into_iter().for_each(|part| bench.out(0x3C9, part));
        }
        bench
    }

    fn access(port: u16) -> PortAccess {
        let region = PORTS.iter().position(|range| range.contains(&port)).unwrap();
        PortAccess { region: region as u8, offset: port - PORTS[region].start(), width: Width::Byte }
    }

    fn out(&mut self, port: u16, value: u8) {
        self.vga.pio_write(&mut self.fabric, Self::access(port), value.into());
    }

    fn set(&mut self, port: u16, index: u8, value: u8) {
        self.out(port, index);
        self.out(port + 1, value);
    }

    fn read(&mut self, port: u16) -> u8 {
        self.vga.pio_read(&mut self.fabric, Self::access(port)) as u8
    }

    fn poke(&mut self, address: u64, value: u8) {
        let access = MmioAccess { region: 0, offset: address - WINDOW.start(), width: Width::Byte };
        self.vga.mmio_write(&mut self.fabric, access, value.into());
    }

    fn peek(&mut self, address: u64) -> u8 {
        let access = MmioAccess { region: 0, offset: address - WINDOW.start(), width: Width::Byte };
        self.vga.mmio_read(&mut self.fabric, access) as u8
    }

    fn frame(&self) -> Frame {
        let mut frame = Frame::default();
        self.vga.render(&self.fabric.ram, self.fabric.now, &mut frame);
        frame
    }

    fn text(&self) -> Option<TextScreen> {
        self.vga.text(&self.fabric.ram)
    }

    fn rgb(&self, index: u8) -> u32 {
        self.vga.state.registers.dac.rgb(false)[usize::from(index)]
    }

    fn planes(&self, address: usize) -> [u8; 4] {
        self.vga.planes().fetch(&self.fabric.ram, address)
    }

    fn set_planes(&mut self, address: usize, bytes: [u8; 4]) {
        self.vga.planes().store(&mut self.fabric.ram, address, bytes);
    }

    fn out_word(&mut self, port: u16, value: u16) {
        let access = PortAccess { width: Width::Word, ..Self::access(port) };
        self.vga.pio_write(&mut self.fabric, access, value.into());
    }

    fn vbe(&mut self, index: u16, value: u16) {
        self.out_word(0x1CE, index);
        self.out_word(0x1CF, value);
    }

    /// The mode of the Bochs extension, with the screen on.
    fn vbe_mode(width: u16, height: u16, depth: u16) -> Self {
        let mut bench = Self::new(&mode_13h());
        for (index, value) in [(1, width), (2, height), (3, depth), (4, 0x41)] {
            bench.vbe(index, value);
        }
        bench
    }

    fn store(&mut self, at: usize, bytes: &[u8]) {
        let memory = self.vga.wiring.memory;
        self.fabric.ram.write_at(RamOffset(memory.0 + at as u64), bytes);
    }

    /// Goes to the beginning of a line of the picture after the next.
    fn go_to_line(&mut self, line: u64) {
        let timing = self.vga.state.registers.timing();
        let frame = timing.at(self.fabric.now).frame;
        self.fabric.now = timing.start_of(frame + 2, line);
    }

    /// Lets time pass to the beginning of a line.
    fn wait_for_line(&mut self, line: u64) {
        let timing = self.vga.state.registers.timing();
        let beam = timing.at(self.fabric.now);
        let frame = if beam.line < line { beam.frame } else { beam.frame + 1 };
        self.fabric.now = timing.start_of(frame, line);
    }
}

#[test]
fn text_is_read_from_the_start_address_on() {
    let mut bench = Bench::new(&mode_3());
    for (n, byte) in b"H\x07i\x1F".iter().enumerate() {
        bench.poke(0xB_8000 + 160 + n as u64, *byte);
    }
    bench.set(0x3D4, 0x0D, 80);
    let text = bench.text().unwrap();
    assert_eq!((text.columns, text.rows, text.line(0).as_str()), (80, 25, "Hi"));
    assert_eq!(text.cells[1].attribute, 0x1F);
}

#[test]
fn the_cursor_has_column_and_row() {
    let mut bench = Bench::new(&mode_3());
    bench.set(0x3D4, 0x0F, 165);
    assert_eq!(bench.text().unwrap().cursor, Some((5, 2)));
    bench.set(0x3D4, 0x0A, 0x20);
    assert_eq!(bench.text().unwrap().cursor, None);
}

#[test]
fn eight_line_characters_make_fifty_rows() {
    let mut bench = Bench::new(&mode_3());
    bench.set(0x3D4, 0x09, 0x47);
    assert_eq!(bench.text().unwrap().rows, 50);
}

#[test]
fn a_character_is_drawn_with_its_font_and_colours() {
    let mut bench = Bench::new(&mode_3());
    bench.set_planes(0x41 * 32 + 3, [0, 0, 0b1000_0001, 0]);
    bench.poke(0xB_8000, 0x41);
    bench.poke(0xB_8001, 0x1E);
    let frame = bench.frame();
    assert_eq!((frame.width, frame.height), (720, 400));
    let row: Vec<u32> = frame.pixels[3 * 720..3 * 720 + 9].to_vec();
    let (fore, back) = (bench.rgb(0x3E), bench.rgb(0x01));
    assert_eq!(row, [fore, back, back, back, back, back, back, fore, back]);
}

#[test]
fn the_ninth_dot_of_a_line_character_repeats_the_eighth() {
    let mut bench = Bench::new(&mode_3());
    bench.set_planes(0xC4 * 32, [0, 0, 0xFF, 0]);
    bench.poke(0xB_8000, 0xC4);
    bench.poke(0xB_8001, 0x07);
    assert_eq!(bench.frame().pixels[8], bench.rgb(7));
}

#[test]
fn mode_13h_is_one_byte_per_pixel() {
    let mut bench = Bench::new(&mode_13h());
    bench.poke(0xA_0000 + 320 * 199 + 319, 77);
    let frame = bench.frame();
    assert_eq!((frame.width, frame.height), (320, 200));
    assert_eq!(frame.pixels[320 * 199 + 319], bench.rgb(77));
}

#[test]
fn unchained_256_colours_reach_all_planes() {
    let mut bench = Bench::new(&mode_13h());
    bench.set(0x3C4, 4, 6);
    bench.set(0x3D4, 0x14, 0);
    bench.set(0x3D4, 0x17, 0xE3);
    bench.set(0x3C4, 2, 0b0010);
    bench.poke(0xA_0000 + 80, 9);
    assert_eq!(bench.frame().pixels[320 + 1], bench.rgb(9));
}

#[test]
fn mode_12h_takes_one_bit_from_each_plane() {
    let mut bench = Bench::new(&mode_12h());
    bench.set(0x3C4, 2, 0b0101);
    bench.poke(0xA_0000 + 80 * 479, 0x40);
    let frame = bench.frame();
    assert_eq!((frame.width, frame.height), (640, 480));
    assert_eq!(frame.pixels[640 * 479 + 1], bench.rgb(5));
}

#[test]
fn mode_4_interleaves_odd_lines_at_2000h() {
    let mut bench = Bench::new(&mode_4());
    bench.poke(0xB_8000 + 0x2000, 0b1100_0000);
    bench.poke(0xB_8001, 0b0000_0010);
    let frame = bench.frame();
    assert_eq!((frame.width, frame.height), (320, 200));
    assert_eq!((frame.pixels[320], frame.pixels[7]), (bench.rgb(3), bench.rgb(2)));
}

#[test]
fn write_mode_2_spreads_a_colour_under_the_bit_mask() {
    let mut bench = Bench::new(&mode_12h());
    bench.set(0x3CE, 5, 2);
    bench.set(0x3CE, 8, 0x80);
    bench.peek(0xA_0000);
    bench.poke(0xA_0000, 0x0A);
    assert_eq!(bench.planes(0), [0, 0x80, 0, 0x80]);
}

#[test]
fn write_mode_1_copies_the_latches() {
    let mut bench = Bench::new(&mode_12h());
    bench.set_planes(0, [1, 2, 3, 4]);
    bench.set(0x3CE, 5, 1);
    bench.peek(0xA_0000);
    bench.poke(0xA_0001, 0xFF);
    assert_eq!(bench.planes(1), [1, 2, 3, 4]);
}

#[test]
fn write_mode_3_masks_set_reset_with_the_data() {
    let mut bench = Bench::new(&mode_12h());
    bench.set(0x3CE, 5, 3);
    bench.set(0x3CE, 0, 0x01);
    bench.peek(0xA_0000);
    bench.poke(0xA_0000, 0x0F);
    assert_eq!(bench.planes(0), [0x0F, 0, 0, 0]);
}

#[test]
fn set_reset_and_xor_in_write_mode_0() {
    let mut bench = Bench::new(&mode_12h());
    bench.set_planes(0, [0xFF, 0xFF, 0, 0]);
    bench.set(0x3CE, 0, 0x01);
    bench.set(0x3CE, 1, 0x01);
    bench.set(0x3CE, 3, 0x18);
    bench.peek(0xA_0000);
    bench.poke(0xA_0000, 0x0F);
    assert_eq!(bench.planes(0), [0x00, 0xF0, 0x0F, 0x0F]);
}

#[test]
fn read_mode_1_compares_colours() {
    let mut bench = Bench::new(&mode_12h());
    bench.set_planes(0, [0xF0, 0, 0xF0, 0]);
    bench.set(0x3CE, 5, 8);
    bench.set(0x3CE, 2, 0x05);
    assert_eq!(bench.peek(0xA_0000), 0xF0);
}

#[test]
fn the_window_is_where_gr6_says() {
    let mut bench = Bench::new(&mode_3());
    bench.poke(0xB_8000, 0x55);
    assert_eq!((bench.peek(0xB_8000), bench.peek(0xB_0000), bench.peek(0xA_0000)), (0x55, 0xFF, 0xFF));
}

#[test]
fn monochrome_ports_answer_when_misc_says_so() {
    let mut bench = Bench::new(&mode_3());
    bench.out(0x3C2, 0x66);
    bench.out(0x3B4, 0x0E);
    bench.out(0x3B5, 0x12);
    assert_eq!((bench.read(0x3B5), bench.read(0x3D5)), (0x12, 0xFF));
}

#[test]
fn cr11_protects_the_timing_but_not_line_compare() {
    let mut bench = Bench::new(&mode_3());
    bench.set(0x3D4, 0x11, 0x8E);
    bench.set(0x3D4, 0, 0);
    assert_eq!(bench.read(0x3D5), 0x5F);
    bench.set(0x3D4, 7, 0x00);
    assert_eq!(bench.read(0x3D5), 0x0F);
}

#[test]
fn the_attribute_flip_flop_restarts_with_a_status_read() {
    let mut bench = Bench::new(&mode_3());
    bench.out(0x3C0, 0x33);
    bench.read(0x3DA);
    bench.out(0x3C0, 0x31);
    assert_eq!(bench.read(0x3C0), 0x31);
}

#[test]
fn the_dac_counts_up_and_tells_its_state() {
    let mut bench = Bench::new(&mode_3());
    bench.out(0x3C8, 10);
    [1, 2, 3].into_iter().for_each(|part| bench.out(0x3C9, part));
    assert_eq!((bench.read(0x3C8), bench.read(0x3C7)), (11, 0));
    bench.out(0x3C7, 10);
    assert_eq!([bench.read(0x3C9), bench.read(0x3C9), bench.read(0x3C9)], [1, 2, 3]);
    assert_eq!(bench.read(0x3C7), 3);
}

#[test]
fn retrace_comes_seventy_times_a_second() {
    let mut bench = Bench::new(&mode_3());
    let (mut retraces, mut before) = (0, 0);
    for us in 0..100_000 {
        bench.fabric.now = VTime(us * 10_000);
        let now = bench.read(0x3DA) & 8;
        retraces += u32::from(before == 0 && now != 0);
        before = now;
    }
    assert!((69..=71).contains(&retraces), "{retraces}");
}

#[test]
fn line_compare_shows_address_0_below() {
    let mut bench = Bench::new(&mode_3());
    bench.poke(0xB_8000, b'S');
    bench.set(0x3D4, 0x0C, 0x08);
    bench.set(0x3D4, 0x18, 15);
    bench.set(0x3D4, 0x07, 0x0F);
    bench.set(0x3D4, 0x09, 0x0F);
    assert_eq!(bench.text().unwrap().line(1), "S");
}

#[test]
fn a_snapshot_round_trips() {
    let mut bench = Bench::new(&mode_3());
    bench.set(0x3D4, 0x0F, 9);
    let mut other = Bench::unprogrammed();
    other.vga.load(&bench.vga.save().unwrap()).unwrap();
    assert_eq!(other.vga.state, bench.vga.state);
}

#[test]
fn a_snapshot_of_registers_that_cannot_be_is_refused() {
    let mut bench = Bench::new(&mode_3());
    let mut bad = bench.vga.state.clone();
    bad.registers.sequencer.index = 8;
    assert!(bench.vga.load(&Section::encode("vga", 2, &bad).unwrap()).is_err());
}
