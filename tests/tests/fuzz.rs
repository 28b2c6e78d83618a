//! Random guests. `RINGZERO_SEED` begins elsewhere, `RINGZERO_FUZZ_SECONDS` sets the time each test may take.

use crate::determinism::demo;
use ringzero_bus::{Port, Width};
use ringzero_cpu::{Generation, Model};
use ringzero_machine::keyboard::ALL_KEYS;
use ringzero_machine::{Config, Machine, Media, OnIdle, Stop, storage::MemoryMedium};
use ringzero_tests::fuzz::protected::Start;
use ringzero_tests::fuzz::random::Random;
use ringzero_tests::fuzz::rig::Case;
use ringzero_tests::fuzz::{compare, fewest_instructions, first_seed, program, seconds};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Instructions per random program.
const INSTRUCTIONS: u64 = 3000;
/// The same where a case takes longer to set up.
const LONG: u64 = 20_000;
/// Seeds that run whatever the time.
const FEWEST: u64 = 20;

/// Runs `case` for one seed after the other while there is time.
///
/// # Panics
/// With the seed at which `case` failed or panicked.
fn for_seeds(share: u64, case: impl Fn(u64) -> Result<(), String>) {
    for_seeds_until(share, case, || true);
}

/// The same, and on until `enough`.
fn for_seeds_until(share: u64, case: impl Fn(u64) -> Result<(), String>, enough: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(seconds(60) / share);
    let first = first_seed();
    let mut seed = first;
    while seed < first + FEWEST || Instant::now() < end || !enough() {
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(seed))) {
            Ok(Ok(())) => seed += 1,
            Ok(Err(difference)) => panic!("seed {seed}: {difference}"),
            Err(_) => panic!("seed {seed}: panicked"),
        }
    }
    eprintln!("seeds {first} to {}", seed - 1);
}

fn model(seed: u64) -> Model {
    Model::ALL[(seed % Model::ALL.len() as u64) as usize]
}

/// Instructions that random guests have run in protected mode, virtual-8086 mode or pages.
static PROTECTED: AtomicU64 = AtomicU64::new(0);

/// Random guests that begin as `start` says, on the models from `first` on.
fn random_guests(share: u64, start: Start, first: Generation, instructions: u64) {
    let models: Vec<Model> = Model::ALL.into_iter().filter(|model| model.at_least(first)).collect();
    let protected = Cell::new(0u64);
    let case = |seed| {
        let model = models[(seed % models.len() as u64) as usize];
        protected.set(protected.get() + compare::run(&Case { seed, model, start }, instructions)?);
        Ok(())
    };
    let fewest = if start == Start::Real { 0 } else { fewest_instructions() };
    for_seeds_until(share, case, || protected.get() >= fewest);
    let protected = protected.get();
    let total = PROTECTED.fetch_add(protected, Ordering::Relaxed) + protected;
    eprintln!("{start:?}: {protected} instructions in protected mode, {total} in all, each in five manners");
}

#[test]
fn random_code_does_the_same_in_blocks_and_slices_of_any_length() {
    random_guests(6, Start::Real, Generation::I8086, INSTRUCTIONS);
}

#[test]
fn random_code_in_protected_mode_does_so_too() {
    random_guests(3, Start::Protected, Generation::I80286, LONG);
}

#[test]
fn random_code_in_virtual_8086_mode_does_so_too() {
    random_guests(3, Start::V86, Generation::I80386, LONG);
}

#[test]
fn random_code_in_pages_does_so_too() {
    random_guests(3, Start::Paged, Generation::I80386, LONG);
}

/// Ports where something answers.
const PORTS: [(u16, u16); 17] = [
    (0x00, 0x0F),
    (0x20, 0x21),
    (0x40, 0x43),
    (0x60, 0x64),
    (0x70, 0x71),
    (0x80, 0x92),
    (0xA0, 0xA1),
    (0xB0, 0xBF),
    (0xC0, 0xDF),
    (0xE8, 0xE9),
    (0x2F8, 0x2FF),
    (0x378, 0x37A),
    (0x3B0, 0x3CF),
    (0x3D0, 0x3DF),
    (0x3F0, 0x3F7),
    (0x3F8, 0x3FF),
    (0x0, 0xFFFF),
];

