//! The operations of the x87 [SDM 1, "Programming with the x87 FPU"].
//!
//! Each gets its operands and the control word and gives an [`Outcome`]. Precision control acts on [`add`], [`sub`],
//! [`mul`], [`div`] and [`sqrt`] only; rounding control everywhere.

mod arith;
mod compare;
mod constant;
mod convert;
mod integer;
mod parts;
mod remainder;
mod round;
pub mod short;
#[cfg(test)]
mod tests;
mod transcendental;

pub use arith::{add, div, mul, sqrt, sub};
pub use compare::{Relation, compare, compare_unordered, tst, xam};
pub use constant::{Constant, constant};
pub use convert::{MemoryOperand, from_f32, from_f64, operand_f32, operand_f64, to_f32, to_f64};
pub use integer::{
    from_bcd, from_i16, from_i32, from_i64, round_to_integer, to_bcd, to_i16, to_i16_truncated, to_i32,
    to_i32_truncated, to_i64, to_i64_truncated,
};
pub use parts::{Extracted, extract, scale};
pub use remainder::{Remainder, rem, rem1};
pub use transcendental::{SinCos, Tangent, f2xm1, fcos, fpatan, fptan, fsin, fsincos, full, fyl2x, fyl2xp1};

pub(crate) use integer::integral;
pub(crate) use round::overflows_to_infinity;

use crate::exact::{Finite, Operand};
use crate::f80::{BIAS, Class, F80};
use crate::{Exceptions, Outcome, X87Control};

/// The masked response to an invalid operation.
fn invalid(control: X87Control) -> Outcome<F80> {
    Outcome::flagged(F80::INDEFINITE, Exceptions::INVALID, control)
}

/// The outcome of an operation one of whose operands is no number [SDM 1, "Operating on SNaNs and QNaNs"].
#[inline]
fn reject(a: F80, b: F80, control: X87Control) -> Option<Outcome<F80>> {
    let is_number = |class| !matches!(class, Class::Unsupported | Class::Nan);
    if is_number(a.class()) && is_number(b.class()) { None } else { Some(no_number(a, b, control)) }
}

/// [`reject`] for an operation of one operand.
#[inline]
fn reject_one(x: F80, control: X87Control) -> Option<Outcome<F80>> {
    reject(x, F80::ZERO, control)
}

/// The response to operands of which one is unsupported or a NaN.
#[cold]
fn no_number(a: F80, b: F80, control: X87Control) -> Outcome<F80> {
    if a.class() == Class::Unsupported || b.class() == Class::Unsupported {
        return invalid(control);
    }
    let signalling = a.is_signalling() || b.is_signalling();
    Outcome::flagged(propagated(a, b), Exceptions::INVALID.when(signalling), control)
}

/// Which of two operands, at least one of them a NaN, is the result
/// [SDM 1, "Rules for Generating QNaNs" (table "Rules for Handling NaNs")].
fn propagated(a: F80, b: F80) -> F80 {
    let chosen = match (a.is_nan(), b.is_nan()) {
        (true, false) => a,
        (false, _) => b,
        (true, true) => match (a.is_signalling(), b.is_signalling()) {
            (true, false) => b,
            (false, true) => a,
            _ => larger(a, b),
        },
    };
    chosen.quieted()
}

/// The NaN with the larger significand, or of two equal ones the positive.
fn larger(a: F80, b: F80) -> F80 {
    let key = |x: F80| (x.significand, !x.is_negative());
    if key(a) >= key(b) { a } else { b }
}

/// DE when an operand is denormal.
#[inline]
fn denormal(a: F80, b: F80) -> Exceptions {
    let is = |x: F80| x.class() == Class::Denormal;
    Exceptions::DENORMAL.when(is(a) || is(b))
}

/// An operand that is neither special nor denormal, which nearly all are.
#[inline]
fn normal(x: F80) -> Option<Finite> {
    let biased = x.biased_exponent();
    let ordinary = (1..0x7FFF).contains(&biased) && x.significand >> 63 != 0;
    let (negative, exponent) = (x.is_negative(), i32::from(biased) - BIAS);
    ordinary.then_some(Finite { negative, exponent, significand: x.significand })
}

/// A zero or finite operand as a number.
#[inline]
fn operand(x: F80) -> Operand {
    let negative = x.is_negative();
    match x.biased_exponent() {
        0 if x.significand == 0 => Operand::Zero(negative),
        0 => Operand::Finite(Finite::normalised(negative, 1 - BIAS, x.significand)),
        biased => Operand::Finite(Finite {
            negative,
            exponent: i32::from(biased) - BIAS,
            significand: x.significand,
        }),
    }
}

/// A finite operand that is known not to be zero.
#[inline]
fn finite(x: F80) -> Option<Finite> {
    match operand(x) {
        Operand::Finite(finite) => Some(finite),
        Operand::Zero(_) => None,
    }
}
