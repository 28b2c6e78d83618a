use super::*;
use crate::testing::FakeMachine;

fn dword(config: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([0, 1, 2, 3].map(|n| config[at + n]))
}

#[test]
fn a_machine_without_a_host_bridge_has_no_pci() {
    assert!(!is_present(&mut FakeMachine::with_bda().guest()));
    assert!(is_present(&mut FakeMachine::with_pci().guest()));
}

#[test]
fn functions_are_looked_for_where_the_header_says_so() {
    let found: Vec<_> = functions(&mut FakeMachine::with_pci().guest()).iter().map(|f| f.number()).collect();
    assert_eq!(found, [0x00, 0x08, 0x09, 0x0B, 0x10]);
}

#[test]
fn base_registers_lie_in_their_windows_aligned_to_their_size() {
    let mut machine = FakeMachine::with_pci();
    setup::start(&mut machine.guest());
    assert_eq!(dword(machine.config(0x09), 0x20), 0xC001);
    let rom = dword(machine.config(0x10), 0x30);
    assert_eq!((rom & 0x7FFF, setup::MEMORY_WINDOW.contains(&rom)), (0, true));
}

#[test]
fn command_registers_enable_decoding_and_the_ide_a_bus_master() {
    let mut machine = FakeMachine::with_pci();
    setup::start(&mut machine.guest());
    assert_eq!((machine.config(0x09)[4], machine.config(0x10)[4]), (0x07, 0x03));
    assert_eq!((machine.config(0x09)[0x41], machine.config(0x09)[0x43]), (0x80, 0x80));
}

#[test]
fn power_management_gets_its_ports_and_the_system_control_interrupt() {
    let mut machine = FakeMachine::with_pci();
    setup::start(&mut machine.guest());
    let config = machine.config(0x0B);
    assert_eq!((dword(config, 0x40), config[0x80], config[0x3C]), (0x601, 1, 9));
    assert_eq!((dword(config, 0x90), config[0xD2]), (0x701, 9));
}

#[test]
fn pirqs_are_led_to_level_triggered_wires() {
    let mut machine = FakeMachine::with_pci();
    machine.fixed.insert(0x4D1, 0);
    setup::start(&mut machine.guest());
    assert_eq!(machine.config(0x08)[0x60..0x64], PIRQ_WIRES);
    let levels = machine.wrote(0x4D1).into_iter().fold(0, |all, bits| all | bits);
    assert_eq!(u16::from(levels) << 8, EXCLUSIVE | 1 << 9);
}
