//! Sixels: bands of six rows, colour by colour [VT340, "Sixel graphics"].

use std::collections::BTreeMap;
use std::io::{self, Write};

/// Colour registers that terminals have.
const COLOURS: usize = 256;
/// Rows of a band.
const BAND: usize = 6;
/// Repeats from which counting is shorter than writing.
const WORTH: usize = 4;

/// Writes a picture. What is left of the last band stays as it is.
pub(super) fn write(pixels: &[u32], width: usize, out: &mut impl Write) -> io::Result<()> {
    let height = pixels.len().checked_div(width).unwrap_or(0);
    let (palette, indices) = reduced(pixels);
    // Pixels one to one; those that no sixel sets are left alone.
    write!(out, "\x1BP0;1;0q\"1;1;{width};{height}")?;
    for (register, colour) in palette.iter().enumerate() {
        let [_, red, green, blue] = colour.to_be_bytes().map(|part| (u32::from(part) * 100 + 127) / 255);
        write!(out, "#{register};2;{red};{green};{blue}")?;
    }
    for band in indices.chunks(width.max(1) * BAND) {
        write_band(band, width, out)?;
        out.write_all(b"-")?;
    }
    out.write_all(b"\x1B\\")
}

/// The colours of a picture and each pixel's number among them; of too many, the nearest of a cube.
fn reduced(pixels: &[u32]) -> (Vec<u32>, Vec<u8>) {
    let exact = numbered(pixels.iter().copied());
    exact.or_else(|| numbered(pixels.iter().map(|&pixel| cube(pixel)))).unwrap_or_default()
}

fn numbered(pixels: impl Iterator<Item = u32>) -> Option<(Vec<u32>, Vec<u8>)> {
    let (mut numbers, mut palette, mut indices) = (BTreeMap::new(), Vec::new(), Vec::new());
    for pixel in pixels {
        let next = numbers.len();
        let number = *numbers.entry(pixel).or_insert(next);
        if number == COLOURS {
            return None;
        }
        if number == next {
            palette.push(pixel);
        }
        indices.push(u8::try_from(number).ok()?);
    }
    Some((palette, indices))
}

/// Six levels of each part.
fn cube(pixel: u32) -> u32 {
    let [_, red, green, blue] = pixel.to_be_bytes().map(|part| (u32::from(part) * 5 + 127) / 255 * 51);
    red << 16 | green << 8 | blue
}

fn write_band(band: &[u8], width: usize, out: &mut impl Write) -> io::Result<()> {
    let mut used = [false; COLOURS];
    band.iter().for_each(|&index| used[usize::from(index)] = true);
    let mut first = true;
    for register in (0..COLOURS).filter(|&register| used[register]) {
        if !first {
            // Back to the left edge.
            out.write_all(b"$")?;
        }
        first = false;
        write!(out, "#{register}")?;
        let sixel = |x: usize| {
            let column = band.iter().skip(x).step_by(width).enumerate();
            column
                .filter(|(_, index)| usize::from(**index) == register)
                .fold(0, |bits, (row, _)| bits | 1 << row)
        };
        write_runs((0..width).map(sixel), out)?;
    }
    Ok(())
}

fn write_runs(mut sixels: impl Iterator<Item = u8>, out: &mut impl Write) -> io::Result<()> {
    let Some(mut last) = sixels.next() else { return Ok(()) };
    let mut count = 1;
    for sixel in sixels {
        if sixel == last {
            count += 1;
            continue;
        }
        write_run(last, count, out)?;
        (last, count) = (sixel, 1);
    }
    // What is empty up to the right edge needs no mention.
    if last != 0 { write_run(last, count, out) } else { Ok(()) }
}

fn write_run(sixel: u8, count: usize, out: &mut impl Write) -> io::Result<()> {
    let character = b'?' + sixel;
    if count < WORTH {
        return out.write_all(&[character; WORTH][..count]);
    }
    write!(out, "!{count}{}", char::from(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pixels: &[u32], width: usize) -> String {
        let mut out = Vec::new();
        write(pixels, width, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_of_six_are_bits_and_runs_are_counted() {
        let mut pixels = vec![0xFF_0000; 5 * 7];
        pixels[0] = 0xFF;
        let wanted = "\x1BP0;1;0q\"1;1;5;7#0;2;0;0;100#1;2;100;0;0#0@$#1}!4~-#1!5@-\x1B\\";
        assert_eq!(text(&pixels, 5), wanted);
    }

    #[test]
    fn too_many_colours_become_the_cubes() {
        let pixels: Vec<u32> = (0..1000).map(|n| n * 0x101).collect();
        let (palette, indices) = reduced(&pixels);
        assert!(palette.len() <= 216 && indices.len() == 1000);
        assert_eq!((cube(0xFF_FFFF), cube(0x1A_0000)), (0xFF_FFFF, 0x33_0000));
    }
}
