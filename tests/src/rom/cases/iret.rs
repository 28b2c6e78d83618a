//! IRET and the flags that programs may change.

use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, See, bits, reg, reg16};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    same_level(r)?;
    outer_level(r)?;
    flags(r)?;
    popf(r)
}

/// IRETD to `selector`:here with `flags`, from `level`.
fn iret(t: &mut Code, level: u8, selector: u16, flags: u32) -> Asm {
    if level != 0 {
        t.to_level(level)?;
    }
    let there = t.spot();
    let offset = t.addr(there);
    code!(t; push(flags); push(u32::from(selector)); push(offset); at(); iretd(); place(there))
}

fn same_level(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 2A, \"IRET/IRETD\"]");
    let tries: [(&str, u8, u16, u8, &str); 10] = [
        ("same", XR, A, 0, "ok cs=0100"),
        ("conforming", XR_CONFORMING, A, 0, "ok cs=0100"),
        ("conforming_dpl_greater", XR_CONFORMING | DPL3, A, 0, "#GP(0100) ip+00"),
        ("dpl_not_rpl", XR | DPL3, A, 0, "#GP(0100) ip+00"),
        ("data", RW, A, 0, "#GP(0100) ip+00"),
        ("system", TSS32, A, 0, "#GP(0100) ip+00"),
        ("not_present", XR & !P, A, 0, "#NP(0100) ip+00"),
        ("null", XR, 0, 0, "#GP(0000) ip+00"),
        ("beyond", XR, BEYOND, 0, "#GP(0200) ip+00"),
        ("inner", XR, A, 3, "#GP(0100) ip+00 cs=001b"),
    ];
    for (name, byte, selector, level, expected) in tries {
        r.case(&format!("iret_{name}"), expected, &[], |t| {
            t.desc(A, flat(byte))?;
            iret(t, level, selector, 2)
        })?;
    }
    r.case("iret_beyond_limit", "#GP(0000) ip+00 esp=00008ff4", &[reg("esp", last::ESP)], |t| {
        t.desc(A, segment(0, 0xFFF, XR, size::S32))?;
        iret(t, 0, A, 2)
    })?;
    r.case("iret_pops_three", "ok esp=00009000", &[reg("esp", last::ESP)], |t| iret(t, 0, KCODE, 2))?;
    r.case("iret_16_pops_words", "ok cs=0028 esp=00009000", &[reg("esp", last::ESP)], |t| {
        let there = t.code16(|_| Ok(()))?;
        code!(t; mov(word_ptr(0x8FFAu32), there as i32); mov(word_ptr(0x8FFCu32), i32::from(KCODE16));
            mov(word_ptr(0x8FFEu32), 2); mov(esp, 0x8FFA); at(); db(&[0x66, 0xCF]))
    })?;
    r.case("iret_beyond_stack", "#SS(0000) ip+00 cs=001b", &[], |t| {
        code!(t; desc(A, segment(0, 0xCFFB, RW | DPL3, size::S32)); to_level(3); mov(eax, u32::from(A) + 3);
            push(2); push(u32::from(UCODE)); push(0); mov(ss, ax); at(); iretd())
    })
}

fn outer_level(r: &mut Builder) -> Asm {
    use kind::*;
    let tries: [(&str, u16, u8, &str); 8] = [
        ("good", A | 3, RW | DPL3, "ok cs=001b"),
        ("null", 0, RW | DPL3, "#GP(0000) ip+00"),
        ("beyond", BEYOND | 3, RW | DPL3, "#GP(0200) ip+00"),
        ("rpl", A, RW | DPL3, "#GP(0100) ip+00"),
        ("dpl", A | 3, RW, "#GP(0100) ip+00"),
        ("read_only", A | 3, RO | DPL3, "#GP(0100) ip+00"),
        ("code", A | 3, XR | DPL3, "#GP(0100) ip+00"),
        ("not_present", A | 3, (RW | DPL3) & !P, "#SS(0100) ip+00"),
    ];
    for (name, selector, byte, expected) in tries {
        r.case(&format!("iret_outer_ss_{name}"), expected, &[], |t| {
            let there = t.spot();
            let offset = t.addr(there);
            code!(t; desc(A, flat(byte)); push(u32::from(selector)); push(STACK3); push(2); push(u32::from(UCODE));
                push(offset); at(); iretd(); place(there))
        })?;
    }
    let all = [reg16("ds", last::DS), reg16("es", last::ES), reg16("fs", last::FS), reg16("gs", last::GS)];
    r.case("iret_outer_drops_inner_segments", "ok cs=001b ds=0000 es=0023 fs=0108 gs=0000", &all, |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(B, flat(XR_CONFORMING)); mov(eax, u32::from(B)); mov(fs, ax); mov(eax, u32::from(UDATA)); mov(es, ax);
            xor(eax, eax); mov(gs, ax); iret_to(UCODE, offset, 2, (UDATA, STACK3)); place(there))
    })?;
    r.case(
        "iret_outer_loads_esp",
        "ok cs=001b esp=0000d000 ss=0023",
        &[reg("esp", last::ESP), reg16("ss", last::SS)],
        |t| {
            let there = t.spot();
            let offset = t.addr(there);
            code!(t; iret_to(UCODE, offset, 2, (UDATA, STACK3)); place(there))
        },
    )?;
    r.case(
        "iret_to_16_bit_stack_keeps_upper_esp_image",
        "ok cs=001b ss=0043",
        &[reg16("ss", last::SS)],
        |t| {
            let there = t.spot();
            let offset = t.addr(there);
            code!(t; iret_to(UCODE, offset, 2, (UDATA16, STACK3)); place(there))
        },
    )
}

