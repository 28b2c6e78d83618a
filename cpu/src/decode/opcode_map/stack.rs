//! PUSH, POP, ENTER, LEAVE.

use super::by::{by_place, by_shape, by_stack, by_wide};
use super::return_bits;
use crate::decode::lower::{Chosen, Kind, Lowering, segment_of};
use crate::exec::access::{Dst, Imm};
use crate::exec::stack::{
    Enter, Leave, Pop, PopSeg, Popa, Popf, Push, PushSeg, PushSpDecremented, Pusha, Pushf,
};
use crate::regs::number::SP;
use crate::segment::SegReg;
use iced_x86::Mnemonic;

/// PUSH, POP and their kin.
pub(super) fn stack(l: &mut Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Push => push(l),
        M::Pop => pop(l),
        M::Pusha => by_stack!(l, W => Lowering::called::<Pusha<u16, W>>()),
        M::Pushad => by_stack!(l, W => Lowering::called::<Pusha<u32, W>>()),
        M::Popa => by_stack!(l, W => Lowering::called::<Popa<u16, W>>()),
        M::Popad => by_stack!(l, W => Lowering::called::<Popa<u32, W>>()),
        M::Pushf => by_stack!(l, W => Lowering::fast::<Pushf<u16, W>>()),
        M::Pushfd => by_stack!(l, W => Lowering::fast::<Pushf<u32, W>>()),
        M::Popf => by_stack!(l, W => Lowering::end::<Popf<u16, W>>()),
        M::Popfd => by_stack!(l, W => Lowering::end::<Popf<u32, W>>()),
        M::Enter => enter(l),
        M::Leave => leave(l),
        _ => return None,
    })
}

fn push(l: &mut Lowering<'_>) -> Chosen {
    let bits = l.ins.stack_pointer_increment().unsigned_abs() * 8;
    let register = l.ins.op0_register();
    if register.is_segment_register() {
        l.op.src = segment_of(register) as u8;
        return by_wide!(bits, T => by_stack!(l, W => Lowering::fast::<PushSeg<T, W>>()));
    }
    if l.model.push_sp_decremented && l.kind(0) == Kind::Reg && register.number() == usize::from(SP) {
        return Lowering::slow::<PushSpDecremented>();
    }
    by_wide!(bits, T => by_stack!(l, W => match l.kind(0) {
        Kind::Reg => Lowering::fast::<Push<T, W, Dst>>(),
        Kind::Mem => by_shape!(l.shape, M => Lowering::fast::<Push<T, W, M>>()),
        _ => Lowering::fast::<Push<T, W, Imm>>(),
    }))
}

fn pop(l: &mut Lowering<'_>) -> Chosen {
    let bits = l.ins.stack_pointer_increment().unsigned_abs() * 8;
    let register = l.ins.op0_register();
    if register.is_segment_register() {
        let reg = segment_of(register);
        l.op.dst = reg as u8;
        let stays = l.mode.data_segments_are_plain() && reg != SegReg::Ss;
        return by_wide!(bits, T => by_stack!(l, W => if stays {
            Lowering::fast::<PopSeg<T, W>>()
        } else {
            Lowering::end::<PopSeg<T, W>>()
        }));
    }
    by_wide!(bits, T => by_stack!(l, W => by_place!(l, D => Lowering::fast::<Pop<T, W, D>>())))
}

fn enter(l: &mut Lowering<'_>) -> Chosen {
    l.op.imm = u32::from(l.ins.immediate16());
    l.op.disp = u32::from(l.ins.immediate8_2nd());
    by_wide!(return_bits(l), T => by_stack!(l, W => Lowering::slow::<Enter<T, W>>()))
}

fn leave(l: &Lowering<'_>) -> Chosen {
    by_wide!(return_bits(l), T => by_stack!(l, W => Lowering::fast::<Leave<T, W>>()))
}
