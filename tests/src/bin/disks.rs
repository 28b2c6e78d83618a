//! Disks under load: `dos`, `debian`, or `kill [--dos N] [--linux N]`.
#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

use clap::{Parser, Subcommand};

/// Proof that disks keep what is written.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// FreeDOS fills a disk of 500 MB, and 1.1 GB of a sparse one of 64 GiB.
    Dos,
    /// Debian does, with ext4 and FAT; its root is made by debootstrap and kept.
    Debian,
    /// The emulator is killed while its guest copies files.
    Kill {
        /// Kills under FreeDOS.
        #[arg(long, value_name = "N", default_value_t = 160)]
        dos: u32,
        /// Kills under Linux.
        #[arg(long, value_name = "N", default_value_t = 40)]
        linux: u32,
    },
}

#[cfg(unix)]
fn main() {
    use ringzero_tests::disks::dos::Plan;
    use ringzero_tests::disks::{debian_guest, dos, host};
    let say = |what: &str, begin: std::time::Instant, outcome: Option<dos::Outcome>| {
        let Some(dos::Outcome { verified, allocated }) = outcome else { return };
        let seconds = begin.elapsed().as_secs();
        println!("{what}: {verified} bytes as written, {allocated} bytes of the host's disk, {seconds} s");
    };
    let begin = std::time::Instant::now();
    match Args::parse().what {
        What::Dos if host::has(dos::TOOLS) => {
            say("FreeDOS, 500 MB", begin, Plan::small_disk_in_full().carry_out());
            let begin = std::time::Instant::now();
            say("FreeDOS, 64 GiB", begin, Plan::large_disk_in_full().carry_out());
        }
        What::Dos => {}
        What::Debian => say("Debian, 500 MB and 64 GiB", begin, debian_guest::carry_out()),
        What::Kill { dos, linux } => kill(dos, linux),
    }
}

#[cfg(unix)]
fn kill(dos: u32, linux: u32) {
    use ringzero_machine::kernel::Initrd;
    use ringzero_tests::disks::debian::{DISKS, Debian};
    use ringzero_tests::disks::kill::{COPY_SCRIPT, Random, Tally, Victim, seed};
    use ringzero_tests::disks::linux::cpio;
    let seed = seed();
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut rounds = |name: &str, victim: &Victim, count: u32| {
        let progress = |tally: &Tally| {
            if tally.rounds.is_multiple_of(10) {
                eprintln!("{name}: {tally:?}");
            }
        };
        let Tally { rounds, early, files } = victim.rounds(count, &mut random, &progress);
        println!("{name}: {rounds} kills, {early} of them early; {files} files reported synced, all intact");
        assert!(files > 0, "no guest had a file synced");
    };
    if let Some(victim) = Victim::dos().filter(|_| dos > 0) {
        rounds("FreeDOS", &victim, dos);
    }
    if linux > 0
        && let Some(debian) = Debian::get(&DISKS)
    {
        let initrd = Initrd { data: cpio(&debian.initrd(COPY_SCRIPT)).into(), ..Initrd::default() };
        if let Some(victim) = Victim::linux(&debian.boot_file("vmlinuz"), &initrd) {
            rounds("Linux", &victim, linux);
        }
    }
}

#[cfg(not(unix))]
fn main() {
    let Args { what: _ } = Args::parse();
}
