//! The video parameter table: the registers of every mode, 64 bytes each [IBM VGA BIOS, "Video Parameter Table"].
//!
//! *Modelled*: all 29 entries of a VGA's table, in its order: CGA modes with 200 lines, EGA modes with 350, VGA modes with
//! 400 and 480. *Not modelled*: the memory-size variants of the EGA (entries 9, Ah, Fh and 10h repeat the 256 KiB ones).
//!
//! This file is compiled into the build script of this crate too, which puts the table into the video ROM.

/// One entry in its parts, in the order of the table.
#[derive(Clone, Copy)]
struct Entry {
    /// Columns, rows less one, character height, page length.
    text: (u8, u8, u8, u16),
    /// Sequencer registers 1 to 4 and the miscellaneous output register.
    sequencer: [u8; 5],
    crtc: [u8; 25],
    attribute: [u8; 20],
    graphics: [u8; 9],
}

const PALETTE_16: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17];
const PALETTE_64: [u8; 16] = [0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F];
const PALETTE_CGA: [u8; 16] =
    [0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17];
const PALETTE_MONO: [u8; 16] = [0, 8, 8, 8, 8, 8, 8, 8, 0x10, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18];
const PALETTE_MONO_GRAPHICS: [u8; 16] = [0, 8, 0, 0, 0x18, 0x18, 0, 0, 0, 8, 0, 0, 0, 0x18, 0, 0];
const PALETTE_256: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

const GRAPHICS_TEXT: [u8; 9] = [0, 0, 0, 0, 0, 0x10, 0x0E, 0, 0xFF];
const GRAPHICS_MONO_TEXT: [u8; 9] = [0, 0, 0, 0, 0, 0x10, 0x0A, 0, 0xFF];
const GRAPHICS_CGA: [u8; 9] = [0, 0, 0, 0, 0, 0x30, 0x0F, 0, 0xFF];
const GRAPHICS_CGA_2: [u8; 9] = [0, 0, 0, 0, 0, 0, 0x0D, 0, 0xFF];
const GRAPHICS_PLANAR: [u8; 9] = [0, 0, 0, 0, 0, 0, 5, 0x0F, 0xFF];
const GRAPHICS_PLANAR_MONO: [u8; 9] = [0, 0, 0, 0, 0, 0, 5, 5, 0xFF];
const GRAPHICS_PLANAR_2: [u8; 9] = [0, 0, 0, 0, 0, 0, 5, 1, 0xFF];
const GRAPHICS_256: [u8; 9] = [0, 0, 0, 0, 0, 0x40, 5, 0x0F, 0xFF];

/// Horizontal timing, registers 0 to 5.
const H40: [u8; 6] = [0x2D, 0x27, 0x28, 0x90, 0x2B, 0xA0];
const H40_GRAPHICS: [u8; 6] = [0x2D, 0x27, 0x28, 0x90, 0x2B, 0x80];
const H80: [u8; 6] = [0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81];
const H80_GRAPHICS: [u8; 6] = [0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80];

/// Vertical timing: total and overflow; retrace start, retrace end, display end; blank start and end.
type Vertical = ([u8; 2], [u8; 3], [u8; 2]);
const V400: Vertical = ([0xBF, 0x1F], [0x9C, 0x8E, 0x8F], [0x96, 0xB9]);
const V350: Vertical = ([0xBF, 0x1F], [0x83, 0x85, 0x5D], [0x63, 0xBA]);
const V480: Vertical = ([0x0B, 0x3E], [0xEA, 0x8C, 0xDF], [0xE7, 0x04]);

/// Registers 9 to Bh are maximum scan line and cursor; 13h and 14h offset and underline; 17h the mode control.
const fn crtc(h: [u8; 6], v: Vertical, scan: [u8; 3], offset: u8, underline: u8, mode: u8) -> [u8; 25] {
    let (total, retrace, blank) = v;
    [
        h[0], h[1], h[2], h[3], h[4], h[5], total[0], total[1], 0, scan[0], scan[1], scan[2], 0, 0, 0, 0,
        retrace[0], retrace[1], retrace[2], offset, underline, blank[0], blank[1], mode, 0xFF,
    ]
}

/// Palette, then mode control, overscan, plane enable and pixel panning.
fn attribute(palette: [u8; 16], mode: u8, planes: u8, panning: u8) -> [u8; 20] {
    let mut registers = [0; 20];
    registers[..16].copy_from_slice(&palette);
    registers[16] = mode;
    registers[18] = planes;
    registers[19] = panning;
    registers
}

/// A colour text mode: 40 or 80 columns with 200, 350 or 400 lines.
fn text(columns: u8, lines: u16) -> Entry {
    let wide = columns == 80;
    let clock = if wide { 0 } else { 8 };
    let h = if wide { H80 } else { H40 };
    let offset = columns / 2;
    let page = if wide { 0x1000 } else { 0x0800 };
    let (height, v, scan, misc, dots, palette, mode) = match lines {
        200 => (8, V400, [0xC7, 6, 7], 0x63, 1, PALETTE_16, 8),
        350 => (14, V350, [0x4D, 0x0B, 0x0C], 0xA3, 1, PALETTE_64, 8),
        _ => (16, V400, [0x4F, 0x0D, 0x0E], 0x67, 0, PALETTE_64, 0x0C),
    };
    Entry {
        text: (columns, 24, height, page),
        sequencer: [clock | dots, 3, 0, 2, misc],
        crtc: crtc(h, v, scan, offset, 0x1F, 0xA3),
        attribute: attribute(palette, mode, 0x0F, if dots == 0 { 8 } else { 0 }),
        graphics: GRAPHICS_TEXT,
    }
}

