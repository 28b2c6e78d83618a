//! MUL IMUL DIV IDIV.

use super::access::{Access, Dst, Place, Source};
use super::dispatch::Semantics;
use super::op::Op;
use crate::cpu::Cpu;
use crate::fault::Fault;
use crate::model::Generation;
use crate::regs::number::{AX, DX};
use crate::word::Word;
use std::marker::PhantomData;

/// The halves of a product, low and high.
#[inline(always)]
fn product<const SIGNED: bool, T: Word>(x: T, y: T) -> (T, T) {
    if T::BITS == 64 {
        let wide = if SIGNED {
            (i128::from(x.sext()) * i128::from(y.sext())) as u128
        } else {
            u128::from(x.zext()) * u128::from(y.zext())
        };
        return (T::truncate(wide as u64), T::truncate((wide >> 64) as u64));
    }
    let wide = if SIGNED { (x.sext() * y.sext()) as u64 } else { x.zext() * y.zext() };
    (T::truncate(wide), T::truncate(wide >> (T::BITS & 63)))
}

/// Writes a double-width result to AX, DX:AX, EDX:EAX or RDX:RAX.
#[inline(always)]
fn write_pair<T: Word>(cpu: &mut Cpu, low: T, high: T) {
    if T::BITS == 8 {
        cpu.state.regs.write(AX, low.zext() as u16 | (high.zext() as u16) << 8);
    } else {
        cpu.state.regs.write(AX, low);
        cpu.state.regs.write(DX, high);
    }
}

/// Reads AX, DX:AX, EDX:EAX or RDX:RAX.
#[inline(always)]
fn read_pair<T: Word>(cpu: &Cpu) -> u128 {
    if T::BITS == 8 {
        u128::from(cpu.state.regs.read::<u16>(AX))
    } else {
        let high = u128::from(cpu.state.regs.read::<T>(DX).zext());
        high << T::BITS | u128::from(cpu.state.regs.read::<T>(AX).zext())
    }
}

/// CF and OF say whether the upper half matters; SF, ZF, AF and PF are undefined and follow the low half.
#[inline(always)]
fn set_product_flags<T: Word>(cpu: &mut Cpu, low: T, overflow: bool) {
    cpu.state.flags.set_result(low, overflow, overflow, false);
}

/// MUL (unsigned) [SDM 2B, "MUL"] and one-operand IMUL (signed) [SDM 2A, "IMUL"]. The flags stay as they were where it is
/// `QUIET`, since nobody asks for them.
pub(crate) struct Multiply<const SIGNED: bool, T, S, const QUIET: bool = false>(PhantomData<(T, S)>);

impl<const SIGNED: bool, T: Word, S: Source, const QUIET: bool> Semantics for Multiply<SIGNED, T, S, QUIET> {
    type Slow = Multiply<SIGNED, T, S::Slow, QUIET>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read::<T, A>(m, op)?;
        let cpu = m.cpu();
        let (low, high) = product::<SIGNED, T>(cpu.state.regs.read(AX), src);
        let overflow = high.sext() != if SIGNED { low.sext() >> 63 } else { 0 };
        write_pair(cpu, low, high);
        if !QUIET {
            set_product_flags(cpu, low, overflow);
        }
        Ok(())
    }
}

/// IMUL with a destination register: `DEST := X * Y`, cut [SDM 2A, "IMUL"].
pub(crate) struct MultiplyTo<T, X, Y, const QUIET: bool = false>(PhantomData<(T, X, Y)>);

impl<T: Word, X: Source, Y: Source, const QUIET: bool> Semantics for MultiplyTo<T, X, Y, QUIET> {
    type Slow = MultiplyTo<T, X::Slow, Y::Slow, QUIET>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let x = X::read::<T, A>(m, op)?;
        let y = Y::read::<T, A>(m, op)?;
        let (low, high) = product::<true, T>(x, y);
        Dst::store(m, op.dst, low);
        if !QUIET {
            set_product_flags(m.cpu(), low, high.sext() != low.sext() >> 63);
        }
        Ok(())
    }
}

/// `Op::imm` of a division behind a repeat prefix on the 8086, which negates the quotient [8086 captures].
pub(crate) const REPEATED: u32 = 1;

/// DIV (unsigned) [SDM 2A, "DIV"] and IDIV (signed) [SDM 2A, "IDIV"]. Flags are undefined; they stay.
pub(crate) struct Divide<const SIGNED: bool, T, S>(PhantomData<(T, S)>);

impl<const SIGNED: bool, T: Word, S: Source> Semantics for Divide<SIGNED, T, S> {
    type Slow = Divide<SIGNED, T, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read::<T, A>(m, op)?;
        let cpu = m.cpu();
        let divided = if SIGNED { signed_quotient(cpu, src) } else { unsigned_quotient(cpu, src) };
        let Some((mut quotient, remainder)) = divided else {
            return divide_error(m);
        };
        if SIGNED && op.imm == REPEATED {
            quotient = T::truncate(quotient.zext().wrapping_neg());
        }
        if T::BITS == 8 {
            let ax = quotient.zext() as u16 | (remainder.zext() as u16) << 8;
            cpu.state.regs.write(AX, ax);
        } else {
            cpu.state.regs.write(AX, quotient);
            cpu.state.regs.write(DX, remainder);
        }
        Ok(())
    }
}

/// Quotient and remainder; `None` where they do not exist or do not fit.
#[inline(always)]
fn unsigned_quotient<T: Word>(cpu: &Cpu, src: T) -> Option<(T, T)> {
    if T::BITS <= 32 {
        let (dividend, divisor) = (read_pair::<T>(cpu) as u64, src.zext());
        let quotient = dividend.checked_div(divisor)?;
        let fits = quotient >> T::BITS == 0;
        return fits.then(|| (T::truncate(quotient), T::truncate(dividend % divisor)));
    }
    let (dividend, divisor) = (read_pair::<T>(cpu), u128::from(src.zext()));
    let quotient = dividend.checked_div(divisor)?;
    let fits = quotient >> T::BITS == 0;
    fits.then(|| (T::truncate(quotient as u64), T::truncate((dividend % divisor) as u64)))
}

#[inline(always)]
fn signed_quotient<T: Word>(cpu: &Cpu, src: T) -> Option<(T, T)> {
    if T::BITS == 64 {
        let (dividend, divisor) = (read_pair::<T>(cpu) as i128, i128::from(src.sext()));
        let quotient = dividend.checked_div(divisor)?;
        let low = T::truncate(quotient as u64);
        let fits = quotient == i128::from(low.sext());
        return fits.then(|| (low, T::truncate((dividend % divisor) as u64)));
    }
    let unused = 64 - if T::BITS == 8 { 16 } else { 2 * T::BITS };
    let dividend = ((read_pair::<T>(cpu) as u64) << (unused & 63)) as i64 >> (unused & 63);
    let divisor = src.sext();
    let quotient = dividend.checked_div(divisor)?;
    let low = T::truncate(quotient as u64);
    let mut fits = quotient == low.sext();
    if !cpu.model.at_least(Generation::I80186) {
        // The 8086 refuses the most negative quotient too.
        fits &= quotient != -(1i64 << (T::BITS - 1));
    }
    fits.then(|| (low, T::truncate((dividend % divisor) as u64)))
}

/// #DE. Which IP is saved depends on the generation, see `Cpu::deliver_fault`.
#[cold]
fn divide_error<A: Access>(_m: &mut A) -> Result<(), A::Fail> {
    Err(Fault::DivideError.into())
}
