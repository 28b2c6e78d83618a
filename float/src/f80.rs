//! The double extended-precision format.

use serde::{Deserialize, Serialize};

/// The bits of a double extended-precision value [SDM 1, "Floating-Point Data Types"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct F80 {
    /// Integer bit and fraction.
    pub significand: u64,
    /// Sign in bit 15, biased exponent below.
    pub sign_exponent: u16,
}

/// What a value is, in the classes of FXAM [SDM 2A, "FXAM"], with the unsupported encodings as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Pseudo-NaN, pseudo-infinity or unnormal: invalid since the 80387 [SDM 1, "Unsupported Double Extended-Precision
    /// Floating-Point Encodings and Pseudo-Denormals"].
    Unsupported,
    /// A NaN, quiet or signalling.
    Nan,
    /// A finite value with integer bit and exponent.
    Normal,
    /// An infinity.
    Infinity,
    /// A zero.
    Zero,
    /// A denormal or pseudo-denormal.
    Denormal,
}

/// The integer bit.
pub(crate) const INTEGER_BIT: u64 = 1 << 63;
/// The bit that makes a NaN quiet.
pub(crate) const QUIET_BIT: u64 = 1 << 62;
/// What is added to an exponent.
pub(crate) const BIAS: i32 = 16383;
/// The exponent of infinities and NaNs.
pub(crate) const EXPONENT_MAX: u16 = 0x7FFF;

impl F80 {
    /// Plus zero.
    pub const ZERO: Self = Self { significand: 0, sign_exponent: 0 };
    /// One.
    pub const ONE: Self = Self { significand: INTEGER_BIT, sign_exponent: 0x3FFF };
    /// Plus infinity.
    pub const INFINITY: Self = Self { significand: INTEGER_BIT, sign_exponent: EXPONENT_MAX };
    /// The real indefinite: the masked response to an invalid operation, stack faults included.
    pub const INDEFINITE: Self = Self { significand: INTEGER_BIT | QUIET_BIT, sign_exponent: 0xFFFF };

    /// From ten bytes of memory.
    #[must_use]
    pub fn from_le_bytes(bytes: [u8; 10]) -> Self {
        let [significand @ .., low, high] = bytes;
        Self { significand: u64::from_le_bytes(significand), sign_exponent: u16::from_le_bytes([low, high]) }
    }

    /// To ten bytes of memory.
    #[must_use]
    pub fn to_le_bytes(self) -> [u8; 10] {
        let [a, b, c, d, e, f, g, h] = self.significand.to_le_bytes();
        let [low, high] = self.sign_exponent.to_le_bytes();
        [a, b, c, d, e, f, g, h, low, high]
    }

    /// The sign bit.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.sign_exponent >> 15 != 0
    }

    /// FABS: the same with the sign bit off.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self { sign_exponent: self.sign_exponent & EXPONENT_MAX, ..self }
    }

    /// FCHS: the same with the other sign bit.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { sign_exponent: self.sign_exponent ^ 0x8000, ..self }
    }

    /// What it is.
    #[must_use]
    #[inline]
    pub const fn class(self) -> Class {
        let integer = self.significand & INTEGER_BIT != 0;
        match (self.sign_exponent & EXPONENT_MAX, integer) {
            (0, _) if self.significand == 0 => Class::Zero,
            (0, _) => Class::Denormal,
            (_, false) => Class::Unsupported,
            (EXPONENT_MAX, true) if self.significand == INTEGER_BIT => Class::Infinity,
            (EXPONENT_MAX, true) => Class::Nan,
            _ => Class::Normal,
        }
    }

    /// Whether it is a NaN (not a pseudo-NaN).
    #[must_use]
    pub const fn is_nan(self) -> bool {
        matches!(self.class(), Class::Nan)
    }

    /// Whether it is a signalling NaN.
    #[must_use]
    pub const fn is_signalling(self) -> bool {
        self.is_nan() && self.significand & QUIET_BIT == 0
    }

    /// A NaN made quiet.
    #[must_use]
    pub(crate) const fn quieted(self) -> Self {
        Self { significand: self.significand | QUIET_BIT, ..self }
    }

    /// The biased exponent.
    #[must_use]
    pub(crate) const fn biased_exponent(self) -> u16 {
        self.sign_exponent & EXPONENT_MAX
    }

    /// `self` with the given sign.
    #[must_use]
    pub(crate) const fn with_sign(self, negative: bool) -> Self {
        let sign_exponent = self.sign_exponent & EXPONENT_MAX | (negative as u16) << 15;
        Self { sign_exponent, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(sign_exponent: u16, significand: u64) -> Class {
        F80 { significand, sign_exponent }.class()
    }

    #[test]
    fn encodings_without_an_integer_bit_are_unsupported() {
        assert_eq!(class(0x7FFF, 1), Class::Unsupported);
        assert_eq!(class(0x7FFF, 0), Class::Unsupported);
        assert_eq!(class(0x8001, 1 << 62), Class::Unsupported);
    }

    #[test]
    fn a_pseudo_denormal_is_a_denormal() {
        assert_eq!(class(0, 1 << 63), Class::Denormal);
        assert_eq!(class(0x8000, 1), Class::Denormal);
    }

    #[test]
    fn bytes_and_back() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        assert_eq!(F80::from_le_bytes(bytes).to_le_bytes(), bytes);
    }
}
