//! `ringzero runner`: how `cargo run` and `cargo test` start kernels.
//!
//! It is a headless run with other defaults: what a test needs is there, what could go on for ever ends, disks stay as they
//! are, and only a guest that says so has succeeded.

use crate::cli::RunArgs;
use crate::cli::device::Device;
use crate::cli::runner::RunnerArgs;
use crate::media::{self, Content, MediaError};
use crate::serial::Stdin;
use crate::verdict::EXIT_USAGE;
use crate::{report, run};
use ringzero_machine::DebugExitConfig;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// The debug exit of the well-known tutorials, and what 10h written to it comes to.
const DEBUG_EXIT: DebugExitConfig = DebugExitConfig { iobase: 0xF4, iosize: 4 };
const SUCCESS: u8 = 0x10 << 1 | 1;
/// Host time for a run.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Virtual time in which something must show.
const HANG_AFTER: Duration = Duration::from_secs(60);

/// Why there is nothing to run.
#[derive(Debug, thiserror::Error)]
enum RunnerError {
    #[error("no kernel: write ringzero runner [OPTIONS] KERNEL [ARGS] (see ringzero runner --help)")]
    NoKernel,
    #[error("--kernel: the kernel of `ringzero runner` stands behind the options; leave --kernel away")]
    KernelOption,
    #[error(transparent)]
    Media(#[from] MediaError),
}

/// Runs the kernel, says the verdict and gives the exit code.
pub(crate) fn run(args: RunnerArgs) -> ExitCode {
    match as_run(args) {
        Ok(args) => run::run(&args),
        Err(error) => {
            report::say(&error.to_string());
            ExitCode::from(EXIT_USAGE)
        }
    }
}

/// The run that is meant.
fn as_run(RunnerArgs { mut run, args }: RunnerArgs) -> Result<RunArgs, RunnerError> {
    if run.kernel.is_some() {
        return Err(RunnerError::KernelOption);
    }
    let path = run.image.take().ok_or(RunnerError::NoKernel)?;
    let content = media::look_at(&path)?;
    match content {
        Content::Kernel => run.image = Some(path),
        Content::Cd => run.cdrom.insert(0, path),
        Content::Floppy if media::has_floppy_size(&path) => run.fda.insert(0, path),
        // What boot loaders' tools make may be smaller than a diskette; it is read as a hard disk all the same.
        Content::Floppy | Content::HardDisk => put_first_disk(&mut run, &path),
    }
    if content == Content::Kernel {
        tell(&mut run, &args);
    } else if !args.is_empty() {
        report::say("note: a disk image has no command line; what stands behind it is left out");
    }
    set_defaults(&mut run);
    Ok(run)
}

/// The image becomes the first hard disk. Where --hda names another, the run is refused for having two.
fn put_first_disk(run: &mut RunArgs, path: &Path) {
    if run.hda.is_none() {
        run.hda = Some(path.to_owned());
    } else {
        run.image = Some(path.to_owned());
    }
}

/// The words behind the kernel become its command line, behind that of --append.
fn tell(run: &mut RunArgs, args: &[std::ffi::OsString]) {
    let words = args.iter().map(|word| word.to_string_lossy().into_owned());
    let words: Vec<String> = run.append.take().into_iter().chain(words).collect();
    run.append = (!words.is_empty()).then(|| words.join(" "));
}

fn set_defaults(run: &mut RunArgs) {
    run.snapshot = true;
    run.no_reboot = !run.reboot;
    run.reset_fails = true;
    run.success_exit.get_or_insert(SUCCESS);
    if !run.device.iter().any(|device| device.debug_exit().is_some()) {
        run.device.push(Device::DebugExit(DEBUG_EXIT));
    }
    if !run.device.contains(&Device::PvPanic) {
        run.device.push(Device::PvPanic);
    }
    run.headless |= run.display.is_none() && !run.nographic;
    let someone_looks = run.display.is_some_and(|display| display.is_seen());
    let someone_types = run.nographic && Stdin::is_terminal();
    if !someone_looks && !someone_types {
        run.timeout.get_or_insert(TIMEOUT);
        run.hang_after.get_or_insert(HANG_AFTER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{self, Command};
    use std::ffi::OsString;
    use std::path::PathBuf;

    /// A file with this beginning and length.
    fn file(name: &str, head: &[u8], len: usize) -> PathBuf {
        let path = std::env::temp_dir().join(format!("ringzero-runner-{name}-{}", std::process::id()));
        let mut bytes = head.to_vec();
        bytes.resize(len, 0);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// What `ringzero runner BEFORE FILE BEHIND` comes to.
    fn runner(before: &str, path: &Path, behind: &str) -> Result<RunArgs, RunnerError> {
        let words = format!("ringzero runner {before} {} {behind}", path.display());
        let words: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        match cli::parse(words) {
            Ok(Command::Runner(args)) => as_run(*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options_stand_before_the_kernel_and_its_command_line_behind() {
        let kernel = file("words", b"\x7FELF", 512);
        let run = runner("-m 64 -append quiet", &kernel, "--nocapture -m 3 -- name").unwrap();
        assert_eq!(run.image.as_ref(), Some(&kernel));
        assert_eq!(run.memory, 64 << 20);
        assert_eq!(run.append.as_deref(), Some("quiet --nocapture -m 3 -- name"));
        assert_eq!(runner("--", &kernel, "").unwrap().append, None);
    }

    #[test]
    fn what_a_test_needs_is_there() {
        let run = runner("", &file("needs", b"\x7FELF", 512), "").unwrap();
        assert_eq!((run.success_exit, run.timeout), (Some(33), Some(TIMEOUT)));
        assert_eq!(run.device, [Device::DebugExit(DEBUG_EXIT), Device::PvPanic]);
        assert!(run.headless && run.snapshot && run.no_reboot && !run.reboot);
    }

    #[test]
    fn what_is_given_is_kept() {
        let kernel = file("kept", b"\x7FELF", 512);
        let options = "--timeout 5 --success-exit 7 --device isa-debug-exit --reboot";
        let run = runner(options, &kernel, "").unwrap();
        assert_eq!((run.success_exit, run.timeout), (Some(7), Some(Duration::from_secs(5))));
        assert_eq!(run.device[0], Device::DebugExit(DebugExitConfig::default()));
        assert!(run.reboot && !run.no_reboot);
    }

    #[test]
    fn a_run_that_is_looked_at_goes_on() {
        let run = runner("--display window", &file("seen", b"\x7FELF", 512), "").unwrap();
        assert!(!run.headless && run.timeout.is_none() && run.hang_after.is_none());
    }

    #[test]
    fn images_go_into_the_drives_they_are_for() {
        let small = file("small", &[], 100 << 10);
        assert_eq!(runner("", &small, "--ignored").unwrap().hda, Some(small));
        let floppy = file("floppy", &[], 1_474_560);
        assert_eq!(runner("", &floppy, "").unwrap().fda, [floppy]);
        let mut disc = vec![0; 0x8001];
        disc.extend(b"CD001");
        let disc = file("disc", &disc, 4 << 20);
        assert_eq!(runner("", &disc, "").unwrap().cdrom, [disc]);
    }

    #[test]
    fn a_missing_kernel_is_said_to_be_missing() {
        let words = ["ringzero", "runner"].map(OsString::from).to_vec();
        let Ok(Command::Runner(args)) = cli::parse(words) else { panic!("it parses") };
        assert!(as_run(*args).unwrap_err().to_string().starts_with("no kernel: "));
    }
}
