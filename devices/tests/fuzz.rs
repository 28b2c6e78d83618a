//! Random port and memory traffic on a whole PC: nothing panics, nothing runs away, and every state that comes of it
//! survives a snapshot.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use ringzero_bus::{PhysAddr, Port, Section, SystemBus, Width};
use ringzero_devices::keyboard::ALL_KEYS;
use ringzero_devices::pc::{self, DebugExitConfig, PcConfig, PcParts};
use ringzero_devices::storage::{MemoryMedium, floppy};
use ringzero_devices::vga::Frame;
use serde::ser::{Serialize, SerializeTuple, Serializer};

/// Seeds of the default run.
const SEEDS: u64 = 300;
/// Steps per seed.
const STEPS: u32 = 12_000;

/// Marsaglia's xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    fn width(&mut self) -> Width {
        [Width::Byte, Width::Byte, Width::Byte, Width::Word, Width::Dword][self.below(5) as usize]
    }
}

/// Port ranges where something answers.
const PORTS: &[(u16, u16)] = &[
    (0x00, 0x0F),
    (0x20, 0x21),
    (0x40, 0x43),
    (0x60, 0x64),
    (0x70, 0x71),
    (0x80, 0x92),
    (0xA0, 0xA1),
    (0xC0, 0xDF),
    (0xE9, 0xE9),
    (0x2F8, 0x2FF),
    (0x378, 0x37A),
    (0x3B4, 0x3BA),
    (0x3C0, 0x3CF),
    (0x3C0, 0x3CF),
    (0x3D4, 0x3DA),
    (0x3F0, 0x3F7),
    (0x3F2, 0x3F5),
    (0x3F8, 0x3FF),
    (0x4D0, 0x4D1),
    (0x501, 0x502),
];

fn machine() -> (SystemBus, PcParts) {
    let mut bus = SystemBus::new(2 << 20, 100);
    let config = PcConfig {
        floppy_types: [4, 1],
        debug_exit: Some(DebugExitConfig::default()),
        ..PcConfig::default()
    };
    let parts = pc::build(&mut bus, &config).unwrap();
    let (medium, geometry) = floppy::open(Box::new(MemoryMedium::new(vec![0x5A; 1440 * 1024]))).unwrap();
    bus.call(parts.fdc.unwrap(), |fdc, _| fdc.insert(0, medium, geometry));
    (bus, parts)
}

/// A byte that chips listen to more often than to others.
fn interesting(random: &mut Random) -> u32 {
    const FLOPPY: [u8; 10] = [0x46, 0x45, 0x4D, 0x0F, 0x07, 0x08, 0x03, 0x1C, 0xE6, 0x02];
    match random.below(3) {
        0 => u32::from(FLOPPY[random.below(10) as usize]),
        1 => random.below(20) as u32,
        _ => random.next() as u32,
    }
}

fn step(bus: &mut SystemBus, parts: &PcParts, random: &mut Random, frame: &mut Frame) {
    let (first, last) = PORTS[random.below(PORTS.len() as u64) as usize];
    let port = Port(first + random.below(u64::from(last - first) + 1) as u16);
    let address = PhysAddr(0x9_FFF0 + random.below(0x2_0020));
    let width = random.width();
    match random.below(100) {
        0..45 => bus.pio_write(port, width, interesting(random)),
        45..70 => drop(bus.pio_read(port, width)),
        70..76 => bus.write(address, width, random.next() as u32),
        76..80 => drop(bus.read(address, width)),
        80..92 => pass(bus, random),
        92..95 => drop(bus.acknowledge()),
        95..97 => {
            let key = ALL_KEYS[random.below(ALL_KEYS.len() as u64) as usize];
            let pressed = random.below(2) == 0;
            bus.call(parts.kbc, |kbc, fabric| kbc.key(fabric, key, pressed));
        }
        97 => {
            let bytes = random.next().to_le_bytes();
            bus.call(parts.com[0], |com, fabric| com.send(fabric, &bytes));
        }
        _ if random.below(40) == 0 => observe(bus, parts, frame),
        _ => drop(bus.take_request()),
    }
}

/// Up to 16 ms of virtual time, mostly less.
fn pass(bus: &mut SystemBus, random: &mut Random) {
    let bits = random.below(24);
    let end = bus.now().plus_ns(random.below(1 << bits));
    while let Some(due) = bus.fabric().sched.next_deadline().filter(|&due| due <= end) {
        bus.jump_to(0, due);
        bus.run_due_events();
    }
    bus.jump_to(0, end);
}

fn observe(bus: &mut SystemBus, parts: &PcParts, frame: &mut Frame) {
    let now = bus.now();
    let vga = bus.get(parts.vga.unwrap());
    vga.render(now, frame);
    assert_eq!(frame.pixels.len(), frame.width * frame.height);
    if let Some(text) = vga.text() {
        assert_eq!(text.cells.len(), text.columns * text.rows);
    }
    let mut samples = Vec::new();
    bus.call(parts.pit, |pit, _| pit.render(now, &mut samples));
    bus.call(parts.com[0], |com, _| com.take_output());
}

fn run(seed: u64) -> SystemBus {
    let (mut bus, parts) = machine();
    let (mut random, mut frame) = (Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1), Frame::default());
    for _ in 0..STEPS {
        step(&mut bus, &parts, &mut random, &mut frame);
    }
    bus
}

#[test]
fn no_sequence_panics_or_runs_away_and_every_state_survives_a_snapshot() {
    for seed in 1..=SEEDS {
        eprintln!("seed {seed}");
        let bus = run(seed);
        let saved = bus.save().unwrap();
        let (mut other, _) = machine();
        other.load(&saved).unwrap();
        assert_eq!(other.save().unwrap(), saved, "seed {seed}");
    }
}

/// Bytes that encode as themselves, for sections that no device would write.
struct Raw(Vec<u8>);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        for byte in &self.0 {
            tuple.serialize_element(byte)?;
        }
        tuple.end()
    }
}

/// `section` with a few bytes changed and its checksum right.
fn damaged(section: &Section, random: &mut Random) -> Section {
    let mut bytes = section.bytes().to_vec();
    for _ in 0..=random.below(4) {
        let reach = if random.below(2) == 0 { bytes.len() } else { bytes.len().min(160) };
        if reach > 0 {
            let value = [0x00, 0x01, 0x7F, 0xFF, random.next() as u8][random.below(5) as usize];
            bytes[random.below(reach as u64) as usize] = value;
        }
    }
    Section::encode(section.name(), 1, &Raw(bytes)).unwrap()
}

#[test]
fn a_damaged_snapshot_is_refused_or_harmless() {
    let mut taken = 0;
    for seed in 1..=25 {
        eprintln!("seed {seed}");
        let saved = run(seed).save().unwrap();
        let (mut random, mut frame) =
            (Random(seed.wrapping_mul(0xD134_2543_DE82_EF95) | 1), Frame::default());
        let (mut bus, parts) = machine();
        for _ in 0..12 {
            let mut sections = saved.clone();
            let victim = 1 + random.below(sections.len() as u64 - 1) as usize;
            sections[victim] = damaged(&sections[victim], &mut random);
            if bus.load(&sections).is_ok() {
                taken += 1;
                for _ in 0..400 {
                    step(&mut bus, &parts, &mut random, &mut frame);
                }
                observe(&mut bus, &parts, &mut frame);
            }
        }
    }
    assert!(taken > 0, "no damaged snapshot was close enough to load");
}

#[test]
fn the_same_traffic_gives_the_same_state() {
    assert_eq!(run(77).save().unwrap(), run(77).save().unwrap());
}
