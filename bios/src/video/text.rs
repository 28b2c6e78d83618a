//! Cursor, pages, characters and scrolling: AH=01h to 03h, 05h to 0Ah, 0Eh, 0Fh, 13h.

use super::modes::{Kind, Mode};
use super::pixels;
use crate::bda;
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;

/// Which way lines move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// A rectangle of character cells, edges included, on a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) top: u16,
    pub(super) left: u16,
    pub(super) bottom: u16,
    pub(super) right: u16,
    pub(super) page: u8,
}

/// AH=01h. The shape is stored as given; a CGA shape is fitted to taller characters while 40:87h bit 0 is clear.
pub(super) fn set_cursor_shape(g: &mut Guest) -> Served {
    let (start, end) = (g.ch(), g.cl());
    g.set_bda16(bda::CURSOR_SHAPE, u16::from(start) << 8 | u16::from(end))?;
    let height = g.bda(bda::CHAR_HEIGHT)?;
    let emulate = g.bda(bda::VIDEO_CONTROL)? & 1 == 0;
    let (start, end) = if emulate { fit_cursor(start, end, height) } else { (start, end) };
    let crtc = g.bda16(bda::CRTC_PORT)?;
    g.out_indexed(crtc, 0x0A, start);
    g.out_indexed(crtc, 0x0B, end);
    Ok(())
}

/// Scales lines 0 to 7 to the character height; a shape switched off or already in full lines stays.
fn fit_cursor(start: u8, end: u8, height: u8) -> (u8, u8) {
    if height <= 8 || end >= 8 || start >= 0x20 {
        return (start, end);
    }
    let scale = |line: u8| (u16::from(line) + 1) * u16::from(height) / 8;
    let last = scale(end) - 1;
    let first = if end == start + 1 { last.saturating_sub(1) } else { scale(start) - 1 };
    (first as u8, last as u8)
}

fn position(g: &mut Guest, page: u8) -> Served<(u16, u16)> {
    let at = g.bda16(bda::CURSORS + u16::from(page & 7) * 2)?;
    Ok((at >> 8, at & 0xFF))
}

/// AH=02h.
pub(super) fn set_cursor_request(g: &mut Guest) -> Served {
    let (page, at) = (g.bh(), g.dx());
    set_cursor(g, page, at)
}

/// Remembers the position of `page`; on the active one the cursor moves.
pub(super) fn set_cursor(g: &mut Guest, page: u8, at: u16) -> Served {
    g.set_bda16(bda::CURSORS + u16::from(page & 7) * 2, at)?;
    if g.bda(bda::ACTIVE_PAGE)? != page {
        return Ok(());
    }
    let columns = g.bda16(bda::COLUMNS)?;
    let start = g.bda16(bda::PAGE_START)? / 2;
    let cell = start.wrapping_add((at >> 8).wrapping_mul(columns)).wrapping_add(at & 0xFF);
    set_crtc_word(g, 0x0E, cell)
}

fn set_crtc_word(g: &mut Guest, index: u8, value: u16) -> Served {
    let crtc = g.bda16(bda::CRTC_PORT)?;
    g.out_indexed(crtc, index, (value >> 8) as u8);
    g.out_indexed(crtc, index + 1, value as u8);
    Ok(())
}

/// AH=03h.
pub(super) fn read_cursor(g: &mut Guest) -> Served {
    let page = u16::from(g.bh() & 7);
    let at = g.bda16(bda::CURSORS + page * 2)?;
    let shape = g.bda16(bda::CURSOR_SHAPE)?;
    g.set_dx(at);
    g.set_cx(shape);
    Ok(())
}

/// AH=05h. The start address counts words in text and CGA modes, bytes in planar ones.
pub(super) fn set_page(g: &mut Guest) -> Served {
    let page = g.al();
    if page > 7 {
        return Ok(());
    }
    let start = g.bda16(bda::PAGE_SIZE)?.wrapping_mul(u16::from(page));
    let mode = Mode::current(g)?;
    g.set_bda(bda::ACTIVE_PAGE, page)?;
    g.set_bda16(bda::PAGE_START, start)?;
    let address = if matches!(mode.kind, Kind::Planar | Kind::Linear) { start } else { start / 2 };
    set_crtc_word(g, 0x0C, address)?;
    let at = g.bda16(bda::CURSORS + u16::from(page) * 2)?;
    set_cursor(g, page, at)
}

