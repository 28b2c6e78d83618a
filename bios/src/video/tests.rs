use super::*;
use crate::testing::FakeMachine;

fn machine() -> FakeMachine {
    let mut machine = FakeMachine::with_bda();
    machine.memory[0xC_0000..0xC_8000].copy_from_slice(ringzero_roms::VIDEO_ROM);
    init(&mut machine.guest()).unwrap();
    machine
}

fn call(m: &mut FakeMachine, ax: u16, bx: u16, cx: u16, dx: u16) {
    m.regs.eax = u32::from(ax);
    m.regs.ebx = u32::from(bx);
    m.regs.ecx = u32::from(cx);
    m.regs.edx = u32::from(dx);
    int10(&mut m.guest(), WaitLabels::INT10).unwrap();
}

fn typed(m: &mut FakeMachine, text: &str) {
    for byte in text.bytes() {
        call(m, 0x0E00 | u16::from(byte), 7, 0, 0);
    }
}

#[test]
fn mode_3_leaves_80_by_25_and_a_blank_screen() {
    let m = machine();
    assert_eq!((m.memory[0x449], m.memory[0x44A], m.memory[0x484], m.memory[0x485]), (3, 80, 24, 16));
    assert_eq!(m.memory[0xB_8000..0xB_8004], [0x20, 7, 0x20, 7]);
    assert_eq!(m.wrote(0x3C2), [0x67]);
}

#[test]
fn teletype_writes_wraps_and_scrolls() {
    let mut m = machine();
    typed(&mut m, "A\r\nB");
    assert_eq!((m.memory[0xB_8000], m.memory[0xB_80A0]), (b'A', b'B'));
    call(&mut m, 0x0200, 0, 0, 0x184F);
    typed(&mut m, "Z");
    assert_eq!(m.memory[0xB_8000], b'B');
    assert_eq!(m.memory[0xB_8000 + (23 * 80 + 79) * 2], b'Z');
    assert_eq!(m.memory[0x450..0x452], [0, 24]);
}

#[test]
fn write_and_read_character_with_attribute() {
    let mut m = machine();
    call(&mut m, 0x0200, 0, 0, 0x0102);
    call(&mut m, 0x0941, 0x001E, 3, 0);
    call(&mut m, 0x0800, 0, 0, 0);
    assert_eq!(m.regs.eax as u16, 0x1E41);
    assert_eq!([84, 85].map(|cell| m.memory[0xB_8000 + cell * 2]), [b'A', b' ']);
}

#[test]
fn a_bell_rings_and_waits() {
    let mut m = machine();
    m.fixed.insert(0x61, 0);
    m.fixed.insert(0x21, 0xB8);
    call(&mut m, 0x0E07, 0, 0, 0);
    assert_eq!(m.wrote(0x61), [3]);
    assert_eq!(m.regs.eip, u32::from(video::INT10_HLT));
    m.now.0 = 1_000_000_000;
    int10_again(&mut m.guest(), WaitLabels::INT10).unwrap();
    assert_eq!(m.wrote(0x61), [3, 0]);
}

#[test]
fn dots_of_mode_13_are_bytes_and_of_mode_4_pairs_of_bits() {
    let mut m = machine();
    call(&mut m, 0x0013, 0, 0, 0);
    call(&mut m, 0x0C2A, 0, 5, 1);
    assert_eq!(m.memory[0xA_0000 + 325], 0x2A);
    call(&mut m, 0x0004, 0, 0, 0);
    call(&mut m, 0x0C03, 0, 1, 1);
    assert_eq!(m.memory[0xB_A000], 0x30);
    call(&mut m, 0x0D00, 0, 1, 1);
    assert_eq!(m.regs.eax as u8, 3);
}

#[test]
fn characters_drawn_in_mode_13_are_read_back() {
    let mut m = machine();
    call(&mut m, 0x0013, 0, 0, 0);
    call(&mut m, 0x0952, 0x000F, 1, 0);
    call(&mut m, 0x0800, 0, 0, 0);
    assert_eq!(m.regs.eax as u8, b'R');
}

#[test]
fn scan_lines_choose_the_text_mode() {
    let mut m = machine();
    call(&mut m, 0x1201, 0x0030, 0, 0);
    assert_eq!(m.regs.eax as u8, 0x12);
    call(&mut m, 0x0003, 0, 0, 0);
    assert_eq!(m.memory[0x485], 14);
}

#[test]
fn a_scrolled_window_leaves_the_rest_alone() {
    let mut m = machine();
    typed(&mut m, "abc\r\ndef\r\nghi");
    call(&mut m, 0x0601, 0x1700, 0x0001, 0x0201);
    let column = |m: &FakeMachine, x: usize| [0, 160, 320].map(|row| m.memory[0xB_8000 + row + x * 2]);
    assert_eq!((column(&m, 0), column(&m, 1)), (*b"adg", *b"eh "));
    assert_eq!(m.memory[0xB_8000 + 323], 0x17);
}

#[test]
fn the_save_area_has_the_size_it_says() {
    let mut m = machine();
    call(&mut m, 0x1C00, 0, 7, 0);
    let blocks = m.regs.ebx as usize & 0xFFFF;
    assert!(blocks * 64 >= 63 + 53 + 770 && blocks < 20);
}
