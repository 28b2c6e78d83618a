use super::*;
use crate::testing::FakeMachine;

fn press(machine: &mut FakeMachine, bytes: &[u8]) {
    for byte in bytes {
        machine.regs.eax = u32::from(*byte);
        int09(&mut machine.guest()).unwrap();
    }
}

fn read_key(machine: &mut FakeMachine, function: u8) -> u16 {
    machine.regs.eax = u32::from(function) << 8;
    int16(&mut machine.guest(), true).unwrap();
    machine.regs.eax as u16
}

#[test]
fn shift_makes_a_capital() {
    let mut machine = FakeMachine::with_bda();
    press(&mut machine, &[0x2A, 0x1E, 0x9E, 0xAA, 0x1E]);
    assert_eq!(read_key(&mut machine, 0), 0x1E41);
    assert_eq!(read_key(&mut machine, 0), 0x1E61);
}

#[test]
fn reading_an_empty_buffer_waits_in_rom() {
    let mut machine = FakeMachine::with_bda();
    read_key(&mut machine, 0);
    assert_eq!(machine.regs.eip, u32::from(label::INT16_BUSY));
}

#[test]
fn peek_reports_by_zf() {
    let mut machine = FakeMachine::with_bda();
    read_key(&mut machine, 1);
    assert_eq!(machine.caller_flags() & 0x40, 0x40);
    press(&mut machine, &[0x02]);
    assert_eq!(read_key(&mut machine, 1), 0x0231);
    assert_eq!(machine.caller_flags() & 0x40, 0);
}

#[test]
fn alt_and_keypad_digits_make_a_character() {
    let mut machine = FakeMachine::with_bda();
    press(&mut machine, &[0x38, 0x4D, 0xCD, 0x4C, 0xCC, 0xB8]);
    assert_eq!(read_key(&mut machine, 0), 65);
}

#[test]
fn caps_lock_lights_its_led() {
    let mut machine = FakeMachine::with_bda();
    press(&mut machine, &[0x3A, 0xFA]);
    assert_eq!(machine.wrote(0x60), [0xED, 0x04]);
    press(&mut machine, &[0x3A, 0xBA, 0x1E]);
    assert_eq!(read_key(&mut machine, 0), 0x1E41);
}

#[test]
fn grey_arrow_reads_differently_by_call() {
    let mut machine = FakeMachine::with_bda();
    press(&mut machine, &[0xE0, 0x48, 0xE0, 0xC8, 0xE0, 0x48]);
    assert_eq!(read_key(&mut machine, 0), 0x4800);
    assert_eq!(read_key(&mut machine, 0x10), 0x48E0);
}

#[test]
fn pause_key_stops_in_rom_and_leaves_no_num_lock() {
    let mut machine = FakeMachine::with_bda();
    press(&mut machine, &[0xE1, 0x1D, 0x45]);
    assert_eq!(machine.regs.eip, u32::from(label::KEY_PAUSE));
    press(&mut machine, &[0xE1, 0x9D, 0xC5]);
    assert_eq!(machine.memory[0x417], 0);
}

#[test]
fn ctrl_break_empties_the_buffer() {
    let mut machine = FakeMachine::with_bda();
    press(&mut machine, &[0x1E, 0x1D, 0xE0, 0x46]);
    assert_eq!(machine.regs.eip, u32::from(label::KEY_BREAK));
    assert_eq!(machine.memory[0x471], 0x80);
    assert_eq!(read_key(&mut machine, 0), 0);
}

#[test]
fn ctrl_alt_del_resets_warm() {
    let mut machine = FakeMachine::with_bda();
    press(&mut machine, &[0x1D, 0x38, 0x53]);
    assert_eq!(machine.memory[0x472..0x474], [0x34, 0x12]);
    assert_eq!(machine.wrote(0x64), [0xFE]);
}
