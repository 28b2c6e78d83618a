//! Interrupts and exceptions through the IDT.

use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, See, bits, reg, reg16, see};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    saved_ip(r)?;
    gates(r)?;
    targets(r)?;
    flags_and_frames(r)?;
    new_stack(r)
}

/// A vector for programs.
const V: i32 = 0x40;

fn saved_ip(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Exception Classifications\"]");
    r.case("ud2_is_a_fault", "#UD ip+00", &[], |t| code!(t; at(); db(&[0x0F, 0x0B])))?;
    r.case("div_by_zero_is_a_fault", "#DE ip+00", &[], |t| code!(t; xor(ecx, ecx); at(); div(ecx)))?;
    r.case(
        "div_overflow_keeps_registers",
        "#DE ip+00 eax=00000200 edx=00000000",
        &[reg("eax", last::EAX), reg("edx", last::EDX)],
        |t| code!(t; mov(eax, 0x200); mov(cl, 1); at(); div(cl)),
    )?;
    r.case("aam_0", "#DE ip+00", &[], |t| code!(t; at(); db(&[0xD4, 0x00])))?;
    r.case(
        "bound_is_a_fault",
        "#BR ip+00",
        &[],
        |t| code!(t; poke(DATA, 1); poke(DATA + 4, 5); mov(eax, 6); at(); db(&[0x62, 0x05]); dd(&[DATA])),
    )?;
    r.case(
        "bound_inside",
        "ok",
        &[],
        |t| code!(t; poke(DATA, 1); poke(DATA + 4, 5); mov(eax, 5); at(); db(&[0x62, 0x05]); dd(&[DATA])),
    )?;
    r.case("int3_is_a_trap", "#BP ip+01", &[], |t| code!(t; at(); int3()))?;
    r.case("int_3_in_two_bytes", "#BP ip+02", &[], |t| code!(t; at(); db(&[0xCD, 0x03])))?;
    r.case("into_is_a_trap", "#OF ip+01", &[], |t| code!(t; mov(al, 0x7F); add(al, 1); at(); db(&[0xCE])))?;
    r.case("into_without_overflow", "ok", &[], |t| code!(t; xor(al, al); at(); db(&[0xCE])))?;
    r.case("int_n_is_behind", "int40 ip+02", &[], |t| code!(t; at(); int(V)))?;
    r.case("lock_of_mov_is_invalid", "#UD ip+00", &[], |t| code!(t; at(); db(&[0xF0, 0x89, 0xC0])))?;
    r.case("ud_at_level_3", "#UD ip+00 cs=001b", &[], |t| code!(t; to_level(3); at(); db(&[0x0F, 0x0B])))
}

/// A gate of `byte` for vector 40h to code that is good.
fn good_gate(t: &mut Code, byte: u8) -> Asm {
    let there = t.spot();
    let over = t.spot();
    let (offset, to_over) = (t.addr(there), t.label(over));
    code!(t; idt(V as u8, gate(KCODE, offset, byte, 0)); jmp(to_over); place(there); ok(); place(over))
}

