//! Call gates.

use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, reg, reg16, see};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    gate_checks(r)?;
    target_checks(r)?;
    frames(r)?;
    stack_checks(r)
}

/// From `level`, a call through a gate in slot A to code behind it.
fn through(t: &mut Code, level: u8, selector: u16, target: u16, byte: u8, call: bool) -> Asm {
    let there = t.spot();
    let offset = t.addr(there);
    t.desc(A, gate(target, offset, byte, 0))?;
    if level != 0 {
        t.to_level(level)?;
    }
    t.at()?;
    if call {
        t.call_far(selector, 0xDEAD_BEEF)?
    } else {
        t.jmp_far(selector, 0xDEAD_BEEF)?
    }
    t.place(there)
}

fn gate_checks(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 3A, \"Accessing a Code Segment Through a Call Gate\"]");
    let tries: [(&str, u8, u16, u8, &str, &str); 8] = [
        ("same_level", 0, A, CALL32, "ok", "ok"),
        ("from_3_dpl_0", 3, A, CALL32, "#GP(0100) ip+00 cs=001b", "#GP(0100) ip+00 cs=001b"),
        ("from_3_dpl_2", 3, A, CALL32 | DPL2, "#GP(0100) ip+00 cs=001b", "#GP(0100) ip+00 cs=001b"),
        ("rpl_greater", 0, A | 3, CALL32 | DPL2, "#GP(0100) ip+00", "#GP(0100) ip+00"),
        ("inner", 3, A, CALL32 | DPL3, "ok", "#GP(0008) ip+00 cs=001b"),
        ("inner_rpl", 3, A | 3, CALL32 | DPL3, "ok", "#GP(0008) ip+00 cs=001b"),
        ("not_present", 0, A, CALL32 & !P, "#NP(0100) ip+00", "#NP(0100) ip+00"),
        ("not_present_after_dpl", 3, A, CALL32 & !P, "#GP(0100) ip+00 cs=001b", "#GP(0100) ip+00 cs=001b"),
    ];
    for (name, level, selector, byte, called, jumped) in tries {
        r.case(&format!("call_gate_{name}"), called, &[], |t| {
            through(t, level, selector, KCODE, byte, true)
        })?;
        r.case(&format!("jmp_gate_{name}"), jumped, &[], |t| {
            through(t, level, selector, KCODE, byte, false)
        })?;
    }
    Ok(())
}

fn target_checks(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 2A, \"CALL\": CALL-GATE]");
    let tries: [(&str, u8, u16, u8, &str); 11] = [
        ("null", 0, 0, XR, "#GP(0000) ip+00"),
        ("null_rpl", 0, 3, XR, "#GP(0000) ip+00"),
        ("beyond", 0, BEYOND, XR, "#GP(0200) ip+00"),
        ("data", 0, B, RW, "#GP(0108) ip+00"),
        ("system", 0, B, TSS32, "#GP(0108) ip+00"),
        ("outer", 0, B, XR | DPL3, "#GP(0108) ip+00"),
        ("not_present", 0, B, XR & !P, "#NP(0108) ip+00"),
        ("rpl_ignored", 0, B | 3, XR, "ok cs=0108"),
        ("conforming_from_3", 3, B, XR_CONFORMING, "ok cs=010b"),
        ("to_1_from_3", 3, B, XR | DPL1, "ok cs=0109"),
        ("to_2_from_3_not_present", 3, B, (XR | DPL2) & !P, "#NP(0108) ip+00 cs=001b"),
    ];
    for (name, level, target, byte, expected) in tries {
        r.case(&format!("call_gate_target_{name}"), expected, &[], |t| {
            t.desc(B, flat(byte))?;
            through(t, level, A | u16::from(level), target, CALL32 | DPL3, true)
        })?;
    }
    r.case("call_gate_beyond_limit", "#GP(0000) ip+00 cs=001b", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(B, segment(0, 0xFFF, XR, size::S32)); desc(A, gate(B, offset, CALL32 | DPL3, 0)); to_level(3);
            at(); call_far(A, 0); place(there))
    })?;
    r.case("jmp_gate_conforming_from_3", "ok cs=010b", &[], |t| {
        t.desc(B, flat(XR_CONFORMING))?;
        through(t, 3, A, B, CALL32 | DPL3, false)
    })
}

