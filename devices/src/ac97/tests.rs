use super::*;
use crate::pc::{self, PcConfig, PcParts};
use crate::sound::{LATENCY, frame_at};
use ringzero_bus::{PhysAddr, Port, SystemBus};

const NAM: u16 = 0xC000;
const NABM: u16 = 0xC400;
const LIST: u64 = 0x1000;
const DATA: u32 = 0x1_0000;

fn machine() -> (SystemBus, PcParts) {
    let mut bus = SystemBus::new(1 << 20, 1);
    let parts = pc::build(&mut bus, &PcConfig { pci: true, ac97: true, ..PcConfig::default() }).unwrap();
    for (register, value) in [(0x10, u32::from(NAM)), (0x14, u32::from(NABM)), (0x04, 0x05)] {
        bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_1800 | register);
        bus.pio_write(Port(0xCFC), Width::Dword, value);
    }
    // INTA of device 3 is PIRQC.
    bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_0860);
    bus.pio_write(Port(0xCFC), Width::Dword, 0x800B_8080);
    word(&mut bus, NAM + 0x02, 0);
    word(&mut bus, NAM + 0x18, 0x0808);
    (bus, parts)
}

fn word(bus: &mut SystemBus, port: u16, value: u16) {
    bus.pio_write(Port(port), Width::Word, value.into());
}

fn byte(bus: &mut SystemBus, port: u16, value: u8) {
    bus.pio_write(Port(port), Width::Byte, value.into());
}

fn read(bus: &mut SystemBus, port: u16, width: Width) -> u32 {
    bus.pio_read(Port(port), width)
}

/// Buffers of stereo frames, one behind the other, each with its flags.
fn list(bus: &mut SystemBus, buffers: &[(usize, u32)]) -> Vec<Frame> {
    let mut at = DATA;
    let mut frames = Vec::new();
    for (n, &(len, flags)) in buffers.iter().enumerate() {
        bus.write(PhysAddr(LIST + 8 * n as u64), Width::Dword, at);
        bus.write(PhysAddr(LIST + 8 * n as u64 + 4), Width::Dword, (flags << 16) | (2 * len as u32));
        for _ in 0..len {
            let value = (frames.len() as u32).wrapping_mul(2_654_435_761);
            bus.write(PhysAddr(at.into()), Width::Dword, value);
            frames.push([i32::from(value as i16), i32::from((value >> 16) as i16)]);
            at += 4;
        }
    }
    bus.pio_write(Port(NABM + 0x10), Width::Dword, LIST as u32);
    byte(bus, NABM + 0x15, buffers.len() as u8 - 1);
    frames
}

fn run(bus: &mut SystemBus, until: u64) {
    while let Some(next) = bus.next_deadline_count().filter(|&next| next <= until) {
        bus.set_count(next);
        bus.run_due_events();
    }
    bus.set_count(until);
}

fn sound(bus: &mut SystemBus, parts: &PcParts) -> Vec<Frame> {
    let mut frames = vec![[0; 2]; (frame_at(bus.now()) - LATENCY) as usize];
    bus.call(parts.ac97.unwrap(), |card, _| card.render(0, &mut frames));
    frames
}

#[test]
fn buffers_are_played_sample_for_sample() {
    let (mut bus, parts) = machine();
    let wanted = list(&mut bus, &[(480, 0x8000), (960, 0x8000), (100, 0)]);
    byte(&mut bus, NABM + 0x1B, 0x1D);
    run(&mut bus, 100_000);
    let heard = sound(&mut bus, &parts);
    assert!(heard.windows(wanted.len()).any(|window| window == wanted));
    assert_eq!(read(&mut bus, NABM + 0x16, Width::Byte), 0x0F);
    assert_eq!(read(&mut bus, NABM + 0x30, Width::Dword), 0x140);
}

#[test]
fn completion_interrupts_at_its_time_and_positions_count_down() {
    let (mut bus, _) = machine();
    list(&mut bus, &[(480, 0x8000), (480, 0)]);
    byte(&mut bus, NABM + 0x1B, 0x11);
    run(&mut bus, 5_000);
    assert_eq!(read(&mut bus, NABM + 0x18, Width::Word), 480);
    run(&mut bus, 9_999);
    assert!(!bus.fabric().irqs.level(ringzero_bus::Irq(11)));
    run(&mut bus, 10_001);
    assert!(bus.fabric().irqs.level(ringzero_bus::Irq(11)));
    assert_eq!(read(&mut bus, NABM + 0x14, Width::Byte), 1);
    word(&mut bus, NABM + 0x16, 0x1C);
    assert!(!bus.fabric().irqs.level(ringzero_bus::Irq(11)));
}

