//! CMP, COMIS and UCOMIS.

use super::{Format, denormal};
use crate::x87::Relation;
use crate::{Exceptions, Mxcsr};

/// CMPSS, CMPSD and their packed forms: all ones when predicate 0 to 7 holds, else zero [SDM 2A, "CMPSS"].
#[must_use]
#[inline]
pub fn compare<F: Format>(a: F::Bits, b: F::Bits, predicate: u8, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    // LT, LE, NLT and NLE signal quiet NaNs too.
    let (relation, exceptions) = relate::<F>(a, b, matches!(predicate & 0b11, 1 | 2), mxcsr);
    let holds = match predicate & 0b11 {
        0 => relation == Relation::Equal,
        1 => relation == Relation::Less,
        2 => matches!(relation, Relation::Less | Relation::Equal),
        _ => relation == Relation::Unordered,
    };
    let holds = holds != (predicate & 0b100 != 0);
    (F::from_u64(if holds { !0 } else { 0 }), exceptions)
}

/// COMISS, COMISD: any NaN is invalid [SDM 2A, "COMISS"].
#[must_use]
#[inline]
pub fn comi<F: Format>(a: F::Bits, b: F::Bits, mxcsr: Mxcsr) -> (Relation, Exceptions) {
    relate::<F>(a, b, true, mxcsr)
}

/// UCOMISS, UCOMISD: only a signalling NaN is invalid [SDM 2B, "UCOMISS"].
#[must_use]
#[inline]
pub fn ucomi<F: Format>(a: F::Bits, b: F::Bits, mxcsr: Mxcsr) -> (Relation, Exceptions) {
    relate::<F>(a, b, false, mxcsr)
}

#[inline]
fn relate<F: Format>(a: F::Bits, b: F::Bits, signal_quiet: bool, mxcsr: Mxcsr) -> (Relation, Exceptions) {
    if F::is_nan(a) || F::is_nan(b) {
        let invalid = signal_quiet || F::is_signalling(a) || F::is_signalling(b);
        return (Relation::Unordered, Exceptions::INVALID.when(invalid));
    }
    let relation = match key::<F>(zeroed::<F>(a, mxcsr)).cmp(&key::<F>(zeroed::<F>(b, mxcsr))) {
        std::cmp::Ordering::Less => Relation::Less,
        std::cmp::Ordering::Equal => Relation::Equal,
        std::cmp::Ordering::Greater => Relation::Greater,
    };
    (relation, denormal::<F>(a, b, mxcsr))
}

/// A number as an integer of the same order, with one zero.
#[inline]
pub(super) fn key<F: Format>(bits: F::Bits) -> i64 {
    let sign = 1u64 << (F::EXPONENT_BITS + F::PRECISION - 1);
    let magnitude = (bits.into() & !sign) as i64;
    if F::is_negative(bits) { -magnitude } else { magnitude }
}

/// The operand after DAZ.
#[inline]
pub(super) fn zeroed<F: Format>(bits: F::Bits, mxcsr: Mxcsr) -> F::Bits {
    if mxcsr.denormals_are_zeros() && F::is_denormal(bits) { F::zero(F::is_negative(bits)) } else { bits }
}
