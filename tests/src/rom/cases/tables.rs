//! Page tables that cases build.

use crate::rom::asm::{Asm, Code, code};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

/// The linear address that cases try: the first page behind the identity mapping.
pub(crate) const LINEAR: u32 = 0x40_0000;
/// A page frame for it; the next one is free too.
pub(crate) const FRAME: u32 = 0x6_0000;
/// The directory's entry of [`LINEAR`].
pub(crate) const PDE: u32 = PAGES + 4;
/// The table of [`LINEAR`].
pub(crate) const TABLE: u32 = PAGES + 0x2000;
/// The table's entry of [`LINEAR`].
pub(crate) const PTE: u32 = TABLE;

/// A directory at [`PAGES`]: 4 MiB mapped to themselves for everybody, an empty table behind them.
pub(crate) fn build(t: &mut Code) -> Asm {
    t.call(u64::from(CODE + KERNEL))
}

/// Switches paging on, with `cr4` where that is not 0, and with CR0.WP.
pub(crate) fn on(t: &mut Code, cr4_bits: u32, wp: bool) -> Asm {
    if cr4_bits != 0 {
        code!(t; mov(eax, cr4_bits); mov(cr4, eax))?;
    }
    code!(t; mov(eax, PAGES); mov(cr3, eax); mov(eax, 0x8000_0011u32 | u32::from(wp) << 16); mov(cr0, eax))
}

/// CR4.PSE.
pub(crate) const PSE: u32 = 1 << 4;
/// CR4.PAE.
pub(crate) const PAE: u32 = 1 << 5;
/// CR4.PGE.
pub(crate) const PGE: u32 = 1 << 7;

/// The page-directory-pointer table of [`build_pae`].
pub(crate) const PAE_POINTERS: u32 = PAGES;
/// The directory's entry of [`LINEAR`] with PAE.
pub(crate) const PAE_PDE: u32 = PAGES + 0x1010;
/// The table's entry of [`LINEAR`] with PAE.
pub(crate) const PAE_PTE: u32 = PAGES + 0x2000;

/// The same in PAE form: pages of 2 MiB, then a table.
pub(crate) fn build_pae(t: &mut Code) -> Asm {
    code!(t; mov(edi, PAGES); xor(eax, eax); mov(ecx, 0x3000 / 4))?;
    t.rep().stosd()?;
    code!(t; poke(PAE_POINTERS, (PAGES + 0x1000) | 1);
        poke(PAGES + 0x1000, 0xE7); poke(PAGES + 0x1008, 0x20_00E7);
        poke(PAE_PDE, PAE_PTE | 7); xor(edi, edi))
}
