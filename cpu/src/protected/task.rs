//! Task switches [SDM 3A, "Task Switching"].

use super::{Descriptor, System, error_code, is_null, rpl};
use crate::debug::{Dr6, Dr7};
use crate::exec::access::Slow;
use crate::exec::control_registers::set_cr3;
use crate::fault::Fault;
use crate::flags::bit;
use crate::protected::iret::v86_segment;
use crate::segment::{SegReg, Segment};
use crate::state::cr0;
use crate::word::Word;

/// What causes a task switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switch {
    /// JMP: the old task is no longer busy.
    Jump,
    /// CALL: the new task is nested in the old one.
    Call,
    /// An interrupt or exception: nested as by CALL.
    Interrupt,
    /// IRET from a nested task.
    Return,
}

/// Segment registers in the order of the TSS.
const TSS_SEGMENTS: [SegReg; 6] = [SegReg::Es, SegReg::Cs, SegReg::Ss, SegReg::Ds, SegReg::Fs, SegReg::Gs];

/// What a TSS holds of a task's registers.
#[derive(Clone, Debug, Default)]
struct Image {
    cr3: Option<u32>,
    ip: u32,
    flags: u32,
    general: [u32; 8],
    /// In the order of [`TSS_SEGMENTS`]; the 80286 has four.
    selectors: [u16; 6],
    ldt: u16,
    /// The T bit: a debug trap before the task's first instruction.
    trap: bool,
}

/// Offsets in a TSS [SDM 3A, "Task-State Segment (TSS)", "16-Bit Task-State Segment (TSS)"].
struct Layout {
    wide: bool,
    ip: u64,
    general: u64,
    segments: u64,
    segment_count: usize,
    ldt: u64,
    /// Least limit.
    limit: u32,
}

const WIDE: Layout =
    Layout { wide: true, ip: 0x20, general: 0x28, segments: 0x48, segment_count: 6, ldt: 0x60, limit: 0x67 };
const NARROW: Layout =
    Layout { wide: false, ip: 0x0E, general: 0x12, segments: 0x22, segment_count: 4, ldt: 0x2A, limit: 0x2B };
/// CR3 in a wide TSS.
const TSS_CR3: u64 = 0x1C;
/// The T bit of a wide TSS is bit 0 here.
const TSS_TRAP: u64 = 0x64;

fn layout(wide: bool) -> &'static Layout {
    if wide { &WIDE } else { &NARROW }
}

impl Layout {
    fn load(&self, m: &mut Slow<'_>, at: u64) -> Result<u32, Fault> {
        if self.wide {
            m.cpu.load_linear::<u32>(m.bus, at)
        } else {
            Ok(m.cpu.load_linear::<u16>(m.bus, at)?.zext() as u32)
        }
    }

    fn store(&self, m: &mut Slow<'_>, at: u64, value: u32) -> Result<(), Fault> {
        if self.wide {
            m.cpu.store_linear(m.bus, at, value)
        } else {
            m.cpu.store_linear(m.bus, at, value as u16)
        }
    }

    fn step(&self) -> u64 {
        if self.wide { 4 } else { 2 }
    }

    fn read(&self, m: &mut Slow<'_>, base: u64) -> Result<Image, Fault> {
        let mut image = Image::default();
        if self.wide {
            image.cr3 = Some(m.cpu.load_linear::<u32>(m.bus, base + TSS_CR3)?);
        }
        image.ip = self.load(m, base + self.ip)?;
        image.flags = self.load(m, base + self.ip + self.step())?;
        for (n, register) in (0..).zip(&mut image.general) {
            *register = self.load(m, base + self.general + n * self.step())?;
        }
        for (n, selector) in (0..).zip(&mut image.selectors[..self.segment_count]) {
            *selector = self.load(m, base + self.segments + n * self.step())? as u16;
        }
        image.ldt = self.load(m, base + self.ldt)? as u16;
        image.trap = self.wide && m.cpu.load_linear::<u16>(m.bus, base + TSS_TRAP)? & 1 != 0;
        Ok(image)
    }

