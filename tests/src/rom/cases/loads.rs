//! Loading segment registers.

use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, access, reg16};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    null_and_limit(r)?;
    types(r)?;
    privilege(r)?;
    stack_segment(r)?;
    other_ways(r)
}

/// `MOV reg, selector` at the level the code is at.
fn mov(t: &mut Code, register: AsmRegisterSegment, selector: u16) -> Asm {
    code!(t; mov(eax, u32::from(selector)); at(); mov(register, ax))
}

fn null_and_limit(r: &mut Builder) -> Asm {
    r.cite("[SDM 2B, \"MOV\"; SDM 3A, \"Null Segment Selector\"]");
    for (name, register, offset) in
        [("ds", ds, last::DS), ("es", es, last::ES), ("fs", fs, last::FS), ("gs", gs, last::GS)]
    {
        for rpl in [0, 3] {
            let expected = format!("ok sel=000{rpl}");
            r.case(&format!("mov_{name}_null_{rpl}"), &expected, &[reg16("sel", offset)], |t| {
                mov(t, register, rpl)
            })?;
        }
        r.case(&format!("mov_{name}_beyond_gdt"), "#GP(0200) ip+00", &[], |t| mov(t, register, BEYOND + 3))?;
    }
    r.case("mov_cs_is_invalid", "#UD ip+00", &[], |t| code!(t; at(); db(&[0x8E, 0xC8])))?;
    r.case("mov_sreg_6_is_invalid", "#UD ip+00", &[], |t| code!(t; at(); db(&[0x8E, 0xF0])))?;
    r.case(
        "use_null_ds_read",
        "#GP(0000) ip+00",
        &[],
        |t| code!(t; xor(eax, eax); mov(ds, ax); at(); mov(al, byte_ptr(DATA))),
    )?;
    r.case(
        "use_null_es_write",
        "#GP(0000) ip+00",
        &[],
        |t| code!(t; xor(eax, eax); mov(es, ax); mov(edi, DATA); at(); stosb()),
    )?;
    r.case("mov_ds_last_in_gdt", "ok a=93", &[access("a", 0x1F8)], |t| {
        code!(t; desc(0x1F8, flat(kind::RW)))?;
        mov(t, ds, 0x1F8)
    })?;
    r.case("mov_ds_cut_by_limit", "#GP(0100) ip+00", &[], |t| {
        code!(t; mov(word_ptr(DATA), 0x106); mov(dword_ptr(DATA + 2), GDT); lgdt(ptr(DATA)))?;
        mov(t, ds, A)
    })?;
    r.case("mov_ds_ldt_without_ldt", "#GP(0004) ip+00", &[], |t| mov(t, ds, L + 3))?;
    r.case("mov_ds_in_ldt", "ok ds=0004 a=93", &[reg16("ds", last::DS), access("a", L)], |t| {
        code!(t; desc(L, flat(kind::RW)); use_ldt())?;
        mov(t, ds, L)
    })?;
    r.case("mov_ds_beyond_ldt", "#GP(0084) ip+00", &[], |t| {
        t.use_ldt()?;
        mov(t, ds, 0x84)
    })
}

/// Access byte, name, and what loading it into DS and SS gives at level 0.
const TYPES: [(u8, &str, &str, &str); 17] = {
    use kind::*;
    const BAD: &str = "#GP(0100) ip+00";
    [
        (RO, "ro", "ok a=91", BAD),
        (RW, "rw", "ok a=93", "ok a=93"),
        (RO_DOWN, "ro_down", "ok a=95", BAD),
        (RW_DOWN, "rw_down", "ok a=97", "ok a=97"),
        (XO, "xo", BAD, BAD),
        (XR, "xr", "ok a=9b", BAD),
        (XO_CONFORMING, "xo_conforming", BAD, BAD),
        (XR_CONFORMING, "xr_conforming", "ok a=9f", BAD),
        (TSS16, "tss16", BAD, BAD),
        (kind::LDT, "ldt", BAD, BAD),
        (CALL16, "call16", BAD, BAD),
        (TASK, "task", BAD, BAD),
        (INT16, "int16", BAD, BAD),
        (TSS32, "tss32", BAD, BAD),
        (CALL32, "call32", BAD, BAD),
        (INT32, "int32", BAD, BAD),
        (P, "reserved", BAD, BAD),
    ]
};

