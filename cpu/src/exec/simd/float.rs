//! SSE and SSE2 arithmetic and comparison, on singles and doubles, packed and scalar.

use super::operand::{File, Operand, Xmm};
use super::vector::{Wide, dword, put, qword};
use crate::exec::access::Access;
use crate::exec::access::Fast;
use crate::exec::dispatch::{Semantics, Short};
use crate::exec::op::Op;
use crate::flags::bit;
use ringzero_float::host::{self, Host};
use ringzero_float::sse::{self, Double, Single};
use ringzero_float::x87::Relation;
use ringzero_float::{Exceptions, Mxcsr};
use std::marker::PhantomData;

/// A format as lanes of an XMM register.
pub(crate) trait Element: Host + 'static {
    const COUNT: usize;
    const BITS: usize = 128 / Self::COUNT;
    fn lane(value: Wide, n: usize) -> Self::Bits;
    /// `value` with another element.
    fn place(value: &mut Wide, n: usize, bits: Self::Bits);
}

impl Element for Single {
    const COUNT: usize = 4;
    #[inline(always)]
    fn lane(value: Wide, n: usize) -> u32 {
        dword(value, n)
    }
    #[inline(always)]
    fn place(value: &mut Wide, n: usize, bits: u32) {
        put(value, n, bits.to_le_bytes());
    }
}

impl Element for Double {
    const COUNT: usize = 2;
    #[inline(always)]
    fn lane(value: Wide, n: usize) -> u64 {
        qword(value, n)
    }
    #[inline(always)]
    fn place(value: &mut Wide, n: usize, bits: u64) {
        put(value, n, bits.to_le_bytes());
    }
}

/// A function of two elements; the immediate chooses a comparison.
pub(crate) trait FloatOp: 'static {
    /// Whether results are rounded.
    const ROUNDS: bool;
    /// Whether the destination is an operand.
    const BINARY: bool = true;
    fn apply<F: Element>(a: F::Bits, b: F::Bits, imm: u32, mxcsr: Mxcsr) -> (F::Bits, Exceptions);
    /// The same on the host, and whether that may be used.
    fn host<F: Element>(a: F::Bits, b: F::Bits, imm: u32) -> (F::Bits, bool);
}