fn frames(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 3A, \"Stack Switching\"]");
    let words: [_; 7] =
        std::array::from_fn(|n| see(["ip", "cs", "1", "2", "3", "esp", "ss"][n], 0x9FE4 + n as u32 * 4, 4));
    let shows = [
        reg("esp", last::ESP),
        reg16("ss", last::SS),
        words[1],
        words[2],
        words[3],
        words[4],
        words[5],
        words[6],
    ];
    r.case(
        "call_gate_32_copies_parameters",
        "ok esp=00009fe4 ss=0010 cs=0000001b 1=00000033 2=00000022 3=00000011 esp=0000cff4 ss=00000023",
        &shows,
        |t| {
            let there = t.spot();
            let offset = t.addr(there);
            code!(t; desc(A, gate(KCODE, offset, CALL32 | DPL3, 3)); to_level(3); push(0x11); push(0x22); push(0x33);
                at(); call_far(A, 0); place(there))
        },
    )?;
    let words: [_; 6] =
        std::array::from_fn(|n| see(["cs", "1", "2", "3", "sp", "ss"][n], 0x9FF4 + n as u32 * 2, 2));
    r.case(
        "call_gate_16_copies_words",
        "ok cs=0028 esp=00009ff2 cs=001b 1=0000 2=0033 3=0022 sp=cff4 ss=0023",
        &[reg("esp", last::ESP), words[0], words[1], words[2], words[3], words[4], words[5]],
        |t| {
            let there = t.code16(|_| Ok(()))?;
            code!(t; desc(A, gate(KCODE16, there, CALL16 | DPL3, 3)); to_level(3); push(0x11); push(0x22);
                push(0x33_0000); at(); call_far(A, 0))
        },
    )?;
    r.case("call_gate_31_parameters", "ok esp=00009f74", &[reg("esp", last::ESP)], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(A, gate(KCODE, offset, CALL32 | DPL3, 31)); to_level(3); sub(esp, 0x80);
            at(); call_far(A, 0); place(there))
    })?;
    r.case("call_gate_same_level_copies_nothing", "ok esp=00008ff8", &[reg("esp", last::ESP)], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(A, gate(KCODE, offset, CALL32, 3)); at(); call_far(A, 0); place(there))
    })?;
    r.case(
        "call_gate_there_and_back",
        "ok cs=001b esp=0000d000 ds=0023",
        &[reg("esp", last::ESP), reg16("ds", last::DS)],
        |t| {
            let there = t.spot();
            let (offset, back) = (t.addr(there), t.spot());
            let to_back = t.label(back);
            code!(t; desc(A, gate(KCODE, offset, CALL32 | DPL3, 2)); to_level(3); push(1); push(2);
            at(); call_far(A, 0); jmp(to_back); place(there); retf_1(8); place(back))
        },
    )?;
    r.case("call_gate_from_16_bit_stack", "ok esp=00009ff0 old=0000cffc", &[reg("esp", last::ESP), see("old", 0x9FF8, 4)], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(A, gate(KCODE, offset, CALL32 | DPL3, 0)); to_level(3); mov(eax, u32::from(UDATA16)); mov(ss, ax);
            push(1); at(); call_far(A, 0); place(there))
    })
}

fn stack_checks(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 2A, \"CALL\": MORE-PRIVILEGE]");
    // The gate leads to level 1, so that the handler at level 0 has its stack.
    let tries: [(&str, u16, u8, &str); 9] = [
        ("good", B | 1, RW | DPL1, "ok cs=0049"),
        ("null", 0, RW | DPL1, "#TS(0000) ip+00 cs=001b"),
        ("beyond", BEYOND | 1, RW | DPL1, "#TS(0200) ip+00 cs=001b"),
        ("rpl", B, RW | DPL1, "#TS(0108) ip+00 cs=001b"),
        ("dpl", B | 1, RW, "#TS(0108) ip+00 cs=001b"),
        ("read_only", B | 1, RO | DPL1, "#TS(0108) ip+00 cs=001b"),
        ("code", B | 1, XR | DPL1, "#TS(0108) ip+00 cs=001b"),
        ("system", B | 1, TSS32 | DPL1, "#TS(0108) ip+00 cs=001b"),
        ("not_present", B | 1, (RW | DPL1) & !P, "#SS(0108) ip+00 cs=001b"),
    ];
    for (name, selector, byte, expected) in tries {
        r.case(&format!("call_gate_ss_{name}"), expected, &[], |t| {
            code!(t; desc(B, flat(byte)); poke(TSS + 0x10, u32::from(selector)))?;
            through(t, 3, A, CODE1, CALL32 | DPL3, true)
        })?;
    }
    r.case("call_gate_no_room_on_new_stack", "#SS(0108) ip+00 cs=001b", &[], |t| {
        code!(t; desc(B, segment(0, 0xAFF7, RW | DPL1, size::S32)); poke(TSS + 0x10, u32::from(B) + 1))?;
        through(t, 3, A, CODE1, CALL32 | DPL3, true)
    })?;
    r.case("call_gate_tss_too_short", "#TS(0068) ip+00 cs=001b", &[], |t| {
        // ESP1 and SS1 end at 13h; ESP0 and SS0, which the handler needs, at 0Bh.
        code!(t; desc(KTSS, segment(TSS, 0x10, TSS32, size::S16)); mov(eax, u32::from(KTSS)); ltr(ax))?;
        through(t, 3, A, CODE1, CALL32 | DPL3, true)
    })?;
    r.case("call_gate_no_room_for_old_stack_reads", "#SS(0000) ip+00 cs=001b", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(A, gate(CODE1, offset, CALL32 | DPL3, 8)); desc(B, segment(0, 0xFFFF, RW | DPL3, size::S32));
            to_level(3); mov(eax, u32::from(B) + 3); mov(ss, ax); mov(esp, 0xFFF0); at(); call_far(A, 0); place(there))
    })
}
