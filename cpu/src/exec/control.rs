//! Jcc LOOP LOOPE LOOPNE JCXZ JECXZ.

use super::access::Access;
use super::dispatch::{Decision, ip_mask};
use super::op::Op;
use crate::regs::number::CX;
use crate::word::Word;
use std::marker::PhantomData;

/// Jcc [SDM 2A, "Jcc"].
pub(crate) struct Jcc<const CC: u8, const IP_BITS: u32>;

impl<const CC: u8, const IP_BITS: u32> Decision for Jcc<CC, IP_BITS> {
    type Slow = Self;
    const IP_MASK: u64 = ip_mask(IP_BITS);
    #[inline(always)]
    fn taken<A: Access>(m: &mut A, _op: &Op) -> Result<bool, A::Fail> {
        Ok(m.cpu().state.flags.condition::<CC>())
    }
}

/// What LOOP asks besides a count that is not 0.
pub(crate) trait LoopTest {
    fn met<A: Access>(m: &mut A) -> bool;
}
/// LOOP: nothing.
pub(crate) struct Always;
/// LOOPE: ZF = 1.
pub(crate) struct WhileZero;
/// LOOPNE: ZF = 0.
pub(crate) struct WhileNotZero;
impl LoopTest for Always {
    #[inline(always)]
    fn met<A: Access>(_m: &mut A) -> bool {
        true
    }
}
impl LoopTest for WhileZero {
    #[inline(always)]
    fn met<A: Access>(m: &mut A) -> bool {
        m.cpu().state.flags.zf()
    }
}
impl LoopTest for WhileNotZero {
    #[inline(always)]
    fn met<A: Access>(m: &mut A) -> bool {
        !m.cpu().state.flags.zf()
    }
}

/// LOOPcc [SDM 2A, "LOOP/LOOPcc"]: the count register is as wide as `C`, the address size.
pub(crate) struct Loop<L, C, const IP_BITS: u32>(PhantomData<(L, C)>);

impl<L: LoopTest, C: Word, const IP_BITS: u32> Decision for Loop<L, C, IP_BITS> {
    type Slow = Self;
    const IP_MASK: u64 = ip_mask(IP_BITS);
    #[inline(always)]
    fn taken<A: Access>(m: &mut A, _op: &Op) -> Result<bool, A::Fail> {
        let regs = &mut m.cpu().state.regs;
        let count = C::truncate(regs.number(CX).wrapping_sub(1));
        regs.write(CX, count);
        Ok(count.zext() != 0 && L::met(m))
    }
}

/// JCXZ and JECXZ [SDM 2A, "Jcc"].
pub(crate) struct Jcxz<C, const IP_BITS: u32>(PhantomData<C>);

impl<C: Word, const IP_BITS: u32> Decision for Jcxz<C, IP_BITS> {
    type Slow = Self;
    const IP_MASK: u64 = ip_mask(IP_BITS);
    #[inline(always)]
    fn taken<A: Access>(m: &mut A, _op: &Op) -> Result<bool, A::Fail> {
        Ok(m.cpu().state.regs.read::<C>(CX).zext() == 0)
    }
}
