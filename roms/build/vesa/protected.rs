//! The protected-mode entry point [VBE 3.0, "Protected Mode Entry Point"]: 16-bit code, called far with the registers of
//! INT 10h in a copy of the ROM. Functions that describe the controller and its modes belong to real mode; those that change
//! or tell what is shown are here.

use super::{
    BANK, BPP, DONE, ENABLE, FAILED, VIRT_HEIGHT, VIRT_WIDTH, X_OFFSET, XRES, Y_OFFSET, read,
    wait_for_retrace, write,
};
use crate::asm::{Asm, Assembled, Code};
use iced_x86::code_asm::*;
use iced_x86::{CpuidFeature, IcedError};

const AT: u16 = 0x4600;
/// AX when a function is not supported here.
const UNSUPPORTED: u32 = 0x024F;
const ON: u32 = 0x01;
const DAC_8_BIT: u32 = 0x20;
const LINEAR: u32 = 0x40;
const NO_CLEAR: u32 = 0x80;
/// Bytes of an entry of the mode table: number, columns, rows, depth.
const MODE_SIZE: u32 = 8;

/// The entry and the initialisation; `modes` is where the mode table lies.
pub(crate) fn build(modes: u16) -> Result<Assembled, IcedError> {
    let mut c = Code::new()?;
    c.allow(&[CpuidFeature::INTEL186, CpuidFeature::INTEL386]);
    // There is nothing to prepare.
    c.label("VESA_PM_INITIALIZE")?;
    c.a.retf()?;
    dispatch(&mut c, modes)?;
    c.finish(AT)
}

type Body = fn(&mut Code, u16) -> Asm;

/// Functions by AL. Each may change all registers but those it answers in; DI and SI hold CX and DX as they came.
const FUNCTIONS: [(u32, Body); 7] = [
    (0x02, set_mode),
    (0x03, current_mode),
    (0x05, window),
    (0x06, scan_line),
    (0x07, start),
    (0x08, dac_width),
    (0x09, palette),
];

fn dispatch(c: &mut Code, modes: u16) -> Asm {
    let mut unsupported = c.a.create_label();
    c.label("VESA_PM_ENTRY")?;
    c.a.cmp(ah, 0x4F)?;
    c.a.jne(unsupported)?;
    for (number, body) in FUNCTIONS {
        let mut other = c.a.create_label();
        c.a.cmp(al, number)?;
        c.a.jne(other)?;
        body(c, modes)?;
        c.a.set_label(&mut other)?;
        c.a.nop()?;
    }
    c.a.set_label(&mut unsupported)?;
    c.a.mov(ax, UNSUPPORTED)?;
    c.a.retf()
}

fn answer(c: &mut Code, status: u32) -> Asm {
    c.a.mov(ax, status)?;
    c.a.retf()
}

/// BX: the mode, with bit 14 for the linear frame buffer and bit 15 to keep memory.
fn set_mode(c: &mut Code, modes: u16) -> Asm {
    let mut next = c.a.create_label();
    let mut found = c.a.create_label();
    let mut not_linear = c.a.create_label();
    c.a.pusha()?;
    c.a.mov(cx, bx)?;
    c.a.and(cx, 0x37FF)?;
    c.a.mov(si, u32::from(modes) - MODE_SIZE)?;
    c.a.set_label(&mut next)?;
    c.a.add(si, MODE_SIZE)?;
    c.a.cmp(word_ptr(si).cs(), cx)?;
    c.a.je(found)?;
    c.a.cmp(word_ptr(si).cs(), 0)?;
    c.a.jne(next)?;
    c.a.popa()?;
    answer(c, FAILED)?;
    c.a.set_label(&mut found)?;
    c.a.xor(cx, cx)?;
    write(c, ENABLE, cx)?;
    for n in 0..3 {
        c.a.mov(cx, word_ptr(si + (2 + 2 * n)).cs())?;
        write(c, XRES + n, cx)?;
    }
    c.a.mov(cx, bx)?;
    c.a.shr(cx, 8)?;
    c.a.and(cx, NO_CLEAR)?;
    c.a.or(cx, ON)?;
    c.a.test(bh, 0x40)?;
    c.a.jz(not_linear)?;
    c.a.or(cx, LINEAR)?;
    c.a.set_label(&mut not_linear)?;
    write(c, ENABLE, cx)?;
    c.a.popa()?;
    answer(c, DONE)
}

