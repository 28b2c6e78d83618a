//! The fonts, all 256 glyphs of code page 437.
//!
//! - 8x16: *Spleen* 8x16 by Frederic Cambus (BSD-2-Clause), from the crate `spleen-font`; its own drawing. Eleven glyphs it
//!   lacks are ours.
//! - 8x8: the public-domain 8x8 font by Marcel Sondaar and Daniel Hepper, from the crate `font8x8` (MIT). The symbols it
//!   lacks are ours.
//! - 8x14: Spleen 8x16 without its first and last line, which are blank but for accents, rules and blocks.
//!
//! The rules of a frame (B3h to DFh) are computed for every size, so that they always meet.

use font8x8::UnicodeFonts;

#[path = "glyphs.rs"]
mod glyphs;

/// The three fonts.
pub(crate) struct Fonts {
    /// 8 bytes a glyph.
    pub(crate) f8x8: Vec<u8>,
    /// 14 bytes a glyph.
    pub(crate) f8x14: Vec<u8>,
    /// 16 bytes a glyph.
    pub(crate) f8x16: Vec<u8>,
}

/// Code page 437 in Unicode.
const CP437: &str = concat!(
    "\0☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼",
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~⌂",
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀",
    "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}"
);

/// Builds all three.
pub(crate) fn build() -> Fonts {
    let spleen = Psf1::parse(spleen_font::FONT_8X16);
    let mut f8x8 = Vec::new();
    let mut f8x16 = Vec::new();
    let mut f8x14 = Vec::new();
    for (code, character) in CP437.chars().enumerate() {
        f8x8.extend(small(code, character));
        let tall = large(&spleen, code, character);
        f8x14.extend(frame(code, 14).unwrap_or_else(|| tall[1..15].to_vec()));
        f8x16.extend(tall);
    }
    assert_eq!(f8x16.len(), 4096);
    assert_eq!(f8x8.len(), 2048);
    Fonts { f8x8, f8x14, f8x16 }
}

fn small(code: usize, character: char) -> Vec<u8> {
    if matches!(character, '\0' | '\u{a0}') {
        return vec![0; 8];
    }
    if let Some(lines) = frame(code, 8) {
        return lines;
    }
    let ours = glyphs::SMALL.iter().find(|(c, _)| *c == character).map(|(_, g)| g.to_vec());
    let drawn = || {
        let sets: [&dyn Fn(char) -> Option<[u8; 8]>; 5] = [
            &|c| font8x8::BASIC_FONTS.get(c),
            &|c| font8x8::LATIN_FONTS.get(c),
            &|c| font8x8::GREEK_FONTS.get(c),
            &|c| font8x8::BLOCK_FONTS.get(c),
            &|c| font8x8::MISC_FONTS.get(c),
        ];
        let glyph =
            sets.iter().find_map(|get| get(character)).unwrap_or_else(|| panic!("8x8 lacks {character}"));
        // In font8x8 bit 0 is the leftmost dot; on a VGA it is bit 7.
        glyph.iter().map(|row| row.reverse_bits()).collect()
    };
    ours.unwrap_or_else(drawn)
}

fn large(spleen: &Psf1, code: usize, character: char) -> Vec<u8> {
    if matches!(character, '\0' | '\u{a0}') {
        return vec![0; 16];
    }
    if let Some(lines) = frame(code, 16) {
        return lines;
    }
    let ours = glyphs::LARGE.iter().find(|(c, _)| *c == character).map(|(_, g)| g.to_vec());
    ours.or_else(|| spleen.glyph(character)).unwrap_or_else(|| panic!("8x16 lacks {character}"))
}

/// Up, down, left, right of the rules B3h to DAh: 0 none, 1 single, 2 double, in the order of the code page.
const RULES: [[u8; 4]; 40] = [
    [1, 1, 0, 0],
    [1, 1, 1, 0],
    [1, 1, 2, 0],
    [2, 2, 1, 0],
    [0, 2, 1, 0],
    [0, 1, 2, 0],
    [2, 2, 2, 0],
    [2, 2, 0, 0],
    [0, 2, 2, 0],
    [2, 0, 2, 0],
    [2, 0, 1, 0],
    [1, 0, 2, 0],
    [0, 1, 1, 0],
    [1, 0, 0, 1],
    [1, 0, 1, 1],
    [0, 1, 1, 1],
    [1, 1, 0, 1],
    [0, 0, 1, 1],
    [1, 1, 1, 1],
    [1, 1, 0, 2],
    [2, 2, 0, 1],
    [2, 0, 0, 2],
    [0, 2, 0, 2],
    [2, 0, 2, 2],
    [0, 2, 2, 2],
    [2, 2, 0, 2],
    [0, 0, 2, 2],
    [2, 2, 2, 2],
    [1, 0, 2, 2],
    [2, 0, 1, 1],
    [0, 1, 2, 2],
    [0, 2, 1, 1],
    [2, 0, 0, 1],
    [1, 0, 0, 2],
    [0, 1, 0, 2],
    [0, 2, 0, 1],
    [2, 2, 1, 1],
    [1, 1, 2, 2],
    [1, 0, 1, 0],
    [0, 1, 0, 1],
];

