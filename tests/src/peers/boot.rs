//! Linux from power-on to the start of its init, here and under QEMU.

use crate::shared;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What the kernel writes as it hands over to init.
const FIRST_LINE: &str = "Run /init";

/// Longest wait for that line.
const LIMIT: Duration = Duration::from_secs(300);

/// Seconds by target, one for each round; none where the guest is not there.
pub(super) fn linux(program: &Path, rounds: u32) -> BTreeMap<String, Vec<f64>> {
    let image = shared::root().join("guests/linux-busybox-i386.img");
    let mut times: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    if !image.exists() {
        return times;
    }
    for _ in 0..rounds {
        for target in ["new32", "qemu32"] {
            let command = if target == "new32" { ours(program, &image) } else { qemu(&image) };
            times.entry(target.to_owned()).or_default().extend(time_to(command, FIRST_LINE));
        }
    }
    times
}

fn ours(program: &Path, image: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["run", "--headless", "--snapshot", "--serial", "stdio", "--hda"]).arg(image);
    command
}

fn qemu(image: &Path) -> Command {
    let mut command = Command::new("qemu-system-i386");
    command.args(["-accel", "tcg,thread=single", "-display", "none", "-no-reboot", "-nodefaults"]);
    command.args(["-vga", "std", "-serial", "stdio", "-m", "128", "-drive"]);
    command.arg(format!("file={},format=raw,if=ide,snapshot=on", image.display()));
    command
}

/// Seconds until a program has written `text`; none if it ends before, or takes longer than [`LIMIT`].
fn time_to(mut command: Command, text: &'static str) -> Option<f64> {
    let begin = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let out = child.stdout.take()?;
    let (found, finding) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        if writes(out, text) {
            // Nobody listens any more when the limit has passed.
            let _ = found.send(begin.elapsed().as_secs_f64());
        }
    });
    let time = finding.recv_timeout(LIMIT).ok();
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
    // A reader that panicked has found nothing.
    let _ = reader.join();
    time
}

/// Whether `text` comes before the end of `out`.
fn writes(mut out: impl Read, text: &str) -> bool {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = out.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..count]);
        if seen.windows(text.len()).any(|window| window == text.as_bytes()) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_two_pieces_is_found() {
        assert!(writes((&b"Run /"[..]).chain(&b"init as"[..]), FIRST_LINE));
        assert!(!writes(&b"Run /"[..], FIRST_LINE));
    }
}