/// BX: the mode that is on, with bits 14 and 15 as it was set.
fn current_mode(c: &mut Code, modes: u16) -> Asm {
    let mut next = c.a.create_label();
    let mut failed = c.a.create_label();
    c.a.pusha()?;
    read(c, ENABLE)?;
    c.a.mov(cx, ax)?;
    c.a.test(cl, ON)?;
    c.a.jz(failed)?;
    for (n, value) in [bx, di, bp].into_iter().enumerate() {
        read(c, XRES + n as u32)?;
        c.a.mov(value, ax)?;
    }
    c.a.mov(si, u32::from(modes) - MODE_SIZE)?;
    c.a.set_label(&mut next)?;
    c.a.add(si, MODE_SIZE)?;
    c.a.mov(ax, word_ptr(si).cs())?;
    c.a.test(ax, ax)?;
    c.a.jz(failed)?;
    for (n, value) in [bx, di, bp].into_iter().enumerate() {
        c.a.cmp(word_ptr(si + (2 + 2 * n)).cs(), value)?;
        c.a.jne(next)?;
    }
    // Bits 6 and 7 of the enable register are bits 14 and 15 here.
    c.a.and(cx, LINEAR | NO_CLEAR)?;
    c.a.shl(cx, 8)?;
    c.a.or(ax, cx)?;
    c.a.mov(bp, sp)?;
    c.a.mov(word_ptr(bp + 8), ax)?;
    c.a.popa()?;
    answer(c, DONE)?;
    c.a.set_label(&mut failed)?;
    c.a.popa()?;
    answer(c, FAILED)
}

/// BH = 0: the window shows bank DX; 1: DX is its bank.
fn window(c: &mut Code, _modes: u16) -> Asm {
    let mut get = c.a.create_label();
    c.a.push(cx)?;
    c.a.mov(cx, dx)?;
    c.a.test(bh, bh)?;
    c.a.jne(get)?;
    write(c, BANK, cx)?;
    c.a.mov(dx, cx)?;
    c.a.pop(cx)?;
    answer(c, DONE)?;
    c.a.set_label(&mut get)?;
    read(c, BANK)?;
    c.a.mov(dx, ax)?;
    c.a.pop(cx)?;
    answer(c, DONE)
}

/// AX becomes eighths of a byte in a pixel, in each plane where there are four; changes DX.
fn pixel_size(c: &mut Code) -> Asm {
    let mut packed = c.a.create_label();
    read(c, BPP)?;
    c.a.cmp(al, 4)?;
    c.a.jne(packed)?;
    c.a.mov(ax, 1 - 7)?;
    c.a.set_label(&mut packed)?;
    c.a.add(ax, 7)?;
    let mut done = c.a.create_label();
    c.a.cmp(ax, 1)?;
    c.a.je(done)?;
    c.a.and(ax, 0x38)?;
    c.a.set_label(&mut done)?;
    c.a.nop()
}

/// BL = 0: rows are CX pixels long; 2: CX bytes. BX is then the length in bytes, CX in pixels, DX the rows; as for 1.
fn scan_line(c: &mut Code, _modes: u16) -> Asm {
    let mut set = c.a.create_label();
    let mut get = c.a.create_label();
    c.a.push(si)?;
    c.a.cmp(bl, 1)?;
    c.a.je(get)?;
    c.a.cmp(bl, 2)?;
    c.a.jne(set)?;
    c.a.push(cx)?;
    pixel_size(c)?;
    c.a.mov(si, ax)?;
    c.a.pop(ax)?;
    c.a.mov(cx, 8)?;
    c.a.mul(cx)?;
    c.a.div(si)?;
    c.a.mov(cx, ax)?;
    c.a.set_label(&mut set)?;
    write(c, VIRT_WIDTH, cx)?;
    c.a.set_label(&mut get)?;
    read(c, VIRT_WIDTH)?;
    c.a.mov(cx, ax)?;
    pixel_size(c)?;
    c.a.mul(cx)?;
    c.a.shrd(ax, dx, 3)?;
    c.a.mov(bx, ax)?;
    read(c, VIRT_HEIGHT)?;
    c.a.mov(dx, ax)?;
    c.a.pop(si)?;
    answer(c, DONE)
}

