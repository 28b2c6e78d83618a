//! System registers and instructions: who may use them, and what they refuse.

use crate::rom::asm::{Asm, code};
use crate::rom::builder::{Builder, access, bits, reg, reg16, see};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    privileged(r)?;
    table_registers(r)?;
    control_registers(r)?;
    coprocessor(r)?;
    alignment(r)?;
    fast_calls(r)?;
    counters(r)
}

fn privileged(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Privileged Instructions\"]");
    let instructions: [(&str, &[u8]); 19] = [
        ("hlt", &[0xF4]),
        ("lgdt", &[0x0F, 0x01, 0x15, 0, 0, 5, 0]),
        ("lidt", &[0x0F, 0x01, 0x1D, 0, 0, 5, 0]),
        ("lldt", &[0x0F, 0x00, 0xD0]),
        ("ltr", &[0x0F, 0x00, 0xD8]),
        ("lmsw", &[0x0F, 0x01, 0xF0]),
        ("clts", &[0x0F, 0x06]),
        ("mov_from_cr0", &[0x0F, 0x20, 0xC0]),
        ("mov_to_cr0", &[0x0F, 0x22, 0xC0]),
        ("mov_from_cr2", &[0x0F, 0x20, 0xD0]),
        ("mov_to_cr3", &[0x0F, 0x22, 0xD8]),
        ("mov_from_cr4", &[0x0F, 0x20, 0xE0]),
        ("invd", &[0x0F, 0x08]),
        ("wbinvd", &[0x0F, 0x09]),
        ("rdmsr", &[0x0F, 0x32]),
        ("wrmsr", &[0x0F, 0x30]),
        ("in", &[0xE4, 0x80]),
        ("out_dx", &[0xEE]),
        ("sysexit", &[0x0F, 0x35]),
    ];
    for (name, bytes) in instructions {
        r.case(
            &format!("{name}_at_3"),
            "#GP(0000) ip+00 cs=001b",
            &[],
            |t| code!(t; to_level(3); at(); db(bytes)),
        )?;
    }
    for level in [1u8, 2] {
        let expected = format!("#GP(0000) ip+00 cs=00{}", if level == 1 { "49" } else { "5a" });
        r.case(&format!("hlt_at_{level}"), &expected, &[], |t| code!(t; to_level(level); at(); hlt()))?;
    }
    let allowed: [(&str, &[u8]); 4] = [
        ("smsw", &[0x0F, 0x01, 0xE0]),
        ("str", &[0x0F, 0x00, 0xC8]),
        ("sldt", &[0x0F, 0x00, 0xC0]),
        ("sgdt", &[0x0F, 0x01, 0x05, 0, 0, 5, 0]),
    ];
    for (name, bytes) in allowed {
        r.case(&format!("{name}_at_3"), "ok cs=001b", &[], |t| code!(t; to_level(3); at(); db(bytes)))?;
    }
    r.case("invalid_mov_cr1", "#UD ip+00", &[], |t| code!(t; at(); db(&[0x0F, 0x20, 0xC8])))?;
    r.case("invalid_mov_cr5", "#UD ip+00", &[], |t| code!(t; at(); db(&[0x0F, 0x22, 0xE8])))
}

