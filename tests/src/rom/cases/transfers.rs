//! Far jumps, calls and returns without gates.

use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, access, reg, reg16, see};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    direct(r)?;
    calls(r)?;
    returns(r)?;
    outer_returns(r)
}

/// A far jump from `level` to the next instruction through a code segment in slot A.
fn jump(t: &mut Code, level: u8, selector: u16, descriptor: u64) -> Asm {
    t.desc(A, descriptor)?;
    if level != 0 {
        t.to_level(level)?;
    }
    let there = t.spot();
    let offset = t.addr(there);
    code!(t; at(); jmp_far(selector, offset); place(there))
}

fn direct(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 3A, \"Direct Calls or Jumps to Code Segments\"]");
    // Level, RPL, access byte, expected.
    let tries: [(&str, u8, u16, u8, &str); 18] = [
        ("same", 0, 0, XR, "ok cs=0100 a=9b"),
        ("execute_only", 0, 0, XO, "ok cs=0100 a=99"),
        ("rpl_greater", 0, 3, XR, "#GP(0100) ip+00 a=9a"),
        ("dpl_greater", 0, 0, XR | DPL3, "#GP(0100) ip+00 a=fa"),
        ("dpl_less", 3, 3, XR, "#GP(0100) ip+00 cs=001b a=9a"),
        ("rpl_less", 3, 0, XR | DPL3, "ok cs=0103 a=fb"),
        ("conforming_inner", 3, 3, XR_CONFORMING, "ok cs=0103 a=9f"),
        ("conforming_rpl_ignored", 0, 3, XR_CONFORMING, "ok cs=0100 a=9f"),
        ("conforming_outer", 0, 0, XR_CONFORMING | DPL3, "#GP(0100) ip+00 a=fe"),
        ("not_present", 0, 0, XR & !P, "#NP(0100) ip+00 a=1a"),
        ("not_present_after_privilege", 3, 3, XR & !P, "#GP(0100) ip+00 cs=001b a=1a"),
        ("conforming_not_present", 3, 3, XR_CONFORMING & !P, "#NP(0100) ip+00 cs=001b a=1e"),
        ("data", 0, 0, RW, "#GP(0100) ip+00 a=92"),
        ("ldt_descriptor", 0, 0, LDT, "#GP(0100) ip+00 a=82"),
        ("interrupt_gate", 0, 0, INT32, "#GP(0100) ip+00 a=8e"),
        ("busy_tss", 0, 0, TSS32_BUSY, "#GP(0100) ip+00 a=8b"),
        ("reserved_type", 0, 0, P, "#GP(0100) ip+00 a=80"),
        ("cpl1", 1, 1, XR | DPL1, "ok cs=0101 a=bb"),
    ];
    for (name, level, rpl, byte, expected) in tries {
        r.case(&format!("jmp_far_{name}"), expected, &[access("a", A)], |t| {
            jump(t, level, A | rpl, flat(byte))
        })?;
    }
    r.case("jmp_far_null", "#GP(0000) ip+00", &[], |t| code!(t; at(); jmp_far(0, 0)))?;
    r.case("jmp_far_null_rpl", "#GP(0000) ip+00", &[], |t| code!(t; at(); jmp_far(3, 0)))?;
    r.case("jmp_far_beyond_gdt", "#GP(0200) ip+00", &[], |t| code!(t; at(); jmp_far(BEYOND, 0)))?;
    r.case("jmp_far_beyond_limit", "#GP(0000) ip+00", &[], |t| {
        jump(t, 0, A, segment(0, 0xFFF, XR, size::S32))
    })?;
    r.case("jmp_far_ldt", "ok cs=0004", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(L, flat(XR)); use_ldt(); at(); jmp_far(L, offset); place(there))
    })?;
    r.case("jmp_far_indirect", "ok cs=0100", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(A, flat(XR)); poke(DATA, offset); poke(DATA + 4, u32::from(A)); at(); db(&[0xFF, 0x2D]);
            dd(&[DATA]); place(there))
    })?;
    r.case("jmp_far_to_16_bit_code", "ok cs=0028", &[], |t| {
        let there = t.code16(|_| Ok(()))?;
        code!(t; at(); jmp_far(KCODE16, there))
    })?;
    r.case("jmp_far_of_a_register_is_invalid", "#UD ip+00", &[], |t| code!(t; at(); db(&[0xFF, 0xE8])))
}

