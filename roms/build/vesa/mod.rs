//! Code of the video BIOS that runs without the firmware: the window function for far calls, the 32-bit interface of VBE 2.0,
//! and the 16-bit protected-mode entry point of VBE 3.0.
//!
//! All of it works by the ports of the Bochs extension and of the VGA alone, and finds its data by CS, whose base is the
//! caller's choice.

mod flat;
mod protected;

use super::asm::{Asm, Code};
use iced_x86::code_asm::*;

pub(crate) use flat::build as build_flat;
pub(crate) use protected::build as build_protected;

/// Ports of the Bochs extension: its index, and its data behind it.
const INDEX: u32 = 0x1CE;
/// Registers of the extension.
const XRES: u32 = 1;
const BPP: u32 = 3;
const ENABLE: u32 = 4;
const BANK: u32 = 5;
const VIRT_WIDTH: u32 = 6;
const VIRT_HEIGHT: u32 = 7;
const X_OFFSET: u32 = 8;
const Y_OFFSET: u32 = 9;
/// Input status register 1, and its bit for the vertical retrace.
const STATUS_1: u32 = 0x3DA;
const RETRACE: u32 = 0x08;
/// What AX says when a function is done.
const DONE: u32 = 0x004F;
/// What it says when it failed.
const FAILED: u32 = 0x014F;

/// Reads a register of the extension into AX; changes DX.
fn read(c: &mut Code, register: u32) -> Asm {
    c.a.mov(dx, INDEX)?;
    c.a.mov(ax, register)?;
    c.a.out(dx, ax)?;
    c.a.inc(dx)?;
    c.a.in_(ax, dx)
}

/// Writes `value`, which is not AX or DX, to a register of the extension; changes AX and DX.
fn write(c: &mut Code, register: u32, value: AsmRegister16) -> Asm {
    c.a.mov(dx, INDEX)?;
    c.a.mov(ax, register)?;
    c.a.out(dx, ax)?;
    c.a.inc(dx)?;
    c.a.mov(ax, value)?;
    c.a.out(dx, ax)
}

/// Waits until a vertical retrace is under way; changes AL and DX.
fn wait_for_retrace(c: &mut Code) -> Asm {
    let mut again = c.a.create_label();
    c.a.mov(dx, STATUS_1)?;
    c.a.set_label(&mut again)?;
    c.a.in_(al, dx)?;
    c.a.test(al, RETRACE)?;
    c.a.jz(again)
}

/// The window function, called far in real mode: BH = 0 sets window BL to DX, 1 gets it.
pub(crate) fn window(c: &mut Code) -> Asm {
    let mut get = c.a.create_label();
    let mut end = c.a.create_label();
    c.label("VESA_WINDOW")?;
    c.a.push(cx)?;
    c.a.mov(cx, dx)?;
    c.a.test(bh, bh)?;
    c.a.jne(get)?;
    write(c, BANK, cx)?;
    c.a.jmp(end)?;
    c.a.set_label(&mut get)?;
    read(c, BANK)?;
    c.a.mov(dx, ax)?;
    c.a.set_label(&mut end)?;
    c.a.mov(ax, DONE)?;
    c.a.pop(cx)?;
    c.a.retf()
}
