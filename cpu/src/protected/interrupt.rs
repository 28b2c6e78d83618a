//! Interrupts and exceptions through the IDT [SDM 3A, "Interrupt and Exception Handling"].

use super::known::is_memorable;
use super::stack::Stack;
use super::task::{self, Switch};
use super::{Descriptor, System, error_code};
use crate::exec::access::Slow;
use crate::fault::Fault;
use crate::flags::bit;
use crate::segment::{SegReg, Segment};

/// Where an interrupt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// INT n, INT3, INTO: the gate's DPL counts.
    Software,
    /// The INTR pin, or an exception.
    Event,
}

impl Origin {
    /// EXT: the event is external to the program.
    fn ext(self) -> u16 {
        u16::from(self == Self::Event)
    }
}

/// Enters the handler of `vector`; `state.ip` is the return address.
pub(crate) fn deliver(m: &mut Slow<'_>, vector: u8, origin: Origin, error: Option<u16>) -> Result<(), Fault> {
    let ext = origin.ext();
    let place = u16::from(vector) * 8;
    let idt_error = place + 2 + ext;
    let idtr = m.cpu.state.idtr;
    if u32::from(place) + 7 > u32::from(idtr.limit) {
        return Err(Fault::GeneralProtection(idt_error));
    }
    let at = idtr.base + u64::from(place);
    let raw = m.cpu.load_linear::<u64>(m.bus, at)?;
    if m.through_known_gate(vector, raw, origin, error).map_err(|fault| with_ext(fault, ext))? {
        return Ok(());
    }
    let gate = Descriptor::new(&m.cpu.model, at, 0, raw);
    let Some(kind @ (System::TaskGate | System::InterruptGate { .. })) = gate.system() else {
        return Err(Fault::GeneralProtection(idt_error));
    };
    if origin == Origin::Software && gate.segment.attr.dpl() < m.cpu.state.cpl {
        return Err(Fault::GeneralProtection(place + 2));
    }
    if !gate.segment.attr.is_present() {
        return Err(Fault::SegmentNotPresent(idt_error));
    }
    match kind {
        System::InterruptGate { wide, trap } => {
            let cpl = m.cpu.state.cpl;
            through_gate(m, &gate, wide, trap, ext, error)?;
            if is_memorable(kind) && m.cpu.state.cpl == cpl {
                m.remember_gate(vector, raw, origin);
            }
            Ok(())
        }
        _ => {
            m.cpu.next_ip = m.cpu.state.ip;
            task::switch(m, gate.gate_selector(), Switch::Interrupt).map_err(|fault| with_ext(fault, ext))?;
            m.cpu.state.ip = m.cpu.next_ip;
            push_error_of_task(m, error)
        }
    }
}

/// A fault that names a selector says whether an external event was being delivered.
fn with_ext(fault: Fault, ext: u16) -> Fault {
    match fault {
        Fault::GeneralProtection(code) => Fault::GeneralProtection(code | ext),
        Fault::InvalidTss(code) => Fault::InvalidTss(code | ext),
        Fault::SegmentNotPresent(code) => Fault::SegmentNotPresent(code | ext),
        Fault::StackSegment(code) => Fault::StackSegment(code | ext),
        other => other,
    }
}

/// An exception's error code on the stack of the task that handles it.
fn push_error_of_task(m: &mut Slow<'_>, error: Option<u16>) -> Result<(), Fault> {
    let Some(error) = error else { return Ok(()) };
    let wide = m.cpu.state.tr.attr.system_type() & 8 != 0;
    let mut stack = Stack::current(&m.cpu.state);
    stack.push_sized(m, wide, u64::from(error))?;
    stack.make_current(m);
    Ok(())
}

fn through_gate(
    m: &mut Slow<'_>,
    gate: &Descriptor,
    wide: bool,
    trap: bool,
    ext: u16,
    error: Option<u16>,
) -> Result<(), Fault> {
    let selector = gate.gate_selector();
    if super::is_null(selector) {
        return Err(Fault::GeneralProtection(ext));
    }
    let with_ext = |fault: Fault| with_ext(fault, ext);
    let code = m.descriptor(selector, Fault::GeneralProtection).map_err(with_ext)?;
    let (attr, dpl, cpl) = (code.segment.attr, code.segment.attr.dpl(), m.cpu.state.cpl);
    let wrong = Fault::GeneralProtection(error_code(selector) | ext);
    if !attr.is_code() || dpl > cpl {
        return Err(wrong);
    }
    if !attr.is_present() {
        return Err(Fault::SegmentNotPresent(error_code(selector) | ext));
    }
    let new_cpl = if attr.is_conforming() { cpl } else { dpl };
    let from_v86 = m.cpu.state.v86();
    if from_v86 && new_cpl != 0 {
        return Err(wrong);
    }
    let old = Stack::current(&m.cpu.state);
    let mut stack = if new_cpl < cpl { Stack::from_tss(m, new_cpl).map_err(with_ext)? } else { old };
    push_frame(m, &mut stack, wide, (new_cpl < cpl).then_some(old), error).map_err(with_ext)?;
    m.enter_code(code, new_cpl, gate.gate_offset(wide)).map_err(with_ext)?;
    m.cpu.state.ip = m.cpu.next_ip;
    let cleared = bit::TF | bit::NT | bit::RF | bit::VM | if trap { 0 } else { bit::IF };
    m.cpu.state.flags.set_control(cleared, false);
    if from_v86 {
        empty_data_segments(m);
    }
    stack.make_current(m);
    if from_v86 {
        m.cpu.state_changed();
    }
    Ok(())
}

/// SS and SP of a less privileged level (behind the data segments of V86 code), FLAGS, CS, IP, error code.
fn push_frame(
    m: &mut Slow<'_>,
    stack: &mut Stack,
    wide: bool,
    outer: Option<Stack>,
    error: Option<u16>,
) -> Result<(), Fault> {
    if let Some(outer) = outer {
        if m.cpu.state.v86() {
            for reg in [SegReg::Gs, SegReg::Fs, SegReg::Ds, SegReg::Es] {
                let selector = m.cpu.state.seg(reg).selector;
                stack.push_sized(m, wide, u64::from(selector))?;
            }
        }
        stack.push_items(m, wide, [u64::from(outer.segment.selector), outer.pointer])?;
    }
    let flags = m.cpu.state.flags.bits();
    let cs = m.cpu.state.seg(SegReg::Cs).selector;
    stack.push_items(m, wide, [u64::from(flags), u64::from(cs), m.cpu.state.ip])?;
    if let Some(error) = error {
        stack.push_sized(m, wide, u64::from(error))?;
    }
    Ok(())
}

/// Leaving V86 mode leaves no segment that the handler could use by mistake.
fn empty_data_segments(m: &mut Slow<'_>) {
    for reg in [SegReg::Es, SegReg::Ds, SegReg::Fs, SegReg::Gs] {
        m.cpu.set_segment(reg, Segment { usable: false, ..Segment::default() });
    }
}
