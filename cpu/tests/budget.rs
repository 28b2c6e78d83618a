//! Counts are exact, and the host's stack does not grow with the guest's run.

use crate::bench::Bench;
use ringzero_bus::VTime;
use ringzero_cpu::{Exit, Model, number};

/// INC AX; JMP $-1.
const COUNTER: [u8; 3] = [0x40, 0xEB, 0xFD];

#[test]
fn a_run_begins_exactly_as_many_instructions_as_its_budget() {
    let mut bench = Bench::new(Model::I80386, &COUNTER);
    for budget in [1, 2, 3, 47, 48, 49, 1000, 1] {
        let before = bench.count();
        assert_eq!(bench.run(budget), Exit::Budget);
        assert_eq!(bench.count() - before, budget);
        assert_eq!(bench.reg(number::AX), bench.count().div_ceil(2));
    }
}

#[test]
fn each_iteration_of_a_repeat_counts_one() {
    let mut bench = Bench::new(Model::I80386, &[0xF3, 0xAA, 0xF4]); // REP STOSB; HLT
    bench.set_reg(number::CX, 10);
    assert_eq!(bench.run(4), Exit::Budget);
    assert_eq!((bench.reg(number::CX), bench.ip()), (6, 0));
    assert_eq!(bench.run(6), Exit::Budget);
    assert_eq!((bench.reg(number::CX), bench.ip()), (0, 2));
    assert_eq!(bench.run(100), Exit::Halted);
    assert_eq!(bench.count(), 11);
}

#[test]
fn a_repeat_of_nothing_counts_one() {
    let mut bench = Bench::new(Model::I8086, &[0xF3, 0xAA, 0xF4]);
    assert_eq!(bench.run(100), Exit::Halted);
    assert_eq!(bench.count(), 2);
}

#[test]
fn a_fault_counts_one_and_its_delivery_one() {
    let mut bench = Bench::new(Model::I80286, &[0x90, 0x0F, 0xFF]); // NOP; an invalid opcode
    bench.run(3);
    assert_eq!((bench.in_handler(), bench.count()), (Some(6), 3));
}

#[test]
fn a_deadline_armed_for_now_ends_the_run_after_its_instruction() {
    // OUT 10h, AL with AL = 0; NOPs.
    let mut bench = Bench::new(Model::I8086, &[0xE6, 0x10, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90]);
    assert_eq!(bench.run(6), Exit::Attention);
    assert_eq!(bench.count(), 1);
    bench.bus.run_due_events();
    assert_eq!(bench.bus.get(bench.helper).fired, [VTime(1000)]);
}

#[test]
fn a_port_access_sees_the_time_of_its_own_instruction() {
    let mut bench = Bench::new(Model::I8086, &[0x90, 0x90, 0x90, 0xE6, 0x10]);
    bench.set_reg(number::AX, 7);
    bench.run(20);
    assert_eq!(bench.bus.fabric().sched.next_deadline(), Some(VTime(3007)));
}

/// A handler leaves by a jump to the next: a call would need stack for each guest instruction.
#[test]
fn a_small_stack_runs_millions_of_instructions() {
    let run = || {
        // INC BX; MOV [BX],AX; ADD AX,[BX]; PUSH AX; POP DX; CALL 000B; STOSB; JMP FAR 0800:0000
        // 000B is STOSB: each turn calls once and leaves its return address on the stack.
        let code = [
            0x43, 0x89, 0x07, 0x03, 0x07, 0x50, 0x5A, 0xE8, 0x01, 0x00, 0x90, 0xAA, 0x3B, 0xC3, 0x74, 0x00,
            0xEA, 0x00, 0x00, 0x00, 0x08,
        ];
        let mut bench = Bench::new(Model::I80386, &code);
        let budget = if cfg!(debug_assertions) { 200_000 } else { 8_000_000 };
        // SP must stay even and BX away from offset FFFFh, or the loop faults: a fault's handler returns to it.
        while bench.count() < budget {
            assert_eq!(bench.run(budget - bench.count()), Exit::Budget);
        }
        bench.count()
    };
    let thread = std::thread::Builder::new().stack_size(64 << 10).spawn(run).unwrap();
    assert!(thread.join().unwrap() > 0);
}
