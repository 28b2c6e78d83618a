//! ROL ROR RCL RCR SHL SHR SAR, SHLD SHRD, and the 8086's SETMO.

use super::access::{Access, Place, Src};
use super::arith::Quiet;
use super::dispatch::Semantics;
use super::op::Op;
use crate::flags::Flags;
use crate::regs::number::CX;
use crate::word::Word;
use std::marker::PhantomData;

/// A shift or rotate by a count that is masked already and not 0.
pub(crate) trait Shift {
    fn apply<T: Word>(flags: &mut Flags, value: T, count: u32) -> T;
}

#[inline(always)]
fn msb<T: Word>(value: u64) -> bool {
    value >> (T::BITS - 1) & 1 != 0
}

#[inline(always)]
fn mask<T: Word>() -> u64 {
    u64::MAX >> (64 - T::BITS)
}

/// `value` shifted left by any count.
#[inline(always)]
fn left(value: u64, count: u32) -> u64 {
    value.checked_shl(count).unwrap_or(0)
}

/// `value` shifted right by any count.
#[inline(always)]
fn right(value: u64, count: u32) -> u64 {
    value.checked_shr(count).unwrap_or(0)
}

/// `value` rotated left by any count.
#[inline(always)]
fn rotated<T: Word>(value: u64, count: u32) -> u64 {
    match T::BITS {
        8 => u64::from((value as u8).rotate_left(count)),
        16 => u64::from((value as u16).rotate_left(count)),
        32 => u64::from((value as u32).rotate_left(count)),
        _ => value.rotate_left(count),
    }
}

/// ROL [SDM 2B, "RCL/RCR/ROL/ROR"]. OF is the XOR of CF and the top bit for every count.
pub(crate) struct Rol;
impl Shift for Rol {
    #[inline(always)]
    fn apply<T: Word>(flags: &mut Flags, value: T, count: u32) -> T {
        let result = rotated::<T>(value.zext(), count);
        let cf = result & 1 != 0;
        flags.set_cf_of(cf, cf != msb::<T>(result));
        T::truncate(result)
    }
}

/// ROR.
pub(crate) struct Ror;
impl Shift for Ror {
    #[inline(always)]
    fn apply<T: Word>(flags: &mut Flags, value: T, count: u32) -> T {
        let result = rotated::<T>(value.zext(), count.wrapping_neg() & (T::BITS - 1));
        flags.set_cf_of(msb::<T>(result), msb::<T>(result) != msb::<T>(result << 1 & mask::<T>()));
        T::truncate(result)
    }
}

/// `carry` and `value` rotated left by a count up to their width together.
#[inline(always)]
fn through_carry<T: Word>(value: u64, carry: bool, count: u32) -> (u64, bool) {
    let width = T::BITS + 1;
    if T::BITS == 64 {
        let wide = u128::from(value) | u128::from(carry) << 64;
        let wide = wide << count | wide >> (width - count);
        return (wide as u64, wide >> 64 & 1 != 0);
    }
    let wide = value | u64::from(carry) << T::BITS;
    let wide = left(wide, count) | wide >> (width - count);
    (wide & mask::<T>(), wide >> T::BITS & 1 != 0)
}

/// RCL: rotates through CF.
pub(crate) struct Rcl;
impl Shift for Rcl {
    #[inline(always)]
    fn apply<T: Word>(flags: &mut Flags, value: T, count: u32) -> T {
        let n = count % (T::BITS + 1);
        let (result, cf) = through_carry::<T>(value.zext(), flags.cf(), n);
        flags.set_cf_of(cf, cf != msb::<T>(result));
        T::truncate(result)
    }
}

/// RCR.
pub(crate) struct Rcr;
impl Shift for Rcr {
    #[inline(always)]
    fn apply<T: Word>(flags: &mut Flags, value: T, count: u32) -> T {
        let n = count % (T::BITS + 1);
        let (result, cf) = through_carry::<T>(value.zext(), flags.cf(), T::BITS + 1 - n);
        let of = msb::<T>(result) != msb::<T>(result << 1 & mask::<T>());
        flags.set_cf_of(cf, of);
        T::truncate(result)
    }
}

/// SHL [SDM 2B, "SAL/SAR/SHL/SHR"]. AF is undefined; it is 0 but for bit 4 of the value shifted once less
/// [80286 captures leave it out of their masks].
pub(crate) struct Shl;
impl Shift for Shl {
    #[inline(always)]
    fn apply<T: Word>(flags: &mut Flags, value: T, count: u32) -> T {
        let result = left(value.zext(), count) & mask::<T>();
        let cf = msb::<T>(left(value.zext(), count - 1) & mask::<T>());
        flags.set_result(T::truncate(result), cf, cf != msb::<T>(result), false);
        T::truncate(result)
    }
}

/// SHR. OF is the top bit of the value shifted once less.
pub(crate) struct Shr;
impl Shift for Shr {
    #[inline(always)]
    fn apply<T: Word>(flags: &mut Flags, value: T, count: u32) -> T {
        let before = right(value.zext(), count - 1);
        let result = T::truncate(before >> 1);
        flags.set_result(result, before & 1 != 0, msb::<T>(before), false);
        result
    }
}

/// SAR. OF = 0.
pub(crate) struct Sar;
impl Shift for Sar {
    #[inline(always)]
    fn apply<T: Word>(flags: &mut Flags, value: T, count: u32) -> T {
        let before = value.sext() >> (count - 1).min(63);
        let result = T::truncate((before >> 1) as u64);
        flags.set_result(result, before & 1 != 0, false, false);
        result
    }
}

