//! The opcode map: which handler an instruction gets. Read only when a block is decoded.

use super::lower::{Chosen, Kind, Lowering, Shape, segment_of};
use crate::exec::access::{Dst, FlatBase, FlatIndexed, Imm, InMemory, Segmented, Src};
use crate::exec::arith::{
    Adc, Add, Alu, Alu1, And, Binary, Cmp, Dec, Inc, Neg, Not, Or, Sbb, Sub, Test, Unary, Xor,
};
use crate::exec::bcd::{Aaa, Aad, Aam, Aas, Daa, Das};
use crate::exec::bits::{BitChange, BitScan, BitString, BitTest, Complement, Keep, ResetBit, SetBit};
use crate::exec::control::{Always, Jcc, Jcxz, Loop, WhileNotZero, WhileZero};
use crate::exec::dispatch::{branch, indirect, jump, plain, repeat};
use crate::exec::far::{
    CallFar, CallFarIndirect, Hlt, Int, Int1, Int3, Into_, Iret, JumpFar, JumpFarIndirect, RetFar, Undefined,
};
use crate::exec::io::{In, Out, PortInDx, PortInImm};
use crate::exec::mov::{
    Bound, Cbw, Cdq, Cwd, Cwde, Lahf, Lea, LoadFarPointer, Mov, MovFromSeg, MovToSeg, Movsx, Movzx, Nop,
    Sahf, Salc, Set, Xchg, Xlat,
};
use crate::exec::muldiv::{Divide, Multiply, MultiplyTo, REPEATED};
use crate::exec::op::Handler;
use crate::exec::shift::{ByCl, ByImm, DoubleShift, Rcl, Rcr, Rol, Ror, Sar, Shift, Shifted, Shl, Shr};
use crate::exec::stack::{
    CallIndirect, CallNear, Enter, JumpIndirect, JumpNear, Leave, Pop, PopSeg, Popa, Popf, Push, PushSeg,
    PushSpDecremented, Pusha, Pushf, RetNear, Stack16, Stack32,
};
use crate::exec::string::{Cmps, Ins, Lods, Movs, Once, Outs, Repeated, Scas, Step, Stos};
use crate::exec::system::{
    Clc, Cld, Cli, Clts, Cmc, Gdtr, Idtr, LmswMemory, LmswRegister, LoadTable, MovFromCr, MovFromDr,
    MovFromTr, MovToCr, MovToDr, MovToTr, Smsw, Stc, Std, Sti, StoreTable,
};
use crate::model::Generation;
use crate::protected::verify::{Arpl, Lar, Lldt, Lsl, Ltr, StoreSelector, Verify};
use crate::regs::RegOffset;
use crate::regs::number::SP;
use crate::segment::SegReg;
use iced_x86::{Code, ConditionCode, Mnemonic, Register};

/// `$body` with `$t` as the word type of `$bits`.
macro_rules! by_width {
    ($bits:expr, $t:ident => $body:expr) => {
        match $bits {
            8 => {
                type $t = u8;
                $body
            }
            16 => {
                type $t = u16;
                $body
            }
            _ => {
                type $t = u32;
                $body
            }
        }
    };
}

/// `$body` with `$t` as the word type of 16 or 32 bits.
macro_rules! by_wide {
    ($bits:expr, $t:ident => $body:expr) => {
        match $bits {
            32 => {
                type $t = u32;
                $body
            }
            _ => {
                type $t = u16;
                $body
            }
        }
    };
}

/// `$body` with `$m` as the type of the memory operand.
macro_rules! by_shape {
    ($shape:expr, $m:ident => $body:expr) => {
        match $shape {
            Shape::FlatBase => {
                type $m = InMemory<FlatBase>;
                $body
            }
            Shape::FlatIndexed => {
                type $m = InMemory<FlatIndexed>;
                $body
            }
            Shape::Segmented => {
                type $m = InMemory<Segmented>;
                $body
            }
        }
    };
}

/// `$body` with `$d` as the place of operand 0: the register in `dst`, or memory.
macro_rules! by_place {
    ($l:expr, $d:ident => $body:expr) => {
        if $l.kind(0) == Kind::Reg {
            type $d = Dst;
            $body
        } else {
            by_shape!($l.shape, $d => $body)
        }
    };
}

/// `$body` with `$s` as the source operand 1: the register in `src`, or memory.
macro_rules! by_source {
    ($l:expr, $s:ident => $body:expr) => {
        if $l.kind(1) == Kind::Reg {
            type $s = Src;
            $body
        } else {
            by_shape!($l.shape, $s => $body)
        }
    };
}

