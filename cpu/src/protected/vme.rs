//! Virtual-8086 mode enhancements [SDM 3B, "Overview of Virtual-8086 Mode Extensions"]: a virtual interrupt flag, and
//! software interrupts that stay in the task.

use crate::cpu::Cpu;
use crate::exec::access::Access;
use crate::exec::access::Slow;
use crate::fault::Fault;
use crate::flags::bit;
use crate::mmu::Intent;
use crate::protected::iret::v86_segment;
use crate::regs::number::SP;
use crate::segment::SegReg;
use crate::state::cr4;

/// How IF is to be treated by an instruction that touches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InterruptFlag {
    /// IF itself.
    Real,
    /// VIF in its place.
    Virtual,
}

impl Cpu {
    /// Which flag CLI and STI act on; #GP(0) where the level may not touch it.
    pub(crate) fn interrupt_flag(&self) -> Result<InterruptFlag, Fault> {
        if self.state.cpl <= self.state.iopl() {
            return Ok(InterruptFlag::Real);
        }
        let virtualized = if self.state.v86() { cr4::VME } else { cr4::PVI };
        if self.state.cr4 & virtualized != 0 && self.state.cpl == 3 {
            return Ok(InterruptFlag::Virtual);
        }
        Err(Fault::GeneralProtection(0))
    }

    /// Which flag PUSHF, POPF and IRET of virtual-8086 mode act on; only their 16-bit forms are virtualized.
    pub(crate) fn v86_interrupt_flag(&self, bits: u32) -> Result<InterruptFlag, Fault> {
        if !self.state.v86() || self.state.iopl() == 3 {
            return Ok(InterruptFlag::Real);
        }
        if self.state.cr4 & cr4::VME != 0 && bits == 16 {
            return Ok(InterruptFlag::Virtual);
        }
        Err(Fault::GeneralProtection(0))
    }

    /// FLAGS as PUSHF shows them with a virtual IF: VIF for IF, IOPL 3.
    pub(crate) fn virtual_flags(&self) -> u32 {
        let flags = self.state.flags.bits();
        let interrupt = if flags & bit::VIF != 0 { bit::IF } else { 0 };
        flags & !bit::IF | interrupt | bit::IOPL
    }

    /// #GP(0) when POPF or IRET would set TF, or IF while an interrupt is pending.
    pub(crate) fn check_virtual_flags(&self, flags: u32) -> Result<(), Fault> {
        let pending = self.state.flags.control(bit::VIP) && flags & bit::IF != 0;
        if pending || flags & bit::TF != 0 { Err(Fault::GeneralProtection(0)) } else { Ok(()) }
    }

    /// Takes over 16-bit FLAGS with a virtual IF: IOPL and IF stay, VIF follows.
    pub(crate) fn pop_virtual_flags(&mut self, flags: u32) {
        let writable = self.model.flags_writable & 0xFFFF & !(bit::IOPL | bit::IF);
        self.state.flags.update(writable, flags);
        self.state.flags.set_control(bit::VIF, flags & bit::IF != 0);
    }
}

/// INT n in virtual-8086 mode. `true` when the interrupt has been taken inside the task, through its own vector table.
pub(crate) fn redirect(m: &mut Slow<'_>, vector: u8) -> Result<bool, Fault> {
    let state = &m.cpu.state;
    let privileged = state.iopl() == 3;
    if state.cr4 & cr4::VME == 0 {
        return if privileged { Ok(false) } else { Err(Fault::GeneralProtection(0)) };
    }
    if bitmap_bit(m, vector)? {
        return if privileged { Ok(false) } else { Err(Fault::GeneralProtection(0)) };
    }
    deliver_in_task(m, vector, privileged)?;
    Ok(true)
}

/// The vector's bit in the interrupt redirection bitmap, the 32 bytes below the I/O permission bitmap.
fn bitmap_bit(m: &mut Slow<'_>, vector: u8) -> Result<bool, Fault> {
    let tr = m.cpu.state.tr;
    let outside = Fault::GeneralProtection(0);
    if tr.attr.system_type() & 8 == 0 || tr.limit < 0x67 {
        return Err(outside);
    }
    let io_map = u32::from(m.cpu.load_linear::<u16>(m.bus, tr.base + 0x66)?);
    let at = (io_map + u32::from(vector) / 8).checked_sub(32).filter(|at| *at <= tr.limit).ok_or(outside)?;
    let byte = m.cpu.load_linear::<u8>(m.bus, tr.base + u64::from(at))?;
    Ok(byte & 1 << (vector % 8) != 0)
}

/// As real mode would deliver it, with the vector table at linear address 0.
fn deliver_in_task(m: &mut Slow<'_>, vector: u8, privileged: bool) -> Result<(), Fault> {
    let entry = u64::from(vector) * 4;
    let ip = m.cpu.load_linear_as::<u16>(m.bus, entry, true)?;
    let cs = m.cpu.load_linear_as::<u16>(m.bus, entry + 2, true)?;
    let flags = if privileged { m.cpu.state.flags.bits() } else { m.cpu.virtual_flags() };
    let frame = [flags as u16, m.cpu.state.seg(SegReg::Cs).selector, m.cpu.next_ip as u16];
    let sp = m.cpu.state.regs.read::<u16>(SP);
    let mut spots = [None; 3];
    for (n, spot) in (1..).zip(&mut spots) {
        let offset = u64::from(sp.wrapping_sub(2 * n));
        *spot = Some(m.spot::<u16>(SegReg::Ss as usize, offset, Intent::Write)?);
    }
    for (spot, value) in spots.into_iter().flatten().zip(frame) {
        m.store(spot, value);
    }
    m.cpu.state.regs.write(SP, sp.wrapping_sub(6));
    let interrupt = if privileged { bit::IF } else { bit::VIF };
    m.cpu.state.flags.set_control(interrupt | bit::TF, false);
    m.cpu.set_segment(SegReg::Cs, v86_segment(cs));
    m.cpu.next_ip = u64::from(ip);
    Ok(())
}
