//! The protected-mode test ROM, here and on the emulators that are installed.

use ringzero_cpu::Model;
use ringzero_tests::rom::machines::{On, run_here};
use ringzero_tests::rom::{self, Report};
use ringzero_tests::shared;

fn run(machine: On) -> Report {
    let (image, cases) = rom::build();
    let output = machine.run(&image).unwrap();
    rom::compare(machine, &cases, &rom::parse(&output))
}

/// Cases that this machine does not do as the manual says yet.
const KNOWN: &[&str] = &[];

#[test]
fn protected_mode_is_as_the_manual_says() {
    let report = run(On::Ringzero);
    let failing: Vec<&str> =
        report.differences.iter().map(|difference| difference.case.name.as_str()).collect();
    let unknown =
        report.differences.iter().filter(|difference| !KNOWN.contains(&difference.case.name.as_str()));
    let unknown: Vec<String> = unknown
        .map(|d| {
            format!(
                "{} {}\n    expected {}\n    printed  {}",
                d.case.name, d.case.cite, d.case.expected, d.printed
            )
        })
        .collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    let fixed: Vec<&&str> = KNOWN.iter().filter(|name| !failing.contains(name)).collect();
    assert!(fixed.is_empty(), "known failures that pass now: {fixed:?}");
}

#[test]
fn the_rom_prints_the_same_however_long_blocks_are() {
    let image = rom::image();
    let [long, short] = [None, Some(1)].map(|limit| run_here(&image, Model::MAX, limit).unwrap());
    assert_eq!(long, short);
}

fn peer_agrees(machine: On) {
    if !machine.is_installed() {
        return shared::skip(&format!("no {}", machine.name()));
    }
    let report = run(machine);
    assert!(report.is_good(), "{report}");
}

#[test]
fn qemu_agrees_with_the_manual_but_for_known_deviations() {
    peer_agrees(On::Qemu);
}

#[test]
fn bochs_agrees_with_the_manual_but_for_known_deviations() {
    peer_agrees(On::Bochs);
}
