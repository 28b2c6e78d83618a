//! Jumps, calls, returns, interrupts.

use super::by::{by_place, by_stack, by_wide};
use super::{condition_number, return_bits};
use crate::decode::lower::{Chosen, Lowering};
use crate::exec::control::{
    Always, Jcc, Jcxz, JumpLeavesSegment, LeavesSegment, Loop, WhileNotZero, WhileZero,
};
use crate::exec::dispatch::{Decision, Semantics, branch, ending, indirect, jump};
use crate::exec::far::{
    CallFar, CallFarIndirect, Hlt, Int, Int1, Int3, Into_, Iret, JumpFar, JumpFarIndirect, RetFar, Undefined,
};
use crate::exec::op::Handler;
use crate::exec::paragraph;
use crate::exec::stack::{CallIndirect, CallNear, JumpIndirect, JumpNear, RetNear};
use crate::word::Word;
use iced_x86::{Code, Mnemonic};

/// Jumps, calls, returns, interrupts.
pub(super) fn control(l: &mut Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Jmp => jmp(l),
        M::Call => call(l),
        M::Ret => ret(l),
        M::Retf => by_wide!(return_bits(l), T => if l.mode.has_selectors() {
            Lowering::end::<RetFar<T>>()
        } else {
            by_stack!(l, W => indirectly::<paragraph::Ret<T, W>>())
        }),
        M::Iret => Lowering::end::<Iret<u16>>(),
        M::Iretd => Lowering::end::<Iret<u32>>(),
        M::Int => Lowering::end::<Int>(),
        M::Int3 => Lowering::end::<Int3>(),
        M::Into => Lowering::end::<Into_>(),
        M::Int1 => Lowering::end::<Int1>(),
        M::Loop | M::Loope | M::Loopne | M::Jcxz | M::Jecxz => loops(l),
        M::Hlt => Lowering::end::<Hlt>(),
        M::Ud2 => Lowering::end::<Undefined>(),
        _ => return jcc(l),
    })
}

fn jmp(l: &mut Lowering<'_>) -> Chosen {
    match l.ins.code() {
        Code::Jmp_ptr1616 | Code::Jmp_ptr1632 => far_target(l, false),
        Code::Jmp_m1616 => jump_far_indirect::<u16>(l),
        Code::Jmp_m1632 => jump_far_indirect::<u32>(l),
        Code::Jmp_rm16 | Code::Jmp_rm32 => {
            by_wide!(l.bits(), T => by_place!(l, S => (indirect::<JumpIndirect<T, S>> as Handler, true)))
        }
        Code::Jmp_rel8_32 | Code::Jmp_rel32_32 => {
            l.branch_distances();
            near::<JumpNear, 32>(l)
        }
        _ => {
            l.branch_distances();
            near::<JumpNear, 16>(l)
        }
    }
}

fn call(l: &mut Lowering<'_>) -> Chosen {
    match l.ins.code() {
        Code::Call_ptr1616 | Code::Call_ptr1632 => far_target(l, true),
        Code::Call_m1616 => call_far_indirect::<u16>(l),
        Code::Call_m1632 => call_far_indirect::<u32>(l),
        Code::Call_rm16 | Code::Call_rm32 => {
            l.op.imm = l.next;
            by_wide!(l.bits(), T => by_stack!(l, W => by_place!(l, S =>
                (indirect::<CallIndirect<T, W, S>> as Handler, true))))
        }
        Code::Call_rel32_32 => {
            l.branch_distances();
            by_stack!(l, W => near::<CallNear<u32, W>, 32>(l))
        }
        _ => {
            l.branch_distances();
            by_stack!(l, W => near::<CallNear<u16, W>, 16>(l))
        }
    }
}

/// JMP and CALL to a known place.
fn near<S: Semantics, const IP_BITS: u32>(l: &Lowering<'_>) -> Chosen {
    if l.leaves_segment(IP_BITS) { (ending::<JumpLeavesSegment>, true) } else { (jump::<S, IP_BITS>, true) }
}

