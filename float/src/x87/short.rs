//! Short ways for what nearly every instruction is: normal operands, a normal result, 64 bits of precision, rounding to
//! nearest, inexactness masked.
//!
//! Each gives what the operation of the same name gives, or nothing: then that one must be asked. None of them calls a
//! function, so that a processor can take them into an instruction's handler.

use super::Relation;
use crate::exact::divide;
use crate::f80::F80;
use crate::sse::Format;
use crate::{Exceptions, X87Control};

/// A result and what it does to the status word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quick<T> {
    /// The result; it is always stored.
    pub value: T,
    /// PE and C1 as they stand in the status word. C1 is cleared where it is not set here.
    pub status: u16,
}

/// RC, PC and PM of the control word.
const ROUNDING: u16 = 0x0C00;
const PRECISION: u16 = 0x0300;
const PRECISION_MASK: u16 = Exceptions::PRECISION.0 as u16;
/// The middle of the low half of a result.
const HALF: u64 = 1 << 63;
const BIAS: u32 = 0x3FFF;

/// Whether the control word is one that arithmetic has short ways for.
#[must_use]
#[inline(always)]
pub const fn is_usual(control: X87Control) -> bool {
    control.0 & (ROUNDING | PRECISION | PRECISION_MASK) == PRECISION | PRECISION_MASK
}

/// The same for what precision control says nothing of.
#[must_use]
#[inline(always)]
pub const fn rounds_to_nearest(control: X87Control) -> bool {
    control.0 & (ROUNDING | PRECISION_MASK) == PRECISION_MASK
}

/// Whether it is one under which integers are stored toward zero, inexactness masked.
#[must_use]
#[inline(always)]
pub const fn truncates(control: X87Control) -> bool {
    control.0 & (ROUNDING | PRECISION_MASK) == ROUNDING | PRECISION_MASK
}

/// FADD.
#[must_use]
#[inline(always)]
pub fn add(a: F80, b: F80) -> Option<Quick<F80>> {
    if !(are_normal(a, b)) {
        return None;
    }
    let (ea, eb) = (exponent(a), exponent(b));
    let below = (ea, a.significand) < (eb, b.significand);
    let (large, small) = if below { (b, a) } else { (a, b) };
    let apart = ea.abs_diff(eb);
    if apart > 63 {
        return None;
    }
    // One bit above the larger for the carry; up to 63 places nothing is lost below.
    let shifted = wide(small.significand >> 1 >> apart, small.significand << (63 - apart));
    let negate = u128::from((a.sign_exponent ^ b.sign_exponent) >> 15).wrapping_neg();
    let sum = wide(large.significand >> 1, large.significand << 63)
        .wrapping_add(shifted ^ negate)
        .wrapping_sub(negate);
    let (high, low) = ((sum >> 64) as u64, sum as u64);
    if high == 0 {
        return None;
    }
    let shift = high.leading_zeros();
    let high = high << shift | low >> 1 >> (63 - shift);
    round(large.sign_exponent, (exponent(large) + 1).wrapping_sub(shift), high, low << shift)
}

/// FSUB.
#[must_use]
#[inline(always)]
pub fn sub(a: F80, b: F80) -> Option<Quick<F80>> {
    add(a, b.negated())
}

/// FMUL.
#[must_use]
#[inline(always)]
pub fn mul(a: F80, b: F80) -> Option<Quick<F80>> {
    if !(are_normal(a, b)) {
        return None;
    }
    let product = u128::from(a.significand) * u128::from(b.significand);
    let (high, low) = ((product >> 64) as u64, product as u64);
    let shift = (high >> 63 ^ 1) as u32;
    let high = high << shift | low >> 63 & u64::from(shift);
    let exponent = (exponent(a) + exponent(b) + 1).wrapping_sub(BIAS + shift);
    round(a.sign_exponent ^ b.sign_exponent, exponent, high, low << shift)
}