fn table_registers(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 2A, \"LTR\", \"LLDT\", \"LGDT/LIDT\"; SDM 2B, \"SGDT\"]");
    let ltr: [(&str, u16, u8, &str); 8] = [
        ("good", A, TSS32, "ok tr=0100 a=8b"),
        ("tss16", A, TSS16, "ok tr=0100 a=83"),
        ("busy", A, TSS32_BUSY, "#GP(0100) ip+00 tr=0068 a=8b"),
        ("not_present", A, TSS32 & !P, "#NP(0100) ip+00 tr=0068 a=09"),
        ("ldt", A, LDT, "#GP(0100) ip+00 tr=0068 a=82"),
        ("null", 0, TSS32, "#GP(0000) ip+00 tr=0068 a=89"),
        ("beyond", BEYOND, TSS32, "#GP(0200) ip+00 tr=0068 a=89"),
        ("in_ldt", L, TSS32, "#GP(0004) ip+00 tr=0068 a=89"),
    ];
    for (name, selector, byte, expected) in ltr {
        r.case(&format!("ltr_{name}"), expected, &[reg16("tr", last::TR), access("a", A)], |t| {
            code!(t; desc(A, segment(TSS, 0x67, byte, size::S16)); mov(eax, u32::from(selector)); at(); ltr(ax))
        })?;
    }
    let lldt: [(&str, u16, u8, &str); 7] = [
        ("good", A, LDT, "ok ldtr=0100"),
        ("null", 3, LDT, "ok ldtr=0003"),
        ("not_present", A, LDT & !P, "#NP(0100) ip+00 ldtr=0000"),
        ("tss", A, TSS32, "#GP(0100) ip+00 ldtr=0000"),
        ("data", A, RW, "#GP(0100) ip+00 ldtr=0000"),
        ("beyond", BEYOND, LDT, "#GP(0200) ip+00 ldtr=0000"),
        ("in_ldt", L, LDT, "#GP(0004) ip+00 ldtr=0000"),
    ];
    for (name, selector, byte, expected) in lldt {
        r.case(&format!("lldt_{name}"), expected, &[reg16("ldtr", last::LDTR)], |t| {
            code!(t; desc(A, segment(super::super::layout::LDT, 0x7F, byte, size::S16)); mov(eax, u32::from(selector)); at();
                lldt(ax))
        })?;
    }
    let stored = [see("limit", DATA, 2), see("base", DATA + 2, 4)];
    r.case(
        "sgdt_32",
        "ok limit=01ff base=00002000",
        &stored,
        |t| code!(t; db(&[0x0F, 0x01, 0x05]); dd(&[DATA])),
    )?;
    r.case(
        "sidt_32",
        "ok limit=07ff base=00001000",
        &stored,
        |t| code!(t; db(&[0x0F, 0x01, 0x0D]); dd(&[DATA])),
    )?;
    r.case("lidt_16_loads_24_bits", "ok base=00001000", &[see("base", DATA + 0x12, 4)], |t| {
        code!(t; mov(word_ptr(DATA), 0x7FF); poke(DATA + 2, 0x7700_0000 | IDT); db(&[0x66, 0x0F, 0x01, 0x1D]); dd(&[DATA]);
            db(&[0x0F, 0x01, 0x0D]); dd(&[DATA + 0x10]))
    })?;
    r.case("lgdt_of_a_register_is_invalid", "#UD ip+00", &[], |t| code!(t; at(); db(&[0x0F, 0x01, 0xD8])))?;
    r.case(
        "str_after_start",
        "ok eax=00000068",
        &[reg("eax", last::EAX)],
        |t| code!(t; mov(eax, -1); str(eax)),
    )
}

fn control_registers(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Control Registers\"]");
    let low = [bits("cr0", vars::LAST + last::CR0, 4, 0xF)];
    r.case("lmsw_sets_ts", "ok cr0=00000009", &low, |t| code!(t; mov(eax, 9); lmsw(ax)))?;
    r.case("lmsw_cannot_clear_pe", "ok cr0=00000001", &low, |t| code!(t; xor(eax, eax); lmsw(ax)))?;
    r.case("clts_clears_ts", "ok cr0=00000001", &low, |t| code!(t; mov(eax, 9); lmsw(ax); clts()))?;
    r.case(
        "cr0_et_is_one",
        "ok et=00000010",
        &[bits("et", vars::LAST + last::CR0, 4, 0x10)],
        |t| code!(t; mov(eax, 1); mov(cr0, eax)),
    )?;
    r.case(
        "cr0_nw_without_cd",
        "#GP(0000) ip+00",
        &[],
        |t| code!(t; mov(eax, 0x2000_0011); at(); mov(cr0, eax)),
    )?;
    r.case("cr0_nw_with_cd", "ok", &[], |t| code!(t; mov(eax, 0x6000_0011); mov(cr0, eax)))?;
    // Reserved bits of CR4 are not tried: QEMU 7.2 repeats such a MOV for ever.
    r.case(
        "cr4_reads_back",
        "ok eax=0000000c",
        &[reg("eax", last::EAX)],
        |t| code!(t; mov(eax, 0xC); mov(cr4, eax); xor(eax, eax); mov(eax, cr4)),
    )
}

