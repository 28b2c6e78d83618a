//! Paging: rights, error codes, accessed and dirty bits, restart.

use super::tables::{self, FRAME, LINEAR, PDE, PTE};
use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, See, bits, reg, see};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    rights(r)?;
    accessed_and_dirty(r)?;
    places(r)?;
    restart(r)?;
    translations(r)?;
    tables_in_pages(r)
}

/// What is done to the page at [`LINEAR`].
#[derive(Clone, Copy)]
enum Try {
    Read,
    Write,
    Fetch,
}

fn attempt(t: &mut Code, what: Try) -> Asm {
    t.mov(ebx, LINEAR)?;
    match what {
        Try::Read => code!(t; at(); mov(eax, dword_ptr(ebx))),
        Try::Write => code!(t; at(); mov(dword_ptr(ebx), eax)),
        Try::Fetch => code!(t; at(); call(ebx)),
    }
}

/// Name, CPL, CR0.WP, flags of PDE and PTE, what is tried, expected.
type Right = (&'static str, u8, bool, u32, u32, Try, &'static str);

const RIGHTS: [Right; 26] = {
    use Try::*;
    [
        ("pte_absent_read", 0, false, 7, 6, Read, "#PF(0000) ip+00 cr2=00400000"),
        ("pte_absent_write", 0, false, 7, 6, Write, "#PF(0002) ip+00 cr2=00400000"),
        ("pte_absent_read_3", 3, false, 7, 6, Read, "#PF(0004) ip+00 cs=001b cr2=00400000"),
        ("pte_absent_write_3", 3, false, 7, 6, Write, "#PF(0006) ip+00 cs=001b cr2=00400000"),
        ("pde_absent_read", 0, false, 6, 7, Read, "#PF(0000) ip+00 cr2=00400000"),
        ("pde_absent_write_3", 3, false, 6, 7, Write, "#PF(0006) ip+00 cs=001b cr2=00400000"),
        ("absent_beats_rights", 3, false, 7, 0, Write, "#PF(0006) ip+00 cs=001b cr2=00400000"),
        ("read_1", 1, false, 7, 3, Read, "ok cs=0049"),
        ("write_2", 2, false, 7, 1, Write, "ok cs=005a"),
        ("super_page_read_3", 3, false, 7, 3, Read, "#PF(0005) ip+00 cs=001b cr2=00400000"),
        ("super_page_write_3", 3, false, 7, 3, Write, "#PF(0007) ip+00 cs=001b cr2=00400000"),
        ("super_table_read_3", 3, false, 3, 7, Read, "#PF(0005) ip+00 cs=001b cr2=00400000"),
        ("super_table_write_3", 3, false, 3, 7, Write, "#PF(0007) ip+00 cs=001b cr2=00400000"),
        ("read_only_read_3", 3, false, 7, 5, Read, "ok cs=001b"),
        ("read_only_write_3", 3, false, 7, 5, Write, "#PF(0007) ip+00 cs=001b cr2=00400000"),
        ("read_only_table_write_3", 3, false, 5, 7, Write, "#PF(0007) ip+00 cs=001b cr2=00400000"),
        ("user_page_write_3", 3, false, 7, 7, Write, "ok cs=001b"),
        ("read_only_write_0", 0, false, 7, 5, Write, "ok"),
        ("read_only_write_0_wp", 0, true, 7, 5, Write, "#PF(0003) ip+00 cr2=00400000"),
        ("read_only_table_write_0_wp", 0, true, 5, 7, Write, "#PF(0003) ip+00 cr2=00400000"),
        ("super_read_only_write_0_wp", 0, true, 7, 1, Write, "#PF(0003) ip+00 cr2=00400000"),
        ("write_0_wp", 0, true, 7, 3, Write, "ok"),
        ("read_only_read_0_wp", 0, true, 7, 1, Read, "ok"),
        ("fetch_3", 3, false, 7, 5, Fetch, "ok cs=001b"),
        ("super_page_fetch_3", 3, false, 7, 3, Fetch, "#PF(0005) ip=00400000 cs=001b cr2=00400000"),
        ("absent_fetch_0", 0, false, 7, 0, Fetch, "#PF(0000) ip=00400000 cr2=00400000"),
    ]
};

