//! ADD, SUB, MUL, DIV, SQRT, MIN and MAX.

use super::round::round;
use super::{Format, Number, denormal, normal, number, propagated};
use crate::exact::{Exact, Operand};
use crate::{Exceptions, Mxcsr, Rounding};

/// ADDSS, ADDSD and their packed forms: `a + b` [SDM 2A, "ADDSS"].
#[must_use]
#[inline]
pub fn add<F: Format>(a: F::Bits, b: F::Bits, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    match (normal::<F>(a), normal::<F>(b)) {
        (Some(a), Some(b)) => rounded_sum::<F>(a.add(b), mxcsr),
        _ => sum::<F>(a, b, false, mxcsr),
    }
}

/// SUBSS, SUBSD and their packed forms: `a - b` [SDM 2B, "SUBSS"].
#[must_use]
#[inline]
pub fn sub<F: Format>(a: F::Bits, b: F::Bits, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    match (normal::<F>(a), normal::<F>(b)) {
        (Some(a), Some(b)) => rounded_sum::<F>(a.add(b.negated_if(true)), mxcsr),
        _ => sum::<F>(a, b, true, mxcsr),
    }
}

/// MULSS, MULSD and their packed forms: `a * b` [SDM 2B, "MULSS"].
#[must_use]
#[inline]
pub fn mul<F: Format>(a: F::Bits, b: F::Bits, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    match (normal::<F>(a), normal::<F>(b)) {
        (Some(a), Some(b)) => round::<F>(a.mul(b), mxcsr),
        _ => product::<F>(a, b, mxcsr),
    }
}

/// DIVSS, DIVSD and their packed forms: `a / b` [SDM 2A, "DIVSS"].
#[must_use]
#[inline]
pub fn div<F: Format>(a: F::Bits, b: F::Bits, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    match (normal::<F>(a), normal::<F>(b)) {
        (Some(a), Some(b)) => round::<F>(a.div(b), mxcsr),
        _ => quotient::<F>(a, b, mxcsr),
    }
}

/// SQRTSS, SQRTSD and their packed forms [SDM 2B, "SQRTSS"].
#[must_use]
#[inline]
pub fn sqrt<F: Format>(x: F::Bits, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    if let Some(result) = propagated::<F>(x, x) {
        return result;
    }
    match number::<F>(x, mxcsr) {
        Number::Finite(Operand::Zero(negative)) => (F::zero(negative), Exceptions::NONE),
        _ if F::is_negative(x) => (F::INDEFINITE, Exceptions::INVALID),
        Number::Infinity(_) => (x, Exceptions::NONE),
        Number::Finite(Operand::Finite(finite)) => {
            let root = if F::PRECISION <= 24 { finite.short_sqrt() } else { finite.sqrt() };
            also(round::<F>(root, mxcsr), denormal::<F>(x, x, mxcsr))
        }
    }
}

/// MINSS, MINSD and their packed forms: `a` when it is less, else `b` [SDM 2B, "MINSS"].
#[must_use]
#[inline]
pub fn min<F: Format>(a: F::Bits, b: F::Bits, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    select::<F>(a, b, mxcsr, |a, b| a < b)
}

/// MAXSS, MAXSD and their packed forms: `a` when it is greater, else `b` [SDM 2B, "MAXSS"].
#[must_use]
#[inline]
pub fn max<F: Format>(a: F::Bits, b: F::Bits, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    select::<F>(a, b, mxcsr, |a, b| a > b)
}

#[inline]
fn also<T>((bits, exceptions): (T, Exceptions), more: Exceptions) -> (T, Exceptions) {
    (bits, exceptions | more)
}

