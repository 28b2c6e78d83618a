//! SSE and SSE2 in floating point: arithmetic, comparison, conversion.

use super::simd::{by_form, by_low, by_xmm};
use crate::decode::lower::{Chosen, Kind, Lowering, Shape};
use crate::exec::access::{FlatIndexed, InMemory, Segmented, Src};
use crate::exec::simd::Xmm;
use crate::exec::simd::convert::{
    Conversion, IntegerToDouble, IntegerToSingle, MmxToXmm, Narrow, ToGeneral, ToInteger, ToMmx, ToXmm, Widen,
};
use crate::exec::simd::float::{
    Add, Approximate, Approximation, Cmp, CompareFlags, Div, FloatOp, Max, Min, Mul, OnHost, PackedFloat,
    Reciprocal, ReciprocalSquareRoot, ScalarFloat, Sqrt, Sub,
};
use crate::exec::simd::operand::{InFile, Memory128, Scalar};
use iced_x86::Mnemonic;
use ringzero_float::sse::{Double, Single};

/// Whether elements are doubles, and whether all of them or the lowest.
#[derive(Clone, Copy)]
enum Elements {
    Ps,
    Pd,
    Ss,
    Sd,
}
use Elements::{Pd, Ps, Sd, Ss};

fn float<O: FloatOp>(l: &Lowering<'_>, elements: Elements) -> Chosen {
    match elements {
        Ps => by_xmm!(l, S => Lowering::short::<OnHost<PackedFloat<O, Single, S>>>()),
        Pd => by_xmm!(l, S => Lowering::short::<OnHost<PackedFloat<O, Double, S>>>()),
        Ss => by_low!(l, Xmm, u32, S => Lowering::short::<OnHost<ScalarFloat<O, Single, S>>>()),
        Sd => by_low!(l, Xmm, u64, S => Lowering::short::<OnHost<ScalarFloat<O, Double, S>>>()),
    }
}

fn approximate<O: Approximation>(l: &Lowering<'_>, elements: Elements) -> Chosen {
    match elements {
        Ps | Pd => by_xmm!(l, S => Lowering::called::<Approximate<O, S, 4>>()),
        Ss | Sd => by_low!(l, Xmm, u32, S => Lowering::called::<Approximate<O, S, 1>>()),
    }
}

pub(super) fn arithmetic(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Addps => float::<Add>(l, Ps),
        M::Addpd => float::<Add>(l, Pd),
        M::Addss => float::<Add>(l, Ss),
        M::Addsd => float::<Add>(l, Sd),
        M::Subps => float::<Sub>(l, Ps),
        M::Subpd => float::<Sub>(l, Pd),
        M::Subss => float::<Sub>(l, Ss),
        M::Subsd => float::<Sub>(l, Sd),
        M::Mulps => float::<Mul>(l, Ps),
        M::Mulpd => float::<Mul>(l, Pd),
        M::Mulss => float::<Mul>(l, Ss),
        M::Mulsd => float::<Mul>(l, Sd),
        M::Divps => float::<Div>(l, Ps),
        M::Divpd => float::<Div>(l, Pd),
        M::Divss => float::<Div>(l, Ss),
        M::Divsd => float::<Div>(l, Sd),
        M::Minps => float::<Min>(l, Ps),
        M::Minpd => float::<Min>(l, Pd),
        M::Minss => float::<Min>(l, Ss),
        M::Minsd => float::<Min>(l, Sd),
        M::Maxps => float::<Max>(l, Ps),
        M::Maxpd => float::<Max>(l, Pd),
        M::Maxss => float::<Max>(l, Ss),
        M::Maxsd => float::<Max>(l, Sd),
        M::Sqrtps => float::<Sqrt>(l, Ps),
        M::Sqrtpd => float::<Sqrt>(l, Pd),
        M::Sqrtss => float::<Sqrt>(l, Ss),
        M::Sqrtsd => float::<Sqrt>(l, Sd),
        M::Cmpps => float::<Cmp>(l, Ps),
        M::Cmppd => float::<Cmp>(l, Pd),
        M::Cmpss => float::<Cmp>(l, Ss),
        M::Cmpsd if l.ins.op0_register().is_xmm() => float::<Cmp>(l, Sd),
        M::Rcpps => approximate::<Reciprocal>(l, Ps),
        M::Rcpss => approximate::<Reciprocal>(l, Ss),
        M::Rsqrtps => approximate::<ReciprocalSquareRoot>(l, Ps),
        M::Rsqrtss => approximate::<ReciprocalSquareRoot>(l, Ss),
        M::Comiss => by_low!(l, Xmm, u32, S => Lowering::short::<OnHost<CompareFlags<Single, S, true>>>()),
        M::Comisd => by_low!(l, Xmm, u64, S => Lowering::short::<OnHost<CompareFlags<Double, S, true>>>()),
        M::Ucomiss => by_low!(l, Xmm, u32, S => Lowering::short::<OnHost<CompareFlags<Single, S, false>>>()),
        M::Ucomisd => by_low!(l, Xmm, u64, S => Lowering::short::<OnHost<CompareFlags<Double, S, false>>>()),
        _ => return None,
    })
}

