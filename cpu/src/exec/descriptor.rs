//! Loading segment registers.

use super::access::{Access, Slow};
use crate::fault::Fault;
use crate::segment::{SegAttr, SegReg, Segment};
use crate::word::Word;

/// Loads ES, SS, DS, FS or GS (on the 8086 also CS).
#[inline(always)]
pub(crate) fn load_data_segment<A: Access>(m: &mut A, reg: SegReg, selector: u16) -> Result<(), A::Fail> {
    if m.cpu().state.protected() {
        let segment = load_protected(&mut m.slow()?, reg, selector)?;
        m.cpu().set_segment(reg, segment);
    } else {
        load_real(m, reg, selector);
    }
    Ok(())
}

/// In real mode a load changes selector and base; limit and rights stay, which is what makes unreal mode.
#[inline(always)]
pub(crate) fn load_real<A: Access>(m: &mut A, reg: SegReg, selector: u16) {
    let cpu = m.cpu();
    let base = u64::from(selector) << 4;
    let segment = Segment { selector, base, usable: true, ..*cpu.state.seg(reg) };
    if segment.limit == 0xFFFF && cpu.mode.data_segments_are_plain() {
        cpu.set_plain_segment(reg, segment);
    } else {
        cpu.set_segment(reg, segment);
    }
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

/// Reads the descriptor of `selector`; #GP(selector) when it lies outside its table.
pub(crate) fn read_descriptor(m: &mut Slow<'_>, selector: u16) -> Result<(u64, Segment), Fault> {
    let error = selector & 0xFFFC;
    let state = &m.cpu.state;
    let (base, limit) = if selector & 4 == 0 {
        (state.gdtr.base, u32::from(state.gdtr.limit))
    } else {
        (state.ldtr.base, if state.ldtr.usable { state.ldtr.limit } else { 0 })
    };
    if u32::from(selector | 7) > limit {
        return Err(Fault::GeneralProtection(error));
    }
    let at = base + u64::from(selector & 0xFFF8);
    let descriptor = m.cpu.load_linear::<u64>(m.bus, at)?;
    Ok((at, unpack(selector, descriptor as u32, (descriptor >> 32) as u32)))
}

/// Sets the accessed bit in the table and in the cached rights.
pub(crate) fn mark_accessed(m: &mut Slow<'_>, at: u64, segment: &mut Segment) -> Result<(), Fault> {
    if segment.attr.0 & 1 == 0 {
        segment.attr.0 |= 1;
        m.cpu.store_linear(m.bus, at + 5, u8::truncate(u64::from(segment.attr.0)))?;
    }
    Ok(())
}

/// MOV to a segment register in protected mode [SDM 2B, "MOV"].
fn load_protected(m: &mut Slow<'_>, reg: SegReg, selector: u16) -> Result<Segment, Fault> {
    let (cpl, rpl, error) = (m.cpu.state.cpl(), (selector & 3) as u8, selector & 0xFFFC);
    if error == 0 {
        if reg == SegReg::Ss {
            return Err(Fault::GeneralProtection(0));
        }
        return Ok(Segment { selector, usable: false, ..*m.cpu.state.seg(reg) });
    }
    let (at, mut segment) = read_descriptor(m, selector)?;
    let (attr, dpl) = (segment.attr, segment.attr.dpl());
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
    mark_accessed(m, at, &mut segment)?;
    Ok(segment)
}

/// The code segment of a direct far jump in protected mode, at the same privilege
/// [SDM 2A, "JMP", PROTECTED-MODE].
pub(crate) fn load_code_for_jump(m: &mut Slow<'_>, selector: u16) -> Result<Segment, Fault> {
    let (cpl, rpl, error) = (m.cpu.state.cpl(), (selector & 3) as u8, selector & 0xFFFC);
    if error == 0 {
        return Err(Fault::GeneralProtection(0));
    }
    let (at, mut segment) = read_descriptor(m, selector)?;
    let (attr, dpl) = (segment.attr, segment.attr.dpl());
    let allowed = attr.is_code() && if attr.is_conforming() { dpl <= cpl } else { rpl <= cpl && dpl == cpl };
    if !allowed {
        return Err(Fault::GeneralProtection(error));
    }
    if !attr.is_present() {
        return Err(Fault::SegmentNotPresent(error));
    }
    mark_accessed(m, at, &mut segment)?;
    segment.selector = selector & !3 | u16::from(cpl);
    Ok(segment)
}
