//! Virtual-8086 mode.

use super::tasks::{field, task_a};
use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, See, access, bits, reg, reg16, see};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    transitions(r)?;
    sensitive(r)?;
    privileged(r)?;
    memory(r)?;
    ports(r)?;
    tasks(r)
}

/// IOPL 3, where INT n is allowed.
pub(crate) const IOPL3: u32 = 0x3000;

/// Runs `f` in V86 mode.
fn in_v86(t: &mut Code, flags: u32, f: impl Fn(&mut Code) -> Asm) -> Asm {
    let there = t.code16(f)?;
    t.to_v86(there, flags)
}

const PUSHED: [See; 4] = [
    see("es", vars::LAST + last::V86_ES, 2),
    see("ds", vars::LAST + last::V86_DS, 2),
    see("fs", vars::LAST + last::V86_FS, 2),
    see("gs", vars::LAST + last::V86_GS, 2),
];

fn transitions(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 3B, \"Entering Virtual-8086 Mode\", \"Leaving Virtual-8086 Mode\"]");
    let entry = [
        PUSHED[0],
        PUSHED[1],
        PUSHED[2],
        PUSHED[3],
        reg16("ss", last::SS),
        reg("esp", last::ESP),
        see("stack", vars::LAST + last::HANDLER_ESP, 4),
    ];
    r.case(
        "v86_pushes_segments",
        "ok cs=2000 v86 es=5001 ds=5000 fs=5002 gs=5003 ss=0d00 esp=00001000 stack=00009fe8",
        &entry,
        |t| in_v86(t, IOPL3, |_| Ok(())),
    )?;
    let inside = [reg16("ds", last::DS), reg16("es", last::ES), reg16("fs", last::FS), reg16("gs", last::GS)];
    r.case(
        "v86_handler_finds_null_segments",
        "ok cs=2000 v86 ds=0000 es=0000 fs=0000 gs=0000",
        &inside,
        |t| in_v86(t, IOPL3, |_| Ok(())),
    )?;
    let kernel = r.kernel();
    r.case(
        "v86_handler_returns",
        "int40 ip+02 cs=2000 v86 ok cs=2000 v86 es=5001 ds=5000 fs=5002 gs=5003",
        &PUSHED,
        |t| {
            t.resume(0x40, kernel.plain)?;
            in_v86(t, IOPL3, |t| code!(t; at(); int(0x40)))
        },
    )?;
    r.case("v86_gate_dpl_0", "#GP(0202) ip+00 cs=2000 v86", &[], |t| {
        t.idt(0x40, gate(KCODE, kernel.stub(0x40), INT32, 0))?;
        in_v86(t, IOPL3, |t| code!(t; at(); int(0x40)))
    })?;
    r.case("v86_handler_at_level_1", "#GP(0048) ip+00 cs=2000 v86", &[], |t| {
        t.idt(0x40, gate(CODE1, kernel.stub(0x40), INT32 | DPL3, 0))?;
        in_v86(t, IOPL3, |t| code!(t; at(); int(0x40)))
    })?;
    r.case("v86_handler_conforming", "#GP(0108) ip+00 cs=2000 v86", &[], |t| {
        code!(t; desc(B, flat(XR_CONFORMING)); idt(0x40, gate(B, kernel.stub(0x40), INT32 | DPL3, 0)))?;
        in_v86(t, IOPL3, |t| code!(t; at(); int(0x40)))
    })?;
    r.case("v86_trap_gate", "int40 ip+02 cs=2000 v86", &[], |t| {
        t.idt(0x40, gate(KCODE, kernel.stub(0x40), TRAP32 | DPL3, 0))?;
        in_v86(t, IOPL3, |t| code!(t; at(); int(0x40)))
    })?;
    r.case("v86_iret_beyond_64k", "#GP(0000) ip+00", &[], |t| {
        code!(t; push(0); push(0); push(0); push(0); push(0); push(0); push(0x2_3002); push(u32::from(CODE_SEGMENT));
            push(0x1_0000); at(); iretd())
    })?;
    for (name, bytes, expected) in [
        ("div", [0xF7u8, 0xF1].as_slice(), "#DE ip+00 cs=2000 v86"),
        ("ud2", &[0x0F, 0x0B], "#UD ip+00 cs=2000 v86"),
        ("int3", &[0xCC], "#BP ip+01 cs=2000 v86"),
    ] {
        r.case(&format!("v86_exception_{name}"), expected, &[], |t| {
            in_v86(t, 0, |t| code!(t; xor(cx, cx); at(); db(bytes)))
        })?;
    }
    r.case("v86_into_without_iopl", "#OF ip+01 cs=2000 v86", &[], |t| {
        in_v86(t, 0, |t| code!(t; mov(al, 0x7F); add(al, 1); at(); db(&[0xCE])))
    })
}

