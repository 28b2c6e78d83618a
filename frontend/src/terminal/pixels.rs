//! Pictures as pixels: the kitty graphics protocol, or sixels.
//!
//! The picture takes the largest 4:3 rectangle of whole cells above the last row. Kitty scales by itself and gets the
//! guest's own pixels, compressed. Sixels are the terminal's pixels; only the rows of cells that changed are sent.

use super::ability::{Ability, Method};
use super::guard;
use super::sixel;
use crossterm::{cursor, queue};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use ringzero_machine::Frame;
use std::io::{self, Write};

/// Bytes of one piece of a kitty image [kitty, "Remote client"].
const PIECE: usize = 4096;

/// A rectangle of cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cells {
    column: usize,
    row: usize,
    columns: usize,
    rows: usize,
}

/// Draws pictures, each only where it differs from the last.
#[derive(Debug)]
pub(super) struct Pixels {
    ability: Ability,
    /// Kitty's picture or the terminal's pixels that show, and where.
    shown: Option<(Cells, Frame)>,
    /// Kitty's images take turns, so that one always shows.
    turn: bool,
}

impl Pixels {
    pub(super) fn new(ability: Ability) -> Self {
        Self { ability, shown: None, turn: false }
    }

    /// Whether pictures are drawn here at all.
    pub(super) fn is_used(&self) -> bool {
        self.ability.method != Method::Blocks
    }

    /// Makes the terminal show `frame`.
    pub(super) fn paint(
        &mut self,
        frame: &Frame,
        size: (usize, usize),
        out: &mut impl Write,
    ) -> io::Result<()> {
        let cells = place(size, self.ability.cell);
        if frame.pixels.is_empty() || cells.columns == 0 || cells.rows == 0 {
            return Ok(());
        }
        match self.ability.method {
            Method::Blocks => Ok(()),
            Method::Kitty => self.kitty(frame, cells, out),
            Method::Sixel => self.sixel(frame, cells, out),
        }
    }

    /// What shows is gone, or is to go; whether there was something.
    pub(super) fn clear(&mut self, out: &mut impl Write) -> io::Result<bool> {
        let shown = self.shown.take().is_some();
        if shown && self.ability.method == Method::Kitty {
            out.write_all(guard::KITTY_CLEAR)?;
        }
        Ok(shown)
    }

    fn kitty(&mut self, frame: &Frame, cells: Cells, out: &mut impl Write) -> io::Result<()> {
        if self.shown.as_ref().is_some_and(|(at, shown)| *at == cells && shown == frame) {
            return Ok(());
        }
        guard::note_kitty();
        queue!(out, move_to(cells))?;
        let (new, old) = if self.turn { (1, 2) } else { (2, 1) };
        self.turn = !self.turn;
        let rgb: Vec<u8> =
            frame.pixels.iter().flat_map(|pixel| pixel.to_be_bytes().into_iter().skip(1)).collect();
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&rgb)?;
        let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, encoder.finish()?);
        let mut pieces = data.as_bytes().chunks(PIECE).peekable();
        let mut head = format!(
            "a=T,f=24,o=z,s={},v={},i={new},p=1,c={},r={},C=1,q=2,",
            frame.width, frame.height, cells.columns, cells.rows
        );
        while let Some(piece) = pieces.next() {
            write!(out, "\x1B_G{head}m={};", u8::from(pieces.peek().is_some()))?;
            out.write_all(piece)?;
            out.write_all(b"\x1B\\")?;
            head.clear();
        }
        write!(out, "\x1B_Ga=d,d=I,i={old},q=2\x1B\\")?;
        self.shown = Some((cells, frame.clone()));
        out.flush()
    }

    fn sixel(&mut self, frame: &Frame, cells: Cells, out: &mut impl Write) -> io::Result<()> {
        let (cell_width, cell_height) = self.ability.cell;
        let scaled = scaled(frame, cells.columns * cell_width, cells.rows * cell_height);
        let old = self.shown.as_ref().filter(|(at, _)| *at == cells).map(|(_, shown)| &shown.pixels);
        let of_row = scaled.width * cell_height;
        let differs = |row: usize| {
            let part = row * of_row..(row + 1) * of_row;
            old.is_none_or(|old| old[part.clone()] != scaled.pixels[part])
        };
        let mut row = 0;
        while row < cells.rows {
            let end = (row..cells.rows).find(|&row| !differs(row)).unwrap_or(cells.rows);
            if end > row {
                queue!(out, move_to(Cells { row: cells.row + row, ..cells }))?;
                sixel::write(&scaled.pixels[row * of_row..end * of_row], scaled.width, out)?;
            }
            row = end.max(row + 1);
        }
        self.shown = Some((cells, scaled));
        out.flush()
    }
}

fn move_to(cells: Cells) -> cursor::MoveTo {
    let number = |place: usize| u16::try_from(place).unwrap_or(u16::MAX);
    cursor::MoveTo(number(cells.column), number(cells.row))
}

/// The cells of a 4:3 picture in a terminal; the last row is for messages.
fn place((columns, rows): (usize, usize), (cell_width, cell_height): (usize, usize)) -> Cells {
    let rows = rows.saturating_sub(1);
    let (width, height) = (columns * cell_width, rows * cell_height);
    let (w, h) = if width * 3 <= height * 4 { (width, width * 3 / 4) } else { (height * 4 / 3, height) };
    let (w, h) = (w / cell_width, h / cell_height);
    Cells { column: (columns - w) / 2, row: (rows - h) / 2, columns: w, rows: h }
}

/// The nearest pixels: no colours that the guest does not have.
fn scaled(frame: &Frame, width: usize, height: usize) -> Frame {
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        let line = &frame.pixels[y * frame.height / height * frame.width..][..frame.width];
        pixels.extend((0..width).map(|x| line[x * frame.width / width]));
    }
    Frame { width, height, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(method: Method) -> Pixels {
        Pixels::new(Ability { method, cell: (10, 20) })
    }
    fn frame() -> Frame {
        Frame { width: 4, height: 4, pixels: vec![0xAA_AAAA; 16] }
    }
    fn painted(pixels: &mut Pixels, frame: &Frame) -> String {
        let mut out = Vec::new();
        pixels.paint(frame, (80, 25), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_picture_is_four_to_three_above_the_last_row() {
        let cells = place((80, 25), (10, 20));
        assert_eq!(cells, Cells { column: 8, row: 0, columns: 64, rows: 24 });
        assert_eq!(place((0, 0), (10, 20)), Cells::default());
    }

    #[test]
    fn what_shows_is_not_sent_again() {
        for method in [Method::Kitty, Method::Sixel] {
            let mut pixels = pixels(method);
            assert!(!painted(&mut pixels, &frame()).is_empty());
            assert_eq!(painted(&mut pixels, &frame()), "");
        }
    }

    #[test]
    fn only_rows_of_cells_that_changed_are_sent_as_sixels() {
        let mut pixels = pixels(Method::Sixel);
        let whole = painted(&mut pixels, &frame()).len();
        let mut changed = frame();
        changed.pixels[15] = 0;
        let part = painted(&mut pixels, &changed);
        assert!(part.len() < whole && part.starts_with("\x1B[19;9H\x1BP"), "{part}");
    }

    #[test]
    fn any_size_can_be_painted() {
        for method in [Method::Blocks, Method::Kitty, Method::Sixel] {
            for size in [(0, 0), (1, 1), (2, 2), (300, 3)] {
                pixels(method).paint(&frame(), size, &mut io::sink()).unwrap();
            }
        }
    }
}