fn gates(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 3A, \"Protection of Exception- and Interrupt-Handler Procedures\"; SDM 2A, \"INT n\"]");
    let tries: [(&str, u8, u8, &str); 14] = [
        ("int32", INT32, 0, "ok"),
        ("trap32", TRAP32, 0, "ok"),
        ("int32_from_3", INT32 | DPL3, 3, "ok"),
        ("dpl_0_from_3", INT32, 3, "#GP(0202) ip+00 cs=001b"),
        ("dpl_2_from_3", TRAP32 | DPL2, 3, "#GP(0202) ip+00 cs=001b"),
        ("dpl_0_from_1", INT32, 1, "#GP(0202) ip+00 cs=0049"),
        ("not_present", INT32 & !P, 0, "#NP(0202) ip+00"),
        ("not_present_after_dpl", INT32 & !P, 3, "#GP(0202) ip+00 cs=001b"),
        ("call_gate", CALL32, 0, "#GP(0202) ip+00"),
        ("tss", TSS32, 0, "#GP(0202) ip+00"),
        ("ldt", LDT, 0, "#GP(0202) ip+00"),
        ("code", XR, 0, "#GP(0202) ip+00"),
        ("zero", 0, 0, "#GP(0202) ip+00"),
        ("call_gate_type_before_dpl", CALL32, 3, "#GP(0202) ip+00 cs=001b"),
    ];
    for (name, byte, level, expected) in tries {
        r.case(&format!("idt_{name}"), expected, &[], |t| {
            good_gate(t, byte)?;
            if level != 0 {
                t.to_level(level)?;
            }
            code!(t; at(); int(V))
        })?;
    }
    r.case(
        "int3_dpl_0_from_3",
        "#GP(001a) ip+00 cs=001b",
        &[],
        |t| code!(t; mov(byte_ptr(IDT + 3 * 8 + 5), i32::from(INT32)); to_level(3); at(); int3()),
    )?;
    r.case("into_dpl_0_from_3", "#GP(0022) ip+00 cs=001b", &[], |t| {
        code!(t; mov(byte_ptr(IDT + 4 * 8 + 5), i32::from(INT32)); to_level(3); mov(al, 0x7F); add(al, 1); at(); db(&[0xCE]))
    })?;
    r.case(
        "exception_ignores_dpl",
        "#DE ip+00 cs=001b",
        &[],
        |t| code!(t; to_level(3); xor(ecx, ecx); at(); div(ecx)),
    )?;
    r.case(
        "int_beyond_idt",
        "#GP(0202) ip+00",
        &[],
        |t| code!(t; mov(word_ptr(DATA), 0x1FF); poke(DATA + 2, IDT); lidt(ptr(DATA)); at(); int(V)),
    )?;
    r.case(
        "int_cut_by_idt_limit",
        "#GP(0202) ip+00",
        &[],
        |t| code!(t; mov(word_ptr(DATA), 0x206); poke(DATA + 2, IDT); lidt(ptr(DATA)); at(); int(V)),
    )?;
    r.case(
        "int_last_in_idt",
        "int40 ip+02",
        &[],
        |t| code!(t; mov(word_ptr(DATA), 0x207); poke(DATA + 2, IDT); lidt(ptr(DATA)); at(); int(V)),
    )?;
    r.cite("[SDM 3A, \"Error Code\"]");
    r.case(
        "exception_gate_not_present_has_ext",
        "#NP(0033) ip+00",
        &[],
        |t| code!(t; mov(byte_ptr(IDT + 6 * 8 + 5), i32::from(INT32 & !P)); at(); db(&[0x0F, 0x0B])),
    )?;
    r.case(
        "exception_gate_of_wrong_type_has_ext",
        "#GP(0033) ip+00",
        &[],
        |t| code!(t; mov(byte_ptr(IDT + 6 * 8 + 5), i32::from(CALL32)); at(); db(&[0x0F, 0x0B])),
    )
}

