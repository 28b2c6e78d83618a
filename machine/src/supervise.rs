//! Watches over a run: sees that a guest has ended, has panicked, will never get on, or has used up what it was given.
//!
//! Everything is judged by instructions and virtual time, so a run ends at the same instruction every time. Judge after
//! slices of at most some millions of instructions.

mod panic;
mod progress;
mod resets;

use crate::machine::{Hang, Machine, Stop};
use crate::outcome::{LimitKind, Outcome};
use panic::PanicWatch;
use progress::ProgressWatch;
use resets::ResetWatch;
use ringzero_bus::VTime;

/// What a run may use up; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Instructions begun since power-on.
    pub instructions: Option<u64>,
    /// Virtual nanoseconds since power-on.
    pub virtual_ns: Option<u64>,
    /// Bytes sent to all serial ports together.
    pub serial_bytes: Option<u64>,
    /// Bytes by which disks have grown on the host.
    pub disk_bytes: Option<u64>,
    /// Virtual nanoseconds in which nothing may show that the guest gets on: then it hangs.
    pub hang_after_ns: Option<u64>,
}

impl Limits {
    /// The instruction before `count` at which the run must be judged.
    pub fn cap(&self, count: u64) -> u64 {
        self.instructions.map_or(count, |limit| limit.min(count))
    }

    /// The moment up to which idle time may be jumped over.
    pub fn virtual_limit(&self) -> Option<VTime> {
        self.virtual_ns.map(VTime)
    }
}

/// Interrupts in a row, with nothing else done, that are a storm.
const STORM: u64 = 200_000;
/// Virtual time for which a guest may go on after its panic: to finish its words, or to end itself.
const LAST_WORDS_NS: u64 = 1_000_000_000;

/// Judges one run.
#[derive(Clone, Debug, Default)]
pub struct Supervisor {
    limits: Limits,
    serial_bytes: u64,
    panic: PanicWatch,
    resets: ResetWatch,
    progress: ProgressWatch,
}

impl Supervisor {
    /// A supervisor of a run from here on.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Notes what the guest said on serial port `port` (0 is COM1).
    pub fn hear(&mut self, port: usize, bytes: &[u8]) {
        self.serial_bytes += bytes.len() as u64;
        self.panic.hear(port, bytes);
        self.resets.hear(bytes);
        self.progress.hear(bytes.len());
    }

    /// The user or a test did something with the guest: it has reason to get on.
    pub fn touched(&mut self) {
        self.progress.restart();
        self.resets.restart();
    }

    /// Judges the run so far; `stop` is why [`Machine::run`] came back.
    pub fn judge(&mut self, machine: &mut Machine, stop: Stop) -> Option<Outcome> {
        self.panic.look(machine);
        if let Some(end) = self.ending(stop) {
            return Some(end);
        }
        let panic = self.panic.due(machine.now(), LAST_WORDS_NS).map(Outcome::Panic);
        panic
            .or_else(|| self.resets.look(machine))
            .or_else(|| storm(machine).map(Outcome::Hang))
            .or_else(|| self.progress.look(machine, self.limits.hang_after_ns).map(Outcome::Hang))
            .or_else(|| self.limit(machine).map(Outcome::Limit))
    }

    /// What a stop of the machine means. A guest that panicked and then ended has panicked, unless it reported a result
    /// of its own.
    fn ending(&self, stop: Stop) -> Option<Outcome> {
        let end = match stop {
            Stop::Limit | Stop::Idle => return None,
            Stop::DebugExit(value) => return Some(Outcome::DebugExit(value)),
            Stop::PowerOff => Outcome::PowerOff,
            Stop::Reset => Outcome::Reset,
            Stop::Shutdown => Outcome::TripleFault,
            Stop::Panicked => Outcome::Panic("it wrote to the pvpanic device".to_owned()),
            Stop::Hang(hang) => Outcome::Hang(hang),
        };
        Some(self.panic.words().map_or(end, |words| Outcome::Panic(words.to_owned())))
    }

    fn limit(&self, machine: &Machine) -> Option<LimitKind> {
        let Limits { instructions, virtual_ns, serial_bytes, disk_bytes, .. } = self.limits;
        let reached = |limit: Option<u64>, used: u64| limit.filter(|&limit| used >= limit);
        reached(instructions, machine.count())
            .map(LimitKind::Instructions)
            .or_else(|| reached(virtual_ns, machine.now().0).map(|ns| LimitKind::Virtual(VTime(ns))))
            .or_else(|| reached(serial_bytes, self.serial_bytes).map(LimitKind::Serial))
            .or_else(|| reached(disk_bytes, machine.disk_growth()).map(LimitKind::Disk))
    }
}

fn storm(machine: &Machine) -> Option<Hang> {
    let storm = machine.cpu().recorder().storm();
    (storm.times >= STORM).then_some(Hang::InterruptStorm { vector: storm.vector, times: STORM })
}
