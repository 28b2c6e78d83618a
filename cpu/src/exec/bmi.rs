//! ANDN BEXTR BLSI BLSMSK BLSR BZHI MULX PDEP PEXT RORX SARX SHLX SHRX, LZCNT POPCNT TZCNT, ADCX ADOX, CRC32.
//!
//! Of a three-operand form `op.dst` is the destination, `op.imm` the register that VEX.vvvv names, and the remaining
//! operand is in `op.src` or in memory.

use super::access::{Access, Dst, Place, Source};
use super::dispatch::Semantics;
use super::op::Op;
use crate::flags::{Flags, bit};
use crate::regs::number::DX;
use crate::word::Word;
use std::marker::PhantomData;

/// A function of the r/m operand and the register in VEX.vvvv.
pub(crate) trait Three {
    fn apply(flags: &mut Flags, rm: u32, vvvv: u32) -> u32;
}

macro_rules! three {
    ($($(#[$doc:meta])* $name:ident: |$flags:ident, $rm:ident, $v:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Three for $name {
            #[inline(always)]
            fn apply($flags: &mut Flags, $rm: u32, $v: u32) -> u32 {
                $body
            }
        }
    )*};
}

/// The low `count` bits.
#[inline(always)]
fn low_mask(count: u32) -> u32 {
    if count >= 32 { u32::MAX } else { (1 << count) - 1 }
}

three! {
    /// ANDN [SDM 2A, "ANDN"]: DEST := NOT vvvv AND r/m.
    Andn: |flags, rm, v| { let r = !v & rm; flags.set_logic(r); r };
    /// BEXTR [SDM 2A, "BEXTR"]: the bits of r/m from vvvv[7:0] on, vvvv[15:8] of them.
    Bextr: |flags, rm, v| {
        let (start, len) = (v & 0xFF, v >> 8 & 0xFF);
        let r = rm.checked_shr(start).unwrap_or(0) & low_mask(len);
        flags.set_logic(r);
        r
    };
    /// BZHI [SDM 2A, "BZHI"]: r/m without the bits from vvvv[7:0] on; CF when there are none.
    Bzhi: |flags, rm, v| {
        let r = rm & low_mask(v & 0xFF);
        flags.set_result(r, v & 0xFF > 31, false, false);
        r
    };
    /// PDEP [SDM 2B, "PDEP"]: the low bits of vvvv go to the places that r/m marks.
    Pdep: |_flags, rm, v| deposit(v, rm);
    /// PEXT [SDM 2B, "PEXT"]: the bits of vvvv at the places that r/m marks, together.
    Pext: |_flags, rm, v| extract(v, rm);
    /// SARX [SDM 2B, "SARX/SHLX/SHRX"].
    Sarx: |_flags, rm, v| ((rm as i32) >> (v & 31)) as u32;
    /// SHLX.
    Shlx: |_flags, rm, v| rm << (v & 31);
    /// SHRX.
    Shrx: |_flags, rm, v| rm >> (v & 31);
}

fn deposit(mut bits: u32, mut mask: u32) -> u32 {
    let mut result = 0;
    while mask != 0 {
        let lowest = mask & mask.wrapping_neg();
        if bits & 1 != 0 {
            result |= lowest;
        }
        bits >>= 1;
        mask ^= lowest;
    }
    result
}

fn extract(bits: u32, mut mask: u32) -> u32 {
    let (mut result, mut at) = (0, 0);
    while mask != 0 {
        let lowest = mask & mask.wrapping_neg();
        result |= u32::from(bits & lowest != 0) << at;
        at += 1;
        mask ^= lowest;
    }
    result
}

/// `O DEST, ...` of three operands.
pub(crate) struct ThreeOperand<O, S>(PhantomData<(O, S)>);

impl<O: Three, S: Source> Semantics for ThreeOperand<O, S> {
    type Slow = ThreeOperand<O, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let rm = S::read::<u32, A>(m, op)?;
        let vvvv = Dst::load::<u32, A>(m, op.imm as u8);
        let result = O::apply(&mut m.cpu().state.flags, rm, vvvv);
        Dst::store(m, op.dst, result);
        Ok(())
    }
}

/// MULX [SDM 2B, "MULX"]: DEST:vvvv := EDX * r/m, DEST last; no flags.
pub(crate) struct Mulx<S>(PhantomData<S>);

impl<S: Source> Semantics for Mulx<S> {
    type Slow = Mulx<S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let rm = S::read::<u32, A>(m, op)?;
        let product = u64::from(rm) * u64::from(m.cpu().state.regs.read::<u32>(DX));
        Dst::store(m, op.imm as u8, product as u32);
        Dst::store(m, op.dst, (product >> 32) as u32);
        Ok(())
    }
}

/// RORX [SDM 2B, "RORX"]: DEST := r/m rotated right by the immediate; no flags.
pub(crate) struct Rorx<S>(PhantomData<S>);

impl<S: Source> Semantics for Rorx<S> {
    type Slow = Rorx<S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let rm = S::read::<u32, A>(m, op)?;
        Dst::store(m, op.dst, rm.rotate_right(op.imm & 31));
        Ok(())
    }
}

