//! FSCALE and FXTRACT.

use super::round::{pack, to_register};
use super::{denormal, finite, integer, invalid, reject, reject_one};
use crate::f80::{Class, F80};
use crate::{Exceptions, Outcome, Rounding, X87Control};

/// The two results of FXTRACT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extracted {
    /// The new ST(1): the exponent as a number.
    pub exponent: F80,
    /// The new ST(0), which is pushed: the significand, from 1 to below 2, with the sign.
    pub significand: F80,
}

/// FSCALE: `x * 2^n`, with `n` truncated to an integer; ST(0) is `x` and ST(1) is `n` [SDM 2A, "FSCALE"].
#[must_use]
pub fn scale(x: F80, n: F80, control: X87Control) -> Outcome<F80> {
    if let Some(outcome) = reject(x, n, control) {
        return outcome;
    }
    let denormal = denormal(x, n);
    match (x.class(), n.class(), n.is_negative()) {
        (Class::Zero, Class::Infinity, false) | (Class::Infinity, Class::Infinity, true) => invalid(control),
        (_, Class::Infinity, false) => {
            Outcome::flagged(F80::INFINITY.with_sign(x.is_negative()), denormal, control)
        }
        (_, Class::Infinity, true) => {
            Outcome::flagged(F80::ZERO.with_sign(x.is_negative()), denormal, control)
        }
        _ => match finite(x).filter(|_| x.class() != Class::Infinity) {
            Some(mut number) if control.unmasked(denormal).is_empty() => {
                number.exponent += truncated(n);
                to_register(number.exact(), 64, control).after(denormal)
            }
            _ => Outcome::flagged(x, denormal, control),
        },
    }
}

/// FXTRACT [SDM 2A, "FXTRACT"].
#[must_use]
pub fn extract(x: F80, control: X87Control) -> Outcome<Extracted> {
    if let Some(outcome) = reject_one(x, control) {
        return outcome.map(|nan| Extracted { exponent: nan, significand: nan });
    }
    let denormal = denormal(x, x);
    match (x.class(), finite(x)) {
        (Class::Infinity, _) => Outcome::exact(Extracted { exponent: F80::INFINITY, significand: x }),
        (_, None) => {
            let value = Extracted { exponent: F80::INFINITY.negated(), significand: x };
            Outcome::flagged(value, Exceptions::ZERO_DIVIDE, control)
        }
        (_, Some(number)) => {
            let exponent = integer::from_i32(number.exponent);
            let significand = pack(number.negative, 0, number.significand);
            Outcome::flagged(Extracted { exponent, significand }, denormal, control)
        }
    }
}

/// A scale factor as an integer, bounded to what takes any number out of range.
fn truncated(n: F80) -> i32 {
    const BOUND: i32 = 0x1_0000;
    let magnitude = match finite(n) {
        None => 0,
        Some(number) if number.exponent >= 16 => BOUND,
        Some(number) => integer::integral(number, Rounding::Zero).value as i32,
    };
    if n.is_negative() { -magnitude } else { magnitude }
}
