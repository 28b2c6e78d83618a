//! 32-bit paging [SDM 3A, "32-Bit Paging"]: a directory of 1,024 entries, tables of 1,024 entries, 4 KiB pages.

use crate::fault::Fault;
use crate::mmu::Intent;
use crate::state::CpuState;
use ringzero_bus::{PhysAddr, SystemBus, Width};

/// A directory or table entry.
#[derive(Clone, Copy)]
struct Entry(u32);

impl Entry {
    const PRESENT: u32 = 1 << 0;
    const WRITABLE: u32 = 1 << 1;
    const USER: u32 = 1 << 2;
    const ACCESSED: u32 = 1 << 5;
    const DIRTY: u32 = 1 << 6;

    fn read(bus: &mut SystemBus, at: PhysAddr) -> Self {
        Self(bus.read(at, Width::Dword))
    }

    fn peek(bus: &SystemBus, at: PhysAddr) -> Self {
        let byte = |n: u64| u32::from(bus.peek(PhysAddr(at.0 + n)).unwrap_or(0xFF)) << (8 * n);
        Self((0..4).map(byte).sum())
    }

    /// Sets bits in memory if they are not set.
    fn mark(self, bus: &mut SystemBus, at: PhysAddr, bits: u32) {
        if self.0 & bits != bits {
            bus.write(at, Width::Dword, self.0 | bits);
        }
    }

    fn is_present(self) -> bool {
        self.0 & Self::PRESENT != 0
    }

    fn frame(self) -> u64 {
        u64::from(self.0 & 0xFFFF_F000)
    }
}

/// Bits of a page-fault error code [SDM 3A, "Page-Fault Exceptions"].
mod error {
    pub(super) const PROTECTION: u16 = 1 << 0;
    pub(super) const WRITE: u16 = 1 << 1;
    pub(super) const USER: u16 = 1 << 2;
}

fn directory_entry_at(cr3: u64, lin: u64) -> PhysAddr {
    PhysAddr((cr3 & 0xFFFF_F000) + (lin >> 22 & 0x3FF) * 4)
}

fn table_entry_at(directory: Entry, lin: u64) -> PhysAddr {
    PhysAddr(directory.frame() + (lin >> 12 & 0x3FF) * 4)
}

/// Walks the tables for an access: the physical address, and whether stores may go there without another walk.
/// On a fault CR2 is loaded and nothing is marked.
pub(crate) fn walk(
    state: &mut CpuState,
    bus: &mut SystemBus,
    lin: u64,
    intent: Intent,
    user: bool,
) -> Result<(u64, bool), Fault> {
    let write = intent == Intent::Write;
    let code = if write { error::WRITE } else { 0 } | if user { error::USER } else { 0 };
    let directory_at = directory_entry_at(state.cr3, lin);
    let directory = Entry::read(bus, directory_at);
    if !directory.is_present() {
        return fault(state, lin, code);
    }
    let table_at = table_entry_at(directory, lin);
    let table = Entry::read(bus, table_at);
    if !table.is_present() {
        return fault(state, lin, code);
    }
    let rights = directory.0 & table.0;
    // The 80386 lets supervisors write anywhere; CR0.WP came with the 80486.
    let writable = !user || rights & Entry::WRITABLE != 0;
    if user && rights & Entry::USER == 0 || write && !writable {
        return fault(state, lin, code | error::PROTECTION);
    }
    directory.mark(bus, directory_at, Entry::ACCESSED);
    table.mark(bus, table_at, Entry::ACCESSED | if write { Entry::DIRTY } else { 0 });
    let dirty = write || table.0 & Entry::DIRTY != 0;
    Ok((table.frame() | lin & 0xFFF, writable && dirty))
}

fn fault<R>(state: &mut CpuState, lin: u64, code: u16) -> Result<R, Fault> {
    state.cr2 = lin;
    Err(Fault::Page(code))
}

/// The physical address of a linear one whoever asks; `None` where no page is present.
pub(crate) fn inspect(state: &CpuState, bus: &SystemBus, lin: u64) -> Option<u64> {
    let directory = Some(Entry::peek(bus, directory_entry_at(state.cr3, lin))).filter(|e| e.is_present())?;
    let table = Some(Entry::peek(bus, table_entry_at(directory, lin))).filter(|e| e.is_present())?;
    Some(table.frame() | lin & 0xFFF)
}
