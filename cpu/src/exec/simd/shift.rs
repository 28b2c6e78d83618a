//! Packed shifts.

use super::operand::{File, Operand};
use super::vector::{Vector, qword};
use crate::exec::access::Access;
use crate::exec::dispatch::Semantics;
use crate::exec::op::Op;
use std::marker::PhantomData;

/// A shift of every lane by one count, which may be larger than a lane.
pub(crate) trait Shift: 'static {
    fn apply<V: Vector>(value: V, count: u64) -> V;
}

macro_rules! shift {
    ($($(#[$doc:meta])* $name:ident: |$value:ident, $count:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Shift for $name {
            #[inline(always)]
            fn apply<V: Vector>($value: V, count: u64) -> V {
                let $count = u32::try_from(count).unwrap_or(u32::MAX);
                $body
            }
        }
    )*};
}

/// A shift of the whole value.
#[inline(always)]
fn by_bytes<V: Vector>(value: V, f: impl Fn(u128) -> u128) -> V {
    V::from_wide(f(u128::from_le_bytes(value.to_wide())).to_le_bytes())
}

shift! {
    /// PSLLW.
    Psllw: |v, n| V::words(v, v, |v, _| v.checked_shl(n).unwrap_or(0));
    /// PSLLD.
    Pslld: |v, n| V::dwords(v, v, |v, _| v.checked_shl(n).unwrap_or(0));
    /// PSLLQ.
    Psllq: |v, n| V::qwords(v, v, |v, _| v.checked_shl(n).unwrap_or(0));
    /// PSRLW.
    Psrlw: |v, n| V::words(v, v, |v, _| v.checked_shr(n).unwrap_or(0));
    /// PSRLD.
    Psrld: |v, n| V::dwords(v, v, |v, _| v.checked_shr(n).unwrap_or(0));
    /// PSRLQ.
    Psrlq: |v, n| V::qwords(v, v, |v, _| v.checked_shr(n).unwrap_or(0));
    /// PSRAW: a large count fills with the sign.
    Psraw: |v, n| V::words(v, v, |v, _| ((v as i16) >> n.min(15)) as u16);
    /// PSRAD.
    Psrad: |v, n| V::dwords(v, v, |v, _| ((v as i32) >> n.min(31)) as u32);
    /// PSLLDQ: by bytes.
    Pslldq: |v, n| by_bytes(v, |v| if n > 15 { 0 } else { v << (8 * n) });
    /// PSRLDQ: by bytes.
    Psrldq: |v, n| by_bytes(v, |v| if n > 15 { 0 } else { v >> (8 * n) });
}

/// `O DEST, SRC`: the count is the low quadword of SRC.
pub(crate) struct ShiftBy<O, F, S>(PhantomData<(O, F, S)>);

impl<O: Shift, F: File, S: Operand> Semantics for ShiftBy<O, F, S> {
    type Slow = ShiftBy<O, F, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        F::begin(m.cpu())?;
        let count = qword(S::read(m, op)?, 0);
        let cpu = m.cpu();
        F::commit(cpu);
        let result = O::apply(F::get(cpu, op.dst), count);
        F::set(cpu, op.dst, result);
        Ok(())
    }
}

/// `O DEST, imm8`.
pub(crate) struct ShiftImm<O, F>(PhantomData<(O, F)>);

impl<O: Shift, F: File> Semantics for ShiftImm<O, F> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        F::begin(m.cpu())?;
        let cpu = m.cpu();
        F::commit(cpu);
        let result = O::apply(F::get(cpu, op.dst), u64::from(op.imm & 0xFF));
        F::set(cpu, op.dst, result);
        Ok(())
    }
}
