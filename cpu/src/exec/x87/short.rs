//! Short ways through the commonest x87 instructions: no exception is pending, registers are in use that should be, and
//! the values are such that `ringzero_float` has a short way too. All else goes the general way.

use super::arith::{Arith, Fadd, Fdiv, Fdivr, Fmul, Fsub, Fsubr, InStack, WithMemory};
use super::compare::{CompareFlags, CompareMemory, CompareStack, Comparison};
use super::functions::{Fabs, Fchs};
use super::memory::{Double, Int16, Int32, Int64, Loadable, Operand, Single};
use super::stack::Fxch;
use super::transfer::{self, LoadConstant, LoadStack, Storable, StoreStack, Truncated};
use super::{remember_instruction, remember_operand, status};
use crate::cpu::Cpu;
use crate::exec::access::{Access, Fast, Mem};
use crate::exec::dispatch::Short;
use crate::exec::op::Op;
use crate::fpu::Fpu;
use crate::mmu::Intent;
use crate::word::Word;
use ringzero_float::x87::short::{self, Quick};
use ringzero_float::x87::{self, Relation};
use ringzero_float::{F80, X87Control, sse};
use std::marker::PhantomData;

/// Bits of TOP in the status word.
const TOP: u16 = 7 << 11;

impl Fpu {
    /// ST(`i`) and ST(`j`) by physical number, if both are in use and no exception is pending.
    #[inline(always)]
    fn two(&self, i: u8, j: u8) -> Option<(usize, usize)> {
        let (i, j) = (self.physical(i), self.physical(j));
        (self.in_use >> i & self.in_use >> j & 1 != 0 && !self.is_pending()).then_some((i, j))
    }

    /// The same of one.
    #[inline(always)]
    fn one(&self, i: u8) -> Option<usize> {
        let i = self.physical(i);
        (self.in_use >> i & 1 != 0 && !self.is_pending()).then_some(i)
    }

    /// Where a push goes, if nothing is there and no exception is pending.
    #[inline(always)]
    fn room(&self) -> Option<usize> {
        let i = self.physical(7);
        (self.in_use >> i & 1 == 0 && !self.is_pending()).then_some(i)
    }

    /// PE and C1 of a result.
    #[inline(always)]
    fn note(&mut self, found: u16) {
        self.status = self.status & !status::C1 | found;
    }

    /// Pushes into the register that [`Fpu::room`] has found.
    #[inline(always)]
    fn push_at(&mut self, physical: usize, value: F80) {
        self.registers[physical & 7] = value;
        self.in_use |= 1 << physical;
        self.status = self.status & !(status::C1 | TOP) | (physical as u16) << 11;
    }
}

/// An operation of two registers.
pub(crate) trait Operation: Arith {
    fn attempt(dest: F80, src: F80) -> Option<Quick<F80>>;
}

macro_rules! operations {
    ($($name:ident: |$a:ident, $b:ident| $body:expr;)*) => {$(
        impl Operation for $name {
            #[inline(always)]
            fn attempt($a: F80, $b: F80) -> Option<Quick<F80>> {
                $body
            }
        }
    )*};
}

operations! {
    Fadd: |a, b| short::add(a, b);
    Fsub: |a, b| short::sub(a, b);
    Fsubr: |a, b| short::sub(b, a);
    Fmul: |a, b| short::mul(a, b);
    Fdiv: |a, b| short::div(a, b);
    Fdivr: |a, b| short::div(b, a);
}

/// The general way has this short one. `M` is the form of the operand in memory.
pub(crate) struct Shortly<G, M>(PhantomData<(G, M)>);

/// There is no operand in memory.
pub(crate) struct NoMemory;

impl<O: Operation, const POPS: u8> Short for Shortly<InStack<O, POPS>, NoMemory> {
    type General = InStack<O, POPS>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let fpu = &m.cpu.state.fpu;
        let (dest, src) = fpu.two(op.dst, op.src)?;
        if !short::is_usual(fpu.control()) {
            return None;
        }
        let result = O::attempt(fpu.registers[dest], fpu.registers[src])?;
        let fpu = &mut m.cpu.state.fpu;
        fpu.registers[dest] = result.value;
        fpu.note(result.status);
        fpu.pop_times(POPS);
        remember_instruction(m.cpu, op);
        Some(())
    }
}

/// What a memory operand is when it needs no second look, and where it lies.
pub(crate) trait Read: 'static {
    type Word: Word;
    fn value(bits: u64) -> Option<F80>;
}

