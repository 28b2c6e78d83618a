//! The soft TLB: turns a linear address into an address on the host with one compare.

use crate::host_memory::HostAddress;
use crate::paging::Translation;
use ringzero_bus::GuestRam;
use ringzero_bus::ram::PAGE_SIZE;

const ENTRIES: usize = 256;
const PAGE_MASK: u64 = !(PAGE_SIZE as u64 - 1);
/// No access has this tag: it is not the address of a page.
const NEVER: u64 = u64::MAX;

/// What the fast path wants of a page.
#[derive(Clone, Copy)]
struct Entry {
    /// Linear page that loads may use.
    read: u64,
    /// Linear page that stores may use: RAM that nobody else holds, writable, holding no decoded code.
    write: u64,
    /// Address on the host minus linear address.
    addend: u64,
    /// Physical page, with [`WRITABLE`] and [`GLOBAL`] in its low bits.
    frame: u64,
}

/// What the full path wants to know, though the fast path may not use the page.
#[derive(Clone, Copy)]
struct Known {
    /// Linear page.
    lin: u64,
    /// Number of the page of guest memory, [`DEVICE`] or [`NOWHERE`].
    page: u32,
}

const EMPTY: Entry = Entry { read: NEVER, write: NEVER, addend: 0, frame: 0 };
const UNKNOWN: Known = Known { lin: NEVER, page: 0 };
/// Stands for the page of a device, which is no page of memory.
const DEVICE: u32 = u32::MAX;
/// Stands for a page of which only the translation is known.
const NOWHERE: u32 = u32::MAX - 1;
/// Paging lets stores through without another walk, whether or not decoded code is in their way.
const WRITABLE: u64 = 1 << 0;
/// Stays when CR3 is loaded.
const GLOBAL: u64 = 1 << 1;

#[derive(Clone)]
struct Table {
    entries: [Entry; ENTRIES],
    known: [Known; ENTRIES],
}

/// Direct-mapped by linear page number.
#[derive(Clone)]
pub(crate) struct Tlb(Box<Table>);

impl Tlb {
    pub(crate) fn new() -> Self {
        Self(Box::new(Table { entries: [EMPTY; ENTRIES], known: [UNKNOWN; ENTRIES] }))
    }

    fn index(lin: u64) -> usize {
        (lin >> 12) as usize % ENTRIES
    }

    #[inline(always)]
    fn entry(&self, lin: u64) -> &Entry {
        &self.0.entries[(lin >> 12) as usize % ENTRIES]
    }

    /// The place of a load of `len` bytes that stays inside its page.
    ///
    /// The tag is compared with the page of the last byte: an access that crosses into the next page misses.
    #[inline(always)]
    pub(crate) fn read(&self, lin: u64, len: u64) -> Option<HostAddress> {
        let entry = self.entry(lin);
        let hit = lin.wrapping_add(len - 1) & PAGE_MASK == entry.read;
        hit.then(|| HostAddress::new(lin.wrapping_add(entry.addend)))
    }

    /// The place of a store of `len` bytes that stays inside its page.
    #[inline(always)]
    pub(crate) fn write(&self, lin: u64, len: u64) -> Option<HostAddress> {
        let entry = self.entry(lin);
        let hit = lin.wrapping_add(len - 1) & PAGE_MASK == entry.write;
        hit.then(|| HostAddress::new(lin.wrapping_add(entry.addend)))
    }

    /// What is known of the page of `lin`, if that is enough for a store or for a load. The full path of an access asks
    /// here before it walks: what a guest changes in its page tables must not depend on which path an access takes.
    pub(crate) fn translation(&self, lin: u64, write: bool) -> Option<Translation> {
        let frame = self.entry(lin).frame;
        let writable = frame & WRITABLE != 0;
        (self.0.known[Self::index(lin)].lin == lin & PAGE_MASK && (writable || !write)).then_some(
            Translation { phys: frame & PAGE_MASK | lin & !PAGE_MASK, writable, global: frame & GLOBAL != 0 },
        )
    }

