//! Debug registers: breakpoints on instructions, data and ports [SDM 3B, "Debug Registers"].

use crate::cpu::Cpu;
use crate::fault::Fault;
use crate::mmu::Intent;
use crate::state::{CpuState, cr4};
use crate::word::Bytes;

/// Bits of DR6.
pub(crate) struct Dr6;

impl Dr6 {
    /// A debug register was accessed with DR7.GD set.
    pub(crate) const BD: u64 = 1 << 13;
    /// TF was set.
    pub(crate) const BS: u64 = 1 << 14;
    /// A task switch to a TSS whose T bit is set.
    pub(crate) const BT: u64 = 1 << 15;
    pub(crate) const ONES: u64 = 0xFFFF_0FF0;
    pub(crate) const WRITABLE: u64 = 0xE00F;
}

/// Bits of DR7.
pub(crate) struct Dr7;

impl Dr7 {
    /// General detect.
    pub(crate) const GD: u64 = 1 << 13;
    pub(crate) const ONES: u64 = 1 << 10;
    pub(crate) const WRITABLE: u64 = 0xFFFF_23FF;
    /// The local enables, which a task switch clears.
    pub(crate) const LOCAL: u64 = 0x155;
}

/// What a breakpoint watches: the R/W field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Execute,
    Write,
    Port,
    ReadOrWrite,
}

#[derive(Clone, Copy, Debug)]
struct Breakpoint {
    kind: Kind,
    /// First address, aligned to the length.
    start: u64,
    len: u64,
}

impl Breakpoint {
    /// Breakpoint `n` if DR7 enables it.
    fn of(state: &CpuState, n: usize) -> Option<Self> {
        let dr7 = state.dr[7];
        if dr7 >> (2 * n) & 3 == 0 {
            return None;
        }
        let kind = match dr7 >> (16 + 4 * n) & 3 {
            0 => Kind::Execute,
            1 => Kind::Write,
            2 if state.cr4 & cr4::DE != 0 => Kind::Port,
            2 => return None,
            _ => Kind::ReadOrWrite,
        };
        let len = match dr7 >> (18 + 4 * n) & 3 {
            _ if kind == Kind::Execute => 1,
            0 => 1,
            1 => 2,
            2 => 8,
            _ => 4,
        };
        Some(Self { kind, start: state.dr[n] & !(len - 1), len })
    }

    fn touches(&self, at: u64, len: u64) -> bool {
        at < self.start + self.len && self.start < at + len
    }
}

/// The enabled breakpoints, derived from DR0 to DR3, DR7 and CR4.DE.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Breakpoints {
    enabled: [Option<Breakpoint>; 4],
    any: bool,
}

impl Breakpoints {
    fn of(state: &CpuState) -> Self {
        let enabled = std::array::from_fn(|n| Breakpoint::of(state, n));
        Self { enabled, any: enabled.iter().any(Option::is_some) }
    }

    /// Whether any is enabled.
    pub(crate) fn any(&self) -> bool {
        self.any
    }

    /// Whether a breakpoint on data lies in the page of `lin`.
    pub(crate) fn watch_page(&self, lin: u64) -> bool {
        self.any
            && self.hits(lin & !0xFFF, 0x1000, |kind| kind == Kind::Write || kind == Kind::ReadOrWrite) != 0
    }

    /// The bits of DR6 for those of a kind that `len` bytes at `at` touch.
    fn hits(&self, at: u64, len: u64, kind: impl Fn(Kind) -> bool) -> u64 {
        let hit = |b: &Option<Breakpoint>| b.is_some_and(|b| kind(b.kind) && b.touches(at, len));
        (0..).zip(&self.enabled).filter(|(_, b)| hit(b)).map(|(n, _)| 1u64 << n).sum()
    }

    /// Breakpoints on the instruction at linear address `lin`.
    pub(crate) fn on_fetch(&self, lin: u64) -> u64 {
        self.hits(lin, 1, |kind| kind == Kind::Execute)
    }

    /// Breakpoints on data.
    pub(crate) fn on_access(&self, lin: u64, len: u64, write: bool) -> u64 {
        self.hits(lin, len, |kind| kind == Kind::ReadOrWrite || write && kind == Kind::Write)
    }

    /// Breakpoints on a port.
    pub(crate) fn on_port(&self, port: u16, len: u64) -> u64 {
        self.hits(u64::from(port), len, |kind| kind == Kind::Port)
    }
}

impl Cpu {
    /// Notes the breakpoints that an access hits, and checks its alignment where that counts.
    #[inline(always)]
    pub(crate) fn look_at_access<T: Bytes>(&mut self, lin: u64, intent: Intent) -> Result<(), Fault> {
        if self.aligned_only && lin & (T::ALIGN - 1) != 0 {
            return Err(Fault::AlignmentCheck);
        }
        if self.breakpoints.any() {
            let hits = self.breakpoints.on_access(lin, T::BYTES, intent == Intent::Write);
            self.state.breakpoint_hits |= hits;
        }
        Ok(())
    }

    /// Renews what is derived from the debug registers.
    pub(crate) fn breakpoints_changed(&mut self) {
        let before = self.breakpoints.any();
        self.breakpoints = Breakpoints::of(&self.state);
        if before || self.breakpoints.any() {
            self.flush_translations();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    fn with(dr0: u64, dr7: u64, cr4: u32) -> Breakpoints {
        let mut state = CpuState::reset(&Model::MAX, 0);
        state.dr[0] = dr0;
        state.dr[7] = dr7;
        state.cr4 = cr4;
        Breakpoints::of(&state)
    }

    #[test]
    fn a_data_breakpoint_covers_its_length_from_an_aligned_start() {
        let four_bytes_written = with(0x1002, 1 | 1 << 16 | 3 << 18, 0);
        assert_eq!(four_bytes_written.on_access(0x1000, 1, true), 1);
        assert_eq!(four_bytes_written.on_access(0x0FFF, 2, true), 1);
        assert_eq!(four_bytes_written.on_access(0x1004, 4, true), 0);
        assert_eq!(four_bytes_written.on_access(0x1000, 4, false), 0);
        assert!(four_bytes_written.watch_page(0x1FFF));
    }

    #[test]
    fn port_breakpoints_need_cr4_de() {
        assert_eq!(with(0x60, 1 | 2 << 16, 0).on_port(0x60, 1), 0);
        assert_eq!(with(0x60, 1 | 2 << 16, cr4::DE).on_port(0x60, 1), 1);
    }

    #[test]
    fn a_disabled_breakpoint_watches_nothing() {
        assert!(!with(0x1000, 0x400, 0).any());
        assert_eq!(with(0x1000, 2, 0).on_fetch(0x1000), 1);
    }
}