/// FDIV.
#[must_use]
#[inline(always)]
pub fn div(a: F80, b: F80) -> Option<Quick<F80>> {
    if !(are_normal(a, b)) {
        return None;
    }
    let below = a.significand < b.significand;
    let high = if below { a.significand } else { a.significand >> 1 };
    let low = if below { 0 } else { a.significand << 63 };
    let (quotient, rest) = divide(high, low, b.significand);
    // Never a tie: a quotient of 65 bits that ends in a one would need a longer dividend.
    let above = u64::from(rest > b.significand - rest) << 63;
    let exponent = (exponent(a) + BIAS).wrapping_sub(exponent(b) + u32::from(below));
    round(a.sign_exponent ^ b.sign_exponent, exponent, quotient, above | u64::from(rest != 0))
}

/// FCOM, FUCOM and their like.
#[must_use]
#[inline(always)]
pub fn compare(a: F80, b: F80) -> Option<Relation> {
    if !(is_plain(a) && is_plain(b)) {
        return None;
    }
    let (x, y) = (order(a), order(b));
    Some(match x.cmp(&y) {
        std::cmp::Ordering::Less => Relation::Less,
        std::cmp::Ordering::Equal => Relation::Equal,
        std::cmp::Ordering::Greater => Relation::Greater,
    })
}

/// FLD of a number in memory: normal or zero.
#[must_use]
#[inline(always)]
pub fn load<F: Format>(bits: F::Bits) -> Option<F80> {
    let bits: u64 = bits.into();
    let fraction_bits = F::PRECISION - 1;
    let sign = (bits >> (fraction_bits + F::EXPONENT_BITS) << 15) as u16;
    let biased = (bits >> fraction_bits) as u32 & F::EXPONENT_MAX as u32;
    let fraction = bits << (64 - fraction_bits) >> 1;
    if biased.wrapping_sub(1) < F::EXPONENT_MAX as u32 - 1 {
        let exponent = (biased + BIAS - F::GREATEST as u32) as u16;
        return Some(F80 { significand: HALF | fraction, sign_exponent: sign | exponent });
    }
    (biased == 0 && fraction == 0).then_some(F80 { significand: 0, sign_exponent: sign })
}

/// FST of a normal that stays one, or of zero.
#[must_use]
#[inline(always)]
pub fn store<F: Format>(x: F80) -> Option<Quick<u64>> {
    let fraction_bits = F::PRECISION - 1;
    let lost_bits = 64 - F::PRECISION;
    let sign = u64::from(x.sign_exponent >> 15) << (fraction_bits + F::EXPONENT_BITS);
    let biased = exponent(x).wrapping_sub(BIAS - F::GREATEST as u32);
    let lost = x.significand & ((1 << lost_bits) - 1);
    let odd = x.significand >> lost_bits & 1;
    let up = (lost + (1 << (lost_bits - 1)) - 1 + odd) >> lost_bits;
    // A carry out of the fraction raises the exponent.
    let rounded = (u64::from(biased) << fraction_bits)
        .wrapping_add((x.significand & !HALF) >> lost_bits)
        .wrapping_add(up);
    let in_range = rounded.wrapping_sub(1 << fraction_bits) < (F::EXPONENT_MAX as u64 - 1) << fraction_bits;
    // Before rounding it must be in range too: what only rounding makes a normal is tiny.
    if in_range && biased.wrapping_sub(1) < F::EXPONENT_MAX as u32 - 1 && x.significand >> 63 != 0 {
        return Some(Quick { value: sign | rounded, status: status(lost != 0, up != 0) });
    }
    is_zero(x).then_some(Quick { value: sign, status: 0 })
}

/// FIST: an integer of `bits` bits and a sign.
#[must_use]
#[inline(always)]
pub fn store_integer(x: F80, bits: u32, truncate: bool) -> Option<Quick<i64>> {
    // From 1 up to 2^(bits - 1), so that rounding stays in range: places are from 2 to 63.
    let places = (BIAS + 63).wrapping_sub(exponent(x));
    if places.wrapping_sub(65 - bits) > bits - 2 || x.significand >> 63 == 0 {
        return is_zero(x).then_some(Quick { value: 0, status: 0 });
    }
    let (whole, lost) = (x.significand >> places, x.significand << (64 - places));
    let up = !truncate & lost.overflowing_add(HALF - 1 + (whole & 1)).1;
    let magnitude = (whole + u64::from(up)) as i64;
    let sign = -i64::from(x.sign_exponent >> 15);
    Some(Quick { value: (magnitude ^ sign) - sign, status: status(lost != 0, up) })
}

