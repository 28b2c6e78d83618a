//! The soft TLB: turns a linear address into an address on the host with one compare.
//!
//! Behind it is a larger second level ([`Second`]), which has what walks have found. An access that misses the first asks
//! the second before it walks, whichever path it takes.

pub(crate) mod code;
mod second;

use crate::host_memory::HostAddress;
use crate::paging::Translation;
use ringzero_bus::GuestRam;
use ringzero_bus::ram::{LINE_SIZE, PAGE_SIZE};
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
    /// Bit n: stores to line n of the page that loads may use take the full path. Those with decoded code, or all.
    barred: u64,
}

const ALL_LINES: u64 = u64::MAX;
const EMPTY: Entry = Entry { read: NEVER, write: NEVER, addend: 0, barred: ALL_LINES };
/// Stands for the page of a device, which is no page of memory.
const DEVICE: u32 = u32::MAX;
/// Stands for a page of which only the translation is known, or nothing.
const NOWHERE: u32 = u32::MAX - 1;
/// Paging lets stores through without another walk, whether or not decoded code is in their way.
const WRITABLE: u64 = Translation::WRITABLE;
/// Stays when CR3 is loaded.
const GLOBAL: u64 = Translation::GLOBAL;
/// RAM that takes stores, as far as the memory map is concerned.
const RAM: u64 = 1 << 2;

/// What stores may do in a page, where paging allows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stores {
    /// Each takes the full path.
    Slow,
    /// The first takes the full path, since others hold the page too.
    Shared,
    /// Those may skip it that hit none of these lines.
    Beside(u64),
}

/// Direct-mapped by linear page number. Two pointers: a change of privilege swaps it with another.
#[derive(Clone)]
pub(crate) struct Tlb {
    entries: Box<[Entry; ENTRIES]>,
    rest: Box<Rest>,
}

/// What the fast path does not want to know.
#[derive(Clone)]
struct Rest {
    /// Physical page, with [`WRITABLE`], [`GLOBAL`] and [`RAM`] in its low bits.
    frames: [u64; ENTRIES],
    /// The linear page, or [`NEVER`]: what the full path may use, though the fast path may not use the page.
    lins: [u64; ENTRIES],
    /// Number of the page of guest memory, [`DEVICE`] or [`NOWHERE`]. Searched from end to end, hence by itself.
    pages: [u32; ENTRIES],
    /// Bit n: entry n may be filled. A flush costs what was filled.
    filled: [u64; ENTRIES / 64],
    aliases: Aliases,
    second: Second,
}

/// How many entries there are for pages of memory, by the low bits of their number, and which was made last: most pages
/// have one or none, which need not be searched for then.
#[derive(Clone)]
struct Aliases {
    count: [u16; ENTRIES],
    latest: [u16; ENTRIES],
}

impl Aliases {
    fn enter(&mut self, page: u32, index: usize) {
        if page < NOWHERE {
            let n = page as usize % ENTRIES;
            self.count[n] += 1;
            self.latest[n] = index as u16;
        }
    }

    fn leave(&mut self, page: u32) {
        if page < NOWHERE {
            self.count[page as usize % ENTRIES] -= 1;
        }
    }
}

fn boxed<T: Copy, const N: usize>(value: T) -> Box<[T; N]> {
    let Ok(array) = vec![value; N].into_boxed_slice().try_into() else { unreachable!("it has N elements") };
    array
}

impl Tlb {
    pub(crate) fn new() -> Self {
        let rest = Rest {
            frames: [0; ENTRIES],
            lins: [NEVER; ENTRIES],
            pages: [NOWHERE; ENTRIES],
            filled: [0; ENTRIES / 64],
            aliases: Aliases { count: [0; ENTRIES], latest: [0; ENTRIES] },
            second: Second::new(),
        };
        Self { entries: boxed(EMPTY), rest: Box::new(rest) }
    }

    #[inline(always)]
    fn index(lin: u64) -> usize {
        (lin >> 12) as usize % ENTRIES
    }

    #[inline(always)]
    fn entry(&self, lin: u64) -> &Entry {
        &self.entries[Self::index(lin)]
    }

    #[inline(always)]
    fn place(&self, lin: u64, entry: &Entry) -> HostAddress {
        HostAddress::new(lin.wrapping_add(entry.addend), || self.rest.pages[Self::index(lin)])
    }

    /// The place of a load of `len` bytes that stays inside its page.
    ///
    /// The tag is compared with the page of the last byte: an access that crosses into the next page misses.
    #[inline(always)]
    pub(crate) fn read(&self, lin: u64, len: u64) -> Option<HostAddress> {
        let entry = self.entry(lin);
        let hit = lin.wrapping_add(len - 1) & PAGE_MASK == entry.read;
        hit.then(|| self.place(lin, entry))
    }

    /// The place of a store of `len` bytes that stays inside its page and hits no line with decoded code. One that may
    /// touch more than two lines needs a page without any.
    #[inline(always)]
    pub(crate) fn write(&self, lin: u64, len: u64) -> Option<HostAddress> {
        let entry = self.entry(lin);
        let last = lin.wrapping_add(len - 1);
        let page = last & PAGE_MASK;
        let few_lines = len <= LINE_SIZE as u64 + 1;
        let hit = page == entry.write || few_lines && page == entry.read && entry.takes_store(lin, last);
        hit.then(|| self.place(lin, entry))
    }

