//! Jcc LOOP LOOPE LOOPNE JCXZ JECXZ.

use super::access::Access;
use super::dispatch::{Decision, Semantics, ip_mask};
use super::op::Op;
use crate::cpu::Cpu;
use crate::fault::Fault;
use crate::regs::number::CX;
use crate::segment::SegReg;
use crate::word::Word;
use std::marker::PhantomData;

impl Cpu {
    /// #GP(0) at a near branch to `target` beyond the limit of CS.
    #[inline(always)]
    pub(crate) fn check_target(&self, target: u64) -> Result<(), Fault> {
        let inside = target <= u64::from(self.state.seg(SegReg::Cs).limit);
        if inside { Ok(()) } else { Err(Fault::GeneralProtection(0)) }
    }
}

/// A conditional branch whose target lies beyond the limit of CS, which is known when it is decoded: #GP(0) when it is
/// taken, with nothing changed.
pub(crate) struct LeavesSegment<D>(PhantomData<D>);

impl<D: Decision> Semantics for LeavesSegment<D> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let regs = m.cpu().state.regs.clone();
        if D::taken(m, op)? {
            m.cpu().state.regs = regs;
            return Err(Fault::GeneralProtection(0).into());
        }
        Ok(())
    }
}

/// JMP and CALL to a target beyond the limit of CS.
pub(crate) struct JumpLeavesSegment;

impl Semantics for JumpLeavesSegment {
    type Slow = Self;
    fn exec<A: Access>(_m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        Err(Fault::GeneralProtection(0).into())
    }
}

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
        let count = C::truncate(regs.read::<C>(CX).zext().wrapping_sub(1));
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
