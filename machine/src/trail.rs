//! The way from one place of the processor's trail to the next: every instruction between them.

use crate::disassembly::{Disassembler, Onward};
use crate::machine::Machine;
use ringzero_cpu::recorder::{Mark, MarkKind, Place};

/// Longest instruction in bytes.
const LONGEST_INSTRUCTION: usize = 15;
/// Steps after which a way that never comes back to where it was is given up.
const MOST_STEPS: u64 = 1 << 22;

/// One instruction on the way.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Where it lies; `count` is what had begun before.
    pub place: Place,
    /// Its bytes and what follows them.
    pub bytes: [u8; LONGEST_INSTRUCTION],
    /// Where it branched to; nothing when it fell through, or a handler was entered in its place.
    pub branch: Option<Place>,
    /// Iterations of a repeated instruction behind the first.
    pub repeats: u64,
    /// How often it was executed in rounds that the way leaves out here.
    pub again: u64,
}

/// An iterator over the instructions from a place of the trail to the next one.
///
/// Between two places no branch was taken but those that always are, so the code tells the way, as far as nobody has
/// written over it. Where it goes round in a loop, rounds are left out.
pub struct Way<'a> {
    machine: &'a Machine,
    place: Place,
    end: Mark,
    /// Instructions to the end.
    rest: u64,
    kept: u64,
    loops: LoopFinder,
}

impl<'a> Way<'a> {
    /// The way from `from` to `to`. Of a loop, rounds of at least `kept` instructions are left at its end.
    pub fn new(machine: &'a Machine, from: &Mark, to: &Mark, kept: u64) -> Self {
        let went = from.kind != MarkKind::Handler && to.kind != MarkKind::PassedOver;
        let rest = if went { to.place.count.saturating_sub(from.place.count) } else { 0 };
        Self { machine, place: from.place, end: *to, rest, kept, loops: LoopFinder::new(from.place.ip) }
    }

    /// Where the last instruction has led, as far as is known.
    fn end_of(&self, place: &Place, onward: Onward) -> Option<Place> {
        let lost = self.rest > 1 && onward == Onward::Elsewhere;
        let failed = self.end.kind == MarkKind::Handler && place.ip == self.end.place.ip;
        (!lost && !failed).then_some(self.end.place)
    }
}

impl Iterator for Way<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if self.rest == 0 || self.loops.steps > MOST_STEPS {
            return None;
        }
        let left_out = self.loops.rounds_to_leave_out(self.rest, self.kept);
        self.rest -= left_out;
        self.place.count += left_out;
        let mut bytes = [0; LONGEST_INSTRUCTION];
        self.machine.read_linear(self.place.linear(), &mut bytes);
        let (len, onward) = Disassembler::length(&bytes, u32::from(self.place.bits), self.place.ip);
        let (place, after) = (self.place, self.place.ip.wrapping_add(len as u64));
        let repeats = if onward == Onward::Repeats { self.rest - 1 } else { 0 };
        let target = match next_ip(after, onward).filter(|_| self.rest > 1) {
            Some(ip) => {
                self.rest -= 1;
                self.place = Place { count: place.count + 1, ip, ..place };
                Some(self.place)
            }
            None => {
                let end = self.end_of(&place, onward);
                self.rest = 0;
                end
            }
        };
        let branch = target.filter(|target| target.ip != after || target.cs != place.cs);
        let again = self.loops.step(self.place.ip);
        Some(Step { place, bytes, branch, repeats, again })
    }
}

/// Where control goes behind an instruction that is not the last; `None` where the code does not tell.
fn next_ip(after: u64, onward: Onward) -> Option<u64> {
    match onward {
        Onward::Next | Onward::NextOr => Some(after),
        Onward::To(target) => Some(target),
        Onward::Repeats | Onward::Elsewhere => None,
    }
}

/// Notices that a way comes back to where it was, by Brent's method: a mark is compared with every place and moved on
/// after 1, 2, 4... steps.
struct LoopFinder {
    steps: u64,
    mark: u64,
    since_mark: u64,
    patience: u64,
    /// Length of the loop, once it is known.
    period: Option<u64>,
    /// Rounds left out, and steps that they go for.
    left_out: (u64, u64),
}

impl LoopFinder {
    fn new(ip: u64) -> Self {
        Self { steps: 0, mark: ip, since_mark: 0, patience: 1, period: None, left_out: (0, 0) }
    }

    /// A step that leads to `ip`; how often it was done besides.
    fn step(&mut self, ip: u64) -> u64 {
        self.steps += 1;
        if self.period.is_none() {
            self.since_mark += 1;
            if ip == self.mark {
                self.period = Some(self.since_mark);
            } else if self.since_mark == self.patience {
                (self.mark, self.since_mark, self.patience) = (ip, 0, self.patience * 2);
            }
        }
        let (rounds, steps) = &mut self.left_out;
        *steps = steps.saturating_sub(1);
        let again = *rounds;
        if *steps == 0 {
            *rounds = 0;
        }
        again
    }

    /// When a loop has just been closed: how many of the `rest` instructions can be left out, with `kept` of them to stay.
    fn rounds_to_leave_out(&mut self, rest: u64, kept: u64) -> u64 {
        let Some(period) = self.period.filter(|_| self.left_out == (0, 0)) else { return 0 };
        let rounds = rest.saturating_sub(kept.max(period)) / period;
        self.left_out = (rounds, period);
        rounds * period
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_found_wherever_it_begins() {
        let mut finder = LoopFinder::new(0);
        for n in 1..200 {
            finder.step(if n < 50 { n } else { 50 + n % 7 });
        }
        assert_eq!(finder.period, Some(7));
        assert_eq!(finder.rounds_to_leave_out(1000, 100), 128 * 7);
        let again: Vec<u64> = (0..9).map(|n| finder.step(n)).collect();
        assert_eq!(again, [128, 128, 128, 128, 128, 128, 128, 0, 0]);
        assert_eq!(finder.rounds_to_leave_out(104, 100), 0);
    }
}
