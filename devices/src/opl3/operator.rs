//! One operator: phase generator, envelope generator and what they make.
//!
//! Both count from the number of the sample, not from counters of their own. Operators that have died away are asleep.

use super::tables::{KEY_SCALE, MULTIPLES, wave};
use serde::{Deserialize, Serialize};

/// The envelope's lowest level, 96 dB down; 0 is the highest.
const SILENCE: u16 = 0x1FF;
/// Where decay and release stop counting.
const NEARLY_SILENT: u16 = 0x1F8;
/// Most looks at an envelope that time passes over.
const MOST_LOOKS: u32 = 20_000;

/// What the envelope is doing [YMF262, "Envelope Generator"].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Attack,
    Decay,
    Sustain,
    Release,
}

/// What a channel tells its operators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pitch {
    /// F-NUM, 10 bits.
    pub(super) f_num: u16,
    /// BLOCK, 3 bits.
    pub(super) block: u8,
    /// NTS, the note select bit: which bit of F-NUM joins BLOCK in the key's number.
    pub(super) note_select: bool,
}

impl Pitch {
    fn key_number(self) -> u8 {
        self.block << 1 | (self.f_num >> if self.note_select { 8 } else { 9 } & 1) as u8
    }
}

/// The low-frequency oscillators at a sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lfo {
    /// Attenuation by tremolo.
    pub(super) tremolo: u16,
    /// Where vibrato is in its eight steps.
    pub(super) vibrato: u8,
    /// DVB: 14 cents instead of 7.
    pub(super) deep_vibrato: bool,
}

/// An operator. Its registers are as the chip has them [YMF262, "Register Map"].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Operator {
    /// 20h: AM, VIB, EGT, KSR, MULTI.
    control: u8,
    /// 40h: KSL, TL.
    level: u8,
    /// 60h: AR, DR.
    attack_decay: u8,
    /// 80h: SL, RR.
    sustain_release: u8,
    /// E0h: waveform.
    waveform: u8,
    /// Keys that hold it: bit 0 the channel's, bit 1 the rhythm register's.
    keys: u8,
    stage: Stage,
    envelope: u16,
    /// 10 bits of phase and 9 behind the point.
    phase: u32,
    pitch: Pitch,
    /// The last output and the one before, for feedback.
    pub(super) out: i32,
    previous: i32,
}

impl Default for Operator {
    fn default() -> Self {
        Self {
            control: 0,
            level: 0,
            attack_decay: 0,
            sustain_release: 0,
            waveform: 0,
            keys: 0,
            stage: Stage::Release,
            envelope: SILENCE,
            phase: 0,
            pitch: Pitch::default(),
            out: 0,
            previous: 0,
        }
    }
}

impl Operator {
    /// Writes the register of group `register` (20h, 40h, 60h, 80h, E0h).
    pub(super) fn write(&mut self, register: u8, value: u8) {
        match register {
            0x20 => self.control = value,
            0x40 => self.level = value,
            0x60 => self.attack_decay = value,
            0x80 => self.sustain_release = value,
            _ => self.waveform = value & 7,
        }
    }

    pub(super) fn set_pitch(&mut self, pitch: Pitch) {
        self.pitch = pitch;
    }

    /// Presses or releases one of its keys.
    pub(super) fn set_key(&mut self, key: u8, on: bool) {
        self.keys = if on { self.keys | key } else { self.keys & !key };
    }

    /// Nothing is heard of it, and nothing will be until a key is pressed.
    pub(super) fn is_asleep(&self) -> bool {
        self.keys == 0 && self.envelope == SILENCE && self.stage == Stage::Release
    }

    // --- phase ----------------------------------------------------------------------------------------------

