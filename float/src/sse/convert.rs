//! CVT: between the formats, and to and from integers.

use super::round::round;
use super::{Double, Format, Number, Single, denormal, number};
use crate::exact::{Finite, Operand};
use crate::x87::integral;
use crate::{Exceptions, Mxcsr, Rounding};

/// CVTSS2SD and CVTPS2PD [SDM 2A, "CVTSS2SD"].
#[must_use]
#[inline]
pub fn widen(x: u32, mxcsr: Mxcsr) -> (u64, Exceptions) {
    convert::<Single, Double>(x, mxcsr)
}

/// CVTSD2SS and CVTPD2PS [SDM 2A, "CVTSD2SS"].
#[must_use]
#[inline]
pub fn narrow(x: u64, mxcsr: Mxcsr) -> (u32, Exceptions) {
    convert::<Double, Single>(x, mxcsr)
}

/// CVTSI2SS, CVTSI2SD, CVTDQ2PS, CVTDQ2PD, CVTPI2PS and CVTPI2PD.
#[must_use]
#[inline]
pub fn from_i32<F: Format>(value: i32, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    from_i64::<F>(value.into(), mxcsr)
}

/// CVTSI2SS and CVTSI2SD with REX.W.
#[must_use]
#[inline]
pub fn from_i64<F: Format>(value: i64, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    if value == 0 {
        return (F::zero(false), Exceptions::NONE);
    }
    round::<F>(Finite::normalised(value < 0, 63, value.unsigned_abs()).exact(), mxcsr)
}

/// CVTSS2SI, CVTSD2SI, CVTPS2DQ, CVTPD2DQ, CVTPS2PI and CVTPD2PI.
#[must_use]
#[inline]
pub fn to_i32<F: Format>(x: F::Bits, mxcsr: Mxcsr) -> (i32, Exceptions) {
    let (value, exceptions) = to_integer::<F>(x, 31, mxcsr.rounding(), mxcsr);
    (value as i32, exceptions)
}

/// CVTSS2SI and CVTSD2SI with REX.W.
#[must_use]
#[inline]
pub fn to_i64<F: Format>(x: F::Bits, mxcsr: Mxcsr) -> (i64, Exceptions) {
    to_integer::<F>(x, 63, mxcsr.rounding(), mxcsr)
}

/// CVTTSS2SI, CVTTSD2SI, CVTTPS2DQ, CVTTPD2DQ, CVTTPS2PI and CVTTPD2PI.
#[must_use]
#[inline]
pub fn to_i32_truncated<F: Format>(x: F::Bits, mxcsr: Mxcsr) -> (i32, Exceptions) {
    let (value, exceptions) = to_integer::<F>(x, 31, Rounding::Zero, mxcsr);
    (value as i32, exceptions)
}

/// CVTTSS2SI and CVTTSD2SI with REX.W.
#[must_use]
#[inline]
pub fn to_i64_truncated<F: Format>(x: F::Bits, mxcsr: Mxcsr) -> (i64, Exceptions) {
    to_integer::<F>(x, 63, Rounding::Zero, mxcsr)
}

#[inline]
fn convert<From: Format, To: Format>(x: From::Bits, mxcsr: Mxcsr) -> (To::Bits, Exceptions) {
    if From::is_nan(x) {
        let fraction = From::fraction(From::quieted(x)) << (64 - From::PRECISION);
        let bits = To::assemble(From::is_negative(x), To::EXPONENT_MAX, fraction | 1 << 63);
        return (bits, Exceptions::INVALID.when(From::is_signalling(x)));
    }
    match number::<From>(x, mxcsr) {
        Number::Infinity(negative) => (To::overflowed(negative, true), Exceptions::NONE),
        Number::Finite(Operand::Zero(negative)) => (To::zero(negative), Exceptions::NONE),
        Number::Finite(Operand::Finite(finite)) => {
            let (bits, exceptions) = round::<To>(finite.exact(), mxcsr);
            (bits, exceptions | denormal::<From>(x, x, mxcsr))
        }
    }
}

/// An integer of `bits` bits and a sign; out of range it is the integer indefinite. Denormals are no exception here.
#[inline]
fn to_integer<F: Format>(x: F::Bits, bits: u32, rounding: Rounding, mxcsr: Mxcsr) -> (i64, Exceptions) {
    let indefinite = (i64::MIN >> (63 - bits), Exceptions::INVALID);
    if F::is_nan(x) {
        return indefinite;
    }
    match number::<F>(x, mxcsr) {
        Number::Finite(Operand::Zero(_)) => (0, Exceptions::NONE),
        Number::Finite(Operand::Finite(finite)) if finite.exponent < 64 => {
            let rounded = integral(finite, rounding);
            if rounded.value >= (1u128 << bits) + u128::from(finite.negative) {
                return indefinite;
            }
            let value = rounded.value as i64;
            (if finite.negative { value.wrapping_neg() } else { value }, rounded.exceptions)
        }
        _ => indefinite,
    }
}