fn rights(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Access Rights\", \"Page-Fault Exceptions\"]");
    for (name, level, wp, pde, pte, what, expected) in RIGHTS {
        r.case(&format!("page_{name}"), expected, &[], |t| {
            code!(t; mov(byte_ptr(FRAME), 0xC3))?;
            tables::build(t)?;
            code!(t; poke(PDE, tables::TABLE | pde); poke(PTE, FRAME | pte))?;
            tables::on(t, 0, wp)?;
            if level != 0 {
                t.to_level(level)?;
            }
            attempt(t, what)
        })?;
    }
    Ok(())
}

/// P, RW, US, A, D of the directory's and the table's entry.
const ENTRIES: [See; 2] = [bits("pde", PDE, 1, 0x67), bits("pte", PTE, 1, 0x67)];

fn accessed_and_dirty(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Accessed and Dirty Flags\"]");
    let tries: [(&str, u32, Try, &str); 5] = [
        ("read", 7, Try::Read, "ok pde=27 pte=27"),
        ("write", 7, Try::Write, "ok pde=27 pte=67"),
        ("fetch", 7, Try::Fetch, "ok pde=27 pte=27"),
        ("absent", 6, Try::Write, "#PF(0002) ip+00 cr2=00400000 pde=27 pte=06"),
        ("write_again", 0x27, Try::Write, "ok pde=27 pte=67"),
    ];
    for (name, pte, what, expected) in tries {
        let pde = if name == "absent" { bits("pde", PDE, 1, 0x27) } else { ENTRIES[0] };
        r.case(&format!("page_bits_{name}"), expected, &[pde, ENTRIES[1]], |t| {
            code!(t; mov(byte_ptr(FRAME), 0xC3))?;
            tables::build(t)?;
            // The directory's entry is accessed before, so that an absent page shows one state everywhere.
            code!(t; poke(PDE, tables::TABLE | 0x27); poke(PTE, FRAME | pte))?;
            tables::on(t, 0, false)?;
            attempt(t, what)
        })?;
    }
    r.case("page_bits_read_then_write", "ok pde=27 pte=67", &ENTRIES, |t| {
        tables::build(t)?;
        code!(t; poke(PTE, FRAME | 7))?;
        tables::on(t, 0, false)?;
        code!(t; mov(eax, dword_ptr(LINEAR)); mov(dword_ptr(LINEAR), eax))
    })?;
    r.case("page_bits_read_modify_write", "ok pde=27 pte=67", &ENTRIES, |t| {
        tables::build(t)?;
        code!(t; poke(PTE, FRAME | 7))?;
        tables::on(t, 0, false)?;
        code!(t; inc(dword_ptr(LINEAR)))
    })?;
    r.case(
        "page_bits_refused_write_is_not_dirty",
        "#PF(0007) ip+00 cs=001b cr2=00400000 pte=05",
        &[bits("pte", PTE, 1, 0x47)],
        |t| {
            tables::build(t)?;
            code!(t; poke(PTE, FRAME | 5))?;
            tables::on(t, 0, false)?;
            code!(t; to_level(3))?;
            attempt(t, Try::Write)
        },
    )
}

