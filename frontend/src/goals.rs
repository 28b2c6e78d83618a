//! What a headless run waits for, and how long.
//!
//! Everything is looked at between slices of instructions and when the guest idles, never by host time (`--timeout`
//! excepted), so a run ends at the same instruction every time.

use crate::cli::values::Pattern;
use crate::verdict::{Missing, Seconds, Verdict};
use ringzero_machine::supervise::{self, Supervisor};
use ringzero_machine::{Machine, Outcome, Stop, VTime};
use std::time::{Duration, Instant};

/// Serial output that patterns are matched against: the latest of it.
const SERIAL_WINDOW: usize = 64 << 10;
/// How far back a match that new output completes may begin.
const LONGEST_MATCH: usize = 4 << 10;
/// How long a guest must have waited for a key before it counts as done with what was typed, in virtual nanoseconds:
/// programs look for a key now and then while they work.
const SETTLED_NS: u64 = 2_000_000_000;

/// Virtual time for which a guest may wait for a key that nobody will press, when something is expected of it.
const PATIENCE_NS: u64 = 3_600_000_000_000;
/// Limits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// Host time.
    pub(crate) timeout: Option<Duration>,
    /// What the guest may use up.
    pub(crate) guest: supervise::Limits,
}

/// Expectations and limits of a run.
#[derive(Debug)]
pub(crate) struct Goals {
    screen: Vec<Pattern>,
    /// Patterns, and whether each has been seen.
    serial: Vec<(Pattern, bool)>,
    timeout: Option<Duration>,
    supervisor: Supervisor,
    /// The debug-exit result that means success.
    success_exit: Option<u8>,
    /// A reset that ends the run is a failure.
    reset_fails: bool,
    /// How the guest ended.
    outcome: Option<Outcome>,
    /// Ends when all text is typed and the guest waits for a key.
    end_when_typed: bool,
    started: Instant,
    said: [Vec<u8>; 2],
    /// Picture that the screen patterns have not matched.
    looked_at: Option<u64>,
    waiting_since: Option<VTime>,
}

impl Goals {
    /// Goals of a run that starts now; `typed` says whether text will be typed.
    pub(crate) fn new(screen: Vec<Pattern>, serial: Vec<Pattern>, limits: Limits, typed: bool) -> Self {
        let end_when_typed = typed && screen.is_empty() && serial.is_empty();
        Self {
            screen,
            serial: serial.into_iter().map(|pattern| (pattern, false)).collect(),
            timeout: limits.timeout,
            supervisor: Supervisor::new(limits.guest),
            success_exit: None,
            reset_fails: false,
            outcome: None,
            end_when_typed,
            started: Instant::now(),
            said: [Vec::new(), Vec::new()],
            looked_at: None,
            waiting_since: None,
        }
    }

    /// The debug-exit result that means success.
    pub(crate) fn with_success_exit(self, success_exit: Option<u8>) -> Self {
        Self { success_exit, ..self }
    }

    /// Whether a reset that ends the run is a failure.
    pub(crate) fn with_failing_reset(self, reset_fails: bool) -> Self {
        Self { reset_fails, ..self }
    }

    /// How the guest ended, if it is over.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// The user did something with the guest.
    pub(crate) fn touched(&mut self) {
        self.supervisor.touched();
    }

    /// The instruction at which the run must look up.
    pub(crate) fn cap(&self, count: u64) -> u64 {
        self.supervisor.limits().cap(count)
    }

    /// The moment at which the run must look up.
    pub(crate) fn virtual_limit(&self) -> Option<VTime> {
        self.supervisor.limits().virtual_limit()
    }

    /// Notes what serial port `port` said.
    pub(crate) fn hear(&mut self, port: usize, bytes: &[u8]) {
        self.supervisor.hear(port, bytes);
        let said = &mut self.said[port];
        // New output may end a line that began before.
        let from = said.len().saturating_sub(LONGEST_MATCH);
        let from = said[..from].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        said.extend_from_slice(bytes);
        for (pattern, seen) in &mut self.serial {
            *seen |= pattern.bytes.is_match(&said[from..]);
        }
        if said.len() > SERIAL_WINDOW {
            said.drain(..said.len() - SERIAL_WINDOW / 2);
        }
    }

    /// Judges the run so far; `stop` is why the machine came back.
    pub(crate) fn judge(&mut self, machine: &mut Machine, stop: Stop) -> Option<Verdict> {
        if !matches!(stop, Stop::Limit | Stop::Idle) {
            // The last picture counts, changed or not.
            self.looked_at = None;
        }
        if let Some(verdict) = self.met(machine) {
            return Some(verdict);
        }
        self.looked_at = Some(machine.picture_generation());
        match self.supervisor.judge(machine, stop) {
            Some(outcome) => Some(self.conclude(machine, outcome)),
            None => self.typed_out(machine).or_else(|| self.timeout()),
        }
    }

