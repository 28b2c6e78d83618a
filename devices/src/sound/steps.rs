//! A line that jumps between levels at any moment, such as the speaker's or a converter's that software writes.
//!
//! *Modelled*: each jump is a band-limited step, so that tones and pulse-width modulation above the audible do not fold
//! back; the resting level is taken out by a high-pass, as the capacitor in front of a loudspeaker does.

use super::kernel::{self, BEFORE, FRACTION_BITS, ONE_BITS, STEP_TAPS};
use super::{BACKLOG, Frame, UNHEARD, frame_at, time_of};
use ringzero_bus::VTime;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Bits behind the point of the high-pass.
const POINT: u32 = 16;
/// Slots of the ring: the reach of a step, and as much again in case two are far apart.
const RING: usize = 2 * STEP_TAPS;
/// Finished frames that are saved: what is not told yet then.
const HISTORY: usize = 512;
/// The longest stretch that is followed without anybody listening. A line at rest has come to rest by then.
pub const MEMORY_NS: u64 = 50_000_000;

/// Where the line is, and what its last jumps still do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    /// The first frame that is not finished.
    next: u64,
    /// The line as last set.
    level: i32,
    /// The filtered line before frame `next`, times 2^30.
    filtered: i64,
    /// What frames from `next` on change of it.
    changes: VecDeque<i64>,
    /// Its mean, which the high-pass takes out.
    mean: i64,
}

impl Line {
    fn resting(at: VTime, level: i32) -> Self {
        Self {
            next: frame_at(at),
            level,
            filtered: i64::from(level) << ONE_BITS,
            changes: VecDeque::from(vec![0; RING]),
            mean: i64::from(level) << POINT,
        }
    }

    /// Frames before this one are not changed by a jump at `at` or later.
    fn finished_at(at: VTime) -> u64 {
        frame_at(at).saturating_sub(BEFORE.unsigned_abs())
    }

    fn advance(&mut self, at: VTime, high_pass: u32, mut heard: impl FnMut(i32)) {
        let to = Self::finished_at(at);
        while self.next < to {
            self.filtered += self.changes.pop_front().unwrap_or(0);
            self.changes.push_back(0);
            self.next += 1;
            let value = self.filtered >> (ONE_BITS - POINT);
            self.mean += (value - self.mean) >> high_pass;
            heard(((value - self.mean) >> POINT) as i32);
        }
    }

    fn jump(&mut self, at: VTime, level: i32) {
        let by = i64::from(level) - i64::from(self.level);
        self.level = level;
        let number = frame_at(at);
        let inside = at.0.saturating_sub(time_of(number).0);
        let fraction = inside * u64::from(super::SAMPLE_RATE) * (1 << FRACTION_BITS) / 1_000_000_000;
        let weights = kernel::step_weights(u32::try_from(fraction).unwrap_or(0));
        // Frames that are finished, or before the first, take no part.
        let passed = (self.next + BEFORE.unsigned_abs()).saturating_sub(number) as usize;
        let ahead = number.saturating_sub(self.next + BEFORE.unsigned_abs()) as usize;
        for (change, weight) in self.changes.iter_mut().skip(ahead).zip(&weights[passed.min(STEP_TAPS)..]) {
            *change += by * weight;
        }
        self.filtered += weights.iter().take(passed).map(|weight| by * weight).sum::<i64>();
    }

    fn is_valid(&self) -> bool {
        let most = 1 << 18;
        self.changes.len() == RING
            && self.next < u64::MAX / 4
            && self.level.abs() < most
            && self.filtered.abs() < i64::from(most) << ONE_BITS
            && self.mean.abs() < i64::from(most) << POINT
            && self.changes.iter().all(|change| change.abs() < i64::from(most) << ONE_BITS)
    }
}

/// A line as a source of sound.
///
/// What depends on it later is the state at the last [`Steps::mark`], however often it was rendered since.
#[derive(Clone, Debug)]
pub struct Steps {
    /// 2 to the power of this, in frames, is the time constant of the high-pass.
    high_pass: u32,
    marked: Line,
    marked_at: VTime,
    marked_heard: Vec<i16>,
    line: Line,
    /// Frames finished; the last comes before `line.next`.
    heard: VecDeque<i16>,
    /// Frames before this one have been fetched.
    fetched: u64,
    listened: bool,
}

