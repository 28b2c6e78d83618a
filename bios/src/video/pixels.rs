//! Pictures: dots (AH=0Ch, 0Dh), and characters and scrolling in graphics modes.

use super::modes::{Kind, Mode};
use super::text::Window;
use super::{GRAPHICS, SEQUENCER};
use crate::bda;
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;

/// Bit 7 of a colour: exclusive-or with what is there.
const XOR: u8 = 0x80;

/// Geometry of the picture in force.
#[derive(Clone, Copy)]
struct Canvas {
    mode: Mode,
    columns: u64,
    height: u64,
    page: u64,
}

impl Canvas {
    fn current(g: &mut Guest, page: u8) -> Served<Self> {
        let mode = Mode::current(g)?;
        let paged = mode.kind == Kind::Planar;
        let page = if paged { u64::from(g.bda16(bda::PAGE_SIZE)?) * u64::from(page & 7) } else { 0 };
        Ok(Self {
            mode,
            columns: u64::from(g.bda16(bda::COLUMNS)?),
            height: u64::from(g.bda(bda::CHAR_HEIGHT)?).max(1),
            page,
        })
    }

    /// Bytes of a character's line.
    fn cell_bytes(&self) -> u64 {
        match self.mode.kind {
            Kind::Linear => 8,
            Kind::Cga4 => 2,
            _ => 1,
        }
    }

    /// Address of byte `x` of line `y`.
    fn line(&self, y: u64, x: u64) -> LinAddr {
        let width = self.columns * self.cell_bytes();
        let offset = match self.mode.kind {
            Kind::Cga2 | Kind::Cga4 => (y & 1) * 0x2000 + (y >> 1) * 80 + x,
            _ => self.page + y * width + x,
        };
        LinAddr(self.mode.base + (offset & 0xFFFF))
    }
}

/// Puts back what drawing changes in the sequencer and the graphics controller.
pub(super) fn restore(g: &mut Guest, mode: Mode) {
    if mode.kind == Kind::Planar {
        g.out_indexed(SEQUENCER, 2, 0x0F);
        for (index, value) in [(0, 0), (1, 0), (3, 0), (4, 0), (5, 0), (8, 0xFF)] {
            g.out_indexed(GRAPHICS, index, value);
        }
    }
}

/// Copies a row of characters to `row`, or fills it.
pub(super) fn move_row(g: &mut Guest, w: Window, row: u16, source: Option<u16>, fill: u8) -> Served {
    let canvas = Canvas::current(g, w.page)?;
    let bytes = canvas.cell_bytes();
    let length = (u64::from(w.right - w.left + 1) * bytes) as usize;
    let x = u64::from(w.left) * bytes;
    let planes: &[u8] = if canvas.mode.kind == Kind::Planar { &[0, 1, 2, 3] } else { &[0] };
    for plane in planes {
        if canvas.mode.kind == Kind::Planar {
            g.out_indexed(SEQUENCER, 2, 1 << plane);
            g.out_indexed(GRAPHICS, 4, *plane);
        }
        for line in 0..canvas.height {
            let mut data = vec![fill_byte(canvas.mode.kind, fill, *plane); length];
            if let Some(source) = source {
                g.read(canvas.line(u64::from(source) * canvas.height + line, x), &mut data)?;
            }
            g.write(canvas.line(u64::from(row) * canvas.height + line, x), &data)?;
        }
    }
    Ok(())
}

fn fill_byte(kind: Kind, fill: u8, plane: u8) -> u8 {
    match kind {
        Kind::Planar if fill >> plane & 1 != 0 => 0xFF,
        Kind::Planar => 0,
        _ => fill,
    }
}

/// The glyph of a character: INT 43h, but INT 1Fh for the upper half in CGA modes.
fn glyph(g: &mut Guest, canvas: &Canvas, character: u8) -> Served<Vec<u8>> {
    let cga = matches!(canvas.mode.kind, Kind::Cga2 | Kind::Cga4);
    let (vector, index) =
        if cga && character >= 0x80 { (0x1F, character - 0x80) } else { (0x43u64, character) };
    let (segment, offset) = g.read_far(LinAddr(vector * 4))?;
    let mut lines = vec![0; canvas.height as usize];
    let at = offset.wrapping_add(u16::from(index).wrapping_mul(canvas.height as u16));
    g.read(LinAddr::real(segment, at), &mut lines)?;
    Ok(lines)
}

/// Draws a character; the background is colour 0 but in mode 13h, where BH of AH=09h would be it.
pub(super) fn draw(g: &mut Guest, page: u8, (row, column): (u16, u16), character: u8, colour: u8) -> Served {
    let canvas = Canvas::current(g, page)?;
    let lines = glyph(g, &canvas, character)?;
    let x = u64::from(column) * canvas.cell_bytes();
    if canvas.mode.kind == Kind::Planar {
        return draw_planar(g, &canvas, (u64::from(row), x), &lines, colour);
    }
    for (y, bits) in lines.iter().enumerate() {
        let at = canvas.line(u64::from(row) * canvas.height + y as u64, x);
        let mut data = spread(canvas.mode.kind, *bits, colour);
        if colour & XOR != 0 && canvas.mode.kind != Kind::Linear {
            let mut old = vec![0; data.len()];
            g.read(at, &mut old)?;
            data.iter_mut().zip(old).for_each(|(new, old)| *new ^= old);
        }
        g.write(at, &data)?;
    }
    Ok(())
}

