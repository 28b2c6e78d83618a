//! FCOM, FUCOM, FTST and FXAM.

use super::denormal;
use crate::f80::{Class, F80};
use crate::{Exceptions, Outcome, X87Control};
use std::cmp::Ordering;

/// What a comparison finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The first operand is the greater.
    Greater,
    /// The first operand is the less.
    Less,
    /// Equal, zeros of either sign included.
    Equal,
    /// One of them is no number.
    Unordered,
}

impl Relation {
    /// C3, C2 and C0 as they stand in the status word [SDM 1, "Table of Condition Codes"].
    #[must_use]
    pub const fn condition_codes(self) -> u16 {
        match self {
            Self::Greater => 0,
            Self::Less => 0x0100,
            Self::Equal => 0x4000,
            Self::Unordered => 0x4500,
        }
    }

    /// ZF, PF and CF as they stand in EFLAGS, for FCOMI, FUCOMI, COMISS and the like.
    #[must_use]
    pub const fn eflags(self) -> u32 {
        match self {
            Self::Greater => 0,
            Self::Less => 0x01,
            Self::Equal => 0x40,
            Self::Unordered => 0x45,
        }
    }
}

/// FCOM, FCOMI, FICOM: any NaN is invalid [SDM 2A, "FCOM/FCOMP/FCOMPP"]. Condition codes and EFLAGS are written even
/// where the outcome says not to store, which then only keeps the stack from being popped (hardware captures).
#[must_use]
pub fn compare(a: F80, b: F80, control: X87Control) -> Outcome<Relation> {
    relate(a, b, a.is_nan() || b.is_nan(), control)
}

/// FUCOM, FUCOMI: only a signalling NaN is invalid [SDM 2A, "FUCOM/FUCOMP/FUCOMPP"].
#[must_use]
pub fn compare_unordered(a: F80, b: F80, control: X87Control) -> Outcome<Relation> {
    relate(a, b, a.is_signalling() || b.is_signalling(), control)
}

/// FTST: a comparison with zero [SDM 2A, "FTST"].
#[must_use]
pub fn tst(x: F80, control: X87Control) -> Outcome<Relation> {
    compare(x, F80::ZERO, control)
}

/// FXAM of a register that is not empty: C3, C2, C1 and C0 as they stand in the status word. An empty one is
/// C3 and C0 with its sign in C1 [SDM 2A, "FXAM"].
#[must_use]
pub const fn xam(x: F80) -> u16 {
    let class = match x.class() {
        Class::Unsupported => 0,
        Class::Nan => 0x0100,
        Class::Normal => 0x0400,
        Class::Infinity => 0x0500,
        Class::Zero => 0x4000,
        Class::Denormal => 0x4400,
    };
    class | (x.is_negative() as u16) << 9
}

fn relate(a: F80, b: F80, invalid_nan: bool, control: X87Control) -> Outcome<Relation> {
    let unsupported = a.class() == Class::Unsupported || b.class() == Class::Unsupported;
    if unsupported || a.is_nan() || b.is_nan() {
        let exceptions = Exceptions::INVALID.when(unsupported || invalid_nan);
        return Outcome::flagged(Relation::Unordered, exceptions, control);
    }
    let relation = match order(a, b) {
        Ordering::Less => Relation::Less,
        Ordering::Equal => Relation::Equal,
        Ordering::Greater => Relation::Greater,
    };
    Outcome::flagged(relation, denormal(a, b), control)
}

fn order(a: F80, b: F80) -> Ordering {
    // Denormals have the exponent of the least normals; an infinity, read as a number, is greater than any.
    let key = |x: F80| {
        let magnitude = i128::from(x.biased_exponent().max(1)) << 64 | i128::from(x.significand);
        match (x.significand, x.is_negative()) {
            (0, _) => 0,
            (_, true) => -magnitude,
            (_, false) => magnitude,
        }
    };
    key(a).cmp(&key(b))
}