fn calls(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 2A, \"CALL\"]");
    let esp_now = reg("esp", last::ESP);
    r.case("call_far_pushes_cs_and_eip", "ok cs=0100 esp=00008ff8 cs=00000008 ip=00000007", &[esp_now, see("cs", 0x8FFC, 4), reg("ip", last::EAX)], |t| {
        let there = t.spot();
        let (offset, before) = (t.addr(there), t.spot());
        let from = t.addr(before);
        code!(t; desc(A, flat(XR)); place(before); at(); call_far(A, offset); place(there); mov(eax, dword_ptr(esp));
            sub(eax, from))
    })?;
    r.case(
        "call_far_not_present_pushes_nothing",
        "#NP(0100) ip+00 esp=00009000",
        &[esp_now],
        |t| code!(t; desc(A, flat(XR & !P)); at(); call_far(A, 0)),
    )?;
    r.case("call_far_beyond_limit_pushes_nothing", "#GP(0000) ip+00 esp=00009000", &[esp_now], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(A, segment(0, 0xFFF, XR, size::S32)); at(); call_far(A, offset); place(there))
    })?;
    r.case(
        "call_far_16_bit_pushes_words",
        "ok cs=0028 esp=00008ffc cs=0028 ip=0000",
        &[esp_now, see("cs", 0x8FFE, 2), bits_ip()],
        |t| {
            let there = t.code16(|_| Ok(()))?;
            let from = t.code16(|t| code!(t; at(); call_far(KCODE16, there)))?;
            code!(t; at(); jmp_far(KCODE16, from))
        },
    )?;
    r.case("call_far_without_room", "#SS(0000) ip+00 cs=001b esp=00000004", &[esp_now], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(B, segment(0, 0xFFFF, RW | DPL3, size::S32)); to_level(3); mov(eax, u32::from(B) + 3); mov(ss, ax);
            mov(esp, 4); at(); call_far(UCODE, offset); place(there))
    })?;
    r.case("call_far_conforming_from_3", "ok cs=0103 esp=0000cff8", &[esp_now], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(A, flat(XR_CONFORMING)); to_level(3); at(); call_far(A, offset); place(there))
    })
}

/// The return offset is not told: it moves with the code.
fn bits_ip() -> crate::rom::builder::See {
    crate::rom::builder::bits("ip", 0x8FFC, 2, 0)
}

fn returns(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 2B, \"RET\"]");
    // Return selector's descriptor, RPL, level, expected.
    let tries: [(&str, u8, u16, u8, &str); 11] = [
        ("same", XR, 0, 0, "ok cs=0100"),
        ("conforming", XR_CONFORMING, 0, 0, "ok cs=0100"),
        ("conforming_dpl_greater", XR_CONFORMING | DPL3, 0, 0, "#GP(0100) ip+00"),
        ("dpl_not_rpl", XR | DPL3, 0, 0, "#GP(0100) ip+00"),
        ("data", RW, 0, 0, "#GP(0100) ip+00"),
        ("system", CALL32, 0, 0, "#GP(0100) ip+00"),
        ("not_present", XR & !P, 0, 0, "#NP(0100) ip+00"),
        ("inner", XR, 0, 3, "#GP(0100) ip+00 cs=001b"),
        ("inner_conforming", XR_CONFORMING, 0, 3, "#GP(0100) ip+00 cs=001b"),
        ("conforming_at_3", XR_CONFORMING, 3, 3, "ok cs=0103"),
        ("outer_dpl_not_rpl", XR | DPL3, 2, 0, "#GP(0100) ip+00"),
    ];
    for (name, byte, rpl, level, expected) in tries {
        r.case(&format!("retf_{name}"), expected, &[], |t| {
            t.desc(A, flat(byte))?;
            if level != 0 {
                t.to_level(level)?;
            }
            let there = t.spot();
            let offset = t.addr(there);
            code!(t; push(u32::from(A | rpl)); push(offset); at(); retf(); place(there))
        })?;
    }
    r.case("retf_null", "#GP(0000) ip+00", &[], |t| code!(t; push(0); push(0); at(); retf()))?;
    r.case("retf_null_rpl3", "#GP(0000) ip+00", &[], |t| code!(t; push(3); push(0); at(); retf()))?;
    r.case(
        "retf_beyond_gdt",
        "#GP(0200) ip+00 esp=00008ff8",
        &[reg("esp", last::ESP)],
        |t| code!(t; push(u32::from(BEYOND)); push(0); at(); retf()),
    )?;
    r.case("retf_beyond_limit", "#GP(0000) ip+00", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(A, segment(0, 0xFFF, XR, size::S32)); push(u32::from(A)); push(offset); at(); retf(); place(there))
    })?;
    r.case("retf_releases_parameters", "ok esp=00009010", &[reg("esp", last::ESP)], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; push(u32::from(KCODE)); push(offset); at(); retf_1(0x10); place(there))
    })?;
    r.case("retf_beyond_stack", "#SS(0000) ip+00 cs=001b", &[], |t| {
        code!(t; desc(A, segment(0, 0xCFFB, RW | DPL3, size::S32)); to_level(3); mov(eax, u32::from(A) + 3);
            push(0); push(0); mov(ss, ax); at(); retf())
    })
}

