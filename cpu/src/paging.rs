//! Page tables [SDM 3A, "Paging"]: 32-bit paging with 4 KiB and 4 MiB pages, PAE paging with 4 KiB and 2 MiB pages.

use crate::fault::Fault;
use crate::features::Features;
use crate::mmu::Intent;
use crate::model::Model;
use crate::state::{CpuState, cr0, cr4};
use ringzero_bus::ram::PAGE_SIZE;
use ringzero_bus::{PhysAddr, SystemBus, Width};

/// Bits of directory and table entries, of both sizes.
mod bit {
    pub(super) const PRESENT: u64 = 1 << 0;
    pub(super) const WRITABLE: u64 = 1 << 1;
    pub(super) const USER: u64 = 1 << 2;
    pub(super) const ACCESSED: u64 = 1 << 5;
    pub(super) const DIRTY: u64 = 1 << 6;
    /// In a directory entry: it maps a large page.
    pub(super) const PAGE_SIZE: u64 = 1 << 7;
    pub(super) const GLOBAL: u64 = 1 << 8;
}

/// Bits of a page-fault error code [SDM 3A, "Page-Fault Exceptions"].
mod error {
    pub(super) const PROTECTION: u16 = 1 << 0;
    pub(super) const WRITE: u16 = 1 << 1;
    pub(super) const USER: u16 = 1 << 2;
    pub(super) const RESERVED: u16 = 1 << 3;
}

/// What a walk has found: the physical page, and in its low bits what may be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Translation(u64);

impl Translation {
    /// Stores may go there without another walk: allowed, and the page is dirty.
    pub(crate) const WRITABLE: u64 = 1 << 0;
    /// A load of CR3 does not end it.
    pub(crate) const GLOBAL: u64 = 1 << 1;
    /// It was not known before.
    const WALKED: u64 = 1 << 2;
    const PAGE: u64 = !(PAGE_SIZE as u64 - 1);

    #[inline(always)]
    pub(crate) fn new(phys: u64, writable: bool, global: bool) -> Self {
        let bits = if writable { Self::WRITABLE } else { 0 } | if global { Self::GLOBAL } else { 0 };
        Self(phys & Self::PAGE | bits)
    }

    /// From what [`Translation::frame`] gave, whatever other low bits it has now.
    #[inline(always)]
    pub(crate) fn from_frame(frame: u64) -> Self {
        Self(frame & (Self::PAGE | Self::WRITABLE | Self::GLOBAL))
    }

    /// The page, with [`Translation::WRITABLE`] and [`Translation::GLOBAL`].
    #[inline(always)]
    pub(crate) fn frame(self) -> u64 {
        self.0 & !Self::WALKED
    }

    /// The same, found by a walk.
    fn walked(self) -> Self {
        Self(self.0 | Self::WALKED)
    }

    #[inline(always)]
    pub(crate) fn is_walked(self) -> bool {
        self.0 & Self::WALKED != 0
    }

    #[inline(always)]
    pub(crate) fn is_writable(self) -> bool {
        self.0 & Self::WRITABLE != 0
    }

    /// The physical address of `lin`, which it translates.
    #[inline(always)]
    pub(crate) fn phys(self, lin: u64) -> u64 {
        self.0 & Self::PAGE | lin & !Self::PAGE
    }
}

/// How an access reads entries: with side effects on devices, or without.
trait Memory {
    fn dword(&mut self, at: u64) -> u32;
}

struct Live<'a>(&'a mut SystemBus);
struct Peek<'a>(&'a SystemBus);

impl Memory for Live<'_> {
    #[inline]
    fn dword(&mut self, at: u64) -> u32 {
        self.0.read_entry(PhysAddr(at))
    }
}

impl Memory for Peek<'_> {
    fn dword(&mut self, at: u64) -> u32 {
        let byte = |n: u64| u32::from(self.0.peek(PhysAddr(at + n)).unwrap_or(0xFF)) << (8 * n);
        (0..4).map(byte).sum()
    }
}

/// An entry and where it lies.
#[derive(Clone, Copy, Default)]
struct Entry {
    at: u64,
    value: u64,
}

impl Entry {
    fn has(&self, bits: u64) -> bool {
        self.value & bits == bits
    }

    /// Sets bits in memory if they are not set; all of them are in the low doubleword.
    #[inline]
    fn mark(&self, bus: &mut SystemBus, bits: u64) {
        if !self.has(bits) {
            bus.write(PhysAddr(self.at), Width::Dword, (self.value | bits) as u32);
        }
    }
}

/// The entries that translate an address.
struct Path {
    /// The directory entry, and the table entry unless the page is large.
    directory: Entry,
    table: Option<Entry>,
    phys: u64,
}