/// The bytes of eight dots in `colour`.
fn spread(kind: Kind, bits: u8, colour: u8) -> Vec<u8> {
    let on = |dot: u8| bits >> (7 - dot) & 1 != 0;
    match kind {
        Kind::Linear => (0..8).map(|dot| if on(dot) { colour } else { 0 }).collect(),
        Kind::Cga4 => (0..2)
            .map(|half| {
                (0..4).fold(0, |byte, dot| byte << 2 | if on(half * 4 + dot) { colour & 3 } else { 0 })
            })
            .collect(),
        _ => vec![if colour & 1 != 0 { bits } else { 0 }],
    }
}

/// Clears the cell in all planes, then sets the glyph in the planes of the colour; XOR does only the second.
fn draw_planar(g: &mut Guest, canvas: &Canvas, (row, x): (u64, u64), lines: &[u8], colour: u8) -> Served {
    g.out_indexed(GRAPHICS, 8, 0xFF);
    if colour & XOR != 0 {
        g.out_indexed(GRAPHICS, 3, 0x18);
    } else {
        g.out_indexed(GRAPHICS, 3, 0);
        g.out_indexed(SEQUENCER, 2, 0x0F);
        for y in 0..lines.len() as u64 {
            g.write_u8(canvas.line(row * canvas.height + y, x), 0)?;
        }
    }
    g.out_indexed(SEQUENCER, 2, colour & 0x0F);
    for (y, bits) in lines.iter().enumerate() {
        let at = canvas.line(row * canvas.height + y as u64, x);
        g.read_u8(at)?;
        g.write_u8(at, *bits)?;
    }
    Ok(())
}

/// The character whose glyph the cell shows, or 0: AH=08h.
pub(super) fn recognise(g: &mut Guest, page: u8, row: u16, column: u16) -> Served<u8> {
    let canvas = Canvas::current(g, page)?;
    let mut shown = Vec::new();
    for y in 0..canvas.height {
        let at = canvas.line(u64::from(row) * canvas.height + y, u64::from(column) * canvas.cell_bytes());
        shown.push(dots(g, &canvas, at)?);
    }
    restore(g, canvas.mode);
    for character in 0..=0xFF {
        if glyph(g, &canvas, character)? == shown {
            return Ok(character);
        }
    }
    Ok(0)
}

/// Eight dots as bits: set where the colour is not 0.
fn dots(g: &mut Guest, canvas: &Canvas, at: LinAddr) -> Served<u8> {
    let mut data = vec![0; canvas.cell_bytes() as usize];
    if canvas.mode.kind == Kind::Planar {
        let mut bits = 0;
        for plane in 0..4 {
            g.out_indexed(GRAPHICS, 4, plane);
            bits |= g.read_u8(at)?;
        }
        return Ok(bits);
    }
    g.read(at, &mut data)?;
    Ok(match canvas.mode.kind {
        Kind::Linear => data.iter().fold(0, |bits, dot| bits << 1 | u8::from(*dot != 0)),
        Kind::Cga4 => data
            .iter()
            .flat_map(|byte| [6, 4, 2, 0].map(|shift| byte >> shift & 3))
            .fold(0, |bits, dot| bits << 1 | u8::from(dot != 0)),
        _ => data[0],
    })
}

/// Byte and bit shift of the dot at CX, DX.
fn locate(g: &mut Guest, canvas: &Canvas) -> (LinAddr, u8) {
    let (x, y) = (u64::from(g.cx()), u64::from(g.dx()));
    match canvas.mode.kind {
        Kind::Linear => (canvas.line(y, x), 0),
        Kind::Cga4 => (canvas.line(y, x / 4), 6 - (x % 4 * 2) as u8),
        _ => (canvas.line(y, x / 8), 7 - (x % 8) as u8),
    }
}

/// AH=0Ch: dot AL at CX, DX of page BH.
pub(super) fn write_request(g: &mut Guest) -> Served {
    let page = g.bh();
    let canvas = Canvas::current(g, page)?;
    let colour = g.al();
    let (at, shift) = locate(g, &canvas);
    let bits = match canvas.mode.kind {
        Kind::Text => return Ok(()),
        Kind::Linear => return g.write_u8(at, colour),
        Kind::Planar => {
            g.out_indexed(GRAPHICS, 8, 1 << shift);
            g.out_indexed(GRAPHICS, 0, colour & 0x0F);
            g.out_indexed(GRAPHICS, 1, 0x0F);
            g.out_indexed(GRAPHICS, 3, if colour & XOR != 0 { 0x18 } else { 0 });
            g.read_u8(at)?;
            g.write_u8(at, 0xFF)?;
            restore(g, canvas.mode);
            return Ok(());
        }
        Kind::Cga4 => 3,
        Kind::Cga2 => 1,
    };
    let old = g.read_u8(at)?;
    let new = (colour & bits) << shift;
    let value = if colour & XOR != 0 { old ^ new } else { old & !(bits << shift) | new };
    g.write_u8(at, value)
}

/// AH=0Dh: the dot at CX, DX of page BH to AL.
pub(super) fn read_request(g: &mut Guest) -> Served {
    let page = g.bh();
    let canvas = Canvas::current(g, page)?;
    let (at, shift) = locate(g, &canvas);
    let colour = match canvas.mode.kind {
        Kind::Text => return Ok(()),
        Kind::Linear => g.read_u8(at)?,
        Kind::Cga4 => g.read_u8(at)? >> shift & 3,
        Kind::Cga2 => g.read_u8(at)? >> shift & 1,
        Kind::Planar => {
            let mut colour = 0;
            for plane in 0..4 {
                g.out_indexed(GRAPHICS, 4, plane);
                colour |= (g.read_u8(at)? >> shift & 1) << plane;
            }
            restore(g, canvas.mode);
            colour
        }
    };
    g.set_al(colour);
    Ok(())
}
