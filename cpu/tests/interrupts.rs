//! Interrupts, their shadows, single steps, and what happens when delivery fails.

use crate::bench::Bench;
use ringzero_bus::PhysAddr;
use ringzero_cpu::{Activity, Exit, Model, Shadow, flags, number};

const TF: u32 = flags::bit::TF;
const IF: u32 = flags::bit::IF;

#[test]
fn an_interrupt_comes_before_the_next_instruction() {
    let mut bench = Bench::new(Model::I80386, &[0x90; 8]);
    bench.run(2);
    bench.interrupt(true);
    bench.run(1);
    assert_eq!((bench.in_handler(), bench.return_ip(), bench.count()), (Some(0x21), 2, 3));
    assert!(!bench.cpu.state().flags.control(IF));
}

#[test]
fn sti_holds_interrupts_back_for_one_instruction() {
    let mut bench = Bench::new(Model::I80386, &[0xFB, 0x90, 0x90, 0x90]);
    bench.interrupt(false);
    assert_eq!(bench.run_to_handler(5), Some(0x21));
    assert_eq!(bench.return_ip(), 2);
}

#[test]
fn sti_with_interrupts_on_holds_nothing_back() {
    let mut bench = Bench::new(Model::I80386, &[0xFB, 0x90, 0x90, 0x90]);
    bench.set_flags(IF);
    bench.run(1);
    bench.interrupt(true);
    assert_eq!(bench.run_to_handler(5), Some(0x21));
    assert_eq!(bench.return_ip(), 1);
}

#[test]
fn loads_of_ss_hold_interrupts_back_for_one_instruction() {
    // MOV SS, AX; NOP and POP SS; NOP
    for (code, len) in [(&[0x8E, 0xD0, 0x90, 0x90][..], 2), (&[0x17, 0x90, 0x90, 0x90][..], 1)] {
        let mut bench = Bench::new(Model::I80386, code);
        bench.set_reg(number::AX, 0xA00);
        bench.write(0xB000, &[0x00, 0x0A]);
        bench.run(1);
        bench.interrupt(true);
        bench.run(1);
        assert_eq!(bench.in_handler(), None);
        bench.run(1);
        assert_eq!((bench.in_handler(), bench.return_ip()), (Some(0x21), len + 1));
    }
}

#[test]
fn tf_traps_after_each_instruction() {
    let mut bench = Bench::new(Model::I80386, &[0x90, 0x90, 0x90]);
    bench.set_flags(TF);
    for ip in 1..=3 {
        assert_eq!(bench.run_to_handler(3), Some(1));
        assert_eq!(bench.return_ip(), ip);
        assert!(!bench.cpu.state().flags.control(TF));
        bench.run(1);
    }
}

#[test]
fn a_load_of_ss_holds_the_single_step_back() {
    let mut bench = Bench::new(Model::I80386, &[0x8E, 0xD0, 0x90, 0x90]);
    bench.set_reg(number::AX, 0xA00);
    bench.set_flags(TF);
    assert_eq!(bench.run_to_handler(5), Some(1));
    assert_eq!(bench.return_ip(), 3);
}

#[test]
fn a_shadow_ends_after_one_instruction_under_tf_too() {
    // MOV SS, AX; NOP; NOP: the traps behind both NOPs come.
    let mut bench = Bench::new(Model::I80386, &[0x8E, 0xD0, 0x90, 0x90]);
    bench.set_reg(number::AX, 0xA00);
    bench.set_flags(TF);
    for ip in [3, 4] {
        assert_eq!(bench.run_to_handler(5), Some(1));
        assert_eq!(bench.return_ip(), ip);
        bench.run(1);
    }
    assert_eq!(bench.cpu.state().interrupt_shadow, Shadow::None);
}

#[test]
fn tf_traps_after_every_iteration_of_a_repeat() {
    let mut bench = Bench::new(Model::I80386, &[0xF3, 0xAA, 0x90]);
    bench.set_reg(number::CX, 3);
    bench.set_flags(TF);
    for (left, ip) in [(2, 0), (1, 0), (0, 2)] {
        assert_eq!(bench.run_to_handler(3), Some(1));
        assert_eq!((bench.reg(number::CX), bench.return_ip()), (left, ip));
        bench.run(1);
    }
}

#[test]
fn the_trap_of_a_popf_that_sets_tf_comes_after_the_next_instruction() {
    let mut bench = Bench::new(Model::I80386, &[0x9D, 0x90, 0x90]);
    bench.write(0xB000, &[0x02, 0x01]);
    assert_eq!(bench.run_to_handler(5), Some(1));
    assert_eq!(bench.return_ip(), 2);
}

#[test]
fn the_trap_of_a_popf_that_clears_tf_comes_after_it() {
    let mut bench = Bench::new(Model::I80386, &[0x9D, 0x90, 0x90]);
    bench.write(0xB000, &[0x02, 0x00]);
    bench.set_flags(TF);
    assert_eq!(bench.run_to_handler(5), Some(1));
    assert_eq!(bench.return_ip(), 1);
}

