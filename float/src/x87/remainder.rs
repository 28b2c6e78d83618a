//! FPREM and FPREM1.

use super::round::to_register;
use super::{denormal, finite, invalid, reject};
use crate::exact::{Exact, Finite};
use crate::f80::{Class, F80};
use crate::{Outcome, X87Control};

/// The result of FPREM and FPREM1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remainder {
    /// The remainder, or what is left of the dividend so far when the outcome is incomplete.
    pub value: F80,
    /// The three low bits of the quotient, Q2 to Q0; zero when the outcome is incomplete, `None` when there was no
    /// division because an operand is no number or no divisor.
    pub quotient: Option<u8>,
}

impl Remainder {
    /// C3, C2, C1 and C0 after the instruction, from the status word before it and [`Outcome::incomplete`]. Q2, Q0
    /// and Q1 are C0, C1 and C3; without a quotient C3 and C0 stay (hardware captures).
    #[must_use]
    pub const fn condition_codes(self, status: u16, incomplete: bool) -> u16 {
        let c2 = (incomplete as u16) << 10;
        match self.quotient {
            Some(q) => c2 | (q as u16 >> 2 & 1) << 8 | (q as u16 & 1) << 9 | (q as u16 >> 1 & 1) << 14,
            None => c2 | status & 0x4100,
        }
    }
}

/// FPREM: the remainder of the division with a truncated quotient [SDM 2A, "FPREM"].
#[must_use]
pub fn rem(x: F80, modulus: F80, control: X87Control) -> Outcome<Remainder> {
    remainder(x, modulus, false, control)
}

/// FPREM1: the remainder of the division with the nearest quotient [SDM 2A, "FPREM1"].
#[must_use]
pub fn rem1(x: F80, modulus: F80, control: X87Control) -> Outcome<Remainder> {
    remainder(x, modulus, true, control)
}

fn remainder(x: F80, modulus: F80, nearest: bool, control: X87Control) -> Outcome<Remainder> {
    let without_quotient = |value| Remainder { value, quotient: None };
    if let Some(outcome) = reject(x, modulus, control) {
        return outcome.map(without_quotient);
    }
    if x.class() == Class::Infinity || modulus.class() == Class::Zero {
        return invalid(control).map(without_quotient);
    }
    let denormal = denormal(x, modulus);
    match (finite(x), finite(modulus)) {
        _ if !control.unmasked(denormal).is_empty() => {
            Outcome::flagged(x, denormal, control).map(without_quotient)
        }
        (Some(a), Some(b)) if modulus.class() != Class::Infinity => {
            let reduced = reduce(a, b, nearest);
            let mut outcome = match reduced.rest {
                Some(rest) => to_register(rest, 64, control),
                None => Outcome::exact(F80::ZERO.with_sign(x.is_negative())),
            };
            outcome.incomplete = reduced.incomplete;
            outcome.after(denormal).map(|value| Remainder { value, quotient: Some(reduced.quotient) })
        }
        (number, _) => match number {
            Some(a) => to_register(a.exact(), 64, control),
            None => Outcome::exact(x),
        }
        .after(denormal)
        .map(|value| Remainder { value, quotient: Some(0) }),
    }
}

struct Reduced {
    rest: Option<Exact>,
    quotient: u8,
    incomplete: bool,
}

/// The largest difference of exponents that one instruction reduces fully.
const REACH: i32 = 64;

fn reduce(a: Finite, b: Finite, nearest: bool) -> Reduced {
    let difference = a.exponent - b.exponent;
    if difference < -1 {
        return Reduced { rest: Some(a.exact()), quotient: 0, incomplete: false };
    }
    let incomplete = difference >= REACH;
    // N of the manual: how far a partial reduction goes.
    let bits = if incomplete { difference & 31 | 32 } else { difference };
    // Both in units of the lower exponent's last place.
    let (dividend, divisor) = if bits < 0 {
        (u128::from(a.significand), u128::from(b.significand) << 1)
    } else {
        (u128::from(a.significand) << bits, u128::from(b.significand))
    };
    let (mut quotient, mut rest) = (dividend / divisor, dividend % divisor);
    let mut negative = a.negative;
    if nearest && !incomplete && (rest * 2 > divisor || rest * 2 == divisor && quotient & 1 != 0) {
        quotient += 1;
        rest = divisor - rest;
        negative = !negative;
    }
    let exponent = a.exponent - bits.max(0) + 64;
    Reduced {
        rest: (rest != 0).then(|| Exact::normalised(negative, exponent, rest)),
        quotient: if incomplete { 0 } else { quotient as u8 & 0b111 },
        incomplete,
    }
}