/// Why no page is found.
enum Absent {
    NotPresent,
    ReservedBit,
}

/// Reads the tables, as `Features` and CR4 say they are laid out.
struct Walker<'a, M> {
    state: &'a CpuState,
    model: &'a Model,
    memory: M,
}

impl<M: Memory> Walker<'_, M> {
    #[inline]
    fn find(&mut self, lin: u64) -> Result<Path, Absent> {
        if self.state.cr4 & cr4::PAE != 0 { self.find_pae(lin) } else { self.find_32(lin) }
    }

    fn present(entry: Entry, reserved: u64) -> Result<Entry, Absent> {
        if !entry.has(bit::PRESENT) {
            return Err(Absent::NotPresent);
        }
        if entry.value & reserved != 0 { Err(Absent::ReservedBit) } else { Ok(entry) }
    }

    fn entry_32(&mut self, at: u64) -> Entry {
        Entry { at, value: u64::from(self.memory.dword(at)) }
    }

    fn entry_64(&mut self, at: u64) -> Entry {
        Entry { at, value: u64::from(self.memory.dword(at)) | u64::from(self.memory.dword(at + 4)) << 32 }
    }

    /// [SDM 3A, "32-Bit Paging"].
    #[inline]
    fn find_32(&mut self, lin: u64) -> Result<Path, Absent> {
        let directory = self.entry_32((self.state.cr3 & 0xFFFF_F000) + (lin >> 22 & 0x3FF) * 4);
        let directory = Self::present(directory, 0)?;
        if directory.has(bit::PAGE_SIZE) && self.state.cr4 & cr4::PSE != 0 {
            return self.large_32(directory, lin);
        }
        let table = self.entry_32((directory.value & 0xFFFF_F000) + (lin >> 12 & 0x3FF) * 4);
        let table = Self::present(table, 0)?;
        Ok(Path { directory, table: Some(table), phys: table.value & 0xFFFF_F000 | lin & 0xFFF })
    }

    /// A 4 MiB page. With PSE-36 its bits 13 to 20 are bits 32 to 39 of the physical address.
    fn large_32(&self, directory: Entry, lin: u64) -> Result<Path, Absent> {
        let high_bits = if self.model.has(Features::PSE36) { self.model.address_bits - 32 } else { 0 };
        let high_mask = ((1u64 << high_bits) - 1) << 13;
        // Bit 12 is PAT where there is one.
        let pat = if self.model.has(Features::PAT) { 1 << 12 } else { 0 };
        let directory = Self::present(directory, 0x3F_F000 & !high_mask & !pat)?;
        let high = (directory.value & high_mask) << (32 - 13);
        Ok(Path { directory, table: None, phys: high | directory.value & 0xFFC0_0000 | lin & 0x3F_FFFF })
    }

    /// [SDM 3A, "PAE Paging"]. The four entries above the directories were read when CR3 was loaded.
    fn find_pae(&mut self, lin: u64) -> Result<Path, Absent> {
        let frame = self.model.address_mask() & !0xFFF;
        let reserved = !self.model.address_mask();
        let pointer = self.state.pdpte[(lin >> 30 & 3) as usize];
        if pointer & bit::PRESENT == 0 {
            return Err(Absent::NotPresent);
        }
        let directory = self.entry_64((pointer & frame) + (lin >> 21 & 0x1FF) * 8);
        if directory.has(bit::PRESENT | bit::PAGE_SIZE) {
            let directory = Self::present(directory, reserved | 0x1F_E000)?;
            let phys = directory.value & frame & !0x1F_FFFF | lin & 0x1F_FFFF;
            return Ok(Path { directory, table: None, phys });
        }
        let directory = Self::present(directory, reserved)?;
        let table = self.entry_64((directory.value & frame) + (lin >> 12 & 0x1FF) * 8);
        let table = Self::present(table, reserved)?;
        Ok(Path { directory, table: Some(table), phys: table.value & frame | lin & 0xFFF })
    }
}