macro_rules! reads {
    ($($name:ident: $word:ty, |$bits:ident| $body:expr;)*) => {$(
        impl Read for $name {
            type Word = $word;
            #[inline(always)]
            fn value($bits: u64) -> Option<F80> {
                $body
            }
        }
    )*};
}

reads! {
    Single: u32, |bits| short::load::<sse::Single>(bits as u32);
    Double: u64, |bits| short::load::<sse::Double>(bits);
    Int16: u16, |bits| Some(x87::from_i16(bits as i16));
    Int32: u32, |bits| Some(x87::from_i32(bits as i32));
    Int64: u64, |bits| Some(x87::from_i64(bits as i64));
}

/// The operand's value and its offset.
#[inline(always)]
fn read<S: Read, M: Mem>(m: &mut Fast<'_>, op: &Op) -> Option<(F80, u64)> {
    let spot = M::spot::<S::Word, _>(m, op, Intent::Read).ok()?;
    let bits = m.load::<S::Word>(spot).zext();
    Some((S::value(bits)?, M::address(m.cpu, op)))
}

#[inline(always)]
fn remember(cpu: &mut Cpu, op: &Op, offset: u64) {
    remember_instruction(cpu, op);
    remember_operand(cpu, op, offset);
}

impl<O, S, M> Short for Shortly<WithMemory<O, S>, M>
where
    O: Operation,
    S: Read + Operand,
    M: Mem,
{
    type General = WithMemory<O, S>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let fpu = &m.cpu.state.fpu;
        let dest = fpu.one(0)?;
        if !short::is_usual(fpu.control()) {
            return None;
        }
        let (src, offset) = read::<S, M>(m, op)?;
        let result = O::attempt(m.cpu.state.fpu.registers[dest], src)?;
        let fpu = &mut m.cpu.state.fpu;
        fpu.registers[dest] = result.value;
        fpu.note(result.status);
        remember(m.cpu, op, offset);
        Some(())
    }
}

impl<S: Read + Loadable, M: Mem> Short for Shortly<transfer::Load<S>, M> {
    type General = transfer::Load<S>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let dest = m.cpu.state.fpu.room()?;
        let (value, offset) = read::<S, M>(m, op)?;
        m.cpu.state.fpu.push_at(dest, value);
        remember(m.cpu, op, offset);
        Some(())
    }
}

/// A conversion to memory.
pub(crate) trait Write: Storable {
    fn bits(x: F80, control: X87Control) -> Option<Quick<u64>>;
}

macro_rules! writes {
    ($($name:ty: |$x:ident, $control:ident| $body:expr;)*) => {$(
        impl Write for $name {
            #[inline(always)]
            fn bits($x: F80, $control: X87Control) -> Option<Quick<u64>> {
                $body
            }
        }
    )*};
}

/// A number rounded to nearest.
#[inline(always)]
fn float<F: sse::Format>(x: F80, control: X87Control) -> Option<Quick<u64>> {
    if short::rounds_to_nearest(control) { short::store::<F>(x) } else { None }
}

/// An integer as it is stored: rounded to nearest, or toward zero, for which compilers change the control word.
#[inline(always)]
fn integer<const BITS: u32, const TRUNCATE: bool>(x: F80, control: X87Control) -> Option<Quick<u64>> {
    let truncates = short::truncates(control);
    if !truncates && !short::rounds_to_nearest(control) {
        return None;
    }
    let quick = short::store_integer(x, BITS, TRUNCATE | truncates)?;
    Some(Quick { value: quick.value as u64, status: quick.status })
}

writes! {
    Single: |x, control| float::<sse::Single>(x, control);
    Double: |x, control| float::<sse::Double>(x, control);
    Int16: |x, control| integer::<15, false>(x, control);
    Int32: |x, control| integer::<31, false>(x, control);
    Int64: |x, control| integer::<63, false>(x, control);
    Truncated<Int16>: |x, control| integer::<15, true>(x, control);
    Truncated<Int32>: |x, control| integer::<31, true>(x, control);
    Truncated<Int64>: |x, control| integer::<63, true>(x, control);
}

