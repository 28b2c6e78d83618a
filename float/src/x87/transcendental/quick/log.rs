//! FYL2X and FYL2XP1.

use super::{Estimate, coefficients, high_of, high_signed, normalised_wide, scaled, series, wide_signed};
use crate::f80::F80;
use crate::wide::high_product;
use crate::x87::normal;
use crate::x87::transcendental::log::{COEFFICIENTS, TWO_LOG2_E};
use crate::{Outcome, X87Control};

/// FYL2X.
#[inline]
pub(in super::super) fn fyl2x(x: F80, y: F80, control: X87Control) -> Option<Outcome<F80>> {
    let (x, y) = (normal(x)?, normal(y)?);
    // Powers of two have exact logarithms.
    if x.negative || x.significand == 1 << 63 {
        return None;
    }
    let log = log2(x.exponent, u128::from(x.significand) << (POINT - 63))?;
    log.times(y.negative, y.exponent, y.significand)?.rounded(control)
}

/// FYL2XP1.
#[inline]
pub(in super::super) fn fyl2xp1(x: F80, y: F80, control: X87Control) -> Option<Outcome<F80>> {
    let (x, y) = (normal(x)?, normal(y)?);
    let log = if x.exponent < -9 {
        let magnitude = x.significand.checked_shr((-8 - x.exponent) as u32).unwrap_or(0) as i64;
        let z = if x.negative { -magnitude } else { magnitude };
        near_one(x.negative, x.exponent, x.significand, series(z, &LOG))?
    } else if x.exponent < -1 {
        let fixed = u128::from(x.significand) << (x.exponent + 9);
        if x.negative { log2(-1, ((1 << POINT) - fixed) << 1)? } else { log2(0, (1 << POINT) + fixed)? }
    } else {
        return None;
    };
    log.times(y.negative, y.exponent, y.significand)?.rounded(control)
}

/// Where the point of a number from one to two is.
const POINT: u32 = 72;
/// The table is of numbers in units of 2^-8.
const STEP: u32 = 8;
const ENTRIES: usize = (1 << STEP) + 1;
/// The first entry above the square root of two: from here logarithms are those of half the number.
const HALVED: usize = 107;

/// A number near the inverse of an entry: 2^-12, and minus its logarithm: 2^-111.
#[derive(Clone, Copy)]
struct Entry {
    log: i128,
    inverse: u16,
}

static TABLE: [Entry; ENTRIES] = {
    let mut table = [Entry { log: 0, inverse: 0 }; ENTRIES];
    let mut i = 0;
    while i < ENTRIES {
        let number = (1 << STEP) + i as u32;
        let inverse = ((1 << (12 + STEP)) + number / 2) / number;
        let one = if i < HALVED { 1 << 12 } else { 1 << 11 };
        table[i] = Entry { log: ratio_log2(one, inverse), inverse: inverse as u16 };
        i += 1;
    }
    table
};

/// log2(a / b): 2^-111, for numbers of at most 13 bits less than a factor of 1.5 apart.
const fn ratio_log2(a: u32, b: u32) -> i128 {
    // atanh((a - b) / (a + b)) in the units of the series.
    let s = ((a.abs_diff(b) as u128) << 116) / (a + b) as u128;
    let square = high_product(s << 12, s << 12);
    let mut sum = 0;
    let mut k = COEFFICIENTS.len();
    while k > 0 {
        k -= 1;
        sum = COEFFICIENTS[k] + high_product(sum, square);
    }
    let log = high_product(high_product(sum, s << 12), TWO_LOG2_E.significand) >> 13;
    if a < b { -(log as i128) } else { log as i128 }
}

/// Minus the series of `log(1 + z) / z` but for its one.
const LOG: [i64; 6] = coefficients([-3, 4, -5, 6, -7, 8]);
/// log2(e): 2^-127, and its first two pieces of 63 bits: 2^-62 and 2^-125.
const LOG2_E: u128 = TWO_LOG2_E.significand;
const LOG2_E_HIGH: i64 = (LOG2_E >> 65) as i64;
const LOG2_E_LOW: i64 = (LOG2_E >> 2 & i64::MAX as u128) as i64;

/// log2(m) + k, for `m` from one to two: 2^-72, other than one exactly.
#[inline(always)]
pub(super) fn log2(k: i32, m: u128) -> Option<Estimate> {
    let place = ((m >> (POINT - STEP - 1)) as usize - (1 << (STEP + 1))).div_ceil(2);
    let entry = TABLE.get(place)?;
    let k = k + i32::from(place >= HALVED);
    // What the product with the inverse has more than one: 2^-84.
    let rest = (m * u128::from(entry.inverse)) as i128 - (1 << (POINT + 12));
    let z = (rest >> 13) as i64;
    let excess = series(z, &LOG);
    if k == 0 && entry.log == 0 {
        let (significand, shift) = normalised_wide(rest.unsigned_abs());
        return near_one(rest < 0, 127 - 84 - shift, high_of(significand), excess);
    }
    // z * log2(e), first of all, then of what the series has of it: 2^-133.
    let low = (rest as i64 & 0x1FFF) * (LOG2_E_HIGH >> 31);
    let product =
        wide_signed(z, LOG2_E_HIGH) + (i128::from(low) << 18) + (i128::from(high_signed(z, LOG2_E_LOW)) << 1);
    let product = product - (wide_signed((product >> 62) as i64, excess) >> 10);
    let log = (i128::from(k) << 111) + entry.log + (product >> 22);
    Estimate::new(log < 0, 127 - 111, log.unsigned_abs(), 1 << 33)
}

/// log2(1 + z) of a small `z`, of which is given what the series has of it: 2^-72.
#[inline(always)]
fn near_one(negative: bool, exponent: i32, significand: u64, excess: i64) -> Option<Estimate> {
    // 2^-126.
    let factor = (LOG2_E >> 1) as i128 - (wide_signed(LOG2_E_HIGH, excess) >> 8);
    Estimate::new(negative, exponent + 2, scaled(factor as u128, significand), 1 << 57)
}
