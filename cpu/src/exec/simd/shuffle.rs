//! Shuffles, insertions and extractions.

use super::host;
use super::operand::{Binary, File, InFile, Operand, WithImmediate};
use super::vector::{Vector, Wide, chosen, chosen_dword, dword, qword, wide};
use crate::exec::access::{Access, Dst, Place};
use crate::exec::dispatch::Semantics;
use crate::exec::op::Op;
use std::marker::PhantomData;

/// Lane number `n` of a two-bit selector.
fn selected(imm: u32, n: usize) -> usize {
    (imm >> (2 * n)) as usize & 3
}

/// The quadword in the lane that a bit of the immediate names.
#[inline(always)]
fn half(value: Wide, imm: u32, bit: u32) -> u64 {
    chosen(value, (imm >> bit) as usize)
}

/// The four words of a quadword as the immediate chooses among them.
#[inline(always)]
fn shuffled(words: u64, imm: u32) -> u64 {
    let word = |n: usize| (words >> (16 * selected(imm, n)) & 0xFFFF) << (16 * n);
    word(0) | word(1) | word(2) | word(3)
}

macro_rules! with_immediate {
    ($($(#[$doc:meta])* $name:ident: |$a:ident, $b:ident, $imm:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl WithImmediate for $name {
            #[inline(always)]
            fn apply<V: Vector>($a: V, $b: V, $imm: u32) -> V {
                $body
            }
        }
    )*};
}

with_immediate! {
    /// PSHUFW, PSHUFLW: the low four words.
    Pshuflw: |_a, b, imm| {
        let src = b.to_wide();
        V::from_wide(wide(shuffled(qword(src, 0), imm), qword(src, 1)))
    };
    /// PSHUFHW: the high four words.
    Pshufhw: |_a, b, imm| {
        let src = b.to_wide();
        V::from_wide(wide(qword(src, 0), shuffled(qword(src, 1), imm)))
    };
    /// PSHUFD.
    Pshufd: |_a, b, imm| {
        let src = b.to_wide();
        V::from_wide({
            let lane = |n: usize| chosen_dword(src, selected(imm, n));
            host::dwords([lane(0), lane(1), lane(2), lane(3)])
        })
    };
    /// SHUFPS: two singles of DEST, then two of SRC.
    Shufps: |a, b, imm| {
        let (a, b) = (a.to_wide(), b.to_wide());
        let lane = |n: usize| if n < 2 { chosen_dword(a, selected(imm, n)) } else { chosen_dword(b, selected(imm, n)) };
        V::from_wide(host::dwords([lane(0), lane(1), lane(2), lane(3)]))
    };
    /// SHUFPD: a double of DEST, then one of SRC.
    Shufpd: |a, b, imm| {
        V::from_wide(wide(half(a.to_wide(), imm, 0), half(b.to_wide(), imm, 1)))
    };
    /// PINSRW: the low word of SRC into the lane that the immediate names.
    Pinsrw: |a, b, imm| a.with_word(imm as usize, b.word(0));
}

macro_rules! merge {
    ($($(#[$doc:meta])* $name:ident: |$a:ident, $b:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Binary for $name {
            #[inline(always)]
            fn apply<V: Vector>(a: V, b: V) -> V {
                let ($a, $b) = (a.to_wide(), b.to_wide());
                V::from_wide($body)
            }
        }
    )*};
}

merge! {
    /// MOVSS between registers.
    MergeSingle: |a, b| wide(qword(a, 0) >> 32 << 32 | u64::from(dword(b, 0)), qword(a, 1));
    /// MOVSD between registers, MOVLPS and MOVLPD from memory.
    MergeLow: |a, b| wide(qword(b, 0), qword(a, 1));
    /// MOVLHPS, MOVHPS and MOVHPD from memory.
    MergeHigh: |a, b| wide(qword(a, 0), qword(b, 0));
    /// MOVHLPS.
    HighToLow: |a, b| wide(qword(b, 1), qword(a, 1));
}

/// A number made of a packed value.
pub(crate) trait Extract: 'static {
    fn apply<V: Vector>(value: V, imm: u32) -> u32;
}

/// PEXTRW: the word in the lane that the immediate names.
pub(crate) struct Pextrw;
/// PMOVMSKB: the signs of the bytes.
pub(crate) struct Pmovmskb;
/// MOVMSKPS: the signs of the singles.
pub(crate) struct Movmskps;
/// MOVMSKPD: the signs of the doubles.
pub(crate) struct Movmskpd;

impl Extract for Pextrw {
    #[inline(always)]
    fn apply<V: Vector>(value: V, imm: u32) -> u32 {
        value.word(imm as usize).into()
    }
}
impl Extract for Pmovmskb {
    #[inline(always)]
    fn apply<V: Vector>(value: V, _imm: u32) -> u32 {
        value.byte_signs()
    }
}
impl Extract for Movmskps {
    #[inline(always)]
    fn apply<V: Vector>(value: V, _imm: u32) -> u32 {
        (0..4).map(|n| dword(value.to_wide(), n) >> 31 << n).sum()
    }
}
impl Extract for Movmskpd {
    #[inline(always)]
    fn apply<V: Vector>(value: V, _imm: u32) -> u32 {
        (0..2).map(|n| ((qword(value.to_wide(), n) >> 63) as u32) << n).sum()
    }
}

/// `O r32, SRC, imm8`: the register in `op.src` of file `F` to the general register in `op.dst`.
pub(crate) struct ToRegister<O, F>(PhantomData<(O, F)>);

impl<O: Extract, F: File> Semantics for ToRegister<O, F> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        F::begin(m.cpu())?;
        let src = F::Value::from_wide(InFile::<F>::read(m, op)?);
        F::commit(m.cpu());
        Dst::store(m, op.dst, O::apply(src, op.imm & 0xFF));
        Ok(())
    }
}
