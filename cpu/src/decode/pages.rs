//! Where the pages lie that instructions were fetched from.
//!
//! A page is walked to when the instructions first enter it after a flush, and not again: when that happens depends on the
//! instructions only, not on how they are cut into blocks, for a walk can be seen by the guest.

use ringzero_bus::RamOffset;
use ringzero_bus::ram::PAGE_SIZE;
use rustc_hash::FxHashMap;

const PAGE_MASK: u64 = PAGE_SIZE as u64 - 1;
/// Pages after which all are forgotten.
const MOST: usize = 4096;
/// Bit 0 of a page's linear address: fetched with user rights.
const USER: u64 = 1;

/// Linear pages and where they lie in memory.
#[derive(Clone, Default)]
pub(crate) struct CodePages {
    known: FxHashMap<u64, RamOffset>,
    /// The page asked for last.
    last: Option<(u64, RamOffset)>,
}

impl CodePages {
    fn key(lin: u64, user: bool) -> u64 {
        lin & !PAGE_MASK | if user { USER } else { 0 }
    }

    /// Where the byte at `lin` lies, if its page is known.
    #[inline]
    pub(crate) fn find(&mut self, lin: u64, user: bool) -> Option<RamOffset> {
        let key = Self::key(lin, user);
        let page = match self.last {
            Some((last, page)) if last == key => page,
            _ => {
                let &page = self.known.get(&key)?;
                self.last = Some((key, page));
                page
            }
        };
        Some(RamOffset(page.0 + (lin & PAGE_MASK)))
    }

    pub(crate) fn is_full(&self) -> bool {
        self.known.len() >= MOST
    }

    /// The page of `lin` lies at `offset`.
    pub(crate) fn insert(&mut self, lin: u64, user: bool, offset: RamOffset) {
        self.known.insert(Self::key(lin, user), RamOffset(offset.0 & !PAGE_MASK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_for_the_rights_it_was_fetched_with() {
        let mut pages = CodePages::default();
        pages.insert(0x1234, true, RamOffset(0x9234));
        assert_eq!(pages.find(0x1010, true), Some(RamOffset(0x9010)));
        assert_eq!(pages.find(0x1010, false), None);
        assert_eq!(pages.find(0x2010, true), None);
    }
}
