//! What a run took, for its host.

use crate::machine::Machine;
use ringzero_cpu::CpuStats;

/// What a machine has done since power-on. Nothing here is part of its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MachineStats {
    /// The processor's part.
    pub cpu: CpuStats,
    /// Instructions of loops that were counted and not run: see [`Machine::set_passes_over_loops`].
    pub passed_over: u64,
    /// Virtual time that passed without instructions, while the guest waited.
    pub idle_ns: u64,
    /// Resets.
    pub resets: u64,
    /// Bytes of guest memory in use: see [`ringzero_bus::ram::GuestRam::bytes_in_use`].
    pub guest_memory: usize,
}

impl MachineStats {
    /// Instructions retired: run and passed over.
    pub fn instructions(&self) -> u64 {
        self.cpu.instructions + self.passed_over
    }
}

impl Machine {
    /// What running has taken since power-on; a fork begins with what its origin had.
    pub fn stats(&self) -> MachineStats {
        MachineStats {
            cpu: self.cpu.stats(),
            passed_over: self.spin.passed(),
            idle_ns: self.idle_ns,
            resets: self.resets(),
            guest_memory: self.bus.fabric().ram.bytes_in_use(),
        }
    }

    /// This machine takes the place of `other`, which is an earlier or a later state of it: counts and profile go on.
    pub fn take_over_accounts(&mut self, other: &mut Self) {
        let stats = other.stats();
        self.cpu.set_stats(stats.cpu);
        self.spin.set_passed(stats.passed_over);
        self.idle_ns = stats.idle_ns;
        self.profile = other.profile.take();
    }
}
