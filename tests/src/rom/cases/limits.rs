//! What a loaded segment allows: limits, granularity, direction, reading and writing.

use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, reg, reg16};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    edges(r)?;
    rights(r)?;
    stacks(r)?;
    code_segments(r)
}

/// DS is a segment at [`DATA`].
fn ds_at(t: &mut Code, limit: u32, access: u8, flags: u8) -> Asm {
    code!(t; desc(A, segment(DATA, limit, access, flags)); mov(eax, u32::from(A)); mov(ds, ax))
}

/// Name, limit field, access, flags, offset, bytes, inside.
type Edge = (&'static str, u32, u8, u8, u32, u8, bool);

const EDGES: [Edge; 26] = {
    use kind::{RO_DOWN, RW, RW_DOWN};
    use size::*;
    [
        ("bytes_last", 0xFF, RW, S32, 0xFF, 1, true),
        ("bytes_behind", 0xFF, RW, S32, 0x100, 1, false),
        ("word_last", 0xFF, RW, S32, 0xFE, 2, true),
        ("word_across", 0xFF, RW, S32, 0xFF, 2, false),
        ("dword_last", 0xFF, RW, S32, 0xFC, 4, true),
        ("dword_across_by_1", 0xFF, RW, S32, 0xFD, 4, false),
        ("dword_across_by_3", 0xFF, RW, S32, 0xFF, 4, false),
        ("limit_0_first", 0, RW, S32, 0, 1, true),
        ("limit_0_word", 0, RW, S32, 0, 2, false),
        ("pages_0_last", 0, RW, S32_PAGES, 0xFFF, 1, true),
        ("pages_0_behind", 0, RW, S32_PAGES, 0x1000, 1, false),
        ("pages_0_across", 0, RW, S32_PAGES, 0xFFD, 4, false),
        ("top_of_offsets", 0xFFFF, RW, S32, 0xFFFF_FFFF, 1, false),
        ("wraps_at_4g", 0xFFFF, RW, S32, 0xFFFF_FFFE, 4, false),
        ("down_at_limit", 0xFFF, RW_DOWN, S32, 0xFFF, 1, false),
        ("down_above_limit", 0xFFF, RW_DOWN, S32, 0x1000, 1, true),
        ("down_across_limit", 0xFFF, RW_DOWN, S32, 0xFFE, 4, false),
        ("down32_above_64k", 0xFFF, RW_DOWN, S32, 0x1_0000, 1, true),
        ("down16_top", 0xFFF, RW_DOWN, S16, 0xFFFF, 1, true),
        ("down16_across_top", 0xFFF, RW_DOWN, S16, 0xFFFF, 2, false),
        ("down16_above_64k", 0xFFF, RW_DOWN, S16, 0x1_0000, 1, false),
        ("down_pages_at_limit", 1, RW_DOWN, S32_PAGES, 0x1FFF, 1, false),
        ("down_pages_above", 1, RW_DOWN, S32_PAGES, 0x2000, 1, true),
        ("down_ro_at_limit", 0xFFF, RO_DOWN, S32, 0, 1, false),
        ("up16_above_64k", 0xF_FFFF, RW, S16_PAGES, 0x1_0000, 1, true),
        ("down_full_is_empty", 0xF_FFFF, RW_DOWN, S32_PAGES, 0x10, 1, false),
    ]
};

fn edges(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Limit Checking\"]");
    for (name, limit, byte, flags, offset, bytes, inside) in EDGES {
        let expected = if inside { "ok" } else { "#GP(0000) ip+00" };
        r.case(&format!("limit_{name}"), expected, &[], |t| {
            ds_at(t, limit, byte, flags)?;
            code!(t; mov(esi, offset); at())?;
            match bytes {
                1 => code!(t; mov(cl, byte_ptr(esi))),
                2 => code!(t; mov(cx, word_ptr(esi))),
                _ => code!(t; mov(ecx, dword_ptr(esi))),
            }
        })?;
    }
    r.case(
        "limit_write_across",
        "#GP(0000) ip+00 at=00000000",
        &[crate::rom::builder::see("at", DATA + 0xFC, 4)],
        |t| {
            ds_at(t, 0xFD, kind::RW, size::S32)?;
            code!(t; at(); mov(dword_ptr(0xFCu32), -1))
        },
    )?;
    r.case(
        "limit_rep_stops_in_the_middle",
        "#GP(0000) ip+00 ecx=00000003 edi=00000010",
        &[reg("ecx", last::ECX), reg("edi", last::EDI)],
        |t| {
            code!(t; desc(A, segment(DATA, 0xF, kind::RW, size::S32)); mov(eax, u32::from(A)); mov(es, ax);
            mov(edi, 0xC); mov(ecx, 7); at())?;
            t.rep().stosb()
        },
    )?;
    r.case(
        "limit_movs_faults_before_writing",
        "#GP(0000) ip+00 esi=00050000 edi=00000100",
        &[reg("esi", last::ESI), reg("edi", last::EDI)],
        |t| {
            code!(t; desc(A, segment(DATA, 0xFF, kind::RW, size::S32)); mov(eax, u32::from(A)); mov(es, ax);
            mov(edi, 0x100); mov(esi, DATA); at(); movsd())
        },
    )?;
    r.case("limit_ebp_is_ss", "#SS(0000) ip+00", &[], |t| {
        code!(t; desc(A, segment(0, 0xFFFF, kind::RW, size::S32)); mov(eax, u32::from(A)); mov(ss, ax);
            mov(ebp, 0x1_0000); at(); mov(al, byte_ptr(ebp)))
    })?;
    r.case("limit_ss_override", "#SS(0000) ip+00", &[], |t| {
        code!(t; desc(A, segment(0, 0xFFFF, kind::RW, size::S32)); mov(eax, u32::from(A)); mov(ss, ax);
            mov(ebx, 0xFFFF); at(); mov(ax, word_ptr(ebx).ss()))
    })?;
    r.case("limit_lea_has_none", "ok eax=ffffffff", &[reg("eax", last::EAX)], |t| {
        ds_at(t, 0, kind::RW, size::S32)?;
        code!(t; mov(ebx, -1); at(); lea(eax, ptr(ebx)))
    })
}