/// The sum, or with `negate` the difference, of any operands.
#[cold]
fn sum<F: Format>(a: F::Bits, b: F::Bits, negate: bool, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    if let Some(result) = propagated::<F>(a, b) {
        return result;
    }
    let denormal = denormal::<F>(a, b, mxcsr);
    let exact = match (number::<F>(a, mxcsr), number::<F>(b, mxcsr).negated_if(negate)) {
        (Number::Finite(Operand::Finite(a)), Number::Finite(Operand::Finite(b))) => a.add(b),
        (Number::Infinity(a), Number::Infinity(b)) if a != b => return (F::INDEFINITE, Exceptions::INVALID),
        (Number::Infinity(negative), _) | (_, Number::Infinity(negative)) => {
            return (F::overflowed(negative, true), denormal);
        }
        (Number::Finite(Operand::Zero(a)), Number::Finite(Operand::Zero(b))) => {
            let negative = if a == b { a } else { mxcsr.rounding() == Rounding::Down };
            return (F::zero(negative), denormal);
        }
        (Number::Finite(Operand::Finite(x)), _) | (_, Number::Finite(Operand::Finite(x))) => Some(x.exact()),
    };
    also(rounded_sum::<F>(exact, mxcsr), denormal)
}

#[inline]
fn rounded_sum<F: Format>(exact: Option<Exact>, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    match exact {
        Some(exact) => round::<F>(exact, mxcsr),
        // x - x is plus zero but when rounding down [SDM 1, "Signed Zeros"].
        None => (F::zero(mxcsr.rounding() == Rounding::Down), Exceptions::NONE),
    }
}

/// The product of any operands.
#[cold]
fn product<F: Format>(a: F::Bits, b: F::Bits, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    if let Some(result) = propagated::<F>(a, b) {
        return result;
    }
    let negative = F::is_negative(a) != F::is_negative(b);
    let denormal = denormal::<F>(a, b, mxcsr);
    match (number::<F>(a, mxcsr), number::<F>(b, mxcsr)) {
        (Number::Finite(Operand::Finite(a)), Number::Finite(Operand::Finite(b))) => {
            also(round::<F>(a.mul(b), mxcsr), denormal)
        }
        (Number::Infinity(_), Number::Finite(Operand::Zero(_)))
        | (Number::Finite(Operand::Zero(_)), Number::Infinity(_)) => (F::INDEFINITE, Exceptions::INVALID),
        (Number::Infinity(_), _) | (_, Number::Infinity(_)) => (F::overflowed(negative, true), denormal),
        _ => (F::zero(negative), denormal),
    }
}

/// The quotient of any operands.
#[cold]
fn quotient<F: Format>(a: F::Bits, b: F::Bits, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    if let Some(result) = propagated::<F>(a, b) {
        return result;
    }
    let negative = F::is_negative(a) != F::is_negative(b);
    let denormal = denormal::<F>(a, b, mxcsr);
    match (number::<F>(a, mxcsr), number::<F>(b, mxcsr)) {
        (Number::Finite(Operand::Finite(a)), Number::Finite(Operand::Finite(b))) => {
            also(round::<F>(a.div(b), mxcsr), denormal)
        }
        (Number::Infinity(_), Number::Infinity(_))
        | (Number::Finite(Operand::Zero(_)), Number::Finite(Operand::Zero(_))) => {
            (F::INDEFINITE, Exceptions::INVALID)
        }
        (Number::Infinity(_), _) => (F::overflowed(negative, true), denormal),
        (_, Number::Finite(Operand::Zero(_))) => {
            // Before a denormal dividend is looked at [SDM 1, "SIMD Floating-Point Exception Priority"].
            (F::overflowed(negative, true), Exceptions::ZERO_DIVIDE)
        }
        _ => (F::zero(negative), denormal),
    }
}

#[inline]
fn select<F: Format>(
    a: F::Bits,
    b: F::Bits,
    mxcsr: Mxcsr,
    first: impl Fn(i64, i64) -> bool,
) -> (F::Bits, Exceptions) {
    let (a, flagged) = (super::compare::zeroed::<F>(a, mxcsr), denormal::<F>(a, b, mxcsr));
    let b = super::compare::zeroed::<F>(b, mxcsr);
    if F::is_nan(a) || F::is_nan(b) {
        return (b, Exceptions::INVALID);
    }
    let chosen = if first(super::compare::key::<F>(a), super::compare::key::<F>(b)) { a } else { b };
    (chosen, flagged)
}