#[test]
fn no_trap_follows_the_entry_of_a_software_interrupt() {
    let mut bench = Bench::new(Model::I80386, &[0xCD, 0x80, 0x90]);
    bench.set_flags(TF);
    bench.run(1);
    assert_eq!(bench.in_handler(), Some(0x80));
    bench.run(1);
    assert_eq!(bench.ip(), 2);
    assert_eq!(bench.run_to_handler(3), Some(1));
    assert_eq!(bench.return_ip(), 3);
}

#[test]
fn an_interrupted_repeat_resumes() {
    for model in Model::ALL {
        let mut bench = Bench::new(model, &[0xF3, 0xA4, 0xF4]); // REP MOVSB; HLT
        bench.write(0x9000, b"abcdefgh");
        bench.set_reg(number::DI, 0x100);
        bench.set_reg(number::CX, 8);
        bench.run(3);
        bench.interrupt(true);
        bench.run(1);
        assert_eq!((bench.in_handler(), bench.return_ip()), (Some(0x21), 0), "{}", model.name);
        assert_eq!(bench.run(100), Exit::Halted);
        assert_eq!(bench.bus.fabric().ram.bytes(PhysAddr(0x9100)), *b"abcdefgh");
        assert_eq!(bench.count(), 3 + 1 + 1 + 5 + 1);
    }
}

#[test]
fn an_interrupt_ends_hlt() {
    let mut bench = Bench::new(Model::I80386, &[0xF4, 0x90]);
    bench.set_flags(IF);
    assert_eq!(bench.run(10), Exit::Halted);
    assert_eq!(bench.run(10), Exit::Halted);
    assert_eq!(bench.count(), 1);
    bench.interrupt(true);
    bench.run(1);
    assert_eq!((bench.in_handler(), bench.return_ip(), bench.count()), (Some(0x21), 1, 2));
}

#[test]
fn hlt_with_interrupts_off_ignores_them() {
    let mut bench = Bench::new(Model::I80386, &[0xF4, 0x90]);
    bench.run(1);
    bench.interrupt(false);
    assert_eq!(bench.run(10), Exit::Halted);
}

#[test]
fn an_interrupt_pending_at_sti_hlt_returns_behind_the_hlt() {
    let mut bench = Bench::new(Model::I80386, &[0xFB, 0xF4, 0x90]);
    bench.interrupt(false);
    assert_eq!(bench.run_to_handler(5), Some(0x21));
    assert_eq!(bench.return_ip(), 2);
    assert_eq!(bench.cpu.state().activity, Activity::Running);
}

#[test]
fn a_divide_error_returns_to_the_division_on_later_chips_and_behind_it_on_the_8086() {
    for (model, ip) in [(Model::I8086, 3), (Model::I80186, 3), (Model::I80286, 1), (Model::I80386, 1)] {
        let mut bench = Bench::new(model, &[0x90, 0xF6, 0xF3]); // DIV BL with BL = 0
        assert_eq!(bench.run_to_handler(5), Some(0), "{}", model.name);
        assert_eq!(bench.return_ip(), ip, "{}", model.name);
    }
}

/// INT 80h with an IDT of so many vectors.
fn with_vectors(model: Model, vectors: u16) -> Bench {
    let mut bench = Bench::new(model, &[0xCD, 0x80]);
    bench.cpu.update_state(|state| state.idtr.limit = (vectors * 4).saturating_sub(1));
    bench
}

#[test]
fn a_vector_outside_the_idt_is_a_general_protection_fault() {
    let mut bench = with_vectors(Model::I80386, 0x80);
    assert_eq!(bench.run_to_handler(5), Some(13));
    assert_eq!(bench.return_ip(), 0);
}

#[test]
fn a_general_protection_fault_outside_the_idt_is_a_double_fault() {
    for model in [Model::I80286, Model::I80386] {
        assert_eq!(with_vectors(model, 9).run_to_handler(5), Some(8), "{}", model.name);
    }
}

#[test]
fn an_empty_idt_shuts_the_processor_down() {
    for model in [Model::I80286, Model::I80386] {
        let mut bench = with_vectors(model, 0);
        assert_eq!(bench.run(10), Exit::Shutdown, "{}", model.name);
        assert_eq!(bench.run(10), Exit::Shutdown, "{}", model.name);
        bench.cpu.reset();
        assert_eq!(bench.cpu.state().activity, Activity::Running);
    }
}

#[test]
fn iret_restores_the_flags() {
    let mut bench = Bench::new(Model::I80386, &[0xCD, 0x30, 0x40, 0xF4]);
    bench.set_flags(IF | flags::bit::CF);
    assert_eq!(bench.run(10), Exit::Halted);
    assert!(bench.cpu.state().flags.control(IF) && bench.cpu.state().flags.cf());
}