/// What a [`Steps`] is saved as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepsState {
    line: Line,
    heard: Vec<i16>,
    at: VTime,
}

impl Steps {
    /// A line at level 0 at time zero, with a high-pass of 48000 / (2 pi 2^`high_pass`) Hz.
    pub fn new(high_pass: u32) -> Self {
        let line = Line::resting(VTime(0), 0);
        Self {
            high_pass,
            marked: line.clone(),
            marked_at: VTime(0),
            marked_heard: Vec::new(),
            line,
            heard: VecDeque::new(),
            fetched: 0,
            listened: false,
        }
    }

    /// The line is at `level` from `at` on; times do not go back.
    pub fn set(&mut self, at: VTime, level: i32) {
        if level != self.line.level {
            self.follow(at);
            self.line.jump(at, level);
        }
    }

    /// The level as last set.
    pub fn level(&self) -> i32 {
        self.line.level
    }

    /// Whether what the line did since a moment `ns` ago may be fetched, and has to be told.
    pub fn is_heard(&self, ns: u64) -> bool {
        self.listened || ns <= 1_000_000_000
    }

    /// The moment from which the owner has to tell of jumps: the last mark, or less than that lies back if the line has
    /// not been looked at for long.
    pub fn known_until(&self) -> VTime {
        self.marked_at
    }

    /// Software puts the line to `level` at `now`: for lines that nothing else moves.
    pub fn put(&mut self, now: VTime, level: i32) {
        let passed = now.ns_since(self.marked_at);
        if passed > MEMORY_NS {
            if self.is_heard(passed) {
                self.follow(now);
            }
            self.settle(VTime(now.0 - MEMORY_NS), self.level());
        }
        self.set(now, level);
        self.mark(now);
    }

    /// The line rests at `level` at `at`, whatever it did before.
    pub fn settle(&mut self, at: VTime, level: i32) {
        let begin = self.line.next - self.heard.len() as u64;
        self.line = Line::resting(at, level);
        self.line.next = Line::finished_at(at);
        // Frames from there on are made again.
        let kept = self.line.next.saturating_sub(begin).min(BACKLOG);
        if self.listened || kept <= UNHEARD as u64 {
            self.heard.resize(kept as usize, 0);
        } else {
            self.heard.clear();
        }
    }

    /// Software does something with the line at `at`: what comes later depends on the state now.
    pub fn mark(&mut self, at: VTime) {
        self.follow(at);
        self.marked.clone_from(&self.line);
        self.marked_at = at;
        self.marked_heard.clear();
        self.marked_heard.extend(self.heard.iter().skip(self.heard.len().saturating_sub(HISTORY)));
    }

    /// Finishes frames that nothing at `at` or later changes.
    pub fn follow(&mut self, at: VTime) {
        if frame_at(at).saturating_sub(self.fetched) > BACKLOG {
            self.listened = false;
        }
        let heard = &mut self.heard;
        self.line.advance(at, self.high_pass, |value| heard.push_back(super::saturate(value)));
        self.forget();
    }

    /// Somebody will fetch frames from `first` on.
    pub fn listen(&mut self, first: u64) {
        self.listened = true;
        self.fetched = first;
    }

    /// Adds frames from `first` on to `out`; the line has been followed [`super::LATENCY`] frames further.
    pub fn render(&mut self, first: u64, out: &mut [Frame]) {
        let begin = self.line.next - self.heard.len() as u64;
        for (number, frame) in (first..).zip(out.iter_mut()) {
            let Some(at) = number.checked_sub(begin) else { continue };
            let Some(&value) = self.heard.get(at as usize) else { break };
            *frame = frame.map(|side| side + i32::from(value));
        }
        self.listen(first + out.len() as u64);
        self.forget();
    }

    /// Drops frames that nobody will fetch.
    fn forget(&mut self) {
        let wanted = if self.listened { self.line.next.saturating_sub(self.fetched) } else { 0 };
        let kept = wanted.clamp(UNHEARD as u64, BACKLOG) as usize;
        let spare = self.heard.len().saturating_sub(kept);
        self.heard.drain(..spare);
    }

