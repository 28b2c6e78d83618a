//! Data transfer, arithmetic, logic, shifts, bits, strings, stack.

use super::by::{by_any_place, by_any_shape, by_place, by_shape, by_source, by_wide, by_width};
use super::condition_number;
use crate::decode::lower::{Chosen, Kind, Lowering, Shape, segment_of};
use crate::exec::access::{Dst, FlatBase, FlatIndexed, Imm, InMemory, Segmented, Src};
use crate::exec::arith::{
    Adc, Add, Alu, Alu1, And, Binary, Cmp, Dec, Inc, Neg, Not, Or, Sbb, Sub, Test, Unary, Xor,
};
use crate::exec::atomic::{Cmpxchg, Cmpxchg8b, Xadd};
use crate::exec::bcd::{Aaa, Aad, Aam, Aas, Daa, Das};
use crate::exec::bits::{BitChange, BitScan, BitString, BitTest, Complement, Keep, ResetBit, SetBit};
use crate::exec::control_registers::{MovFromCr, MovFromDr, MovFromTr, MovToCr, MovToDr, MovToTr};
use crate::exec::dispatch::plain;
use crate::exec::mov::{
    Bound, Bswap, Bswap16, Cbw, Cdq, Cmov, Cwd, Cwde, Lahf, Lea, LoadFarPointer, Mov, MovFromSeg, MovToSeg,
    Movsx, Movzx, Nop, Sahf, Salc, Set, Xchg, Xlat,
};
use crate::exec::muldiv::{Divide, Multiply, MultiplyTo, REPEATED};
use crate::exec::op::Handler;
use crate::exec::repeat::repeat;
use crate::exec::shift::{
    ByCl, ByImm, ByWidthAtMost, DoubleShift, Rcl, Rcr, Rol, Ror, Sar, Shift, Shifted, Shl, Shr,
};
use crate::exec::string::{Cmps, Ins, Lods, Movs, Once, Outs, Repeated, Scas, Step, Stos};
use crate::model::Generation;
use crate::regs::RegOffset;
use crate::segment::SegReg;
use iced_x86::{Mnemonic, Register};

