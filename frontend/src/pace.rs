//! Keeps virtual time in step with the wall clock.
//!
//! With [`Timing::Host`] the rate follows what this host delivers, so that a busy guest gets the whole core and its
//! clock still goes right. With a fixed rate a host that is too slow lets virtual time fall behind; it never skips.

use crate::plan::Timing;
use ringzero_machine::VTime;
use std::time::{Duration, Instant};

/// Wall time that a slice of instructions should take.
const SLICE_US: u64 = 2_000;
/// How far virtual time may be behind before the lost time is given up.
const MOST_LAG: Duration = Duration::from_millis(200);
/// Busy time from which a rate is measured.
const MEASURED_NS: u64 = 20_000_000;
/// Rates that [`Timing::Host`] sets.
const RATES: std::ops::RangeInclusive<u64> = 1..=20_000;
/// Share of the measured rate that is used, in thousandths: the rest is for drawing and the host's other work.
const SHARE: u64 = 970;

/// How fast virtual time passes: `virtual_part` of it in `wall_part` of wall time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    virtual_part: u32,
    wall_part: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self::REAL
    }
}

impl std::fmt::Display for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.virtual_part, self.wall_part) {
            (1, 1) => f.write_str("real time"),
            (times, 1) => write!(f, "{times} times real time"),
            (part, of) => write!(f, "{part}/{of} of real time"),
        }
    }
}

impl Pace {
    /// As fast as the wall clock.
    pub(crate) const REAL: Self = Self { virtual_part: 1, wall_part: 1 };
    /// What a user may choose.
    #[cfg_attr(not(feature = "window"), expect(dead_code, reason = "chosen in the window"))]
    pub(crate) const ALL: [Self; 5] = [
        Self { virtual_part: 1, wall_part: 4 },
        Self { virtual_part: 1, wall_part: 2 },
        Self::REAL,
        Self { virtual_part: 2, wall_part: 1 },
        Self { virtual_part: 4, wall_part: 1 },
    ];

    fn to_virtual(self, wall: u128) -> u64 {
        let ns = wall * u128::from(self.virtual_part) / u128::from(self.wall_part);
        u64::try_from(ns).unwrap_or(u64::MAX)
    }

    fn to_wall(self, virtual_ns: u64) -> u64 {
        let ns = u128::from(virtual_ns) * u128::from(self.wall_part) / u128::from(self.virtual_part);
        u64::try_from(ns).unwrap_or(u64::MAX)
    }
}

/// Wall and virtual time, side by side.
#[derive(Debug)]
pub(crate) struct Pacer {
    timing: Timing,
    pace: Pace,
    /// A moment on both clocks.
    anchor: (Instant, VTime),
    mips: u32,
    busy_ns: u64,
    busy_instructions: u64,
    /// Instructions per microsecond of the host, smoothed.
    measured: Option<u64>,
}

impl Pacer {
    /// A pacer at `now`, when virtual time is `at`.
    pub(crate) fn new(timing: Timing, mips: u32, now: Instant, at: VTime) -> Self {
        let pace = Pace::REAL;
        Self { timing, pace, anchor: (now, at), mips, busy_ns: 0, busy_instructions: 0, measured: None }
    }

    /// Time stood still until `now`, as in a pause.
    pub(crate) fn restart(&mut self, now: Instant, at: VTime) {
        self.anchor = (now, at);
    }

