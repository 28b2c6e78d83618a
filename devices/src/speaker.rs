//! The PC speaker: a line that goes up and down, turned into samples.
//!
//! *Modelled*: each sample is the exact share of its 1/48000 s for which the line was high (a box filter over edge
//! times, so pulse-width modulation and tones above the sample rate come out as on a cone), with the resting level
//! removed. *Not modelled*: the cone's resonance.

use ringzero_bus::VTime;
use std::collections::VecDeque;

/// Samples per second.
pub const SAMPLE_RATE: u32 = 48_000;
/// Samples kept when nobody drains them: one second; the oldest go first.
const CAPACITY: usize = SAMPLE_RATE as usize;
/// The swing from low to high.
const AMPLITUDE: i64 = 16_000;
/// The high-pass that removes the resting level keeps 1019/1024 per sample: about 37 Hz.
const KEEP: i64 = 1019;

/// Integrates edges into samples. It is host output, not guest state.
#[derive(Clone, Debug)]
pub struct Speaker {
    level: bool,
    /// Integrated up to here.
    time: VTime,
    /// Nanoseconds high within the unfinished sample.
    high_ns: u64,
    samples: VecDeque<i16>,
    last_input: i64,
    last_output: i64,
}

/// Number of the sample that `time` lies in.
fn sample_at(time: VTime) -> u64 {
    let number = u128::from(time.0) * u128::from(SAMPLE_RATE) / 1_000_000_000;
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The first moment of sample `number`.
fn start_of(number: u64) -> u64 {
    let ns = (u128::from(number) * 1_000_000_000).div_ceil(u128::from(SAMPLE_RATE));
    u64::try_from(ns).unwrap_or(u64::MAX)
}

impl Default for Speaker {
    fn default() -> Self {
        Self::new()
    }
}

impl Speaker {
    /// A quiet speaker at time zero.
    pub fn new() -> Self {
        Self {
            level: false,
            time: VTime(0),
            high_ns: 0,
            samples: VecDeque::new(),
            last_input: 0,
            last_output: 0,
        }
    }

    /// Forgets what was heard and goes on from `time`.
    pub fn restart(&mut self, time: VTime, level: bool) {
        *self = Self { time, level, ..Self::new() };
    }

    /// The line is at `level` from `at` on. Times must not go back; an earlier one counts as now.
    pub fn edge(&mut self, at: VTime, level: bool) {
        if level != self.level {
            self.integrate(at);
            self.level = level;
        }
    }

    /// Appends every sample finished by `until`.
    pub fn render(&mut self, until: VTime, out: &mut Vec<i16>) {
        self.integrate(until);
        out.extend(self.samples.drain(..));
    }

    fn integrate(&mut self, until: VTime) {
        let last = sample_at(until);
        let kept_from = last.saturating_sub(CAPACITY as u64);
        if sample_at(self.time) < kept_from {
            self.time = VTime(start_of(kept_from));
            self.high_ns = 0;
        }
        while self.time < until {
            let number = sample_at(self.time);
            let end = start_of(number + 1);
            let stop = end.min(until.0);
            if self.level {
                self.high_ns += stop - self.time.0;
            }
            self.time = VTime(stop);
            if stop == end {
                self.finish(end - start_of(number));
            }
        }
    }

    fn finish(&mut self, length_ns: u64) {
        let high = std::mem::take(&mut self.high_ns).min(length_ns);
        let input = AMPLITUDE * high as i64 / length_ns.max(1) as i64;
        self.last_output = input - self.last_input + self.last_output * KEEP / 1024;
        self.last_input = input;
        if self.samples.len() >= CAPACITY {
            self.samples.pop_front();
        }
        self.samples.push_back(self.last_output.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_the_share_of_time_high() {
        let mut speaker = Speaker::new();
        speaker.edge(VTime(start_of(1) / 2), true);
        let mut out = Vec::new();
        speaker.render(VTime(start_of(1)), &mut out);
        assert!((i64::from(out[0]) - AMPLITUDE / 2).abs() < 4);
    }

    #[test]
    fn a_steady_level_fades_to_silence() {
        let mut speaker = Speaker::new();
        speaker.edge(VTime(0), true);
        let mut out = Vec::new();
        speaker.render(VTime(1_000_000_000), &mut out);
        assert!(out[out.len() - 1].abs() < 4);
    }

    #[test]
    fn rendering_in_pieces_equals_rendering_at_once() {
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        for (step, out) in [(1_000_000, &mut whole), (7_777, &mut pieces)] {
            let mut speaker = Speaker::new();
            let mut now = 0;
            for edge in 0..40u64 {
                while now + step < edge * 23_456 {
                    now += step;
                    speaker.render(VTime(now), out);
                }
                speaker.edge(VTime(edge * 23_456), edge % 2 == 0);
            }
            speaker.render(VTime(1_000_000), out);
        }
        assert_eq!(whole, pieces);
    }

    #[test]
    fn nobody_listening_costs_bounded_memory() {
        let mut speaker = Speaker::new();
        speaker.edge(VTime(1), true);
        speaker.edge(VTime(3_600_000_000_000), false);
        assert!(speaker.samples.len() <= CAPACITY);
    }
}
