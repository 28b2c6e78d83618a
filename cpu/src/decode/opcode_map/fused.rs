//! Handlers that instructions get for what stands behind them in their block.

use super::by::{by_shape, by_wide, by_width};
use super::{pairs, short_pairs};
use crate::decode::block::Lowered;
use crate::decode::form::Form;
use crate::decode::lower::{Kind, Shape};
use crate::exec::access::{Dst, Imm, InMemory, Short, Src};
use crate::exec::arith::{
    Adc, Add, Alu, Alu1, And, Binary, Cmp, Dec, Inc, Neg, Or, Quiet, Sbb, Sub, Test, Unary, Xor,
};
use crate::exec::compare::{Compare, Relation};
use crate::exec::dispatch::plain;
use crate::exec::fused::compare_and_branch;
use crate::exec::muldiv::{Multiply, MultiplyTo};
use crate::exec::op::Handler;
use crate::exec::shift::{ByImm, ByWidthAtMost, DoubleShift, Rol, Ror, Sar, Shift, Shifted, Shl, Shr};
use iced_x86::Mnemonic as M;

/// The handler of an instruction whose flags nobody sees, if it has one of its own. All operands are in registers.
pub(crate) fn quiet_form(form: &Form) -> Option<Handler> {
    Some(match form.mnemonic {
        M::Add => quiet::<Add>(form),
        M::Or => quiet::<Or>(form),
        M::Adc => quiet::<Adc>(form),
        M::Sbb => quiet::<Sbb>(form),
        M::And => quiet::<And>(form),
        M::Sub => quiet::<Sub>(form),
        M::Xor => quiet::<Xor>(form),
        M::Inc => quiet_unary::<Inc>(form),
        M::Dec => quiet_unary::<Dec>(form),
        M::Neg => quiet_unary::<Neg>(form),
        M::Rol => quiet_shift::<Rol>(form),
        M::Ror => quiet_shift::<Ror>(form),
        M::Shl => quiet_shift::<Shl>(form),
        M::Shr => quiet_shift::<Shr>(form),
        M::Sar => quiet_shift::<Sar>(form),
        M::Shld if form.shifts_within() => quiet_double_shift::<true>(form),
        M::Shrd if form.shifts_within() => quiet_double_shift::<false>(form),
        M::Mul => by_width!(form.bits, T => plain::<Multiply<false, T, Dst, true>>),
        M::Imul => quiet_imul(form),
        _ => return None,
    })
}

fn quiet<O: Binary>(form: &Form) -> Handler {
    by_width!(form.bits, T => match form.kind(1) {
        Kind::Reg => plain::<Alu<Quiet<O>, T, Dst, Src>>,
        _ => plain::<Alu<Quiet<O>, T, Dst, Imm>>,
    })
}

fn quiet_unary<O: Unary>(form: &Form) -> Handler {
    by_width!(form.bits, T => plain::<Alu1<Quiet<O>, T, Dst>>)
}

fn quiet_shift<O: Shift>(form: &Form) -> Handler {
    by_width!(form.bits, T => plain::<Shifted<Quiet<O>, T, Dst, ByImm>>)
}

fn quiet_double_shift<const LEFT: bool>(form: &Form) -> Handler {
    by_wide!(form.bits, T => plain::<DoubleShift<LEFT, T, Dst, ByWidthAtMost, true>>)
}

fn quiet_imul(form: &Form) -> Handler {
    match (form.operands(), form.kind(1)) {
        (1, _) => by_width!(form.bits, T => plain::<Multiply<true, T, Dst, true>>),
        (2, Kind::Imm) => by_wide!(form.bits, T => plain::<MultiplyTo<T, Dst, Imm, true>>),
        (2, _) => by_wide!(form.bits, T => plain::<MultiplyTo<T, Dst, Src, true>>),
        _ => by_wide!(form.bits, T => plain::<MultiplyTo<T, Src, Imm, true>>),
    }
}

/// The handler that does two instructions that follow each other, if there is one.
pub(crate) fn fused_pair(first: &Lowered, second: &Lowered) -> Option<Handler> {
    match (second.form.condition, second.form.branch_bits) {
        (Some(_), Some(_)) if first.quiet => None,
        (Some(condition), Some(32)) => compare::<32>(&first.form, condition),
        (Some(condition), Some(_)) => compare::<16>(&first.form, condition),
        _ => pairs::pair(first, second).or_else(|| short_pairs::pair(first, second)),
    }
}