/// Data transfer, arithmetic, logic, shifts, bits, strings, stack.
pub(super) fn data(l: &mut Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Add => alu::<Add>(l),
        M::Or => alu::<Or>(l),
        M::Adc => alu::<Adc>(l),
        M::Sbb => alu::<Sbb>(l),
        M::And => alu::<And>(l),
        M::Sub => alu::<Sub>(l),
        M::Xor => alu::<Xor>(l),
        M::Cmp => alu::<Cmp>(l),
        M::Test => alu::<Test>(l),
        M::Inc => alu1::<Inc>(l),
        M::Dec => alu1::<Dec>(l),
        M::Neg => alu1::<Neg>(l),
        M::Not => alu1::<Not>(l),
        M::Mov => mov(l),
        M::Movzx => extend(l, false),
        M::Movsx => extend(l, true),
        M::Xchg => xchg(l),
        M::Lea => by_wide!(l.bits(), T => match l.shape {
            Shape::FlatBase => Lowering::fast::<Lea<T, FlatBase>>(),
            Shape::FlatIndexed => Lowering::fast::<Lea<T, FlatIndexed>>(),
            Shape::Segmented | Shape::Short => Lowering::fast::<Lea<T, Segmented>>(),
        }),
        M::Xlatb => xlat(l),
        M::Cbw => Lowering::fast::<Cbw>(),
        M::Cwde => Lowering::fast::<Cwde>(),
        M::Cwd => Lowering::fast::<Cwd>(),
        M::Cdq => Lowering::fast::<Cdq>(),
        M::Lahf => Lowering::fast::<Lahf>(),
        M::Sahf => Lowering::fast::<Sahf>(),
        M::Salc => Lowering::fast::<Salc>(),
        M::Nop | M::Reservednop | M::Pause => Lowering::fast::<Nop>(),
        M::Rol => shift::<Rol>(l),
        M::Ror => shift::<Ror>(l),
        M::Rcl => shift::<Rcl>(l),
        M::Rcr => shift::<Rcr>(l),
        M::Shl | M::Sal => shift::<Shl>(l),
        M::Shr => shift::<Shr>(l),
        M::Sar => shift::<Sar>(l),
        M::Shld => double_shift::<true>(l),
        M::Shrd => double_shift::<false>(l),
        M::Mul => multiply::<false>(l),
        M::Imul => imul(l),
        M::Div => divide::<false>(l),
        M::Idiv => divide::<true>(l),
        M::Aaa => Lowering::fast::<Aaa>(),
        M::Aas => Lowering::fast::<Aas>(),
        M::Aam => Lowering::fast::<Aam>(),
        M::Aad => Lowering::fast::<Aad>(),
        M::Daa => Lowering::fast::<Daa>(),
        M::Das => Lowering::fast::<Das>(),
        M::Bt => bit_test::<Keep>(l),
        M::Bts => bit_test::<SetBit>(l),
        M::Btr => bit_test::<ResetBit>(l),
        M::Btc => bit_test::<Complement>(l),
        M::Bsf => by_wide!(l.bits(), T => by_source!(l, S => Lowering::fast::<BitScan<true, T, S>>())),
        M::Bsr => by_wide!(l.bits(), T => by_source!(l, S => Lowering::fast::<BitScan<false, T, S>>())),
        M::Movsd | M::Cmpsd if has_xmm(l) => return None,
        M::Movsb | M::Movsw | M::Movsd => string::<Movs>(l),
        M::Cmpsb | M::Cmpsw | M::Cmpsd => string::<Cmps>(l),
        M::Scasb | M::Scasw | M::Scasd => string::<Scas>(l),
        M::Lodsb | M::Lodsw | M::Lodsd => string::<Lods>(l),
        M::Stosb | M::Stosw | M::Stosd => string::<Stos>(l),
        M::Insb | M::Insw | M::Insd => string::<Ins>(l),
        M::Outsb | M::Outsw | M::Outsd => string::<Outs>(l),
        M::Bswap if l.bits() == 16 => Lowering::fast::<Bswap16>(),
        M::Bswap => Lowering::fast::<Bswap>(),
        M::Cmpxchg => by_width!(l.bits(), T => by_place!(l, D => Lowering::fast::<Cmpxchg<T, D>>())),
        M::Xadd => by_width!(l.bits(), T => by_place!(l, D => Lowering::fast::<Xadd<T, D>>())),
        M::Cmpxchg8b => Lowering::fast::<Cmpxchg8b>(),
        M::Bound => by_wide!(l.bits(), T => Lowering::slow::<Bound<T>>()),
        M::Lds | M::Les | M::Lfs | M::Lgs | M::Lss => far_pointer(l),
        _ => return conditional(l),
    })
}

fn alu<O: Binary>(l: &Lowering<'_>) -> Chosen {
    by_width!(l.bits(), T => by_any_place!(l, D => match l.kind(1) {
        Kind::Reg => Lowering::fast::<Alu<O, T, D, Src>>(),
        Kind::Imm => Lowering::fast::<Alu<O, T, D, Imm>>(),
        _ => by_any_shape!(l.shape, M => Lowering::fast::<Alu<O, T, Dst, M>>()),
    }))
}

fn alu1<O: Unary>(l: &Lowering<'_>) -> Chosen {
    by_width!(l.bits(), T => by_place!(l, D => Lowering::fast::<Alu1<O, T, D>>()))
}

