//! The 36 operators together: channels, connections, rhythm, and what leaves for the converter.

use super::Chip;
use super::operator::{Lfo, Operator, Pitch};
use serde::{Deserialize, Serialize};

/// Keys of an operator: see [`Operator::set_key`].
const CHANNEL_KEY: u8 = 1;
const RHYTHM_KEY: u8 = 2;
/// Rhythm instruments: the bit of register BDh, and the operators it presses.
const DRUMS: [(u8, &[usize]); 5] =
    [(0x10, &[12, 15]), (0x08, &[16]), (0x04, &[14]), (0x02, &[17]), (0x01, &[13])];
/// Samples between two looks at whether all is silent.
const BLOCK: u64 = 64;
const HI_HAT: usize = 13;
const SNARE: usize = 16;
const CYMBAL: usize = 17;

/// A channel's registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Channel {
    f_num: u16,
    block: u8,
    key: bool,
    /// C0h: outputs, FB, CNT.
    connection: u8,
}

/// What modulates an operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Input {
    #[default]
    None,
    /// Itself, by this much.
    Feedback(u8),
    /// Another operator.
    Operator(u8),
}

/// An operator's place in its channel, and what the registers make of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Route {
    input: Input,
    /// How much of it goes to the left and to the right.
    gain: [i32; 2],
}

/// The synthesizer at one sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Synth {
    chip: Chip,
    operators: [[Operator; 18]; 2],
    channels: [[Channel; 9]; 2],
    /// Number of the next sample.
    sample: u64,
    noise: u32,
    /// 08h: NTS.
    note_select: u8,
    /// 01h: WSE of the OPL2.
    test: u8,
    /// BDh: DAM, DVB, RYT and the drums.
    rhythm: u8,
    /// 104h: pairs of channels with four operators.
    four_operators: u8,
    /// 105h: NEW.
    new: bool,
    /// Phases of hi-hat and cymbal, whose bits make the drums' noise.
    hi_hat: u32,
    cymbal: u32,
    /// All was asleep at the last multiple of [`BLOCK`] samples, and nothing was written since.
    rests: bool,
    #[serde(skip)]
    routes: [[Route; 18]; 2],
}

/// The first operator of a channel; the second is three further.
fn first_slot(channel: usize) -> usize {
    channel / 3 * 6 + channel % 3
}

/// The operator of a register offset 00h to 1Fh [YMF262, "Slot Number"].
fn slot_of(offset: u8) -> Option<usize> {
    let (row, column) = (usize::from(offset >> 3), usize::from(offset & 7));
    (row < 3 && column < 6).then_some(row * 6 + column)
}

impl Synth {
    pub(super) fn new(chip: Chip) -> Self {
        let mut synth = Self {
            chip,
            operators: [[Operator::default(); 18]; 2],
            channels: [[Channel::default(); 9]; 2],
            sample: 0,
            noise: 1,
            note_select: 0,
            test: 0,
            rhythm: 0,
            four_operators: 0,
            new: false,
            hi_hat: 0,
            cymbal: 0,
            rests: false,
            routes: [[Route::default(); 18]; 2],
        };
        synth.connect();
        synth
    }

    /// Number of the next sample.
    pub(super) fn sample(&self) -> u64 {
        self.sample
    }

    /// Everything has died away: samples need not be computed. Looked at from time to time only, at samples that do not
    /// depend on how it is called.
    pub(super) fn rests(&mut self) -> bool {
        if !self.rests && self.sample.is_multiple_of(BLOCK) {
            self.rests = self.is_silent();
        }
        self.rests
    }

    fn is_silent(&self) -> bool {
        self.operators.iter().flatten().all(Operator::is_asleep)
    }

    // --- registers ------------------------------------------------------------------------------------------

    /// Writes register `register` of an array.
    pub(super) fn write(&mut self, array: usize, register: u8, value: u8) {
        self.rests = false;
        // Until NEW is set the second array is not there, the register with NEW apart.
        if array == 1 && !(register == 5 || self.new && self.chip == Chip::Ymf262) {
            return;
        }
        match (array, register) {
            (0, 0x01) => self.test = value,
            (0, 0x08) => self.note_select = value,
            (1, 0x04) => self.four_operators = value & 0x3F,
            (1, 0x05) => self.new = value & 1 != 0 && self.chip == Chip::Ymf262,
            (0, 0xBD) => self.write_rhythm(value),
            (_, 0x20..=0x9F | 0xE0..=0xFF) => {
                if let Some(slot) = slot_of(register & 0x1F) {
                    self.operators[array][slot].write(register & 0xE0, value);
                }
            }
            (_, 0xA0..=0xA8) => {
                let channel = &mut self.channels[array][usize::from(register - 0xA0)];
                channel.f_num = channel.f_num & 0x300 | u16::from(value);
            }
            (_, 0xB0..=0xB8) => {
                let channel = &mut self.channels[array][usize::from(register - 0xB0)];
                channel.f_num = channel.f_num & 0xFF | u16::from(value & 3) << 8;
                channel.block = value >> 2 & 7;
                channel.key = value & 0x20 != 0;
            }
            (_, 0xC0..=0xC8) => self.channels[array][usize::from(register - 0xC0)].connection = value,
            _ => return,
        }
        if matches!(register, 0x04 | 0x05 | 0x08 | 0xA0..=0xC8) {
            self.connect();
        }
    }