fn coprocessor(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Interrupt 7 - Device Not Available Exception\"]");
    // CR0's low bits, instruction, expected.
    let tries: [(&str, u32, &[u8], &str); 9] = [
        ("ts_esc", 0x19, &[0xDB, 0xE3], "#NM ip+00"),
        ("em_esc", 0x15, &[0xDB, 0xE3], "#NM ip+00"),
        ("ts_wait", 0x19, &[0x9B], "ok"),
        ("mp_wait", 0x13, &[0x9B], "ok"),
        ("ts_mp_wait", 0x1B, &[0x9B], "#NM ip+00"),
        ("em_wait", 0x15, &[0x9B], "ok"),
        ("ts_mmx", 0x19, &[0x0F, 0x77], "#NM ip+00"),
        ("em_mmx", 0x15, &[0x0F, 0x77], "#UD ip+00"),
        ("sse_without_osfxsr", 0x11, &[0x0F, 0x57, 0xC0], "#UD ip+00"),
    ];
    for (name, cr0_bits, bytes, expected) in tries {
        r.case(
            &format!("fpu_{name}"),
            expected,
            &[],
            |t| code!(t; mov(eax, cr0_bits); mov(cr0, eax); at(); db(bytes); mov(eax, 0x11); mov(cr0, eax)),
        )?;
    }
    r.cite("[SDM 3A, \"Interrupt 16 - x87 FPU Floating-Point Error\"]");
    for (name, bytes) in [("wait", [0x9Bu8].as_slice()), ("next_esc", &[0xD9, 0xE8])] {
        r.case(&format!("fpu_error_at_{name}"), "#MF ip+00", &[], |t| {
            code!(t; mov(eax, 0x31); mov(cr0, eax); fninit(); mov(word_ptr(DATA), 0x37B); fldcw(word_ptr(DATA));
                fld1(); fldz(); fdivp(st1, st0); at(); db(bytes))
        })?;
    }
    r.case("fpu_error_not_at_fninit", "ok", &[], |t| {
        code!(t; mov(eax, 0x31); mov(cr0, eax); fninit(); mov(word_ptr(DATA), 0x37B); fldcw(word_ptr(DATA));
            fld1(); fldz(); fdivp(st1, st0); at(); fninit(); wait())
    })
}

fn alignment(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Interrupt 17 - Alignment Check Exception\"]");
    const AM: u32 = 0x4_0011;
    // CR0, EFLAGS.AC, level, offset, width, expected.
    let tries: [(&str, u32, u32, u8, u32, u8, &str); 8] = [
        ("dword_at_1", AM, 0x4_0002, 3, 1, 4, "#AC(0000) ip+00 cs=001b"),
        ("dword_at_2", AM, 0x4_0002, 3, 2, 4, "#AC(0000) ip+00 cs=001b"),
        ("dword_at_4", AM, 0x4_0002, 3, 4, 4, "ok cs=001b"),
        ("word_at_1", AM, 0x4_0002, 3, 1, 2, "#AC(0000) ip+00 cs=001b"),
        ("byte_at_1", AM, 0x4_0002, 3, 1, 1, "ok cs=001b"),
        ("without_am", 0x11, 0x4_0002, 3, 1, 4, "ok cs=001b"),
        ("without_ac", AM, 2, 3, 1, 4, "ok cs=001b"),
        ("at_level_0", AM, 0x4_0002, 0, 1, 4, "ok"),
    ];
    for (name, cr0_bits, flags, level, offset, width, expected) in tries {
        r.case(&format!("align_{name}"), expected, &[], |t| {
            code!(t; mov(eax, cr0_bits); mov(cr0, eax))?;
            if level == 3 {
                t.to_level(3)?;
            }
            code!(t; push(flags); popfd(); mov(ebx, DATA + offset); at())?;
            match width {
                1 => code!(t; mov(al, byte_ptr(ebx))),
                2 => code!(t; mov(ax, word_ptr(ebx))),
                _ => code!(t; mov(eax, dword_ptr(ebx))),
            }
        })?;
    }
    r.case("align_push", "#AC(0000) ip+00 cs=001b", &[], |t| {
        code!(t; mov(eax, AM); mov(cr0, eax); to_level(3); push(0x4_0002); popfd(); dec(esp); at(); push(1))
    })
}