fn places(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Interrupt 14 - Page-Fault Exception\"]");
    r.case("page_cr2_is_the_byte", "#PF(0000) ip+00 cr2=00400abc", &[], |t| {
        tables::build(t)?;
        tables::on(t, 0, false)?;
        code!(t; at(); mov(al, byte_ptr(LINEAR + 0xABC)))
    })?;
    r.case(
        "page_cr2_is_in_the_second_page",
        "#PF(0002) ip+00 cr2=00401000 first=00000000",
        &[see("first", FRAME + 0xFFC, 4)],
        |t| {
            tables::build(t)?;
            code!(t; poke(FRAME + 0xFFC, 0); poke(PTE, FRAME | 7))?;
            tables::on(t, 0, false)?;
            code!(t; mov(eax, -1); at(); mov(dword_ptr(LINEAR + 0xFFE), eax))
        },
    )?;
    r.case("page_cr2_is_in_the_first_page", "#PF(0000) ip+00 cr2=00400ffe", &[], |t| {
        tables::build(t)?;
        code!(t; poke(PTE + 4, FRAME | 7))?;
        tables::on(t, 0, false)?;
        code!(t; at(); mov(eax, dword_ptr(LINEAR + 0xFFE)))
    })?;
    r.case("page_instruction_across_pages", "#PF(0000) ip=00400ffe cr2=00401000", &[], |t| {
        tables::build(t)?;
        code!(t; poke(PTE, FRAME | 7); mov(word_ptr(FRAME + 0xFFE), 0x12B8))?;
        tables::on(t, 0, false)?;
        code!(t; mov(ebx, LINEAR + 0xFFE); jmp(ebx))
    })?;
    r.case("page_segment_limit_before_page", "#GP(0000) ip+00", &[], |t| {
        tables::build(t)?;
        tables::on(t, 0, false)?;
        code!(t; desc(A, segment(LINEAR, 0xFF, kind::RW, size::S32)); mov(eax, u32::from(A)); mov(es, ax);
            at(); mov(al, byte_ptr(0x100u32).es()))
    })?;
    r.case(
        "page_push_keeps_esp",
        "#PF(0006) ip+00 cs=001b cr2=00400ffc esp=00401000",
        &[reg("esp", last::ESP)],
        |t| {
            tables::build(t)?;
            tables::on(t, 0, false)?;
            code!(t; to_level(3); mov(esp, LINEAR + 0x1000); at(); push(1))
        },
    )?;
    r.case(
        "page_pusha_across_pages",
        "#PF(0006) ip+00 cs=001b cr2=00400ffc esp=00401010",
        &[reg("esp", last::ESP)],
        |t| {
            tables::build(t)?;
            code!(t; poke(PTE + 4, (FRAME + 0x1000) | 7))?;
            tables::on(t, 0, false)?;
            code!(t; to_level(3); mov(esp, LINEAR + 0x1010); at(); pushad())
        },
    )?;
    r.case("page_ldt_is_supervisor", "#PF(0000) ip+00 cs=001b cr2=00400000", &[], |t| {
        tables::build(t)?;
        tables::on(t, 0, false)?;
        code!(t; desc(B, segment(LINEAR, 0xFFF, kind::LDT, size::S16)); mov(eax, u32::from(B)); lldt(ax); to_level(3);
            mov(eax, u32::from(L) + 3); at(); mov(ds, ax))
    })?;
    r.case("page_ldt_on_super_page_from_3", "ok cs=001b", &[], |t| {
        tables::build(t)?;
        code!(t; poke64(FRAME, flat(kind::RW | kind::DPL3)); poke(PTE, FRAME | 3))?;
        tables::on(t, 0, false)?;
        code!(t; desc(B, segment(LINEAR, 0xFFF, kind::LDT, size::S16)); mov(eax, u32::from(B)); lldt(ax); to_level(3);
            mov(eax, u32::from(L) + 3); at(); mov(ds, ax))
    })?;
    r.case("page_accessed_bit_of_read_only_ldt_wp", "#PF(0003) ip+00 cr2=00400005", &[], |t| {
        tables::build(t)?;
        code!(t; poke64(FRAME, flat(kind::RW)); poke(PTE, FRAME | 1))?;
        tables::on(t, 0, true)?;
        code!(t; desc(B, segment(LINEAR, 0xFFF, kind::LDT, size::S16)); mov(eax, u32::from(B)); lldt(ax);
            mov(eax, u32::from(L)); at(); mov(ds, ax))
    })
}

