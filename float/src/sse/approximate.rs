//! RCP and RSQRT: a result of twelve bits or so, without exceptions and whatever MXCSR says.

use super::{Format, Number, Single, number};
use crate::exact::{Exact, Finite, Operand};
use crate::{Mxcsr, Rounding};

/// Bits of the result: its error is half of the last, well below the 1.5 * 2^-12 that is promised.
const PRECISION: u32 = 13;
/// Denormal operands count as zeros, tiny results become zeros.
const MXCSR: Mxcsr = Mxcsr(1 << 6);
const ONE: Finite = Finite { negative: false, exponent: 0, significand: 1 << 63 };

/// RCPSS and RCPPS [SDM 2B, "RCPSS"].
#[must_use]
pub fn reciprocal(x: u32) -> u32 {
    if Single::is_nan(x) {
        return Single::quieted(x);
    }
    match number::<Single>(x, MXCSR) {
        Number::Infinity(negative) => Single::zero(negative),
        Number::Finite(Operand::Zero(negative)) => Single::overflowed(negative, true),
        Number::Finite(Operand::Finite(finite)) => rounded(ONE.div(finite), finite.negative),
    }
}

/// RSQRTSS and RSQRTPS [SDM 2B, "RSQRTSS"].
#[must_use]
pub fn reciprocal_square_root(x: u32) -> u32 {
    if Single::is_nan(x) {
        return Single::quieted(x);
    }
    match number::<Single>(x, MXCSR) {
        Number::Finite(Operand::Zero(negative)) => Single::overflowed(negative, true),
        _ if Single::is_negative(x) => Single::INDEFINITE,
        Number::Infinity(_) => 0,
        Number::Finite(Operand::Finite(finite)) => {
            let root = finite.sqrt();
            let significand = (root.significand >> 64) as u64;
            let root = Finite { negative: false, exponent: root.exponent, significand };
            rounded(ONE.div(root), false)
        }
    }
}

fn rounded(x: Exact, negative: bool) -> u32 {
    let rounded = x.round(PRECISION, Rounding::Nearest);
    let exponent = x.exponent + i32::from(rounded.carry);
    if exponent < Single::LEAST {
        return Single::zero(negative);
    }
    Single::assemble(negative, exponent + Single::GREATEST, rounded.significand)
}
