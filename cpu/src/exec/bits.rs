//! BT BTS BTR BTC, BSF BSR.

use super::access::{Access, Dst, Mem, Place, Segmented, Source, Src};
use super::dispatch::Semantics;
use super::op::Op;
use crate::flags::bit;
use crate::mmu::Intent;
use crate::word::Word;
use std::marker::PhantomData;

/// What happens to the tested bit.
pub(crate) trait BitChange {
    /// Whether the operand is written.
    const WRITES: bool = true;
    fn apply(value: u64, mask: u64) -> u64;
}

/// BT [SDM 2A, "BT"]: nothing.
pub(crate) struct Keep;
/// BTS: set.
pub(crate) struct SetBit;
/// BTR: cleared.
pub(crate) struct ResetBit;
/// BTC: inverted.
pub(crate) struct Complement;

impl BitChange for Keep {
    const WRITES: bool = false;
    #[inline(always)]
    fn apply(value: u64, _mask: u64) -> u64 {
        value
    }
}
impl BitChange for SetBit {
    #[inline(always)]
    fn apply(value: u64, mask: u64) -> u64 {
        value | mask
    }
}
impl BitChange for ResetBit {
    #[inline(always)]
    fn apply(value: u64, mask: u64) -> u64 {
        value & !mask
    }
}
impl BitChange for Complement {
    #[inline(always)]
    fn apply(value: u64, mask: u64) -> u64 {
        value ^ mask
    }
}

/// Bit number from a register or immediate, taken modulo the operand width.
pub(crate) struct BitTest<O, T, D, S>(PhantomData<(O, T, D, S)>);

impl<O: BitChange, T: Word, D: Place, S: Source> Semantics for BitTest<O, T, D, S> {
    type Slow = BitTest<O, T, D::SlowPlace, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let number = S::read::<T, A>(m, op)?.zext() as u32 % T::BITS;
        let mask = 1u64 << number;
        let old = if O::WRITES {
            let at = D::resolve::<T, A>(m, op)?;
            let old = D::load::<T, A>(m, at).zext();
            D::store(m, at, T::truncate(O::apply(old, mask)));
            old
        } else {
            D::read::<T, A>(m, op)?.zext()
        };
        // Only CF is defined; the others stay.
        m.cpu().state.flags.set_status(bit::CF, old & mask != 0);
        Ok(())
    }
}

/// A memory operand with the bit number in a register: the number also moves the address, in operand-sized steps.
pub(crate) struct BitString<O, T>(PhantomData<(O, T)>);

impl<O: BitChange, T: Word> Semantics for BitString<O, T> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let number = Src::load::<T, A>(m, op.src);
        let step = (number.sext() >> T::BITS.trailing_zeros()) * T::BYTES as i64;
        let address = Segmented::address(m.cpu(), op).wrapping_add(step as u64) & op.mem.address_mask();
        let mask = 1u64 << (number.zext() as u32 % T::BITS);
        let intent = if O::WRITES { Intent::Write } else { Intent::Read };
        let spot = m.spot::<T>(op.mem.seg(), address, intent)?;
        let old = m.load::<T>(spot).zext();
        if O::WRITES {
            m.store(spot, T::truncate(O::apply(old, mask)));
        }
        m.cpu().state.flags.set_status(bit::CF, old & mask != 0);
        Ok(())
    }
}

/// BSF (`FORWARD`) and BSR [SDM 2A, "BSF", "BSR"]. Of a zero source the destination stays [AMD Zen 5 captures].
pub(crate) struct BitScan<const FORWARD: bool, T, S>(PhantomData<(T, S)>);

impl<const FORWARD: bool, T: Word, S: Source> Semantics for BitScan<FORWARD, T, S> {
    type Slow = BitScan<FORWARD, T, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let value = S::read::<T, A>(m, op)?.zext();
        m.cpu().state.flags.set_status(bit::ZF, value == 0);
        if value != 0 {
            let found = if FORWARD { value.trailing_zeros() } else { 63 - value.leading_zeros() };
            Dst::store(m, op.dst, T::truncate(u64::from(found)));
        }
        Ok(())
    }
}
