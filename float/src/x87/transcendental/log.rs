//! FYL2X and FYL2XP1.

use super::{inexact, unless_denormal};
use crate::exact::{Exact, Finite};
use crate::f80::{Class, F80};
use crate::wide::polynomial;
use crate::x87::arith::divided_by_zero;
use crate::x87::round::to_register;
use crate::x87::{denormal, finite, invalid, reject};
use crate::{Exceptions, Outcome, X87Control};

/// 2 / ln 2.
pub(super) const TWO_LOG2_E: Exact = Exact::constant(1, 0xB8AA_3B29_5C17_F0BB_BE87_FED0_691D_3E89);
/// The square root of two, as a significand.
const SQRT_2: u128 = 0xB504_F333_F9DE_6484 << 64;
/// Where the point of the coefficients is.
const POINT: i32 = 126;
const TERMS: usize = 24;

/// `1 / (2k + 1)`: the power series of `atanh(s) / s` in the square of `s`.
pub(super) const COEFFICIENTS: [u128; TERMS] = {
    let mut coefficients = [0; TERMS];
    let mut k = 0;
    while k < TERMS {
        coefficients[k] = (1 << POINT) / (2 * k as u128 + 1);
        k += 1;
    }
    coefficients
};

/// FYL2X: `y * log2(x)`; ST(0) is `x` and ST(1) is `y` [SDM 2A, "FYL2X"].
#[must_use]
#[cold]
pub fn fyl2x(x: F80, y: F80, control: X87Control) -> Outcome<F80> {
    if let Some(outcome) = reject(x, y, control) {
        return outcome;
    }
    let logarithm_is_negative = x.biased_exponent() < F80::ONE.biased_exponent();
    match (x.class(), y.class()) {
        (Class::Zero, Class::Zero) => invalid(control),
        (Class::Zero, Class::Infinity) => Outcome::exact(y.negated()),
        (Class::Zero, _) => divided_by_zero(!y.is_negative(), control),
        _ if x.is_negative() => invalid(control),
        (Class::Infinity, Class::Zero) => invalid(control),
        _ if x == F80::ONE && y.class() == Class::Infinity => invalid(control),
        _ => product(x, y, logarithm_is_negative, control, |x| log2(x.exact())),
    }
}

/// FYL2XP1: `y * log2(x + 1)`; ST(0) is `x` and ST(1) is `y` [SDM 2A, "FYL2XP1"]. From minus one
/// down the result is undefined; like the captured hardware this gives `x` for it.
#[must_use]
#[cold]
pub fn fyl2xp1(x: F80, y: F80, control: X87Control) -> Outcome<F80> {
    if let Some(outcome) = reject(x, y, control) {
        return outcome;
    }
    match (x.class(), y.class()) {
        (Class::Zero, Class::Infinity) | (Class::Infinity, Class::Zero) => invalid(control),
        (Class::Infinity, _) if x.is_negative() => invalid(control),
        (Class::Zero, _) => {
            let value = F80::ZERO.with_sign(x.is_negative() != y.is_negative());
            Outcome::flagged(value, denormal(y, y), control)
        }
        _ => product(x, y, x.is_negative(), control, log2_plus_one),
    }
}

/// `y` times a logarithm of `x`, the cases that have no value apart.
fn product(
    x: F80,
    y: F80,
    negative: bool,
    control: X87Control,
    logarithm: impl FnOnce(Finite) -> Logarithm,
) -> Outcome<F80> {
    let denormal = denormal(x, y);
    if x.class() == Class::Infinity || y.class() == Class::Infinity {
        let value = F80::INFINITY.with_sign(negative != y.is_negative());
        return Outcome::flagged(value, denormal, control);
    }
    unless_denormal(denormal, control, || match (finite(x).map(logarithm), finite(y)) {
        (Some(Logarithm::Integer(Some(log))), Some(y)) => to_register(log.mul(y), 64, control),
        (Some(Logarithm::None), Some(_)) => Outcome::exact(x).after(Exceptions::PRECISION),
        (Some(Logarithm::Wide(log)), Some(y)) => inexact(log.wide_mul(y.exact()), control),
        (Some(Logarithm::Integer(None)), _) => Outcome::exact(F80::ZERO.with_sign(y.is_negative())),
        _ => Outcome::exact(F80::ZERO.with_sign(negative != y.is_negative())),
    })
}

/// A logarithm: powers of two have integers, zero among them; negative numbers have none.
pub(super) enum Logarithm {
    None,
    Integer(Option<Finite>),
    Wide(Exact),
}

/// log2 of a positive number.
pub(super) fn log2(x: Exact) -> Logarithm {
    const ONE: u128 = 1 << 127;
    if x.significand == ONE {
        return Logarithm::Integer(integer(x.exponent));
    }
    // x is 2^k * m with m from sqrt(1/2) to sqrt(2), and s = (m - 1) / (m + 1).
    let (k, s) = if x.significand < SQRT_2 {
        let above = Exact::normalised(false, 0, x.significand - ONE);
        (x.exponent, above.wide_div(Exact::constant(1, x.significand / 2 + ONE / 2)))
    } else {
        let below = Exact::normalised(true, -1, x.significand.wrapping_neg());
        (x.exponent + 1, below.wide_div(Exact::constant(0, x.significand / 2 + ONE)))
    };
    let fraction = log2_of_ratio(s);
    let whole = integer(k).map(Finite::exact);
    Logarithm::Wide(whole.map_or(Some(fraction), |whole| whole.wide_add(fraction)).unwrap_or(fraction))
}

/// log2 of one more than a number above minus one.
fn log2_plus_one(x: Finite) -> Logarithm {
    if x.negative && x.exponent >= 0 {
        return Logarithm::None;
    }
    let x = x.exact();
    let one = Exact::constant(0, 1 << 127);
    // A sum keeps all bits of an x that is not small.
    match one.wide_add(x).filter(|_| x.exponent >= -2) {
        Some(sum) => log2(sum),
        None => {
            let two = Exact { exponent: 1, ..one };
            Logarithm::Wide(log2_of_ratio(x.wide_div(two.wide_add(x).unwrap_or(two))))
        }
    }
}

/// log2((1 + s) / (1 - s)).
fn log2_of_ratio(s: Exact) -> Exact {
    let square = s.wide_mul(s).fraction();
    s.wide_scale(polynomial(&COEFFICIENTS, square), POINT).wide_mul(TWO_LOG2_E)
}

fn integer(value: i32) -> Option<Finite> {
    (value != 0).then(|| Finite::normalised(value < 0, 63, value.unsigned_abs().into()))
}
