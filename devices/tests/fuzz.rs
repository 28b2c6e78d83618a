//! Random port and memory traffic on a whole PC: nothing panics, nothing runs away, and every state that comes of it
//! survives a snapshot.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use ringzero_bus::ram::PAGE_SIZE;
use ringzero_bus::{PageTarget, PhysAddr, Port, Section, SystemBus, Width};
use ringzero_devices::apic::LocalApicKind;
use ringzero_devices::fw_cfg::FwCfgItem;
use ringzero_devices::ide::IdeDrive;
use ringzero_devices::keyboard::ALL_KEYS;
use ringzero_devices::mouse::MouseButton;
use ringzero_devices::pc::{self, DebugExitConfig, PcConfig, PcParts};
use ringzero_devices::sb16::Sb16Config;
use ringzero_devices::sound;
use ringzero_devices::storage::hard_disk::DiskGeometry;
use ringzero_devices::storage::{MemoryMedium, floppy};
use ringzero_devices::uart::SerialMouseKind;
use ringzero_devices::usb::hid::HidKind;
use ringzero_devices::vga::Frame;
use serde::ser::{Serialize, SerializeTuple, Serializer};

#[path = "fuzz/input.rs"]
mod input;

use input::{program_usb, use_hands};

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

/// A page of ROM, which in the host's memory lies right behind the RAM: no DMA may reach it.
const ROM: u64 = 0xF_0000;

/// Port ranges where something answers.
const PORTS: &[(u16, u16)] = &[
    (0x00, 0x0F),
    (0x20, 0x21),
    (0x40, 0x43),
    (0x60, 0x64),
    (0x70, 0x71),
    (0x80, 0x92),
    (0xA0, 0xA1),
    (0xB2, 0xB3),
    (0xC0, 0xDF),
    (0xE9, 0xE9),
    (0x170, 0x177),
    (0x201, 0x201),
    (0x1F0, 0x1F7),
    (0x220, 0x22F),
    (0x22C, 0x22C),
    (0x2F8, 0x2FF),
    (0x330, 0x331),
    (0x376, 0x376),
    (0x378, 0x37A),
    (0x388, 0x38B),
    (0x3B4, 0x3BA),
    (0x3C0, 0x3CF),
    (0x3C0, 0x3CF),
    (0x3D4, 0x3DA),
    (0x3F0, 0x3F7),
    (0x3F2, 0x3F5),
    (0x3F8, 0x3FF),
    (0x4D0, 0x4D1),
    (0x501, 0x502),
    (0x510, 0x51B),
    (0xCF8, 0xCFF),
    (0xAFE0, 0xAFE3),
    (0xB000, 0xB03F),
    (0xB100, 0xB10F),
    (0xC000, 0xC00F),
    (0xC040, 0xC05F),
];

/// Disk and CD drives at the four places: sectors of the disk (0: a CD), and whether it is protected.
const DRIVES: [(u64, bool); 4] = [(5000, false), (0, false), (77, true), (0, false)];

fn machine() -> (SystemBus, PcParts) {
    let mut bus = SystemBus::new(2 << 20, 100);
    bus.attach_rom("rom", ROM, &[0xC3; PAGE_SIZE]).unwrap();
    let config = PcConfig {
        floppy_types: [4, 1],
        ide: [[kind(0), kind(1)], [kind(2), kind(3)]],
        pci: true,
        apic: Some(LocalApicKind::Pentium4),
        hpet: true,
        sb16: Some(Sb16Config::default()),
        ac97: true,
        vga_rom: Some(vec![0xC3; 40_000]),
        fw_cfg: Some(vec![
            FwCfgItem::Key(5, [1, 0].into()),
            FwCfgItem::File { name: "etc/long".to_owned(), data: vec![7; 70_000].into() },
        ]),
        debug_exit: Some(DebugExitConfig::default()),
        serial_mouse: Some((1, SerialMouseKind::Wheel)),
        vmmouse: true,
        usb: Some([Some(HidKind::Tablet), Some(HidKind::Keyboard)]),
        ..PcConfig::default()
    };
    let parts = pc::build(&mut bus, &config).unwrap();
    let (medium, geometry) = floppy::open(Box::new(MemoryMedium::new(vec![0x5A; 1440 * 1024]))).unwrap();
    bus.call(parts.fdc.unwrap(), |fdc, _| fdc.insert(0, medium, geometry));
    for number in 0..3 {
        insert(&mut bus, &parts, number);
    }
    (bus, parts)
}