/// An instruction that sets flags, and a conditional branch.
fn compare<const IP_BITS: u32>(form: &Form, condition: u8) -> Option<Handler> {
    match form.mnemonic {
        M::Cmp => compare_anywhere::<Cmp, IP_BITS>(form, condition),
        M::Test => compare_anywhere::<Test, IP_BITS>(form, condition),
        _ if !form.is_in_registers() => None,
        M::Sub => compare_registers::<Sub, IP_BITS>(form, condition),
        M::Add => compare_registers::<Add, IP_BITS>(form, condition),
        M::And => compare_registers::<And, IP_BITS>(form, condition),
        M::Or => compare_registers::<Or, IP_BITS>(form, condition),
        M::Inc => compare_unary::<Inc, IP_BITS>(form, condition),
        M::Dec => compare_unary::<Dec, IP_BITS>(form, condition),
        _ => None,
    }
}

/// One handler for each condition that programs ask for after arithmetic.
fn conditional<C: Compare, const IP_BITS: u32>(condition: u8) -> Option<Handler> {
    macro_rules! table {
        ($($cc:literal)*) => {
            match condition {
                $($cc => compare_and_branch::<C, $cc, IP_BITS>,)*
                _ => return None,
            }
        };
    }
    Some(table!(2 3 4 5 6 7 8 9 12 13 14 15))
}

/// `$body` with `$m` as the type of the memory operand, if code of `IP_BITS` is full of such.
macro_rules! by_usual_shape {
    ($shape:expr, $m:ident => $body:expr) => {
        match ($shape, IP_BITS) {
            (Shape::Short, 16) => {
                type $m = InMemory<Short>;
                $body
            }
            (_, 16) | (Shape::Short, _) => None,
            _ => by_shape!($shape, $m => $body),
        }
    };
}

/// With operands in registers, memory or the instruction, in the widths and address forms that code of `IP_BITS` is made of.
fn compare_anywhere<O: Binary + Relation, const IP_BITS: u32>(form: &Form, condition: u8) -> Option<Handler> {
    macro_rules! by_operands {
        ($t:ident) => {
            match (form.kind(0), form.kind(1)) {
                (Kind::Reg, Kind::Reg) => conditional::<Alu<O, $t, Dst, Src>, IP_BITS>(condition),
                (Kind::Reg, Kind::Imm) => conditional::<Alu<O, $t, Dst, Imm>, IP_BITS>(condition),
                (Kind::Mem, Kind::Imm) => {
                    by_usual_shape!(form.shape, D => conditional::<Alu<O, $t, D, Imm>, IP_BITS>(condition))
                }
                (Kind::Mem, Kind::Reg) => {
                    by_usual_shape!(form.shape, D => conditional::<Alu<O, $t, D, Src>, IP_BITS>(condition))
                }
                (Kind::Reg, Kind::Mem) => {
                    by_usual_shape!(form.shape, S => conditional::<Alu<O, $t, Dst, S>, IP_BITS>(condition))
                }
                _ => None,
            }
        };
    }
    match (form.bits, IP_BITS) {
        (8, _) => by_operands!(u8),
        (32, 32) => by_operands!(u32),
        (16, 16) => by_operands!(u16),
        _ => None,
    }
}

fn compare_registers<O: Binary + Relation, const IP_BITS: u32>(
    form: &Form,
    condition: u8,
) -> Option<Handler> {
    by_wide!(own_width::<IP_BITS>(form)?, T => match form.kind(1) {
        Kind::Reg => conditional::<Alu<O, T, Dst, Src>, IP_BITS>(condition),
        _ => conditional::<Alu<O, T, Dst, Imm>, IP_BITS>(condition),
    })
}

fn compare_unary<O: Unary + Relation, const IP_BITS: u32>(form: &Form, condition: u8) -> Option<Handler> {
    by_wide!(own_width::<IP_BITS>(form)?, T => conditional::<Alu1<O, T, Dst>, IP_BITS>(condition))
}

/// The width of the operands where it is that of the code.
fn own_width<const IP_BITS: u32>(form: &Form) -> Option<u32> {
    (u32::from(form.bits) == IP_BITS).then_some(IP_BITS)
}
