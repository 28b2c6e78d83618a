//! Arithmetic on [`Exact`] values that rounds away what lies beyond their 128 bits: for what has no exact result. Each
//! operation errs by less than 2^-120 of its result.

use crate::exact::Exact;

impl Exact {
    /// A positive constant.
    pub(crate) const fn constant(exponent: i32, significand: u128) -> Self {
        Self { negative: false, exponent, significand }
    }

    /// The product.
    pub(crate) fn wide_mul(self, other: Self) -> Self {
        let product = high_product(self.significand, other.significand);
        Self::normalised(self.negative != other.negative, self.exponent + other.exponent + 1, product)
    }

    /// The product with a positive fixed-point number in units of `2^-point`.
    pub(crate) fn wide_scale(self, factor: u128, point: i32) -> Self {
        let product = high_product(self.significand, factor);
        Self::normalised(self.negative, self.exponent + 128 - point, product)
    }

    /// The quotient.
    pub(crate) fn wide_div(self, other: Self) -> Self {
        let quotient = high_product(self.significand, reciprocal(other.significand));
        let negative = self.negative != other.negative;
        Self::normalised(negative, self.exponent - other.exponent + 1, quotient)
    }

    /// The sum; `None` when it is zero.
    pub(crate) fn wide_add(self, other: Self) -> Option<Self> {
        let smaller = (self.exponent, self.significand) < (other.exponent, other.significand);
        let (large, small) = if smaller { (other, self) } else { (self, other) };
        let a = large.significand >> 1;
        let b = (small.significand >> 1).checked_shr(large.exponent.abs_diff(small.exponent)).unwrap_or(0);
        let sum = if large.negative == small.negative { a + b } else { a - b };
        (sum != 0).then(|| Self::normalised(large.negative, large.exponent + 1, sum))
    }

    /// The magnitude of a value below one, in units of 2^-128.
    pub(crate) fn fraction(self) -> u128 {
        debug_assert!(self.exponent < 0, "below one");
        self.significand.checked_shr((-1 - self.exponent) as u32).unwrap_or(0)
    }

    /// With the other sign when `negate` holds.
    pub(crate) const fn negated_if(mut self, negate: bool) -> Self {
        self.negative = self.negative != negate;
        self
    }

    /// Marked as inexact: every result of a transcendental function is but a few.
    pub(crate) const fn inexact(mut self) -> Self {
        self.significand |= 1;
        self
    }
}

/// The high half of a product of 256 bits.
pub(crate) const fn high_product(a: u128, b: u128) -> u128 {
    const LOW: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let (inner, outer) = (a1 * b0, a0 * b1);
    let carry = (((a0 * b0) >> 64) + (inner & LOW) + (outer & LOW)) >> 64;
    a1 * b1 + (inner >> 64) + (outer >> 64) + carry
}

/// The sum of `coefficients[k] * x^k`, `x` in units of 2^-128. The coefficients do not grow.
pub(crate) fn polynomial(coefficients: &[u128], x: u128) -> u128 {
    let (terms, wide) = reach(coefficients.len(), x);
    let far = coefficients[wide..terms].iter().rev();
    let far = far.fold(0, |sum, &coefficient| top(coefficient) + high_half(sum, top(x)));
    let near = coefficients[..wide].iter().rev();
    near.fold(u128::from(far) << 64, |sum, &coefficient| coefficient + high_product(sum, x))
}

/// The sum of `coefficients[k] * (-x)^k`. The coefficients do not grow.
pub(crate) fn alternating(coefficients: &[u128], x: u128) -> u128 {
    let (terms, wide) = reach(coefficients.len(), x);
    let far = coefficients[wide..terms].iter().rev();
    let far = far.fold(0, |sum, &coefficient| top(coefficient) - high_half(sum, top(x)));
    let near = coefficients[..wide].iter().rev();
    near.fold(u128::from(far) << 64, |sum, &coefficient| coefficient - high_product(sum, x))
}

