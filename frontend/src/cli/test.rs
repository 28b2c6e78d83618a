//! `ringzero test`.

use clap::Args;
use std::path::PathBuf;

const NOTES: &str = "\
A scenario is a TOML file: a machine, steps, and what is expected in the end.

  name = \"FreeDOS answers ver\"
  [machine]                       # the options of `ringzero run`, with _ or -
  cpu = \"80486\"
  fda = \"freedos.img\"             # beside the scenario, else in --image-path; never changed
  [limits]
  virtual_seconds = 120           # default 300; host_seconds: 120
  [[step]]
  wait_screen = 'A:\\\\>'           # a regular expression over the text screen
  [[step]]
  type = \"ver\\n\"                 # as fast as the guest takes it
  [[step]]
  wait_screen = 'FreeCom version [0-9.]+'
  [expect]
  outcome = \"running\"             # success, poweroff, failure, reset, reset-loop, triple-fault, hang, panic, limit

Steps: wait_screen wait_serial wait_pixels wait_idle type keys mouse send_serial insert eject sleep screenshot
       dump_memory assert_memory assert_screen assert_not_screen reset power_button snapshot restore
`from = \"booted.scenario.toml\"` goes on with the machine that another scenario left.
docs/SCENARIOS.md describes every key.

Mistakes in scenarios are told before anything runs, with file, line and column. GitHub Actions and Azure Pipelines get
their annotations.

Exit codes:
   0  every scenario passed         1  a scenario failed
  64  a mistake in a scenario or on the command line, or no scenarios
  70  a fault of ringzero         130  interrupted by Ctrl-C; what was finished is reported";

/// `ringzero test`.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct TestArgs {
    /// Scenario files, and folders that are searched for *.scenario.toml.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Scenarios that run at the same time [default: one per core].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// A folder to look for images in, after the scenario's own; may be repeated.
    #[arg(long, value_name = "DIR")]
    pub(crate) image_path: Vec<PathBuf>,
    /// Only scenarios whose name matches.
    #[arg(long, value_name = "REGEX", value_parser = super::values::pattern)]
    pub(crate) filter: Option<super::values::Pattern>,
    /// List the scenarios and run none.
    #[arg(long)]
    pub(crate) list: bool,
    /// Write a report: tap, junit or json, then a file, or - for stdout; may be repeated.
    #[arg(long, num_args = 2, value_names = ["FORMAT", "FILE"])]
    pub(crate) report: Vec<String>,
    /// Make the screenshots' golden pictures, or make them anew, instead of comparing.
    #[arg(long)]
    pub(crate) bless: bool,
    /// Where pictures that differ and dumps of memory go.
    #[arg(long, value_name = "DIR", default_value = "ringzero-results")]
    pub(crate) output: PathBuf,
}
