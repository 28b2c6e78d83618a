//! Fonts: AH=11h [IBM VGA BIOS, "Character Generator"].

use super::modes::{Kind, Mode};
use super::{GRAPHICS, ROM, SEQUENCER};
use crate::bda;
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;
use ringzero_roms::{font_8x8, font_8x14, font_8x16, video_data};

/// Where the eight blocks begin in plane 2.
const BLOCKS: [u64; 8] = [0, 0x4000, 0x8000, 0xC000, 0x2000, 0x6000, 0xA000, 0xE000];

/// The functions, by AL; those of 10h up also fit the screen to the new height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    LoadUser { fit: bool },
    LoadRom { height: u8, fit: bool },
    BlockSpecifier,
    UpperGraphics,
    UserGraphics,
    RomGraphics { height: u8 },
    Information,
    Unknown,
}

impl Function {
    fn decode(al: u8) -> Self {
        let fit = al & 0x10 != 0;
        match al {
            0x00 | 0x10 => Self::LoadUser { fit },
            0x01 | 0x11 => Self::LoadRom { height: 14, fit },
            0x02 | 0x12 => Self::LoadRom { height: 8, fit },
            0x04 | 0x14 => Self::LoadRom { height: 16, fit },
            0x03 => Self::BlockSpecifier,
            0x20 => Self::UpperGraphics,
            0x21 => Self::UserGraphics,
            0x22 => Self::RomGraphics { height: 14 },
            0x23 => Self::RomGraphics { height: 8 },
            0x24 => Self::RomGraphics { height: 16 },
            0x30 => Self::Information,
            _ => Self::Unknown,
        }
    }
}

/// AH=11h.
pub(super) fn int10(g: &mut Guest) -> Served {
    match Function::decode(g.al()) {
        Function::LoadUser { fit } => load_user(g, fit),
        Function::LoadRom { height, fit } => {
            let block = g.bl();
            load_rom(g, u16::from(height), block)?;
            if fit { fit_screen(g, height) } else { Ok(()) }
        }
        Function::BlockSpecifier => {
            let blocks = g.bl();
            g.out_indexed(SEQUENCER, 3, blocks & 0x3F);
            Ok(())
        }
        Function::UpperGraphics => {
            let (segment, offset) = (g.regs().es, g.bp());
            g.write_far(LinAddr(0x1F * 4), segment, offset)
        }
        Function::UserGraphics => {
            let (segment, offset, height) = (g.regs().es, g.bp(), g.cl());
            g.write_far(LinAddr(0x43 * 4), segment, offset)?;
            graphics_rows(g, height)
        }
        Function::RomGraphics { height } => {
            set_graphics_font(g, height)?;
            graphics_rows(g, height)
        }
        Function::Information => information(g),
        Function::Unknown => Ok(()),
    }
}

/// INT 43h to the ROM font of a height.
pub(super) fn set_graphics_font(g: &mut Guest, height: u8) -> Served {
    let offset = match height {
        8 => video_data::FONT_8X8,
        14 => video_data::FONT_8X14,
        _ => video_data::FONT_8X16,
    };
    g.write_far(LinAddr(0x43 * 4), ROM, offset)
}

/// The ROM font of a height into a block.
pub(super) fn load_rom(g: &mut Guest, height: u16, block: u8) -> Served {
    let font = match height {
        8 => font_8x8(),
        14 => font_8x14(),
        _ => font_8x16(),
    };
    load(g, font, usize::from(height), 0, block)
}

fn load_user(g: &mut Guest, fit: bool) -> Served {
    let (segment, offset) = (g.regs().es, g.bp());
    let (height, block) = (g.bh().min(32), g.bl());
    let (count, first) = (g.cx().min(256), g.dx().min(255));
    let mut font = vec![0; usize::from(count) * usize::from(height)];
    g.read(LinAddr::real(segment, offset), &mut font)?;
    if height > 0 {
        load(g, &font, usize::from(height), first, block)?;
    }
    if fit && height > 0 { fit_screen(g, height) } else { Ok(()) }
}

