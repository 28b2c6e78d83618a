//! MOV MOVZX MOVSX XCHG LEA XLAT CBW CWDE CWD CDQ SETcc LAHF SAHF, and moves of segment registers.

use super::access::{Access, Dst, Mem, Place, Segmented, Source, Src};
use super::descriptor;
use super::dispatch::Semantics;
use super::op::Op;
use crate::fault::Fault;
use crate::flags::bit;
use crate::mmu::Intent;
use crate::regs::number::{AX, BX, DX};
use crate::segment::SegReg;
use crate::state::Shadow;
use crate::word::Word;
use std::marker::PhantomData;

/// Implements [`Semantics`] for instructions without operand shapes of their own.
macro_rules! simple {
    ($($(#[$doc:meta])* $name:ident: |$m:ident, $op:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Semantics for $name {
            type Slow = Self;
            #[inline(always)]
            fn exec<A: Access>($m: &mut A, $op: &Op) -> Result<(), A::Fail> {
                $body
            }
        }
    )*};
}
pub(crate) use simple;

/// MOV [SDM 2B, "MOV"]: DEST := SRC.
pub(crate) struct Mov<T, D, S>(PhantomData<(T, D, S)>);

impl<T: Word, D: Place, S: Source> Semantics for Mov<T, D, S> {
    type Slow = Mov<T, D::SlowPlace, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let dest = D::resolve::<T, A>(m, op)?;
        let src = S::read::<T, A>(m, op)?;
        D::store(m, dest, src);
        Ok(())
    }
}

/// MOVZX [SDM 2B, "MOVZX"]: DEST := zero-extended SRC.
pub(crate) struct Movzx<T, F, S>(PhantomData<(T, F, S)>);

impl<T: Word, F: Word, S: Source> Semantics for Movzx<T, F, S> {
    type Slow = Movzx<T, F, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read::<F, A>(m, op)?;
        Dst::store(m, op.dst, T::truncate(src.zext()));
        Ok(())
    }
}

/// MOVSX [SDM 2B, "MOVSX/MOVSXD"]: DEST := sign-extended SRC.
pub(crate) struct Movsx<T, F, S>(PhantomData<(T, F, S)>);

impl<T: Word, F: Word, S: Source> Semantics for Movsx<T, F, S> {
    type Slow = Movsx<T, F, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read::<F, A>(m, op)?;
        Dst::store(m, op.dst, T::truncate(src.sext() as u64));
        Ok(())
    }
}

/// XCHG [SDM 2B, "XCHG"]: DEST and the register change places.
pub(crate) struct Xchg<T, D>(PhantomData<(T, D)>);

impl<T: Word, D: Place> Semantics for Xchg<T, D> {
    type Slow = Xchg<T, D::SlowPlace>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let dest = D::resolve::<T, A>(m, op)?;
        let (old, src) = (D::load::<T, A>(m, dest), Src::load::<T, A>(m, op.src));
        D::store(m, dest, src);
        Src::store(m, op.src, old);
        Ok(())
    }
}

/// LEA [SDM 2A, "LEA"]: DEST := the effective address, cut or zero-extended.
pub(crate) struct Lea<T, M>(PhantomData<(T, M)>);

impl<T: Word, M: Mem> Semantics for Lea<T, M> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let address = M::address(m.cpu(), op);
        Dst::store(m, op.dst, T::truncate(address));
        Ok(())
    }
}

/// SETcc [SDM 2B, "SETcc"]: DEST := condition ? 1 : 0.
pub(crate) struct Set<const CC: u8, D>(PhantomData<D>);

impl<const CC: u8, D: Place> Semantics for Set<CC, D> {
    type Slow = Set<CC, D::SlowPlace>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let dest = D::resolve::<u8, A>(m, op)?;
        let met = m.cpu().state.flags.condition::<CC>();
        D::store(m, dest, u8::from(met));
        Ok(())
    }
}

