//! `ringzero test`: scenarios, each on a machine of its own, and a verdict on each.
//!
//! - [`parse`] and what it uses ([`reader`], [`machine`], [`steps`], [`keys`], [`search`]) turn a file into a
//!   [`parse::Scenario`] or into [`error::Mistake`]s; [`load`] follows `from`, [`check`] finds steps that cannot be done.
//! - [`run`] does the steps ([`waits`], [`input`], [`disks`], [`memory`], [`golden`]) in slices of virtual time.
//! - [`suite`] runs many at a time; [`fork`] lets several begin with one machine.
//! - [`report`] tells people and machines.

mod check;
mod discover;
mod disks;
mod ending;
mod error;
mod fork;
mod golden;
mod heard;
mod input;
mod keys;
mod load;
mod machine;
mod memory;
mod outcome;
mod parse;
mod reader;
mod record;
mod report;
mod run;
mod search;
mod steps;
mod suite;
mod typing;
mod waits;

use crate::cli::test::TestArgs;
use crate::report::say;
use crate::signals;
use crate::verdict::EXIT_USAGE;
use load::Loaded;
use record::{Record, Status};
use report::file::{Format, Target};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code of a run in which a scenario failed.
const EXIT_FAILED: u8 = 1;
/// Exit code of a fault of ours.
const EXIT_FAULT: u8 = 70;

/// What is said of all scenarios at once.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Golden pictures are made instead of compared.
    pub(crate) bless: bool,
    /// Where results go.
    pub(crate) output: PathBuf,
    pub(crate) jobs: usize,
}

/// Runs the scenarios and gives the exit code.
pub(crate) fn test(args: &TestArgs) -> ExitCode {
    match prepare(args) {
        Ok(prepared) if args.list => list(&prepared),
        Ok(prepared) => run(args, &prepared),
        Err(complaint) => {
            // With stderr closed there is nobody to tell.
            let _ = std::io::stderr().write_all(complaint.as_bytes());
            ExitCode::from(EXIT_USAGE)
        }
    }
}

/// Scenarios that may be run.
struct Prepared {
    all: Vec<Loaded>,
    /// Those that were asked for.
    wanted: Vec<bool>,
    targets: Vec<Target>,
}

/// Reads everything; on a mistake, all that is to be said.
fn prepare(args: &TestArgs) -> Result<Prepared, String> {
    let line = |text: String| format!("ringzero: {text}\n");
    let targets = targets(&args.report).map_err(line)?;
    let files = discover::discover(&args.paths).map_err(line)?;
    if files.is_empty() {
        return Err(line("no scenarios: no file ends in .scenario.toml there".to_owned()));
    }
    let all = load::load(&files, &args.image_path, args.bless).map_err(|mistakes| {
        let text: String = mistakes.iter().map(ToString::to_string).collect();
        let annotations = report::annotations::of_mistakes(&mistakes);
        let files: std::collections::BTreeSet<_> =
            mistakes.iter().map(|mistake| &mistake.file.path).collect();
        let (many, several) = (plural(mistakes.len(), "mistake"), plural(files.len(), "file"));
        format!("{text}{annotations}ringzero: {many} in {several}; nothing was run\n")
    })?;
    let matches = |loaded: &Loaded| {
        loaded.listed && args.filter.as_ref().is_none_or(|filter| filter.text.is_match(&loaded.scenario.name))
    };
    let wanted: Vec<bool> = all.iter().map(matches).collect();
    if !wanted.contains(&true) {
        return Err(line("no scenario has a name that matches --filter".to_owned()));
    }
    Ok(Prepared { all, wanted, targets })
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The pairs of `--report`, every file checked to be writable.
fn targets(words: &[String]) -> Result<Vec<Target>, String> {
    words
        .chunks_exact(2)
        .map(|pair| {
            let format = Format::by_name(&pair[0])?;
            Target::new(format, &pair[1])
        })
        .collect()
}

fn list(prepared: &Prepared) -> ExitCode {
    let wanted = prepared.all.iter().zip(&prepared.wanted).filter(|(_, wanted)| **wanted);
    let lines: String = wanted
        .map(|(loaded, _)| format!("{}: {}\n", loaded.scenario.path().display(), loaded.scenario.name))
        .collect();
    // A closed pipe is no reason to complain: who asked has gone.
    let _ = std::io::stdout().write_all(lines.as_bytes());
    ExitCode::SUCCESS
}

fn run(args: &TestArgs, prepared: &Prepared) -> ExitCode {
    // A guest's oddities are no news here, and dozens of guests would tell them across one another.
    log::set_max_level(log::LevelFilter::Off);
    signals::install();
    let jobs =
        args.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let settings = Settings { bless: args.bless, output: args.output.clone(), jobs };
    let started = std::time::Instant::now();
    let human = report::human::Human::new(prepared.wanted.iter().filter(|wanted| **wanted).count());
    let results = suite::run(&prepared.all, &prepared.wanted, &settings, &human);
    let mut records: Vec<Record> = results.into_iter().flatten().collect();
    records.sort_by(|a, b| a.path.cmp(&b.path));
    human.finish(&records, started.elapsed());
    report::annotations::print(&records);
    let mut code = exit_code(&records);
    for target in &prepared.targets {
        if let Err(error) = target.write(&records, started.elapsed()) {
            say(&format!("the report cannot be written: {error}"));
            code = code.max(EXIT_FAULT);
        }
    }
    ExitCode::from(code)
}

fn exit_code(records: &[Record]) -> u8 {
    let any = |status| records.iter().any(|record| record.status == status);
    if let Some(signal) = signals::taken() {
        // As a shell reports it.
        128 | signal
    } else if any(Status::Fault) {
        EXIT_FAULT
    } else if records.iter().any(|record| record.status != Status::Passed) {
        EXIT_FAILED
    } else {
        0
    }
}