/// `$body` with `$w` as the width of the stack pointer.
macro_rules! by_stack {
    ($l:expr, $w:ident => $body:expr) => {
        if $l.mode.stack_bits() == 32 {
            type $w = Stack32;
            $body
        } else {
            type $w = Stack16;
            $body
        }
    };
}

/// `$body` with `$s` as a 16-bit operand 0 that is only read.
macro_rules! by_word {
    ($l:expr, $s:ident => $body:expr) => {
        if $l.kind(0) == Kind::Reg {
            type $s = Dst;
            $body
        } else {
            type $s = InMemory<Segmented>;
            $body
        }
    };
}

/// `$body` with `$t` and `$d` as width and place of a selector being stored: 16 bits in memory, all of a register.
macro_rules! by_store {
    ($l:expr, $t:ident, $d:ident => $body:expr) => {
        if $l.kind(0) == Kind::Mem {
            type $t = u16;
            type $d = InMemory<Segmented>;
            $body
        } else {
            type $d = Dst;
            by_wide!($l.bits(), $t => $body)
        }
    };
}

/// The handler of an instruction; `None` for those not implemented, which are then undefined.
pub(crate) fn choose(l: &mut Lowering<'_>) -> Option<Chosen> {
    data(l).or_else(|| control(l)).or_else(|| system(l))
}

/// Data transfer, arithmetic, logic, shifts, bits, strings, stack.
fn data(l: &mut Lowering<'_>) -> Option<Chosen> {
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
        M::Lea => by_wide!(l.bits(), T => Lowering::fast::<Lea<T>>()),
        M::Xlatb => xlat(l),
        M::Cbw => Lowering::fast::<Cbw>(),
        M::Cwde => Lowering::fast::<Cwde>(),
        M::Cwd => Lowering::fast::<Cwd>(),
        M::Cdq => Lowering::fast::<Cdq>(),
        M::Lahf => Lowering::fast::<Lahf>(),
        M::Sahf => Lowering::fast::<Sahf>(),
        M::Salc => Lowering::fast::<Salc>(),
        M::Nop | M::Pause | M::Wait => Lowering::fast::<Nop>(),
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
        M::Movsb | M::Movsw | M::Movsd => string::<Movs>(l),
        M::Cmpsb | M::Cmpsw | M::Cmpsd => string::<Cmps>(l),
        M::Scasb | M::Scasw | M::Scasd => string::<Scas>(l),
        M::Lodsb | M::Lodsw | M::Lodsd => string::<Lods>(l),
        M::Stosb | M::Stosw | M::Stosd => string::<Stos>(l),
        M::Insb | M::Insw | M::Insd => string::<Ins>(l),
        M::Outsb | M::Outsw | M::Outsd => string::<Outs>(l),
        M::Push => push(l),
        M::Pop => pop(l),
        M::Pusha => by_stack!(l, W => Lowering::slow::<Pusha<u16, W>>()),
        M::Pushad => by_stack!(l, W => Lowering::slow::<Pusha<u32, W>>()),
        M::Popa => by_stack!(l, W => Lowering::slow::<Popa<u16, W>>()),
        M::Popad => by_stack!(l, W => Lowering::slow::<Popa<u32, W>>()),
        M::Pushf => by_stack!(l, W => Lowering::fast::<Pushf<u16, W>>()),
        M::Pushfd => by_stack!(l, W => Lowering::fast::<Pushf<u32, W>>()),
        M::Popf => by_stack!(l, W => Lowering::end::<Popf<u16, W>>()),
        M::Popfd => by_stack!(l, W => Lowering::end::<Popf<u32, W>>()),
        M::Enter => enter(l),
        M::Leave => leave(l),
        M::Bound => by_wide!(l.bits(), T => Lowering::slow::<Bound<T>>()),
        M::Lds | M::Les | M::Lfs | M::Lgs | M::Lss => far_pointer(l),
        _ => return set_condition(l),
    })
}

