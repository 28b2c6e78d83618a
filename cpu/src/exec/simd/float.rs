//! SSE and SSE2 arithmetic and comparison, on singles and doubles, packed and scalar.

use super::operand::{File, Operand, Xmm};
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
        if O::ROUNDS
            && host::raises_nothing(mxcsr)
            && let Some(result) = on_host::<O, F>(dest, src, F::COUNT)
        {
            Xmm::set(cpu, op.dst, result);
            return Ok(());
        }
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

/// The short way of a semantics.
pub(crate) struct OnHost<G>(PhantomData<G>);

/// An operation that rounds on the first `count` elements, where the host's results may be used.
#[inline(always)]
fn on_host<O: FloatOp, F: Element>(dest: u128, src: u128, count: u32) -> Option<u128> {
    let (mut result, mut usable) = (0, true);
    for n in 0..count {
        let (bits, taken) = O::host::<F>(F::lane(dest, n), F::lane(src, n), 0);
        result |= F::place(bits, n);
        usable &= taken;
    }
    usable.then_some(result)
}

/// The same by the quickest test for one that rounds, which zeros fail; and for one that does not.
#[inline(always)]
fn on_host_quickly<O: FloatOp, F: Element>(
    dest: u128,
    src: u128,
    count: u32,
    op: &Op,
    mxcsr: Mxcsr,
) -> Option<u128> {
    if O::ROUNDS && !host::raises_nothing(mxcsr) {
        return None;
    }
    let (mut result, mut usable) = (0, true);
    let mut least = F::twice(F::lane(src, 0));
    let mut greatest = F::Bits::default();
    for n in 0..count {
        let (a, b) = (F::lane(dest, n), F::lane(src, n));
        let (bits, taken) = O::host::<F>(a, b, op.imm);
        result |= F::place(bits, n);
        usable &= taken;
        least = least.min(F::twice(b)).min(F::twice(bits));
        if O::BINARY {
            least = least.min(F::twice(a));
        }
        greatest = greatest.max(F::twice(bits));
    }
    let usable = if O::ROUNDS { F::is_ordinary(least, greatest) } else { usable };
    usable.then_some(result)
}

impl<O: FloatOp, F: Element, S: Operand> Short for OnHost<PackedFloat<O, F, S>> {
    type General = PackedFloat<O, F, S>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let src = S::read(m, op).ok()?;
        let dest = Xmm::get(m.0, op.dst);
        let result = on_host_quickly::<O, F>(dest, src, F::COUNT, op, m.0.mxcsr())?;
        Xmm::set(m.0, op.dst, result);
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
        if O::ROUNDS
            && host::raises_nothing(mxcsr)
            && let Some(result) = on_host::<O, F>(dest, src, 1)
        {
            Xmm::set(cpu, op.dst, dest >> F::BITS << F::BITS | result);
            return Ok(());
        }
        let (bits, exceptions) = O::apply::<F>(F::lane(dest, 0), F::lane(src, 0), op.imm, mxcsr);
        cpu.report(exceptions)?;
        Xmm::set(cpu, op.dst, dest >> F::BITS << F::BITS | F::place(bits, 0));
        Ok(())
    }
}

impl<O: FloatOp, F: Element, S: Operand> Short for OnHost<ScalarFloat<O, F, S>> {
    type General = ScalarFloat<O, F, S>;
    #[inline(always)]
    fn attempt(m: &mut Fast<'_>, op: &Op) -> Option<()> {
        let src = S::read(m, op).ok()?;
        let dest = Xmm::get(m.0, op.dst);
        let result = on_host_quickly::<O, F>(dest, src, 1, op, m.0.mxcsr())?;
        Xmm::set(m.0, op.dst, dest >> F::BITS << F::BITS | result);
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
        let dest = F::lane(Xmm::get(m.0, op.dst), 0);
        let ((less, equal), usable) = F::relate(dest, src);
        if !usable {
            return None;
        }
        let carry = if less { bit::CF } else { 0 };
        m.0.state.flags.replace_status(if equal { bit::ZF } else { carry });
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
