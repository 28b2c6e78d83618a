//! The x87.

use crate::decode::lower::{Chosen, Kind, Lowering};
use crate::exec::dispatch::{Semantics, ending};
use crate::exec::escape::Unavailable;
use crate::exec::x87::arith::{Arith, Fadd, Fdiv, Fdivr, Fmul, Fsub, Fsubr, InStack, WithMemory};
use crate::exec::x87::compare::{
    CompareFlags, CompareMemory, CompareStack, Comparison, Fcmov, Ftst, Fxam, Ordered, Unordered,
};
use crate::exec::x87::control::{
    Fldcw, Fnclex, Fninit, Fnop, Fnstcw, FnstswAx, FnstswMemory, FormerControl, Wait,
};
use crate::exec::x87::environment::{Fldenv, Fnsave, Fnstenv, Frstor, Fxrstor, Fxsave};
use crate::exec::x87::functions::{
    Binary, F2xm1, Fabs, Fchs, Fcos, Fpatan, Fptan, Frndint, Fscale, Fsin, Fsincos, Fsqrt, Fxtract, Fyl2x,
    Fyl2xp1, PartialRemainder, Pushing, Unary,
};
use crate::exec::x87::memory::{Double, Int16, Int32, Int64, Single};
use crate::exec::x87::stack::{Fdecstp, Ffree, Ffreep, Fincstp, Fxch};
use crate::exec::x87::transfer::{
    Load, LoadConstant, LoadDecimal, LoadExtended, LoadStack, Store, StoreDecimal, StoreExtended, StoreStack,
    Truncated,
};
use iced_x86::{Code, Mnemonic};

/// The x87, FXSAVE and FXRSTOR.
pub(super) fn x87(l: &mut Lowering<'_>) -> Option<Chosen> {
    if l.ins.mnemonic() == Mnemonic::Wait {
        return Some(Lowering::slow::<Wait>());
    }
    stack_operands(l);
    let chosen = arithmetic(l)
        .or_else(|| comparison(l))
        .or_else(|| transfer(l))
        .or_else(|| function(l))
        .or_else(|| control(l))?;
    if l.mode.x87_fault().is_some() {
        return Some((ending::<Unavailable>, true));
    }
    Some(chosen)
}

/// A single stack operand is a source too; where none is named it is ST(1).
fn stack_operands(l: &mut Lowering<'_>) {
    match l.ins.op_count() {
        0 => l.op.src = 1,
        1 if l.kind(0) == Kind::Reg => l.op.src = l.op.dst,
        _ => {}
    }
}

fn fast<S: Semantics>() -> Chosen {
    Lowering::fast::<S>()
}

/// An instruction with one or two stack operands, or one in memory.
fn arith<O: Arith, const POPS: u8>(l: &Lowering<'_>) -> Chosen {
    match l.ins.memory_size() {
        _ if l.kind(0) != Kind::Mem => fast::<InStack<O, POPS>>(),
        iced_x86::MemorySize::Float32 => fast::<WithMemory<O, Single>>(),
        _ => fast::<WithMemory<O, Double>>(),
    }
}

fn integer_arith<O: Arith>(l: &Lowering<'_>) -> Chosen {
    if bytes(l) == 2 { fast::<WithMemory<O, Int16>>() } else { fast::<WithMemory<O, Int32>>() }
}

/// Size of the operand in memory.
fn bytes(l: &Lowering<'_>) -> usize {
    l.ins.memory_size().size()
}

fn arithmetic(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Fadd => arith::<Fadd, 0>(l),
        M::Fsub => arith::<Fsub, 0>(l),
        M::Fsubr => arith::<Fsubr, 0>(l),
        M::Fmul => arith::<Fmul, 0>(l),
        M::Fdiv => arith::<Fdiv, 0>(l),
        M::Fdivr => arith::<Fdivr, 0>(l),
        M::Faddp => arith::<Fadd, 1>(l),
        M::Fsubp => arith::<Fsub, 1>(l),
        M::Fsubrp => arith::<Fsubr, 1>(l),
        M::Fmulp => arith::<Fmul, 1>(l),
        M::Fdivp => arith::<Fdiv, 1>(l),
        M::Fdivrp => arith::<Fdivr, 1>(l),
        M::Fiadd => integer_arith::<Fadd>(l),
        M::Fisub => integer_arith::<Fsub>(l),
        M::Fisubr => integer_arith::<Fsubr>(l),
        M::Fimul => integer_arith::<Fmul>(l),
        M::Fidiv => integer_arith::<Fdiv>(l),
        M::Fidivr => integer_arith::<Fdivr>(l),
        _ => return None,
    })
}

