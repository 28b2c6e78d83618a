//! Samples at a rate of their own, brought to the 48 kHz grid.
//!
//! *Modelled*: a source of exactly 48,000 Hz passes sample for sample; any other is filtered by [`super::kernel`]. A
//! converter that gets no more samples keeps its last level: it is held for 10 ms and then let go over 20 ms, so neither
//! an end nor a gap clicks. Runs of samples that follow each other closely at one rate are one run.

use super::kernel::{self, AFTER, BEFORE, FRACTION_BITS, ONE_BITS};
use super::{BACKLOG, Frame, LATENCY, Rate, SAMPLE_RATE, UNHEARD, frame_at};
use ringzero_bus::VTime;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Samples that are saved: those that are not told yet then, and the filter's.
const HISTORY: usize = 512;
/// A gap of fewer samples than this is filled with the last one.
const MOST_GAP: u64 = 64;
/// Frames for which the last level is held, and those in which it fades.
const HOLD: u64 = 480;
const FADE: u64 = 960;
/// Runs that may wait to be rendered.
const MOST_RUNS: usize = 64;
const SECOND: u64 = 1_000_000_000;

/// Samples without a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    /// The moment of sample 0.
    begin: VTime,
    rate: Rate,
    /// The number of its first sample.
    start: u64,
    /// The number of the first sample that is still there.
    first: u64,
    samples: VecDeque<[i16; 2]>,
    /// What sounded before.
    before: [i16; 2],
}

/// A frame's place in a run, kept as a fraction whose denominator is the run's [`Run::unit`].
#[derive(Clone, Copy)]
struct Place {
    sample: i64,
    rest: u64,
}

impl Run {
    fn end(&self) -> u64 {
        self.first + self.samples.len() as u64
    }

    fn time_of(&self, sample: u64) -> VTime {
        self.begin.plus_ns(self.rate.ns_of(sample))
    }

    fn is_direct(&self) -> bool {
        self.rate == Rate::hz(SAMPLE_RATE)
    }

    /// Samples that the filter reaches to either side.
    fn reach(&self) -> u64 {
        if self.is_direct() { 0 } else { AFTER.unsigned_abs() }
    }

    /// The first frame that is this run's.
    fn first_frame(&self) -> u64 {
        if self.is_direct() {
            return self.direct_frame() + self.start;
        }
        let lead = self.rate.ns_of(self.reach());
        frame_at(VTime(self.time_of(self.start).0.saturating_sub(lead))) + 1
    }

    /// The first frame that only knows its last level.
    fn last_frame(&self) -> u64 {
        if self.is_direct() {
            return self.direct_frame() + self.end();
        }
        frame_at(self.time_of(self.end() + self.reach())) + 1
    }

    fn unit(&self) -> u64 {
        u64::from(SAMPLE_RATE) * SECOND * u64::from(self.rate.per_seconds)
    }

    fn step(&self) -> u64 {
        SECOND * u64::from(self.rate.cycles)
    }

    fn place(&self, frame: u64) -> Place {
        if self.is_direct() {
            return Place { sample: frame as i64 - self.direct_frame() as i64, rest: 0 };
        }
        let since =
            i128::from(frame) * i128::from(SECOND) - i128::from(self.begin.0) * i128::from(SAMPLE_RATE);
        let scaled = since * i128::from(self.rate.cycles);
        let unit = i128::from(self.unit());
        Place { sample: scaled.div_euclid(unit) as i64, rest: scaled.rem_euclid(unit) as u64 }
    }

    fn next(&self, place: Place) -> Place {
        let rest = place.rest + self.step();
        Place { sample: place.sample + (rest / self.unit()) as i64, rest: rest % self.unit() }
    }

    fn sample(&self, number: i64) -> [i16; 2] {
        match u64::try_from(number) {
            Err(_) => self.before,
            Ok(number) => match number.checked_sub(self.first) {
                Some(at) => *self.samples.get(at as usize).or(self.samples.back()).unwrap_or(&self.before),
                None => self.samples.front().copied().unwrap_or(self.before),
            },
        }
    }

