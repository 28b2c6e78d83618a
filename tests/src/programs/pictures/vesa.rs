//! The Bochs extension by INT 10h AH=4Fh, through the window at A000h.

use super::{Asm, GRAPHICS, Program, SEQUENCER};
use iced_x86::code_asm::*;

/// Sets a mode; the program ends here on a machine without it.
fn begin(p: &mut Program, mode: u32) -> Asm {
    p.video([0x4F02, mode, 0, 0])?;
    p.a.cmp(ax, 0x004F)?;
    p.require(CodeAssembler::je, "the mode")?;
    p.segment(0xA000)
}

/// Fills `banks` banks with a ramp of words, each bank from its number on.
fn paint(p: &mut Program, banks: u32, step: u32) -> Asm {
    p.repeat(banks, |p| {
        let mut next = p.a.create_label();
        p.a.push(di)?;
        p.a.mov(dx, di)?;
        p.a.mov(ax, 0x4F05)?;
        p.a.xor(bx, bx)?;
        p.a.int(0x10)?;
        p.a.pop(ax)?;
        p.a.push(ax)?;
        p.a.xor(di, di)?;
        p.a.mov(cx, 0x8000)?;
        p.a.set_label(&mut next)?;
        p.a.stosw()?;
        p.a.add(ax, step)?;
        p.a.loop_(next)?;
        p.a.pop(di)
    })?;
    p.rest()
}

/// 800 by 600 in four planes.
pub(super) fn planar(p: &mut Program) -> Asm {
    begin(p, 0x102)?;
    for colour in 0..16 {
        p.attribute(colour, colour)?;
        p.colour(colour, [colour * 4, 63 - colour * 4, colour * 3])?;
    }
    p.registers(GRAPHICS, &[(1, 0), (3, 0), (5, 0), (8, 0xFF)])?;
    for plane in 0..4 {
        p.register(SEQUENCER, 2, 1 << plane)?;
        p.ramp(0, 60_000, 1 + 2 * plane)?;
    }
    p.rest()
}
pub(super) fn depth_8(p: &mut Program) -> Asm {
    begin(p, 0x101)?;
    paint(p, 5, 0x0102)
}
pub(super) fn depth_15(p: &mut Program) -> Asm {
    begin(p, 0x110)?;
    paint(p, 10, 0x0021)
}
pub(super) fn depth_16(p: &mut Program) -> Asm {
    begin(p, 0x111)?;
    paint(p, 10, 0x0041)
}
pub(super) fn depth_24(p: &mut Program) -> Asm {
    begin(p, 0x112)?;
    paint(p, 15, 0x0103)
}
pub(super) fn depth_32(p: &mut Program) -> Asm {
    begin(p, 0x142)?;
    paint(p, 19, 0x0107)
}

/// Rows of 1024 pixels, the picture from column 100, row 30 on.
pub(super) fn panning(p: &mut Program) -> Asm {
    begin(p, 0x101)?;
    p.video([0x4F06, 0, 1024, 0])?;
    p.video([0x4F07, 0, 96, 30])?;
    paint(p, 8, 0x0103)
}