/// AC, VM, NT, IOPL, DF, IF.
const SHOWN: [See; 1] = [bits("flags", vars::LAST + last::EFLAGS, 4, 0x6_7600)];

fn flags(r: &mut Builder) -> Asm {
    r.cite("[SDM 2A, \"IRET/IRETD\"; SDM 1, \"EFLAGS Register\"]");
    r.case("iret_at_0_changes_if_and_iopl", "ok flags=00003600", &SHOWN, |t| iret(t, 0, KCODE, 0x3602))?;
    r.case("iret_from_3_keeps_if_and_iopl", "ok cs=001b flags=00000400", &SHOWN, |t| {
        iret(t, 3, UCODE, 0x3602)
    })?;
    r.case("iret_from_3_cannot_enter_v86", "ok cs=001b flags=00000000", &SHOWN, |t| {
        iret(t, 3, UCODE, 0x2_0002)
    })?;
    r.case("iret_from_3_sets_nt", "ok cs=001b flags=00004000", &SHOWN, |t| iret(t, 3, UCODE, 0x4002))?;
    r.case("iret_from_3_at_iopl_3_changes_if", "ok cs=001b flags=00003200", &SHOWN, |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; iret_to(UCODE, offset, 0x3002, (UDATA, STACK3)); place(there); push(0x0202); push(u32::from(UCODE)))?;
        let next = t.spot();
        let behind = t.addr(next);
        code!(t; push(behind); iretd(); place(next))
    })?;
    r.case("iret_to_3_changes_if_and_iopl", "ok cs=001b flags=00003200", &SHOWN, |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; iret_to(UCODE, offset, 0x3202, (UDATA, STACK3)); place(there))
    })?;
    r.case("iret_16_keeps_upper_flags", "ok cs=0028 flags=00040400", &SHOWN, |t| {
        let there = t.code16(|_| Ok(()))?;
        code!(t; push(0x4_0002); popfd();
            mov(word_ptr(0x8FFAu32), there as i32); mov(word_ptr(0x8FFCu32), i32::from(KCODE16));
            mov(word_ptr(0x8FFEu32), 0x402); mov(esp, 0x8FFA); at(); db(&[0x66, 0xCF]))
    })
}

/// Sets flags by POPFD at a level reached with `iopl`.
fn popfd_at(t: &mut Code, level: u8, iopl: u32, flags: u32) -> Asm {
    if level == 3 {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; iret_to(UCODE, offset, 2 | iopl << 12, (UDATA, STACK3)); place(there))?;
    }
    code!(t; push(flags); at(); popfd())
}

fn popf(r: &mut Builder) -> Asm {
    r.cite("[SDM 2B, \"POPF/POPFD\"]");
    r.case("popf_at_0_changes_all", "ok flags=00007600", &SHOWN, |t| popfd_at(t, 0, 0, 0x7602))?;
    r.case("popf_at_0_keeps_vm", "ok flags=00000000", &SHOWN, |t| popfd_at(t, 0, 0, 0x2_0002))?;
    r.case("popf_at_0_sets_ac", "ok flags=00040000", &SHOWN, |t| popfd_at(t, 0, 0, 0x4_0002))?;
    r.case("popf_at_3_iopl_0_keeps_if", "ok cs=001b flags=00000400", &SHOWN, |t| popfd_at(t, 3, 0, 0x3602))?;
    r.case("popf_at_3_iopl_3_changes_if", "ok cs=001b flags=00003200", &SHOWN, |t| {
        popfd_at(t, 3, 3, 0x0202)
    })?;
    r.case("popf_at_3_iopl_2_keeps_if", "ok cs=001b flags=00002000", &SHOWN, |t| popfd_at(t, 3, 2, 0x3202))?;
    r.case(
        "popf_16_keeps_upper",
        "ok flags=00040400",
        &SHOWN,
        |t| code!(t; push(0x4_0002); popfd(); push(0x402); db(&[0x66, 0x9D]); add(esp, 2)),
    )?;
    r.case(
        "pushf_never_shows_rf_or_vm",
        "ok eax=00000002",
        &[bits("eax", vars::LAST + last::EAX, 4, 0x3_0002)],
        |t| code!(t; push(0x3_0002); popfd(); pushfd(); pop(eax)),
    )?;
    r.case("cli_at_3_iopl_0", "#GP(0000) ip+00 cs=001b", &[], |t| code!(t; to_level(3); at(); cli()))?;
    r.case("sti_at_3_iopl_0", "#GP(0000) ip+00 cs=001b", &[], |t| code!(t; to_level(3); at(); sti()))?;
    r.case("sti_at_3_iopl_3", "ok cs=001b flags=00003200", &SHOWN, |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; iret_to(UCODE, offset, 0x3002, (UDATA, STACK3)); place(there); sti())
    })
}
