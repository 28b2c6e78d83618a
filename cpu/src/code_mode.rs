//! Everything about the processor's mode that lowering relies on.

use crate::fault::Fault;
use crate::segment::SegReg;
use crate::state::{CpuState, cr0, cr4};

/// Identity of the mode that a block was decoded in. Two states with equal `CodeMode` run the same block alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct CodeMode(u32);

const CODE_32: u32 = 1 << 0;
const STACK_32: u32 = 1 << 1;
const PROTECTED: u32 = 1 << 2;
const BIG_REAL: u32 = 1 << 3;
const V86: u32 = 1 << 4;
const EMULATION: u32 = 1 << 5;
const TASK_SWITCHED: u32 = 1 << 6;
const SSE_ENABLED: u32 = 1 << 7;
const FLAT_SHIFT: u32 = 8;
const ALL_FLAT: u32 = 0x3F << FLAT_SHIFT;

impl CodeMode {
    /// The mode of a state.
    pub(crate) fn of(state: &CpuState) -> Self {
        SegReg::ALL.into_iter().fold(Self::default(), |mode, reg| mode.with_segment(state, reg))
    }

    /// The mode of a state that differs from one of this mode in `reg` and in what is no segment.
    #[inline]
    pub(crate) fn with_segment(self, state: &CpuState, reg: SegReg) -> Self {
        let segment = state.seg(reg);
        let flat = segment.is_flat() && (reg == SegReg::Cs || segment.attr.is_writable());
        let own = 1 << (FLAT_SHIFT + reg as u32);
        let sized = match reg {
            SegReg::Cs => CODE_32,
            SegReg::Ss => STACK_32,
            _ => 0,
        };
        let big = if segment.attr.is_big() { sized } else { 0 };
        let others = self.0 & (CODE_32 | STACK_32 | ALL_FLAT) & !(own | sized);
        Self(others | big | if flat { own } else { 0 } | Self::without_segments(state))
    }

    #[inline]
    fn without_segments(state: &CpuState) -> u32 {
        let bit = |on: bool, bit: u32| if on { bit } else { 0 };
        let big_real = || state.segments.iter().any(|s| s.limit > 0xFFFF);
        bit(state.protected(), PROTECTED)
            | bit(state.v86(), V86)
            | bit(state.cr0 & cr0::EM != 0, EMULATION)
            | bit(state.cr0 & cr0::TS != 0, TASK_SWITCHED)
            | bit(state.cr4 & cr4::OSFXSR != 0, SSE_ENABLED)
            | bit(!state.protected() && big_real(), BIG_REAL)
    }

    /// Default operand and address size of code: 16 or 32.
    pub(crate) fn code_bits(self) -> u32 {
        if self.0 & CODE_32 != 0 { 32 } else { 16 }
    }

    /// Width of the stack pointer: 16 or 32.
    pub(crate) fn stack_bits(self) -> u32 {
        if self.0 & STACK_32 != 0 { 32 } else { 16 }
    }

    /// Whether accesses through `seg` need no base and limit.
    pub(crate) fn is_flat(self, seg: SegReg) -> bool {
        self.0 & 1 << (FLAT_SHIFT + seg as u32) != 0
    }

    /// Whether segment registers hold selectors: in protected mode, not in virtual-8086 mode. Only then are VEX prefixes
    /// recognised.
    pub(crate) fn has_selectors(self) -> bool {
        self.0 & (PROTECTED | V86) == PROTECTED
    }

    /// What every x87 instruction but WAIT raises in this mode [SDM 3A, "Control Registers"].
    pub(crate) fn x87_fault(self) -> Option<Fault> {
        (self.0 & (EMULATION | TASK_SWITCHED) != 0).then_some(Fault::DeviceNotAvailable)
    }

    /// What every MMX instruction raises in this mode.
    pub(crate) fn mmx_fault(self) -> Option<Fault> {
        if self.0 & EMULATION != 0 { Some(Fault::InvalidOpcode) } else { self.x87_fault() }
    }

    /// What every SSE instruction raises in this mode.
    pub(crate) fn sse_fault(self) -> Option<Fault> {
        if self.0 & SSE_ENABLED == 0 { Some(Fault::InvalidOpcode) } else { self.mmx_fault() }
    }

    /// Whether loading a data segment register cannot change the mode: real mode with 64 KiB limits, and virtual-8086 mode
    /// without flat segments, which no load there makes.
    pub(crate) fn data_segments_are_plain(self) -> bool {
        self.0 & (PROTECTED | BIG_REAL) == 0 || self.0 & (V86 | ALL_FLAT) == V86
    }
}
