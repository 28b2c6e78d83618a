//! One scenario on one machine, slice by slice of virtual time: the host's clock decides nothing but `host_seconds`.

use super::ending::{Ending, Judge, Rules, Used};
use super::fork::{Kept, State};
use super::heard::Heard;
use super::outcome::Expectation;
use super::parse::Scenario;
use super::record::{Failure, Record, Status};
use super::steps::{Action, Step};
use super::{Settings, disks, golden, input, memory, waits};
use crate::session::let_serial_finish;
use crate::signals;
use ringzero_machine::{Hang, Machine, OnIdle, Stop, VTime};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Instructions between two looks at screen and limits.
const SLICE: u64 = 2_000_000;
/// The same while serial input waits: about the time of one character at 115200 baud.
const SERIAL_SLICE: u64 = 10_000;
/// Virtual time that a guest is given in which nothing is due, in nanoseconds.
const NOTHING_DUE_NS: u64 = 1_000_000_000;
/// Lines of serial output that a failure shows.
const SERIAL_LINES: usize = 10;

/// Why a scenario does not go on.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// A step or the expectation was not met.
    Failed { message: String, files: Vec<std::path::PathBuf> },
    /// The user ended the run.
    Interrupted,
}

impl Trouble {
    /// A failure that left no files.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), files: Vec::new() }
    }
}

/// What a machine has used up, across restored snapshots.
#[derive(Clone, Copy, Debug)]
struct Meter {
    before: Used,
    since: Used,
}

fn present(machine: &Machine) -> Used {
    Used { virtual_ns: machine.now().0, instructions: machine.count() }
}

impl Meter {
    fn new(machine: &Machine) -> Self {
        Self { before: Used::default(), since: present(machine) }
    }

    fn used(&self, machine: &Machine) -> Used {
        let now = present(machine);
        Used {
            virtual_ns: self.before.virtual_ns + now.virtual_ns.saturating_sub(self.since.virtual_ns),
            instructions: self.before.instructions + now.instructions.saturating_sub(self.since.instructions),
        }
    }

    /// The machine's own clock will be another one from now on.
    fn restart(&mut self, used: Used, machine: &Machine) {
        *self = Self { before: used, since: present(machine) };
    }
}

/// A scenario under way.
pub(crate) struct Runner<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) settings: &'a Settings,
    pub(crate) machine: Machine,
    pub(crate) heard: Heard,
    pub(crate) kept: BTreeMap<String, Kept>,
    pub(crate) ended: Option<Ending>,
    /// Bytes on their way to a serial port.
    pub(crate) sending: Option<(usize, Vec<u8>)>,
    pub(crate) judge: Judge,
    meter: Meter,
    steps_done: usize,
    started: Instant,
}

impl<'a> Runner<'a> {
    /// A scenario that begins with `state` now.
    pub(crate) fn new(scenario: &'a Scenario, settings: &'a Settings, state: State) -> Self {
        let State { machine, kept, rules } = state;
        Self {
            scenario,
            settings,
            meter: Meter::new(&machine),
            judge: Judge::new(&machine, scenario.limits, rules),
            machine,
            heard: Heard::default(),
            kept,
            ended: None,
            sending: None,
            steps_done: 0,
            started: Instant::now(),
        }
    }

    /// Does every step and sees to the expectation.
    pub(crate) fn run(&mut self) -> Record {
        let scenario = self.scenario;
        for step in &scenario.steps {
            if let Err(trouble) = self.perform(step) {
                return self.record(Err((trouble, Some(step))));
            }
            self.steps_done += 1;
        }
        let result = self.see_to_the_end();
        if self.rules().writable
            && let Err(error) = self.machine.flush_disks()
        {
            let trouble = Trouble::failed(format!("the last writes to a disk image may be lost: {error}"));
            return self.record(Err((trouble, None)));
        }
        self.record(result.map_err(|trouble| (trouble, None)))
    }

    /// What the machine's description says of its end and its disks.
    pub(crate) fn rules(&self) -> &Rules {
        &self.judge.rules
    }

