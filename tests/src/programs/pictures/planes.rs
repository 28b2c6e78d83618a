//! The graphics controller in mode 12h: how the CPU's bytes come to the planes and back.

use super::{Asm, GRAPHICS, Program, SEQUENCER};
use iced_x86::code_asm::*;

/// Bytes of a row.
const ROW: u32 = 80;

/// Mode 12h with ES on its memory.
fn begin(p: &mut Program) -> Asm {
    p.set_mode(0x12)?;
    p.segment(0xA000)
}

/// Everything passes as it is.
fn reset(p: &mut Program) -> Asm {
    p.registers(GRAPHICS, &[(0, 0), (1, 0), (3, 0), (5, 0), (8, 0xFF)])?;
    p.register(SEQUENCER, 2, 0x0F)
}

/// A band of sixteen lines: 40 bytes of colour 9 and 40 of colour 6, to draw on.
fn band(p: &mut Program, band: u32) -> Asm {
    reset(p)?;
    for line in 0..16 {
        let at = (band * 20 + line) * ROW;
        p.register(SEQUENCER, 2, 0x09)?;
        p.fill(at, 40, 0xFF)?;
        p.register(SEQUENCER, 2, 0x06)?;
        p.fill(at + 40, 40, 0xFF)?;
    }
    p.register(SEQUENCER, 2, 0x0F)
}

/// Reads and writes a byte in each of the band's places, each line with its number as data.
fn draw(p: &mut Program, band: u32, value: u32) -> Asm {
    let mut next = p.a.create_label();
    p.a.mov(di, band * 20 * ROW)?;
    p.a.mov(cx, 16 * ROW)?;
    p.a.set_label(&mut next)?;
    p.a.mov(al, byte_ptr(di).es())?;
    p.a.mov(al, value)?;
    p.a.mov(byte_ptr(di).es(), al)?;
    p.a.inc(di)?;
    p.a.loop_(next)
}

/// All write modes with set/reset, bit mask and map mask.
pub(super) fn write_modes(p: &mut Program) -> Asm {
    begin(p)?;
    let settings: [(&[(u32, u32)], u32); 10] = [
        (&[(5, 0)], 0xCC),
        (&[(5, 0), (8, 0x3C)], 0xFF),
        (&[(5, 0), (0, 0x05), (1, 0x0F)], 0x00),
        (&[(5, 0), (0, 0x05), (1, 0x03), (8, 0xF0)], 0xAA),
        (&[(5, 0), (3, 0x03)], 0x0F),
        (&[(5, 2)], 0x0C),
        (&[(5, 2), (8, 0x81)], 0x03),
        (&[(5, 3), (0, 0x0A)], 0x18),
        (&[(5, 3), (0, 0x0E), (8, 0x0F), (3, 0x02)], 0x99),
        (&[(5, 1)], 0x55),
    ];
    for (n, (registers, value)) in (0..).zip(settings) {
        band(p, n)?;
        p.registers(GRAPHICS, registers)?;
        draw(p, n, value)?;
    }
    band(p, 10)?;
    p.register(SEQUENCER, 2, 0x03)?;
    draw(p, 10, 0x66)?;
    p.rest()
}

/// AND, OR and XOR with the latches, in write modes 0, 2 and 3.
pub(super) fn logic_functions(p: &mut Program) -> Asm {
    begin(p)?;
    let mut n = 0;
    for (mode, value) in [(0, 0x5A), (2, 0x0B), (3, 0x3C)] {
        for function in [0x00, 0x08, 0x10, 0x18] {
            band(p, n)?;
            p.registers(GRAPHICS, &[(0, 0x0D), (3, function), (5, mode)])?;
            draw(p, n, value)?;
            n += 1;
        }
    }
    p.rest()
}

/// Read mode 0 plane by plane, and read mode 1, drawn as what was read.
pub(super) fn read_modes(p: &mut Program) -> Asm {
    begin(p)?;
    reset(p)?;
    for (plane, pattern) in [(1, 0xF0), (2, 0xCC), (4, 0xAA), (8, 0x0F)] {
        p.register(SEQUENCER, 2, plane)?;
        p.fill(0, 10 * ROW, pattern)?;
    }
    p.register(SEQUENCER, 2, 0x0F)?;
    let mut row = 20;
    let mut copy = |p: &mut Program| {
        let to = row * ROW;
        row += 12;
        p.peek(5)?;
        p.fill_al(to, 10 * ROW)
    };
    for plane in 0..4 {
        p.registers(GRAPHICS, &[(4, plane), (5, 0)])?;
        copy(p)?;
    }
    for (colour, care) in [(0x0F, 0x0F), (0x05, 0x0F), (0x05, 0x07), (0x00, 0x08), (0x0A, 0x00)] {
        p.registers(GRAPHICS, &[(2, colour), (7, care), (5, 8)])?;
        copy(p)?;
    }
    p.rest()
}

/// Write mode 1 copies all planes at once; what was read last is what is written.
pub(super) fn latches(p: &mut Program) -> Asm {
    begin(p)?;
    reset(p)?;
    for plane in 0..4 {
        p.register(SEQUENCER, 2, 1 << plane)?;
        p.ramp(0, ROW, 3 + 2 * plane)?;
    }
    p.register(SEQUENCER, 2, 0x0F)?;
    p.register(GRAPHICS, 5, 1)?;
    for row in 1..40 {
        // MOVSB reads and writes: each row moves on by a byte.
        p.a.push(ds)?;
        p.a.mov(ax, 0xA000)?;
        p.a.mov(ds, ax)?;
        p.a.mov(si, (row - 1) * ROW)?;
        p.a.mov(di, row * ROW + 1)?;
        p.a.mov(cx, ROW - 1)?;
        p.a.rep().movsb()?;
        p.a.pop(ds)?;
    }
    p.peek(40)?;
    p.fill(60 * ROW, 20 * ROW, 0)?;
    p.rest()
}

impl Program {
    /// Fills `len` bytes at ES:`at` with AL.
    fn fill_al(&mut self, at: u32, len: u32) -> Asm {
        self.a.mov(di, at)?;
        self.a.mov(cx, len)?;
        self.a.cld()?;
        self.a.rep().stosb()
    }
}
