//! Flag instructions, descriptor-table registers.

use super::access::{Access, Mem, Segmented};
use super::dispatch::Semantics;
use super::mov::simple;
use super::op::Op;
use crate::cpu::Cpu;
use crate::fault::Fault;
use crate::flags::bit;
use crate::mmu::Intent;
use crate::model::Generation;
use crate::protected::vme::InterruptFlag;
use crate::state::{Shadow, TableRegister};
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
    Cli: |m, _op| {
        let cpu = m.cpu();
        let flag = match cpu.interrupt_flag()? {
            InterruptFlag::Real => bit::IF,
            InterruptFlag::Virtual => bit::VIF,
        };
        cpu.state.flags.set_control(flag, false);
        Ok(())
    };
    /// STI: interrupts wait for one more instruction when they were off [SDM 2B, "STI"].
    Sti: |m, _op| {
        let cpu = m.cpu();
        if cpu.interrupt_flag()? == InterruptFlag::Virtual {
            if cpu.state.flags.control(bit::VIP) {
                return Err(Fault::GeneralProtection(0).into());
            }
            cpu.state.flags.set_control(bit::VIF, true);
            return Ok(());
        }
        if !cpu.state.flags.control(bit::IF) {
            cpu.state.interrupt_shadow = Shadow::Sti;
        }
        cpu.state.flags.set_control(bit::IF, true);
        Ok(())
    };
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

impl Cpu {
    /// #GP(0) unless at privilege level 0.
    #[inline(always)]
    pub(crate) fn check_cpl_0(&self) -> Result<(), Fault> {
        if self.state.cpl == 0 { Ok(()) } else { Err(Fault::GeneralProtection(0)) }
    }
}
