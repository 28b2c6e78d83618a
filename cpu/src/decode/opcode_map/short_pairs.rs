//! Pairs of short operations of 16-bit code that one handler does.
//!
//! The members are those that profiles of DOS and of programs under it are full of, and the products of fixed-point arithmetic;
//! any two of them that follow each other are a pair.

use crate::decode::block::Lowered;
use crate::decode::form::Form;
use crate::decode::lower::Kind;
use crate::exec::access::{Dst, Imm, InMemory, Short, Src};
use crate::exec::arith::{Add, Alu, Alu1, Inc, Quiet, Sub, Xor};
use crate::exec::dispatch::Semantics;
use crate::exec::fused;
use crate::exec::mov::Mov;
use crate::exec::muldiv::Multiply;
use crate::exec::op::Handler;
use crate::exec::shift::{ByWidthAtMost, DoubleShift};
use crate::exec::stack::{Pop, Push, Stack16};
use iced_x86::Mnemonic as M;

type AtShort = InMemory<Short>;
type Product<const QUIET: bool> = Multiply<true, u16, Dst, QUIET>;
type ShiftPair<const QUIET: bool> = DoubleShift<false, u16, Dst, ByWidthAtMost, QUIET>;

/// What may be in a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    MovRegister,
    MovImmediate,
    Load,
    Store,
    AddRegister,
    AddMemory,
    SubRegister,
    XorRegister,
    Inc,
    Product,
    ShiftPair,
    Push,
    Pop,
}

/// The handler of both operations, if both may be in a pair.
pub(super) fn pair(first: &Lowered, second: &Lowered) -> Option<Handler> {
    let then = member(&second.form)?;
    // A second operation that leaves out its flags needs a handler of its own.
    if second.quiet && !matches!(then, Member::Product | Member::ShiftPair) {
        return None;
    }
    let then = (then, second.quiet);
    Some(match (member(&first.form)?, first.quiet) {
        (Member::MovRegister, _) => behind::<Mov<u16, Dst, Src>>(then),
        (Member::MovImmediate, _) => behind::<Mov<u16, Dst, Imm>>(then),
        (Member::Load, _) => behind::<Mov<u16, Dst, AtShort>>(then),
        (Member::Store, _) => behind::<Mov<u16, AtShort, Src>>(then),
        (Member::AddRegister, true) => behind::<Alu<Quiet<Add>, u16, Dst, Src>>(then),
        (Member::AddRegister, _) => behind::<Alu<Add, u16, Dst, Src>>(then),
        (Member::AddMemory, _) => behind::<Alu<Add, u16, Dst, AtShort>>(then),
        (Member::SubRegister, true) => behind::<Alu<Quiet<Sub>, u16, Dst, Src>>(then),
        (Member::SubRegister, _) => behind::<Alu<Sub, u16, Dst, Src>>(then),
        (Member::XorRegister, true) => behind::<Alu<Quiet<Xor>, u16, Dst, Src>>(then),
        (Member::XorRegister, _) => behind::<Alu<Xor, u16, Dst, Src>>(then),
        (Member::Inc, true) => behind::<Alu1<Quiet<Inc>, u16, Dst>>(then),
        (Member::Inc, _) => behind::<Alu1<Inc, u16, Dst>>(then),
        (Member::Product, true) => behind::<Product<true>>(then),
        (Member::Product, _) => behind::<Product<false>>(then),
        (Member::ShiftPair, true) => behind::<ShiftPair<true>>(then),
        (Member::ShiftPair, _) => behind::<ShiftPair<false>>(then),
        (Member::Push, _) => behind::<Push<u16, Stack16, Dst>>(then),
        (Member::Pop, _) => behind::<Pop<u16, Stack16, Dst>>(then),
    })
}

/// `P` and then another member, with or without its flags.
fn behind<P: Semantics>(then: (Member, bool)) -> Handler {
    match then {
        (Member::MovRegister, _) => fused::pair::<P, Mov<u16, Dst, Src>>,
        (Member::MovImmediate, _) => fused::pair::<P, Mov<u16, Dst, Imm>>,
        (Member::Load, _) => fused::pair::<P, Mov<u16, Dst, AtShort>>,
        (Member::Store, _) => fused::pair::<P, Mov<u16, AtShort, Src>>,
        (Member::AddRegister, _) => fused::pair::<P, Alu<Add, u16, Dst, Src>>,
        (Member::AddMemory, _) => fused::pair::<P, Alu<Add, u16, Dst, AtShort>>,
        (Member::SubRegister, _) => fused::pair::<P, Alu<Sub, u16, Dst, Src>>,
        (Member::XorRegister, _) => fused::pair::<P, Alu<Xor, u16, Dst, Src>>,
        (Member::Inc, _) => fused::pair::<P, Alu1<Inc, u16, Dst>>,
        (Member::Product, true) => fused::pair::<P, Product<true>>,
        (Member::Product, _) => fused::pair::<P, Product<false>>,
        (Member::ShiftPair, true) => fused::pair::<P, ShiftPair<true>>,
        (Member::ShiftPair, _) => fused::pair::<P, ShiftPair<false>>,
        (Member::Push, _) => fused::pair::<P, Push<u16, Stack16, Dst>>,
        (Member::Pop, _) => fused::pair::<P, Pop<u16, Stack16, Dst>>,
    }
}

/// What an instruction is in a pair.
fn member(form: &Form) -> Option<Member> {
    if !form.is_of_short_code {
        return None;
    }
    let (to, from) = (form.kind(0), form.kind(1));
    Some(match (form.mnemonic, to, from) {
        (M::Mov, Kind::Reg, Kind::Reg) => Member::MovRegister,
        (M::Mov, Kind::Reg, Kind::Imm) => Member::MovImmediate,
        (M::Mov, Kind::Reg, Kind::Mem) => Member::Load,
        (M::Mov, Kind::Mem, Kind::Reg) => Member::Store,
        (M::Add, Kind::Reg, Kind::Reg) => Member::AddRegister,
        (M::Add, Kind::Reg, Kind::Mem) => Member::AddMemory,
        (M::Sub, Kind::Reg, Kind::Reg) => Member::SubRegister,
        (M::Xor, Kind::Reg, Kind::Reg) => Member::XorRegister,
        (M::Inc, Kind::Reg, _) => Member::Inc,
        (M::Imul, Kind::Reg, _) if form.operands() == 1 => Member::Product,
        (M::Shrd, Kind::Reg, _) if form.shifts_within() => Member::ShiftPair,
        (M::Push, Kind::Reg, _) => Member::Push,
        (M::Pop, Kind::Reg, _) => Member::Pop,
        _ => return None,
    })
}
