//! A GIF \[GIF89a\]: at most 256 colours in a frame; a frame that has more gets the nearest of 256 chosen ones.

use super::RecordError;
use super::reel::{Film, Shot};
use gif::{DisposalMethod, Encoder, Frame, Repeat};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;

/// What the field of a frame's delay holds, in hundredths of a second.
const MOST: u64 = 65_535;
/// How thoroughly colours are chosen: 1 is slow, 30 is coarse.
const CHOICE: i32 = 10;

/// A GIF file. Each frame reaches the file at once; the end is written when it is dropped.
pub(super) struct Gif {
    encoder: Encoder<File>,
}

impl Gif {
    pub(super) fn begin(file: File, (width, height): (usize, usize)) -> Result<Self, RecordError> {
        let mut encoder = Encoder::new(file, number(width)?, number(height)?, &[]).map_err(failed)?;
        encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
        Ok(Self { encoder })
    }
}

impl Film for Gif {
    fn add(&mut self, shot: &Shot) -> Result<(), RecordError> {
        // Both ends are rounded, so that errors do not add up.
        let mut hundredths = shot.end / 10_000_000 - shot.begin / 10_000_000;
        let mut frame = frame(shot)?;
        frame.left = number(shot.area.x)?;
        frame.top = number(shot.area.y)?;
        frame.dispose = DisposalMethod::Keep;
        // What is seen for longer than the field can say is there several times.
        loop {
            let delay = hundredths.min(MOST);
            frame.delay = u16::try_from(delay).unwrap_or(u16::MAX);
            self.encoder.write_frame(&frame).map_err(failed)?;
            hundredths -= delay;
            if hundredths == 0 {
                return Ok(());
            }
        }
    }
}

/// A frame in its own colours if they are few enough.
fn frame(shot: &Shot) -> Result<Frame<'static>, RecordError> {
    let (width, height) = (number(shot.area.width)?, number(shot.area.height)?);
    let mut indices = BTreeMap::new();
    let mut pixels = Vec::with_capacity(shot.pixels.len());
    let mut palette = Vec::new();
    for &pixel in &shot.pixels {
        let next = indices.len();
        let index = *indices.entry(pixel).or_insert(next);
        let Ok(index) = u8::try_from(index) else { return Ok(chosen(width, height, shot)) };
        if index as usize == next {
            palette.extend(&pixel.to_be_bytes()[1..]);
        }
        pixels.push(index);
    }
    Ok(Frame::from_palette_pixels(width, height, pixels, palette, None))
}

fn chosen(width: u16, height: u16, shot: &Shot) -> Frame<'static> {
    let rgb: Vec<u8> = shot.pixels.iter().flat_map(|pixel| pixel.to_be_bytes().into_iter().skip(1)).collect();
    Frame::from_rgb_speed(width, height, &rgb, CHOICE)
}

fn number(size: usize) -> Result<u16, RecordError> {
    u16::try_from(size).map_err(|_| io::Error::other("the picture is too large for a GIF").into())
}

fn failed(error: gif::EncodingError) -> RecordError {
    match error {
        gif::EncodingError::Io(error) => error.into(),
        other => io::Error::other(other.to_string()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::reel::Area;
    use super::*;

    #[test]
    fn a_decoder_finds_exact_colours_and_delays() {
        let path = std::env::temp_dir().join(format!("ringzero-gif-{}.gif", std::process::id()));
        let mut film = Gif::begin(File::create(&path).unwrap(), (16, 16)).unwrap();
        let area = Area { x: 0, y: 0, width: 16, height: 16 };
        let pixels: Vec<u32> = (0..256).map(|n| n * 0x01_0001).collect();
        film.add(&Shot { area, pixels: pixels.clone(), begin: 0, end: 700_000_000_000 }).unwrap();
        drop(film);
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(File::open(&path).unwrap()).unwrap();
        let mut delays = 0;
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            delays += u32::from(frame.delay);
            let colours = frame.buffer.chunks(4).map(|p| u32::from_be_bytes([0, p[0], p[1], p[2]]));
            assert!(colours.eq(pixels.iter().copied()));
        }
        assert_eq!(delays, 70_000);
        std::fs::remove_file(&path).unwrap();
    }
}
