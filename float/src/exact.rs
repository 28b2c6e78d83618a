//! Finite results before rounding, and their rounding.

use crate::Rounding;

/// A finite value other than zero: `significand / 2^63 * 2^exponent`, normalised: bit 63 is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finite {
    pub(crate) negative: bool,
    pub(crate) exponent: i32,
    pub(crate) significand: u64,
}

/// An operand: zero has no exponent, so it is apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    Zero(bool),
    Finite(Finite),
}

/// A result before rounding: `significand / 2^127 * 2^exponent`, normalised: bit 127 is set. Bit 0 is sticky: set when
/// anything below it is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exact {
    pub(crate) negative: bool,
    pub(crate) exponent: i32,
    pub(crate) significand: u128,
}

/// A significand rounded to some precision, its leading bit at bit 63.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounded {
    pub(crate) significand: u64,
    /// The leading bit moved up: the exponent is one more.
    pub(crate) carry: bool,
    pub(crate) inexact: bool,
    pub(crate) up: bool,
}

/// More than half of the last place, as the low half of a significand.
const ABOVE_HALF: u64 = 1 << 63 | 1;
/// Exactly half.
const HALF: u64 = 1 << 63;

impl Finite {
    /// From a significand that need not be normalised, but is not zero.
    #[inline]
    pub(crate) const fn normalised(negative: bool, exponent: i32, significand: u64) -> Self {
        let shift = significand.leading_zeros();
        Self { negative, exponent: exponent - shift as i32, significand: significand << shift }
    }

    /// With 64 more bits.
    #[inline]
    pub(crate) const fn exact(self) -> Exact {
        Exact {
            negative: self.negative,
            exponent: self.exponent,
            significand: (self.significand as u128) << 64,
        }
    }

    /// With the other sign when `negate` holds.
    #[inline]
    pub(crate) const fn negated_if(mut self, negate: bool) -> Self {
        self.negative = self.negative != negate;
        self
    }

    /// An integer of the same order as the magnitudes.
    #[inline]
    pub(crate) const fn order(self) -> i128 {
        (self.exponent as i128) << 64 | self.significand as i128
    }

    /// The sum, or `None` when it is zero.
    #[inline]
    pub(crate) fn add(self, other: Self) -> Option<Exact> {
        // Without branches: which one is the larger is hard to predict.
        let (a, b) = (self.order(), other.order());
        let (large, small) = (a.max(b), a.min(b));
        let negative = if a < b { other.negative } else { self.negative };
        let (exponent, apart) = ((large >> 64) as i32, (large >> 64) - (small >> 64));
        // One bit above the larger for the carry.
        let large = (large as u64 as u128) << 63;
        let small = (small as u64 as u128) << 63;
        // Up to 63 places nothing is lost.
        let small = if apart < 64 { small >> (apart as u32 & 63) } else { shift_sticky(small, apart as u32) };
        let negate = u128::from(self.negative != other.negative).wrapping_neg();
        let sum = large.wrapping_add(small ^ negate).wrapping_sub(negate);
        if sum == 0 {
            return None;
        }
        Some(Exact::normalised(negative, exponent + 1, sum))
    }

    /// The product.
    #[inline]
    pub(crate) fn mul(self, other: Self) -> Exact {
        let product = u128::from(self.significand) * u128::from(other.significand);
        Exact::normalised(self.negative != other.negative, self.exponent + other.exponent + 1, product)
    }

    /// The quotient.
    #[inline]
    pub(crate) fn div(self, other: Self) -> Exact {
        let below = self.significand < other.significand;
        // The high half of the dividend must stay below the divisor for the quotient to fit.
        let high = if below { self.significand } else { self.significand >> 1 };
        let low = if below { 0 } else { self.significand << 63 };
        let (quotient, rest) = divide(high, low, other.significand);
        let twice = u128::from(rest) << 1;
        let tail = tail(rest, twice.cmp(&u128::from(other.significand)));
        Exact {
            negative: self.negative != other.negative,
            exponent: self.exponent - other.exponent - i32::from(below),
            significand: u128::from(quotient) << 64 | u128::from(tail),
        }
    }

    /// The square root of the magnitude, when significand and result have at most 30 bits.
    #[inline]
    pub(crate) fn short_sqrt(self) -> Exact {
        let odd = self.exponent & 1;
        let square = self.significand >> (1 - odd);
        let root = square.isqrt();
        let inexact = root * root != square;
        Exact {
            negative: false,
            exponent: (self.exponent - odd) / 2,
            significand: u128::from(root) << 96 | u128::from(inexact),
        }
    }

