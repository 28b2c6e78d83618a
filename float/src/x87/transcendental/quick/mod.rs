//! Short ways through the transcendental functions for normal operands [Ziv, "Fast Evaluation of Elementary Mathematical
//! Functions with Correctly Rounded Last Bit"].
//!
//! Each evaluates its function near an entry of a table, in 64-bit pieces of a sum of 128 bits, with an error of which a
//! bound is known. Where no number that the true value may be rounds otherwise than another, rounding is decided and the
//! result is that of the evaluation in full; elsewhere they give nothing, and that one must be asked.
//!
//! Comments give the unit of a fixed-point number after a colon: `d: 2^-71`.

mod atan;
mod exp;
mod log;
mod trig;

pub(super) use atan::fpatan;
pub(super) use exp::f2xm1;
pub(super) use log::{fyl2x, fyl2xp1};
pub(super) use trig::{fcos, fptan, fsin, fsincos};

use crate::f80::{BIAS, F80};
use crate::x87::round::{GREATEST, LEAST};
use crate::{Exceptions, Outcome, Rounding, X87Control};

/// A result before rounding: `significand / 2^127 * 2^exponent`, normalised, and how much it errs at most, in units of the
/// last place.
#[derive(Clone, Copy, Debug)]
struct Estimate {
    negative: bool,
    exponent: i32,
    significand: u128,
    error: u64,
}

impl Estimate {
    /// From a significand that need not be normalised; nothing when too few of its bits are certain.
    #[inline(always)]
    fn new(negative: bool, exponent: i32, significand: u128, error: u64) -> Option<Self> {
        let (high, low) = (high_of(significand), significand as u64);
        let shift = high.leading_zeros();
        if shift + 3 > error.leading_zeros() {
            return None;
        }
        // In halves: hosts shift 128 bits by a variable count slowly.
        let high = high << (shift & 63) | low >> 1 >> ((63 - shift) & 63);
        let significand = u128::from(high) << 64 | u128::from(low << (shift & 63));
        Some(Self { negative, exponent: exponent - shift as i32, significand, error: error << (shift & 63) })
    }

    /// Whether all numbers that the true value may be round to the same one of 64 bits, in any direction.
    #[inline(always)]
    const fn is_decided(&self) -> bool {
        // What lies below 64 bits must be away from zero and one, and from a half.
        let distance = (self.significand as u64).wrapping_add(self.error) & (u64::MAX >> 1);
        distance > 2 * self.error
    }

    /// Rounded, if that is decided and the result is normal.
    #[inline(always)]
    fn rounded(&self, control: X87Control) -> Option<Outcome<F80>> {
        if !self.is_decided() || self.exponent <= LEAST || self.exponent >= GREATEST {
            return None;
        }
        let up = match control.rounding() {
            Rounding::Nearest => self.significand as u64 >> 63 != 0,
            Rounding::Down => self.negative,
            Rounding::Up => !self.negative,
            Rounding::Zero => false,
        };
        let (significand, carry) = high_of(self.significand).overflowing_add(u64::from(up));
        let exponent = (self.exponent + BIAS + i32::from(carry)) as u16;
        Some(Outcome {
            value: F80 {
                significand: significand | u64::from(carry) << 63,
                sign_exponent: exponent | u16::from(self.negative) << 15,
            },
            exceptions: Exceptions::PRECISION,
            rounded_up: up,
            store: true,
            incomplete: false,
        })
    }

    /// The product with a significand and an exponent.
    #[inline(always)]
    fn times(self, negative: bool, exponent: i32, significand: u64) -> Option<Self> {
        let product = scaled(self.significand, significand);
        Self::new(self.negative != negative, self.exponent + exponent + 1, product, self.error + 2)
    }
}

/// The product.
#[inline(always)]
const fn wide(a: u64, b: u64) -> u128 {
    a as u128 * b as u128
}

/// The product.
#[inline(always)]
const fn wide_signed(a: i64, b: i64) -> i128 {
    a as i128 * b as i128
}

/// The high half of the product.
#[inline(always)]
const fn high(a: u64, b: u64) -> u64 {
    (wide(a, b) >> 64) as u64
}

/// The high half of the product.
#[inline(always)]
const fn high_signed(a: i64, b: i64) -> i64 {
    (wide_signed(a, b) >> 64) as i64
}

/// The product of 192 bits without the low 64.
#[inline(always)]
const fn scaled(x: u128, factor: u64) -> u128 {
    wide(high_of(x), factor) + high(x as u64, factor) as u128
}

/// The high half.
#[inline(always)]
const fn high_of(x: u128) -> u64 {
    (x >> 64) as u64
}

/// A number shifted until bit 63 is set, and by how much.
#[inline(always)]
const fn normalised(x: u64) -> (u64, i32) {
    let shift = x.leading_zeros();
    (x << (shift & 63), shift as i32)
}

/// The same of bit 127.
#[inline(always)]
const fn normalised_wide(x: u128) -> (u128, i32) {
    let shift = x.leading_zeros();
    (x << (shift & 127), shift as i32)
}

