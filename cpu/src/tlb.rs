//! The soft TLB: turns a linear address into an address on the host with one compare.
//!
//! Behind it is a larger second level ([`Second`]), which has translations only. An access that misses the first asks the
//! second before it walks, whichever path it takes.

pub(crate) mod code;
mod second;

use crate::host_memory::HostAddress;
use crate::paging::Translation;
use ringzero_bus::GuestRam;
use ringzero_bus::ram::PAGE_SIZE;
use second::Second;

const ENTRIES: usize = 1024;
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

const EMPTY: Entry = Entry { read: NEVER, write: NEVER, addend: 0, frame: 0 };
/// Stands for the page of a device, which is no page of memory.
const DEVICE: u32 = u32::MAX;
/// Stands for a page of which only the translation is known, or nothing.
const NOWHERE: u32 = u32::MAX - 1;
/// Paging lets stores through without another walk, whether or not decoded code is in their way.
const WRITABLE: u64 = 1 << 0;
/// Stays when CR3 is loaded.
const GLOBAL: u64 = 1 << 1;

/// The bits of [`Entry::frame`] for what a walk has found.
fn frame_of(found: &Translation) -> u64 {
    let bits = if found.writable { WRITABLE } else { 0 } | if found.global { GLOBAL } else { 0 };
    found.phys & PAGE_MASK | bits
}

/// What a frame says of `lin`, if that is enough for a store or for a load.
#[inline(always)]
fn translation_of(frame: u64, lin: u64, write: bool) -> Option<Translation> {
    let writable = frame & WRITABLE != 0;
    (writable || !write).then_some(Translation {
        phys: frame & PAGE_MASK | lin & !PAGE_MASK,
        writable,
        global: frame & GLOBAL != 0,
    })
}

/// Direct-mapped by linear page number.
#[derive(Clone)]
pub(crate) struct Tlb {
    entries: Box<[Entry; ENTRIES]>,
    /// What the full path wants to know, though the fast path may not use the page: the linear page, or [`NEVER`].
    lins: Box<[u64; ENTRIES]>,
    /// Number of the page of guest memory, [`DEVICE`] or [`NOWHERE`]. Searched from end to end, hence by itself.
    pages: Box<[u32; ENTRIES]>,
    /// Bit n: entry n may be filled. A flush costs what was filled.
    filled: [u64; ENTRIES / 64],
    second: Second,
}

fn boxed<T: Copy, const N: usize>(value: T) -> Box<[T; N]> {
    let Ok(array) = vec![value; N].into_boxed_slice().try_into() else { unreachable!("it has N elements") };
    array
}

impl Tlb {
    pub(crate) fn new() -> Self {
        Self {
            entries: boxed(EMPTY),
            lins: boxed(NEVER),
            pages: boxed(NOWHERE),
            filled: [0; ENTRIES / 64],
            second: Second::new(),
        }
    }

    #[inline(always)]
    fn index(lin: u64) -> usize {
        (lin >> 12) as usize % ENTRIES
    }

