//! MOVS CMPS SCAS LODS STOS INS OUTS, and REP REPE REPNE before them.
#![expect(
    unsafe_code,
    reason = "stretches of guest memory are moved and filled at addresses the TLB has vouched for"
)]

use super::access::{Access, Fast, Miss, Slow};
use super::dispatch::Semantics;
use super::io::{check_port, width_of};
use super::op::Op;
use crate::flags::bit;
use crate::host_memory::{HostAddress, Witness};
use crate::mmu::Intent;
use crate::model::Generation;
use crate::regs::number::{AX, CX, DI, DX, SI};
use crate::segment::SegReg;
use crate::word::Word;
use ringzero_bus::ram::PAGE_SIZE;
use ringzero_bus::{Port, SystemBus};
use std::marker::PhantomData;

use crate::cpu::Cpu;

const ES: usize = SegReg::Es as usize;
/// Fewer iterations than this are done one by one.
const SHORT: u64 = 4;

/// One iteration of a string instruction: checks everything, then moves and counts.
pub(crate) trait Step {
    /// Whether REPE and REPNE look at ZF.
    const COMPARES: bool = false;
    /// The index registers in the order in which their memory is reached; and by how much the 80286 lowers CX
    /// when that access faults [80286 captures].
    const INDICES: &'static [(u8, u64)];
    fn step<T: Word, P: Word, A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail>;
    /// Up to `most` iterations at once, none of which can fault, touch a device or end the instruction: how many were
    /// done.
    #[inline(always)]
    fn stretch<T: Word, P: Word>(_cpu: &mut Cpu, _op: &Op, _most: u64, _witness: Witness<'_>) -> u64 {
        0
    }
}

/// What one iteration adds to an index register.
#[inline(always)]
fn stride<T: Word>(cpu: &Cpu) -> u64 {
    if cpu.state.flags.control(bit::DF) { T::BYTES.wrapping_neg() } else { T::BYTES }
}

#[inline(always)]
fn index<P: Word>(cpu: &Cpu, number: u8) -> u64 {
    cpu.state.regs.read::<P>(number).zext()
}

#[inline(always)]
fn step_index<T: Word, P: Word>(cpu: &mut Cpu, number: u8) {
    let next = index::<P>(cpu, number).wrapping_add(stride::<T>(cpu));
    cpu.state.regs.write(number, P::truncate(next));
}

/// MOVS [SDM 2B, "MOVS"].
pub(crate) struct Movs;
impl Step for Movs {
    const INDICES: &'static [(u8, u64)] = &[(SI, 1), (DI, 2)];
    #[inline(always)]
    fn step<T: Word, P: Word, A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let (si, di) = (index::<P>(m.cpu(), SI), index::<P>(m.cpu(), DI));
        let from = m.spot::<T>(op.mem.seg(), si, Intent::Read)?;
        let to = m.spot::<T>(ES, di, Intent::Write)?;
        let value = m.load::<T>(from);
        m.store(to, value);
        step_index::<T, P>(m.cpu(), SI);
        step_index::<T, P>(m.cpu(), DI);
        Ok(())
    }
    fn stretch<T: Word, P: Word>(cpu: &mut Cpu, op: &Op, most: u64, witness: Witness<'_>) -> u64 {
        let (si, di) = (index::<P>(cpu, SI), index::<P>(cpu, DI));
        let count = room::<T, P>(cpu, ES, di, most);
        let count = room::<T, P>(cpu, op.mem.seg(), si, count);
        let from = reach::<T>(cpu, op.mem.seg(), si, count, Intent::Read);
        let to = reach::<T>(cpu, ES, di, count, Intent::Write);
        let (Some(from), Some(to)) = (from, to) else { return 0 };
        // What was just written may be what is read next.
        let count = match to.distance_from(from) {
            0 => count,
            ahead => count.min(ahead / T::BYTES),
        };
        // SAFETY: the TLB has given both places for so many bytes, in this very instruction.
        unsafe { to.copy_from(from, count * T::BYTES, cpu, witness) };
        advance::<T, P>(cpu, SI, count);
        advance::<T, P>(cpu, DI, count);
        count
    }
}

/// How many of `most` elements from `offset` on lie in one page, inside the segment and below the top of the index.
#[inline(always)]
fn room<T: Word, P: Word>(cpu: &Cpu, seg: usize, offset: u64, most: u64) -> u64 {
    let page = PAGE_SIZE as u64;
    let lin = cpu.windows[seg].base.wrapping_add(offset);
    let in_page = page - (lin & (page - 1));
    let in_index = (u64::MAX >> (64 - P::BITS)) - offset;
    most.min(in_page / T::BYTES).min(in_index / T::BYTES)
}

