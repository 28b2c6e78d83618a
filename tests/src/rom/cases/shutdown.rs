//! Double faults, shutdown, reset, and the way back to real mode.

use super::tables::{self, LINEAR};
use super::task_faults::handled_by_task;
use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, See, reg16, see};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    double_faults(r)?;
    page_fault_pairs(r)?;
    resets(r)?;
    real_mode(r)
}

/// The gate of `vector` is not present.
fn no_gate(t: &mut Code, vector: u8) -> Asm {
    t.mov(byte_ptr(IDT + u32::from(vector) * 8 + 5), i32::from(kind::INT32 & !kind::P))
}

fn double_faults(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Interrupt 8 - Double Fault Exception\"]");
    // First exception's vector, and the instruction that raises it at level 0.
    let contributory: [(&str, u8, &[u8]); 4] = [
        ("de", 0, &[0xF7, 0xF1]),
        ("np", 11, &[0x8E, 0xD8]),
        ("ss", 12, &[0x8E, 0xD0]),
        ("gp", 13, &[0x8E, 0xE0]),
    ];
    for (name, vector, bytes) in contributory {
        r.case(&format!("double_{name}_then_np"), "#DF(0000) ip+00", &[], |t| {
            no_gate(t, vector)?;
            let selector = if vector == 13 { BEYOND } else { A };
            code!(t; desc(A, flat(kind::RW & !kind::P)); mov(eax, u32::from(selector)); xor(ecx, ecx); at(); db(bytes))
        })?;
    }
    let benign: [(&str, u8, &[u8], &str); 4] = [
        ("ud", 6, &[0x0F, 0x0B], "#NP(0033) ip+00"),
        ("int3", 3, &[0xCC], "#NP(001a) ip+00"),
        ("bp_icebp", 1, &[0xF1], "#NP(000b) ip+00"),
        ("nm", 7, &[0xDB, 0xE3], "#NP(003b) ip+00"),
    ];
    for (name, vector, bytes, expected) in benign {
        r.case(&format!("serial_{name}_then_np"), expected, &[], |t| {
            no_gate(t, vector)?;
            code!(t; mov(eax, if vector == 7 { 0x19 } else { 0x11 }); mov(cr0, eax); at(); db(bytes))
        })?;
    }
    r.case("double_int_n_is_benign", "#NP(0202) ip+00", &[], |t| {
        no_gate(t, 0x40)?;
        code!(t; at(); int(0x40))
    })?;
    r.case("double_ts_then_np", "#DF(0000) ip+00 cs=001b", &[], |t| {
        no_gate(t, 10)?;
        code!(t; poke(TSS + 0x10, 0); desc(A, gate(CODE1, 0, kind::CALL32 | kind::DPL3, 0)); to_level(3); at(); call_far(A, 0))
    })
}

fn page_fault_pairs(r: &mut Builder) -> Asm {
    let kernel = r.kernel();
    r.case("double_pf_then_np", "#DF(0000) ip+00", &[], |t| {
        no_gate(t, 14)?;
        tables::build(t)?;
        tables::on(t, 0, false)?;
        code!(t; at(); mov(al, byte_ptr(LINEAR)))
    })?;
    let shows = [see("cr2", vars::LAST + last::CR2, 4)];
    // A page fault while the handler's stack at level 0 is absent; only a task can take what follows.
    let absent_stack = |t: &mut Code, vector: u8| {
        tables::build(t)?;
        code!(t; poke(TSS + 4, LINEAR + 0x1000); poke(TSS_D + 0x1C, PAGES))?;
        handled_by_task(t, kernel.stub(vector), vector)?;
        code!(t; mov(dword_ptr(vars::NOTE), 0))?;
        tables::on(t, 0, false)?;
        t.to_level(3)
    };
    r.case("double_pf_then_pf", "#DF(0000) ip=00000000 cr2=00400ffc", &shows, |t| {
        absent_stack(t, 8)?;
        code!(t; at(); mov(al, byte_ptr(LINEAR + 0x2000)))
    })?;
    r.case("serial_gp_then_pf", "#PF(0002) ip=00000000 cr2=00400ffc", &[], |t| {
        absent_stack(t, 14)?;
        code!(t; at(); hlt())
    })
}

const NOTE: [See; 1] = [see("note", vars::NOTE, 4)];

/// An IDT without room.
fn no_idt(t: &mut Code) -> Asm {
    code!(t; poke(DATA, 0); poke(DATA + 2, 0); lidt(ptr(DATA)))
}

/// Real-mode code for 40:67h: leaves a note and goes where RESET goes.
fn resume_point(t: &mut Code, code_byte: u32) -> Asm {
    let there = t.code16(|t| {
        code!(t; xor(ax, ax); mov(ds, ax); mov(ax, cs); mov(word_ptr(vars::NOTE), ax); jmp_far(0xF000, 0xFFF0))
    })?;
    code!(t; poke(0x467, u32::from(CODE_SEGMENT) << 16 | there); mov(dword_ptr(vars::NOTE), 0);
        mov(al, 0x8F); out(0x70, al); mov(al, code_byte); out(0x71, al))
}

/// Waits for a reset.
fn wait_for_it(t: &mut Code) -> Asm {
    let here = t.here()?;
    let again = t.label(here);
    code!(t; hlt(); jmp(again))
}

