//! FPATAN.

use super::{Estimate, high, high_of, quotient, wide};
use crate::exact::Finite;
use crate::f80::F80;
use crate::wide::high_product;
use crate::x87::normal;
use crate::{Outcome, X87Control};

/// FPATAN.
#[inline]
pub(in super::super) fn fpatan(x: F80, y: F80, control: X87Control) -> Option<Outcome<F80>> {
    angle(normal(x)?, normal(y)?)?.rounded(control)
}

/// The table is of angles whose tangents are in units of 2^-7.
const STEP: u32 = 7;
const ENTRIES: usize = 129;
/// pi: 2^-126.
const PI: u128 = 0xC90F_DAA2_2168_C234_C4C6_628B_80DC_1CD1;

/// Angles: 2^-126.
static TABLE: [u128; ENTRIES] = {
    let mut table = [0; ENTRIES];
    let mut i = 1;
    while i < ENTRIES {
        // From one entry to the next it is the angle whose tangent is 2^7 / (2^14 + i * (i - 1)): 2^-127.
        let tangent = ((1 << 127) / ((1 << (2 * STEP)) + i as u128 * (i as u128 - 1))) << STEP;
        let square = high_product(tangent, tangent) << 2;
        let mut sum = 0;
        let mut k = 11;
        while k > 0 {
            k -= 1;
            sum = (1 << 127) / (2 * k + 1) - high_product(sum, square);
        }
        table[i] = table[i - 1] + high_product(tangent, sum);
        i += 1;
    }
    table
};

/// The angle of the point.
#[inline(always)]
pub(super) fn angle(x: Finite, y: Finite) -> Option<Estimate> {
    let steep = (y.exponent, y.significand) > (x.exponent, x.significand);
    let rest = if steep { Rest::of(y, x)? } else { Rest::of(x, y)? };
    if rest.place == 0 && !steep && !x.negative {
        let loss = wide(high_of(rest.ratio), rest.loss()) >> 14;
        return Estimate::new(y.negative, rest.exponent, rest.ratio - loss, 1 << 51);
    }
    let octant = rest.angle();
    let angle = match (x.negative, steep) {
        (false, false) => octant,
        (false, true) => PI / 2 - octant,
        (true, true) => PI / 2 + octant,
        (true, false) => PI - octant,
    };
    Estimate::new(y.negative, 1, angle, 1 << 43)
}

/// A tangent up to one as an entry of the table and the tangent of the angle from there.
struct Rest {
    /// The entry's place.
    place: usize,
    /// Whether the angle is subtracted.
    back: bool,
    /// The tangent: 2^-127, and a power of two.
    ratio: u128,
    exponent: i32,
}

impl Rest {
    /// `long` is not below `short`.
    #[inline(always)]
    fn of(long: Finite, short: Finite) -> Option<Self> {
        let apart = (long.exponent - short.exponent) as u32;
        let (x, y) = (u128::from(long.significand), u128::from(short.significand));
        if apart > STEP + 1 {
            return Some(Self {
                place: 0,
                back: false,
                ratio: quotient(y << 64, x << 64),
                exponent: -(apart as i32),
            });
        }
        // With c an entry near y / x, what is left is the angle whose tangent is (y - cx) / (x + cy).
        let top = |x: Finite| (x.significand >> 48) as u32;
        let (short, long) = (top(short) << STEP >> apart, top(long));
        let place = (short + long / 2) / long;
        let (above, below) = (apart & 63, (8 - apart) & 63);
        let c = u128::from(place);
        let rest = (y << STEP).wrapping_sub(c * (x << above)) as i128;
        // The dividend is at most little more than half of the divisor, which may lack one bit.
        let dividend = rest.unsigned_abs() << 56 << below;
        let divisor = (x << 63) + ((c * y) << 48 << below);
        let shift = (divisor >> 127 ^ 1) as u32;
        (rest != 0).then(|| Self {
            place: place as usize,
            back: rest < 0,
            ratio: quotient(dividend, divisor << (shift & 1)),
            exponent: shift as i32 - 8,
        })
    }

    /// The tangent: 2^-134. It is at most little more than 2^-8.
    #[inline(always)]
    fn fixed(&self) -> u128 {
        self.ratio >> (-7 - self.exponent).min(127)
    }

    /// `1 - atan(u) / u`: 2^-78. It errs by less than three units.
    #[inline(always)]
    fn loss(&self) -> u64 {
        const THIRD: u64 = ((1u128 << 64) / 3) as u64;
        const FIFTH: u64 = (1 << 50) / 5;
        const SEVENTH: u64 = (1 << 36) / 7;
        const NINTH: u64 = (1 << 22) / 9;
        let tangent = (self.fixed() >> 63) as u64;
        let square = high(tangent, tangent);
        let (near, far) = (THIRD - high(square, FIFTH), SEVENTH - high(square, NINTH));
        high(square, near + high(high(square, square), far))
    }

    /// The whole angle: 2^-126.
    #[inline(always)]
    fn angle(&self) -> u128 {
        let fixed = self.fixed();
        // The tangent times the loss: 2^-85.
        let loss = high((fixed >> 63) as u64, self.loss());
        let rest = (fixed >> 8) - (u128::from(loss) << 41);
        let entry = TABLE[self.place];
        if self.back { entry - rest } else { entry + rest }
    }
}