/// AH=0Fh.
pub(super) fn read_mode(g: &mut Guest) -> Served {
    let mode = g.bda(bda::VIDEO_MODE)? & 0x7F | g.bda(bda::VIDEO_CONTROL)? & 0x80;
    let columns = g.bda(bda::COLUMNS)?;
    let page = g.bda(bda::ACTIVE_PAGE)?;
    g.set_al(mode);
    g.set_ah(columns);
    g.set_bh(page);
    Ok(())
}

/// Address of a cell of a text page.
fn cell(g: &mut Guest, page: u8, row: u16, column: u16) -> Served<LinAddr> {
    let base = Mode::current(g)?.base;
    let columns = u64::from(g.bda16(bda::COLUMNS)?);
    let start = u64::from(g.bda16(bda::PAGE_SIZE)?) * u64::from(page);
    Ok(LinAddr(base + (start + (u64::from(row) * columns + u64::from(column)) * 2) % 0x8000))
}

/// AH=06h and 07h.
pub(super) fn scroll_request(g: &mut Guest, direction: Direction) -> Served {
    let columns = g.bda16(bda::COLUMNS)?;
    let rows = u16::from(g.bda(bda::ROWS)?);
    let window = Window {
        top: u16::from(g.ch()),
        left: u16::from(g.cl()),
        bottom: u16::from(g.dh()).min(rows),
        right: u16::from(g.dl()).min(columns.saturating_sub(1)),
        page: g.bda(bda::ACTIVE_PAGE)?,
    };
    let (lines, fill) = (u16::from(g.al()), g.bh());
    scroll(g, window, lines, direction, fill)
}

/// Moves a window by `lines` (0 or too many: clears it) and fills what is left.
fn scroll(g: &mut Guest, w: Window, lines: u16, direction: Direction, fill: u8) -> Served {
    if w.top > w.bottom || w.left > w.right {
        return Ok(());
    }
    let height = w.bottom - w.top + 1;
    let lines = if lines == 0 || lines > height { height } else { lines };
    let mode = Mode::current(g)?;
    for step in 0..height {
        let (row, source) = match direction {
            Direction::Up => (w.top + step, w.top + step + lines),
            Direction::Down => (w.bottom - step, (w.bottom - step).wrapping_sub(lines)),
        };
        let source = (step + lines < height).then_some(source);
        match mode.kind {
            Kind::Text => move_row(g, w, row, source, fill)?,
            _ => pixels::move_row(g, w, row, source, fill)?,
        }
    }
    pixels::restore(g, mode);
    Ok(())
}

/// Copies a row of the window, or blanks it.
fn move_row(g: &mut Guest, w: Window, row: u16, source: Option<u16>, fill: u8) -> Served {
    let width = usize::from(w.right - w.left + 1);
    let mut cells = [b' ', fill].repeat(width);
    if let Some(source) = source {
        let at = cell(g, w.page, source, w.left)?;
        g.read(at, &mut cells)?;
    }
    let at = cell(g, w.page, row, w.left)?;
    g.write(at, &cells)
}

/// AH=08h.
pub(super) fn read_character(g: &mut Guest) -> Served {
    let page = g.bh();
    let (row, column) = position(g, page)?;
    let mode = Mode::current(g)?;
    if mode.kind == Kind::Text {
        let at = cell(g, page, row, column)?;
        let value = g.read_u16(at)?;
        g.set_ax(value);
        return Ok(());
    }
    let found = pixels::recognise(g, page, row, column)?;
    g.set_ax(u16::from(found));
    Ok(())
}

/// AH=09h and 0Ah: AL, CX times.
pub(super) fn write_character(g: &mut Guest, with_attribute: bool) -> Served {
    let page = g.bh();
    let (row, column) = position(g, page)?;
    let (character, colour, count) = (g.al(), g.bl(), g.cx());
    let attribute = with_attribute.then_some(colour);
    put(g, page, (row, column), character, (attribute, colour), count)
}

