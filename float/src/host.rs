//! Short ways through SSE and SSE2 on the host's own single and double precision: the only place that names them.
//!
//! They give what [`crate::sse`] gives, bit for bit and on every host, because of what they leave to it. Rust's `f32` and
//! `f64` are the formats of IEEE 754; `+ - * /`, `sqrt` and the conversions between formats and integers are its operations,
//! rounded to nearest with ties to even, never fused and never kept with more bits [Rust Reference, "Numeric types"; Rust
//! standard library, `f64`]. What the standard leaves open, or a host may do otherwise, is not looked at:
//!
//! - NaNs: an operation with one, or that makes one, is not done here.
//! - Denormals, and whether tininess is found before or after rounding: operands are normal or zero, and a result is zero
//!   only where that is exact, or at least twice the least normal.
//! - Overflow: a result is finite.
//! - Flags: none is read. What is left to raise is PE, and these ways may be taken only where MXCSR has it already, masked
//!   ([`raises_nothing`]), or where the operation is always exact.
//! - Rounding modes: the host's is never changed, and MXCSR asks for the nearest.
//!
//! x86 without SSE2 computes with more bits; there nothing goes this way.

#[cfg_attr(target_arch = "x86_64", path = "host_x86_64.rs")]
#[cfg_attr(not(target_arch = "x86_64"), path = "host_any.rs")]
mod packed;

use crate::sse::{Double, Format, Single};
use crate::{Exceptions, Mxcsr};

/// Whether the host's arithmetic is that of its formats.
const IS_IEEE: bool = cfg!(not(all(target_arch = "x86", not(target_feature = "sse2"))));

/// RC and PM in MXCSR.
const ROUNDING: u32 = 0x6000;
const PRECISION_MASK: u32 = (Exceptions::PRECISION.0 as u32) << 7;
const PRECISION: u32 = Exceptions::PRECISION.0 as u32;

/// Whether a result that is rounded to the nearest, and nothing worse, leaves MXCSR as it is.
#[must_use]
#[inline(always)]
pub const fn raises_nothing(mxcsr: Mxcsr) -> bool {
    mxcsr.0 & (ROUNDING | PRECISION_MASK | PRECISION) == PRECISION_MASK | PRECISION
}

/// Operations on bits. Each gives a result and whether it may be used: where not, the result means nothing. Those that
/// round may only be used where [`raises_nothing`] holds.
pub trait Host: Format {
    /// The bits without the sign, an integer of the order of magnitudes.
    fn twice(x: Self::Bits) -> Self::Bits;
    /// Whether results of ADD, SUB, MUL, DIV and SQRT may be used, however many: from the least of their operands and
    /// themselves, and the greatest of themselves, by [`Host::twice`]. It is a quick test, which zeros fail.
    fn is_ordinary(least: Self::Bits, greatest: Self::Bits) -> bool;
    /// [`Host::is_ordinary`] of sixteen bytes of results and their operands.
    fn are_ordinary(a: [u8; 16], b: [u8; 16], result: [u8; 16]) -> bool;
    /// ADD.
    fn add(a: Self::Bits, b: Self::Bits) -> (Self::Bits, bool);
    /// SUB.
    fn sub(a: Self::Bits, b: Self::Bits) -> (Self::Bits, bool);
    /// MUL.
    fn mul(a: Self::Bits, b: Self::Bits) -> (Self::Bits, bool);
    /// DIV.
    fn div(a: Self::Bits, b: Self::Bits) -> (Self::Bits, bool);
    /// SQRT.
    fn sqrt(x: Self::Bits) -> (Self::Bits, bool);
    /// MIN, exact.
    fn min(a: Self::Bits, b: Self::Bits) -> (Self::Bits, bool);
    /// MAX, exact.
    fn max(a: Self::Bits, b: Self::Bits) -> (Self::Bits, bool);
    /// CMP by predicate 0 to 7, exact.
    fn compare(a: Self::Bits, b: Self::Bits, predicate: u8) -> (Self::Bits, bool);
    /// COMIS and UCOMIS, exact: less, equal.
    fn relate(a: Self::Bits, b: Self::Bits) -> ((bool, bool), bool);
    /// CVT from a doubleword; exact for doubles.
    fn from_i32(value: i32) -> (Self::Bits, bool);
    /// CVTT to a doubleword.
    fn to_i32_truncated(x: Self::Bits) -> (i32, bool);
}