    /// The last word when the guest itself has ended.
    fn conclude(&mut self, machine: &Machine, outcome: Outcome) -> Verdict {
        let verdict = Verdict::of(&outcome, machine, self.success_exit, Missing(self.missing()));
        self.outcome = Some(outcome);
        let success = self.reset_fails && verdict == Verdict::Reset;
        let missing = self.missing().or_else(|| success.then(|| "a success".to_owned()));
        match missing {
            Some(missing) if verdict.is_clean_end() => {
                let ending = verdict.to_string().trim_start_matches("success: ").to_owned();
                Verdict::NotMet { missing, ending }
            }
            _ => verdict,
        }
    }

    /// Everything expected is there.
    fn met(&self, machine: &Machine) -> Option<Verdict> {
        if self.screen.is_empty() && self.serial.is_empty() || !self.serial.iter().all(|(_, seen)| *seen) {
            return None;
        }
        if !self.screen.is_empty() {
            let changed = self.looked_at != Some(machine.picture_generation());
            if !changed || !machine.is_typing_done() || !self.screen_matches(machine) {
                return None;
            }
        }
        Some(Verdict::Expected(format!("{} seen", self.all_patterns())))
    }

    fn screen_matches(&self, machine: &Machine) -> bool {
        let Some(screen) = machine.text_screen() else { return false };
        let text = screen.to_text();
        self.screen.iter().all(|pattern| pattern.text.is_match(&text))
    }

    /// All text is typed and the guest waits for more.
    fn typed_out(&mut self, machine: &Machine) -> Option<Verdict> {
        if !machine.waits_for_key() || !machine.is_typing_done() {
            self.waiting_since = None;
            return None;
        }
        let since = *self.waiting_since.get_or_insert(machine.now());
        if self.end_when_typed {
            return (machine.now().ns_since(since) >= SETTLED_NS).then_some(Verdict::WaitsForInput);
        }
        let missing = self.missing()?;
        (machine.now().ns_since(since) >= PATIENCE_NS).then(|| Verdict::NotMet {
            missing,
            ending: "the guest had waited for a key for an hour of virtual time".to_owned(),
        })
    }

    fn timeout(&self) -> Option<Verdict> {
        self.timeout
            .filter(|&limit| self.started.elapsed() >= limit)
            .map(|limit| Verdict::HostTime(Seconds(limit), Missing(self.missing())))
    }

    fn all_patterns(&self) -> String {
        let screen = self.screen.iter().map(|pattern| format!("screen /{}/", pattern.text));
        let serial = self.serial.iter().map(|(pattern, _)| format!("serial /{}/", pattern.text));
        screen.chain(serial).collect::<Vec<_>>().join(" and ")
    }

    fn missing(&self) -> Option<String> {
        let screen = self.screen.iter().map(|pattern| format!("screen /{}/", pattern.text));
        let serial = self.serial.iter().filter(|(_, seen)| !seen);
        let serial = serial.map(|(pattern, _)| format!("serial /{}/", pattern.text));
        let missing = screen.chain(serial).collect::<Vec<_>>().join(" and ");
        (!missing.is_empty()).then_some(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::values::pattern;
    use ringzero_machine::{Config, Media};

    fn machine() -> Machine {
        Machine::new(Config::default(), Media::default()).unwrap()
    }

    #[test]
    fn a_serial_pattern_is_found_across_pieces() {
        let mut goals = Goals::new(vec![], vec![pattern("PASS").unwrap()], Limits::default(), false);
        goals.hear(0, b"..PA");
        assert_eq!(goals.judge(&mut machine(), Stop::Limit), None);
        goals.hear(0, b"SS\r\n");
        assert!(matches!(goals.judge(&mut machine(), Stop::Limit), Some(Verdict::Expected(_))));
    }

    #[test]
    fn a_clean_end_without_what_was_expected_is_a_failure() {
        let mut goals = Goals::new(vec![], vec![pattern("PASS").unwrap()], Limits::default(), false);
        let verdict = goals.judge(&mut machine(), Stop::PowerOff).unwrap();
        assert_eq!(
            verdict.to_string(),
            "failure: serial /PASS/ was not seen before the guest switched the power off"
        );
    }

    #[test]
    fn a_reset_is_a_failure_where_that_is_asked_for() {
        let mut goals = Goals::new(vec![], vec![], Limits::default(), false).with_failing_reset(true);
        let verdict = goals.judge(&mut machine(), Stop::Reset).unwrap();
        assert_eq!(verdict.exit_code(), 84);
        assert_eq!(
            verdict.to_string(),
            "failure: a success was not seen before the guest reset the machine (--no-reboot)"
        );
    }

    #[test]
    fn a_guest_that_panics_and_resets_has_panicked() {
        let mut goals = Goals::new(vec![], vec![], Limits::default(), false);
        goals.hear(0, b"Kernel panic - not syncing: VFS\r\n");
        assert_eq!(
            goals.judge(&mut machine(), Stop::Reset),
            Some(Verdict::Panic("Kernel panic - not syncing: VFS".to_owned()))
        );
    }
}
