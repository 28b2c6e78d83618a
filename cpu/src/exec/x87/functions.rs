//! FSQRT FRNDINT FSCALE FXTRACT FPREM FPREM1, FCHS FABS, and the transcendental functions.

use super::stack::{both_indefinite, replace_and_push};
use super::{begin, remember, settle, stack_fault, status};
use crate::exec::access::Access;
use crate::exec::dispatch::Semantics;
use crate::exec::mov::simple;
use crate::exec::op::Op;
use ringzero_float::x87::Remainder;
use ringzero_float::{F80, Outcome, X87Control, x87};
use std::marker::PhantomData;

/// A function of ST(0).
pub(crate) trait Function: 'static {
    /// Whether it clears C2 to say that the operand was in range.
    const HAS_RANGE: bool = false;
    fn apply(x: F80, control: X87Control) -> Outcome<F80>;
}

/// A function of ST(0) and ST(1).
pub(crate) trait Function2: 'static {
    fn apply(st0: F80, st1: F80, control: X87Control) -> Outcome<F80>;
}

/// A function of ST(0) with two results, the second of which is pushed.
pub(crate) trait Pair: 'static {
    const HAS_RANGE: bool = false;
    fn apply(x: F80, control: X87Control) -> Outcome<(F80, F80)>;
}

macro_rules! functions {
    ($kind:ident, $result:ty:
        $($(#[$doc:meta])* $name:ident $(($range:literal))?: |$($x:ident),+; $control:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl $kind for $name {
            $(const HAS_RANGE: bool = $range;)?
            #[inline(always)]
            fn apply($($x: F80),+, $control: X87Control) -> Outcome<$result> {
                $body
            }
        }
    )*};
}

functions! { Function, F80:
    /// FSQRT.
    Fsqrt: |x; control| x87::sqrt(x, control);
    /// FRNDINT.
    Frndint: |x; control| x87::round_to_integer(x, control);
    /// F2XM1: 2^x - 1.
    F2xm1: |x; control| x87::f2xm1(x, control);
    /// FSIN.
    Fsin(true): |x; control| x87::fsin(x, control);
    /// FCOS.
    Fcos(true): |x; control| x87::fcos(x, control);
}

functions! { Function2, F80:
    /// FSCALE: ST(0) * 2^ST(1).
    Fscale: |st0, st1; control| x87::scale(st0, st1, control);
    /// FPATAN: the angle of the point (ST(0), ST(1)).
    Fpatan: |st0, st1; control| x87::fpatan(st0, st1, control);
    /// FYL2X: ST(1) * log2 ST(0).
    Fyl2x: |st0, st1; control| x87::fyl2x(st0, st1, control);
    /// FYL2XP1: ST(1) * log2 (ST(0) + 1).
    Fyl2xp1: |st0, st1; control| x87::fyl2xp1(st0, st1, control);
}

functions! { Pair, (F80, F80):
    /// FXTRACT: exponent, then significand.
    Fxtract: |x; control| x87::extract(x, control).map(|parts| (parts.exponent, parts.significand));
    /// FPTAN: the tangent, then one.
    Fptan(true): |x; control| x87::fptan(x, control).map(|result| (result.tan, result.one));
    /// FSINCOS: sine, then cosine.
    Fsincos(true): |x; control| x87::fsincos(x, control).map(|result| (result.sin, result.cos));
}

/// C2 := the operand is out of range or the reduction is not done, for functions that say so. An exception that is not
/// masked does not keep C2 as it was [AMD Zen 5 captures].
fn set_range<A: Access>(m: &mut A, has_range: bool, out_of_range: bool) {
    if has_range {
        let fpu = &mut m.cpu().state.fpu;
        fpu.status = fpu.status & !status::C2 | if out_of_range { status::C2 } else { 0 };
    }
}

/// ST(0) := `O`(ST(0)).
pub(crate) struct Unary<O>(PhantomData<O>);

