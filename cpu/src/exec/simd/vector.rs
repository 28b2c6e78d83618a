//! Values of 64 and 128 bits as lanes of 8, 16, 32 or 64.

/// A packed value.
pub(crate) trait Vector: Copy {
    fn from_u128(value: u128) -> Self;
    fn to_u128(self) -> u128;

    fn bytes(a: Self, b: Self, f: impl Fn(u8, u8) -> u8) -> Self;
    fn words(a: Self, b: Self, f: impl Fn(u16, u16) -> u16) -> Self;
    fn dwords(a: Self, b: Self, f: impl Fn(u32, u32) -> u32) -> Self;
    fn qwords(a: Self, b: Self, f: impl Fn(u64, u64) -> u64) -> Self;

    /// The word in lane `n`, modulo the number of lanes.
    fn word(self, n: usize) -> u16;
    /// The same with another word in lane `n`.
    fn with_word(self, n: usize, word: u16) -> Self;
    /// A bit for the sign of each byte.
    fn byte_signs(self) -> u32;

    /// `self` narrowed into the low half, `other` into the high half.
    fn narrow_words(self, other: Self, f: impl Fn(i16) -> u8) -> Self;
    fn narrow_dwords(self, other: Self, f: impl Fn(i32) -> u16) -> Self;

    /// Lanes of `BYTES` bytes from the low (or high) halves of `a` and `b`, in turn.
    fn interleave<const LANE: usize, const HIGH: bool>(a: Self, b: Self) -> Self;
}

macro_rules! vector {
    ($t:ty, $bytes:literal) => {
        impl Vector for $t {
            #[inline(always)]
            fn from_u128(value: u128) -> Self {
                value as $t
            }
            #[inline(always)]
            fn to_u128(self) -> u128 {
                self.into()
            }
            #[inline(always)]
            fn bytes(a: Self, b: Self, f: impl Fn(u8, u8) -> u8) -> Self {
                let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
                Self::from_le_bytes(std::array::from_fn(|n| f(a[n], b[n])))
            }
            #[inline(always)]
            fn words(a: Self, b: Self, f: impl Fn(u16, u16) -> u16) -> Self {
                lanes!($t, u16, $bytes / 2, |n| f(lane!(a, u16, n), lane!(b, u16, n)))
            }
            #[inline(always)]
            fn dwords(a: Self, b: Self, f: impl Fn(u32, u32) -> u32) -> Self {
                lanes!($t, u32, $bytes / 4, |n| f(lane!(a, u32, n), lane!(b, u32, n)))
            }
            #[inline(always)]
            fn qwords(a: Self, b: Self, f: impl Fn(u64, u64) -> u64) -> Self {
                lanes!($t, u64, $bytes / 8, |n| f(lane!(a, u64, n), lane!(b, u64, n)))
            }
            #[inline(always)]
            fn word(self, n: usize) -> u16 {
                lane!(self, u16, n % ($bytes / 2))
            }
            #[inline(always)]
            fn with_word(self, n: usize, word: u16) -> Self {
                let at = 16 * (n % ($bytes / 2));
                self & !(0xFFFF << at) | <$t>::from(word) << at
            }
            #[inline(always)]
            fn byte_signs(self) -> u32 {
                (0..).zip(self.to_le_bytes()).map(|(n, byte)| u32::from(byte >> 7) << n).sum()
            }
            #[inline(always)]
            fn narrow_words(self, other: Self, f: impl Fn(i16) -> u8) -> Self {
                const HALF: usize = $bytes / 2;
                Self::from_le_bytes(std::array::from_fn(|n| {
                    let from = if n < HALF { self } else { other };
                    f(from.word(n) as i16)
                }))
            }
            #[inline(always)]
            fn narrow_dwords(self, other: Self, f: impl Fn(i32) -> u16) -> Self {
                const HALF: usize = $bytes / 4;
                lanes!($t, u16, $bytes / 2, |n| {
                    let from = if n < HALF { self } else { other };
                    f(lane!(from, u32, n % HALF) as i32)
                })
            }
            #[inline(always)]
            fn interleave<const LANE: usize, const HIGH: bool>(a: Self, b: Self) -> Self {
                let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
                let start = if HIGH { $bytes / 2 } else { 0 };
                Self::from_le_bytes(std::array::from_fn(|n| {
                    let (pair, within) = (n / (2 * LANE), n % (2 * LANE));
                    let at = start + pair * LANE + within % LANE;
                    if within < LANE { a[at] } else { b[at] }
                }))
            }
        }
    };
}

/// Lane `$n` of a value as `$lane`.
macro_rules! lane {
    ($value:expr, $lane:ty, $n:expr) => {
        ($value >> ($n * <$lane>::BITS as usize)) as $lane
    };
}

/// A value of `$count` lanes.
macro_rules! lanes {
    ($t:ty, $lane:ty, $count:expr, |$n:ident| $body:expr) => {{
        let mut result: $t = 0;
        for $n in 0..$count {
            result |= <$t>::from($body) << ($n * <$lane>::BITS as usize);
        }
        result
    }};
}

vector!(u64, 8);
vector!(u128, 16);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interleaving_takes_lanes_in_turn() {
        let (a, b) = (0x0706_0504_0302_0100u64, 0x1716_1514_1312_1110u64);
        assert_eq!(u64::interleave::<1, false>(a, b), 0x1303_1202_1101_1000);
        assert_eq!(u64::interleave::<2, true>(a, b), 0x1716_0706_1514_0504);
    }

    #[test]
    fn narrowing_puts_the_other_operand_high() {
        let packed = 0x0004_0003_0002_0001u64.narrow_words(0x0008_0007_0006_0005, |w| w as u8);
        assert_eq!(packed, 0x0807_0605_0403_0201);
        let packed = 0x0000_0002_0000_0001u64.narrow_dwords(0x0000_0004_0000_0003, |d| d as u16);
        assert_eq!(packed, 0x0004_0003_0002_0001);
    }
}
