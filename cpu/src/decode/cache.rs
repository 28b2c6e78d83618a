//! Decoded blocks by where their first byte lies and the mode they were decoded in.
#![expect(unsafe_code, reason = "blocks link to each other by pointer and are never freed while linked")]

use super::arena::Arena;
use super::block::{Layout, Slot};
use super::jumps::Jumps;
use super::ledger::Ledger;
use super::regrets::Regrets;
use crate::code_mode::CodeMode;
use crate::exec::op::{Head, Links, Op, unlinked};
use hashbrown::HashTable;
use ringzero_bus::ram::{LINE_SIZE, PAGE_SIZE};
use ringzero_bus::{CodeHit, RamOffset};
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::hash::BuildHasher;

/// Identity of a decoded block: where its first byte lives and everything that lowering relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BlockKey {
    /// First byte.
    pub(crate) offset: RamOffset,
    /// Its IP, where the code segment has a base or limit that counts; 0 in a flat one.
    pub(crate) ip: u64,
    /// The code segment's limit.
    pub(crate) limit: u32,
    /// Mode.
    pub(crate) mode: CodeMode,
}

impl BlockKey {
    /// A number to find it by.
    pub(super) fn hashed(&self) -> u64 {
        FxBuildHasher.hash_one(self)
    }
}

/// A block that the cache holds. A closed one keeps its place: when its code is decoded again it is laid out there, so that
/// links to it come true again, and code that changes all the time takes no more room than once.
struct Entry {
    key: BlockKey,
    lines: u64,
    head: *mut Head,
    /// Slots allocated, from the prefix on.
    slots: u16,
    /// Slots from the head to the links.
    links: u16,
}

impl Entry {
    fn is_open(&self) -> bool {
        // SAFETY: the head lies in a chunk that this entry is part of.
        unsafe { (*self.head).gate != Head::CLOSED }
    }

    fn close(&mut self) {
        // SAFETY: as above.
        unsafe { (*self.head).gate = Head::CLOSED }
    }

    fn prefix(&self) -> *mut Slot {
        // SAFETY: a block begins one slot before its head.
        unsafe { self.head.cast::<Slot>().sub(1) }
    }

    /// The last operation, which the links lie behind.
    fn last(&self) -> *const Op {
        self.head.cast::<Op>().wrapping_add(usize::from(self.links) - 1)
    }

    /// Takes back the links that `leads_there` picks.
    fn unlink(&mut self, leads_there: impl Fn(*const Head) -> bool) {
        // SAFETY: the links lie behind the operations; none of them is being executed.
        let links = unsafe { &mut *self.head.cast::<Slot>().add(self.links.into()).cast::<Links>() };
        for link in [&mut links.taken, &mut links.fall] {
            if leads_there(*link) {
                *link = unlinked();
            }
        }
    }
}

/// What the cache has done since power-on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Blocks decoded.
    pub decoded: u64,
    /// Blocks closed because their code was overwritten.
    pub invalidated: u64,
    /// Blocks dropped to make room.
    pub evicted: u64,
    /// Blocks that were not found by their address and looked for by their place in memory.
    pub searched: u64,
    /// Those of them that were there.
    pub found: u64,
}

/// Decoded blocks.
pub(crate) struct BlockCache {
    /// Numbers of entries by what their keys hash to.
    by_key: HashTable<u32>,
    entries: Vec<Entry>,
    /// Numbers of entries that are free.
    free: Vec<u32>,
    by_page: FxHashMap<u32, Vec<u32>>,
    arena: Arena,
    regrets: Regrets,
    capacity: usize,
    pub(crate) jumps: Jumps,
    pub(super) ledger: Ledger,
    pub(crate) stats: CacheStats,
}

// SAFETY: the pointers inside lead to blocks of the same cache, which moves between threads as a whole.
unsafe impl Send for BlockCache {}

const PAGE_MASK: u64 = PAGE_SIZE as u64 - 1;

/// The lines of its page that `len` bytes from `offset` touch.
pub(crate) fn lines_of(offset: RamOffset, len: usize) -> u64 {
    let first = (offset.0 & PAGE_MASK) as usize / LINE_SIZE;
    let last = ((offset.0 & PAGE_MASK) as usize + len.max(1) - 1) / LINE_SIZE;
    (u64::MAX >> (63 - last.min(63))) & (u64::MAX << first)
}

impl BlockCache {
    /// Bytes of blocks when nothing else is asked for.
    pub(crate) const DEFAULT_CAPACITY: usize = 32 << 20;