/// Where `count` elements from `offset` on lie, if the TLB knows and the segment holds them.
#[inline(always)]
fn reach<T: Word>(cpu: &mut Cpu, seg: usize, offset: u64, count: u64, intent: Intent) -> Option<HostAddress> {
    let window = &cpu.windows[seg];
    let limit = if intent == Intent::Read { window.read_limit } else { window.write_limit };
    let len = count * T::BYTES;
    if count == 0 || (offset + (len - 1)) as i64 > limit {
        return None;
    }
    let lin = window.base.wrapping_add(offset) & 0xFFFF_FFFF;
    if intent == Intent::Read { cpu.tlb.read(lin, len) } else { cpu.tlb.write(lin, len) }
}

#[inline(always)]
fn advance<T: Word, P: Word>(cpu: &mut Cpu, number: u8, count: u64) {
    let next = index::<P>(cpu, number).wrapping_add(count * T::BYTES);
    cpu.state.regs.write(number, P::truncate(next));
}

/// CMPS [SDM 2A, "CMPS"].
pub(crate) struct Cmps;
impl Step for Cmps {
    const INDICES: &'static [(u8, u64)] = &[(DI, 0), (SI, 1)];
    const COMPARES: bool = true;
    #[inline(always)]
    fn step<T: Word, P: Word, A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let (si, di) = (index::<P>(m.cpu(), SI), index::<P>(m.cpu(), DI));
        let right = m.spot::<T>(ES, di, Intent::Read)?;
        let left = m.spot::<T>(op.mem.seg(), si, Intent::Read)?;
        let (a, b) = (m.load::<T>(left), m.load::<T>(right));
        compare(m.cpu(), a, b);
        step_index::<T, P>(m.cpu(), SI);
        step_index::<T, P>(m.cpu(), DI);
        Ok(())
    }
    fn stretch<T: Word, P: Word>(cpu: &mut Cpu, op: &Op, most: u64, witness: Witness<'_>) -> u64 {
        let (si, di) = (index::<P>(cpu, SI), index::<P>(cpu, DI));
        let count = room::<T, P>(cpu, ES, di, most);
        let count = room::<T, P>(cpu, op.mem.seg(), si, count);
        let right = reach::<T>(cpu, ES, di, count, Intent::Read);
        let left = reach::<T>(cpu, op.mem.seg(), si, count, Intent::Read);
        let (Some(left), Some(right)) = (left, right) else { return 0 };
        // SAFETY: the TLB has given both places for so many bytes, in this very instruction.
        let pair = |n| unsafe { (left.load_nth::<T>(n, cpu, witness), right.load_nth::<T>(n, cpu, witness)) };
        let equal = Repeat::of(op) == Repeat::WhileEqual;
        let done = (0..count)
            .take_while(|&n| {
                let (a, b) = pair(n);
                (a == b) == equal
            })
            .count() as u64;
        if done > 0 {
            let (a, b) = pair(done - 1);
            compare(cpu, a, b);
            advance::<T, P>(cpu, SI, done);
            advance::<T, P>(cpu, DI, done);
        }
        done
    }
}

#[inline(always)]
fn compare<T: Word>(cpu: &mut Cpu, a: T, b: T) {
    cpu.state.flags.set_sub(a, b, T::truncate(a.zext().wrapping_sub(b.zext())));
}

/// SCAS [SDM 2B, "SCAS"].
pub(crate) struct Scas;
impl Step for Scas {
    const INDICES: &'static [(u8, u64)] = &[(DI, 1)];
    const COMPARES: bool = true;
    #[inline(always)]
    fn step<T: Word, P: Word, A: Access>(m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        let di = index::<P>(m.cpu(), DI);
        let spot = m.spot::<T>(ES, di, Intent::Read)?;
        let value = m.load::<T>(spot);
        let acc = m.cpu().state.regs.read::<T>(AX);
        compare(m.cpu(), acc, value);
        step_index::<T, P>(m.cpu(), DI);
        Ok(())
    }
    fn stretch<T: Word, P: Word>(cpu: &mut Cpu, op: &Op, most: u64, witness: Witness<'_>) -> u64 {
        let (di, acc) = (index::<P>(cpu, DI), cpu.state.regs.read::<T>(AX));
        let count = room::<T, P>(cpu, ES, di, most);
        let Some(at) = reach::<T>(cpu, ES, di, count, Intent::Read) else { return 0 };
        // SAFETY: the TLB has given this place for so many bytes, in this very instruction.
        let value = |n| unsafe { at.load_nth::<T>(n, cpu, witness) };
        let equal = Repeat::of(op) == Repeat::WhileEqual;
        let done = (0..count).take_while(|&n| (value(n) == acc) == equal).count() as u64;
        if done > 0 {
            compare(cpu, acc, value(done - 1));
            advance::<T, P>(cpu, DI, done);
        }
        done
    }
}