/// The handler of #PF makes the first two pages present and goes on.
fn repaired(t: &mut Code) -> Asm {
    let (routine, over) = (t.spot(), t.spot());
    let (address, to_over) = (t.addr(routine), t.label(over));
    tables::build(t)?;
    code!(t; resume(14, address); jmp(to_over); place(routine);
        poke(PTE, FRAME | 7); poke(PTE + 4, (FRAME + 0x1000) | 7); mov(eax, cr3); mov(cr3, eax); ret(); place(over))
}

fn restart(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Restarting a Program or Task\"]");
    let (ecx_now, edi_now, esp_now) = (reg("ecx", last::ECX), reg("edi", last::EDI), reg("esp", last::ESP));
    r.case(
        "restart_push",
        "#PF(0006) ip+00 cs=001b cr2=00400ffc ok cs=001b esp=00400ffc at=00000077",
        &[esp_now, see("at", FRAME + 0xFFC, 4)],
        |t| {
            // The handler cannot use the stack that is not there: the stack is level 3's.
            repaired(t)?;
            tables::on(t, 0, false)?;
            code!(t; to_level(3); mov(esp, LINEAR + 0x1000); at(); push(0x77))
        },
    )?;
    r.case(
        "restart_rep_stos",
        "#PF(0002) ip+00 cr2=00401000 ok ecx=00000000 edi=00401010 last=55",
        &[ecx_now, edi_now, see("last", FRAME + 0x100F, 1)],
        |t| {
            repaired(t)?;
            code!(t; poke(FRAME + 0x100C, 0); poke(PTE, FRAME | 7))?;
            tables::on(t, 0, false)?;
            code!(t; mov(al, 0x55); mov(edi, LINEAR + 0xFF0); mov(ecx, 0x20); at())?;
            t.rep().stosb()
        },
    )?;
    r.case(
        "rep_stos_stops_at_the_page",
        "#PF(0002) ip+00 cr2=00401000 ecx=00000010 edi=00401000",
        &[ecx_now, edi_now],
        |t| {
            tables::build(t)?;
            code!(t; poke(PTE, FRAME | 7))?;
            tables::on(t, 0, false)?;
            code!(t; mov(al, 0x55); mov(edi, LINEAR + 0xFF0); mov(ecx, 0x20); at())?;
            t.rep().stosb()
        },
    )?;
    r.case(
        "restart_call",
        "#PF(0006) ip+00 cs=001b cr2=00400ffc ok cs=001b esp=00400ffc",
        &[esp_now],
        |t| {
            repaired(t)?;
            tables::on(t, 0, false)?;
            let next = t.spot();
            let target = t.label(next);
            code!(t; to_level(3); mov(esp, LINEAR + 0x1000); at(); call(target); place(next))
        },
    )?;
    r.case("restart_fetch", "#PF(0000) ip=00400000 cr2=00400000 ok", &[], |t| {
        repaired(t)?;
        code!(t; mov(byte_ptr(FRAME), 0xC3))?;
        tables::on(t, 0, false)?;
        code!(t; mov(ebx, LINEAR); call(ebx))
    })?;
    r.case(
        "restart_add_to_memory_once",
        "#PF(0002) ip+00 cr2=00400000 ok at=00000002",
        &[see("at", FRAME, 4)],
        |t| {
            repaired(t)?;
            code!(t; poke(FRAME, 1))?;
            tables::on(t, 0, false)?;
            code!(t; at(); inc(dword_ptr(LINEAR)))
        },
    )?;
    r.case(
        "restart_movs_across_pages",
        "#PF(0002) ip+00 cr2=00401000 ok at=12345678",
        &[see("at", FRAME + 0xFFE, 4)],
        |t| {
            repaired(t)?;
            code!(t; poke(PTE, FRAME | 7); poke(DATA, 0x1234_5678))?;
            tables::on(t, 0, false)?;
            code!(t; mov(esi, DATA); mov(edi, LINEAR + 0xFFE); at(); movsd())
        },
    )
}

