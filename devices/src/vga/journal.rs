//! What changed while the beam drew the last pictures, so that each line can be drawn as it was shown.

use super::registers::{Change, Registers};
use super::timing::{Beam, Timing};
use ringzero_bus::VTime;
use std::collections::VecDeque;

/// Most changes kept; of more, the oldest are taken to have come before.
const MOST: usize = 1 << 14;

/// The changes of the last pictures, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// The registers before the oldest change.
    base: Option<Box<Registers>>,
    changes: VecDeque<(VTime, Change)>,
}

impl Journal {
    /// Forgets what came before: pictures of another geometry.
    pub(super) fn clear(&mut self) {
        self.base = None;
        self.changes.clear();
    }

    /// A change at `now`, before it is applied to `registers`.
    pub(super) fn note(&mut self, registers: &Registers, now: VTime, change: Change) {
        // The last picture, the one before it, and the retrace before that.
        let kept = now.0.saturating_sub(3 * registers.timing().frame_time());
        let old = |&(time, _): &(VTime, Change)| time.0 < kept;
        while self.changes.len() == MOST || self.changes.front().is_some_and(old) {
            if let (Some(base), Some((_, change))) = (&mut self.base, self.changes.pop_front()) {
                base.apply(change);
            }
        }
        if self.changes.is_empty() {
            self.base = Some(Box::new(registers.clone()));
        }
        self.changes.push_back((now, change));
    }

    /// The changes that show in the picture at `now`: `None` when there are none.
    pub(super) fn replay<'a>(&'a self, now: VTime, timing: &'a Timing) -> Option<Replay<'a>> {
        let base = self.base.as_deref()?;
        let beam = timing.at(now);
        let frame_time = timing.frame_time();
        let recent = self.changes.back()?.0.0.saturating_add(2 * frame_time) > now.0;
        recent.then(|| Replay::new(self, base.clone(), now, timing, beam))
    }
}

/// Goes through a picture line by line, with the registers as they were when the beam was there.
pub(super) struct Replay<'a> {
    registers: Registers,
    changes: std::iter::Peekable<std::collections::vec_deque::Iter<'a, (VTime, Change)>>,
    /// Changes of the picture before, below where the beam is now: they are taken to come again.
    expected: Vec<(u64, Change)>,
    now: VTime,
    timing: &'a Timing,
    beam: Beam,
}

impl<'a> Replay<'a> {
    fn new(journal: &'a Journal, base: Registers, now: VTime, timing: &'a Timing, beam: Beam) -> Self {
        let mut replay = Self {
            registers: base,
            changes: journal.changes.iter().peekable(),
            expected: Vec::new(),
            now,
            timing,
            beam,
        };
        replay.expect_again(journal);
        let retrace = match beam.frame {
            0 => VTime(0),
            frame => timing.start_of(frame - 1, timing.retrace.start),
        };
        replay.until(retrace);
        replay
    }

    fn expect_again(&mut self, journal: &Journal) {
        let Some(before) = self.beam.frame.checked_sub(1) else { return };
        let below = self.timing.start_of(before, self.beam.line.saturating_add(1));
        let end = self.timing.start_of(before, self.timing.displayed_lines);
        for &(time, change) in &journal.changes {
            if (below..end).contains(&time) {
                let line = self.timing.at(time).line;
                let begun = self.timing.start_of(before, line) < time;
                self.expected.push((line + u64::from(begun), change));
            }
        }
        self.expected.reverse();
    }

    /// Applies what was written up to `time`.
    fn until(&mut self, time: VTime) -> bool {
        let mut any = false;
        while let Some(&(_, change)) = self.changes.next_if(|&&(at, _)| at <= time) {
            self.registers.apply(change);
            any = true;
        }
        any
    }

    /// The registers that hold now: at first those of the retrace before the picture.
    pub(super) fn registers(&self) -> &Registers {
        &self.registers
    }

    /// Goes on to a line; whether that changes registers.
    pub(super) fn go_to(&mut self, line: u64) -> bool {
        if line <= self.beam.line {
            return self.until(self.timing.start_of(self.beam.frame, line));
        }
        let mut any = self.until(self.now);
        while let Some(&(_, change)) = self.expected.last().filter(|&&(at, _)| at <= line) {
            self.registers.apply(change);
            self.expected.pop();
            any = true;
        }
        any
    }
}