fn resets(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Interrupt 8 - Double Fault Exception\": shutdown]");
    r.case("triple_fault_resets", "reset", &[], |t| {
        no_idt(t)?;
        code!(t; db(&[0x0F, 0x0B]))
    })?;
    r.case("triple_fault_of_double_fault", "reset", &[], |t| {
        no_gate(t, 13)?;
        no_gate(t, 8)?;
        code!(t; mov(eax, u32::from(BEYOND)); mov(ds, ax))
    })?;
    r.cite("[AT, \"Shutdown Status Byte\"]");
    for byte in [0x05u32, 0x0A] {
        r.case(&format!("shutdown_code_{byte:02x}_by_triple_fault"), "reset note=00002000", &NOTE, |t| {
            resume_point(t, byte)?;
            no_idt(t)?;
            code!(t; db(&[0x0F, 0x0B]))
        })?;
    }
    r.case("shutdown_code_0a_by_8042", "reset note=00002000", &NOTE, |t| {
        resume_point(t, 0x0A)?;
        code!(t; mov(al, 0xFE); out(0x64, al))?;
        wait_for_it(t)
    })?;
    r.case("shutdown_code_0a_by_port_92", "reset note=00002000", &NOTE, |t| {
        resume_point(t, 0x0A)?;
        code!(t; mov(al, 3); out(0x92, al))?;
        wait_for_it(t)
    })
}

/// To real mode, `f`, and back to the 32-bit code behind.
fn in_real_mode(t: &mut Code, f: impl Fn(&mut Code) -> Asm) -> Asm {
    let back = t.spot();
    let offset = t.addr(back);
    let real = t.code16(|t| {
        let (next, ivt) = (t.spot(), t.spot());
        let (next_at, ivt_at) = (t.addr(next), t.addr(ivt));
        code!(t; mov(ax, u32::from(KDATA16)); mov(ds, ax); mov(es, ax); mov(ss, ax); db(&[0x2E]); lidt(ptr(ivt_at));
            mov(eax, cr0); and(al, 0xFE); mov(cr0, eax); jmp_far(CODE_SEGMENT, next_at); place(next);
            xor(ax, ax); mov(ss, ax); mov(sp, 0x9000))?;
        f(t)?;
        code!(t; mov(eax, cr0); or(al, 1); mov(cr0, eax); db(&[0x66, 0xEA]); dd(&[offset]); dw(&[KCODE]);
            place(ivt); dw(&[0x3FF]); dd(&[0]))
    })?;
    code!(t; mov(dword_ptr(vars::NOTE), 0); jmp_far(KCODE16, real); place(back);
        mov(eax, u32::from(KDATA)); mov(ss, ax); mov(ds, ax); mov(word_ptr(DATA), 0x7FF); mov(dword_ptr(DATA + 2), IDT);
        lidt(ptr(DATA)))
}

fn real_mode(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Switching Back to Real-Address Mode\"]");
    r.case("real_mode_and_back", "ok note=00002000", &NOTE, |t| {
        in_real_mode(t, |t| code!(t; xor(ax, ax); mov(ds, ax); mov(ax, cs); mov(word_ptr(vars::NOTE), ax)))
    })?;
    r.case("real_mode_segment_base", "ok note=00000077", &NOTE, |t| {
        in_real_mode(t, |t| code!(t; mov(ax, 0x10); mov(ds, ax); mov(byte_ptr(vars::NOTE - 0x100), 0x77)))
    })?;
    r.case("real_mode_int_uses_the_ivt", "ok note=00000055", &NOTE, |t| {
        let handler = t.code16(|t| code!(t; mov(byte_ptr(vars::NOTE), 0x55); iret()))?;
        code!(t; poke(0x41 * 4, u32::from(CODE_SEGMENT) << 16 | handler))?;
        in_real_mode(t, |t| code!(t; xor(ax, ax); mov(ds, ax); int(0x41)))
    })?;
    r.case("real_mode_keeps_limits", "ok note=12345678", &NOTE, |t| {
        // DS got a limit of 4 GiB in protected mode and is not loaded since, or loaded as in real mode.
        t.poke(DATA, 0x1234_5678)?;
        in_real_mode(t, |t| {
            code!(t; mov(eax, cr0); or(al, 1); mov(cr0, eax); mov(bx, u32::from(KDATA)); mov(ds, bx); and(al, 0xFE); mov(cr0, eax);
                xor(bx, bx); mov(ds, bx); mov(ebx, DATA); mov(eax, dword_ptr(ebx)); mov(dword_ptr(vars::NOTE), eax))
        })
    })?;
    r.case("real_mode_limit_is_64k", "ok note=000000ff", &NOTE, |t| {
        let vector = t.code16(|t| {
            code!(t; xor(ax, ax); mov(ds, ax); mov(byte_ptr(vars::NOTE), 0xFF); mov(bp, sp); add(word_ptr(bp), 3); iret())
        })?;
        code!(t; poke(13 * 4, u32::from(CODE_SEGMENT) << 16 | vector))?;
        in_real_mode(t, |t| code!(t; xor(ax, ax); mov(ds, ax); mov(ebx, 0x1_0000); db(&[0x67, 0x8A, 0x03])))
    })?;
    r.case("real_mode_then_tr", "ok tr=0068", &[reg16("tr", last::TR)], |t| in_real_mode(t, |_| Ok(())))
}
