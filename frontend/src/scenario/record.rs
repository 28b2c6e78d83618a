//! What became of a scenario, as reports tell it.

use super::error::Place;
use super::outcome::Outcome;
use super::parse::Scenario;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What became of a scenario.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// The file, with slashes.
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) outcome: Outcome,
    /// Of a machine that ended.
    pub(crate) exit_code: Option<u8>,
    pub(crate) virtual_ns: u64,
    pub(crate) instructions: u64,
    pub(crate) steps: usize,
    pub(crate) steps_done: usize,
    pub(crate) host: Duration,
    pub(crate) failure: Option<Failure>,
}

/// How a scenario came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Passed,
    Failed,
    /// A fault of this program.
    Fault,
    /// The user ended the run before it was through.
    Interrupted,
}

/// What is known of a failure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure {
    /// Of the step that failed.
    pub(crate) place: Option<Place>,
    /// The step, counted from 1.
    pub(crate) step: Option<usize>,
    pub(crate) message: String,
    /// The text screen; `None` in a graphics mode, or without a machine.
    pub(crate) screen: Option<String>,
    /// The last lines of serial output.
    pub(crate) serial: Vec<String>,
    pub(crate) post_mortem: Option<String>,
    /// Files left behind.
    pub(crate) files: Vec<PathBuf>,
}

impl Record {
    /// A scenario that passed without using anything up: what it used is for the caller to fill in.
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            path: scenario.path().display().to_string().replace('\\', "/"),
            name: scenario.name.clone(),
            status: Status::Passed,
            outcome: Outcome::Running,
            exit_code: None,
            virtual_ns: 0,
            instructions: 0,
            steps: scenario.steps.len(),
            steps_done: 0,
            host: Duration::ZERO,
            failure: None,
        }
    }

    /// A scenario that was not run.
    pub(crate) fn not_run(scenario: &Scenario, status: Status, message: String) -> Self {
        let failure = Some(Failure { message, ..Failure::default() });
        Self { status, failure, ..Self::new(scenario) }
    }

    /// Virtual time in seconds.
    pub(crate) fn virtual_seconds(&self) -> f64 {
        // Whole microseconds: more says nothing to a reader.
        (self.virtual_ns / 1_000) as f64 / 1e6
    }

    /// Where it failed: the step, else the file.
    pub(crate) fn location(&self) -> String {
        match self.failure.as_ref().and_then(|failure| failure.place) {
            Some(Place { line, column }) => format!("{}:{line}:{column}", self.path),
            None => self.path.clone(),
        }
    }

    /// What failed, in a line.
    pub(crate) fn message(&self) -> &str {
        self.failure.as_ref().map_or("", |failure| &failure.message)
    }
}

impl Failure {
    /// Everything known, line by line; the first is the message.
    pub(crate) fn details(&self, location: &str) -> String {
        let step = self.step.map(|step| format!("step {step}, ")).unwrap_or_default();
        let mut text = format!("{}\n({step}{location})\n", self.message);
        if self.screen.as_ref().is_some_and(|screen| screen.trim().is_empty()) {
            text.push_str("the screen is empty\n");
        } else if let Some(screen) = &self.screen {
            let width = screen.lines().map(|line| line.chars().count()).max().unwrap_or(0).max(40);
            let rule = "-".repeat(width);
            text.push_str(&format!("{rule}\n{screen}{rule}\n"));
        }
        if !self.serial.is_empty() {
            text.push_str("the last lines of serial output:\n");
            self.serial.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        }
        if let Some(post_mortem) = &self.post_mortem {
            text.push_str(&format!("{}\n", post_mortem.trim_end()));
        }
        for file in &self.files {
            text.push_str(&format!("see {}\n", file.display()));
        }
        text
    }
}

/// A scenario's name for files: its path without the endings, slashes as dots.
pub(crate) fn file_prefix(path: &Path) -> String {
    let text = path.display().to_string().replace('\\', "/");
    let text = text.strip_suffix(".toml").unwrap_or(&text);
    let text = text.strip_suffix(".scenario").unwrap_or(text);
    let parts = text.split('/').filter(|part| !part.is_empty() && !matches!(*part, "." | ".."));
    parts.collect::<Vec<_>>().join(".").replace(':', "")
}
