//! What is installed, and what would have to be.

use crate::shared;
use std::process::{Command, Stdio};

/// A program that is needed and the packages, as Debian calls them, that give it.
struct Need {
    program: &'static str,
    packages: &'static str,
    /// Whether nothing can be measured without it.
    always: bool,
}

const NEEDS: [Need; 5] = [
    Need { program: "python3", packages: "python3", always: true },
    Need { program: "nasm", packages: "nasm", always: true },
    Need { program: "gcc -m32", packages: "gcc-multilib", always: true },
    Need { program: "qemu-system-i386", packages: "qemu-system-x86", always: false },
    Need { program: "bochs", packages: "bochs bochs-term bochsbios vgabios", always: false },
];

/// The peers that are there, and their versions.
#[derive(Debug, Default)]
pub struct Tools {
    /// QEMU's version.
    pub qemu: Option<String>,
    /// That of Bochs.
    pub bochs: Option<String>,
    /// Our own.
    pub ringzero: String,
    /// What is missing, as a line to be shown; empty when nothing is.
    pub missing: String,
    /// Whether that leaves anything to measure.
    pub usable: bool,
}

/// The first line a program writes that `picks` likes.
fn line(program: &str, arguments: &[&str], picks: impl Fn(&str) -> bool) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).lines().find(|line| picks(line)).map(|line| line.trim().to_owned())
}

/// Whether gcc makes static programs of 32 bits, which takes another C library.
fn compiles_for_32_bits() -> bool {
    let program = shared::workspace().join("target/bench-probe");
    let script =
        format!("echo 'int main(void) {{ return 0; }}' | gcc -m32 -static -x c - -o '{}'", program.display());
    let status = Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status();
    // Where it could not be made there is nothing to remove.
    let _ = std::fs::remove_file(program);
    status.is_ok_and(|status| status.success())
}

fn is_there(program: &str) -> bool {
    match program {
        "gcc -m32" => compiles_for_32_bits(),
        _ => Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success()),
    }
}

/// Bochs names its version in its banner, which only a run shows; Debian's package names it too.
fn bochs_version() -> String {
    let package = line("dpkg-query", &["-W", "-f=${Version}", "bochs"], |text| {
        text.starts_with(|c: char| c.is_ascii_digit())
    });
    package.map_or_else(|| "Bochs".to_owned(), |version| format!("Bochs {version}"))
}

impl Tools {
    /// Looks around.
    pub fn find() -> Self {
        let absent: Vec<&Need> = NEEDS.iter().filter(|need| !is_there(need.program)).collect();
        let there = |program: &str| absent.iter().all(|need| need.program != program);
        let programs: Vec<&str> = absent.iter().map(|need| need.program).collect();
        let packages: Vec<&str> = absent.iter().map(|need| need.packages).collect();
        let missing = if absent.is_empty() {
            String::new()
        } else {
            format!("missing: {}; apt-get install {}", programs.join(", "), packages.join(" "))
        };
        let [qemu, bochs] = ["qemu-system-i386", "bochs"].map(there);
        let usable = absent.iter().all(|need| !need.always) && (qemu || bochs);
        let commit = line("git", &["describe", "--always", "--tags"], |_| true);
        Self {
            qemu: qemu.then(|| {
                line("qemu-system-i386", &["--version"], |_| true).unwrap_or_else(|| "QEMU".to_owned())
            }),
            bochs: bochs.then(bochs_version),
            ringzero: format!("{} ({})", env!("CARGO_PKG_VERSION"), commit.as_deref().unwrap_or("no commit")),
            missing,
            usable,
        }
    }
}

/// The host's processor and how many of them there are.
pub(super) fn host_processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", model.trim_start_matches([' ', '\t', ':']))
}

/// Today as year, month and day, in UTC.
pub(super) fn today() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = civil(now.as_secs() / 86_400);
    format!("{year}-{month:02}-{day:02}")
}

/// The date so many days after 1 January 1970, in the Gregorian calendar. Years begin with March here, so that leap days
/// come last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_are_dates() {
        assert_eq!(
            [0, 59, 11_016, 19_782].map(civil),
            [(1970, 1, 1), (1970, 3, 1), (2000, 2, 29), (2024, 2, 29)]
        );
    }
}