fn types(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Type Checking\"]");
    for (byte, name, data, stack) in TYPES {
        for (register, prefix, expected) in [(ds, "ds", data), (ss, "ss", stack)] {
            let shows = [access("a", A)];
            let expected = if expected.starts_with('#') {
                format!("{expected} a={byte:02x}")
            } else {
                expected.to_owned()
            };
            // An expand-down stack needs a limit below ESP.
            let limit = if byte & 0x1C == 0x14 { 0 } else { 0xF_FFFF };
            r.case(&format!("mov_{prefix}_type_{name}"), &expected, &shows, |t| {
                t.desc(A, segment(0, limit, byte, size::S32_PAGES))?;
                mov(t, register, A)
            })?;
        }
    }
    for (register, name, expected) in [(ds, "ds", "#NP(0100) ip+00"), (ss, "ss", "#SS(0100) ip+00")] {
        r.case(&format!("mov_{name}_not_present"), &format!("{expected} a=12"), &[access("a", A)], |t| {
            t.desc(A, flat(kind::RW & !kind::P))?;
            mov(t, register, A)
        })?;
    }
    r.case("mov_ds_type_before_present", "#GP(0100) ip+00", &[], |t| {
        t.desc(A, flat(kind::XO & !kind::P))?;
        mov(t, ds, A)
    })
}

fn privilege(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Privilege Level Checking When Accessing Data Segments\"]");
    // Level, RPL, access byte, expected.
    let tries: [(u8, u16, u8, &str); 10] = [
        (0, 0, kind::RW, "ok"),
        (0, 3, kind::RW, "#GP(0100) ip+00"),
        (0, 1, kind::RW | kind::DPL1, "ok"),
        (0, 2, kind::RW | kind::DPL1, "#GP(0100) ip+00"),
        (3, 3, kind::RW | kind::DPL3, "ok cs=001b"),
        (3, 0, kind::RW | kind::DPL3, "ok cs=001b"),
        (3, 0, kind::RW | kind::DPL2, "#GP(0100) ip+00 cs=001b"),
        (3, 3, kind::XR, "#GP(0100) ip+00 cs=001b"),
        (3, 3, kind::XR_CONFORMING, "ok cs=001b"),
        (0, 3, kind::XR_CONFORMING, "ok"),
    ];
    for (level, rpl, byte, expected) in tries {
        r.case(&format!("mov_ds_cpl{level}_rpl{rpl}_{byte:02x}"), expected, &[], |t| {
            t.desc(A, flat(byte))?;
            if level != 0 {
                t.to_level(level)?;
            }
            mov(t, ds, A | rpl)
        })?;
    }
    r.case("mov_ds_cpl3_not_present_after_privilege", "#GP(0100) ip+00 cs=001b", &[], |t| {
        code!(t; desc(A, flat(kind::RW & !kind::P)); to_level(3))?;
        mov(t, ds, A)
    })
}

