//! FCOM FUCOM FICOM FTST FXAM, FCOMI FUCOMI, FCMOVcc.

use super::memory::{Operand, WithOperand};
use super::{begin, remember, settle, stack_fault, status};
use crate::exec::access::Access;
use crate::exec::dispatch::Semantics;
use crate::exec::mov::simple;
use crate::exec::op::Op;
use crate::flags::bit;
use ringzero_float::x87::{self, Relation};
use ringzero_float::{F80, Outcome, X87Control};
use std::marker::PhantomData;

/// Which NaNs are invalid.
pub(crate) trait Comparison: 'static {
    fn apply(a: F80, b: F80, control: X87Control) -> Outcome<Relation>;
}

/// FCOM: all of them.
pub(crate) struct Ordered;
/// FUCOM: the signalling ones.
pub(crate) struct Unordered;

impl Comparison for Ordered {
    #[inline(always)]
    fn apply(a: F80, b: F80, control: X87Control) -> Outcome<Relation> {
        x87::compare(a, b, control)
    }
}
impl Comparison for Unordered {
    #[inline(always)]
    fn apply(a: F80, b: F80, control: X87Control) -> Outcome<Relation> {
        x87::compare_unordered(a, b, control)
    }
}

/// Reports a comparison: the relation, which is set even when an exception is not masked [AMD Zen 5 captures], and whether
/// the stack may be popped. An empty register compares as unordered.
#[inline(always)]
fn relate<A: Access>(m: &mut A, outcome: Option<Outcome<Relation>>) -> Result<(Relation, bool), A::Fail> {
    match outcome {
        Some(outcome) => Ok((outcome.value, settle(m, outcome)?.is_some())),
        None => Ok((Relation::Unordered, stack_fault(m, false)?)),
    }
}

/// C3, C2, C0 := the relation.
#[inline(always)]
fn set_condition<A: Access>(m: &mut A, relation: Relation) {
    let fpu = &mut m.cpu().state.fpu;
    fpu.status = fpu.status & !(status::C0 | status::C2 | status::C3) | relation.condition_codes();
}

/// Sets the condition codes; then `POPS` pops where they may be done.
#[inline(always)]
fn finish<const POPS: u8, A: Access>(m: &mut A, relation: Relation, pops: bool) {
    set_condition(m, relation);
    m.cpu().state.fpu.pop_times(if pops { POPS } else { 0 });
}

/// Compares ST(0) with ST(`op.src`).
#[inline(always)]
fn compare_stack<C: Comparison, A: Access>(m: &mut A, op: &Op) -> Result<(Relation, bool), A::Fail> {
    begin(m)?;
    let fpu = &m.cpu().state.fpu;
    let operands = fpu.full(0).zip(fpu.full(op.src));
    let control = fpu.control();
    let found = relate(m, operands.map(|(a, b)| C::apply(a, b, control)))?;
    remember::<false>(m.cpu(), op);
    Ok(found)
}

/// FCOM, FUCOM of ST(0) and ST(`op.src`); then `POPS` pops.
pub(crate) struct CompareStack<C, const POPS: u8>(PhantomData<C>);

impl<C: Comparison, const POPS: u8> Semantics for CompareStack<C, POPS> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let (relation, pops) = compare_stack::<C, A>(m, op)?;
        finish::<POPS, A>(m, relation, pops);
        Ok(())
    }
}

/// FCOM and FICOM of ST(0) and memory; then `POPS` pops.
pub(crate) struct CompareMemory<S, const POPS: u8>(PhantomData<S>);

impl<S: Operand, const POPS: u8> Semantics for CompareMemory<S, POPS> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        let operand = S::read(m, op)?;
        let fpu = &m.cpu().state.fpu;
        let control = fpu.control();
        let outcome = fpu.full(0).map(|a| x87::compare(a, operand.value, control).with(operand, control));
        let (relation, pops) = relate(m, outcome)?;
        remember::<true>(m.cpu(), op);
        finish::<POPS, A>(m, relation, pops);
        Ok(())
    }
}

/// FCOMI, FUCOMI [SDM 2A, "FCOMI/FCOMIP/FUCOMI/FUCOMIP"]: the relation to ZF, PF, CF; OF, SF and AF are cleared.
pub(crate) struct CompareFlags<C, const POPS: u8>(PhantomData<C>);

impl<C: Comparison, const POPS: u8> Semantics for CompareFlags<C, POPS> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let fpu = &m.cpu().state.fpu;
        let rounded = fpu.status & status::C1;
        let is_full = !fpu.is_empty(0) && !fpu.is_empty(op.src);
        let (relation, pops) = compare_stack::<C, A>(m, op)?;
        m.cpu().state.flags.update(bit::STATUS, relation.eflags());
        let fpu = &mut m.cpu().state.fpu;
        if is_full {
            // C1 stays unless the stack failed [AMD Zen 5 captures].
            fpu.status |= rounded;
        }
        fpu.pop_times(if pops { POPS } else { 0 });
        Ok(())
    }
}

/// FCMOVcc [SDM 2A, "FCMOVcc"]: ST(0) := ST(`op.src`) when condition `CC` of EFLAGS holds.
/// C1 stays unless the stack failed [AMD Zen 5 captures].
pub(crate) struct Fcmov<const CC: u8>;

impl<const CC: u8> Semantics for Fcmov<CC> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        let fpu = &m.cpu().state.fpu;
        let value = match (fpu.full(0), fpu.full(op.src)) {
            (Some(_), Some(src)) => {
                let met = m.cpu().state.flags.condition::<CC>();
                met.then_some(src)
            }
            _ => stack_fault(m, false)?.then_some(F80::INDEFINITE),
        };
        remember::<false>(m.cpu(), op);
        if let Some(value) = value {
            m.cpu().state.fpu.put(0, value);
        }
        Ok(())
    }
}

simple! {
    /// FTST [SDM 2A, "FTST"].
    Ftst: |m, op| {
        begin(m)?;
        let fpu = &m.cpu().state.fpu;
        let (x, control) = (fpu.full(0), fpu.control());
        let (relation, _) = relate(m, x.map(|x| x87::tst(x, control)))?;
        remember::<false>(m.cpu(), op);
        set_condition(m, relation);
        Ok(())
    };
    /// FXAM [SDM 2A, "FXAM"]: the class of ST(0), C1 its sign, whether it is empty or not.
    Fxam: |m, op| {
        begin(m)?;
        remember::<false>(m.cpu(), op);
        let fpu = &mut m.cpu().state.fpu;
        let value = fpu.st(0);
        let empty = status::C3 | status::C0 | if value.is_negative() { status::C1 } else { 0 };
        let class = if fpu.is_empty(0) { empty } else { x87::xam(value) };
        fpu.status = fpu.status & !status::CONDITION | class;
        Ok(())
    };
}