/// Walks the tables for an access. On a fault CR2 is loaded and nothing is marked.
pub(crate) fn walk(
    state: &mut CpuState,
    model: &Model,
    bus: &mut SystemBus,
    lin: u64,
    intent: Intent,
    user: bool,
) -> Result<Translation, Fault> {
    let write = intent == Intent::Write;
    let code = if write { error::WRITE } else { 0 } | if user { error::USER } else { 0 };
    let path = match (Walker { state, model, memory: Live(bus) }).find(lin) {
        Ok(path) => path,
        Err(Absent::NotPresent) => return fault(state, lin, code),
        Err(Absent::ReservedBit) => return fault(state, lin, code | error::PROTECTION | error::RESERVED),
    };
    let last = path.table.unwrap_or(path.directory);
    let rights = path.directory.value & last.value;
    // Without CR0.WP, which came with the 80486, supervisors may write anywhere.
    let writable = rights & bit::WRITABLE != 0 || !user && state.cr0 & cr0::WP == 0;
    if user && rights & bit::USER == 0 || write && !writable {
        return fault(state, lin, code | error::PROTECTION);
    }
    if path.table.is_some() {
        path.directory.mark(bus, bit::ACCESSED);
    }
    last.mark(bus, bit::ACCESSED | if write { bit::DIRTY } else { 0 });
    let global = state.cr4 & cr4::PGE != 0 && last.has(bit::GLOBAL);
    Ok(Translation::new(path.phys, writable && (write || last.has(bit::DIRTY)), global).walked())
}

fn fault<R>(state: &mut CpuState, lin: u64, code: u16) -> Result<R, Fault> {
    state.cr2 = lin;
    Err(Fault::Page(code))
}

/// The physical address of a linear one whoever asks; `None` where no page is present.
pub(crate) fn inspect(state: &CpuState, model: &Model, bus: &SystemBus, lin: u64) -> Option<u64> {
    Walker { state, model, memory: Peek(bus) }.find(lin).ok().map(|path| path.phys)
}

/// The four page-directory pointers that CR3 points to under PAE [SDM 3A, "PDPTE Registers"]; `None` (#GP) where a
/// reserved bit is set.
pub(crate) fn directory_pointers(model: &Model, bus: &mut SystemBus, cr3: u64) -> Option<[u64; 4]> {
    let mut memory = Live(bus);
    let mut pointers = [0; 4];
    for (n, pointer) in (0..).zip(&mut pointers) {
        let at = (cr3 & 0xFFFF_FFE0) + n * 8;
        *pointer = u64::from(memory.dword(at)) | u64::from(memory.dword(at + 4)) << 32;
        let reserved = !model.address_mask() | 0x1E6;
        if *pointer & bit::PRESENT != 0 && *pointer & reserved != 0 {
            return None;
        }
    }
    Some(pointers)
}

/// One entry of the tables that translate an address, as a person follows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkStep {
    /// The manual's name of such an entry.
    pub name: &'static str,
    /// Its physical address.
    pub at: u64,
    /// Its value.
    pub value: u64,
}

impl WalkStep {
    /// Bit P: the entry leads on.
    pub fn is_present(&self) -> bool {
        self.value & bit::PRESENT != 0
    }

    /// Bit R/W.
    pub fn is_writable(&self) -> bool {
        self.value & bit::WRITABLE != 0
    }

    /// Bit U/S.
    pub fn is_user(&self) -> bool {
        self.value & bit::USER != 0
    }
}

/// The entries for `lin`, top down, as far as they lead; none with paging off.
pub(crate) fn steps(state: &CpuState, bus: &SystemBus, lin: u64) -> Vec<WalkStep> {
    let mut steps = Vec::new();
    if state.cr0 & cr0::PG == 0 {
        return steps;
    }
    let mut memory = Peek(bus);
    let pae = state.cr4 & cr4::PAE != 0;
    let mut read = |name, table: u64, index: u64| {
        let at = table + index * if pae { 8 } else { 4 };
        let high = if pae { u64::from(memory.dword(at + 4)) << 32 } else { 0 };
        WalkStep { name, at, value: high | u64::from(memory.dword(at)) }
    };
    let directory = if pae {
        let number = lin >> 30 & 3;
        let value = state.pdpte[number as usize];
        steps.push(WalkStep { name: "PDPTE", at: (state.cr3 & 0xFFFF_FFE0) + number * 8, value });
        (value & bit::PRESENT != 0).then(|| read("PDE", value & FRAME, lin >> 21 & 0x1FF))
    } else {
        Some(read("PDE", state.cr3 & 0xFFFF_F000, lin >> 22 & 0x3FF))
    };
    let Some(directory) = directory else { return steps };
    steps.push(directory);
    let large = directory.value & bit::PAGE_SIZE != 0 && (pae || state.cr4 & cr4::PSE != 0);
    if directory.is_present() && !large {
        let index = if pae { lin >> 12 & 0x1FF } else { lin >> 12 & 0x3FF };
        steps.push(read("PTE", directory.value & FRAME, index));
    }
    steps
}

/// Where an entry leads: bits 12 to 51.
const FRAME: u64 = 0x000F_FFFF_FFFF_F000;
