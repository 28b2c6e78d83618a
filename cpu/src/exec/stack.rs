//! PUSH POP PUSHA POPA PUSHF POPF ENTER LEAVE.

use super::access::{Access, Place, Source};
use super::descriptor;
use super::dispatch::Semantics;
use super::mov::simple;
use super::op::Op;
use crate::cpu::Cpu;
use crate::flags::bit;
use crate::mmu::Intent;
use crate::model::Generation;
use crate::protected::vme::InterruptFlag;
use crate::regs::number::{BP, SP};
use crate::segment::SegReg;
use crate::state::Shadow;
use crate::word::Word;
use std::marker::PhantomData;

/// Width of the stack pointer.
pub(crate) trait StackWidth {
    type Pointer: Word;
    /// Checks `T::BYTES` bytes of the stack.
    #[inline(always)]
    fn spot<T: Word, A: Access>(
        m: &mut A,
        pointer: Self::Pointer,
        intent: Intent,
    ) -> Result<A::Spot, A::Fail> {
        m.spot::<T>(SS, pointer.zext(), intent)
    }
}
/// SP.
pub(crate) struct Stack16;
/// ESP.
pub(crate) struct Stack32;
/// ESP in a flat segment.
pub(crate) struct StackFlat;
impl StackWidth for StackFlat {
    type Pointer = u32;
    #[inline(always)]
    fn spot<T: Word, A: Access>(m: &mut A, pointer: u32, intent: Intent) -> Result<A::Spot, A::Fail> {
        m.spot_flat::<T>(SS, pointer.zext(), intent)
    }
}
impl StackWidth for Stack16 {
    type Pointer = u16;
}
impl StackWidth for Stack32 {
    type Pointer = u32;
}

const SS: usize = SegReg::Ss as usize;

/// The stack pointer moved by `delta`, as an offset in SS.
#[inline(always)]
pub(super) fn moved<W: StackWidth>(cpu: &Cpu, delta: i64) -> W::Pointer {
    let pointer = cpu.state.regs.read::<W::Pointer>(SP);
    W::Pointer::truncate(pointer.zext().wrapping_add(delta as u64))
}

/// Pushes `value`: checked, then written, then SP moves.
#[inline(always)]
pub(crate) fn push<T: Word, W: StackWidth, A: Access>(m: &mut A, value: T) -> Result<(), A::Fail> {
    let pointer = moved::<W>(m.cpu(), -(T::BYTES as i64));
    let spot = W::spot::<T, A>(m, pointer, Intent::Write)?;
    m.store(spot, value);
    m.cpu().state.regs.write(SP, pointer);
    Ok(())
}

/// The value `depth` bytes above the top of the stack; SP stays.
#[inline(always)]
pub(crate) fn peek<T: Word, W: StackWidth, A: Access>(m: &mut A, depth: i64) -> Result<T, A::Fail> {
    let pointer = moved::<W>(m.cpu(), depth);
    let spot = W::spot::<T, A>(m, pointer, Intent::Read)?;
    Ok(m.load(spot))
}

/// Moves SP by `delta`.
#[inline(always)]
pub(crate) fn move_sp<W: StackWidth>(cpu: &mut Cpu, delta: i64) {
    let pointer = moved::<W>(cpu, delta);
    cpu.state.regs.write(SP, pointer);
}

/// Pops into the caller's hands.
#[inline(always)]
pub(crate) fn pop<T: Word, W: StackWidth, A: Access>(m: &mut A) -> Result<T, A::Fail> {
    let value = peek::<T, W, A>(m, 0)?;
    move_sp::<W>(m.cpu(), T::BYTES as i64);
    Ok(value)
}

/// PUSH [SDM 2B, "PUSH"].
pub(crate) struct Push<T, W, S>(PhantomData<(T, W, S)>);

impl<T: Word, W: StackWidth, S: Source> Semantics for Push<T, W, S> {
    type Slow = Push<T, W, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let value = S::read::<T, A>(m, op)?;
        push::<T, W, A>(m, value)
    }
}

/// PUSH SP on the 8086 and 80186: pushes what SP is after the push [SDM 3B, "PUSH SP"].
pub(crate) struct PushSpDecremented;

impl Semantics for PushSpDecremented {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        let value = moved::<Stack16>(m.cpu(), -2);
        push::<u16, Stack16, A>(m, value)
    }
}

/// PUSH of a segment register (its number in `op.src`).
pub(crate) struct PushSeg<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for PushSeg<T, W> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let selector = m.cpu().state.seg(SegReg::from_encoding(op.src)).selector;
        let pointer = moved::<W>(m.cpu(), -(T::BYTES as i64));
        // A 32-bit push of a segment register writes its low half only.
        let spot = W::spot::<u16, A>(m, pointer, Intent::Write)?;
        m.store(spot, selector);
        m.cpu().state.regs.write(SP, pointer);
        Ok(())
    }
}