/// A return to level 3 with SS from slot A.
fn outer(t: &mut Code, stack: u16, descriptor: u64) -> Asm {
    let there = t.spot();
    let offset = t.addr(there);
    code!(t; desc(A, descriptor); push(u32::from(stack)); push(STACK3); push(u32::from(UCODE)); push(offset);
        at(); retf(); place(there))
}

fn outer_returns(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 2B, \"RET\": RETURN-OUTER-PRIVILEGE-LEVEL]");
    let tries: [(&str, u16, u8, &str); 9] = [
        ("good", A | 3, RW | DPL3, "ok cs=001b"),
        ("null", 0, RW | DPL3, "#GP(0000) ip+00"),
        ("beyond", BEYOND | 3, RW | DPL3, "#GP(0200) ip+00"),
        ("rpl", A, RW | DPL3, "#GP(0100) ip+00"),
        ("dpl", A | 3, RW, "#GP(0100) ip+00"),
        ("read_only", A | 3, RO | DPL3, "#GP(0100) ip+00"),
        ("code", A | 3, XR | DPL3, "#GP(0100) ip+00"),
        ("not_present", A | 3, (RW | DPL3) & !P, "#SS(0100) ip+00"),
        ("system", A | 3, TSS32 | DPL3, "#GP(0100) ip+00"),
    ];
    for (name, selector, byte, expected) in tries {
        r.case(&format!("retf_outer_ss_{name}"), expected, &[], |t| outer(t, selector, flat(byte)))?;
    }
    let all = [reg16("ds", last::DS), reg16("es", last::ES), reg16("fs", last::FS), reg16("gs", last::GS)];
    r.case("retf_outer_drops_inner_segments", "ok cs=001b ds=0000 es=0023 fs=0108 gs=0000", &all, |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(B, flat(XR_CONFORMING)); desc(C, flat(XR));
            mov(eax, u32::from(B)); mov(fs, ax); mov(eax, u32::from(C)); mov(gs, ax);
            mov(eax, u32::from(UDATA)); mov(es, ax);
            push(u32::from(UDATA)); push(STACK3); push(u32::from(UCODE)); push(offset); retf(); place(there))
    })?;
    r.case("retf_outer_dropped_segment_faults", "#GP(0000) ip+00 cs=001b", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; push(u32::from(UDATA)); push(STACK3); push(u32::from(UCODE)); push(offset); retf(); place(there);
            at(); mov(al, byte_ptr(DATA)))
    })?;
    r.case("retf_outer_to_1_keeps_dpl1", "ok cs=0049 ds=0051 es=0000", &all[..2], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; mov(eax, u32::from(DATA1)); mov(ds, ax);
            push(u32::from(DATA1)); push(STACKS[1]); push(u32::from(CODE1)); push(offset); retf(); place(there))
    })?;
    r.case("retf_outer_releases_on_both_stacks", "ok cs=001b esp=0000d008", &[reg("esp", last::ESP)], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; push(u32::from(UDATA)); push(STACK3); push(0); push(0); push(u32::from(UCODE)); push(offset);
            retf_1(8); place(there))
    })?;
    r.case("retf_outer_beyond_limit", "#GP(0000) ip+00", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(A, segment(0, 0xFFF, XR | DPL3, size::S32)); push(u32::from(UDATA)); push(STACK3);
            push(u32::from(A) + 3); push(offset); at(); retf(); place(there))
    })
}