#[test]
fn a_new_last_buffer_lets_it_go_on() {
    let (mut bus, _) = machine();
    list(&mut bus, &[(48, 0), (48, 0), (48, 0)]);
    byte(&mut bus, NABM + 0x15, 0);
    byte(&mut bus, NABM + 0x1B, 0x01);
    run(&mut bus, 20_000);
    assert_eq!(read(&mut bus, NABM + 0x14, Width::Word), 0);
    byte(&mut bus, NABM + 0x15, 2);
    run(&mut bus, 20_500);
    assert_eq!(
        (read(&mut bus, NABM + 0x14, Width::Byte), read(&mut bus, NABM + 0x16, Width::Byte) & 1),
        (1, 0)
    );
}

/// How Linux's driver measures the clock: where playing is after 50 ms.
#[test]
fn the_clock_is_measured_to_be_48_000() {
    let (mut bus, _) = machine();
    let buffers: Vec<(usize, u32)> = vec![(512, 0); 32];
    list(&mut bus, &buffers);
    byte(&mut bus, NABM + 0x1B, 0x01);
    run(&mut bus, 50_000);
    let current = read(&mut bus, NABM + 0x14, Width::Byte) as u64;
    let left = u64::from(read(&mut bus, NABM + 0x18, Width::Word) as u16);
    assert_eq!(current * 1024 + 1024 - left, 4800);
}

#[test]
fn another_rate_takes_its_time() {
    let (mut bus, _) = machine();
    word(&mut bus, NAM + 0x2A, 1);
    word(&mut bus, NAM + 0x2C, 8_000);
    list(&mut bus, &[(800, 0x8000)]);
    byte(&mut bus, NABM + 0x1B, 0x11);
    run(&mut bus, 99_990);
    assert_eq!(read(&mut bus, NABM + 0x30, Width::Byte), 0);
    run(&mut bus, 100_010);
    assert_eq!(read(&mut bus, NABM + 0x30, Width::Byte), 0x40);
}

#[test]
fn without_the_right_to_be_a_master_nothing_moves() {
    let (mut bus, _) = machine();
    bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_1804);
    bus.pio_write(Port(0xCFC), Width::Word, 0x01);
    list(&mut bus, &[(480, 0x8000)]);
    byte(&mut bus, NABM + 0x1B, 0x11);
    run(&mut bus, 50_000);
    assert_eq!(read(&mut bus, NABM + 0x18, Width::Word), 960);
}

#[test]
fn a_recording_is_silent() {
    let (mut bus, _) = machine();
    list(&mut bus, &[(100, 0x8000)]);
    bus.pio_write(Port(NABM), Width::Dword, LIST as u32);
    byte(&mut bus, NABM + 0x0B, 0x11);
    run(&mut bus, 50_000);
    assert_eq!([DATA, DATA + 396].map(|at| bus.read(PhysAddr(at.into()), Width::Dword)), [0, 0]);
    assert_eq!(read(&mut bus, NABM + 0x30, Width::Byte), 0x20);
}

#[test]
fn empty_buffers_do_not_hang_it() {
    let (mut bus, _) = machine();
    let buffers: Vec<(usize, u32)> = vec![(0, 0x8000); 32];
    list(&mut bus, &buffers);
    byte(&mut bus, NABM + 0x15, 31);
    byte(&mut bus, NABM + 0x1B, 0x01);
    run(&mut bus, 10_000);
    assert_eq!(read(&mut bus, NABM + 0x16, Width::Byte) & 5, 5);
}

#[test]
fn random_writes_do_no_harm() {
    let mut random = 0x1357_9BDF_0246_8ACEu64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for _ in 0..8 {
        let (mut bus, parts) = machine();
        list(&mut bus, &[(100, 0xC000), (0, 0x8000), (5, 0), (30_000, 0x4000)]);
        let mut first = 0;
        for _ in 0..2000 {
            let value = next();
            let width = [Width::Byte, Width::Word, Width::Dword][(value >> 4) as usize % 3];
            let base = if value & 1 == 0 { NAM } else { NABM };
            let port = base + (value >> 8 & 0x3F) as u16;
            bus.pio_write(Port(port), width, (value >> 16) as u32 & width.open_bus());
            if value & 6 == 0 {
                byte(&mut bus, NABM + 0x1B, 0x1D);
            }
            read(&mut bus, port, width);
            let until = bus.now().0 / 1000 + (value >> 50);
            run(&mut bus, until);
            let end = frame_at(bus.now()).saturating_sub(LATENCY).max(first);
            let mut frames = vec![[0; 2]; (end - first) as usize];
            bus.call(parts.ac97.unwrap(), |card, _| card.render(first, &mut frames));
            first = end;
        }
        let saved = bus.save().unwrap();
        machine().0.load(&saved).unwrap();
    }
}
