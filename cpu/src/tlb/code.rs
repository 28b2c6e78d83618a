//! Where instructions are fetched from: the TLB for code.
//!
//! A page is walked to when instructions first enter it after a flush, and not again: when that happens depends on the
//! instructions only, not on how they are cut into blocks or which blocks are remembered, for a walk can be seen by the guest. So
//! no page leaves before all do.

use super::PAGE_MASK;
use ringzero_bus::RamOffset;
use rustc_hash::FxHashMap;

/// Pages after which all are forgotten.
const MOST: usize = 4096;

/// A page of code.
#[derive(Clone, Copy)]
struct Entry {
    /// Physical page, as a walk has found it.
    phys: u64,
    /// Its place in guest memory.
    place: RamOffset,
    /// When its place was found.
    epoch: u64,
}

/// Pages by linear address. What a page is translated from and who answers there end apart: the first is the guest's to end.
#[derive(Clone, Default)]
pub(crate) struct CodeTlb {
    known: FxHashMap<u64, Entry>,
    /// The page asked for last.
    last: Option<(u64, Entry)>,
    epoch: u64,
}

impl CodeTlb {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The place of the page of `lin`.
    pub(crate) fn place(&mut self, lin: u64) -> Option<RamOffset> {
        let lin = lin & PAGE_MASK;
        let entry = match self.last {
            Some((last, entry)) if last == lin => entry,
            _ => {
                let &entry = self.known.get(&lin)?;
                self.last = Some((lin, entry));
                entry
            }
        };
        (entry.epoch == self.epoch).then_some(entry.place)
    }

    /// The physical page of `lin`.
    pub(crate) fn translation(&self, lin: u64) -> Option<u64> {
        self.known.get(&(lin & PAGE_MASK)).map(|entry| entry.phys)
    }

    /// Whether everything must be forgotten before the next page.
    pub(crate) fn is_full(&self) -> bool {
        self.known.len() >= MOST
    }

    pub(crate) fn fill(&mut self, lin: u64, phys: u64, place: RamOffset) {
        let entry = Entry { phys: phys & PAGE_MASK, place, epoch: self.epoch };
        self.known.insert(lin & PAGE_MASK, entry);
        self.last = None;
    }

    /// Forgets everything.
    pub(crate) fn flush(&mut self) {
        if !self.known.is_empty() {
            self.known.clear();
            self.last = None;
        }
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
