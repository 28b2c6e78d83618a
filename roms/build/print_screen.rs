//! INT 05h: the text screen to the printer, through INT 10h and INT 17h [IBM AT TRM, "PRINT_SCREEN"].

use super::asm::{Asm, Code};
use iced_x86::code_asm::*;

/// The handler. 50:0 is 1 while it prints, FFh after an error.
pub(crate) fn code(c: &mut Code) -> Asm {
    let mut leave = c.a.create_label();
    c.label("INT05")?;
    c.a.sti()?;
    for register in [ax, bx, cx, dx] {
        c.a.push(register)?;
    }
    c.a.push(ds)?;
    c.a.mov(ax, 0x40)?;
    c.a.mov(ds, ax)?;
    c.a.cmp(byte_ptr(0x100), 1)?;
    c.a.je(leave)?;
    c.a.mov(byte_ptr(0x100), 1)?;
    c.a.mov(ah, 0x0F)?;
    c.a.int(0x10)?;
    c.a.mov(cl, ah)?;
    c.a.mov(ch, byte_ptr(0x84))?;
    c.a.inc(ch)?;
    print(c)?;
    c.a.set_label(&mut leave)?;
    c.a.pop(ds)?;
    for register in [dx, cx, bx, ax] {
        c.a.pop(register)?;
    }
    c.a.iret()
}

/// CH rows of CL columns of page BH; the cursor comes back to where it was.
fn print(c: &mut Code) -> Asm {
    let mut failed = c.a.create_label();
    let mut end = c.a.create_label();
    let mut row = c.a.create_label();
    let mut column = c.a.create_label();
    c.a.push(cx)?;
    c.a.mov(ah, 3)?;
    c.a.int(0x10)?;
    c.a.pop(cx)?;
    c.a.push(dx)?;
    c.a.xor(dx, dx)?;
    c.a.set_label(&mut row)?;
    c.a.nop()?;
    c.a.set_label(&mut column)?;
    cell(c, failed)?;
    c.a.inc(dl)?;
    c.a.cmp(dl, cl)?;
    c.a.jb(column)?;
    c.a.mov(dl, 0)?;
    c.a.mov(al, 13)?;
    character(c, failed)?;
    c.a.mov(al, 10)?;
    character(c, failed)?;
    c.a.inc(dh)?;
    c.a.cmp(dh, ch)?;
    c.a.jb(row)?;
    c.a.mov(byte_ptr(0x100), 0)?;
    c.a.jmp(end)?;
    c.a.set_label(&mut failed)?;
    c.a.mov(byte_ptr(0x100), 0xFFu32)?;
    c.a.set_label(&mut end)?;
    c.a.pop(dx)?;
    c.a.mov(ah, 2)?;
    c.a.int(0x10)
}

/// Prints the character at DX; a zero as a blank.
fn cell(c: &mut Code, failed: CodeLabel) -> Asm {
    let mut printable = c.a.create_label();
    c.a.mov(ah, 2)?;
    c.a.int(0x10)?;
    c.a.mov(ah, 8)?;
    c.a.int(0x10)?;
    c.a.test(al, al)?;
    c.a.jnz(printable)?;
    c.a.mov(al, 0x20)?;
    c.a.set_label(&mut printable)?;
    character(c, failed)
}

/// Prints AL on the first printer; time-out, error or no paper ends the printing.
fn character(c: &mut Code, failed: CodeLabel) -> Asm {
    c.a.push(dx)?;
    c.a.xor(dx, dx)?;
    c.a.mov(ah, 0)?;
    c.a.int(0x17)?;
    c.a.pop(dx)?;
    c.a.test(ah, 0x29)?;
    c.a.jnz(failed)
}
