//! Pairs of an operation that sets flags and the conditional branch behind it, done in one handler.
//!
//! The flags are set as ever, since who comes next may ask for them; the condition is told from the operands, which is shorter.

use super::access::{Access, Dst, Place, Source};
use super::arith::{Add, Alu, Alu1, And, Binary, Cmp, Dec, Inc, Or, Sub, Test, Unary, Xor};
use super::dispatch::Semantics;
use super::op::Op;
use crate::flags::Flags;
use crate::word::Word;

/// The first of a pair: an operation that also tells whether a condition holds behind it.
pub(crate) trait Compare {
    /// The operation for the slow path.
    type Slow: Semantics;
    fn exec<const CC: u8, A: Access>(m: &mut A, op: &Op) -> Result<bool, A::Fail>;
}

/// How the conditions follow from what an operation was done on.
pub(crate) trait Relation {
    /// Condition `CC` [SDM 1, "EFLAGS Condition Codes"] behind an operation on `a` and `b` with this result.
    fn holds<const CC: u8, T: Word>(flags: &Flags, a: T, b: T, result: T) -> bool;
}

/// Behind a subtraction: the operands compared.
#[inline(always)]
fn compared<const CC: u8, T: Word>(flags: &Flags, a: T, b: T, result: T) -> bool {
    let met = match CC >> 1 {
        1 => a.zext() < b.zext(),
        2 => a.zext() == b.zext(),
        3 => a.zext() <= b.zext(),
        4 => result.sext() < 0,
        6 => a.sext() < b.sext(),
        7 => a.sext() <= b.sext(),
        _ => return flags.condition::<CC>(),
    };
    met != (CC & 1 != 0)
}

/// Behind an operation that clears CF and OF: the result compared with zero.
#[inline(always)]
fn signed<const CC: u8, T: Word>(flags: &Flags, result: T) -> bool {
    let met = match CC >> 1 {
        0 | 1 => false,
        2 | 3 => result.zext() == 0,
        4 | 6 => result.sext() < 0,
        7 => result.sext() <= 0,
        _ => return flags.condition::<CC>(),
    };
    met != (CC & 1 != 0)
}

/// Behind any operation: ZF and SF are the result's.
#[inline(always)]
fn resulting<const CC: u8, T: Word>(flags: &Flags, result: T) -> bool {
    let met = match CC >> 1 {
        2 => result.zext() == 0,
        4 => result.sext() < 0,
        _ => return flags.condition::<CC>(),
    };
    met != (CC & 1 != 0)
}

macro_rules! relation {
    ($($name:ident)* => |$cc:ident, $flags:ident, $a:ident, $b:ident, $result:ident| $body:expr) => {$(
        impl Relation for $name {
            #[inline(always)]
            fn holds<const $cc: u8, T: Word>($flags: &Flags, $a: T, $b: T, $result: T) -> bool {
                $body
            }
        }
    )*};
}
relation!(Cmp Sub => |CC, flags, a, b, result| compared::<CC, T>(flags, a, b, result));
relation!(Test And Or Xor => |CC, flags, _a, _b, result| signed::<CC, T>(flags, result));
relation!(Add Inc Dec => |CC, flags, _a, _b, result| resulting::<CC, T>(flags, result));

impl<O: Binary + Relation, T: Word, D: Place, S: Source> Compare for Alu<O, T, D, S> {
    type Slow = <Self as Semantics>::Slow;
    #[inline(always)]
    fn exec<const CC: u8, A: Access>(m: &mut A, op: &Op) -> Result<bool, A::Fail> {
        let (a, b, result);
        if O::WRITES {
            let dest = D::resolve::<T, A>(m, op)?;
            b = S::read::<T, A>(m, op)?;
            a = D::load::<T, A>(m, dest);
            result = O::apply(&mut m.cpu().state.flags, a, b);
            D::store(m, dest, result);
        } else {
            a = D::read::<T, A>(m, op)?;
            b = S::read::<T, A>(m, op)?;
            result = O::apply(&mut m.cpu().state.flags, a, b);
        }
        Ok(O::holds::<CC, T>(&m.cpu().state.flags, a, b, result))
    }
}

impl<O: Unary + Relation, T: Word> Compare for Alu1<O, T, Dst> {
    type Slow = <Self as Semantics>::Slow;
    #[inline(always)]
    fn exec<const CC: u8, A: Access>(m: &mut A, op: &Op) -> Result<bool, A::Fail> {
        let a = Dst::load::<T, A>(m, op.dst);
        let result = O::apply(&mut m.cpu().state.flags, a);
        Dst::store(m, op.dst, result);
        Ok(O::holds::<CC, T>(&m.cpu().state.flags, a, a, result))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same<const CC: u8>(a: u8, b: u8) {
        let mut flags = Flags::default();
        macro_rules! binary { ($($name:ident)*) => {$(
            let result = $name::apply(&mut flags, a, b);
            assert_eq!($name::holds::<CC, u8>(&flags, a, b, result), flags.condition::<CC>(), "{a} {b} {CC}");
        )*} }
        binary!(Cmp Sub Test And Or Xor Add);
        macro_rules! unary { ($($name:ident)*) => {$(
            let result = $name::apply(&mut flags, a);
            assert_eq!($name::holds::<CC, u8>(&flags, a, a, result), flags.condition::<CC>(), "{a} {CC}");
        )*} }
        unary!(Inc Dec);
    }

    #[test]
    fn conditions_follow_from_operands_as_from_flags() {
        for (a, b) in (0..=255u8).flat_map(|a| (0..=255u8).map(move |b| (a, b))) {
            macro_rules! all { ($($cc:literal)*) => {$( same::<$cc>(a, b); )*} }
            all!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        }
    }
}
