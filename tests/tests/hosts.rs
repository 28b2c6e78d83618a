//! The sample that `make test-hosts` takes to other hosts.

use ringzero_hosts::sample::{self, pack, unpack};
use ringzero_tests::conformance::sample::sample as conformance_sample;
use ringzero_tests::shared;

#[test]
fn the_sample_for_other_hosts_passes_on_this_one() {
    let Some(folder) = shared::folder("conformance") else { return };
    let groups = conformance_sample(&folder).unwrap();
    let lines = sample::run(&mut unpack(&pack(&groups).unwrap()).unwrap());
    for line in &lines {
        assert_eq!(line.result, "passed", "{line}");
    }
    // A few hundred vectors of each set, and every native form that can be repeated.
    let cases = |prefix: &str| -> u64 {
        lines.iter().filter(|line| line.name.starts_with(prefix)).map(|line| line.count).sum()
    };
    assert!(cases("sst/8086") >= 600 && cases("sst/80286") >= 600, "{lines:?}");
    assert!(cases("hw/") >= 2000 && cases("repeated/") >= 1000, "{lines:?}");
}