    fn write_rhythm(&mut self, value: u8) {
        self.rhythm = value;
        for (bit, slots) in DRUMS {
            for &slot in slots {
                self.operators[0][slot].set_key(RHYTHM_KEY, value & 0x20 != 0 && value & bit != 0);
            }
        }
    }

    /// The channel whose second half of four operators this is.
    fn leader(&self, array: usize, channel: usize) -> Option<usize> {
        let is_second = (3..6).contains(&channel);
        let pair = array * 3 + channel.wrapping_sub(3) % 3;
        (is_second && self.new && self.four_operators >> pair & 1 != 0).then(|| channel - 3)
    }

    /// Brings keys, pitches and routes in line with the registers.
    fn connect(&mut self) {
        for array in 0..2 {
            for channel in 0..9 {
                self.connect_channel(array, channel);
            }
        }
    }

    fn connect_channel(&mut self, array: usize, channel: usize) {
        let leader = self.leader(array, channel);
        let source = self.channels[array][leader.unwrap_or(channel)];
        let pitch =
            Pitch { f_num: source.f_num, block: source.block, note_select: self.note_select & 0x40 != 0 };
        let slots = [first_slot(channel), first_slot(channel) + 3];
        for slot in slots {
            self.operators[array][slot].set_pitch(pitch);
            self.operators[array][slot].set_key(CHANNEL_KEY, source.key);
        }
        let routes = match leader {
            Some(leader) => self.second_of_four(array, leader, channel),
            None if self.is_leader(array, channel) => self.first_of_four(array, channel),
            None => self.two_operators(array, channel),
        };
        for (slot, (input, heard)) in slots.into_iter().zip(routes) {
            let sides = self.sides(array, channel);
            self.routes[array][slot] = Route { input, gain: sides.map(|side| side * heard) };
        }
    }

    fn is_leader(&self, array: usize, channel: usize) -> bool {
        channel < 3 && self.leader(array, channel + 3) == Some(channel)
    }

    /// CHA and CHB; both always in the OPL2 mode.
    fn sides(&self, array: usize, channel: usize) -> [i32; 2] {
        let bits = self.channels[array][channel].connection;
        [0x10, 0x20].map(|bit| i32::from(!self.new || bits & bit != 0))
    }

    fn feedback(&self, array: usize, channel: usize) -> Input {
        Input::Feedback(self.channels[array][channel].connection >> 1 & 7)
    }

    fn adds(&self, array: usize, channel: usize) -> bool {
        self.channels[array][channel].connection & 1 != 0
    }

    /// Inputs of a channel's two operators, and how much of each is heard.
    fn two_operators(&self, array: usize, channel: usize) -> [(Input, i32); 2] {
        let feedback = self.feedback(array, channel);
        let first = Input::Operator(first_slot(channel) as u8);
        let adds = self.adds(array, channel);
        match channel {
            // Bass drum: the first operator is never heard. The drums are twice as loud as melody.
            6 if self.has_drums(array) => [(feedback, 0), (if adds { Input::None } else { first }, 2)],
            7 | 8 if self.has_drums(array) => [(Input::None, 2), (Input::None, 2)],
            _ if adds => [(feedback, 1), (Input::None, 1)],
            _ => [(feedback, 0), (first, 1)],
        }
    }

    fn first_of_four(&self, array: usize, channel: usize) -> [(Input, i32); 2] {
        let first = Input::Operator(first_slot(channel) as u8);
        let feedback = self.feedback(array, channel);
        match (self.adds(array, channel), self.adds(array, channel + 3)) {
            (false, false) => [(feedback, 0), (first, 0)],
            (false, true) => [(feedback, 0), (first, 1)],
            (true, _) => [(feedback, 1), (Input::None, 0)],
        }
    }

    fn second_of_four(&self, array: usize, leader: usize, channel: usize) -> [(Input, i32); 2] {
        let second = Input::Operator(first_slot(leader) as u8 + 3);
        let third = Input::Operator(first_slot(channel) as u8);
        match (self.adds(array, leader), self.adds(array, channel)) {
            (_, false) => [(second, 0), (third, 1)],
            (false, true) => [(Input::None, 0), (third, 1)],
            (true, true) => [(second, 1), (Input::None, 1)],
        }
    }

