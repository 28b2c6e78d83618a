//! Our own boot programs, through POST and INT 13h as any other disk.

use ringzero_machine::Model;
use ringzero_tests::programs::{apic, coprocessor, shutdown};
use ringzero_tests::session::{Session, SharedDisk};

/// What is on the screen when the program is through.
fn outcome(disk: &SharedDisk, cpu: Model, end: &str) -> String {
    let mut session = Session::boot(disk, cpu);
    session.run_until("end of the program", |s| {
        let screen = s.screen();
        screen.contains(end) || screen.contains("failed")
    });
    session.screen()
}

#[test]
fn an_80286_comes_back_from_protected_mode_by_every_reset() {
    let disk = shutdown::disk().unwrap();
    let screen = outcome(&disk, Model::I80286, shutdown::END);
    for line in &shutdown::LINES[..5] {
        assert!(screen.contains(line), "no {line}:\n{screen}");
    }
    assert!(!screen.contains(shutdown::LINES[5]), "{screen}");
}

#[test]
fn later_processors_come_back_by_every_reset_and_by_cr0() {
    let disk = shutdown::disk().unwrap();
    for cpu in Model::ALL.into_iter().filter(|cpu| cpu.at_least(ringzero_cpu::Generation::I80386)) {
        let screen = outcome(&disk, cpu, shutdown::END);
        for line in shutdown::LINES {
            assert!(screen.contains(line), "{}: no {line}:\n{screen}", cpu.name);
        }
    }
}

#[test]
fn x87_exceptions_come_as_irq_13_or_as_vector_10h() {
    let disk = coprocessor::disk().unwrap();
    for cpu in [Model::I80386, Model::I80486, Model::PENTIUM, Model::PENTIUM4, Model::MAX] {
        let screen = outcome(&disk, cpu, coprocessor::END);
        let lines = if cpu == Model::I80386 { &coprocessor::LINES[..2] } else { &coprocessor::LINES[..] };
        for line in lines {
            assert!(screen.contains(line), "{}: no {line}:\n{screen}", cpu.name);
        }
    }
}

#[test]
fn every_source_interrupts_through_the_apics() {
    let disk = apic::disk().unwrap();
    for cpu in [Model::PENTIUM, Model::PENTIUM3, Model::PENTIUM4, Model::MAX] {
        let screen = outcome(&disk, cpu, apic::END);
        assert!(screen.contains(apic::END), "{}:\n{screen}", cpu.name);
    }
}
