//! Loading segment registers.

use super::access::{Access, Slow};
use crate::cpu::Cpu;
use crate::fault::Fault;
use crate::protected::iret::v86_segment;
use crate::protected::{error_code, is_null, rpl};
use crate::segment::{SegAttr, SegReg, Segment};

/// Loads ES, SS, DS, FS or GS (on the 8086 also CS).
#[inline(always)]
pub(crate) fn load_data_segment<A: Access>(m: &mut A, reg: SegReg, selector: u16) -> Result<(), A::Fail> {
    let cpu = m.cpu();
    let by_paragraph = !cpu.state.protected() || cpu.state.v86();
    if by_paragraph && reg != SegReg::Cs && cpu.load_moves(reg) {
        cpu.move_segment(reg, selector);
        return Ok(());
    }
    Ok(load_in_full(&mut m.slow()?, reg, selector)?)
}

/// Loads CS in real or virtual-8086 mode.
#[inline(always)]
pub(crate) fn load_code_paragraph<A: Access>(m: &mut A, selector: u16) -> Result<(), A::Fail> {
    if m.cpu().load_moves(SegReg::Cs) {
        m.cpu().move_code(selector);
    } else {
        load_paragraph(m.slow()?.cpu, SegReg::Cs, selector);
    }
    Ok(())
}

/// Loads any segment register in real or virtual-8086 mode. In real mode a load changes selector and base; limit and rights stay,
/// which is what makes unreal mode.
fn load_paragraph(cpu: &mut Cpu, reg: SegReg, selector: u16) {
    let segment = if cpu.state.v86() {
        v86_segment(selector)
    } else {
        Segment { selector, base: u64::from(selector) << 4, usable: true, ..*cpu.state.seg(reg) }
    };
    cpu.set_segment(reg, segment);
}

#[inline(never)]
fn load_in_full(m: &mut Slow<'_>, reg: SegReg, selector: u16) -> Result<(), Fault> {
    if m.cpu.mode.has_selectors() {
        return load_selector(m, reg, selector);
    }
    load_paragraph(m.cpu, reg, selector);
    Ok(())
}

/// The two doublewords of a descriptor, taken apart [SDM 3A, "Segment Descriptors"].
pub(crate) fn unpack(selector: u16, low: u32, high: u32) -> Segment {
    let limit = low & 0xFFFF | high & 0xF_0000;
    let attr = SegAttr((high >> 8) as u16 & 0xF0FF);
    let granular = high & 1 << 23 != 0;
    Segment {
        selector,
        base: u64::from(low >> 16 | (high & 0xFF) << 16 | high & 0xFF00_0000),
        limit: if granular { limit << 12 | 0xFFF } else { limit },
        attr,
        usable: true,
    }
}

/// MOV to a segment register where it holds a selector [SDM 2B, "MOV"].
fn load_selector(m: &mut Slow<'_>, reg: SegReg, selector: u16) -> Result<(), Fault> {
    let segment = load_protected(m, reg, selector)?;
    m.cpu.set_segment(reg, segment);
    Ok(())
}

fn load_protected(m: &mut Slow<'_>, reg: SegReg, selector: u16) -> Result<Segment, Fault> {
    let (cpl, rpl, error) = (m.cpu.state.cpl, rpl(selector), error_code(selector));
    if is_null(selector) {
        if reg == SegReg::Ss {
            return Err(Fault::GeneralProtection(0));
        }
        return Ok(Segment { selector, usable: false, ..*m.cpu.state.seg(reg) });
    }
    let mut descriptor = m.descriptor(selector, Fault::GeneralProtection)?;
    let (attr, dpl) = (descriptor.segment.attr, descriptor.segment.attr.dpl());
    let allowed = if reg == SegReg::Ss {
        rpl == cpl && attr.is_writable() && dpl == cpl
    } else {
        attr.is_code_or_data() && attr.is_readable() && (attr.is_conforming() || dpl >= rpl.max(cpl))
    };
    if !allowed {
        return Err(Fault::GeneralProtection(error));
    }
    if !attr.is_present() {
        let absent = if reg == SegReg::Ss { Fault::StackSegment } else { Fault::SegmentNotPresent };
        return Err(absent(error));
    }
    m.mark_accessed(&mut descriptor)?;
    Ok(descriptor.segment)
}
