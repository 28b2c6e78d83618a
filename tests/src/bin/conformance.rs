//! Runs conformance vectors against the CPU: `--sst DIR --cpu 8086|80286`, `--hw DIR [--group NAME]`.
#![expect(clippy::print_stdout, reason = "the report is what this program is for")]

use clap::Parser;
use ringzero_cpu::Model;
use ringzero_tests::conformance::{hw, report, sst};
use std::path::PathBuf;
use std::process::ExitCode;

/// Single-instruction conformance vectors against the RingZero CPU.
#[derive(Parser)]
struct Args {
    /// Folder of SingleStepTests files (*.MOO.gz and metadata.json).
    #[arg(long, value_name = "DIR", requires = "cpu")]
    sst: Option<PathBuf>,
    /// Processor model for --sst: 8086 or 80286.
    #[arg(long)]
    cpu: Option<String>,
    /// Folder of native captures (*.32.hwv.gz).
    #[arg(long, value_name = "DIR")]
    hw: Option<PathBuf>,
    /// Only this group of --hw, such as int-alu.
    #[arg(long, value_name = "NAME", requires = "hw")]
    group: Option<String>,
    /// Failures shown per group.
    #[arg(long, value_name = "N", default_value_t = 3)]
    failures: usize,
    /// Show the failures of groups that are known to fail, too.
    #[arg(long)]
    known_too: bool,
    /// Worker threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("conformance: {message}");
            ExitCode::from(64)
        }
    }
}

fn run(args: &Args) -> Result<bool, String> {
    let mut groups = Vec::new();
    if let Some(folder) = &args.sst {
        let name = args.cpu.as_deref().unwrap_or_default();
        let model =
            Model::by_name(name).ok_or_else(|| format!("--cpu {name}: not a model; use 8086 or 80286"))?;
        groups.extend(sst::run_folder(folder, model, args.threads).map_err(|e| e.to_string())?);
    }
    if let Some(folder) = &args.hw {
        groups.extend(hw::run_folder(folder, args.group.as_deref()).map_err(|e| e.to_string())?);
    }
    if groups.is_empty() {
        return Err("nothing to run; give --sst DIR or --hw DIR".to_owned());
    }
    let (text, as_expected) = report::render(&groups, args.failures, args.known_too);
    print!("{text}");
    Ok(as_expected)
}
