//! EFLAGS, with the six status flags kept as the operands and result that define them.
//!
//! Nothing outside this file knows how. Operands and results are kept sign-extended to 64 bits, so the formulas
//! below do not depend on the operand width.

use crate::word::Word;
use serde::{Deserialize, Serialize};

/// Bits of EFLAGS [SDM 1, "EFLAGS Register"].
#[expect(missing_docs, reason = "the names are the manual's")]
pub mod bit {
    pub const CF: u32 = 1 << 0;
    pub const PF: u32 = 1 << 2;
    pub const AF: u32 = 1 << 4;
    pub const ZF: u32 = 1 << 6;
    pub const SF: u32 = 1 << 7;
    pub const TF: u32 = 1 << 8;
    pub const IF: u32 = 1 << 9;
    pub const DF: u32 = 1 << 10;
    pub const OF: u32 = 1 << 11;
    pub const IOPL: u32 = 3 << 12;
    pub const NT: u32 = 1 << 14;
    pub const RF: u32 = 1 << 16;
    pub const VM: u32 = 1 << 17;
    pub const AC: u32 = 1 << 18;
    pub const VIF: u32 = 1 << 19;
    pub const VIP: u32 = 1 << 20;
    pub const ID: u32 = 1 << 21;
    /// The six status flags.
    pub const STATUS: u32 = CF | PF | AF | ZF | SF | OF;
}
use bit::*;

/// What the stored operands and result mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    /// `word` holds the status flags.
    Eager,
    /// result = a + b (+ carry in).
    Add,
    /// result = a - b (- borrow in).
    Sub,
    /// result = a + 1, CF in `word`.
    Inc,
    /// result = a - 1, CF in `word`.
    Dec,
}

/// EFLAGS.
#[derive(Clone, Copy, Debug)]
pub struct Flags {
    /// All flags but the status flags that `kind` defines.
    word: u32,
    kind: Kind,
    a: i64,
    b: i64,
    result: i64,
}

impl Default for Flags {
    fn default() -> Self {
        Self::from_bits(2)
    }
}

impl PartialEq for Flags {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Serialize for Flags {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.bits().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Flags {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self::from_bits)
    }
}

impl Flags {
    /// Flags as stored in `bits`.
    pub fn from_bits(bits: u32) -> Self {
        Self { word: bits, kind: Kind::Eager, a: 0, b: 0, result: 0 }
    }

    /// All flags, as PUSHF would store them.
    pub fn bits(&self) -> u32 {
        if self.kind == Kind::Eager {
            return self.word;
        }
        let flag = |on: bool, bit: u32| if on { bit } else { 0 };
        self.word & !STATUS
            | flag(self.cf(), CF)
            | flag(self.pf(), PF)
            | flag(self.af(), AF)
            | flag(self.zf(), ZF)
            | flag(self.sf(), SF)
            | flag(self.of(), OF)
    }

    /// Replaces all flags.
    pub fn set_bits(&mut self, bits: u32) {
        *self = Self::from_bits(bits);
    }

    /// Replaces the status flags.
    #[inline(always)]
    pub(crate) fn replace_status(&mut self, status: u32) {
        self.word = self.word & !STATUS | status;
        self.kind = Kind::Eager;
    }

    /// Replaces the flags in `mask` with those of `bits`.
    pub fn update(&mut self, mask: u32, bits: u32) {
        self.set_bits(self.bits() & !mask | bits & mask);
    }

    /// A flag that is not a status flag: TF, IF, DF, IOPL, NT, RF, VM, AC.
    #[inline(always)]
    pub fn control(&self, bit: u32) -> bool {
        self.word & bit != 0
    }

    /// Several flags that are not status flags, in place.
    pub fn control_bits(&self, mask: u32) -> u32 {
        self.word & mask
    }

    /// Sets or clears flags that are not status flags.
    #[inline(always)]
    pub fn set_control(&mut self, bit: u32, on: bool) {
        self.word = if on { self.word | bit } else { self.word & !bit };
    }