    fn at(&self, place: Place) -> [i32; 2] {
        if self.is_direct() {
            return self.sample(place.sample).map(i32::from);
        }
        let unit = self.unit() >> 16;
        let fraction = ((place.rest >> 16) << FRACTION_BITS) / unit;
        let weights = kernel::weights(fraction as u32);
        let mut sums = [0i64; 2];
        for (n, weight) in (place.sample - BEFORE..).zip(weights) {
            let sample = self.sample(n);
            sums[0] += i64::from(sample[0]) * weight;
            sums[1] += i64::from(sample[1]) * weight;
        }
        sums.map(|sum| ((sum + (1 << (ONE_BITS - 1))) >> ONE_BITS) as i32)
    }

    /// The frame of the first sample of a run at the grid's own rate: the nearest.
    fn direct_frame(&self) -> u64 {
        frame_at(self.begin.plus_ns(SECOND / u64::from(2 * SAMPLE_RATE)))
    }

    /// The level `frames` after the run's last frame.
    fn level_after(&self, frames: u64) -> [i32; 2] {
        let left = (HOLD + FADE).saturating_sub(frames).min(FADE) as i32;
        self.samples.back().map_or([0; 2], |last| last.map(|side| i32::from(side) * left / FADE as i32))
    }

    fn is_valid(&self) -> bool {
        self.rate.is_valid()
            && self.first < 1 << 56
            && self.start <= self.first
            && self.begin.0 < u64::MAX / 4
    }
}

/// Samples of one source on their way to the grid.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    runs: VecDeque<Run>,
    /// Frames before this one have been fetched.
    fetched: u64,
    listened: bool,
    /// No run has begun since [`Stream::seal`].
    sealed: bool,
}

/// What a [`Stream`] is saved as: its last run's last samples.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StreamState(Option<Run>);

impl Stream {
    /// A sample at `at`; times do not go back by more than a few samples.
    pub fn push(&mut self, at: VTime, rate: Rate, sample: [i16; 2]) {
        if !rate.is_valid() {
            return;
        }
        if !self.continues(at, rate) {
            self.begin(Run { begin: at, rate, start: 0, first: 0, samples: VecDeque::new(), before: [0; 2] });
        }
        self.append(at, sample);
    }

    /// The sample of a source whose samples are numbered from virtual time zero.
    pub fn push_number(&mut self, number: u64, rate: Rate, sample: [i16; 2]) {
        let run = self.runs.back_mut().filter(|_| !self.sealed);
        match run.and_then(|run| Some((number.checked_sub(run.end())?, run))) {
            Some((missing, run)) if missing < MOST_GAP => {
                let last = run.samples.back().copied().unwrap_or(run.before);
                run.samples.extend(std::iter::repeat_n(last, missing as usize));
            }
            _ => {
                let (start, first) = (number, number);
                let samples = VecDeque::new();
                self.begin(Run { begin: VTime(0), rate, start, first, samples, before: [0; 2] });
            }
        }
        self.append(VTime(rate.ns_of(number)), sample);
    }

    /// What comes next has nothing to do with what was: the state is as if there had been nothing.
    pub fn seal(&mut self) {
        self.sealed = true;
    }

    fn append(&mut self, at: VTime, sample: [i16; 2]) {
        let Some(run) = self.runs.back_mut() else { return };
        run.samples.push_back(sample);
        let heard = self.listened && frame_at(at).saturating_sub(self.fetched) <= BACKLOG;
        if !heard {
            self.listened = false;
            let spare = run.samples.len().saturating_sub(UNHEARD);
            run.samples.drain(..spare);
            run.first += spare as u64;
            let begin = frame_at(VTime(at.0.saturating_sub(1_000_000_000)));
            while self.runs.len() > 1 && self.runs[0].last_frame() + HOLD + FADE < begin {
                self.runs.pop_front();
            }
        }
    }

