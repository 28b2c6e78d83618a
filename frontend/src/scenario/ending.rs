//! How a scenario's machine ended, in words and as an exit code.

use super::outcome::Outcome;
use super::parse::Limits;
use crate::goals;
use crate::session;
use crate::verdict::{Missing, Seconds, Verdict};
use ringzero_machine::{Machine, Stop};
use std::time::Duration;

/// How far back a panic's text that new output completes may begin.
const LONGEST_PANIC: usize = 4 << 10;
/// Exit code of a limit that the guest reached.
const EXIT_LIMIT: u8 = 83;

/// The end of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    /// A sentence without its full stop.
    pub(crate) text: String,
    /// As a headless run would end.
    pub(crate) exit_code: u8,
    pub(crate) post_mortem: Option<String>,
}

impl Ending {
    fn of(verdict: &Verdict) -> Self {
        let outcome = match verdict {
            Verdict::PowerOff => Outcome::PowerOff,
            Verdict::Reset => Outcome::Reset,
            Verdict::DebugExit { success: true, .. } => Outcome::Success,
            Verdict::DebugExit { .. } => Outcome::Failure,
            Verdict::Shutdown { .. } => Outcome::TripleFault,
            Verdict::Hang { .. } => Outcome::Hang,
            Verdict::Panic(_) => Outcome::Panic,
            _ => Outcome::Limit,
        };
        let text = verdict.to_string();
        let text = text.split_once(": ").map_or(text.as_str(), |(_, text)| text).to_owned();
        Self { outcome, text, exit_code: verdict.exit_code(), post_mortem: None }
    }

    /// The limit of host time.
    pub(crate) fn host_time(limit: Duration) -> Self {
        Self::of(&Verdict::HostTime(Seconds(limit), Missing(None)))
    }
}

/// Watches a machine for its end.
pub(crate) struct Judge {
    limits: Limits,
    success_exit: Option<u8>,
    reset_at_shutdown: bool,
    /// Bytes said on all ports.
    said: u64,
    /// The latest output of each port.
    latest: [Vec<u8>; 2],
    panic: Option<String>,
    looked_at: Option<u64>,
}

/// What a scenario has used up of its limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) virtual_ns: u64,
    pub(crate) instructions: u64,
}

impl Judge {
    /// A judge; `success_exit` is the debug exit's result that means success.
    pub(crate) fn new(limits: Limits, success_exit: Option<u8>, reset_at_shutdown: bool) -> Self {
        Self {
            limits,
            success_exit,
            reset_at_shutdown,
            said: 0,
            latest: [Vec::new(), Vec::new()],
            panic: None,
            looked_at: None,
        }
    }

    /// The debug exit's result that means success.
    pub(crate) fn success_exit(&self) -> Option<u8> {
        self.success_exit
    }

    /// Whether a triple fault resets the machine.
    pub(crate) fn resets_at_shutdown(&self) -> bool {
        self.reset_at_shutdown
    }

    /// Notes what serial port `port` said.
    pub(crate) fn hear(&mut self, port: usize, bytes: &[u8]) {
        self.said += bytes.len() as u64;
        let latest = &mut self.latest[port];
        latest.extend_from_slice(bytes);
        if self.panic.is_none() {
            self.panic = goals::panic_line(latest);
        }
        if latest.len() > 2 * LONGEST_PANIC {
            latest.drain(..latest.len() - LONGEST_PANIC);
        }
    }

    /// Whether the machine has ended, after a slice that ended with `stop`.
    pub(crate) fn judge(&mut self, machine: &mut Machine, stop: Stop, used: Used) -> Option<Ending> {
        if stop == Stop::Shutdown && self.reset_at_shutdown {
            machine.reset();
            return None;
        }
        let verdict = session::verdict_of(stop, machine, self.success_exit);
        let verdict = verdict.or_else(|| self.panic(machine).map(Verdict::Panic));
        verdict.map(|verdict| Ending::of(&verdict)).or_else(|| self.limit(used))
    }

    fn panic(&mut self, machine: &Machine) -> Option<String> {
        let said = self.panic.clone().or_else(|| {
            let generation = Some(machine.picture_generation());
            if std::mem::replace(&mut self.looked_at, generation) == generation {
                return None;
            }
            let screen = machine.text_screen()?;
            let mut lines = (0..screen.rows).map(|row| screen.line(row));
            lines.find_map(|line| line.find(goals::PANIC).map(|at| line[at..].to_owned()))
        });
        said.map(|text| text.chars().filter(|c| !c.is_control()).collect())
    }

    fn limit(&self, used: Used) -> Option<Ending> {
        let limits = &self.limits;
        if let Some(limit) = limits.instructions.filter(|&limit| used.instructions >= limit) {
            return Some(Ending::of(&Verdict::Instructions(limit, Missing(None))));
        }
        if used.virtual_ns >= limits.virtual_ns {
            let limit = Seconds(Duration::from_nanos(limits.virtual_ns));
            return Some(Ending::of(&Verdict::VirtualTime(limit, Missing(None))));
        }
        (self.said > limits.serial_bytes).then(|| Ending {
            outcome: Outcome::Limit,
            text: format!("limit of {} bytes of serial output reached", limits.serial_bytes),
            exit_code: EXIT_LIMIT,
            post_mortem: None,
        })
    }
}
