//! The trail: a ring of the places where control went on behind branches.
#![expect(
    unsafe_code,
    reason = "a place is written for every branch taken, at an offset that a mask keeps inside the ring"
)]

use super::{CodePlace, Mark};

/// A place that was reached: as little as can be written each time, and a power of two of bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
struct Reached {
    count: u64,
    ip: u64,
    code: CodePlace,
}

const SIZE: usize = size_of::<Reached>();

impl Reached {
    /// Not written yet.
    const NEVER: Self = Self { count: u64::MAX, ip: 0, code: CodePlace(0) };

    fn mark(&self) -> Mark {
        Mark { place: self.code.at(self.count, self.ip), kind: self.code.kind() }
    }
}

/// The ring. One that keeps nothing has a single entry all the same, which is written and never read: no branch asks.
#[derive(Clone, Debug)]
pub(super) struct Trail {
    /// A power of two of them.
    ring: Box<[Reached]>,
    /// Offset of the oldest in bytes.
    next: usize,
    /// What keeps offsets inside the ring.
    mask: usize,
    keeps: bool,
}

impl Default for Trail {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Trail {
    /// A trail of `places`, rounded up to a power of two.
    pub(super) fn new(places: usize) -> Self {
        let ring = vec![Reached::NEVER; places.max(1).next_power_of_two()].into_boxed_slice();
        Self { next: 0, mask: (ring.len() - 1) * SIZE, keeps: places > 0, ring }
    }

    /// Writes a place.
    #[inline(always)]
    pub(super) fn push(&mut self, count: u64, ip: u64, code: CodePlace) {
        let at = self.next;
        crate::check!(at.is_multiple_of(SIZE) && at / SIZE < self.ring.len(), "offset {at} of the trail");
        // SAFETY: `next` is a multiple of the size of an entry, and masked to what the ring holds, which is never empty.
        unsafe { self.ring.as_mut_ptr().byte_add(at).write(Reached { count, ip, code }) };
        self.next = (at + SIZE) & self.mask;
    }

    /// Whether `ip` was the last place reached, at `count`.
    pub(super) fn ends_at(&self, count: u64, ip: u64) -> bool {
        let last = &self.ring[(self.next.wrapping_sub(SIZE) & self.mask) / SIZE];
        last.count == count && last.ip == ip
    }

    /// What is kept, oldest first.
    pub(super) fn marks(&self) -> impl Iterator<Item = Mark> {
        let (newer, older) = self.ring.split_at(self.next / SIZE);
        let written = |reached: &&Reached| self.keeps && reached.count != u64::MAX;
        older.iter().chain(newer).filter(written).map(Reached::mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(trail: &Trail) -> Vec<u64> {
        trail.marks().map(|mark| mark.place.ip).collect()
    }

    #[test]
    fn the_latest_places_are_kept_in_order() {
        let mut trail = Trail::new(3);
        (0..2).for_each(|ip| trail.push(ip, ip, CodePlace::default()));
        assert_eq!(ips(&trail), [0, 1]);
        (2..10).for_each(|ip| trail.push(ip, ip, CodePlace::default()));
        assert_eq!(ips(&trail), [6, 7, 8, 9]);
        assert!(trail.ends_at(9, 9) && !trail.ends_at(9, 8));
    }

    #[test]
    fn a_trail_of_no_places_keeps_none() {
        let mut trail = Trail::new(0);
        (0..3).for_each(|ip| trail.push(ip, ip, CodePlace::default()));
        assert_eq!(trail.marks().count(), 0);
    }
}