/// BL = 0 or 80h: the picture begins at column CX, row DX, with bit 7 after the retrace has begun; 1: that is where.
fn start(c: &mut Code, _modes: u16) -> Asm {
    let mut get = c.a.create_label();
    let mut end = c.a.create_label();
    c.a.test(bl, 1)?;
    c.a.jne(get)?;
    c.a.push(si)?;
    c.a.push(dx)?;
    c.a.mov(si, dx)?;
    write(c, X_OFFSET, cx)?;
    write(c, Y_OFFSET, si)?;
    c.a.test(bl, 0x80)?;
    c.a.jz(end)?;
    wait_for_retrace(c)?;
    c.a.set_label(&mut end)?;
    c.a.pop(dx)?;
    c.a.pop(si)?;
    answer(c, DONE)?;
    c.a.set_label(&mut get)?;
    c.a.mov(bh, 0)?;
    read(c, X_OFFSET)?;
    c.a.mov(cx, ax)?;
    read(c, Y_OFFSET)?;
    c.a.mov(dx, ax)?;
    answer(c, DONE)
}

/// BL = 0: components of colours have BH bits; BH becomes how many they have.
fn dac_width(c: &mut Code, _modes: u16) -> Asm {
    let mut get = c.a.create_label();
    let mut narrow = c.a.create_label();
    let mut six = c.a.create_label();
    c.a.push(cx)?;
    c.a.push(dx)?;
    read(c, ENABLE)?;
    c.a.mov(cx, ax)?;
    c.a.test(bl, bl)?;
    c.a.jne(get)?;
    c.a.and(cx, !DAC_8_BIT & 0xFFFF)?;
    c.a.cmp(bh, 8)?;
    c.a.jb(narrow)?;
    c.a.or(cx, DAC_8_BIT)?;
    c.a.set_label(&mut narrow)?;
    write(c, ENABLE, cx)?;
    c.a.set_label(&mut get)?;
    c.a.mov(bh, 6)?;
    c.a.test(cl, DAC_8_BIT)?;
    c.a.jz(six)?;
    c.a.mov(bh, 8)?;
    c.a.set_label(&mut six)?;
    c.a.pop(dx)?;
    c.a.pop(cx)?;
    answer(c, DONE)
}

/// BL = 0 or 80h: CX colours from DX on come from ES:DI; 1: they go there. Four bytes each: blue, green, red, nothing.
fn palette(c: &mut Code, _modes: u16) -> Asm {
    let mut begin = c.a.create_label();
    let mut get = c.a.create_label();
    let mut end = c.a.create_label();
    c.a.pusha()?;
    c.a.jcxz(end)?;
    c.a.mov(si, dx)?;
    c.a.test(bl, 1)?;
    c.a.jne(get)?;
    c.a.test(bl, 0x80)?;
    c.a.jz(begin)?;
    wait_for_retrace(c)?;
    c.a.set_label(&mut begin)?;
    colours(c, 0x3C8, false)?;
    c.a.jmp(end)?;
    c.a.set_label(&mut get)?;
    colours(c, 0x3C7, true)?;
    c.a.set_label(&mut end)?;
    c.a.popa()?;
    answer(c, DONE)
}

fn colours(c: &mut Code, index: u32, read: bool) -> Asm {
    let mut next = c.a.create_label();
    c.a.mov(dx, index)?;
    c.a.mov(ax, si)?;
    c.a.out(dx, al)?;
    c.a.mov(dx, 0x3C9)?;
    c.a.set_label(&mut next)?;
    for part in [2, 1, 0] {
        if read {
            c.a.in_(al, dx)?;
            c.a.mov(byte_ptr(di + part).es(), al)?;
        } else {
            c.a.mov(al, byte_ptr(di + part).es())?;
            c.a.out(dx, al)?;
        }
    }
    if read {
        c.a.mov(byte_ptr(di + 3).es(), 0)?;
    }
    c.a.add(di, 4)?;
    c.a.loop_(next)
}