/// Jumps, calls, returns, interrupts.
fn control(l: &mut Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Jmp => jmp(l),
        M::Call => call(l),
        M::Ret => ret(l),
        M::Retf => by_wide!(return_bits(l), T => Lowering::end::<RetFar<T>>()),
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

/// Flags, I/O, system registers.
fn system(l: &mut Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Clc => Lowering::fast::<Clc>(),
        M::Stc => Lowering::fast::<Stc>(),
        M::Cmc => Lowering::fast::<Cmc>(),
        M::Cld => Lowering::fast::<Cld>(),
        M::Std => Lowering::fast::<Std>(),
        M::Cli => Lowering::fast::<Cli>(),
        M::Sti => Lowering::end::<Sti>(),
        M::In => by_width!(l.bits(), T => if l.kind(1) == Kind::Imm {
            Lowering::slow::<In<T, PortInImm>>()
        } else {
            Lowering::slow::<In<T, PortInDx>>()
        }),
        M::Out => by_width!(l.operand_bits(1), T => if l.kind(0) == Kind::Imm {
            Lowering::slow::<Out<T, PortInImm>>()
        } else {
            Lowering::slow::<Out<T, PortInDx>>()
        }),
        M::Clts => Lowering::end::<Clts>(),
        M::Lmsw => {
            l.op.src = l.op.dst;
            if l.kind(0) == Kind::Reg {
                Lowering::end::<LmswRegister>()
            } else {
                Lowering::end::<LmswMemory>()
            }
        }
        M::Smsw if l.kind(0) == Kind::Mem => Lowering::slow::<Smsw<u16, InMemory<Segmented>>>(),
        M::Smsw => by_wide!(l.bits(), T => Lowering::slow::<Smsw<T, Dst>>()),
        M::Lgdt => by_wide!(table_bits(l), T => Lowering::end::<LoadTable<Gdtr, T>>()),
        M::Lidt => by_wide!(table_bits(l), T => Lowering::end::<LoadTable<Idtr, T>>()),
        M::Lldt => by_word!(l, S => Lowering::end::<Lldt<S>>()),
        M::Ltr => by_word!(l, S => Lowering::end::<Ltr<S>>()),
        M::Sldt => by_store!(l, T, D => Lowering::slow::<StoreSelector<false, T, D>>()),
        M::Str => by_store!(l, T, D => Lowering::slow::<StoreSelector<true, T, D>>()),
        M::Verr => by_word!(l, S => Lowering::slow::<Verify<false, S>>()),
        M::Verw => by_word!(l, S => Lowering::slow::<Verify<true, S>>()),
        M::Lar => by_wide!(l.bits(), T => by_source!(l, S => Lowering::slow::<Lar<T, S>>())),
        M::Lsl => by_wide!(l.bits(), T => by_source!(l, S => Lowering::slow::<Lsl<T, S>>())),
        M::Arpl => by_place!(l, D => Lowering::slow::<Arpl<D>>()),
        M::Sgdt => Lowering::slow::<StoreTable<Gdtr>>(),
        M::Sidt => Lowering::slow::<StoreTable<Idtr>>(),
        _ => return None,
    })
}