fn translations(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Invalidation of TLBs and Paging-Structure Caches\"]");
    let value = reg("eax", last::EAX);
    // Two frames with different contents; the page moves from one to the other.
    let two_frames = |t: &mut Code| {
        tables::build(t)?;
        code!(t; poke(FRAME, 0x11); poke(FRAME + 0x1000, 0x22); poke(PTE, FRAME | 7))?;
        tables::on(t, 0, false)?;
        code!(t; mov(ecx, dword_ptr(LINEAR)); poke(PTE, (FRAME + 0x1000) | 7))
    };
    r.case("translation_after_cr3", "ok eax=00000022", &[value], |t| {
        two_frames(t)?;
        code!(t; mov(eax, cr3); mov(cr3, eax); mov(eax, dword_ptr(LINEAR)))
    })?;
    r.case("translation_after_invlpg", "ok eax=00000022", &[value], |t| {
        two_frames(t)?;
        code!(t; invlpg(ptr(LINEAR + 0x123)); mov(eax, dword_ptr(LINEAR)))
    })?;
    r.case(
        "invlpg_at_3",
        "#GP(0000) ip+00 cs=001b",
        &[],
        |t| code!(t; to_level(3); at(); invlpg(ptr(LINEAR))),
    )?;
    r.case("invlpg_of_a_register_is_invalid", "#UD ip+00", &[], |t| code!(t; at(); db(&[0x0F, 0x01, 0xF8])))?;
    r.case("translation_after_paging_off_and_on", "ok eax=00000022", &[value], |t| {
        two_frames(t)?;
        code!(t; mov(eax, cr0); and(eax, 0x7FFF_FFFF); mov(cr0, eax); or(eax, 0x8000_0000u32); mov(cr0, eax);
            mov(eax, cr3); mov(cr3, eax); mov(eax, dword_ptr(LINEAR)))
    })?;
    r.case("two_pages_one_frame", "ok eax=00000033", &[value], |t| {
        tables::build(t)?;
        code!(t; poke(PTE, FRAME | 7); poke(PTE + 4, FRAME | 7))?;
        tables::on(t, 0, false)?;
        code!(t; mov(dword_ptr(LINEAR), 0x33); mov(eax, dword_ptr(LINEAR + 0x1000)))
    })?;
    r.case("other_directory", "ok eax=00000022", &[value], |t| {
        tables::build(t)?;
        // The second directory shares the first's low table and has the same page elsewhere.
        code!(t; poke(FRAME, 0x11); poke(FRAME + 0x1000, 0x22); poke(PTE, FRAME | 7);
            poke(PAGES + 0x8000, (PAGES + 0x1000) | 7); poke(PAGES + 0x8004, (PAGES + 0x9000) | 7);
            poke(PAGES + 0x9000, (FRAME + 0x1000) | 7))?;
        tables::on(t, 0, false)?;
        code!(t; mov(ecx, dword_ptr(LINEAR)); mov(eax, PAGES + 0x8000); mov(cr3, eax); mov(eax, dword_ptr(LINEAR)))
    })
}

fn tables_in_pages(r: &mut Builder) -> Asm {
    r.cite("[SDM 2B, \"MOV - Move to/from Control Registers\"]");
    r.case(
        "pg_without_pe",
        "#GP(0000) ip+00",
        &[],
        |t| code!(t; mov(eax, 0x8000_0010u32); at(); mov(cr0, eax)),
    )?;
    r.case("cr3_reads_back", "ok cr3=00010000", &[reg("cr3", last::CR3)], |t| {
        tables::build(t)?;
        tables::on(t, 0, false)
    })?;
    r.case(
        "cr2_is_a_register",
        "ok eax=12345678",
        &[reg("eax", last::EAX)],
        |t| code!(t; mov(eax, 0x1234_5678); mov(cr2, eax); xor(eax, eax); mov(eax, cr2)),
    )
}
