//! Lines in the modes of the Bochs extension.

use super::Painter;
use crate::vga::vbe::Depth;
use ringzero_bus::RamOffset;

/// Bytes of a row that are fetched at a time: whole pixels of every depth.
const STRETCH: usize = 3 * 4 * 64;

fn widen(value: u32, bits: u32) -> u32 {
    let value = value & ((1 << bits) - 1);
    value << (8 - bits) | value >> (2 * bits - 8)
}

fn rgb(red: u32, green: u32, blue: u32) -> u32 {
    red << 16 | green << 8 | blue
}

impl Painter<'_> {
    /// Line `y` of the picture.
    pub(super) fn packed_line(&self, y: usize, out: &mut [u32]) {
        let vbe = &self.registers.vbe;
        let (x, y) = (self.origin.0, self.origin.1 + y);
        match vbe.depth() {
            Depth::Planar => self.planar_row(x, y * vbe.stride() / 4, out),
            depth => self.row(depth, y * vbe.stride() + depth.bytes(x), out),
        }
    }

    /// A row of pixels that lie side by side from `at` on.
    fn row(&self, depth: Depth, at: usize, out: &mut [u32]) {
        let mut bytes = [0; STRETCH];
        let unit = depth.bytes(1);
        for (n, pixels) in out.chunks_mut(STRETCH / unit).enumerate() {
            let bytes = &mut bytes[..pixels.len() * unit];
            let from = RamOffset(self.source.planes.0.0 + (at + n * (STRETCH / unit) * unit) as u64);
            self.source.ram.read_at(from, bytes);
            for (pixel, bytes) in pixels.iter_mut().zip(bytes.chunks_exact(unit)) {
                *pixel = self.pixel(depth, bytes);
            }
        }
    }

    fn pixel(&self, depth: Depth, bytes: &[u8]) -> u32 {
        let value = bytes.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte));
        match depth {
            Depth::Bits15 => rgb(widen(value >> 10, 5), widen(value >> 5, 5), widen(value, 5)),
            Depth::Bits16 => rgb(widen(value >> 11, 5), widen(value >> 5, 6), widen(value, 5)),
            Depth::Bits24 | Depth::Bits32 => value & 0x00FF_FFFF,
            Depth::Planar | Depth::Indexed => self.colours.rgb[(value & 0xFF) as usize],
        }
    }

    /// A row of four planes that begins at plane address `address`.
    fn planar_row(&self, x: usize, address: usize, out: &mut [u32]) {
        let mut pixels = [0; 9];
        for column in 0..=out.len() / 8 {
            let place = address + x / 8 + column;
            self.graphics_character(self.source.planes.fetch(self.source.ram, place), &mut pixels);
            for (n, &pixel) in pixels[..8].iter().enumerate() {
                if let Some(target) = (column * 8 + n).checked_sub(x % 8).and_then(|x| out.get_mut(x)) {
                    *target = pixel;
                }
            }
        }
    }
}