fn alu<O: Binary>(l: &Lowering<'_>) -> Chosen {
    by_width!(l.bits(), T => by_place!(l, D => match l.kind(1) {
        Kind::Reg => Lowering::fast::<Alu<O, T, D, Src>>(),
        Kind::Imm => Lowering::fast::<Alu<O, T, D, Imm>>(),
        _ => by_shape!(l.shape, M => Lowering::fast::<Alu<O, T, Dst, M>>()),
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
    by_width!(l.bits(), T => by_place!(l, D => match l.kind(1) {
        Kind::Reg => Lowering::fast::<Mov<T, D, Src>>(),
        Kind::Imm => Lowering::fast::<Mov<T, D, Imm>>(),
        _ => by_shape!(l.shape, M => Lowering::fast::<Mov<T, Dst, M>>()),
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
    by_wide!(l.bits(), T => by_place!(l, D => if by_cl {
        Lowering::fast::<DoubleShift<LEFT, T, D, ByCl>>()
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

/// SETcc.
fn set_condition(l: &Lowering<'_>) -> Option<Chosen> {
    macro_rules! table {
        ($($cc:literal)*) => {
            match condition_number(l.ins.condition_code())? {
                $($cc => by_place!(l, D => Lowering::fast::<Set<$cc, D>>()),)*
                _ => return None,
            }
        };
    }
    use Mnemonic as M;
    if !matches!(
        l.ins.mnemonic(),
        M::Seto
            | M::Setno
            | M::Setb
            | M::Setae
            | M::Sete
            | M::Setne
            | M::Setbe
            | M::Seta
            | M::Sets
            | M::Setns
            | M::Setp
            | M::Setnp
            | M::Setl
            | M::Setge
            | M::Setle
            | M::Setg
    ) {
        return None;
    }
    Some(table!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
}

/// The condition field of the opcode.
fn condition_number(code: ConditionCode) -> Option<u8> {
    use ConditionCode as C;
    Some(match code {
        C::o => 0,
        C::no => 1,
        C::b => 2,
        C::ae => 3,
        C::e => 4,
        C::ne => 5,
        C::be => 6,
        C::a => 7,
        C::s => 8,
        C::ns => 9,
        C::p => 10,
        C::np => 11,
        C::l => 12,
        C::ge => 13,
        C::le => 14,
        C::g => 15,
        C::None => return None,
    })
}

fn string<S: Step>(l: &mut Lowering<'_>) -> Chosen {
    let address_bits = l.string_memory();
    let repeated = l.ins.has_rep_prefix() || l.ins.has_repne_prefix();
    l.op.imm = u32::from(l.ins.has_repne_prefix());
    by_width!(string_bits(l), T => by_wide!(address_bits, P => if repeated {
        (repeat::<Repeated<S, T, P>> as Handler, true)
    } else {
        (plain::<Once<S, T, P>> as Handler, false)
    }))
}

fn string_bits(l: &Lowering<'_>) -> u32 {
    l.ins.memory_size().size() as u32 * 8
}

/// Operand width of PUSH, POP, CALL, RET and their kin: by how far they move the stack pointer.
fn return_bits(l: &Lowering<'_>) -> u32 {
    let is_32 = matches!(
        l.ins.code(),
        Code::Retnd
            | Code::Retnd_imm16
            | Code::Retfd
            | Code::Retfd_imm16
            | Code::Leaved
            | Code::Enterd_imm16_imm8
    );
    if is_32 { 32 } else { 16 }
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

fn jmp(l: &mut Lowering<'_>) -> Chosen {
    match l.ins.code() {
        Code::Jmp_ptr1616 | Code::Jmp_ptr1632 => far_target(l, false),
        Code::Jmp_m1616 => Lowering::end::<JumpFarIndirect<u16>>(),
        Code::Jmp_m1632 => Lowering::end::<JumpFarIndirect<u32>>(),
        Code::Jmp_rm16 | Code::Jmp_rm32 => {
            by_wide!(l.bits(), T => by_place!(l, S => (indirect::<JumpIndirect<T, S>> as Handler, true)))
        }
        Code::Jmp_rel8_32 | Code::Jmp_rel32_32 => {
            l.branch_distances();
            (jump::<JumpNear, 32>, true)
        }
        _ => {
            l.branch_distances();
            (jump::<JumpNear, 16>, true)
        }
    }
}

fn call(l: &mut Lowering<'_>) -> Chosen {
    match l.ins.code() {
        Code::Call_ptr1616 | Code::Call_ptr1632 => far_target(l, true),
        Code::Call_m1616 => Lowering::end::<CallFarIndirect<u16>>(),
        Code::Call_m1632 => Lowering::end::<CallFarIndirect<u32>>(),
        Code::Call_rm16 | Code::Call_rm32 => {
            l.op.imm = l.next;
            by_wide!(l.bits(), T => by_stack!(l, W => by_place!(l, S =>
                (indirect::<CallIndirect<T, W, S>> as Handler, true))))
        }
        Code::Call_rel32_32 => {
            l.branch_distances();
            by_stack!(l, W => (jump::<CallNear<u32, W>, 32> as Handler, true))
        }
        _ => {
            l.branch_distances();
            by_stack!(l, W => (jump::<CallNear<u16, W>, 16> as Handler, true))
        }
    }
}

fn far_target(l: &mut Lowering<'_>, call: bool) -> Chosen {
    l.op.imm = u32::from(l.ins.far_branch_selector());
    let wide = matches!(l.ins.code(), Code::Jmp_ptr1632 | Code::Call_ptr1632);
    l.op.disp = if wide { l.ins.far_branch32() } else { u32::from(l.ins.far_branch16()) };
    match (call, wide) {
        (false, false) => Lowering::end::<JumpFar<u16>>(),
        (false, true) => Lowering::end::<JumpFar<u32>>(),
        (true, false) => Lowering::end::<CallFar<u16>>(),
        (true, true) => Lowering::end::<CallFar<u32>>(),
    }
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
                Mnemonic::Loop => branch::<Loop<Always, C, $ip>> as Handler,
                Mnemonic::Loope => branch::<Loop<WhileZero, C, $ip>>,
                Mnemonic::Loopne => branch::<Loop<WhileNotZero, C, $ip>>,
                _ => branch::<Jcxz<C, $ip>>,
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
                $($cc if wide => branch::<Jcc<$cc, 32>> as Handler,
                  $cc => branch::<Jcc<$cc, 16>>,)*
                _ => return None,
            }
        };
    }
    Some((table!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15), true))
}

/// Operand size of LGDT and LIDT.
fn table_bits(l: &Lowering<'_>) -> u32 {
    if matches!(l.ins.code(), Code::Lgdt_m1632 | Code::Lidt_m1632) { 32 } else { 16 }
}
