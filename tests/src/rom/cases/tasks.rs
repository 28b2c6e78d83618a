//! Task switches that succeed, and those refused before they begin.

use crate::rom::asm::{Asm, Code, Spot, code};
use crate::rom::builder::{Builder, See, access, bits, reg, reg16, see};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    switches(r)?;
    saved_state(r)?;
    loaded_state(r)?;
    nested_return(r)?;
    refused(r)?;
    task_gates(r)?;
    io_bitmap(r)
}

/// Offsets in a 32-bit TSS [SDM 3A, "Task-State Segment (TSS)"].
pub(crate) mod field {
    pub(crate) const CR3: u32 = 0x1C;
    pub(crate) const EIP: u32 = 0x20;
    pub(crate) const EFLAGS: u32 = 0x24;
    pub(crate) const EAX: u32 = 0x28;
    pub(crate) const ESP: u32 = 0x38;
    pub(crate) const ES: u32 = 0x48;
    pub(crate) const CS: u32 = 0x4C;
    pub(crate) const SS: u32 = 0x50;
    pub(crate) const DS: u32 = 0x54;
    pub(crate) const FS: u32 = 0x58;
    pub(crate) const GS: u32 = 0x5C;
    pub(crate) const LDT: u32 = 0x60;
    pub(crate) const T: u32 = 0x64;
}

/// A task in the TSS at `base`, which slot `selector` names, starting at `entry`.
pub(crate) fn task32(t: &mut Code, selector: u16, base: u32, entry: u32) -> Asm {
    code!(t; desc(selector, segment(base, 0x67, kind::TSS32, size::S16)); poke(base + field::EIP, entry))
}

/// The task in slot A begins at the returned place.
pub(crate) fn task_a(t: &mut Code) -> Result<Spot, iced_x86::IcedError> {
    let there = t.spot();
    let entry = t.addr(there);
    task32(t, A, TSS_A, entry)?;
    Ok(there)
}

/// The same in a 16-bit TSS, at [`TSS_B`] and in slot B.
fn task16(t: &mut Code, entry: u32) -> Asm {
    code!(t; desc(B, segment(TSS_B, 0x2B, kind::TSS16, size::S16)); mov(word_ptr(TSS_B + 0x0E), entry))
}

/// TR, the descriptors of both tasks, the back link, NT, TS.
const SWITCH: [See; 6] = [
    reg16("tr", last::TR),
    access("old", KTSS),
    access("new", A),
    see("link", TSS_A, 2),
    bits("nt", vars::LAST + last::EFLAGS, 2, 0x4000),
    bits("ts", vars::LAST + last::CR0, 1, 8),
];

