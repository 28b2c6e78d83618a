use super::*;
use crate::sound::{LATENCY, SAMPLE_RATE, time_of};

fn write(opl: &mut Opl, now: VTime, register: u16, value: u8) {
    opl.write(now, register >> 8 << 1, register as u8);
    opl.write(now, (register >> 8 << 1) + 1, value);
}

/// A carrier of full level, held, in channel 0; the modulator's attack never begins.
fn tone(opl: &mut Opl, now: VTime) {
    for (register, value) in [
        (0x20, 0x21),
        (0x40, 0x3F),
        (0x60, 0x00),
        (0x80, 0x0F),
        (0x23, 0x21),
        (0x43, 0),
        (0x63, 0xF0),
        (0x83, 0x0F),
    ] {
        write(opl, now, register, value);
    }
    for (register, value) in [(0xA0, 0x44), (0xC0, 0x30), (0xB0, 0x31)] {
        write(opl, now, register, value);
    }
}

fn render(opl: &mut Opl, first: u64, frames: u64) -> Vec<i32> {
    let mut out = vec![[0; 2]; frames as usize];
    opl.render(time_of(first + frames + LATENCY), first, &mut out);
    out.iter().map(|frame| frame[0]).collect()
}

/// The amplitude of a frequency, under a Hann window.
fn level(samples: &[i32], hz: f64) -> f64 {
    let len = samples.len() as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, &value) in samples.iter().enumerate() {
        let window = 1.0 - (std::f64::consts::TAU * n as f64 / len).cos();
        let angle = std::f64::consts::TAU * hz * n as f64 / f64::from(SAMPLE_RATE);
        re += f64::from(value) * window * angle.cos();
        im += f64::from(value) * window * angle.sin();
    }
    2.0 * (re * re + im * im).sqrt() / len
}

#[test]
fn a_tone_has_its_pitch_and_height() {
    let mut opl = Opl::new(Chip::Ymf262);
    opl.render(VTime(0), 0, &mut []);
    tone(&mut opl, VTime(0));
    let out = render(&mut opl, 0, 48_000);
    // F-NUM 144h (324), block 4: 324 * 49715.9 * 2^4 / 2^20.
    let hz = 324.0 * 49_715.909 * 16.0 / 1_048_576.0;
    assert!((level(&out[4800..43_200], hz) - 4084.0).abs() < 20.0, "{}", level(&out[4800..43_200], hz));
    assert!(level(&out[4800..43_200], hz * 2.0) < 16.0, "{}", level(&out[4800..43_200], hz * 2.0));
}

#[test]
fn listening_does_not_show_in_the_state() {
    let (mut heard, mut unheard) = (Opl::new(Chip::Ymf262), Opl::new(Chip::Ymf262));
    let mut now = VTime(0);
    let mut frame = 0;
    heard.render(VTime(0), 0, &mut []);
    for n in 0..40u64 {
        for opl in [&mut heard, &mut unheard] {
            tone(opl, now);
            write(opl, now, 0x63, 0xF0 | (n as u8 & 15));
            write(opl, now, 0x83, 0x0F);
            write(opl, now, 0xC0, 0x3E);
            write(opl, VTime(now.0 + 1_000_000), 0xB0, if n % 2 == 0 { 0x11 } else { 0x31 });
        }
        now = now.plus_ns(if n == 20 || n == 31 { 20_000_000_000 } else { n * 7_654_321 });
        let to = frame_at(now).saturating_sub(LATENCY);
        heard.render(now, frame, &mut vec![[0; 2]; (to.saturating_sub(frame)) as usize]);
        frame = frame.max(to);
    }
    write(&mut heard, now, 0xA1, 7);
    write(&mut unheard, now, 0xA1, 7);
    let bytes = |opl: &Opl| ringzero_bus::Section::encode("opl", 1, &opl.save()).unwrap().bytes().to_vec();
    assert!(bytes(&heard) == bytes(&unheard));
}

#[test]
fn a_loaded_chip_plays_on_alike() {
    let (mut opl, mut other) = (Opl::new(Chip::Ymf262), Opl::new(Chip::Ymf262));
    opl.render(VTime(0), 0, &mut []);
    tone(&mut opl, VTime(0));
    write(&mut opl, VTime(300_000_000), 0xC0, 0x3C);
    render(&mut opl, 0, 20_000);
    let state = opl.save();
    assert!(other.accepts(&state));
    other.load(state);
    assert!(render(&mut opl, 20_000, 5000) == render(&mut other, 20_000, 5000));
}

#[test]
fn a_silent_chip_is_passed_over() {
    let mut opl = Opl::new(Chip::Ymf262);
    write(&mut opl, VTime(0), 0xA0, 1);
    write(&mut opl, VTime(u64::MAX / 1000), 0xA0, 2);
    assert!(opl.stream.is_silent(0));
}

#[test]
fn random_writes_do_no_harm() {
    let mut random = 0x1234_5678_9ABC_DEF1u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for chip in [Chip::Ym3812, Chip::Ymf262] {
        let mut opl = Opl::new(chip);
        let (mut now, mut frame) = (VTime(0), 0);
        for _ in 0..6000 {
            let value = next();
            opl.write(now, (value & 3) as u16, (value >> 8) as u8);
            opl.status(now);
            now = now.plus_ns(if value >> 60 == 0 { 50_000_000 } else { value >> 16 & 0xFFFF });
            let to = frame_at(now).saturating_sub(LATENCY).max(frame);
            opl.render(now, frame, &mut vec![[0; 2]; (to - frame) as usize]);
            frame = to;
        }
        let state = opl.save();
        assert!(opl.accepts(&state));
    }
}
