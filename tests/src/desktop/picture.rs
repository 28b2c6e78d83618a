//! What the display shows, beside what the guest says it shows.

use super::guest::write;
use ringzero_machine::{Frame, Machine};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Pixels of a row, rows, and pixels as 00RRGGBBh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The pixels.
    pub pixels: Vec<u32>,
}

/// A part of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Columns.
    pub columns: Range<usize>,
    /// Rows.
    pub rows: Range<usize>,
}

impl Picture {
    /// What a machine shows.
    pub fn of(machine: &Machine) -> Self {
        let mut frame = Frame::default();
        machine.render(&mut frame);
        Self { width: frame.width, height: frame.height, pixels: frame.pixels }
    }

    /// Pixels of 16 or 32 bits as they lie in a frame buffer of this size.
    pub fn from_bytes(bytes: &[u8], width: usize, height: usize) -> Self {
        let size = bytes.len() / (width * height);
        let pixels = bytes.chunks_exact(size).map(|pixel| match *pixel {
            [low, high] => from_16(u16::from_le_bytes([low, high])),
            [blue, green, red, ..] => u32::from_be_bytes([0, red, green, blue]),
            _ => 0,
        });
        Self { width, height, pixels: pixels.collect() }
    }

    /// A picture in the format of `xwd`, 16 or 32 bits to a pixel [XWDFile.h].
    ///
    /// # Panics
    /// When it is something else.
    #[track_caller]
    pub fn from_xwd(file: &[u8]) -> Self {
        let field = |n: usize| {
            let bytes = file[4 * n..4 * n + 4].try_into().expect("four bytes");
            u32::from_be_bytes(bytes) as usize
        };
        let (header, version, width, height) = (field(0), field(1), field(4), field(5));
        let (bits, stride, colors) = (field(11), field(12), field(19));
        assert!(version == 7 && (bits == 16 || bits == 32), "version {version}, {bits} bits");
        let rows = file[header + 12 * colors..].chunks_exact(stride).take(height);
        let bytes: Vec<u8> = rows.flat_map(|row| &row[..width * bits / 8]).copied().collect();
        Self::from_bytes(&bytes, width, height)
    }

    /// The pixel at a place.
    pub fn at(&self, x: usize, y: usize) -> u32 {
        self.pixels[y * self.width + x]
    }

    /// The smallest area that holds every pixel for which it is true.
    pub fn area_of(&self, mut of: impl FnMut(usize, usize, u32) -> bool) -> Option<Area> {
        let mut found: Option<Area> = None;
        for (n, &pixel) in self.pixels.iter().enumerate() {
            let (x, y) = (n % self.width, n / self.width);
            if of(x, y, pixel) {
                let area = found.get_or_insert(Area { columns: x..x + 1, rows: y..y + 1 });
                area.columns = area.columns.start.min(x)..area.columns.end.max(x + 1);
                area.rows.end = y + 1;
            }
        }
        found
    }

    /// Where two pictures of one size differ.
    ///
    /// # Panics
    /// When their sizes do.
    #[track_caller]
    pub fn difference(&self, other: &Self) -> Option<Area> {
        assert_eq!((self.width, self.height), (other.width, other.height), "sizes differ");
        self.area_of(|x, y, pixel| pixel != other.at(x, y))
    }

    /// Writes it as `name.png`; the file.
    ///
    /// # Panics
    /// When the host refuses.
    pub fn save(&self, folder: &Path, name: &str) -> PathBuf {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let rgb: Vec<u8> =
            self.pixels.iter().flat_map(|pixel| pixel.to_be_bytes().into_iter().skip(1)).collect();
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&rgb));
        written.unwrap_or_else(|error| panic!("{name}: {error}"));
        write(folder, &format!("{name}.png"), &bytes)
    }
}

/// 5:6:5 as a display shows it: the highest bits again behind the lowest.
fn from_16(pixel: u16) -> u32 {
    let [red, green, blue] = [pixel >> 11, pixel >> 5 & 0x3F, pixel & 0x1F].map(u32::from);
    (red << 3 | red >> 2) << 16 | (green << 2 | green >> 4) << 8 | (blue << 3 | blue >> 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_the_smallest_area() {
        let black = Picture { width: 8, height: 6, pixels: vec![0; 48] };
        let mut other = black.clone();
        for (x, y) in [(2, 1), (5, 3), (3, 4)] {
            other.pixels[y * 8 + x] = 7;
        }
        assert_eq!(black.difference(&other), Some(Area { columns: 2..6, rows: 1..5 }));
        assert_eq!(black.difference(&black), None);
    }

    #[test]
    fn sixteen_bits_reach_from_black_to_white() {
        assert_eq!([0, 0xFFFF, 0xF800, 0x0400].map(from_16), [0, 0xFF_FFFF, 0xFF_0000, 0x00_8200]);
    }
}
