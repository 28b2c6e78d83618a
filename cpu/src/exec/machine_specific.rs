//! CPUID RDTSC RDPMC RDMSR WRMSR, INVD WBINVD, SYSENTER SYSEXIT.

use super::access::Access;
use super::dispatch::Semantics;
use super::mov::simple;
use super::op::Op;
use crate::cpu::Cpu;
use crate::cpuid;
use crate::fault::Fault;
use crate::flags::bit;
use crate::protected::rpl;
use crate::regs::number::{AX, BX, CX, DX, SP};
use crate::segment::{SegAttr, SegReg, Segment};
use crate::state::cr4;
use ringzero_bus::time::Clock;

simple! {
    /// CPUID [SDM 2A, "CPUID"].
    Cpuid: |m, _op| {
        let cpu = m.cpu();
        let (leaf, subleaf) = (cpu.state.regs.read::<u32>(AX), cpu.state.regs.read::<u32>(CX));
        let [a, b, c, d] = cpuid::leaf(&cpu.model, &cpu.state, leaf, subleaf);
        for (register, value) in [(AX, a), (BX, b), (CX, c), (DX, d)] {
            cpu.state.regs.write(register, value);
        }
        Ok(())
    };

    /// RDTSC [SDM 2B, "RDTSC"]: CR4.TSD keeps it for level 0.
    Rdtsc: |m, _op| {
        let state = &m.cpu().state;
        if state.cr4 & cr4::TSD != 0 && state.cpl != 0 {
            return Err(Fault::GeneralProtection(0).into());
        }
        let offset = state.msrs.tsc_offset;
        let value = ticks(m)?.wrapping_add(offset);
        set_pair(m.cpu(), value);
        Ok(())
    };

    /// RDPMC [SDM 2B, "RDPMC"]: CR4.PCE lets other levels than 0 use it. There are two counters, which stand still.
    Rdpmc: |m, _op| {
        let state = &m.cpu().state;
        let counter = state.regs.read::<u32>(CX);
        if state.cr4 & cr4::PCE == 0 && state.cpl != 0 || counter > 1 {
            return Err(Fault::GeneralProtection(0).into());
        }
        let value = state.msrs.performance[counter as usize];
        set_pair(m.cpu(), value);
        Ok(())
    };

    /// RDMSR [SDM 2B, "RDMSR"].
    Rdmsr: |m, _op| {
        m.cpu().check_cpl_0()?;
        let ticks = ticks(m)?;
        let cpu = m.cpu();
        let number = cpu.state.regs.read::<u32>(CX);
        let value = cpu.state.msrs.read(&cpu.model, number, ticks).ok_or(Fault::GeneralProtection(0))?;
        set_pair(cpu, value);
        Ok(())
    };

    /// WRMSR [SDM 2B, "WRMSR"].
    Wrmsr: |m, _op| {
        m.cpu().check_cpl_0()?;
        let ticks = ticks(m)?;
        let cpu = m.cpu();
        let regs = &cpu.state.regs;
        let value = u64::from(regs.read::<u32>(DX)) << 32 | u64::from(regs.read::<u32>(AX));
        let number = regs.read::<u32>(CX);
        let written = cpu.state.msrs.write(&cpu.model, number, value, ticks);
        written.ok_or(Fault::GeneralProtection(0))?;
        let slow = m.slow()?;
        slow.bus.set_apic_base(slow.cpu.state.msrs.apic_base);
        Ok(())
    };

    /// INVD and WBINVD: there is no cache to empty.
    InvalidateCache: |m, _op| Ok(m.cpu().check_cpl_0()?);

    /// SYSENTER [SDM 2B, "SYSENTER"].
    Sysenter: |m, _op| {
        let cpu = m.cpu();
        let (selector, msrs) = (cpu.state.msrs.sysenter_cs as u16, &cpu.state.msrs);
        if !cpu.state.protected() || selector & 0xFFFC == 0 {
            return Err(Fault::GeneralProtection(0).into());
        }
        let (sp, ip) = (msrs.sysenter_esp, msrs.sysenter_eip);
        cpu.state.flags.set_control(bit::VM | bit::IF | bit::RF, false);
        cpu.enter_flat(selector & 0xFFFC, 0, sp, ip);
        Ok(())
    };

    /// SYSEXIT [SDM 2B, "SYSEXIT"].
    Sysexit: |m, _op| {
        let cpu = m.cpu();
        let selector = cpu.state.msrs.sysenter_cs as u16;
        if !cpu.state.protected() || selector & 0xFFFC == 0 || cpu.state.cpl != 0 {
            return Err(Fault::GeneralProtection(0).into());
        }
        let (sp, ip) = (cpu.state.regs.read::<u32>(CX), cpu.state.regs.read::<u32>(DX));
        cpu.enter_flat(selector.wrapping_add(16) | 3, 3, sp, ip);
        Ok(())
    };
}

/// The time-stamp counter without its offset.
fn ticks<A: Access>(m: &mut A) -> Result<u64, A::Fail> {
    let slow = m.slow()?;
    let clock = Clock { cycles: u64::from(slow.cpu.model.tsc_mhz), per_seconds: 1 };
    // The clock's unit is a second; the model counts ticks of a microsecond.
    Ok(Clock { cycles: clock.cycles * 1_000_000, ..clock }.ticks_at(slow.bus.now()))
}

/// EDX:EAX := value.
fn set_pair(cpu: &mut Cpu, value: u64) {
    cpu.state.regs.write(AX, value as u32);
    cpu.state.regs.write(DX, (value >> 32) as u32);
}

impl Cpu {
    /// Flat 4 GiB code and stack segments that no descriptor is read for; the stack's selector follows the code's.
    fn enter_flat(&mut self, selector: u16, cpl: u8, sp: u32, ip: u32) {
        debug_assert_eq!(rpl(selector), cpl);
        let segment = |selector, attr: u16| Segment {
            selector,
            base: 0,
            limit: u32::MAX,
            attr: SegAttr(attr | u16::from(cpl) << 5),
            usable: true,
        };
        self.state.cpl = cpl;
        self.set_segment(SegReg::Cs, segment(selector, 0xC09B));
        self.set_segment(SegReg::Ss, segment(selector.wrapping_add(8), 0xC093));
        self.state.regs.write(SP, sp);
        self.next_ip = u64::from(ip);
        self.state_changed();
    }
}
