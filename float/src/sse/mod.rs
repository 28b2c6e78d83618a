//! The operations of SSE and SSE2 on one element [SDM 1, "Programming with Intel Streaming SIMD Extensions (Intel
//! SSE)"].
//!
//! Each gets bits and MXCSR and gives bits and the element's exceptions as if nothing else were there. An instruction
//! ORs those of its elements, and [`Mxcsr::reported`](crate::Mxcsr::reported) says which of them reach MXCSR.

mod approximate;
mod arith;
mod compare;
mod convert;
mod format;
mod round;
#[cfg(test)]
mod tests;

pub use approximate::{reciprocal, reciprocal_square_root};
pub use arith::{add, div, max, min, mul, sqrt, sub};
pub use compare::{comi, compare, ucomi};
pub use convert::{from_i32, from_i64, narrow, to_i32, to_i32_truncated, to_i64, to_i64_truncated, widen};
pub use format::{Double, Format, Single};

use crate::exact::{Finite, Operand};
use crate::f80::BIAS;
use crate::{Exceptions, Mxcsr};

/// An operand after DAZ.
#[derive(Clone, Copy)]
enum Number {
    Infinity(bool),
    Finite(Operand),
}

impl Number {
    /// With the other sign when `negate` holds.
    fn negated_if(self, negate: bool) -> Self {
        match self {
            Self::Infinity(negative) => Self::Infinity(negative != negate),
            Self::Finite(Operand::Zero(negative)) => Self::Finite(Operand::Zero(negative != negate)),
            Self::Finite(Operand::Finite(finite)) => Self::Finite(Operand::Finite(finite.negated_if(negate))),
        }
    }
}

/// An operand that is neither special nor denormal nor zero, which nearly all are.
#[inline]
fn normal<F: Format>(bits: F::Bits) -> Option<Finite> {
    let biased = F::biased_exponent(bits);
    let significand = bits.into() << (64 - F::PRECISION) | 1 << 63;
    let (negative, exponent) = (F::is_negative(bits), biased - F::GREATEST);
    (1..F::EXPONENT_MAX).contains(&biased).then_some(Finite { negative, exponent, significand })
}

/// The operand as a number; a NaN must have been sorted out before.
#[inline]
fn number<F: Format>(bits: F::Bits, mxcsr: Mxcsr) -> Number {
    let wide: u64 = bits.into();
    let (negative, biased) = (F::is_negative(bits), F::biased_exponent(bits));
    let fraction = wide << (65 - F::PRECISION) >> 1;
    debug_assert!(BIAS > F::GREATEST, "every exponent fits");
    if biased == F::EXPONENT_MAX {
        Number::Infinity(negative)
    } else if biased != 0 {
        let significand = fraction | 1 << 63;
        Number::Finite(Operand::Finite(Finite { negative, exponent: biased - F::GREATEST, significand }))
    } else if fraction == 0 || mxcsr.denormals_are_zeros() {
        Number::Finite(Operand::Zero(negative))
    } else {
        Number::Finite(Operand::Finite(Finite::normalised(negative, F::LEAST, fraction)))
    }
}

/// DE when an operand is denormal and DAZ is off.
#[inline]
fn denormal<F: Format>(a: F::Bits, b: F::Bits, mxcsr: Mxcsr) -> Exceptions {
    let found = F::is_denormal(a) || F::is_denormal(b);
    Exceptions::DENORMAL.when(found && !mxcsr.denormals_are_zeros())
}

/// The result of an operation one of whose operands is a NaN: the first, or else the second
/// [SDM 1, "Rules for Generating QNaNs" (table "Rules for Handling NaNs")].
#[inline]
fn propagated<F: Format>(a: F::Bits, b: F::Bits) -> Option<(F::Bits, Exceptions)> {
    if !F::is_nan(a) && !F::is_nan(b) {
        return None;
    }
    let signalling = F::is_signalling(a) || F::is_signalling(b);
    let chosen = if F::is_nan(a) { a } else { b };
    Some((F::quieted(chosen), Exceptions::INVALID.when(signalling)))
}
