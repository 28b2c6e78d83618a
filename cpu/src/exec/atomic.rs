//! CMPXCHG XADD CMPXCHG8B.

use super::access::{Access, Mem, Place, Segmented, Src};
use super::dispatch::Semantics;
use super::op::Op;
use crate::flags::bit;
use crate::mmu::Intent;
use crate::regs::number::{AX, BX, CX, DX};
use crate::word::Word;
use std::marker::PhantomData;

/// CMPXCHG [SDM 2A, "CMPXCHG"]: DEST := SRC if it equals the accumulator, else the accumulator := DEST. DEST is
/// written either way.
pub(crate) struct Cmpxchg<T, D>(PhantomData<(T, D)>);

impl<T: Word, D: Place> Semantics for Cmpxchg<T, D> {
    type Slow = Cmpxchg<T, D::SlowPlace>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let dest = D::resolve::<T, A>(m, op)?;
        let src = Src::load::<T, A>(m, op.src);
        let old = D::load::<T, A>(m, dest);
        let cpu = m.cpu();
        let accumulator = cpu.state.regs.read::<T>(AX);
        let difference = T::truncate(accumulator.zext().wrapping_sub(old.zext()));
        cpu.state.flags.set_sub(accumulator, old, difference);
        let equal = accumulator == old;
        // A register destination that is the accumulator itself keeps its value, its high half too.
        D::store(m, dest, if equal { src } else { old });
        if !equal {
            m.cpu().state.regs.write(AX, old);
        }
        Ok(())
    }
}

/// XADD [SDM 2B, "XADD"]: SRC := DEST and DEST := the sum.
pub(crate) struct Xadd<T, D>(PhantomData<(T, D)>);

impl<T: Word, D: Place> Semantics for Xadd<T, D> {
    type Slow = Xadd<T, D::SlowPlace>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let dest = D::resolve::<T, A>(m, op)?;
        let (old, src) = (D::load::<T, A>(m, dest), Src::load::<T, A>(m, op.src));
        let sum = T::truncate(old.zext().wrapping_add(src.zext()));
        m.cpu().state.flags.set_add(old, src, sum);
        Src::store(m, op.src, old);
        D::store(m, dest, sum);
        Ok(())
    }
}

/// CMPXCHG8B [SDM 2A, "CMPXCHG8B/CMPXCHG16B"]: compares EDX:EAX, stores ECX:EBX; only ZF changes.
pub(crate) struct Cmpxchg8b;

impl Semantics for Cmpxchg8b {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let spot = Segmented::spot::<u64, A>(m, op, Intent::Write)?;
        let old = m.load::<u64>(spot);
        let regs = &mut m.cpu().state.regs;
        let pair = |high, low| u64::from(regs.read::<u32>(high)) << 32 | u64::from(regs.read::<u32>(low));
        let (expected, new) = (pair(DX, AX), pair(CX, BX));
        let equal = old == expected;
        if !equal {
            regs.write(AX, old as u32);
            regs.write(DX, (old >> 32) as u32);
        }
        m.store(spot, if equal { new } else { old });
        m.cpu().state.flags.set_status(bit::ZF, equal);
        Ok(())
    }
}
