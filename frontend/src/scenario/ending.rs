//! How a scenario's machine ended, in words and as an exit code.

use super::outcome::Outcome;
use super::parse::Limits;
use crate::verdict::{Missing, Seconds, Verdict};
use ringzero_machine::supervise::{self, Supervisor};
use ringzero_machine::{Machine, PostMortem, Stop, Symbols};
use std::sync::Arc;
use std::time::Duration;

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
    fn of(machine: &Machine, end: &ringzero_machine::Outcome, rules: &Rules) -> Self {
        let verdict = Verdict::of(end, machine, rules.success_exit, Missing(None));
        let post_mortem = PostMortem::of(machine, end, rules.symbols.clone());
        Self {
            post_mortem: (!post_mortem.is_empty()).then(|| post_mortem.to_string()),
            ..Self::from(&verdict)
        }
    }

    /// The limit of host time.
    pub(crate) fn host_time(limit: Duration) -> Self {
        Self::from(&Verdict::HostTime(Seconds(limit), Missing(None)))
    }
}

impl From<&Verdict> for Ending {
    fn from(verdict: &Verdict) -> Self {
        let outcome = match verdict {
            Verdict::PowerOff => Outcome::PowerOff,
            Verdict::Reset => Outcome::Reset,
            Verdict::DebugExit { success: true, .. } => Outcome::Success,
            Verdict::DebugExit { .. } => Outcome::Failure,
            Verdict::Shutdown { .. } => Outcome::TripleFault,
            Verdict::Hang { .. } => Outcome::Hang,
            Verdict::ResetLoop { .. } => Outcome::ResetLoop,
            Verdict::Panic(_) => Outcome::Panic,
            _ => Outcome::Limit,
        };
        let text = verdict.to_string();
        // "success: " and "failure: " are for a scenario to say.
        let text = text.split_once(": ").map_or(text.as_str(), |(_, text)| text).to_owned();
        Self { outcome, text, exit_code: verdict.exit_code(), post_mortem: None }
    }
}

/// What a machine's description says of its end and its disks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    /// Names for post-mortems.
    pub(crate) symbols: Option<Arc<Symbols>>,
    /// The debug exit's result that means success.
    pub(crate) success_exit: Option<u8>,
    /// A triple fault resets the machine.
    pub(crate) reset_at_shutdown: bool,
    /// The guest's writes reach the images.
    pub(crate) writable: bool,
}

/// What a scenario has used up of its limits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) virtual_ns: u64,
    pub(crate) instructions: u64,
}

/// Watches a machine for its end.
pub(crate) struct Judge {
    pub(crate) rules: Rules,
    limits: Limits,
    supervisor: Supervisor,
}

impl Judge {
    /// A judge of `machine` from now on.
    pub(crate) fn new(machine: &Machine, limits: Limits, rules: Rules) -> Self {
        let supervisor = supervisor(machine, &limits, Used::default());
        Self { rules, limits, supervisor }
    }

    /// The machine has been put back to an earlier state, with so much used up in all.
    pub(crate) fn restart(&mut self, machine: &Machine, used: Used) {
        self.supervisor = supervisor(machine, &self.limits, used);
    }

    /// Notes what serial port `port` said.
    pub(crate) fn hear(&mut self, port: usize, bytes: &[u8]) {
        self.supervisor.hear(port, bytes);
    }

    /// A step did something with the guest: it has reason to get on.
    pub(crate) fn touched(&mut self) {
        self.supervisor.touched();
    }

    /// Whether the machine has ended, after a slice that ended with `stop`.
    pub(crate) fn judge(&mut self, machine: &mut Machine, stop: Stop) -> Option<Ending> {
        let mut stop = stop;
        if stop == Stop::Shutdown && self.rules.reset_at_shutdown {
            machine.reset_after_shutdown();
            stop = Stop::Limit;
        }
        let end = self.supervisor.judge(machine, stop)?;
        Some(Ending::of(machine, &end, &self.rules))
    }
}

/// The supervisor of what is left to a scenario: its limits count from power-on, a scenario's from its own beginning.
fn supervisor(machine: &Machine, limits: &Limits, used: Used) -> Supervisor {
    let until = |limit: u64, used: u64, now: u64| now.saturating_add(limit.saturating_sub(used));
    Supervisor::new(supervise::Limits {
        instructions: limits.instructions.map(|limit| until(limit, used.instructions, machine.count())),
        virtual_ns: Some(until(limits.virtual_ns, used.virtual_ns, machine.now().0)),
        serial_bytes: Some(limits.serial_bytes),
        disk_bytes: Some(limits.disk_bytes.max(1)),
        hang_after_ns: limits.hang_after_ns,
    })
}