fn kind(number: usize) -> Option<IdeDrive> {
    let (sectors, _) = DRIVES[number];
    let disk = IdeDrive::Disk(DiskGeometry::for_sectors(sectors));
    Some(if sectors == 0 { IdeDrive::Cd } else { disk })
}

fn insert(bus: &mut SystemBus, parts: &PcParts, number: usize) {
    let (sectors, protected) = DRIVES[number];
    let medium = MemoryMedium::new(vec![0x33; if sectors == 0 { 100_000 } else { sectors as usize * 512 }]);
    let medium = if protected { medium.write_protected() } else { medium };
    bus.call(parts.ide.unwrap(), |ide, _| ide.insert(number, Box::new(medium)));
}

/// Registers, a command, a packet, a table: what random bytes seldom make by themselves.
fn program_ide(bus: &mut SystemBus, random: &mut Random) {
    let (block, master) = [(0x1F0, 0xC000), (0x170, 0xC008)][random.below(2) as usize];
    match random.below(8) {
        0..4 => ide_command(bus, random, block),
        4 => packet(bus, random, block),
        5 => {
            for _ in 0..random.below(300) {
                bus.pio_read(Port(block), Width::Dword);
            }
        }
        6 => config_write_any(bus, random),
        _ => start_bus_master(bus, random, master),
    }
}

/// The functions: host bridge, ISA bridge, IDE, USB, power management, VGA, AC'97.
const FUNCTIONS: [u32; 7] = [0, 0x800, 0x900, 0xA00, 0xB00, 0x1000, 0x1800];

/// A random write to a random function, often to a register that places it or switches something.
fn config_write_any(bus: &mut SystemBus, random: &mut Random) {
    const REGISTERS: [u32; 12] = [0x04, 0x10, 0x20, 0x30, 0x40, 0x58, 0x5C, 0x60, 0x70, 0x80, 0x90, 0xD0];
    let function = FUNCTIONS[random.below(7) as usize];
    let register = match random.below(3) {
        0 => random.below(256) as u32 & 0xFC,
        _ => REGISTERS[random.below(12) as usize],
    };
    let value = match random.below(4) {
        // Where memory of functions meets RAM, ROM, the legacy area, itself and the end of the address space.
        0 => [0, 0xA_0001, 0xC_0001, 0xF_0001, 0x1F_8001, 0xFEB0_0001, 0xFFFF_FFFF][random.below(7) as usize],
        1 => 0xFFFF_FFFF,
        _ => random.next() as u32,
    };
    bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_0000 | function | register);
    let width = random.width();
    bus.pio_write(Port(0xCFC + random.below(4) as u16), width, value);
}

/// What firmware does to the platform's chips.
fn program_platform(bus: &mut SystemBus, random: &mut Random) {
    match random.below(8) {
        0..3 => config_write_any(bus, random),
        3 => {
            for (at, value) in [(0xB40, 0xB001), (0xB80, 1), (0xB90, 0xB101), (0xBD0, 0x9_0000)] {
                config_write(bus, at, value);
            }
        }
        4 => config_write(bus, 0xB58, 1 << 25 & random.next() as u32),
        5 => bus.set_smm(random.below(2) == 0),
        6 => read_firmware_item(bus, random),
        _ => {
            let base = [0xC_0000, 0x1F_8000, 0xFEB0_0000, 0xFFFF_0000][random.below(4) as usize];
            config_write(bus, 0x1004, 3);
            config_write(bus, 0x1030, base | 1);
            for _ in 0..8 {
                let at = PhysAddr(u64::from(base) + random.below(0x1_8000));
                let width = random.width();
                bus.write(at, width, random.next() as u32);
                let target = bus.page(at);
                let video = |page: u64| bus.fabric().ram.is_video((page / PAGE_SIZE as u64) as u32);
                let whole = !matches!(target, PageTarget::Ram(page) if page.0 >= 2 << 20 && !video(page.0));
                assert!(whole, "RAM where there is none: {target:?}");
                bus.read(at, width);
                bus.fetch(at);
            }
        }
    }
}

