//! Guest memory: pages of RAM, ROM and video memory that are shared until they are written, with a note of which 64-byte
//! lines hold decoded code.

mod permits;
mod regions;
mod slab;
mod video;

use crate::types::PhysAddr;
use regions::Regions;
use serde::{Deserialize, Serialize};
use slab::{Page, PageRef};
use std::ops::Range;
use std::sync::Arc;
use video::VideoPages;

/// Bytes in a page.
pub const PAGE_SIZE: usize = 4096;
/// Bytes in a line, the grain of code tracking. A page has 64 of them, so a page's lines are one `u64`.
pub const LINE_SIZE: usize = 64;

/// An offset into [`GuestRam`]: RAM first (offset = physical address), ROM images and video memory behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RamOffset(pub u64);

impl RamOffset {
    /// Number of the page this offset lies in.
    pub const fn page(self) -> u32 {
        (self.0 / PAGE_SIZE as u64) as u32
    }
}

/// Lines of decoded code that a write has hit: the CPU must drop the blocks that overlap them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeHit {
    /// Page number, see [`RamOffset::page`].
    pub page: u32,
    /// Bit n: line n of the page.
    pub lines: u64,
}

/// A page that now lies elsewhere. Its old place lives as long as this.
pub struct MovedPage {
    /// Page number.
    pub page: u32,
    _old: PageRef,
}

/// What the one user has who reaches pages by their addresses on the host: see [`GuestRam::claim`].
#[derive(Debug, Default)]
pub struct RamClaim(Arc<()>);

/// All RAM and video memory at one moment. It shares pages with the memory it was taken from until they are written
/// there.
#[derive(Clone)]
pub struct RamImage {
    ram: Vec<PageRef>,
    video: Vec<PageRef>,
}

impl RamImage {
    /// Bytes of RAM in the image.
    pub fn size(&self) -> usize {
        self.ram.len() * PAGE_SIZE
    }
}

impl std::fmt::Debug for RamImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RamImage").field("size", &self.size()).finish_non_exhaustive()
    }
}

/// RAM and ROM images.
///
/// Devices use the checked `read` and `write`, which reach RAM only. A page that somebody else holds too (another
/// machine, a [`RamImage`], the other pages of zeros) is copied when it is first written; the copy lies among its
/// neighbours if its place there is free, so that the host can map them by large pages. The CPU's fast path reaches
/// pages by address and keeps the promise stated at [`GuestRam::claim`].
pub struct GuestRam {
    pages: Vec<PageRef>,
    regions: Regions,
    ram_size: usize,
    video: VideoPages,
    code_lines: Vec<u64>,
    /// By page: nobody else holds it, as was seen when it was last written. Ends with the claim.
    own: Vec<bool>,
    code_hits: Vec<CodeHit>,
    /// Pages copied since the claimant last looked.
    moves: Vec<MovedPage>,
    claim: RamClaim,
}

impl GuestRam {
    /// `ram_size` bytes of zeroed RAM, rounded up to whole pages. Until they are written all of them are one.
    pub fn new(ram_size: usize) -> Self {
        let ram_size = ram_size.next_multiple_of(PAGE_SIZE);
        let zeros = PageRef::new(&Page([0; PAGE_SIZE]));
        let pages = std::iter::repeat_n(zeros, ram_size / PAGE_SIZE).collect();
        Self::of(pages, ram_size, VideoPages::default())
    }

    fn of(pages: Vec<PageRef>, ram_size: usize, video: VideoPages) -> Self {
        let (code_lines, own) = (vec![0; pages.len()], vec![false; pages.len()]);
        let (regions, claim) = (Regions::default(), RamClaim::default());
        Self {
            pages,
            regions,
            ram_size,
            video,
            code_lines,
            own,
            code_hits: Vec::new(),
            moves: Vec::new(),
            claim,
        }
    }