/// LODS [SDM 2A, "LODS"].
pub(crate) struct Lods;
impl Step for Lods {
    const INDICES: &'static [(u8, u64)] = &[(SI, 1)];
    #[inline(always)]
    fn step<T: Word, P: Word, A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let si = index::<P>(m.cpu(), SI);
        let spot = m.spot::<T>(op.mem.seg(), si, Intent::Read)?;
        let value = m.load::<T>(spot);
        m.cpu().state.regs.write(AX, value);
        step_index::<T, P>(m.cpu(), SI);
        Ok(())
    }
    fn stretch<T: Word, P: Word>(cpu: &mut Cpu, op: &Op, most: u64, witness: Witness<'_>) -> u64 {
        let si = index::<P>(cpu, SI);
        let count = room::<T, P>(cpu, op.mem.seg(), si, most);
        let Some(from) = reach::<T>(cpu, op.mem.seg(), si, count, Intent::Read) else { return 0 };
        // SAFETY: the TLB has given this place for so many bytes, in this very instruction.
        let last = unsafe { from.load_nth::<T>(count - 1, cpu, witness) };
        cpu.state.regs.write(AX, last);
        advance::<T, P>(cpu, SI, count);
        count
    }
}

/// STOS [SDM 2B, "STOS"].
pub(crate) struct Stos;
impl Step for Stos {
    const INDICES: &'static [(u8, u64)] = &[(DI, 2)];
    #[inline(always)]
    fn step<T: Word, P: Word, A: Access>(m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        let di = index::<P>(m.cpu(), DI);
        let spot = m.spot::<T>(ES, di, Intent::Write)?;
        let value = m.cpu().state.regs.read::<T>(AX);
        m.store(spot, value);
        step_index::<T, P>(m.cpu(), DI);
        Ok(())
    }
    fn stretch<T: Word, P: Word>(cpu: &mut Cpu, _op: &Op, most: u64, witness: Witness<'_>) -> u64 {
        let di = index::<P>(cpu, DI);
        let count = room::<T, P>(cpu, ES, di, most);
        let Some(to) = reach::<T>(cpu, ES, di, count, Intent::Write) else { return 0 };
        // SAFETY: the TLB has given this place for so many bytes, in this very instruction.
        unsafe { to.fill(cpu.state.regs.read::<T>(AX), count, cpu, witness) };
        advance::<T, P>(cpu, DI, count);
        count
    }
}

/// INS [SDM 2A, "INS"]: memory is checked before the port is read.
pub(crate) struct Ins;
impl Step for Ins {
    const INDICES: &'static [(u8, u64)] = &[(DI, 2)];
    #[inline(always)]
    fn step<T: Word, P: Word, A: Access>(m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        let di = index::<P>(m.cpu(), DI);
        let port = Port(m.cpu().state.regs.read(DX));
        check_port::<T, A>(m, port)?;
        let spot = m.spot::<T>(ES, di, Intent::Write);
        // The 80286 has read the port before it finds the memory out of bounds [80286 captures].
        if spot.is_err() && m.cpu().model.generation == Generation::I80286 {
            m.slow()?.bus.pio_read(port, width_of::<T>());
        }
        let spot = spot?;
        let value = m.slow()?.bus.pio_read(port, width_of::<T>());
        m.store(spot, T::truncate(u64::from(value)));
        step_index::<T, P>(m.cpu(), DI);
        Ok(())
    }
}

/// OUTS [SDM 2B, "OUTS"].
pub(crate) struct Outs;
impl Step for Outs {
    const INDICES: &'static [(u8, u64)] = &[(SI, 1)];
    #[inline(always)]
    fn step<T: Word, P: Word, A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let si = index::<P>(m.cpu(), SI);
        let port = Port(m.cpu().state.regs.read(DX));
        check_port::<T, A>(m, port)?;
        let spot = m.spot::<T>(op.mem.seg(), si, Intent::Read)?;
        let value = m.load::<T>(spot);
        m.slow()?.bus.pio_write(port, width_of::<T>(), value.zext() as u32);
        step_index::<T, P>(m.cpu(), SI);
        Ok(())
    }
}

/// What the 80286 leaves behind when an iteration faults: the index registers up to the one at fault have moved
/// [80286 captures]. Later chips change nothing. Gives by how much CX falls under a repeat prefix.
#[cold]
fn after_fault<S: Step, T: Word, P: Word>(cpu: &mut Cpu) -> u64 {
    if cpu.model.generation != Generation::I80286 {
        return 0;
    }
    for &(number, lost_counts) in S::INDICES {
        let outside = index::<P>(cpu, number) + T::BYTES > 0x1_0000;
        step_index::<T, P>(cpu, number);
        if outside {
            return lost_counts;
        }
    }
    0
}

