//! Long runs for `make soak`: a whole pass of memtest86+, and ten boots of Linux that must not differ.

use ringzero_machine::{BootDevice, Config, OnIdle, Stop};
use ringzero_tests::pc;
use std::process::ExitCode;

/// Instructions of a pass: the run is given up behind them.
const PASS: u64 = 400_000_000_000;
/// Instructions of a Linux boot from power-on to its shell.
const BOOT: u64 = 8_000_000_000;
/// Boots to compare.
const BOOTS: usize = 10;

fn main() -> ExitCode {
    let passed = match std::env::args().nth(1).as_deref() {
        Some("memtest") => memtest(),
        Some("boots") => boots(),
        _ => {
            eprintln!("usage: endurance memtest|boots");
            return ExitCode::from(64);
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One pass over 16 MiB without an error.
fn memtest() -> bool {
    let config = Config { memory: 16 << 20, ..pc::from(BootDevice::Cd) };
    let session = pc::guest("memtest86+ia32.iso").and_then(|disc| pc::boot(&pc::OURS, pc::cd(disc), config));
    let Some(mut session) = session else { return true };
    while session.machine.count() < PASS {
        if session.machine.run(session.machine.count() + 1_000_000_000, OnIdle::Jump) != Stop::Limit {
            break;
        }
        let screen = session.screen();
        let passes = number_behind(&screen, "Pass:");
        if passes.is_some_and(|passes| passes > 0) {
            eprintln!("{screen}");
            return number_behind(&screen, "Errors:") == Some(0);
        }
    }
    eprintln!("no whole pass:\n{}", session.screen());
    false
}

fn number_behind(screen: &str, label: &str) -> Option<u64> {
    screen.split(label).nth(1)?.split_whitespace().next()?.parse().ok()
}

/// Ten boots of Linux end in one state.
fn boots() -> bool {
    let mut hashes = Vec::new();
    for boot in 0..BOOTS {
        let config = pc::from(BootDevice::HardDisk);
        let Some(disk) = pc::guest("linux-busybox-i386.img") else { return true };
        let Some(mut session) = pc::boot(&pc::OURS, pc::hard_disk(disk), config) else { return true };
        // How the run is cut must not show.
        let slice = BOOT / (boot as u64 + 1) + 7;
        while session.machine.count() < BOOT {
            let limit = (session.machine.count() + slice).min(BOOT);
            if session.machine.run(limit, OnIdle::Jump) != Stop::Limit {
                break;
            }
        }
        match session.machine.state_hash() {
            Ok(hash) => hashes.push(hash.to_string()),
            Err(error) => eprintln!("{error}"),
        }
        eprintln!("boot {boot}: {:?}", hashes.last());
    }
    hashes.len() == BOOTS && hashes.iter().all(|hash| *hash == hashes[0])
}
