//! The six floating-point exceptions.

use std::ops::{BitAnd, BitOr, BitOrAssign};

/// A set of exceptions, in the order of the x87 status word, its control word and MXCSR
/// [SDM 1, "x87 FPU Status Register"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exceptions(pub u8);

impl Exceptions {
    /// No exception.
    pub const NONE: Self = Self(0);
    /// IE: an operand or operation without a meaning.
    pub const INVALID: Self = Self(1 << 0);
    /// DE: a denormal operand.
    pub const DENORMAL: Self = Self(1 << 1);
    /// ZE: an infinity made from finite operands.
    pub const ZERO_DIVIDE: Self = Self(1 << 2);
    /// OE: a result too large for its format.
    pub const OVERFLOW: Self = Self(1 << 3);
    /// UE: a result too small for its format.
    pub const UNDERFLOW: Self = Self(1 << 4);
    /// PE: a rounded result.
    pub const PRECISION: Self = Self(1 << 5);
    /// All six.
    pub const ALL: Self = Self(0x3F);
    /// Those found before a result is computed [SDM 1, "Floating-Point Exception Priority"].
    pub const PRE_COMPUTATION: Self = Self(0b111);

    /// Whether any of `other` is here.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether none is here.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of `self` that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// `self` when `condition` holds, nothing when not.
    #[must_use]
    pub(crate) const fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }
}

impl BitOr for Exceptions {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Exceptions {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for Exceptions {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}