fn disturb(machine: &mut Machine, random: &mut Random) {
    let (first, last) = random.pick(&PORTS);
    let port = Port(first + random.below(u64::from(last - first) + 1) as u16);
    let width = random.pick(&[Width::Byte, Width::Byte, Width::Byte, Width::Word, Width::Dword]);
    match random.below(20) {
        0..14 => machine.bus_mut().pio_write(port, width, random.bits() as u32 & width.open_bus()),
        14..18 => drop(machine.bus_mut().pio_read(port, width)),
        18 => machine.key(random.pick(ALL_KEYS), random.one_in(2)),
        _ => drop(machine.send_serial(0, &random.bits().to_le_bytes())),
    }
}

/// What the host asks of a machine now and then.
fn observe(machine: &mut Machine) {
    machine.render(&mut ringzero_machine::Frame::default());
    let _ = (machine.text_screen(), machine.take_serial(0), machine.take_debug_console());
    machine.render_sound(&mut Vec::new());
    assert!(machine.state_hash().is_ok());
}

#[test]
fn a_machine_survives_random_port_accesses() {
    for_seeds(4, |seed| {
        let mut random = Random::new(seed);
        let mut machine = demo(Config { cpu: model(seed), memory: 1 << 20, ..Config::default() });
        for _ in 0..300 {
            for _ in 0..random.below(4) {
                disturb(&mut machine, &mut random);
            }
            let limit = machine.count() + random.below(30_000);
            match machine.run(limit, OnIdle::Jump) {
                Stop::Limit | Stop::Idle => {}
                _ => machine.reset(),
            }
        }
        observe(&mut machine);
        Ok(())
    });
}

/// Instructions of a random disk.
const LONGEST: u64 = 3_000_000;

/// Time for one: a service of the BIOS takes no virtual time, so a guest that asks for little else goes on for minutes.
const MOST_TIME: Duration = Duration::from_secs(2);

/// A disk whose boot sector, and all behind it, is random code.
fn random_disk(seed: u64) -> Machine {
    let mut random = Random::new(seed);
    let model = model(seed);
    let mut disk = program::tile(&mut random, program::Dialect::real(model));
    disk.resize(360 << 10, 0xF6);
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(MemoryMedium::new(disk)));
    Machine::new(Config { cpu: model, memory: 1 << 20, ..Config::default() }, media).unwrap()
}

/// Runs a random disk to instruction `limit`, or to its end.
fn run_disk(machine: &mut Machine, mut slice: impl FnMut() -> u64, limit: u64) -> Option<Stop> {
    while machine.count() < limit {
        let (before, end) = (machine.count(), machine.count().saturating_add(slice()).min(limit));
        match machine.run(end, OnIdle::Jump) {
            Stop::Limit if machine.count() > before => {}
            stop => return Some(stop),
        }
    }
    None
}

/// A random disk run in one go, and one run in small slices and small blocks, to instruction `limit`.
fn whole_and_sliced(seed: u64, limit: u64) -> (Machine, Machine) {
    let mut whole = random_disk(seed);
    run_disk(&mut whole, || limit, limit);
    let (mut sliced, mut random) = (random_disk(seed), Random::new(!seed));
    sliced.cpu_mut().set_block_limit(1 + random.below(9) as usize);
    run_disk(&mut sliced, || 1 + random.below(9_001), whole.count());
    (whole, sliced)
}

fn same(machines: &(Machine, Machine)) -> bool {
    machines.0.state_hash().ok() == machines.1.state_hash().ok()
}

#[test]
fn random_boot_sectors_do_the_same_however_they_are_sliced() {
    for_seeds(4, |seed| {
        let mut disk = random_disk(seed);
        let deadline = Instant::now() + MOST_TIME;
        let slice = || if Instant::now() < deadline { 2_000 } else { 0 };
        let end = run_disk(&mut disk, slice, LONGEST);
        observe(&mut disk);
        // A hang is noticed when a slice ends, and an idle guest jumps over as much as it is given.
        if matches!(end, Some(Stop::Hang(_) | Stop::Limit)) || same(&whole_and_sliced(seed, LONGEST)) {
            return Ok(());
        }
        let (mut equal, mut differ) = (0, LONGEST);
        while differ - equal > 1 {
            let middle = equal + (differ - equal) / 2;
            if same(&whole_and_sliced(seed, middle)) { equal = middle } else { differ = middle }
        }
        let (whole, sliced) = whole_and_sliced(seed, differ);
        let states = format!("{:x?}\n{:x?}", whole.cpu().state(), sliced.cpu().state());
        Err(format!("{}: differs after instruction {equal}\n{states}", model(seed).name))
    });
}
