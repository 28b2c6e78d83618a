//! Transfers inside a privilege level to the code segment in use, which is what most are.
//!
//! What comes of checking a gate or a descriptor depends on its eight bytes and the privilege level alone. Those that
//! passed are remembered by their bytes: where the tables, which are read each time, hold the same, nothing has to be
//! checked or loaded again.

use super::interrupt::Origin;
use super::stack::Stack;
use super::{Descriptor, System, rpl};
use crate::exec::access::Slow;
use crate::fault::Fault;
use crate::flags::bit;
use crate::segment::{SegReg, Segment};

/// Gates remembered, by the low bits of their vector.
const GATES: usize = 8;

/// The accessed bit of a code segment's descriptor.
const ACCESSED: u64 = 1 << 40;
/// What tells a trap gate from an interrupt gate.
const TRAP: u64 = 1 << 40;

/// What has passed.
#[derive(Clone, Default)]
pub(crate) struct Known {
    gates: [Option<KnownGate>; GATES],
    code: Option<KnownCode>,
}

/// A 32-bit interrupt or trap gate that may be gone through, as far as it goes itself.
#[derive(Clone, Copy, PartialEq, Eq)]
struct KnownGate {
    raw: u64,
    cpl: u8,
    origin: Origin,
}

/// A descriptor that leads to CS as it is, at the same privilege level.
#[derive(Clone, Copy)]
struct KnownCode {
    raw: u64,
    cpl: u8,
    segment: Segment,
}

impl Slow<'_> {
    /// A gate with these bytes has led to `code`, at privilege level `cpl` before and behind it.
    pub(super) fn remember_gate(&mut self, vector: u8, raw: u64, origin: Origin) {
        let cpl = self.cpu.state.cpl;
        self.cpu.known.gates[usize::from(vector) % GATES] = Some(KnownGate { raw, cpl, origin });
    }

    /// `target` has been entered without a change of privilege. One that had to be marked accessed is not remembered: it
    /// must be marked again where its bytes come back.
    pub(super) fn remember_code(&mut self, target: &Descriptor) {
        if target.raw & ACCESSED == 0 {
            return;
        }
        let state = &self.cpu.state;
        let code = KnownCode { raw: target.raw, cpl: state.cpl, segment: *state.seg(SegReg::Cs) };
        self.cpu.known.code = Some(code);
    }

    /// Whether `selector` leads to CS as it is, at the present privilege level.
    #[inline]
    pub(super) fn leads_to_code_in_use(&mut self, selector: u16) -> Result<bool, Fault> {
        let state = &self.cpu.state;
        let (cpl, cs) = (state.cpl, *state.seg(SegReg::Cs));
        let Some(known) = self.cpu.known.code else { return Ok(false) };
        if known.cpl != cpl || known.segment != cs || cs.selector != selector & !3 | u16::from(cpl) {
            return Ok(false);
        }
        let (_, raw) = self.raw_descriptor(selector, Fault::GeneralProtection)?;
        Ok(raw == known.raw)
    }

    /// Goes through the gate with bytes `raw` if that is known to stay in the code segment in use: whether it does.
    #[inline]
    pub(super) fn through_known_gate(
        &mut self,
        vector: u8,
        raw: u64,
        origin: Origin,
        error: Option<u16>,
    ) -> Result<bool, Fault> {
        let known = self.cpu.known.gates[usize::from(vector) % GATES];
        let gate = KnownGate { raw, cpl: self.cpu.state.cpl, origin };
        let selector = (raw >> 16) as u16;
        if known != Some(gate) || self.cpu.state.v86() || !self.leads_to_code_in_use(selector)? {
            return Ok(false);
        }
        let offset = raw & 0xFFFF | raw >> 32 & 0xFFFF_0000;
        let mut stack = Stack::current(&self.cpu.state);
        let flags = self.cpu.state.flags.bits();
        stack.push_items(self, true, [u64::from(flags), u64::from(self.cs_selector()), self.cpu.state.ip])?;
        if let Some(error) = error {
            stack.push_sized(self, true, u64::from(error))?;
        }
        self.go_on_at(offset)?;
        self.cpu.state.ip = offset;
        let cleared = bit::TF | bit::NT | bit::RF | if raw & TRAP != 0 { 0 } else { bit::IF };
        self.cpu.state.flags.set_control(cleared, false);
        stack.make_current(self);
        Ok(true)
    }

    fn cs_selector(&self) -> u16 {
        self.cpu.state.seg(SegReg::Cs).selector
    }

    /// IRET to the code segment in use, at the present privilege level: whether it is that.
    #[inline]
    pub(super) fn stays_in_code_in_use(&mut self, selector: u16, offset: u64) -> Result<bool, Fault> {
        if rpl(selector) != self.cpu.state.cpl || !self.leads_to_code_in_use(selector)? {
            return Ok(false);
        }
        self.go_on_at(offset)?;
        Ok(true)
    }

    /// In the code segment in use.
    #[inline]
    fn go_on_at(&mut self, offset: u64) -> Result<(), Fault> {
        if offset > u64::from(self.cpu.state.seg(SegReg::Cs).limit) {
            return Err(Fault::GeneralProtection(0));
        }
        self.cpu.next_ip = offset;
        Ok(())
    }
}

/// Whether a gate is one that [`Slow::through_known_gate`] knows how to go through.
pub(super) fn is_memorable(kind: System) -> bool {
    matches!(kind, System::InterruptGate { wide: true, .. })
}