    /// Bytes of RAM, a multiple of [`PAGE_SIZE`].
    pub fn ram_size(&self) -> usize {
        self.ram_size
    }

    /// Appends a ROM image, padded with FFh to whole pages, and tells where it lies.
    pub fn add_rom(&mut self, image: &[u8]) -> RamOffset {
        let at = self.pages.len() * PAGE_SIZE;
        for part in image.chunks(PAGE_SIZE) {
            let mut page = Page([0xFF; PAGE_SIZE]);
            page.0[..part.len()].copy_from_slice(part);
            self.pages.push(PageRef::new(&page));
        }
        self.code_lines.resize(self.pages.len(), 0);
        self.own.resize(self.pages.len(), false);
        RamOffset(at as u64)
    }

    // --- contents -------------------------------------------------------------------------------------------

    fn ram_pages(&self) -> &[PageRef] {
        &self.pages[..self.ram_size / PAGE_SIZE]
    }

    /// The pages of RAM, first to last, for hashes and inspection.
    pub fn pages(&self) -> impl Iterator<Item = &[u8; PAGE_SIZE]> {
        self.ram_pages().iter().map(|page| &page.0)
    }

    /// A copy of all RAM.
    pub fn to_vec(&self) -> Vec<u8> {
        self.pages().flatten().copied().collect()
    }

    /// `N` bytes at a physical address; outside RAM every byte reads FFh.
    pub fn bytes<const N: usize>(&self, addr: PhysAddr) -> [u8; N] {
        let mut bytes = [0; N];
        self.read(addr, &mut bytes);
        bytes
    }

    /// Reads bytes of RAM at a physical address; outside RAM every byte reads FFh.
    pub fn read(&self, addr: PhysAddr, out: &mut [u8]) {
        let (inside, outside) = out.split_at_mut(self.room(addr, out.len()));
        if !inside.is_empty() {
            self.read_at(RamOffset(addr.0), inside);
        }
        outside.fill(0xFF);
    }

    /// Writes bytes of RAM at a physical address; what falls outside RAM is dropped.
    pub fn write(&mut self, addr: PhysAddr, data: &[u8]) {
        let len = self.room(addr, data.len());
        if len > 0 {
            self.write_at(RamOffset(addr.0), &data[..len]);
        }
    }

    /// How many of `len` bytes from `addr` on are RAM.
    fn room(&self, addr: PhysAddr, len: usize) -> usize {
        let left = (self.ram_size as u64).saturating_sub(addr.0);
        usize::try_from(left).map_or(len, |left| len.min(left))
    }

    /// Four bytes at a physical address that is a multiple of four and lies in RAM.
    #[inline]
    pub(crate) fn dword(&self, at: u64) -> u32 {
        let bytes = &self.pages[at as usize / PAGE_SIZE].0[at as usize % PAGE_SIZE..];
        bytes.first_chunk().map_or(u32::MAX, |four| u32::from_le_bytes(*four))
    }

    /// The bytes from an offset the bus gave out (RAM or ROM) to the end of its page.
    pub fn rest_of_page(&self, at: RamOffset) -> &[u8] {
        &self.pages[at.page() as usize].0[at.0 as usize % PAGE_SIZE..]
    }

    /// Reads bytes at an offset the bus gave out (RAM or ROM).
    pub fn read_at(&self, at: RamOffset, out: &mut [u8]) {
        for (page, inside, part) in pieces(at, out.len()) {
            out[part].copy_from_slice(&self.pages[page].0[inside]);
        }
    }

    /// Writes bytes at an offset the bus gave out, noting hits on decoded code.
    pub fn write_at(&mut self, at: RamOffset, data: &[u8]) {
        for (page, inside, part) in pieces(at, data.len()) {
            let lines = lines_of(inside.start, inside.end - 1);
            self.page_mut(page).0[inside].copy_from_slice(&data[part]);
            self.video.note_store(page);
            self.hit(page, lines);
        }
    }

