//! MMX, SSE and SSE2: packed integers, moves and shuffles. What computes in floating point is in `simd_float`.

use super::simd_float;
use crate::decode::lower::{Chosen, Kind, Lowering, Shape};
use crate::exec::access::{Dst, FlatIndexed, InMemory, Segmented, Src};
use crate::exec::dispatch::ending;
use crate::exec::escape::Unavailable;
use crate::exec::far::Undefined;
use crate::exec::mov::{Mov, Nop};
use crate::exec::simd::integer::{
    Packssdw, Packsswb, Packuswb, Paddb, Paddd, Paddq, Paddsb, Paddsw, Paddusb, Paddusw, Paddw, Pand, Pandn,
    Pavgb, Pavgw, Pcmpeqb, Pcmpeqd, Pcmpeqw, Pcmpgtb, Pcmpgtd, Pcmpgtw, Pmaddwd, Pmaxsw, Pmaxub, Pminsw,
    Pminub, Pmulhuw, Pmulhw, Pmullw, Pmuludq, Por, Psadbw, Psubb, Psubd, Psubq, Psubsb, Psubsw, Psubusb,
    Psubusw, Psubw, Punpckhbw, Punpckhdq, Punpckhqdq, Punpckhwd, Punpcklbw, Punpckldq, Punpcklqdq, Punpcklwd,
    Pxor,
};
use crate::exec::simd::moves::{
    Clflush, Emms, Ldmxcsr, Load, MaskMove, Movdq2q, Movq2dq, Stmxcsr, Store, Store128,
};
use crate::exec::simd::operand::{
    Binary, InFile, LowOf, Memory128, Packed, PackedImm, Scalar, WithImmediate,
};
use crate::exec::simd::shift::{
    Pslld, Pslldq, Psllq, Psllw, Psrad, Psraw, Psrld, Psrldq, Psrlq, Psrlw, Shift, ShiftBy, ShiftImm,
};
use crate::exec::simd::shuffle::{
    HighToLow, MergeHigh, MergeLow, MergeSingle, Movmskpd, Movmskps, Pextrw, Pinsrw, Pmovmskb, Pshufd,
    Pshufhw, Pshuflw, Shufpd, Shufps, ToRegister,
};
use crate::exec::simd::{Mmx, Xmm};
use crate::fault::Fault;
use iced_x86::Mnemonic;

/// `$body` with `$m` as the address form of the memory operand: two are enough here.
macro_rules! by_form {
    ($l:expr, $m:ident => $body:expr) => {
        if matches!($l.shape, Shape::Segmented | Shape::Short) {
            type $m = Segmented;
            $body
        } else {
            type $m = FlatIndexed;
            $body
        }
    };
}

/// `$body` with `$s` as operand 1: all of an XMM register, or sixteen aligned bytes.
macro_rules! by_xmm {
    ($l:expr, $s:ident => $body:expr) => {
        if $l.kind(1) == Kind::Reg {
            type $s = InFile<Xmm>;
            $body
        } else {
            by_form!($l, M => {
                type $s = Memory128<M, true>;
                $body
            })
        }
    };
}

/// `$body` with `$s` as operand 1: a register of file `$f`, or a `$t` in memory.
macro_rules! by_low {
    ($l:expr, $f:ty, $t:ty, $s:ident => $body:expr) => {
        if $l.kind(1) == Kind::Reg {
            type $s = InFile<$f>;
            $body
        } else {
            by_form!($l, M => {
                type $s = Scalar<$t, InMemory<M>>;
                $body
            })
        }
    };
}

pub(super) use {by_form, by_low, by_xmm};

/// MMX, SSE and SSE2.
pub(super) fn simd(l: &mut Lowering<'_>) -> Option<Chosen> {
    let chosen = packed(l)
        .or_else(|| unpack(l))
        .or_else(|| shifts(l))
        .or_else(|| shuffles(l))
        .or_else(|| moves(l))
        .or_else(|| simd_float::arithmetic(l))
        .or_else(|| simd_float::conversions(l))
        .or_else(|| state(l))?;
    Some(fault_of_mode(l).unwrap_or(chosen))
}

/// What the instruction raises, whatever its operands, in the mode of the block.
fn fault_of_mode(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    let registers = || (0..l.ins.op_count()).map(|n| l.ins.op_register(n));
    let fault = match l.ins.mnemonic() {
        M::Movnti | M::Clflush | M::Sfence | M::Lfence | M::Mfence => None,
        M::Ldmxcsr | M::Stmxcsr => l.mode.sse_fault(),
        _ if registers().any(|register| register.is_xmm()) => l.mode.sse_fault(),
        _ => l.mode.mmx_fault(),
    };
    fault.map(|fault| match fault {
        Fault::DeviceNotAvailable => (ending::<Unavailable> as _, true),
        _ => (ending::<Undefined> as _, true),
    })
}