    fn write(&self, m: &mut Slow<'_>, base: u64, image: &Image) -> Result<(), Fault> {
        self.store(m, base + self.ip, image.ip)?;
        self.store(m, base + self.ip + self.step(), image.flags)?;
        for (n, &register) in (0..).zip(&image.general) {
            self.store(m, base + self.general + n * self.step(), register)?;
        }
        for (n, &selector) in (0..).zip(&image.selectors[..self.segment_count]) {
            m.cpu.store_linear(m.bus, base + self.segments + n * self.step(), selector)?;
        }
        Ok(())
    }
}

/// Switches to the task whose TSS `selector` names.
pub(crate) fn switch(m: &mut Slow<'_>, selector: u16, how: Switch) -> Result<(), Fault> {
    let error = error_code(selector);
    let fault: fn(u16) -> Fault =
        if how == Switch::Return { Fault::InvalidTss } else { Fault::GeneralProtection };
    if selector & 4 != 0 || is_null(selector) {
        return Err(fault(error));
    }
    let target = m.descriptor(selector, fault)?;
    let Some(System::Tss { wide, busy }) = target.system() else { return Err(fault(error)) };
    if busy != (how == Switch::Return) {
        return Err(fault(error));
    }
    if !target.segment.attr.is_present() {
        return Err(Fault::SegmentNotPresent(error));
    }
    let layout = layout(wide);
    if target.segment.limit < layout.limit {
        return Err(Fault::InvalidTss(error));
    }
    let new = layout.read(m, target.segment.base)?;
    leave_task(m, how)?;
    if matches!(how, Switch::Call | Switch::Interrupt) {
        let back = m.cpu.state.tr.selector;
        m.cpu.store_linear(m.bus, target.segment.base, back)?;
    }
    if how != Switch::Return {
        set_busy(m, target.at, true)?;
    }
    enter_task(m, &target, &new, how)
}

/// IRET with NT set: back to the task that the current TSS links to.
pub(crate) fn return_to_previous(m: &mut Slow<'_>) -> Result<(), Fault> {
    let base = m.cpu.state.tr.base;
    let link = m.cpu.load_linear::<u16>(m.bus, base)?;
    switch(m, link, Switch::Return)
}

fn set_busy(m: &mut Slow<'_>, descriptor_at: u64, busy: bool) -> Result<(), Fault> {
    let byte = m.cpu.load_linear::<u8>(m.bus, descriptor_at + 5)?;
    m.cpu.store_linear(m.bus, descriptor_at + 5, if busy { byte | 2 } else { byte & !2 })
}

/// Saves the present registers in the present TSS.
fn leave_task(m: &mut Slow<'_>, how: Switch) -> Result<(), Fault> {
    let state = &m.cpu.state;
    let tr = state.tr;
    let mut flags = state.flags.bits();
    if how == Switch::Return {
        flags &= !bit::NT;
    }
    let image = Image {
        cr3: None,
        ip: m.cpu.next_ip as u32,
        flags,
        general: std::array::from_fn(|n| state.regs.number(n as u8) as u32),
        selectors: TSS_SEGMENTS.map(|reg| state.seg(reg).selector),
        ldt: 0,
        trap: false,
    };
    let layout = layout(tr.attr.system_type() & 8 != 0);
    if tr.limit < layout.limit {
        return Err(Fault::InvalidTss(error_code(tr.selector)));
    }
    layout.write(m, tr.base, &image)?;
    if matches!(how, Switch::Jump | Switch::Return) {
        let at = m.descriptor(tr.selector, Fault::InvalidTss)?.at;
        set_busy(m, at, false)?;
    }
    Ok(())
}

/// Loads everything from the new TSS. From here on faults belong to the new task.
fn enter_task(m: &mut Slow<'_>, target: &Descriptor, new: &Image, how: Switch) -> Result<(), Fault> {
    let mut tr = target.segment;
    tr.attr.0 |= 2;
    m.cpu.state.tr = tr;
    if let Some(cr3) = new.cr3.filter(|_| m.cpu.state.cr0 & cr0::PG != 0) {
        set_cr3(m, u64::from(cr3))?;
    }
    for (n, &value) in (0u8..).zip(&new.general) {
        let old = m.cpu.state.regs.number(n);
        let value = if new.cr3.is_some() { u64::from(value) } else { old & !0xFFFF | u64::from(value) };
        m.cpu.state.regs.set_number(n, value);
    }
    let mut flags = new.flags | 2;
    if matches!(how, Switch::Call | Switch::Interrupt) {
        flags |= bit::NT;
    }
    m.cpu.state.flags.set_bits(flags & (bit::VM | bit::RF | 0x7FD7));
    m.cpu.state.cr0 |= cr0::TS;
    m.cpu.state.dr[7] &= !Dr7::LOCAL;
    m.cpu.breakpoints_changed();
    if new.trap {
        m.cpu.state.breakpoint_hits |= Dr6::BT;
    }
    m.cpu.next_ip = u64::from(new.ip);
    m.cpu.state.ip = u64::from(new.ip);
    load_segments(m, new)
}

