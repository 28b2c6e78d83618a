//! The soft TLB: turns a linear address into an offset of guest memory with one compare.

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
    /// Stays when CR3 is loaded.
    global: bool,
}

const EMPTY: Entry = Entry { read: NEVER, write: NEVER, addend: 0, global: false };

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

    /// Enters the page of `lin`, which lies at `offset` of guest memory.
    pub(crate) fn fill(&mut self, lin: u64, offset: u64, writable: bool, global: bool) {
        let page = lin & PAGE_MASK;
        let addend = (offset & PAGE_MASK).wrapping_sub(page);
        let write = if writable { page } else { NEVER };
        self.entries[(lin >> 12) as usize % ENTRIES] = Entry { read: page, write, addend, global };
    }

    /// Forgets everything.
    pub(crate) fn flush(&mut self) {
        self.entries.fill(EMPTY);
    }

    /// Forgets all pages that are not global.
    pub(crate) fn flush_local(&mut self) {
        for entry in self.entries.iter_mut().filter(|entry| !entry.global) {
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

    #[test]
    fn an_access_that_leaves_its_page_misses() {
        let mut tlb = Tlb::new();
        tlb.fill(0x5123, 0x9000, true, false);
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
        tlb.fill(0x5000, 0x9000, true, true);
        tlb.fill(0x6000, 0xA000, true, false);
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
