//! FILD, FIST, FISTTP, FBLD, FBSTP and FRNDINT.

use super::round::pack;
use super::{denormal, finite, operand, reject_one};
use crate::exact::{Finite, Operand, shift_sticky};
use crate::f80::{BIAS, Class, F80};
use crate::{Exceptions, Outcome, Rounding, X87Control};

/// FILD m16 [SDM 2A, "FILD"].
#[must_use]
#[inline]
pub fn from_i16(value: i16) -> F80 {
    from_i64(value.into())
}

/// FILD m32 [SDM 2A, "FILD"].
#[must_use]
#[inline]
pub fn from_i32(value: i32) -> F80 {
    from_i64(value.into())
}

/// FILD m64 [SDM 2A, "FILD"].
#[must_use]
#[inline]
pub fn from_i64(value: i64) -> F80 {
    from_magnitude(value < 0, value.unsigned_abs())
}

/// FIST m16 [SDM 2A, "FIST/FISTP"].
#[must_use]
pub fn to_i16(x: F80, control: X87Control) -> Outcome<i16> {
    narrow(x, 15, control.rounding(), control).map(|value| value as i16)
}

/// FIST m32 [SDM 2A, "FIST/FISTP"].
#[must_use]
pub fn to_i32(x: F80, control: X87Control) -> Outcome<i32> {
    narrow(x, 31, control.rounding(), control).map(|value| value as i32)
}

/// FISTP m64 [SDM 2A, "FIST/FISTP"].
#[must_use]
pub fn to_i64(x: F80, control: X87Control) -> Outcome<i64> {
    narrow(x, 63, control.rounding(), control)
}

/// FISTTP m16 [SDM 2A, "FISTTP"].
#[must_use]
pub fn to_i16_truncated(x: F80, control: X87Control) -> Outcome<i16> {
    narrow(x, 15, Rounding::Zero, control).map(|value| value as i16)
}

/// FISTTP m32 [SDM 2A, "FISTTP"].
#[must_use]
pub fn to_i32_truncated(x: F80, control: X87Control) -> Outcome<i32> {
    narrow(x, 31, Rounding::Zero, control).map(|value| value as i32)
}

/// FISTTP m64 [SDM 2A, "FISTTP"].
#[must_use]
pub fn to_i64_truncated(x: F80, control: X87Control) -> Outcome<i64> {
    narrow(x, 63, Rounding::Zero, control)
}

/// FRNDINT [SDM 2A, "FRNDINT"].
#[must_use]
pub fn round_to_integer(x: F80, control: X87Control) -> Outcome<F80> {
    if let Some(outcome) = reject_one(x, control) {
        return outcome;
    }
    let denormal = denormal(x, x);
    let Some(number) = finite(x).filter(|number| number.exponent < 63) else {
        return Outcome::exact(x);
    };
    if !control.unmasked(denormal).is_empty() {
        return Outcome::flagged(x, denormal, control);
    }
    integral(number, control.rounding())
        .map(|magnitude| from_magnitude(number.negative, magnitude as u64).with_sign(number.negative))
        .after(denormal)
}

/// The least magnitude with 19 decimal digits: too large for packed BCD.
const BCD_END: u128 = 1_000_000_000_000_000_000;
/// The packed BCD indefinite [SDM 1, "BCD and Packed BCD Integers"].
const BCD_INDEFINITE: [u8; 10] = [0, 0, 0, 0, 0, 0, 0, 0xC0, 0xFF, 0xFF];

/// FBLD [SDM 2A, "FBLD"]. A nibble above nine counts as what it says, as on hardware.
#[must_use]
pub fn from_bcd(bytes: [u8; 10]) -> F80 {
    let [digits @ .., sign] = bytes;
    let value = digits.iter().rev().fold(0u64, |value, byte| {
        let (tens, ones) = (u64::from(byte >> 4), u64::from(byte & 0xF));
        value.wrapping_mul(100).wrapping_add(tens * 10 + ones)
    });
    from_magnitude(sign & 0x80 != 0, value).with_sign(sign & 0x80 != 0)
}

/// FBSTP [SDM 2A, "FBSTP"].
#[must_use]
pub fn to_bcd(x: F80, control: X87Control) -> Outcome<[u8; 10]> {
    match to_magnitude(x, control.rounding()) {
        Some(outcome) if outcome.value < BCD_END => outcome.map(|magnitude| {
            let mut bytes = [0; 10];
            let mut left = magnitude as u64;
            for byte in &mut bytes[..9] {
                let pair = (left % 100) as u8;
                *byte = ((pair / 10) << 4) | (pair % 10);
                left /= 100;
            }
            bytes[9] = u8::from(x.is_negative()) << 7;
            bytes
        }),
        _ => Outcome::flagged(BCD_INDEFINITE, Exceptions::INVALID, control),
    }
}

#[inline]
fn from_magnitude(negative: bool, magnitude: u64) -> F80 {
    if magnitude == 0 {
        return F80::ZERO;
    }
    let number = Finite::normalised(negative, 63, magnitude);
    pack(negative, number.exponent, number.significand)
}

/// A signed integer of `bits` bits and a sign, or the integer indefinite.
#[inline]
fn narrow(x: F80, bits: u32, rounding: Rounding, control: X87Control) -> Outcome<i64> {
    let negative = x.is_negative();
    let end = (1u128 << bits) + u128::from(negative);
    match to_magnitude(x, rounding) {
        Some(outcome) if outcome.value < end => outcome.map(|magnitude| {
            let value = magnitude as i64;
            if negative { value.wrapping_neg() } else { value }
        }),
        _ => Outcome::flagged(i64::MIN >> (63 - bits), Exceptions::INVALID, control),
    }
}

/// The magnitude as an integer; `None` for what is no number or has more than 64 bits.
#[inline]
fn to_magnitude(x: F80, rounding: Rounding) -> Option<Outcome<u128>> {
    if !matches!(x.class(), Class::Normal | Class::Denormal | Class::Zero) {
        return None;
    }
    match operand(x) {
        Operand::Zero(_) => Some(Outcome::exact(0)),
        Operand::Finite(number) if number.exponent > 63 => None,
        Operand::Finite(number) => Some(integral(number, rounding)),
    }
}

/// The magnitude of a number below 2^64, rounded to an integer.
#[inline]
pub(crate) fn integral(x: Finite, rounding: Rounding) -> Outcome<u128> {
    debug_assert!(x.exponent < 64 && x.exponent > -BIAS * 2, "the caller looks");
    let shifted = shift_sticky(u128::from(x.significand) << 64, (63 - x.exponent) as u32);
    let (whole, fraction) = (shifted >> 64, shifted as u64);
    let inexact = fraction != 0;
    let up = match rounding {
        Rounding::Nearest => (fraction > 1 << 63) | (fraction == 1 << 63) & (whole & 1 != 0),
        Rounding::Down => x.negative && inexact,
        Rounding::Up => !x.negative && inexact,
        Rounding::Zero => false,
    };
    Outcome {
        value: whole + u128::from(up),
        exceptions: Exceptions::PRECISION.when(inexact),
        rounded_up: up,
        store: true,
        incomplete: false,
    }
}
