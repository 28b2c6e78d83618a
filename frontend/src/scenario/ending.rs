//! How a scenario's machine ended, in words and as an exit code.

use super::outcome::Outcome;
use super::parse::Limits;
use crate::verdict::{Seconds, Verdict};
use ringzero_machine::supervise::{self, Supervisor};
use ringzero_machine::{Machine, PostMortem, Stop};
use std::time::Duration;

/// Exit code of a limit of host time.
const EXIT_HOST_TIME: u8 = 82;

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
    fn of(machine: &Machine, end: &ringzero_machine::Outcome, rules: Rules) -> Self {
        use ringzero_machine::Outcome as End;
        let mut text = end.to_string();
        let (outcome, exit_code) = match end {
            End::DebugExit(value) => {
                let verdict = Verdict::debug_exit(*value, rules.success_exit);
                text = format!("{text}, result {}", (value << 1 | 1) as u8);
                let outcome = if verdict.is_clean_end() { Outcome::Success } else { Outcome::Failure };
                (outcome, verdict.exit_code())
            }
            End::PowerOff => (Outcome::PowerOff, 0),
            End::Reset => (Outcome::Reset, 0),
            End::TripleFault => (Outcome::TripleFault, 80),
            End::ResetLoop { .. } => (Outcome::ResetLoop, 81),
            End::Hang(_) => (Outcome::Hang, 81),
            End::Limit(_) => (Outcome::Limit, 83),
            End::Panic(_) => (Outcome::Panic, 85),
        };
        let post_mortem = PostMortem::of(machine, end, None);
        let post_mortem = (!post_mortem.is_empty()).then(|| post_mortem.to_string());
        Self { outcome, text, exit_code, post_mortem }
    }

    /// The limit of host time.
    pub(crate) fn host_time(limit: Duration) -> Self {
        Self {
            outcome: Outcome::Limit,
            text: format!("limit of {} s of host time reached", Seconds(limit)),
            exit_code: EXIT_HOST_TIME,
            post_mortem: None,
        }
    }
}

/// What a machine's description says of its end and its disks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
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
            machine.reset();
            stop = Stop::Limit;
        }
        let end = self.supervisor.judge(machine, stop)?;
        Some(Ending::of(machine, &end, self.rules))
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
