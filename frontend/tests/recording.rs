//! `--record`: what is written is decoded, is the same each time, and is whole however the run ends.

#![allow(clippy::unwrap_used, reason = "test helpers")]

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder of its own for each test, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ringzero-recording-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn ringzero(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringzero"));
    command.args(["run", "--headless"]).args(args).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Frames and the milliseconds they last, of a moving PNG.
fn apng(path: &Path) -> (u32, u64) {
    let decoder = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (720, 400));
    let frames = reader.info().animation_control.unwrap().num_frames;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let mut ms = 0;
    for _ in 0..frames {
        reader.next_frame(&mut pixels).unwrap();
        let control = reader.info().frame_control.unwrap();
        ms += u64::from(control.delay_num) * 1000 / u64::from(control.delay_den);
    }
    (frames, ms)
}

#[test]
fn a_moving_png_lasts_as_long_as_the_run_and_is_the_same_each_time() {
    let folder = Folder::new("png");
    for name in ["a.png", "b.png"] {
        let output = ringzero(&folder.0, &["--max-virtual", "3", "--record", name]).output().unwrap();
        assert_eq!(output.status.code(), Some(83), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let (frames, ms) = apng(&folder.0.join("a.png"));
    assert!(frames >= 3 && (2_950..=3_050).contains(&ms), "{frames} {ms}");
    assert_eq!(fs::read(folder.0.join("a.png")).unwrap(), fs::read(folder.0.join("b.png")).unwrap());
}

#[test]
fn a_gif_has_the_guests_colours() {
    let folder = Folder::new("gif");
    let output = ringzero(&folder.0, &["--max-virtual", "3", "--record", "a.gif"]).output().unwrap();
    assert_eq!(output.status.code(), Some(83), "{}", String::from_utf8_lossy(&output.stderr));
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(File::open(folder.0.join("a.gif")).unwrap()).unwrap();
    assert_eq!((decoder.width(), decoder.height()), (720, 400));
    let (mut frames, mut hundredths, mut grey) = (0, 0, 0);
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        (frames, hundredths) = (frames + 1, hundredths + u32::from(frame.delay));
        grey += frame.buffer.chunks(4).filter(|pixel| pixel[..3] == [0xAA; 3]).count();
    }
    assert!(frames >= 3 && (295..=305).contains(&hundredths) && grey > 100, "{frames} {hundredths} {grey}");
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_a_whole_file() {
    let folder = Folder::new("signal");
    let path = folder.0.join("a.png");
    let mut child = ringzero(&folder.0, &["--clock", "host", "--record", "a.png"]).spawn().unwrap();
    let begun = std::time::Instant::now();
    while fs::metadata(&path).map_or(0, |metadata| metadata.len()) < 500 {
        assert!(begun.elapsed().as_secs() < 60, "nothing was recorded");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(apng(&path).0 > 0);
}

#[test]
fn a_name_that_says_no_format_is_refused() {
    let folder = Folder::new("name");
    let output = ringzero(&folder.0, &["--record", "a.mp4"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(64) && stderr.contains(".gif"), "{stderr}");
    assert!(!folder.0.join("a.mp4").exists());
}
