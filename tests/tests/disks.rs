//! Disks keep what is written; `make soak` does the same at full size.

use ringzero_tests::disks::dos::{self, Plan};
use ringzero_tests::disks::kill::{self, Random, Victim};
use ringzero_tests::disks::{host, linux};

#[test]
fn freedos_partitions_and_formats_500_mb_and_reads_files_back() {
    if host::has(dos::TOOLS) {
        Plan::small_disk_in_brief().carry_out();
    }
}

#[test]
fn freedos_writes_at_both_ends_and_limits_of_64_gb() {
    if host::has(dos::TOOLS) {
        Plan::large_disk_in_brief().carry_out();
    }
}

#[test]
fn linux_partitions_and_formats_disks_and_writes_at_their_limits() {
    if host::has(linux::TOOLS) {
        linux::carry_out_in_brief();
    }
}

#[test]
fn files_reported_synced_survive_a_kill() {
    let Some(victim) = Victim::dos() else { return };
    let tally = victim.rounds(5, &mut Random::new(kill::seed()), &|_| {});
    assert!(tally.files > 0, "{tally:?}");
}
