//! The memory that decoded blocks lie in: chunks of one size, filled one after the other. When all are full, the oldest is
//! emptied and filled anew, or one more is put behind the last; so making room takes the time of one chunk.
#![expect(unsafe_code, reason = "blocks are reached by pointer while their chunk moves with its owner")]

use super::block::Slot;

/// Slots in a chunk: 64 KiB, a few hundred blocks.
const CHUNK: usize = (64 << 10) / size_of::<Slot>();

/// Chunks that the arena grows to without being told: 4 MB.
const LEAST: usize = 64;

/// Chunks, the oldest of which is emptied when room is needed.
pub(crate) struct Arena {
    chunks: Vec<Chunk>,
    /// No more chunks than this.
    most: usize,
    /// The chunk that is being filled.
    current: usize,
}

struct Chunk {
    /// [`CHUNK`] slots.
    slots: *mut Slot,
    used: usize,
    /// The blocks inside, as the cache numbers them.
    blocks: Vec<u32>,
}

impl Chunk {
    fn new() -> Self {
        let slots = Box::into_raw(vec![Slot::default(); CHUNK].into_boxed_slice()).cast();
        Self { slots, used: 0, blocks: Vec::new() }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: `new` made it of a box of this length, and nobody else frees it.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(self.slots, CHUNK)) });
    }
}

impl Arena {
    /// At most `bytes`, but two chunks in any case: blocks that link to each other must have a chance to stay.
    pub(crate) fn new(bytes: usize) -> Self {
        let most = (bytes / size_of::<[Slot; CHUNK]>()).max(2);
        Self { chunks: Vec::new(), most, current: 0 }
    }

    /// Room for block number `block` of at most [`CHUNK`] slots; `None` when the chunk must be left first.
    pub(crate) fn allocate(&mut self, slots: usize, block: u32) -> Option<*mut Slot> {
        let chunk = self.chunks.get_mut(self.current)?;
        if chunk.used + slots > CHUNK {
            return None;
        }
        crate::check!(chunk.used + slots <= CHUNK, "{slots} slots behind {} of a chunk", chunk.used);
        // SAFETY: the slots lie in the chunk.
        let at = unsafe { chunk.slots.add(chunk.used) };
        chunk.used += slots;
        chunk.blocks.push(block);
        Some(at)
    }

    /// Leaves the chunk that is full for the next one, and tells which blocks were in that. It is a new one, if it may and
    /// `grow` says so.
    pub(crate) fn turn(&mut self, grow: bool) -> Vec<u32> {
        let next = if self.chunks.is_empty() { 0 } else { self.current + 1 };
        if self.chunks.len() < self.most && (grow || self.chunks.len() < LEAST) {
            // Behind the youngest and before the oldest.
            self.chunks.insert(next, Chunk::new());
            self.current = next;
            return Vec::new();
        }
        self.current = next % self.chunks.len();
        let chunk = &mut self.chunks[self.current];
        chunk.used = 0;
        std::mem::take(&mut chunk.blocks)
    }

    /// Whether `pointer` leads into the chunk that is being filled.
    pub(crate) fn is_current<T>(&self, pointer: *const T) -> bool {
        let start = self.chunks[self.current].slots.addr();
        (start..start + size_of::<[Slot; CHUNK]>()).contains(&pointer.addr())
    }

    /// Bytes allocated.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.chunks.len() * size_of::<[Slot; CHUNK]>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_chunk_is_emptied_when_all_are_full() {
        let mut arena = Arena::new(0);
        assert!(arena.allocate(1, 0).is_none());
        for block in 0..2 {
            assert_eq!(arena.turn(false), []);
            assert!(arena.allocate(CHUNK, block).is_some());
            assert!(arena.allocate(1, 9).is_none());
        }
        assert_eq!(arena.turn(true), [0]);
        let at = arena.allocate(2, 2).expect("room");
        assert!(arena.is_current(at));
        assert_eq!(arena.turn(true), [1]);
        assert!(!arena.is_current(at));
        assert_eq!(arena.size(), 2 * CHUNK * size_of::<Slot>());
    }

    #[test]
    fn a_new_chunk_comes_before_the_oldest() {
        let mut arena = Arena::new(usize::MAX);
        let fill = |arena: &mut Arena, block: u32| {
            assert!(arena.allocate(CHUNK, block).is_some());
        };
        for block in 0..LEAST as u32 {
            assert_eq!(arena.turn(false), []);
            fill(&mut arena, block);
        }
        for block in 0..2 {
            assert_eq!(arena.turn(false), [block]);
            fill(&mut arena, 1000 + block);
        }
        assert_eq!(arena.turn(true), []);
        fill(&mut arena, 2000);
        assert_eq!(arena.turn(false), [2]);
        assert_eq!(arena.size(), (LEAST + 1) * size_of::<[Slot; CHUNK]>());
    }
}
