//! Virtual time: the only clock the machine knows.

use serde::{Deserialize, Serialize};

/// Virtual nanoseconds since power-on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VTime(pub u64);

impl VTime {
    /// `self` plus `ns` nanoseconds; stays at the end of time rather than wrap.
    #[must_use]
    pub const fn plus_ns(self, ns: u64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// Nanoseconds from `earlier` to `self`; 0 when `earlier` is later.
    pub const fn ns_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A crystal, possibly divided: `cycles` ticks in `per_seconds` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Ticks per `per_seconds` seconds.
    pub cycles: u64,
    /// The seconds in which `cycles` ticks pass.
    pub per_seconds: u64,
}

impl Clock {
    /// 14.31818 MHz crystal (315/22 MHz) divided by 12 [8254, "CLK"].
    pub const PIT: Clock = Clock { cycles: 315_000_000, per_seconds: 22 * 12 };

    const fn ns_divisor(self) -> u128 {
        self.per_seconds as u128 * 1_000_000_000
    }

    /// Whole ticks since power-on at `now`: computed from absolute time, so rounding cannot drift.
    pub fn ticks_at(self, now: VTime) -> u64 {
        let ticks = u128::from(now.0) * u128::from(self.cycles) / self.ns_divisor();
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// The first moment at which [`Clock::ticks_at`] is at least `ticks`.
    pub fn time_of_tick(self, ticks: u64) -> VTime {
        let ns = (u128::from(ticks) * self.ns_divisor()).div_ceil(u128::from(self.cycles));
        VTime(u64::try_from(ns).unwrap_or(u64::MAX))
    }
}

/// Turns retired instructions into virtual time:
/// `VTime = base + floor((count - base_count) * 1000 / mips)`.
///
/// The base moves only at a rate change or an idle jump, so how a run is sliced never shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeBase {
    base: VTime,
    base_count: u64,
    mips: u32,
}

impl TimeBase {
    /// Time zero at instruction zero, at `mips` instructions per microsecond (0 is taken as 1).
    pub fn new(mips: u32) -> Self {
        Self { base: VTime(0), base_count: 0, mips: mips.max(1) }
    }

    /// Instructions per virtual microsecond.
    pub fn mips(&self) -> u32 {
        self.mips
    }

    /// The time at which instruction number `count` (counted from 0) begins.
    pub fn time_at(&self, count: u64) -> VTime {
        let instructions = count.saturating_sub(self.base_count);
        let ns = match instructions.checked_mul(1000) {
            Some(thousandths) => thousandths / u64::from(self.mips),
            None => {
                let ns = u128::from(instructions) * 1000 / u128::from(self.mips);
                u64::try_from(ns).unwrap_or(u64::MAX)
            }
        };
        self.base.plus_ns(ns)
    }

    /// The first instruction that begins at or after `deadline`.
    pub fn count_at(&self, deadline: VTime) -> u64 {
        let ns = u128::from(deadline.ns_since(self.base));
        let count = (ns * u128::from(self.mips)).div_ceil(1000);
        self.base_count.saturating_add(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// Changes the rate from instruction `count` on.
    pub fn set_mips(&mut self, count: u64, mips: u32) {
        self.base = self.time_at(count);
        self.base_count = count;
        self.mips = mips.max(1);
    }

    /// Jumps to `to` at instruction `count`, as when every CPU halts; never goes back.
    pub fn jump(&mut self, count: u64, to: VTime) {
        self.base = self.time_at(count).max(to);
        self.base_count = count;
    }
}

/// A deadline's place in the [`Scheduler`]: one per (device, event).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventSlot(pub(crate) u16);

impl EventSlot {
    /// A slot for tests that drive a chip without a bus; two slots with one number are the same slot.
    pub const fn for_test(number: u16) -> Self {
        Self(number)
    }
}

/// One optional deadline per [`EventSlot`]. Arming replaces, cancelling is O(1), ties fire in slot order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduler {
    deadlines: Vec<Option<VTime>>,
    /// Set when an armed deadline became the earliest; the bus ends the CPU's slice then.
    #[serde(skip)]
    earlier: bool,
}

impl Scheduler {
    pub(crate) fn add_slot(&mut self) -> EventSlot {
        let slot = u16::try_from(self.deadlines.len()).expect("a machine has fewer than 65,536 event slots");
        self.deadlines.push(None);
        EventSlot(slot)
    }