    /// F-NUM with vibrato: up to an eighth of its top three bits away [YMF262, "VIB"].
    fn f_num(&self, lfo: Lfo) -> u32 {
        let f_num = u32::from(self.pitch.f_num);
        if self.control & 0x40 == 0 || lfo.vibrato & 3 == 0 {
            return f_num;
        }
        let full = f_num >> 7 & 7;
        let range = full >> u32::from(lfo.vibrato & 1) >> u32::from(!lfo.deep_vibrato);
        if lfo.vibrato & 4 != 0 { f_num.wrapping_sub(range) } else { f_num + range }
    }

    fn phase_step(&self, lfo: Lfo) -> u32 {
        let base = (self.f_num(lfo) << self.pitch.block) >> 1;
        (base.wrapping_mul(MULTIPLES[usize::from(self.control & 15)]) >> 1) & 0x7_FFFF
    }

    /// The 10 bits of phase of this sample; the next sample's are counted.
    pub(super) fn clock_phase(&mut self, lfo: Lfo) -> u32 {
        let phase = self.phase >> 9;
        if self.is_pressed_anew() {
            self.phase = 0;
        }
        self.phase = (self.phase + self.phase_step(lfo)) & 0x7_FFFF;
        phase
    }

    // --- envelope -------------------------------------------------------------------------------------------

    fn is_pressed_anew(&self) -> bool {
        self.keys != 0 && self.stage == Stage::Release
    }

    /// Bits 7 to 2 of a rate register and of the key, 0 to 63; `None` when the register is 0
    /// [YMF262, "Rates of Attack, Decay, Sustain and Release"].
    fn rate(&self, register: u8) -> Option<u32> {
        let key = self.pitch.key_number() >> if self.control & 0x10 != 0 { 0 } else { 2 };
        (register != 0).then(|| (u32::from(register) * 4 + u32::from(key)).min(63))
    }

    fn present_rate(&self) -> Option<u32> {
        let stage = if self.is_pressed_anew() { Stage::Attack } else { self.stage };
        let held = self.control & 0x20 != 0;
        self.rate(match stage {
            Stage::Attack => self.attack_decay >> 4,
            Stage::Decay => self.attack_decay & 15,
            Stage::Sustain if held => 0,
            Stage::Sustain | Stage::Release => self.sustain_release & 15,
        })
    }

    fn sustain_level(&self) -> u16 {
        match self.sustain_release >> 4 {
            15 => 31,
            level => u16::from(level),
        }
    }

    /// KSL: attenuation by pitch, 0, 3, 1.5 or 6 dB per octave.
    fn key_scale(&self) -> u16 {
        let shift = [8, 1, 2, 0][usize::from(self.level >> 6)];
        let top = KEY_SCALE[usize::from(self.pitch.f_num >> 6 & 15)] << 2;
        top.saturating_sub((8 - u16::from(self.pitch.block)) << 5) >> shift
    }

    /// The attenuation of this sample in 3/16 dB; the next sample's is counted.
    fn clock_envelope(&mut self, sample: u64, lfo: Lfo) -> u32 {
        let tremolo = if self.control & 0x80 != 0 { lfo.tremolo } else { 0 };
        let attenuation = self.envelope + (u16::from(self.level & 0x3F) << 2) + self.key_scale() + tremolo;
        self.step_envelope(sample);
        u32::from(attenuation)
    }

    fn step_envelope(&mut self, sample: u64) {
        let anew = self.is_pressed_anew();
        let rate = self.present_rate();
        let at_once = rate.is_some_and(|rate| rate >= 60);
        let shift = rate.map_or(0, |rate| increment(rate, sample));
        let ended = self.envelope & NEARLY_SILENT == NEARLY_SILENT;
        let mut next = self.envelope;
        if anew && at_once {
            next = 0;
        }
        if self.stage != Stage::Attack && !anew && ended {
            next = SILENCE;
        }
        let falls = !anew && !ended && shift > 0;
        match self.stage {
            Stage::Attack if self.envelope == 0 => self.stage = Stage::Decay,
            Stage::Attack if self.keys != 0 && shift > 0 && !at_once => {
                next = self.envelope.wrapping_add_signed(!(self.envelope as i16) >> (4 - shift));
            }
            Stage::Attack => {}
            Stage::Decay if self.envelope >> 4 == self.sustain_level() => self.stage = Stage::Sustain,
            _ if falls => next += 1 << (shift - 1),
            _ => {}
        }
        self.envelope = next & SILENCE;
        if anew {
            self.stage = Stage::Attack;
        }
        if self.keys == 0 {
            self.stage = Stage::Release;
        }
    }