/// The same of a series of factorials: from `WIDE` on its coefficients are below 2^64.
pub(crate) fn alternating_factorials<const WIDE: usize>(coefficients: &[u128], x: u128) -> u128 {
    let far = coefficients[WIDE..].iter().rev();
    let far = far.fold(0, |sum, &coefficient| coefficient as u64 - high_half(sum, top(x)));
    let near = coefficients[..WIDE].iter().rev();
    near.fold(u128::from(far), |sum, &coefficient| coefficient - high_product(sum, x))
}

/// How many terms of a series in `x` can matter, and how many of them need all bits. A term is below the next power of
/// two of `x` to its number: what is left out is below 2^-126 of the first term, and of what is below 2^-66 of it 64 bits
/// are enough, of which each step loses but one.
fn reach(terms: usize, x: u128) -> (usize, usize) {
    let bits = x.leading_zeros().max(1) as usize;
    let terms = terms.min(126 / bits + 1);
    (terms, terms.min(66 / bits + 1))
}

/// The high half of a number.
fn top(x: u128) -> u64 {
    (x >> 64) as u64
}

/// The high half of a product.
fn high_half(a: u64, b: u64) -> u64 {
    top(u128::from(a) * u128::from(b))
}

/// The reciprocal of a fraction from a half to one, in units of 2^-126: one step of Newton's iteration from 62 bits.
fn reciprocal(fraction: u128) -> u128 {
    const ONE: u128 = 1 << 126;
    let estimate = ((1u128 << 127) / (fraction >> 64)) << 63;
    let product = high_product(fraction, estimate);
    // At most 2^-62, so it can be counted in units of 2^-128.
    let correction = high_product(estimate, product.abs_diff(ONE) << 2);
    if product > ONE { estimate - correction } else { estimate + correction }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Series as they are, term by term in all bits.
    fn in_full(coefficients: &[u128], x: u128, negate: bool) -> u128 {
        coefficients.iter().rev().fold(0, |sum, &coefficient| {
            let rest = high_product(sum, x);
            if negate { coefficient - rest } else { coefficient + rest }
        })
    }

    fn odd_fractions(terms: usize) -> Vec<u128> {
        (0..terms as u128).map(|k| (1 << 126) / (2 * k + 1)).collect()
    }

    #[test]
    fn a_series_cut_short_is_the_series() {
        let mut random = crate::testing::Random::new();
        for _ in 0..100_000 {
            let bits = u128::from(random.bits()) << 64 | u128::from(random.bits());
            // Up to the square of 0.172, and at any distance below.
            let x = ((bits >> 6) * 15 / 8) >> random.below(123);
            for terms in [14, 24] {
                let coefficients = odd_fractions(terms);
                if terms == 14 && x >> 118 != 0 {
                    continue;
                }
                let difference = |sum: u128, negate| sum.abs_diff(in_full(&coefficients, x, negate));
                assert!(difference(polynomial(&coefficients, x), false) < 32, "{x:x}");
                assert!(difference(alternating(&coefficients, x), true) < 32, "{x:x}");
            }
        }
    }

    #[test]
    fn a_series_of_factorials_is_the_series() {
        let mut random = crate::testing::Random::new();
        let mut coefficients = vec![1u128 << 127];
        for k in 1..16 {
            coefficients.push(coefficients[k - 1] / (2 * k * (2 * k - 1)) as u128);
        }
        for _ in 0..100_000 {
            let bits = u128::from(random.bits()) << 64 | u128::from(random.bits());
            let x = (bits / 8 * 5) >> random.below(128);
            let sum = alternating_factorials::<11>(&coefficients, x);
            assert!(sum.abs_diff(in_full(&coefficients, x, true)) < 8, "{x:x}");
        }
    }

    #[test]
    fn a_high_product_carries() {
        assert_eq!(high_product(u128::MAX, u128::MAX), u128::MAX - 1);
        assert_eq!(high_product(1 << 127, 6), 3);
    }

    #[test]
    fn a_reciprocal_is_good_to_120_bits() {
        for fraction in [1u128 << 127, u128::MAX, 0xC90F_DAA2_2168_C234 << 64 | 0x1234, (1 << 127) | 1] {
            let product = high_product(fraction, reciprocal(fraction));
            assert!(product.abs_diff(1 << 126) < 1 << 6, "{fraction:x}");
        }
    }
}
