//! What stands in the terminal's cells, and the least that must be written to change it.

use crossterm::style::{Attribute, Color, Print, SetAttribute, SetBackgroundColor, SetForegroundColor};
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use crossterm::{cursor, execute, queue};
use ringzero_machine::text::cp437;
use ringzero_machine::{Frame, TextScreen};
use std::io::{self, Write};

/// The colours of attribute bytes, as a colour display shows them.
const CGA: [u32; 16] = [
    0x000000, 0x0000AA, 0x00AA00, 0x00AAAA, 0xAA0000, 0xAA00AA, 0xAA5500, 0xAAAAAA, 0x555555, 0x5555FF,
    0x55FF55, 0x55FFFF, 0xFF5555, 0xFF55FF, 0xFFFF55, 0xFFFFFF,
];

/// A colour as the guest means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ink {
    /// Half of an attribute byte.
    Cga(u8),
    /// 00RRGGBBh.
    Rgb(u32),
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    glyph: char,
    fore: Ink,
    back: Ink,
}

const BLANK: Cell = Cell { glyph: ' ', fore: Ink::Cga(7), back: Ink::Cga(0) };

/// A whole terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Canvas {
    columns: usize,
    cells: Vec<Cell>,
    cursor: Option<(usize, usize)>,
}

impl Canvas {
    /// An empty terminal.
    pub(super) fn blank(columns: usize, rows: usize) -> Self {
        Self { columns, cells: vec![BLANK; columns * rows], cursor: None }
    }

    /// A text screen; of one that is too large, the part around the cursor.
    pub(super) fn of_text(screen: &TextScreen, columns: usize, rows: usize) -> Self {
        let mut canvas = Self::blank(columns, rows);
        let (cursor_column, cursor_row) = screen.cursor.unwrap_or_default();
        let top = (cursor_row + 1).saturating_sub(rows);
        let left = (cursor_column + 1).saturating_sub(columns);
        for row in top..screen.rows.min(top + rows) {
            let cells = screen.row(row).iter().skip(left).take(columns);
            for (column, cell) in cells.enumerate() {
                let glyph = match cp437(cell.character) {
                    '\u{a0}' => ' ',
                    glyph => glyph,
                };
                let (fore, back) = (Ink::Cga(cell.attribute & 15), Ink::Cga(cell.attribute >> 4));
                canvas.cells[(row - top) * columns + column] = Cell { glyph, fore, back };
            }
        }
        let visible = |&(column, row): &(usize, usize)| {
            column >= left && row >= top && column - left < columns && row - top < rows
        };
        let cursor = screen.cursor.filter(visible);
        canvas.cursor = cursor.map(|(column, row)| (column - left, row - top));
        canvas
    }

    /// A picture: two pixels in each cell, one above the other; a cell is taken to be twice as high as wide.
    pub(super) fn of_graphics(frame: &Frame, columns: usize, rows: usize) -> Self {
        let mut canvas = Self::blank(columns, rows);
        let (width, height) = if columns * 3 <= rows * 2 * 4 {
            (columns, columns * 3 / 4)
        } else {
            (rows * 2 * 4 / 3, rows * 2)
        };
        if frame.width == 0 || frame.height == 0 || width == 0 || height == 0 {
            return canvas;
        }
        let height = height / 2 * 2;
        let (left, top) = ((columns - width) / 2, (rows - height / 2) / 2);
        for row in 0..height / 2 {
            for column in 0..width {
                let pixel = |y| Ink::Rgb(average(frame, (column, width), (y, height)));
                let cell = Cell { glyph: '▀', fore: pixel(2 * row), back: pixel(2 * row + 1) };
                canvas.cells[(top + row) * columns + left + column] = cell;
            }
        }
        canvas
    }

