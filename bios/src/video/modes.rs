//! Modes and how to set them: AH=00h.

use super::{GRAPHICS, ROM, SEQUENCER, fonts, palette, vbe};
use crate::bda;
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;
use ringzero_roms::video_data;

/// How memory becomes a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// Two banks of lines, two bits a dot.
    Cga4,
    /// Two banks of lines, one bit a dot.
    Cga2,
    /// Four planes.
    Planar,
    /// A byte a dot.
    Linear,
}

/// What a mode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mode {
    pub(super) kind: Kind,
    /// Linear address of its memory.
    pub(super) base: u64,
}

impl Mode {
    pub(super) fn decode(number: u8) -> Option<Self> {
        let (kind, base) = match number {
            0x00..=0x03 => (Kind::Text, 0xB_8000),
            0x04 | 0x05 => (Kind::Cga4, 0xB_8000),
            0x06 => (Kind::Cga2, 0xB_8000),
            0x07 => (Kind::Text, 0xB_0000),
            0x0D..=0x12 => (Kind::Planar, 0xA_0000),
            0x13 => (Kind::Linear, 0xA_0000),
            _ => return None,
        };
        Some(Self { kind, base })
    }

    /// The mode in force; a number that is none of ours is taken as text.
    pub(super) fn current(g: &mut Guest) -> Served<Self> {
        let number = g.bda(bda::VIDEO_MODE)? & 0x7F;
        Ok(Self::decode(number).unwrap_or(Self { kind: Kind::Text, base: 0xB_8000 }))
    }
}

/// Entry of the parameter table; text modes come with 200, 350 or 400 lines as 40:89h says.
fn entry_index(number: u8, vga_flags: u8) -> u16 {
    let lines = match vga_flags & 0x90 {
        0x80 => 200,
        0x10 => 400,
        _ => 350,
    };
    u16::from(match (number, lines) {
        (0 | 1, 400) => 0x17,
        (2 | 3, 400) => 0x18,
        (0..=3, 350) => 0x13 + number,
        (7, 400) => 0x19,
        (0x0F..=0x10, _) => number + 2,
        (0x11..=0x13, _) => number + 9,
        _ => number,
    })
}

/// The 64 bytes of a mode, from the table that 40:A8h leads to.
fn parameters(g: &mut Guest, number: u8) -> Served<[u8; 64]> {
    let flags = g.bda(bda::VGA_FLAGS)?;
    let (save_segment, save_offset) = g.read_far(bda::at(bda::SAVE_TABLE))?;
    let mut table = (ROM, video_data::PARAMETERS);
    if save_segment != 0 {
        let pointer = g.read_far(LinAddr::real(save_segment, save_offset))?;
        if pointer != (0, 0) {
            table = pointer;
        }
    }
    let mut bytes = [0; 64];
    let offset = table.1.wrapping_add(entry_index(number, flags) * 64);
    g.read(LinAddr::real(table.0, offset), &mut bytes)?;
    Ok(bytes)
}

/// Sets mode AL; bit 7 keeps the memory. A number without a mode changes nothing.
pub(super) fn set(g: &mut Guest, request: u8) -> Served {
    let number = request & 0x7F;
    let Some(mode) = Mode::decode(number) else { return Ok(()) };
    let bytes = parameters(g, number)?;
    vbe::leave(g);
    let keep = request & 0x80;
    let crtc = if bytes[9] & 1 != 0 { 0x3D4 } else { 0x3B4 };
    g.set_bda16(bda::CRTC_PORT, crtc)?;
    data_area(g, number, keep, &bytes)?;
    let load_palette = g.bda(bda::VGA_FLAGS)? & 8 == 0;
    registers(g, crtc, &bytes, load_palette)?;
    if load_palette {
        palette::load_default(g, number, bytes[2])?;
    }
    if mode.kind == Kind::Text {
        fonts::load_rom(g, u16::from(bytes[2]), 0)?;
    }
    fonts::set_graphics_font(g, bytes[2])?;
    if keep == 0 {
        clear(g, mode)?;
    }
    let clocking = g.in_indexed(SEQUENCER, 1);
    g.out_indexed(SEQUENCER, 1, clocking & !0x20);
    Ok(())
}