/// CMOVcc [SDM 2A, "CMOVcc"]: the source is read, and may fault, whether the condition holds or not.
pub(crate) struct Cmov<const CC: u8, T, S>(PhantomData<(T, S)>);

impl<const CC: u8, T: Word, S: Source> Semantics for Cmov<CC, T, S> {
    type Slow = Cmov<CC, T, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let src = S::read::<T, A>(m, op)?;
        if m.cpu().state.flags.condition::<CC>() {
            Dst::store(m, op.dst, src);
        }
        Ok(())
    }
}

/// MOVBE [SDM 2B, "MOVBE"]: DEST := SRC with its bytes in reverse order.
pub(crate) struct Movbe<T, D, S>(PhantomData<(T, D, S)>);

impl<T: Word, D: Place, S: Source> Semantics for Movbe<T, D, S> {
    type Slow = Movbe<T, D::SlowPlace, S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let dest = D::resolve::<T, A>(m, op)?;
        let src = S::read::<T, A>(m, op)?.zext();
        D::store(m, dest, T::truncate(src.swap_bytes() >> (64 - T::BITS)));
        Ok(())
    }
}

simple! {
    /// BSWAP [SDM 2A, "BSWAP"].
    Bswap: |m, op| {
        let value = Dst::load::<u32, A>(m, op.dst);
        Dst::store(m, op.dst, value.swap_bytes());
        Ok(())
    };
    /// BSWAP of a 16-bit register, which the manual leaves undefined: zero [AMD Zen 5 captures].
    Bswap16: |m, op| { Dst::store(m, op.dst, 0u16); Ok(()) };

    /// NOP, WAIT without a coprocessor.
    Nop: |_m, _op| Ok(());

    /// XLAT [SDM 2B, "XLAT"]: AL := [(E)BX + AL]; the base register is BX by the address form.
    Xlat: |m, op| {
        let short = op.mem.has_short_addresses();
        let regs = &m.cpu().state.regs;
        let table = if short { regs.read::<u16>(BX).zext() } else { regs.number(BX) };
        let sum = table.wrapping_add(regs.read::<u8>(AX).zext());
        let spot = m.spot::<u8>(op.mem.seg(), sum & op.mem.address_mask(), Intent::Read)?;
        let value = m.load::<u8>(spot);
        m.cpu().state.regs.write(AX, value);
        Ok(())
    };

    /// CBW [SDM 2A, "CBW/CWDE/CDQE"].
    Cbw: |m, _op| {
        let al = m.cpu().state.regs.read::<u8>(AX);
        m.cpu().state.regs.write(AX, al.sext() as u16);
        Ok(())
    };
    /// CWDE.
    Cwde: |m, _op| {
        let ax = m.cpu().state.regs.read::<u16>(AX);
        m.cpu().state.regs.write(AX, ax.sext() as u32);
        Ok(())
    };
    /// CWD [SDM 2A, "CWD/CDQ/CQO"].
    Cwd: |m, _op| {
        let ax = m.cpu().state.regs.read::<u16>(AX);
        m.cpu().state.regs.write(DX, (ax.sext() >> 16) as u16);
        Ok(())
    };
    /// CDQ.
    Cdq: |m, _op| {
        let eax = m.cpu().state.regs.read::<u32>(AX);
        m.cpu().state.regs.write(DX, (eax.sext() >> 32) as u32);
        Ok(())
    };

    /// LAHF [SDM 2A, "LAHF"]: AH := the low byte of FLAGS.
    Lahf: |m, _op| {
        let flags = m.cpu().state.flags.bits() as u8 & 0xD5 | 2;
        let ax = m.cpu().state.regs.read::<u16>(AX);
        m.cpu().state.regs.write(AX, ax & 0xFF | u16::from(flags) << 8);
        Ok(())
    };
    /// SAHF [SDM 2B, "SAHF"]: SF ZF AF PF CF := AH.
    Sahf: |m, _op| {
        let ah = m.cpu().state.regs.read::<u16>(AX) >> 8;
        let mask = bit::SF | bit::ZF | bit::AF | bit::PF | bit::CF;
        m.cpu().state.flags.update(mask, u32::from(ah));
        Ok(())
    };
    /// SALC, undocumented: AL := CF ? FFh : 0.
    Salc: |m, _op| {
        let al = if m.cpu().state.flags.cf() { 0xFFu8 } else { 0 };
        m.cpu().state.regs.write(AX, al);
        Ok(())
    };
}

