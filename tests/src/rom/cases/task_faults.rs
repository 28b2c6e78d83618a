//! Faults of a task switch that has begun: they belong to the new task, and a task handles them.

use super::tasks::{field, task_a, task32};
use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, See, access, reg16, see};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    segments(r)?;
    others(r)
}

/// The task in slot D handles `vectors`: it tells of the fault with the CS and EIP that the faulting task in slot A
/// was left with.
pub(crate) fn handled_by_task(t: &mut Code, stub: u32, vector: u8) -> Asm {
    let (entry, over) = (t.spot(), t.spot());
    let (address, to_over) = (t.addr(entry), t.label(over));
    task32(t, D, TSS_D, address)?;
    // The error code is pushed below what will be taken for EIP, CS and EFLAGS.
    code!(t; poke(0x7FF8, 2);
        idt(vector, gate(D, 0, kind::TASK, 0)); jmp(to_over); place(entry);
        mov(eax, dword_ptr(TSS_A + field::EIP)); mov(dword_ptr(0x7FF0u32), eax);
        mov(eax, dword_ptr(TSS_A + field::CS)); mov(dword_ptr(0x7FF4u32), eax);
        jmp(u64::from(stub)); place(over))
}

/// The handler's task was entered from the new task; the old one is no longer busy.
const WHOSE: [See; 3] = [see("from", TSS_D, 2), access("old", KTSS), access("new", A)];

/// Field, selector in it, descriptor in slot B, vector, expected.
type Bad = (&'static str, u32, u16, u64, u8, &'static str);

fn segments(r: &mut Builder) -> Asm {
    use field::*;
    use kind::*;
    const OK: u8 = 0;
    r.cite("[SDM 3A, \"Exception Conditions Checked During a Task Switch\"]");
    let tries: [Bad; 31] = [
        ("cs_null", CS, 0, 0, 10, "#TS(0000) ip+00 cs=0000"),
        ("cs_beyond", CS, BEYOND, 0, 10, "#TS(0200) ip+00 cs=0200"),
        ("cs_data", CS, B, flat(RW), 10, "#TS(0108) ip+00 cs=0108"),
        ("cs_system", CS, B, flat(TSS32), 10, "#TS(0108) ip+00 cs=0108"),
        ("cs_dpl_not_rpl", CS, B, flat(XR | DPL3), 10, "#TS(0108) ip+00 cs=0108"),
        ("cs_rpl_not_dpl", CS, B | 3, flat(XR), 10, "#TS(0108) ip+00 cs=010b"),
        ("cs_conforming_dpl_greater", CS, B, flat(XR_CONFORMING | DPL3), 10, "#TS(0108) ip+00 cs=0108"),
        ("cs_not_present", CS, B, flat(XR & !P), 11, "#NP(0108) ip+00 cs=0108"),
        ("cs_conforming", CS, B, flat(XR_CONFORMING), OK, "ok cs=0108"),
        ("ss_null", SS, 0, 0, 10, "#TS(0000) ip+00"),
        ("ss_beyond", SS, BEYOND, 0, 10, "#TS(0200) ip+00"),
        ("ss_read_only", SS, B, flat(RO), 10, "#TS(0108) ip+00"),
        ("ss_code", SS, B, flat(XR), 10, "#TS(0108) ip+00"),
        ("ss_rpl", SS, B | 3, flat(RW), 10, "#TS(0108) ip+00"),
        ("ss_dpl", SS, B, flat(RW | DPL3), 10, "#TS(0108) ip+00"),
        ("ss_not_present", SS, B, flat(RW & !P), 12, "#SS(0108) ip+00"),
        ("ds_beyond", DS, BEYOND, 0, 10, "#TS(0200) ip+00"),
        ("ds_execute_only", DS, B, flat(XO), 10, "#TS(0108) ip+00"),
        ("ds_system", DS, B, flat(TSS32), 10, "#TS(0108) ip+00"),
        ("ds_rpl_greater", DS, B | 3, flat(RW), 10, "#TS(0108) ip+00"),
        ("ds_not_present", DS, B, flat(RW & !P), 11, "#NP(0108) ip+00"),
        ("ds_conforming_rpl_greater", DS, B | 3, flat(XR_CONFORMING), OK, "ok"),
        ("es_beyond", ES, BEYOND, 0, 10, "#TS(0200) ip+00"),
        ("fs_not_present", FS, B, flat(RO & !P), 11, "#NP(0108) ip+00"),
        ("gs_execute_only", GS, B, flat(XO_CONFORMING), 10, "#TS(0108) ip+00"),
        ("ldt_beyond", field::LDT, BEYOND, 0, 10, "#TS(0200) ip+00"),
        ("ldt_in_ldt", field::LDT, L, 0, 10, "#TS(0004) ip+00"),
        ("ldt_data", field::LDT, B, flat(RW), 10, "#TS(0108) ip+00"),
        (
            "ldt_not_present",
            field::LDT,
            B,
            segment(super::super::layout::LDT, 7, kind::LDT & !P, size::S16),
            10,
            "#TS(0108) ip+00",
        ),
        ("ds_in_absent_ldt", DS, L, 0, 10, "#TS(0004) ip+00"),
        ("ds_null_is_good", DS, 3, 0, OK, "ok"),
    ];
    let kernel = r.kernel();
    for (name, offset, selector, descriptor, vector, expected) in tries {
        let (expected, shows): (String, &[See]) = if vector == OK {
            (expected.to_owned(), &[])
        } else {
            (format!("{expected} from=0100 old=89 new=8b"), &WHOSE)
        };
        r.case(&format!("task_new_{name}"), &expected, shows, |t| {
            if vector != OK {
                handled_by_task(t, kernel.stub(vector), vector)?;
            }
            let there = task_a(t)?;
            if selector == B | 3 && offset == CS {
                // So that only CS is at fault.
                for offset in [ES, SS, DS, FS, GS] {
                    t.poke(TSS_A + offset, u32::from(UDATA))?;
                }
            }
            code!(t; desc(B, descriptor); poke(TSS_A + offset, u32::from(selector)); jmp_far(A, 0); place(there); at())
        })?;
    }
    Ok(())
}

fn others(r: &mut Builder) -> Asm {
    let kernel = r.kernel();
    r.case("task_new_eip_beyond_limit", "#GP(0000) ip+00 cs=0108 from=0100 old=89 new=8b", &WHOSE, |t| {
        handled_by_task(t, kernel.stub(13), 13)?;
        let there = task_a(t)?;
        code!(t; desc(B, segment(0, 0xFFF, kind::XR, size::S32)); poke(TSS_A + field::CS, u32::from(B)); jmp_far(A, 0);
            place(there); at())
    })?;
    r.case(
        "task_new_called_cs_bad",
        "#TS(0200) ip+00 cs=0200 from=0100 old=8b new=8b link=0068",
        &[WHOSE[0], WHOSE[1], WHOSE[2], see("link", TSS_A, 2)],
        |t| {
            handled_by_task(t, kernel.stub(10), 10)?;
            let there = task_a(t)?;
            code!(t; poke(TSS_A + field::CS, u32::from(BEYOND)); call_far(A, 0); place(there); at())
        },
    )?;
    r.case("task_new_ds_bad_with_gate", "#TS(0200) ip+00 tr=0100", &[reg16("tr", last::TR)], |t| {
        // CS and SS are good by then, so that a gate's handler can run in the new task.
        let there = task_a(t)?;
        code!(t; poke(TSS_A + field::DS, u32::from(BEYOND)); jmp_far(A, 0); place(there); at())
    })
}