    fn has_drums(&self, array: usize) -> bool {
        array == 0 && self.rhythm & 0x20 != 0
    }

    // --- samples --------------------------------------------------------------------------------------------

    fn lfo(&self) -> Lfo {
        // A triangle of 210 steps of 64 samples, 3.7 Hz; 1 dB or 4.8 dB deep [YMF262, "DAM"].
        let step = (self.sample >> 6) % 210;
        let height = if step < 105 { step } else { 210 - step } as u16;
        Lfo {
            tremolo: height >> if self.rhythm & 0x80 != 0 { 2 } else { 4 },
            // Eight steps of 1024 samples, 6.1 Hz.
            vibrato: (self.sample >> 10 & 7) as u8,
            deep_vibrato: self.rhythm & 0x40 != 0,
        }
    }

    /// One sample, left and right.
    pub(super) fn clock(&mut self) -> [i16; 2] {
        let lfo = self.lfo();
        let waveforms = match self.chip {
            Chip::Ym3812 if self.test & 0x20 == 0 => 0,
            Chip::Ymf262 if self.new => 7,
            _ => 3,
        };
        let mut sums = [0i32; 2];
        for array in 0..if self.new { 2 } else { 1 } {
            for slot in 0..18 {
                self.clock_noise();
                let out = self.clock_slot(array, slot, lfo, waveforms);
                let gain = self.routes[array][slot].gain;
                sums[0] += out * gain[0];
                sums[1] += out * gain[1];
            }
        }
        self.sample += 1;
        sums.map(crate::sound::saturate)
    }

    fn clock_noise(&mut self) {
        let bit = (self.noise ^ self.noise >> 14) & 1;
        self.noise = self.noise >> 1 | bit << 22;
    }

    fn clock_slot(&mut self, array: usize, slot: usize, lfo: Lfo, waveforms: u8) -> i32 {
        let drum = self.has_drums(array) && matches!(slot, HI_HAT | SNARE | CYMBAL);
        if self.operators[array][slot].is_asleep() && !drum {
            self.operators[array][slot].rest();
            return 0;
        }
        let modulation = match self.routes[array][slot].input {
            Input::None => 0,
            Input::Feedback(amount) => self.operators[array][slot].feedback(amount),
            Input::Operator(other) => self.operators[array][usize::from(other)].out,
        };
        let sample = self.sample;
        let operator = &mut self.operators[array][slot];
        let mut phase = operator.clock_phase(lfo);
        if drum {
            phase = self.drum_phase(slot, phase);
        }
        let operator = &mut self.operators[array][slot];
        operator.clock(sample, lfo, phase, modulation, waveforms);
        operator.out
    }

    /// Hi-hat, snare drum and cymbal: phases of bits of two phases and of the noise [OPL die].
    fn drum_phase(&mut self, slot: usize, phase: u32) -> u32 {
        match slot {
            HI_HAT => self.hi_hat = phase,
            CYMBAL => self.cymbal = phase,
            _ => {}
        }
        let bit = |value: u32, n: u32| value >> n & 1;
        let (hat, cymbal) = (self.hi_hat, self.cymbal);
        let ring =
            (bit(hat, 2) ^ bit(hat, 7)) | (bit(hat, 3) ^ bit(cymbal, 5)) | (bit(cymbal, 3) ^ bit(cymbal, 5));
        let noise = self.noise & 1;
        match slot {
            HI_HAT => ring << 9 | if ring ^ noise != 0 { 0xD0 } else { 0x34 },
            SNARE => bit(hat, 8) << 9 | (bit(hat, 8) ^ noise) << 8,
            _ => ring << 9 | 0x80,
        }
    }

    /// Time passes to sample `to` and nobody listens.
    pub(super) fn pass(&mut self, to: u64) {
        if !self.rests {
            let (from, lfo) = (self.sample, self.lfo());
            self.operators.iter_mut().flatten().for_each(|operator| operator.pass(from, to.max(from), lfo));
        }
        self.sample = self.sample.max(to);
    }

    pub(super) fn is_valid(&self) -> bool {
        let channels = self.channels.iter().flatten().all(|c| c.f_num < 0x400 && c.block < 8);
        let phases = self.hi_hat < 0x400 && self.cymbal < 0x400 && self.noise < 1 << 23;
        let new = !self.new || self.chip == Chip::Ymf262;
        channels
            && phases
            && new
            && self.four_operators < 0x40
            && self.sample < 1 << 56
            && self.operators.iter().flatten().all(Operator::is_valid)
    }

    /// Works out after a load what is not saved.
    pub(super) fn restore(&mut self) {
        self.connect();
    }

    /// Which chip it is.
    pub(super) fn chip(&self) -> Chip {
        self.chip
    }
}

#[cfg(test)]
#[path = "synth_tests.rs"]
mod tests;
