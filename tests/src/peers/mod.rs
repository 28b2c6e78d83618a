//! Speed beside other emulators: the kernels of the shared folder's `bench`, run here, under QEMU and under Bochs, and a
//! document of how they compare. `make bench-peers`.

mod bars;
mod boot;
mod memory;
mod report;
pub mod tools;

use crate::shared;
use memory::Memory;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tools::Tools;

/// All of a kernel's repetitions, in sixteenths.
const FULL_SCALE: u32 = 16;

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum PeersError {
    /// The shared folder is not there.
    #[error("the benchmarks are not there: {0}")]
    NoBenchmarks(PathBuf),
    /// A program cannot be run, or a file not be written.
    #[error("{what}: {source}")]
    Host {
        /// Program or file.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A program has failed.
    #[error("{what} failed: {status}\n{said}")]
    Failed {
        /// The program.
        what: &'static str,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it wrote to stderr, where that was kept.
        said: String,
    },
    /// What the benchmark's program wrote is not what is expected of it.
    #[error("the results cannot be read: {0}")]
    Results(#[from] serde_json::Error),
}

fn host(what: &str) -> impl FnOnce(std::io::Error) -> PeersError {
    move |source| PeersError::Host { what: what.to_owned(), source }
}

/// One run of one target.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    /// Seconds by kernel.
    pub(crate) seconds: BTreeMap<String, f64>,
    /// Checksums by kernel, which all targets must agree on.
    pub(crate) sums: BTreeMap<String, String>,
    /// Seconds from the start of the program to the first line of the guest.
    pub(crate) boot: Option<f64>,
}

impl Run {
    fn of(value: &Value) -> Self {
        let object = |key: &str| value[key].as_object().into_iter().flatten();
        Self {
            seconds: object("t").filter_map(|(k, v)| Some((k.clone(), v.as_f64()?))).collect(),
            sums: object("chk").filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect(),
            boot: value["boot"].as_f64(),
        }
    }
}

/// Runs by target.
pub(crate) type Runs = BTreeMap<String, Vec<Run>>;

/// The middle one of some measurements.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// Every kernel in full, here and under QEMU.
    pub(crate) qemu: Runs,
    /// The same here and under Bochs.
    pub(crate) bochs: Runs,
    /// One short kernel, for the start.
    pub(crate) start: Runs,
    /// Memory of the host, by what was run.
    pub(crate) memory: Vec<(&'static str, Memory)>,
    /// Seconds to the start of Linux' init, by target.
    pub(crate) linux: BTreeMap<String, Vec<f64>>,
    pub(crate) rounds: u32,
}

/// What is measured, and by what.
struct Bench {
    folder: PathBuf,
    /// Images, results.
    out: PathBuf,
    program: PathBuf,
}

impl Bench {
    /// Rounds of `targets` in turn, each in the order of the last one reversed.
    fn run(&self, name: &str, rounds: u32, targets: &[&str], rest: &[&str]) -> Result<Runs, PeersError> {
        let file = self.out.join(name).with_extension("json");
        let ours =
            format!("{} run --headless --{{kind}} {{img}} --serial stdio --snapshot", self.program.display());
        let status = Command::new("python3")
            .arg(self.folder.join("bench.py"))
            .arg(&file)
            .args([rounds.to_string(), targets.join(",")])
            .args(rest)
            .env("OUT", &self.out)
            .env("NEW", ours)
            .stdin(Stdio::null())
            .status()
            .map_err(host("python3"))?;
        if !status.success() {
            return Err(PeersError::Failed { what: "bench.py", status, said: String::new() });
        }
        let text = std::fs::read_to_string(&file).map_err(host("the results"))?;
        let value: Value = serde_json::from_str(&text)?;
        let targets = value.as_object().into_iter().flatten();
        Ok(targets
            .map(|(target, runs)| {
                (target.clone(), runs.as_array().into_iter().flatten().map(Run::of).collect())
            })
            .collect())
    }
}

/// Measures, and gives the document. `told` hears what is being done.
///
/// # Errors
/// When a program that is needed cannot be run or fails.
pub fn measure(tools: &Tools, rounds: u32, told: impl Fn(&str)) -> Result<String, PeersError> {
    let folder = shared::root().join("bench");
    if !folder.exists() {
        return Err(PeersError::NoBenchmarks(folder));
    }
    let out = shared::workspace().join("target/bench");
    let bench = Bench { folder, out, program: shared::workspace().join("target/release/ringzero") };
    told("building the images");
    build(&bench.folder, &bench.out)?;
    let mut measured = Measured { rounds, ..Measured::default() };
    let scale = FULL_SCALE.to_string();
    if tools.qemu.is_some() {
        told("kernels, here and under QEMU");
        let targets = ["new32", "qemu32", "new16", "qemu16"];
        measured.qemu = bench.run("qemu", rounds, &targets, &[&scale])?;
        told("Linux, here and under QEMU");
        measured.linux = boot::linux(&bench.program, rounds);
    }
    if tools.bochs.is_some() {
        told("kernels, here and under Bochs");
        let targets = ["new32", "bochspkg32", "new16", "bochspkg16"];
        measured.bochs = bench.run("bochs", rounds, &targets, &[&scale])?;
    }
    told("the start");
    let mut targets = vec!["new32"];
    targets.extend(tools.qemu.iter().map(|_| "qemu32"));
    targets.extend(tools.bochs.iter().map(|_| "bochspkg32"));
    measured.start = bench.run("start", rounds.max(5), &targets, &["1", "div"])?;
    told("memory");
    measured.memory = memory::measure(&bench.program);
    Ok(report::document(&measured, tools))
}

fn build(folder: &Path, out: &Path) -> Result<(), PeersError> {
    std::fs::create_dir_all(out).map_err(host("the folder of images"))?;
    let output = Command::new("bash").arg(folder.join("build.sh")).arg(out).output().map_err(host("bash"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(PeersError::Failed { what: "build.sh", status: output.status, said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_two() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_run_is_read_from_what_the_script_writes() {
        let text =
            r#"{"t":{"core":0.5},"chk":{"core":"ab"},"tsc":{"core":7},"boot":null,"rss":1024,"done":true}"#;
        let run = Run::of(&serde_json::from_str(text).expect("it is JSON"));
        assert_eq!((run.seconds["core"], run.sums["core"].as_str(), run.boot), (0.5, "ab", None));
    }
}
