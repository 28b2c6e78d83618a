use super::*;
use crate::pc::{self, PcConfig, PcParts};
use crate::sound::{LATENCY, SAMPLE_RATE, frame_at};
use ringzero_bus::{Irq, PhysAddr, Port, SystemBus, Width};

/// One instruction is a microsecond.
fn machine() -> (SystemBus, PcParts) {
    let mut bus = SystemBus::new(1 << 20, 1);
    let parts =
        pc::build(&mut bus, &PcConfig { sb16: Some(Sb16Config::default()), ..PcConfig::default() }).unwrap();
    out(&mut bus, 0x226, &[1, 0]);
    assert_eq!(input(&mut bus, 0x22A), 0xAA);
    (bus, parts)
}

fn out(bus: &mut SystemBus, port: u16, bytes: &[u8]) {
    bytes.iter().for_each(|&byte| bus.pio_write(Port(port), Width::Byte, byte.into()));
}

fn input(bus: &mut SystemBus, port: u16) -> u8 {
    bus.pio_read(Port(port), Width::Byte) as u8
}

fn dsp(bus: &mut SystemBus, bytes: &[u8]) {
    out(bus, 0x22C, bytes);
}

/// Channel 1, from 20000h.
fn dma_8(bus: &mut SystemBus, data: &[u8], mode: u8) {
    data.iter().zip(0x2_0000..).for_each(|(&byte, at)| bus.write(PhysAddr(at), Width::Byte, byte.into()));
    let [low, high] = (data.len() as u16 - 1).to_le_bytes();
    for (port, value) in
        [(0x0A, 5), (0x0C, 0), (0x0B, mode | 1), (2, 0), (2, 0), (0x83, 2), (3, low), (3, high), (0x0A, 1)]
    {
        out(bus, port, &[value]);
    }
}

/// Channel 5, from 20000h.
fn dma_16(bus: &mut SystemBus, data: &[i16], mode: u8) {
    data.iter().zip(0..).for_each(|(&word, n)| {
        bus.write(PhysAddr(0x2_0000 + 2 * n), Width::Word, u32::from(word as u16));
    });
    let [low, high] = (data.len() as u16 - 1).to_le_bytes();
    for (port, value) in [
        (0xD4, 5),
        (0xD8, 0),
        (0xD6, mode | 1),
        (0xC4, 0),
        (0xC4, 0),
        (0x8B, 2),
        (0xC6, low),
        (0xC6, high),
        (0xD4, 1),
    ] {
        out(bus, port, &[value]);
    }
}

/// Lets microseconds pass, event by event; gives the times of rising interrupts.
fn run(bus: &mut SystemBus, until: u64) -> Vec<u64> {
    let mut rises = Vec::new();
    let mut level = bus.fabric().irqs.level(Irq(5));
    while let Some(next) = bus.next_deadline_count().filter(|&next| next <= until) {
        bus.set_count(next);
        bus.run_due_events();
        let now = bus.fabric().irqs.level(Irq(5));
        if now && !level {
            rises.push(next);
        }
        level = now;
    }
    bus.set_count(until);
    rises
}

fn sound(bus: &mut SystemBus, parts: &PcParts) -> Vec<Frame> {
    let now = bus.now();
    let mut frames = vec![[0; 2]; (frame_at(now) - LATENCY) as usize];
    bus.call(parts.sb16.unwrap(), |card, _| card.render(now, 0, &mut frames));
    frames
}

/// Where `wanted` is in what was played.
fn find(frames: &[Frame], wanted: &[Frame]) -> Option<usize> {
    frames.windows(wanted.len()).position(|window| window == wanted)
}

const MONO_48000: &[u8] = &[0x41, 0xBB, 0x80];

