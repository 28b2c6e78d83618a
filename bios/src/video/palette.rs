//! Palettes: AH=0Bh, 10h, and the colours a mode starts with [IBM VGA BIOS, "Set Palette Registers"].

use super::{attribute, set_attribute};
use crate::bda;
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;

const OVERSCAN: u8 = 0x11;
const MODE_CONTROL: u8 = 0x10;
const COLOUR_SELECT: u8 = 0x14;

/// A colour of the DAC: red, green, blue of six bits.
type Rgb = [u8; 3];

/// The functions of AH=10h, by AL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    SetRegister,
    SetOverscan,
    SetAll,
    Blink,
    ReadRegister,
    ReadOverscan,
    ReadAll,
    SetColour,
    SetColours,
    Paging,
    ReadColour,
    ReadColours,
    SetMask,
    ReadMask,
    ReadPaging,
    Greys,
    Unknown,
}

impl Function {
    fn decode(al: u8) -> Self {
        match al {
            0x00 => Self::SetRegister,
            0x01 => Self::SetOverscan,
            0x02 => Self::SetAll,
            0x03 => Self::Blink,
            0x07 => Self::ReadRegister,
            0x08 => Self::ReadOverscan,
            0x09 => Self::ReadAll,
            0x10 => Self::SetColour,
            0x12 => Self::SetColours,
            0x13 => Self::Paging,
            0x15 => Self::ReadColour,
            0x17 => Self::ReadColours,
            0x18 => Self::SetMask,
            0x19 => Self::ReadMask,
            0x1A => Self::ReadPaging,
            0x1B => Self::Greys,
            _ => Self::Unknown,
        }
    }
}

/// AH=10h.
pub(super) fn int10(g: &mut Guest) -> Served {
    match Function::decode(g.al()) {
        Function::SetRegister => {
            let (register, value) = (g.bl(), g.bh());
            if register <= 0x14 { set_attribute(g, register, value) } else { Ok(()) }
        }
        Function::SetOverscan => {
            let value = g.bh();
            set_attribute(g, OVERSCAN, value)
        }
        Function::ReadRegister => {
            let register = g.bl() & 0x1F;
            read_register(g, register)
        }
        Function::ReadOverscan => read_register(g, OVERSCAN),
        Function::SetAll | Function::ReadAll => all_registers(g),
        Function::Blink => blink(g),
        Function::Paging => paging(g),
        Function::ReadPaging => read_paging(g),
        Function::SetColour | Function::ReadColour => one_colour(g),
        Function::SetColours | Function::ReadColours => many_colours(g),
        Function::SetMask => {
            let mask = g.bl();
            g.outb(0x3C6, mask);
            Ok(())
        }
        Function::ReadMask => {
            let mask = g.inb(0x3C6);
            g.set_bl(mask);
            Ok(())
        }
        Function::Greys => {
            let (first, count) = (g.bx(), g.cx());
            sum_to_greys(g, first, count);
            Ok(())
        }
        Function::Unknown => Ok(()),
    }
}

fn read_register(g: &mut Guest, register: u8) -> Served {
    let value = attribute(g, register)?;
    g.set_bh(value);
    Ok(())
}

/// Sixteen palette registers and the overscan at ES:DX.
fn all_registers(g: &mut Guest) -> Served {
    let at = LinAddr::real(g.regs().es, g.dx());
    let register = |n: u8| if n == 16 { OVERSCAN } else { n };
    let mut values = [0; 17];
    if Function::decode(g.al()) == Function::SetAll {
        g.read(at, &mut values)?;
        for (n, value) in values.iter().enumerate() {
            set_attribute(g, register(n as u8), *value)?;
        }
        return Ok(());
    }
    for (n, value) in values.iter_mut().enumerate() {
        *value = attribute(g, register(n as u8))?;
    }
    g.write(at, &values)
}

/// BL = 1: attribute bit 7 blinks; 0: it is intensity.
fn blink(g: &mut Guest) -> Served {
    let on = g.bl() & 1;
    let control = attribute(g, MODE_CONTROL)?;
    set_attribute(g, MODE_CONTROL, control & !8 | on << 3)?;
    g.change_bda(bda::CGA_MODE, 0x20, on << 5)
}