/// Writes cells from a position on; `attribute` is what a text cell gets, `colour` what a picture does.
fn put(
    g: &mut Guest,
    page: u8,
    (row, column): (u16, u16),
    character: u8,
    (attribute, colour): (Option<u8>, u8),
    count: u16,
) -> Served {
    let mode = Mode::current(g)?;
    if mode.kind != Kind::Text {
        let columns = g.bda16(bda::COLUMNS)?.max(1);
        let room = columns.saturating_sub(column).min(count);
        for n in 0..room {
            pixels::draw(g, page, (row, column + n), character, colour)?;
        }
        pixels::restore(g, mode);
        return Ok(());
    }
    for n in 0..count.min(0x4000) {
        let at = cell(g, page, row, column + n)?;
        match attribute {
            Some(attribute) => g.write(at, &[character, attribute])?,
            None => g.write_u8(at, character)?,
        }
    }
    Ok(())
}

/// A character of the teletype.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Glyph {
    Bell,
    Backspace,
    LineFeed,
    Return,
    Visible(u8),
}

impl Glyph {
    fn decode(byte: u8) -> Self {
        match byte {
            7 => Self::Bell,
            8 => Self::Backspace,
            10 => Self::LineFeed,
            13 => Self::Return,
            _ => Self::Visible(byte),
        }
    }
}

/// AH=0Eh on the active page, as the AT does whatever BH says; true for a bell.
pub(super) fn teletype(g: &mut Guest, character: u8, colour: u8) -> Served<bool> {
    let page = g.bda(bda::ACTIVE_PAGE)?;
    type_on(g, page, character, (None, colour))
}

fn type_on(g: &mut Guest, page: u8, character: u8, look: (Option<u8>, u8)) -> Served<bool> {
    let (mut row, mut column) = position(g, page)?;
    let columns = g.bda16(bda::COLUMNS)?;
    match Glyph::decode(character) {
        Glyph::Bell => return Ok(true),
        Glyph::Backspace => column = column.saturating_sub(1),
        Glyph::LineFeed => row += 1,
        Glyph::Return => column = 0,
        Glyph::Visible(byte) => {
            put(g, page, (row, column), byte, look, 1)?;
            column += 1;
            if column >= columns {
                column = 0;
                row += 1;
            }
        }
    }
    let last = u16::from(g.bda(bda::ROWS)?);
    if row > last {
        row = last;
        feed(g, page, last, columns, column)?;
    }
    set_cursor(g, page, row << 8 | column & 0xFF)?;
    Ok(false)
}

/// Scrolls a page by a line; the new one has the attribute of the cursor's cell.
fn feed(g: &mut Guest, page: u8, last: u16, columns: u16, column: u16) -> Served {
    let fill = if Mode::current(g)?.kind == Kind::Text {
        let at = cell(g, page, last, column)?;
        g.read_u8(LinAddr(at.0 + 1))?
    } else {
        0
    };
    let window = Window { top: 0, left: 0, bottom: last, right: columns.saturating_sub(1), page };
    scroll(g, window, 1, Direction::Up, fill)
}

/// AH=13h: CX characters at ES:BP from DX on page BH; AL bit 0 moves the cursor, bit 1 has attributes between.
pub(super) fn write_string(g: &mut Guest) -> Served<bool> {
    let (style, count, page, colour) = (g.al(), g.cx(), g.bh(), g.bl());
    let (start, segment, offset) = (g.dx(), g.regs().es, g.bp());
    let width = if style & 2 != 0 { 2 } else { 1 };
    let mut string = vec![0; usize::from(count) * width];
    g.read(LinAddr::real(segment, offset), &mut string)?;
    let saved = g.bda16(bda::CURSORS + u16::from(page & 7) * 2)?;
    set_cursor(g, page, start)?;
    let mut bell = false;
    for unit in string.chunks_exact(width) {
        let colour = unit.get(1).copied().unwrap_or(colour);
        bell |= type_on(g, page, unit[0], (Some(colour), colour))?;
    }
    if style & 1 == 0 {
        set_cursor(g, page, saved)?;
    }
    Ok(bell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_underline_cursor_stays_an_underline() {
        assert_eq!(fit_cursor(6, 7, 16), (14, 15));
        assert_eq!(fit_cursor(0, 7, 16), (1, 15));
        assert_eq!(fit_cursor(0x20, 0, 16), (0x20, 0));
        assert_eq!(fit_cursor(13, 14, 16), (13, 14));
    }
}
