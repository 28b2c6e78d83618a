//! CVT: between singles, doubles and integers, in XMM, MMX and general registers.

use super::float::{Element, OnHost};
use super::operand::{File, InFile, Mmx, Operand, Xmm};
use super::vector::{Vector, Wide, dword, put, qword};
use crate::cpu::Cpu;
use crate::exec::access::{Access, Dst, Fast, Place};
use crate::exec::dispatch::{Semantics, Short};
use crate::exec::op::Op;
use ringzero_float::host;
use ringzero_float::sse::{self, Double, Single};
use ringzero_float::{Exceptions, Mxcsr};
use std::marker::PhantomData;

/// A conversion of one element, both ends as bits.
pub(crate) trait Conversion: 'static {
    /// Width of the source element in bits.
    const FROM: usize;
    /// Width of the result in bits.
    const TO: usize;
    /// Whether results may be rounded.
    const ROUNDS: bool = true;
    fn apply(bits: u64, mxcsr: Mxcsr) -> (u64, Exceptions);
    /// The same on the host, and whether that may be used.
    #[inline(always)]
    fn host(_bits: u64) -> (u64, bool) {
        (0, false)
    }
}

/// Single to double.
pub(crate) struct Widen;
/// Double to single.
pub(crate) struct Narrow;
/// Doubleword integer to `F`.
pub(crate) struct FromInteger<F>(PhantomData<F>);
/// `F` to doubleword integer, rounded, or with `TRUNCATE` toward zero.
pub(crate) struct ToInteger<F, const TRUNCATE: bool>(PhantomData<F>);

impl Conversion for Widen {
    const FROM: usize = 32;
    const TO: usize = 64;
    const ROUNDS: bool = false;
    #[inline(always)]
    fn host(bits: u64) -> (u64, bool) {
        host::widen(bits as u32)
    }
    #[inline(always)]
    fn apply(bits: u64, mxcsr: Mxcsr) -> (u64, Exceptions) {
        sse::widen(bits as u32, mxcsr)
    }
}
impl Conversion for Narrow {
    const FROM: usize = 64;
    const TO: usize = 32;
    #[inline(always)]
    fn host(bits: u64) -> (u64, bool) {
        let (bits, usable) = host::narrow(bits);
        (bits.into(), usable)
    }
    #[inline(always)]
    fn apply(bits: u64, mxcsr: Mxcsr) -> (u64, Exceptions) {
        let (bits, exceptions) = sse::narrow(bits, mxcsr);
        (bits.into(), exceptions)
    }
}
impl<F: Element> Conversion for FromInteger<F> {
    const FROM: usize = 32;
    const TO: usize = F::BITS;
    const ROUNDS: bool = F::BITS == 32;
    #[inline(always)]
    fn host(bits: u64) -> (u64, bool) {
        let (bits, usable) = F::from_i32(bits as i32);
        (bits.into(), usable)
    }
    #[inline(always)]
    fn apply(bits: u64, mxcsr: Mxcsr) -> (u64, Exceptions) {
        let (bits, exceptions) = sse::from_i32::<F>(bits as i32, mxcsr);
        (bits.into(), exceptions)
    }
}
impl<F: Element, const TRUNCATE: bool> Conversion for ToInteger<F, TRUNCATE> {
    const FROM: usize = F::BITS;
    const TO: usize = 32;
    #[inline(always)]
    fn host(bits: u64) -> (u64, bool) {
        let (value, usable) = F::to_i32_truncated(F::from_u64(bits));
        (u64::from(value as u32), usable & TRUNCATE)
    }
    #[inline(always)]
    fn apply(bits: u64, mxcsr: Mxcsr) -> (u64, Exceptions) {
        let bits = F::from_u64(bits);
        let (value, exceptions) =
            if TRUNCATE { sse::to_i32_truncated::<F>(bits, mxcsr) } else { sse::to_i32::<F>(bits, mxcsr) };
        (u64::from(value as u32), exceptions)
    }
}

/// Element `n` of a source.
#[inline(always)]
fn element<C: Conversion>(src: Wide, n: usize) -> u64 {
    if C::FROM == 32 { dword(src, n).into() } else { qword(src, n) }
}

/// Makes `bits` element `n` of a result.
#[inline(always)]
fn place<C: Conversion>(result: &mut Wide, n: usize, bits: u64) {
    if C::TO == 32 { put(result, n, (bits as u32).to_le_bytes()) } else { put(result, n, bits.to_le_bytes()) }
}

/// Writes the first `bits` bits of a register.
#[inline(always)]
fn write(cpu: &mut Cpu, number: u8, result: Wide, bits: usize) {
    let mut value = Xmm::get(cpu, number);
    value[..bits / 8].copy_from_slice(&result[..bits / 8]);
    Xmm::set(cpu, number, value);
}

