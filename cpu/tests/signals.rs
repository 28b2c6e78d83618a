//! What reaches a processor past INTR: NMI and INIT.

use crate::bench::Bench;
use ringzero_cpu::{Activity, Exit, Model, flags, number};

fn nmi(bench: &mut Bench) {
    bench.bus.fabric_mut().wires.cpu.nmi = true;
    bench.touch();
}

#[test]
fn an_nmi_needs_no_interrupt_flag() {
    let mut bench = Bench::new(Model::PENTIUM, &[0x90; 8]);
    bench.run(2);
    nmi(&mut bench);
    bench.run(1);
    assert_eq!((bench.in_handler(), bench.return_ip(), bench.count()), (Some(2), 2, 3));
}

#[test]
fn an_nmi_waits_for_the_iret_of_the_one_before() {
    let mut bench = Bench::new(Model::PENTIUM, &[0x90; 8]);
    bench.write(0x602, &[0x90, 0xCF]);
    nmi(&mut bench);
    bench.run(1);
    nmi(&mut bench);
    bench.run(1);
    assert_eq!(bench.ip(), 3);
    bench.run(1);
    assert_eq!(bench.ip(), 0);
    bench.run(1);
    assert_eq!(bench.in_handler(), Some(2));
}

#[test]
fn an_nmi_comes_before_an_interrupt() {
    let mut bench = Bench::new(Model::PENTIUM, &[0x90; 8]);
    bench.interrupt(true);
    nmi(&mut bench);
    bench.run(1);
    assert_eq!(bench.in_handler(), Some(2));
}

#[test]
fn an_nmi_ends_hlt() {
    let mut bench = Bench::new(Model::PENTIUM, &[0xF4, 0x90]);
    assert_eq!(bench.run(10), Exit::Halted);
    nmi(&mut bench);
    bench.run(1);
    assert_eq!((bench.in_handler(), bench.return_ip()), (Some(2), 1));
    assert_eq!(bench.cpu.state().activity, Activity::Running);
}

#[test]
fn an_nmi_waits_until_system_management_mode_is_left() {
    let mut bench = Bench::new(Model::PENTIUM, &[0x90; 8]);
    bench.write(0x3_8000, &[0x90, 0x0F, 0xAA]);
    bench.bus.fabric_mut().wires.cpu.smi = true;
    nmi(&mut bench);
    bench.run(2);
    assert!(bench.cpu.state().in_smm);
    bench.run(1);
    assert!(!bench.cpu.state().in_smm);
    bench.run(1);
    assert_eq!((bench.in_handler(), bench.return_ip()), (Some(2), 0));
}

#[test]
fn init_keeps_the_x87_and_model_specific_registers() {
    let mut bench = Bench::new(Model::PENTIUM3, &[0x90; 8]);
    bench.cpu.update_state(|state| {
        state.msrs.pat = 0;
        state.mxcsr = 0x1FBF;
        state.regs.set_number(number::BX, 7);
    });
    bench.set_flags(flags::bit::IF);
    bench.bus.fabric_mut().wires.cpu.init = true;
    bench.touch();
    bench.run(1);
    let state = bench.cpu.state();
    assert_eq!((state.ip, state.regs.number(number::BX)), (0xFFF0, 0));
    assert_eq!((state.msrs.pat, state.mxcsr), (0, 0x1FBF));
    assert!(!state.flags.control(flags::bit::IF));
}
