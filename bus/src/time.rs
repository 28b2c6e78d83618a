//! Virtual time: the only clock the machine knows.

use serde::{Deserialize, Serialize};

/// Virtual nanoseconds since power-on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VTime(pub u64);

impl VTime {
    /// The end of time.
    pub const MAX: Self = Self(u64::MAX);

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
    pub const PIT: Clock = Clock::new(315_000_000, 22 * 12);

    /// A clock in lowest terms: with those [`Clock::ticks_at`] and [`Clock::time_of_tick`] cost least.
    pub const fn new(cycles: u64, per_seconds: u64) -> Self {
        let (mut a, mut b) = (cycles, per_seconds);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self { cycles: cycles / a, per_seconds: per_seconds / a }
    }

    const fn ns_divisor(self) -> u128 {
        self.per_seconds as u128 * 1_000_000_000
    }

    /// The nanoseconds in which `cycles` ticks pass, where 64 bits hold their product with `cycles`, and some more.
    #[inline]
    const fn short_round(self) -> Option<u64> {
        match self.per_seconds.checked_mul(1_000_000_000) {
            Some(ns) if ns != 0 && self.cycles != 0 && self.cycles < u64::MAX / 2 / ns => Some(ns),
            _ => None,
        }
    }

    /// Whole ticks since power-on at `now`: computed from absolute time, so rounding cannot drift.
    #[inline]
    pub fn ticks_at(self, now: VTime) -> u64 {
        // Whole rounds first, so that nothing is wider than 64 bits.
        if let Some(round) = self.short_round()
            && let Some(ticks) = (now.0 / round).checked_mul(self.cycles)
        {
            return ticks.saturating_add(now.0 % round * self.cycles / round);
        }
        let ticks = u128::from(now.0) * u128::from(self.cycles) / self.ns_divisor();
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// The first moment at which [`Clock::ticks_at`] is at least `ticks`.
    #[inline]
    pub fn time_of_tick(self, ticks: u64) -> VTime {
        if let Some(round) = self.short_round()
            && let Some(ns) = (ticks / self.cycles).checked_mul(round)
        {
            return VTime(ns.saturating_add((ticks % self.cycles * round).div_ceil(self.cycles)));
        }
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
        let (ns, mips) = (deadline.ns_since(self.base), u64::from(self.mips));
        if let Some(thousandths) = ns.checked_mul(mips) {
            return self.base_count.saturating_add(thousandths.div_ceil(1000));
        }
        let count = (u128::from(ns) * u128::from(mips)).div_ceil(1000);
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
    /// The least of `deadlines`.
    #[serde(skip)]
    first: Option<VTime>,
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
        let before = self.deadlines[index].replace(deadline);
        match self.first {
            Some(first) if before == Some(first) && deadline > first => self.find_first(),
            Some(first) => self.first = Some(first.min(deadline)),
            None => self.first = Some(deadline),
        }
    }

    fn find_first(&mut self) {
        self.first = self.deadlines.iter().flatten().min().copied();
    }

    /// Disarms `slot`.
    pub fn cancel(&mut self, slot: EventSlot) {
        let before = self.deadlines.get_mut(usize::from(slot.0)).and_then(Option::take);
        if before.is_some() && before == self.first {
            self.find_first();
        }
    }

    /// The deadline armed in `slot`.
    pub fn deadline(&self, slot: EventSlot) -> Option<VTime> {
        self.deadlines.get(usize::from(slot.0)).copied().flatten()
    }

    /// The earliest deadline of all.
    pub fn next_deadline(&self) -> Option<VTime> {
        self.first
    }

    /// Disarms and returns the earliest deadline that is at or before `now`; the lowest slot among equals.
    pub fn take_due(&mut self, now: VTime) -> Option<(EventSlot, VTime)> {
        self.first.filter(|&first| first <= now)?;
        let (index, deadline) = self
            .deadlines
            .iter()
            .enumerate()
            .filter_map(|(index, deadline)| deadline.map(|d| (index, d)))
            .filter(|&(_, d)| d <= now)
            .min_by_key(|&(index, d)| (d, index))?;
        self.deadlines[index] = None;
        self.find_first();
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
            self.find_first();
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
    fn short_ways_give_what_wide_arithmetic_gives() {
        let clocks = [
            Clock::PIT,
            Clock::new(315_000_000, 22 * 4),
            Clock::new(315_000_000, 22 * 288),
            Clock { cycles: 315_000_000, per_seconds: 22 * 12 },
            Clock::new(32_768, 1),
            Clock::new(1, 7),
            Clock::new(u64::MAX, 1),
            Clock::new(7, 18_000_000_000),
            Clock::new(1_000_003, 1_000),
        ];
        let mut values: Vec<u64> =
            (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]).collect();
        for clock in clocks {
            let round = clock.per_seconds.saturating_mul(1_000_000_000);
            for times in [1, 2, 1000] {
                for value in [round.saturating_mul(times), clock.cycles.saturating_mul(times)] {
                    values.extend([value - 1, value, value.saturating_add(1)]);
                }
            }
        }
        values.extend([u64::MAX - 1, u64::MAX]);
        for (clock, &value) in clocks.iter().flat_map(|clock| values.iter().map(move |value| (clock, value)))
        {
            let ticks = u128::from(value) * u128::from(clock.cycles) / clock.ns_divisor();
            assert_eq!(
                clock.ticks_at(VTime(value)),
                u64::try_from(ticks).unwrap_or(u64::MAX),
                "{clock:?} {value}"
            );
            let ns = (u128::from(value) * clock.ns_divisor()).div_ceil(u128::from(clock.cycles));
            assert_eq!(
                clock.time_of_tick(value).0,
                u64::try_from(ns).unwrap_or(u64::MAX),
                "{clock:?} {value}"
            );
        }
    }

    #[test]
    fn the_next_deadline_is_the_least_whatever_came_before() {
        let mut sched = Scheduler::default();
        let slots: Vec<_> = (0..4).map(|_| sched.add_slot()).collect();
        let mut random = 1u32;
        for _ in 0..5000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (slot, at) = (slots[(random >> 30) as usize], VTime(u64::from(random >> 24 & 0x1F)));
            match random >> 16 & 7 {
                0 => sched.cancel(slot),
                1 => drop(sched.take_due(at)),
                _ => sched.arm(slot, at),
            }
            assert_eq!(sched.next_deadline(), sched.deadlines.iter().flatten().min().copied());
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
