//! EFLAGS, with the six status flags kept as the result that defines three of them and the carries that define the others.
//!
//! Nothing outside this file knows how. Nothing here depends on how the flags came about: there is no kind of operation to
//! ask for, so that readers do not branch.

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

/// Carry out of the top bit: CF.
const OUT: u32 = 1 << 31;
/// Carry into the top bit; OF is where it differs from the one out of it.
const INTO: u32 = 1 << 30;
/// Carry out of bit 3: AF.
const HALF: u32 = 1 << 3;
/// What SF differs by from the sign of `result`.
const SIGN: u32 = 1 << 0;
/// Where what PF differs by from the parity of `result` begins: a byte that is added to it bit by bit.
const PARITY: u32 = 8;
/// A result that is not zero, with an even number of ones and no sign.
const NOT_ZERO: i64 = 0x100;

/// EFLAGS.
#[derive(Clone, Copy, Debug)]
pub struct Flags {
    /// All flags but the status flags.
    word: u32,
    /// [`OUT`], [`INTO`], [`HALF`], [`SIGN`] and eight bits from [`PARITY`] on.
    carries: u32,
    /// The last result, sign-extended: ZF, SF and PF.
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
        let mut flags = Self { word: bits & !STATUS, carries: 0, result: 0 };
        flags.replace_status(bits);
        flags
    }

    /// Replaces the status flags by those of `bits`.
    #[inline(always)]
    pub(crate) fn replace_status(&mut self, bits: u32) {
        let has = |flag: u32| bits & flag != 0;
        self.result = if has(ZF) { 0 } else { NOT_ZERO };
        let differs = (u32::from(has(SF)) * SIGN) | (u32::from(!has(PF)) << PARITY);
        self.carries = carries(has(CF), has(OF), has(AF)) | differs;
    }

    /// All flags, as PUSHF would store them.
    pub fn bits(&self) -> u32 {
        let flag = |on: bool, bit: u32| if on { bit } else { 0 };
        self.word
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

    /// Replaces the flags in `mask` with those of `bits`.
    pub fn update(&mut self, mask: u32, bits: u32) {
        if mask & STATUS == STATUS {
            let control = mask & !STATUS;
            self.word = self.word & !control | bits & control;
            self.replace_status(bits);
        } else {
            self.set_bits(self.bits() & !mask | bits & mask);
        }
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
        self.carries & OUT != 0
    }

    /// Overflow.
    #[inline(always)]
    pub fn of(&self) -> bool {
        (self.carries ^ self.carries << 1) & OUT != 0
    }

    /// Zero.
    #[inline(always)]
    pub fn zf(&self) -> bool {
        self.result == 0
    }

    /// Sign.
    #[inline(always)]
    pub fn sf(&self) -> bool {
        (self.result >> 63) as u32 & 1 != self.carries & SIGN
    }

    /// Parity of the low byte: set when the number of ones is even.
    #[inline(always)]
    pub fn pf(&self) -> bool {
        (self.result as u8 ^ (self.carries >> PARITY) as u8).count_ones().is_multiple_of(2)
    }

    /// Carry out of bit 3.
    #[inline(always)]
    pub fn af(&self) -> bool {
        self.carries & HALF != 0
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

    /// After `result = a + b` or `a + b + CF`.
    #[inline(always)]
    pub fn set_add<T: Word>(&mut self, a: T, b: T, result: T) {
        let (a, b, r) = (a.zext(), b.zext(), result.zext());
        self.result = result.sext();
        self.carries = placed::<T>(a & b | (a | b) & !r);
    }

    /// After `result = a - b` or `a - b - CF`.
    #[inline(always)]
    pub fn set_sub<T: Word>(&mut self, a: T, b: T, result: T) {
        let (a, b, r) = (a.zext(), b.zext(), result.zext());
        self.result = result.sext();
        self.carries = placed::<T>(!a & b | (!a | b) & r);
    }

    /// After AND, OR, XOR, TEST: CF = OF = 0. AF is undefined; it is 0 [80286 and AMD Zen 5 captures].
    #[inline(always)]
    pub fn set_logic<T: Word>(&mut self, result: T) {
        self.result = result.sext();
        self.carries = 0;
    }

    /// After INC: CF stays.
    #[inline(always)]
    pub fn set_inc<T: Word>(&mut self, a: T, result: T) {
        self.result = result.sext();
        self.keep_carry(placed::<T>(a.zext() & !result.zext()));
    }

    /// After DEC: CF stays.
    #[inline(always)]
    pub fn set_dec<T: Word>(&mut self, a: T, result: T) {
        self.result = result.sext();
        self.keep_carry(placed::<T>(!a.zext() & result.zext()));
    }

    /// Replaces OF and AF by those of `carries`. Where CF is not theirs, the carry into the top bit changes with it, so
    /// that they differ as before.
    #[inline(always)]
    fn keep_carry(&mut self, carries: u32) {
        let differs = (self.carries ^ carries) & OUT;
        self.carries = carries ^ differs ^ differs >> 1;
    }

    /// SF, ZF and PF from `result`; CF, OF and AF as given.
    #[inline(always)]
    pub fn set_result<T: Word>(&mut self, result: T, cf: bool, of: bool, af: bool) {
        self.result = result.sext();
        self.carries = carries(cf, of, af);
    }

    /// Changes CF and OF only, as rotates do.
    #[inline(always)]
    pub fn set_cf_of(&mut self, cf: bool, of: bool) {
        self.carries = self.carries & !(OUT | INTO) | carries(cf, of, false);
    }

    /// Changes status flags one by one.
    #[inline(always)]
    pub fn set_status(&mut self, bit: u32, on: bool) {
        if bit == CF {
            let of = self.of();
            self.set_cf_of(on, of);
        } else {
            self.replace_status(self.bits() & !bit | if on { bit } else { 0 });
        }
    }
}

/// Carries as [`Flags`] keeps them.
#[inline(always)]
fn carries(cf: bool, of: bool, af: bool) -> u32 {
    u32::from(cf) << 31 | u32::from(cf != of) << 30 | u32::from(af) << 3
}

/// The carries out of every bit of an operation on `T` as [`Flags`] keeps them.
#[inline(always)]
fn placed<T: Word>(carries: u64) -> u32 {
    let top = if T::BITS == 64 { carries >> 32 } else { carries << (32 - T::BITS.min(32)) };
    top as u32 & (OUT | INTO) | carries as u32 & HALF
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
    fn flags_are_read_as_they_were_stored() {
        for bits in (0..0x1000u32).map(|bits| bits & STATUS | 2) {
            assert_eq!(Flags::from_bits(bits).bits(), bits);
            for flag in [CF, PF, AF, ZF, SF, OF] {
                for on in [false, true] {
                    let mut flags = Flags::from_bits(bits);
                    flags.set_status(flag, on);
                    assert_eq!(flags.bits(), if on { bits | flag } else { bits & !flag });
                }
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