/// Writes glyphs, 32 bytes apart, into plane 2, opened at A0000 for the while.
fn load(g: &mut Guest, font: &[u8], height: usize, first: u16, block: u8) -> Served {
    let map = g.in_indexed(GRAPHICS, 6);
    open(g, [(0, 1), (2, 4), (4, 7), (0, 3)], [(4, 2), (5, 0), (6, 4)]);
    let base = 0xA_0000 + BLOCKS[usize::from(block & 7)];
    let mut served = Ok(());
    for (n, glyph) in font.chunks_exact(height).enumerate() {
        let code = u64::from(first) + n as u64;
        if code > 255 || served.is_err() {
            break;
        }
        served = g.write(LinAddr(base + code * 32), glyph);
    }
    open(g, [(0, 1), (2, 3), (4, 3), (0, 3)], [(4, 0), (5, 0x10), (6, map)]);
    served
}

fn open(g: &mut Guest, sequencer: [(u8, u8); 4], graphics: [(u8, u8); 3]) {
    for (index, value) in sequencer {
        g.out_indexed(SEQUENCER, index, value);
    }
    for (index, value) in graphics {
        g.out_indexed(GRAPHICS, index, value);
    }
}

/// Lines that the CRTC shows: register 12h with two bits in the overflow register, halved by double scanning.
fn visible_lines(g: &mut Guest, crtc: u16) -> u16 {
    let low = u16::from(g.in_indexed(crtc, 0x12));
    let overflow = u16::from(g.in_indexed(crtc, 7));
    let lines = low | (overflow & 2) << 7 | (overflow & 0x40) << 3;
    let double = g.in_indexed(crtc, 9) & 0x80 != 0;
    if double { lines.div_ceil(2) } else { lines + 1 }
}

/// As many rows of the new height as fit.
fn fit_screen(g: &mut Guest, height: u8) -> Served {
    if Mode::current(g)?.kind != Kind::Text {
        return Ok(());
    }
    let crtc = g.bda16(bda::CRTC_PORT)?;
    let lines = visible_lines(g, crtc);
    let rows = (lines / u16::from(height)).max(1);
    let scan = g.in_indexed(crtc, 9);
    g.out_indexed(crtc, 9, scan & 0xE0 | (height - 1) & 0x1F);
    // The display ends with the last full row; the bits in the overflow register do not change by less than a row.
    let double = scan & 0x80 != 0;
    let end = (rows * u16::from(height) * if double { 2 } else { 1 }).wrapping_sub(1);
    g.out_indexed(crtc, 0x12, end as u8);
    let columns = g.bda16(bda::COLUMNS)?;
    g.set_bda(bda::ROWS, (rows - 1).min(255) as u8)?;
    g.set_bda16(bda::CHAR_HEIGHT, u16::from(height))?;
    // A page is what it shows, rounded up to a paragraph of 256 bytes.
    g.set_bda16(bda::PAGE_SIZE, (columns.wrapping_mul(rows).wrapping_mul(2)).next_multiple_of(256))?;
    let bottom = if height > 8 { height - 2 } else { height - 1 };
    g.out_indexed(crtc, 0x0A, bottom.saturating_sub(1));
    g.out_indexed(crtc, 0x0B, bottom);
    if height == 7 || height == 8 {
        g.set_bda16(bda::CURSOR_SHAPE, 0x0607)?;
    }
    Ok(())
}

/// Rows of a graphics mode: BL is 1, 2, 3 for 14, 25, 43, or 0 for DL.
fn graphics_rows(g: &mut Guest, height: u8) -> Served {
    let rows = match g.bl() {
        0 => g.dl(),
        1 => 14,
        3 => 43,
        _ => 25,
    };
    g.set_bda(bda::ROWS, rows.saturating_sub(1))?;
    g.set_bda16(bda::CHAR_HEIGHT, u16::from(height))
}

/// AL=30h: pointer BH in ES:BP, bytes per character in CX, rows less one in DL.
fn information(g: &mut Guest) -> Served {
    let pointer = match g.bh() {
        0 => g.read_far(LinAddr(0x1F * 4))?,
        1 => g.read_far(LinAddr(0x43 * 4))?,
        2 => (ROM, video_data::FONT_8X14),
        3 => (ROM, video_data::FONT_8X8),
        4 => (ROM, video_data::FONT_8X8_UPPER),
        5 => (ROM, video_data::FONT_9X14),
        6 => (ROM, video_data::FONT_8X16),
        7 => (ROM, video_data::FONT_9X16),
        _ => return Ok(()),
    };
    let height = g.bda16(bda::CHAR_HEIGHT)?;
    let rows = g.bda(bda::ROWS)?;
    g.regs().es = pointer.0;
    g.set_bp(pointer.1);
    g.set_cx(height);
    g.set_dl(rows);
    Ok(())
}
