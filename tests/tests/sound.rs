//! Sound by measurement: what boot programs make the chips play, as the machine renders it.

use ringzero_machine::storage::MemoryMedium;
use ringzero_machine::{Config, Machine, Media, OnIdle, SoundCards};
use ringzero_tests::programs::sound::{DATA, Step, bytes, disk, dma_8, dma_16, fm};
use std::f64::consts::{PI, TAU};

const RATE: f64 = 48_000.0;

fn machine(steps: &[Step], data: &[u8], cards: SoundCards) -> Machine {
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(MemoryMedium::new(disk(steps, data).unwrap())));
    Machine::new(Config { sound: cards, ..Config::default() }, media).unwrap()
}

/// Goes on for milliseconds of virtual time and appends what is heard.
fn listen(machine: &mut Machine, milliseconds: u64, heard: &mut Vec<[i16; 2]>) {
    let end = machine.now().plus_ns(milliseconds * 1_000_000);
    while machine.now() < end {
        machine.run(machine.count() + 500_000, OnIdle::Return);
        if let Some(deadline) = machine.idle_until().filter(|_| machine.is_halted()) {
            machine.skip_to(deadline.min(end));
        }
        let mut samples = Vec::new();
        machine.render_sound(&mut samples);
        heard.extend(samples.chunks_exact(2).map(|frame| [frame[0], frame[1]]));
    }
}

/// What a program makes in its first seconds, from power-on.
fn play(steps: &[Step], data: &[u8], cards: SoundCards, milliseconds: u64) -> Vec<[i16; 2]> {
    let mut heard = Vec::new();
    listen(&mut machine(steps, data, cards), milliseconds, &mut heard);
    heard
}

/// One side from where it is first heard, without the first milliseconds of that.
fn after_start(heard: &[[i16; 2]], milliseconds: usize) -> Vec<f64> {
    let start = heard.iter().position(|frame| frame[0].unsigned_abs() > 500).expect("nothing is heard");
    heard[start + 48 * milliseconds..].iter().map(|frame| f64::from(frame[0])).collect()
}

/// The amplitude of a frequency, under a Hann window.
fn level(samples: &[f64], hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, value) in samples.iter().enumerate() {
        let window = 1.0 - (TAU * n as f64 / samples.len() as f64).cos();
        re += value * window * (TAU * hz * n as f64 / RATE).cos();
        im += value * window * (TAU * hz * n as f64 / RATE).sin();
    }
    2.0 * re.hypot(im) / samples.len() as f64
}

/// The frequency near `hz` that is loudest.
fn pitch(samples: &[f64], hz: f64) -> f64 {
    let candidates = (-400..=400).map(|n| hz + f64::from(n) / 100.0);
    candidates.max_by(|a, b| level(samples, *a).total_cmp(&level(samples, *b))).unwrap()
}