    /// Carry.
    #[inline(always)]
    pub fn cf(&self) -> bool {
        let (a, b, r) = (self.a, self.b, self.result);
        match self.kind {
            Kind::Add => (a & b | (a | b) & !r) < 0,
            Kind::Sub => (!a & b | (!a | b) & r) < 0,
            Kind::Eager | Kind::Inc | Kind::Dec => self.word & CF != 0,
        }
    }

    /// Overflow.
    #[inline(always)]
    pub fn of(&self) -> bool {
        let (a, b, r) = (self.a, self.b, self.result);
        match self.kind {
            Kind::Add | Kind::Inc => ((a ^ r) & (b ^ r)) < 0,
            Kind::Sub | Kind::Dec => ((a ^ b) & (a ^ r)) < 0,
            Kind::Eager => self.word & OF != 0,
        }
    }

    /// Zero.
    #[inline(always)]
    pub fn zf(&self) -> bool {
        if self.kind == Kind::Eager { self.word & ZF != 0 } else { self.result == 0 }
    }

    /// Sign.
    #[inline(always)]
    pub fn sf(&self) -> bool {
        if self.kind == Kind::Eager { self.word & SF != 0 } else { self.result < 0 }
    }

    /// Parity of the low byte: set when the number of ones is even.
    #[inline(always)]
    pub fn pf(&self) -> bool {
        if self.kind == Kind::Eager {
            self.word & PF != 0
        } else {
            (self.result as u8).count_ones().is_multiple_of(2)
        }
    }

    /// Carry out of bit 3.
    #[inline(always)]
    pub fn af(&self) -> bool {
        if self.kind == Kind::Eager {
            self.word & AF != 0
        } else {
            (self.a ^ self.b ^ self.result) & 0x10 != 0
        }
    }

    /// A condition code, 0 to 15 [SDM 1, "EFLAGS Condition Codes"].
    #[inline(always)]
    pub fn condition<const CC: u8>(&self) -> bool {
        let met = match CC >> 1 {
            0 => self.of(),
            1 => self.cf(),
            2 => self.zf(),
            3 => self.cf() || self.zf(),
            4 => self.sf(),
            5 => self.pf(),
            6 => self.sf() != self.of(),
            _ => self.zf() || self.sf() != self.of(),
        };
        met != (CC & 1 != 0)
    }

    #[inline(always)]
    fn set<T: Word>(&mut self, kind: Kind, a: T, b: T, result: T) {
        self.kind = kind;
        self.a = a.sext();
        self.b = b.sext();
        self.result = result.sext();
    }

    /// After `result = a + b` or `a + b + CF`.
    #[inline(always)]
    pub fn set_add<T: Word>(&mut self, a: T, b: T, result: T) {
        self.set(Kind::Add, a, b, result);
    }

    /// After `result = a - b` or `a - b - CF`.
    #[inline(always)]
    pub fn set_sub<T: Word>(&mut self, a: T, b: T, result: T) {
        self.set(Kind::Sub, a, b, result);
    }

    /// After AND, OR, XOR, TEST: CF = OF = 0. AF is undefined; it is 0 [80286 and AMD Zen 5 captures].
    #[inline(always)]
    pub fn set_logic<T: Word>(&mut self, result: T) {
        self.set(Kind::Add, result, T::truncate(0), result);
    }

    /// After INC: CF stays.
    #[inline(always)]
    pub fn set_inc<T: Word>(&mut self, a: T, result: T) {
        let cf = self.cf();
        self.set(Kind::Inc, a, T::truncate(1), result);
        self.word = self.word & !CF | u32::from(cf);
    }

    /// After DEC: CF stays.
    #[inline(always)]
    pub fn set_dec<T: Word>(&mut self, a: T, result: T) {
        let cf = self.cf();
        self.set(Kind::Dec, a, T::truncate(1), result);
        self.word = self.word & !CF | u32::from(cf);
    }