fn rights(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Type Checking\"]");
    r.case("write_to_read_only", "#GP(0000) ip+00", &[], |t| {
        ds_at(t, 0xFFF, kind::RO, size::S32)?;
        code!(t; at(); mov(byte_ptr(0u32), 1))
    })?;
    r.case("write_to_readable_code", "#GP(0000) ip+00", &[], |t| {
        ds_at(t, 0xFFF, kind::XR, size::S32)?;
        code!(t; at(); mov(byte_ptr(0u32), 1))
    })?;
    r.case("read_readable_code", "ok", &[], |t| {
        ds_at(t, 0xFFF, kind::XR, size::S32)?;
        code!(t; at(); mov(al, byte_ptr(0u32)))
    })?;
    r.case(
        "write_to_cs",
        "#GP(0000) ip+00",
        &[],
        |t| code!(t; mov(ebx, DATA); at(); mov(byte_ptr(ebx).cs(), 1)),
    )?;
    r.case("read_execute_only_cs", "#GP(0000) ip+00 cs=0100", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(A, flat(kind::XO)); mov(ebx, DATA); jmp_far(A, offset); place(there); at();
            mov(al, byte_ptr(ebx).cs()))
    })?;
    r.case("read_modify_write_of_read_only", "#GP(0000) ip+00", &[], |t| {
        ds_at(t, 0xFFF, kind::RO, size::S32)?;
        code!(t; at(); add(byte_ptr(0u32), 0))
    })?;
    r.case("compare_with_read_only", "ok", &[], |t| {
        ds_at(t, 0xFFF, kind::RO, size::S32)?;
        code!(t; at(); cmp(byte_ptr(0u32), 0))
    })
}

/// SS is a segment at 0.
fn ss_at(t: &mut Code, limit: u32, access: u8, flags: u8, pointer: u32) -> Asm {
    code!(t; desc(A, segment(0, limit, access, flags)); mov(eax, u32::from(A)); mov(ss, ax); mov(esp, pointer))
}

