//! Finds a processor that spins with no way out: interrupts off, its registers going round, no device touched.

use ringzero_bus::{Accesses, SystemBus};
use ringzero_cpu::{Activity, Cpu, CpuState, flags};

/// Instructions between two looks.
pub(crate) const INTERVAL: u64 = 1 << 20;
/// Longest loop that is recognised, in instructions.
const LONGEST_LOOP: u64 = 16;
/// Virtual time that a loop of several instructions must last: memory it reads may yet be written by DMA.
const PATIENCE_NS: u64 = 2_000_000_000;

/// What the looks so far have found.
#[derive(Debug, Default)]
pub(crate) struct SpinWatch {
    since: Option<(u64, Accesses)>,
}

impl SpinWatch {
    /// Looks at the processor, running it a few instructions further; `room` says how many may be run. True when it
    /// spins and nothing can stop it.
    pub(crate) fn look(&mut self, cpu: &mut Cpu, bus: &mut SystemBus, room: u64) -> bool {
        let possible =
            !cpu.state().flags.control(flags::bit::IF) && cpu.state().activity == Activity::Running;
        if !possible || room <= LONGEST_LOOP {
            self.since = None;
            return false;
        }
        let accesses = bus.accesses();
        let Some(length) = loop_length(cpu, bus) else {
            self.since = None;
            return false;
        };
        if bus.accesses() != accesses {
            self.since = None;
            return false;
        }
        let now = bus.now().0;
        let since = match self.since {
            Some((since, before)) if before == accesses => since,
            _ => now,
        };
        self.since = Some((since, accesses));
        length == 1 || now - since >= PATIENCE_NS
    }
}

/// After how many instructions the processor is in the same state again.
fn loop_length(cpu: &mut Cpu, bus: &mut SystemBus) -> Option<u64> {
    let before = cpu.state().clone();
    (1..=LONGEST_LOOP).find(|_| {
        cpu.run(bus, 1);
        same(&before, cpu.state())
    })
}

fn same(a: &CpuState, b: &CpuState) -> bool {
    // IP first: it nearly always differs.
    a.ip == b.ip && CpuState { count: 0, ..a.clone() } == CpuState { count: 0, ..b.clone() }
}
