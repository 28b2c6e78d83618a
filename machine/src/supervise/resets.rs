//! Recognises a guest that resets the machine over and over.

use crate::machine::Machine;
use crate::outcome::Outcome;

/// Resets in a row, each after the same output, that are a loop.
const LOOP: u64 = 5;

/// The resets so far.
#[derive(Clone, Debug, Default)]
pub(super) struct ResetWatch {
    /// What was said since the last reset, and before it.
    said: (u64, u64),
    said_before: Option<(u64, u64)>,
    seen: u64,
    alike: u64,
}

impl ResetWatch {
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        let (count, sum) = &mut self.said;
        for &byte in bytes {
            *count += 1;
            // FNV-1a: order counts.
            *sum = (*sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        }
    }

    pub(super) fn restart(&mut self) {
        self.alike = 0;
        self.said_before = None;
    }

    pub(super) fn look(&mut self, machine: &Machine) -> Option<Outcome> {
        let resets = machine.resets();
        if resets == self.seen {
            return None;
        }
        // Several resets between two looks are short enough to be alike.
        let alike = self.said_before.is_none_or(|before| before == self.said);
        self.alike = if alike { self.alike + (resets - self.seen) } else { 1 };
        self.seen = resets;
        self.said_before = Some(std::mem::take(&mut self.said));
        (self.alike >= LOOP).then_some(Outcome::ResetLoop { resets: self.alike })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Media};

    /// What comes of resets, each after this output.
    fn watch(said: &[&str]) -> Option<Outcome> {
        let mut machine = Machine::new(Config::default(), Media::default()).unwrap();
        let mut watch = ResetWatch::default();
        said.iter().find_map(|text| {
            watch.hear(text.as_bytes());
            machine.reset();
            watch.look(&machine)
        })
    }

    #[test]
    fn five_resets_after_the_same_words_are_a_loop() {
        assert_eq!(watch(&["boot"; 4]), None);
        assert_eq!(watch(&["boot"; 5]), Some(Outcome::ResetLoop { resets: 5 }));
    }

    #[test]
    fn a_guest_that_gets_further_each_time_is_left_alone() {
        assert_eq!(watch(&["1", "2", "3", "4", "5", "6", "7"]), None);
    }
}
