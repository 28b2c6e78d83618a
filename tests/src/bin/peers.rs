//! Measures QEMU, Bochs and RingZero beside each other and writes docs/BENCHMARKS.md: `make bench-peers`. `ROUNDS` is how often, 3 at first.

use ringzero_tests::peers::{measure, tools::Tools};
use ringzero_tests::shared;
use std::process::ExitCode;

fn main() -> ExitCode {
    let tools = Tools::find();
    if !tools.missing.is_empty() {
        eprintln!("{}", tools.missing);
    }
    if !tools.usable {
        return ExitCode::FAILURE;
    }
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    let written = match measure(&tools, rounds, |step| eprintln!("{step}")) {
        Ok(text) => std::fs::write(shared::workspace().join("docs/BENCHMARKS.md"), text)
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
