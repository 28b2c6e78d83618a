//! FSIN, FCOS, FSINCOS and FPTAN.

use super::{Estimate, high, high_of, normalised, quotient, wide};
use crate::exact::Finite;
use crate::f80::F80;
use crate::wide::high_product;
use crate::x87::normal;
use crate::x87::transcendental::trig::{HALF_PI, SinCos, Tangent};
use crate::{Outcome, X87Control};

/// FSIN.
#[inline]
pub(in super::super) fn fsin(x: F80, control: X87Control) -> Option<Outcome<F80>> {
    let angle = Angle::of(normal(x)?)?;
    angle.turned(0)?.rounded(control)
}

/// FCOS.
#[inline]
pub(in super::super) fn fcos(x: F80, control: X87Control) -> Option<Outcome<F80>> {
    let angle = Angle::of(normal(x)?)?;
    angle.turned(1)?.rounded(control)
}

/// FSINCOS.
#[inline]
pub(in super::super) fn fsincos(x: F80, control: X87Control) -> Option<Outcome<SinCos>> {
    let (sin, cos) = Angle::of(normal(x)?)?.both()?;
    let (sin, cos) = (sin.rounded(control)?, cos.rounded(control)?);
    Some(sin.map(|sin| SinCos { sin, cos: cos.value }).after(cos.exceptions))
}

/// FPTAN.
#[inline]
pub(in super::super) fn fptan(x: F80, control: X87Control) -> Option<Outcome<Tangent>> {
    let (sin, cos) = Angle::of(normal(x)?)?.both()?;
    let tan = Estimate::new(
        sin.negative != cos.negative,
        sin.exponent - cos.exponent + 1,
        quotient(sin.significand, cos.significand) >> 1,
        // Relative errors add up, and significands differ by less than a factor of two.
        2 * (sin.error + cos.error) + (1 << 18),
    )?;
    Some(tan.rounded(control)?.map(|tan| Tangent { tan, one: F80::ONE }))
}

/// Entries of the table from one to the next: the table is of angles in units of 2^-7.
const STEP: u32 = 7;
/// Up to an eighth of a turn.
const ENTRIES: usize = 102;
/// Two to this is the least exponent of an angle that is not next to the first entry.
const LEAST: i32 = -8;

/// A sine and a cosine: 2^-127.
#[derive(Clone, Copy)]
struct Entry {
    sin: u128,
    cos: u128,
}

static TABLE: [Entry; ENTRIES] = {
    let mut table = [Entry { sin: 0, cos: 0 }; ENTRIES];
    let mut i = 0;
    while i < ENTRIES {
        let angle = (i as u128) << (128 - STEP);
        let square = high_product(angle, angle);
        let sin = high_product(series(square, 1), angle);
        table[i] = Entry { sin, cos: series(square, 0) };
        i += 1;
    }
    table
};

/// The sine of an angle over it, with `odd` one, or its cosine with `odd` zero: 2^-127. `square`: 2^-128.
const fn series(square: u128, odd: u128) -> u128 {
    const ONE: u128 = 1 << 127;
    let mut sum = ONE;
    let mut k = 30;
    while k > 0 {
        sum = ONE - high_product(sum, square) / ((k + odd) * (k + odd - 1));
        k -= 2;
    }
    sum
}

/// An angle as quarter turns, an entry of the table and a distance from it.
pub(super) struct Angle {
    quarters: u32,
    negative: bool,
    /// The entry's place.
    place: usize,
    /// Whether the distance is subtracted.
    back: bool,
    /// The distance: 2^-71.
    distance: u64,
    /// The same normalised and its exponent; only for the first entry.
    small: (u64, i32),
}

impl Angle {
    #[inline(always)]
    pub(super) fn of(x: Finite) -> Option<Self> {
        if x.exponent >= 40 {
            return None;
        }
        if x.exponent < -1 {
            let fixed = if x.exponent >= LEAST {
                u128::from(x.significand) << ((x.exponent - LEAST) & 63)
            } else {
                // Rounded down, which is good enough for the square.
                u128::from(x.significand.checked_shr((LEAST - x.exponent) as u32).unwrap_or(0))
            };
            return Self::near_entry(x.negative, 0, fixed, (x.significand, x.exponent));
        }
        // 2 / pi: 2^-64. What is rounded to the nearest quarter may err where two are all but as near.
        const QUARTERS: u64 = 0xA2F9_836E_4E44_1529;
        let estimate = high(x.significand, QUARTERS) >> 1;
        let quarters = (estimate + (1 << (61 - x.exponent))) >> (62 - x.exponent);
        let value = u128::from(x.significand) << ((x.exponent + 2) & 63);
        let rest = value.wrapping_sub(u128::from(quarters) * HALF_PI) as i128;
        let (negative, rest) = (rest < 0, rest.unsigned_abs());
        // This pi is not quite pi, so sines and cosines of rests from different quarters are not quite the same.
        if rest > HALF_PI / 2 {
            return None;
        }
        let (significand, shift) = normalised(rest as u64);
        let quarters = if x.negative { quarters.wrapping_neg() } else { quarters };
        Self::near_entry(x.negative != negative, quarters as u32, rest << 6, (significand, 63 - 65 - shift))
    }

