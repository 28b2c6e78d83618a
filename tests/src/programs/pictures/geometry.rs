//! The CRT controller: sizes, where the picture begins, how rows follow each other.

use super::{Asm, CRTC, Program, SEQUENCER};
use iced_x86::code_asm::*;

/// Unchained 256 colours of 320 columns; ES on its memory.
fn unchain(p: &mut Program) -> Asm {
    p.set_mode(0x13)?;
    p.register(SEQUENCER, 4, 0x06)?;
    p.registers(CRTC, &[(0x14, 0x00), (0x17, 0xE3)])?;
    p.segment(0xA000)
}

/// Four planes, each with its own ramp over 64 KiB.
fn paint(p: &mut Program) -> Asm {
    for plane in 0..4 {
        p.register(SEQUENCER, 2, 1 << plane)?;
        p.ramp(0, 0xFFFF, 1 + plane)?;
    }
    Ok(())
}

/// 240 lines of 320: 480 without the doubling of mode 13h's timing.
pub(super) fn mode_x(p: &mut Program) -> Asm {
    unchain(p)?;
    p.register(SEQUENCER, 0, 1)?;
    p.out(0x3C2, 0xE3)?;
    p.register(SEQUENCER, 0, 3)?;
    p.unlock_crtc()?;
    p.registers(
        CRTC,
        &[
            (6, 0x0D),
            (7, 0x3E),
            (9, 0x41),
            (0x10, 0xEA),
            (0x11, 0xAC),
            (0x12, 0xDF),
            (0x15, 0xE7),
            (0x16, 0x06),
        ],
    )?;
    paint(p)?;
    // The second page.
    p.registers(CRTC, &[(0x0C, 0x4B), (0x0D, 0x00)])?;
    p.rest()
}

/// 360 columns by the faster dot clock, and 480 lines.
pub(super) fn tall_mode_x(p: &mut Program) -> Asm {
    unchain(p)?;
    p.register(SEQUENCER, 0, 1)?;
    p.out(0x3C2, 0xE7)?;
    p.register(SEQUENCER, 0, 3)?;
    p.unlock_crtc()?;
    p.registers(
        CRTC,
        &[
            (0, 0x6B),
            (1, 0x59),
            (2, 0x5A),
            (3, 0x8E),
            (4, 0x5E),
            (5, 0x8A),
            (6, 0x0D),
            (7, 0x3E),
            (9, 0x40),
            (0x10, 0xEA),
            (0x11, 0xAC),
            (0x12, 0xDF),
            (0x13, 0x2D),
            (0x15, 0xE7),
            (0x16, 0x06),
        ],
    )?;
    paint(p)?;
    p.rest()
}

/// Below line 300 the picture begins again at address 0, and does not pan.
pub(super) fn split_screen(p: &mut Program) -> Asm {
    unchain(p)?;
    p.register(SEQUENCER, 2, 0x0F)?;
    p.fill(0, 80 * 50, 0x2C)?;
    p.fill(80 * 20, 40, 0x0F)?;
    paint_from(p, 0x2000)?;
    p.registers(CRTC, &[(0x0C, 0x20), (0x0D, 0x00), (0x18, 299 & 0xFF), (7, 0x1F), (9, 0x01)])?;
    p.attribute(0x30, 0x61)?;
    p.attribute(0x33, 0x04)?;
    p.rest()
}

fn paint_from(p: &mut Program, at: u32) -> Asm {
    for plane in 0..4 {
        p.register(SEQUENCER, 2, 1 << plane)?;
        p.ramp(at, 80 * 200, 1 + plane)?;
    }
    Ok(())
}

/// Mode 0Dh moved by three dots, by a byte, and by a row of the memory.
pub(super) fn panning(p: &mut Program) -> Asm {
    p.set_mode(0x0D)?;
    p.segment(0xA000)?;
    for plane in 0..4 {
        p.register(SEQUENCER, 2, 1 << plane)?;
        p.ramp(0, 42 * 200, 1 + 2 * plane)?;
    }
    // Rows of 42 bytes, so that there is something to move over.
    p.registers(CRTC, &[(0x13, 21), (0x0D, 42 + 1), (8, 0x20)])?;
    p.attribute(0x33, 3)?;
    p.rest()
}

/// Rows of five lines, from the third on: a graphics mode with a preset row scan.
pub(super) fn row_height(p: &mut Program) -> Asm {
    p.set_mode(0x10)?;
    p.segment(0xA000)?;
    for plane in 0..4 {
        p.register(SEQUENCER, 2, 1 << plane)?;
        p.ramp(0, 80 * 80, 5 + 2 * plane)?;
    }
    p.registers(CRTC, &[(9, 0x04), (8, 0x02)])?;
    p.rest()
}

/// Mode 13h in a row of 512 bytes, the picture from the middle of it on.
pub(super) fn long_rows(p: &mut Program) -> Asm {
    p.set_mode(0x13)?;
    p.segment(0xA000)?;
    // Chain 4 reaches every fourth address of the planes: what lies between, and shows behind row 127, is cleared.
    p.register(SEQUENCER, 4, 0x06)?;
    p.fill(0, 0xFFFF, 0)?;
    p.register(SEQUENCER, 4, 0x0E)?;
    p.ramp(0, 0xFFFF, 1)?;
    for line in 0..120 {
        p.a.mov(byte_ptr(line * 512 + line + 100).es(), 0x0F)?;
    }
    p.registers(CRTC, &[(0x13, 64), (0x0D, 20)])?;
    p.rest()
}
