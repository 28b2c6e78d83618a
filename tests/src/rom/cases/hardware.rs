//! Interrupts by the INTR pin. The timer raises IRQ0; the family runs last, for it changes the interrupt controller.

use super::tasks::task_a;
use crate::rom::asm::{Asm, Code, code};
use crate::rom::builder::{Builder, reg16};
use crate::rom::layout::*;
use iced_x86::code_asm::*;

pub(crate) fn cases(r: &mut Builder) -> Asm {
    when(r)?;
    errors(r)
}

/// The vector of IRQ0.
const IRQ0: u8 = 0x20;

/// The timer raises IRQ0 once, soon.
fn timer(t: &mut Code) -> Asm {
    let ports: [(i32, i32); 13] = [
        (0x20, 0x11),
        (0x21, i32::from(IRQ0)),
        (0x21, 4),
        (0x21, 1),
        (0xA0, 0x11),
        (0xA1, 0x28),
        (0xA1, 2),
        (0xA1, 1),
        (0x21, 0xFE),
        (0xA1, 0xFF),
        // Counter 0, mode 0.
        (0x43, 0x30),
        (0x40, 0x80),
        (0x40, 0),
    ];
    for (port, value) in ports {
        code!(t; mov(al, value); out(port, al))?;
    }
    Ok(())
}

/// IRQ0 is asserted, and waits for IF.
fn pending(t: &mut Code) -> Asm {
    timer(t)?;
    code!(t; mov(al, 0x0A); out(0x20, al))?;
    let again = t.here()?;
    let to_again = t.label(again);
    code!(t; in_(al, 0x20); test(al, 1); jz(to_again))
}

fn when(r: &mut Builder) -> Asm {
    r.cite("[SDM 3A, \"Masking Maskable Hardware Interrupts\"; SDM 2B, \"STI\"]");
    r.case("irq_waits_behind_sti", "int20 ip+02", &[], |t| {
        pending(t)?;
        code!(t; at(); sti(); nop(); nop())
    })?;
    r.case("irq_not_between_sti_and_cli", "ok", &[], |t| {
        pending(t)?;
        code!(t; at(); sti(); cli(); nop())
    })?;
    r.case("irq_does_not_wait_behind_popf", "int20 ip+01", &[], |t| {
        pending(t)?;
        code!(t; push(0x202); at(); popfd(); nop())
    })?;
    r.case("irq_sti_while_on_makes_no_shadow", "int20 ip+02", &[], |t| {
        pending(t)?;
        code!(t; at(); sti(); sti(); nop())
    })?;
    r.case("irq_wakes_hlt", "int20 ip+02", &[], |t| {
        timer(t)?;
        code!(t; at(); sti(); hlt(); nop())
    })?;
    r.case("irq_after_iret_to_3", "int20 ip+00 cs=001b", &[], |t| {
        pending(t)?;
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; iret_to(UCODE, offset, 0x202, (UDATA, STACK3)); place(there); at(); nop())
    })?;
    r.case("irq_in_v86_at_iopl_0", "int20 ip+00 cs=2000 v86", &[], |t| {
        pending(t)?;
        let there = t.code16(|t| code!(t; at(); nop()))?;
        t.to_v86(there, 0x200)
    })?;
    r.case("irq_ignores_gate_dpl", "int20 ip+00 cs=001b", &[], |t| {
        pending(t)?;
        let there = t.spot();
        let offset = t.addr(there);
        code!(t; mov(byte_ptr(IDT + u32::from(IRQ0) * 8 + 5), i32::from(kind::INT32));
            iret_to(UCODE, offset, 0x202, (UDATA, STACK3)); place(there); at(); nop())
    })?;
    r.case("irq_to_task", "ok tr=0100", &[reg16("tr", last::TR)], |t| {
        pending(t)?;
        let there = task_a(t)?;
        code!(t; idt(IRQ0, gate(A, 0, kind::TASK, 0)); push(0x202); popfd(); nop(); place(there))
    })
}

fn errors(r: &mut Builder) -> Asm {
    use kind::*;
    r.cite("[SDM 3A, \"Error Code\": EXT]");
    let open = |t: &mut Code| code!(t; push(0x202); at(); popfd(); nop());
    r.case("irq_gate_not_present", "#NP(0103) ip+01", &[], |t| {
        pending(t)?;
        t.mov(byte_ptr(IDT + u32::from(IRQ0) * 8 + 5), i32::from(INT32 & !P))?;
        open(t)
    })?;
    r.case("irq_gate_of_wrong_type", "#GP(0103) ip+01", &[], |t| {
        pending(t)?;
        t.mov(byte_ptr(IDT + u32::from(IRQ0) * 8 + 5), i32::from(CALL32))?;
        open(t)
    })?;
    r.case("irq_handler_is_data", "#GP(0109) ip+01", &[], |t| {
        pending(t)?;
        code!(t; desc(B, flat(RW)); idt(IRQ0, gate(B, 0, INT32, 0)))?;
        open(t)
    })?;
    r.case("irq_task_is_busy", "#GP(0101) ip+01", &[], |t| {
        pending(t)?;
        code!(t; desc(A, segment(TSS_A, 0x67, TSS32_BUSY, size::S16)); idt(IRQ0, gate(A, 0, TASK, 0)))?;
        open(t)
    })?;
    r.case("irq_beyond_idt", "#GP(0103) ip+01", &[], |t| {
        pending(t)?;
        code!(t; mov(word_ptr(DATA), 0xFF); poke(DATA + 2, IDT); lidt(ptr(DATA)))?;
        open(t)
    })
}
