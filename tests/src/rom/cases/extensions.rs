//! Paging of the Pentium and later: 4 MiB pages, PAE, global pages.

use super::tables::{self, FRAME, LINEAR, PAE, PAE_PDE, PAE_POINTERS, PAE_PTE, PDE, PGE, PSE, PTE};
use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, bits, reg, see};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    large_pages(r)?;
    pae(r)?;
    global_pages(r)
}

/// P, RW, US, A, D, PS, G.
const PDE_BITS: crate::rom::builder::See = bits("pde", PDE, 2, 0x1E7);

fn large_pages(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"32-Bit Paging\"]");
    let value = reg("eax", last::EAX);
    // The large page maps LINEAR to 0: DATA is seen at LINEAR + DATA.
    let large = |t: &mut Code, entry: u32, cr4_bits: u32| {
        tables::build(t)?;
        code!(t; poke(DATA, 0x55); poke(PDE, entry))?;
        tables::on(t, cr4_bits, false)
    };
    r.case("large_page_read", "ok eax=00000055 pde=00a7", &[value, PDE_BITS], |t| {
        large(t, 0x87, PSE)?;
        code!(t; mov(eax, dword_ptr(LINEAR + DATA)))
    })?;
    r.case("large_page_write_is_dirty", "ok pde=00e7", &[PDE_BITS], |t| {
        large(t, 0x87, PSE)?;
        code!(t; mov(dword_ptr(LINEAR + DATA), eax))
    })?;
    r.case("large_page_is_table_without_pse", "ok eax=00000077 pde=00a7", &[value, PDE_BITS], |t| {
        large(t, tables::TABLE | 0x87, 0)?;
        code!(t; poke(FRAME, 0x77); poke(PTE, FRAME | 7); mov(eax, dword_ptr(LINEAR)))
    })?;
    for (name, entry, level, expected) in [
        ("super_3", 0x83, 3, "#PF(0005) ip+00 cs=001b cr2=00450000"),
        ("read_only_3", 0x85, 3, "#PF(0007) ip+00 cs=001b cr2=00450000"),
        ("absent_0", 0x86, 0, "#PF(0002) ip+00 cr2=00450000"),
        ("reserved_0", 0x20_0087, 0, "#PF(000b) ip+00 cr2=00450000"),
    ] {
        r.case(&format!("large_page_{name}"), expected, &[], |t| {
            large(t, entry, PSE)?;
            if level == 3 {
                t.to_level(3)?;
            }
            t.at()?;
            if entry == 0x83 {
                t.mov(eax, dword_ptr(LINEAR + DATA))
            } else {
                t.mov(dword_ptr(LINEAR + DATA), eax)
            }
        })?;
    }
    r.case("large_page_reserved_from_3", "#PF(000d) ip+00 cs=001b cr2=00450000", &[], |t| {
        large(t, 0x20_0087, PSE)?;
        code!(t; to_level(3); at(); mov(eax, dword_ptr(LINEAR + DATA)))
    })
}

fn pae_on(t: &mut Code) -> Asm {
    tables::on(t, PAE, false)
}