fn stack_segment(r: &mut Builder) -> Asm {
    r.cite("[SDM 2B, \"MOV\": IF SS is loaded]");
    r.case("mov_ss_null", "#GP(0000) ip+00", &[], |t| mov(t, ss, 0))?;
    r.case("mov_ss_null_rpl3_at_cpl3", "#GP(0000) ip+00 cs=001b", &[], |t| {
        t.to_level(3)?;
        mov(t, ss, 3)
    })?;
    r.case("mov_ss_beyond_gdt", "#GP(0200) ip+00", &[], |t| mov(t, ss, BEYOND))?;
    r.case("mov_ss_rpl_not_cpl", "#GP(0100) ip+00", &[], |t| {
        t.desc(A, flat(kind::RW))?;
        mov(t, ss, A + 3)
    })?;
    r.case("mov_ss_dpl_not_cpl", "#GP(0100) ip+00", &[], |t| {
        t.desc(A, flat(kind::RW | kind::DPL3))?;
        mov(t, ss, A)
    })?;
    r.case("mov_ss_at_cpl3", "ok cs=001b ss=0103", &[reg16("ss", last::SS)], |t| {
        code!(t; desc(A, flat(kind::RW | kind::DPL3)); to_level(3))?;
        mov(t, ss, A + 3)
    })?;
    r.case("mov_ss_in_ldt", "ok ss=0004", &[reg16("ss", last::SS)], |t| {
        code!(t; desc(L, flat(kind::RW)); use_ldt())?;
        mov(t, ss, L)
    })?;
    r.case("mov_ss_keeps_old_when_refused", "#GP(0000) ip+00 ss=0010", &[reg16("ss", last::SS)], |t| {
        mov(t, ss, 0)
    })
}

fn other_ways(r: &mut Builder) -> Asm {
    r.cite("[SDM 2B, \"POP\"]");
    r.case(
        "pop_ds_bad_keeps_esp",
        "#GP(0200) ip+00 esp=00008ffc",
        &[crate::rom::builder::reg("esp", last::ESP)],
        |t| code!(t; push(u32::from(BEYOND)); at(); pop(ds)),
    )?;
    r.case("pop_ss_null", "#GP(0000) ip+00", &[], |t| code!(t; push(0); at(); pop(ss)))?;
    r.case(
        "pop_ss_not_present",
        "#SS(0100) ip+00",
        &[],
        |t| code!(t; desc(A, flat(kind::RW & !kind::P)); push(u32::from(A)); at(); pop(ss)),
    )?;
    r.case(
        "pop_gs_is_two_bytes_of_four",
        "ok gs=0010",
        &[reg16("gs", last::GS)],
        |t| code!(t; push(0x1234_0010); pop(gs)),
    )?;
    r.cite("[SDM 2A, \"LDS/LES/LFS/LGS/LSS\"]");
    let pointer =
        |t: &mut Code, selector: u16| code!(t; poke(DATA, 0x1234_5678); poke(DATA + 4, u32::from(selector)));
    let loaded = crate::rom::builder::reg("ebx", last::EBX);
    r.case("lds_null_cs_rpl", "ok ds=0003 ebx=12345678", &[reg16("ds", last::DS), loaded], |t| {
        pointer(t, 3)?;
        code!(t; at(); db(&[0xC5, 0x1D]); dd(&[DATA]))
    })?;
    r.case("les_bad_keeps_register", "#GP(0200) ip+00 ebx=00000077", &[loaded], |t| {
        pointer(t, BEYOND)?;
        code!(t; mov(ebx, 0x77); at(); db(&[0xC4, 0x1D]); dd(&[DATA]))
    })?;
    r.case("lss_null", "#GP(0000) ip+00", &[], |t| {
        pointer(t, 0)?;
        code!(t; at(); db(&[0x0F, 0xB2, 0x1D]); dd(&[DATA]))
    })?;
    r.case("lfs_not_present", "#NP(0100) ip+00", &[], |t| {
        pointer(t, A)?;
        code!(t; desc(A, flat(kind::RO & !kind::P)); at(); db(&[0x0F, 0xB4, 0x1D]); dd(&[DATA]))
    })?;
    r.case("lgs_data", "ok gs=0010 ebx=12345678", &[reg16("gs", last::GS), loaded], |t| {
        pointer(t, KDATA)?;
        code!(t; at(); db(&[0x0F, 0xB5, 0x1D]); dd(&[DATA]))
    })?;
    r.case("lds_of_a_register_is_invalid", "#UD ip+00", &[], |t| code!(t; at(); db(&[0xC5, 0xC0])))
}