/// A string instruction without a repeat prefix; `P` is as wide as the address size.
pub(crate) struct Once<S, T, P>(PhantomData<(S, T, P)>);

impl<S: Step, T: Word, P: Word> Semantics for Once<S, T, P> {
    type Slow = OnceSlow<S, T, P>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        S::step::<T, P, A>(m, op)
    }
}

/// The slow path of [`Once`].
pub(crate) struct OnceSlow<S, T, P>(PhantomData<(S, T, P)>);

impl<S: Step, T: Word, P: Word> Semantics for OnceSlow<S, T, P> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let result = S::step::<T, P, A>(m, op);
        // A miss on the way here is no fault.
        if result.is_err() && m.slow().is_ok() {
            after_fault::<S, T, P>(m.cpu());
        }
        result
    }
}

/// What a repeat prefix adds to "until the count is 0".
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// F3 before an instruction that compares: while ZF = 1.
    WhileEqual,
    /// F2 before an instruction that compares: while ZF = 0.
    WhileNotEqual,
}

impl Repeat {
    #[inline(always)]
    fn of(op: &Op) -> Self {
        if op.imm == 0 { Self::WhileEqual } else { Self::WhileNotEqual }
    }
}

/// Where a repeated instruction stands after one iteration.
pub(crate) enum Progress {
    /// The instruction is complete.
    Done,
    /// Another iteration follows.
    More,
}

/// A repeated string instruction. `Op::imm` is not 0 for REPNE.
pub(crate) struct Repeated<S, T, P>(PhantomData<(S, T, P)>);

impl<S: Step, T: Word, P: Word> Repeated<S, T, P> {
    /// One iteration, which counts as one instruction. A count of 0 completes at once.
    #[inline(always)]
    fn iterate<A: Access>(m: &mut A, op: &Op) -> Result<Progress, A::Fail> {
        let count = m.cpu().state.regs.read::<P>(CX).zext();
        if count == 0 {
            return Ok(Progress::Done);
        }
        S::step::<T, P, A>(m, op)?;
        m.cpu().state.regs.write(CX, P::truncate(count - 1));
        let zf_ends = S::COMPARES && m.cpu().state.flags.zf() != (Repeat::of(op) == Repeat::WhileEqual);
        Ok(if count == 1 || zf_ends { Progress::Done } else { Progress::More })
    }

    /// Up to `most` iterations at once, upwards, the last one never among them: how many were done.
    #[inline(always)]
    fn stretch(cpu: &mut Cpu, op: &Op, most: i64, witness: Witness<'_>) -> i64 {
        let count = cpu.state.regs.read::<P>(CX).zext();
        let most = count.saturating_sub(1).min(most as u64);
        if most < SHORT || cpu.state.flags.control(bit::DF) {
            return 0;
        }
        let done = S::stretch::<T, P>(cpu, op, most, witness);
        cpu.state.regs.write(CX, P::truncate(count - done));
        done as i64
    }
}

/// A repeated instruction as [`super::repeat::repeat`] drives it.
pub(crate) trait Iterate {
    fn fast(m: &mut Fast<'_>, op: &Op) -> Result<Progress, Miss>;
    fn slow(cpu: &mut Cpu, bus: &mut SystemBus, op: &Op) -> Result<Progress, crate::Fault>;
    /// Up to `most` iterations that cannot fault, touch a device or end the instruction: how many were done.
    fn stretch(cpu: &mut Cpu, op: &Op, most: i64, witness: Witness<'_>) -> i64;
}

impl<S: Step, T: Word, P: Word> Iterate for Repeated<S, T, P> {
    #[inline(always)]
    fn fast(m: &mut Fast<'_>, op: &Op) -> Result<Progress, Miss> {
        Self::iterate(m, op)
    }
    #[inline(always)]
    fn stretch(cpu: &mut Cpu, op: &Op, most: i64, witness: Witness<'_>) -> i64 {
        Self::stretch(cpu, op, most, witness)
    }
    #[inline(never)]
    fn slow(cpu: &mut Cpu, bus: &mut SystemBus, op: &Op) -> Result<Progress, crate::Fault> {
        let result = Self::iterate(&mut Slow { cpu, bus }, op);
        if result.is_err() {
            let lost_counts = after_fault::<S, T, P>(cpu);
            let count = cpu.state.regs.read::<P>(CX).zext();
            cpu.state.regs.write(CX, P::truncate(count.wrapping_sub(lost_counts)));
        }
        result
    }
}
