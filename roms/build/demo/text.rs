//! Subroutines that print and wait.

use super::super::asm::{Asm, Code};
use iced_x86::IcedError;
use iced_x86::code_asm::*;

/// The subroutines every scene uses.
#[derive(Clone, Copy)]
pub(crate) struct Library {
    /// Prints the text at SI in colour BL.
    pub(crate) print: CodeLabel,
    /// Prints AX in decimal, colour BL.
    pub(crate) number: CodeLabel,
    /// Prints AL in hexadecimal, colour BL.
    pub(crate) hex: CodeLabel,
    /// Waits CX ticks; CF when a key ended it. Esc starts the demo again.
    pub(crate) wait: CodeLabel,
    /// Where Esc goes.
    pub(crate) restart: CodeLabel,
}

impl Library {
    pub(crate) fn new(c: &mut Code) -> Self {
        let mut label = || c.a.create_label();
        Self { print: label(), number: label(), hex: label(), wait: label(), restart: label() }
    }
}

/// Cursor to a row and column, then a text.
pub(crate) fn say(c: &mut Code, lib: &Library, (row, column): (u32, u32), text: u32, colour: u32) -> Asm {
    place(c, row, column)?;
    c.a.mov(si, text)?;
    c.a.mov(bl, colour)?;
    c.a.call(lib.print)
}

/// Cursor to a row and column of page 0.
pub(crate) fn place(c: &mut Code, row: u32, column: u32) -> Asm {
    c.a.mov(ah, 2)?;
    c.a.mov(bh, 0)?;
    c.a.mov(dx, row << 8 | column)?;
    c.a.int(0x10)
}

/// All subroutines.
pub(crate) fn subroutines(c: &mut Code, lib: &mut Library) -> Asm {
    print(c, lib)?;
    number(c, lib)?;
    hex(c, lib)?;
    wait(c, lib)
}

/// A character is first written with its colour, then typed over itself to move the cursor.
fn print(c: &mut Code, lib: &mut Library) -> Asm {
    let mut end = c.a.create_label();
    c.a.set_label(&mut lib.print)?;
    c.a.lodsb()?;
    c.a.test(al, al)?;
    c.a.jz(end)?;
    character(c)?;
    c.a.jmp(lib.print)?;
    c.a.set_label(&mut end)?;
    c.a.ret()
}

fn character(c: &mut Code) -> Asm {
    c.a.mov(ah, 9)?;
    c.a.mov(bh, 0)?;
    c.a.mov(cx, 1)?;
    c.a.int(0x10)?;
    c.a.mov(ah, 0x0E)?;
    c.a.int(0x10)
}

fn number(c: &mut Code, lib: &mut Library) -> Asm {
    let mut divide = c.a.create_label();
    let mut digits = c.a.create_label();
    c.a.set_label(&mut lib.number)?;
    c.a.xor(di, di)?;
    c.a.mov(cx, 10)?;
    c.a.set_label(&mut divide)?;
    c.a.xor(dx, dx)?;
    c.a.div(cx)?;
    c.a.push(dx)?;
    c.a.inc(di)?;
    c.a.test(ax, ax)?;
    c.a.jnz(divide)?;
    c.a.set_label(&mut digits)?;
    c.a.pop(ax)?;
    c.a.add(al, 0x30)?;
    character(c)?;
    c.a.dec(di)?;
    c.a.jnz(digits)?;
    c.a.ret()
}

fn hex(c: &mut Code, lib: &mut Library) -> Asm {
    let mut digit = c.a.create_label();
    c.a.set_label(&mut lib.hex)?;
    c.a.push(ax)?;
    c.a.mov(cl, 4)?;
    c.a.shr(al, cl)?;
    c.a.call(digit)?;
    c.a.pop(ax)?;
    c.a.set_label(&mut digit)?;
    // The classic: 0 to 15 become '0' to 'F' by decimal adjustment.
    c.a.and(al, 0x0F)?;
    c.a.add(al, 0x90u32)?;
    c.a.daa()?;
    c.a.adc(al, 0x40)?;
    c.a.daa()?;
    character(c)?;
    c.a.ret()
}

/// Ticks are read at 46Ch; the CPU halts between two of them.
fn wait(c: &mut Code, lib: &mut Library) -> Asm {
    let mut key = c.a.create_label();
    let mut next = c.a.create_label();
    let mut stay = c.a.create_label();
    c.a.set_label(&mut lib.wait)?;
    c.a.mov(dx, word_ptr(0x46C))?;
    c.a.set_label(&mut next)?;
    c.a.mov(ah, 1)?;
    c.a.int(0x16)?;
    c.a.jnz(key)?;
    c.a.hlt()?;
    c.a.mov(ax, word_ptr(0x46C))?;
    c.a.sub(ax, dx)?;
    c.a.cmp(ax, cx)?;
    c.a.jb(next)?;
    c.a.clc()?;
    c.a.ret()?;
    c.a.set_label(&mut key)?;
    c.a.mov(ah, 0)?;
    c.a.int(0x16)?;
    c.a.cmp(al, 27)?;
    c.a.jne(stay)?;
    c.a.jmp(lib.restart)?;
    c.a.set_label(&mut stay)?;
    c.a.stc()?;
    c.a.ret()
}

/// Prints one character in AL, colour BL, from a scene.
pub(crate) fn one(c: &mut Code) -> Result<(), IcedError> {
    character(c)
}
