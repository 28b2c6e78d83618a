use super::*;
use crate::testing::FakeMachine;

#[test]
fn a_machine_without_fixed_disks_has_no_drive_80() {
    let mut machine = FakeMachine::with_bda();
    machine.regs.eax = 0x4100;
    machine.regs.edx = 0x80;
    int13(&mut machine.guest()).unwrap();
    assert_eq!((machine.regs.eax >> 8, machine.caller_flags() & 1), (1, 1));
    machine.regs.eax = 0x1500;
    int13(&mut machine.guest()).unwrap();
    assert_eq!((machine.regs.eax >> 8, machine.caller_flags() & 1), (0, 0));
}