fn is_mmx(l: &Lowering<'_>) -> bool {
    l.ins.op0_register().is_mm()
}

fn binary<O: Binary>(l: &Lowering<'_>) -> Chosen {
    if is_mmx(l) {
        by_low!(l, Mmx, u64, S => Lowering::fast::<Packed<O, Mmx, S>>())
    } else {
        by_xmm!(l, S => Lowering::fast::<Packed<O, Xmm, S>>())
    }
}

fn packed(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Paddb => binary::<Paddb>(l),
        M::Paddw => binary::<Paddw>(l),
        M::Paddd => binary::<Paddd>(l),
        M::Paddq => binary::<Paddq>(l),
        M::Psubb => binary::<Psubb>(l),
        M::Psubw => binary::<Psubw>(l),
        M::Psubd => binary::<Psubd>(l),
        M::Psubq => binary::<Psubq>(l),
        M::Paddsb => binary::<Paddsb>(l),
        M::Paddsw => binary::<Paddsw>(l),
        M::Paddusb => binary::<Paddusb>(l),
        M::Paddusw => binary::<Paddusw>(l),
        M::Psubsb => binary::<Psubsb>(l),
        M::Psubsw => binary::<Psubsw>(l),
        M::Psubusb => binary::<Psubusb>(l),
        M::Psubusw => binary::<Psubusw>(l),
        M::Pmullw => binary::<Pmullw>(l),
        M::Pmulhw => binary::<Pmulhw>(l),
        M::Pmulhuw => binary::<Pmulhuw>(l),
        M::Pmuludq => binary::<Pmuludq>(l),
        M::Pmaddwd => binary::<Pmaddwd>(l),
        M::Psadbw => binary::<Psadbw>(l),
        M::Pavgb => binary::<Pavgb>(l),
        M::Pavgw => binary::<Pavgw>(l),
        M::Pminub => binary::<Pminub>(l),
        M::Pmaxub => binary::<Pmaxub>(l),
        M::Pminsw => binary::<Pminsw>(l),
        M::Pmaxsw => binary::<Pmaxsw>(l),
        M::Pcmpeqb => binary::<Pcmpeqb>(l),
        M::Pcmpeqw => binary::<Pcmpeqw>(l),
        M::Pcmpeqd => binary::<Pcmpeqd>(l),
        M::Pcmpgtb => binary::<Pcmpgtb>(l),
        M::Pcmpgtw => binary::<Pcmpgtw>(l),
        M::Pcmpgtd => binary::<Pcmpgtd>(l),
        M::Pand | M::Andps | M::Andpd => binary::<Pand>(l),
        M::Pandn | M::Andnps | M::Andnpd => binary::<Pandn>(l),
        M::Por | M::Orps | M::Orpd => binary::<Por>(l),
        M::Pxor | M::Xorps | M::Xorpd => binary::<Pxor>(l),
        _ => return None,
    })
}

/// The low unpacks of MMX read 32 bits of memory.
fn unpack_low<O: Binary>(l: &Lowering<'_>) -> Chosen {
    if is_mmx(l) {
        by_low!(l, Mmx, u32, S => Lowering::fast::<Packed<O, Mmx, S>>())
    } else {
        by_xmm!(l, S => Lowering::fast::<Packed<O, Xmm, S>>())
    }
}

/// Lanes that change places.
fn rearrange<O: Binary>(l: &Lowering<'_>) -> Chosen {
    if is_mmx(l) {
        by_low!(l, Mmx, u64, S => Lowering::fast::<Packed<O, Mmx, S>>())
    } else {
        by_xmm!(l, S => Lowering::fast::<Packed<O, Xmm, S>>())
    }
}

/// Unpacks and packs.
fn unpack(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Punpcklbw => unpack_low::<Punpcklbw>(l),
        M::Punpcklwd => unpack_low::<Punpcklwd>(l),
        M::Punpckldq | M::Unpcklps => unpack_low::<Punpckldq>(l),
        M::Punpcklqdq | M::Unpcklpd => rearrange::<Punpcklqdq>(l),
        M::Punpckhbw => rearrange::<Punpckhbw>(l),
        M::Punpckhwd => rearrange::<Punpckhwd>(l),
        M::Punpckhdq | M::Unpckhps => rearrange::<Punpckhdq>(l),
        M::Punpckhqdq | M::Unpckhpd => rearrange::<Punpckhqdq>(l),
        M::Packsswb => rearrange::<Packsswb>(l),
        M::Packuswb => rearrange::<Packuswb>(l),
        M::Packssdw => rearrange::<Packssdw>(l),
        _ => return None,
    })
}

