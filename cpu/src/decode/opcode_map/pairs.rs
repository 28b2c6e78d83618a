//! Pairs of short operations of flat 32-bit code that one handler does.
//!
//! The members are those that profiles of Linux, of compiled C and of programs under DOS extenders are full of; any two of them that
//! follow each other are a pair.

use crate::decode::block::Lowered;
use crate::decode::form::Form;
use crate::decode::lower::{Kind, Shape};
use crate::exec::access::{Dst, FlatBase, FlatIndexed, Imm, InMemory, Src};
use crate::exec::arith::{Add, Alu, And, Quiet, Sub, Xor};
use crate::exec::dispatch::Semantics;
use crate::exec::fused;
use crate::exec::mov::{Lea, Mov, Movzx};
use crate::exec::op::Handler;
use crate::exec::shift::{ByImm, Shifted, Shl, Shr};
use crate::exec::stack::{Pop, Push, StackFlat};
use iced_x86::Mnemonic as M;

type AtBase = InMemory<FlatBase>;
type AtIndex = InMemory<FlatIndexed>;

/// What may be in a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    MovRegister,
    MovImmediate,
    Load,
    LoadIndexed,
    LoadByte,
    Store,
    LeaBase,
    LeaIndexed,
    AddRegister,
    AddImmediate,
    SubRegister,
    AndImmediate,
    XorRegister,
    ShlImmediate,
    ShrImmediate,
    Push,
    Pop,
}

/// The handler of both operations, if both may be in a pair.
pub(super) fn pair(first: &Lowered, second: &Lowered) -> Option<Handler> {
    // A second operation that leaves out its flags would need handlers of its own.
    if second.quiet {
        return None;
    }
    let then = member(&second.form)?;
    Some(match (member(&first.form)?, first.quiet) {
        (Member::MovRegister, _) => behind::<Mov<u32, Dst, Src>>(then),
        (Member::MovImmediate, _) => behind::<Mov<u32, Dst, Imm>>(then),
        (Member::Load, _) => behind::<Mov<u32, Dst, AtBase>>(then),
        (Member::LoadIndexed, _) => behind::<Mov<u32, Dst, AtIndex>>(then),
        (Member::LoadByte, _) => behind::<Movzx<u32, u8, AtBase>>(then),
        (Member::Store, _) => behind::<Mov<u32, AtBase, Src>>(then),
        (Member::LeaBase, _) => behind::<Lea<u32, FlatBase>>(then),
        (Member::LeaIndexed, _) => behind::<Lea<u32, FlatIndexed>>(then),
        (Member::AddRegister, true) => behind::<Alu<Quiet<Add>, u32, Dst, Src>>(then),
        (Member::AddRegister, _) => behind::<Alu<Add, u32, Dst, Src>>(then),
        (Member::AddImmediate, true) => behind::<Alu<Quiet<Add>, u32, Dst, Imm>>(then),
        (Member::AddImmediate, _) => behind::<Alu<Add, u32, Dst, Imm>>(then),
        (Member::SubRegister, true) => behind::<Alu<Quiet<Sub>, u32, Dst, Src>>(then),
        (Member::SubRegister, _) => behind::<Alu<Sub, u32, Dst, Src>>(then),
        (Member::AndImmediate, true) => behind::<Alu<Quiet<And>, u32, Dst, Imm>>(then),
        (Member::AndImmediate, _) => behind::<Alu<And, u32, Dst, Imm>>(then),
        (Member::XorRegister, true) => behind::<Alu<Quiet<Xor>, u32, Dst, Src>>(then),
        (Member::XorRegister, _) => behind::<Alu<Xor, u32, Dst, Src>>(then),
        (Member::ShlImmediate, true) => behind::<Shifted<Quiet<Shl>, u32, Dst, ByImm>>(then),
        (Member::ShlImmediate, _) => behind::<Shifted<Shl, u32, Dst, ByImm>>(then),
        (Member::ShrImmediate, true) => behind::<Shifted<Quiet<Shr>, u32, Dst, ByImm>>(then),
        (Member::ShrImmediate, _) => behind::<Shifted<Shr, u32, Dst, ByImm>>(then),
        (Member::Push, _) => behind::<Push<u32, StackFlat, Dst>>(then),
        (Member::Pop, _) => behind::<Pop<u32, StackFlat, Dst>>(then),
    })
}