    /// The fixed rate, if it is one.
    pub(crate) fn rate(&self) -> Option<u32> {
        (self.timing != Timing::Host).then_some(self.mips)
    }

    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }

    /// From `now` on the rate is another.
    pub(crate) fn set_rate(&mut self, timing: Timing, mips: Option<u32>, now: Instant, at: VTime) {
        self.timing = timing;
        self.mips = mips.unwrap_or(self.mips);
        (self.busy_ns, self.busy_instructions, self.measured) = (0, 0, None);
        self.restart(now, at);
    }

    /// From `now` on virtual time passes at another pace.
    pub(crate) fn set_pace(&mut self, pace: Pace, now: Instant, at: VTime) {
        self.pace = pace;
        self.restart(now, at);
    }

    /// Instructions to run at once.
    pub(crate) fn slice(&self) -> u64 {
        (u64::from(self.mips) * self.pace.to_virtual(u128::from(SLICE_US))).max(1)
    }

    /// What virtual time should be at `now`.
    pub(crate) fn virtual_at(&self, now: Instant) -> VTime {
        let passed = now.saturating_duration_since(self.anchor.0);
        self.anchor.1.plus_ns(self.pace.to_virtual(passed.as_nanos()))
    }

    /// How long from `now` until virtual time should be `at`.
    pub(crate) fn wait(&self, now: Instant, at: VTime) -> Duration {
        Duration::from_nanos(self.pace.to_wall(at.ns_since(self.virtual_at(now))))
    }

    /// Notes that `instructions` took `spent`; at `now` virtual time is `at`. Gives a new rate to set.
    pub(crate) fn ran(&mut self, instructions: u64, spent: Duration, now: Instant, at: VTime) -> Option<u32> {
        self.busy_ns += u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        self.busy_instructions += instructions;
        let lag = self.pace.to_wall(self.virtual_at(now).ns_since(at));
        if u128::from(lag) > MOST_LAG.as_nanos() {
            self.restart(now, at);
        }
        if self.timing != Timing::Host || self.busy_ns < MEASURED_NS {
            return None;
        }
        // In terms of virtual time: at half the pace a virtual microsecond has twice the instructions.
        let busy_ns = self.pace.to_virtual(u128::from(self.busy_ns)).max(1);
        let measured = self.busy_instructions.saturating_mul(1000) / busy_ns;
        let smooth = self.measured.map_or(measured, |old| (old + measured) / 2);
        (self.busy_ns, self.busy_instructions, self.measured) = (0, 0, Some(smooth));
        self.rate_for(smooth, lag)
    }

    /// A lower rate makes virtual time pass faster: it catches up.
    fn rate_for(&mut self, measured: u64, lag_ns: u64) -> Option<u32> {
        let catch_up = (lag_ns / 1_000_000 * 4).min(SHARE / 2);
        let rate = (measured * (SHARE - catch_up) / 1000).clamp(*RATES.start(), *RATES.end());
        let rate = u32::try_from(rate).unwrap_or(u32::MAX);
        let changed = rate.abs_diff(self.mips) * 50 > self.mips;
        if changed {
            self.mips = rate;
        }
        changed.then_some(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_rate_follows_the_host() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Timing::Host, 128, start, VTime(0));
        let rate = pacer.ran(8_000_000, 20 * MS, start + 20 * MS, VTime(20_000_000));
        assert_eq!(rate, Some(388));
    }

    #[test]
    fn a_guest_that_is_behind_catches_up_by_a_lower_rate() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Timing::Host, 400, start, VTime(0));
        let rate = pacer.ran(8_000_000, 20 * MS, start + 70 * MS, VTime(20_000_000)).unwrap();
        assert!(rate < 350, "{rate}");
    }

    #[test]
    fn a_fixed_rate_stays() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Timing::Paced, 4, start, VTime(0));
        assert_eq!(pacer.ran(8_000_000, 20 * MS, start + 20 * MS, VTime(2_000_000_000)), None);
        assert_eq!(pacer.slice(), 8_000);
    }

    #[test]
    fn at_half_the_pace_virtual_time_is_half_the_wall_clocks() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Timing::Host, 100, start, VTime(0));
        pacer.set_pace(Pace { virtual_part: 1, wall_part: 2 }, start, VTime(0));
        assert_eq!(pacer.virtual_at(start + 10 * MS), VTime(5_000_000));
        assert_eq!(pacer.wait(start, VTime(5_000_000)), 10 * MS);
        assert_eq!(pacer.ran(8_000_000, 20 * MS, start + 20 * MS, VTime(10_000_000)), Some(776));
    }

    #[test]
    fn a_guest_that_is_ahead_waits() {
        let start = Instant::now();
        let pacer = Pacer::new(Timing::Host, 128, start, VTime(5));
        assert_eq!(pacer.wait(start + 10 * MS, VTime(15_000_005)), 5 * MS);
        assert_eq!(pacer.wait(start + 20 * MS, VTime(15_000_005)), Duration::ZERO);
    }

    #[test]
    fn time_lost_to_a_sleeping_host_is_given_up() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Timing::Paced, 128, start, VTime(0));
        let later = start + Duration::from_secs(3600);
        pacer.ran(1, MS, later, VTime(1_000_000));
        assert_eq!(pacer.virtual_at(later), VTime(1_000_000));
    }
}