impl<S: Write, M: Mem, const POPS: u8> Short for Shortly<transfer::Store<S, POPS>, M> {
    type General = transfer::Store<S, POPS>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let fpu = &m.cpu.state.fpu;
        let src = fpu.one(0)?;
        let result = S::bits(fpu.registers[src], fpu.control())?;
        let spot = M::spot::<S::Word, _>(m, op, Intent::Write).ok()?;
        let offset = M::address(m.cpu, op);
        m.store(spot, <S::Word as Word>::truncate(result.value));
        let fpu = &mut m.cpu.state.fpu;
        fpu.note(result.status);
        fpu.pop_times(POPS);
        remember(m.cpu, op, offset);
        Some(())
    }
}

impl<C: Comparison, const POPS: u8> Short for Shortly<CompareStack<C, POPS>, NoMemory> {
    type General = CompareStack<C, POPS>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let fpu = &m.cpu.state.fpu;
        let (a, b) = fpu.two(0, op.src)?;
        let relation = short::compare(fpu.registers[a], fpu.registers[b])?;
        condition(&mut m.cpu.state.fpu, relation);
        m.cpu.state.fpu.pop_times(POPS);
        remember_instruction(m.cpu, op);
        Some(())
    }
}

impl<S: Read + Operand, M: Mem, const POPS: u8> Short for Shortly<CompareMemory<S, POPS>, M> {
    type General = CompareMemory<S, POPS>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let a = m.cpu.state.fpu.one(0)?;
        let (b, offset) = read::<S, M>(m, op)?;
        let relation = short::compare(m.cpu.state.fpu.registers[a], b)?;
        condition(&mut m.cpu.state.fpu, relation);
        m.cpu.state.fpu.pop_times(POPS);
        remember(m.cpu, op, offset);
        Some(())
    }
}

/// The condition codes of a comparison; C1 is cleared.
#[inline(always)]
fn condition(fpu: &mut Fpu, relation: Relation) {
    fpu.status = fpu.status & !status::CONDITION | relation.condition_codes();
}

impl<C: Comparison, const POPS: u8> Short for Shortly<CompareFlags<C, POPS>, NoMemory> {
    type General = CompareFlags<C, POPS>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let fpu = &m.cpu.state.fpu;
        let (a, b) = fpu.two(0, op.src)?;
        let relation = short::compare(fpu.registers[a], fpu.registers[b])?;
        m.cpu.state.flags.replace_status(relation.eflags());
        m.cpu.state.fpu.pop_times(POPS);
        remember_instruction(m.cpu, op);
        Some(())
    }
}

impl Short for Shortly<Fxch, NoMemory> {
    type General = Fxch;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let fpu = &mut m.cpu.state.fpu;
        let (a, b) = fpu.two(0, op.src)?;
        (fpu.registers[a], fpu.registers[b]) = (fpu.registers[b], fpu.registers[a]);
        fpu.note(0);
        remember_instruction(m.cpu, op);
        Some(())
    }
}

impl Short for Shortly<LoadStack, NoMemory> {
    type General = LoadStack;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let fpu = &mut m.cpu.state.fpu;
        let (src, dest) = (fpu.one(op.src)?, fpu.room()?);
        fpu.push_at(dest, fpu.registers[src]);
        remember_instruction(m.cpu, op);
        Some(())
    }
}

impl<const POPS: u8> Short for Shortly<StoreStack<POPS>, NoMemory> {
    type General = StoreStack<POPS>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let fpu = &mut m.cpu.state.fpu;
        let src = fpu.one(0)?;
        fpu.put(op.dst, fpu.registers[src]);
        fpu.note(0);
        fpu.pop_times(POPS);
        remember_instruction(m.cpu, op);
        Some(())
    }
}

impl<const N: u8> Short for Shortly<LoadConstant<N>, NoMemory> {
    type General = LoadConstant<N>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let fpu = &mut m.cpu.state.fpu;
        let dest = fpu.room()?;
        fpu.push_at(dest, LoadConstant::<N>::value(fpu.control()));
        remember_instruction(m.cpu, op);
        Some(())
    }
}

macro_rules! signs {
    ($($name:ident: $f:expr;)*) => {$(
        impl Short for Shortly<$name, NoMemory> {
            type General = $name;
            #[inline(always)]
            fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
                let fpu = &mut m.cpu.state.fpu;
                let i = fpu.one(0)?;
                fpu.registers[i] = $f(fpu.registers[i]);
                fpu.note(0);
                remember_instruction(m.cpu, op);
                Some(())
            }
        }
    )*};
}

signs! {
    Fchs: F80::negated;
    Fabs: F80::abs;
}

#[cfg(test)]
#[path = "short_tests.rs"]
mod tests;