macro_rules! host {
    ($format:ty, $float:ty, $bits:ty, $packed:path) => {
        impl Host for $format {
            #[inline(always)]
            fn twice(x: $bits) -> $bits {
                x << 1
            }
            #[inline(always)]
            fn is_ordinary(least: $bits, greatest: $bits) -> bool {
                const INFINITY: $bits = <$format as Format>::EXPONENT_MAX as $bits * <$format>::UNIT;
                IS_IEEE & (least >= 2 * Self::UNIT) & (greatest < INFINITY)
            }
            #[inline(always)]
            fn are_ordinary(a: [u8; 16], b: [u8; 16], result: [u8; 16]) -> bool {
                $packed(a, b, result)
            }
            #[inline(always)]
            fn add(a: $bits, b: $bits) -> ($bits, bool) {
                let sum = (<$float>::from_bits(a) + <$float>::from_bits(b)).to_bits();
                (
                    sum,
                    <$format>::is_taken(a)
                        & <$format>::is_taken(b)
                        & (<$format>::is_given(sum) | (sum << 1 == 0)),
                )
            }
            #[inline(always)]
            fn sub(a: $bits, b: $bits) -> ($bits, bool) {
                Self::add(a, b ^ <$format>::SIGN)
            }
            #[inline(always)]
            fn mul(a: $bits, b: $bits) -> ($bits, bool) {
                let product = (<$float>::from_bits(a) * <$float>::from_bits(b)).to_bits();
                let exact_zero = (product << 1 == 0) & ((a << 1 == 0) | (b << 1 == 0));
                let usable = <$format>::is_given(product) | exact_zero;
                (product, <$format>::is_taken(a) & <$format>::is_taken(b) & usable)
            }
            #[inline(always)]
            fn div(a: $bits, b: $bits) -> ($bits, bool) {
                let quotient = (<$float>::from_bits(a) / <$float>::from_bits(b)).to_bits();
                let exact_zero = (quotient << 1 == 0) & (a << 1 == 0);
                let usable = <$format>::is_given(quotient) | exact_zero;
                (quotient, <$format>::is_taken(a) & <$format>::is_taken(b) & usable)
            }
            #[inline(always)]
            fn sqrt(x: $bits) -> ($bits, bool) {
                let root = <$float>::from_bits(x).sqrt().to_bits();
                (root, <$format>::is_taken(x) & (<$format>::is_given(root) | (root << 1 == 0)))
            }
            #[inline(always)]
            fn min(a: $bits, b: $bits) -> ($bits, bool) {
                let first = <$float>::from_bits(a) < <$float>::from_bits(b);
                (if first { a } else { b }, <$format>::are_numbers(a, b))
            }
            #[inline(always)]
            fn max(a: $bits, b: $bits) -> ($bits, bool) {
                let first = <$float>::from_bits(a) > <$float>::from_bits(b);
                (if first { a } else { b }, <$format>::are_numbers(a, b))
            }
            #[inline(always)]
            fn compare(a: $bits, b: $bits, predicate: u8) -> ($bits, bool) {
                let ((less, equal), usable) = Self::relate(a, b);
                let holds = (less & (0b0110 >> (predicate & 3) & 1 != 0))
                    | (equal & (0b0101 >> (predicate & 3) & 1 != 0));
                let holds = holds != (predicate & 4 != 0);
                ((holds as $bits).wrapping_neg(), usable)
            }
            #[inline(always)]
            fn relate(a: $bits, b: $bits) -> ((bool, bool), bool) {
                let (x, y) = (<$float>::from_bits(a), <$float>::from_bits(b));
                ((x < y, x == y), <$format>::are_numbers(a, b))
            }
            #[inline(always)]
            fn from_i32(value: i32) -> ($bits, bool) {
                ((value as $float).to_bits(), IS_IEEE)
            }
            #[inline(always)]
            fn to_i32_truncated(x: $bits) -> (i32, bool) {
                let value = <$float>::from_bits(x);
                // Within the range of every format exactly.
                let in_range = (value > -2_147_483_648.0) & (value < 2_147_483_648.0);
                (value as i32, in_range & <$format>::is_taken(x))
            }
        }

        impl $format {
            const SIGN: $bits = 1 << (<$bits>::BITS - 1);
            /// The least exponent, two places left of where it stands: the sign is shifted out.
            const UNIT: $bits = 1 << <$format as Format>::PRECISION;

            /// Neither denormal nor, but for the result to tell, special.
            #[inline(always)]
            fn is_taken(x: $bits) -> bool {
                IS_IEEE & ((x << 1).wrapping_sub(1) >= Self::UNIT - 1)
            }
            /// Finite and at least twice the least normal.
            #[inline(always)]
            fn is_given(x: $bits) -> bool {
                const EXPONENTS: $bits = <$format as Format>::EXPONENT_MAX as $bits - 2;
                (x << 1).wrapping_sub(2 * Self::UNIT) < EXPONENTS * Self::UNIT
            }
            /// Both are normal or zero.
            #[inline(always)]
            fn are_numbers(a: $bits, b: $bits) -> bool {
                const EXPONENTS: $bits = <$format as Format>::EXPONENT_MAX as $bits - 1;
                let is =
                    |x: $bits| ((x << 1).wrapping_sub(Self::UNIT) < EXPONENTS * Self::UNIT) | (x << 1 == 0);
                is(a) & is(b) & IS_IEEE
            }
        }
    };
}

host!(Single, f32, u32, packed::singles);
host!(Double, f64, u64, packed::doubles);

/// CVTSS2SD, exact.
#[must_use]
#[inline(always)]
pub fn widen(x: u32) -> (u64, bool) {
    (f64::from(f32::from_bits(x)).to_bits(), Single::are_numbers(x, x))
}

/// CVTSD2SS.
#[must_use]
#[inline(always)]
pub fn narrow(x: u64) -> (u32, bool) {
    let result = (f64::from_bits(x) as f32).to_bits();
    (result, Double::is_taken(x) & (Single::is_given(result) | (x << 1 == 0)))
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