/// BL = 0: four pages of 64 or sixteen of 16 colours (BH); BL = 1: which page.
fn paging(g: &mut Guest) -> Served {
    let (what, value) = (g.bl(), g.bh());
    let control = attribute(g, MODE_CONTROL)?;
    match what {
        0 => set_attribute(g, MODE_CONTROL, control & 0x7F | (value & 1) << 7),
        1 => {
            let select = if control & 0x80 != 0 { value & 0x0F } else { (value & 3) << 2 };
            set_attribute(g, COLOUR_SELECT, select)
        }
        _ => Ok(()),
    }
}

fn read_paging(g: &mut Guest) -> Served {
    let small = attribute(g, MODE_CONTROL)? >> 7;
    let select = attribute(g, COLOUR_SELECT)? & 0x0F;
    g.set_bl(small);
    g.set_bh(if small != 0 { select } else { select >> 2 });
    Ok(())
}

fn set_colour(g: &mut Guest, index: u8, colour: Rgb) {
    g.outb(0x3C8, index);
    for part in colour {
        g.outb(0x3C9, part);
    }
}

fn colour(g: &mut Guest, index: u8) -> Rgb {
    g.outb(0x3C7, index);
    [(); 3].map(|()| g.inb(0x3C9) & 0x3F)
}

/// Colour BX: red DH, green CH, blue CL.
fn one_colour(g: &mut Guest) -> Served {
    let index = g.bl();
    if Function::decode(g.al()) == Function::SetColour {
        let wanted = [g.dh(), g.ch(), g.cl()];
        let greys = g.bda(bda::VGA_FLAGS)? & 2 != 0;
        set_colour(g, index, if greys { grey(wanted) } else { wanted });
        return Ok(());
    }
    let [red, green, blue] = colour(g, index);
    g.set_dh(red);
    g.set_ch(green);
    g.set_cl(blue);
    Ok(())
}

/// CX colours from BX on, at ES:DX.
fn many_colours(g: &mut Guest) -> Served {
    let at = LinAddr::real(g.regs().es, g.dx());
    let (first, count) = (g.bl(), g.cx().min(256));
    let mut data = vec![0; usize::from(count) * 3];
    if Function::decode(g.al()) == Function::SetColours {
        g.read(at, &mut data)?;
        let greys = g.bda(bda::VGA_FLAGS)? & 2 != 0;
        for (n, rgb) in data.chunks_exact(3).enumerate() {
            let rgb = [rgb[0], rgb[1], rgb[2]];
            set_colour(g, first.wrapping_add(n as u8), if greys { grey(rgb) } else { rgb });
        }
        return Ok(());
    }
    for (n, rgb) in data.chunks_exact_mut(3).enumerate() {
        rgb.copy_from_slice(&colour(g, first.wrapping_add(n as u8)));
    }
    g.write(at, &data)
}

/// 30% red, 59% green, 11% blue.
fn grey([red, green, blue]: Rgb) -> Rgb {
    let sum = u16::from(red & 63) * 77 + u16::from(green & 63) * 151 + u16::from(blue & 63) * 28;
    [(sum + 128).wrapping_shr(8).min(63) as u8; 3]
}

fn sum_to_greys(g: &mut Guest, first: u16, count: u16) {
    for n in 0..count.min(256) {
        let index = first.wrapping_add(n) as u8;
        let rgb = colour(g, index);
        set_colour(g, index, grey(rgb));
    }
}

/// AH=0Bh: BH = 0 border or background, 1 the palette of mode 4.
pub(super) fn cga(g: &mut Guest) -> Served {
    let value = g.bl();
    let register = g.bda(bda::CGA_PALETTE)?;
    let graphics = matches!(g.bda(bda::VIDEO_MODE)?, 4..=6);
    if g.bh() == 0 {
        let mixed = value & 7 | (value & 8) << 1;
        g.set_bda(bda::CGA_PALETTE, register & 0xE0 | value & 0x1F)?;
        set_attribute(g, OVERSCAN, mixed)?;
        if graphics {
            set_attribute(g, 0, mixed)?;
            cga_palette(g, register >> 5 & 1, value & 0x10)?;
        }
        return Ok(());
    }
    g.set_bda(bda::CGA_PALETTE, register & !0x20 | (value & 1) << 5)?;
    if graphics { cga_palette(g, value & 1, register & 0x10) } else { Ok(()) }
}

/// Green, red, brown or cyan, magenta, white; bright by bit 4.
fn cga_palette(g: &mut Guest, set: u8, bright: u8) -> Served {
    for (n, colour) in [(1, 2), (2, 4), (3, 6)] {
        set_attribute(g, n, colour | set | bright)?;
    }
    Ok(())
}

