//! Values of 8 and 16 bytes as lanes of 8, 16, 32 or 64 bits, little-endian.
//!
//! They are arrays of bytes, not integers: LLVM makes one vector instruction of a loop over lanes that are loaded from
//! memory and stored to it, but a tangle of shifts of one over parts of an integer.

use super::host;

/// What a register of either kind and any operand fits in.
pub(crate) type Wide = [u8; 16];

/// A packed value.
pub(crate) trait Vector: Copy {
    fn from_wide(value: Wide) -> Self;
    fn to_wide(self) -> Wide;

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
    /// The sum of eight absolute differences, in each quadword.
    fn differences(a: Self, b: Self) -> Self;
}

/// `N` bytes from `at` on. (`array::from_fn` is not always inlined.)
#[inline(always)]
fn part<const N: usize>(value: &[u8], at: usize) -> [u8; N] {
    let mut result = [0; N];
    result.copy_from_slice(&value[at..at + N]);
    result
}

/// The first bytes of a value, and zeros where it has no more.
#[inline(always)]
fn resized<const N: usize>(value: &[u8]) -> [u8; N] {
    let mut result = [0; N];
    let common = if value.len() < N { value.len() } else { N };
    result[..common].copy_from_slice(&value[..common]);
    result
}

/// The quadword in lane `n`.
#[inline(always)]
pub(crate) fn qword(value: Wide, n: usize) -> u64 {
    u64::from_le_bytes(part(&value, 8 * n))
}

/// The doubleword in lane `n`.
#[inline(always)]
pub(crate) fn dword(value: Wide, n: usize) -> u32 {
    u32::from_le_bytes(part(&value, 4 * n))
}

/// The quadword in lane `n`, which is only known now: without an index into the array, which would keep it in memory.
#[inline(always)]
pub(crate) fn chosen(value: Wide, n: usize) -> u64 {
    let (low, high) = (qword(value, 0), qword(value, 1));
    if n & 1 == 0 { low } else { high }
}

/// The doubleword in lane `n`, which is only known now.
#[inline(always)]
pub(crate) fn chosen_dword(value: Wide, n: usize) -> u32 {
    (chosen(value, n >> 1) >> (32 * (n & 1))) as u32
}

/// A value of two quadwords.
#[inline(always)]
pub(crate) fn wide(low: u64, high: u64) -> Wide {
    let mut result = [0; 16];
    put(&mut result, 0, low.to_le_bytes());
    put(&mut result, 1, high.to_le_bytes());
    result
}

/// `value` with lane `n` of `lane.len()` bytes replaced.
#[inline(always)]
pub(crate) fn put<const N: usize>(value: &mut Wide, n: usize, lane: [u8; N]) {
    value[N * n..N * n + N].copy_from_slice(&lane);
}

/// A value of `$count` lanes.
macro_rules! lanes {
    ($t:ty, $lane:ty, $count:expr, |$n:ident| $body:expr) => {{
        const WIDTH: usize = size_of::<$lane>();
        let mut result: $t = [0; size_of::<$t>()];
        for $n in 0..$count {
            let lane: $lane = $body;
            result[WIDTH * $n..WIDTH * $n + WIDTH].copy_from_slice(&lane.to_le_bytes());
        }
        result
    }};
}

/// Lane `$n` of a value as `$lane`.
macro_rules! lane {
    ($value:expr, $lane:ty, $n:expr) => {
        <$lane>::from_le_bytes(part(&$value, size_of::<$lane>() * $n))
    };
}