    /// The square root of the magnitude.
    #[inline]
    pub(crate) fn sqrt(self) -> Exact {
        let odd = self.exponent & 1;
        let square = u128::from(self.significand) << (63 + odd);
        let root = square.isqrt();
        let rest = square - root * root;
        // A root half-way between two integers has no integer square.
        let tail = match (rest, rest > root) {
            (0, _) => 0,
            (_, false) => 1,
            (_, true) => ABOVE_HALF,
        };
        Exact {
            negative: false,
            exponent: (self.exponent - odd) / 2,
            significand: root << 64 | u128::from(tail),
        }
    }
}

impl Exact {
    /// From a significand that need not be normalised, but is not zero.
    #[inline]
    pub(crate) const fn normalised(negative: bool, exponent: i32, significand: u128) -> Self {
        let high = (significand >> 64) as u64;
        // Shifts by less than 64 are the cheaper ones.
        let (shift, significand) = if high != 0 {
            (high.leading_zeros(), significand << (high.leading_zeros() & 63))
        } else {
            let low = significand as u64;
            (64 + low.leading_zeros(), ((low << (low.leading_zeros() & 63)) as u128) << 64)
        };
        Self { negative, exponent: exponent - shift as i32, significand }
    }

    /// Rounds to `precision` bits as if exponents had no bounds.
    #[inline]
    pub(crate) fn round(self, precision: u32, rounding: Rounding) -> Rounded {
        let unit = 1u64 << (64 - precision);
        let mask = !(unit - 1);
        let kept = (self.significand >> 64) as u64 & mask;
        let lost = self.significand & (u128::from(unit - 1) << 64 | u128::from(u64::MAX));
        let half = u128::from(unit) << 63;
        let inexact = lost != 0;
        let up = match rounding {
            Rounding::Nearest => (lost > half) | (lost == half) & (kept & unit != 0),
            Rounding::Down => self.negative && inexact,
            Rounding::Up => !self.negative && inexact,
            Rounding::Zero => false,
        };
        let (sum, carry) = kept.overflowing_add(if up { unit } else { 0 });
        Rounded { significand: sum | u64::from(carry) << 63, carry, inexact, up }
    }

    /// Rounds in a format whose least exponent is `least`: the leading bit of the result may lie lower. `carry` is
    /// never set: where rounding gives the least normal, its leading bit is at bit 63.
    #[inline]
    pub(crate) fn round_denormal(self, least: i32, precision: u32, rounding: Rounding) -> Rounded {
        let significand = shift_sticky(self.significand, least.abs_diff(self.exponent));
        Self { significand, ..self }.round(precision, rounding)
    }
}

/// `value >> count`, with bit 0 set when a bit was lost.
#[inline]
pub(crate) const fn shift_sticky(value: u128, count: u32) -> u128 {
    if count == 0 {
        value
    } else if count < 128 {
        value >> count | (value << (128 - count) != 0) as u128
    } else {
        (value != 0) as u128
    }
}

/// `(high, low) / divisor` and the rest. `divisor` is normalised and greater than `high`. Two digits of 32 bits [Knuth,
/// "The Art of Computer Programming", algorithm 4.3.1 D]: hosts divide 64 bits faster than 128.
#[inline]
pub(crate) fn divide(high: u64, low: u64, divisor: u64) -> (u64, u64) {
    let (first, rest) = digit(high, low >> 32, divisor);
    let (second, rest) = digit(rest, low & 0xFFFF_FFFF, divisor);
    (first << 32 | second, rest)
}

/// One digit of a quotient: `(rest, next) / divisor`.
#[inline]
fn digit(rest: u64, next: u64, divisor: u64) -> (u64, u64) {
    let (top, bottom) = (divisor >> 32, divisor & 0xFFFF_FFFF);
    let mut quotient = rest / top;
    let mut left = rest % top;
    while quotient >> 32 != 0 || quotient * bottom > (left << 32 | next) {
        quotient -= 1;
        left += top;
        if left >> 32 != 0 {
            break;
        }
    }
    let rest = (rest << 32 | next).wrapping_sub(quotient.wrapping_mul(divisor));
    (quotient, rest)
}

/// The low half of a quotient, from the rest of the division and its comparison, doubled, with the divisor.
#[inline]
const fn tail(rest: u64, twice: std::cmp::Ordering) -> u64 {
    match (rest, twice) {
        (0, _) => 0,
        (_, std::cmp::Ordering::Less) => 1,
        (_, std::cmp::Ordering::Equal) => HALF,
        (_, std::cmp::Ordering::Greater) => ABOVE_HALF,
    }
}