fn shift<O: Shift>(l: &Lowering<'_>) -> Chosen {
    match (is_mmx(l), l.kind(1)) {
        (true, Kind::Imm) => Lowering::fast::<ShiftImm<O, Mmx>>(),
        (false, Kind::Imm) => Lowering::fast::<ShiftImm<O, Xmm>>(),
        (true, _) => by_low!(l, Mmx, u64, S => Lowering::fast::<ShiftBy<O, Mmx, S>>()),
        (false, _) => by_xmm!(l, S => Lowering::fast::<ShiftBy<O, Xmm, S>>()),
    }
}

fn shifts(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Psllw => shift::<Psllw>(l),
        M::Pslld => shift::<Pslld>(l),
        M::Psllq => shift::<Psllq>(l),
        M::Psrlw => shift::<Psrlw>(l),
        M::Psrld => shift::<Psrld>(l),
        M::Psrlq => shift::<Psrlq>(l),
        M::Psraw => shift::<Psraw>(l),
        M::Psrad => shift::<Psrad>(l),
        M::Pslldq => shift::<Pslldq>(l),
        M::Psrldq => shift::<Psrldq>(l),
        _ => return None,
    })
}

fn with_immediate<O: WithImmediate>(l: &Lowering<'_>) -> Chosen {
    if is_mmx(l) {
        by_low!(l, Mmx, u64, S => Lowering::fast::<PackedImm<O, Mmx, S>>())
    } else {
        by_xmm!(l, S => Lowering::fast::<PackedImm<O, Xmm, S>>())
    }
}

fn shuffles(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Pshufw | M::Pshuflw => with_immediate::<Pshuflw>(l),
        M::Pshufhw => with_immediate::<Pshufhw>(l),
        M::Pshufd => with_immediate::<Pshufd>(l),
        M::Shufps => with_immediate::<Shufps>(l),
        M::Shufpd => with_immediate::<Shufpd>(l),
        M::Pinsrw => insert_word(l),
        M::Pextrw if l.ins.op1_register().is_mm() => Lowering::fast::<ToRegister<Pextrw, Mmx>>(),
        M::Pextrw => Lowering::fast::<ToRegister<Pextrw, Xmm>>(),
        M::Pmovmskb if l.ins.op1_register().is_mm() => Lowering::fast::<ToRegister<Pmovmskb, Mmx>>(),
        M::Pmovmskb => Lowering::fast::<ToRegister<Pmovmskb, Xmm>>(),
        M::Movmskps => Lowering::fast::<ToRegister<Movmskps, Xmm>>(),
        M::Movmskpd => Lowering::fast::<ToRegister<Movmskpd, Xmm>>(),
        _ => return None,
    })
}

fn insert_word(l: &Lowering<'_>) -> Chosen {
    macro_rules! into {
        ($file:ty) => {
            if l.kind(1) == Kind::Reg {
                Lowering::fast::<PackedImm<Pinsrw, $file, Scalar<u16, Src>>>()
            } else {
                by_form!(l, M => Lowering::fast::<PackedImm<Pinsrw, $file, Scalar<u16, InMemory<M>>>>())
            }
        };
    }
    if is_mmx(l) { into!(Mmx) } else { into!(Xmm) }
}

fn moves(l: &mut Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Movd => movd(l),
        M::Movq => movq(l),
        M::Movaps | M::Movapd | M::Movdqa | M::Movntps | M::Movntpd | M::Movntdq => move_128::<true>(l),
        M::Movups | M::Movupd | M::Movdqu => move_128::<false>(l),
        M::Movss => by_form!(l, M => match (l.kind(0), l.kind(1)) {
            (Kind::Mem, _) => Lowering::fast::<Store<Xmm, u32, InMemory<M>, false>>(),
            (_, Kind::Mem) => Lowering::fast::<Load<Xmm, Scalar<u32, InMemory<M>>>>(),
            _ => Lowering::fast::<Packed<MergeSingle, Xmm, InFile<Xmm>>>(),
        }),
        M::Movsd if l.ins.op0_register().is_xmm() || l.ins.op1_register().is_xmm() => {
            by_form!(l, M => match (l.kind(0), l.kind(1)) {
                (Kind::Mem, _) => Lowering::fast::<Store<Xmm, u64, InMemory<M>, false>>(),
                (_, Kind::Mem) => Lowering::fast::<Load<Xmm, Scalar<u64, InMemory<M>>>>(),
                _ => Lowering::fast::<Packed<MergeLow, Xmm, InFile<Xmm>>>(),
            })
        }
        M::Movlps | M::Movlpd => half::<MergeLow, false>(l),
        M::Movhps | M::Movhpd => half::<MergeHigh, true>(l),
        M::Movhlps => Lowering::fast::<Packed<HighToLow, Xmm, InFile<Xmm>>>(),
        M::Movlhps => Lowering::fast::<Packed<MergeHigh, Xmm, InFile<Xmm>>>(),
        M::Movntq => by_form!(l, M => Lowering::fast::<Store<Mmx, u64, InMemory<M>, false>>()),
        M::Movnti => by_form!(l, M => Lowering::fast::<Mov<u32, InMemory<M>, Src>>()),
        M::Maskmovq | M::Maskmovdqu => mask_move(l),
        M::Movdq2q => Lowering::fast::<Movdq2q>(),
        M::Movq2dq => Lowering::fast::<Movq2dq>(),
        _ => return None,
    })
}