macro_rules! vector {
    ($bytes:literal) => {
        impl Vector for [u8; $bytes] {
            #[inline(always)]
            fn from_wide(value: Wide) -> Self {
                resized(&value)
            }
            #[inline(always)]
            fn to_wide(self) -> Wide {
                resized(&self)
            }
            #[inline(always)]
            fn bytes(a: Self, b: Self, f: impl Fn(u8, u8) -> u8) -> Self {
                lanes!(Self, u8, $bytes, |n| f(a[n], b[n]))
            }
            #[inline(always)]
            fn words(a: Self, b: Self, f: impl Fn(u16, u16) -> u16) -> Self {
                lanes!(Self, u16, $bytes / 2, |n| f(lane!(a, u16, n), lane!(b, u16, n)))
            }
            #[inline(always)]
            fn dwords(a: Self, b: Self, f: impl Fn(u32, u32) -> u32) -> Self {
                lanes!(Self, u32, $bytes / 4, |n| f(lane!(a, u32, n), lane!(b, u32, n)))
            }
            #[inline(always)]
            fn qwords(a: Self, b: Self, f: impl Fn(u64, u64) -> u64) -> Self {
                lanes!(Self, u64, $bytes / 8, |n| f(lane!(a, u64, n), lane!(b, u64, n)))
            }
            #[inline(always)]
            fn word(self, n: usize) -> u16 {
                let n = n % ($bytes / 2);
                (chosen(self.to_wide(), n / 4) >> (16 * (n % 4))) as u16
            }
            #[inline(always)]
            fn with_word(self, n: usize, word: u16) -> Self {
                let n = n % ($bytes / 2);
                let (at, value) = (16 * (n % 4), self.to_wide());
                let changed = |half: usize| {
                    let (mask, word) = if n / 4 == half { (0xFFFF, u64::from(word)) } else { (0, 0) };
                    qword(value, half) & !(mask << at) | word << at
                };
                Self::from_wide(wide(changed(0), changed(1)))
            }
            #[inline(always)]
            fn byte_signs(self) -> u32 {
                (0..).zip(self).map(|(n, byte)| u32::from(byte >> 7) << n).sum()
            }
            #[inline(always)]
            fn narrow_words(self, other: Self, f: impl Fn(i16) -> u8) -> Self {
                let mut result = self;
                for n in 0..$bytes / 2 {
                    result[n] = f(lane!(self, u16, n) as i16);
                    result[$bytes / 2 + n] = f(lane!(other, u16, n) as i16);
                }
                result
            }
            #[inline(always)]
            fn narrow_dwords(self, other: Self, f: impl Fn(i32) -> u16) -> Self {
                const HALF: usize = $bytes / 4;
                lanes!(Self, u16, $bytes / 2, |n| {
                    let from = if n < HALF { self } else { other };
                    f(lane!(from, u32, n % HALF) as i32)
                })
            }
            #[inline(always)]
            fn interleave<const LANE: usize, const HIGH: bool>(a: Self, b: Self) -> Self {
                if let Some(result) =
                    host::interleave::<LANE>(a.to_wide(), b.to_wide(), if HIGH { $bytes / 16 } else { 0 })
                {
                    let start = if HIGH && $bytes == 8 { 8 } else { 0 };
                    return part(&result, start);
                }
                let start = if HIGH { $bytes / 2 } else { 0 };
                let mut result = a;
                for n in 0..$bytes {
                    let (pair, within) = (n / (2 * LANE), n % (2 * LANE));
                    let at = start + pair * LANE + within % LANE;
                    result[n] = if within < LANE { a[at] } else { b[at] };
                }
                result
            }
            #[inline(always)]
            fn differences(a: Self, b: Self) -> Self {
                if let Some(result) = host::differences(a.to_wide(), b.to_wide()) {
                    return Self::from_wide(result);
                }
                Self::qwords(a, b, |a, b| {
                    let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
                    a.iter().zip(&b).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum()
                })
            }
        }
    };
}

vector!(8);
vector!(16);

#[cfg(test)]
mod tests {
    use super::*;

    fn low(value: u64) -> [u8; 8] {
        value.to_le_bytes()
    }

    #[test]
    fn interleaving_takes_lanes_in_turn() {
        let (a, b) = (low(0x0706_0504_0302_0100), low(0x1716_1514_1312_1110));
        assert_eq!(<[u8; 8]>::interleave::<1, false>(a, b), low(0x1303_1202_1101_1000));
        assert_eq!(<[u8; 8]>::interleave::<2, true>(a, b), low(0x1716_0706_1514_0504));
        assert_eq!(<[u8; 8]>::interleave::<4, true>(a, b), low(0x1716_1514_0706_0504));
    }

    #[test]
    fn interleaving_of_sixteen_bytes_takes_halves() {
        let a: Wide = std::array::from_fn(|n| n as u8);
        let b: Wide = std::array::from_fn(|n| 0x10 + n as u8);
        let by_definition = |lane: usize, start: usize| -> Wide {
            std::array::from_fn(|n| {
                let at = start + n / (2 * lane) * lane + n % lane;
                if (n / lane).is_multiple_of(2) { a[at] } else { b[at] }
            })
        };
        assert_eq!(Wide::interleave::<1, false>(a, b), by_definition(1, 0));
        assert_eq!(Wide::interleave::<2, false>(a, b), by_definition(2, 0));
        assert_eq!(Wide::interleave::<4, false>(a, b), by_definition(4, 0));
        assert_eq!(Wide::interleave::<8, false>(a, b), by_definition(8, 0));
        assert_eq!(Wide::interleave::<1, true>(a, b), by_definition(1, 8));
        assert_eq!(Wide::interleave::<2, true>(a, b), by_definition(2, 8));
        assert_eq!(Wide::interleave::<4, true>(a, b), by_definition(4, 8));
        assert_eq!(Wide::interleave::<8, true>(a, b), by_definition(8, 8));
    }

    #[test]
    fn differences_are_summed_by_quadwords() {
        let a: Wide = std::array::from_fn(|n| (n * 29) as u8);
        let b: Wide = std::array::from_fn(|n| (n * 71 + 200) as u8);
        let sum = |half: usize| (8 * half..8 * half + 8).map(|n| u64::from(a[n].abs_diff(b[n]))).sum();
        assert_eq!(Wide::differences(a, b), wide(sum(0), sum(1)));
        assert_eq!(<[u8; 8]>::differences([255; 8], [0; 8]), low(8 * 255));
    }

    #[test]
    fn narrowing_puts_the_other_operand_high() {
        let packed = low(0x0004_0003_0002_0001).narrow_words(low(0x0008_0007_0006_0005), |w| w as u8);
        assert_eq!(packed, low(0x0807_0605_0403_0201));
        let packed = low(0x0000_0002_0000_0001).narrow_dwords(low(0x0000_0004_0000_0003), |d| d as u16);
        assert_eq!(packed, low(0x0004_0003_0002_0001));
    }
}