    /// Enters the page of `lin`, which is number `page` of guest memory and lies at `address`. `fast_stores` says
    /// whether stores may skip the full path, where paging allows them.
    pub(crate) fn fill(
        &mut self,
        lin: u64,
        (page, address): (u32, usize),
        found: &Translation,
        fast_stores: bool,
    ) {
        let lin = lin & PAGE_MASK;
        let addend = (address as u64).wrapping_sub(lin);
        let write = if found.writable && fast_stores { lin } else { NEVER };
        let bits = if found.writable { WRITABLE } else { 0 } | if found.global { GLOBAL } else { 0 };
        let frame = found.phys & PAGE_MASK | bits;
        self.0.entries[Self::index(lin)] = Entry { read: lin, write, addend, frame };
        self.0.known[Self::index(lin)] = Known { lin, page };
    }

    /// Enters the page of `lin`, where a device answers.
    pub(crate) fn fill_device(&mut self, lin: u64, found: &Translation) {
        self.fill(lin, (DEVICE, 0), found, false);
        self.0.entries[Self::index(lin)].forget_place();
    }

    /// The physical address of `len` bytes in a page where a device is known to answer, if its translation is enough
    /// for a store or for a load.
    #[inline(always)]
    pub(crate) fn device(&self, lin: u64, len: u64, write: bool) -> Option<u64> {
        let known = &self.0.known[Self::index(lin)];
        let frame = self.entry(lin).frame;
        let hit = known.lin == lin.wrapping_add(len - 1) & PAGE_MASK && known.page == DEVICE;
        (hit && (frame & WRITABLE != 0 || !write)).then_some(frame & PAGE_MASK | lin & !PAGE_MASK)
    }

    /// Forgets where devices answer. What their pages are translated from stays known.
    pub(crate) fn forget_devices(&mut self) {
        self.0.known.iter_mut().filter(|known| known.page == DEVICE).for_each(|known| known.page = NOWHERE);
    }

    /// Forgets everything.
    pub(crate) fn flush(&mut self) {
        self.0.entries.fill(EMPTY);
        self.0.known.fill(UNKNOWN);
    }

    fn forget(&mut self, which: impl Fn(&Entry, &Known) -> bool) {
        let Table { entries, known } = &mut *self.0;
        for (entry, known) in entries.iter_mut().zip(known) {
            if which(entry, known) {
                (*entry, *known) = (EMPTY, UNKNOWN);
            }
        }
    }

    /// Forgets all pages that are not global.
    pub(crate) fn flush_local(&mut self) {
        self.forget(|entry, _| entry.frame & GLOBAL == 0);
    }

    /// Forgets the pages that begin in `len` bytes, a power of two, around `lin`.
    pub(crate) fn flush_range(&mut self, lin: u64, len: u64) {
        self.forget(|_, known| (known.lin ^ lin) & !(len - 1) == 0);
    }

    /// The entries of every linear alias of a memory page.
    fn aliases(&mut self, page: u32) -> impl Iterator<Item = &mut Entry> {
        let Table { entries, known } = &mut *self.0;
        let entries = entries.iter_mut().zip(known.iter());
        entries.filter(move |(_, known)| known.lin != NEVER && known.page == page).map(|(entry, _)| entry)
    }

    /// Takes the store permission from every linear alias of a memory page.
    pub(crate) fn protect(&mut self, page: u32) {
        self.aliases(page).for_each(|entry| entry.write = NEVER);
    }

    /// Forgets where a memory page lies on the host. What it is translated from stays known: that is the guest's.
    pub(crate) fn forget_place(&mut self, page: u32) {
        self.aliases(page).for_each(Entry::forget_place);
    }

