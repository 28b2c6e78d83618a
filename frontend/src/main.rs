//! The `ringzero` program: command line, window, terminal, headless runs.
//!
//! - [`cli`]: the command line, QEMU's spellings included; [`plan`] checks it against the host before anything runs.
//! - [`media`], [`serial`], [`audio`], [`screenshot`]: the host behind the machine's disks, ports and picture.
//! - [`record`]: the picture as a moving PNG or GIF; [`saved`]: a state to go back to.
//! - [`accounts`]: what a run took, and where it went.
//! - [`session`]: a machine with its host side; [`goals`] is what a run waits for, [`verdict`] how it ended.
//! - [`batch`] runs it as fast as the host can, [`live`] in step with the wall clock ([`pace`]).
//! - `window` and [`terminal`] show it.
//! - [`runner`]: `ringzero runner`, a headless run with the defaults that kernels' tests need.
//! - [`scenario`]: `ringzero test`, machines by the dozen with a verdict on each.
//!
//! Everything of ours goes to stderr; stdout belongs to the guest's serial port.

mod accounts;
mod audio;
mod batch;
mod cli;
mod drives;
mod firmware;
mod goals;
mod hands;
mod joystick;
mod lights;
mod live;
mod looks;
mod media;
mod nearest;
mod pace;
mod plan;
mod record;
mod report;
mod run;
mod runner;
mod saved;
mod scenario;
mod screenshot;
mod serial;
mod session;
mod shelf;
mod signals;
#[cfg(feature = "sound")]
mod sound;
mod terminal;
mod trace;
mod verdict;
#[cfg(feature = "window")]
mod window;

use std::process::ExitCode;

fn main() -> ExitCode {
    report::install_logger();
    match cli::parse(std::env::args_os().collect()) {
        Ok(cli::Command::Run(args)) => run::run(&args),
        Ok(cli::Command::Runner(args)) => runner::run(*args),
        Ok(cli::Command::Test(args)) => scenario::test(&args),
        Ok(cli::Command::List { what }) => cli::list(what),
        Err(stop) => stop.report(),
    }
}