impl<O: Function> Semantics for Unary<O> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        let fpu = &m.cpu().state.fpu;
        let (x, control) = (fpu.full(0), fpu.control());
        let result = match x {
            Some(x) => {
                let outcome = O::apply(x, control);
                let result = settle(m, outcome)?;
                set_range(m, O::HAS_RANGE, outcome.incomplete);
                result
            }
            None => {
                let masked = stack_fault(m, false)?;
                set_range(m, O::HAS_RANGE, false);
                masked.then_some(F80::INDEFINITE)
            }
        };
        remember::<false>(m.cpu(), op);
        if let Some(result) = result {
            m.cpu().state.fpu.put(0, result);
        }
        Ok(())
    }
}

/// ST(`DEST`) := `O`(ST(0), ST(1)); with `DEST` 1 the stack is popped.
pub(crate) struct Binary<O, const DEST: u8>(PhantomData<O>);

impl<O: Function2, const DEST: u8> Semantics for Binary<O, DEST> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        let fpu = &m.cpu().state.fpu;
        let control = fpu.control();
        let result = match (fpu.full(0), fpu.full(1)) {
            (Some(st0), Some(st1)) => settle(m, O::apply(st0, st1, control))?,
            _ => stack_fault(m, false)?.then_some(F80::INDEFINITE),
        };
        remember::<false>(m.cpu(), op);
        if let Some(result) = result {
            m.cpu().state.fpu.put(DEST, result);
            m.cpu().state.fpu.pop_times(DEST);
        }
        Ok(())
    }
}

/// ST(0) := the first result of `O`(ST(0)); the second is pushed.
pub(crate) struct Pushing<O>(PhantomData<O>);

impl<O: Pair> Semantics for Pushing<O> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        let fpu = &m.cpu().state.fpu;
        let (x, control) = (fpu.full(0), fpu.control());
        match x {
            Some(x) => {
                let overflow = !fpu.is_empty(7);
                let outcome = O::apply(x, control);
                replace_and_push(m, outcome)?;
                set_range(m, O::HAS_RANGE, outcome.incomplete && !overflow);
            }
            None => {
                if stack_fault(m, false)? {
                    both_indefinite(m);
                }
                set_range(m, O::HAS_RANGE, false);
            }
        }
        remember::<false>(m.cpu(), op);
        Ok(())
    }
}

/// FPREM, and FPREM1 (`NEAREST`).
pub(crate) struct PartialRemainder<const NEAREST: bool>;

impl<const NEAREST: bool> Semantics for PartialRemainder<NEAREST> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        let fpu = &m.cpu().state.fpu;
        let (operands, control) = (fpu.full(0).zip(fpu.full(1)), fpu.control());
        remember::<false>(m.cpu(), op);
        let Some((x, modulus)) = operands else {
            if stack_fault(m, false)? {
                m.cpu().state.fpu.put(0, F80::INDEFINITE);
            }
            set_range(m, true, false);
            return Ok(());
        };
        let outcome = if NEAREST { x87::rem1(x, modulus, control) } else { x87::rem(x, modulus, control) };
        finish_remainder(m, outcome)
    }
}

fn finish_remainder<A: Access>(m: &mut A, outcome: Outcome<Remainder>) -> Result<(), A::Fail> {
    let result = settle(m, outcome)?;
    set_range(m, true, outcome.incomplete);
    if let Some(remainder) = result {
        let fpu = &mut m.cpu().state.fpu;
        let codes = remainder.condition_codes(fpu.status, outcome.incomplete);
        fpu.status = fpu.status & !status::CONDITION | codes;
        fpu.put(0, remainder.value);
    }
    Ok(())
}

simple! {
    /// FCHS [SDM 2A, "FCHS"].
    Fchs: |m, op| change_sign(m, op, F80::negated);
    /// FABS [SDM 2A, "FABS"].
    Fabs: |m, op| change_sign(m, op, F80::abs);
}

/// A function of the sign bit, which no encoding makes invalid.
#[inline(always)]
fn change_sign<A: Access>(m: &mut A, op: &Op, f: impl Fn(F80) -> F80) -> Result<(), A::Fail> {
    begin(m)?;
    let result = match m.cpu().state.fpu.full(0) {
        Some(x) => {
            m.cpu().state.fpu.status &= !status::C1;
            Some(f(x))
        }
        None => stack_fault(m, false)?.then_some(F80::INDEFINITE),
    };
    remember::<false>(m.cpu(), op);
    if let Some(result) = result {
        m.cpu().state.fpu.put(0, result);
    }
    Ok(())
}