fn targets(r: &mut Builder) -> Asm {
    use kind::*;
    // Name, handler's selector, its descriptor, expected for INT n and for #UD at level 0.
    let tries: [(&str, u16, u8, &str, &str); 7] = [
        ("null", 0, XR, "#GP(0000) ip+00", "#GP(0001) ip+00"),
        ("beyond", BEYOND, XR, "#GP(0200) ip+00", "#GP(0201) ip+00"),
        ("data", B, RW, "#GP(0108) ip+00", "#GP(0109) ip+00"),
        ("system", B, TSS32, "#GP(0108) ip+00", "#GP(0109) ip+00"),
        ("outer", B, XR | DPL3, "#GP(0108) ip+00", "#GP(0109) ip+00"),
        ("not_present", B, XR & !P, "#NP(0108) ip+00", "#NP(0109) ip+00"),
        ("rpl_ignored", B | 3, XR, "ok cs=0108", "ok cs=0108"),
    ];
    for (name, selector, byte, software, exception) in tries {
        for (vector, prefix, expected) in [(0x40u8, "int", software), (6, "exception", exception)] {
            r.case(&format!("{prefix}_handler_{name}"), expected, &[], |t| {
                let (there, over) = (t.spot(), t.spot());
                let (offset, to_over) = (t.addr(there), t.label(over));
                code!(t; desc(B, flat(byte)); idt(vector, gate(selector, offset, INT32, 0)); jmp(to_over);
                    place(there); ok(); place(over); at())?;
                if vector == 6 { t.db(&[0x0F, 0x0B]) } else { t.int(V) }
            })?;
        }
    }
    r.case("int_handler_conforming_stays_at_3", "ok cs=010b esp=0000cff4", &[reg("esp", last::ESP)], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(B, flat(XR_CONFORMING)); idt(0x40, gate(B, offset, INT32 | DPL3, 0)); to_level(3); at(); int(V);
            place(there))
    })?;
    r.case(
        "int_handler_at_1_from_3",
        "ok cs=0049 ss=0051 esp=0000afec",
        &[reg16("ss", last::SS), reg("esp", last::ESP)],
        |t| {
            let there = t.spot();
            let offset = t.addr(there);
            code!(t; idt(0x40, gate(CODE1, offset, INT32 | DPL3, 0)); to_level(3); at(); int(V); place(there))
        },
    )?;
    r.case(
        "int_handler_at_1_from_0",
        "#GP(0048) ip+00",
        &[],
        |t| code!(t; idt(0x40, gate(CODE1, 0, INT32 | DPL3, 0)); at(); int(V)),
    )?;
    r.case("int_handler_beyond_limit", "#GP(0000) ip+00", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(B, segment(0, 0xFFF, XR, size::S32)); idt(0x40, gate(B, offset, INT32, 0)); at(); int(V); place(there))
    })?;
    r.case("exception_handler_beyond_limit", "#GP(0001) ip+00", &[], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; desc(B, segment(0, 0xFFF, XR, size::S32)); idt(6, gate(B, offset, INT32, 0)); at(); db(&[0x0F, 0x0B]);
            place(there))
    })
}

/// Flags IF, TF, NT, DF, IOPL, RF, VM of the handler (in EAX) and saved (in EBX).
const FLAGS: [See; 2] =
    [bits("now", vars::LAST + last::EAX, 4, 0x3_7700), bits("saved", vars::LAST + last::EBX, 4, 0x3_7700)];

fn flags_and_frames(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 3A, \"Flag Usage By Exception- or Interrupt-Handler Procedure\"]");
    for (name, byte, expected) in [
        ("int_gate_clears_if_and_nt", INT32, "ok now=00003400 saved=00007600"),
        ("trap_gate_clears_nt_only", TRAP32, "ok now=00003600 saved=00007600"),
    ] {
        r.case(name, expected, &FLAGS, |t| {
            let there = t.spot();
            let offset = t.addr(there);
            code!(t; idt(0x40, gate(KCODE, offset, byte, 0)); push(0x7602); popfd(); at(); int(V); place(there);
                pushfd(); pop(eax); mov(ebx, dword_ptr(esp + 8)))
        })?;
    }
    let words: [See; 5] =
        std::array::from_fn(|n| see(["ip", "cs", "flags", "esp", "ss"][n], 0x9FEC + n as u32 * 4, 4));
    r.case(
        "int_frame_from_3",
        "ok esp=00009fec cs=0000001b flags=00000002 esp=0000d000 ss=00000023",
        &[reg("esp", last::ESP), words[1], bits("flags", 0x9FF4, 4, 0x3_7702), words[3], words[4]],
        |t| {
            let there = t.spot();
            let offset = t.addr(there);
            code!(t; idt(0x40, gate(KCODE, offset, INT32 | DPL3, 0)); to_level(3); at(); int(V); place(there))
        },
    )?;
    r.case(
        "int_frame_16_from_3",
        "ok cs=0028 esp=00009ff6 cs=001b sp=d000 ss=0023",
        &[reg("esp", last::ESP), see("cs", 0x9FF8, 2), see("sp", 0x9FFC, 2), see("ss", 0x9FFE, 2)],
        |t| {
            let there = t.code16(|_| Ok(()))?;
            code!(t; idt(0x40, gate(KCODE16, there, INT16 | DPL3, 0)); to_level(3); at(); int(V))
        },
    )?;
    r.case(
        "exception_16_bit_gate_error_code",
        "ok cs=0028 esp=00008ff8 error=0200",
        &[reg("esp", last::ESP), bits("error", vars::LAST + last::EAX, 2, 0xFFFF)],
        |t| {
            let there = t.code16(|t| code!(t; mov(bp, sp); mov(ax, word_ptr(bp))))?;
            code!(t; idt(13, gate(KCODE16, there, INT16, 0)); mov(eax, u32::from(BEYOND)); at(); mov(ds, ax))
        },
    )?;
    r.case("exception_32_bit_frame_with_error_code", "ok esp=00008ff0 error=00000200", &[reg("esp", last::ESP), reg("error", last::EAX)], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; idt(13, gate(KCODE, offset, INT32, 0)); mov(eax, u32::from(BEYOND)); mov(ds, ax); place(there);
            mov(eax, dword_ptr(esp)))
    })?;
    r.case("int_13_pushes_no_error_code", "ok esp=00008ff4", &[reg("esp", last::ESP)], |t| {
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; idt(13, gate(KCODE, offset, INT32, 0)); int(13); place(there))
    })?;
    r.case(
        "interrupt_keeps_data_segments",
        "int40 ip+02 cs=001b ds=0023 es=0023",
        &[reg16("ds", last::DS), reg16("es", last::ES)],
        |t| code!(t; to_level(3); at(); int(V)),
    )
}