    /// The same for the pages of memory that `which` picks.
    pub(crate) fn forget_pages(&mut self, which: impl Fn(u32) -> bool) {
        let Table { entries, known } = &mut *self.0;
        let entries = entries.iter_mut().zip(known.iter());
        entries
            .filter(|(_, known)| known.lin != NEVER && which(known.page))
            .for_each(|(entry, _)| entry.forget_place());
    }

    /// The same for all pages.
    pub(crate) fn forget_places(&mut self) {
        self.0.entries.iter_mut().for_each(Entry::forget_place);
    }

    /// Whether every place is that of its page, and stores have private pages only.
    pub(crate) fn is_true_of(&self, ram: &GuestRam) -> bool {
        self.0.entries.iter().zip(self.0.known.iter()).filter(|(entry, _)| entry.read != NEVER).all(
            |(entry, known)| {
                entry.read.wrapping_add(entry.addend) == ram.host_address(known.page) as u64
                    && (entry.write == NEVER || !ram.is_shared(known.page))
            },
        )
    }
}

impl Entry {
    fn forget_place(&mut self) {
        *self = Self { frame: self.frame, ..EMPTY };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(phys: u64, writable: bool, global: bool) -> Translation {
        Translation { phys, writable, global }
    }

    fn at(address: u64) -> Option<HostAddress> {
        Some(HostAddress::new(address))
    }

    #[test]
    fn a_page_that_moves_loses_its_place_under_every_alias() {
        let mut tlb = Tlb::new();
        tlb.fill(0x5000, (9, 0x19_9040), &found(0x9000, true, false), true);
        tlb.fill(0x8000, (9, 0x19_9040), &found(0x9000, true, false), true);
        tlb.fill(0x6000, (10, 0x19_9040), &found(0xA000, true, false), true);
        tlb.forget_place(9);
        assert_eq!([0x5000, 0x8000, 0x6000].map(|lin| tlb.read(lin, 1)), [None, None, at(0x19_9040)]);
        assert_eq!(tlb.write(0x8000, 1), None);
        assert_eq!(tlb.translation(0x5ABC, true), Some(found(0x9ABC, true, false)));
    }

    #[test]
    fn a_page_with_code_keeps_its_translation_for_the_full_path() {
        let mut tlb = Tlb::new();
        tlb.fill(0x5123, (9, 0x19_9040), &found(0x9_9123, true, false), true);
        tlb.protect(9);
        assert_eq!(tlb.write(0x5000, 1), None);
        assert_eq!(tlb.translation(0x5ABC, true), Some(found(0x9_9ABC, true, false)));
        assert_eq!(tlb.translation(0x6000, false), None);
    }

    #[test]
    fn a_clean_page_needs_a_walk_for_a_store() {
        let mut tlb = Tlb::new();
        tlb.fill(0x5000, (9, 0x19_9040), &found(0x9000, false, false), true);
        assert_eq!(tlb.translation(0x5000, true), None);
        assert_eq!(tlb.translation(0x5000, false), Some(found(0x9000, false, false)));
    }

    #[test]
    fn an_access_that_leaves_its_page_misses() {
        let mut tlb = Tlb::new();
        tlb.fill(0x5123, (9, 0x19_9040), &found(0x9000, true, false), true);
        assert_eq!(tlb.read(0x5FFE, 2), at(0x19_A03E));
        assert_eq!(tlb.read(0x5FFF, 2), None);
        assert_eq!(tlb.read(0x6000, 1), None);
        tlb.protect(9);
        assert_eq!(tlb.write(0x5000, 1), None);
        assert_eq!(tlb.read(0x5000, 1), at(0x19_9040));
    }

    #[test]
    fn global_pages_survive_a_local_flush() {
        let mut tlb = Tlb::new();
        tlb.fill(0x5000, (9, 0x19_9040), &found(0x9000, true, true), true);
        tlb.fill(0x6000, (10, 0x1A_9040), &found(0xA000, true, false), true);
        tlb.flush_local();
        assert_eq!(tlb.read(0x5000, 1), at(0x19_9040));
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
