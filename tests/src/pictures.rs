//! The pictures of [`crate::programs::pictures`]: drawn by our machine, kept as PNG files, compared.

use crate::programs::pictures::Picture;
use crate::session::Session;
use ringzero_machine::{Frame, Model};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

/// Virtual milliseconds until a picture stands.
const TIME_MS: u64 = 2_500;

/// Where the goldens are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/pictures")
}

/// What our machine shows.
pub fn draw(picture: &Picture) -> Frame {
    let disk = picture.disk().expect("a program of ours assembles");
    let mut session = Session::boot(&disk, Model::MAX);
    session.pass(TIME_MS);
    let mut frame = Frame::default();
    session.machine.render(&mut frame);
    frame
}

/// Reads a picture; `None` where there is none.
pub fn load(path: &Path) -> Option<Frame> {
    let mut reader = png::Decoder::new(BufReader::new(File::open(path).ok()?)).read_info().ok()?;
    let mut bytes = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut bytes).ok()?;
    let pixels = bytes[..info.buffer_size()].chunks_exact(3);
    let pixels = pixels.map(|rgb| u32::from_be_bytes([0, rgb[0], rgb[1], rgb[2]])).collect();
    Some(Frame { width: info.width as usize, height: info.height as usize, pixels })
}

/// Writes a picture.
pub fn save(path: &Path, frame: &Frame) -> std::io::Result<()> {
    let file = BufWriter::new(File::create(path)?);
    let mut encoder = png::Encoder::new(file, frame.width as u32, frame.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    // Ramps repeat exactly, which filters would hide from the compressor.
    encoder.set_filter(png::Filter::NoFilter);
    let bytes: Vec<u8> =
        frame.pixels.iter().flat_map(|pixel| pixel.to_be_bytes().into_iter().skip(1)).collect();
    encoder.write_header()?.write_image_data(&bytes)?;
    Ok(())
}

/// The share of pixels, in thousandths, in which a picture of another size shows other colours. A peer may show every
/// pixel twice, and widen six bits to eight in its own way.
pub fn difference(ours: &Frame, theirs: &Frame) -> usize {
    let (columns, rows) = (theirs.width.max(ours.width), theirs.height.max(ours.height));
    let sample = |frame: &Frame, x: usize, y: usize| {
        frame.pixels[y * frame.height / rows * frame.width + x * frame.width / columns]
    };
    let close = |a: u32, b: u32| {
        let parts = |pixel: u32| [16, 8, 0].map(|shift| (pixel >> shift & 0xFF) as i32);
        parts(a).into_iter().zip(parts(b)).all(|(a, b)| (a - b).abs() <= 7)
    };
    let differ = (0..rows)
        .flat_map(|y| (0..columns).map(move |x| (x, y)))
        .filter(|&(x, y)| !close(sample(ours, x, y), sample(theirs, x, y)))
        .count();
    (differ * 1000).div_ceil((columns * rows).max(1))
}