    /// The state at the last mark.
    pub fn save(&self) -> StepsState {
        StepsState { line: self.marked.clone(), heard: self.marked_heard.clone(), at: self.marked_at }
    }

    /// Whether a state can be taken over.
    pub fn accepts(state: &StepsState) -> bool {
        state.line.is_valid()
            && Line::finished_at(state.at) == state.line.next
            && state.heard.len() <= HISTORY.min(usize::try_from(state.line.next).unwrap_or(HISTORY))
    }

    /// Takes over a state.
    pub fn load(&mut self, state: StepsState) {
        self.line = state.line.clone();
        self.marked = state.line;
        self.marked_at = state.at;
        self.heard = VecDeque::from(state.heard.clone());
        self.marked_heard = state.heard;
        self.listen(self.line.next.saturating_sub(HISTORY as u64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::LATENCY;

    fn rendered(steps: &mut Steps, frames: u64) -> Vec<i32> {
        steps.follow(time_of(frames + LATENCY));
        let mut out = vec![[0; 2]; frames as usize];
        steps.render(0, &mut out);
        out.iter().map(|frame| frame[0]).collect()
    }

    fn listening(high_pass: u32) -> Steps {
        let mut steps = Steps::new(high_pass);
        steps.listen(0);
        steps
    }

    #[test]
    fn a_step_keeps_its_height_and_place() {
        let mut steps = listening(30);
        steps.set(time_of(100), 8000);
        let out = rendered(&mut steps, 300);
        assert_eq!((out[60], out[250]), (0, 8000));
        assert!((out[100] - 4000).abs() < 2000 && out[99] < out[100] && out[100] < out[101]);
    }

    #[test]
    fn a_tone_above_the_audible_does_not_fold_back() {
        // The third harmonic of 9 kHz would come back at 21 kHz, the fifth at 3 kHz.
        let mut steps = listening(8);
        for n in 0..9_000u64 {
            steps.set(VTime(n * 1_000_000_000 / 18_000), if n % 2 == 0 { 8000 } else { -8000 });
        }
        let out = rendered(&mut steps, 20_000);
        let level = |frequency: f64| {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, &value) in out[8000..18_000].iter().enumerate() {
                let angle = std::f64::consts::TAU * frequency * n as f64 / 48_000.0;
                let window = 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / 10_000.0).cos();
                re += f64::from(value) * angle.cos() * window;
                im += f64::from(value) * angle.sin() * window;
            }
            (re * re + im * im).sqrt() / 2_500.0
        };
        assert!((level(9000.0) - 8000.0 * 4.0 / std::f64::consts::PI).abs() < 100.0, "{}", level(9000.0));
        assert!(level(21_000.0) < 8.0 && level(3000.0) < 8.0, "{} {}", level(21_000.0), level(3000.0));
    }

    #[test]
    fn a_steady_level_fades_to_silence() {
        let mut steps = listening(8);
        steps.set(VTime(0), 8000);
        assert!(rendered(&mut steps, 20_000)[19_999].abs() < 4);
    }

    #[test]
    fn a_saved_line_goes_on_alike() {
        let mut steps = listening(8);
        (1..50).for_each(|n| steps.set(VTime(n * 23_456), n as i32 % 2 * 5000));
        steps.mark(VTime(1_200_000));
        let mut other = listening(8);
        other.load(steps.save());
        for steps in [&mut steps, &mut other] {
            steps.set(VTime(1_300_000), 5000);
            steps.follow(time_of(2000));
        }
        let [mut a, mut b] = [[[0; 2]; 900]; 2];
        steps.render(10, &mut a);
        other.render(10, &mut b);
        assert_eq!(a, b);
    }

    #[test]
    fn without_a_listener_nothing_is_kept() {
        let mut steps = Steps::new(8);
        (0..1000).for_each(|n| steps.set(VTime(n * 1_000_000), n as i32 % 2 * 5000));
        assert!(steps.heard.len() <= UNHEARD);
    }
}
