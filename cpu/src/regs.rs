//! General registers as a little-endian byte file, so that an operand is a byte offset and a width.
#![expect(unsafe_code, reason = "register offsets are proven in range when an operation is lowered")]

use crate::word::Word;
use serde::{Deserialize, Serialize};

/// Number of slots: sixteen registers and one that always reads zero.
const SLOTS: usize = 17;

/// Byte offset of a register operand in the register file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RegOffset(u8);

impl RegOffset {
    /// The slot that always reads zero: the base or index of an address that has none.
    pub(crate) const ZERO: Self = Self(16 * 8);

    /// Register `number` (0 to 15), low part.
    pub(crate) const fn low(number: u8) -> Self {
        Self((number & 15) * 8)
    }

    /// AH, CH, DH or BH (`number` 0 to 3).
    pub(crate) const fn high(number: u8) -> Self {
        Self((number & 3) * 8 + 1)
    }

    /// As an operation stores it.
    pub(crate) const fn raw(self) -> u8 {
        self.0
    }
}

/// Whether `offset` is that of a register of `T`'s width: the low part of a slot, or AH, CH, DH, BH.
fn fits<T: Word>(offset: u8) -> bool {
    let (slot, byte) = (usize::from(offset / 8), offset % 8);
    slot < SLOTS && (byte == 0 || byte == 1 && T::BITS == 8 && slot < 4)
}

/// Registers AX, CX, DX, BX, SP, BP, SI, DI, R8 to R15.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[u64; 16]", into = "[u64; 16]")]
#[repr(C, align(8))]
pub struct Regs {
    /// Bytes in little-endian order whatever the host; kept as words only for their alignment.
    words: [u64; SLOTS],
}

impl From<[u64; 16]> for Regs {
    fn from(values: [u64; 16]) -> Self {
        let mut regs = Self::default();
        for (number, value) in (0u8..).zip(values) {
            regs.set_number(number, value);
        }
        regs
    }
}

impl From<Regs> for [u64; 16] {
    fn from(regs: Regs) -> Self {
        std::array::from_fn(|n| regs.number(n as u8))
    }
}

impl Regs {
    /// The whole register `number` (0 to 15).
    #[inline(always)]
    pub fn number(&self, number: u8) -> u64 {
        u64::from_le(self.words[usize::from(number & 15)])
    }

    /// Replaces the whole register `number` (0 to 15).
    #[inline(always)]
    pub fn set_number(&mut self, number: u8, value: u64) {
        self.words[usize::from(number & 15)] = value.to_le();
    }

    /// An operand of an operation.
    ///
    /// # Safety
    /// `offset` is the raw form of a [`RegOffset`] that fits `T`: a high-byte offset only for `u8`.
    #[inline(always)]
    pub(crate) unsafe fn get<T: Word>(&self, offset: u8) -> T {
        debug_assert!(usize::from(offset) + T::BYTES as usize <= SLOTS * 8);
        crate::check!(fits::<T>(offset), "{offset} is no register of {} bits", T::BITS);
        // SAFETY: the caller promises the offset; every value is a valid integer.
        unsafe {
            let at = self.words.as_ptr().cast::<u8>().add(usize::from(offset));
            T::truncate(match T::BITS {
                8 => u64::from(*at),
                16 => u64::from(u16::from_le(at.cast::<u16>().read_unaligned())),
                32 => u64::from(u32::from_le(at.cast::<u32>().read_unaligned())),
                _ => u64::from_le(at.cast::<u64>().read_unaligned()),
            })
        }
    }

    /// Writes an operand of an operation. A 32-bit write clears the upper half, as in 64-bit mode.
    ///
    /// # Safety
    /// As for [`Regs::get`]; and `offset` is not [`RegOffset::ZERO`].
    #[inline(always)]
    pub(crate) unsafe fn set<T: Word>(&mut self, offset: u8, value: T) {
        debug_assert!(offset < RegOffset::ZERO.0);
        crate::check!(fits::<T>(offset), "{offset} is no register of {} bits", T::BITS);
        crate::check!(offset != RegOffset::ZERO.0, "the register that reads zero is written");
        // SAFETY: the caller promises the offset.
        unsafe {
            let at = self.words.as_mut_ptr().cast::<u8>().add(usize::from(offset));
            match T::BITS {
                8 => *at = value.zext() as u8,
                16 => at.cast::<u16>().write_unaligned((value.zext() as u16).to_le()),
                _ => at.cast::<u64>().write_unaligned(value.zext().to_le()),
            }
        }
    }
}

/// Numbers of the registers that instructions name implicitly.
#[expect(missing_docs, reason = "the names are the registers'")]
pub mod number {
    pub const AX: u8 = 0;
    pub const CX: u8 = 1;
    pub const DX: u8 = 2;
    pub const BX: u8 = 3;
    pub const SP: u8 = 4;
    pub const BP: u8 = 5;
    pub const SI: u8 = 6;
    pub const DI: u8 = 7;
}

impl Regs {
    /// Register `number` (0 to 15), truncated to `T`.
    ///
    /// What is loaded and stored is as wide as `T`: a load that is wider than the store before it would wait on the host.
    #[inline(always)]
    pub fn read<T: Word>(&self, number: u8) -> T {
        // SAFETY: it is the offset of a low part.
        unsafe { self.get(RegOffset::low(number).raw()) }
    }

    /// Writes register `number` (0 to 15): 8 and 16 bits keep the rest, 32 bits clear the upper half.
    #[inline(always)]
    pub fn write<T: Word>(&mut self, number: u8, value: T) {
        // SAFETY: it is the offset of a low part.
        unsafe { self.set(RegOffset::low(number).raw(), value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn high_bytes_and_widths_alias_as_on_the_chip() {
        let mut regs = Regs::default();
        regs.set_number(3, 0x1122_3344_5566_7788);
        // SAFETY: offsets of registers.
        unsafe {
            assert_eq!(regs.get::<u8>(RegOffset::high(3).raw()), 0x77);
            regs.set::<u8>(RegOffset::high(3).raw(), 0xAA);
            assert_eq!(regs.number(3), 0x1122_3344_5566_AA88);
            regs.set::<u16>(RegOffset::low(3).raw(), 0xBEEF);
            assert_eq!(regs.number(3), 0x1122_3344_5566_BEEF);
            regs.set::<u32>(RegOffset::low(3).raw(), 0x8000_0001);
            assert_eq!(regs.number(3), 0x8000_0001);
            assert_eq!(regs.get::<u64>(RegOffset::ZERO.raw()), 0);
        }
    }
}
