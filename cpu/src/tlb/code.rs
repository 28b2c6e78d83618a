//! Where instructions are fetched from: the TLB for code.

use super::{NEVER, PAGE_MASK};
use ringzero_bus::RamOffset;

const ENTRIES: usize = 256;

/// A page of code.
#[derive(Clone, Copy)]
struct Entry {
    /// Linear page.
    lin: u64,
    /// Physical page, as a walk has found it.
    phys: u64,
    /// Its place in guest memory.
    place: RamOffset,
    /// When the entry was made, and when its place was found.
    generation: u64,
    epoch: u64,
}

const EMPTY: Entry = Entry { lin: NEVER, phys: 0, place: RamOffset(0), generation: 0, epoch: 0 };

/// Direct-mapped by linear page number. What a page is translated from and who answers there end apart: the first is the
/// guest's to end.
#[derive(Clone)]
pub(crate) struct CodeTlb {
    entries: Box<[Entry; ENTRIES]>,
    generation: u64,
    epoch: u64,
}

impl CodeTlb {
    pub(crate) fn new() -> Self {
        Self { entries: super::boxed(EMPTY), generation: 0, epoch: 0 }
    }

    fn entry(&self, lin: u64) -> Option<&Entry> {
        let entry = &self.entries[(lin >> 12) as usize % ENTRIES];
        (entry.lin == lin & PAGE_MASK && entry.generation == self.generation).then_some(entry)
    }

    /// The place of the page of `lin`.
    pub(crate) fn place(&self, lin: u64) -> Option<RamOffset> {
        self.entry(lin).filter(|entry| entry.epoch == self.epoch).map(|entry| entry.place)
    }

    /// The physical page of `lin`.
    pub(crate) fn translation(&self, lin: u64) -> Option<u64> {
        self.entry(lin).map(|entry| entry.phys)
    }

    pub(crate) fn fill(&mut self, lin: u64, phys: u64, place: RamOffset) {
        let Self { generation, epoch, .. } = *self;
        let entry = Entry { lin: lin & PAGE_MASK, phys: phys & PAGE_MASK, place, generation, epoch };
        self.entries[(lin >> 12) as usize % ENTRIES] = entry;
    }

    /// Forgets everything.
    pub(crate) fn flush(&mut self) {
        self.generation += 1;
    }

    /// Forgets places alone.
    pub(crate) fn forget_places(&mut self) {
        self.epoch += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_is_translated_from_outlives_its_place() {
        let mut tlb = CodeTlb::new();
        tlb.fill(0x5678, 0x9678, RamOffset(0x9000));
        assert_eq!((tlb.place(0x5000), tlb.place(0x6000)), (Some(RamOffset(0x9000)), None));
        tlb.forget_places();
        assert_eq!((tlb.place(0x5000), tlb.translation(0x5000)), (None, Some(0x9000)));
        tlb.flush();
        assert_eq!(tlb.translation(0x5000), None);
    }
}