    /// Arms `slot` for `deadline`, replacing what was armed. A deadline in the past fires at the next chance.
    pub fn arm(&mut self, slot: EventSlot, deadline: VTime) {
        let index = usize::from(slot.0);
        if index >= self.deadlines.len() {
            self.deadlines.resize(index + 1, None);
        }
        if self.next_deadline().is_none_or(|first| deadline < first) {
            self.earlier = true;
        }
        self.deadlines[index] = Some(deadline);
    }

    /// Disarms `slot`.
    pub fn cancel(&mut self, slot: EventSlot) {
        if let Some(entry) = self.deadlines.get_mut(usize::from(slot.0)) {
            *entry = None;
        }
    }

    /// The deadline armed in `slot`.
    pub fn deadline(&self, slot: EventSlot) -> Option<VTime> {
        self.deadlines.get(usize::from(slot.0)).copied().flatten()
    }

    /// The earliest deadline of all.
    pub fn next_deadline(&self) -> Option<VTime> {
        self.deadlines.iter().flatten().min().copied()
    }

    /// Disarms and returns the earliest deadline that is at or before `now`; the lowest slot among equals.
    pub fn take_due(&mut self, now: VTime) -> Option<(EventSlot, VTime)> {
        let (index, deadline) = self
            .deadlines
            .iter()
            .enumerate()
            .filter_map(|(index, deadline)| deadline.map(|d| (index, d)))
            .filter(|&(_, d)| d <= now)
            .min_by_key(|&(index, d)| (d, index))?;
        self.deadlines[index] = None;
        Some((EventSlot(u16::try_from(index).expect("slots are numbered in 16 bits")), deadline))
    }

    pub(crate) fn take_earlier(&mut self) -> bool {
        std::mem::take(&mut self.earlier)
    }

    /// Takes over the deadlines of a snapshot; false when it has another number of slots.
    pub(crate) fn restore(&mut self, saved: Scheduler) -> bool {
        let fits = saved.deadlines.len() == self.deadlines.len();
        if fits {
            *self = saved;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pit_ticks_do_not_drift() {
        for ticks in [0, 1, 65_536, 1_193_182, 1 << 40] {
            let at = Clock::PIT.time_of_tick(ticks);
            assert_eq!(Clock::PIT.ticks_at(at), ticks);
            if ticks > 0 {
                assert_eq!(Clock::PIT.ticks_at(VTime(at.0 - 1)), ticks - 1);
            }
        }
    }

    #[test]
    fn count_at_is_the_inverse_of_time_at() {
        let mut base = TimeBase::new(7);
        base.set_mips(1000, 3);
        for deadline in [0, 1, 142_857, 142_858, 1_000_000] {
            let count = base.count_at(VTime(deadline));
            assert!(count <= 1000 || base.time_at(count) >= VTime(deadline));
            assert!(count <= 1000 || base.time_at(count - 1) < VTime(deadline));
        }
    }

    #[test]
    fn ties_fire_in_slot_order() {
        let mut sched = Scheduler::default();
        let (a, b) = (sched.add_slot(), sched.add_slot());
        sched.arm(b, VTime(5));
        sched.arm(a, VTime(5));
        assert_eq!(sched.take_due(VTime(4)), None);
        assert_eq!(sched.take_due(VTime(9)), Some((a, VTime(5))));
        assert_eq!(sched.take_due(VTime(9)), Some((b, VTime(5))));
        assert_eq!(sched.take_due(VTime(9)), None);
    }
}
