//! FSIN, FCOS, FSINCOS and FPTAN.

use super::inexact;
use crate::exact::{Exact, Finite};
use crate::f80::{Class, F80};
use crate::wide::alternating_factorials;
use crate::x87::{denormal, finite, invalid, reject_one};
use crate::{Exceptions, Outcome, X87Control};

/// The two results of FSINCOS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SinCos {
    /// The new ST(1): the sine.
    pub sin: F80,
    /// The new ST(0), which is pushed: the cosine.
    pub cos: F80,
}

/// The two results of FPTAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tangent {
    /// The new ST(1): the tangent.
    pub tan: F80,
    /// The new ST(0), which is pushed: one, or the NaN again.
    pub one: F80,
}

/// FSIN [SDM 2A, "FSIN"].
#[must_use]
#[cold]
pub fn fsin(x: F80, control: X87Control) -> Outcome<F80> {
    match operand(x, control) {
        Argument::Done(outcome) => outcome,
        Argument::Zero => Outcome::exact(x),
        Argument::Angle(angle, denormal) => inexact(angle.sin(), control).after(denormal),
    }
}

/// FCOS [SDM 2A, "FCOS"].
#[must_use]
#[cold]
pub fn fcos(x: F80, control: X87Control) -> Outcome<F80> {
    match operand(x, control) {
        Argument::Done(outcome) => outcome,
        Argument::Zero => Outcome::exact(F80::ONE),
        Argument::Angle(angle, denormal) => inexact(angle.cos(), control).after(denormal),
    }
}

/// FSINCOS [SDM 2A, "FSINCOS"].
#[must_use]
#[cold]
pub fn fsincos(x: F80, control: X87Control) -> Outcome<SinCos> {
    match operand(x, control) {
        Argument::Done(outcome) => outcome.map(|value| SinCos { sin: value, cos: value }),
        Argument::Zero => Outcome::exact(SinCos { sin: x, cos: F80::ONE }),
        Argument::Angle(angle, denormal) => {
            let (sin, cos) = (inexact(angle.sin(), control), inexact(angle.cos(), control));
            sin.map(|sin| SinCos { sin, cos: cos.value }).after(cos.exceptions | denormal)
        }
    }
}

/// FPTAN [SDM 2A, "FPTAN"].
#[must_use]
#[cold]
pub fn fptan(x: F80, control: X87Control) -> Outcome<Tangent> {
    match operand(x, control) {
        Argument::Done(outcome) => outcome.map(|value| Tangent { tan: value, one: value }),
        Argument::Zero => Outcome::exact(Tangent { tan: x, one: F80::ONE }),
        Argument::Angle(angle, denormal) => {
            let outcome = inexact(angle.sin().wide_div(angle.cos()), control);
            outcome.after(denormal).map(|tan| Tangent { tan, one: F80::ONE })
        }
    }
}

/// What an operand asks for.
enum Argument {
    Done(Outcome<F80>),
    Zero,
    Angle(Angle, Exceptions),
}

fn operand(x: F80, control: X87Control) -> Argument {
    if let Some(outcome) = reject_one(x, control) {
        return Argument::Done(outcome);
    }
    let denormal = denormal(x, x);
    match (x.class(), finite(x)) {
        (Class::Infinity, _) => Argument::Done(invalid(control)),
        (_, None) => Argument::Zero,
        (_, Some(number)) if number.exponent >= 63 => {
            Argument::Done(Outcome { store: false, incomplete: true, ..Outcome::exact(x) })
        }
        _ if !control.unmasked(denormal).is_empty() => Argument::Done(Outcome::flagged(x, denormal, control)),
        (_, Some(number)) => Argument::Angle(reduced(number), denormal),
    }
}

/// An angle as a number of quarter turns and a rest of at most half of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Angle {
    quarters: u32,
    rest: Exact,
}

/// Half of the pi that the x87 has, which ends after 66 bits, in units of 2^-65 [SDM 1, "Approximation of Pi"].
pub(super) const HALF_PI: u128 = 0x3_243F_6A88_85A3_08D3;

pub(super) fn reduced(x: Finite) -> Angle {
    if x.exponent < -1 {
        return Angle { quarters: 0, rest: x.exact() };
    }
    // Bit 0 of the significand counts 2^(exponent - 63), so this is exact.
    let value = u128::from(x.significand) << (x.exponent + 2);
    let (quarters, rest) = (value / HALF_PI, value % HALF_PI);
    let turned = rest > HALF_PI / 2;
    let (quarters, rest) = if turned { (quarters + 1, HALF_PI - rest) } else { (quarters, rest) };
    // Of a negative angle both parts are negative.
    let quarters = quarters as u32 & 3;
    Angle {
        quarters: if x.negative { quarters.wrapping_neg() & 3 } else { quarters },
        // No number of 64 bits is a multiple of that half pi, an odd number of 66 bits.
        rest: Exact::normalised(x.negative != turned, 127 - 65, rest.max(1)),
    }
}

/// Where the point of the coefficients is.
const POINT: i32 = 127;
const TERMS: usize = 16;
/// Coefficients from 2^64 up, of both series.
const WIDE: usize = 11;

/// `1 / (2k + odd)!`: the power series of `sin(r) / r` and `cos(r)` in minus the square of `r`.
const fn coefficients(odd: usize) -> [u128; TERMS] {
    let mut coefficients = [1 << POINT; TERMS];
    let mut k = 1;
    while k < TERMS {
        let last = 2 * k + odd;
        coefficients[k] = coefficients[k - 1] / (last * (last - 1)) as u128;
        k += 1;
    }
    coefficients
}

const SIN: [u128; TERMS] = coefficients(1);
const COS: [u128; TERMS] = coefficients(0);
const _: () = assert!(SIN[WIDE] >> 64 == 0 && COS[WIDE] >> 64 == 0);

impl Angle {
    pub(super) fn sin(self) -> Exact {
        self.turned(self.quarters)
    }

    pub(super) fn cos(self) -> Exact {
        self.turned(self.quarters + 1)
    }

    /// The sine of the rest and some quarter turns.
    fn turned(self, quarters: u32) -> Exact {
        let square = self.rest.wide_mul(self.rest).fraction();
        // Both series are below one, however small the angle.
        let below_one = |sum: u128| sum.min((1 << POINT) - 1);
        let value = if quarters & 1 == 0 {
            self.rest.wide_scale(below_one(alternating_factorials::<WIDE>(&SIN, square)), POINT)
        } else {
            Exact::normalised(false, 0, below_one(alternating_factorials::<WIDE>(&COS, square)))
        };
        value.negated_if(quarters & 2 != 0)
    }
}
