//! The x87.

use crate::decode::lower::{Chosen, Kind, Lowering, Shape};
use crate::exec::access::{FlatBase, FlatIndexed, Segmented};
use crate::exec::dispatch::{Semantics, Short, ending};
use crate::exec::escape::Unavailable;
use crate::exec::x87::arith::{Fadd, Fdiv, Fdivr, Fmul, Fsub, Fsubr, InStack, WithMemory};
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
use crate::exec::x87::short::{NoMemory, Operation, Shortly};
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

fn of<S: Semantics>() -> Chosen {
    Lowering::called::<S>()
}

/// An instruction of the register stack that has a short way.
fn quick<G>() -> Chosen
where
    Shortly<G, NoMemory>: Short,
{
    Lowering::short::<Shortly<G, NoMemory>>()
}

/// The same with an operand in memory.
fn quick_memory<G>(l: &Lowering<'_>) -> Chosen
where
    Shortly<G, FlatBase>: Short,
    Shortly<G, FlatIndexed>: Short,
    Shortly<G, Segmented>: Short,
{
    match l.shape {
        Shape::FlatBase => Lowering::short::<Shortly<G, FlatBase>>(),
        Shape::FlatIndexed => Lowering::short::<Shortly<G, FlatIndexed>>(),
        Shape::Segmented | Shape::Short => Lowering::short::<Shortly<G, Segmented>>(),
    }
}

/// An instruction with one or two stack operands, or one in memory.
fn arith<O: Operation, const POPS: u8>(l: &Lowering<'_>) -> Chosen {
    match l.ins.memory_size() {
        _ if l.kind(0) != Kind::Mem => quick::<InStack<O, POPS>>(),
        iced_x86::MemorySize::Float32 => quick_memory::<WithMemory<O, Single>>(l),
        _ => quick_memory::<WithMemory<O, Double>>(l),
    }
}

fn integer_arith<O: Operation>(l: &Lowering<'_>) -> Chosen {
    if bytes(l) == 2 {
        quick_memory::<WithMemory<O, Int16>>(l)
    } else {
        quick_memory::<WithMemory<O, Int32>>(l)
    }
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
        _ if l.kind(0) != Kind::Mem => quick::<CompareStack<C, POPS>>(),
        iced_x86::MemorySize::Float32 => quick_memory::<CompareMemory<Single, POPS>>(l),
        _ => quick_memory::<CompareMemory<Double, POPS>>(l),
    }
}

fn integer_compare<const POPS: u8>(l: &Lowering<'_>) -> Chosen {
    if bytes(l) == 2 {
        quick_memory::<CompareMemory<Int16, POPS>>(l)
    } else {
        quick_memory::<CompareMemory<Int32, POPS>>(l)
    }
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
        M::Fcomi => quick::<CompareFlags<Ordered, 0>>(),
        M::Fcomip => quick::<CompareFlags<Ordered, 1>>(),
        M::Fucomi => quick::<CompareFlags<Unordered, 0>>(),
        M::Fucomip => quick::<CompareFlags<Unordered, 1>>(),
        M::Fcmovb => of::<Fcmov<2>>(),
        M::Fcmovnb => of::<Fcmov<3>>(),
        M::Fcmove => of::<Fcmov<4>>(),
        M::Fcmovne => of::<Fcmov<5>>(),
        M::Fcmovbe => of::<Fcmov<6>>(),
        M::Fcmovnbe => of::<Fcmov<7>>(),
        M::Fcmovu => of::<Fcmov<10>>(),
        M::Fcmovnu => of::<Fcmov<11>>(),
        M::Ftst => of::<Ftst>(),
        M::Fxam => of::<Fxam>(),
        _ => return None,
    })
}