fn switches(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Task Switching\", \"Task Linking\"]");
    r.case("task_jmp", "ok tr=0100 old=89 new=8b link=0000 nt=0000 ts=08", &SWITCH, |t| {
        let there = task_a(t)?;
        code!(t; at(); jmp_far(A, 0); place(there))
    })?;
    r.case("task_call", "ok tr=0100 old=8b new=8b link=0068 nt=4000 ts=08", &SWITCH, |t| {
        let there = task_a(t)?;
        code!(t; at(); call_far(A, 0); place(there))
    })?;
    r.case("task_jmp_gate", "ok tr=0100 old=89 new=8b link=0000 nt=0000 ts=08", &SWITCH, |t| {
        let there = task_a(t)?;
        code!(t; desc(C, gate(A, 0, kind::TASK, 0)); at(); jmp_far(C, 0); place(there))
    })?;
    r.case("task_call_gate", "ok tr=0100 old=8b new=8b link=0068 nt=4000 ts=08", &SWITCH, |t| {
        let there = task_a(t)?;
        code!(t; desc(C, gate(A, 0, kind::TASK, 0)); at(); call_far(C, 0); place(there))
    })?;
    r.case("task_int", "ok tr=0100 old=8b new=8b link=0068 nt=4000 ts=08", &SWITCH, |t| {
        let there = task_a(t)?;
        code!(t; idt(0x40, gate(A, 0, kind::TASK, 0)); at(); int(0x40); place(there))
    })?;
    r.case("task_int_from_3", "ok tr=0100 old=8b new=8b link=0068 nt=4000 ts=08", &SWITCH, |t| {
        let there = task_a(t)?;
        code!(t; idt(0x40, gate(A, 0, kind::TASK | kind::DPL3, 0)); to_level(3); at(); int(0x40); place(there))
    })?;
    r.case("task_exception_pushes_error_code", "ok esp=00007ffc error=00000200", &[reg("esp", last::ESP), see("error", 0x7FFC, 4)], |t| {
        let there = task_a(t)?;
        code!(t; idt(13, gate(A, 0, kind::TASK, 0)); mov(eax, u32::from(BEYOND)); at(); mov(ds, ax); place(there))
    })?;
    r.case("task_fault_saves_its_ip", "ok eax=00000000", &[reg("eax", last::EAX)], |t| {
        let there = task_a(t)?;
        let fault = t.spot();
        let address = t.addr(fault);
        code!(t; idt(6, gate(A, 0, kind::TASK, 0)); place(fault); db(&[0x0F, 0x0B]); place(there);
            mov(eax, dword_ptr(TSS + field::EIP)); sub(eax, address))
    })
}

fn saved_state(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Task Switching\": saves the state of the current task]");
    let at_tss = |name, offset| see(name, TSS + offset, 4);
    r.case(
        "task_saves_registers",
        "ok eax=11111111 esp=00009000 flags=00000402 es=0010 cs=0008 ss=0010 ds=0010 fs=0000 ip=00000007",
        &[
            at_tss("eax", field::EAX),
            at_tss("esp", field::ESP),
            bits("flags", TSS + field::EFLAGS, 4, 0x4_7702),
            see("es", TSS + field::ES, 2),
            see("cs", TSS + field::CS, 2),
            see("ss", TSS + field::SS, 2),
            see("ds", TSS + field::DS, 2),
            see("fs", TSS + field::FS, 2),
            reg("ip", last::EBX),
        ],
        |t| {
            let there = task_a(t)?;
            let from = t.spot();
            let address = t.addr(from);
            code!(t; xor(eax, eax); mov(fs, ax); push(0x402); popfd(); mov(eax, 0x1111_1111); place(from); jmp_far(A, 0);
                place(there); mov(ebx, dword_ptr(TSS + field::EIP)); sub(ebx, address))
        },
    )?;
    r.case(
        "task_saves_no_cr3_and_no_ldt",
        "ok cr3=00000077 ldt=00000066",
        &[at_tss("cr3", field::CR3), at_tss("ldt", field::LDT)],
        |t| {
            let there = task_a(t)?;
            code!(t; poke(TSS + field::CR3, 0x77); poke(TSS + field::LDT, 0x66); jmp_far(A, 0); place(there))
        },
    )?;
    r.case(
        "task_int_saves_rf_clear",
        "ok flags=00000002",
        &[bits("flags", TSS + field::EFLAGS, 4, 0x3_0002)],
        |t| {
            let there = task_a(t)?;
            code!(t; idt(0x40, gate(A, 0, kind::TASK, 0)); int(0x40); place(there))
        },
    )
}