    // --- output ---------------------------------------------------------------------------------------------

    /// The operator's own output, fed back [YMF262, "FB"].
    pub(super) fn feedback(&self, amount: u8) -> i32 {
        if amount == 0 { 0 } else { (self.previous + self.out) >> (9 - u32::from(amount & 7)) }
    }

    /// One sample at `phase`, with `modulation` added to it.
    pub(super) fn clock(&mut self, sample: u64, lfo: Lfo, phase: u32, modulation: i32, waveforms: u8) {
        let attenuation = self.clock_envelope(sample, lfo);
        self.previous = self.out;
        self.out = wave(self.waveform & waveforms, phase.wrapping_add_signed(modulation), attenuation);
    }

    /// It sleeps through a sample.
    pub(super) fn rest(&mut self) {
        (self.out, self.previous) = (0, 0);
    }

    /// Time passes from sample to sample and nobody listens: the envelope goes on, the phase goes round.
    pub(super) fn pass(&mut self, from: u64, to: u64, lfo: Lfo) {
        (self.out, self.previous) = (0, 0);
        let step = u64::from(self.phase_step(Lfo { vibrato: 0, ..lfo }));
        self.phase = (u64::from(self.phase).wrapping_add(step.wrapping_mul(to - from)) & 0x7_FFFF) as u32;
        let mut sample = from;
        for _ in 0..MOST_LOOKS {
            let Some(rate) = self.present_rate() else { return };
            if sample >= to || self.is_asleep() {
                return;
            }
            self.step_envelope(sample);
            sample = next_look(rate, sample);
        }
    }

    pub(super) fn is_valid(&self) -> bool {
        let small = |value: i32| (-4085..=4084).contains(&value);
        let pitch = self.pitch.f_num < 0x400 && self.pitch.block < 8;
        self.envelope <= SILENCE && self.phase < 1 << 19 && pitch && small(self.out) && small(self.previous)
    }
}

/// Patterns of extra steps for the low two bits of a rate.
const EXTRA: [[u32; 4]; 4] = [[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 1, 0], [1, 1, 1, 0]];

/// How far an envelope moves at a sample: not at all, or by 2^(n - 1). Envelopes count every other sample; below rate
/// 48 a move needs so many zeros at the end of that count that each four rates halve the time.
fn increment(rate: u32, sample: u64) -> u32 {
    let (high, low) = (rate >> 2, rate & 3);
    let (count, odd) = (sample >> 1, (sample & 1) as u32);
    if high >= 12 {
        let shift = (high & 3) + EXTRA[low as usize][(count & 3) as usize];
        return if shift == 0 { odd } else { shift.min(3) };
    }
    let zeros = count.trailing_zeros();
    if odd == 0 || zeros > 12 {
        return 0;
    }
    match high + zeros + 1 {
        12 => 1,
        13 => low >> 1,
        14 => low & 1,
        _ => 0,
    }
}

