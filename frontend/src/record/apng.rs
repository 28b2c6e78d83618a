//! A moving PNG, written chunk by chunk [PNG, "Animation information"].
//!
//! After every frame the file is complete: the end is written behind it, to be written over by the next, and the count
//! of frames at the beginning is put right. A run that is killed leaves all but its last frame.

use super::RecordError;
use super::reel::{Film, Shot};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1A\n";
/// Behind the signature and IHDR.
const ACTL_AT: u64 = 8 + 25;
/// Longer than any delay that the field holds in milliseconds.
const MOST_MS: u64 = 65_535;

/// A moving PNG file.
pub(super) struct Apng {
    file: File,
    /// Where the next frame goes.
    place: u64,
    frames: u32,
    sequence: u32,
}

impl Apng {
    pub(super) fn begin(mut file: File, (width, height): (usize, usize)) -> Result<Self, RecordError> {
        let mut header = SIGNATURE.to_vec();
        let mut data = [number(width)?.to_be_bytes(), number(height)?.to_be_bytes()].concat();
        // 8 bits a sample, RGB, the one compression, the one filter method, not interlaced.
        data.extend([8, 2, 0, 0, 0]);
        chunk(&mut header, b"IHDR", &data);
        chunk(&mut header, b"acTL", &[0; 8]);
        chunk(&mut header, b"tEXt", b"Software\0RingZero");
        file.write_all(&header)?;
        Ok(Self { file, place: header.len() as u64, frames: 0, sequence: 0 })
    }

    fn next(&mut self) -> [u8; 4] {
        self.sequence += 1;
        (self.sequence - 1).to_be_bytes()
    }

    fn control(&mut self, shot: &Shot) -> Result<Vec<u8>, RecordError> {
        let area = shot.area;
        let mut data = self.next().to_vec();
        for size in [area.width, area.height, area.x, area.y] {
            data.extend(number(size)?.to_be_bytes());
        }
        let (delay, per_second) = delay(shot.begin, shot.end);
        data.extend(delay.to_be_bytes());
        data.extend(per_second.to_be_bytes());
        // It stays for the next, and replaces what it covers.
        data.extend([0, 0]);
        Ok(data)
    }
}

impl Film for Apng {
    fn add(&mut self, shot: &Shot) -> Result<(), RecordError> {
        let compressed = compress(shot)?;
        let mut out = Vec::with_capacity(compressed.len() + 64);
        chunk(&mut out, b"fcTL", &self.control(shot)?);
        if self.frames == 0 {
            chunk(&mut out, b"IDAT", &compressed);
        } else {
            chunk(&mut out, b"fdAT", &[&self.next()[..], &compressed].concat());
        }
        let len = out.len() as u64;
        chunk(&mut out, b"IEND", &[]);
        self.file.seek(SeekFrom::Start(self.place))?;
        self.file.write_all(&out)?;
        (self.place, self.frames) = (self.place + len, self.frames + 1);
        let mut count = Vec::new();
        // Zero plays: without end.
        chunk(&mut count, b"acTL", &[self.frames.to_be_bytes(), [0; 4]].concat());
        self.file.seek(SeekFrom::Start(ACTL_AT))?;
        self.file.write_all(&count)?;
        Ok(())
    }
}

/// How long a frame is seen, as a fraction of a second. Both ends are rounded, so that errors do not add up.
fn delay(begin: u64, end: u64) -> (u16, u16) {
    let ms = end / 1_000_000 - begin / 1_000_000;
    let field = |amount: u64| u16::try_from(amount).unwrap_or(u16::MAX);
    if ms <= MOST_MS { (field(ms), 1000) } else { (field(ms / 1000), 1) }
}

fn number(size: usize) -> Result<u32, RecordError> {
    u32::try_from(size).map_err(|_| std::io::Error::other("the picture is too large").into())
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    // No picture has 4 GiB.
    out.extend((data.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend(kind);
    out.extend(data);
    let checksum = crc32fast::hash(&out[start..]);
    out.extend(checksum.to_be_bytes());
}

/// The image data of a PNG that has the shot's pixels.
fn compress(shot: &Shot) -> Result<Vec<u8>, RecordError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, number(shot.area.width)?, number(shot.area.height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let rgb: Vec<u8> = shot.pixels.iter().flat_map(|pixel| pixel.to_be_bytes().into_iter().skip(1)).collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(image_data(&bytes))
}

/// What the IDAT chunks of a PNG hold.
fn image_data(png: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut rest = png.get(SIGNATURE.len()..).unwrap_or_default();
    while let Some((&[a, b, c, d], more)) = rest.split_first_chunk::<4>() {
        let len = u32::from_be_bytes([a, b, c, d]) as usize;
        let (Some(kind), Some(body), Some(next)) = (more.get(..4), more.get(4..4 + len), more.get(8 + len..))
        else {
            break;
        };
        if kind == b"IDAT" {
            data.extend_from_slice(body);
        }
        rest = next;
    }
    data
}

#[cfg(test)]
mod tests {
    use super::super::reel::Area;
    use super::*;
    use std::io::BufReader;

    fn shot(area: Area, colour: u32, begin: u64, end: u64) -> Shot {
        Shot { area, pixels: vec![colour; area.width * area.height], begin, end }
    }

    #[test]
    fn a_decoder_finds_frames_places_and_delays_after_every_frame() {
        let path = std::env::temp_dir().join(format!("ringzero-apng-{}.png", std::process::id()));
        let mut film = Apng::begin(File::create(&path).unwrap(), (8, 4)).unwrap();
        let all = Area { x: 0, y: 0, width: 8, height: 4 };
        let part = Area { x: 2, y: 1, width: 3, height: 2 };
        film.add(&shot(all, 0x112233, 0, 16_700_000)).unwrap();
        film.add(&shot(part, 0x445566, 16_700_000, 100_000_000_000)).unwrap();
        let decoder = png::Decoder::new(BufReader::new(File::open(&path).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        assert_eq!(reader.info().animation_control.map(|a| (a.num_frames, a.num_plays)), Some((2, 0)));
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels[..3], [0x11, 0x22, 0x33]);
        assert_eq!(reader.info().frame_control.map(|f| (f.delay_num, f.delay_den)), Some((16, 1000)));
        reader.next_frame(&mut pixels).unwrap();
        let second = *reader.info().frame_control.as_ref().unwrap();
        assert_eq!((second.x_offset, second.y_offset, second.width, second.height), (2, 1, 3, 2));
        assert_eq!((second.delay_num, second.delay_den), (99, 1));
        assert_eq!(pixels[..3], [0x44, 0x55, 0x66]);
        std::fs::remove_file(&path).unwrap();
    }
}
