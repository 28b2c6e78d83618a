//! LAR, LSL, VERR, VERW and ARPL.

use crate::rom::asm::{Asm, code};
use crate::rom::builder::{Builder, See, bits, reg};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    types(r)?;
    privilege(r)?;
    arpl(r)
}

const ZF: See = bits("zf", vars::LAST + last::EFLAGS, 1, 0x40);
/// LAR's result: the bits of the limit are undefined.
const RIGHTS: See = bits("lar", vars::LAST + last::EAX, 4, 0xFFF0_FFFF);

/// Access byte, and whether LAR, LSL, VERR and VERW accept it.
const TYPES: [(u8, bool, bool, bool, bool); 24] = {
    use kind::*;
    [
        (RO, true, true, true, false),
        (RW, true, true, true, true),
        (RO_DOWN, true, true, true, false),
        (RW_DOWN, true, true, true, true),
        (XO, true, true, false, false),
        (XR, true, true, true, false),
        (XO_CONFORMING, true, true, false, false),
        (XR_CONFORMING, true, true, true, false),
        (P, false, false, false, false),
        (TSS16, true, true, false, false),
        (LDT, true, true, false, false),
        (TSS16_BUSY, true, true, false, false),
        (CALL16, true, false, false, false),
        (TASK, true, false, false, false),
        (INT16, false, false, false, false),
        (TRAP16, false, false, false, false),
        (0x88, false, false, false, false),
        (TSS32, true, true, false, false),
        (0x8A, false, false, false, false),
        (TSS32_BUSY, true, true, false, false),
        (CALL32, true, false, false, false),
        (0x8D, false, false, false, false),
        (INT32, false, false, false, false),
        (TRAP32, false, false, false, false),
    ]
};

fn types(r: &mut Builder) -> Asm {
    r.cite("[SDM 2A, \"LAR\", \"LSL\"; SDM 2B, \"VERR/VERW\"]");
    for (byte, lar_ok, lsl_ok, verr_ok, verw_ok) in TYPES {
        let zf = |good: bool| if good { "ok zf=40" } else { "ok zf=00" };
        let descriptor = segment(0, 0x1_2345, byte, size::S32);
        let rights = if lar_ok { format!("0040{byte:02x}00") } else { "77707777".to_owned() };
        r.case(
            &format!("lar_{byte:02x}"),
            &format!("{} lar={rights}", zf(lar_ok)),
            &[ZF, RIGHTS],
            |t| code!(t; desc(A, descriptor); mov(eax, 0x7777_7777); mov(ecx, u32::from(A)); lar(eax, ecx)),
        )?;
        let limit = if lsl_ok { "00012345" } else { "77777777" };
        r.case(
            &format!("lsl_{byte:02x}"),
            &format!("{} eax={limit}", zf(lsl_ok)),
            &[ZF, reg("eax", last::EAX)],
            |t| code!(t; desc(A, descriptor); mov(eax, 0x7777_7777); mov(ecx, u32::from(A)); lsl(eax, ecx)),
        )?;
        r.case(
            &format!("verr_{byte:02x}"),
            zf(verr_ok),
            &[ZF],
            |t| code!(t; desc(A, descriptor); mov(eax, u32::from(A)); verr(ax)),
        )?;
        r.case(
            &format!("verw_{byte:02x}"),
            zf(verw_ok),
            &[ZF],
            |t| code!(t; desc(A, descriptor); mov(eax, u32::from(A)); verw(ax)),
        )?;
    }
    Ok(())
}

fn privilege(r: &mut Builder) -> Asm {
    use kind::*;
    // Selector, access byte, level, expected ZF of LAR and VERR.
    let tries: [(&str, u16, u8, u8, bool); 9] = [
        ("null", 0, RW, 0, false),
        ("beyond", BEYOND, RW, 0, false),
        ("not_present", A, RW & !P, 0, true),
        ("dpl_0_from_3", A, RW, 3, false),
        ("dpl_3_from_3", A | 3, RW | DPL3, 3, true),
        ("rpl_3_at_0", A | 3, RW, 0, false),
        ("conforming_from_3", A | 3, XR_CONFORMING, 3, true),
        ("in_absent_ldt", L, RW, 0, false),
        ("code_dpl_0_from_3", A, XR, 3, false),
    ];
    for (name, selector, byte, level, good) in tries {
        for which in ["lar", "verr"] {
            let place = if level == 3 { " cs=001b" } else { "" };
            let expected = format!("ok{place} zf={}", if good { "40" } else { "00" });
            r.case(&format!("{which}_{name}"), &expected, &[ZF], |t| {
                t.desc(A, flat(byte))?;
                if level == 3 {
                    t.to_level(3)?;
                }
                t.mov(ecx, u32::from(selector))?;
                if which == "lar" { t.lar(eax, ecx) } else { t.verr(cx) }
            })?;
        }
    }
    r.case("lsl_pages", "ok zf=40 eax=12345fff", &[ZF, reg("eax", last::EAX)], |t| {
        code!(t; desc(A, segment(0, 0x1_2345, RW, size::S32_PAGES)); mov(ecx, u32::from(A)); lsl(eax, ecx))
    })?;
    r.case("lsl_16_cuts", "ok zf=40 eax=77772345", &[ZF, reg("eax", last::EAX)], |t| {
        code!(t; desc(A, segment(0, 0x1_2345, RW, size::S32)); mov(eax, 0x7777_7777); mov(ecx, u32::from(A)); lsl(ax, cx))
    })?;
    r.case("lar_sets_no_accessed_bit", "ok a=92", &[crate::rom::builder::access("a", A)], |t| {
        code!(t; desc(A, flat(RW)); mov(ecx, u32::from(A)); lar(eax, ecx); verr(cx); verw(cx); lsl(eax, ecx))
    })
}

fn arpl(r: &mut Builder) -> Asm {
    r.cite("[SDM 2A, \"ARPL\"]");
    for (name, dest, source, expected) in [
        ("raises", 0x100u32, 3u32, "ok zf=40 eax=00000103"),
        ("equal", 0x102, 2, "ok zf=00 eax=00000102"),
        ("keeps_greater", 0x103, 1, "ok zf=00 eax=00000103"),
    ] {
        r.case(
            &format!("arpl_{name}"),
            expected,
            &[ZF, reg("eax", last::EAX)],
            |t| code!(t; mov(eax, dest); mov(ecx, source); arpl(ax, cx)),
        )?;
    }
    r.case("arpl_of_read_only_memory", "#GP(0000) ip+00", &[], |t| {
        code!(t; desc(A, segment(DATA, 0xFFF, kind::RO, size::S32)); mov(eax, u32::from(A)); mov(ds, ax); mov(ecx, 3); at();
            arpl(word_ptr(0u32), cx))
    })
}