    /// A cache for `capacity` bytes of blocks.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            by_key: HashTable::new(),
            entries: Vec::new(),
            free: Vec::new(),
            by_page: FxHashMap::default(),
            arena: Arena::new(capacity),
            regrets: Regrets::new(),
            capacity,
            jumps: Jumps::new(),
            ledger: Ledger::new(),
            stats: CacheStats::default(),
        }
    }

    /// An open block.
    pub(crate) fn find(&mut self, key: &BlockKey) -> Option<*const Head> {
        self.stats.searched += 1;
        let entry = &self.entries[self.number_of(key)?];
        crate::check!(self.ledger.knows_head(entry.head), "{key:?} leads to no block");
        let open = entry.is_open();
        self.stats.found += u64::from(open);
        open.then_some(entry.head.cast_const())
    }

    /// The entry with this key, open or closed.
    fn number_of(&self, key: &BlockKey) -> Option<usize> {
        let same = |&number: &u32| self.entries[number as usize].key == *key;
        self.by_key.find(key.hashed(), same).map(|&number| number as usize)
    }

    /// Takes in the block of `len` bytes that is laid out by `layout`, when `count` instructions have begun. No block is being
    /// executed.
    pub(crate) fn insert(
        &mut self,
        key: BlockKey,
        len: usize,
        layout: &Layout<'_>,
        count: u64,
    ) -> *const Head {
        self.stats.decoded += 1;
        let lines = lines_of(key.offset, len);
        if let Some(number) = self.number_of(&key) {
            let entry = &mut self.entries[number];
            if usize::from(entry.slots) >= layout.slots() {
                // SAFETY: the slots are the entry's, and nothing runs there.
                entry.head = unsafe { layout.write(entry.prefix(), entry.slots.into()) };
                (entry.lines, entry.links) = (lines, layout.links() as u16);
                self.ledger.note(entry.head, layout.ops());
                return entry.head;
            }
        }
        self.regrets.decoded(&key);
        self.insert_new(key, lines, layout, count)
    }

    fn insert_new(&mut self, key: BlockKey, lines: u64, layout: &Layout<'_>, count: u64) -> *const Head {
        // Some slots more, since code that is written anew is often a little longer.
        let slots = layout.slots().next_multiple_of(2);
        let at = loop {
            // The number is that of a free entry, or of the next one to come.
            let number = self.free.last().copied().unwrap_or(self.entries.len() as u32);
            match self.arena.allocate(slots, number) {
                Some(at) => break at,
                None => self.make_room(count),
            }
        };
        // SAFETY: the arena has given so many slots.
        let head = unsafe { layout.write(at, slots) };
        self.ledger.note(head, layout.ops());
        // A block has 255 operations at most.
        let entry = Entry { key, lines, head, slots: slots as u16, links: layout.links() as u16 };
        let number = match self.free.pop() {
            Some(number) => {
                self.entries[number as usize] = entry;
                number
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as u32 - 1
            }
        };
        self.by_page.entry(key.offset.page()).or_default().push(number);
        self.note_key(key, number);
        head
    }

    /// The key leads to entry `number` from now on.
    fn note_key(&mut self, key: BlockKey, number: u32) {
        let entries = &self.entries;
        let same = |&other: &u32| entries[other as usize].key == key;
        let hash = |&other: &u32| entries[other as usize].key.hashed();
        *self.by_key.entry(key.hashed(), same, hash).insert(number).get_mut() = number;
    }

    /// The key leads nowhere, if it has led to entry `number`. A closed block that was too small for its code is no longer
    /// found by its key.
    fn forget_key(&mut self, key: &BlockKey, number: u32) {
        if let Ok(found) = self.by_key.find_entry(key.hashed(), |&other| other == number) {
            found.remove();
        }
    }

    /// Goes to the next chunk, whose blocks are dropped.
    fn make_room(&mut self, count: u64) {
        let dropped = self.arena.turn(self.regrets.too_many(count));
        if dropped.is_empty() {
            return;
        }
        self.stats.evicted += dropped.len() as u64;
        let mut pages: Vec<u32> = Vec::new();
        for &number in &dropped {
            let key = self.entries[number as usize].key;
            self.forget_key(&key, number);
            self.regrets.dropped(&key);
            pages.push(key.offset.page());
        }
        pages.sort_unstable();
        pages.dedup();
        let arena = &self.arena;
        let leads_there = |head: *const Head| arena.is_current(head);
        for page in pages {
            let Some(numbers) = self.by_page.get_mut(&page) else { continue };
            let (entries, ledger) = (&mut self.entries, &self.ledger);
            numbers.retain(|&number| {
                let entry = &mut entries[number as usize];
                let stays = !leads_there(entry.head);
                if stays {
                    crate::check!(ledger.is_last(entry.last()), "the links of a block are not behind it");
                    entry.unlink(leads_there);
                }
                stays
            });
            if numbers.is_empty() {
                self.by_page.remove(&page);
            }
        }
        self.jumps.forget(leads_there);
        self.ledger.forget(leads_there);
        self.free.extend(dropped);
    }

    /// Closes the blocks that overlap lines a write has hit.
    pub(crate) fn invalidate(&mut self, hit: CodeHit) {
        let Some(numbers) = self.by_page.get(&hit.page) else { return };
        for &number in numbers {
            let entry = &mut self.entries[number as usize];
            crate::check!(
                self.ledger.knows_head(entry.head),
                "page {} has a block that is dropped",
                hit.page
            );
            if entry.lines & hit.lines != 0 && entry.is_open() {
                entry.close();
                self.stats.invalidated += 1;
            }
        }
    }

    /// An empty cache for as many bytes.
    pub(crate) fn without_blocks(&self) -> Self {
        Self::new(self.capacity)
    }

    /// Drops every block. No block may be running.
    pub(crate) fn clear(&mut self) {
        *self = Self { stats: self.stats, ..self.without_blocks() };
    }

    /// Holds at most `bytes` of blocks from now on.
    pub(crate) fn set_capacity(&mut self, bytes: usize) {
        self.capacity = bytes;
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_cover_first_to_last_byte() {
        assert_eq!(lines_of(RamOffset(0x1000), 1), 1);
        assert_eq!(lines_of(RamOffset(0x103F), 2), 0b11);
        assert_eq!(lines_of(RamOffset(0x1FC0), 64), 1 << 63);
        assert_eq!(lines_of(RamOffset(0x1000), 4096), u64::MAX);
    }
}
