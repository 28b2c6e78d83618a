//! `ringzero runner` under cargo: the kernel crate in `tests/fixtures/kernel` runs its tests, as a user's would.

use ringzero_tests::disks::host::ringzero;
use ringzero_tests::shared::{self, workspace};
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

/// What the crate is compiled for.
const TARGET: &str = "i586-unknown-linux-gnu";

/// Whether `core` is there for the target, or can be had.
#[track_caller]
fn has_target() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    let has = HAS.get_or_init(|| is_installed() || add_target() && is_installed());
    if !has {
        shared::skip(&format!("no target {TARGET}: rustup target add {TARGET}"));
    }
    *has
}

fn is_installed() -> bool {
    let asked = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(workspace())
        .output();
    asked.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

fn add_target() -> bool {
    let added = Command::new("rustup").args(["target", "add", TARGET]).current_dir(workspace()).status();
    added.is_ok_and(|status| status.success())
}

/// Runs cargo in the kernel's crate, with this `ringzero` first on the path.
fn cargo(arguments: &[&str]) -> Output {
    let program = ringzero();
    let mut path = OsString::from(program.parent().unwrap());
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(arguments)
        .current_dir(workspace().join("tests/fixtures/kernel"))
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", workspace().join("target/fixtures"))
        // They would take the place of what the crate's own configuration says.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .output()
        .expect("cargo is there: it built this")
}

/// What was said on stdout and stderr.
fn said(output: &Output) -> [String; 2] {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

#[track_caller]
fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

#[test]
fn a_kernel_crates_tests_pass() {
    if !has_target() {
        return;
    }
    let output = cargo(&["test"]);
    let [out, err] = said(&output);
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert_has(
        &out,
        &[
            "running 3 of 3 tests",
            "kernel::tests::a_break_point_is_handled ... ok",
            "basic_boot::memory_can_be_copied ... ok",
            "should_panic::a_wrong_claim_panics ... ok",
            "stack_overflow::the_double_fault_is_handled ... ok",
        ],
    );
    assert_eq!(err.matches("ringzero: success: ").count(), 4, "{err}");
}

#[test]
fn words_behind_the_dashes_reach_the_kernel() {
    if !has_target() {
        return;
    }
    let output = cargo(&["test", "--lib", "--", "sums"]);
    let [out, err] = said(&output);
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert_has(&out, &["running 1 of 3 tests", "sums_add_up ... ok"]);
}

#[test]
fn a_failing_test_fails_cargo_and_is_named() {
    if !has_target() {
        return;
    }
    let output = cargo(&["test", "--lib", "--features", "failing-test"]);
    let [out, err] = said(&output);
    assert!(!output.status.success());
    assert_has(&out, &["kernel::tests::sums_add_up ... FAILED", "assertion `left == right` failed"]);
    assert_has(&err, &["wrote 0x11 to the debug exit, result 35", "exit status: 35"]);
}

#[test]
fn a_triple_fault_is_told_with_the_names_of_functions() {
    if !has_target() {
        return;
    }
    let output = cargo(&["test", "--lib", "--features", "triple-fault"]);
    let [out, err] = said(&output);
    assert!(!output.status.success());
    assert_has(&out, &["kernel::tests::nobody_handles_anything ... "]);
    assert_has(
        &err,
        &[
            "1. #UD, invalid opcode at ",
            "(kernel::interrupts::forget_handlers+",
            "the instruction: ud2",
            "the IDT ends before it",
            "ringzero: failure: triple fault",
            "exit status: 80",
        ],
    );
}

#[test]
fn a_kernel_that_panics_ends_with_its_words() {
    if !has_target() {
        return;
    }
    let output = cargo(&["run", "--", "panic"]);
    let [out, err] = said(&output);
    assert_eq!(output.status.code(), Some(85), "{out}{err}");
    assert_has(&out, &["hello from the kernel"]);
    assert_has(&err, &["ringzero: failure: the guest panicked: panicked at src/main.rs:", ": as I was told"]);
}
