//! The local APIC's timer [SDM 3A, "APIC Timer"]: a down counter on a clock of one tick per nanosecond.

use ringzero_bus::VTime;
use serde::{Deserialize, Serialize};

/// The divider of a divide configuration register: bits 3, 1 and 0.
fn divider(configuration: u8) -> u64 {
    match configuration & 3 | configuration >> 1 & 4 {
        0b111 => 1,
        bits => 2 << bits,
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Timer {
    /// The initial count register.
    pub(super) initial: u32,
    /// The divide configuration register.
    pub(super) configuration: u8,
    pub(super) periodic: bool,
    /// It counted `from` at `since`; 0 when it stands still.
    from: u32,
    since: VTime,
}

impl Timer {
    fn divider(&self) -> u64 {
        divider(self.configuration)
    }

    /// Loads the initial count and starts, or stops.
    pub(super) fn start(&mut self, initial: u32, now: VTime) {
        (self.initial, self.from, self.since) = (initial, initial, now);
    }

    /// The current count register.
    pub(super) fn count(&self, now: VTime) -> u32 {
        let ticks = now.ns_since(self.since) / self.divider();
        let (from, initial) = (u64::from(self.from), u64::from(self.initial));
        let count = match ticks.checked_sub(from) {
            None => from - ticks,
            Some(over) if self.periodic && from != 0 && initial != 0 => initial - over % initial,
            Some(_) => 0,
        };
        count as u32
    }

    /// The first moment after `now` at which the count reaches 0.
    pub(super) fn next_expiry(&self, now: VTime) -> Option<VTime> {
        if self.from == 0 {
            return None;
        }
        let divider = self.divider();
        let first = self.since.plus_ns(u64::from(self.from) * divider);
        if now < first {
            return Some(first);
        }
        let period = u64::from(self.initial) * divider;
        (self.periodic && period != 0).then(|| first.plus_ns((now.ns_since(first) / period + 1) * period))
    }

    /// Changes the divider; the count goes on from where it is.
    pub(super) fn configure(&mut self, configuration: u8, now: VTime) {
        self.hold(now);
        self.configuration = configuration & 0b1011;
    }

    /// Changes between one-shot and periodic; the count goes on from where it is, if it has not ended.
    pub(super) fn set_periodic(&mut self, periodic: bool, now: VTime) {
        if periodic != self.periodic {
            self.hold(now);
            self.periodic = periodic;
        }
    }

    fn hold(&mut self, now: VTime) {
        let part = now.ns_since(self.since) % self.divider();
        (self.from, self.since) = (self.count(now), VTime(now.0.saturating_sub(part)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_dividers() {
        let dividers = [0b0000, 0b0001, 0b0010, 0b0011, 0b1000, 0b1001, 0b1010, 0b1011].map(divider);
        assert_eq!(dividers, [2, 4, 8, 16, 32, 64, 128, 1]);
    }

    #[test]
    fn one_shot_counts_down_once() {
        let mut timer = Timer::default();
        timer.start(10, VTime(100));
        assert_eq!([100, 101, 102, 119, 120, 500].map(|now| timer.count(VTime(now))), [10, 10, 9, 1, 0, 0]);
        assert_eq!(timer.next_expiry(VTime(100)), Some(VTime(120)));
        assert_eq!(timer.next_expiry(VTime(120)), None);
    }

    #[test]
    fn periodic_reloads_when_it_reaches_zero() {
        let mut timer = Timer { periodic: true, ..Timer::default() };
        timer.start(10, VTime(0));
        assert_eq!([18, 20, 22, 39, 40].map(|now| timer.count(VTime(now))), [1, 10, 9, 1, 10]);
        assert_eq!(
            [0, 20, 41].map(|now| timer.next_expiry(VTime(now))),
            [20, 40, 60].map(|at| Some(VTime(at)))
        );
    }

    #[test]
    fn a_new_divider_counts_on_from_the_present_count() {
        let mut timer = Timer::default();
        timer.start(10, VTime(0));
        timer.configure(0b1011, VTime(8));
        assert_eq!([8, 9, 14].map(|now| timer.count(VTime(now))), [6, 5, 0]);
    }

    #[test]
    fn an_ended_count_does_not_become_periodic() {
        let mut timer = Timer::default();
        timer.start(10, VTime(0));
        timer.set_periodic(true, VTime(30));
        assert_eq!((timer.count(VTime(31)), timer.next_expiry(VTime(31))), (0, None));
    }
}
