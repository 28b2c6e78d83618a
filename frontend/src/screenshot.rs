//! Pictures as PNG files.

use ringzero_machine::{Frame, Machine};
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Why a picture cannot be saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScreenshotError {
    #[error("the screen shows nothing yet")]
    Empty,
    #[error("the picture cannot be encoded: {0}")]
    Encode(#[from] png::EncodingError),
    #[error("{path}: {source}", path = .path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

fn picture(machine: &Machine) -> Frame {
    let mut frame = Frame::default();
    machine.render(&mut frame);
    frame
}

/// A picture as a PNG file's bytes.
fn encode(frame: &Frame) -> Result<Vec<u8>, ScreenshotError> {
    let size = (u32::try_from(frame.width), u32::try_from(frame.height));
    let (Ok(width @ 1..), Ok(height @ 1..)) = size else { return Err(ScreenshotError::Empty) };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.add_text_chunk("Software".to_owned(), "RingZero".to_owned())?;
    let rgb: Vec<u8> = frame
        .pixels
        .iter()
        .flat_map(|pixel| {
            let [_, red, green, blue] = pixel.to_be_bytes();
            [red, green, blue]
        })
        .collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}

/// Writes the picture to `path`, replacing what is there.
pub(crate) fn save(machine: &Machine, path: &Path) -> Result<(), ScreenshotError> {
    save_frame(&picture(machine), path)
}

/// Writes a picture to `path`, replacing what is there.
pub(crate) fn save_frame(frame: &Frame, path: &Path) -> Result<(), ScreenshotError> {
    // Encoded first: an error leaves an old picture as it is.
    let bytes = encode(frame)?;
    fs::write(path, bytes).map_err(|source| ScreenshotError::Write { path: path.to_owned(), source })
}

/// Writes the picture to the first `ringzero-N.png` that does not exist.
pub(crate) fn save_numbered(machine: &Machine, folder: &Path) -> Result<PathBuf, ScreenshotError> {
    let bytes = encode(&picture(machine))?;
    for number in 1..=u32::MAX {
        let path = folder.join(format!("ringzero-{number}.png"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                let written = file.write_all(&bytes);
                return match written {
                    Ok(()) => Ok(path),
                    Err(source) => Err(ScreenshotError::Write { path, source }),
                };
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(source) => return Err(ScreenshotError::Write { path, source }),
        }
    }
    Err(ScreenshotError::Empty)
}
