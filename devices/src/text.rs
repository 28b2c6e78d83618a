//! What a text screen says, for people and tests, and the character set it is written in.

/// One character cell as it lies in display memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Character code, in the font's order; the ROM font's is code page 437.
    pub character: u8,
    /// Attribute: background in bits 7-4, foreground in bits 3-0.
    pub attribute: u8,
}

/// The visible part of a text screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextScreen {
    /// Cells in a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// `columns * rows` cells, row by row.
    pub cells: Vec<Cell>,
    /// Column and row of the cursor, when it is on and visible.
    pub cursor: Option<(usize, usize)>,
}

impl TextScreen {
    /// The cells of one row; empty past the last.
    pub fn row(&self, row: usize) -> &[Cell] {
        self.cells.get(row * self.columns..(row + 1) * self.columns).unwrap_or_default()
    }

    /// One row as text, without the blanks at its end.
    pub fn line(&self, row: usize) -> String {
        let line: String = self.row(row).iter().map(|cell| cp437(cell.character)).collect();
        line.trim_end().to_owned()
    }

    /// All rows as text, a line feed after each.
    pub fn to_text(&self) -> String {
        (0..self.rows).flat_map(|row| [self.line(row), "\n".to_owned()]).collect()
    }
}

/// Glyphs of codes 00h to 1Fh, and 7Fh.
const LOW: &str = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼";
/// Glyphs of codes 80h to FFh.
const HIGH: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The glyph that the PC's ROM font draws for `code`; 00h and FFh are blanks.
pub fn cp437(code: u8) -> char {
    match code {
        0x00..=0x1F => LOW.chars().nth(usize::from(code)),
        0x7F => Some('⌂'),
        0x20..=0x7E => Some(char::from(code)),
        0x80..=0xFF => HIGH.chars().nth(usize::from(code - 0x80)),
    }
    .unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_glyph() {
        let mut glyphs: Vec<char> = (1..=255).map(cp437).collect();
        glyphs.sort_unstable();
        glyphs.dedup();
        assert_eq!(glyphs.len(), 255);
    }

    #[test]
    fn known_codes() {
        let codes = [0x41, 0x80, 0xB0, 0xC4, 0xDB, 0xE1, 0xF8, 0xFE];
        assert_eq!(codes.map(cp437), ['A', 'Ç', '░', '─', '█', 'ß', '°', '■']);
    }
}
