//! MOV to and from control, debug and test registers, LMSW SMSW CLTS, INVLPG.

use super::access::{Access, Dst, Mem, Place, Segmented, Source, Src};
use super::dispatch::Semantics;
use super::mov::simple;
use super::op::Op;
use crate::cpu::Cpu;
use crate::debug::{Dr6, Dr7};
use crate::fault::Fault;
use crate::features::Features;
use crate::mmu::Intent;
use crate::model::Generation;
use crate::paging;
use crate::state::{cr0, cr4};
use crate::word::Word;
use std::marker::PhantomData;

simple! {
    /// CLTS [SDM 2A, "CLTS"].
    Clts: |m, _op| {
        m.cpu().check_cpl_0()?;
        m.cpu().state.cr0 &= !cr0::TS;
        m.cpu().mode_changed();
        Ok(())
    };

    /// LMSW [SDM 2A, "LMSW"]: PE can be set, not cleared. The word comes from `op.src`'s register.
    LmswRegister: |m, op| {
        m.cpu().check_cpl_0()?;
        let value = Src::read::<u16, A>(m, op)?;
        load_msw(m, value)
    };
    /// LMSW from memory.
    LmswMemory: |m, op| {
        m.cpu().check_cpl_0()?;
        let spot = Segmented::spot::<u16, A>(m, op, Intent::Read)?;
        let value = m.load::<u16>(spot);
        load_msw(m, value)
    };

    /// INVLPG [SDM 2A, "INVLPG"]: the page's segment limit does not count. All pages that a large page may have
    /// given the TLB go with it.
    Invlpg: |m, op| {
        m.cpu().check_cpl_0()?;
        let cpu = m.cpu();
        let lin = cpu.state.segments[op.mem.seg()].base.wrapping_add(Segmented::address(cpu, op));
        let large = cpu.state.cr4 & (cr4::PSE | cr4::PAE) != 0;
        cpu.flush_page(cpu.wrap_linear(lin), if large { 4 << 20 } else { 4 << 10 });
        Ok(())
    };
}

fn load_msw<A: Access>(m: &mut A, value: u16) -> Result<(), A::Fail> {
    let old = m.cpu().state.cr0;
    let new = old & !0xF | u32::from(value) & 0xF | old & cr0::PE;
    set_cr0(m, new)
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

/// MOV from CR0, CR2, CR3, CR4 (number in `op.src`) [SDM 2B, "MOV - Move to/from Control Registers"].
pub(crate) struct MovFromCr;

impl Semantics for MovFromCr {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let has_cr4 = m.cpu().has_cr4();
        let state = &m.cpu().state;
        let value = match op.src {
            0 => u64::from(state.cr0),
            2 => state.cr2,
            3 => state.cr3,
            4 if has_cr4 => u64::from(state.cr4),
            _ => return Err(Fault::InvalidOpcode.into()),
        };
        m.cpu().check_cpl_0()?;
        Dst::store(m, op.dst, value as u32);
        Ok(())
    }
}

/// MOV to CR0, CR2, CR3, CR4 (number in `op.dst`).
pub(crate) struct MovToCr;

impl Semantics for MovToCr {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let value = Src::read::<u32, A>(m, op)?;
        if !matches!(op.dst, 0 | 2 | 3) && (op.dst != 4 || !m.cpu().has_cr4()) {
            return Err(Fault::InvalidOpcode.into());
        }
        m.cpu().check_cpl_0()?;
        match op.dst {
            0 => set_cr0(m, value),
            2 => {
                m.cpu().state.cr2 = u64::from(value);
                Ok(())
            }
            3 => set_cr3(m, u64::from(value)),
            _ => set_cr4(m, value),
        }
    }
}

/// Reads the page-directory pointers when PAE paging is on or about to be.
fn load_pointers<A: Access>(m: &mut A, cr0: u32, cr4: u32, cr3: u64) -> Result<(), A::Fail> {
    if cr0 & cr0::PG == 0 || cr4 & cr4::PAE == 0 {
        return Ok(());
    }
    let slow = m.slow()?;
    let pointers = paging::directory_pointers(&slow.cpu.model, slow.bus, cr3);
    slow.cpu.state.pdpte = pointers.ok_or(Fault::GeneralProtection(0))?;
    Ok(())
}

/// CR0 with the bits that this model has.
fn set_cr0<A: Access>(m: &mut A, value: u32) -> Result<(), A::Fail> {
    let (old, model) = (m.cpu().state.cr0, m.cpu().model);
    let new = match model.generation {
        Generation::I80286 => value & (cr0::PE | cr0::MP | cr0::EM | cr0::TS) | 0xFFF0,
        Generation::I80386 => value & cr0::OF_80386,
        _ => value & cr0::OF_80486 | cr0::ET,
    };
    let has = |bits: u32| new & bits != 0;
    if has(cr0::PG) && !has(cr0::PE) || has(cr0::NW) && !has(cr0::CD) && model.at_least(Generation::I80486) {
        return Err(Fault::GeneralProtection(0).into());
    }
    let (cr3, cr4) = (m.cpu().state.cr3, m.cpu().state.cr4);
    if (old ^ new) & cr0::PG != 0 {
        load_pointers(m, new, cr4, cr3)?;
    }
    m.cpu().enter_cr0(new);
    Ok(())
}