fn noise(len: usize) -> Vec<u8> {
    (0..len as u32).map(|n| (n.wrapping_add(77).wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn contains(heard: &[[i16; 2]], wanted: &[[i16; 2]]) -> bool {
    heard.windows(wanted.len()).any(|window| window == wanted)
}

const SB16_RESET: [Step; 3] = [Step::Byte(0x226, 1), Step::Wait(1), Step::Byte(0x226, 0)];

fn sb16(dma: Vec<Step>, commands: &[u8]) -> Vec<Step> {
    [SB16_RESET.to_vec(), dma, bytes(0x22C, commands)].concat()
}

#[test]
fn the_speaker_plays_440_hz() {
    // 1193182 / 2712 = 439.96.
    let steps =
        [Step::Byte(0x43, 0xB6), Step::Byte(0x42, 0x98), Step::Byte(0x42, 0x0A), Step::Byte(0x61, 0x03)];
    let tone = after_start(&play(&steps, &[], SoundCards::NONE, 4000), 200);
    let tone = &tone[..48_000];
    let hz = pitch(tone, 440.0);
    assert!((hz - 439.96).abs() < 0.1, "{hz}");
    // A square wave of 16,000 from low to high: 4 / pi of half of it, and a third of that at three times the pitch.
    let (first, second, third) = (level(tone, hz), level(tone, 2.0 * hz), level(tone, 3.0 * hz));
    assert!((first / (8000.0 * 4.0 / PI) - 1.0).abs() < 0.02, "{first}");
    assert!((third / first * 3.0 - 1.0).abs() < 0.02 && second < first / 300.0, "{second} {third}");
}

/// Registers of channel 0: both operators' control, level, rates and waveforms, then the connection.
fn instrument(modulator: [u8; 5], carrier: [u8; 5], connection: u8) -> Vec<Step> {
    let registers = [0x20, 0x40, 0x60, 0x80, 0xE0];
    let writes = registers.into_iter().zip(modulator.into_iter().zip(carrier));
    let operators =
        writes.flat_map(|(register, (first, second))| [fm(register, first), fm(register + 3, second)]);
    operators.chain([fm(0xC0, connection), fm(0xA0, 0x44)]).flatten().collect()
}

/// F-NUM 144h in block 4: 324 * 2^4 / 2^20 of 14.31818 MHz / 288.
const FM_HZ: f64 = 324.0 * 16.0 / 1_048_576.0 * 315e6 / 22.0 / 288.0;
const KEY_ON: u8 = 0x31;
const KEY_OFF: u8 = 0x11;
const ADLIB: SoundCards = SoundCards { adlib: true, ..SoundCards::NONE };

/// The Bessel function of the first kind.
fn bessel(order: i32, x: f64) -> f64 {
    let steps = 2000;
    let sum: f64 = (0..steps)
        .map(|n| {
            let t = PI * (f64::from(n) + 0.5) / f64::from(steps);
            (f64::from(order) * t - x * t.sin()).cos()
        })
        .sum();
    sum / f64::from(steps)
}

#[test]
fn frequency_modulation_has_the_spectrum_of_its_formula() {
    // Modulator and carrier at the same pitch: sin(wt + I sin(wt)). Harmonic n has J(n-1)(I) - (-1)^n J(n+1)(I) of the carrier's
    // height, with signs by phase; I is the modulator's height, 4084 / 1024 cycles less 32/16 * 0.75 dB steps.
    for (cards, total_level) in [(ADLIB, 24u8), (SoundCards::default(), 24)] {
        let mut steps = fm(0x01, 0x20).to_vec();
        steps.extend(instrument([0x21, total_level, 0xF0, 0x0F, 0], [0x21, 0, 0xF0, 0x0F, 0], 0x30));
        steps.extend(fm(0xB0, KEY_ON));
        let tone = after_start(&play(&steps, &[], cards, 4000), 100);
        let tone = &tone[..48_000];
        let index = 4084.0 / 1024.0 * TAU * 2f64.powf(-f64::from(total_level) * 4.0 / 32.0);
        for harmonic in 1..=5 {
            let sign = if harmonic % 2 == 0 { 1.0 } else { -1.0 };
            let wanted = 4084.0 * (bessel(harmonic - 1, index) + sign * bessel(harmonic + 1, index)).abs();
            let found = level(tone, FM_HZ * f64::from(harmonic));
            assert!((found - wanted).abs() < 60.0, "harmonic {harmonic}: {found} for {wanted}");
        }
    }
}

#[test]
fn an_envelope_takes_its_times() {
    // Attack at once, decay of rate 8 (32 with no key scaling) to level 4 (12 dB), held, released at rate 8.
    let mut steps = instrument([0x20, 0x3F, 0x00, 0x0F, 0], [0x21, 0, 0xF8, 0x48, 0], 0x30);
    steps.extend(fm(0xB0, KEY_ON));
    steps.push(Step::Wait(500));
    steps.extend(fm(0xB0, KEY_OFF));
    let tone = after_start(&play(&steps, &[], SoundCards::default(), 4000), 0);
    let height = |milliseconds: usize| {
        tone[milliseconds * 48..][..480].iter().fold(0f64, |most, value| most.max(value.abs()))
    };
    // Below rate 48 a step of 3/16 dB takes 2^(13 - rate / 4) samples: 32 at rate 32, 0.6437 ms. The key's number, 9 of
    // block 4, adds 2 to the rate without KSR: half as fast again. 64 steps are 12 dB.
    let step = 32.0 / 49.716 / 1.5;
    let half = (32.0 * step) as usize;
    assert!((height(half) / 4084.0 - 0.5).abs() < 0.08, "{}", height(half));
    assert!((height(300) / 4084.0 - 0.25).abs() < 0.01, "{}", height(300));
    // 64 more steps after the key is let go.
    let released = 500 + (64.0 * step) as usize;
    assert!((height(released) / 4084.0 - 0.0625).abs() < 0.02, "{}", height(released));
    assert!(height(900) < 8.0, "{}", height(900));
}

#[test]
fn eight_bit_samples_come_out_as_they_are() {
    let data = noise(4000);
    // 48 kHz, 8 bits, mono, auto-init.
    let steps = sb16(dma_8(4000, 0x58), &[0x41, 0xBB, 0x80, 0xC6, 0x00, 0x9F, 0x0F]);
    let heard = play(&steps, &data, SoundCards::default(), 4000);
    let wanted: Vec<[i16; 2]> = data.iter().map(|&byte| [i16::from((byte ^ 0x80) as i8) << 8; 2]).collect();
    assert!(contains(&heard, &[&wanted[..], &wanted].concat()));
}

#[test]
fn sixteen_bit_samples_in_stereo_come_out_as_they_are() {
    let data = noise(4000);
    // 48 kHz, 16 bits, signed, stereo, once.
    let steps = sb16(dma_16(2000, 0x48), &[0x41, 0xBB, 0x80, 0xB0, 0x30, 0xCF, 0x07]);
    let heard = play(&steps, &data, SoundCards::default(), 4000);
    let words: Vec<i16> = data.chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let wanted: Vec<[i16; 2]> = words.chunks(2).map(|pair| [pair[0], pair[1]]).collect();
    assert!(contains(&heard, &wanted));
}

#[test]
fn ten_seconds_at_another_rate_have_no_gap_and_no_click() {
    // 441 Hz at 22,050 Hz: 50 samples a cycle, 2000 words of one side.
    let data: Vec<u8> = (0..2000)
        .flat_map(|n| (((TAU * f64::from(n) / 50.0).sin() * 20_000.0).round() as i16).to_le_bytes())
        .collect();
    let steps = sb16(dma_16(2000, 0x58), &[0x41, 0x56, 0x22, 0xB6, 0x10, 0xE7, 0x03]);
    let tone = after_start(&play(&steps, &data, SoundCards::default(), 13_000), 100);
    let tone = &tone[..480_000];
    let (mut re, mut im) = (0.0, 0.0);
    for (n, value) in tone.iter().enumerate() {
        re += value * (TAU * 441.0 * n as f64 / RATE).cos() * 2.0 / tone.len() as f64;
        im += value * (TAU * 441.0 * n as f64 / RATE).sin() * 2.0 / tone.len() as f64;
    }
    assert!((re.hypot(im) - 20_000.0).abs() < 20.0, "{}", re.hypot(im));
    let rest = tone.iter().enumerate().map(|(n, value)| {
        let angle = TAU * 441.0 * n as f64 / RATE;
        (value - re * angle.cos() - im * angle.sin()).abs()
    });
    let rest = rest.fold(0f64, f64::max);
    assert!(rest < 20.0, "{rest}");
}

/// The list of two buffers of 1000 words each that lie behind it, and the program that plays it.
fn ac97(rate: u16) -> (Vec<Step>, Vec<u8>) {
    let samples = u32::from(DATA) + 256;
    // All 32 descriptors show the same 1000 frames, 10 cycles of 100.
    let list = (0..32).flat_map(|_| [samples.to_le_bytes(), 2000u32.to_le_bytes()].concat());
    let tone = (0..1000).flat_map(|n| {
        let value = ((TAU * f64::from(n) / 100.0).sin() * 16_000.0).round() as i16;
        [value.to_le_bytes(), (-value).to_le_bytes()].concat()
    });
    let config =
        |register: u32, value: u32| [Step::Dword(0xCF8, 0x8000_1800 | register), Step::Dword(0xCFC, value)];
    let mut steps = [config(0x10, 0xD000), config(0x14, 0xD400), config(0x04, 0x05)].concat();
    steps.extend([
        Step::Dword(0xD42C, 0x02),
        Step::Word(0xD002, 0x0000),
        Step::Word(0xD018, 0x0808),
        Step::Word(0xD02A, 0x0001),
        Step::Word(0xD02C, rate),
        Step::Byte(0xD41B, 0x02),
        Step::Dword(0xD410, DATA.into()),
        Step::Byte(0xD415, 31),
        Step::Byte(0xD41B, 0x01),
    ]);
    (steps, list.chain(tone).collect())
}

#[test]
fn ac97_plays_at_its_rate() {
    for (rate, hz) in [(48_000, 480.0), (44_100, 441.0)] {
        let (steps, data) = ac97(rate);
        let cards = SoundCards { ac97: true, ..SoundCards::NONE };
        let heard = play(&steps, &data, cards, 4000);
        let tone = &after_start(&heard, 20)[..24_000];
        let found = pitch(tone, hz);
        assert!((found - hz).abs() < 0.05, "{found}");
        assert!((level(tone, hz) - 16_000.0).abs() < 30.0 && level(tone, 3.0 * hz) < 10.0);
        assert!(heard.iter().all(|frame| (i32::from(frame[0]) + i32::from(frame[1])).abs() < 4));
    }
}

/// FM, samples and the speaker at once.
fn everything() -> (Vec<Step>, Vec<u8>) {
    let mut steps = instrument([0x61, 0x12, 0xF1, 0x0F, 0], [0x62, 4, 0x72, 0x25, 0], 0x3C);
    steps.extend(fm(0xB0, KEY_ON));
    steps.extend([
        Step::Byte(0x43, 0xB6),
        Step::Byte(0x42, 0x98),
        Step::Byte(0x42, 0x0A),
        Step::Byte(0x61, 0x03),
    ]);
    steps.extend(sb16(dma_8(4000, 0x58), &[0x41, 0x2B, 0x11, 0xC6, 0x20, 0x9F, 0x0F]));
    (steps, noise(4000))
}

#[test]
fn the_same_run_sounds_the_same() {
    let (steps, data) = everything();
    let cards = SoundCards::default();
    assert!(play(&steps, &data, cards, 3000) == play(&steps, &data, cards, 3000));
}

#[test]
fn forks_and_snapshots_play_on_alike() {
    let (steps, data) = everything();
    let mut machine = machine(&steps, &data, SoundCards::default());
    let mut before = Vec::new();
    listen(&mut machine, 2500, &mut before);
    let mut fork = machine.fork().unwrap();
    let snapshot = machine.save().unwrap();
    let mut loaded = self::machine(&steps, &data, SoundCards::default());
    loaded.load(&snapshot).unwrap();
    let [mut a, mut b, mut c] = [const { Vec::new() }; 3];
    listen(&mut machine, 500, &mut a);
    listen(&mut fork, 500, &mut b);
    listen(&mut loaded, 500, &mut c);
    assert!(a == b && a.iter().any(|frame| *frame != [0; 2]));
    let differs = a.iter().zip(&c).position(|(a, c)| a != c);
    assert!(a.len() == c.len() && differs.is_none(), "frame {differs:?} of {}", a.len());
}

#[test]
fn listening_does_not_change_the_run() {
    let (steps, data) = everything();
    let mut heard = machine(&steps, &data, SoundCards::default());
    listen(&mut heard, 2600, &mut Vec::new());
    let mut unheard = machine(&steps, &data, SoundCards::default());
    let end = heard.now();
    while unheard.now() < end {
        unheard.run(unheard.count() + 500_000, OnIdle::Return);
        if let Some(deadline) = unheard.idle_until().filter(|_| unheard.is_halted()) {
            unheard.skip_to(deadline.min(end));
        }
    }
    assert_eq!(heard.state_hash().unwrap(), unheard.state_hash().unwrap());
}

/// What the program writes with `--audio wav:`: its samples, and the whole file.
#[cfg(unix)]
fn wav_of(disk: &[u8], name: &str) -> (Vec<[i16; 2]>, Vec<u8>) {
    let path =
        |suffix: &str| std::env::temp_dir().join(format!("ringzero-{}-{name}.{suffix}", std::process::id()));
    std::fs::write(path("img"), disk).unwrap();
    let audio = format!("wav:{}", path("wav").display());
    let status = std::process::Command::new(ringzero_tests::disks::host::ringzero())
        .args(["run", "--headless", "--max-virtual", "3", "--audio", &audio])
        .arg(path("img"))
        .stderr(std::process::Stdio::null())
        .status();
    assert_eq!(status.unwrap().code(), Some(83), "the run ends at its limit");
    let file = std::fs::read(path("wav")).unwrap();
    for suffix in ["img", "wav"] {
        std::fs::remove_file(path(suffix)).unwrap();
    }
    let start = 8 + file.windows(4).position(|window| window == b"data").unwrap();
    let word = |pair: &[u8]| i16::from_le_bytes([pair[0], pair[1]]);
    let samples = file[start..].chunks_exact(4).map(|four| [word(&four[..2]), word(&four[2..])]).collect();
    (samples, file)
}

#[test]
#[cfg(unix)]
fn a_wav_file_holds_the_samples_and_is_the_same_each_time() {
    let data = noise(4000);
    let steps = sb16(dma_16(2000, 0x48), &[0x41, 0xBB, 0x80, 0xB0, 0x30, 0xCF, 0x07]);
    let disk = disk(&steps, &data).unwrap();
    let (samples, file) = wav_of(&disk, "first");
    let words: Vec<i16> = data.chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let wanted: Vec<[i16; 2]> = words.chunks(2).map(|pair| [pair[0], pair[1]]).collect();
    assert!(contains(&samples, &wanted));
    assert_eq!(samples.len(), 3 * 48_000);
    assert!(wav_of(&disk, "second").1 == file, "the second file is another");
}