macro_rules! float_op {
    ($($(#[$doc:meta])* $name:ident $rounds:literal $($binary:literal)?: |$a:ident, $b:ident, $imm:ident, $mxcsr:ident| $body:expr;
        $host:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl FloatOp for $name {
            const ROUNDS: bool = $rounds;
            $(const BINARY: bool = $binary;)?
            #[inline(always)]
            fn host<F: Element>($a: F::Bits, $b: F::Bits, $imm: u32) -> (F::Bits, bool) {
                $host
            }
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
    Add true: |a, b, _imm, mxcsr| sse::add::<F>(a, b, mxcsr); F::add(a, b);
    /// SUBPS, SUBPD, SUBSS, SUBSD.
    Sub true: |a, b, _imm, mxcsr| sse::sub::<F>(a, b, mxcsr); F::sub(a, b);
    /// MULPS, MULPD, MULSS, MULSD.
    Mul true: |a, b, _imm, mxcsr| sse::mul::<F>(a, b, mxcsr); F::mul(a, b);
    /// DIVPS, DIVPD, DIVSS, DIVSD.
    Div true: |a, b, _imm, mxcsr| sse::div::<F>(a, b, mxcsr); F::div(a, b);
    /// MINPS, MINPD, MINSS, MINSD.
    Min false: |a, b, _imm, mxcsr| sse::min::<F>(a, b, mxcsr); F::min(a, b);
    /// MAXPS, MAXPD, MAXSS, MAXSD.
    Max false: |a, b, _imm, mxcsr| sse::max::<F>(a, b, mxcsr); F::max(a, b);
    /// SQRTPS, SQRTPD, SQRTSS, SQRTSD.
    Sqrt true false: |_a, b, _imm, mxcsr| sse::sqrt::<F>(b, mxcsr); F::sqrt(b);
    /// CMPPS, CMPPD, CMPSS, CMPSD.
    Cmp false: |a, b, imm, mxcsr| sse::compare::<F>(a, b, imm as u8 & 7, mxcsr); F::compare(a, b, imm as u8 & 7);
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
        let quiet = O::ROUNDS && host::raises_nothing(mxcsr);
        let (mut result, mut exceptions) = (dest, Exceptions::NONE);
        for n in 0..F::COUNT {
            let (a, b) = (F::lane(dest, n), F::lane(src, n));
            let (bits, raised) = match O::host::<F>(a, b, op.imm) {
                (bits, true) if quiet => (bits, Exceptions::NONE),
                _ => O::apply::<F>(a, b, op.imm, mxcsr),
            };
            F::place(&mut result, n, bits);
            exceptions |= raised;
        }
        cpu.report(exceptions)?;
        Xmm::set(cpu, op.dst, result);
        Ok(())
    }
}

/// The short way of a semantics.
pub(crate) struct OnHost<G>(PhantomData<G>);

/// An operation on the first `count` elements where the host's results may be used: for one that rounds by the quickest
/// test, which zeros fail.
#[inline(always)]
fn on_host_quickly<O: FloatOp, F: Element>(
    dest: Wide,
    src: Wide,
    count: usize,
    op: &Op,
    mxcsr: Mxcsr,
) -> Option<Wide> {
    if O::ROUNDS && !host::raises_nothing(mxcsr) {
        return None;
    }
    let (mut result, mut usable) = (dest, true);
    let mut least = F::twice(F::lane(src, 0));
    let mut greatest = F::Bits::default();
    for n in 0..count {
        let (a, b) = (F::lane(dest, n), F::lane(src, n));
        let (bits, taken) = O::host::<F>(a, b, op.imm);
        F::place(&mut result, n, bits);
        usable &= taken;
        least = least.min(F::twice(b)).min(F::twice(bits));
        if O::BINARY {
            least = least.min(F::twice(a));
        }
        greatest = greatest.max(F::twice(bits));
    }
    let usable = if !O::ROUNDS {
        usable
    } else if count == F::COUNT {
        F::are_ordinary(if O::BINARY { dest } else { src }, src, result)
    } else {
        F::is_ordinary(least, greatest)
    };
    usable.then_some(result)
}

impl<O: FloatOp, F: Element, S: Operand> Short for OnHost<PackedFloat<O, F, S>> {
    type General = PackedFloat<O, F, S>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let src = S::read(m, op).ok()?;
        let dest = Xmm::get(m.cpu, op.dst);
        let result = on_host_quickly::<O, F>(dest, src, F::COUNT, op, m.cpu.mxcsr())?;
        Xmm::set(m.cpu, op.dst, result);
        Some(())
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
        let (a, b) = (F::lane(dest, 0), F::lane(src, 0));
        let (bits, exceptions) = match O::host::<F>(a, b, op.imm) {
            (bits, true) if O::ROUNDS && host::raises_nothing(mxcsr) => (bits, Exceptions::NONE),
            _ => O::apply::<F>(a, b, op.imm, mxcsr),
        };
        cpu.report(exceptions)?;
        let mut result = dest;
        F::place(&mut result, 0, bits);
        Xmm::set(cpu, op.dst, result);
        Ok(())
    }
}

impl<O: FloatOp, F: Element, S: Operand> Short for OnHost<ScalarFloat<O, F, S>> {
    type General = ScalarFloat<O, F, S>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let src = S::read(m, op).ok()?;
        let dest = Xmm::get(m.cpu, op.dst);
        let result = on_host_quickly::<O, F>(dest, src, 1, op, m.cpu.mxcsr())?;
        Xmm::set(m.cpu, op.dst, result);
        Some(())
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

impl<F: Element, S: Operand, const SIGNALS: bool> Short for OnHost<CompareFlags<F, S, SIGNALS>> {
    type General = CompareFlags<F, S, SIGNALS>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let src = F::lane(S::read(m, op).ok()?, 0);
        let dest = F::lane(Xmm::get(m.cpu, op.dst), 0);
        let ((less, equal), usable) = F::relate(dest, src);
        if !usable {
            return None;
        }
        let carry = if less { bit::CF } else { 0 };
        m.cpu.state.flags.replace_status(if equal { bit::ZF } else { carry });
        Some(())
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
pub(crate) struct Approximate<O, S, const COUNT: usize>(PhantomData<(O, S)>);

impl<O: Approximation, S: Operand, const COUNT: usize> Semantics for Approximate<O, S, COUNT> {
    type Slow = Approximate<O, S::Slow, COUNT>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read(m, op)?;
        let cpu = m.cpu();
        let mut result = Xmm::get(cpu, op.dst);
        for n in 0..COUNT {
            Single::place(&mut result, n, O::apply(Single::lane(src, n)));
        }
        Xmm::set(cpu, op.dst, result);
        Ok(())
    }
}
