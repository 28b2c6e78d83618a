//! Whether the guest waits for a key: in a blocking read, or by asking again and again.

use ringzero_bus::FirmwareRegs;
use serde::{Deserialize, Serialize};

/// Instructions between two questions of a guest that does nothing else.
const LONGEST_LOOP: u64 = 8_000;
/// Questions from the same place after which the guest counts as idle.
const QUESTIONS: u32 = 16;
/// Different places a waiting guest asks from in turn.
const PLACES: usize = 4;

/// INT 16h calls with an empty buffer, by where they came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyPolls {
    /// Registers at the latest questions, oldest first.
    places: Vec<[u32; 11]>,
    repeats: u32,
    last_count: u64,
    last_device_writes: u64,
}

impl KeyPolls {
    /// Notes a question at instruction `count`; `device_writes` is how often devices were written so far. True when
    /// the guest only asks.
    pub(crate) fn note(&mut self, regs: &FirmwareRegs, count: u64, device_writes: u64) -> bool {
        let place = [
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
        let close = count.saturating_sub(self.last_count) <= LONGEST_LOOP;
        let quiet = device_writes == self.last_device_writes;
        self.last_count = count;
        self.last_device_writes = device_writes;
        if close && quiet && self.places.contains(&place) {
            self.repeats = self.repeats.saturating_add(1);
        } else if close && quiet {
            self.repeats = self.repeats.saturating_sub(1);
            self.remember(place);
        } else {
            self.repeats = 0;
            self.remember(place);
        }
        self.repeats >= QUESTIONS
    }

    fn remember(&mut self, place: [u32; 11]) {
        if self.places.len() >= PLACES {
            self.places.remove(0);
        }
        self.places.push(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_again_and_again_is_idleness() {
        let mut polls = KeyPolls::default();
        let regs = FirmwareRegs { eax: 0x100, ..FirmwareRegs::default() };
        let asked: Vec<bool> = (0..20).map(|n| polls.note(&regs, n * 500, 7)).collect();
        assert!(!asked[15] && asked[17]);
    }

    #[test]
    fn a_guest_that_draws_between_questions_is_busy() {
        let mut polls = KeyPolls::default();
        let regs = FirmwareRegs::default();
        assert!((0..100).all(|n| !polls.note(&regs, n * 500, n)));
    }

    #[test]
    fn a_guest_that_computes_between_questions_is_busy() {
        let mut polls = KeyPolls::default();
        let regs = FirmwareRegs::default();
        assert!((0..100).all(|n| !polls.note(&regs, n * 50_000, 0)));
    }
}