    fn perform(&mut self, step: &Step) -> Result<(), Trouble> {
        self.judge.touched();
        match &step.action {
            Action::WaitScreen(pattern) => waits::screen(self, step, pattern),
            Action::WaitSerial { pattern, port } => waits::serial(self, step, pattern, *port),
            Action::WaitPixels(settled) => waits::pixels(self, step, *settled),
            Action::WaitIdle(settled) => waits::idle(self, step, *settled),
            Action::AssertScreen(pattern) => waits::assert_screen(self, pattern, true),
            Action::AssertNotScreen(pattern) => waits::assert_screen(self, pattern, false),
            Action::Type { text, layout } => input::type_text(self, step, text, *layout),
            Action::Keys(chords) => input::keys(self, chords),
            Action::Mouse(actions) => input::mouse(self, actions),
            Action::SendSerial { bytes, port } => input::send_serial(self, step, bytes, *port),
            Action::Insert { drive, image } => disks::insert(self, *drive, image),
            Action::Eject(drive) => disks::eject(self, *drive),
            Action::Sleep(ns) => self.alive("sleep").and_then(|()| self.pass(*ns)),
            Action::Screenshot(golden) => self.screenshot(golden),
            Action::DumpMemory { address, length, file } => memory::dump(self, *address, *length, file),
            Action::AssertMemory { address, bytes } => memory::assert(self, *address, bytes),
            Action::Reset => input::reset(self),
            Action::PowerButton => input::power_button(self),
            Action::Snapshot(name) => self.keep(name),
            Action::Restore(name) => self.restore(name),
        }
    }

    /// Runs on to the end that is expected, and judges it.
    fn see_to_the_end(&mut self) -> Result<(), Trouble> {
        let expect = self.scenario.expect;
        while self.ended.is_none() && !expect.is_running() {
            self.advance(None)?;
        }
        judge_end(expect, self.ended.as_ref()).map_err(Trouble::failed)
    }

    // --- time -----------------------------------------------------------------------------------------------

    /// Runs a slice, at most to `until`; the machine may have ended then.
    pub(crate) fn advance(&mut self, until: Option<VTime>) -> Result<(), Trouble> {
        if signals::taken().is_some() {
            return Err(Trouble::Interrupted);
        }
        if self.ended.is_some() {
            return Ok(());
        }
        let limit = Duration::from_nanos(self.scenario.limits.host_ns);
        if self.started.elapsed() >= limit {
            self.ended = Some(Ending::host_time(limit));
            return Ok(());
        }
        self.feed_serial();
        let stop = self.machine.run(self.machine.count() + self.slice(until), OnIdle::Return);
        let stop = if stop == Stop::Idle { self.pass_idle_time(until) } else { stop };
        if !matches!(stop, Stop::Limit | Stop::Idle) {
            let_serial_finish(&mut self.machine);
        }
        self.hear();
        self.ended = self.judge.judge(&mut self.machine, stop);
        Ok(())
    }

    /// Instructions of the next slice.
    fn slice(&self, until: Option<VTime>) -> u64 {
        let slice = if self.sending.is_some() { SERIAL_SLICE } else { SLICE };
        let used = self.meter.used(&self.machine);
        let room =
            self.scenario.limits.instructions.map_or(slice, |limit| limit.saturating_sub(used.instructions));
        let until = until.map_or(u64::MAX, |until| until.ns_since(self.machine.now()));
        let left_ns = until.min(self.scenario.limits.virtual_ns.saturating_sub(used.virtual_ns));
        let left = u128::from(left_ns) * u128::from(self.machine.config().mips) / 1000;
        slice.min(room).min(u64::try_from(left).unwrap_or(u64::MAX)).max(1)
    }

    /// Jumps to the next deadline, at most to `until` and the limit of virtual time.
    fn pass_idle_time(&mut self, until: Option<VTime>) -> Stop {
        let now = self.machine.now();
        let left = self.scenario.limits.virtual_ns.saturating_sub(self.meter.used(&self.machine).virtual_ns);
        let latest = now.plus_ns(left).min(until.unwrap_or(VTime(u64::MAX)));
        match self.machine.idle_until() {
            Some(deadline) => self.machine.skip_to(deadline.min(latest)),
            None if self.machine.is_halted() && self.sending.is_none() && until.is_none() => {
                return Stop::Hang(Hang::Halted);
            }
            None => self.machine.skip_to(now.plus_ns(NOTHING_DUE_NS).min(latest)),
        }
        Stop::Idle
    }

    /// Gives the guest the serial input that it has room for.
    fn feed_serial(&mut self) {
        if let Some((port, mut bytes)) = self.sending.take() {
            let taken = self.machine.send_serial(port, &bytes);
            bytes.drain(..taken);
            self.sending = Some((port, bytes)).filter(|(_, bytes)| !bytes.is_empty());
        }
    }

    /// Takes what the guest said.
    fn hear(&mut self) {
        for port in 0..2 {
            let bytes = self.machine.take_serial(port);
            if !bytes.is_empty() {
                self.heard.hear(port, &bytes);
                self.judge.hear(port, &bytes);
            }
        }
        // Nobody listens, but it must not pile up.
        self.machine.take_debug_console();
    }

    /// Lets virtual time pass.
    pub(crate) fn pass(&mut self, ns: u64) -> Result<(), Trouble> {
        let until = self.machine.now().plus_ns(ns);
        while self.machine.now() < until {
            self.advance(Some(until))?;
            if let Some(ending) = &self.ended {
                return Err(Trouble::failed(format!("the machine ended meanwhile: {}", ending.text)));
            }
        }
        Ok(())
    }

