//! Finds a processor that spins with no way out: interrupts off, its registers going round, no device touched.

use ringzero_bus::{Accesses, SystemBus};
use ringzero_cpu::{Activity, Cpu, CpuState, Exit, flags};

/// Instructions between two looks.
pub(crate) const INTERVAL: u64 = 1 << 20;
/// Longest loop that is recognised, in instructions.
const LONGEST_LOOP: u64 = 16;
/// Virtual time that a loop of several instructions must last: memory it reads may yet be written by DMA.
const PATIENCE_NS: u64 = 2_000_000_000;

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
}

impl SpinWatch {
    /// Looks at the processor, running it a few instructions further; `room` says how many may be run.
    pub(crate) fn look(&mut self, cpu: &mut Cpu, bus: &mut SystemBus, room: u64) -> Look {
        let possible =
            !cpu.state().flags.control(flags::bit::IF) && cpu.state().activity == Activity::Running;
        if !possible || room <= LONGEST_LOOP {
            self.since = None;
            return Look::Runs;
        }
        let accesses = bus.accesses();
        let length = match loop_length(cpu, bus) {
            Ok(Some(length)) if bus.accesses() == accesses => length,
            Ok(_) => {
                self.since = None;
                return Look::Runs;
            }
            Err(exit) => {
                self.since = None;
                return Look::Ended(exit);
            }
        };
        let now = bus.now().0;
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
