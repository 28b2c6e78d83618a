//! Shuffles, insertions and extractions.

use super::operand::{Binary, File, InFile, Operand, WithImmediate};
use super::vector::Vector;
use crate::exec::access::{Access, Dst, Place};
use crate::exec::dispatch::Semantics;
use crate::exec::op::Op;
use std::marker::PhantomData;

/// Lane number `n` of a two-bit selector.
fn selected(imm: u32, n: usize) -> usize {
    (imm >> (2 * n)) as usize & 3
}

/// The doubleword in lane `n`.
fn dword(value: u128, n: usize) -> u128 {
    value >> (32 * n) & 0xFFFF_FFFF
}

/// Four words from lane `first` on, as the immediate chooses among them.
fn shuffle_words<V: Vector>(src: V, imm: u32, first: usize) -> V {
    (0..4).fold(src, |result, n| result.with_word(first + n, src.word(first + selected(imm, n))))
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
    Pshuflw: |_a, b, imm| shuffle_words(b, imm, 0);
    /// PSHUFHW: the high four words.
    Pshufhw: |_a, b, imm| shuffle_words(b, imm, 4);
    /// PSHUFD.
    Pshufd: |_a, b, imm| {
        let src = b.to_u128();
        V::from_u128((0..4).map(|n| dword(src, selected(imm, n)) << (32 * n)).sum())
    };
    /// SHUFPS: two singles of DEST, then two of SRC.
    Shufps: |a, b, imm| {
        let (a, b) = (a.to_u128(), b.to_u128());
        let from = |n: usize| if n < 2 { a } else { b };
        V::from_u128((0..4).map(|n| dword(from(n), selected(imm, n)) << (32 * n)).sum())
    };
    /// SHUFPD: a double of DEST, then one of SRC.
    Shufpd: |a, b, imm| {
        let double = |value: u128, bit: u32| u128::from((value >> (64 * (imm >> bit & 1))) as u64);
        V::from_u128(double(a.to_u128(), 0) | double(b.to_u128(), 1) << 64)
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
                let ($a, $b) = (a.to_u128(), b.to_u128());
                V::from_u128($body)
            }
        }
    )*};
}

const LOW_32: u128 = 0xFFFF_FFFF;
const LOW_64: u128 = 0xFFFF_FFFF_FFFF_FFFF;

merge! {
    /// MOVSS between registers.
    MergeSingle: |a, b| a & !LOW_32 | b & LOW_32;
    /// MOVSD between registers, MOVLPS and MOVLPD from memory.
    MergeLow: |a, b| a & !LOW_64 | b & LOW_64;
    /// MOVLHPS, MOVHPS and MOVHPD from memory.
    MergeHigh: |a, b| a & LOW_64 | b << 64;
    /// MOVHLPS.
    HighToLow: |a, b| a & !LOW_64 | b >> 64;
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
        (0..4).map(|n| ((value.to_u128() >> (32 * n + 31)) as u32 & 1) << n).sum()
    }
}
impl Extract for Movmskpd {
    #[inline(always)]
    fn apply<V: Vector>(value: V, _imm: u32) -> u32 {
        (0..2).map(|n| ((value.to_u128() >> (64 * n + 63)) as u32 & 1) << n).sum()
    }
}

/// `O r32, SRC, imm8`: the register in `op.src` of file `F` to the general register in `op.dst`.
pub(crate) struct ToRegister<O, F>(PhantomData<(O, F)>);

impl<O: Extract, F: File> Semantics for ToRegister<O, F> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        F::begin(m.cpu())?;
        let src = F::Value::from_u128(InFile::<F>::read(m, op)?);
        F::commit(m.cpu());
        Dst::store(m, op.dst, O::apply(src, op.imm & 0xFF));
        Ok(())
    }
}
