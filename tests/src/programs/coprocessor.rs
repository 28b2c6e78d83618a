//! A division by zero with its exception unmasked: as IRQ 13 while CR0.NE is off, as DOS programs meet it, and as
//! vector 10h in protected mode while it is on [SDM 1, "Handling x87 FPU Exceptions in Software"].

use super::{Asm, Program, Tables, descriptor, floppy, gate, table_register};
use crate::session::SharedDisk;
use iced_x86::IcedError;
use iced_x86::code_asm::*;

/// What the program prints last.
pub const END: &str = "All exceptions seen.";
/// What it prints after each part; the last only on an 80486 and later.
pub const LINES: [&str; 3] =
    ["INT 75h saw the exception", "INT 2 saw the exception", "vector 10h saw the exception"];

/// A floppy with the program.
pub fn disk() -> Result<SharedDisk, IcedError> {
    floppy(code, tables)
}

/// Variables: control word, status words that handlers saw, handlers entered, the BIOS's vector 75h.
const CONTROL: u32 = 0x7000;
const STATUS: u32 = 0x7002;
const ENTERED: u32 = 0x7004;
const OLD_VECTOR: u32 = 0x7006;
/// Where vector 10h says the exception came from.
const RETURN: u32 = 0x700A;

const GDT: u16 = 0x9D00;
const IDT: u16 = 0x9E00;
const GDTR: u16 = 0x9CE0;
const IDTR: u16 = 0x9CE8;
const REAL_IDTR: u16 = 0x9CF8;

fn tables(p: &Program) -> Tables {
    let gdt = [[0; 8], descriptor(0, 0xFFFF, 0x9A), descriptor(0, 0xFFFF, 0x92)];
    let mut idt = [[0; 8]; 0x11];
    idt[0x10] = gate(p.at("vector 10h"));
    vec![
        (GDT, gdt.concat()),
        (IDT, idt.concat()),
        (GDTR, table_register(GDT, 0x17).to_vec()),
        (IDTR, table_register(IDT, 0x87).to_vec()),
        (REAL_IDTR, table_register(0, 0x3FF).to_vec()),
    ]
}

fn code(p: &mut Program) -> Asm {
    p.print("x87 exceptions\r\n")?;
    p.a.mov(ax, word_ptr(0x75 * 4))?;
    p.a.mov(word_ptr(OLD_VECTOR), ax)?;
    p.a.mov(ax, word_ptr(0x75 * 4 + 2))?;
    p.a.mov(word_ptr(OLD_VECTOR + 2), ax)?;
    own_handler(p)?;
    handler_of_the_bios(p)?;
    let mut end = p.a.create_label();
    skip_before_80486(p, end)?;
    native(p)?;
    p.a.set_label(&mut end)?;
    p.print(END)?;
    let mut idle = p.a.create_label();
    p.a.set_label(&mut idle)?;
    p.a.hlt()?;
    p.a.jmp(idle)?;
    handlers(p)
}

/// 1 / 0 with all exceptions masked but the zero divide; what comes behind it waits for the coprocessor.
fn divide_by_zero(p: &mut Program) -> Asm {
    p.a.mov(word_ptr(ENTERED), 0)?;
    p.a.mov(word_ptr(STATUS), 0)?;
    p.a.fninit()?;
    p.a.mov(word_ptr(CONTROL), 0x037B)?;
    p.a.fldcw(word_ptr(CONTROL))?;
    p.a.fld1()?;
    p.a.fldz()?;
    p.a.fdivp(st1, st0)?;
    Ok(())
}

/// One handler was entered, and it saw the zero divide (bit 2) and the summary (bit 7).
fn check(p: &mut Program, line: &str) -> Asm {
    p.a.cmp(word_ptr(ENTERED), 1)?;
    p.require(CodeAssembler::je, "one exception")?;
    p.a.mov(ax, word_ptr(STATUS))?;
    p.a.and(al, 0xBFu32)?;
    p.a.cmp(al, 0x84)?;
    p.require(CodeAssembler::je, "zero divide")?;
    // The exception is gone: nothing waits any more.
    p.a.fninit()?;
    p.a.fld1()?;
    p.a.wait()?;
    p.a.cmp(word_ptr(ENTERED), 1)?;
    p.require(CodeAssembler::je, "end of the exception")?;
    p.print(line)?;
    p.print("\r\n")
}

