//! SSE and SSE2 arithmetic and comparison, on singles and doubles, packed and scalar.

use super::operand::{File, Operand, Xmm};
use crate::exec::access::Access;
use crate::exec::dispatch::Semantics;
use crate::exec::op::Op;
use crate::flags::bit;
use ringzero_float::sse::{self, Double, Format, Single};
use ringzero_float::x87::Relation;
use ringzero_float::{Exceptions, Mxcsr};
use std::marker::PhantomData;

/// A format as lanes of an XMM register.
pub(crate) trait Element: Format + 'static {
    const COUNT: u32;
    const BITS: u32 = 128 / Self::COUNT;
    fn lane(value: u128, n: u32) -> Self::Bits;
    fn place(bits: Self::Bits, n: u32) -> u128;
}

impl Element for Single {
    const COUNT: u32 = 4;
    #[inline(always)]
    fn lane(value: u128, n: u32) -> u32 {
        (value >> (32 * n)) as u32
    }
    #[inline(always)]
    fn place(bits: u32, n: u32) -> u128 {
        u128::from(bits) << (32 * n)
    }
}

impl Element for Double {
    const COUNT: u32 = 2;
    #[inline(always)]
    fn lane(value: u128, n: u32) -> u64 {
        (value >> (64 * n)) as u64
    }
    #[inline(always)]
    fn place(bits: u64, n: u32) -> u128 {
        u128::from(bits) << (64 * n)
    }
}

/// A function of two elements; the immediate chooses a comparison.
pub(crate) trait FloatOp: 'static {
    fn apply<F: Element>(a: F::Bits, b: F::Bits, imm: u32, mxcsr: Mxcsr) -> (F::Bits, Exceptions);
}

macro_rules! float_op {
    ($($(#[$doc:meta])* $name:ident: |$a:ident, $b:ident, $imm:ident, $mxcsr:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl FloatOp for $name {
            #[inline(always)]
            fn apply<F: Element>(
                $a: F::Bits,
                $b: F::Bits,
                $imm: u32,
                $mxcsr: Mxcsr,
            ) -> (F::Bits, Exceptions) {
                $body
            }
        }
    )*};
}

float_op! {
    /// ADDPS, ADDPD, ADDSS, ADDSD.
    Add: |a, b, _imm, mxcsr| sse::add::<F>(a, b, mxcsr);
    /// SUBPS, SUBPD, SUBSS, SUBSD.
    Sub: |a, b, _imm, mxcsr| sse::sub::<F>(a, b, mxcsr);
    /// MULPS, MULPD, MULSS, MULSD.
    Mul: |a, b, _imm, mxcsr| sse::mul::<F>(a, b, mxcsr);
    /// DIVPS, DIVPD, DIVSS, DIVSD.
    Div: |a, b, _imm, mxcsr| sse::div::<F>(a, b, mxcsr);
    /// MINPS, MINPD, MINSS, MINSD.
    Min: |a, b, _imm, mxcsr| sse::min::<F>(a, b, mxcsr);
    /// MAXPS, MAXPD, MAXSS, MAXSD.
    Max: |a, b, _imm, mxcsr| sse::max::<F>(a, b, mxcsr);
    /// SQRTPS, SQRTPD, SQRTSS, SQRTSD.
    Sqrt: |_a, b, _imm, mxcsr| sse::sqrt::<F>(b, mxcsr);
    /// CMPPS, CMPPD, CMPSS, CMPSD.
    Cmp: |a, b, imm, mxcsr| sse::compare::<F>(a, b, imm as u8 & 7, mxcsr);
}

/// `O DEST, SRC` on every element.
pub(crate) struct PackedFloat<O, F, S>(PhantomData<(O, F, S)>);