fn movd(l: &Lowering<'_>) -> Chosen {
    macro_rules! from {
        ($file:ty) => {
            match l.kind(0) {
                Kind::Reg => Lowering::fast::<Store<$file, u32, Dst, false>>(),
                _ => by_form!(l, M => Lowering::fast::<Store<$file, u32, InMemory<M>, false>>()),
            }
        };
    }
    macro_rules! to {
        ($file:ty) => {
            match l.kind(1) {
                Kind::Reg => Lowering::fast::<Load<$file, Scalar<u32, Src>>>(),
                _ => by_form!(l, M => Lowering::fast::<Load<$file, Scalar<u32, InMemory<M>>>>()),
            }
        };
    }
    let (to, from) = (l.ins.op0_register(), l.ins.op1_register());
    if to.is_mm() {
        to!(Mmx)
    } else if to.is_xmm() {
        to!(Xmm)
    } else if from.is_mm() {
        from!(Mmx)
    } else {
        from!(Xmm)
    }
}

fn movq(l: &Lowering<'_>) -> Chosen {
    let (to, from) = (l.ins.op0_register(), l.ins.op1_register());
    by_form!(l, M => match (l.kind(0), l.kind(1)) {
        (Kind::Mem, _) if from.is_mm() => Lowering::fast::<Store<Mmx, u64, InMemory<M>, false>>(),
        (Kind::Mem, _) => Lowering::fast::<Store<Xmm, u64, InMemory<M>, false>>(),
        (_, Kind::Mem) if to.is_mm() => Lowering::fast::<Load<Mmx, Scalar<u64, InMemory<M>>>>(),
        (_, Kind::Mem) => Lowering::fast::<Load<Xmm, Scalar<u64, InMemory<M>>>>(),
        _ if to.is_mm() => Lowering::fast::<Load<Mmx, InFile<Mmx>>>(),
        _ => Lowering::fast::<Load<Xmm, LowOf<Xmm>>>(),
    })
}

fn move_128<const ALIGNED: bool>(l: &Lowering<'_>) -> Chosen {
    by_form!(l, M => match (l.kind(0), l.kind(1)) {
        (Kind::Mem, _) => Lowering::fast::<Store128<M, ALIGNED>>(),
        (_, Kind::Mem) => Lowering::fast::<Load<Xmm, Memory128<M, ALIGNED>>>(),
        _ => Lowering::fast::<Load<Xmm, InFile<Xmm>>>(),
    })
}

/// Half a register from and to memory.
fn half<O: Binary, const HIGH: bool>(l: &Lowering<'_>) -> Chosen {
    by_form!(l, M => match l.kind(0) {
        Kind::Mem => Lowering::fast::<Store<Xmm, u64, InMemory<M>, HIGH>>(),
        _ => Lowering::fast::<Packed<O, Xmm, Scalar<u64, InMemory<M>>>>(),
    })
}

/// The destination in memory is implied; its registers are operands 1 and 2.
fn mask_move(l: &mut Lowering<'_>) -> Chosen {
    l.string_memory();
    l.op.dst = l.ins.op_register(1).number() as u8;
    l.op.src = l.ins.op_register(2).number() as u8;
    if l.ins.op_register(1).is_mm() {
        Lowering::slow::<MaskMove<Mmx>>()
    } else {
        Lowering::slow::<MaskMove<Xmm>>()
    }
}

fn state(l: &Lowering<'_>) -> Option<Chosen> {
    use Mnemonic as M;
    Some(match l.ins.mnemonic() {
        M::Emms => Lowering::fast::<Emms>(),
        M::Ldmxcsr => Lowering::fast::<Ldmxcsr>(),
        M::Stmxcsr => Lowering::fast::<Stmxcsr>(),
        M::Clflush => Lowering::fast::<Clflush>(),
        M::Sfence | M::Lfence | M::Mfence => Lowering::fast::<Nop>(),
        _ => return None,
    })
}
