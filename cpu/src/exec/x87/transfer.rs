//! FLD FST FSTP, FILD FIST FISTP FISTTP, FBLD FBSTP, and the constants.

use super::memory::{Double, Int16, Int32, Int64, Loadable, Single, exact};
use super::stack::push;
use super::{begin, remember, settle, stack_fault, status};
use crate::exec::access::{Access, Mem, Segmented};
use crate::exec::dispatch::Semantics;
use crate::exec::mov::simple;
use crate::exec::op::Op;
use crate::mmu::Intent;
use crate::word::{Block, Word};
use ringzero_float::x87::{self, Constant};
use ringzero_float::{F80, Outcome, X87Control};
use std::marker::PhantomData;

/// FLD and FILD of memory [SDM 2A, "FLD", "FILD"].
pub(crate) struct Load<S>(PhantomData<S>);

impl<S: Loadable> Semantics for Load<S> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        let control = m.cpu().state.fpu.control();
        let outcome = S::load(m, op, control)?;
        push(m, outcome)?;
        remember::<true>(m.cpu(), op);
        Ok(())
    }
}

/// FLD1 and its like; `N` is the place in the order of the opcodes.
pub(crate) struct LoadConstant<const N: u8>;

const CONSTANTS: [Constant; 7] = [
    Constant::One,
    Constant::Log2Of10,
    Constant::Log2OfE,
    Constant::Pi,
    Constant::Log10Of2,
    Constant::LnOf2,
    Constant::Zero,
];

impl<const N: u8> LoadConstant<N> {
    #[inline(always)]
    pub(super) fn value(control: X87Control) -> F80 {
        x87::constant(CONSTANTS[usize::from(N)], control)
    }
}

impl<const N: u8> Semantics for LoadConstant<N> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        let control = m.cpu().state.fpu.control();
        push(m, exact(Self::value(control)))?;
        remember::<false>(m.cpu(), op);
        Ok(())
    }
}

/// The ten bytes of an extended or decimal operand.
#[inline(always)]
fn load_ten<A: Access>(m: &mut A, op: &Op) -> Result<[u8; 10], A::Fail> {
    let spot = Segmented::spot::<Block<10>, A>(m, op, Intent::Read)?;
    Ok(m.load_bytes(spot))
}

simple! {
    /// FLD m80: every encoding as it is.
    LoadExtended: |m, op| {
        begin(m)?;
        let value = F80::from_le_bytes(load_ten(m, op)?);
        push(m, exact(value))?;
        remember::<true>(m.cpu(), op);
        Ok(())
    };
    /// FBLD [SDM 2A, "FBLD"].
    LoadDecimal: |m, op| {
        begin(m)?;
        let value = x87::from_bcd(load_ten(m, op)?);
        push(m, exact(value))?;
        remember::<true>(m.cpu(), op);
        Ok(())
    };
    /// FLD ST(`op.src`).
    LoadStack: |m, op| {
        begin(m)?;
        match m.cpu().state.fpu.full(op.src) {
            Some(value) => push(m, exact(value))?,
            None => if stack_fault(m, false)? {
                m.cpu().state.fpu.push(F80::INDEFINITE);
            },
        }
        remember::<false>(m.cpu(), op);
        Ok(())
    };
    /// FSTP m80: every encoding as it is.
    StoreExtended: |m, op| {
        begin(m)?;
        let spot = Segmented::spot::<Block<10>, A>(m, op, Intent::Write)?;
        let value = match m.cpu().state.fpu.full(0) {
            Some(value) => {
                m.cpu().state.fpu.status &= !status::C1;
                Some(value)
            }
            None => stack_fault(m, false)?.then_some(F80::INDEFINITE),
        };
        remember::<true>(m.cpu(), op);
        if let Some(value) = value {
            m.store_bytes(spot, value.to_le_bytes());
            m.cpu().state.fpu.pop();
        }
        Ok(())
    };
    /// FBSTP [SDM 2A, "FBSTP"].
    StoreDecimal: |m, op| {
        begin(m)?;
        let spot = Segmented::spot::<Block<10>, A>(m, op, Intent::Write)?;
        let fpu = &m.cpu().state.fpu;
        let (value, control) = (fpu.full(0), fpu.control());
        let bytes = match value {
            Some(value) => settle(m, x87::to_bcd(value, control))?,
            None => stack_fault(m, false)?.then_some(DECIMAL_INDEFINITE),
        };
        remember::<true>(m.cpu(), op);
        if let Some(bytes) = bytes {
            m.store_bytes(spot, bytes);
            m.cpu().state.fpu.pop();
        }
        Ok(())
    };
}

