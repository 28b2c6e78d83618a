//! Whether the guest waits for a key: in a blocking read, or by asking again and again.

use ringzero_bus::FirmwareRegs;
use serde::{Deserialize, Serialize};

/// Instructions between two questions of a guest that does nothing else.
const LONGEST_LOOP: u64 = 8_000;
/// Questions from the same place after which the guest counts as idle.
const QUESTIONS: u32 = 16;
/// Different places a waiting guest asks from in turn.
const PLACES: usize = 4;

/// Bytes of the stack that tell one caller from another.
pub(crate) const STACK_BYTES: usize = 192;

/// From where a guest asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    regs: [u32; 11],
    stack: Vec<u8>,
}

impl Place {
    /// The registers and the top of the stack at a question.
    pub(crate) fn new(regs: &FirmwareRegs, stack: &[u8; STACK_BYTES]) -> Self {
        let regs = [
            regs.eax,
            regs.ebx,
            regs.ecx,
            regs.edx,
            regs.esi,
            regs.edi,
            regs.ebp,
            regs.esp,
            u32::from(regs.ds),
            u32::from(regs.es),
            u32::from(regs.ss),
        ];
        Self { regs, stack: stack.to_vec() }
    }
}

/// What a question says about the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// It only asks.
    Yes,
    /// It does other things.
    No,
    /// Nothing new.
    Unsure,
}

/// INT 16h calls with an empty buffer, by where they came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyPolls {
    /// Registers at the latest questions, oldest first.
    places: Vec<Place>,
    repeats: u32,
    last_count: u64,
    last_device_writes: u64,
}

impl KeyPolls {
    /// Notes a question at instruction `count`; `device_writes` is how often devices were written so far.
    pub(crate) fn note(&mut self, place: &Place, count: u64, device_writes: u64) -> Waiting {
        let close = count.saturating_sub(self.last_count) <= LONGEST_LOOP;
        let quiet = device_writes == self.last_device_writes;
        let known = self.places.contains(place);
        self.last_count = count;
        self.last_device_writes = device_writes;
        self.repeats = match (close, known, quiet) {
            (true, true, true) => (self.repeats + 1).min(2 * QUESTIONS),
            // A timer interrupt was served meanwhile, or the guest drew something.
            (true, true, false) => self.repeats / 2,
            (true, false, _) => self.repeats.saturating_sub(1),
            (false, ..) => 0,
        };
        if !known {
            self.remember(place.clone());
        }
        match self.repeats {
            QUESTIONS.. if quiet => Waiting::Yes,
            0 => Waiting::No,
            _ => Waiting::Unsure,
        }
    }

    fn remember(&mut self, place: Place) {
        if self.places.len() >= PLACES {
            self.places.remove(0);
        }
        self.places.push(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place::new(&FirmwareRegs::default(), &[0; STACK_BYTES])
    }

    #[test]
    fn the_same_question_again_and_again_is_idleness() {
        let mut polls = KeyPolls::default();
        let place = place();
        let asked: Vec<Waiting> = (0..20).map(|n| polls.note(&place, n * 500, 0)).collect();
        assert_eq!(asked[0], Waiting::No);
        assert_eq!(asked[14], Waiting::Unsure);
        assert_eq!(asked[17], Waiting::Yes);
    }

    #[test]
    fn an_interrupt_between_questions_does_not_end_idleness() {
        let mut polls = KeyPolls::default();
        let place = place();
        let last = (0..100).map(|n| polls.note(&place, n * 500, n / 20)).last();
        assert_eq!(last, Some(Waiting::Yes));
    }

    #[test]
    fn a_guest_that_draws_between_questions_is_busy() {
        let mut polls = KeyPolls::default();
        let place = place();
        assert!((1..100).all(|n| polls.note(&place, n * 500, n) != Waiting::Yes));
    }

    #[test]
    fn a_guest_that_computes_between_questions_is_busy() {
        let mut polls = KeyPolls::default();
        let place = place();
        assert!((1..100).all(|n| polls.note(&place, n * 50_000, 0) == Waiting::No));
    }
}
