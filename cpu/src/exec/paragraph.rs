//! Far JMP CALL RET in real and virtual-8086 mode, where CS is loaded with no more than a paragraph's number. They end their
//! block and leave the next IP in `state.ip`, as near jumps to a place only known then do.

use super::access::Access;
use super::descriptor::load_code_paragraph;
use super::dispatch::{Semantics, ip_mask};
use super::mov::read_far_pointer;
use super::op::Op;
use super::stack::{StackWidth, move_sp, moved, peek};
use crate::mmu::Intent;
use crate::segment::SegReg;
use crate::word::Word;
use std::marker::PhantomData;

/// Loads CS to go on at `offset`; beyond its limit that is #GP(0), with nothing changed.
#[inline(always)]
pub(super) fn load_code<A: Access>(m: &mut A, selector: u16, offset: u64) -> Result<(), A::Fail> {
    m.cpu().check_target(offset)?;
    load_code_paragraph(m, selector)
}

/// JMP to `selector:offset`.
#[inline(always)]
fn jump<A: Access>(m: &mut A, selector: u16, offset: u64) -> Result<(), A::Fail> {
    load_code(m, selector, offset)?;
    m.cpu().state.ip = offset;
    Ok(())
}

/// CALL to `selector:offset` with `next` behind it. CS and the return offset are pushed in pieces of the operand size, and stay
/// written where what comes next faults. SP moves last.
#[inline(always)]
fn call<T: Word, W: StackWidth, A: Access>(
    m: &mut A,
    selector: u16,
    offset: u64,
    next: u32,
) -> Result<(), A::Fail> {
    let cs = m.cpu().state.seg(SegReg::Cs).selector;
    let next = m.cpu().advance(u64::from(next));
    for (n, value) in [(1, u64::from(cs)), (2, next)] {
        let pointer = moved::<W>(m.cpu(), -n * T::BYTES as i64);
        let spot = W::spot::<T, A>(m, pointer, Intent::Write)?;
        m.store(spot, T::truncate(value));
    }
    load_code(m, selector, offset)?;
    move_sp::<W>(m.cpu(), -2 * T::BYTES as i64);
    m.cpu().state.ip = offset;
    Ok(())
}

/// JMP ptr16:16 and ptr16:32 [SDM 2A, "JMP"]: offset in `op.disp`, selector in the low half of `op.imm`.
pub(crate) struct Jump<T>(PhantomData<T>);

impl<T: Word> Semantics for Jump<T> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        jump(m, op.imm as u16, u64::from(op.disp) & ip_mask(T::BITS))
    }
}

/// CALL ptr16:16 and ptr16:32 [SDM 2A, "CALL"]: the same, with the distance from the block's start to the next instruction in the
/// high half of `op.imm`.
pub(crate) struct Call<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for Call<T, W> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let offset = u64::from(op.disp) & ip_mask(T::BITS);
        call::<T, W, A>(m, op.imm as u16, offset, op.imm >> 16)
    }
}

/// JMP m16:16 and m16:32.
pub(crate) struct JumpIndirect<T>(PhantomData<T>);

impl<T: Word> Semantics for JumpIndirect<T> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let (offset, selector) = read_far_pointer::<T, A>(m, op)?;
        jump(m, selector, offset.zext())
    }
}

/// CALL m16:16 and m16:32: the distance to the next instruction in `op.imm`.
pub(crate) struct CallIndirect<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for CallIndirect<T, W> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let (offset, selector) = read_far_pointer::<T, A>(m, op)?;
        call::<T, W, A>(m, selector, offset.zext(), op.imm)
    }
}

/// RET far [SDM 2B, "RET"], releasing `op.imm` bytes of arguments.
pub(crate) struct Ret<T, W>(PhantomData<(T, W)>);

impl<T: Word, W: StackWidth> Semantics for Ret<T, W> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let size = T::BYTES as i64;
        let offset = peek::<T, W, A>(m, 0)?.zext();
        let selector = peek::<T, W, A>(m, size)?.zext() as u16;
        load_code(m, selector, offset)?;
        move_sp::<W>(m.cpu(), 2 * size + i64::from(op.imm));
        m.cpu().state.ip = offset;
        Ok(())
    }
}