impl<O: FloatOp, F: Element, S: Operand> Semantics for PackedFloat<O, F, S> {
    type Slow = PackedFloat<O, F, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read(m, op)?;
        let cpu = m.cpu();
        let (dest, mxcsr) = (Xmm::get(cpu, op.dst), cpu.mxcsr());
        let (mut result, mut exceptions) = (0, Exceptions::NONE);
        for n in 0..F::COUNT {
            let (bits, raised) = O::apply::<F>(F::lane(dest, n), F::lane(src, n), op.imm, mxcsr);
            result |= F::place(bits, n);
            exceptions |= raised;
        }
        cpu.report(exceptions)?;
        Xmm::set(cpu, op.dst, result);
        Ok(())
    }
}

/// `O DEST, SRC` on the lowest element; the others stay.
pub(crate) struct ScalarFloat<O, F, S>(PhantomData<(O, F, S)>);

impl<O: FloatOp, F: Element, S: Operand> Semantics for ScalarFloat<O, F, S> {
    type Slow = ScalarFloat<O, F, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read(m, op)?;
        let cpu = m.cpu();
        let (dest, mxcsr) = (Xmm::get(cpu, op.dst), cpu.mxcsr());
        let (bits, exceptions) = O::apply::<F>(F::lane(dest, 0), F::lane(src, 0), op.imm, mxcsr);
        cpu.report(exceptions)?;
        Xmm::set(cpu, op.dst, dest >> F::BITS << F::BITS | F::place(bits, 0));
        Ok(())
    }
}

/// COMISS and COMISD (`SIGNALS`: any NaN is invalid), UCOMISS and UCOMISD [SDM 2A, "COMISS"].
pub(crate) struct CompareFlags<F, S, const SIGNALS: bool>(PhantomData<(F, S)>);

impl<F: Element, S: Operand, const SIGNALS: bool> Semantics for CompareFlags<F, S, SIGNALS> {
    type Slow = CompareFlags<F, S::Slow, SIGNALS>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = F::lane(S::read(m, op)?, 0);
        let cpu = m.cpu();
        let (dest, mxcsr) = (F::lane(Xmm::get(cpu, op.dst), 0), cpu.mxcsr());
        let (relation, exceptions) =
            if SIGNALS { sse::comi::<F>(dest, src, mxcsr) } else { sse::ucomi::<F>(dest, src, mxcsr) };
        cpu.report(exceptions)?;
        let set = match relation {
            Relation::Greater => 0,
            Relation::Less => bit::CF,
            Relation::Equal => bit::ZF,
            Relation::Unordered => bit::ZF | bit::PF | bit::CF,
        };
        cpu.state.flags.update(bit::STATUS, set);
        Ok(())
    }
}

/// A function of a single that raises nothing.
pub(crate) trait Approximation: 'static {
    fn apply(x: u32) -> u32;
}

/// RCPPS, RCPSS.
pub(crate) struct Reciprocal;
/// RSQRTPS, RSQRTSS.
pub(crate) struct ReciprocalSquareRoot;

impl Approximation for Reciprocal {
    #[inline(always)]
    fn apply(x: u32) -> u32 {
        sse::reciprocal(x)
    }
}
impl Approximation for ReciprocalSquareRoot {
    #[inline(always)]
    fn apply(x: u32) -> u32 {
        sse::reciprocal_square_root(x)
    }
}

/// `O DEST, SRC` on all four singles, or on the lowest (`COUNT` 1).
pub(crate) struct Approximate<O, S, const COUNT: u32>(PhantomData<(O, S)>);

impl<O: Approximation, S: Operand, const COUNT: u32> Semantics for Approximate<O, S, COUNT> {
    type Slow = Approximate<O, S::Slow, COUNT>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read(m, op)?;
        let cpu = m.cpu();
        let mut result = Xmm::get(cpu, op.dst);
        for n in 0..COUNT {
            let at = 32 * n;
            result &= !(0xFFFF_FFFF << at);
            result |= Single::place(O::apply(Single::lane(src, n)), n);
        }
        Xmm::set(cpu, op.dst, result);
        Ok(())
    }
}
