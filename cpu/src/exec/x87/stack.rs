//! The register stack: FXCH FFREE FINCSTP FDECSTP, and what pushes and pops are.

use super::{begin, remember, settle, stack_fault, status};
use crate::exec::access::Access;
use crate::exec::dispatch::Semantics;
use crate::exec::mov::simple;
use crate::exec::op::Op;
use crate::fpu::Fpu;
use ringzero_float::{F80, Outcome};

impl Fpu {
    /// ST(`i`), unless it is empty.
    #[inline(always)]
    pub(crate) fn full(&self, i: u8) -> Option<F80> {
        (!self.is_empty(i)).then(|| self.st(i))
    }

    /// Writes ST(`i`), which is not empty then.
    #[inline(always)]
    pub(crate) fn put(&mut self, i: u8, value: F80) {
        let physical = self.physical(i);
        self.registers[physical] = value;
        self.in_use |= 1 << physical;
    }

    /// Tags ST(`i`) empty.
    #[inline(always)]
    pub(crate) fn free(&mut self, i: u8) {
        self.in_use &= !(1 << self.physical(i));
    }

    #[inline(always)]
    pub(crate) fn pop(&mut self) {
        self.free(0);
        self.set_top(self.top() + 1);
    }

    #[inline(always)]
    pub(crate) fn pop_times(&mut self, times: u8) {
        for _ in 0..times {
            self.pop();
        }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, value: F80) {
        self.set_top(self.top().wrapping_sub(1));
        self.put(0, value);
    }
}

/// Pushes what an instruction loads; stack overflow when ST(7) is in use.
#[inline(always)]
pub(crate) fn push<A: Access>(m: &mut A, outcome: Outcome<F80>) -> Result<(), A::Fail> {
    if !m.cpu().state.fpu.is_empty(7) {
        if stack_fault(m, true)? {
            m.cpu().state.fpu.push(F80::INDEFINITE);
        }
        return Ok(());
    }
    if let Some(value) = settle(m, outcome)? {
        m.cpu().state.fpu.push(value);
    }
    Ok(())
}

/// Replaces ST(0) by the first of two results and pushes the second; the masked response to overflow is two
/// indefinites.
#[inline(always)]
pub(crate) fn replace_and_push<A: Access>(m: &mut A, outcome: Outcome<(F80, F80)>) -> Result<(), A::Fail> {
    if !m.cpu().state.fpu.is_empty(7) {
        if stack_fault(m, true)? {
            both_indefinite(m);
        }
        return Ok(());
    }
    if let Some((first, second)) = settle(m, outcome)? {
        m.cpu().state.fpu.put(0, first);
        m.cpu().state.fpu.push(second);
    }
    Ok(())
}

/// ST(0) and what is pushed onto it become indefinite.
pub(crate) fn both_indefinite<A: Access>(m: &mut A) {
    m.cpu().state.fpu.put(0, F80::INDEFINITE);
    m.cpu().state.fpu.push(F80::INDEFINITE);
}

simple! {
    /// FXCH [SDM 2A, "FXCH"]: ST(0) and ST(`op.src`) change places; empty ones become indefinite first.
    Fxch: |m, op| {
        begin(m)?;
        let fpu = &m.cpu().state.fpu;
        let (a, b) = (fpu.full(0), fpu.full(op.src));
        if (a.is_none() || b.is_none()) && !stack_fault(m, false)? {
            remember::<false>(m.cpu(), op);
            return Ok(());
        }
        remember::<false>(m.cpu(), op);
        let fpu = &mut m.cpu().state.fpu;
        if a.is_some() && b.is_some() {
            fpu.status &= !status::C1;
        }
        fpu.put(0, b.unwrap_or(F80::INDEFINITE));
        fpu.put(op.src, a.unwrap_or(F80::INDEFINITE));
        Ok(())
    };
    /// FFREE [SDM 2A, "FFREE"]: C1 is cleared [AMD Zen 5 captures].
    Ffree: |m, op| { begin(m)?; free(m, op); Ok(()) };
    /// FFREEP, undocumented: FFREE, then the stack is popped.
    Ffreep: |m, op| {
        begin(m)?;
        free(m, op);
        m.cpu().state.fpu.pop();
        Ok(())
    };
    /// FINCSTP [SDM 2A, "FINCSTP"]: tags stay.
    Fincstp: |m, op| { begin(m)?; turn(m, op, 1); Ok(()) };
    /// FDECSTP [SDM 2A, "FDECSTP"].
    Fdecstp: |m, op| { begin(m)?; turn(m, op, 7); Ok(()) };
}

fn free<A: Access>(m: &mut A, op: &Op) {
    remember::<false>(m.cpu(), op);
    let fpu = &mut m.cpu().state.fpu;
    fpu.free(op.dst);
    fpu.status &= !status::C1;
}

fn turn<A: Access>(m: &mut A, op: &Op, by: u8) {
    remember::<false>(m.cpu(), op);
    let fpu = &mut m.cpu().state.fpu;
    fpu.set_top(fpu.top().wrapping_add(by));
    fpu.status &= !status::C1;
}