/// The masked response of FBSTP [SDM 1, "BCD and Packed BCD Integers"].
const DECIMAL_INDEFINITE: [u8; 10] = [0, 0, 0, 0, 0, 0, 0, 0xC0, 0xFF, 0xFF];

/// What FST, FIST and FISTTP make of ST(0).
pub(crate) trait Storable: 'static {
    type Word: Word;
    /// The masked response to an empty register.
    const INDEFINITE: u64;
    fn convert(x: F80, control: X87Control) -> Outcome<u64>;
}

/// FISTTP's conversion.
pub(crate) struct Truncated<T>(PhantomData<T>);

macro_rules! storables {
    ($($name:ty: $word:ty, $indefinite:literal, |$x:ident, $control:ident| $outcome:expr;)*) => {$(
        impl Storable for $name {
            type Word = $word;
            const INDEFINITE: u64 = $indefinite;
            #[inline(always)]
            fn convert($x: F80, $control: X87Control) -> Outcome<u64> {
                $outcome
            }
        }
    )*};
}

storables! {
    Single: u32, 0xFFC0_0000, |x, control| x87::to_f32(x, control).map(u64::from);
    Double: u64, 0xFFF8_0000_0000_0000, |x, control| x87::to_f64(x, control);
    Int16: u16, 0x8000, |x, control| x87::to_i16(x, control).map(|value| value as u64);
    Int32: u32, 0x8000_0000, |x, control| x87::to_i32(x, control).map(|value| value as u64);
    Int64: u64, 0x8000_0000_0000_0000, |x, control| x87::to_i64(x, control).map(|value| value as u64);
    Truncated<Int16>: u16, 0x8000, |x, control| x87::to_i16_truncated(x, control).map(|value| value as u64);
    Truncated<Int32>: u32, 0x8000_0000,
        |x, control| x87::to_i32_truncated(x, control).map(|value| value as u64);
    Truncated<Int64>: u64, 0x8000_0000_0000_0000,
        |x, control| x87::to_i64_truncated(x, control).map(|value| value as u64);
}

/// FST, FIST, FISTTP to memory; then `POPS` pops.
pub(crate) struct Store<S, const POPS: u8>(PhantomData<S>);

impl<S: Storable, const POPS: u8> Semantics for Store<S, POPS> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        let spot = Segmented::spot::<S::Word, A>(m, op, Intent::Write)?;
        let fpu = &m.cpu().state.fpu;
        let (value, control) = (fpu.full(0), fpu.control());
        let bits = match value {
            Some(value) => settle(m, S::convert(value, control))?,
            None => stack_fault(m, false)?.then_some(S::INDEFINITE),
        };
        remember::<true>(m.cpu(), op);
        if let Some(bits) = bits {
            m.store(spot, <S::Word as Word>::truncate(bits));
            m.cpu().state.fpu.pop_times(POPS);
        }
        Ok(())
    }
}

/// FST ST(`op.dst`); then `POPS` pops.
pub(crate) struct StoreStack<const POPS: u8>;

impl<const POPS: u8> Semantics for StoreStack<POPS> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        let value = match m.cpu().state.fpu.full(0) {
            Some(value) => {
                m.cpu().state.fpu.status &= !status::C1;
                Some(value)
            }
            None => stack_fault(m, false)?.then_some(F80::INDEFINITE),
        };
        remember::<false>(m.cpu(), op);
        if let Some(value) = value {
            m.cpu().state.fpu.put(op.dst, value);
            m.cpu().state.fpu.pop_times(POPS);
        }
        Ok(())
    }
}