fn sensitive(r: &mut Builder) -> Asm {
    r.cite("[SDM 3B, \"Sensitive Instructions\"]");
    let tries: [(&str, &[u8]); 9] = [
        ("cli", &[0xFA]),
        ("sti", &[0xFB]),
        ("pushf", &[0x9C]),
        ("popf", &[0x9D]),
        ("pushfd", &[0x66, 0x9C]),
        ("popfd", &[0x66, 0x9D]),
        ("iret", &[0xCF]),
        ("iretd", &[0x66, 0xCF]),
        ("int_n", &[0xCD, 0x40]),
    ];
    for (name, bytes) in tries {
        r.case(&format!("v86_{name}_iopl_0"), "#GP(0000) ip+00 cs=2000 v86", &[], |t| {
            in_v86(t, 0, |t| code!(t; push(2); push(2); at(); db(bytes)))
        })?;
    }
    r.case("v86_cli_iopl_2", "#GP(0000) ip+00 cs=2000 v86", &[], |t| {
        in_v86(t, 0x2000, |t| code!(t; at(); cli()))
    })?;
    let flags = [bits("flags", vars::LAST + last::EFLAGS, 4, 0x2_7600)];
    r.case("v86_sti_iopl_3", "ok cs=2000 v86 flags=00023200", &flags, |t| {
        in_v86(t, IOPL3, |t| code!(t; sti()))
    })?;
    r.case("v86_cli_iopl_3", "ok cs=2000 v86 flags=00023000", &flags, |t| {
        in_v86(t, IOPL3 | 0x200, |t| code!(t; cli()))
    })?;
    r.case("v86_popf_keeps_iopl", "ok cs=2000 v86 flags=00023200", &flags, |t| {
        in_v86(t, IOPL3, |t| code!(t; push(0x202); popf()))
    })?;
    r.case("v86_popfd_keeps_vm", "ok cs=2000 v86 flags=00023000", &flags, |t| {
        in_v86(t, IOPL3, |t| code!(t; push(0); push(2); db(&[0x66, 0x9D])))
    })?;
    r.case(
        "v86_pushf_shows_iopl",
        "ok cs=2000 v86 ax=3002",
        &[bits("ax", vars::LAST + last::EAX, 2, 0x7702)],
        |t| in_v86(t, IOPL3, |t| code!(t; pushf(); pop(ax))),
    )?;
    r.case("v86_iret_iopl_3", "ok cs=2000 v86 flags=00023400", &flags, |t| {
        in_v86(t, IOPL3, |t| {
            let there = t.spot();
            let offset = t.addr(there);
            code!(t; push(0x402); mov(ax, i32::from(CODE_SEGMENT)); push(ax); mov(ax, offset); push(ax); iret();
                place(there))
        })
    })
}

