//! FM synthesizers: the YMF262 (OPL3) and the YM3812 (OPL2).
//!
//! Sources: Yamaha YMF262 application manual, keyed \[YMF262\]; Yamaha YM3812 application manual, keyed \[YM3812\]; published
//! analyses of the chips' dies for tables, envelope steps and rhythm, keyed \[OPL die\].
//!
//! *Modelled*: 36 operators (18) at 14.31818 MHz / 288, eight waveforms (four, behind WSE), envelopes, key scaling,
//! tremolo, vibrato, feedback, two and four operators, rhythm, both sides, the OPL2 mode, timers with their flags.
//!
//! *Not modelled*: outputs C and D, CSM, test bits, the OPL2's floating-point converter, the time that writes take. The
//! timers' interrupt leads nowhere on the cards. While everything has died away neither phases nor noise go on.
//!
//! Software sees nothing of the synthesizer, only of the timers. What it plays depends on the state at the last
//! write, however often it was rendered since: rendering goes on from there on a copy.

mod adlib;
mod operator;
mod synth;
mod tables;
mod timer;

pub use adlib::AdLib;

use crate::sound::stream::{Stream, StreamState};
use crate::sound::{BACKLOG, Frame, Rate, frame_at};
use ringzero_bus::{Clock, VTime};
use serde::{Deserialize, Serialize};
use synth::Synth;
use timer::Timers;

/// Samples per second: the crystal of 315/22 MHz divided by 288.
const RATE: Rate = Rate { cycles: 315_000_000, per_seconds: 22 * 288 };
const CLOCK: Clock = Clock { cycles: 315_000_000, per_seconds: 22 * 288 };
/// Samples between writes that are computed one by one; after a longer pause envelopes and phases are worked out.
const MOST_SAMPLES: u64 = 8 * 49_716;

/// Samples computed after such a pause.
const AFTER_PAUSE: u64 = 4096;

/// Which chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Chip {
    /// OPL2.
    Ym3812,
    /// OPL3.
    Ymf262,
}

/// How loud it is on its card: left and right, 65536 for full.
pub type Gain = [i32; 2];
/// Full volume.
pub const UNITY: Gain = [1 << 16; 2];

/// A synthesizer and its registers.
#[derive(Clone, Debug)]
pub struct Opl {
    /// Registers chosen for the next write.
    address: (u8, u8),
    timers: Timers,
    /// The synthesizer after the last write.
    marked: Synth,
    marked_stream: StreamState,
    /// The synthesizer as it has been rendered.
    synth: Synth,
    stream: Stream,
    gain: Gain,
    /// Frames before this one have been fetched, if there is a listener.
    fetched: Option<u64>,
}

/// What an [`Opl`] is saved as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OplState {
    address: (u8, u8),
    timers: Timers,
    synth: Synth,
    stream: StreamState,
    gain: Gain,
}

impl Opl {
    /// A chip after RESET.
    pub fn new(chip: Chip) -> Self {
        Self {
            address: (0, 0),
            timers: Timers::default(),
            marked: Synth::new(chip),
            marked_stream: StreamState::default(),
            synth: Synth::new(chip),
            stream: Stream::default(),
            gain: UNITY,
            fetched: None,
        }
    }

    /// The RESET pin at `now`.
    pub fn reset(&mut self, now: VTime) {
        self.catch_up(now);
        let sample = self.synth.sample();
        self.synth = Synth::new(self.synth.chip());
        self.synth.pass(sample);
        self.address = (0, 0);
        self.timers = Timers::default();
        self.mark();
    }

    /// The status register [YMF262, "Status Register"]: IRQ, FT1, FT2; an OPL2 has bits 1 and 2 set.
    pub fn status(&mut self, now: VTime) -> u8 {
        let flags = self.timers.status(CLOCK.ticks_at(now));
        if self.synth.chip() == Chip::Ym3812 { flags | 0x06 } else { flags }
    }

