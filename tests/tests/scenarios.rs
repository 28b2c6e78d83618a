//! `ringzero test` over the scenarios of this repository, and over small ones of broken guests.

use ringzero_tests::disks::host::ringzero;
use ringzero_tests::shared;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn ringzero_test(arguments: &[&str], folder: &Path) -> Output {
    Command::new(ringzero())
        .arg("test")
        .args(arguments)
        .current_dir(folder)
        .env_remove("GITHUB_ACTIONS")
        .env_remove("TF_BUILD")
        .output()
        .expect("the program runs")
}

/// A folder of its own for a test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ringzero-scenarios-{name}-{}", std::process::id()));
    // What an earlier process of that number left behind.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn without_times(text: &str) -> String {
    let mut parts = text.split(" time=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.split_once('"').map_or("", |(_, rest)| rest))
}

#[test]
fn every_guest_passes_and_two_runs_differ_in_nothing_but_times() {
    let Some(guests) = shared::folder("guests") else { return };
    let results = folder("guests");
    let run = |name: &str, jobs: &str| {
        let junit = results.join(name);
        let arguments = [
            "tests/scenarios",
            "--image-path",
            &guests.to_string_lossy(),
            "--output",
            &results.to_string_lossy(),
            "--jobs",
            jobs,
            "--report",
            "junit",
            &junit.to_string_lossy(),
        ];
        let output = ringzero_test(&arguments, &shared::workspace());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        without_times(&std::fs::read_to_string(junit).unwrap())
    };
    let (first, second) = (run("first.xml", "2"), run("second.xml", "3"));
    assert_eq!(first, second);
    assert!(first.contains("failures=\"0\"") && first.matches("<testcase").count() >= 20, "{first}");
    std::fs::remove_dir_all(&results).unwrap();
}

/// A boot sector with this code at its beginning.
fn boot_sector(folder: &Path, name: &str, code: &[u8]) {
    let mut sector = vec![0; 512];
    sector[..code.len()].copy_from_slice(code);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    std::fs::write(folder.join(name), sector).unwrap();
}

/// A scenario of the boot sector of the same name.
fn scenario(folder: &Path, name: &str, code: &[u8], rest: &str) {
    boot_sector(folder, &format!("{name}.img"), code);
    let text = format!(
        "[machine]\nfda = '{name}.img'\nmemory = '1M'\ndevice = 'isa-debug-exit'\n[limits]\nvirtual_seconds = 20\n{rest}"
    );
    std::fs::write(folder.join(format!("{name}.scenario.toml")), text).unwrap();
}

/// CLI; HLT.
const HALT: &[u8] = &[0xFA, 0xF4];
/// LIDT with a limit of 0, then INT3.
const TRIPLE_FAULT: &[u8] =
    &[0xFA, 0x31, 0xC0, 0x8E, 0xD8, 0x0F, 0x01, 0x1E, 0x10, 0x7C, 0xCC, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// 10h to port 501h, where the debug exit is unless told otherwise.
const EXIT: &[u8] = &[0xB0, 0x10, 0xBA, 0x01, 0x05, 0xEE, 0xF4];
/// Sets COM1 up by INT 14h, sends "AA", then is halted for ever with interrupts on.
const SERIAL: &[u8] = &[
    0xB8, 0xE3, 0x00, 0x31, 0xD2, 0xCD, 0x14, 0xBA, 0xF8, 0x03, 0xB0, b'A', 0xEE, 0xEE, 0xFB, 0xF4, 0xEB,
    0xFD,
];

#[test]
fn outcomes_are_what_they_are_and_no_other() {
    let folder = folder("outcomes");
    scenario(&folder, "halt", HALT, "[expect]\noutcome = 'hang'\nexit_code = 81\n");
    scenario(&folder, "triple", TRIPLE_FAULT, "[expect]\noutcome = 'triple-fault'\n");
    scenario(&folder, "exit", EXIT, "[expect]\noutcome = 'failure'\nexit_code = 33\n");
    scenario(&folder, "limit", SERIAL, "[expect]\noutcome = 'limit'\n");
    scenario(&folder, "serial", SERIAL, "[[step]]\nwait_serial = 'A'\n[[step]]\nwait_serial = 'A'\n");
    let output = ringzero_test(&[".", "--report", "tap", "-"], &folder);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("TAP version 14\n1..5\nok 1 - exit.scenario.toml: exit\n"), "{said}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_failure_names_the_step_and_stops_those_that_come_from_it() {
    let folder = folder("failure");
    scenario(&folder, "parent", SERIAL, "[[step]]\nwait_serial = 'B'\nwithin = 2\n");
    std::fs::write(folder.join("child.scenario.toml"), "from = 'parent.scenario.toml'\n").unwrap();
    let output = ringzero_test(&[".", "--report", "json", "-"], &folder);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let scenarios = &report["scenarios"];
    assert_eq!(scenarios[0]["failure"]["message"], "not run, for parent.scenario.toml failed");
    let failure = &scenarios[1]["failure"];
    assert_eq!(failure["line"], 8);
    assert_eq!(failure["serial"][0], "AA");
    assert_eq!(failure["message"], "wait_serial: /B/ was not heard on COM1 within 2 s of virtual time");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn children_begin_where_their_parent_ended() {
    let folder = folder("children");
    scenario(&folder, "parent", SERIAL, "[[step]]\nwait_serial = 'AA'\n");
    for name in ["a", "b"] {
        let text = "from = 'parent.scenario.toml'\n[[step]]\nassert_memory = { address = 0x7c00, bytes = 'b8 e3 00' }\n";
        std::fs::write(folder.join(format!("{name}.scenario.toml")), text).unwrap();
    }
    let output = ringzero_test(&["a.scenario.toml", "b.scenario.toml", "--report", "tap", "-"], &folder);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1..2"), "{said}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn bad_scenarios_are_told_before_anything_runs() {
    let folder = folder("bad");
    scenario(&folder, "good", HALT, "[expect]\noutcome = 'hang'\n");
    std::fs::write(folder.join("bad.scenario.toml"), "[[step]]\nwait_scren = 'x'\n").unwrap();
    let output = ringzero_test(&["."], &folder);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64));
    assert!(
        said.contains("bad.scenario.toml:2:1: unknown step \"wait_scren\"; did you mean \"wait_screen\"?"),
        "{said}"
    );
    assert!(!said.contains("ok "), "{said}");
    std::fs::remove_dir_all(&folder).unwrap();
}