fn transfer(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match (l.ins.mnemonic(), bytes(l)) {
        (M::Fld, 4) => quick_memory::<Load<Single>>(l),
        (M::Fld, 8) => quick_memory::<Load<Double>>(l),
        (M::Fld, 10) => of::<LoadExtended>(),
        (M::Fld, _) => quick::<LoadStack>(),
        (M::Fild, 2) => quick_memory::<Load<Int16>>(l),
        (M::Fild, 4) => quick_memory::<Load<Int32>>(l),
        (M::Fild, _) => quick_memory::<Load<Int64>>(l),
        (M::Fbld, _) => of::<LoadDecimal>(),
        (M::Fst, 4) => quick_memory::<Store<Single, 0>>(l),
        (M::Fst, 8) => quick_memory::<Store<Double, 0>>(l),
        (M::Fst, _) => quick::<StoreStack<0>>(),
        (M::Fstp, 4) => quick_memory::<Store<Single, 1>>(l),
        (M::Fstp, 8) => quick_memory::<Store<Double, 1>>(l),
        (M::Fstp, 10) => of::<StoreExtended>(),
        (M::Fstp | M::Fstpnce, _) => quick::<StoreStack<1>>(),
        (M::Fist, 2) => quick_memory::<Store<Int16, 0>>(l),
        (M::Fist, _) => quick_memory::<Store<Int32, 0>>(l),
        (M::Fistp, 2) => quick_memory::<Store<Int16, 1>>(l),
        (M::Fistp, 4) => quick_memory::<Store<Int32, 1>>(l),
        (M::Fistp, _) => quick_memory::<Store<Int64, 1>>(l),
        (M::Fisttp, 2) => quick_memory::<Store<Truncated<Int16>, 1>>(l),
        (M::Fisttp, 4) => quick_memory::<Store<Truncated<Int32>, 1>>(l),
        (M::Fisttp, _) => quick_memory::<Store<Truncated<Int64>, 1>>(l),
        (M::Fbstp, _) => of::<StoreDecimal>(),
        (M::Fxch, _) => quick::<Fxch>(),
        (M::Fld1, _) => quick::<LoadConstant<0>>(),
        (M::Fldl2t, _) => quick::<LoadConstant<1>>(),
        (M::Fldl2e, _) => quick::<LoadConstant<2>>(),
        (M::Fldpi, _) => quick::<LoadConstant<3>>(),
        (M::Fldlg2, _) => quick::<LoadConstant<4>>(),
        (M::Fldln2, _) => quick::<LoadConstant<5>>(),
        (M::Fldz, _) => quick::<LoadConstant<6>>(),
        _ => return None,
    })
}

fn function(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Fchs => quick::<Fchs>(),
        M::Fabs => quick::<Fabs>(),
        M::Fsqrt => of::<Unary<Fsqrt>>(),
        M::Frndint => of::<Unary<Frndint>>(),
        M::F2xm1 => of::<Unary<F2xm1>>(),
        M::Fsin => of::<Unary<Fsin>>(),
        M::Fcos => of::<Unary<Fcos>>(),
        M::Fscale => of::<Binary<Fscale, 0>>(),
        M::Fpatan => of::<Binary<Fpatan, 1>>(),
        M::Fyl2x => of::<Binary<Fyl2x, 1>>(),
        M::Fyl2xp1 => of::<Binary<Fyl2xp1, 1>>(),
        M::Fprem => of::<PartialRemainder<false>>(),
        M::Fprem1 => of::<PartialRemainder<true>>(),
        M::Fxtract => of::<Pushing<Fxtract>>(),
        M::Fptan => of::<Pushing<Fptan>>(),
        M::Fsincos => of::<Pushing<Fsincos>>(),
        _ => return None,
    })
}

fn control(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Fninit => of::<Fninit>(),
        M::Fnclex => of::<Fnclex>(),
        M::Fldcw => Lowering::fast::<Fldcw>(),
        M::Fnstcw => Lowering::fast::<Fnstcw>(),
        M::Fnstsw if l.kind(0) == Kind::Mem => Lowering::fast::<FnstswMemory>(),
        M::Fnstsw => Lowering::fast::<FnstswAx>(),
        M::Fnop => of::<Fnop>(),
        M::Fneni | M::Fndisi | M::Fnsetpm => of::<FormerControl>(),
        M::Ffree => of::<Ffree>(),
        M::Ffreep => of::<Ffreep>(),
        M::Fincstp => of::<Fincstp>(),
        M::Fdecstp => of::<Fdecstp>(),
        _ => return image(l),
    })
}

/// Instructions that store and load the state.
fn image(l: &Lowering<'_>) -> Option<Chosen> {
    Some(match l.ins.code() {
        Code::Fnstenv_m14byte => of::<Fnstenv<false>>(),
        Code::Fnstenv_m28byte => of::<Fnstenv<true>>(),
        Code::Fldenv_m14byte => of::<Fldenv<false>>(),
        Code::Fldenv_m28byte => of::<Fldenv<true>>(),
        Code::Fnsave_m94byte => of::<Fnsave<false>>(),
        Code::Fnsave_m108byte => of::<Fnsave<true>>(),
        Code::Frstor_m94byte => of::<Frstor<false>>(),
        Code::Frstor_m108byte => of::<Frstor<true>>(),
        Code::Fxsave_m512byte => of::<Fxsave>(),
        Code::Fxrstor_m512byte => of::<Fxrstor>(),
        _ => return None,
    })
}
