//! Text: cells of eight and nine dots, two fonts, underlines, cursors, with glyphs of our own.

use super::{Asm, CRTC, GRAPHICS, Program, SEQUENCER};
use iced_x86::code_asm::*;

/// Opens plane 2 at A000h, where the fonts lie.
fn open_fonts(p: &mut Program) -> Asm {
    p.registers(SEQUENCER, &[(0, 1), (2, 4), (4, 7), (0, 3)])?;
    p.registers(GRAPHICS, &[(4, 2), (5, 0), (6, 4)])?;
    p.segment(0xA000)
}

/// Back to characters and attributes at B800h, or at B000h.
fn close_fonts(p: &mut Program, colour: bool) -> Asm {
    p.registers(SEQUENCER, &[(0, 1), (2, 3), (4, 3), (0, 3)])?;
    p.registers(GRAPHICS, &[(4, 0), (5, 0x10), (6, if colour { 0x0E } else { 0x0A })])?;
    p.segment(if colour { 0xB800 } else { 0xB000 })
}

/// A font at `at` of plane 2: glyph n has n in its first line, then a box with a stroke that moves on by a dot a line.
fn font(p: &mut Program, at: u32, stroke: u32) -> Asm {
    let (mut glyph, mut line) = (p.a.create_label(), p.a.create_label());
    p.a.mov(bx, at)?;
    p.a.xor(cx, cx)?;
    p.a.set_label(&mut glyph)?;
    p.a.mov(byte_ptr(bx).es(), cl)?;
    p.a.mov(ah, stroke)?;
    p.a.mov(si, 1)?;
    p.a.set_label(&mut line)?;
    p.a.ror(ah, 1)?;
    p.a.mov(al, ah)?;
    p.a.or(al, 0x81)?;
    p.a.mov(byte_ptr(bx + si).es(), al)?;
    p.a.inc(si)?;
    p.a.cmp(si, 32)?;
    p.a.jb(line)?;
    p.a.add(bx, 32)?;
    p.a.inc(cl)?;
    p.a.jne(glyph)
}

/// Every character and every attribute, in rows of `columns`.
fn all_characters(p: &mut Program, columns: u32, cells: u32) -> Asm {
    let mut next = p.a.create_label();
    p.a.xor(di, di)?;
    p.a.xor(ax, ax)?;
    p.a.mov(cx, cells)?;
    p.a.set_label(&mut next)?;
    p.a.stosw()?;
    p.a.add(ax, 0x0301)?;
    p.a.loop_(next)?;
    p.cells(columns + 3, &[0xC4, 0xC4, 0xDF, 0xE0, 0xB0], 0x1E)
}

/// Backgrounds are bright rather than characters blinking; no cursor.
fn steady(p: &mut Program) -> Asm {
    p.video([0x1003, 0, 0, 0])?;
    p.register(CRTC, 0x0A, 0x20)
}

fn with_font(p: &mut Program, mode: u32) -> Asm {
    p.set_mode(mode)?;
    open_fonts(p)?;
    font(p, 0, 0x18)?;
    close_fonts(p, true)?;
    steady(p)
}

/// Nine dots a character: the ninth of line characters repeats the eighth.
pub(super) fn eighty_by_25(p: &mut Program) -> Asm {
    with_font(p, 3)?;
    all_characters(p, 80, 2000)?;
    p.rest()
}

/// Forty columns, the dot clock halved.
pub(super) fn forty_by_25(p: &mut Program) -> Asm {
    with_font(p, 1)?;
    all_characters(p, 40, 1000)?;
    p.rest()
}

/// Eight lines a character, eight dots, and a cursor that is a box.
pub(super) fn eighty_by_50(p: &mut Program) -> Asm {
    with_font(p, 3)?;
    p.registers(CRTC, &[(9, 0x47)])?;
    p.registers(SEQUENCER, &[(0, 1), (1, 1), (0, 3)])?;
    all_characters(p, 80, 4000)?;
    p.rest()
}

/// Attribute bit 3 chooses between two fonts.
pub(super) fn two_fonts(p: &mut Program) -> Asm {
    with_font(p, 3)?;
    open_fonts(p)?;
    font(p, 0x4000, 0xFC)?;
    close_fonts(p, true)?;
    // Map B at 0, map A at 4000h.
    p.register(SEQUENCER, 3, 0x04)?;
    all_characters(p, 80, 2000)?;
    p.rest()
}

/// Mode 7: attribute 1 underlines.
pub(super) fn monochrome(p: &mut Program) -> Asm {
    p.set_mode(7)?;
    open_fonts(p)?;
    font(p, 0, 0x18)?;
    close_fonts(p, false)?;
    p.video([0x1003, 0, 0, 0])?;
    p.register(0x3B4, 0x0A, 0x20)?;
    all_characters(p, 80, 2000)?;
    p.rest()
}

/// Moved up by five lines, to the left by three dots and a character.
pub(super) fn scrolled(p: &mut Program) -> Asm {
    with_font(p, 3)?;
    all_characters(p, 80, 2100)?;
    p.registers(CRTC, &[(8, 0x05), (0x0D, 1)])?;
    p.attribute(0x33, 2)?;
    p.rest()
}
