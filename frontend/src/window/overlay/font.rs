//! The glyphs: *Spleen* 8x16 by Frederic Cambus (BSD-2-Clause), in the console font format PSF version 1.

use std::sync::LazyLock;

/// Dots of a glyph across and down.
pub(in super::super) const WIDTH: usize = 8;
pub(in super::super) const HEIGHT: usize = 16;

/// Behind the magic number: mode and height.
const HEADER: usize = 4;
/// Mode bit: 512 glyphs, not 256.
const MODE_512: u8 = 1;
/// Ends the characters of a glyph.
const SEPARATOR: u16 = 0xFFFF;

/// Characters and the numbers of their glyphs, sorted.
static TABLE: LazyLock<Vec<(u16, usize)>> = LazyLock::new(|| {
    let list = spleen_font::FONT_8X16.get(HEADER + count() * HEIGHT..).unwrap_or_default();
    let (mut table, mut index) = (Vec::new(), 0);
    for unit in list.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])) {
        match unit {
            SEPARATOR => index += 1,
            _ => table.push((unit, index)),
        }
    }
    table.sort_unstable();
    table
});

fn count() -> usize {
    if spleen_font::FONT_8X16[2] & MODE_512 != 0 { 512 } else { 256 }
}

fn find(c: char) -> Option<&'static [u8]> {
    let c = u16::try_from(u32::from(c)).ok()?;
    let place = TABLE.binary_search_by_key(&c, |(unit, _)| *unit).ok()?;
    let index = TABLE[place].1;
    spleen_font::FONT_8X16.get(HEADER + index * HEIGHT..HEADER + (index + 1) * HEIGHT)
}

/// The rows of a character's glyph, bit 7 on the left; of one that the font lacks, those of a question mark.
pub(super) fn glyph(c: char) -> &'static [u8] {
    // Spleen has no ellipsis.
    if c == '…' {
        return &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xDB, 0xDB, 0, 0, 0];
    }
    find(c).or_else(|| find('?')).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_ascii_character_has_its_own_glyph() {
        let question = glyph('?');
        for c in ('!'..='~').filter(|&c| c != '?') {
            assert!(
                glyph(c).len() == HEIGHT && glyph(c) != question && glyph(c).iter().any(|&row| row != 0),
                "{c}"
            );
        }
        assert_eq!(glyph('\u{1F600}'), question);
    }
}
