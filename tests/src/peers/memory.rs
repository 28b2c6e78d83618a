//! Memory of the host that a run takes beyond the guest memory in use: at a DOS prompt, and behind a Linux boot.

use crate::shared;
use std::path::Path;
use std::process::{Command, Stdio};

/// Of one run, in MB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Memory {
    /// Resident memory of the process at its end.
    pub(crate) resident: f64,
    /// Guest memory in use, which is part of it.
    pub(crate) guest: f64,
}

/// What is run, and for how many seconds of the host.
const RUNS: [(&str, &[&str], u32); 2] = [
    ("FreeDOS at its prompt", &["--clock", "host", "--fda", "freedos-1.4MB.img"], 8),
    ("Linux behind its boot", &["--serial", "stdio", "--hda", "linux-busybox-i386.img"], 60),
];

/// By what was run; without the guests that are not there.
pub(super) fn measure(program: &Path) -> Vec<(&'static str, Memory)> {
    let run = |(name, args, seconds)| Some((name, of(program, args, seconds)?));
    RUNS.into_iter().filter_map(run).collect()
}

fn of(program: &Path, args: &[&str], seconds: u32) -> Option<Memory> {
    let folder = shared::root().join("guests");
    let mut command = Command::new(program);
    command.args(["run", "--headless", "--snapshot", "--stats", "--timeout", &seconds.to_string()]);
    let output = command.args(args).current_dir(folder).stdin(Stdio::null()).output().ok()?;
    told(&String::from_utf8_lossy(&output.stderr))
}

/// What `--stats` tells.
fn told(stats: &str) -> Option<Memory> {
    let value = |label: &str| {
        let rest = stats.lines().find_map(|line| line.trim().strip_prefix(label))?;
        rest.trim().strip_suffix(" MB")?.parse().ok()
    };
    Some(Memory { resident: value("resident memory")?, guest: value("guest memory in use")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_read() {
        let stats = "statistics of the run:\n  guest memory in use       52.0 MB\n  resident memory    89.3 MB\n    at most   89.4 MB\n";
        assert_eq!(told(stats), Some(Memory { resident: 89.3, guest: 52.0 }));
        assert_eq!(told("  resident memory    89.3 MB\n"), None);
    }
}
