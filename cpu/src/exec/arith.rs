//! ADD OR ADC SBB AND SUB XOR CMP TEST, INC DEC NEG NOT [SDM 1, "Basic Program Execution: Arithmetic"].

use super::access::{Access, Place, Source};
use super::dispatch::Semantics;
use super::op::Op;
use crate::flags::Flags;
use crate::word::Word;
use std::marker::PhantomData;

/// A two-operand operation on the ALU.
pub(crate) trait Binary {
    /// Whether the destination is written (CMP and TEST only set flags).
    const WRITES: bool = true;
    fn apply<T: Word>(flags: &mut Flags, dest: T, src: T) -> T;
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident($writes:literal): |$flags:ident, $a:ident, $b:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Binary for $name {
            const WRITES: bool = $writes;
            #[inline(always)]
            fn apply<T: Word>($flags: &mut Flags, $a: T, $b: T) -> T {
                $body
            }
        }
    )*};
}

#[inline(always)]
fn sum<T: Word>(a: T, b: T, carry: u64) -> T {
    T::truncate(a.zext().wrapping_add(b.zext()).wrapping_add(carry))
}

#[inline(always)]
fn difference<T: Word>(a: T, b: T, borrow: u64) -> T {
    T::truncate(a.zext().wrapping_sub(b.zext()).wrapping_sub(borrow))
}

#[inline(always)]
fn subtract<T: Word>(flags: &mut Flags, a: T, b: T, borrow: u64) -> T {
    let result = difference(a, b, borrow);
    flags.set_sub(a, b, result);
    result
}

#[inline(always)]
fn logic<T: Word>(flags: &mut Flags, value: u64) -> T {
    let result = T::truncate(value);
    flags.set_logic(result);
    result
}

#[inline(always)]
fn add_with<T: Word>(flags: &mut Flags, a: T, b: T, carry: u64) -> T {
    let result = sum(a, b, carry);
    flags.set_add(a, b, result);
    result
}

binary! {
    /// ADD [SDM 2A, "ADD"]: DEST := DEST + SRC.
    Add(true): |flags, a, b| add_with(flags, a, b, 0);
    /// OR [SDM 2B, "OR"]: DEST := DEST OR SRC; CF = OF = 0.
    Or(true): |flags, a, b| logic(flags, a.zext() | b.zext());
    /// ADC [SDM 2A, "ADC"]: DEST := DEST + SRC + CF.
    Adc(true): |flags, a, b| { let carry = flags.cf(); add_with(flags, a, b, u64::from(carry)) };
    /// SBB [SDM 2B, "SBB"]: DEST := DEST - (SRC + CF).
    Sbb(true): |flags, a, b| { let borrow = flags.cf(); subtract(flags, a, b, u64::from(borrow)) };
    /// AND [SDM 2A, "AND"]: DEST := DEST AND SRC; CF = OF = 0.
    And(true): |flags, a, b| logic(flags, a.zext() & b.zext());
    /// SUB [SDM 2B, "SUB"]: DEST := DEST - SRC.
    Sub(true): |flags, a, b| subtract(flags, a, b, 0);
    /// XOR [SDM 2B, "XOR"]: DEST := DEST XOR SRC; CF = OF = 0.
    Xor(true): |flags, a, b| logic(flags, a.zext() ^ b.zext());
    /// CMP [SDM 2A, "CMP"]: as SUB, the result is dropped.
    Cmp(false): |flags, a, b| subtract(flags, a, b, 0);
    /// TEST [SDM 2B, "TEST"]: as AND, the result is dropped.
    Test(false): |flags, a, b| logic(flags, a.zext() & b.zext());
}

/// `O` where nobody asks for the flags it sets: they stay as they were.
pub(crate) struct Quiet<O>(PhantomData<O>);

impl<O: Binary> Binary for Quiet<O> {
    const WRITES: bool = O::WRITES;
    #[inline(always)]
    fn apply<T: Word>(flags: &mut Flags, dest: T, src: T) -> T {
        let mut dropped = *flags;
        O::apply(&mut dropped, dest, src)
    }
}

impl<O: Unary> Unary for Quiet<O> {
    #[inline(always)]
    fn apply<T: Word>(flags: &mut Flags, value: T) -> T {
        let mut dropped = *flags;
        O::apply(&mut dropped, value)
    }
}

/// `O DEST, SRC`.
pub(crate) struct Alu<O, T, D, S>(PhantomData<(O, T, D, S)>);

impl<O: Binary, T: Word, D: Place, S: Source> Semantics for Alu<O, T, D, S> {
    type Slow = Alu<O, T, D::SlowPlace, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        if O::WRITES {
            let dest = D::resolve::<T, A>(m, op)?;
            let src = S::read::<T, A>(m, op)?;
            let old = D::load::<T, A>(m, dest);
            let new = O::apply(&mut m.cpu().state.flags, old, src);
            D::store(m, dest, new);
        } else {
            let old = D::read::<T, A>(m, op)?;
            let src = S::read::<T, A>(m, op)?;
            O::apply(&mut m.cpu().state.flags, old, src);
        }
        Ok(())
    }
}

/// A one-operand operation on the ALU.
pub(crate) trait Unary {
    fn apply<T: Word>(flags: &mut Flags, value: T) -> T;
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident: |$flags:ident, $a:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Unary for $name {
            #[inline(always)]
            fn apply<T: Word>($flags: &mut Flags, $a: T) -> T {
                $body
            }
        }
    )*};
}

unary! {
    /// INC [SDM 2A, "INC"]: DEST := DEST + 1; CF stays.
    Inc: |flags, a| { let r = sum(a, T::truncate(1), 0); flags.set_inc(a, r); r };
    /// DEC [SDM 2A, "DEC"]: DEST := DEST - 1; CF stays.
    Dec: |flags, a| { let r = difference(a, T::truncate(1), 0); flags.set_dec(a, r); r };
    /// NEG [SDM 2B, "NEG"]: DEST := 0 - DEST.
    Neg: |flags, a| subtract(flags, T::truncate(0), a, 0);
    /// NOT [SDM 2B, "NOT"]: DEST := NOT DEST; no flags.
    Not: |_flags, a| T::truncate(!a.zext());
}

/// `O DEST`.
pub(crate) struct Alu1<O, T, D>(PhantomData<(O, T, D)>);

impl<O: Unary, T: Word, D: Place> Semantics for Alu1<O, T, D> {
    type Slow = Alu1<O, T, D::SlowPlace>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let dest = D::resolve::<T, A>(m, op)?;
        let old = D::load::<T, A>(m, dest);
        let new = O::apply(&mut m.cpu().state.flags, old);
        D::store(m, dest, new);
        Ok(())
    }
}