fn privileged(r: &mut Builder) -> Asm {
    r.cite("[SDM 2A, 2B: \"Virtual-8086 Mode Exceptions\"]");
    let general: [(&str, &[u8]); 10] = [
        ("hlt", &[0xF4]),
        ("lgdt", &[0x0F, 0x01, 0x16, 0, 0]),
        ("lidt", &[0x0F, 0x01, 0x1E, 0, 0]),
        ("lmsw", &[0x0F, 0x01, 0xF0]),
        ("clts", &[0x0F, 0x06]),
        ("mov_from_cr0", &[0x0F, 0x20, 0xC0]),
        ("mov_to_cr3", &[0x0F, 0x22, 0xD8]),
        ("mov_from_dr7", &[0x0F, 0x21, 0xF8]),
        ("mov_to_dr7", &[0x0F, 0x23, 0xF8]),
        ("invd", &[0x0F, 0x08]),
    ];
    for (name, bytes) in general {
        r.case(&format!("v86_{name}"), "#GP(0000) ip+00 cs=2000 v86", &[], |t| {
            in_v86(t, IOPL3, |t| code!(t; at(); db(bytes)))
        })?;
    }
    let invalid: [(&str, &[u8]); 9] = [
        ("lldt", &[0x0F, 0x00, 0xD0]),
        ("sldt", &[0x0F, 0x00, 0xC0]),
        ("ltr", &[0x0F, 0x00, 0xD8]),
        ("str", &[0x0F, 0x00, 0xC8]),
        ("verr", &[0x0F, 0x00, 0xE0]),
        ("verw", &[0x0F, 0x00, 0xE8]),
        ("lar", &[0x0F, 0x02, 0xC0]),
        ("lsl", &[0x0F, 0x03, 0xC0]),
        ("arpl", &[0x63, 0xC0]),
    ];
    for (name, bytes) in invalid {
        r.case(&format!("v86_{name}"), "#UD ip+00 cs=2000 v86", &[], |t| {
            in_v86(t, IOPL3, |t| code!(t; at(); db(bytes)))
        })?;
    }
    r.case("v86_smsw", "ok cs=2000 v86 ax=0011", &[reg16("ax", last::EAX)], |t| {
        in_v86(t, IOPL3, |t| code!(t; db(&[0x0F, 0x01, 0xE0])))
    })?;
    r.case("v86_sgdt", "ok cs=2000 v86 limit=01ff", &[see("limit", DATA, 2)], |t| {
        in_v86(t, IOPL3, |t| code!(t; db(&[0x0F, 0x01, 0x06, 0, 0])))
    })
}

fn memory(r: &mut Builder) -> Asm {
    r.cite("[SDM 3B, \"8086 Emulation\"]");
    let v86 = |r: &mut Builder, name: &str, expected: &str, shows: &[See], f: fn(&mut Code) -> Asm| {
        r.case(name, expected, shows, |t| in_v86(t, IOPL3, f))
    };
    v86(
        r,
        "v86_limit_is_64k",
        "#GP(0000) ip+00 cs=2000 v86",
        &[],
        |t| code!(t; mov(bx, 0xFFFF); at(); mov(ax, word_ptr(bx))),
    )?;
    v86(
        r,
        "v86_32_bit_address_beyond_64k",
        "#GP(0000) ip+00 cs=2000 v86",
        &[],
        |t| code!(t; mov(ebx, 0x1_0000); at(); mov(al, byte_ptr(ebx))),
    )?;
    v86(
        r,
        "v86_stack_across_64k",
        "#SS(0000) ip+00 cs=2000 v86",
        &[],
        |t| code!(t; mov(sp, 1); at(); push(ax)),
    )?;
    v86(
        r,
        "v86_segment_load_needs_no_descriptor",
        "ok cs=2000 v86 ds=fff8",
        &[PUSHED[1]],
        |t| code!(t; mov(ax, 0xFFF8); mov(ds, ax)),
    )?;
    v86(
        r,
        "v86_segment_base_is_16_times",
        "ok cs=2000 v86 at=00000077",
        &[see("at", DATA + 0x10, 4)],
        |t| code!(t; mov(ax, 0x5001); mov(ds, ax); mov(dword_ptr(0), 0x77)),
    )?;
    v86(r, "v86_far_jump", "ok cs=2001 v86", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there).wrapping_sub(0x10);
        code!(t; jmp_far(CODE_SEGMENT + 1, offset); place(there))
    })?;
    v86(
        r,
        "v86_far_call_pushes_words",
        "ok cs=2000 v86 cs=2000 sp=0ffc",
        &[see("cs", 0xDFFE, 2), reg16("sp", last::ESP)],
        |t| {
            let there = t.spot();
            let offset = t.addr(there);
            code!(t; call_far(CODE_SEGMENT, offset); place(there))
        },
    )?;
    v86(
        r,
        "v86_code_is_writable",
        "ok cs=2000 v86",
        &[],
        |t| code!(t; mov(bx, 0xFFFE); mov(al, byte_ptr(bx).cs()); mov(byte_ptr(bx).cs(), al)),
    )?;
    r.case("v86_is_user_to_pages", "#PF(0005) ip+00 cs=2000 v86 cr2=00050000", &[], |t| {
        super::tables::build(t)?;
        code!(t; poke(PAGES + 0x1000 + (DATA >> 12) * 4, DATA | 3))?;
        super::tables::on(t, 0, false)?;
        in_v86(t, IOPL3, |t| code!(t; xor(bx, bx); at(); mov(al, byte_ptr(bx))))
    })
}

