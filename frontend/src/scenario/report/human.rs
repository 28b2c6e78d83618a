//! The report for people, on stderr: a line for each scenario, then what is known of the failures.

use super::Listener;
use crate::scenario::parse::Scenario;
use crate::scenario::record::{Record, Status};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";
/// Between two drawings of the progress: time passes also where nothing happens.
const TICK: Duration = Duration::from_millis(100);
/// Names of running scenarios that are shown.
const SHOWN: usize = 3;

/// The report under way.
pub(crate) struct Human {
    bar: ProgressBar,
    running: Mutex<Vec<String>>,
    colours: bool,
}

impl Human {
    /// A report of `count` scenarios; live where stderr is a terminal.
    pub(crate) fn new(count: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(count as u64), target);
        // A template that cannot be read leaves the library's own.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len}  {elapsed}  {wide_msg}") {
            bar.set_style(style);
        }
        if terminal {
            bar.enable_steady_tick(TICK);
        }
        Self { bar, running: Mutex::new(Vec::new()), colours }
    }

    /// Says what failed and sums up.
    pub(crate) fn finish(&self, records: &[Record], host: Duration) {
        self.bar.finish_and_clear();
        for record in records.iter().filter(|record| record.status != Status::Passed) {
            let Some(failure) = &record.failure else { continue };
            let headline = format!("{}: {}", record.path, record.name);
            self.say(&format!(
                "\n{}\n{}",
                self.paint(BOLD, &headline),
                failure.details(&record.location()).trim_end()
            ));
        }
        self.say(&self.summary(records, host));
    }

    fn summary(&self, records: &[Record], host: Duration) -> String {
        let passed = records.iter().filter(|record| record.status == Status::Passed).count();
        let failed = records.len() - passed;
        let total = self.bar.length().unwrap_or_default();
        let missing = total.saturating_sub(records.len() as u64);
        let virtual_ns: u64 = records.iter().map(|record| record.virtual_ns).sum();
        let mut parts = vec![format!("{passed} passed")];
        if failed > 0 {
            parts.push(self.paint(RED, &format!("{failed} failed")));
        }
        if missing > 0 {
            parts.push(format!("{missing} not finished"));
        }
        let times = times(virtual_ns, host);
        format!("{}{}  ({times})", if failed > 0 { "\n" } else { "" }, parts.join(", "))
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colours { format!("{colour}{text}{PLAIN}") } else { text.to_owned() }
    }

    fn say(&self, text: &str) {
        self.bar.suspend(|| {
            // With stderr closed there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{text}");
        });
    }

    fn update(&self, change: impl FnOnce(&mut Vec<String>)) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut running);
        let shown = running.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let more = running.len().saturating_sub(SHOWN);
        self.bar.set_message(if more > 0 { format!("{shown} and {more} more") } else { shown });
    }
}

/// Both times as people read them.
fn times(virtual_ns: u64, host: Duration) -> String {
    format!("virtual {:.1} s, host {:.2} s", virtual_ns as f64 / 1e9, host.as_secs_f64())
}

impl Listener for Human {
    fn started(&self, scenario: &Scenario) {
        self.update(|running| running.push(scenario.name.clone()));
    }

    fn finished(&self, record: &Record) {
        let (colour, word) = match record.status {
            Status::Passed => (GREEN, "ok   "),
            Status::Failed => (RED, "FAIL "),
            Status::Fault | Status::Interrupted => (RED, "FAULT"),
        };
        let times = times(record.virtual_ns, record.host);
        self.say(&format!("{} {}  ({times})", self.paint(colour, word), record.name));
        self.bar.inc(1);
        self.update(|running| {
            if let Some(at) = running.iter().position(|name| *name == record.name) {
                running.remove(at);
            }
        });
    }
}