fn loaded_state(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Task Switching\": loads the task's state]");
    r.case("task_loads_registers", "ok eax=12345678 esp=00008000 ds=0023 fs=0000", &[reg("eax", last::EAX), reg("esp", last::ESP), reg16("ds", last::DS), reg16("fs", last::FS)], |t| {
        let there = task_a(t)?;
        code!(t; poke(TSS_A + field::EAX, 0x1234_5678); poke(TSS_A + field::DS, u32::from(UDATA)); poke(TSS_A + field::FS, 0);
            jmp_far(A, 0); place(there))
    })?;
    r.case(
        "task_at_level_3",
        "ok cs=001b ss=0023 tr=0100",
        &[reg16("ss", last::SS), reg16("tr", last::TR)],
        |t| {
            let there = task_a(t)?;
            for (offset, value) in [
                (field::CS, UCODE),
                (field::SS, UDATA),
                (field::DS, UDATA),
                (field::ES, UDATA),
                (field::FS, 0),
                (field::GS, 0),
            ] {
                t.poke(TSS_A + offset, u32::from(value))?;
            }
            code!(t; jmp_far(A, 0); place(there))
        },
    )?;
    r.case("task_loads_ldt", "ok ldtr=0070 ds=0004", &[reg16("ldtr", last::LDTR), reg16("ds", last::DS)], |t| {
        let there = task_a(t)?;
        code!(t; desc(L, flat(kind::RW)); poke(TSS_A + field::LDT, u32::from(KLDT)); poke(TSS_A + field::DS, u32::from(L));
            jmp_far(A, 0); place(there))
    })?;
    r.case("task_sets_accessed", "ok a=93", &[access("a", C)], |t| {
        let there = task_a(t)?;
        code!(t; desc(C, flat(kind::RW)); poke(TSS_A + field::DS, u32::from(C)); jmp_far(A, 0); place(there))
    })?;
    r.case(
        "task_loads_cr3",
        "ok eax=00000022 cr3=00018000",
        &[reg("eax", last::EAX), reg("cr3", last::CR3)],
        |t| {
            use super::tables::{FRAME, LINEAR, PTE};
            let there = task_a(t)?;
            super::tables::build(t)?;
            code!(t; poke(FRAME, 0x11); poke(FRAME + 0x1000, 0x22); poke(PTE, FRAME | 7);
            poke(PAGES + 0x8000, (PAGES + 0x1000) | 7); poke(PAGES + 0x8004, (PAGES + 0x9000) | 7);
            poke(PAGES + 0x9000, (FRAME + 0x1000) | 7); poke(TSS_A + field::CR3, PAGES + 0x8000))?;
            super::tables::on(t, 0, false)?;
            code!(t; mov(ecx, dword_ptr(LINEAR)); jmp_far(A, 0); place(there); mov(eax, dword_ptr(LINEAR)))
        },
    )?;
    r.case("task_debug_trap", "#DB ip+00 dr6=8000 tr=0100", &[reg16("tr", last::TR)], |t| {
        let there = task_a(t)?;
        code!(t; poke(TSS_A + field::T, 0x68 << 16 | 1); jmp_far(A, 0); place(there); at(); nop())
    })?;
    r.case(
        "task16_jmp",
        "ok cs=0028 tr=0108 old=89 new=83 ax=1234 fs=0000",
        &[
            reg16("tr", last::TR),
            access("old", KTSS),
            access("new", B),
            reg16("ax", last::EAX),
            reg16("fs", last::FS),
        ],
        |t| {
            let there = t.code16(|t| code!(t; movzx(esp, sp)))?;
            task16(t, there)?;
            code!(t; jmp_far(B, 0))
        },
    )?;
    r.case("task16_call_and_back", "ok tr=0068 new=81", &[reg16("tr", last::TR), access("new", B)], |t| {
        let there = t.code16(|t| code!(t; movzx(esp, sp); iret()))?;
        task16(t, there)?;
        code!(t; call_far(B, 0))
    })?;
    r.case("task16_saves_words", "ok tr=0100 ax=4321 sp=7ffe ds=0023", &[reg16("tr", last::TR), see("ax", TSS_B + 0x12, 2), see("sp", TSS_B + 0x1A, 2), see("ds", TSS_B + 0x28, 2)], |t| {
        let there = task_a(t)?;
        let first = t.code16(|t| code!(t; mov(ax, u32::from(UDATA)); mov(ds, ax); mov(eax, 0x8765_4321u32); push(ax); jmp_far(A, 0)))?;
        task16(t, first)?;
        code!(t; jmp_far(B, 0); place(there))
    })
}

