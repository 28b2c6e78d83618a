//! A run is a function of its inputs: not of how it is sliced, nor of how long blocks are.

use ringzero_cpu::Cpu;
use ringzero_machine::{
    BootDevice, Config, DEMO_DISK, Machine, Media, Model, OnIdle, Stop, storage::MemoryMedium,
};
use ringzero_tests::fuzz::random::Random;
use ringzero_tests::pc;

/// Instructions of each run.
const INSTRUCTIONS: u64 = if cfg!(debug_assertions) { 10_000_000 } else { 300_000_000 };

/// The demo disk in a machine of its own.
pub(crate) fn demo(config: Config) -> Machine {
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(MemoryMedium::new(DEMO_DISK.to_vec())));
    Machine::new(config, media).unwrap()
}

fn small() -> Config {
    Config { memory: 4 << 20, ..Config::default() }
}

/// Runs the demo to its end in slices that `next` gives, and hashes the state.
fn hash(mut machine: Machine, mut next: impl FnMut() -> u64) -> String {
    while machine.count() < INSTRUCTIONS {
        let limit = machine.count().saturating_add(next()).min(INSTRUCTIONS);
        let stop = machine.run(limit, OnIdle::Jump);
        assert_eq!(stop, Stop::Limit, "at {}", machine.count());
    }
    machine.state_hash().unwrap().to_string()
}

#[test]
fn the_demo_ends_in_the_same_state_twice() {
    assert_eq!(hash(demo(small()), || u64::MAX), hash(demo(small()), || u64::MAX));
}

#[test]
fn the_length_of_blocks_does_not_show() {
    let mut machine = demo(small());
    machine.cpu_mut().set_block_limit(1);
    assert_eq!(hash(demo(small()), || u64::MAX), hash(machine, || u64::MAX));
}

#[test]
fn how_a_run_is_sliced_does_not_show() {
    let mut random = Random::new(7);
    let odd = move || 1 + random.below(200_003);
    assert_eq!(hash(demo(small()), || u64::MAX), hash(demo(small()), odd));
}

#[test]
fn the_first_instructions_one_by_one_do_not_show() {
    let mut left = 200_000u32;
    let single_first = move || {
        left = left.saturating_sub(1);
        if left > 0 { 1 } else { u64::MAX }
    };
    assert_eq!(hash(demo(small()), || u64::MAX), hash(demo(small()), single_first));
}

#[test]
fn every_model_is_repeatable() {
    for model in [Model::I8086, Model::I80286] {
        let config = || Config { cpu: model, ..small() };
        let run = |slice: u64| {
            let mut machine = demo(config());
            while machine.count() < 20_000_000 {
                machine.run((machine.count() + slice).min(20_000_000), OnIdle::Jump);
            }
            machine.state_hash().unwrap().to_string()
        };
        assert_eq!(run(20_000_000), run(7_919), "{}", model.name);
    }
}

#[test]
fn a_snapshot_taken_and_loaded_midway_does_not_show() {
    let mut straight = demo(small());
    straight.run(50_000_000, OnIdle::Jump);
    let mut first = demo(small());
    first.run(23_456_789, OnIdle::Jump);
    let mut second = demo(small());
    second.load(&first.save().unwrap()).unwrap();
    second.run(50_000_000, OnIdle::Jump);
    assert_eq!(straight.state_hash().unwrap(), second.state_hash().unwrap());
}

/// Interrupts from every source of the APICs, at their instruction whatever the slices.
#[test]
fn how_a_run_with_apic_interrupts_is_sliced_does_not_show() {
    const COUNT: u64 = 30_000_000;
    let disk = ringzero_tests::programs::apic::disk().unwrap();
    let run = |mut next: Box<dyn FnMut() -> u64>, block_limit: usize| {
        let mut media = Media::default();
        media.floppies[0] = Some(Box::new(disk.clone()));
        let mut machine = Machine::new(small(), media).unwrap();
        machine.cpu_mut().set_block_limit(block_limit);
        while machine.count() < COUNT {
            let limit = machine.count().saturating_add(next()).min(COUNT);
            assert_eq!(machine.run(limit, OnIdle::Jump), Stop::Limit);
        }
        machine.state_hash().unwrap().to_string()
    };
    let mut random = Random::new(11);
    let whole = run(Box::new(|| u64::MAX), 48);
    assert_eq!(whole, run(Box::new(move || 1 + random.below(10_007)), 48));
    assert_eq!(whole, run(Box::new(|| 777_777), 1));
}

/// A slice that nothing is longer than.
const WHOLE: u64 = u64::MAX >> 1;

/// Linux boots from its disk for fifty million instructions.
fn linux(set_up: impl FnOnce(&mut Cpu), slice: u64) -> Option<String> {
    const INSTRUCTIONS: u64 = 50_000_000;
    let disk = pc::guest("linux-busybox-i386.img")?;
    let mut session = pc::boot(&pc::OURS, pc::hard_disk(disk), pc::from(BootDevice::HardDisk))?;
    set_up(session.machine.cpu_mut());
    while session.machine.count() < INSTRUCTIONS {
        let limit = (session.machine.count() + slice).min(INSTRUCTIONS);
        assert_eq!(session.machine.run(limit, OnIdle::Jump), Stop::Limit);
    }
    Some(session.machine.state_hash().unwrap().to_string())
}

#[test]
fn linux_boots_the_same_however_it_is_run() {
    let as_usual = |_: &mut Cpu| ();
    let Some(hash) = linux(as_usual, WHOLE) else { return };
    assert_eq!(linux(as_usual, WHOLE), Some(hash.clone()), "again");
    assert_eq!(linux(as_usual, 7_919), Some(hash.clone()), "in slices");
    let one_by_one = |cpu: &mut Cpu| cpu.set_block_limit(1);
    assert_eq!(linux(one_by_one, WHOLE), Some(hash.clone()), "blocks of one instruction");
    assert_eq!(linux(one_by_one, 10_007), Some(hash.clone()), "blocks of one instruction in slices");
    assert_eq!(linux(|cpu| cpu.set_tuned(false), WHOLE), Some(hash.clone()), "no fused pairs, all flags");
    assert_eq!(linux(|cpu| cpu.set_code_cache(0), WHOLE), Some(hash), "little room for blocks");
}