fn pae(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"PAE Paging\"]");
    let value = reg("eax", last::EAX);
    let pte = bits("pte", PAE_PTE, 1, 0x67);
    r.case("pae_read", "ok eax=00000055 pte=27 pde=27", &[value, pte, bits("pde", PAE_PDE, 1, 0x67)], |t| {
        tables::build_pae(t)?;
        code!(t; poke(FRAME, 0x55); poke(PAE_PTE, FRAME | 7))?;
        pae_on(t)?;
        code!(t; mov(eax, dword_ptr(LINEAR)))
    })?;
    r.case("pae_write", "ok pte=67", &[pte], |t| {
        tables::build_pae(t)?;
        code!(t; poke(PAE_PTE, FRAME | 7))?;
        pae_on(t)?;
        code!(t; mov(dword_ptr(LINEAR), eax))
    })?;
    r.case("pae_large_page_dirty", "ok pde=e7", &[see("pde", PAE_PDE, 1)], |t| {
        tables::build_pae(t)?;
        code!(t; poke(PAE_PDE, 0x87))?;
        pae_on(t)?;
        code!(t; mov(dword_ptr(LINEAR + DATA), eax))
    })?;
    for (name, low, high, pde, expected) in [
        ("absent_pte", 6, 0, 7, "#PF(0006) ip+00 cs=001b cr2=00400000"),
        ("absent_pde", 7, 0, 6, "#PF(0006) ip+00 cs=001b cr2=00400000"),
        ("super_pte", 3, 0, 7, "#PF(0007) ip+00 cs=001b cr2=00400000"),
        ("read_only_pde", 7, 0, 5, "#PF(0007) ip+00 cs=001b cr2=00400000"),
        ("reserved_pte", 7, 1 << 18, 7, "#PF(000f) ip+00 cs=001b cr2=00400000"),
    ] {
        r.case(&format!("pae_{name}"), expected, &[], |t| {
            tables::build_pae(t)?;
            code!(t; poke(PAE_PTE, FRAME | low); poke(PAE_PTE + 4, high); poke(PAE_PDE, PAE_PTE | pde))?;
            pae_on(t)?;
            code!(t; to_level(3); at(); mov(dword_ptr(LINEAR), eax))
        })?;
    }
    r.case("pae_absent_pointer", "#PF(0000) ip+00 cr2=40000000", &[], |t| {
        tables::build_pae(t)?;
        pae_on(t)?;
        code!(t; at(); mov(eax, dword_ptr(0x4000_0000u32)))
    })?;
    r.case("pae_pointers_are_loaded_with_cr3", "#PF(0000) ip+00 cr2=40000000", &[], |t| {
        tables::build_pae(t)?;
        pae_on(t)?;
        // The processor keeps the four pointers; memory is looked at when CR3 is loaded.
        code!(t; poke(PAE_POINTERS + 8, (PAGES + 0x1000) | 1); at(); mov(eax, dword_ptr(0x4000_0000u32)))
    })?;
    r.case("pae_pointers_after_cr3", "ok eax=00000055", &[value], |t| {
        tables::build_pae(t)?;
        pae_on(t)?;
        code!(t; poke(DATA, 0x55); poke(PAE_POINTERS + 8, (PAGES + 0x1000) | 1); mov(eax, cr3); mov(cr3, eax);
            mov(eax, dword_ptr(0x4000_0000 + DATA)))
    })?;
    r.case("pae_reserved_pointer_bits", "#GP(0000) ip+00", &[], |t| {
        tables::build_pae(t)?;
        pae_on(t)?;
        code!(t; poke(PAE_POINTERS + 8, (PAGES + 0x1000) | 3); mov(eax, cr3); at(); mov(cr3, eax))
    })
}

fn global_pages(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Global Pages\"]");
    let value = reg("eax", last::EAX);
    let setup = |t: &mut Code| {
        tables::build(t)?;
        code!(t; poke(FRAME, 0x11); poke(FRAME + 0x1000, 0x22); poke(PTE, FRAME | 0x107))?;
        tables::on(t, PGE, false)?;
        code!(t; mov(ecx, dword_ptr(LINEAR)); poke(PTE, (FRAME + 0x1000) | 0x107))
    };
    r.case("global_page_after_invlpg", "ok eax=00000022", &[value], |t| {
        setup(t)?;
        code!(t; invlpg(ptr(LINEAR)); mov(eax, dword_ptr(LINEAR)))
    })?;
    r.case("global_page_after_pge_cleared", "ok eax=00000022", &[value], |t| {
        setup(t)?;
        code!(t; xor(eax, eax); mov(cr4, eax); mov(eax, dword_ptr(LINEAR)))
    })
}
