//! Rounding to the stack's format, with the masked and unmasked responses to results out of range.

use crate::exact::Exact;
use crate::f80::{BIAS, F80, INTEGER_BIT};
use crate::{Exceptions, Outcome, Rounding, X87Control};

/// Exponent of the least normal.
pub(super) const LEAST: i32 = 1 - BIAS;
/// Exponent of the greatest finite values.
pub(super) const GREATEST: i32 = BIAS;
/// What an unmasked response adds to or takes from an exponent
/// [SDM 1, "Numeric Overflow Exception (#O)", "Numeric Underflow Exception (#U)"].
const WRAP: i32 = 24576;

/// `x` rounded to `precision` bits as the new content of a register.
#[inline]
pub(super) fn to_register(x: Exact, precision: u32, control: X87Control) -> Outcome<F80> {
    // Nearly always all 64 bits, for which rounding has a shorter way.
    let rounding = control.rounding();
    let rounded = if precision == 64 { x.round(64, rounding) } else { x.round(precision, rounding) };
    let exponent = x.exponent + i32::from(rounded.carry);
    if !(LEAST..=GREATEST).contains(&exponent) {
        return out_of_range(x, exponent, precision, control);
    }
    Outcome {
        value: pack(x.negative, exponent, rounded.significand),
        exceptions: Exceptions::PRECISION.when(rounded.inexact),
        rounded_up: rounded.up,
        store: true,
        incomplete: false,
    }
}

/// A value of the stack's format from an exponent in range.
#[inline]
pub(super) fn pack(negative: bool, exponent: i32, significand: u64) -> F80 {
    // A denormal has the exponent of the least normal, encoded as one less.
    let biased = if significand & INTEGER_BIT == 0 { 0 } else { exponent + BIAS };
    F80 { significand, sign_exponent: biased as u16 }.with_sign(negative)
}

/// Whether a magnitude beyond the greatest becomes infinity rather than the greatest.
pub(crate) const fn overflows_to_infinity(negative: bool, rounding: Rounding) -> bool {
    match rounding {
        Rounding::Nearest => true,
        Rounding::Down => negative,
        Rounding::Up => !negative,
        Rounding::Zero => false,
    }
}

#[cold]
fn out_of_range(x: Exact, exponent: i32, precision: u32, control: X87Control) -> Outcome<F80> {
    let exception = if exponent > GREATEST { Exceptions::OVERFLOW } else { Exceptions::UNDERFLOW };
    if !control.unmasked(exception).is_empty() {
        return wrapped(x, exception, precision, control);
    }
    if exception == Exceptions::OVERFLOW {
        return overflow(x.negative, precision, control);
    }
    let rounded = x.round_denormal(LEAST, precision, control.rounding());
    Outcome {
        value: pack(x.negative, LEAST, rounded.significand),
        exceptions: (Exceptions::UNDERFLOW | Exceptions::PRECISION).when(rounded.inexact),
        rounded_up: rounded.up,
        store: true,
        incomplete: false,
    }
}

/// The masked response to overflow.
fn overflow(negative: bool, precision: u32, control: X87Control) -> Outcome<F80> {
    let to_infinity = overflows_to_infinity(negative, control.rounding());
    let greatest = F80 { significand: !0 << (64 - precision), sign_exponent: 0x7FFE };
    Outcome {
        value: if to_infinity { F80::INFINITY } else { greatest }.with_sign(negative),
        exceptions: Exceptions::OVERFLOW | Exceptions::PRECISION,
        rounded_up: to_infinity,
        store: true,
        incomplete: false,
    }
}

/// The unmasked response: the result with its exponent brought into range.
fn wrapped(x: Exact, exception: Exceptions, precision: u32, control: X87Control) -> Outcome<F80> {
    let wrap = if exception == Exceptions::OVERFLOW { -WRAP } else { WRAP };
    let rounded = x.round(precision, control.rounding());
    let exponent = x.exponent + i32::from(rounded.carry) + wrap;
    if !(LEAST..=GREATEST).contains(&exponent) {
        return beyond(x.negative, exception);
    }
    Outcome {
        value: pack(x.negative, exponent, rounded.significand),
        exceptions: exception | Exceptions::PRECISION.when(rounded.inexact),
        rounded_up: rounded.up,
        store: true,
        incomplete: false,
    }
}

/// What no adding to the exponent brings into range, which only FSCALE makes: infinity or zero [SDM 2A, "FSCALE"].
fn beyond(negative: bool, exception: Exceptions) -> Outcome<F80> {
    let value = if exception == Exceptions::OVERFLOW { F80::INFINITY } else { F80::ZERO };
    Outcome {
        value: value.with_sign(negative),
        exceptions: exception | Exceptions::PRECISION,
        rounded_up: false,
        store: true,
        incomplete: false,
    }
}