/// POP [SDM 2B, "POP"]: an address made with ESP uses ESP after the pop.
pub(crate) struct Pop<T, W, D>(PhantomData<(T, W, D)>);

impl<T: Word, W: StackWidth, D: Place> Semantics for Pop<T, W, D> {
    type Slow = Pop<T, W, D::SlowPlace>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let value = peek::<T, W, A>(m, 0)?;
        let before = moved::<W>(m.cpu(), 0);
        move_sp::<W>(m.cpu(), T::BYTES as i64);
        match D::resolve::<T, A>(m, op) {
            Ok(dest) => {
                D::store(m, dest, value);
                Ok(())
            }
            // The 80286 leaves SP where it moved it [80286 captures].
            Err(fail) if m.slow().is_ok() && m.cpu().model.generation == Generation::I80286 => Err(fail),
            Err(fail) => {
                m.cpu().state.regs.write(SP, before);
                Err(fail)
            }
        }
    }
}

/// POP of a segment register (its number in `op.dst`).
pub(crate) struct PopSeg<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for PopSeg<T, W> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let selector = peek::<u16, W, A>(m, 0)?;
        let reg = SegReg::from_encoding(op.dst);
        descriptor::load_data_segment(m, reg, selector)?;
        if reg == SegReg::Ss {
            m.cpu().state.interrupt_shadow = Shadow::StackLoad;
        }
        move_sp::<W>(m.cpu(), T::BYTES as i64);
        Ok(())
    }
}

/// PUSHA [SDM 2B, "PUSHA/PUSHAD"]: what was pushed before a push faults stays written [AMD Zen 5 captures].
pub(crate) struct Pusha<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for Pusha<T, W> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        for n in 0..8 {
            let pointer = moved::<W>(m.cpu(), -(i64::from(n) + 1) * T::BYTES as i64);
            let spot = W::spot::<T, A>(m, pointer, Intent::Write)?;
            let value = m.cpu().state.regs.read::<T>(n);
            m.store(spot, value);
        }
        move_sp::<W>(m.cpu(), -8 * T::BYTES as i64);
        Ok(())
    }
}

/// POPA [SDM 2B, "POPA/POPAD"]: the stored SP is skipped.
pub(crate) struct Popa<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for Popa<T, W> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        let mut values = [T::truncate(0); 8];
        for (n, value) in (0u8..).zip(&mut values) {
            *value = peek::<T, W, A>(m, i64::from(n) * T::BYTES as i64)?;
        }
        for (number, value) in (0u8..8).rev().zip(values) {
            if number != SP {
                m.cpu().state.regs.write(number, value);
            }
        }
        move_sp::<W>(m.cpu(), 8 * T::BYTES as i64);
        Ok(())
    }
}

/// PUSHF [SDM 2B, "PUSHF/PUSHFD"]: RF and VM are stored as 0.
pub(crate) struct Pushf<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for Pushf<T, W> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        let flags = match m.cpu().v86_interrupt_flag(T::BITS)? {
            InterruptFlag::Real => m.cpu().state.flags.bits() & 0x00FC_FFFF,
            InterruptFlag::Virtual => m.cpu().virtual_flags(),
        };
        push::<T, W, A>(m, T::truncate(u64::from(flags)))
    }
}

/// POPF [SDM 2B, "POPF/POPFD"].
pub(crate) struct Popf<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for Popf<T, W> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        if m.cpu().v86_interrupt_flag(T::BITS)? == InterruptFlag::Virtual {
            let value = peek::<T, W, A>(m, 0)?.zext() as u32;
            m.cpu().check_virtual_flags(value)?;
            move_sp::<W>(m.cpu(), T::BYTES as i64);
            m.cpu().pop_virtual_flags(value);
            return Ok(());
        }
        let value = pop::<T, W, A>(m)?;
        // POPFD leaves VM, VIF and VIP, and clears RF.
        let mask = if T::BITS == 16 { 0xFFFF } else { !(bit::VM | bit::RF | bit::VIF | bit::VIP) };
        m.cpu().pop_flags(value.zext() as u32, mask);
        Ok(())
    }
}

impl Cpu {
    /// Takes over the flags in `mask` that this model and the present privilege let POPF and IRET change.
    pub(crate) fn pop_flags(&mut self, value: u32, mask: u32) {
        self.pop_flags_at(self.state.cpl, value, mask);
    }

