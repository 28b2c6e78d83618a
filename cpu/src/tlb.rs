//! The soft TLB: turns a linear address into an offset of guest memory with one compare.

use crate::paging::Translation;
use ringzero_bus::ram::PAGE_SIZE;

const ENTRIES: usize = 256;
const PAGE_MASK: u64 = !(PAGE_SIZE as u64 - 1);
/// No access has this tag: it is not the address of a page.
const NEVER: u64 = u64::MAX;

#[derive(Clone, Copy)]
struct Entry {
    /// Linear page that loads may use.
    read: u64,
    /// Linear page that stores may use: RAM, writable, holding no decoded code.
    write: u64,
    /// Offset into guest memory minus linear address.
    addend: u64,
    /// Physical page, with [`WRITABLE`] and [`GLOBAL`] in its low bits.
    frame: u64,
}

const EMPTY: Entry = Entry { read: NEVER, write: NEVER, addend: 0, frame: 0 };
/// Paging lets stores through without another walk, whether or not decoded code is in their way.
const WRITABLE: u64 = 1 << 0;
/// Stays when CR3 is loaded.
const GLOBAL: u64 = 1 << 1;

/// Direct-mapped by linear page number.
pub(crate) struct Tlb {
    entries: Box<[Entry; ENTRIES]>,
}

impl Tlb {
    pub(crate) fn new() -> Self {
        Self { entries: Box::new([EMPTY; ENTRIES]) }
    }

    #[inline(always)]
    fn entry(&self, lin: u64) -> &Entry {
        &self.entries[(lin >> 12) as usize % ENTRIES]
    }

    /// The memory offset of a load of `len` bytes that stays inside its page.
    ///
    /// The tag is compared with the page of the last byte: an access that crosses into the next page misses.
    #[inline(always)]
    pub(crate) fn read(&self, lin: u64, len: u64) -> Option<u64> {
        let entry = self.entry(lin);
        (lin.wrapping_add(len - 1) & PAGE_MASK == entry.read).then(|| lin.wrapping_add(entry.addend))
    }

    /// The memory offset of a store of `len` bytes that stays inside its page.
    #[inline(always)]
    pub(crate) fn write(&self, lin: u64, len: u64) -> Option<u64> {
        let entry = self.entry(lin);
        (lin.wrapping_add(len - 1) & PAGE_MASK == entry.write).then(|| lin.wrapping_add(entry.addend))
    }

    /// What is known of the page of `lin`, if that is enough for a store or for a load. The full path of an access asks
    /// here before it walks: what a guest changes in its page tables must not depend on which path an access takes.
    pub(crate) fn translation(&self, lin: u64, write: bool) -> Option<Translation> {
        let entry = self.entry(lin);
        let writable = entry.frame & WRITABLE != 0;
        (entry.read == lin & PAGE_MASK && (writable || !write)).then_some(Translation {
            phys: entry.frame & PAGE_MASK | lin & !PAGE_MASK,
            writable,
            global: entry.frame & GLOBAL != 0,
        })
    }

    /// Enters the page of `lin`, which lies at `offset` of guest memory. `fast_stores` says whether stores may skip the
    /// full path, where paging allows them.
    pub(crate) fn fill(&mut self, lin: u64, offset: u64, found: &Translation, fast_stores: bool) {
        let page = lin & PAGE_MASK;
        let addend = (offset & PAGE_MASK).wrapping_sub(page);
        let write = if found.writable && fast_stores { page } else { NEVER };
        let bits = if found.writable { WRITABLE } else { 0 } | if found.global { GLOBAL } else { 0 };
        let frame = found.phys & PAGE_MASK | bits;
        self.entries[(lin >> 12) as usize % ENTRIES] = Entry { read: page, write, addend, frame };
    }

    /// Forgets everything.
    pub(crate) fn flush(&mut self) {
        self.entries.fill(EMPTY);
    }

    /// Forgets all pages that are not global.
    pub(crate) fn flush_local(&mut self) {
        for entry in self.entries.iter_mut().filter(|entry| entry.frame & GLOBAL == 0) {
            *entry = EMPTY;
        }
    }

    /// Forgets the pages that begin in `len` bytes, a power of two, around `lin`.
    pub(crate) fn flush_range(&mut self, lin: u64, len: u64) {
        for entry in self.entries.iter_mut().filter(|entry| (entry.read ^ lin) & !(len - 1) == 0) {
            *entry = EMPTY;
        }
    }

    /// Takes the store permission from every linear alias of a memory page.
    pub(crate) fn protect(&mut self, page: u32) {
        let page = u64::from(page) * PAGE_SIZE as u64;
        for entry in self.entries.iter_mut() {
            if entry.write != NEVER && entry.write.wrapping_add(entry.addend) == page {
                entry.write = NEVER;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(phys: u64, writable: bool, global: bool) -> Translation {
        Translation { phys, writable, global }
    }

    #[test]
    fn a_page_with_code_keeps_its_translation_for_the_full_path() {
        let mut tlb = Tlb::new();
        tlb.fill(0x5123, 0x9000, &found(0x9_9123, true, false), true);
        tlb.protect(9);
        assert_eq!(tlb.write(0x5000, 1), None);
        assert_eq!(tlb.translation(0x5ABC, true), Some(found(0x9_9ABC, true, false)));
        assert_eq!(tlb.translation(0x6000, false), None);
    }

    #[test]
    fn a_clean_page_needs_a_walk_for_a_store() {
        let mut tlb = Tlb::new();
        tlb.fill(0x5000, 0x9000, &found(0x9000, false, false), true);
        assert_eq!(tlb.translation(0x5000, true), None);
        assert_eq!(tlb.translation(0x5000, false), Some(found(0x9000, false, false)));
    }

    #[test]
    fn an_access_that_leaves_its_page_misses() {
        let mut tlb = Tlb::new();
        tlb.fill(0x5123, 0x9000, &found(0x9000, true, false), true);
        assert_eq!(tlb.read(0x5FFE, 2), Some(0x9FFE));
        assert_eq!(tlb.read(0x5FFF, 2), None);
        assert_eq!(tlb.read(0x6000, 1), None);
        tlb.protect(9);
        assert_eq!(tlb.write(0x5000, 1), None);
        assert_eq!(tlb.read(0x5000, 1), Some(0x9000));
    }

    #[test]
    fn global_pages_survive_a_local_flush() {
        let mut tlb = Tlb::new();
        tlb.fill(0x5000, 0x9000, &found(0x9000, true, true), true);
        tlb.fill(0x6000, 0xA000, &found(0xA000, true, false), true);
        tlb.flush_local();
        assert_eq!(tlb.read(0x5000, 1), Some(0x9000));
        assert_eq!(tlb.read(0x6000, 1), None);
        tlb.flush_range(0x5FFF, 0x1000);
        assert_eq!(tlb.read(0x5000, 1), None);
    }

    #[test]
    fn an_empty_tlb_misses_at_the_top_of_memory() {
        assert_eq!(Tlb::new().read(u64::MAX, 1), None);
        assert_eq!(Tlb::new().read(u64::MAX, 2), None);
    }
}