/// MOV to a segment register (its number in `op.dst`) [SDM 2B, "MOV"].
pub(crate) struct MovToSeg<S>(PhantomData<S>);

impl<S: Source> Semantics for MovToSeg<S> {
    type Slow = MovToSeg<S::Slow>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let selector = S::read::<u16, A>(m, op)?;
        let reg = SegReg::from_encoding(op.dst);
        descriptor::load_data_segment(m, reg, selector)?;
        if reg == SegReg::Ss {
            m.cpu().state.interrupt_shadow = Shadow::StackLoad;
        }
        Ok(())
    }
}

/// MOV from a segment register (its number in `op.src`): 16 bits to memory, zero-extended to a 32-bit register.
pub(crate) struct MovFromSeg<T, D>(PhantomData<(T, D)>);

impl<T: Word, D: Place> Semantics for MovFromSeg<T, D> {
    type Slow = MovFromSeg<T, D::SlowPlace>;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let dest = D::resolve::<T, A>(m, op)?;
        let selector = m.cpu().state.seg(SegReg::from_encoding(op.src)).selector;
        D::store(m, dest, T::truncate(u64::from(selector)));
        Ok(())
    }
}

/// LDS LES LFS LGS LSS [SDM 2A, "LDS/LES/LFS/LGS/LSS"]: segment register number in `op.src`.
pub(crate) struct LoadFarPointer<T>(PhantomData<T>);

impl<T: Word> Semantics for LoadFarPointer<T> {
    type Slow = Self;
    #[inline(always)]
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let (offset, selector) = read_far_pointer::<T, A>(m, op)?;
        descriptor::load_data_segment(m, SegReg::from_encoding(op.src), selector)?;
        Dst::store(m, op.dst, offset);
        Ok(())
    }
}

/// The offset and selector of a far pointer in memory.
///
/// From the 80286 on the segment check covers the whole pointer; the 8086 wraps the second word's offset.
#[inline(always)]
pub(crate) fn read_far_pointer<T: Word, A: Access>(m: &mut A, op: &Op) -> Result<(T, u16), A::Fail> {
    let (seg, mask) = (op.mem.seg(), op.mem.address_mask());
    let address = Segmented::address(m.cpu(), op);
    let second = address.wrapping_add(T::BYTES) & mask;
    let first_spot = m.spot::<T>(seg, address, Intent::Read)?;
    let second_spot = m.spot::<u16>(seg, second, Intent::Read)?;
    Ok((m.load(first_spot), m.load(second_spot)))
}

/// BOUND [SDM 2A, "BOUND"]: #BR unless [address] <= DEST <= [address + size].
pub(crate) struct Bound<T>(PhantomData<T>);

impl<T: Word> Semantics for Bound<T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let (seg, mask) = (op.mem.seg(), op.mem.address_mask());
        let address = Segmented::address(m.cpu(), op);
        let lower = m.spot::<T>(seg, address, Intent::Read)?;
        let upper = m.spot::<T>(seg, address.wrapping_add(T::BYTES) & mask, Intent::Read)?;
        let (lower, upper) = (m.load::<T>(lower).sext(), m.load::<T>(upper).sext());
        let index = Dst::load::<T, A>(m, op.dst).sext();
        if index < lower || index > upper { Err(Fault::BoundRange.into()) } else { Ok(()) }
    }
}