fn nested_return(r: &mut Builder) -> Asm {
    r.cite("[SDM 2A, \"IRET/IRETD\": TASK-RETURN]");
    let shows = [
        reg16("tr", last::TR),
        access("old", KTSS),
        access("new", A),
        bits("nt", vars::LAST + last::EFLAGS, 2, 0x4000),
        bits("saved_nt", TSS_A + field::EFLAGS, 2, 0x4000),
    ];
    r.case("task_iret_returns", "ok tr=0068 old=8b new=89 nt=0000 saved_nt=0000", &shows, |t| {
        let (there, back) = (task_a(t)?, t.spot());
        let to_back = t.label(back);
        code!(t; at(); call_far(A, 0); jmp(to_back); place(there); iretd(); place(back))
    })?;
    r.case("task_int_iret_returns", "ok tr=0068 old=8b new=89 nt=0000 saved_nt=0000", &shows, |t| {
        let (there, back) = (task_a(t)?, t.spot());
        let to_back = t.label(back);
        code!(t; idt(0x40, gate(A, 0, kind::TASK, 0)); int(0x40); jmp(to_back); place(there); iretd(); place(back))
    })?;
    r.case("task_iret_goes_on_behind_the_next_time", "ok eax=00000002", &[reg("eax", last::EAX)], |t| {
        let (there, over, again) = (task_a(t)?, t.spot(), t.spot());
        let (to_over, to_again) = (t.label(over), t.label(again));
        code!(t; call_far(A, 0); call_far(A, 0); mov(eax, dword_ptr(vars::NOTE)); jmp(to_over); place(there);
            mov(dword_ptr(vars::NOTE), 0); place(again); inc(dword_ptr(vars::NOTE)); iretd(); jmp(to_again); place(over))
    })?;
    // NT set in the first task, with a back link of our own.
    let tries: [(&str, u16, u8, &str); 6] = [
        ("good", A, kind::TSS32_BUSY, "ok tr=0100"),
        ("not_busy", A, kind::TSS32, "#TS(0100) ip+00 tr=0068"),
        ("null", 0, kind::TSS32_BUSY, "#TS(0000) ip+00 tr=0068"),
        ("in_ldt", L, kind::TSS32_BUSY, "#TS(0004) ip+00 tr=0068"),
        ("beyond", BEYOND, kind::TSS32_BUSY, "#TS(0200) ip+00 tr=0068"),
        ("not_present", A, kind::TSS32_BUSY & !kind::P, "#NP(0100) ip+00 tr=0068"),
    ];
    for (name, link, byte, expected) in tries {
        r.case(&format!("task_iret_link_{name}"), expected, &[reg16("tr", last::TR)], |t| {
            let there = task_a(t)?;
            code!(t; desc(A, segment(TSS_A, 0x67, byte, size::S16)); poke(TSS, u32::from(link)); push(0x4002); popfd();
                at(); iretd(); place(there))
        })?;
    }
    Ok(())
}