/// A shade, rule or block, computed for its height; `None` for every other character.
fn frame(code: usize, height: usize) -> Option<Vec<u8>> {
    let half = height / 2;
    let shade = |even: u8, odd: u8| Some((0..height).map(|y| if y % 2 == 0 { even } else { odd }).collect());
    let split =
        |top: u8, bottom: u8| Some((0..height).map(|y| if y < half { top } else { bottom }).collect());
    match code {
        0xB0 => shade(0x22, 0x88),
        0xB1 => shade(0x55, 0xAA),
        0xB2 => shade(0xDD, 0x77),
        0xB3..=0xDA => Some(rule(RULES[code - 0xB3], height)),
        0xDB => split(0xFF, 0xFF),
        0xDC => split(0, 0xFF),
        0xDD => split(0xF0, 0xF0),
        0xDE => split(0x0F, 0x0F),
        0xDF => split(0xFF, 0),
        _ => None,
    }
}

/// Dots 3 and 4 make a single rule, dots 2 and 5 a double one; lines likewise around the middle.
fn rule([up, down, left, right]: [u8; 4], height: usize) -> Vec<u8> {
    let middle = height / 2 - 1;
    (0..height).map(|y| rule_line([up, down, left, right], y, middle)).collect()
}

fn rule_line([up, down, left, right]: [u8; 4], y: usize, middle: usize) -> u8 {
    let vertical = |kind: u8| [0u8, 0x18, 0x24][usize::from(kind)];
    let double_level = left.max(right) == 2;
    let (first, last) = if double_level { (middle - 1, middle + 1) } else { (middle, middle) };
    if y < first {
        return vertical(up);
    }
    if y > last {
        return vertical(down);
    }
    let arms = |kind: u8, bits: u8| if kind == 0 { 0 } else { bits };
    let inner = up.max(down);
    if !double_level {
        let core = if inner == 2 { 0x3C } else { 0x18 };
        let core = if inner == 2 && (up == 2 && down == 2) && (left == 0 || right == 0) {
            vertical(2) | side(left, right)
        } else {
            core
        };
        return arms(left, 0xE0) | arms(right, 0x07) | core;
    }
    double_line([up, down, left, right], y, first, last)
}

/// The dots between an arm and the nearer of two vertical rules.
fn side(left: u8, right: u8) -> u8 {
    (if left > 0 { 0xE0 } else { 0 }) | (if right > 0 { 0x07 } else { 0 })
}

/// A line of a junction with a double horizontal rule.
fn double_line([up, down, left, right]: [u8; 4], y: usize, first: usize, last: usize) -> u8 {
    let inner = up.max(down);
    let through = |kind: u8| {
        if kind == 2 {
            0x24
        } else if kind == 1 {
            0x18
        } else {
            0
        }
    };
    if y != first && y != last {
        // Between the two rules only what passes through, or the closed outer side, is drawn.
        return match (left > 0, right > 0, inner) {
            (true, true, 1) | (_, _, 1) if left == 0 || right == 0 || (up == 1 && down == 1) => 0x18,
            (false, true, 2) => 0x20,
            (true, false, 2) => 0x04,
            (_, _, 2) if up == 2 && down == 2 => 0,
            _ => 0,
        };
    }
    let toward = if y == first { up } else { down };
    let left_arm = if left > 0 { 0xE0 } else { 0 };
    let right_arm = if right > 0 { 0x07 } else { 0 };
    if inner < 2 {
        let core = if left > 0 && right > 0 { 0x18 } else { through(inner) };
        return left_arm | right_arm | core;
    }
    match (left > 0, right > 0, toward == 2) {
        (true, true, true) => 0xE7,
        (true, true, false) => 0xFF,
        (true, false, true) => 0xE0 | if y == first || up == 2 { 0x24 } else { 0 },
        (true, false, false) => 0xFC,
        (false, true, true) => 0x07 | 0x24,
        (false, true, false) => 0x3F,
        (false, false, _) => through(inner),
    }
}

/// A PC Screen Font, version 1: 4 bytes of header, glyphs, then Unicode lists ended by FFFFh.
struct Psf1 {
    glyphs: &'static [u8],
    height: usize,
    table: Vec<(u16, usize)>,
}

impl Psf1 {
    fn parse(file: &'static [u8]) -> Self {
        assert_eq!(&file[..2], &[0x36, 0x04], "PSF version 1");
        let count = if file[2] & 1 != 0 { 512 } else { 256 };
        let height = usize::from(file[3]);
        let (glyphs, list) = file[4..].split_at(count * height);
        let mut table = Vec::new();
        let mut index = 0;
        for unit in list.chunks_exact(2).map(|u| u16::from_le_bytes([u[0], u[1]])) {
            match unit {
                0xFFFF => index += 1,
                _ => table.push((unit, index)),
            }
        }
        Self { glyphs, height, table }
    }

    fn glyph(&self, character: char) -> Option<Vec<u8>> {
        let index = self.table.iter().find(|(c, _)| u32::from(*c) == u32::from(character))?.1;
        Some(self.glyphs[index * self.height..][..self.height].to_vec())
    }
}