/// ST(0) with ST(i), or with memory.
fn compare<C: Comparison, const POPS: u8>(l: &Lowering<'_>) -> Chosen {
    match l.ins.memory_size() {
        _ if l.kind(0) != Kind::Mem => fast::<CompareStack<C, POPS>>(),
        iced_x86::MemorySize::Float32 => fast::<CompareMemory<Single, POPS>>(),
        _ => fast::<CompareMemory<Double, POPS>>(),
    }
}

fn integer_compare<const POPS: u8>(l: &Lowering<'_>) -> Chosen {
    if bytes(l) == 2 { fast::<CompareMemory<Int16, POPS>>() } else { fast::<CompareMemory<Int32, POPS>>() }
}

fn comparison(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Fcom => compare::<Ordered, 0>(l),
        M::Fcomp => compare::<Ordered, 1>(l),
        M::Fcompp => compare::<Ordered, 2>(l),
        M::Fucom => compare::<Unordered, 0>(l),
        M::Fucomp => compare::<Unordered, 1>(l),
        M::Fucompp => compare::<Unordered, 2>(l),
        M::Ficom => integer_compare::<0>(l),
        M::Ficomp => integer_compare::<1>(l),
        M::Fcomi => fast::<CompareFlags<Ordered, 0>>(),
        M::Fcomip => fast::<CompareFlags<Ordered, 1>>(),
        M::Fucomi => fast::<CompareFlags<Unordered, 0>>(),
        M::Fucomip => fast::<CompareFlags<Unordered, 1>>(),
        M::Fcmovb => fast::<Fcmov<2>>(),
        M::Fcmovnb => fast::<Fcmov<3>>(),
        M::Fcmove => fast::<Fcmov<4>>(),
        M::Fcmovne => fast::<Fcmov<5>>(),
        M::Fcmovbe => fast::<Fcmov<6>>(),
        M::Fcmovnbe => fast::<Fcmov<7>>(),
        M::Fcmovu => fast::<Fcmov<10>>(),
        M::Fcmovnu => fast::<Fcmov<11>>(),
        M::Ftst => fast::<Ftst>(),
        M::Fxam => fast::<Fxam>(),
        _ => return None,
    })
}

fn transfer(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match (l.ins.mnemonic(), bytes(l)) {
        (M::Fld, 4) => fast::<Load<Single>>(),
        (M::Fld, 8) => fast::<Load<Double>>(),
        (M::Fld, 10) => fast::<LoadExtended>(),
        (M::Fld, _) => fast::<LoadStack>(),
        (M::Fild, 2) => fast::<Load<Int16>>(),
        (M::Fild, 4) => fast::<Load<Int32>>(),
        (M::Fild, _) => fast::<Load<Int64>>(),
        (M::Fbld, _) => fast::<LoadDecimal>(),
        (M::Fst, 4) => fast::<Store<Single, 0>>(),
        (M::Fst, 8) => fast::<Store<Double, 0>>(),
        (M::Fst, _) => fast::<StoreStack<0>>(),
        (M::Fstp, 4) => fast::<Store<Single, 1>>(),
        (M::Fstp, 8) => fast::<Store<Double, 1>>(),
        (M::Fstp, 10) => fast::<StoreExtended>(),
        (M::Fstp | M::Fstpnce, _) => fast::<StoreStack<1>>(),
        (M::Fist, 2) => fast::<Store<Int16, 0>>(),
        (M::Fist, _) => fast::<Store<Int32, 0>>(),
        (M::Fistp, 2) => fast::<Store<Int16, 1>>(),
        (M::Fistp, 4) => fast::<Store<Int32, 1>>(),
        (M::Fistp, _) => fast::<Store<Int64, 1>>(),
        (M::Fisttp, 2) => fast::<Store<Truncated<Int16>, 1>>(),
        (M::Fisttp, 4) => fast::<Store<Truncated<Int32>, 1>>(),
        (M::Fisttp, _) => fast::<Store<Truncated<Int64>, 1>>(),
        (M::Fbstp, _) => fast::<StoreDecimal>(),
        (M::Fxch, _) => fast::<Fxch>(),
        (M::Fld1, _) => fast::<LoadConstant<0>>(),
        (M::Fldl2t, _) => fast::<LoadConstant<1>>(),
        (M::Fldl2e, _) => fast::<LoadConstant<2>>(),
        (M::Fldpi, _) => fast::<LoadConstant<3>>(),
        (M::Fldlg2, _) => fast::<LoadConstant<4>>(),
        (M::Fldln2, _) => fast::<LoadConstant<5>>(),
        (M::Fldz, _) => fast::<LoadConstant<6>>(),
        _ => return None,
    })
}

