//! Pictures compared with those a person has approved.

use super::steps::Golden;
use crate::screenshot;
use ringzero_machine::{Frame, Machine};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Largest picture that is read, in pixels to a side.
const LARGEST: u32 = 16_384;
/// What differs in a picture of differences.
const DIFFERS: u32 = 0xFF_0000;

/// Why a picture is not the golden one.
#[derive(Debug)]
pub(crate) struct Mismatch {
    pub(crate) reason: String,
    /// The picture there was, and where it differs.
    pub(crate) files: Vec<PathBuf>,
}

/// Whether there is a picture to compare with.
pub(crate) fn exists(path: &Path) -> Result<(), String> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => read(path).map(|_| ()),
        Ok(_) => Err(format!("{} is no file", path.display())),
        Err(_) => Err(format!("no picture {}", path.display())),
    }
}

/// Writes the machine's picture as the golden one.
pub(crate) fn bless(machine: &Machine, golden: &Golden) -> Result<(), String> {
    if let Some(folder) = golden.path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let actual = picture(machine);
    // A picture that passes is left as it is: its file would differ in nothing that shows.
    if read(&golden.path).is_ok_and(|old| same(&old, &actual)) {
        return Ok(());
    }
    screenshot::save_frame(&actual, &golden.path).map_err(|error| error.to_string())
}

/// Compares the machine's picture; what differs is left in `output`, in files that begin with `prefix`.
pub(crate) fn compare(
    machine: &Machine,
    golden: &Golden,
    output: &Path,
    prefix: &str,
) -> Result<(), Mismatch> {
    let actual = picture(machine);
    let wanted = read(&golden.path).map_err(|reason| Mismatch { reason, files: Vec::new() })?;
    let shown = golden.path.display();
    let (reason, diff) = if (actual.width, actual.height) != (wanted.width, wanted.height) {
        let sizes = [&actual, &wanted].map(|frame| format!("{} x {}", frame.width, frame.height));
        (format!("the picture has {} pixels, {shown} has {}", sizes[0], sizes[1]), None)
    } else {
        let (differing, counted, diff) = difference(&actual, &wanted, golden.area);
        if differing as f64 <= golden.tolerance * counted as f64 {
            return Ok(());
        }
        let share = 100.0 * differing as f64 / counted.max(1) as f64;
        let allowed = 100.0 * golden.tolerance;
        let reason =
            format!("{differing} of {counted} pixels ({share:.2} %) differ from {shown}, {allowed} % may");
        (reason, Some(diff))
    };
    let (files, trouble) = leave_behind(output, prefix, &golden.path, &actual, diff.as_ref());
    Err(Mismatch { reason: trouble.map_or(reason.clone(), |trouble| format!("{reason}; {trouble}")), files })
}

/// Writes NAME.actual.png and NAME.diff.png; what went wrong with that.
fn leave_behind(
    output: &Path,
    prefix: &str,
    golden: &Path,
    actual: &Frame,
    diff: Option<&Frame>,
) -> (Vec<PathBuf>, Option<String>) {
    let name = golden.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut files = Vec::new();
    if let Err(error) = std::fs::create_dir_all(output) {
        return (files, Some(format!("{}: {error}", output.display())));
    }
    for (kind, frame) in [("actual", Some(actual)), ("diff", diff)] {
        let Some(frame) = frame else { continue };
        let path = output.join(format!("{prefix}.{name}.{kind}.png"));
        match screenshot::save_frame(frame, &path) {
            Ok(()) => files.push(path),
            Err(error) => return (files, Some(error.to_string())),
        }
    }
    (files, None)
}

fn picture(machine: &Machine) -> Frame {
    let mut frame = Frame::default();
    machine.render(&mut frame);
    frame.pixels.iter_mut().for_each(|pixel| *pixel &= 0xFF_FFFF);
    frame
}

fn same(a: &Frame, b: &Frame) -> bool {
    (a.width, a.height) == (b.width, b.height) && a.pixels == b.pixels
}

/// Pixels that differ, pixels that count, and a picture of both: the wanted one faded, what differs in red.
fn difference(actual: &Frame, wanted: &Frame, area: Option<[usize; 4]>) -> (usize, usize, Frame) {
    let [left, top, width, height] = area.unwrap_or([0, 0, wanted.width, wanted.height]);
    let (mut differing, mut counted) = (0, 0);
    let mut diff = Frame { width: wanted.width, height: wanted.height, pixels: Vec::new() };
    for (n, (a, b)) in actual.pixels.iter().zip(&wanted.pixels).enumerate() {
        let (x, y) = (n % wanted.width.max(1), n / wanted.width.max(1));
        let counts =
            (left..left.saturating_add(width)).contains(&x) && (top..top.saturating_add(height)).contains(&y);
        counted += usize::from(counts);
        differing += usize::from(counts && a != b);
        diff.pixels.push(if counts && a != b { DIFFERS } else { (b >> 2) & 0x3F_3F3F });
    }
    (differing, counted, diff)
}

/// A PNG file as a frame.
fn read(path: &Path) -> Result<Frame, String> {
    let wrong = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
    let file = File::open(path).map_err(|error| wrong(&error))?;
    let mut decoder = png::Decoder::new(BufReader::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|error| wrong(&error))?;
    let info = reader.info();
    if info.width > LARGEST || info.height > LARGEST {
        return Err(wrong(&"the picture is too large"));
    }
    let size = reader.output_buffer_size().ok_or_else(|| wrong(&"the picture is too large"))?;
    let mut bytes = vec![0; size];
    let info = reader.next_frame(&mut bytes).map_err(|error| wrong(&error))?;
    let samples = info.color_type.samples();
    let pixel = |sample: &[u8]| match sample {
        [grey] | [grey, _] => u32::from_be_bytes([0, *grey, *grey, *grey]),
        [red, green, blue, ..] => u32::from_be_bytes([0, *red, *green, *blue]),
        [] => 0,
    };
    let pixels = bytes[..info.buffer_size()].chunks_exact(samples).map(pixel).collect();
    Ok(Frame { width: info.width as usize, height: info.height as usize, pixels })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(pixels: [u32; 4]) -> Frame {
        Frame { width: 2, height: 2, pixels: pixels.to_vec() }
    }

    #[test]
    fn pixels_that_differ_are_counted_and_drawn() {
        let (differing, counted, diff) = difference(&frame([1, 2, 3, 4]), &frame([1, 2, 3, 0x40]), None);
        assert_eq!((differing, counted), (1, 4));
        assert_eq!(diff.pixels, [0, 0, 0, DIFFERS]);
    }

    #[test]
    fn only_the_area_counts() {
        let (differing, counted, _) =
            difference(&frame([1, 2, 3, 4]), &frame([1, 2, 3, 5]), Some([0, 0, 1, 9]));
        assert_eq!((differing, counted), (0, 2));
    }

    #[test]
    fn a_picture_comes_back_from_its_file() {
        let path = std::env::temp_dir().join(format!("ringzero-golden-{}.png", std::process::id()));
        let frame = frame([0x12_3456, 0, 0xFF_FFFF, 7]);
        screenshot::save_frame(&frame, &path).unwrap();
        let read = read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(same(&read, &frame));
    }
}
