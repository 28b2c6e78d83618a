//! Operands for tests.

use crate::F80;

/// Marsaglia's xorshift64*.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (self.bits() >> 16) % limit
    }

    /// The bits of a number of double precision; exponents near one another, and specials, are more likely than they
    /// would be.
    pub(crate) fn double(&mut self) -> u64 {
        let fraction = self.bits() >> 12 & !0 << self.below(53);
        let exponent = match self.below(8) {
            0 => self.below(2048),
            1 => [0, 0x7FF, 1, 0x7FE][self.below(4) as usize],
            _ => 1023 - 30 + self.below(60),
        };
        self.bits() >> 63 << 63 | exponent << 52 | fraction
    }

    /// The same of single precision.
    pub(crate) fn single(&mut self) -> u32 {
        let fraction = (self.bits() >> 41 & !0 << self.below(24)) as u32;
        let exponent = match self.below(8) {
            0 => self.below(256),
            1 => [0, 0xFF, 1, 0xFE][self.below(4) as usize],
            _ => 127 - 15 + self.below(30),
        };
        ((self.bits() >> 63) as u32) << 31 | (exponent as u32) << 23 | fraction
    }

    /// Any encoding of the stack's format, the odd ones included.
    pub(crate) fn extended(&mut self) -> F80 {
        let significand = match self.below(8) {
            0 => self.bits(),
            1 => self.below(4) << 62,
            _ => self.significand(),
        };
        let sign_exponent = match self.below(4) {
            0 => self.bits() as u16,
            1 => [0, 1, 0x7FFE, 0x7FFF][self.below(4) as usize],
            _ => (0x3FFF - 70 + self.below(140)) as u16,
        };
        F80 { significand, sign_exponent }.with_sign(self.below(2) == 0)
    }

    /// A significand with its integer bit.
    pub(crate) fn significand(&mut self) -> u64 {
        (self.bits() & !0 << self.below(64)) | 1 << 63
    }
}