fn function(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Fchs => fast::<Fchs>(),
        M::Fabs => fast::<Fabs>(),
        M::Fsqrt => fast::<Unary<Fsqrt>>(),
        M::Frndint => fast::<Unary<Frndint>>(),
        M::F2xm1 => fast::<Unary<F2xm1>>(),
        M::Fsin => fast::<Unary<Fsin>>(),
        M::Fcos => fast::<Unary<Fcos>>(),
        M::Fscale => fast::<Binary<Fscale, 0>>(),
        M::Fpatan => fast::<Binary<Fpatan, 1>>(),
        M::Fyl2x => fast::<Binary<Fyl2x, 1>>(),
        M::Fyl2xp1 => fast::<Binary<Fyl2xp1, 1>>(),
        M::Fprem => fast::<PartialRemainder<false>>(),
        M::Fprem1 => fast::<PartialRemainder<true>>(),
        M::Fxtract => fast::<Pushing<Fxtract>>(),
        M::Fptan => fast::<Pushing<Fptan>>(),
        M::Fsincos => fast::<Pushing<Fsincos>>(),
        _ => return None,
    })
}

fn control(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Fninit => fast::<Fninit>(),
        M::Fnclex => fast::<Fnclex>(),
        M::Fldcw => fast::<Fldcw>(),
        M::Fnstcw => fast::<Fnstcw>(),
        M::Fnstsw if l.kind(0) == Kind::Mem => fast::<FnstswMemory>(),
        M::Fnstsw => fast::<FnstswAx>(),
        M::Fnop => fast::<Fnop>(),
        M::Fneni | M::Fndisi | M::Fnsetpm => fast::<FormerControl>(),
        M::Ffree => fast::<Ffree>(),
        M::Ffreep => fast::<Ffreep>(),
        M::Fincstp => fast::<Fincstp>(),
        M::Fdecstp => fast::<Fdecstp>(),
        _ => return image(l),
    })
}

/// Instructions that store and load the state.
fn image(l: &Lowering<'_>) -> Option<Chosen> {
    Some(match l.ins.code() {
        Code::Fnstenv_m14byte => fast::<Fnstenv<false>>(),
        Code::Fnstenv_m28byte => fast::<Fnstenv<true>>(),
        Code::Fldenv_m14byte => fast::<Fldenv<false>>(),
        Code::Fldenv_m28byte => fast::<Fldenv<true>>(),
        Code::Fnsave_m94byte => fast::<Fnsave<false>>(),
        Code::Fnsave_m108byte => fast::<Fnsave<true>>(),
        Code::Frstor_m94byte => fast::<Frstor<false>>(),
        Code::Frstor_m108byte => fast::<Frstor<true>>(),
        Code::Fxsave_m512byte => fast::<Fxsave>(),
        Code::Fxrstor_m512byte => fast::<Fxrstor>(),
        _ => return None,
    })
}
