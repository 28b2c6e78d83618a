//! F2XM1.

use super::{inexact, unless_denormal};
use crate::exact::{Exact, Finite};
use crate::f80::{Class, F80};
use crate::wide::{alternating, polynomial};
use crate::x87::{denormal, finite, reject_one};
use crate::{Exceptions, Outcome, X87Control};

/// ln 2.
const LN_2: Exact = Exact::constant(-1, 0xB172_17F7_D1CF_79AB_C9E3_B398_03F2_F6AF);
/// Where the point of the coefficients is.
const POINT: i32 = 126;
const TERMS: usize = 26;

/// `1 / (k + 1)!`: the power series of `(e^y - 1) / y`.
pub(super) const COEFFICIENTS: [u128; TERMS] = {
    let mut coefficients = [1 << POINT; TERMS];
    let mut k = 1;
    while k < TERMS {
        coefficients[k] = coefficients[k - 1] / (k as u128 + 1);
        k += 1;
    }
    coefficients
};

/// F2XM1: `2^x - 1` for `x` from -1 to 1 [SDM 2A, "F2XM1"]. Beyond that the result is undefined.
#[must_use]
#[cold]
pub fn f2xm1(x: F80, control: X87Control) -> Outcome<F80> {
    if let Some(outcome) = reject_one(x, control) {
        return outcome;
    }
    let minus_one = F80::ONE.negated();
    match (x.class(), finite(x)) {
        (Class::Infinity, _) => Outcome::exact(if x.is_negative() { minus_one } else { x }),
        (_, None) => Outcome::exact(x),
        (_, Some(number)) if number.exponent >= 0 => at_the_bounds(x),
        (_, Some(number)) => {
            unless_denormal(denormal(x, x), control, || inexact(exp2_minus_one(number), control))
        }
    }
}

/// `2^x - 1` for `x` between -1 and 1.
pub(super) fn exp2_minus_one(x: Finite) -> Exact {
    let y = x.exact().wide_mul(LN_2);
    let magnitude = y.fraction();
    let factor =
        if y.negative { alternating(&COEFFICIENTS, magnitude) } else { polynomial(&COEFFICIENTS, magnitude) };
    y.wide_scale(factor, POINT)
}

/// The result of one and minus one; of what lies beyond, the operand. The captured hardware calls all of them inexact.
fn at_the_bounds(x: F80) -> Outcome<F80> {
    let half = F80 { sign_exponent: 0xBFFE, ..F80::ONE };
    let value = if x == F80::ONE.negated() { half } else { x };
    Outcome::exact(value).after(Exceptions::PRECISION)
}
