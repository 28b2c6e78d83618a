//! Disks keep what is written; `make soak` does the same at full size.

use ringzero_tests::disks::dos::{self, Plan};
use ringzero_tests::disks::host;

#[test]
fn freedos_fills_a_disk_of_500_mb_and_reads_it_back() {
    if host::has(dos::TOOLS) {
        Plan::small_disk(false).carry_out();
    }
}

#[test]
fn freedos_writes_at_both_ends_and_limits_of_64_gb() {
    if host::has(dos::TOOLS) {
        Plan::large_disk_in_brief().carry_out();
    }
}