    /// SF, ZF and PF from `result`; CF, OF and AF as given.
    #[inline(always)]
    pub fn set_result<T: Word>(&mut self, result: T, cf: bool, of: bool, af: bool) {
        let r = result.sext();
        let pf = (r as u8).count_ones().is_multiple_of(2);
        self.kind = Kind::Eager;
        self.word = self.word & !STATUS
            | u32::from(cf)
            | u32::from(pf) << 2
            | u32::from(af) << 4
            | u32::from(r == 0) << 6
            | u32::from(r < 0) << 7
            | u32::from(of) << 11;
    }

    /// Changes CF and OF only, as rotates do.
    #[inline(always)]
    pub fn set_cf_of(&mut self, cf: bool, of: bool) {
        self.word = self.bits() & !(CF | OF) | u32::from(cf) | u32::from(of) << 11;
        self.kind = Kind::Eager;
    }

    /// Changes status flags one by one.
    pub fn set_status(&mut self, bit: u32, on: bool) {
        self.word = self.bits() & !bit | if on { bit } else { 0 };
        self.kind = Kind::Eager;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The flags of an 8-bit addition or subtraction, bit by bit.
    fn oracle(a: u8, b: u8, carry: bool, subtract: bool) -> (u8, u32) {
        let (a32, b32, c) = (i32::from(a), i32::from(b), i32::from(carry));
        let (sa, sb) = (i32::from(a as i8), i32::from(b as i8));
        let (wide, signed, nibble) = if subtract {
            (a32 - b32 - c, sa - sb - c, (a32 & 15) - (b32 & 15) - c)
        } else {
            (a32 + b32 + c, sa + sb + c, (a32 & 15) + (b32 & 15) + c)
        };
        let result = wide as u8;
        let mut flags = 0;
        for (bit, on) in [
            (CF, !(0..=255).contains(&wide)),
            (PF, result.count_ones().is_multiple_of(2)),
            (AF, !(0..=15).contains(&nibble)),
            (ZF, result == 0),
            (SF, result & 0x80 != 0),
            (OF, !(-128..=127).contains(&signed)),
        ] {
            flags |= if on { bit } else { 0 };
        }
        (result, flags)
    }

    #[test]
    fn every_byte_pair_agrees_with_the_oracle() {
        let mut flags = Flags::default();
        for (a, b) in (0..=255u8).flat_map(|a| (0..=255u8).map(move |b| (a, b))) {
            for carry in [false, true] {
                let (sum, expected) = oracle(a, b, carry, false);
                flags.set_add(a, b, sum);
                assert_eq!(flags.bits() & STATUS, expected, "{a:02x} + {b:02x} + {carry}");
                let (difference, expected) = oracle(a, b, carry, true);
                flags.set_sub(a, b, difference);
                assert_eq!(flags.bits() & STATUS, expected, "{a:02x} - {b:02x} - {carry}");
            }
        }
    }

    #[test]
    fn inc_and_dec_keep_carry() {
        for a in 0..=255u8 {
            for cf in [0, CF] {
                let mut flags = Flags::from_bits(cf | 2);
                flags.set_inc(a, a.wrapping_add(1));
                assert_eq!(flags.bits() & STATUS, oracle(a, 1, false, false).1 & !CF | cf);
                let mut flags = Flags::from_bits(cf | 2);
                flags.set_dec(a, a.wrapping_sub(1));
                assert_eq!(flags.bits() & STATUS, oracle(a, 1, false, true).1 & !CF | cf);
            }
        }
    }

    #[test]
    fn conditions_read_the_same_from_lazy_and_stored_flags() {
        for (a, b) in [(0u16, 0u16), (1, 2), (2, 1), (0x8000, 1), (0x7FFF, 0xFFFF), (0xFFFF, 0xFFFF)] {
            let mut lazy = Flags::default();
            lazy.set_sub(a, b, a.wrapping_sub(b));
            let stored = Flags::from_bits(lazy.bits());
            macro_rules! same { ($($cc:literal)*) => {$(
                assert_eq!(lazy.condition::<$cc>(), stored.condition::<$cc>());
            )*} }
            same!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
            assert_eq!(lazy.condition::<2>(), a < b);
            assert_eq!(lazy.condition::<12>(), (a as i16) < (b as i16));
        }
    }
}
