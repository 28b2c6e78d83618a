//! Moves between registers and memory, MXCSR, EMMS.

use super::operand::{File, Mmx, Operand, Xmm, spot_128};
use super::vector::{Vector, qword};
use crate::exec::access::{Access, Mem, Place, Segmented};
use crate::exec::dispatch::Semantics;
use crate::exec::mov::simple;
use crate::exec::op::Op;
use crate::fault::Fault;
use crate::features::Features;
use crate::mmu::Intent;
use crate::regs::number::DI;
use crate::word::Word;
use std::marker::PhantomData;

/// DEST := SRC, zero-extended to the whole register.
pub(crate) struct Load<F, S>(PhantomData<(F, S)>);

impl<F: File, S: Operand> Semantics for Load<F, S> {
    type Slow = Load<F, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        F::begin(m.cpu())?;
        let src = F::Value::from_wide(S::read(m, op)?);
        F::commit(m.cpu());
        F::set(m.cpu(), op.dst, src);
        Ok(())
    }
}

/// Stores the low `T`, or with `HIGH` that from bit 64 on, of the register in `op.src`.
pub(crate) struct Store<F, T, D, const HIGH: bool>(PhantomData<(F, T, D)>);

impl<F: File, T: Word, D: Place + 'static, const HIGH: bool> Semantics for Store<F, T, D, HIGH> {
    type Slow = Store<F, T, D::SlowPlace, HIGH>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        F::begin(m.cpu())?;
        let dest = D::resolve::<T, A>(m, op)?;
        let value = qword(F::get(m.cpu(), op.src).to_wide(), usize::from(HIGH));
        F::commit(m.cpu());
        D::store(m, dest, T::truncate(value));
        Ok(())
    }
}

/// Stores all of the XMM register in `op.src`.
pub(crate) struct Store128<M, const ALIGNED: bool>(PhantomData<M>);

impl<M: Mem + 'static, const ALIGNED: bool> Semantics for Store128<M, ALIGNED> {
    type Slow = Store128<Segmented, ALIGNED>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let spot = spot_128::<M, ALIGNED, A>(m, op, Intent::Write)?;
        let value = Xmm::get(m.cpu(), op.src);
        m.store_bytes(spot, value);
        Ok(())
    }
}

/// MASKMOVQ and MASKMOVDQU [SDM 2B, "MASKMOVDQU"]: the bytes of `op.dst` whose byte in `op.src` has its sign set go to
/// DS:(E)DI. All bytes stored are checked first.
pub(crate) struct MaskMove<F>(PhantomData<F>);

impl<F: File> Semantics for MaskMove<F> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        F::begin(m.cpu())?;
        m.slow()?;
        let cpu = m.cpu();
        let mask = F::get(cpu, op.src).byte_signs();
        let value = F::get(cpu, op.dst).to_wide();
        let start = cpu.state.regs.number(DI);
        let mut spots = [None; 16];
        for (n, spot) in (0..).zip(&mut spots).filter(|(n, _)| mask & 1 << n != 0) {
            let offset = start.wrapping_add(n) & op.mem.address_mask();
            *spot = Some(m.spot::<u8>(op.mem.seg(), offset, Intent::Write)?);
        }
        F::commit(m.cpu());
        for (spot, byte) in spots.into_iter().zip(value) {
            if let Some(spot) = spot {
                m.store(spot, byte);
            }
        }
        Ok(())
    }
}

simple! {
    /// MOVDQ2Q: the low half of an XMM register to an MMX register.
    Movdq2q: |m, op| {
        Mmx::begin(m.cpu())?;
        let cpu = m.cpu();
        let value = <Mmx as File>::Value::from_wide(Xmm::get(cpu, op.src));
        Mmx::commit(cpu);
        Mmx::set(cpu, op.dst, value);
        Ok(())
    };
    /// MOVQ2DQ: an MMX register to an XMM register, zero-extended.
    Movq2dq: |m, op| {
        Mmx::begin(m.cpu())?;
        let cpu = m.cpu();
        let value = Mmx::get(cpu, op.src);
        Mmx::commit(cpu);
        Xmm::set(cpu, op.dst, value.to_wide());
        Ok(())
    };
    /// EMMS: all registers are empty.
    Emms: |m, _op| {
        Mmx::begin(m.cpu())?;
        m.cpu().state.fpu.enter_mmx();
        m.cpu().state.fpu.in_use = 0;
        Ok(())
    };
    /// LDMXCSR: #GP(0) for a bit that is not there.
    Ldmxcsr: |m, op| {
        let spot = Segmented::spot::<u32, A>(m, op, Intent::Read)?;
        let value = m.load::<u32>(spot);
        let cpu = m.cpu();
        if value & !cpu.mxcsr_mask() != 0 {
            return Err(Fault::GeneralProtection(0).into());
        }
        cpu.state.mxcsr = value;
        Ok(())
    };
    /// STMXCSR.
    Stmxcsr: |m, op| {
        let spot = Segmented::spot::<u32, A>(m, op, Intent::Write)?;
        let value = m.cpu().state.mxcsr;
        m.store(spot, value);
        Ok(())
    };
    /// CLFLUSH: there is no cache; the byte must be readable.
    Clflush: |m, op| Segmented::spot::<u8, A>(m, op, Intent::Read).map(|_| ());
}

impl crate::cpu::Cpu {
    /// The bits MXCSR has; DAZ came with SSE2 [SDM 1, "Guidelines for Writing to the MXCSR Register"].
    pub(crate) fn mxcsr_mask(&self) -> u32 {
        if self.model.has(Features::SSE2) { 0xFFFF } else { 0xFFBF }
    }
}
