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
