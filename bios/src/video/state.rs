//! What the adapter is and how it stands: AH=12h, 1Ah, 1Bh, 1Ch.

use super::{GRAPHICS, ROM, SEQUENCER, attribute, set_attribute};
use crate::bda;
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;
use ringzero_roms::video_data;

/// The functions of AH=12h, by BL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alternate {
    Information,
    PrintScreen,
    ScanLines,
    PaletteLoading,
    VideoAddressing,
    GreySumming,
    CursorEmulation,
    DisplaySwitch,
    ScreenRefresh,
    Unknown,
}

impl Alternate {
    fn decode(bl: u8) -> Self {
        match bl {
            0x10 => Self::Information,
            0x20 => Self::PrintScreen,
            0x30 => Self::ScanLines,
            0x31 => Self::PaletteLoading,
            0x32 => Self::VideoAddressing,
            0x33 => Self::GreySumming,
            0x34 => Self::CursorEmulation,
            0x35 => Self::DisplaySwitch,
            0x36 => Self::ScreenRefresh,
            _ => Self::Unknown,
        }
    }
}

/// AH=12h; AL becomes 12h where the function is known. INT 05h of the system ROM prints any number of rows already.
pub(super) fn alternate(g: &mut Guest) -> Served {
    let off = g.al() & 1;
    match Alternate::decode(g.bl()) {
        Alternate::Information => return information(g),
        Alternate::PrintScreen | Alternate::Unknown => return Ok(()),
        Alternate::ScanLines => {
            let bits = match g.al() {
                0 => 0x80,
                1 => 0x00,
                2 => 0x10,
                _ => return Ok(()),
            };
            g.change_bda(bda::VGA_FLAGS, 0x90, bits)?;
        }
        Alternate::PaletteLoading => g.change_bda(bda::VGA_FLAGS, 8, off << 3)?,
        Alternate::GreySumming => g.change_bda(bda::VGA_FLAGS, 2, (off ^ 1) << 1)?,
        Alternate::CursorEmulation => g.change_bda(bda::VIDEO_CONTROL, 1, off)?,
        Alternate::VideoAddressing => {
            let misc = g.inb(0x3CC);
            g.outb(0x3C2, misc & !2 | (off ^ 1) << 1);
        }
        Alternate::DisplaySwitch => {}
        Alternate::ScreenRefresh => {
            let clocking = g.in_indexed(SEQUENCER, 1);
            g.out_indexed(SEQUENCER, 1, clocking & !0x20 | off << 5);
        }
    }
    g.set_al(0x12);
    Ok(())
}

/// BH 0 colour or 1 mono, BL 3 for 256 KiB, CH feature bits, CL switches.
fn information(g: &mut Guest) -> Served {
    let mono = g.bda16(bda::CRTC_PORT)? == 0x3B4;
    let switches = g.bda(bda::VIDEO_SWITCHES)?;
    g.set_bx(u16::from(mono) << 8 | 3);
    g.set_cx(u16::from(switches >> 4) << 8 | u16::from(switches & 0x0F));
    Ok(())
}

/// AH=1Ah: a VGA with a colour display, alone.
pub(super) fn display_combination(g: &mut Guest) -> Served {
    if g.al() == 0 {
        g.set_bx(0x0008);
    }
    if g.al() < 2 {
        g.set_al(0x1A);
    }
    Ok(())
}

/// Colours and pages of a mode [IBM VGA BIOS, "Dynamic Functionality/State Information"].
fn colours_and_pages(mode: u8) -> (u16, u8) {
    match mode {
        0 | 1 => (16, 8),
        2 | 3 => (16, 8),
        4 | 5 => (4, 1),
        6 | 0x11 => (2, 1),
        7 => (0, 8),
        0x0D => (16, 8),
        0x0E => (16, 4),
        0x0F => (0, 2),
        0x10 => (16, 2),
        0x13 => (256, 1),
        _ => (16, 1),
    }
}