    #[inline(always)]
    fn entry(&self, lin: u64) -> &Entry {
        &self.entries[Self::index(lin)]
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

    /// The place of a store of `len` bytes that stays inside its page and hits no line with decoded code, though others
    /// of the page may have some.
    #[inline(always)]
    pub(crate) fn write_beside_code(&self, ram: &GuestRam, lin: u64, len: u64) -> Option<HostAddress> {
        let (entry, page) = (self.entry(lin), self.pages[Self::index(lin)]);
        let hit = lin.wrapping_add(len - 1) & PAGE_MASK == entry.read && entry.frame & WRITABLE != 0;
        let inside = (lin & !PAGE_MASK) as usize;
        let direct = hit && ram.takes_direct_stores_at(page, inside, len as usize);
        direct.then(|| HostAddress::new(lin.wrapping_add(entry.addend)))
    }

    /// What is known of the page of `lin`, if that is enough for a store or for a load. The full path of an access asks
    /// here before it walks: what a guest changes in its page tables must not depend on which path an access takes.
    #[inline]
    pub(crate) fn translation(&self, lin: u64, write: bool) -> Option<Translation> {
        let index = Self::index(lin);
        let known = self.lins[index] == lin & PAGE_MASK;
        let frame = if known { self.entries[index].frame } else { self.second.find(lin)? };
        translation_of(frame, lin, write)
    }

    /// Enters the page of `lin`, which is number `page` of guest memory and lies at `address`. `fast_stores` says
    /// whether stores may skip the full path, where paging allows them. What is known of the page that was there goes
    /// to the second level.
    #[inline]
    pub(crate) fn fill(
        &mut self,
        lin: u64,
        (page, address): (u32, usize),
        found: &Translation,
        fast_stores: bool,
    ) {
        let (lin, index) = (lin & PAGE_MASK, Self::index(lin));
        let addend = (address as u64).wrapping_sub(lin);
        let write = if found.writable && fast_stores { lin } else { NEVER };
        let before = self.lins[index];
        if before != lin && before != NEVER {
            self.second.keep(before, self.entries[index].frame);
        }
        self.entries[index] = Entry { read: lin, write, addend, frame: frame_of(found) };
        self.lins[index] = lin;
        self.pages[index] = page;
        self.filled[index / 64] |= 1 << (index % 64);
    }

    /// Enters the page of `lin`, where a device answers.
    pub(crate) fn fill_device(&mut self, lin: u64, found: &Translation) {
        self.fill(lin, (DEVICE, 0), found, false);
        self.entries[Self::index(lin)].forget_place();
    }

    /// The physical address of `len` bytes in a page where a device is known to answer, if its translation is enough
    /// for a store or for a load.
    #[inline(always)]
    pub(crate) fn device(&self, lin: u64, len: u64, write: bool) -> Option<u64> {
        let index = Self::index(lin);
        let frame = self.entries[index].frame;
        let hit = self.lins[index] == lin.wrapping_add(len - 1) & PAGE_MASK && self.pages[index] == DEVICE;
        (hit && (frame & WRITABLE != 0 || !write)).then_some(frame & PAGE_MASK | lin & !PAGE_MASK)
    }

    /// Forgets where devices answer. What their pages are translated from stays known.
    pub(crate) fn forget_devices(&mut self) {
        self.pages.iter_mut().filter(|page| **page == DEVICE).for_each(|page| *page = NOWHERE);
    }

    fn forget(&mut self, index: usize) {
        self.entries[index] = EMPTY;
        self.lins[index] = NEVER;
        self.pages[index] = NOWHERE;
        self.filled[index / 64] &= !(1 << (index % 64));
    }

    /// Forgets the entries whose frame `which` picks.
    fn forget_filled(&mut self, which: impl Fn(u64) -> bool) {
        for word in 0..self.filled.len() {
            let mut bits = self.filled[word];
            while bits != 0 {
                let index = word * 64 + bits.trailing_zeros() as usize;
                if which(self.entries[index].frame) {
                    self.forget(index);
                }
                bits &= bits - 1;
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn flush(&mut self) {
        self.forget_filled(|_| true);
        self.second.flush();
    }

    /// Forgets all pages that are not global.
    pub(crate) fn flush_local(&mut self) {
        self.forget_filled(|frame| frame & GLOBAL == 0);
        self.second.flush_local();
    }

    /// Forgets the pages that begin in `len` bytes, a power of two, around `lin`.
    pub(crate) fn flush_range(&mut self, lin: u64, len: u64) {
        if len == PAGE_SIZE as u64 {
            if self.lins[Self::index(lin)] == lin & PAGE_MASK {
                self.forget(Self::index(lin));
            }
            return self.second.forget(lin);
        }
        for index in 0..ENTRIES {
            if (self.lins[index] ^ lin) & !(len - 1) == 0 {
                self.forget(index);
            }
        }
        for page in (lin & !(len - 1)..=lin | (len - 1)).step_by(PAGE_SIZE) {
            self.second.forget(page);
        }
    }

    /// Does something to the entries of every linear alias of a memory page.
    fn each_alias(&mut self, page: u32, change: impl Fn(&mut Entry)) {
        const AT_ONCE: usize = 32;
        let pages = self.pages.chunks_exact(AT_ONCE).zip(self.entries.chunks_exact_mut(AT_ONCE));
        for (pages, entries) in pages {
            // Without a way out in the middle the host compares many at a time.
            if pages.iter().fold(false, |any, &other| any | (other == page)) {
                let aliases = entries.iter_mut().zip(pages).filter(|(_, other)| **other == page);
                aliases.for_each(|(entry, _)| change(entry));
            }
        }
    }

    /// Takes the store permission from every linear alias of a memory page.
    pub(crate) fn protect(&mut self, page: u32) {
        self.each_alias(page, |entry| entry.write = NEVER);
    }

    /// Forgets where a memory page lies on the host. What it is translated from stays known: that is the guest's.
    pub(crate) fn forget_place(&mut self, page: u32) {
        self.each_alias(page, Entry::forget_place);
    }

    /// The same for the pages of memory that `which` picks.
    pub(crate) fn forget_pages(&mut self, which: impl Fn(u32) -> bool) {
        let entries = self.entries.iter_mut().zip(self.pages.iter());
        entries.filter(|(_, page)| which(**page)).for_each(|(entry, _)| entry.forget_place());
    }

    /// The same for all pages.
    pub(crate) fn forget_places(&mut self) {
        self.entries.iter_mut().for_each(Entry::forget_place);
    }

    /// Whether every place is that of its page, and stores have private pages only.
    pub(crate) fn is_true_of(&self, ram: &GuestRam) -> bool {
        let entries = self.entries.iter().zip(self.pages.iter());
        entries.filter(|(entry, _)| entry.read != NEVER).all(|(entry, &page)| {
            entry.read.wrapping_add(entry.addend) == ram.host_address(page) as u64
                && (entry.write == NEVER || !ram.is_shared(page))
        })
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
    fn a_page_that_gave_way_to_another_is_known_until_it_is_flushed() {
        let mut tlb = Tlb::new();
        let (lin, other) = (0x5000, 0x5000 + (ENTRIES << 12) as u64);
        tlb.fill(lin, (9, 0x19_9040), &found(0x9000, false, false), true);
        tlb.fill(other, (10, 0x1A_9040), &found(0xA000, true, true), true);
        assert_eq!((tlb.read(lin, 1), tlb.read(other, 1)), (None, at(0x1A_9040)));
        assert_eq!(tlb.translation(lin + 4, false), Some(found(0x9004, false, false)));
        assert_eq!(tlb.translation(lin, true), None);
        tlb.flush_local();
        assert_eq!(tlb.translation(lin, false), None);
        assert_eq!(tlb.translation(other, true), Some(found(0xA000, true, true)));
    }

    #[test]
    fn a_flush_of_a_large_page_reaches_both_levels() {
        let mut tlb = Tlb::new();
        let (lin, other) = (0x5000, 0x5000 + (ENTRIES << 12) as u64);
        for lin in [lin, other] {
            tlb.fill(lin, (9, 0x19_9040), &found(0x9000, true, false), true);
        }
        tlb.flush_range(0x40_0000, 0x40_0000);
        assert_eq!(tlb.translation(other, false), None);
        assert_eq!(tlb.translation(lin, false), Some(found(0x9000, true, false)));
        tlb.flush_range(0x12_3456, 0x40_0000);
        assert_eq!(tlb.translation(lin, false), None);
    }

    #[test]
    fn an_empty_tlb_misses_at_the_top_of_memory() {
        assert_eq!(Tlb::new().read(u64::MAX, 1), None);
        assert_eq!(Tlb::new().read(u64::MAX, 2), None);
    }
}