    /// A page to be written: a copy, if somebody else holds it too.
    #[inline]
    fn page_mut(&mut self, number: usize) -> &mut Page {
        if self.pages[number].holders() != 1 {
            self.move_page(number);
        }
        self.own[number] = true;
        self.pages[number].get_mut().expect("nobody else has seen the copy yet")
    }

    #[cold]
    fn move_page(&mut self, number: usize) {
        let copy = self.regions.copy(number, self.pages.len(), &self.pages[number]);
        let old = std::mem::replace(&mut self.pages[number], copy);
        self.moves.push(MovedPage { page: number as u32, _old: old });
    }

    // --- sharing --------------------------------------------------------------------------------------------

    /// The same memory once more. Neither side sees what the other writes from now on.
    ///
    /// Not while a CPU runs on it: it has the addresses of pages that were its own.
    pub(crate) fn fork(&mut self) -> Self {
        self.end_claim();
        Self::of(self.pages.clone(), self.ram_size, self.video.clone())
    }

    /// All RAM and video memory as they are now. Not while a CPU runs on it, as for [`GuestRam::fork`].
    pub(crate) fn image(&mut self) -> RamImage {
        self.end_claim();
        RamImage { ram: self.ram_pages().to_vec(), video: self.pages[self.video.range()].to_vec() }
    }

    /// Whether an image is one of memory of this size.
    pub fn fits(&self, image: &RamImage) -> bool {
        image.size() == self.ram_size && image.video.len() == self.video.range().len()
    }

    /// Replaces all RAM and video memory; false when `image` has another size. Not while a CPU runs on it.
    pub(crate) fn restore(&mut self, image: &RamImage) -> bool {
        if !self.fits(image) {
            return false;
        }
        self.end_claim();
        self.pages[..image.ram.len()].clone_from_slice(&image.ram);
        self.pages[self.video.range()].clone_from_slice(&image.video);
        self.video.note_all();
        for page in 0..self.code_lines.len() {
            self.hit(page, u64::MAX);
        }
        true
    }

    /// Pages of RAM that nobody else holds: what this memory costs beyond what it shares.
    pub fn private_pages(&self) -> usize {
        private_among(self.ram_pages())
    }

    /// Bytes of RAM, ROM and video memory that the guest has come to use: what is shared and what was never written not counted.
    pub fn bytes_in_use(&self) -> usize {
        private_among(&self.pages) * PAGE_SIZE
    }

    /// Whether somebody else holds a page too.
    pub fn is_shared(&self, page: u32) -> bool {
        self.pages[page as usize].holders() > 1
    }

    // --- addresses on the host ------------------------------------------------------------------------------

    /// Makes the caller the one who reaches pages by their addresses. Whoever was it before has lost that right, and
    /// so has the caller when it is no longer [`GuestRam::is_claimed_by`] its claim: the memory was forked, restored,
    /// or claimed by another.
    ///
    /// The claimant promises to ask that before it uses addresses it has kept, and to keep no other reference to the
    /// memory meanwhile than that of the bus it runs on; to read at an address only until [`GuestRam::take_moves`]
    /// names the page (the old place lives until then) and to drop the address before it drops what was taken; to
    /// write only pages that [`GuestRam::is_own`] has vouched for since its claim began and since
    /// [`GuestRam::video_epoch`] last changed, and only lines of them that hold no decoded
    /// code, as [`GuestRam::code_lines`] says.
    pub fn claim(&mut self) -> RamClaim {
        self.end_claim();
        RamClaim(Arc::clone(&self.claim.0))
    }

    fn end_claim(&mut self) {
        self.claim = RamClaim::default();
        self.moves.clear();
        self.own.fill(false);
    }

    /// Whether the holder of `claim` may still use the addresses it has.
    pub fn is_claimed_by(&self, claim: &RamClaim) -> bool {
        Arc::ptr_eq(&self.claim.0, &claim.0)
    }

