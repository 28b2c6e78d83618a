//! The protected-mode test ROM: `write FILE` writes it, `run [--on MACHINE]` runs it and compares.
#![expect(clippy::print_stdout, reason = "the report is what this program is for")]

use clap::{Parser, Subcommand, ValueEnum};
use ringzero_tests::rom::{self, machines::On};
use std::path::PathBuf;
use std::process::ExitCode;

/// The protected-mode test ROM.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Writes the image.
    Write {
        /// Where to.
        file: PathBuf,
    },
    /// Runs it and compares with what the manual demands.
    Run {
        /// Where to run it.
        #[arg(long, value_enum, default_value = "all")]
        on: Where,
        /// Prints all that the machines print.
        #[arg(long)]
        raw: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Where {
    Ringzero,
    Qemu,
    Bochs,
    All,
}

impl Where {
    fn machines(self) -> Vec<On> {
        match self {
            Self::Ringzero => vec![On::Ringzero],
            Self::Qemu => vec![On::Qemu],
            Self::Bochs => vec![On::Bochs],
            Self::All => On::ALL.to_vec(),
        }
    }
}

fn main() -> ExitCode {
    let done = match Args::parse().what {
        What::Write { file } => std::fs::write(file, rom::image()).map(|()| true),
        What::Run { on, raw } => run(on, raw),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("rom: {error}");
            ExitCode::from(64)
        }
    }
}

fn run(on: Where, raw: bool) -> std::io::Result<bool> {
    let (image, cases) = rom::build();
    let mut good = true;
    for machine in on.machines() {
        if !machine.is_installed() {
            println!("{}: not installed", machine.name());
            continue;
        }
        let output = machine.run(&image)?;
        if raw {
            print!("{output}");
        }
        let lines = rom::parse(&output);
        let report = rom::compare(machine, &cases, &lines);
        print!("{report}");
        good &= report.is_good();
    }
    Ok(good)
}