/// Display off, then every register of the table [IBM VGA TRM, "Programming the Registers"].
fn registers(g: &mut Guest, crtc: u16, bytes: &[u8; 64], load_palette: bool) -> Served {
    g.out_indexed(SEQUENCER, 0, 1);
    g.out_indexed(SEQUENCER, 1, bytes[5] | 0x20);
    for index in 2..5u8 {
        g.out_indexed(SEQUENCER, index, bytes[usize::from(index) + 4]);
    }
    g.outb(0x3C2, bytes[9]);
    g.out_indexed(SEQUENCER, 0, 3);
    // The lower registers are locked by bit 7 of register 11h.
    g.out_indexed(crtc, 0x11, bytes[10 + 0x11] & 0x7F);
    for index in 0..25u8 {
        g.out_indexed(crtc, index, bytes[usize::from(index) + 10]);
    }
    g.inb(crtc + 6);
    for index in 0..20u8 {
        if index < 16 && !load_palette {
            continue;
        }
        g.outb(0x3C0, index);
        g.outb(0x3C0, bytes[usize::from(index) + 35]);
    }
    g.outb(0x3C0, 0x14);
    g.outb(0x3C0, 0);
    g.outb(0x3C0, 0x20);
    for index in 0..9u8 {
        g.out_indexed(GRAPHICS, index, bytes[usize::from(index) + 55]);
    }
    g.outb(0x3C6, 0xFF);
    Ok(())
}

/// CGA mode register values of modes 0 to 7 for 40:65h.
const CGA_MODES: [u8; 8] = [0x2C, 0x28, 0x2D, 0x29, 0x2A, 0x2E, 0x1E, 0x29];

fn data_area(g: &mut Guest, number: u8, keep: u8, bytes: &[u8; 64]) -> Served {
    g.set_bda(bda::VIDEO_MODE, number)?;
    g.set_bda16(bda::COLUMNS, u16::from(bytes[0]))?;
    g.set_bda16(bda::PAGE_SIZE, u16::from_le_bytes([bytes[3], bytes[4]]))?;
    g.set_bda16(bda::PAGE_START, 0)?;
    g.write(bda::at(bda::CURSORS), &[0; 16])?;
    let text = Mode::decode(number).is_some_and(|m| m.kind == Kind::Text);
    g.set_bda16(bda::CURSOR_SHAPE, if text { 0x0607 } else { 0 })?;
    g.set_bda(bda::ACTIVE_PAGE, 0)?;
    let cga_mode = CGA_MODES.get(usize::from(number)).copied().unwrap_or(0x29);
    g.set_bda(bda::CGA_MODE, cga_mode)?;
    g.set_bda(bda::CGA_PALETTE, if number == 6 { 0x3F } else { 0x30 })?;
    g.set_bda(bda::ROWS, bytes[1])?;
    g.set_bda16(bda::CHAR_HEIGHT, u16::from(bytes[2]))?;
    g.change_bda(bda::VIDEO_CONTROL, 0x80, 0x60 | keep)?;
    let mono = if matches!(number, 7 | 0x0F) { 0x30 } else { 0x20 };
    g.change_bda(bda::EQUIPMENT, 0x30, mono)
}

/// Blanks for text, zeros for graphics; planar memory takes a write in all planes.
fn clear(g: &mut Guest, mode: Mode) -> Served {
    let bytes = match mode.kind {
        Kind::Text => [0x20, 0x07].repeat(0x4000),
        Kind::Cga2 | Kind::Cga4 => vec![0; 0x8000],
        Kind::Planar | Kind::Linear => vec![0; 0x1_0000],
    };
    g.write(LinAddr(mode.base), &bytes)
}
