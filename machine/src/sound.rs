//! The mixer: what all chips play, added up on one grid of virtual time.

use crate::machine::Machine;
use ringzero_devices::sound::{self, BACKLOG, Frame, LATENCY};

/// Frames mixed at a time.
const CHUNK: usize = 4096;

/// How far the sound has been rendered. It is host output: no guest sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sound {
    /// The first frame that has not been rendered.
    next: u64,
    mix: Vec<Frame>,
    audible: u64,
}

impl Sound {
    /// Goes on from a moment, as after a jump to another state.
    pub(crate) fn restart(&mut self, now: ringzero_bus::VTime) {
        self.next = sound::frame_at(now).saturating_sub(LATENCY);
    }
}

impl Machine {
    /// Appends what was played since the last call: 16-bit samples at 48 kHz of virtual time, left and right in turn. Frame
    /// `n` of a machine belongs to virtual time `n / 48000` s, whenever it is asked for. The last 8 ms are
    /// not told yet, and of what nobody asked for in time no more than 70 s.
    pub fn render_sound(&mut self, out: &mut Vec<i16>) {
        self.render_sound_to(sound::frame_at(self.bus.now()).saturating_sub(LATENCY), out);
    }

    /// The same to this very moment, for the end of a run: what the guest would play next is unknown, and taken to stay
    /// as it is.
    pub fn render_last_sound(&mut self, out: &mut Vec<i16>) {
        self.render_sound_to(sound::frame_at(self.bus.now()), out);
    }

    /// Changes while something audible is played; rendering finds it out.
    pub fn sound_activity(&self) -> u64 {
        self.sound.audible
    }

    fn render_sound_to(&mut self, end: u64, out: &mut Vec<i16>) {
        self.sound.next = self.sound.next.max(end.saturating_sub(BACKLOG));
        while self.sound.next < end {
            let count = usize::try_from(end - self.sound.next).unwrap_or(CHUNK).min(CHUNK);
            let mut mix = std::mem::take(&mut self.sound.mix);
            mix.clear();
            mix.resize(count, [0; 2]);
            self.mix(&mut mix);
            self.sound.next += count as u64;
            self.sound.audible += u64::from(mix.iter().any(|frame| *frame != [0; 2]));
            out.extend(mix.iter().flatten().map(|&side| sound::saturate(side)));
            self.sound.mix = mix;
        }
    }

    fn mix(&mut self, mix: &mut [Frame]) {
        let (now, first) = (self.bus.now(), self.sound.next);
        self.bus.call(self.parts.pit, |pit, _| pit.render(now, first, mix));
        if let Some(sb16) = self.parts.sb16 {
            self.bus.call(sb16, |card, _| card.render(now, first, mix));
        }
        if let Some(adlib) = self.parts.adlib {
            self.bus.call(adlib, |card, _| card.render(now, first, mix));
        }
        if let Some(ac97) = self.parts.ac97 {
            self.bus.call(ac97, |card, _| card.render(first, mix));
        }
    }

    /// MIDI that the guest sent through the Sound Blaster since the last call.
    pub fn take_midi(&mut self) -> Vec<u8> {
        self.parts.sb16.map(|card| self.bus.call(card, |card, _| card.take_midi())).unwrap_or_default()
    }
}