fn noise(len: usize) -> Vec<u8> {
    (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn the_dsp_tells_who_it_is() {
    let (mut bus, _) = machine();
    dsp(&mut bus, &[0xE1]);
    assert_eq!([input(&mut bus, 0x22A), input(&mut bus, 0x22A)], [4, 5]);
    dsp(&mut bus, &[0xE0, 0x55]);
    assert_eq!(input(&mut bus, 0x22A), 0xAA);
    dsp(&mut bus, &[0xE4, 0x77, 0xE8]);
    assert_eq!((input(&mut bus, 0x22E), input(&mut bus, 0x22A), input(&mut bus, 0x22E)), (0xFF, 0x77, 0x7F));
}

#[test]
fn eight_bits_pass_sample_for_sample() {
    let (mut bus, parts) = machine();
    let data = noise(1000);
    dma_8(&mut bus, &data, 0x48);
    dsp(&mut bus, MONO_48000);
    dsp(&mut bus, &[0xC0, 0x00, 0xE7, 0x03]);
    let rises = run(&mut bus, 60_000);
    let wanted: Vec<Frame> = data.iter().map(|&byte| [(i32::from(byte) - 128) << 8; 2]).collect();
    assert!(find(&sound(&mut bus, &parts), &wanted).is_some());
    // 1000 samples last 20,833 us.
    assert!(rises.len() == 1 && (20_833..20_840).contains(&rises[0]), "{rises:?}");
}

#[test]
fn sixteen_bits_in_stereo_pass_sample_for_sample() {
    let (mut bus, parts) = machine();
    let data: Vec<i16> = noise(4000).chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    dma_16(&mut bus, &data, 0x48);
    dsp(&mut bus, MONO_48000);
    dsp(&mut bus, &[0xB0, 0x30, 0xCF, 0x07]);
    let rises = run(&mut bus, 60_000);
    let wanted: Vec<Frame> = data.chunks(2).map(|pair| [pair[0].into(), pair[1].into()]).collect();
    assert!(find(&sound(&mut bus, &parts), &wanted).is_some());
    assert!(rises.len() == 1 && (20_833..20_840).contains(&rises[0]), "{rises:?}");
    out(&mut bus, 0x224, &[0x82]);
    assert_eq!(input(&mut bus, 0x225), IRQ_16_BIT);
    input(&mut bus, 0x22F);
    assert_eq!((input(&mut bus, 0x225), bus.fabric().irqs.level(Irq(5))), (0, false));
}

#[test]
fn auto_init_goes_on_and_interrupts_each_block() {
    let (mut bus, parts) = machine();
    let data = noise(512);
    dma_8(&mut bus, &data, 0x58);
    dsp(&mut bus, MONO_48000);
    dsp(&mut bus, &[0xC6, 0x00, 0xFF, 0x00]);
    let mut rises = Vec::new();
    for _ in 0..6 {
        let until = bus.next_deadline_count().unwrap() + 5_400;
        rises.extend(run(&mut bus, until));
        input(&mut bus, 0x22E);
    }
    dsp(&mut bus, &[0xDA]);
    let until = bus.next_deadline_count().unwrap() + 40_000;
    rises.extend(run(&mut bus, until));
    // 256 samples are 5333.3 us.
    assert!(rises.windows(2).take(4).all(|pair| (pair[1] - pair[0]) % 5_333 < 4), "{rises:?}");
    let wanted: Vec<Frame> =
        data.iter().chain(&data).map(|&byte| [(i32::from(byte) - 128) << 8; 2]).collect();
    assert!(find(&sound(&mut bus, &parts), &wanted).is_some());
}

#[test]
fn the_first_commands_play_by_time_constant() {
    let (mut bus, _) = machine();
    dma_8(&mut bus, &noise(1000), 0x48);
    dsp(&mut bus, &[0xD1, 0x40, 156, 0x14, 0xE7, 0x03]);
    // 10 kHz.
    let rises = run(&mut bus, 200_000);
    assert!(rises.len() == 1 && (100_000..100_010).contains(&rises[0]), "{rises:?}");
}

#[test]
fn stereo_of_the_pro_shares_the_rate() {
    let (mut bus, parts) = machine();
    dma_8(&mut bus, &[0xC0, 0x40].repeat(500), 0x48);
    out(&mut bus, 0x224, &[0x0E]);
    out(&mut bus, 0x225, &[0x02]);
    dsp(&mut bus, &[0x40, 206, 0x48, 0xE7, 0x03, 0x91]);
    // 20,000 bytes in a second: 1000 last 50 ms.
    let rises = run(&mut bus, 80_000);
    assert!(rises.len() == 1 && (50_000..50_010).contains(&rises[0]), "{rises:?}");
    let frames = sound(&mut bus, &parts);
    assert_eq!(frames[1200], [0x4000, -0x4000]);
}

#[test]
fn a_pause_stops_the_clock() {
    let (mut bus, _) = machine();
    dma_8(&mut bus, &noise(1000), 0x48);
    dsp(&mut bus, &[0x40, 156, 0x14, 0xE7, 0x03]);
    run(&mut bus, 50_000);
    dsp(&mut bus, &[0xD0]);
    assert!(run(&mut bus, 500_000).is_empty());
    dsp(&mut bus, &[0xD4]);
    let rises = run(&mut bus, 700_000);
    assert!(rises.len() == 1 && (549_000..551_000).contains(&rises[0]), "{rises:?}");
}

#[test]
fn silence_interrupts_and_asks_for_nothing() {
    let (mut bus, _) = machine();
    dsp(&mut bus, &[0x40, 156, 0x80, 0x63, 0x00]);
    let rises = run(&mut bus, 50_000);
    assert!(rises.len() == 1 && (10_000..10_010).contains(&rises[0]), "{rises:?}");
}

#[test]
fn adpcm_counts_bytes() {
    let (mut bus, _) = machine();
    dma_8(&mut bus, &noise(101), 0x48);
    dsp(&mut bus, &[0x40, 156, 0x75, 0x64, 0x00]);
    // A reference byte and 100 bytes of two samples each, at 10 kHz.
    let rises = run(&mut bus, 50_000);
    assert!(rises.len() == 1 && (20_000..20_010).contains(&rises[0]), "{rises:?}");
}

#[test]
fn a_recording_is_silent() {
    let (mut bus, _) = machine();
    dma_8(&mut bus, &[0x11; 100], 0x44);
    dsp(&mut bus, &[0x40, 156, 0x24, 0x63, 0x00]);
    assert_eq!(run(&mut bus, 50_000).len(), 1);
    assert_eq!([0x2_0000, 0x2_0063].map(|at| bus.read(PhysAddr(at), Width::Byte)), [0x80, 0x80]);
}

#[test]
fn the_identity_goes_to_memory() {
    let (mut bus, _) = machine();
    dma_8(&mut bus, &[0], 0x44);
    dsp(&mut bus, &[0xE2, 0x00]);
    assert_eq!(bus.read(PhysAddr(0x2_0000), Width::Byte), u32::from((0xAA - 106i32) as u8));
}

#[test]
fn interrupts_can_be_asked_for() {
    let (mut bus, _) = machine();
    dsp(&mut bus, &[0xF2]);
    assert!(bus.fabric().irqs.level(Irq(5)));
    input(&mut bus, 0x22E);
    assert!(!bus.fabric().irqs.level(Irq(5)));
}

#[test]
fn the_direct_converter_is_heard() {
    let (mut bus, parts) = machine();
    for n in 0..2000u64 {
        let until = n * 100;
        run(&mut bus, until);
        dsp(&mut bus, &[0x10, if n / 5 % 2 == 0 { 0x40 } else { 0xC0 }]);
    }
    let frames = sound(&mut bus, &parts);
    // 1 kHz.
    let rises = frames[..4800].windows(2).filter(|pair| pair[0][0] < 0 && pair[1][0] >= 0).count();
    assert!((95..=102).contains(&rises), "{rises}");
}

#[test]
fn fm_is_at_all_its_ports() {
    let (mut bus, _) = machine();
    for base in [0x220, 0x228, 0x388] {
        for (register, value) in [(4, 0x60), (4, 0x80), (2, 0xFF), (4, 0x21)] {
            out(&mut bus, base, &[register]);
            out(&mut bus, base + 1, &[value]);
        }
        let until = bus.now().0 / 1000 + 200;
        run(&mut bus, until);
        assert_eq!(input(&mut bus, base), 0xC0, "{base:x}");
    }
}

#[test]
fn a_snapshot_plays_on_alike() {
    let (mut bus, parts) = machine();
    let (mut other, others) = machine();
    dma_8(&mut bus, &noise(3000), 0x58);
    dsp(&mut bus, &[0x40, 166, 0xC6, 0x00, 0xB7, 0x0B]);
    run(&mut bus, 100_000);
    let ram: Vec<u8> = bus.fabric().ram.to_vec();
    other.load(&bus.save().unwrap()).unwrap();
    other.fabric_mut().ram.write(PhysAddr(0), &ram);
    let mut heard = Vec::new();
    for (bus, parts) in [(&mut bus, &parts), (&mut other, &others)] {
        run(bus, 400_000);
        heard.push(sound(bus, parts).split_off((SAMPLE_RATE / 10) as usize));
    }
    assert!(heard[0] == heard[1] && heard[0].iter().any(|frame| *frame != [0; 2]));
}

#[test]
fn random_writes_do_no_harm() {
    let mut random = 0x9876_5432_1FED_CBA9u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for _ in 0..12 {
        let (mut bus, parts) = machine();
        let mut first = 0;
        for _ in 0..2500 {
            let value = next();
            let port = match value & 7 {
                0 => 0x330 + (value >> 8 & 1) as u16,
                1 => [0x0A, 0xD4, 0x0B, 0xD6, 0x02, 0x03][(value >> 8) as usize % 6],
                2 | 3 => 0x220 + (value >> 8 & 15) as u16,
                _ => 0x22C,
            };
            out(&mut bus, port, &[(value >> 16) as u8]);
            input(&mut bus, port);
            let until = bus.now().0 / 1000 + (value >> 32 & 0x7FF);
            run(&mut bus, until);
            let now = bus.now();
            let end = frame_at(now).saturating_sub(LATENCY).max(first);
            let mut frames = vec![[0; 2]; (end - first) as usize];
            bus.call(parts.sb16.unwrap(), |card, _| card.render(now, first, &mut frames));
            first = end;
        }
        let saved = bus.save().unwrap();
        machine().0.load(&saved).unwrap();
    }
}
