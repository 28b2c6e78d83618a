//! Finds a processor that goes round in a loop with no way out of its own: its registers the same each time, no device
//! touched.
//!
//! With interrupts off that is a hang. With interrupts on only an interrupt can end it, and what lies between may be
//! passed over: to go round once more changes nothing but the count of instructions. So may a loop that polls a port, as long
//! as the device knows that it gives the same.

use crate::disassembly;
use ringzero_bus::{Accesses, LinAddr, SystemBus};
use ringzero_cpu::recorder::Place;
use ringzero_cpu::{Activity, Cpu, CpuState, Exit, flags};

/// Instructions between two looks.
const INTERVAL: u64 = 1 << 20;
/// The same while the processor spins, interrupted now and then.
const SPINNING_INTERVAL: u64 = 1 << 12;
/// Longest loop that is recognised, in instructions.
const LONGEST_LOOP: u64 = 16;
/// Virtual time that a loop of several instructions must last: memory it reads may yet be written by DMA.
const PATIENCE_NS: u64 = 2_000_000_000;
/// Longest instruction in bytes.
const LONGEST_INSTRUCTION: usize = 15;

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// The processor gets on.
    Runs,
    /// It spins and nothing can stop it.
    Spins,
    /// Its run ended in this way meanwhile, which is to be attended to.
    Ended(Exit),
}

/// What the looks so far have found.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpinWatch {
    since: Option<(u64, Accesses)>,
    spins: bool,
    /// The instruction before which the next look is due.
    due: u64,
    /// Instructions passed over since power-on.
    passed: u64,
}

impl SpinWatch {
    /// Instructions passed over since power-on.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Goes on counting from `passed`.
    pub(crate) fn set_passed(&mut self, passed: u64) {
        self.passed = passed;
    }

    fn begin_anew(&mut self) {
        *self = Self { passed: self.passed, ..Self::default() };
    }

    /// The instruction before which the next look is due.
    pub(crate) fn due(&self) -> u64 {
        self.due
    }

    /// Whether the last look found a loop that only an interrupt can end.
    pub(crate) fn spins(&self) -> bool {
        self.spins
    }

    /// Looks at the processor, running it a few instructions further; `room` says how many may be run.
    pub(crate) fn look(&mut self, cpu: &mut Cpu, bus: &mut SystemBus, room: u64) -> Look {
        if cpu.state().count < self.due || room <= 2 * LONGEST_LOOP {
            return Look::Runs;
        }
        let found = self.examine(cpu, bus, room);
        self.due = cpu.state().count + if self.spins { SPINNING_INTERVAL } else { INTERVAL };
        found
    }

    fn examine(&mut self, cpu: &mut Cpu, bus: &mut SystemBus, room: u64) -> Look {
        if cpu.state().activity != Activity::Running {
            self.begin_anew();
            return Look::Runs;
        }
        let accesses = bus.accesses();
        let start = (cpu.state().count, Place::of(cpu.state()));
        let length = match loop_length(cpu, bus) {
            Ok(Some(length)) if bus.accesses() == accesses => length,
            Ok(_) => {
                self.begin_anew();
                return Look::Runs;
            }
            Err(exit) => {
                self.begin_anew();
                return Look::Ended(exit);
            }
        };
        if cpu.state().flags.control(flags::bit::IF) {
            self.since = None;
            self.spins = length == 1 || stores_nothing(cpu, bus, start.1, length);
            if self.spins {
                self.passed += pass_over(cpu, bus, room - (cpu.state().count - start.0), length);
            }
            return Look::Runs;
        }
        self.locked_up(bus.now().0, accesses, length)
    }

    /// Looks at a processor that reads a port over and over, running it a few instructions further; `room` says how many may be
    /// run.
    pub(crate) fn look_at_polls(&mut self, cpu: &mut Cpu, bus: &mut SystemBus, room: u64) -> Look {
        let (begin, before) = (Place::of(cpu.state()), bus.accesses());
        if room <= 2 * LONGEST_LOOP || cpu.state().activity != Activity::Running {
            return Look::Runs;
        }
        bus.watch_polls();
        let found = loop_length(cpu, bus);
        let polled = bus.end_watch();
        let read = Accesses { reads: before.reads + polled.reads, ..before };
        let same = polled.until.filter(|_| read == bus.accesses());
        match (found, same) {
            (Err(exit), _) => return Look::Ended(exit),
            (Ok(Some(length)), Some(until)) if stores_nothing(cpu, bus, begin, length) => {
                let left = room.saturating_sub(cpu.state().count - begin.count);
                let left = left.min(bus.time().count_at(until).saturating_sub(cpu.state().count));
                let passed = pass_over(cpu, bus, left, length);
                bus.pass_over_reads(passed / length * polled.reads);
                self.passed += passed;
            }
            _ => bus.set_polls_aside(),
        }
        Look::Runs
    }

    /// A loop with interrupts off.
    fn locked_up(&mut self, now: u64, accesses: Accesses, length: u64) -> Look {
        self.spins = false;
        let since = match self.since {
            Some((since, before)) if before == accesses => since,
            _ => now,
        };
        self.since = Some((since, accesses));
        if length == 1 || now - since >= PATIENCE_NS { Look::Spins } else { Look::Runs }
    }
}

/// After how many instructions the processor is in the same state again, if it is; or how its run ended.
fn loop_length(cpu: &mut Cpu, bus: &mut SystemBus) -> Result<Option<u64>, Exit> {
    let before = cpu.state().clone();
    for length in 1..=LONGEST_LOOP {
        match cpu.run(bus, 1) {
            Exit::Budget => {}
            exit => return Err(exit),
        }
        if same(&before, cpu.state()) {
            return Ok(Some(length));
        }
    }
    Ok(None)
}

fn same(a: &CpuState, b: &CpuState) -> bool {
    // IP first: it nearly always differs.
    a.ip == b.ip && CpuState { count: 0, ..a.clone() } == CpuState { count: 0, ..b.clone() }
}

/// Whether the loop of `length` instructions, the processor being back at its `start`, writes no memory.
fn stores_nothing(cpu: &mut Cpu, bus: &mut SystemBus, start: Place, length: u64) -> bool {
    let mut place = start;
    (0..length).all(|_| {
        let mut bytes = [0; LONGEST_INSTRUCTION];
        for (n, byte) in (0..).zip(&mut bytes) {
            let at = cpu.translate_for_inspection(bus, LinAddr(place.linear() + n));
            *byte = at.and_then(|at| bus.peek(at)).unwrap_or(0xFF);
        }
        let pure = disassembly::stores_nothing(&bytes, u32::from(place.bits));
        pure && cpu.run(bus, 1) == Exit::Budget && {
            place = Place::of(cpu.state());
            true
        }
    })
}

/// Lets as many whole rounds of `length` instructions pass as there is room for; how many instructions that is.
fn pass_over(cpu: &mut Cpu, bus: &mut SystemBus, room: u64, length: u64) -> u64 {
    let rounds = room.saturating_sub(length) / length;
    cpu.pass_over(rounds * length);
    bus.set_count(cpu.state().count);
    rounds * length
}
