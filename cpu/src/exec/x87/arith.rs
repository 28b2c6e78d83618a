//! FADD FSUB FSUBR FMUL FDIV FDIVR, their popping and integer forms.

use super::memory::{Operand, WithOperand};
use super::{begin, remember, settle, stack_fault};
use crate::exec::access::Access;
use crate::exec::dispatch::Semantics;
use crate::exec::op::Op;
use ringzero_float::{F80, Outcome, X87Control, x87};
use std::marker::PhantomData;

/// A function of destination and source.
pub(crate) trait Arith: 'static {
    fn apply(dest: F80, src: F80, control: X87Control) -> Outcome<F80>;
}

macro_rules! arith {
    ($($(#[$doc:meta])* $name:ident: |$a:ident, $b:ident, $control:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Arith for $name {
            #[inline(always)]
            fn apply($a: F80, $b: F80, $control: X87Control) -> Outcome<F80> {
                $body
            }
        }
    )*};
}

arith! {
    /// FADD [SDM 2A, "FADD/FADDP/FIADD"].
    Fadd: |a, b, control| x87::add(a, b, control);
    /// FSUB [SDM 2A, "FSUB/FSUBP/FISUB"].
    Fsub: |a, b, control| x87::sub(a, b, control);
    /// FSUBR [SDM 2A, "FSUBR/FSUBRP/FISUBR"].
    Fsubr: |a, b, control| x87::sub(b, a, control);
    /// FMUL [SDM 2A, "FMUL/FMULP/FIMUL"].
    Fmul: |a, b, control| x87::mul(a, b, control);
    /// FDIV [SDM 2A, "FDIV/FDIVP/FIDIV"].
    Fdiv: |a, b, control| x87::div(a, b, control);
    /// FDIVR [SDM 2A, "FDIVR/FDIVRP/FIDIVR"].
    Fdivr: |a, b, control| x87::div(b, a, control);
}

/// ST(`op.dst`) := ST(`op.dst`) `O` ST(`op.src`); then `POPS` pops.
pub(crate) struct InStack<O, const POPS: u8>(PhantomData<O>);

impl<O: Arith, const POPS: u8> Semantics for InStack<O, POPS> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        let fpu = &m.cpu().state.fpu;
        let control = fpu.control();
        let result = match (fpu.full(op.dst), fpu.full(op.src)) {
            (Some(dest), Some(src)) => settle(m, O::apply(dest, src, control))?,
            _ => stack_fault(m, false)?.then_some(F80::INDEFINITE),
        };
        remember::<false>(m.cpu(), op);
        if let Some(result) = result {
            m.cpu().state.fpu.put(op.dst, result);
            m.cpu().state.fpu.pop_times(POPS);
        }
        Ok(())
    }
}

/// ST(0) := ST(0) `O` memory.
pub(crate) struct WithMemory<O, S>(PhantomData<(O, S)>);

impl<O: Arith, S: Operand> Semantics for WithMemory<O, S> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        let operand = S::read(m, op)?;
        let fpu = &m.cpu().state.fpu;
        let control = fpu.control();
        let result = match fpu.full(0) {
            Some(dest) => settle(m, O::apply(dest, operand.value, control).with(operand, control))?,
            None => stack_fault(m, false)?.then_some(F80::INDEFINITE),
        };
        remember::<true>(m.cpu(), op);
        if let Some(result) = result {
            m.cpu().state.fpu.put(0, result);
        }
        Ok(())
    }
}
