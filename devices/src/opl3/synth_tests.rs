use super::*;

fn with(writes: &[(usize, u8, u8)]) -> Synth {
    let mut synth = Synth::new(Chip::Ymf262);
    synth.write(1, 5, 1);
    writes.iter().for_each(|&(array, register, value)| synth.write(array, register, value));
    synth
}

/// A steady sine at full level in channel 0: the first operator silent.
const TONE: [(usize, u8, u8); 10] = [
    (0, 0x20, 0x21),
    (0, 0x40, 0x3F),
    (0, 0x60, 0xF0),
    (0, 0x80, 0x0F),
    (0, 0x23, 0x21),
    (0, 0x43, 0x00),
    (0, 0x63, 0xF0),
    (0, 0x83, 0x0F),
    (0, 0xA0, 0x44),
    (0, 0xC0, 0x30),
];

fn samples(synth: &mut Synth, count: usize) -> Vec<[i16; 2]> {
    (0..count).map(|_| synth.clock()).collect()
}

fn peak(samples: &[[i16; 2]], side: usize) -> i32 {
    samples.iter().map(|sample| i32::from(sample[side]).abs()).max().unwrap_or(0)
}

#[test]
fn a_carrier_alone_is_a_sine_of_full_height() {
    let mut synth = with(&TONE);
    synth.write(0, 0xB0, 0x31);
    let out = samples(&mut synth, 5000);
    assert!((4080..=4085).contains(&peak(&out, 0)), "{}", peak(&out, 0));
    // F-NUM 144h in block 4: 324 * 16 / 2^20 of the sample rate.
    let rises = out.windows(2).filter(|pair| pair[0][0] < 0 && pair[1][0] >= 0).count();
    assert!((24..=25).contains(&rises), "{rises}");
}

#[test]
fn sides_follow_their_bits() {
    for (bits, left, right) in [(0x10, true, false), (0x20, false, true), (0x00, false, false)] {
        let mut synth = with(&TONE);
        synth.write(0, 0xC0, bits);
        synth.write(0, 0xB0, 0x31);
        let out = samples(&mut synth, 2000);
        assert_eq!((peak(&out, 0) > 4000, peak(&out, 1) > 4000), (left, right));
    }
}

#[test]
fn the_opl2_mode_plays_on_both_sides_and_has_no_second_array() {
    let mut synth = Synth::new(Chip::Ymf262);
    TONE.iter().for_each(|&(_, register, value)| synth.write(1, register, value));
    synth.write(1, 0xB0, 0x31);
    assert_eq!(peak(&samples(&mut synth, 500), 0), 0);
    TONE.iter().for_each(|&(array, register, value)| synth.write(array, register, value));
    synth.write(0, 0xC0, 0x00);
    synth.write(0, 0xB0, 0x31);
    let out = samples(&mut synth, 2000);
    assert!(peak(&out, 0) > 4000 && peak(&out, 1) > 4000);
}

#[test]
fn additive_connection_lets_both_be_heard() {
    let mut synth = with(&TONE);
    synth.write(0, 0x40, 0x00);
    synth.write(0, 0xC0, 0x31);
    synth.write(0, 0xB0, 0x31);
    assert!(peak(&samples(&mut synth, 2000), 0) > 8000);
}

#[test]
fn four_operators_follow_their_leaders_key() {
    for (connections, routes) in [
        ((0x30, 0x30), [0, 0, 0, 1]),
        ((0x30, 0x31), [0, 1, 0, 1]),
        ((0x31, 0x30), [1, 0, 0, 1]),
        ((0x31, 0x31), [1, 0, 1, 1]),
    ] {
        let mut synth =
            with(&[(1, 4, 1), (0, 0xC0, connections.0), (0, 0xC3, connections.1), (0, 0xB0, 0x20)]);
        let heard = [0, 3, 6, 9].map(|slot| synth.routes[0][slot].gain[0]);
        assert_eq!(heard, routes);
        assert!([0, 3, 6, 9].iter().all(|&slot| !synth.operators[0][slot].is_asleep()));
        synth.write(0, 0xB3, 0x20);
        synth.write(0, 0xB0, 0x00);
        samples(&mut synth, 1);
        assert!(synth.operators[0][9].is_asleep());
    }
}

#[test]
fn chains_of_modulation_are_those_of_the_manual() {
    let chain = |first: u8, second: u8| {
        let synth = with(&[(1, 4, 1), (0, 0xC0, first), (0, 0xC3, second)]);
        [3, 6, 9].map(|slot| match synth.routes[0][slot].input {
            Input::Operator(other) => i32::from(other),
            _ => -1,
        })
    };
    assert_eq!(chain(0, 0), [0, 3, 6]);
    assert_eq!(chain(0, 1), [0, -1, 6]);
    assert_eq!(chain(1, 0), [-1, 3, 6]);
    assert_eq!(chain(1, 1), [-1, 3, -1]);
}

#[test]
fn drums_sound_by_their_bits_and_twice_as_loud() {
    let mut synth = with(&TONE);
    for slot in [0x10, 0x11, 0x12, 0x13, 0x14, 0x15] {
        for (register, value) in [(0x20, 0x21), (0x40, 0x00), (0x60, 0xF0), (0x80, 0x0F)] {
            synth.write(0, register + slot, value);
        }
    }
    for channel in 6..9 {
        synth.write(0, 0xA0 + channel, 0x80);
        synth.write(0, 0xB0 + channel, 0x0A);
        synth.write(0, 0xC0 + channel, 0x30);
    }
    // Hi-hat and cymbal know a few places of their sine only: D0h and 80h of 100h in a quarter.
    for (bit, height) in [(0x10, 8168), (0x08, 8168), (0x04, 8168), (0x02, 5784), (0x01, 7826)] {
        let mut drum = synth.clone();
        drum.write(0, 0xBD, 0x20 | bit);
        let out = samples(&mut drum, 3000);
        assert!((peak(&out, 0) - height).abs() < 100, "{bit:02x}: {}", peak(&out, 0));
    }
}

#[test]
fn the_noise_has_a_period_of_2_to_the_23() {
    let mut synth = Synth::new(Chip::Ymf262);
    let (mut count, first) = (0u32, synth.noise);
    while count == 0 || synth.noise != first {
        synth.clock_noise();
        count += 1;
    }
    assert_eq!(count, (1 << 23) - 1);
}

#[test]
fn the_opl2_has_its_waveforms_behind_a_bit() {
    let mut synth = Synth::new(Chip::Ym3812);
    TONE.iter().for_each(|&(array, register, value)| synth.write(array, register, value));
    synth.write(0, 0xE3, 2);
    synth.write(0, 0xB0, 0x31);
    let least = |out: &[[i16; 2]]| out.iter().map(|sample| sample[0]).min().unwrap();
    assert!(least(&samples(&mut synth, 2000)) < -4000);
    synth.write(0, 1, 0x20);
    assert!(least(&samples(&mut synth, 2000)[1..]) >= 0);
}
