//! Flag instructions, control and debug registers, descriptor-table registers.

use super::access::{Access, Dst, Mem, Place, Segmented, Source, Src};
use super::dispatch::Semantics;
use super::mov::simple;
use super::op::Op;
use crate::cpu::Cpu;
use crate::fault::Fault;
use crate::flags::bit;
use crate::mmu::Intent;
use crate::model::Generation;
use crate::state::{TableRegister, cr0};
use crate::word::Word;
use std::marker::PhantomData;

simple! {
    /// CLC.
    Clc: |m, _op| { m.cpu().state.flags.set_status(bit::CF, false); Ok(()) };
    /// STC.
    Stc: |m, _op| { m.cpu().state.flags.set_status(bit::CF, true); Ok(()) };
    /// CMC.
    Cmc: |m, _op| {
        let flags = &mut m.cpu().state.flags;
        let cf = flags.cf();
        flags.set_status(bit::CF, !cf);
        Ok(())
    };
    /// CLD.
    Cld: |m, _op| { m.cpu().state.flags.set_control(bit::DF, false); Ok(()) };
    /// STD.
    Std: |m, _op| { m.cpu().state.flags.set_control(bit::DF, true); Ok(()) };
    /// CLI.
    Cli: |m, _op| { m.cpu().check_iopl()?; m.cpu().state.flags.set_control(bit::IF, false); Ok(()) };
    /// STI: interrupts wait for one more instruction when they were off [SDM 2B, "STI"].
    Sti: |m, _op| {
        let cpu = m.cpu();
        cpu.check_iopl()?;
        if !cpu.state.flags.control(bit::IF) {
            cpu.state.interrupt_shadow = true;
        }
        cpu.state.flags.set_control(bit::IF, true);
        Ok(())
    };
    /// CLTS.
    Clts: |m, _op| { m.cpu().check_cpl_0()?; m.cpu().state.cr0 &= !cr0::TS; Ok(()) };

    /// LMSW [SDM 2A, "LMSW"]: PE can be set, not cleared. The word comes from `op.src`'s register.
    LmswRegister: |m, op| {
        m.cpu().check_cpl_0()?;
        let value = Src::read::<u16, A>(m, op)?;
        load_msw(m, value);
        Ok(())
    };
    /// LMSW from memory.
    LmswMemory: |m, op| {
        m.cpu().check_cpl_0()?;
        let spot = Segmented::spot::<u16, A>(m, op, Intent::Read)?;
        let value = m.load::<u16>(spot);
        load_msw(m, value);
        Ok(())
    };
}

fn load_msw<A: Access>(m: &mut A, value: u16) {
    let cpu = m.cpu();
    let old = cpu.state.cr0;
    let new = old & !0xF | u32::from(value) & 0xF | old & cr0::PE;
    cpu.set_cr0(new);
}

/// SMSW [SDM 2B, "SMSW"]: 16 bits to memory; to a 32-bit register all of CR0.
pub(crate) struct Smsw<T, D>(PhantomData<(T, D)>);

impl<T: Word, D: Place> Semantics for Smsw<T, D> {
    type Slow = Smsw<T, D::SlowPlace>;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let dest = D::resolve::<T, A>(m, op)?;
        let value = u64::from(m.cpu().state.cr0);
        D::store(m, dest, T::truncate(value));
        Ok(())
    }
}

/// Which descriptor-table register.
pub(crate) trait Table {
    fn of<A: Access>(m: &mut A) -> &mut TableRegister;
}
/// GDTR.
pub(crate) struct Gdtr;
/// IDTR.
pub(crate) struct Idtr;
impl Table for Gdtr {
    fn of<A: Access>(m: &mut A) -> &mut TableRegister {
        &mut m.cpu().state.gdtr
    }
}
impl Table for Idtr {
    fn of<A: Access>(m: &mut A) -> &mut TableRegister {
        &mut m.cpu().state.idtr
    }
}

/// The places of a table register's limit and base in memory.
fn table_spots<A: Access>(m: &mut A, op: &Op, intent: Intent) -> Result<(A::Spot, A::Spot), A::Fail> {
    let (seg, mask) = (op.mem.seg(), op.mem.address_mask());
    let address = Segmented::address(m.cpu(), op);
    let limit = m.spot::<u16>(seg, address, intent)?;
    let base = m.spot::<u32>(seg, address.wrapping_add(2) & mask, intent)?;
    Ok((limit, base))
}

/// LGDT and LIDT [SDM 2A, "LGDT/LIDT"]: a 16-bit operand size loads 24 bits of base.
pub(crate) struct LoadTable<R, T>(PhantomData<(R, T)>);