/// Converts `count` elements.
#[inline(always)]
fn convert<C: Conversion>(src: Wide, count: usize, mxcsr: Mxcsr) -> (Wide, Exceptions) {
    let (mut result, mut exceptions) = ([0; 16], Exceptions::NONE);
    for n in 0..count {
        let (bits, raised) = C::apply(element::<C>(src, n), mxcsr);
        place::<C>(&mut result, n, bits);
        exceptions |= raised;
    }
    (result, exceptions)
}

/// The same on the host, where that may be used.
#[inline(always)]
fn convert_on_host<C: Conversion>(src: Wide, count: usize, mxcsr: Mxcsr) -> Option<Wide> {
    if C::ROUNDS && !host::raises_nothing(mxcsr) {
        return None;
    }
    let (mut result, mut usable) = ([0; 16], true);
    for n in 0..count {
        let (bits, taken) = C::host(element::<C>(src, n));
        place::<C>(&mut result, n, bits);
        usable &= taken;
    }
    usable.then_some(result)
}

/// `COUNT` elements into an XMM register, whose first `WRITTEN` bits are written.
pub(crate) struct ToXmm<C, S, const COUNT: usize, const WRITTEN: usize>(PhantomData<(C, S)>);

impl<C: Conversion, S: Operand, const COUNT: usize, const WRITTEN: usize> Semantics
    for ToXmm<C, S, COUNT, WRITTEN>
{
    type Slow = ToXmm<C, S::Slow, COUNT, WRITTEN>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read(m, op)?;
        let cpu = m.cpu();
        let (result, exceptions) = convert::<C>(src, COUNT, cpu.mxcsr());
        cpu.report(exceptions)?;
        write(cpu, op.dst, result, WRITTEN);
        Ok(())
    }
}

impl<C: Conversion, S: Operand, const COUNT: usize, const WRITTEN: usize> Short
    for OnHost<ToXmm<C, S, COUNT, WRITTEN>>
{
    type General = ToXmm<C, S, COUNT, WRITTEN>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let src = S::read(m, op).ok()?;
        let result = convert_on_host::<C>(src, COUNT, m.cpu.mxcsr())?;
        write(m.cpu, op.dst, result, WRITTEN);
        Some(())
    }
}

/// Two doublewords of an MMX register into an XMM register: an MMX instruction too.
pub(crate) struct MmxToXmm<C, const WRITTEN: usize>(PhantomData<C>);

impl<C: Conversion, const WRITTEN: usize> Semantics for MmxToXmm<C, WRITTEN> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        Mmx::begin(m.cpu())?;
        ToXmm::<C, InFile<Mmx>, 2, WRITTEN>::exec(m, op)?;
        Mmx::commit(m.cpu());
        Ok(())
    }
}

/// Two elements into an MMX register.
pub(crate) struct ToMmx<C, S>(PhantomData<(C, S)>);

impl<C: Conversion, S: Operand> Semantics for ToMmx<C, S> {
    type Slow = ToMmx<C, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        Mmx::begin(m.cpu())?;
        let src = S::read(m, op)?;
        let cpu = m.cpu();
        let (result, exceptions) = convert::<C>(src, 2, cpu.mxcsr());
        // The register stack is taken even when the conversion then raises #XM [AMD Zen 5 captures].
        Mmx::commit(cpu);
        cpu.report(exceptions)?;
        Mmx::set(cpu, op.dst, <Mmx as File>::Value::from_wide(result));
        Ok(())
    }
}

/// One element into a general register.
pub(crate) struct ToGeneral<C, S>(PhantomData<(C, S)>);

impl<C: Conversion, S: Operand> Semantics for ToGeneral<C, S> {
    type Slow = ToGeneral<C, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read(m, op)?;
        let (result, exceptions) = convert::<C>(src, 1, m.cpu().mxcsr());
        m.cpu().report(exceptions)?;
        Dst::store(m, op.dst, dword(result, 0));
        Ok(())
    }
}

impl<C: Conversion, S: Operand> Short for OnHost<ToGeneral<C, S>> {
    type General = ToGeneral<C, S>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let src = S::read(m, op).ok()?;
        let result = convert_on_host::<C>(src, 1, m.cpu.mxcsr())?;
        Dst::store(m, op.dst, dword(result, 0));
        Some(())
    }
}

/// Doubles from doublewords.
pub(crate) type IntegerToDouble = FromInteger<Double>;
/// Singles from doublewords.
pub(crate) type IntegerToSingle = FromInteger<Single>;