fn mov(l: &mut Lowering<'_>) -> Chosen {
    let (to, from) = (l.ins.op0_register(), l.ins.op1_register());
    if to.is_segment_register() {
        return mov_to_segment(l, segment_of(to));
    }
    if from.is_segment_register() {
        l.op.src = segment_of(from) as u8;
        let bits = if l.kind(0) == Kind::Mem { 16 } else { l.bits() };
        return by_wide!(bits, T => by_place!(l, D => Lowering::fast::<MovFromSeg<T, D>>()));
    }
    match (to, from) {
        (_, r) if r.is_cr() => return Lowering::slow::<MovFromCr>(),
        (r, _) if r.is_cr() => return Lowering::end::<MovToCr>(),
        (_, r) if r.is_dr() => return Lowering::slow::<MovFromDr>(),
        (r, _) if r.is_dr() => return Lowering::end::<MovToDr>(),
        (_, r) if r.is_tr() => return Lowering::slow::<MovFromTr>(),
        (r, _) if r.is_tr() => return Lowering::slow::<MovToTr>(),
        _ => {}
    }
    by_width!(l.bits(), T => by_any_place!(l, D => match l.kind(1) {
        Kind::Reg => Lowering::fast::<Mov<T, D, Src>>(),
        Kind::Imm => Lowering::fast::<Mov<T, D, Imm>>(),
        _ => by_any_shape!(l.shape, M => Lowering::fast::<Mov<T, Dst, M>>()),
    }))
}

/// SS holds interrupts back, and other segments may change the mode: both end the block.
fn mov_to_segment(l: &mut Lowering<'_>, reg: SegReg) -> Chosen {
    l.op.dst = reg as u8;
    let stays = l.mode.data_segments_are_plain() && !matches!(reg, SegReg::Ss | SegReg::Cs);
    by_source!(l, S => if stays { Lowering::fast::<MovToSeg<S>>() } else { Lowering::end::<MovToSeg<S>>() })
}

fn extend(l: &Lowering<'_>, signed: bool) -> Chosen {
    by_wide!(l.bits(), T => by_source!(l, S => match (signed, l.operand_bits(1)) {
        (false, 8) => Lowering::fast::<Movzx<T, u8, S>>(),
        (false, _) => Lowering::fast::<Movzx<T, u16, S>>(),
        (true, 8) => Lowering::fast::<Movsx<T, u8, S>>(),
        (true, _) => Lowering::fast::<Movsx<T, u16, S>>(),
    }))
}

fn xchg(l: &mut Lowering<'_>) -> Chosen {
    if l.kind(1) == Kind::Mem {
        l.op.src = l.op.dst;
        return by_width!(l.bits(), T => by_shape!(l.shape, M => Lowering::fast::<Xchg<T, M>>()));
    }
    by_width!(l.bits(), T => by_place!(l, D => Lowering::fast::<Xchg<T, D>>()))
}

fn xlat(l: &mut Lowering<'_>) -> Chosen {
    let bits = if l.ins.memory_base() == Register::EBX { 32 } else { 16 };
    l.op.mem = crate::exec::op::MemInfo::new(0, segment_of(l.ins.memory_segment()), bits, false);
    Lowering::fast::<Xlat>()
}

fn shift<O: Shift>(l: &Lowering<'_>) -> Chosen {
    by_width!(l.bits(), T => by_place!(l, D => if l.kind(1) == Kind::Reg {
        Lowering::fast::<Shifted<O, T, D, ByCl>>()
    } else {
        Lowering::fast::<Shifted<O, T, D, ByImm>>()
    }))
}

fn double_shift<const LEFT: bool>(l: &mut Lowering<'_>) -> Chosen {
    let by_cl = l.kind(2) == Kind::Reg;
    if by_cl {
        // Operand 2 is CL; operand 1 belongs in `src`.
        l.op.src = RegOffset::low(l.ins.op1_register().full_register().number() as u8).raw();
    }
    let within = (1..=l.bits()).contains(&(l.op.imm & 0x1F));
    by_wide!(l.bits(), T => by_place!(l, D => if by_cl {
        Lowering::fast::<DoubleShift<LEFT, T, D, ByCl>>()
    } else if within {
        Lowering::fast::<DoubleShift<LEFT, T, D, ByWidthAtMost>>()
    } else {
        Lowering::fast::<DoubleShift<LEFT, T, D, ByImm>>()
    }))
}

fn multiply<const SIGNED: bool>(l: &Lowering<'_>) -> Chosen {
    by_width!(l.bits(), T => by_place!(l, S => Lowering::fast::<Multiply<SIGNED, T, S>>()))
}