/// A transfer of the firmware configuration device, its descriptor and its target where they may not be.
fn read_firmware_item(bus: &mut SystemBus, random: &mut Random) {
    let at = [0x3000, 0x1F_FFF4, 0xFFFF_FFF0][random.below(3) as usize];
    let key = [0x00, 0x19, 0x20, 0x21, 0x8000][random.below(5) as usize];
    let control = key << 16 | random.below(32) as u32;
    let length = [4, 1000, 80_000, 0x20_0000, u32::MAX][random.below(5) as usize];
    let to = [0x5000, 0x1F_F000, 0xF_0000, 0xFFFF_FFFF][random.below(4) as usize];
    let high = u32::from(random.below(8) == 0);
    for (n, value) in (0..).zip([control, length, high, to]) {
        bus.write(PhysAddr(at + 4 * n), Width::Dword, u32::swap_bytes(value));
    }
    bus.pio_write(Port(0x518), Width::Dword, (at as u32).swap_bytes());
}

fn config_write(bus: &mut SystemBus, at: u32, value: u32) {
    bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_0000 | at);
    bus.pio_write(Port(0xCFC), Width::Dword, value);
}

fn ide_command(bus: &mut SystemBus, random: &mut Random, block: u16) {
    const COMMANDS: [u8; 24] = [
        0x20, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35, 0x39, 0x40, 0x70, 0x90, 0x91, 0xA0, 0xA0, 0xA0, 0xA1, 0xB0,
        0xC4, 0xC5, 0xC6, 0xC8, 0xCA, 0xE6, 0xEC,
    ];
    let small = random.below(2) == 0;
    for offset in 1..6 {
        let value = if small { random.below(4) } else { random.below(256) };
        bus.pio_write(Port(block + offset), Width::Byte, value as u32);
    }
    let device = [0xA0, 0xB0, 0xE0, 0xF0][random.below(4) as usize];
    bus.pio_write(Port(block + 6), Width::Byte, device);
    bus.pio_write(Port(block + 7), Width::Byte, COMMANDS[random.below(24) as usize].into());
    pass(bus, random);
}

fn packet(bus: &mut SystemBus, random: &mut Random, block: u16) {
    const PACKETS: [u8; 16] =
        [0x00, 0x03, 0x12, 0x1B, 0x1E, 0x25, 0x28, 0x28, 0x43, 0x46, 0x4A, 0x55, 0x5A, 0xA8, 0xB9, 0xBE];
    let first = u32::from(PACKETS[random.below(16) as usize]) | (random.next() as u32 & 0xFF00);
    bus.pio_write(Port(block), Width::Word, first);
    for _ in 0..5 {
        bus.pio_write(Port(block), Width::Word, random.below(8) as u32 * 0x0101);
    }
    pass(bus, random);
}

/// Puts the bus master where it is looked for, and starts it on a table of random regions.
fn start_bus_master(bus: &mut SystemBus, random: &mut Random, master: u16) {
    config_write(bus, 0x920, 0xC000);
    config_write(bus, 0x904, 5);
    for at in (0x1000..0x1040).step_by(4) {
        let reach = [0xFFFF_FFFF, 0x1_FFFF, 0x20_FFFF][random.below(3) as usize];
        bus.write(PhysAddr(at), Width::Dword, random.next() as u32 & reach);
    }
    let table = if random.below(4) == 0 { random.next() as u32 } else { 0x1000 };
    bus.pio_write(Port(master + 4), Width::Dword, table);
    bus.pio_write(Port(master), Width::Byte, random.below(16) as u32);
}

