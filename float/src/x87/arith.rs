//! FADD, FSUB, FMUL, FDIV and FSQRT.

use super::round::to_register;
use super::{denormal, invalid, normal, operand, reject, reject_one};
use crate::exact::{Exact, Operand};
use crate::f80::{Class, F80};
use crate::{Exceptions, Outcome, Rounding, X87Control};

/// FADD: `a + b` [SDM 2A, "FADD/FADDP/FIADD"].
#[must_use]
#[inline]
pub fn add(a: F80, b: F80, control: X87Control) -> Outcome<F80> {
    match (normal(a), normal(b)) {
        (Some(a), Some(b)) => rounded_sum(a.add(b), control),
        _ => reject(a, b, control).unwrap_or_else(|| sum(a, b, control)),
    }
}

/// FSUB: `a - b` [SDM 2A, "FSUB/FSUBP/FISUB"]. FSUBR is the same with its operands exchanged.
#[must_use]
#[inline]
pub fn sub(a: F80, b: F80, control: X87Control) -> Outcome<F80> {
    match (normal(a), normal(b.negated())) {
        (Some(a), Some(b)) => rounded_sum(a.add(b), control),
        _ => reject(a, b, control).unwrap_or_else(|| sum(a, b.negated(), control)),
    }
}

/// FMUL: `a * b` [SDM 2A, "FMUL/FMULP/FIMUL"].
#[must_use]
#[inline]
pub fn mul(a: F80, b: F80, control: X87Control) -> Outcome<F80> {
    match (normal(a), normal(b)) {
        (Some(a), Some(b)) => to_register(a.mul(b), control.precision(), control),
        _ => reject(a, b, control).unwrap_or_else(|| product(a, b, control)),
    }
}

/// FDIV: `a / b` [SDM 2A, "FDIV/FDIVP/FIDIV"]. FDIVR is the same with its operands exchanged.
#[must_use]
#[inline]
pub fn div(a: F80, b: F80, control: X87Control) -> Outcome<F80> {
    match (normal(a), normal(b)) {
        (Some(a), Some(b)) => to_register(a.div(b), control.precision(), control),
        _ => reject(a, b, control).unwrap_or_else(|| quotient(a, b, control)),
    }
}

/// FSQRT [SDM 2A, "FSQRT"].
#[must_use]
#[inline]
pub fn sqrt(x: F80, control: X87Control) -> Outcome<F80> {
    if let Some(outcome) = reject_one(x, control) {
        return outcome;
    }
    let denormal = denormal(x, x);
    match (x.class(), operand(x)) {
        (Class::Zero, _) => Outcome::exact(x),
        _ if x.is_negative() => invalid(control),
        (Class::Infinity, _) => Outcome::exact(x),
        (_, Operand::Finite(finite)) if control.unmasked(denormal).is_empty() => {
            to_register(finite.sqrt(), control.precision(), control).after(denormal)
        }
        _ => Outcome::flagged(x, denormal, control),
    }
}

/// The response to a finite number divided by zero, or what counts as such. The division is not begun, so a denormal
/// dividend goes unnoticed (hardware captures).
pub(super) fn divided_by_zero(negative: bool, control: X87Control) -> Outcome<F80> {
    Outcome::flagged(F80::INFINITY.with_sign(negative), Exceptions::ZERO_DIVIDE, control)
}

/// The product of two numbers.
#[cold]
fn product(a: F80, b: F80, control: X87Control) -> Outcome<F80> {
    let negative = a.is_negative() != b.is_negative();
    let denormal = denormal(a, b);
    match (a.class(), b.class()) {
        (Class::Infinity, Class::Zero) | (Class::Zero, Class::Infinity) => return invalid(control),
        (Class::Infinity, _) | (_, Class::Infinity) => {
            return Outcome::flagged(F80::INFINITY.with_sign(negative), denormal, control);
        }
        _ => {}
    }
    match (operand(a), operand(b)) {
        _ if !control.unmasked(denormal).is_empty() => Outcome::flagged(a, denormal, control),
        (Operand::Finite(a), Operand::Finite(b)) => {
            to_register(a.mul(b), control.precision(), control).after(denormal)
        }
        _ => Outcome::exact(F80::ZERO.with_sign(negative)).after(denormal),
    }
}

/// The quotient of two numbers.
#[cold]
fn quotient(a: F80, b: F80, control: X87Control) -> Outcome<F80> {
    let negative = a.is_negative() != b.is_negative();
    let denormal = denormal(a, b);
    match (a.class(), b.class()) {
        (Class::Infinity, Class::Infinity) | (Class::Zero, Class::Zero) => return invalid(control),
        (Class::Infinity, _) => {
            return Outcome::flagged(F80::INFINITY.with_sign(negative), denormal, control);
        }
        (_, Class::Infinity) => return Outcome::flagged(F80::ZERO.with_sign(negative), denormal, control),
        (_, Class::Zero) => return divided_by_zero(negative, control),
        _ => {}
    }
    match (operand(a), operand(b)) {
        _ if !control.unmasked(denormal).is_empty() => Outcome::flagged(a, denormal, control),
        (Operand::Finite(a), Operand::Finite(b)) => {
            to_register(a.div(b), control.precision(), control).after(denormal)
        }
        _ => Outcome::exact(F80::ZERO.with_sign(negative)).after(denormal),
    }
}

/// The sum of two numbers.
#[cold]
fn sum(a: F80, b: F80, control: X87Control) -> Outcome<F80> {
    let denormal = denormal(a, b);
    match (a.class(), b.class()) {
        (Class::Infinity, Class::Infinity) if a.is_negative() != b.is_negative() => return invalid(control),
        (Class::Infinity, _) => return Outcome::flagged(a, denormal, control),
        (_, Class::Infinity) => return Outcome::flagged(b, denormal, control),
        _ => {}
    }
    let exact = match (operand(a), operand(b)) {
        _ if !control.unmasked(denormal).is_empty() => return Outcome::flagged(a, denormal, control),
        (Operand::Finite(a), Operand::Finite(b)) => a.add(b),
        (Operand::Finite(x), Operand::Zero(_)) | (Operand::Zero(_), Operand::Finite(x)) => Some(x.exact()),
        (Operand::Zero(a), Operand::Zero(b)) if a == b => return Outcome::exact(F80::ZERO.with_sign(a)),
        (Operand::Zero(_), Operand::Zero(_)) => None,
    };
    rounded_sum(exact, control).after(denormal)
}

#[inline]
fn rounded_sum(exact: Option<Exact>, control: X87Control) -> Outcome<F80> {
    match exact {
        Some(exact) => to_register(exact, control.precision(), control),
        // x - x is plus zero but when rounding down [SDM 1, "Signed Zeros"].
        None => Outcome::exact(F80::ZERO.with_sign(control.rounding() == Rounding::Down)),
    }
}