fn divide<const SIGNED: bool>(l: &mut Lowering<'_>) -> Chosen {
    let repeated = l.ins.has_rep_prefix() || l.ins.has_repne_prefix();
    if repeated && !l.model.at_least(Generation::I80186) {
        l.op.imm = REPEATED;
    }
    by_width!(l.bits(), T => by_place!(l, S => Lowering::fast::<Divide<SIGNED, T, S>>()))
}

fn imul(l: &Lowering<'_>) -> Chosen {
    match l.ins.op_count() {
        1 => multiply::<true>(l),
        2 if l.kind(1) == Kind::Imm => by_wide!(l.bits(), T => Lowering::fast::<MultiplyTo<T, Dst, Imm>>()),
        2 => by_wide!(l.bits(), T => by_source!(l, S => Lowering::fast::<MultiplyTo<T, Dst, S>>())),
        _ => by_wide!(l.bits(), T => by_source!(l, S => Lowering::fast::<MultiplyTo<T, S, Imm>>())),
    }
}

fn bit_test<O: BitChange>(l: &Lowering<'_>) -> Chosen {
    by_wide!(l.bits(), T => match (l.kind(0), l.kind(1)) {
        (Kind::Reg, Kind::Reg) => Lowering::fast::<BitTest<O, T, Dst, Src>>(),
        (Kind::Reg, _) => Lowering::fast::<BitTest<O, T, Dst, Imm>>(),
        (_, Kind::Reg) => Lowering::fast::<BitString<O, T>>(),
        _ => Lowering::fast::<BitTest<O, T, InMemory<Segmented>, Imm>>(),
    })
}

/// SETcc and CMOVcc.
fn conditional(l: &Lowering<'_>) -> Option<Chosen> {
    // Branches have conditions too, and no operand that is data.
    if l.kind(0) == Kind::None {
        return None;
    }
    let set = l.ins.op_count() == 1;
    macro_rules! table {
        ($($cc:literal)*) => {
            match condition_number(l.ins.condition_code())? {
                $($cc if set => by_place!(l, D => Lowering::fast::<Set<$cc, D>>()),
                  $cc => by_wide!(l.bits(), T => by_source!(l, S => Lowering::fast::<Cmov<$cc, T, S>>())),)*
                _ => return None,
            }
        };
    }
    Some(table!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
}

fn string<S: Step>(l: &mut Lowering<'_>) -> Chosen {
    let address_bits = l.string_memory();
    let repeated = l.ins.has_rep_prefix() || l.ins.has_repne_prefix();
    l.op.imm = u32::from(l.ins.has_repne_prefix());
    if repeated {
        l.op.disp = l.next;
    }
    by_width!(string_bits(l), T => by_wide!(address_bits, P => if repeated {
        (repeat::<Repeated<S, T, P>> as Handler, true)
    } else {
        (plain::<Once<S, T, P>> as Handler, false)
    }))
}

fn string_bits(l: &Lowering<'_>) -> u32 {
    l.ins.memory_size().size() as u32 * 8
}

fn far_pointer(l: &mut Lowering<'_>) -> Chosen {
    let reg = match l.ins.mnemonic() {
        Mnemonic::Lds => SegReg::Ds,
        Mnemonic::Les => SegReg::Es,
        Mnemonic::Lfs => SegReg::Fs,
        Mnemonic::Lgs => SegReg::Gs,
        _ => SegReg::Ss,
    };
    l.op.src = reg as u8;
    let stays = l.mode.data_segments_are_plain();
    by_wide!(l.bits(), T => if stays {
        Lowering::fast::<LoadFarPointer<T>>()
    } else {
        Lowering::end::<LoadFarPointer<T>>()
    })
}

/// The mnemonics MOVSD and CMPSD name string instructions and instructions of SSE2.
fn has_xmm(l: &Lowering<'_>) -> bool {
    l.ins.op0_register().is_xmm() || l.ins.op1_register().is_xmm()
}