impl<R: Table, T: Word> Semantics for LoadTable<R, T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        m.cpu().check_cpl_0()?;
        let (limit, base) = table_spots(m, op, Intent::Read)?;
        let (limit, base) = (m.load::<u16>(limit), m.load::<u32>(base));
        let base = if T::BITS == 16 { base & 0xFF_FFFF } else { base };
        *R::of(m) = TableRegister { base: u64::from(base), limit };
        Ok(())
    }
}

/// SGDT and SIDT [SDM 2B, "SGDT"]. The 80286 stores FFh as the sixth byte.
pub(crate) struct StoreTable<R>(PhantomData<R>);

impl<R: Table> Semantics for StoreTable<R> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let (limit, base) = table_spots(m, op, Intent::Write)?;
        let table = *R::of(m);
        let sixth = if m.cpu().model.at_least(Generation::I80386) { 0 } else { 0xFF00_0000 };
        m.store(limit, table.limit);
        m.store(base, table.base as u32 | sixth);
        Ok(())
    }
}

/// MOV from CR0, CR2, CR3 (number in `op.src`) [SDM 2B, "MOV - Move to/from Control Registers"].
pub(crate) struct MovFromCr;

impl Semantics for MovFromCr {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        m.cpu().check_cpl_0()?;
        let state = &m.cpu().state;
        let value = match op.src {
            0 => u64::from(state.cr0),
            2 => state.cr2,
            3 => state.cr3,
            _ => return Err(Fault::InvalidOpcode.into()),
        };
        Dst::store(m, op.dst, value as u32);
        Ok(())
    }
}

/// MOV to CR0, CR2, CR3 (number in `op.dst`).
pub(crate) struct MovToCr;

impl Semantics for MovToCr {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        m.cpu().check_cpl_0()?;
        let value = Src::read::<u32, A>(m, op)?;
        let cpu = m.cpu();
        match op.dst {
            0 if value & cr0::PG != 0 && value & cr0::PE == 0 => {
                return Err(Fault::GeneralProtection(0).into());
            }
            0 => cpu.set_cr0(value),
            2 => cpu.state.cr2 = u64::from(value),
            3 => cpu.set_cr3(u64::from(value)),
            _ => return Err(Fault::InvalidOpcode.into()),
        }
        Ok(())
    }
}

/// MOV from DR0 to DR7 (number in `op.src`) [SDM 2B, "MOV - Move to/from Debug Registers"].
pub(crate) struct MovFromDr;

impl Semantics for MovFromDr {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        m.cpu().check_cpl_0()?;
        let value = m.cpu().state.dr[debug_register(op.src)];
        Dst::store(m, op.dst, value as u32);
        Ok(())
    }
}

/// MOV to DR0 to DR7 (number in `op.dst`).
pub(crate) struct MovToDr;

impl Semantics for MovToDr {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        m.cpu().check_cpl_0()?;
        let value = u64::from(Src::read::<u32, A>(m, op)?);
        m.cpu().state.dr[debug_register(op.dst)] = match debug_register(op.dst) {
            6 => value & 0xE00F | 0xFFFF_0FF0,
            7 => value & 0xFFFF_2FFF | 0x400,
            _ => value,
        };
        Ok(())
    }
}

/// DR4 and DR5 are DR6 and DR7.
fn debug_register(number: u8) -> usize {
    usize::from(match number & 7 {
        4 => 6,
        5 => 7,
        n => n,
    })
}

/// MOV to and from the 80386's test registers TR6 and TR7: stored, not acted on.
pub(crate) struct MovFromTr;

impl Semantics for MovFromTr {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        m.cpu().check_cpl_0()?;
        let value = m.cpu().state.test_registers[usize::from(op.src & 1)];
        Dst::store(m, op.dst, value);
        Ok(())
    }
}

/// See [`MovFromTr`].
pub(crate) struct MovToTr;

impl Semantics for MovToTr {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        m.cpu().check_cpl_0()?;
        let value = Src::read::<u32, A>(m, op)?;
        m.cpu().state.test_registers[usize::from(op.dst & 1)] = value;
        Ok(())
    }
}

impl Cpu {
    /// #GP(0) unless at privilege level 0.
    #[inline(always)]
    pub(crate) fn check_cpl_0(&self) -> Result<(), Fault> {
        if self.state.cpl == 0 { Ok(()) } else { Err(Fault::GeneralProtection(0)) }
    }

    /// #GP(0) unless IOPL lets the present level change IF. Virtual-8086 code is at level 3.
    #[inline(always)]
    pub(crate) fn check_iopl(&self) -> Result<(), Fault> {
        let allowed = self.state.cpl == 0 || self.state.cpl <= self.state.iopl();
        if allowed { Ok(()) } else { Err(Fault::GeneralProtection(0)) }
    }
}