fn load_segments(m: &mut Slow<'_>, new: &Image) -> Result<(), Fault> {
    // Selectors first: a fault below leaves them, unusable.
    for (&reg, &selector) in TSS_SEGMENTS.iter().zip(&new.selectors) {
        m.cpu.set_segment(reg, Segment { selector, usable: false, ..Segment::default() });
    }
    m.cpu.state.ldtr = Segment { selector: new.ldt, usable: false, ..Segment::default() };
    if !is_null(new.ldt) {
        load_ldt(m, new.ldt)?;
    }
    if m.cpu.state.v86() {
        m.cpu.state.cpl = 3;
        for (&reg, &selector) in TSS_SEGMENTS.iter().zip(&new.selectors) {
            m.cpu.set_segment(reg, v86_segment(selector));
        }
        m.cpu.state_changed();
        return Ok(());
    }
    let [es, cs, ss, ds, fs, gs] = new.selectors;
    let level = rpl(cs);
    m.cpu.state.cpl = level;
    load_task_code(m, cs)?;
    let stack = super::stack::Stack::at(m, ss, 0, level, Fault::InvalidTss)?;
    m.cpu.set_segment(SegReg::Ss, stack.segment);
    for (reg, selector) in [(SegReg::Es, es), (SegReg::Ds, ds), (SegReg::Fs, fs), (SegReg::Gs, gs)] {
        load_task_data(m, reg, selector)?;
    }
    if m.cpu.next_ip > u64::from(m.cpu.state.seg(SegReg::Cs).limit) {
        return Err(Fault::GeneralProtection(0));
    }
    Ok(())
}

fn load_ldt(m: &mut Slow<'_>, selector: u16) -> Result<(), Fault> {
    let fault = Fault::InvalidTss(error_code(selector));
    if selector & 4 != 0 {
        return Err(fault);
    }
    let descriptor = m.descriptor(selector, Fault::InvalidTss)?;
    if descriptor.system() != Some(System::Ldt) || !descriptor.segment.attr.is_present() {
        return Err(fault);
    }
    m.cpu.state.ldtr = descriptor.segment;
    Ok(())
}

fn load_task_code(m: &mut Slow<'_>, selector: u16) -> Result<(), Fault> {
    let error = error_code(selector);
    let mut code = m.required_descriptor(selector, Fault::InvalidTss)?;
    let (attr, dpl, level) = (code.segment.attr, code.segment.attr.dpl(), rpl(selector));
    let allowed = attr.is_code() && if attr.is_conforming() { dpl <= level } else { dpl == level };
    if !allowed {
        return Err(Fault::InvalidTss(error));
    }
    if !attr.is_present() {
        return Err(Fault::SegmentNotPresent(error));
    }
    m.mark_accessed(&mut code)?;
    m.cpu.set_segment(SegReg::Cs, code.segment);
    Ok(())
}

fn load_task_data(m: &mut Slow<'_>, reg: SegReg, selector: u16) -> Result<(), Fault> {
    if is_null(selector) {
        return Ok(());
    }
    let error = error_code(selector);
    let mut data = m.descriptor(selector, Fault::InvalidTss)?;
    let (attr, dpl) = (data.segment.attr, data.segment.attr.dpl());
    let level = m.cpu.state.cpl.max(rpl(selector));
    if !attr.is_code_or_data() || !attr.is_readable() || !(attr.is_conforming() || dpl >= level) {
        return Err(Fault::InvalidTss(error));
    }
    if !attr.is_present() {
        return Err(Fault::SegmentNotPresent(error));
    }
    m.mark_accessed(&mut data)?;
    m.cpu.set_segment(reg, data.segment);
    Ok(())
}