/// The colours of a mode: 64 of an EGA, 16 of a CGA four times, greys, or 248 of mode 13h.
pub(super) fn load_default(g: &mut Guest, mode: u8, height: u8) -> Served {
    let table: Vec<Rgb> = match mode {
        0x13 => colours_256(),
        7 | 0x0F => (0..64).map(|n| [[0, 0x2A, 0, 0x3F][n >> 3 & 3]; 3]).collect(),
        4..=6 | 0x0D | 0x0E => (0..64).map(cga_colour).collect(),
        0..=3 if height == 8 => (0..64).map(cga_colour).collect(),
        _ => (0..64).map(ega_colour).collect(),
    };
    let greys = g.bda(bda::VGA_FLAGS)? & 2 != 0;
    g.outb(0x3C8, 0);
    for n in 0..256 {
        let rgb = table.get(n).copied().unwrap_or([0; 3]);
        for part in if greys { grey(rgb) } else { rgb } {
            g.outb(0x3C9, part);
        }
    }
    Ok(())
}

/// Bits 5..0 are the lesser and the greater part of red, green, blue [IBM EGA TRM, "Palette Registers"].
fn ega_colour(n: u8) -> Rgb {
    let part = |great: u8, less: u8| (n >> great & 1) * 0x2A + (n >> less & 1) * 0x15;
    [part(2, 5), part(1, 4), part(0, 3)]
}

/// Bit 4 is intensity; dark yellow is brown.
fn cga_colour(n: u8) -> Rgb {
    let bright = (n >> 4 & 1) * 0x15;
    match n & 0x17 {
        6 => [0x2A, 0x15, 0],
        _ => [2, 1, 0].map(|bit| (n >> bit & 1) * 0x2A + bright),
    }
}

/// Greys 10h to 1Fh of mode 13h.
const GREYS: [u8; 16] =
    [0x00, 0x05, 0x08, 0x0B, 0x0E, 0x11, 0x14, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x2D, 0x32, 0x38, 0x3F];

/// Five steps from the lowest to the highest part: three intensities with three saturations each.
const RAMPS: [[u8; 5]; 9] = [
    [0x00, 0x10, 0x1F, 0x2F, 0x3F],
    [0x1F, 0x27, 0x2F, 0x37, 0x3F],
    [0x2D, 0x31, 0x36, 0x3A, 0x3F],
    [0x00, 0x07, 0x0E, 0x15, 0x1C],
    [0x0E, 0x11, 0x15, 0x18, 0x1C],
    [0x14, 0x16, 0x18, 0x1A, 0x1C],
    [0x00, 0x04, 0x08, 0x0C, 0x10],
    [0x08, 0x0A, 0x0C, 0x0E, 0x10],
    [0x0B, 0x0C, 0x0D, 0x0F, 0x10],
];

/// Sixteen CGA colours, sixteen greys, and nine wheels of 24 hues from blue over red and green back.
fn colours_256() -> Vec<Rgb> {
    let mut table: Vec<Rgb> = (0..16u8).map(|n| cga_colour(n & 7 | (n & 8) << 1)).collect();
    table.extend(GREYS.map(|level| [level; 3]));
    for ramp in RAMPS {
        table.extend((0..24).map(|hue| wheel(hue, ramp)));
    }
    table
}

/// Step `hue` of the wheel: one part rises or falls while the others stay.
fn wheel(hue: usize, ramp: [u8; 5]) -> Rgb {
    let up = ramp[hue % 4];
    let down = ramp[4 - hue % 4];
    let (low, high) = (ramp[0], ramp[4]);
    match hue / 4 {
        0 => [up, low, high],
        1 => [high, low, down],
        2 => [high, up, low],
        3 => [down, high, low],
        4 => [low, high, up],
        _ => [low, down, high],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brown_is_not_dark_yellow() {
        assert_eq!((cga_colour(6), ega_colour(0x14)), ([0x2A, 0x15, 0], [0x2A, 0x15, 0]));
    }

    #[test]
    fn mode_13_has_248_colours() {
        let table = colours_256();
        assert_eq!(table.len(), 248);
        assert_eq!((table[15], table[31], table[32]), ([63; 3], [63; 3], [0, 0, 63]));
        assert_eq!((table[40], table[48]), ([63, 0, 0], [0, 63, 0]));
    }
}
