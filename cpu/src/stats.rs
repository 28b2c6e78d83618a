//! What running a guest took: counts for people who look for where time goes.
//!
//! Only paths that are slow anyway count, so that what is not counted costs nothing. Nothing here is visible to the guest, saved
//! or hashed, and how a run is sliced shows.

use crate::decode::cache::CacheStats;
use crate::fault::Fault;
use crate::run::Exit;

/// What a processor has done since power-on, and across resets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuStats {
    /// Instructions begun by [`crate::Cpu::run`], and events that count as one.
    pub instructions: u64,
    /// Decoded blocks.
    pub blocks: CacheStats,
    /// Pages that the first level of the TLB did not know when data in them was accessed.
    pub tlb_misses: u64,
    /// Those of them that the second level knew.
    pub second_level_hits: u64,
    /// Page walks, for data and for code.
    pub walks: u64,
    /// Walks for code.
    pub code_walks: u64,
    /// Accesses checked page by page: new to the TLB, across two pages, or to what is no plain memory. Those to a device's page
    /// that the TLB knows are not among them.
    pub full_accesses: u64,
    /// Interrupts by the INTR pin.
    pub interrupts: u64,
    /// Non-maskable interrupts.
    pub nmis: u64,
    /// System management interrupts.
    pub smis: u64,
    /// Exceptions; of those that follow from another while it is delivered only the first.
    pub exceptions: u64,
    /// Page faults among them.
    pub page_faults: u64,
    /// Runs by how they ended.
    pub exits: ExitStats,
}

/// How often [`crate::Cpu::run`] ended, by [`Exit`].
#[expect(missing_docs, reason = "the names are those of `Exit`")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExitStats {
    pub budget: u64,
    pub attention: u64,
    pub halted: u64,
    pub shutdown: u64,
    pub firmware: u64,
    pub registers: u64,
    pub polling: u64,
}

impl ExitStats {
    /// Runs in all.
    pub fn total(&self) -> u64 {
        let asked = self.firmware + self.registers + self.polling;
        self.budget + self.attention + self.halted + self.shutdown + asked
    }

    pub(crate) fn note(&mut self, exit: Exit) {
        *match exit {
            Exit::Budget => &mut self.budget,
            Exit::Attention => &mut self.attention,
            Exit::Halted => &mut self.halted,
            Exit::Shutdown => &mut self.shutdown,
            Exit::Firmware => &mut self.firmware,
            Exit::Registers => &mut self.registers,
            Exit::Polling => &mut self.polling,
        } += 1;
    }
}

impl CpuStats {
    pub(crate) fn note_exception(&mut self, fault: Fault) {
        self.exceptions += 1;
        self.page_faults += u64::from(matches!(fault, Fault::Page(_)));
    }
}