    /// Writes over the last row.
    pub(super) fn write_last_row(&mut self, line: &str) {
        let start = self.cells.len().saturating_sub(self.columns);
        let glyphs = line.chars().chain(std::iter::repeat(' '));
        for (cell, glyph) in self.cells[start..].iter_mut().zip(glyphs) {
            *cell = Cell { glyph, fore: Ink::Cga(0), back: Ink::Cga(7) };
        }
    }
}

/// The mean colour of the part of a picture that is pixel `at` of `of`, horizontally and vertically.
fn average(frame: &Frame, (x, width): (usize, usize), (y, height): (usize, usize)) -> u32 {
    let span = |at: usize, of: usize, size: usize| {
        let first = at * size / of;
        first..((at + 1) * size / of).max(first + 1)
    };
    let (mut sums, mut count) = ([0; 3], 0);
    for row in span(y, height, frame.height) {
        for column in span(x, width, frame.width) {
            let [_, red, green, blue] = frame.pixels[row * frame.width + column].to_be_bytes();
            for (sum, part) in sums.iter_mut().zip([red, green, blue]) {
                *sum += u32::from(part);
            }
            count += 1;
        }
    }
    let [red, green, blue] = sums.map(|sum| sum / count);
    red << 16 | green << 8 | blue
}

/// The colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    Palette256,
    True,
}

impl Depth {
    fn colour(self, ink: Ink) -> Color {
        match (self, ink) {
            // ANSI numbers red and blue the other way round.
            (Self::Palette256, Ink::Cga(n)) => Color::AnsiValue(n & 0b1010 | n >> 2 & 1 | (n & 1) << 2),
            (Self::True, Ink::Cga(n)) => rgb(CGA[usize::from(n & 15)]),
            (Self::True, Ink::Rgb(colour)) => rgb(colour),
            (Self::Palette256, Ink::Rgb(colour)) => Color::AnsiValue(cube(colour)),
        }
    }
}

fn rgb(colour: u32) -> Color {
    let [_, r, g, b] = colour.to_be_bytes();
    Color::Rgb { r, g, b }
}

/// The nearest of the 6 * 6 * 6 colours that begin at 16.
fn cube(colour: u32) -> u8 {
    let [_, red, green, blue] = colour.to_be_bytes();
    let level = |part: u8| match part {
        0..=47 => 0,
        48..=114 => 1,
        _ => (part - 35) / 40,
    };
    16 + 36 * level(red) + 6 * level(green) + level(blue)
}

/// Writes canvases to a terminal, only what differs from the last.
#[derive(Debug)]
pub(super) struct Painter {
    shown: Option<Canvas>,
    depth: Depth,
}

impl Painter {
    /// A painter with the colours that the terminal says it has.
    pub(super) fn for_this_terminal() -> Self {
        let says = std::env::var("COLORTERM").unwrap_or_default();
        let depth =
            if matches!(says.as_str(), "truecolor" | "24bit") { Depth::True } else { Depth::Palette256 };
        Self { shown: None, depth }
    }

    /// The terminal shows something else now.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.shown = None;
        execute!(io::stdout(), SetAttribute(Attribute::Reset), Clear(ClearType::All))
    }

    /// Makes the terminal show `canvas`.
    pub(super) fn paint(&mut self, canvas: Canvas, out: &mut impl Write) -> io::Result<()> {
        if self.shown.as_ref() == Some(&canvas) {
            return Ok(());
        }
        queue!(out, BeginSynchronizedUpdate, cursor::Hide)?;
        self.cells(&canvas, out)?;
        if let Some((column, row)) = canvas.cursor {
            queue!(out, move_to(column, row), cursor::Show)?;
        }
        queue!(out, EndSynchronizedUpdate)?;
        out.flush()?;
        self.shown = Some(canvas);
        Ok(())
    }

    fn cells(&self, canvas: &Canvas, out: &mut impl Write) -> io::Result<()> {
        let old = self
            .shown
            .as_ref()
            .filter(|shown| shown.columns == canvas.columns && shown.cells.len() == canvas.cells.len());
        let mut inks = None;
        // The cell that the terminal writes next. Behind a glyph outside ASCII it is not sure: some are drawn wide.
        let mut place = None;
        for (index, cell) in canvas.cells.iter().enumerate() {
            if old.is_some_and(|old| old.cells[index] == *cell) {
                continue;
            }
            let (column, row) = (index % canvas.columns, index / canvas.columns);
            if place != Some(index) || column == 0 {
                queue!(out, move_to(column, row))?;
            }
            if inks != Some((cell.fore, cell.back)) {
                let (fore, back) = (self.depth.colour(cell.fore), self.depth.colour(cell.back));
                queue!(out, SetForegroundColor(fore), SetBackgroundColor(back))?;
                inks = Some((cell.fore, cell.back));
            }
            queue!(out, Print(cell.glyph))?;
            let sure = cell.glyph.is_ascii() || ('─'..='▟').contains(&cell.glyph);
            place = sure.then_some(index + 1);
        }
        Ok(())
    }
}

