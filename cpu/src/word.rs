//! Operand widths as types: one semantic function serves 8, 16, 32 and 64 bits.

/// What an operand takes in memory.
pub trait Bytes: 'static {
    /// Bytes.
    const BYTES: u64;
    /// The alignment that #AC asks for [SDM 3A, "Interrupt 17 - Alignment Check Exception (#AC)"], in bytes.
    const ALIGN: u64;
}

/// `N` bytes that are not a [`Word`].
pub(crate) struct Block<const N: usize>;

impl<const N: usize> Bytes for Block<N> {
    const BYTES: u64 = N as u64;
    const ALIGN: u64 = match N {
        10 => 8,
        14 | 94 => 2,
        28 | 108 => 4,
        // Sixteen bytes and more fault by #GP where they must be aligned.
        _ => 1,
    };
}

/// An operand of 8, 16, 32 or 64 bits.
pub trait Word: Bytes + Copy + PartialEq + Eq + Ord + std::fmt::Debug + 'static {
    /// Width in bits.
    const BITS: u32;
    /// The low bits of `value`.
    fn truncate(value: u64) -> Self;
    /// Zero-extended.
    fn zext(self) -> u64;
    /// Sign-extended.
    fn sext(self) -> i64;
}

macro_rules! word {
    ($($unsigned:ty as $signed:ty),*) => {$(
        impl Bytes for $unsigned {
            const BYTES: u64 = (<$unsigned>::BITS / 8) as u64;
            const ALIGN: u64 = Self::BYTES;
        }
        impl Word for $unsigned {
            const BITS: u32 = <$unsigned>::BITS;
            #[inline(always)]
            fn truncate(value: u64) -> Self {
                value as $unsigned
            }
            #[inline(always)]
            fn zext(self) -> u64 {
                self as u64
            }
            #[inline(always)]
            fn sext(self) -> i64 {
                self as $signed as i64
            }
        }
    )*};
}
word!(u8 as i8, u16 as i16, u32 as i32, u64 as i64);