fn set_vector(p: &mut Program, vector: u32, handler: &str) -> Asm {
    p.a.mov(word_ptr(vector * 4), p.at(handler))?;
    p.a.mov(word_ptr(vector * 4 + 2), 0)
}

/// Time for an interrupt to come through.
fn linger(p: &mut Program) -> Asm {
    p.a.wait()?;
    p.a.mov(cx, 100)?;
    let mut spin = p.a.create_label();
    p.a.set_label(&mut spin)?;
    p.a.loop_(spin)
}

fn own_handler(p: &mut Program) -> Asm {
    p.a.cli()?;
    set_vector(p, 0x75, "INT 75h")?;
    p.a.sti()?;
    divide_by_zero(p)?;
    linger(p)?;
    check(p, LINES[0])
}

/// The BIOS's handler clears the interrupt and goes on to INT 2, where the AT's programs expected it.
fn handler_of_the_bios(p: &mut Program) -> Asm {
    p.a.cli()?;
    p.a.mov(ax, word_ptr(OLD_VECTOR))?;
    p.a.mov(word_ptr(0x75 * 4), ax)?;
    p.a.mov(ax, word_ptr(OLD_VECTOR + 2))?;
    p.a.mov(word_ptr(0x75 * 4 + 2), ax)?;
    set_vector(p, 2, "INT 2")?;
    p.a.sti()?;
    divide_by_zero(p)?;
    linger(p)?;
    check(p, LINES[1])
}

/// CR0.NE can be set on an 80486 and later only.
fn skip_before_80486(p: &mut Program, target: CodeLabel) -> Asm {
    p.a.mov(eax, cr0)?;
    p.a.or(al, 0x20)?;
    p.a.mov(cr0, eax)?;
    p.a.mov(eax, cr0)?;
    p.a.test(al, 0x20)?;
    p.jump_if_zero(target)
}

fn native(p: &mut Program) -> Asm {
    p.enter_protected(GDTR, IDTR, "inside")?;
    divide_by_zero(p)?;
    p.label("waits")?;
    p.a.wait()?;
    p.leave_by_cr0(REAL_IDTR, "back")?;
    // With NE on, vector 10h in real mode would be INT 10h of the BIOS.
    p.a.mov(eax, cr0)?;
    p.a.and(al, 0xDFu32)?;
    p.a.mov(cr0, eax)?;
    p.a.sti()?;
    p.a.mov(ax, word_ptr(RETURN))?;
    // The label's NOP is one byte, the instruction that waits behind it.
    p.a.cmp(ax, p.at("waits") + 1)?;
    p.require(CodeAssembler::je, "address of the exception")?;
    check(p, LINES[2])
}

fn handlers(p: &mut Program) -> Asm {
    p.label("INT 75h")?;
    p.a.push(ax)?;
    p.a.xor(al, al)?;
    p.a.out(0xF0, al)?;
    note(p)?;
    p.a.mov(al, 0x20)?;
    p.a.out(0xA0, al)?;
    p.a.out(0x20, al)?;
    p.a.pop(ax)?;
    p.a.iret()?;
    p.label("INT 2")?;
    p.a.push(ax)?;
    note(p)?;
    p.a.pop(ax)?;
    p.a.iret()?;
    p.label("vector 10h")?;
    p.a.push(ax)?;
    p.a.push(bp)?;
    p.a.mov(bp, sp)?;
    p.a.mov(ax, word_ptr(bp + 4))?;
    p.a.mov(word_ptr(RETURN), ax)?;
    note(p)?;
    p.a.pop(bp)?;
    p.a.pop(ax)?;
    p.a.iret()
}

/// Keeps the status word and clears the exceptions. IGNNE# lets FNSTSW and FNCLEX through in any case.
fn note(p: &mut Program) -> Asm {
    p.a.fnstsw(ax)?;
    p.a.mov(word_ptr(STATUS), ax)?;
    p.a.fnclex()?;
    p.a.inc(word_ptr(ENTERED))
}
