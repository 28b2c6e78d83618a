//! Protected mode: descriptors, gates, privilege changes, tasks [SDM 3A, "Protection", "Task Management"].
//!
//! Everything here runs on the slow path, over [`Slow`]: it changes segment registers, reads descriptor tables and may
//! fault anywhere, so it checks first and commits last.

pub(crate) mod interrupt;
pub(crate) mod iret;
pub(crate) mod known;
pub(crate) mod loadall;
pub(crate) mod smm;
pub(crate) mod stack;
pub(crate) mod task;
pub(crate) mod transfer;
pub(crate) mod verify;
pub(crate) mod vme;

use crate::exec::access::Slow;
use crate::exec::descriptor::unpack;
use crate::fault::Fault;
use crate::model::{Generation, Model};
use crate::segment::{SegReg, Segment};

/// A selector's requested privilege level.
pub(crate) fn rpl(selector: u16) -> u8 {
    (selector & 3) as u8
}

/// A selector as an error code shows it: index and table, without privilege.
pub(crate) fn error_code(selector: u16) -> u16 {
    selector & 0xFFFC
}

/// Whether a selector names no descriptor.
pub(crate) fn is_null(selector: u16) -> bool {
    error_code(selector) == 0
}

/// The kinds of system descriptor, by their type field [SDM 3A, "System Descriptor Types"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// Available (`busy` false) or busy TSS, of the 80286 (`wide` false) or the 80386.
    Tss { wide: bool, busy: bool },
    /// LDT.
    Ldt,
    /// Call gate.
    CallGate { wide: bool },
    /// Task gate.
    TaskGate,
    /// Interrupt (`trap` false) or trap gate.
    InterruptGate { wide: bool, trap: bool },
}

/// A descriptor: as a segment, and its eight bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Descriptor {
    /// Linear address of its first byte.
    pub(crate) at: u64,
    pub(crate) segment: Segment,
    raw: u64,
}

impl Descriptor {
    /// What `model` makes of eight bytes. The 80286 ignores the last two, which are reserved, and knows no system type
    /// above 7 [80286 PRM, "Descriptors"].
    pub(crate) fn new(model: &Model, at: u64, selector: u16, raw: u64) -> Self {
        let mut raw = raw;
        if !model.at_least(Generation::I80386) {
            raw &= 0x0000_FFFF_FFFF_FFFF;
            if raw >> 40 & 0x18 == 0x08 {
                raw &= !(0x0F << 40);
            }
        }
        Self { at, segment: unpack(selector, raw as u32, (raw >> 32) as u32), raw }
    }

    /// The kind of a system descriptor; `None` for segments and reserved types.
    pub(crate) fn system(&self) -> Option<System> {
        let wide = self.raw >> 43 & 1 != 0;
        Some(match (self.raw >> 40 & 0x1F) as u8 {
            0x01 | 0x09 => System::Tss { wide, busy: false },
            0x03 | 0x0B => System::Tss { wide, busy: true },
            0x02 => System::Ldt,
            0x04 | 0x0C => System::CallGate { wide },
            0x05 => System::TaskGate,
            0x06 | 0x0E => System::InterruptGate { wide, trap: false },
            0x07 | 0x0F => System::InterruptGate { wide, trap: true },
            _ => return None,
        })
    }

    /// A gate's selector.
    pub(crate) fn gate_selector(&self) -> u16 {
        (self.raw >> 16) as u16
    }

    /// A gate's offset: 16 bits, or 32 of a wide one.
    pub(crate) fn gate_offset(&self, wide: bool) -> u64 {
        let low = self.raw & 0xFFFF;
        if wide { low | self.raw >> 32 & 0xFFFF_0000 } else { low }
    }

    /// Stack parameters a call gate copies, in units of its size.
    pub(crate) fn gate_parameters(&self) -> u64 {
        self.raw >> 32 & 0x1F
    }
}

/// How a fault names the selector at fault.
pub(crate) type SelectorFault = fn(u16) -> Fault;

impl Slow<'_> {
    /// The descriptor of `selector`; `fault(selector)` when it lies outside its table.
    pub(crate) fn descriptor(&mut self, selector: u16, fault: SelectorFault) -> Result<Descriptor, Fault> {
        let (at, raw) = self.raw_descriptor(selector, fault)?;
        Ok(Descriptor::new(&self.cpu.model, at, selector, raw))
    }

    /// Linear address and bytes of a descriptor.
    #[inline]
    fn raw_descriptor(&mut self, selector: u16, fault: SelectorFault) -> Result<(u64, u64), Fault> {
        let state = &self.cpu.state;
        let (base, limit) = if selector & 4 == 0 {
            (state.gdtr.base, Some(u32::from(state.gdtr.limit)))
        } else {
            (state.ldtr.base, state.ldtr.usable.then_some(state.ldtr.limit))
        };
        if limit.is_none_or(|limit| u32::from(selector | 7) > limit) {
            return Err(fault(error_code(selector)));
        }
        let at = base.wrapping_add(u64::from(selector & 0xFFF8));
        Ok((at, self.cpu.load_linear::<u64>(self.bus, at)?))
    }

    /// The descriptor of a selector that must not be null.
    pub(crate) fn required_descriptor(
        &mut self,
        selector: u16,
        fault: SelectorFault,
    ) -> Result<Descriptor, Fault> {
        if is_null(selector) {
            return Err(fault(0));
        }
        self.descriptor(selector, fault)
    }

    /// Sets the accessed bit in the table and in the segment.
    pub(crate) fn mark_accessed(&mut self, descriptor: &mut Descriptor) -> Result<(), Fault> {
        let attr = &mut descriptor.segment.attr;
        if attr.is_code_or_data() && attr.0 & 1 == 0 {
            attr.0 |= 1;
            let byte = attr.0 as u8;
            self.cpu.store_linear(self.bus, descriptor.at + 5, byte)?;
        }
        Ok(())
    }

    /// Makes a code segment current at privilege `cpl`, going on at `offset`; #GP(0) beyond its limit.
    pub(crate) fn enter_code(&mut self, mut target: Descriptor, cpl: u8, offset: u64) -> Result<(), Fault> {
        if offset > u64::from(target.segment.limit) {
            return Err(Fault::GeneralProtection(0));
        }
        self.mark_accessed(&mut target)?;
        target.segment.selector = target.segment.selector & !3 | u16::from(cpl);
        let stays = cpl == self.cpu.state.cpl && target.segment == *self.cpu.state.seg(SegReg::Cs);
        if stays {
            self.remember_code(&target);
        } else {
            self.cpu.state.cpl = cpl;
            self.cpu.set_segment(SegReg::Cs, target.segment);
        }
        self.cpu.next_ip = offset;
        Ok(())
    }

    /// Empties the data segment registers that a less privileged level may not use.
    pub(crate) fn drop_privileged_segments(&mut self, cpl: u8) {
        for reg in [SegReg::Es, SegReg::Ds, SegReg::Fs, SegReg::Gs] {
            let segment = *self.cpu.state.seg(reg);
            let attr = segment.attr;
            if segment.usable && attr.dpl() < cpl && !attr.is_conforming() {
                self.cpu.set_segment(reg, Segment { selector: 0, usable: false, ..segment });
            }
        }
    }
}
