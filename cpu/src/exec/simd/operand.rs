//! Where packed operands live.

use super::host;
use super::vector::{Vector, Wide, qword, wide};
use crate::cpu::Cpu;
use crate::exec::access::{Access, InMemory, Mem, Source};
use crate::exec::dispatch::Semantics;
use crate::exec::op::Op;
use crate::fault::Fault;
use crate::mmu::Intent;
use crate::state::cr4;
use crate::word::{Block, Word};
use ringzero_float::{Exceptions, Mxcsr};
use std::marker::PhantomData;

/// A register file.
pub(crate) trait File: 'static {
    type Value: Vector;
    fn get(cpu: &Cpu, number: u8) -> Self::Value;
    fn set(cpu: &mut Cpu, number: u8, value: Self::Value);
    /// Before anything else: a pending x87 exception stops an MMX instruction.
    fn begin(cpu: &Cpu) -> Result<(), Fault>;
    /// Once nothing can fault any more: an MMX instruction takes the register stack.
    fn commit(cpu: &mut Cpu);
}

/// MM0 to MM7.
pub(crate) struct Mmx;
/// XMM0 to XMM7.
pub(crate) struct Xmm;

/// FSW.ES: an unmasked exception is pending.
const ERROR_SUMMARY: u16 = 1 << 7;

impl File for Mmx {
    type Value = [u8; 8];
    #[inline(always)]
    fn get(cpu: &Cpu, number: u8) -> [u8; 8] {
        cpu.state.fpu.mmx(number).to_le_bytes()
    }
    #[inline(always)]
    fn set(cpu: &mut Cpu, number: u8, value: [u8; 8]) {
        cpu.state.fpu.set_mmx(number, u64::from_le_bytes(value));
    }
    #[inline(always)]
    fn begin(cpu: &Cpu) -> Result<(), Fault> {
        if cpu.state.fpu.status & ERROR_SUMMARY != 0 { Err(Fault::Math) } else { Ok(()) }
    }
    #[inline(always)]
    fn commit(cpu: &mut Cpu) {
        cpu.state.fpu.enter_mmx();
    }
}

impl File for Xmm {
    type Value = Wide;
    #[inline(always)]
    fn get(cpu: &Cpu, number: u8) -> Wide {
        host::xmm(cpu, number)
    }
    #[inline(always)]
    fn set(cpu: &mut Cpu, number: u8, value: Wide) {
        host::set_xmm(cpu, number, value);
    }
    #[inline(always)]
    fn begin(_cpu: &Cpu) -> Result<(), Fault> {
        Ok(())
    }
    #[inline(always)]
    fn commit(_cpu: &mut Cpu) {}
}

/// A source operand: a register of a file, or memory.
pub(crate) trait Operand: 'static {
    /// The same for the slow path.
    type Slow: Operand;
    fn read<A: Access>(m: &mut A, op: &Op) -> Result<Wide, A::Fail>;
}

/// The register of file `F` in `op.src`.
pub(crate) struct InFile<F>(PhantomData<F>);

impl<F: File> Operand for InFile<F> {
    type Slow = Self;
    #[inline(always)]
    fn read<A: Access>(m: &mut A, op: &Op) -> Result<Wide, A::Fail> {
        Ok(F::get(m.cpu(), op.src).to_wide())
    }
}

/// The low 64 bits of the register of file `F` in `op.src`.
pub(crate) struct LowOf<F>(PhantomData<F>);

impl<F: File> Operand for LowOf<F> {
    type Slow = Self;
    #[inline(always)]
    fn read<A: Access>(m: &mut A, op: &Op) -> Result<Wide, A::Fail> {
        Ok(wide(qword(F::get(m.cpu(), op.src).to_wide(), 0), 0))
    }
}

/// A word in memory or a general register, zero-extended.
pub(crate) struct Scalar<T, S>(PhantomData<(T, S)>);