/// One integer from a general register or memory.
fn from_general<C: Conversion, const WRITTEN: usize>(l: &Lowering<'_>) -> Chosen {
    if l.kind(1) == Kind::Reg {
        return Lowering::short::<OnHost<ToXmm<C, Scalar<u32, Src>, 1, WRITTEN>>>();
    }
    by_form!(l, M => Lowering::short::<OnHost<ToXmm<C, Scalar<u32, InMemory<M>>, 1, WRITTEN>>>())
}

fn to_general_single<const TRUNCATE: bool>(l: &Lowering<'_>) -> Chosen {
    by_low!(l, Xmm, u32, S => Lowering::short::<OnHost<ToGeneral<ToInteger<Single, TRUNCATE>, S>>>())
}

fn to_general_double<const TRUNCATE: bool>(l: &Lowering<'_>) -> Chosen {
    by_low!(l, Xmm, u64, S => Lowering::short::<OnHost<ToGeneral<ToInteger<Double, TRUNCATE>, S>>>())
}

/// All of a register or sixteen bytes; all of the destination is written.
fn whole<C: Conversion, const COUNT: usize>(l: &Lowering<'_>) -> Chosen {
    by_xmm!(l, S => Lowering::short::<OnHost<ToXmm<C, S, COUNT, 128>>>())
}

pub(super) fn conversions(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Cvtsi2ss => from_general::<IntegerToSingle, 32>(l),
        M::Cvtsi2sd => from_general::<IntegerToDouble, 64>(l),
        M::Cvtss2si => to_general_single::<false>(l),
        M::Cvttss2si => to_general_single::<true>(l),
        M::Cvtsd2si => to_general_double::<false>(l),
        M::Cvttsd2si => to_general_double::<true>(l),
        M::Cvtss2sd => by_low!(l, Xmm, u32, S => Lowering::short::<OnHost<ToXmm<Widen, S, 1, 64>>>()),
        M::Cvtsd2ss => by_low!(l, Xmm, u64, S => Lowering::short::<OnHost<ToXmm<Narrow, S, 1, 32>>>()),
        M::Cvtps2pd => by_low!(l, Xmm, u64, S => Lowering::short::<OnHost<ToXmm<Widen, S, 2, 128>>>()),
        M::Cvtpd2ps => whole::<Narrow, 2>(l),
        M::Cvtdq2ps => whole::<IntegerToSingle, 4>(l),
        M::Cvtdq2pd => {
            by_low!(l, Xmm, u64, S => Lowering::short::<OnHost<ToXmm<IntegerToDouble, S, 2, 128>>>())
        }
        M::Cvtps2dq => whole::<ToInteger<Single, false>, 4>(l),
        M::Cvttps2dq => whole::<ToInteger<Single, true>, 4>(l),
        M::Cvtpd2dq => whole::<ToInteger<Double, false>, 2>(l),
        M::Cvttpd2dq => whole::<ToInteger<Double, true>, 2>(l),
        M::Cvtpi2ps => from_mmx::<IntegerToSingle, 64>(l),
        M::Cvtpi2pd => from_mmx::<IntegerToDouble, 128>(l),
        M::Cvtps2pi => to_mmx_single::<false>(l),
        M::Cvttps2pi => to_mmx_single::<true>(l),
        M::Cvtpd2pi => by_xmm!(l, S => Lowering::called::<ToMmx<ToInteger<Double, false>, S>>()),
        M::Cvttpd2pi => by_xmm!(l, S => Lowering::called::<ToMmx<ToInteger<Double, true>, S>>()),
        _ => return None,
    })
}

/// From memory it is no MMX instruction: the manual says so of CVTPI2PD, the captures of CVTPI2PS too [AMD Zen 5 captures].
fn from_mmx<C: Conversion, const WRITTEN: usize>(l: &Lowering<'_>) -> Chosen {
    if l.kind(1) == Kind::Reg {
        return Lowering::called::<MmxToXmm<C, WRITTEN>>();
    }
    by_form!(l, M => Lowering::short::<OnHost<ToXmm<C, Scalar<u64, InMemory<M>>, 2, WRITTEN>>>())
}

fn to_mmx_single<const TRUNCATE: bool>(l: &Lowering<'_>) -> Chosen {
    by_low!(l, Xmm, u64, S => Lowering::called::<ToMmx<ToInteger<Single, TRUNCATE>, S>>())
}