/// A conditional branch to a known place.
fn conditional<D: Decision, const IP_BITS: u32>(l: &Lowering<'_>) -> Handler {
    if l.leaves_segment(IP_BITS) { ending::<LeavesSegment<D>> } else { branch::<D> }
}

fn far_target(l: &mut Lowering<'_>, call: bool) -> Chosen {
    l.op.imm = u32::from(l.ins.far_branch_selector());
    let wide = matches!(l.ins.code(), Code::Jmp_ptr1632 | Code::Call_ptr1632);
    l.op.disp = if wide { l.ins.far_branch32() } else { u32::from(l.ins.far_branch16()) };
    by_wide!(if wide { 32 } else { 16 }, T => match (l.mode.has_selectors(), call) {
        (true, false) => Lowering::end::<JumpFar<T>>(),
        (true, true) => Lowering::end::<CallFar<T>>(),
        (false, false) => indirectly::<paragraph::Jump<T>>(),
        (false, true) => {
            // A block lies in one page, so that the distance has room beside the selector.
            l.op.imm |= l.next << 16;
            by_stack!(l, W => indirectly::<paragraph::Call<T, W>>())
        }
    })
}

fn jump_far_indirect<T: Word>(l: &Lowering<'_>) -> Chosen {
    if l.mode.has_selectors() {
        return Lowering::end::<JumpFarIndirect<T>>();
    }
    indirectly::<paragraph::JumpIndirect<T>>()
}

fn call_far_indirect<T: Word>(l: &mut Lowering<'_>) -> Chosen {
    if l.mode.has_selectors() {
        return Lowering::end::<CallFarIndirect<T>>();
    }
    l.op.imm = l.next;
    by_stack!(l, W => indirectly::<paragraph::CallIndirect<T, W>>())
}

/// A branch to a place only known when it is taken.
fn indirectly<S: Semantics>() -> Chosen {
    (indirect::<S>, true)
}

fn ret(l: &Lowering<'_>) -> Chosen {
    by_wide!(return_bits(l), T => by_stack!(l, W => (indirect::<RetNear<T, W>> as Handler, true)))
}

fn loops(l: &mut Lowering<'_>) -> Chosen {
    l.branch_distances();
    let counter = match l.ins.code() {
        Code::Jecxz_rel8_16
        | Code::Jecxz_rel8_32
        | Code::Loop_rel8_16_ECX
        | Code::Loop_rel8_32_ECX
        | Code::Loope_rel8_16_ECX
        | Code::Loope_rel8_32_ECX
        | Code::Loopne_rel8_16_ECX
        | Code::Loopne_rel8_32_ECX => 32,
        _ => 16,
    };
    macro_rules! by_ip {
        ($ip:literal) => {
            by_wide!(counter, C => match l.ins.mnemonic() {
                Mnemonic::Loop => conditional::<Loop<Always, C, $ip>, $ip>(l),
                Mnemonic::Loope => conditional::<Loop<WhileZero, C, $ip>, $ip>(l),
                Mnemonic::Loopne => conditional::<Loop<WhileNotZero, C, $ip>, $ip>(l),
                _ => conditional::<Jcxz<C, $ip>, $ip>(l),
            })
        };
    }
    let wide = l.ins.op0_kind() == iced_x86::OpKind::NearBranch32;
    (if wide { by_ip!(32) } else { by_ip!(16) }, true)
}

fn jcc(l: &mut Lowering<'_>) -> Option<Chosen> {
    if !l.ins.code().is_jcc_short_or_near() {
        return None;
    }
    l.branch_distances();
    let wide = l.ins.op0_kind() == iced_x86::OpKind::NearBranch32;
    macro_rules! table {
        ($($cc:literal)*) => {
            match condition_number(l.ins.condition_code())? {
                $($cc if wide => conditional::<Jcc<$cc, 32>, 32>(l),
                  $cc => conditional::<Jcc<$cc, 16>, 16>(l),)*
                _ => return None,
            }
        };
    }
    Some((table!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15), true))
}
