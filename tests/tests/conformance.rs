//! Single-instruction vectors and the guests' checksums.

use ringzero_cpu::Model;
use ringzero_tests::conformance::report::{self, Group};
use ringzero_tests::conformance::{DataError, hw, sst};
use ringzero_tests::shared;
use sha2::{Digest, Sha256};

fn expect_all(groups: Result<Vec<Group>, DataError>) {
    let groups = groups.unwrap();
    let (text, as_expected) = report::render(&groups, 3, false);
    assert!(as_expected, "{text}");
}

#[test]
fn the_8086_does_what_captures_of_an_8086_show() {
    let Some(folder) = shared::folder("conformance/sst/8086") else { return };
    expect_all(sst::run_folder(&folder, Model::I8086, 2));
}

#[test]
fn the_80286_does_what_captures_of_an_80286_show() {
    let Some(folder) = shared::folder("conformance/sst/80286") else { return };
    expect_all(sst::run_folder(&folder, Model::I80286, 2));
}

#[test]
fn thirty_two_bit_code_does_what_native_captures_show() {
    let Some(folder) = shared::folder("conformance/hw") else { return };
    expect_all(hw::run_folder(&folder, None));
}

/// Guests are never run in place: their files stay as they came.
#[test]
fn the_guests_are_untouched() {
    let Some(folder) = shared::folder("guests") else { return };
    let manifest = std::fs::read_to_string(folder.join("MANIFEST.tsv")).unwrap();
    for line in manifest.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, bytes, sum, ..] = fields[..] else { panic!("MANIFEST.tsv: {line:?}") };
        let data = std::fs::read(folder.join(name)).unwrap();
        assert_eq!(data.len().to_string(), bytes, "{name}: size");
        let found: String = Sha256::digest(&data).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, sum, "{name}: sha256");
    }
}