    /// The address of a page on the host.
    pub fn host_address(&self, page: u32) -> usize {
        self.pages[page as usize].expose()
    }

    /// Whether a page may be written where it is: nobody else is known to hold it, it holds no decoded code, and if it is
    /// video memory, it is known to have been written.
    #[inline]
    pub fn takes_direct_stores(&self, page: u32) -> bool {
        self.code_lines[page as usize] == 0 && self.is_own(page)
    }

    /// Whether nobody else is known to hold a page, and stores to it need not be noted.
    #[inline]
    pub fn is_own(&self, page: u32) -> bool {
        self.own[page as usize] && self.video.may_be_stored(page as usize)
    }

    /// Announces a store to a page: it is copied if somebody else holds it too, and noted if it is video memory.
    #[inline]
    pub fn prepare_store(&mut self, page: u32) {
        if !self.own[page as usize] {
            self.page_mut(page as usize);
        }
        self.video.note_store(page as usize);
    }

    /// Whether pages have moved since [`GuestRam::take_moves`].
    pub fn has_moves(&self) -> bool {
        !self.moves.is_empty()
    }

    /// The pages that have moved since the last call; none for one whose claim has ended.
    pub fn take_moves(&mut self, claim: &RamClaim) -> Vec<MovedPage> {
        if self.is_claimed_by(claim) { std::mem::take(&mut self.moves) } else { Vec::new() }
    }

    // --- decoded code ---------------------------------------------------------------------------------------

    fn hit(&mut self, page: usize, lines: u64) {
        let lines = self.code_lines[page] & lines;
        if lines != 0 {
            self.code_lines[page] &= !lines;
            self.code_hits.push(CodeHit { page: page as u32, lines });
        }
    }

    /// Marks `lines` of a page as holding decoded code.
    pub fn mark_code(&mut self, page: u32, lines: u64) {
        self.code_lines[page as usize] |= lines;
    }

    /// The lines of a page that hold decoded code.
    pub fn code_lines(&self, page: u32) -> u64 {
        self.code_lines[page as usize]
    }

    /// Whether a write has hit decoded code since [`GuestRam::take_code_hits`].
    pub fn has_code_hits(&self) -> bool {
        !self.code_hits.is_empty()
    }

    /// The hits since the last call, in order, in place of what `hits` held: its memory serves for the next ones. Hit lines
    /// are unmarked already.
    pub fn take_code_hits(&mut self, hits: &mut Vec<CodeHit>) {
        hits.clear();
        std::mem::swap(hits, &mut self.code_hits);
    }

    /// Whether there is anything for the CPU to take note of.
    pub(crate) fn has_news(&self) -> bool {
        self.has_code_hits() || self.has_moves()
    }
}

impl std::fmt::Debug for GuestRam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuestRam").field("ram_size", &self.ram_size).finish_non_exhaustive()
    }
}

/// The lines that the bytes `first..=last` of a page touch.
#[inline]
fn lines_of(first: usize, last: usize) -> u64 {
    u64::MAX >> (63 - last / LINE_SIZE) & u64::MAX << (first / LINE_SIZE)
}

/// The pieces of `len` bytes at an offset, by page: its number, the range in it, and that of the caller's buffer.
fn pieces(at: RamOffset, len: usize) -> impl Iterator<Item = (usize, Range<usize>, Range<usize>)> {
    let start = at.0 as usize;
    let mut done = 0;
    std::iter::from_fn(move || {
        let (page, inside) = ((start + done) / PAGE_SIZE, (start + done) % PAGE_SIZE);
        let count = (PAGE_SIZE - inside).min(len - done);
        let part = done..done + count;
        done += count;
        (count > 0).then_some((page, inside..inside + count, part))
    })
}

/// How many of `pages` nobody else holds.
fn private_among(pages: &[PageRef]) -> usize {
    pages.iter().filter(|page| page.holders() == 1).count()
}

#[cfg(test)]
#[path = "ram/tests.rs"]
mod tests;