/// CR3: the page directory. Under PAE reserved bits in what it points to are #GP(0).
pub(crate) fn set_cr3<A: Access>(m: &mut A, value: u64) -> Result<(), A::Fail> {
    let (cr0, cr4) = (m.cpu().state.cr0, m.cpu().state.cr4);
    load_pointers(m, cr0, cr4, value)?;
    m.cpu().enter_cr3(value);
    Ok(())
}

/// CR4: #GP(0) for a bit whose feature this model lacks.
fn set_cr4<A: Access>(m: &mut A, value: u32) -> Result<(), A::Fail> {
    if value & !m.cpu().cr4_bits() != 0 {
        return Err(Fault::GeneralProtection(0).into());
    }
    let (cr0, cr3, old) = (m.cpu().state.cr0, m.cpu().state.cr3, m.cpu().state.cr4);
    let changed = old ^ value;
    if changed & (cr4::PAE | cr4::PGE | cr4::PSE) != 0 {
        load_pointers(m, cr0, value, cr3)?;
    }
    m.cpu().state.cr4 = value;
    if changed & (cr4::PAE | cr4::PGE | cr4::PSE) != 0 {
        m.cpu().flush_translations();
    }
    m.cpu().breakpoints_changed();
    m.cpu().mode_changed();
    Ok(())
}

impl Cpu {
    /// Loads CR0 and renews what depends on it.
    pub(crate) fn enter_cr0(&mut self, value: u32) {
        self.state.cr0 = value;
        if !self.state.protected() {
            self.state.cpl = 0;
        }
        self.flush_translations();
        self.state_changed();
    }

    /// Loads CR3; global pages stay in the TLB.
    pub(crate) fn enter_cr3(&mut self, value: u64) {
        self.state.cr3 = value;
        self.flush_local_translations();
    }

    fn has_cr4(&self) -> bool {
        self.cr4_bits() != 0
    }

    /// The bits of CR4 this model has [SDM 3A, "Control Registers"].
    pub(crate) fn cr4_bits(&self) -> u32 {
        let table = [
            (Features::VME, cr4::VME | cr4::PVI),
            (Features::TSC, cr4::TSD),
            (Features::DE, cr4::DE),
            (Features::PSE, cr4::PSE),
            (Features::PAE, cr4::PAE),
            (Features::MCE, cr4::MCE),
            (Features::PGE, cr4::PGE),
            (Features::RDPMC, cr4::PCE),
            (Features::FXSR, cr4::OSFXSR),
            (Features::SSE, cr4::OSXMMEXCPT),
        ];
        table.iter().filter(|(feature, _)| self.model.has(*feature)).map(|(_, bits)| bits).sum()
    }

    /// DR4 and DR5 are DR6 and DR7, unless CR4.DE makes them invalid. With DR7.GD set every access is a fault.
    fn debug_register(&mut self, number: u8) -> Result<usize, Fault> {
        let number = match number & 7 {
            4 | 5 if self.state.cr4 & cr4::DE != 0 => return Err(Fault::InvalidOpcode),
            4 => 6,
            5 => 7,
            n => n,
        };
        self.check_cpl_0()?;
        if self.state.dr[7] & Dr7::GD != 0 {
            self.state.dr[6] |= Dr6::BD;
            return Err(Fault::Debug);
        }
        Ok(usize::from(number))
    }
}

/// MOV from DR0 to DR7 (number in `op.src`) [SDM 2B, "MOV - Move to/from Debug Registers"].
pub(crate) struct MovFromDr;

impl Semantics for MovFromDr {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let number = m.cpu().debug_register(op.src)?;
        let value = m.cpu().state.dr[number];
        Dst::store(m, op.dst, value as u32);
        Ok(())
    }
}

/// MOV to DR0 to DR7 (number in `op.dst`).
pub(crate) struct MovToDr;

impl Semantics for MovToDr {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let number = m.cpu().debug_register(op.dst)?;
        let value = u64::from(Src::read::<u32, A>(m, op)?);
        m.cpu().state.dr[number] = match number {
            6 => value & Dr6::WRITABLE | Dr6::ONES,
            7 => value & Dr7::WRITABLE | Dr7::ONES,
            _ => value,
        };
        m.cpu().breakpoints_changed();
        Ok(())
    }
}

/// MOV to and from the test registers of the 80386 and 80486: stored, not acted on.
pub(crate) struct MovFromTr;

impl Semantics for MovFromTr {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        m.cpu().check_test_register(op.src)?;
        let value = m.cpu().state.test_registers[usize::from(op.src & 7)];
        Dst::store(m, op.dst, value);
        Ok(())
    }
}

/// See [`MovFromTr`].
pub(crate) struct MovToTr;

impl Semantics for MovToTr {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        m.cpu().check_test_register(op.dst)?;
        let value = Src::read::<u32, A>(m, op)?;
        m.cpu().state.test_registers[usize::from(op.dst & 7)] = value;
        Ok(())
    }
}

impl Cpu {
    /// TR6 and TR7 came with the 80386, TR3 to TR5 with the 80486; the Pentium has none.
    fn check_test_register(&self, number: u8) -> Result<(), Fault> {
        let exists = match self.model.generation {
            Generation::I80386 => number & 7 >= 6,
            Generation::I80486 => number & 7 >= 3,
            _ => false,
        };
        if exists { self.check_cpl_0() } else { Err(Fault::InvalidOpcode) }
    }
}
