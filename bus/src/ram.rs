//! Guest memory: RAM and ROM images in one allocation, with a note of which 64-byte lines hold decoded code.

use crate::types::PhysAddr;

/// Bytes in a page.
pub const PAGE_SIZE: usize = 4096;
/// Bytes in a line, the grain of code tracking. A page has 64 of them, so a page's lines are one `u64`.
pub const LINE_SIZE: usize = 64;

/// An offset into [`GuestRam`]: RAM first (offset = physical address), ROM images behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// RAM and ROM images.
///
/// Devices use the checked `read` and `write`, which reach RAM only. The CPU's fast path goes through
/// [`GuestRam::base`] and keeps the promise stated there.
#[derive(Debug)]
pub struct GuestRam {
    bytes: Vec<u8>,
    ram_size: usize,
    code_lines: Vec<u64>,
    code_hits: Vec<CodeHit>,
}

impl GuestRam {
    /// `ram_size` bytes of zeroed RAM, rounded up to whole pages.
    pub fn new(ram_size: usize) -> Self {
        let ram_size = ram_size.next_multiple_of(PAGE_SIZE);
        // One page more than asked: the CPU's unaligned loads never reach the end of the allocation.
        let bytes = vec![0; ram_size + PAGE_SIZE];
        let pages = bytes.len() / PAGE_SIZE;
        Self { bytes, ram_size, code_lines: vec![0; pages], code_hits: Vec::new() }
    }

    /// Bytes of RAM, a multiple of [`PAGE_SIZE`].
    pub fn ram_size(&self) -> usize {
        self.ram_size
    }

    /// Appends a ROM image, padded with FFh to whole pages, and tells where it lies.
    pub fn add_rom(&mut self, image: &[u8]) -> RamOffset {
        let at = self.bytes.len() - PAGE_SIZE;
        self.bytes.truncate(at);
        self.bytes.extend_from_slice(image);
        self.bytes.resize(self.bytes.len().next_multiple_of(PAGE_SIZE), 0xFF);
        self.bytes.resize(self.bytes.len() + PAGE_SIZE, 0);
        self.code_lines.resize(self.bytes.len() / PAGE_SIZE, 0);
        RamOffset(at as u64)
    }

    /// The RAM, for snapshots, hashes and inspection. Writes must go through [`GuestRam::write`].
    pub fn ram(&self) -> &[u8] {
        &self.bytes[..self.ram_size]
    }

    /// Replaces all RAM; false when `image` has another size.
    pub fn restore(&mut self, image: &[u8]) -> bool {
        if image.len() != self.ram_size {
            return false;
        }
        self.bytes[..self.ram_size].copy_from_slice(image);
        for page in 0..self.code_lines.len() {
            self.hit(page, u64::MAX);
        }
        true
    }

    /// Reads bytes of RAM at a physical address; outside RAM every byte reads FFh.
    pub fn read(&self, addr: PhysAddr, out: &mut [u8]) {
        let (inside, outside) = out.split_at_mut(self.room(addr, out.len()));
        if !inside.is_empty() {
            let start = addr.0 as usize;
            inside.copy_from_slice(&self.bytes[start..start + inside.len()]);
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

    /// Reads bytes at an offset the bus gave out (RAM or ROM).
    pub fn read_at(&self, at: RamOffset, out: &mut [u8]) {
        let start = at.0 as usize;
        out.copy_from_slice(&self.bytes[start..start + out.len()]);
    }

    /// Writes bytes at an offset the bus gave out, noting hits on decoded code.
    pub fn write_at(&mut self, at: RamOffset, data: &[u8]) {
        let start = at.0 as usize;
        let end = start + data.len();
        self.bytes[start..end].copy_from_slice(data);
        self.note_write(start, end);
    }

    /// Notes code hits of a write to `start..end` (offsets, `start < end`) that went past [`GuestRam::write`].
    fn note_write(&mut self, start: usize, end: usize) {
        if start == end {
            return;
        }
        for page in start / PAGE_SIZE..=(end - 1) / PAGE_SIZE {
            if self.code_lines[page] == 0 {
                continue;
            }
            let first = start.max(page * PAGE_SIZE) % PAGE_SIZE / LINE_SIZE;
            let last = (end - 1).min(page * PAGE_SIZE + PAGE_SIZE - 1) % PAGE_SIZE / LINE_SIZE;
            self.hit(page, u64::MAX >> (63 - last) & u64::MAX << first);
        }
    }

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

    /// The hits since the last call, in order. Hit lines are unmarked already.
    pub fn take_code_hits(&mut self) -> Vec<CodeHit> {
        std::mem::take(&mut self.code_hits)
    }

    /// Start of the allocation.
    ///
    /// A user of this pointer promises to stay below [`GuestRam::allocated`], to write only RAM, and to write only
    /// pages whose [`GuestRam::code_lines`] are 0. The pointer is void after [`GuestRam::add_rom`].
    pub fn base(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr()
    }

    /// Bytes in the allocation, RAM, ROM and padding together.
    pub fn allocated(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_ram_reads_ones_and_drops_writes() {
        let mut ram = GuestRam::new(PAGE_SIZE);
        let rom = ram.add_rom(&[0x90]);
        ram.write(PhysAddr(0xFFE), &[1, 2, 3, 4]);
        ram.write(PhysAddr(u64::MAX), &[9]);
        let mut out = [0; 4];
        ram.read(PhysAddr(0xFFE), &mut out);
        assert_eq!(out, [1, 2, 0xFF, 0xFF]);
        ram.read_at(rom, &mut out);
        assert_eq!(out, [0x90, 0xFF, 0xFF, 0xFF]);
    }

    #[test]
    fn only_a_write_to_a_code_line_is_a_hit() {
        let mut ram = GuestRam::new(2 * PAGE_SIZE);
        ram.mark_code(0, 1 << 63);
        ram.mark_code(1, 0b11);
        ram.write(PhysAddr(0x100), &[0; 16]);
        assert!(!ram.has_code_hits());
        ram.write(PhysAddr(0xFFF), &[0, 0]);
        assert_eq!(
            ram.take_code_hits(),
            [CodeHit { page: 0, lines: 1 << 63 }, CodeHit { page: 1, lines: 1 }]
        );
        assert_eq!(ram.code_lines(1), 0b10);
    }
}
