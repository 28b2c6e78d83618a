//! Measures the accuracy of the x87's transcendental instructions, and compares their short ways with what they are short
//! ways of: `--arguments N`, `--compared N`, `--seed N`.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use clap::Parser;
use ringzero_tests::transcendentals::{Function, difference, measure};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// The largest errors of FSIN, FCOS, FPTAN, FPATAN, F2XM1, FYL2X and FYL2XP1.
#[derive(Parser)]
struct Args {
    /// Random arguments in all.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    arguments: u64,
    /// Random arguments of each function that are compared with its evaluation in full.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    compared: u64,
    /// Which arguments.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = AtomicU64::new(0);
    // A log has no use for a line that is written over.
    let shows_progress = std::io::stderr().is_terminal();
    let rows = measure(args.arguments, args.seed, &|count| {
        let done = done.fetch_add(count, Ordering::Relaxed) + count;
        if shows_progress {
            eprint!("\r{done} of {} arguments", args.arguments);
        }
    });
    if shows_progress {
        eprintln!();
    }
    println!("{:<8} {:>10} {:>12}  of ST(0), ST(1)", "", "arguments", "error in ulp");
    for row in &rows {
        let name = row.function.mnemonic();
        let [x, y] =
            [row.x, row.y].map(|value| format!("{:04X}.{:016X}", value.sign_exponent, value.significand));
        println!("{name:<8} {:>10} {:>12.6}  {x}, {y}", row.arguments, row.ulp);
    }
    let differs = Function::ALL.into_iter().filter(|&function| differs(function, &args)).count() != 0;
    if !differs && rows.iter().all(|row| row.ulp <= 1.0) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether a function's short way differs from the long one, and where.
fn differs(function: Function, args: &Args) -> bool {
    let name = function.mnemonic();
    match difference(function, args.compared, args.seed) {
        Some((x, y, control)) => println!("{name:<8} differs in full: {x:x?}, {y:x?}, {control:x?}"),
        None => return false,
    }
    true
}