fn stacks(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Stack Fault Exception (#SS)\"]");
    let esp_now = reg("eax", last::EAX);
    // The faulting stack cannot take the frame, so the handler is a task or the fault comes at level 3.
    let at_level_3 = |t: &mut Code, limit: u32, flags: u8, pointer: u32| {
        code!(t; desc(A, segment(0, limit, kind::RW | kind::DPL3, flags)); to_level(3);
            mov(eax, u32::from(A) + 3); mov(ss, ax); mov(esp, pointer))
    };
    r.case("push_beyond_limit", "#SS(0000) ip+00 cs=001b esp=0000d010", &[reg("esp", last::ESP)], |t| {
        at_level_3(t, 0xD00B, size::S32, 0xD010)?;
        code!(t; at(); push(1))
    })?;
    r.case("pop_beyond_limit", "#SS(0000) ip+00 cs=001b", &[], |t| {
        at_level_3(t, 0xCFFF, size::S32, 0xD000)?;
        code!(t; at(); pop(eax))
    })?;
    r.case("push_wraps_32_bit_at_0", "#SS(0000) ip+00 cs=001b", &[], |t| {
        at_level_3(t, 0xFFFF, size::S32, 0)?;
        code!(t; at(); push(1))
    })?;
    r.case("push_16_bit_stack_wraps_at_0", "ok eax=1234fffc top=00000077", &[esp_now, crate::rom::builder::see("top", 0x4_FFFC, 4)], |t| {
        code!(t; desc(A, segment(0x4_0000, 0xFFFF, kind::RW, size::S16)); mov(eax, u32::from(A)); mov(ss, ax);
            mov(esp, 0x1234_0000); push(0x77); mov(eax, esp); mov(ecx, u32::from(KDATA)); mov(ss, cx); mov(esp, STACK))
    })?;
    r.case("push_16_bit_stack_across_0", "#SS(0000) ip+00 cs=001b", &[], |t| {
        at_level_3(t, 0xFFFF, size::S16, 0x0002)?;
        code!(t; at(); push(1))
    })?;
    r.case(
        "pusha_across_limit_changes_nothing",
        "#SS(0000) ip+00 cs=001b esp=00000014",
        &[reg("esp", last::ESP)],
        |t| {
            at_level_3(t, 0xFFFF, size::S32, 0x14)?;
            code!(t; at(); pushad())
        },
    )?;
    r.case("enter_checks_the_frame", "#SS(0000) ip+00 cs=001b", &[], |t| {
        at_level_3(t, 0xFFFF, size::S32, 0x8)?;
        code!(t; at(); enter(0x20, 3))
    })?;
    r.case(
        "call_near_without_room",
        "#SS(0000) ip+00 cs=001b esp=00000002",
        &[reg("esp", last::ESP)],
        |t| {
            at_level_3(t, 0xFFFF, size::S32, 2)?;
            let next = t.spot();
            let target = t.label(next);
            code!(t; at(); call(target); place(next))
        },
    )?;
    r.case("pop_word_at_16_bit_top_wraps", "ok cs=001b eax=00000000", &[reg("eax", last::EAX)], |t| {
        at_level_3(t, 0xFFFF, size::S16, 0xFFFE)?;
        code!(t; mov(eax, 0); pop(cx); mov(ax, sp))
    })?;
    r.case("stack_at_16_bits_keeps_upper_esp", "ok ss=0030 eax=12349ffc", &[reg16("ss", last::SS), esp_now], |t| {
        code!(t; mov(eax, u32::from(KDATA16)); mov(ss, ax); mov(esp, 0x1234_A000); push(1); mov(eax, esp); mov(esp, STACK))
    })?;
    r.case("expand_down_stack", "ok ss=0100", &[reg16("ss", last::SS)], |t| {
        ss_at(t, 7, kind::RW_DOWN, size::S32_PAGES, STACK)?;
        code!(t; push(1); pop(ecx))
    })
}

fn code_segments(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Limit Checking\"]");
    r.case("run_off_the_end_of_cs", "#GP(0000) ip+01 cs=0100", &[], |t| {
        let there = t.spot();
        let (offset, after) = (t.addr(there), t.spot());
        let limit = t.addr(after);
        code!(t; desc(A, segment(0, limit - 1, kind::XR, size::S32)); jmp_far(A, offset); place(there); at();
            nop(); place(after); nop())
    })?;
    r.case("instruction_across_the_end_of_cs", "#GP(0000) ip+00 cs=0100", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(A, segment(0, offset + 3, kind::XR, size::S32)); jmp_far(A, offset); place(there); at();
            mov(eax, 0x1234_5678))
    })?;
    r.case("near_jump_beyond_cs", "#GP(0000) ip+00 cs=0100", &[], |t| {
        let there = t.spot();
        let (offset, beyond) = (t.addr(there), t.spot());
        let far = t.addr(beyond);
        code!(t; desc(A, segment(0, offset + 0x10, kind::XR, size::S32)); mov(eax, far);
            jmp_far(A, offset); place(there); at(); jmp(eax); db(&[0x90; 16]); place(beyond))
    })?;
    r.case(
        "near_call_beyond_cs_pushes_nothing",
        "#GP(0000) ip+00 cs=0100 esp=00009000",
        &[reg("esp", last::ESP)],
        |t| {
            let there = t.spot();
            let (offset, beyond) = (t.addr(there), t.spot());
            let far = t.addr(beyond);
            code!(t; desc(A, segment(0, offset + 0x10, kind::XR, size::S32)); mov(eax, far);
            jmp_far(A, offset); place(there); at(); call(eax); db(&[0x90; 16]); place(beyond))
        },
    )?;
    r.case("near_ret_beyond_cs", "#GP(0000) ip+00 cs=0100 esp=00008ffc", &[reg("esp", last::ESP)], |t| {
        let there = t.spot();
        let (offset, beyond) = (t.addr(there), t.spot());
        let far = t.addr(beyond);
        code!(t; desc(A, segment(0, offset + 0x10, kind::XR, size::S32)); push(far); jmp_far(A, offset);
            place(there); at(); ret(); db(&[0x90; 16]); place(beyond))
    })?;
    r.case(
        "fifteen_prefixes_are_too_long",
        "#GP(0000) ip+00",
        &[],
        |t| code!(t; at(); db(&[0x26; 15]); nop()),
    )?;
    r.case("fourteen_prefixes_are_not", "ok", &[], |t| code!(t; at(); db(&[0x26; 14]); nop()))
}