fn fast_calls(r: &mut Builder) -> Asm {
    r.cite("[SDM 2B, \"SYSENTER\", \"SYSEXIT\"]");
    let stack = [reg("esp", last::ESP), reg16("ss", last::SS)];
    let set = |t: &mut crate::rom::asm::Code, number: u32, value: u32| code!(t; mov(ecx, number); mov(eax, value); xor(edx, edx); wrmsr());
    r.case(
        "sysenter",
        "ok esp=0000a000 ss=0010 flags=00000002",
        &[stack[0], stack[1], bits("flags", vars::LAST + last::EFLAGS, 4, 0x2_0202)],
        |t| {
            let there = t.spot();
            let offset = t.addr(there);
            set(t, 0x174, u32::from(KCODE))?;
            set(t, 0x175, STACKS[0])?;
            set(t, 0x176, offset)?;
            code!(t; to_level(3); at(); db(&[0x0F, 0x34]); place(there))
        },
    )?;
    r.case("sysenter_without_cs", "#GP(0000) ip+00 cs=001b", &[], |t| {
        set(t, 0x174, 0)?;
        code!(t; to_level(3); at(); db(&[0x0F, 0x34]))
    })?;
    r.case("sysexit", "ok cs=001b esp=0000d000 ss=0023", &stack, |t| {
        let there = t.spot();
        let offset = t.addr(there);
        set(t, 0x174, u32::from(KCODE))?;
        code!(t; mov(edx, offset); mov(ecx, STACK3); at(); db(&[0x0F, 0x35]); place(there))
    })?;
    r.case("sysexit_without_cs", "#GP(0000) ip+00", &[], |t| {
        set(t, 0x174, 0)?;
        code!(t; at(); db(&[0x0F, 0x35]))
    })
}

fn counters(r: &mut Builder) -> Asm {
    r.cite("[SDM 2B, \"RDTSC\", \"RDMSR\", \"WRMSR\", \"RDPMC\"]");
    r.case("rdtsc_at_3", "ok cs=001b", &[], |t| code!(t; to_level(3); rdtsc()))?;
    r.case(
        "rdtsc_at_3_with_tsd",
        "#GP(0000) ip+00 cs=001b",
        &[],
        |t| code!(t; mov(eax, 4); mov(cr4, eax); to_level(3); at(); rdtsc()),
    )?;
    r.case("rdtsc_at_0_with_tsd", "ok", &[], |t| code!(t; mov(eax, 4); mov(cr4, eax); rdtsc()))?;
    r.case(
        "rdpmc_at_3",
        "#GP(0000) ip+00 cs=001b",
        &[],
        |t| code!(t; to_level(3); xor(ecx, ecx); at(); rdpmc()),
    )?;
    r.case("rdmsr_unknown", "#GP(0000) ip+00", &[], |t| code!(t; mov(ecx, 0x7FFF_0000); at(); rdmsr()))?;
    r.case("wrmsr_unknown", "#GP(0000) ip+00", &[], |t| code!(t; mov(ecx, 0x7FFF_0000); at(); wrmsr()))?;
    r.case(
        "wrmsr_sysenter_cs_reads_back",
        "ok eax=00000008",
        &[reg("eax", last::EAX)],
        |t| code!(t; mov(ecx, 0x174); mov(eax, 8); xor(edx, edx); wrmsr(); xor(eax, eax); rdmsr()),
    )?;
    r.case("cpuid_at_3", "ok cs=001b", &[], |t| code!(t; to_level(3); xor(eax, eax); cpuid()))
}