    /// A write at A1 A0 = `offset`: even ones choose a register of the first or the second array, odd ones write it.
    pub fn write(&mut self, now: VTime, offset: u16, value: u8) {
        if offset & 1 == 0 {
            let array = if self.synth.chip() == Chip::Ymf262 { (offset >> 1 & 1) as u8 } else { 0 };
            self.address = (array, value);
            return;
        }
        let (array, register) = self.address;
        if array == 0 && (2..=4).contains(&register) {
            return self.timers.write(register, value, CLOCK.ticks_at(now));
        }
        self.catch_up(now);
        self.synth.write(usize::from(array), register, value);
        self.mark();
    }

    /// Changes how loud it is from `now` on.
    pub fn set_gain(&mut self, now: VTime, gain: Gain) {
        if gain != self.gain {
            self.catch_up(now);
            self.gain = gain;
            self.mark();
        }
    }

    fn mark(&mut self) {
        self.marked.clone_from(&self.synth);
        self.marked_stream = self.stream.save();
    }

    /// Brings everything to the first sample after `now`.
    fn catch_up(&mut self, now: VTime) {
        let to = CLOCK.ticks_at(now) + 1;
        let listens = self.fetched.is_some_and(|fetched| frame_at(now).saturating_sub(fetched) <= BACKLOG);
        if to.saturating_sub(self.marked.sample()) <= MOST_SAMPLES {
            return self.run(to);
        }
        if listens {
            self.run(to);
        }
        // From here on it is the same for everybody, whether it was listened to or not.
        self.synth.clone_from(&self.marked);
        self.synth.pass(to - AFTER_PAUSE);
        self.stream.seal();
        self.run(to);
    }

    /// Computes samples up to `to`.
    fn run(&mut self, to: u64) {
        while self.synth.sample() < to {
            if self.synth.rests() {
                return self.synth.pass(to);
            }
            let number = self.synth.sample();
            let sample = self.synth.clock();
            self.stream.push_number(number, RATE, apply(self.gain, sample));
        }
    }

    /// Adds the sound at `now` to frames from `first` on, which lie [`crate::sound::LATENCY`] back.
    pub fn render(&mut self, now: VTime, first: u64, out: &mut [Frame]) {
        let to = CLOCK.ticks_at(now) + 1;
        if to.saturating_sub(self.synth.sample()) > MOST_SAMPLES && self.fetched.is_none() {
            self.synth.pass(to - MOST_SAMPLES);
        }
        self.stream.listen(first);
        self.run(to);
        self.stream.render(first, out);
        self.fetched = Some(first + out.len() as u64);
    }

    /// The state at the last write.
    pub fn save(&self) -> OplState {
        OplState {
            address: self.address,
            timers: self.timers.clone(),
            synth: self.marked.clone(),
            stream: self.marked_stream.clone(),
            gain: self.gain,
        }
    }

    /// Whether a state can be taken over.
    pub fn accepts(&self, state: &OplState) -> bool {
        state.synth.is_valid()
            && state.synth.chip() == self.synth.chip()
            && state.address.0 < 2
            && state.timers.is_valid()
            && Stream::accepts(&state.stream)
            && state.gain.iter().all(|gain| (0..=1 << 20).contains(gain))
    }

    /// Takes over a state.
    pub fn load(&mut self, state: OplState) {
        let OplState { address, timers, mut synth, stream, gain } = state;
        synth.restore();
        (self.address, self.timers, self.gain) = (address, timers, gain);
        self.marked = synth.clone();
        self.synth = synth;
        self.stream.load(stream.clone());
        self.marked_stream = stream;
        self.fetched = Some(frame_at(CLOCK.time_of_tick(self.synth.sample())));
    }
}

/// A sample at a volume.
pub(crate) fn apply(gain: Gain, sample: [i16; 2]) -> [i16; 2] {
    if gain == UNITY {
        return sample;
    }
    let side = |n: usize| {
        let value = (i64::from(sample[n]) * i64::from(gain[n])) >> 16;
        value.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16
    };
    [side(0), side(1)]
}

#[cfg(test)]
#[path = "opl3/tests.rs"]
mod tests;