fn refused(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 3A, \"Task Switching\": exception conditions]");
    // Selector, access byte, limit, level, expected.
    let tries: [(&str, u16, u8, u32, u8, &str); 8] = [
        ("busy", A, TSS32_BUSY, 0x67, 0, "#GP(0100) ip+00"),
        ("not_present", A, TSS32 & !P, 0x67, 0, "#NP(0100) ip+00"),
        ("short", A, TSS32, 0x66, 0, "#TS(0100) ip+00"),
        ("short_16", A, TSS16, 0x2A, 0, "#TS(0100) ip+00"),
        ("from_3", A | 3, TSS32, 0x67, 3, "#GP(0100) ip+00 cs=001b"),
        ("rpl_greater", A | 3, TSS32, 0x67, 0, "#GP(0100) ip+00"),
        ("from_3_dpl_3", A | 3, TSS32 | DPL3, 0x67, 3, "ok"),
        ("dpl_before_busy", A | 3, TSS32_BUSY, 0x67, 3, "#GP(0100) ip+00 cs=001b"),
    ];
    for (name, selector, byte, limit, level, expected) in tries {
        for call in [false, true] {
            let prefix = if call { "call" } else { "jmp" };
            r.case(&format!("task_{prefix}_{name}"), expected, &[], |t| {
                let there = task_a(t)?;
                t.desc(A, segment(TSS_A, limit, byte, size::S16))?;
                if level != 0 {
                    t.to_level(level)?;
                }
                t.at()?;
                if call {
                    t.call_far(selector, 0)?
                } else {
                    t.jmp_far(selector, 0)?
                }
                t.place(there)
            })?;
        }
    }
    r.case(
        "task_in_ldt",
        "#GP(0004) ip+00",
        &[],
        |t| code!(t; desc(L, segment(TSS_A, 0x67, TSS32, size::S16)); use_ldt(); at(); jmp_far(L, 0)),
    )
}

fn task_gates(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 3A, \"Task-Gate Descriptor\"]");
    // Gate's access byte and selector, TSS's access byte, level, expected.
    let tries: [(&str, u8, u16, u8, u8, &str); 9] = [
        ("dpl_of_tss_is_ignored", TASK | DPL3, A, TSS32, 3, "ok"),
        ("dpl_0_from_3", TASK, A, TSS32 | DPL3, 3, "#GP(0110) ip+00 cs=001b"),
        ("not_present", TASK & !P, A, TSS32, 0, "#NP(0110) ip+00"),
        ("to_null", TASK, 0, TSS32, 0, "#GP(0000) ip+00"),
        ("to_ldt", TASK, L, TSS32, 0, "#GP(0004) ip+00"),
        ("to_beyond", TASK, BEYOND, TSS32, 0, "#GP(0200) ip+00"),
        ("to_busy", TASK, A, TSS32_BUSY, 0, "#GP(0100) ip+00"),
        ("to_data", TASK, A, RW, 0, "#GP(0100) ip+00"),
        ("to_not_present", TASK, A, TSS32 & !P, 0, "#NP(0100) ip+00"),
    ];
    for (name, byte, target, tss, level, expected) in tries {
        r.case(&format!("task_gate_{name}"), expected, &[], |t| {
            let there = task_a(t)?;
            code!(t; desc(A, segment(TSS_A, 0x67, tss, size::S16)); desc(C, gate(target, 0, byte, 0)))?;
            if level != 0 {
                t.to_level(level)?;
            }
            code!(t; at(); jmp_far(C, 0); place(there))
        })?;
    }
    r.case("task_gate_int_to_busy", "#GP(0100) ip+00", &[], |t| {
        code!(t; desc(A, segment(TSS_A, 0x67, TSS32_BUSY, size::S16)); idt(0x40, gate(A, 0, TASK, 0)); at(); int(0x40))
    })?;
    r.case("task_gate_exception_to_busy_has_ext", "#GP(0101) ip+00", &[], |t| {
        code!(t; desc(A, segment(TSS_A, 0x67, TSS32_BUSY, size::S16)); idt(6, gate(A, 0, TASK, 0)); at(); db(&[0x0F, 0x0B]))
    })?;
    r.case("task_gate_int_dpl", "#GP(0202) ip+00 cs=001b", &[], |t| {
        let there = task_a(t)?;
        code!(t; idt(0x40, gate(A, 0, TASK, 0)); to_level(3); at(); int(0x40); place(there))
    })
}