    /// `fixed`: 2^-71.
    #[inline(always)]
    fn near_entry(negative: bool, quarters: u32, fixed: u128, small: (u64, i32)) -> Option<Self> {
        // To the nearest entry: what is left is a number of 64 bits with a sign.
        let (place, distance) = (high_of(fixed) + (fixed as u64 >> 63), fixed as i64);
        let place = place as usize;
        (place < ENTRIES).then_some(Self {
            quarters,
            negative,
            place,
            back: distance < 0,
            distance: distance.unsigned_abs(),
            small,
        })
    }

    /// The sine of the angle and some quarter turns.
    #[inline(always)]
    pub(super) fn turned(&self, quarters: u32) -> Option<Estimate> {
        let quarters = self.quarters.wrapping_add(quarters);
        let turned = quarters & 2 != 0;
        if quarters & 1 == 0 { self.sin(self.negative != turned) } else { self.cos(turned) }
    }

    /// The sine and the cosine.
    #[inline(always)]
    fn both(&self) -> Option<(Estimate, Estimate)> {
        let quarters = self.quarters;
        // Signs of the sine's and of the cosine's half of the turn.
        let (below, left) = (quarters & 2 != 0, quarters.wrapping_add(1) & 2 != 0);
        if quarters & 1 == 0 {
            Some((self.sin(self.negative != below)?, self.cos(left)?))
        } else {
            Some((self.cos(below)?, self.sin(self.negative != left)?))
        }
    }

    /// `1 - sin(d) / d`: 2^-78. It errs by less than two units, one more when the distance is not exact.
    #[inline(always)]
    fn loss(&self) -> u64 {
        const THIRD: u64 = ((1u128 << 64) / 6) as u64;
        const FIFTH: u64 = (1 << 50) / 120;
        const SEVENTH: u64 = (1 << 36) / 5040;
        let square = high(self.distance, self.distance);
        high(square, THIRD - high(square, FIFTH) + high(high(square, square), SEVENTH))
    }

    /// `1 - cos(d)`: 2^-79. It errs by less than three units.
    #[inline(always)]
    fn versine(&self) -> u64 {
        const SECOND: u64 = (1 << 50) / 12;
        const FOURTH: u64 = (1 << 36) / 360;
        let square = high(self.distance, self.distance);
        square - high(square, high(square, SECOND) - high(high(square, square), FOURTH))
    }

    /// The product of what the sine is multiplied by in the sum of angles, and the sine of the distance: 2^-127.
    #[inline(always)]
    fn across(&self, factor: u128) -> u128 {
        // The distance times the loss: 2^-85.
        let loss = high(self.distance, self.loss());
        let product = wide(high_of(factor), self.distance) + u128::from(high(factor as u64, self.distance));
        (product >> 7) - (u128::from(high(high_of(factor), loss)) << 43)
    }

    /// The product with the cosine of the distance: 2^-127.
    #[inline(always)]
    fn along(&self, factor: u128) -> u128 {
        factor - (wide(high_of(factor), self.versine()) >> 15)
    }

    #[inline(always)]
    fn sin(&self, negative: bool) -> Option<Estimate> {
        if self.place == 0 {
            let (significand, exponent) = self.small;
            let loss = wide(significand, self.loss()) >> 14;
            return Estimate::new(negative, exponent, (u128::from(significand) << 64) - loss, 1 << 51);
        }
        let Entry { sin, cos } = TABLE[self.place];
        let (along, across) = (self.along(sin), self.across(cos));
        Estimate::new(negative, 0, if self.back { along - across } else { along + across }, 1 << 50)
    }

    #[inline(always)]
    fn cos(&self, negative: bool) -> Option<Estimate> {
        let Entry { sin, cos } = TABLE[self.place];
        let (along, across) = (self.along(cos), self.across(sin));
        Estimate::new(negative, 0, if self.back { along + across } else { along - across }, 1 << 50)
    }
}