    /// The same for code at privilege `cpl`: IOPL changes at level 0 only, IF only where IOPL allows.
    pub(crate) fn pop_flags_at(&mut self, cpl: u8, value: u32, mask: u32) {
        let mut writable = self.model.flags_writable;
        if self.state.protected() {
            writable = self.model.flags_writable_protected;
            if cpl > 0 {
                writable &= !(bit::IOPL | bit::VIF | bit::VIP);
            }
            if cpl > self.state.iopl() {
                writable &= !bit::IF;
            }
        }
        self.state.flags.update(mask & writable, value);
        self.alignment_changed();
    }
}

/// ENTER [SDM 2A, "ENTER"]: frame size in `op.imm`, nesting level in `op.disp`.
pub(crate) struct Enter<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for Enter<T, W> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let level = op.disp % 32;
        let (old_sp, bp) = (m.cpu().state.regs.number(SP), m.cpu().state.regs.number(BP));
        push::<T, W, A>(m, T::truncate(bp))?;
        let frame = m.cpu().state.regs.read::<T>(SP);
        if let Err(fail) = enter_display::<T, W, A>(m, level, bp, frame) {
            m.cpu().state.regs.set_number(SP, old_sp);
            return Err(fail);
        }
        let pointer = moved::<W>(m.cpu(), -i64::from(op.imm as u16));
        // The last check: the new top of the stack must be writable.
        if let Err(fail) = W::spot::<T, A>(m, pointer, Intent::Write)
            && m.cpu().state.protected()
        {
            m.cpu().state.regs.set_number(SP, old_sp);
            return Err(fail);
        }
        m.cpu().state.regs.write(SP, pointer);
        m.cpu().state.regs.write(BP, frame);
        Ok(())
    }
}

/// Copies `level - 1` frame pointers of the enclosing frames, then pushes the new one.
fn enter_display<T: Word, W: StackWidth, A: Access>(
    m: &mut A,
    level: u32,
    bp: u64,
    frame: T,
) -> Result<(), A::Fail> {
    if level == 0 {
        return Ok(());
    }
    for n in 1..level {
        let pointer = W::Pointer::truncate(bp.wrapping_sub(u64::from(n) * T::BYTES));
        let spot = W::spot::<T, A>(m, pointer, Intent::Read)?;
        let value = m.load::<T>(spot);
        push::<T, W, A>(m, value)?;
    }
    push::<T, W, A>(m, frame)
}

/// LEAVE [SDM 2A, "LEAVE"]: SP := BP; POP BP.
pub(crate) struct Leave<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for Leave<T, W> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        let bp = m.cpu().state.regs.read::<W::Pointer>(BP);
        let spot = W::spot::<T, A>(m, bp, Intent::Read)?;
        let value = m.load::<T>(spot);
        let sp = W::Pointer::truncate(bp.zext().wrapping_add(T::BYTES));
        m.cpu().state.regs.write(SP, sp);
        m.cpu().state.regs.write(BP, value);
        Ok(())
    }
}

/// CALL to a known place: pushes the address behind it; `dispatch::jump` then branches.
pub(crate) struct CallNear<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for CallNear<T, W> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let next = m.cpu().advance(u64::from(op.imm));
        push::<T, W, A>(m, T::truncate(next))
    }
}

/// CALL through a register or memory.
pub(crate) struct CallIndirect<T, W, S>(PhantomData<(T, W, S)>);

impl<T: Word, W: StackWidth, S: Source> Semantics for CallIndirect<T, W, S> {
    type Slow = CallIndirect<T, W, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let target = S::read::<T, A>(m, op)?;
        m.cpu().check_target(target.zext())?;
        let next = m.cpu().advance(u64::from(op.imm));
        push::<T, W, A>(m, T::truncate(next))?;
        m.cpu().state.ip = target.zext();
        Ok(())
    }
}

/// JMP through a register or memory.
pub(crate) struct JumpIndirect<T, S>(PhantomData<(T, S)>);

impl<T: Word, S: Source> Semantics for JumpIndirect<T, S> {
    type Slow = JumpIndirect<T, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let target = S::read::<T, A>(m, op)?;
        m.cpu().check_target(target.zext())?;
        m.cpu().state.ip = target.zext();
        Ok(())
    }
}

/// RET near [SDM 2B, "RET"], releasing `op.imm` bytes of arguments.
pub(crate) struct RetNear<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for RetNear<T, W> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let target = peek::<T, W, A>(m, 0)?;
        m.cpu().check_target(target.zext())?;
        move_sp::<W>(m.cpu(), T::BYTES as i64 + i64::from(op.imm));
        m.cpu().state.ip = target.zext();
        Ok(())
    }
}

simple! {
    /// JMP to a known place: nothing to do but branch.
    JumpNear: |_m, _op| Ok(());
}
