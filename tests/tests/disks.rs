//! Disks keep what is written; `make soak` does the same at full size.

use ringzero_tests::disks::dos::{self, Plan};
use ringzero_tests::disks::host::{self, Scratch, ringzero, text};
use ringzero_tests::disks::kill::{self, Random, Victim};
use ringzero_tests::disks::linux;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

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

/// A run of `ringzero` that writes `disk`: its boot sector waits for ever, so that the limit ends it.
fn waiting_run(disk: &Path) -> Command {
    let mut command = Command::new(ringzero());
    command.args(["run", "--headless", "--max-virtual", "100000", "--timeout", "60", "-hda"]).arg(disk);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn two_machines_may_not_write_one_disk() {
    let folder = Scratch::new("two");
    // mov al, 'w'; mov ah, 1; xor dx, dx; int 14h; sti; hlt; jmp $-1
    let mut sector = vec![0; 4 << 20];
    sector[..13].copy_from_slice(&[0xB0, b'w', 0xB4, 1, 0x31, 0xD2, 0xCD, 0x14, 0xFB, 0xF4, 0xEB, 0xFD, 0]);
    sector[510..512].copy_from_slice(&[0x55, 0xAA]);
    let disk = folder.write("disk.img", &sector);
    let mut first = waiting_run(&disk).spawn().unwrap();
    let mut said = [0];
    first.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
    let second = waiting_run(&disk).output().unwrap();
    let reader = waiting_run(&disk).arg("--snapshot").arg("--max-instructions=1000").output().unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(
        (second.status.code(), text(&second).contains("is in use")),
        (Some(64), true),
        "{}",
        text(&second)
    );
    // Someone who writes it changes what a reader has read.
    assert_eq!(reader.status.code(), Some(64), "{}", text(&reader));
    // What a killed run had locked is free again.
    let third = waiting_run(&disk).arg("--max-instructions=1000").output().unwrap();
    assert_eq!(third.status.code(), Some(83), "{}", text(&third));
}