/// Mode 7 with 350 or 400 lines.
fn mono_text(lines: u16) -> Entry {
    let (height, v, scan, misc, underline) = match lines {
        350 => (14, V350, [0x4D, 0x0B, 0x0C], 0xA6, 0x0D),
        _ => (16, V400, [0x4F, 0x0D, 0x0E], 0x66, 0x0F),
    };
    Entry {
        text: (80, 24, height, 0x1000),
        sequencer: [0, 3, 0, 2, misc],
        crtc: crtc(H80, v, scan, 40, underline, 0xA3),
        attribute: attribute(PALETTE_MONO, 0x0E, 0x0F, 8),
        graphics: GRAPHICS_MONO_TEXT,
    }
}

fn cga_graphics() -> Entry {
    Entry {
        text: (40, 24, 8, 0x4000),
        sequencer: [9, 3, 0, 2, 0x63],
        crtc: crtc(H40_GRAPHICS, V400, [0xC1, 0, 0], 20, 0, 0xA2),
        attribute: attribute(PALETTE_CGA, 1, 3, 0),
        graphics: GRAPHICS_CGA,
    }
}

fn cga_two_colours() -> Entry {
    let mut palette = [0x17; 16];
    palette[0] = 0;
    Entry {
        text: (80, 24, 8, 0x4000),
        sequencer: [1, 1, 0, 6, 0x63],
        crtc: crtc(H80_GRAPHICS, V400, [0xC1, 0, 0], 40, 0, 0xC2),
        attribute: attribute(palette, 1, 1, 0),
        graphics: GRAPHICS_CGA_2,
    }
}

/// Modes Dh and Eh.
fn planar_200(columns: u8) -> Entry {
    let wide = columns == 80;
    Entry {
        text: (columns, 24, 8, if wide { 0x4000 } else { 0x2000 }),
        sequencer: [if wide { 1 } else { 9 }, 0x0F, 0, 6, 0x63],
        crtc: crtc(if wide { H80_GRAPHICS } else { H40_GRAPHICS }, V400, [0xC0, 0, 0], columns / 2, 0, 0xE3),
        attribute: attribute(PALETTE_16, 1, 0x0F, 0),
        graphics: GRAPHICS_PLANAR,
    }
}

/// Modes Fh and 10h.
fn planar_350(colour: bool) -> Entry {
    let (misc, attributes, graphics) = if colour {
        (0xA3, attribute(PALETTE_64, 1, 0x0F, 0), GRAPHICS_PLANAR)
    } else {
        (0xA2, attribute(PALETTE_MONO_GRAPHICS, 0x0B, 5, 0), GRAPHICS_PLANAR_MONO)
    };
    Entry {
        text: (80, 24, 14, 0x8000),
        sequencer: [1, 0x0F, 0, 6, misc],
        crtc: crtc(H80_GRAPHICS, V350, [0x40, 0, 0], 40, 0x0F, 0xE3),
        attribute: attributes,
        graphics,
    }
}

/// Modes 11h and 12h.
fn planar_480(colours: u8) -> Entry {
    let mut two = [0x3F; 16];
    two[0] = 0;
    let (palette, graphics, mode) =
        if colours == 2 { (two, GRAPHICS_PLANAR_2, 0xC3) } else { (PALETTE_64, GRAPHICS_PLANAR, 0xE3) };
    Entry {
        text: (80, 29, 16, 0xA000),
        sequencer: [1, 0x0F, 0, 6, 0xE3],
        crtc: crtc(H80_GRAPHICS, V480, [0x40, 0, 0], 40, 0, mode),
        attribute: attribute(palette, 1, 0x0F, 0),
        graphics,
    }
}

fn chained_256() -> Entry {
    Entry {
        text: (40, 24, 8, 0x2000),
        sequencer: [1, 0x0F, 0, 0x0E, 0x63],
        crtc: crtc(H80_GRAPHICS, V400, [0x41, 0, 0], 40, 0x40, 0xA3),
        attribute: attribute(PALETTE_256, 0x41, 0x0F, 0),
        graphics: GRAPHICS_256,
    }
}

/// Entry `index` of the table.
fn entry(index: usize) -> Entry {
    match index {
        0x00 | 0x01 => text(40, 200),
        0x02 | 0x03 => text(80, 200),
        0x04 | 0x05 => cga_graphics(),
        0x06 => cga_two_colours(),
        0x07 => mono_text(350),
        0x08..=0x0C | 0x0E => planar_200(80),
        0x0D => planar_200(40),
        0x0F | 0x11 => planar_350(false),
        0x10 | 0x12 => planar_350(true),
        0x13 | 0x14 => text(40, 350),
        0x15 | 0x16 => text(80, 350),
        0x17 => text(40, 400),
        0x18 => text(80, 400),
        0x19 => mono_text(400),
        0x1A => planar_480(2),
        0x1B => planar_480(16),
        _ => chained_256(),
    }
}

/// Number of entries.
pub const ENTRIES: usize = 29;

/// The table as it lies in the video ROM.
pub fn table() -> Vec<u8> {
    (0..ENTRIES).flat_map(|index| bytes(&entry(index))).collect()
}

fn bytes(entry: &Entry) -> Vec<u8> {
    let (columns, rows, height, page) = entry.text;
    let mut bytes = vec![columns, rows, height];
    bytes.extend(page.to_le_bytes());
    // The miscellaneous output register stands behind sequencer registers 1 to 4.
    bytes.extend(entry.sequencer);
    bytes.extend(entry.crtc);
    bytes.extend(entry.attribute);
    bytes.extend(entry.graphics);
    bytes
}
