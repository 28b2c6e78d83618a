//! The second level of the TLB: what walks have found, also of pages that had to leave the first.
//!
//! It holds translations and nothing of the host, so that only what the guest does to its page tables ends an entry.

use super::{GLOBAL, PAGE_MASK, WRITABLE};

const ENTRIES: usize = 1 << INDEX_BITS;
const INDEX_BITS: u32 = 14;
/// Bits of the physical page number; 40 bits of address are the most that paging without long mode gives.
const FRAME_BITS: u32 = 28;
/// The two bits of rights follow, then what the index leaves of a linear page number.
const TAG_AT: u32 = FRAME_BITS + 2;
const TAG_BITS: u32 = 20 - INDEX_BITS;
/// What is left is the generation.
const GENERATIONS: u64 = 1 << (64 - TAG_AT - TAG_BITS);

/// Direct-mapped by linear page number. A flush begins a generation: older entries no longer match.
#[derive(Clone)]
pub(super) struct Second {
    /// Allocated when the first page comes, zeroed: generations begin with 1.
    entries: Option<Box<[u64]>>,
    /// The generation of pages that a load of CR3 makes void, and that of global pages.
    local: u64,
    global: u64,
}

impl Second {
    pub(super) fn new() -> Self {
        Self { entries: None, local: 1, global: 2 }
    }

    fn index(lin: u64) -> usize {
        (lin >> 12) as usize % ENTRIES
    }

    /// The upper part of an entry.
    fn tag(lin: u64, generation: u64) -> u64 {
        generation << TAG_BITS | lin >> (12 + INDEX_BITS) & ((1 << TAG_BITS) - 1)
    }

    fn is_of(&self, entry: u64, lin: u64) -> bool {
        let tag = entry >> TAG_AT;
        tag == Self::tag(lin, self.local) || tag == Self::tag(lin, self.global)
    }

    /// The physical page of `lin`, with its rights in the low bits.
    #[inline]
    pub(super) fn find(&self, lin: u64) -> Option<u64> {
        let entry = self.entries.as_ref()?[Self::index(lin)];
        let rights = entry >> FRAME_BITS & (WRITABLE | GLOBAL);
        self.is_of(entry, lin).then_some((entry & ((1 << FRAME_BITS) - 1)) << 12 | rights)
    }

    /// Takes in a page.
    #[inline]
    pub(super) fn keep(&mut self, lin: u64, frame: u64) {
        let generation = if frame & GLOBAL != 0 { self.global } else { self.local };
        let entries = self.entries.get_or_insert_with(|| vec![0; ENTRIES].into_boxed_slice());
        let number = (frame & PAGE_MASK) >> 12;
        debug_assert!(number >> FRAME_BITS == 0, "a physical address of more than 40 bits");
        let rights = (frame & (WRITABLE | GLOBAL)) << FRAME_BITS;
        entries[Self::index(lin)] = Self::tag(lin, generation) << TAG_AT | rights | number;
    }

    /// Forgets the page of `lin`.
    pub(super) fn forget(&mut self, lin: u64) {
        let tags = [self.local, self.global].map(|generation| Self::tag(lin, generation));
        if let Some(entries) = &mut self.entries {
            let entry = &mut entries[Self::index(lin)];
            if tags.contains(&(*entry >> TAG_AT)) {
                *entry = 0;
            }
        }
    }

    /// Forgets all pages.
    pub(super) fn flush(&mut self) {
        self.flush_local();
        self.global = self.next();
    }

    /// Forgets all pages that are not global.
    pub(super) fn flush_local(&mut self) {
        self.local = self.next();
    }

    /// A generation that no entry has.
    fn next(&mut self) -> u64 {
        let next = self.local.max(self.global) + 1;
        if next < GENERATIONS {
            return next;
        }
        self.restart()
    }

    /// All generations have been used: what is left of the present ones is given the first ones again.
    #[cold]
    fn restart(&mut self) -> u64 {
        let global = self.global;
        for entry in self.entries.iter_mut().flatten() {
            let rest = *entry & ((1 << (TAG_AT + TAG_BITS)) - 1);
            let stays = *entry >> (TAG_AT + TAG_BITS) == global;
            *entry = if stays { 1 << (TAG_AT + TAG_BITS) | rest } else { 0 };
        }
        self.global = 1;
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_that_was_kept_is_found() {
        let mut second = Second::new();
        second.keep(0xFFFF_F000, 0xFF_FFFF_F000 | WRITABLE);
        assert_eq!(second.find(0xFFFF_FABC), Some(0xFF_FFFF_F000 | WRITABLE));
        assert_eq!(second.find(0x03FF_F000), None);
        assert_eq!(Second::new().find(0), None);
    }

    #[test]
    fn global_pages_outlive_all_generations() {
        let mut second = Second::new();
        second.keep(0x1000, 0x5000 | GLOBAL);
        second.keep(0x2000, 0x6000);
        second.local = GENERATIONS - 1;
        second.keep(0x3000, 0x7000);
        second.flush_local();
        assert!(second.local < 8);
        assert_eq!([0x1000, 0x2000, 0x3000].map(|lin| second.find(lin)), [Some(0x5000 | GLOBAL), None, None]);
        second.flush();
        assert_eq!(second.find(0x1000), None);
    }
}