/// `P` and then another member.
fn behind<P: Semantics>(then: Member) -> Handler {
    match then {
        Member::MovRegister => fused::pair::<P, Mov<u32, Dst, Src>>,
        Member::MovImmediate => fused::pair::<P, Mov<u32, Dst, Imm>>,
        Member::Load => fused::pair::<P, Mov<u32, Dst, AtBase>>,
        Member::LoadIndexed => fused::pair::<P, Mov<u32, Dst, AtIndex>>,
        Member::LoadByte => fused::pair::<P, Movzx<u32, u8, AtBase>>,
        Member::Store => fused::pair::<P, Mov<u32, AtBase, Src>>,
        Member::LeaBase => fused::pair::<P, Lea<u32, FlatBase>>,
        Member::LeaIndexed => fused::pair::<P, Lea<u32, FlatIndexed>>,
        Member::AddRegister => fused::pair::<P, Alu<Add, u32, Dst, Src>>,
        Member::AddImmediate => fused::pair::<P, Alu<Add, u32, Dst, Imm>>,
        Member::SubRegister => fused::pair::<P, Alu<Sub, u32, Dst, Src>>,
        Member::AndImmediate => fused::pair::<P, Alu<And, u32, Dst, Imm>>,
        Member::XorRegister => fused::pair::<P, Alu<Xor, u32, Dst, Src>>,
        Member::ShlImmediate => fused::pair::<P, Shifted<Shl, u32, Dst, ByImm>>,
        Member::ShrImmediate => fused::pair::<P, Shifted<Shr, u32, Dst, ByImm>>,
        Member::Push => fused::pair::<P, Push<u32, StackFlat, Dst>>,
        Member::Pop => fused::pair::<P, Pop<u32, StackFlat, Dst>>,
    }
}

/// What an instruction is in a pair.
fn member(form: &Form) -> Option<Member> {
    if !form.is_of_flat_code {
        return None;
    }
    let (to, from) = (form.kind(0), form.kind(1));
    Some(match (form.mnemonic, to, from, form.shape) {
        (M::Mov, Kind::Reg, Kind::Reg, _) => Member::MovRegister,
        (M::Mov, Kind::Reg, Kind::Imm, _) => Member::MovImmediate,
        (M::Mov, Kind::Reg, Kind::Mem, Shape::FlatBase) => Member::Load,
        (M::Mov, Kind::Reg, Kind::Mem, Shape::FlatIndexed) => Member::LoadIndexed,
        (M::Mov, Kind::Mem, Kind::Reg, Shape::FlatBase) => Member::Store,
        (M::Movzx, Kind::Reg, Kind::Mem, Shape::FlatBase) if form.source_bits == 8 => Member::LoadByte,
        (M::Lea, _, _, Shape::FlatBase) => Member::LeaBase,
        (M::Lea, _, _, Shape::FlatIndexed) => Member::LeaIndexed,
        (M::Add, Kind::Reg, Kind::Reg, _) => Member::AddRegister,
        (M::Add, Kind::Reg, Kind::Imm, _) => Member::AddImmediate,
        (M::Sub, Kind::Reg, Kind::Reg, _) => Member::SubRegister,
        (M::And, Kind::Reg, Kind::Imm, _) => Member::AndImmediate,
        (M::Xor, Kind::Reg, Kind::Reg, _) => Member::XorRegister,
        (M::Shl, Kind::Reg, Kind::Imm, _) => Member::ShlImmediate,
        (M::Shr, Kind::Reg, Kind::Imm, _) => Member::ShrImmediate,
        (M::Push, Kind::Reg, ..) => Member::Push,
        (M::Pop, Kind::Reg, ..) => Member::Pop,
        _ => return None,
    })
}