/// Local APIC, I/O APIC or HPET, mostly registers that exist; now and then the base of the local APIC.
fn program_apics(bus: &mut SystemBus, random: &mut Random) {
    const LOCAL: [u64; 16] = [
        0x20, 0x80, 0xB0, 0xB0, 0xD0, 0xE0, 0xF0, 0x280, 0x300, 0x310, 0x320, 0x350, 0x360, 0x370, 0x380,
        0x3E0,
    ];
    let sparse = random.next() as u32 & random.next() as u32;
    match random.below(8) {
        0..4 => {
            let register = LOCAL[random.below(16) as usize];
            bus.write(PhysAddr(0xFEE0_0000 + register), Width::Dword, sparse);
        }
        4 => {
            bus.write(PhysAddr(0xFEC0_0000), Width::Dword, random.below(0x44) as u32);
            bus.write(PhysAddr(0xFEC0_0010), Width::Dword, sparse & 0xFF00_FFFF);
        }
        5 => {
            let register = [0x00, 0x10, 0x20, 0xF0, 0x100, 0x108, 0x120, 0x128, 0x140, 0x148];
            let at = register[random.below(10) as usize] + random.below(8);
            bus.write(PhysAddr(0xFED0_0000 + at), random.width(), sparse);
        }
        6 => {
            let page = [0xFEC0_0000, 0xFED0_0000, 0xFEE0_0000][random.below(3) as usize];
            bus.read(PhysAddr(page + random.below(0x1000)), random.width());
        }
        _ if random.below(20) == 0 => {
            let place = [0xFEE0_0900, 0xFEE0_0900, 0xFEE0_0100, 0x0009_0900][random.below(4) as usize];
            bus.set_apic_base(place);
        }
        _ => drop(bus.take_signals()),
    }
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
        80..88 => pass(bus, random),
        88..90 => program_ide(bus, random),
        90 => program_apics(bus, random),
        91 => program_platform(bus, random),
        92 if random.below(3) == 0 => program_usb(bus, random),
        92..95 => drop(bus.acknowledge()),
        95..97 => {
            let key = ALL_KEYS[random.below(ALL_KEYS.len() as u64) as usize];
            let pressed = random.below(2) == 0;
            bus.call(parts.kbc, |kbc, fabric| kbc.key(fabric, key, pressed));
        }
        97 if random.below(3) == 0 => use_hands(bus, parts, random),
        97 if random.below(2) == 0 => move_mouse(bus, parts, random),
        97 => {
            let bytes = random.next().to_le_bytes();
            bus.call(parts.com[0], |com, fabric| com.send(fabric, &bytes));
        }
        98 if random.below(2) == 0 => change_media(bus, parts, random),
        98 if random.below(4) == 0 => {
            bus.call(parts.pm.unwrap(), |pm, fabric| pm.power_button(fabric));
        }
        _ if random.below(40) == 0 => observe(bus, parts, frame),
        _ => drop(bus.take_request()),
    }
}

/// The host's hand at the mouse, and a command for it.
fn move_mouse(bus: &mut SystemBus, parts: &PcParts, random: &mut Random) {
    let mut some = || random.below(700) as i32 - 350;
    let (right, down, wheel) = (some(), some(), some());
    bus.call(parts.kbc, |kbc, fabric| {
        kbc.mouse_motion(fabric, right, down, wheel);
        kbc.mouse_button(fabric, MouseButton::Middle, right > 0);
    });
    bus.pio_write(Port(0x64), Width::Byte, 0xD4);
    let command = [0xF4, 0xF3, 200, 100, 80, 0xE0 | random.below(32) as u32][random.below(6) as usize];
    bus.pio_write(Port(0x60), Width::Byte, command);
}

/// The host's hand at the CD-ROM drives.
fn change_media(bus: &mut SystemBus, parts: &PcParts, random: &mut Random) {
    let number = [1, 3][random.below(2) as usize];
    let ide = parts.ide.unwrap();
    match random.below(3) {
        0 => insert(bus, parts, number),
        1 => {
            let _locked = bus.call(ide, |ide, _| ide.eject(number));
        }
        _ => drop(bus.call(ide, |ide, _| ide.force_eject(number))),
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
    vga.render(&bus.fabric().ram, now, frame);
    assert_eq!(frame.pixels.len(), frame.width * frame.height);
    if let Some(text) = vga.text(&bus.fabric().ram) {
        assert_eq!(text.cells.len(), text.columns * text.rows);
    }
    let mut sound = [[0; 2]; 256];
    let first = sound::frame_at(now).saturating_sub(sound::LATENCY + 256);
    bus.call(parts.pit, |pit, _| pit.render(now, first, &mut sound));
    bus.call(parts.sb16.unwrap(), |card, _| card.render(now, first, &mut sound));
    bus.call(parts.ac97.unwrap(), |card, _| card.render(first, &mut sound));
    bus.call(parts.com[0], |com, _| com.take_output());
}

fn run(seed: u64) -> SystemBus {
    let (mut bus, parts) = machine();
    let (mut random, mut frame) = (Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1), Frame::default());
    let PageTarget::Rom(rom) = bus.page(PhysAddr(ROM)) else { panic!("the ROM is not mapped") };
    for _ in 0..STEPS {
        step(&mut bus, &parts, &mut random, &mut frame);
    }
    let mut bytes = [0; PAGE_SIZE];
    bus.fabric().ram.read_at(rom, &mut bytes);
    assert_eq!(bytes, [0xC3; PAGE_SIZE], "seed {seed}: something wrote outside RAM");
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
    Section::encode(section.name(), section.version(), &Raw(bytes)).unwrap()
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