impl<T: Word, S: Source + 'static> Operand for Scalar<T, S> {
    type Slow = Scalar<T, S::Slow>;
    #[inline(always)]
    fn read<A: Access>(m: &mut A, op: &Op) -> Result<Wide, A::Fail> {
        Ok(wide(S::read::<T, A>(m, op)?.zext(), 0))
    }
}

/// Sixteen bytes of memory.
pub(crate) struct Memory128<M, const ALIGNED: bool>(PhantomData<M>);

impl<M: Mem + 'static, const ALIGNED: bool> Operand for Memory128<M, ALIGNED>
where
    InMemory<M>: Source,
{
    type Slow = Memory128<crate::exec::access::Segmented, ALIGNED>;
    #[inline(always)]
    fn read<A: Access>(m: &mut A, op: &Op) -> Result<Wide, A::Fail> {
        let spot = spot_128::<M, ALIGNED, A>(m, op, Intent::Read)?;
        Ok(m.load_bytes(spot))
    }
}

/// Checks sixteen bytes; #GP(0) when they have to be aligned and are not.
#[inline(always)]
pub(crate) fn spot_128<M: Mem, const ALIGNED: bool, A: Access>(
    m: &mut A,
    op: &Op,
    intent: Intent,
) -> Result<A::Spot, A::Fail> {
    if ALIGNED {
        let cpu = m.cpu();
        let base = cpu.windows[op.mem.seg()].base;
        if base.wrapping_add(M::address(cpu, op)) & 15 != 0 {
            return Err(Fault::GeneralProtection(0).into());
        }
    }
    M::spot::<Block<16>, A>(m, op, intent)
}

/// A function of two packed values: DEST := f(DEST, SRC).
pub(crate) trait Binary: 'static {
    fn apply<V: Vector>(dest: V, src: V) -> V;
}

/// `O DEST, SRC` in file `F`.
pub(crate) struct Packed<O, F, S>(PhantomData<(O, F, S)>);

impl<O: Binary, F: File, S: Operand> Semantics for Packed<O, F, S> {
    type Slow = Packed<O, F, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        F::begin(m.cpu())?;
        let src = F::Value::from_wide(S::read(m, op)?);
        let cpu = m.cpu();
        F::commit(cpu);
        let result = O::apply(F::get(cpu, op.dst), src);
        F::set(cpu, op.dst, result);
        Ok(())
    }
}

/// A function of a packed value and an immediate: DEST := f(DEST, SRC, imm8).
pub(crate) trait WithImmediate: 'static {
    fn apply<V: Vector>(dest: V, src: V, imm: u32) -> V;
}

/// `O DEST, SRC, imm8` in file `F`.
pub(crate) struct PackedImm<O, F, S>(PhantomData<(O, F, S)>);

impl<O: WithImmediate, F: File, S: Operand> Semantics for PackedImm<O, F, S> {
    type Slow = PackedImm<O, F, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        F::begin(m.cpu())?;
        let src = F::Value::from_wide(S::read(m, op)?);
        let cpu = m.cpu();
        F::commit(cpu);
        let result = O::apply(F::get(cpu, op.dst), src, op.imm & 0xFF);
        F::set(cpu, op.dst, result);
        Ok(())
    }
}

impl Cpu {
    pub(crate) fn mxcsr(&self) -> Mxcsr {
        Mxcsr(self.state.mxcsr)
    }

    /// Makes exceptions sticky; #XM when one of them is not masked, #UD where the system has not said that it handles
    /// #XM [SDM 3A, "Interrupt 19 - SIMD Floating-Point Exception (#XM)"].
    #[inline(always)]
    pub(crate) fn report(&mut self, exceptions: Exceptions) -> Result<(), Fault> {
        let mxcsr = self.mxcsr();
        let reported = mxcsr.reported(exceptions);
        self.state.mxcsr |= u32::from(reported.0);
        if mxcsr.unmasked(reported).is_empty() {
            return Ok(());
        }
        let handled = self.state.cr4 & cr4::OSXMMEXCPT != 0;
        Err(if handled { Fault::SimdFloat } else { Fault::InvalidOpcode })
    }
}
