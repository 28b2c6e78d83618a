//! Whether the code cache is too small: how often a block that it dropped is decoded again.

use super::cache::BlockKey;

/// Dropped blocks that are remembered, about.
const REMEMBERED: usize = 1 << 14;

/// Instructions between two blocks decoded again from which on that costs less than the memory which would spare it. To decode a block
/// takes as long as one or two thousand of them, so this is a hundredth or two of the time.
const BEARABLE: u64 = 100_000;

/// The blocks dropped last, by parts of their hashes.
pub(super) struct Regrets {
    tags: Box<[u16]>,
    /// Blocks decoded again since the last look.
    times: u64,
    /// Instructions begun at the last look.
    looked: u64,
}

impl Regrets {
    pub(super) fn new() -> Self {
        Self { tags: vec![0; REMEMBERED].into(), times: 0, looked: 0 }
    }

    /// A block is dropped to make room.
    pub(super) fn dropped(&mut self, key: &BlockKey) {
        let (place, tag) = place_and_tag(key);
        self.tags[place] = tag;
    }

    /// A block is decoded.
    pub(super) fn decoded(&mut self, key: &BlockKey) {
        let (place, tag) = place_and_tag(key);
        if self.tags[place] == tag {
            self.tags[place] = 0;
            self.times += 1;
        }
    }

    /// Whether there were too many since the last look, now that `count` instructions have begun.
    pub(super) fn too_many(&mut self, count: u64) -> bool {
        let since = count.saturating_sub(self.looked);
        let times = std::mem::take(&mut self.times);
        self.looked = count;
        times * BEARABLE > since
    }
}

fn place_and_tag(key: &BlockKey) -> (usize, u16) {
    let hash = key.hashed();
    ((hash >> 32) as usize % REMEMBERED, hash as u16 | 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code_mode::CodeMode;
    use ringzero_bus::RamOffset;

    fn key(n: u64) -> BlockKey {
        BlockKey { offset: RamOffset(n * 64), ip: 0, limit: u32::MAX, mode: CodeMode::default() }
    }

    #[test]
    fn only_what_comes_again_is_regretted_and_once() {
        let mut regrets = Regrets::new();
        (0..100).for_each(|n| regrets.dropped(&key(n)));
        (1000..1100).for_each(|n| regrets.decoded(&key(n)));
        assert!(!regrets.too_many(1));
        (0..2).for_each(|_| (0..20).for_each(|n| regrets.decoded(&key(n))));
        assert!((10..=20).contains(&regrets.times), "{}", regrets.times);
        assert!(regrets.too_many(BEARABLE * 9));
        assert!(!regrets.too_many(BEARABLE * 9 + 1));
    }

    #[test]
    fn now_and_then_is_bearable() {
        let mut regrets = Regrets::new();
        regrets.dropped(&key(7));
        regrets.decoded(&key(7));
        assert!(!regrets.too_many(BEARABLE));
    }
}
