//! Kernels that break, as a user runs them: by `ringzero runner` and by `ringzero test`. What is said of each by the library
//! is in `post_mortems`.

use ringzero_tests::disks::host::{Scratch, ringzero};
use ringzero_tests::pc::package_file;
use ringzero_tests::programs::broken::Broken;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Two seconds are promised; this host may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a kernel ends.
struct Ending {
    name: &'static str,
    /// As scenarios call it.
    outcome: &'static str,
    exit_code: i32,
    /// What the runner needs to be told besides.
    options: &'static [&'static str],
    /// What must be said of it.
    causes: &'static [&'static str],
}

const fn ending(
    name: &'static str,
    outcome: &'static str,
    exit_code: i32,
    causes: &'static [&'static str],
) -> Ending {
    Ending { name, outcome, exit_code, options: &[], causes }
}

const ENDINGS: [Ending; 12] = [
    ending("bad-idt", "triple-fault", 80, &["(divide+0x3)", "div ecx", "the IDT ends before it"]),
    ending("unmapped-stack", "triple-fault", 80, &["(use_stack+0x6)", "PTE", "the page is not present"]),
    ending("null-cs", "triple-fault", 80, &["(system_call+0x1)", "int 30h", "selector 0000 is null"]),
    ending("long-mode", "triple-fault", 80, &["(enable_long_mode+0x6)", "rdmsr", "64-bit mode yet"]),
    ending("cli-hlt", "hang", 81, &["executed HLT", "(panic", "interrupts off"]),
    ending("jump-to-itself", "hang", 81, &["the same few instructions", "(forever", "interrupts off"]),
    ending("jump-to-itself-interrupted", "hang", 81, &["(forever", "interrupts come back to it"]),
    ending("irq-storm", "hang", 81, &["IRQ 4, whose wire is still asserted", "(acknowledge)"]),
    Ending {
        options: &["--reboot"],
        ..ending("reset-loop", "reset-loop", 81, &["the keyboard controller", "(wait)"])
    },
    Ending {
        options: &["--max-serial", "1K"],
        ..ending("endless-serial", "limit", 83, &["1024 bytes of serial output", "(print"])
    },
    ending("debug-exit", "success", 0, &["success: the guest wrote 0x10"]),
    ending("power-off", "poweroff", 0, &["success: the guest switched the power off"]),
];

/// The kernel in a file.
fn write(folder: &Scratch, name: &str) -> std::path::PathBuf {
    let broken = Broken::ALL.into_iter().find(|broken| broken.name == name).unwrap();
    folder.write(&format!("{name}.elf"), &broken.kernel().unwrap())
}

fn runner(program: &Path, options: &[&str], kernel: &Path) -> Output {
    let mut command = Command::new(program);
    command.arg("runner").args(options).arg(kernel).stdin(Stdio::null());
    command.output().expect("the program runs")
}

#[test]
fn the_runner_tells_how_and_why_each_ends() {
    assert_eq!(ENDINGS.len(), Broken::ALL.len());
    let (folder, program) = (Scratch::new("runner"), ringzero());
    for ending in &ENDINGS {
        let kernel = write(&folder, ending.name);
        let begun = Instant::now();
        let output = runner(&program, ending.options, &kernel);
        let elapsed = begun.elapsed();
        eprintln!("{:>6} ms  {}", elapsed.as_millis(), ending.name);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(ending.exit_code), "{}:\n{said}", ending.name);
        for cause in ending.causes {
            assert!(said.contains(cause), "{}: no {cause:?} in:\n{said}", ending.name);
        }
        assert!(elapsed < PATIENCE, "{}: {elapsed:?}", ending.name);
    }
}

#[test]
fn a_reset_is_no_success_for_the_runner() {
    let folder = Scratch::new("reset");
    let output = runner(&ringzero(), &[], &write(&folder, "reset-loop"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(84), "{said}");
    assert!(said.contains("the guest reset the machine, by a port") && said.contains("(wait)"), "{said}");
}

#[test]
fn scenarios_give_each_its_outcome() {
    let folder = Scratch::new("broken");
    for Ending { name, outcome, exit_code, .. } in &ENDINGS {
        write(&folder, name);
        let text = format!(
            "[machine]\nkernel = '{name}.elf'\ndevice = 'isa-debug-exit,iobase=0xf4,iosize=4'\nsuccess_exit = 33\n\
             [limits]\nserial_bytes = 1024\n[expect]\noutcome = '{outcome}'\nexit_code = {exit_code}\n"
        );
        folder.write(&format!("{name}.scenario.toml"), text.as_bytes());
    }
    let report = folder.file("report.xml");
    let mut command = Command::new(ringzero());
    command.arg("test").arg(folder.file("")).arg("--report").arg("junit").arg(&report);
    let output = command.output().expect("the program runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("failures=\"0\"") && report.contains("errors=\"0\""), "{report}");
    assert_eq!(report.matches("<testcase").count(), ENDINGS.len(), "{report}");
}

#[test]
fn a_program_is_no_kernel_and_the_remedy_is_said() {
    let output = runner(&ringzero(), &[], &ringzero());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), said.lines().count()), (Some(64), 1), "{said}");
    assert!(said.contains("without a multiboot header") && said.contains("disk image"), "{said}");
}

// --- Linux --------------------------------------------------------------------------------------------------

const LINUX: &str = "/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386/linux";
const WORDS: &str = "Kernel panic - not syncing: VFS: Unable to mount root fs";

#[test]
fn linux_without_a_root_disk_panics_and_its_words_are_told() {
    if package_file(LINUX).is_none() {
        return;
    }
    let mut command = Command::new(ringzero());
    command.args(["runner", LINUX, "console=ttyS0"]).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let (out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let mut panicked = None;
    for line in BufReader::new(out).split(b'\n').map_while(Result::ok) {
        if panicked.is_none() && String::from_utf8_lossy(&line).contains(WORDS) {
            panicked = Some(Instant::now());
        }
    }
    let status = child.wait().unwrap();
    let elapsed = panicked.expect("the words appear").elapsed();
    let mut said = String::new();
    err.read_to_string(&mut said).unwrap();
    eprintln!("{:>6} ms from the panic's line to the end", elapsed.as_millis());
    assert_eq!(status.code(), Some(85), "{said}");
    assert!(said.contains(&format!("the guest panicked: {WORDS}")), "{said}");
    assert!(elapsed < PATIENCE, "{elapsed:?}");
}