    /// Takes note of which lines of the page of `lin` hold decoded code: there may be fewer than there were.
    pub(crate) fn renew_lines(&mut self, ram: &GuestRam, lin: u64) {
        let index = Self::index(lin);
        let (page, takes_stores) = (self.rest.pages[index], self.takes_stores(lin));
        let entry = &mut self.entries[index];
        if entry.read == lin & PAGE_MASK && takes_stores && ram.is_own(page) {
            entry.barred = ram.code_lines(page);
            entry.write = if entry.barred == 0 { entry.read } else { NEVER };
        }
    }

    /// Whether the page of `lin` is RAM that paging lets be written.
    fn takes_stores(&self, lin: u64) -> bool {
        self.rest.frames[Self::index(lin)] & (WRITABLE | RAM) == WRITABLE | RAM
    }

    /// Whether the first level knows the page of `lin`.
    #[inline]
    pub(crate) fn knows(&self, lin: u64) -> bool {
        self.rest.lins[Self::index(lin)] == lin & PAGE_MASK
    }

    /// What is known of the page of `lin`, if that is enough for a store or for a load. The full path of an access asks
    /// here before it walks: what a guest changes in its page tables must not depend on which path an access takes.
    #[inline]
    pub(crate) fn translation(&self, lin: u64, write: bool) -> Option<Translation> {
        let index = Self::index(lin);
        let frame = if self.knows(lin) { self.rest.frames[index] } else { self.rest.second.find(lin)? };
        (frame & WRITABLE != 0 || !write).then_some(Translation::from_frame(frame))
    }

    /// Remembers what a walk has found of a page that is entered, longer than the first level does. Only a walk comes
    /// here: what the second level knows must not depend on how often an instruction is tried, nor on lost places.
    #[inline]
    pub(crate) fn keep(&mut self, lin: u64, found: Translation) {
        self.rest.second.keep(lin, found.frame());
    }

    /// Enters the page of `lin`, which is number `page` of guest memory and lies at `address`.
    #[inline]
    pub(crate) fn fill(
        &mut self,
        lin: u64,
        (page, address): (u32, usize),
        found: Translation,
        stores: Stores,
    ) {
        let (lin, index) = (lin & PAGE_MASK, Self::index(lin));
        let addend = (address as u64).wrapping_sub(lin);
        let barred = match stores {
            Stores::Beside(lines) if found.is_writable() => lines,
            _ => ALL_LINES,
        };
        let write = if barred == 0 { lin } else { NEVER };
        let ram = if stores == Stores::Slow { 0 } else { RAM };
        self.entries[index] = Entry { read: lin, write, addend, barred };
        self.rest.frames[index] = found.frame() | ram;
        self.rest.lins[index] = lin;
        self.rest.aliases.leave(self.rest.pages[index]);
        self.rest.aliases.enter(page, index);
        self.rest.pages[index] = page;
        self.rest.filled[index / 64] |= 1 << (index % 64);
    }

    /// Enters the page of `lin`, where a device answers.
    pub(crate) fn fill_device(&mut self, lin: u64, found: Translation) {
        self.fill(lin, (DEVICE, 0), found, Stores::Slow);
        self.entries[Self::index(lin)].forget_place();
    }

    /// The physical address of `len` bytes in a page where a device is known to answer, if its translation is enough
    /// for a store or for a load.
    #[inline(always)]
    pub(crate) fn device(&self, lin: u64, len: u64, write: bool) -> Option<u64> {
        let index = Self::index(lin);
        let frame = self.rest.frames[index];
        let hit = self.rest.lins[index] == lin.wrapping_add(len - 1) & PAGE_MASK
            && self.rest.pages[index] == DEVICE;
        (hit && (frame & WRITABLE != 0 || !write)).then_some(frame & PAGE_MASK | lin & !PAGE_MASK)
    }

    /// Whether an access that has found no place by the functions above needs the full path all the same: a device
    /// answers, or the store hits decoded code.
    #[inline]
    pub(crate) fn needs_full_path(&self, ram: &GuestRam, lin: u64, write: bool) -> bool {
        let (index, tag) = (Self::index(lin), lin & PAGE_MASK);
        let (entry, page) = (&self.entries[index], self.rest.pages[index]);
        let takes_stores = entry.read == tag && self.takes_stores(lin);
        let hits_code = || write && takes_stores && ram.code_lines(page) != 0;
        self.rest.lins[index] == tag && (page == DEVICE || hits_code() && ram.is_own(page))
    }

    /// Forgets where devices answer. What their pages are translated from stays known.
    pub(crate) fn forget_devices(&mut self) {
        self.rest.pages.iter_mut().filter(|page| **page == DEVICE).for_each(|page| *page = NOWHERE);
    }