fn move_to(column: usize, row: usize) -> cursor::MoveTo {
    let number = |place: usize| u16::try_from(place).unwrap_or(u16::MAX);
    cursor::MoveTo(number(column), number(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_machine::Cell as GuestCell;

    fn screen(text: &str, cursor: (usize, usize)) -> TextScreen {
        let cells = text.bytes().map(|character| GuestCell { character, attribute: 0x1F }).collect();
        TextScreen { columns: 4, rows: text.len() / 4, cells, cursor: Some(cursor) }
    }

    fn painted(painter: &mut Painter, canvas: Canvas) -> String {
        let mut out = Vec::new();
        painter.paint(canvas, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_what_changed_is_written() {
        let mut painter = Painter { shown: None, depth: Depth::True };
        let first = painted(&mut painter, Canvas::of_text(&screen("abcdefgh", (0, 0)), 4, 2));
        assert!(first.contains("abcd") && first.contains("efgh"));
        let second = painted(&mut painter, Canvas::of_text(&screen("abcdeXgh", (0, 0)), 4, 2));
        assert!(second.contains('X') && !second.contains("abc"));
        assert_eq!(painted(&mut painter, Canvas::of_text(&screen("abcdeXgh", (0, 0)), 4, 2)), "");
    }

    #[test]
    fn a_small_terminal_shows_the_part_with_the_cursor() {
        let canvas = Canvas::of_text(&screen("abcdefghijkl", (3, 2)), 2, 1);
        assert_eq!(canvas.cells.iter().map(|cell| cell.glyph).collect::<String>(), "kl");
        assert_eq!(canvas.cursor, Some((1, 0)));
    }

    #[test]
    fn attributes_become_ansi_colours() {
        assert_eq!(Depth::Palette256.colour(Ink::Cga(1)), Color::AnsiValue(4));
        assert_eq!(Depth::Palette256.colour(Ink::Cga(14)), Color::AnsiValue(11));
        assert_eq!(Depth::True.colour(Ink::Cga(6)), Color::Rgb { r: 0xAA, g: 0x55, b: 0 });
    }

    #[test]
    fn a_picture_fills_its_place_with_half_blocks() {
        let frame = Frame { width: 4, height: 4, pixels: vec![0x00FF00; 16] };
        let canvas = Canvas::of_graphics(&frame, 8, 3);
        assert!(canvas.cells.contains(&Cell { glyph: '▀', fore: Ink::Rgb(0xFF00), back: Ink::Rgb(0xFF00) }));
    }

    #[test]
    fn any_size_can_be_painted() {
        let frame = Frame { width: 320, height: 200, pixels: vec![1; 64_000] };
        for (columns, rows) in [(0, 0), (1, 1), (1, 60), (300, 2), (80, 25)] {
            Canvas::of_graphics(&frame, columns, rows);
            Canvas::of_text(&screen("abcdefgh", (3, 1)), columns, rows).write_last_row("message");
        }
    }
}