fn ports(r: &mut Builder) -> Asm {
    r.cite("[SDM 3B, \"I/O-Port-Mapped I/O\"]");
    for iopl in [0u32, 3] {
        r.case(&format!("v86_out_without_bitmap_iopl_{iopl}"), "#GP(0000) ip+00 cs=2000 v86", &[], |t| {
            in_v86(t, iopl << 12, |t| code!(t; at(); out(0x80, al)))
        })?;
    }
    for (name, value, expected) in
        [("allowed", 0xFEu32, "ok cs=2000 v86"), ("denied", 0xFD, "#GP(0000) ip+00 cs=2000 v86")]
    {
        r.case(&format!("v86_out_bitmap_{name}"), expected, &[], |t| {
            code!(t; desc(KTSS, segment(TSS, 0x88, kind::TSS32, size::S16));
                mov(edi, TSS + 0x68); mov(eax, -1); mov(ecx, 9))?;
            t.rep().stosd()?;
            code!(t; mov(byte_ptr(TSS + 0x78), value); mov(eax, u32::from(KTSS)); ltr(ax))?;
            in_v86(t, IOPL3, |t| code!(t; at(); out(0x80, al)))
        })?;
    }
    Ok(())
}

fn tasks(r: &mut Builder) -> Asm {
    r.cite("[SDM 3B, \"Task Switches with Virtual-8086 Tasks\"]");
    r.case(
        "v86_task",
        "ok cs=2000 v86 tr=0100 ds=5000 esp=00001000",
        &[reg16("tr", last::TR), PUSHED[1], reg("esp", last::ESP)],
        |t| {
            let first = t.code16(|_| Ok(()))?;
            let over = task_a(t)?;
            for (offset, value) in [
                (field::EIP, first),
                (field::EFLAGS, 0x2_3002),
                (field::CS, u32::from(CODE_SEGMENT)),
                (field::SS, u32::from(V86_STACK)),
                (field::ESP, 0x1000),
                (field::DS, DATA >> 4),
            ] {
                t.poke(TSS_A + offset, value)?;
            }
            code!(t; jmp_far(A, 0); place(over))
        },
    )?;
    let saved = [
        reg16("tr", last::TR),
        bits("flags", TSS + field::EFLAGS, 4, 0x2_7000),
        see("cs", TSS + field::CS, 2),
        see("ds", TSS + field::DS, 2),
        access("old", KTSS),
    ];
    r.case("v86_interrupt_to_task", "ok tr=0100 flags=00023000 cs=2000 ds=5000 old=8b", &saved, |t| {
        let there = task_a(t)?;
        let first = t.code16(|t| code!(t; int(0x40)))?;
        code!(t; idt(0x40, gate(A, 0, kind::TASK | kind::DPL3, 0)); to_v86(first, IOPL3); place(there))
    })?;
    r.case("v86_interrupt_task_returns", "ok cs=2000 v86 tr=0068 ds=5000", &[reg16("tr", last::TR), PUSHED[1]], |t| {
        let there = task_a(t)?;
        let first = t.code16(|t| code!(t; int(0x40)))?;
        code!(t; idt(0x40, gate(A, 0, kind::TASK | kind::DPL3, 0)); to_v86(first, IOPL3); place(there); iretd())
    })
}
