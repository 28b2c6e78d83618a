//! The BIOS's graphics modes, drawn by INT 10h AH=0Ch: a frame, its diagonals, and bars of all colours.

use super::{Asm, Program};
use iced_x86::code_asm::*;

fn mode(p: &mut Program, number: u32, (width, height): (u32, u32), colours: u32) -> Asm {
    p.set_mode(number)?;
    // Bars of eight lines.
    let bars = colours.min(16);
    for colour in 0..bars {
        let from = height / 4 + colour * 4;
        p.repeat(width / 2, |p| {
            p.a.mov(cx, di)?;
            p.a.add(cx, width / 4)?;
            p.a.mov(dx, from)?;
            p.a.mov(ax, 0x0C00 | colour)?;
            p.dot()?;
            p.a.inc(dx)?;
            p.dot()
        })?;
    }
    p.repeat(height, |p| {
        for x in [0, width - 1] {
            p.a.mov(cx, x)?;
            p.a.mov(dx, di)?;
            p.a.mov(ax, 0x0C00 | (colours - 1))?;
            p.dot()?;
        }
        p.a.mov(cx, di)?;
        p.dot()?;
        p.a.neg(cx)?;
        p.a.add(cx, width - 1)?;
        p.dot()
    })?;
    p.rest()
}

impl Program {
    /// The dot that AX, CX and DX describe.
    fn dot(&mut self) -> Asm {
        self.a.push(di)?;
        self.a.xor(bx, bx)?;
        self.a.push(ax)?;
        self.a.int(0x10)?;
        self.a.pop(ax)?;
        self.a.pop(di)
    }
}

pub(super) fn mode_0d(p: &mut Program) -> Asm {
    mode(p, 0x0D, (320, 200), 16)
}
pub(super) fn mode_0e(p: &mut Program) -> Asm {
    mode(p, 0x0E, (640, 200), 16)
}
pub(super) fn mode_0f(p: &mut Program) -> Asm {
    mode(p, 0x0F, (640, 350), 2)
}
pub(super) fn mode_10(p: &mut Program) -> Asm {
    mode(p, 0x10, (640, 350), 16)
}
pub(super) fn mode_11(p: &mut Program) -> Asm {
    mode(p, 0x11, (640, 480), 2)
}
pub(super) fn mode_13(p: &mut Program) -> Asm {
    mode(p, 0x13, (320, 200), 256)
}