/// The TSS with a bitmap for ports 0 to FFh, of which `bytes` are inside its limit, at level 3.
fn with_bitmap(t: &mut Code, byte: u32, value: u8, bytes: u32) -> Asm {
    code!(t; desc(KTSS, segment(TSS, 0x67 + bytes, kind::TSS32, size::S16));
        mov(edi, TSS + 0x68); mov(eax, -1); mov(ecx, 9))?;
    t.rep().stosd()?;
    code!(t; mov(byte_ptr(TSS + 0x68 + byte), u32::from(value)); mov(eax, u32::from(KTSS)); ltr(ax); to_level(3))
}

fn io_bitmap(r: &mut Builder) -> Asm {
    r.cite("[SDM 1, \"I/O Permission Bit Map\"]");
    let none = |t: &mut Code| t.to_level(3);
    r.case("io_no_bitmap", "#GP(0000) ip+00 cs=001b", &[], |t| {
        none(t)?;
        code!(t; at(); out(0x80, al))
    })?;
    r.case("io_iopl_3", "ok cs=001b", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; iret_to(UCODE, offset, 0x3002, (UDATA, STACK3)); place(there); at(); out(0x80, al))
    })?;
    // Byte and value of the bitmap, its length, width, expected.
    let tries: [(&str, u8, u32, u32, &str); 9] = [
        ("allowed", 0xFE, 0x21, 1, "ok cs=001b"),
        ("denied", 0xFD, 0x21, 1, "#GP(0000) ip+00 cs=001b"),
        ("word_allowed", 0xFC, 0x21, 2, "ok cs=001b"),
        ("word_half_denied", 0xFE, 0x21, 2, "#GP(0000) ip+00 cs=001b"),
        ("dword_allowed", 0xF0, 0x21, 4, "ok cs=001b"),
        ("dword_last_denied", 0xF8, 0x21, 4, "#GP(0000) ip+00 cs=001b"),
        ("inside_limit_with_next_byte", 0xFE, 0x12, 1, "ok cs=001b"),
        ("next_byte_beyond_limit", 0xFE, 0x11, 1, "#GP(0000) ip+00 cs=001b"),
        ("beyond_limit", 0xFE, 0x10, 1, "#GP(0000) ip+00 cs=001b"),
    ];
    for (name, value, bytes, width, expected) in tries {
        r.case(&format!("io_bitmap_{name}"), expected, &[], |t| {
            with_bitmap(t, 0x10, value, bytes)?;
            code!(t; mov(dx, 0x80); xor(eax, eax); at())?;
            match width {
                1 => code!(t; out(dx, al)),
                2 => code!(t; out(dx, ax)),
                _ => code!(t; out(dx, eax)),
            }
        })?;
    }
    r.case("io_bitmap_word_across_bytes", "#GP(0000) ip+00 cs=001b", &[], |t| {
        with_bitmap(t, 0x10, 0x7F, 0x21)?;
        code!(t; mov(dx, 0x87); at(); out(dx, ax))
    })?;
    r.case("io_bitmap_in", "#GP(0000) ip+00 cs=001b", &[], |t| {
        with_bitmap(t, 0x10, 0xFD, 0x21)?;
        code!(t; at(); in_(al, 0x80))
    })?;
    r.case("io_bitmap_outs", "#GP(0000) ip+00 cs=001b esi=00050000", &[reg("esi", last::ESI)], |t| {
        with_bitmap(t, 0x10, 0xFD, 0x21)?;
        code!(t; mov(dx, 0x80); mov(esi, DATA); at(); outsb())
    })?;
    r.case("io_16_bit_tss_has_no_bitmap", "#GP(0000) ip+00 cs=001b", &[], |t| {
        // The TSS has SS0:SP0 where the handler's stack is looked for.
        code!(t; poke(TSS, 0xA000 << 16); poke(TSS + 4, u32::from(KDATA));
            desc(KTSS, segment(TSS, 0x2B, kind::TSS16, size::S16)); mov(eax, u32::from(KTSS)); ltr(ax); to_level(3);
            at(); out(0x80, al))
    })
}