#[inline(always)]
fn wide(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

#[inline(always)]
fn exponent(x: F80) -> u32 {
    u32::from(x.sign_exponent & 0x7FFF)
}

/// Neither special nor denormal nor zero.
#[inline(always)]
fn are_normal(a: F80, b: F80) -> bool {
    // One more than an exponent of all zeros or all ones has none of these bits.
    let ordinary = |x: F80| (u32::from(x.sign_exponent) + 1) & 0x7FFE != 0;
    ordinary(a) && ordinary(b) && (a.significand & b.significand) >> 63 != 0
}

#[inline(always)]
fn is_zero(x: F80) -> bool {
    exponent(x) == 0 && x.significand == 0
}

/// A normal or zero.
#[inline(always)]
fn is_plain(x: F80) -> bool {
    are_normal(x, x) || is_zero(x)
}

/// A number as an integer of the same order, with one zero.
#[inline(always)]
fn order(x: F80) -> i128 {
    let magnitude = wide(u64::from(exponent(x)), x.significand) as i128;
    if x.sign_exponent >> 15 != 0 { -magnitude } else { magnitude }
}

#[inline(always)]
fn status(inexact: bool, up: bool) -> u16 {
    u16::from(inexact) << 5 | u16::from(up) << 9
}

/// Rounds `high` by what lies below it; the exponent is biased.
#[inline(always)]
fn round(sign: u16, exponent: u32, high: u64, low: u64) -> Option<Quick<F80>> {
    let up = low.overflowing_add(HALF - 1 + (high & 1)).1;
    let (significand, carry) = high.overflowing_add(u64::from(up));
    let significand = significand | u64::from(carry) << 63;
    let exponent = exponent.wrapping_add(u32::from(carry));
    if exponent.wrapping_sub(1) >= 0x7FFE {
        return None;
    }
    let value = F80 { significand, sign_exponent: sign & 0x8000 | exponent as u16 };
    Some(Quick { value, status: status(low != 0, up) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sse::{Double, Single};
    use crate::testing::Random;
    use crate::{Outcome, x87};

    const CASES: u32 = 400_000;
    const USUAL: X87Control = X87Control(0x037F);

    /// Operands at which a short way may go wrong: exponents at their bounds or a little apart, significands of few ones.
    fn edge(random: &mut Random, near: u16) -> F80 {
        let significand = match random.below(8) {
            0 => random.bits(),
            1 => !0 << random.below(64),
            2 => 1 << 63 | 1 << random.below(64),
            3 => !0 >> random.below(2) ^ 1 << random.below(64),
            4 => 1 << 63 | (random.bits() & 3) << random.below(62),
            _ => random.significand(),
        };
        let exponent = match random.below(10) {
            0 => [0, 1, 2, 0x7FFD, 0x7FFE, 0x7FFF][random.below(6) as usize],
            1 => random.bits() as u16,
            2 => 0x3FFF - 1075 + random.below(60) as u16,
            3 => 0x3FFF + 1020 + random.below(6) as u16,
            4 => 0x3FFF - 150 + random.below(30) as u16,
            5 => 0x3FFF + 125 + random.below(5) as u16,
            6 => 0x3FFF - 2 + random.below(68) as u16,
            _ => near.wrapping_sub(68).wrapping_add(random.below(137) as u16),
        };
        let significand = if random.below(40) == 0 { 0 } else { significand };
        F80 { significand, sign_exponent: exponent }.with_sign(random.below(2) == 0)
    }

    fn same<T: PartialEq + std::fmt::Debug>(quick: Option<Quick<T>>, outcome: Outcome<T>, of: &str) -> u32 {
        let Some(quick) = quick else { return 0 };
        let c1 = if outcome.rounded_up { 1 << 9 } else { 0 };
        assert_eq!(quick.value, outcome.value, "{of}");
        assert_eq!(quick.status, u16::from(outcome.exceptions.0) | c1, "{of}");
        assert!(outcome.store, "{of}");
        1
    }

    #[test]
    fn short_arithmetic_is_the_arithmetic() {
        let mut random = Random::new();
        let mut taken = 0;
        for _ in 0..CASES {
            // Any masks but that of precision, and any bits that mean nothing.
            let control = X87Control(random.bits() as u16 & !0x0F00 | 0x0320);
            assert!(is_usual(control));
            let a = edge(&mut random, 0x3FFF);
            let b = edge(&mut random, a.sign_exponent & 0x7FFF);
            taken += same(add(a, b), x87::add(a, b, control), &format!("{a:x?} + {b:x?}"));
            taken += same(sub(a, b), x87::sub(a, b, control), &format!("{a:x?} - {b:x?}"));
            taken += same(mul(a, b), x87::mul(a, b, control), &format!("{a:x?} * {b:x?}"));
            taken += same(div(a, b), x87::div(a, b, control), &format!("{a:x?} / {b:x?}"));
        }
        assert!(taken > CASES * 3 / 2, "{taken}");
    }

    #[test]
    fn short_comparison_is_the_comparison() {
        let mut random = Random::new();
        let mut taken = 0;
        for _ in 0..CASES {
            let a = edge(&mut random, 0x3FFF);
            let b = match random.below(4) {
                0 => a,
                1 => a.negated(),
                2 => F80 { significand: a.significand ^ 1 << random.below(64), ..a },
                _ => edge(&mut random, a.sign_exponent & 0x7FFF),
            };
            let Some(relation) = compare(a, b) else { continue };
            taken += 1;
            assert_eq!(x87::compare(a, b, X87Control(0)), Outcome::exact(relation), "{a:x?} {b:x?}");
            assert_eq!(x87::compare_unordered(a, b, X87Control(0)), Outcome::exact(relation));
        }
        assert!(taken > CASES / 2, "{taken}");
    }

    #[test]
    fn short_stores_are_the_stores() {
        let mut random = Random::new();
        let mut taken = 0;
        for _ in 0..CASES {
            let control = X87Control(random.bits() as u16 & !0x0C00 | 0x0020);
            assert!(rounds_to_nearest(control));
            let x = edge(&mut random, 0x3FFF);
            let of = format!("{x:x?}");
            taken += same(store::<Double>(x), x87::to_f64(x, control), &of);
            taken += same(store::<Single>(x), x87::to_f32(x, control).map(u64::from), &of);
            taken += same(store_integer(x, 15, false), x87::to_i16(x, control).map(i64::from), &of);
            taken += same(store_integer(x, 31, false), x87::to_i32(x, control).map(i64::from), &of);
            taken += same(store_integer(x, 63, false), x87::to_i64(x, control), &of);
            taken += same(store_integer(x, 31, true), x87::to_i32_truncated(x, control).map(i64::from), &of);
            let toward_zero = X87Control(control.0 | ROUNDING);
            assert!(truncates(toward_zero) && !truncates(control));
            same(store_integer(x, 15, true), x87::to_i16(x, toward_zero).map(i64::from), &of);
            same(store_integer(x, 31, true), x87::to_i32(x, toward_zero).map(i64::from), &of);
            same(store_integer(x, 63, true), x87::to_i64(x, toward_zero), &of);
            taken += same(store_integer(x, 63, true), x87::to_i64_truncated(x, control), &of);
        }
        assert!(taken > CASES, "{taken}");
    }

    #[test]
    fn short_loads_are_the_loads() {
        let mut random = Random::new();
        for _ in 0..CASES {
            let (wide, narrow) = (random.double(), random.single());
            if let Some(value) = load::<Double>(wide) {
                assert_eq!(x87::from_f64(wide, USUAL), Outcome::exact(value));
                assert_eq!(x87::operand_f64(wide), x87::MemoryOperand { value, denormal: false });
            }
            if let Some(value) = load::<Single>(narrow) {
                assert_eq!(x87::from_f32(narrow, USUAL), Outcome::exact(value));
            }
        }
        assert_eq!(load::<Double>(1 << 63), Some(F80::ZERO.negated()));
    }
}
