//! F2XM1.

use super::{Estimate, coefficients, high_signed, scaled, series, wide_signed};
use crate::exact::Finite;
use crate::f80::F80;
use crate::wide::high_product;
use crate::x87::normal;
use crate::x87::transcendental::exp::COEFFICIENTS;
use crate::{Outcome, X87Control};

/// F2XM1.
#[inline]
pub(in super::super) fn f2xm1(x: F80, control: X87Control) -> Option<Outcome<F80>> {
    exp2_minus_one(normal(x)?)?.rounded(control)
}

/// The table is of powers in units of 2^-7.
const STEP: u32 = 7;
const ENTRIES: usize = (1 << STEP) + 1;
/// Two to this is the least exponent of a number that is not next to zero's entry.
const LEAST: i32 = -8;

/// ln 2: 2^-128, and its first two pieces of 63 bits: 2^-63 and 2^-126.
const LN_2: u128 = 0xB172_17F7_D1CF_79AB_C9E3_B398_03F2_F6AF;
const LN_2_HIGH: i64 = (LN_2 >> 65) as i64;
const LN_2_LOW: i64 = (LN_2 >> 2 & i64::MAX as u128) as i64;

/// The series of `(e^y - 1) / y` but for its one.
const EXP: [i64; 6] = coefficients([6, 24, 120, 720, 5040, 40320]);

/// Powers of two from zero to one: 2^-126.
static TABLE: [u128; ENTRIES] = {
    let mut table = [0; ENTRIES];
    let mut i = 0;
    while i < ENTRIES {
        let y = (LN_2 >> STEP) * i as u128;
        let mut sum = 0;
        let mut k = COEFFICIENTS.len();
        while k > 0 {
            k -= 1;
            sum = COEFFICIENTS[k] + high_product(sum, y);
        }
        table[i] = (1 << 126) + high_product(sum, y);
        i += 1;
    }
    table
};

#[inline(always)]
pub(super) fn exp2_minus_one(x: Finite) -> Option<Estimate> {
    if x.exponent >= 0 {
        return None;
    }
    let fixed = if x.exponent >= LEAST {
        i128::from(x.significand) << (x.exponent - LEAST)
    } else {
        i128::from(x.significand.checked_shr((LEAST - x.exponent) as u32).unwrap_or(0))
    };
    // To the nearest entry: what is left, 2^-71, is a number of 64 bits with a sign.
    let fixed = if x.negative { -fixed } else { fixed };
    let (place, rest) = ((fixed + (1 << 63)) >> 64, fixed as i64);
    let y = (wide_signed(rest, LN_2_HIGH) >> 63) as i64;
    let excess = series(y, &EXP);
    if place == 0 {
        // 2^-127.
        let factor = (LN_2 >> 1) as i128 + (wide_signed(LN_2_HIGH, excess) >> 8);
        let product = scaled(factor as u128, x.significand);
        return Estimate::new(x.negative, x.exponent + 1, product, 1 << 57);
    }
    // rest * ln 2, first of all, then of what the series has of it: 2^-134.
    let product = wide_signed(rest, LN_2_HIGH) + (i128::from(high_signed(rest, LN_2_LOW)) << 1);
    let product = product + (wide_signed((product >> 63) as i64, excess) >> 9);
    let power = if place < 0 { TABLE[(place + (1 << STEP)) as usize] >> 1 } else { TABLE[place as usize] };
    let change = (high_product(product.unsigned_abs(), power) >> 6) as i128;
    let power = power as i128 - (1 << 126) + if product < 0 { -change } else { change };
    Estimate::new(power < 0, 1, power.unsigned_abs(), 1 << 50)
}
