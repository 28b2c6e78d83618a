//! Single and double precision.

use std::fmt::Debug;

mod sealed {
    pub trait Sealed {}
}

/// Single precision, in 32 bits.
#[derive(Clone, Copy, Debug)]
pub enum Single {}

/// Double precision, in 64 bits.
#[derive(Clone, Copy, Debug)]
pub enum Double {}

/// A format of memory and of the XMM registers [SDM 1, "Floating-Point Data Types"].
pub trait Format: sealed::Sealed {
    /// Its bits.
    type Bits: Copy + Debug + Default + Ord + Into<u64>;
    /// Bits of the significand, the integer bit included.
    const PRECISION: u32;
    /// Bits of the exponent.
    const EXPONENT_BITS: u32;
    /// The default NaN: quiet and negative.
    const INDEFINITE: Self::Bits;
    /// Exponent of the greatest finite values, which is the bias as well.
    const GREATEST: i32 = (1 << (Self::EXPONENT_BITS - 1)) - 1;
    /// Exponent of the least normal.
    const LEAST: i32 = 1 - Self::GREATEST;
    /// Biased exponent of infinities and NaNs.
    const EXPONENT_MAX: i32 = (1 << Self::EXPONENT_BITS) - 1;

    /// The low bits of `bits`.
    fn from_u64(bits: u64) -> Self::Bits;

    /// From sign, biased exponent and a significand with its integer bit at bit 63. Without the integer bit it is a
    /// denormal or zero, whatever the exponent.
    #[inline]
    #[must_use]
    fn assemble(negative: bool, biased: i32, significand: u64) -> Self::Bits {
        let fraction_bits = Self::PRECISION - 1;
        let biased = if significand >> 63 == 0 { 0 } else { biased as u64 };
        let sign = u64::from(negative) << (Self::EXPONENT_BITS + fraction_bits);
        Self::from_u64(sign | biased << fraction_bits | significand << 1 >> (64 - fraction_bits))
    }

    /// The masked response to overflow: infinity, or the greatest finite value.
    #[inline]
    #[must_use]
    fn overflowed(negative: bool, to_infinity: bool) -> Self::Bits {
        if to_infinity {
            Self::assemble(negative, Self::EXPONENT_MAX, 1 << 63)
        } else {
            Self::assemble(negative, Self::EXPONENT_MAX - 1, !0)
        }
    }

    /// The sign bit.
    #[inline]
    #[must_use]
    fn is_negative(bits: Self::Bits) -> bool {
        bits.into() >> (Self::EXPONENT_BITS + Self::PRECISION - 1) != 0
    }

    /// The biased exponent.
    #[inline]
    #[must_use]
    fn biased_exponent(bits: Self::Bits) -> i32 {
        (bits.into() >> (Self::PRECISION - 1)) as i32 & Self::EXPONENT_MAX
    }

    /// The bits below the exponent.
    #[inline]
    #[must_use]
    fn fraction(bits: Self::Bits) -> u64 {
        bits.into() & ((1 << (Self::PRECISION - 1)) - 1)
    }

    /// Whether it is a NaN.
    #[inline]
    #[must_use]
    fn is_nan(bits: Self::Bits) -> bool {
        Self::biased_exponent(bits) == Self::EXPONENT_MAX && Self::fraction(bits) != 0
    }

    /// Whether it is a signalling NaN.
    #[inline]
    #[must_use]
    fn is_signalling(bits: Self::Bits) -> bool {
        Self::is_nan(bits) && bits.into() >> (Self::PRECISION - 2) & 1 == 0
    }

    /// Whether it is a denormal.
    #[inline]
    #[must_use]
    fn is_denormal(bits: Self::Bits) -> bool {
        Self::biased_exponent(bits) == 0 && Self::fraction(bits) != 0
    }

    /// A NaN made quiet.
    #[inline]
    #[must_use]
    fn quieted(bits: Self::Bits) -> Self::Bits {
        Self::from_u64(bits.into() | 1 << (Self::PRECISION - 2))
    }

    /// A zero.
    #[inline]
    #[must_use]
    fn zero(negative: bool) -> Self::Bits {
        Self::assemble(negative, 0, 0)
    }
}

impl sealed::Sealed for Single {}
impl Format for Single {
    type Bits = u32;
    const PRECISION: u32 = 24;
    const EXPONENT_BITS: u32 = 8;
    const INDEFINITE: u32 = 0xFFC0_0000;

    #[inline]
    fn from_u64(bits: u64) -> u32 {
        bits as u32
    }
}

impl sealed::Sealed for Double {}
impl Format for Double {
    type Bits = u64;
    const PRECISION: u32 = 53;
    const EXPONENT_BITS: u32 = 11;
    const INDEFINITE: u64 = 0xFFF8_0000_0000_0000;

    #[inline]
    fn from_u64(bits: u64) -> u64 {
        bits
    }
}