fn new_stack(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 2A, \"INT n\": INTER-PRIVILEGE-LEVEL-INTERRUPT]");
    // SS1, its descriptor, expected for INT n and for #UD at level 3; the handler is at level 1.
    let tries: [(&str, u16, u8, &str, &str); 8] = [
        ("null", 0, RW | DPL1, "#TS(0000)", "#TS(0001)"),
        ("beyond", BEYOND | 1, RW | DPL1, "#TS(0200)", "#TS(0201)"),
        ("rpl", B, RW | DPL1, "#TS(0108)", "#TS(0109)"),
        ("dpl", B | 1, RW, "#TS(0108)", "#TS(0109)"),
        ("read_only", B | 1, RO | DPL1, "#TS(0108)", "#TS(0109)"),
        ("code", B | 1, XR | DPL1, "#TS(0108)", "#TS(0109)"),
        ("system", B | 1, TSS32 | DPL1, "#TS(0108)", "#TS(0109)"),
        ("not_present", B | 1, (RW | DPL1) & !P, "#SS(0108)", "#SS(0109)"),
    ];
    for (name, selector, byte, software, exception) in tries {
        for (vector, prefix, expected) in [(0x40u8, "int", software), (6, "exception", exception)] {
            r.case(&format!("{prefix}_ss_{name}"), &format!("{expected} ip+00 cs=001b"), &[], |t| {
                let there = t.spot();
                let offset = t.addr(there);
                code!(t; desc(B, flat(byte)); poke(TSS + 0x10, u32::from(selector));
                    idt(vector, gate(CODE1, offset, INT32 | DPL3, 0)); to_level(3); at())?;
                if vector == 6 {
                    t.db(&[0x0F, 0x0B])?
                } else {
                    t.int(V)?
                }
                t.place(there)
            })?;
        }
    }
    for (vector, name, expected) in [(0x40u8, "int", "#SS(0108)"), (6, "exception", "#SS(0109)")] {
        r.case(&format!("{name}_no_room_on_new_stack"), &format!("{expected} ip+00 cs=001b"), &[], |t| {
            let there = t.spot();
            let offset = t.addr(there);
            code!(t; desc(B, segment(0, 0xAFF0, RW | DPL1, size::S32)); poke(TSS + 0x10, u32::from(B) + 1);
                idt(vector, gate(CODE1, offset, INT32 | DPL3, 0)); to_level(3); at())?;
            if vector == 6 {
                t.db(&[0x0F, 0x0B])?
            } else {
                t.int(V)?
            }
            t.place(there)
        })?;
    }
    Ok(())
}
