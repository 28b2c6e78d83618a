//! Operand widths as types: one semantic function serves 8, 16, 32 and 64 bits.

/// An operand of 8, 16, 32 or 64 bits.
pub trait Word: Copy + PartialEq + Eq + Ord + std::fmt::Debug + 'static {
    /// Width in bits.
    const BITS: u32;
    /// Width in bytes.
    const BYTES: u64;
    /// The low bits of `value`.
    fn truncate(value: u64) -> Self;
    /// Zero-extended.
    fn zext(self) -> u64;
    /// Sign-extended.
    fn sext(self) -> i64;
}

macro_rules! word {
    ($($unsigned:ty as $signed:ty),*) => {$(
        impl Word for $unsigned {
            const BITS: u32 = <$unsigned>::BITS;
            const BYTES: u64 = (<$unsigned>::BITS / 8) as u64;
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