    /// Whether a sample at `at` goes on with the last run, which is filled up to it.
    fn continues(&mut self, at: VTime, rate: Rate) -> bool {
        let Some(run) = self.runs.back_mut().filter(|run| run.rate == rate && !self.sealed) else {
            return false;
        };
        let expected = run.time_of(run.end());
        let (late, early) = (at.ns_since(expected), expected.ns_since(at));
        let near = rate.ns_of(MOST_GAP);
        if late > near || early > near {
            return false;
        }
        let last = run.samples.back().copied().unwrap_or(run.before);
        // Half a sample late is still in time.
        let missing = rate.samples_in(late + rate.ns_of(1) / 2);
        run.samples.extend(std::iter::repeat_n(last, missing as usize));
        true
    }

    fn begin(&mut self, mut run: Run) {
        if let Some(last) = self.runs.back().filter(|_| !self.sealed) {
            let gap = run.first_frame().saturating_sub(last.last_frame());
            run.before = last.level_after(gap).map(super::saturate);
        }
        if self.runs.len() >= MOST_RUNS {
            self.runs.pop_front();
        }
        self.runs.push_back(run);
        self.sealed = false;
    }

    /// Somebody will fetch frames from `first` on.
    pub fn listen(&mut self, first: u64) {
        self.listened = true;
        self.fetched = first;
    }

    /// Adds frames from `first` on to `out`; samples are there for [`LATENCY`] frames more.
    pub fn render(&mut self, first: u64, out: &mut [Frame]) {
        let end = first + out.len() as u64;
        for n in 0..self.runs.len() {
            let until = self.runs.get(n + 1).map_or(u64::MAX, Run::first_frame);
            let run = &self.runs[n];
            let (from, to) = (run.first_frame().max(first), until.min(end));
            if from < to {
                render_run(run, from, &mut out[(from - first) as usize..(to - first) as usize]);
            }
        }
        self.listen(end);
        self.forget(end);
    }

    /// Drops what no later frame needs.
    fn forget(&mut self, end: u64) {
        while self.runs.len() > 1 && self.runs[1].first_frame() <= end {
            self.runs.pop_front();
        }
        let Some(run) = self.runs.front_mut() else { return };
        let needed = run.place(end).sample.saturating_sub(HISTORY as i64);
        let passed = u64::try_from(needed).unwrap_or(0).saturating_sub(run.first);
        let spare = run.samples.len().saturating_sub(HISTORY) as u64;
        let gone = passed.min(spare);
        run.samples.drain(..gone as usize);
        run.first += gone;
    }

    /// Whether nothing more will be heard of it at frame `number`, unless samples come.
    pub fn is_silent(&self, number: u64) -> bool {
        self.runs.back().is_none_or(|run| run.last_frame() + HOLD + FADE + LATENCY < number)
    }

    /// The last samples, which the next frames depend on.
    pub fn save(&self) -> StreamState {
        StreamState(self.runs.back().filter(|_| !self.sealed).map(|run| {
            let spare = run.samples.len().saturating_sub(HISTORY);
            Run {
                first: run.first + spare as u64,
                samples: run.samples.iter().skip(spare).copied().collect(),
                ..run.clone()
            }
        }))
    }

    /// Whether a state can be taken over.
    pub fn accepts(state: &StreamState) -> bool {
        state.0.as_ref().is_none_or(|run| run.is_valid() && run.samples.len() <= HISTORY)
    }

    /// Takes over a state.
    pub fn load(&mut self, state: StreamState) {
        self.sealed = state.0.is_none();
        self.runs = state.0.into_iter().collect();
        let end = self.runs.back().map_or(0, |run| frame_at(run.time_of(run.end())));
        self.listen(end);
    }
}

fn render_run(run: &Run, first: u64, out: &mut [Frame]) {
    let last = run.last_frame();
    let mut place = run.place(first);
    for (number, frame) in (first..).zip(out) {
        let value = match number.checked_sub(last) {
            None => run.at(place),
            Some(after) if after >= HOLD + FADE => return,
            Some(after) => run.level_after(after),
        };
        frame[0] += value[0];
        frame[1] += value[1];
        place = run.next(place);
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
