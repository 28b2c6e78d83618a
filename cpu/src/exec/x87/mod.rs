//! The x87 [SDM 1, "Programming with the x87 FPU"]. Values are computed by `ringzero_float`; here are the register stack,
//! the status word, and when an exception becomes #MF.
//!
//! Of an x87 operation `op.imm` is not an immediate: see [`Origin`].

pub(crate) mod arith;
pub(crate) mod compare;
pub(crate) mod control;
pub(crate) mod environment;
pub(crate) mod functions;
pub(crate) mod memory;
pub(crate) mod short;
pub(crate) mod stack;
pub(crate) mod transfer;

use super::access::{Access, Mem, Segmented};
use super::op::Op;
use crate::cpu::Cpu;
use crate::fault::Fault;
use crate::fpu::{Fpu, LastPointer};
use crate::segment::SegReg;
use crate::state::cr0;
use ringzero_float::{Exceptions, Outcome, X87Control};

/// Bits of the status word [SDM 1, "x87 FPU Status Register"].
pub(crate) mod status {
    pub(crate) const STACK_FAULT: u16 = 1 << 6;
    /// ES: an unmasked exception is pending.
    pub(crate) const ERROR_SUMMARY: u16 = 1 << 7;
    pub(crate) const C0: u16 = 1 << 8;
    pub(crate) const C1: u16 = 1 << 9;
    pub(crate) const C2: u16 = 1 << 10;
    pub(crate) const C3: u16 = 1 << 14;
    /// B: the same as ES since the 80387.
    pub(crate) const BUSY: u16 = 1 << 15;
    pub(crate) const CONDITION: u16 = C0 | C1 | C2 | C3;
}

/// Where an x87 instruction lies and what it is, packed into `op.imm` when it is lowered: its distance from the
/// block's start in the high half, and FOP, the low three bits of the first opcode byte and all of the second, in the
/// low half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) u32);

impl Origin {
    pub(crate) fn new(distance: u32, opcode: u8, modrm: u8) -> Self {
        Self(distance << 16 | u32::from(opcode & 7) << 8 | u32::from(modrm))
    }
    fn distance(self) -> u64 {
        u64::from(self.0 >> 16)
    }
    fn opcode(self) -> u16 {
        self.0 as u16
    }
}

impl Fpu {
    pub(crate) fn control(&self) -> X87Control {
        X87Control(self.control)
    }

    /// Whether an unmasked exception waits to be reported.
    #[inline(always)]
    pub(crate) fn is_pending(&self) -> bool {
        self.status & status::ERROR_SUMMARY != 0
    }

    /// Whether a control word leaves a flagged exception unmasked.
    #[inline(always)]
    pub(crate) fn pends_under(&self, control: X87Control) -> bool {
        !control.unmasked(Exceptions(self.status as u8 & Exceptions::ALL.0)).is_empty()
    }

    /// Makes ES and B say whether a flagged exception is not masked.
    pub(crate) fn summarize(&mut self) {
        let pending = self.pends_under(self.control());
        self.status &= !(status::ERROR_SUMMARY | status::BUSY);
        if pending {
            self.status |= status::ERROR_SUMMARY | status::BUSY;
        }
    }

    /// ORs exceptions into the status word; C1 says how a result was rounded, or which way the stack failed.
    #[inline(always)]
    fn report(&mut self, exceptions: Exceptions, c1: bool) {
        self.status = self.status & !status::C1 | u16::from(exceptions.0) | if c1 { status::C1 } else { 0 };
        if !self.control().unmasked(exceptions).is_empty() {
            self.status |= status::ERROR_SUMMARY | status::BUSY;
        }
    }
}

/// What every waiting instruction begins with: an exception that an earlier one left is reported now
/// [SDM 1, "x87 FPU Exception Handling in Software"]. Without CR0.NE that has happened already, through the FERR# pin.
#[inline(always)]
pub(crate) fn begin<A: Access>(m: &mut A) -> Result<(), A::Fail> {
    let state = &m.cpu().state;
    if state.fpu.is_pending() && state.cr0 & cr0::NE != 0 {
        return Err(Fault::Math.into());
    }
    Ok(())
}

/// Before the first change: exceptions that will be pending without CR0.NE drive FERR#, which needs the slow path.
#[inline(always)]
fn announce<A: Access>(m: &mut A, exceptions: Exceptions) -> Result<(), A::Fail> {
    let state = &m.cpu().state;
    if !state.fpu.control().unmasked(exceptions).is_empty() && state.cr0 & cr0::NE == 0 {
        m.slow()?.bus.set_ferr(true);
    }
    Ok(())
}

/// Drives FERR# as the status word says.
pub(crate) fn drive_ferr<A: Access>(m: &mut A) -> Result<(), A::Fail> {
    let slow = m.slow()?;
    let error = slow.cpu.state.fpu.is_pending() && slow.cpu.state.cr0 & cr0::NE == 0;
    slow.bus.set_ferr(error);
    Ok(())
}

/// Remembers the instruction, and with `MEMORY` its operand.
#[inline(always)]
fn remember<const MEMORY: bool>(cpu: &mut Cpu, op: &Op) {
    remember_instruction(cpu, op);
    if MEMORY {
        remember_operand(cpu, op, Segmented::address(cpu, op));
    }
}

#[inline(always)]
fn remember_instruction(cpu: &mut Cpu, op: &Op) {
    let origin = Origin(op.imm);
    let ip = cpu.advance(origin.distance());
    let selector = cpu.state.seg(SegReg::Cs).selector;
    cpu.state.fpu.instruction = LastPointer { selector, offset: ip as u32 };
    cpu.state.fpu.opcode = origin.opcode();
}

#[inline(always)]
fn remember_operand(cpu: &mut Cpu, op: &Op, offset: u64) {
    let selector = cpu.state.segments[op.mem.seg()].selector;
    cpu.state.fpu.operand = LastPointer { selector, offset: offset as u32 };
}

/// A stack fault: IE and SF, and C1 for overflow. `true` when it is masked, so that the response is delivered.
#[inline(always)]
fn stack_fault<A: Access>(m: &mut A, overflow: bool) -> Result<bool, A::Fail> {
    announce(m, Exceptions::INVALID)?;
    let fpu = &mut m.cpu().state.fpu;
    fpu.status |= status::STACK_FAULT;
    fpu.report(Exceptions::INVALID, overflow);
    Ok(fpu.control().unmasked(Exceptions::INVALID).is_empty())
}

/// Reports an outcome; its value where it is to be written.
#[inline(always)]
fn settle<T, A: Access>(m: &mut A, outcome: Outcome<T>) -> Result<Option<T>, A::Fail> {
    announce(m, outcome.exceptions)?;
    m.cpu().state.fpu.report(outcome.exceptions, outcome.rounded_up);
    Ok(outcome.store.then_some(outcome.value))
}