/// `z / 2 + z^2 * (c0 + c1 z + c2 z^2 + c3 z^3 + c4 z^4 + c5 z^5)`: 2^-72, of [`coefficients`] and `z`: 2^-71, up to
/// 2^-8.5 either way. It errs by less than two units.
#[inline(always)]
const fn series(z: i64, c: &[i64; 6]) -> i64 {
    // 2^-80, so that sums have the units of their coefficients.
    let square = (wide_signed(z, z) >> 62) as i64;
    let far = c[4] + high_signed(z, c[5]);
    let middle = c[2] + high_signed(z, c[3]) + high_signed(square, far);
    let near = c[0] + high_signed(z, c[1]) + high_signed(square, middle);
    z + (high_signed(square, near) >> 7)
}

/// One over each number, in the units that [`series`] wants.
const fn coefficients(inverses: [i64; 6]) -> [i64; 6] {
    let points = [63, 56, 47, 40, 31, 24];
    let mut coefficients = [0; 6];
    let mut k = 0;
    while k < 6 {
        coefficients[k] = ((1i128 << points[k]) / inverses[k] as i128) as i64;
        k += 1;
    }
    coefficients
}

/// The quotient, up to two, by a normalised divisor: 2^-127. It errs by less than 2^-110.
#[inline(always)]
fn quotient(dividend: u128, divisor: u128) -> u128 {
    let (top, low) = (high_of(divisor), divisor as u64);
    // A reciprocal that is never too large, first of 32 bits, then of one step of Newton's iteration: 2^-63 / top.
    let short = (1 << 63) / ((top >> 32) + 1);
    let rest = (1u128 << 95) - wide(short, top);
    let reciprocal = (short << 32) + ((short * (rest >> 34) as u64) >> 29);
    // What the divisor has below its top makes the quotient smaller by two units at most.
    let first = high(high_of(dividend), reciprocal).saturating_sub(2);
    let rest = (dividend >> 1).wrapping_sub(wide(first, top) + u128::from(high(first, low)));
    (u128::from(first) << 64) + (u128::from(high((rest >> 7) as u64, reciprocal)) << 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::{Exact, Finite};
    use crate::testing::Random;
    use crate::x87::transcendental::log::Logarithm;
    use crate::x87::transcendental::{
        atan as full_atan, exp as full_exp, log as full_log, trig as full_trig,
    };

    #[test]
    fn a_quotient_is_good_to_110_bits() {
        let mut random = Random::new();
        for _ in 0..200_000 {
            let mut number =
                || u128::from(random.significand()) << 64 | u128::from(random.bits() & random.bits());
            let (a, b) = (number(), number());
            let found = quotient(a, b);
            // a = found * b / 2^127, compared in units of 2^-127 of a.
            let product = crate::wide::high_product(found, b);
            assert!((a >> 1).abs_diff(product) < 1 << 17, "{a:x} / {b:x}: {found:x}");
        }
    }

    /// A number from `least` up to two to `greatest`.
    fn number(random: &mut Random, least: i32, greatest: i32) -> Finite {
        let exponent = least + random.below((greatest - least) as u64) as i32;
        Finite { negative: random.below(2) == 0, exponent, significand: random.bits() | 1 << 63 }
    }

    /// Whether an estimate is as near to a number as it says.
    fn assert_near(estimate: Option<Estimate>, number: Exact) {
        let Some(Estimate { negative, exponent, significand, error }) = estimate else { return };
        let (places, off) = (number.exponent - exponent, number.significand);
        // The number may lie beyond a power of two, where it counts in other units.
        let distance = match places {
            0 => off.abs_diff(significand),
            1 => (off - (1 << 127)) * 2 + (u128::MAX - significand),
            -1 => (significand - (1 << 127)) + (u128::MAX - off) / 2,
            _ => u128::MAX,
        };
        assert_eq!(negative, number.negative);
        assert!(distance <= error.into(), "{estimate:x?} {number:x?}");
    }

    const CASES: u32 = 100_000;

    #[test]
    fn sines_and_cosines_err_less_than_they_say() {
        let mut random = Random::new();
        for _ in 0..CASES {
            let x = number(&mut random, -20, 40);
            let full = full_trig::reduced(x);
            if let Some(angle) = trig::Angle::of(x) {
                assert_near(angle.turned(0), full.sin());
                assert_near(angle.turned(1), full.cos());
            }
        }
    }

    #[test]
    fn angles_err_less_than_they_say() {
        let mut random = Random::new();
        for _ in 0..CASES {
            let (x, y) = (number(&mut random, -5, 5), number(&mut random, -8, 8));
            assert_near(atan::angle(x, y), full_atan::angle(x, y).negated_if(y.negative));
        }
    }

    #[test]
    fn powers_err_less_than_they_say() {
        let mut random = Random::new();
        for _ in 0..CASES {
            let x = number(&mut random, -16, 0);
            assert_near(exp::exp2_minus_one(x), full_exp::exp2_minus_one(x));
        }
    }

    #[test]
    fn logarithms_err_less_than_they_say() {
        let mut random = Random::new();
        for i in 0..CASES {
            let mut x = Finite { negative: false, ..number(&mut random, -3, 3) };
            if i % 2 == 0 {
                let distance = random.bits() >> 1 >> random.below(60);
                x = if i % 4 == 0 {
                    Finite { exponent: 0, significand: 1 << 63 | distance | 1, ..x }
                } else {
                    Finite { exponent: -1, significand: !distance, ..x }
                };
            }
            if let Logarithm::Wide(log) = full_log::log2(x.exact()) {
                assert_near(log::log2(x.exponent, u128::from(x.significand) << 9), log);
            }
        }
    }
}