/// AH=1Bh: 64 bytes at ES:DI.
pub(super) fn functionality(g: &mut Guest) -> Served {
    if g.bx() != 0 {
        return Ok(());
    }
    let at = LinAddr::real(g.regs().es, g.di());
    let mut table = [0; 64];
    table[..2].copy_from_slice(&video_data::STATIC_FUNCTIONALITY.to_le_bytes());
    table[2..4].copy_from_slice(&ROM.to_le_bytes());
    g.read(bda::at(bda::VIDEO_MODE), &mut table[4..0x22])?;
    table[0x22] = g.bda(bda::ROWS)?.wrapping_add(1);
    g.read(bda::at(bda::CHAR_HEIGHT), &mut table[0x23..0x25])?;
    table[0x25] = 8;
    let mode = g.bda(bda::VIDEO_MODE)?;
    let (colours, pages) = colours_and_pages(mode);
    table[0x27..0x29].copy_from_slice(&colours.to_le_bytes());
    table[0x29] = pages;
    table[0x2A] = scan_lines(g, mode)?;
    let fonts = g.in_indexed(SEQUENCER, 3);
    table[0x2B] = fonts >> 2 & 3 | fonts >> 3 & 4;
    table[0x2C] = fonts & 3 | fonts >> 2 & 4;
    table[0x2D] = misc_flags(g)?;
    table[0x31] = 3;
    g.write(at, &table)?;
    g.set_al(0x1B);
    Ok(())
}

/// 0 for 200, 1 for 350, 2 for 400, 3 for 480 lines.
fn scan_lines(g: &mut Guest, mode: u8) -> Served<u8> {
    Ok(match mode {
        0x0F | 0x10 => 1,
        0x11 | 0x12 => 3,
        0..=3 | 7 => match g.bda(bda::VGA_FLAGS)? & 0x90 {
            0x80 => 0,
            0x10 => 2,
            _ => 1,
        },
        _ => 0,
    })
}

/// All modes on all displays, greys, cursor emulation, blink.
fn misc_flags(g: &mut Guest) -> Served<u8> {
    let greys = g.bda(bda::VGA_FLAGS)? & 2;
    let emulation = (!g.bda(bda::VIDEO_CONTROL)? & 1) << 4;
    let no_palette = g.bda(bda::VGA_FLAGS)? & 8;
    let blink = g.bda(bda::CGA_MODE)? & 0x20;
    Ok(1 | greys | no_palette | emulation | blink)
}

/// What AH=1Ch saves, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Hardware,
    DataArea,
    Colours,
}

const PARTS: [(u16, Part); 3] = [(1, Part::Hardware), (2, Part::DataArea), (4, Part::Colours)];

impl Part {
    fn size(self) -> usize {
        match self {
            Self::Hardware => 5 + 25 + 21 + 9 + 3,
            Self::DataArea => 30 + 7 + 4 + 12,
            Self::Colours => 768 + 2,
        }
    }
}

fn chosen(mask: u16) -> impl Iterator<Item = Part> {
    PARTS.into_iter().filter(move |(bit, _)| mask & bit != 0).map(|p| p.1)
}

/// Bytes that the parts in `mask` take.
pub(super) fn size(mask: u16) -> usize {
    chosen(mask).map(Part::size).sum()
}

/// Appends the parts in `mask`.
pub(super) fn save_all(g: &mut Guest, mask: u16, data: &mut Vec<u8>) -> Served {
    chosen(mask).try_for_each(|part| save(g, part, data))
}

/// Restores the parts in `mask` from [`size`] bytes.
pub(super) fn restore_all(g: &mut Guest, mask: u16, data: &[u8]) -> Served {
    let mut rest = data;
    for part in chosen(mask) {
        let (head, tail) = rest.split_at(part.size());
        restore(g, part, head)?;
        rest = tail;
    }
    Ok(())
}

