//! What a headless run waits for, and how long.
//!
//! Everything is looked at between slices of instructions and when the guest idles, never by host time (`--timeout`
//! excepted), so a run ends at the same instruction every time.

use crate::cli::values::Pattern;
use crate::verdict::{Missing, Seconds, Verdict};
use ringzero_machine::{Machine, VTime};
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
/// What a Linux kernel says when it gives up.
const PANIC: &str = "Kernel panic - not syncing";

/// Limits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) timeout: Option<Duration>,
    pub(crate) instructions: Option<u64>,
    pub(crate) virtual_time: Option<Duration>,
}

/// Expectations and limits of a run.
#[derive(Debug)]
pub(crate) struct Goals {
    screen: Vec<Pattern>,
    /// Patterns, and whether each has been seen.
    serial: Vec<(Pattern, bool)>,
    limits: Limits,
    /// Ends when all text is typed and the guest waits for a key.
    end_when_typed: bool,
    started: Instant,
    said: [Vec<u8>; 2],
    /// Picture that the screen patterns have not matched.
    looked_at: Option<u64>,
    waiting_since: Option<VTime>,
    heard_panic: Option<String>,
}

/// The line in which a kernel says that it gives up, once it is whole.
fn panic_line(said: &[u8]) -> Option<String> {
    let at = said.windows(PANIC.len()).position(|window| window == PANIC.as_bytes())?;
    let len = said[at..].iter().position(|&byte| byte == b'\n')?;
    Some(String::from_utf8_lossy(&said[at..at + len]).trim_end().to_owned())
}

impl Goals {
    /// Goals of a run that starts now; `typed` says whether text will be typed.
    pub(crate) fn new(screen: Vec<Pattern>, serial: Vec<Pattern>, limits: Limits, typed: bool) -> Self {
        let end_when_typed = typed && screen.is_empty() && serial.is_empty();
        Self {
            screen,
            serial: serial.into_iter().map(|pattern| (pattern, false)).collect(),
            limits,
            end_when_typed,
            started: Instant::now(),
            said: [Vec::new(), Vec::new()],
            looked_at: None,
            waiting_since: None,
            heard_panic: None,
        }
    }

    /// The instruction at which the run must look up.
    pub(crate) fn cap(&self, count: u64) -> u64 {
        self.limits.instructions.map_or(count, |limit| limit.min(count))
    }

    /// The moment at which the run must look up.
    pub(crate) fn virtual_limit(&self) -> Option<VTime> {
        let limit = self.limits.virtual_time?;
        Some(VTime(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// Notes what serial port `port` said.
    pub(crate) fn hear(&mut self, port: usize, bytes: &[u8]) {
        let said = &mut self.said[port];
        // New output may end a line that began before.
        let from = said.len().saturating_sub(LONGEST_MATCH);
        let from = said[..from].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        said.extend_from_slice(bytes);
        for (pattern, seen) in &mut self.serial {
            *seen |= pattern.bytes.is_match(&said[from..]);
        }
        if self.heard_panic.is_none() {
            self.heard_panic = panic_line(&said[from..]);
        }
        if said.len() > SERIAL_WINDOW {
            said.drain(..said.len() - SERIAL_WINDOW / 2);
        }
    }

    /// Judges the run so far.
    pub(crate) fn judge(&mut self, machine: &Machine) -> Option<Verdict> {
        if let Some(verdict) = self.met(machine).or_else(|| self.guest_panic(machine)) {
            return Some(verdict);
        }
        self.looked_at = Some(machine.picture_generation());
        self.typed_out(machine).or_else(|| self.limit(machine))
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

    fn guest_panic(&self, machine: &Machine) -> Option<Verdict> {
        let heard = self.heard_panic.clone().or_else(|| {
            if self.looked_at == Some(machine.picture_generation()) {
                return None;
            }
            let screen = machine.text_screen()?;
            let lines = (0..screen.rows).map(|row| screen.line(row));
            lines.into_iter().find_map(|line| line.find(PANIC).map(|at| line[at..].to_owned()))
        });
        heard.map(|text| Verdict::Panic(text.chars().filter(|c| !c.is_control()).collect()))
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

    fn limit(&self, machine: &Machine) -> Option<Verdict> {
        let missing = || Missing(self.missing());
        if let Some(limit) = self.limits.instructions.filter(|&limit| machine.count() >= limit) {
            return Some(Verdict::Instructions(limit, missing()));
        }
        if self.virtual_limit().is_some_and(|limit| machine.now() >= limit) {
            return Some(Verdict::VirtualTime(Seconds(self.limits.virtual_time?), missing()));
        }
        self.limits
            .timeout
            .filter(|&limit| self.started.elapsed() >= limit)
            .map(|limit| Verdict::HostTime(Seconds(limit), missing()))
    }

    /// The last word when the guest itself has ended.
    pub(crate) fn at_end(&mut self, machine: &Machine, ending: Verdict) -> Verdict {
        self.looked_at = None;
        if let Some(verdict) = self.met(machine).or_else(|| self.guest_panic(machine)) {
            return verdict;
        }
        match self.missing() {
            Some(missing) if ending.is_clean_end() => {
                let ending = ending.to_string().trim_start_matches("success: ").to_owned();
                Verdict::NotMet { missing, ending }
            }
            _ => ending,
        }
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
        assert_eq!(goals.judge(&machine()), None);
        goals.hear(0, b"SS\r\n");
        assert!(matches!(goals.judge(&machine()), Some(Verdict::Expected(_))));
    }

    #[test]
    fn a_clean_end_without_what_was_expected_is_a_failure() {
        let mut goals = Goals::new(vec![], vec![pattern("PASS").unwrap()], Limits::default(), false);
        let verdict = goals.at_end(&machine(), Verdict::PowerOff);
        assert_eq!(
            verdict.to_string(),
            "failure: serial /PASS/ was not seen before the guest switched the power off"
        );
    }

    #[test]
    fn a_kernel_panic_is_recognised() {
        let mut goals = Goals::new(vec![], vec![], Limits::default(), false);
        goals.hear(0, b"Kernel panic - not syncing: VFS\r\n");
        assert_eq!(
            goals.judge(&machine()),
            Some(Verdict::Panic("Kernel panic - not syncing: VFS".to_owned()))
        );
    }
}