/// A function of one operand that sets flags.
pub(crate) trait Two {
    fn apply<T: Word>(flags: &mut Flags, value: T) -> T;
}

macro_rules! two {
    ($($(#[$doc:meta])* $name:ident: |$flags:ident, $value:ident, $bits:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Two for $name {
            #[inline(always)]
            fn apply<T: Word>($flags: &mut Flags, value: T) -> T {
                let ($value, $bits) = (value.zext(), T::BITS);
                T::truncate($body)
            }
        }
    )*};
}

/// Flags of a count: CF when the source was zero, ZF when the count is.
#[inline(always)]
fn counted(flags: &mut Flags, count: u64, source_is_zero: bool) -> u64 {
    flags.set_status(bit::CF, source_is_zero);
    flags.set_status(bit::ZF, count == 0);
    count
}

two! {
    /// LZCNT [SDM 2A, "LZCNT"].
    Lzcnt: |flags, value, bits| {
        counted(flags, u64::from(value.leading_zeros() - (64 - bits)), value == 0)
    };
    /// TZCNT [SDM 2B, "TZCNT"].
    Tzcnt: |flags, value, bits| counted(flags, u64::from(value.trailing_zeros().min(bits)), value == 0);
    /// POPCNT [SDM 2B, "POPCNT"]: ZF when the source is zero, all other status flags are cleared.
    Popcnt: |flags, value, _bits| {
        flags.update(bit::STATUS, if value == 0 { bit::ZF } else { 0 });
        u64::from(value.count_ones())
    };
    /// BLSI [SDM 2A, "BLSI"]: the lowest set bit; CF when there is one.
    Blsi: |flags, value, _bits| {
        let r = value & value.wrapping_neg();
        flags.set_result(r as u32, value != 0, false, false);
        r
    };
    /// BLSMSK [SDM 2A, "BLSMSK"]: a mask up to the lowest set bit; CF when there is none.
    Blsmsk: |flags, value, _bits| {
        let r = value ^ value.wrapping_sub(1);
        flags.set_result(r as u32, value == 0, false, false);
        r
    };
    /// BLSR [SDM 2A, "BLSR"]: the lowest set bit reset; CF when there was none.
    Blsr: |flags, value, _bits| {
        let r = value & value.wrapping_sub(1);
        flags.set_result(r as u32, value == 0, false, false);
        r
    };
}

/// `O DEST, SRC` where DEST is not read.
pub(crate) struct TwoOperand<O, T, S>(PhantomData<(O, T, S)>);

impl<O: Two, T: Word, S: Source> Semantics for TwoOperand<O, T, S> {
    type Slow = TwoOperand<O, T, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let value = S::read::<T, A>(m, op)?;
        let result = O::apply(&mut m.cpu().state.flags, value);
        Dst::store(m, op.dst, result);
        Ok(())
    }
}

/// ADCX (carry in CF) and ADOX (`OVERFLOW`: in OF) [SDM 2A, "ADCX", "ADOX"]: no other flag changes.
pub(crate) struct AddCarry<const OVERFLOW: bool, S>(PhantomData<S>);

impl<const OVERFLOW: bool, S: Source> Semantics for AddCarry<OVERFLOW, S> {
    type Slow = AddCarry<OVERFLOW, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read::<u32, A>(m, op)?;
        let dest = Dst::load::<u32, A>(m, op.dst);
        let flags = &mut m.cpu().state.flags;
        let carry = if OVERFLOW { flags.of() } else { flags.cf() };
        let sum = u64::from(dest) + u64::from(src) + u64::from(carry);
        flags.set_status(if OVERFLOW { bit::OF } else { bit::CF }, sum >> 32 != 0);
        Dst::store(m, op.dst, sum as u32);
        Ok(())
    }
}

/// CRC32 [SDM 2A, "CRC32"]: polynomial 11EDC6F41h, reflected; no flags.
pub(crate) struct Crc32<T, S>(PhantomData<(T, S)>);

/// The polynomial with its bits reversed.
const CRC32C: u32 = 0x82F6_3B78;

impl<T: Word, S: Source> Semantics for Crc32<T, S> {
    type Slow = Crc32<T, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read::<T, A>(m, op)?;
        let mut crc = Dst::load::<u32, A>(m, op.dst) ^ src.zext() as u32;
        for _ in 0..T::BITS {
            crc = crc >> 1 ^ if crc & 1 != 0 { CRC32C } else { 0 };
        }
        Dst::store(m, op.dst, crc);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deposit_and_extract_undo_each_other() {
        assert_eq!(deposit(0b1011, 0xF0F0), 0xB0);
        assert_eq!(extract(deposit(0xDEAD, 0xFF00_FF00), 0xFF00_FF00), 0xDEAD);
        assert_eq!(extract(u32::MAX, 0), 0);
    }

    #[test]
    fn bextr_beyond_the_operand_gives_zero() {
        let mut flags = Flags::default();
        assert_eq!(Bextr::apply(&mut flags, u32::MAX, 0x0820), 0);
        assert_eq!(Bextr::apply(&mut flags, 0x1234_5678, 0x0808), 0x56);
        assert_eq!(Bextr::apply(&mut flags, u32::MAX, 0xFF00), u32::MAX);
    }
}
