//! Pages that are shared, and pages that move while the processor knows where they lie.

use crate::bench::{Bench, CODE};
use ringzero_cpu::{Exit, Model, number};

/// `mov al, [0100h]`; the data segment begins at 9000h.
const LOAD: [u8; 3] = [0xA0, 0x00, 0x01];
const PAGE: u64 = 0x9000;

fn bench(parts: &[&[u8]]) -> Bench {
    Bench::new(Model::MAX, &parts.concat())
}

fn al(bench: &Bench) -> u64 {
    bench.reg(number::AX) & 0xFF
}

fn page_is_shared(bench: &Bench) -> bool {
    bench.bus.fabric().ram.is_shared((PAGE >> 12) as u32)
}

#[test]
fn a_device_that_writes_to_a_shared_page_is_seen_by_the_next_load() {
    let mut bench = bench(&[&LOAD, &[0xB0, 5], &[0xE6, 0x31], &LOAD]);
    assert_eq!((bench.run(1), al(&bench), page_is_shared(&bench)), (Exit::Budget, 0, true));
    bench.run(3);
    assert_eq!((al(&bench), page_is_shared(&bench)), (5, false));
}

#[test]
fn a_device_that_writes_to_a_forked_page_is_seen_on_its_side_alone() {
    // A store, so that the page is in the store half of the TLB.
    let mut bench = bench(&[&[0xC6, 0x06, 0x00, 0x01, 7], &LOAD, &[0xB0, 5], &[0xE6, 0x31], &LOAD]);
    bench.run(2);
    let mut other = bench.fork();
    assert!(page_is_shared(&bench));
    bench.run(3);
    assert_eq!((al(&bench), bench.byte(0x9100)), (5, 5));
    assert_eq!((al(&other), other.byte(0x9100)), (7, 7));
    other.run(3);
    assert_eq!((al(&other), other.byte(0x9100)), (5, 5));
}

#[test]
fn stores_after_a_fork_stay_on_their_side() {
    // inc byte [0100h]; jmp back.
    let mut bench = bench(&[&[0xFE, 0x06, 0x00, 0x01], &[0xEB, 0xFA]]);
    bench.run(20);
    let mut forks = [bench.fork(), bench.fork()];
    bench.run(2);
    forks[0].run(20);
    assert_eq!(bench.byte(0x9100), 11);
    assert_eq!(forks.each_ref().map(|fork| fork.byte(0x9100)), [20, 10]);
    drop(bench);
    forks[1].run(4);
    assert_eq!(forks.each_ref().map(|fork| fork.byte(0x9100)), [20, 12]);
}

#[test]
fn code_that_writes_itself_does_so_on_both_sides_of_a_fork() {
    // mov cs:[0006h], bl; mov al, <byte 6>; jmp back.
    let mut bench = bench(&[&[0x2E, 0x88, 0x1E, 0x06, 0x00], &[0xB0, 0], &[0xEB, 0xF7]]);
    bench.run(30);
    let mut other = bench.fork();
    bench.set_reg(number::BX, 1);
    other.set_reg(number::BX, 2);
    for _ in 0..3 {
        bench.run(3);
        other.run(3);
        assert_eq!((al(&bench), al(&other)), (1, 2));
    }
    assert_eq!((bench.byte(CODE + 6), other.byte(CODE + 6)), (1, 2));
}

#[test]
fn a_processor_that_comes_back_to_a_bus_finds_what_another_has_moved() {
    let mut bench = bench(&[&LOAD, &LOAD]);
    bench.run(1);
    let mut second = bench.cpu.fork();
    bench.bus.fabric_mut().ram.write(ringzero_bus::PhysAddr(0x9100), &[9]);
    second.run(&mut bench.bus, 1);
    bench.run(1);
    assert_eq!(al(&bench), 9);
}