    /// Runs until `met`, at most as long as the step may take. What is met at the machine's end is met.
    pub(crate) fn wait(
        &mut self,
        step: &Step,
        what: &str,
        mut met: impl FnMut(&mut Self) -> bool,
    ) -> Result<(), Trouble> {
        let until = step.within.map(|ns| self.machine.now().plus_ns(ns));
        loop {
            if met(self) {
                return Ok(());
            }
            if let Some(ending) = &self.ended {
                return Err(Trouble::failed(format!("{what} before the machine ended: {}", ending.text)));
            }
            if let (Some(until), Some(ns)) = (until, step.within)
                && self.machine.now() >= until
            {
                let seconds = crate::verdict::Seconds(Duration::from_nanos(ns));
                return Err(Trouble::failed(format!("{what} within {seconds} s of virtual time")));
            }
            self.advance(until)?;
        }
    }

    /// Refuses what only a machine that runs can take.
    pub(crate) fn alive(&self, what: &str) -> Result<(), Trouble> {
        match &self.ended {
            None => Ok(()),
            Some(ending) => {
                Err(Trouble::failed(format!("no {what:?}, for the machine had ended: {}", ending.text)))
            }
        }
    }

    // --- pictures and snapshots -----------------------------------------------------------------------------

    fn screenshot(&mut self, golden: &super::steps::Golden) -> Result<(), Trouble> {
        if self.settings.bless {
            return golden::bless(&self.machine, golden).map_err(Trouble::failed);
        }
        let prefix = super::record::file_prefix(self.scenario.path());
        golden::compare(&self.machine, golden, &self.settings.output, &prefix)
            .map_err(|mismatch| Trouble::Failed { message: mismatch.reason, files: mismatch.files })
    }

    fn keep(&mut self, name: &str) -> Result<(), Trouble> {
        self.alive("snapshot")?;
        let kept = Kept::of(&mut self.machine, &self.heard).map_err(Trouble::failed)?;
        self.kept.insert(name.to_owned(), kept);
        Ok(())
    }

    fn restore(&mut self, name: &str) -> Result<(), Trouble> {
        let used = self.meter.used(&self.machine);
        let kept = self.kept.get_mut(name).ok_or_else(|| Trouble::failed(format!("no snapshot {name:?}")))?;
        self.heard = kept.restore(&mut self.machine).map_err(Trouble::failed)?;
        (self.ended, self.sending) = (None, None);
        self.meter.restart(used, &self.machine);
        self.judge.restart(&self.machine, used);
        Ok(())
    }

    // --- the record -----------------------------------------------------------------------------------------

    fn record(&mut self, result: Result<(), (Trouble, Option<&Step>)>) -> Record {
        let used = self.meter.used(&self.machine);
        let mut record = Record::new(self.scenario);
        record.virtual_ns = used.virtual_ns;
        record.instructions = used.instructions;
        record.steps_done = self.steps_done;
        record.host = self.started.elapsed();
        if let Some(ending) = &self.ended {
            (record.outcome, record.exit_code) = (ending.outcome, Some(ending.exit_code));
        }
        let Err((trouble, step)) = result else { return record };
        let (message, files) = match trouble {
            Trouble::Failed { message, files } => (message, files),
            Trouble::Interrupted => {
                record.status = Status::Interrupted;
                return record;
            }
        };
        record.status = Status::Failed;
        record.failure = Some(Failure {
            place: step.map(|step| self.scenario.place(step)),
            step: step.map(|_| self.steps_done + 1),
            message,
            screen: self.machine.text_screen().map(|screen| format!("{}\n", screen.to_text().trim_end())),
            serial: self.heard.last_lines(SERIAL_LINES),
            post_mortem: self.ended.as_ref().and_then(|ending| ending.post_mortem.clone()),
            files,
        });
        record
    }

    /// What the next scenario may go on with.
    pub(crate) fn into_state(self) -> State {
        let rules = self.judge.rules;
        State { machine: self.machine, kept: self.kept, rules }
    }
}

/// What is wrong with an end.
fn judge_end(expect: Expectation, ended: Option<&Ending>) -> Result<(), String> {
    let Some(ending) = ended else {
        return if expect.is_running() {
            Ok(())
        } else {
            Err(format!("expected {expect}, but the machine runs"))
        };
    };
    let outcome = expect.outcome.is_none_or(|wanted| ending.outcome.meets(wanted));
    let code = expect.exit_code.is_none_or(|wanted| ending.exit_code == wanted);
    if outcome && code {
        return Ok(());
    }
    let Ending { outcome, text, exit_code, .. } = ending;
    Err(format!("expected {expect}, but the outcome is {:?} (exit code {exit_code}): {text}", outcome.name()))
}
