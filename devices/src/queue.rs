//! Bytes on their way to the host.

use std::collections::VecDeque;

/// Bytes kept for a host that does not come; the oldest go first.
const CAPACITY: usize = 1 << 20;

/// A bounded queue of output. It is not guest state, so no snapshot carries it.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutputQueue {
    bytes: VecDeque<u8>,
}

impl OutputQueue {
    pub(crate) fn push(&mut self, byte: u8) {
        if self.bytes.len() >= CAPACITY {
            self.bytes.pop_front();
        }
        self.bytes.push_back(byte);
    }

    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes).into()
    }
}
