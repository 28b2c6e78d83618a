//! Draws the pictures of `programs::pictures` here and, where it is installed, by QEMU, and says how they differ.

#![expect(clippy::print_stdout, reason = "a program of a person's")]

use clap::Parser;
use ringzero_machine::Frame;
use ringzero_tests::pictures::{difference, draw, save};
use ringzero_tests::programs::pictures::{ALL, Picture};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Pixels in a thousand that may differ: where a cursor or a retrace stood otherwise.
const TOLERANCE: usize = 2;
/// What a peer gets to boot and draw.
const PATIENCE: Duration = Duration::from_millis(3_500);

/// Compares the test pictures with a peer's.
#[derive(Parser)]
struct Arguments {
    /// Where disks and pictures are left.
    #[arg(long, default_value = "target/pictures")]
    folder: PathBuf,
    /// Only pictures whose names contain this.
    #[arg(default_value = "")]
    filter: String,
}

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.folder)?;
    let qemu = Command::new("qemu-system-i386").arg("--version").stdout(Stdio::null()).status().is_ok();
    let mut unexplained = Vec::new();
    for picture in ALL.iter().filter(|picture| picture.name.contains(&arguments.filter)) {
        let ours = draw(picture);
        let path = |suffix: &str| arguments.folder.join(format!("{}{suffix}", picture.name));
        save(&path(".png"), &ours)?;
        std::fs::write(path(".img"), picture.disk()?.bytes())?;
        if !qemu {
            continue;
        }
        let theirs = by_qemu(&path(".img"), &path(".ppm"))?;
        save(&path(".qemu.png"), &theirs)?;
        let share = difference(&ours, &theirs);
        println!("{}: {}", picture.name, verdict(picture, share));
        if share > TOLERANCE && picture.differs.is_empty() {
            unexplained.push(picture.name);
        }
    }
    match unexplained.is_empty() {
        true => Ok(()),
        false => {
            Err(format!("QEMU draws otherwise, for no reason we know: {}", unexplained.join(" ")).into())
        }
    }
}

fn verdict(picture: &Picture, share: usize) -> String {
    match (share <= TOLERANCE, picture.differs) {
        (true, _) => "the same".to_owned(),
        (false, "") => format!("{share} pixels in a thousand differ"),
        (false, reason) => format!("{share} pixels in a thousand differ: {reason}"),
    }
}

/// Boots a disk in QEMU and takes its screen.
fn by_qemu(disk: &Path, screen: &Path) -> Outcome<Frame> {
    let drive = format!("file={},format=raw,if=floppy,snapshot=on", disk.display());
    let mut peer = Command::new("qemu-system-i386")
        .args(["-nodefaults", "-vga", "std", "-display", "none", "-monitor", "stdio", "-drive"])
        .arg(drive)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut monitor = peer.stdin.take().ok_or("QEMU has no monitor")?;
    std::thread::sleep(PATIENCE);
    writeln!(monitor, "screendump {}", screen.display())?;
    writeln!(monitor, "quit")?;
    drop(monitor);
    peer.wait()?;
    let bytes = std::fs::read(screen)?;
    ppm(&bytes).ok_or_else(|| "QEMU's picture cannot be read".into())
}

/// A binary PPM of eight bits.
fn ppm(bytes: &[u8]) -> Option<Frame> {
    let mut words = bytes.splitn(4, |byte| byte.is_ascii_whitespace());
    let (magic, width, height) = (words.next()?, words.next()?, words.next()?);
    let rest = words.next()?;
    let number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse::<usize>().ok();
    let data = rest.iter().position(|byte| byte.is_ascii_whitespace()).map(|at| &rest[at + 1..])?;
    let pixels = data.chunks_exact(3).map(|rgb| u32::from_be_bytes([0, rgb[0], rgb[1], rgb[2]])).collect();
    (magic == b"P6").then_some(Frame { width: number(width)?, height: number(height)?, pixels })
}