/// The next sample at which an envelope of this rate may move.
fn next_look(rate: u32, sample: u64) -> u64 {
    let high = rate >> 2;
    if high >= 12 {
        return sample + 1;
    }
    let every = 2 << 11u32.saturating_sub(high);
    (sample / every + 1) * every + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const LFO: Lfo = Lfo { tremolo: 0, vibrato: 0, deep_vibrato: false };

    fn operator(attack_decay: u8, sustain_release: u8) -> Operator {
        let mut operator = Operator { attack_decay, sustain_release, control: 0x21, ..Operator::default() };
        operator.set_pitch(Pitch { f_num: 0x200, block: 0, note_select: false });
        operator.set_key(1, true);
        operator
    }

    /// Samples until the envelope is at `level`.
    fn samples_to(operator: &mut Operator, level: u16) -> u64 {
        (0..)
            .find(|&n| {
                operator.step_envelope(n);
                operator.envelope == level
            })
            .unwrap()
    }

    /// 96 dB in 39.28 s at rate 4, half as long for each four rates more [YMF262, "Decay Time"].
    #[test]
    fn decay_takes_the_time_of_the_manual() {
        for (register, milliseconds) in [(4u64, 4910.0), (8, 306.9), (12, 19.2)] {
            let mut operator = operator(0xF0 | register as u8, 0xFF);
            let samples = samples_to(&mut operator, 0x1F0);
            let told = samples as f64 / 49.716;
            assert!((told / milliseconds - 1.04).abs() < 0.03, "rate {register}: {told} ms");
        }
    }

    /// 2.826 s from bottom to top at rate 4 [YMF262, "Attack Time"].
    #[test]
    fn attack_takes_the_time_of_the_manual() {
        for (register, milliseconds) in [(4u64, 353.28), (8, 22.08), (12, 1.38)] {
            let mut operator = operator((register as u8) << 4, 0x0F);
            let told = samples_to(&mut operator, 0) as f64 / 49.716;
            assert!((told / milliseconds - 1.0).abs() < 0.12, "rate {register}: {told} ms");
        }
    }

    #[test]
    fn an_attack_at_the_highest_rate_is_there_at_once() {
        let mut operator = operator(0xF0, 0x0F);
        operator.step_envelope(0);
        assert_eq!((operator.envelope, operator.stage), (0, Stage::Attack));
    }

    #[test]
    fn a_held_tone_stays_and_a_percussive_one_goes() {
        for (control, silent) in [(0x20, false), (0x00, true)] {
            let mut operator = Operator { control, ..operator(0xF8, 0x48) };
            (0..200_000).for_each(|n| operator.step_envelope(n));
            assert_eq!(operator.envelope == SILENCE, silent);
            assert!(silent || operator.envelope >> 4 == 4);
        }
    }

    #[test]
    fn time_that_passes_gives_the_same_envelope() {
        for decay in [1, 5, 9, 13] {
            let mut counted = operator(0xF0 | decay, 0xF0 | decay);
            let mut passed = counted;
            (0..300_000).for_each(|n| counted.step_envelope(n));
            passed.pass(0, 300_000, LFO);
            assert!(counted.envelope.abs_diff(passed.envelope) < 4, "{decay}");
        }
    }

    #[test]
    fn key_scaling_is_by_octaves() {
        let at = |block, level| {
            Operator {
                level,
                pitch: Pitch { f_num: 0x3FF, block, note_select: false },
                ..Operator::default()
            }
            .key_scale()
        };
        // 16 steps of 3/16 dB are 3 dB.
        assert_eq!(
            (at(7, 0x40) - at(6, 0x40), at(7, 0x80) - at(6, 0x80), at(7, 0xC0) - at(6, 0xC0)),
            (16, 8, 32)
        );
        assert_eq!(at(7, 0), 0);
    }

    #[test]
    fn vibrato_moves_by_the_top_bits_of_the_pitch() {
        let operator = Operator {
            control: 0x40,
            pitch: Pitch { f_num: 0x380, block: 4, note_select: false },
            ..Operator::default()
        };
        let at =
            |vibrato, deep_vibrato| operator.f_num(Lfo { tremolo: 0, vibrato, deep_vibrato }) as i32 - 0x380;
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7].map(|n| at(n, true)), [0, 3, 7, 3, 0, -3, -7, -3]);
        assert_eq!([2, 6].map(|n| at(n, false)), [3, -3]);
    }
}