/// AH=1Ch: AL = 0 size in blocks of 64 bytes, 1 save to, 2 restore from ES:BX.
pub(super) fn save_restore(g: &mut Guest) -> Served {
    let mask = g.cx();
    let size = size(mask);
    let at = LinAddr::real(g.regs().es, g.bx());
    match g.al() {
        0 => g.set_bx(size.div_ceil(64) as u16),
        1 => {
            let mut data = Vec::new();
            save_all(g, mask, &mut data)?;
            g.write(at, &data)?;
        }
        2 => {
            let mut data = vec![0; size];
            g.read(at, &mut data)?;
            restore_all(g, mask, &data)?;
        }
        _ => return Ok(()),
    }
    g.set_al(0x1C);
    Ok(())
}

/// Ranges of the data area and vectors 1Dh, 1Fh and 43h.
const SAVED_MEMORY: [(u64, usize); 6] =
    [(0x449, 30), (0x484, 7), (0x4A8, 4), (0x1D * 4, 4), (0x1F * 4, 4), (0x43 * 4, 4)];

fn save(g: &mut Guest, part: Part, data: &mut Vec<u8>) -> Served {
    match part {
        Part::Hardware => save_hardware(g, data)?,
        Part::DataArea => {
            for (at, length) in SAVED_MEMORY {
                let mut bytes = vec![0; length];
                g.read(LinAddr(at), &mut bytes)?;
                data.extend(bytes);
            }
        }
        Part::Colours => {
            data.push(g.inb(0x3C6));
            data.push(attribute(g, 0x14)?);
            g.outb(0x3C7, 0);
            data.extend((0..768).map(|_| g.inb(0x3C9)));
        }
    }
    Ok(())
}

fn save_hardware(g: &mut Guest, data: &mut Vec<u8>) -> Served {
    let crtc = g.bda16(bda::CRTC_PORT)?;
    data.push(g.inb(0x3CC));
    data.push(g.inb(0x3CA));
    data.push(u8::from(crtc == 0x3D4));
    data.extend((0..5).map(|n| g.in_indexed(SEQUENCER, n)));
    data.extend((0..25).map(|n| g.in_indexed(crtc, n)));
    data.extend((0..9).map(|n| g.in_indexed(GRAPHICS, n)));
    for index in 0..21 {
        data.push(attribute(g, index)?);
    }
    Ok(())
}

fn restore(g: &mut Guest, part: Part, data: &[u8]) -> Served {
    match part {
        Part::Hardware => restore_hardware(g, data),
        Part::DataArea => {
            let mut rest = data;
            for (at, length) in SAVED_MEMORY {
                let (bytes, tail) = rest.split_at(length);
                g.write(LinAddr(at), bytes)?;
                rest = tail;
            }
            Ok(())
        }
        Part::Colours => {
            g.outb(0x3C6, data[0]);
            g.outb(0x3C8, 0);
            data[2..].iter().for_each(|part| g.outb(0x3C9, *part));
            set_attribute(g, 0x14, data[1])
        }
    }
}

fn restore_hardware(g: &mut Guest, data: &[u8]) -> Served {
    let crtc = if data[2] != 0 { 0x3D4 } else { 0x3B4 };
    g.set_bda16(bda::CRTC_PORT, crtc)?;
    g.out_indexed(SEQUENCER, 0, 1);
    for (n, value) in data[4..8].iter().enumerate() {
        g.out_indexed(SEQUENCER, n as u8 + 1, *value);
    }
    g.outb(0x3C2, data[0]);
    g.out_indexed(SEQUENCER, 0, 3);
    g.out_indexed(crtc, 0x11, data[8 + 0x11] & 0x7F);
    for (n, value) in data[8..33].iter().enumerate() {
        g.out_indexed(crtc, n as u8, *value);
    }
    for (n, value) in data[33..42].iter().enumerate() {
        g.out_indexed(GRAPHICS, n as u8, *value);
    }
    for (n, value) in data[42..63].iter().enumerate() {
        set_attribute(g, n as u8, *value)?;
    }
    Ok(())
}