    fn forget(&mut self, index: usize) {
        self.entries[index] = EMPTY;
        self.rest.frames[index] = 0;
        self.rest.lins[index] = NEVER;
        self.rest.aliases.leave(self.rest.pages[index]);
        self.rest.pages[index] = NOWHERE;
        self.rest.filled[index / 64] &= !(1 << (index % 64));
    }

    /// Forgets the entries whose frame `which` picks.
    fn forget_filled(&mut self, which: impl Fn(u64) -> bool) {
        let before = self.rest.filled;
        for index in filled(&before) {
            if which(self.rest.frames[index]) {
                self.forget(index);
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn flush(&mut self) {
        self.forget_filled(|_| true);
        self.rest.second.flush();
    }

    /// Forgets all pages that are not global.
    pub(crate) fn flush_local(&mut self) {
        self.forget_filled(|frame| frame & GLOBAL == 0);
        self.rest.second.flush_local();
    }

    /// Forgets the pages that begin in `len` bytes, a power of two, around `lin`.
    pub(crate) fn flush_range(&mut self, lin: u64, len: u64) {
        if len == PAGE_SIZE as u64 {
            if self.rest.lins[Self::index(lin)] == lin & PAGE_MASK {
                self.forget(Self::index(lin));
            }
            return self.rest.second.forget(lin);
        }
        for index in 0..ENTRIES {
            if (self.rest.lins[index] ^ lin) & !(len - 1) == 0 {
                self.forget(index);
            }
        }
        for page in (lin & !(len - 1)..=lin | (len - 1)).step_by(PAGE_SIZE) {
            self.rest.second.forget(page);
        }
    }

    /// Does something to the entries of every linear alias of a memory page.
    fn each_alias(&mut self, page: u32, change: impl Fn(&mut Entry)) {
        const AT_ONCE: usize = 32;
        const FEW: u32 = 128;
        let Self { entries, rest } = self;
        let n = page as usize % ENTRIES;
        let latest = usize::from(rest.aliases.latest[n]);
        match rest.aliases.count[n] {
            0 => return,
            1 if rest.pages[latest] == page => return change(&mut entries[latest]),
            _ => {}
        }
        if rest.filled.iter().map(|word| word.count_ones()).sum::<u32>() < FEW {
            for index in filled(&rest.filled) {
                if rest.pages[index] == page {
                    change(&mut entries[index]);
                }
            }
            return;
        }
        for (pages, entries) in rest.pages.chunks_exact(AT_ONCE).zip(entries.chunks_exact_mut(AT_ONCE)) {
            // Without a way out in the middle the host compares many at a time.
            if pages.iter().fold(false, |any, &other| any | (other == page)) {
                let aliases = entries.iter_mut().zip(pages).filter(|(_, other)| **other == page);
                aliases.for_each(|(entry, _)| change(entry));
            }
        }
    }

    /// Takes the store permission for `lines` from every linear alias of a memory page.
    pub(crate) fn protect(&mut self, page: u32, lines: u64) {
        self.each_alias(page, |entry| {
            entry.write = NEVER;
            entry.barred |= lines;
        });
    }

    /// Forgets where a memory page lies on the host. What it is translated from stays known: that is the guest's.
    pub(crate) fn forget_place(&mut self, page: u32) {
        self.each_alias(page, Entry::forget_place);
    }

    /// The same for the pages of memory that `which` picks.
    pub(crate) fn forget_pages(&mut self, which: impl Fn(u32) -> bool) {
        let entries = self.entries.iter_mut().zip(self.rest.pages.iter());
        entries.filter(|(_, page)| which(**page)).for_each(|(entry, _)| entry.forget_place());
    }

    /// The same for all pages.
    pub(crate) fn forget_places(&mut self) {
        self.entries.iter_mut().for_each(Entry::forget_place);
    }

    /// Whether every place is that of its page, and stores have private pages only.
    pub(crate) fn is_true_of(&self, ram: &GuestRam) -> bool {
        let entries = self.entries.iter().zip(self.rest.pages.iter());
        entries.filter(|(entry, _)| entry.read != NEVER).all(|(entry, &page)| {
            entry.read.wrapping_add(entry.addend) == ram.host_address(page) as u64
                && (entry.write == NEVER || entry.barred == 0)
                && (entry.barred == ALL_LINES
                    || !ram.is_shared(page) && ram.code_lines(page) & !entry.barred == 0)
        })
    }
}

/// The numbers of the bits that are set.
fn filled(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(n, &word)| {
        let rest = std::iter::successors(Some(word), |bits| Some(bits & bits.wrapping_sub(1)));
        let bits = rest.take_while(|&bits| bits != 0);
        bits.map(move |bits| n * 64 + bits.trailing_zeros() as usize)
    })
}

impl Entry {
    fn forget_place(&mut self) {
        *self = EMPTY;
    }

    /// Whether a store from `first` to `last`, inside the page, hits no line that is barred.
    #[inline(always)]
    fn takes_store(&self, first: u64, last: u64) -> bool {
        let line = |lin: u64| self.barred >> (lin / LINE_SIZE as u64 % 64);
        (line(first) | line(last)) & 1 == 0
    }
}

#[cfg(test)]
mod tests;