/// SETMO, undocumented on the 8086 (D0-D3 /6): DEST := all ones; flags as after OR.
pub(crate) struct Setmo;
impl Shift for Setmo {
    #[inline(always)]
    fn apply<T: Word>(flags: &mut Flags, _value: T, _count: u32) -> T {
        let result = T::truncate(u64::MAX);
        flags.set_logic(result);
        result
    }
}

impl<O: Shift> Shift for Quiet<O> {
    #[inline(always)]
    fn apply<T: Word>(flags: &mut Flags, value: T, count: u32) -> T {
        let mut dropped = *flags;
        O::apply(&mut dropped, value, count)
    }
}

/// Where a count comes from.
pub(crate) trait Count {
    /// No count is larger, whatever the model.
    const MOST: u8 = u8::MAX;
    /// Whether a count is from 1 to the width of the operand.
    const WITHIN: bool = false;
    fn count<A: Access>(m: &mut A, op: &Op) -> u8;
}

/// A count that is part of the instruction; 1 for the short forms.
pub(crate) struct ByImm;
impl Count for ByImm {
    /// Chips that do not mask counts know the count 1 only.
    const MOST: u8 = 0x3F;
    #[inline(always)]
    fn count<A: Access>(_m: &mut A, op: &Op) -> u8 {
        op.imm as u8
    }
}

/// The same from 1 to the width of the operand.
pub(crate) struct ByWidthAtMost;
impl Count for ByWidthAtMost {
    const MOST: u8 = 0x1F;
    const WITHIN: bool = true;
    #[inline(always)]
    fn count<A: Access>(_m: &mut A, op: &Op) -> u8 {
        op.imm as u8
    }
}

/// The count in CL.
pub(crate) struct ByCl;
impl Count for ByCl {
    #[inline(always)]
    fn count<A: Access>(m: &mut A, _op: &Op) -> u8 {
        m.cpu().state.regs.read(CX)
    }
}

/// `O DEST, count`. A count of 0 changes nothing, not even flags.
pub(crate) struct Shifted<O, T, D, C>(PhantomData<(O, T, D, C)>);

impl<O: Shift, T: Word, D: Place, C: Count> Semantics for Shifted<O, T, D, C> {
    type Slow = Shifted<O, T, D::SlowPlace, C>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let dest = D::resolve::<T, A>(m, op)?;
        let count_mask = match (T::BITS, C::MOST) {
            (64, _) => 0x3F,
            (_, 0x3F) => 0x1F,
            _ => m.cpu().model.shift_count_mask,
        };
        let count = u32::from(C::count(m, op) & count_mask);
        if count != 0 {
            let old = D::load::<T, A>(m, dest);
            let new = O::apply(&mut m.cpu().state.flags, old, count);
            D::store(m, dest, new);
        }
        Ok(())
    }
}

/// `old` with bits of `src` shifted in, and the last bit shifted out, for 64 bits.
fn shifted_pair<const LEFT: bool>(old: u64, src: u64, count: u32) -> (u64, bool) {
    if LEFT {
        (old << count | src >> (64 - count), old >> (64 - count) & 1 != 0)
    } else {
        (old >> count | src << (64 - count), old >> (count - 1) & 1 != 0)
    }
}

/// The same for 16 and 32 bits. Counts beyond the width are undefined: the operand pair repeats, as a rotate of
/// DEST:SRC:DEST would.
#[inline(always)]
fn shifted_short_pair<const LEFT: bool, T: Word, C: Count>(old: u64, src: u64, count: u32) -> (u64, bool) {
    let bits = T::BITS;
    if C::WITHIN {
        let pair = if LEFT { old << bits | src } else { src << bits | old };
        let (shift, last) = if LEFT { (bits - count, 2 * bits - count) } else { (count, count - 1) };
        return (pair >> shift, pair >> last & 1 != 0);
    }
    let repeated = old << 32 | src << 16 | old;
    let wide = match (bits == 16, LEFT) {
        (true, _) => repeated,
        (false, true) => old << bits | src,
        (false, false) => src << bits | old,
    };
    if LEFT {
        let width = if bits == 16 { 48 } else { 2 * bits };
        (wide >> (width - bits - count), wide >> (width - count) & 1 != 0)
    } else {
        (wide >> count, wide >> (count - 1) & 1 != 0)
    }
}

/// SHLD (`LEFT`) and SHRD [SDM 2B, "SHLD", "SHRD"]: bits shifted in come from the register in `op.src`. The flags stay as they were
/// where it is `QUIET`, since nobody asks for them.
pub(crate) struct DoubleShift<const LEFT: bool, T, D, C, const QUIET: bool = false>(PhantomData<(T, D, C)>);

impl<const LEFT: bool, T: Word, D: Place, C: Count, const QUIET: bool> Semantics
    for DoubleShift<LEFT, T, D, C, QUIET>
{
    type Slow = DoubleShift<LEFT, T, D::SlowPlace, C, QUIET>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let dest = D::resolve::<T, A>(m, op)?;
        let count = u32::from(C::count(m, op)) & if T::BITS == 64 { 0x3F } else { 0x1F };
        if !C::WITHIN && count == 0 {
            return Ok(());
        }
        let src = Src::load::<T, A>(m, op.src).zext();
        let old = D::load::<T, A>(m, dest).zext();
        let (result, cf) = if T::BITS == 64 {
            shifted_pair::<LEFT>(old, src, count)
        } else {
            shifted_short_pair::<LEFT, T, C>(old, src, count)
        };
        let result = T::truncate(result);
        if !QUIET {
            m.cpu().state.flags.set_result(result, cf, msb::<T>(result.zext() ^ old), false);
        }
        D::store(m, dest, result);
        Ok(())
    }
}
