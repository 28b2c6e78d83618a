use super::*;
use crate::testing::FakeMachine;

fn machine() -> FakeMachine {
    let mut machine = FakeMachine::with_bda();
    machine.fixed.extend([(0x71, 0x40), (0x21, 0xB8), (0x3F7, 0)]);
    machine.memory[0x78..0x7C].copy_from_slice(&[0, 0, 0x00, 0x60]);
    machine.memory[0x6_0000..0x6_000B]
        .copy_from_slice(&[0xAF, 2, 0x25, 2, 18, 0x1B, 0xFF, 0x6C, 0xF6, 15, 8]);
    // The master status: ready for a command byte, then for results.
    machine.regs.eax = 0x0201;
    machine.regs.ebx = 0x7C00;
    machine.regs.ecx = 0x0001;
    machine
}

fn raise(machine: &mut FakeMachine, status: &[u8], fifo: &[u8]) {
    machine.memory[0x43E] |= 0x80;
    machine.queued.insert(0x3F4, status.iter().copied().collect());
    machine.queued.insert(0x3F5, fifo.iter().copied().collect());
    run(&mut machine.guest()).unwrap();
}

#[test]
fn a_read_recalibrates_transfers_and_establishes_the_medium() {
    let mut m = machine();
    m.fixed.insert(0x3F4, 0x80);
    int13(&mut m.guest()).unwrap();
    assert_eq!(m.wrote(0x3F5), [0x07, 0]);
    assert_eq!(m.regs.eip, u32::from(label::INT13_BUSY));
    raise(&mut m, &[0x80, 0xC0, 0xC0], &[0x20, 0]);
    assert_eq!(m.wrote(0x3F5)[3..], [0xE6, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF]);
    assert_eq!(m.wrote(0x04), [0x00, 0x7C]);
    raise(&mut m, &[0xC0; 7], &[0, 0, 0, 0, 0, 2, 2]);
    assert_eq!((m.regs.eax, m.caller_flags() & 1), (0x0001, 0));
    assert_eq!(m.memory[0x490], 0x17);
}

#[test]
fn the_next_data_rate_is_tried_on_an_unknown_medium() {
    let mut m = machine();
    m.fixed.insert(0x3F4, 0x80);
    int13(&mut m.guest()).unwrap();
    raise(&mut m, &[0x80, 0xC0, 0xC0], &[0x20, 0]);
    raise(&mut m, &[0xC0; 7], &[0x40, 0x01, 0, 0, 0, 1, 2]);
    assert_eq!(m.wrote(0x3F7), [0, 2]);
    raise(&mut m, &[0xC0; 7], &[0x40, 0x01, 0, 0, 0, 1, 2]);
    assert_eq!((m.regs.eax >> 8, m.caller_flags() & 1), (2, 1));
}

#[test]
fn a_buffer_across_64_kib_is_refused() {
    let mut m = machine();
    m.regs.ebx = 0xFF00;
    int13(&mut m.guest()).unwrap();
    assert_eq!((m.regs.eax >> 8, m.memory[0x441]), (9, 9));
}

#[test]
fn a_changed_diskette_is_reported_once() {
    let mut m = machine();
    m.fixed.insert(0x3F4, 0x80);
    m.queued.insert(0x3F7, [0x80, 0x00].into());
    int13(&mut m.guest()).unwrap();
    raise(&mut m, &[0x80, 0xC0, 0xC0], &[0x20, 1]);
    raise(&mut m, &[0x80, 0xC0, 0xC0], &[0x20, 0]);
    assert_eq!((m.regs.eax >> 8, m.caller_flags() & 1), (6, 1));
}

#[test]
fn a_silent_controller_times_out() {
    let mut m = machine();
    m.fixed.insert(0x3F4, 0x80);
    int13(&mut m.guest()).unwrap();
    m.now.0 = 3_000_000_000;
    run(&mut m.guest()).unwrap();
    assert_eq!(m.regs.eax, 0x8000);
}

#[test]
fn parameters_name_the_drive() {
    let mut m = machine();
    m.memory[0x410] = 1;
    m.regs.eax = 0x0800;
    int13(&mut m.guest()).unwrap();
    assert_eq!((m.regs.ecx as u16, m.regs.edx as u16, m.regs.ebx as u8), (0x4F12, 0x0101, 4));
}
