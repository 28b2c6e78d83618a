//! Far JMP, CALL and RET [SDM 2A, "JMP", "CALL"; SDM 2B, "RET"; PROTECTED-MODE].

use super::stack::Stack;
use super::task::{self, Switch};
use super::{Descriptor, System, error_code, rpl};
use crate::exec::access::Slow;
use crate::fault::Fault;

/// Whether a far jump or call may go straight to a code segment.
fn may_enter_directly(target: &Descriptor, selector: u16, cpl: u8) -> bool {
    let (attr, dpl) = (target.segment.attr, target.segment.attr.dpl());
    attr.is_code() && if attr.is_conforming() { dpl <= cpl } else { rpl(selector) <= cpl && dpl == cpl }
}

fn check_present(descriptor: &Descriptor, selector: u16) -> Result<(), Fault> {
    if descriptor.segment.attr.is_present() {
        Ok(())
    } else {
        Err(Fault::SegmentNotPresent(error_code(selector)))
    }
}

/// A gate or TSS may be used from privilege `cpl` through `selector`.
fn check_gate(gate: &Descriptor, selector: u16, cpl: u8) -> Result<(), Fault> {
    if gate.segment.attr.dpl() < cpl.max(rpl(selector)) {
        return Err(Fault::GeneralProtection(error_code(selector)));
    }
    check_present(gate, selector)
}

/// JMP to `selector:offset`.
pub(crate) fn jump(m: &mut Slow<'_>, selector: u16, offset: u64) -> Result<(), Fault> {
    let cpl = m.cpu.state.cpl;
    let target = m.required_descriptor(selector, Fault::GeneralProtection)?;
    if target.segment.attr.is_code_or_data() {
        if !may_enter_directly(&target, selector, cpl) {
            return Err(Fault::GeneralProtection(error_code(selector)));
        }
        check_present(&target, selector)?;
        return m.enter_code(target, cpl, offset);
    }
    match target.system() {
        Some(System::CallGate { wide }) => {
            check_gate(&target, selector, cpl)?;
            let (code, _) = gate_target(m, &target, cpl)?;
            let dpl = code.segment.attr.dpl();
            if !code.segment.attr.is_conforming() && dpl != cpl {
                return Err(Fault::GeneralProtection(error_code(target.gate_selector())));
            }
            m.enter_code(code, cpl, target.gate_offset(wide))
        }
        _ => to_task(m, &target, selector, Switch::Jump),
    }
}

/// The code segment a call gate leads to, and its privilege for a call.
fn gate_target(m: &mut Slow<'_>, gate: &Descriptor, cpl: u8) -> Result<(Descriptor, u8), Fault> {
    let selector = gate.gate_selector();
    let code = m.required_descriptor(selector, Fault::GeneralProtection)?;
    let (attr, dpl) = (code.segment.attr, code.segment.attr.dpl());
    if !attr.is_code() || dpl > cpl {
        return Err(Fault::GeneralProtection(error_code(selector)));
    }
    check_present(&code, selector)?;
    Ok((code, if attr.is_conforming() { cpl } else { dpl }))
}

/// JMP or CALL to a TSS or through a task gate.
fn to_task(m: &mut Slow<'_>, target: &Descriptor, selector: u16, how: Switch) -> Result<(), Fault> {
    let cpl = m.cpu.state.cpl;
    match target.system() {
        Some(System::Tss { busy: false, .. }) => {
            check_gate(target, selector, cpl)?;
            task::switch(m, selector, how)
        }
        Some(System::TaskGate) => {
            check_gate(target, selector, cpl)?;
            task::switch(m, target.gate_selector(), how)
        }
        _ => Err(Fault::GeneralProtection(error_code(selector))),
    }
}

/// CALL to `selector:offset`, pushing 32-bit (`wide`) or 16-bit items.
pub(crate) fn call(m: &mut Slow<'_>, selector: u16, offset: u64, wide: bool) -> Result<(), Fault> {
    let cpl = m.cpu.state.cpl;
    let target = m.required_descriptor(selector, Fault::GeneralProtection)?;
    if target.segment.attr.is_code_or_data() {
        if !may_enter_directly(&target, selector, cpl) {
            return Err(Fault::GeneralProtection(error_code(selector)));
        }
        check_present(&target, selector)?;
        return call_same_level(m, target, offset, wide);
    }
    match target.system() {
        Some(System::CallGate { wide }) => {
            check_gate(&target, selector, cpl)?;
            let (code, new_cpl) = gate_target(m, &target, cpl)?;
            if new_cpl < cpl {
                call_inner_level(m, &target, code, new_cpl, wide)
            } else {
                call_same_level(m, code, target.gate_offset(wide), wide)
            }
        }
        _ => to_task(m, &target, selector, Switch::Call),
    }
}

fn call_same_level(m: &mut Slow<'_>, code: Descriptor, offset: u64, wide: bool) -> Result<(), Fault> {
    let cpl = m.cpu.state.cpl;
    let (cs, ip) = return_address(m);
    let mut stack = Stack::current(&m.cpu.state);
    stack.push_sized(m, wide, cs)?;
    stack.push_sized(m, wide, ip)?;
    m.enter_code(code, cpl, offset)?;
    stack.make_current(m);
    Ok(())
}

fn return_address(m: &Slow<'_>) -> (u64, u64) {
    (u64::from(m.cpu.state.seg(crate::segment::SegReg::Cs).selector), m.cpu.next_ip)
}

/// Through a gate to a more privileged level: a stack from the TSS, with the old stack, parameters and return address.
fn call_inner_level(
    m: &mut Slow<'_>,
    gate: &Descriptor,
    code: Descriptor,
    cpl: u8,
    wide: bool,
) -> Result<(), Fault> {
    let old = Stack::current(&m.cpu.state);
    let (cs, ip) = return_address(m);
    let mut stack = Stack::from_tss(m, cpl)?;
    stack.push_sized(m, wide, u64::from(old.segment.selector))?;
    stack.push_sized(m, wide, old.pointer)?;
    for n in (0..gate.gate_parameters()).rev() {
        let parameter = old.item(m, wide, n, 0)?;
        stack.push_sized(m, wide, parameter)?;
    }
    stack.push_sized(m, wide, cs)?;
    stack.push_sized(m, wide, ip)?;
    m.enter_code(code, cpl, gate.gate_offset(wide))?;
    stack.make_current(m);
    Ok(())
}

/// The code segment that RET or IRET returns to, at privilege `rpl(selector)`.
pub(crate) fn return_target(m: &mut Slow<'_>, selector: u16) -> Result<Descriptor, Fault> {
    let error = error_code(selector);
    let target = m.required_descriptor(selector, Fault::GeneralProtection)?;
    let (attr, dpl, level) = (target.segment.attr, target.segment.attr.dpl(), rpl(selector));
    let allowed = level >= m.cpu.state.cpl
        && attr.is_code()
        && if attr.is_conforming() { dpl <= level } else { dpl == level };
    if !allowed {
        return Err(Fault::GeneralProtection(error));
    }
    check_present(&target, selector)?;
    Ok(target)
}

/// RET, releasing `release` bytes of parameters on both stacks.
pub(crate) fn ret(m: &mut Slow<'_>, wide: bool, release: u64) -> Result<(), Fault> {
    let mut stack = Stack::current(&m.cpu.state);
    let ip = stack.item(m, wide, 0, 0)?;
    let selector = stack.item(m, wide, 1, 0)? as u16;
    let target = return_target(m, selector)?;
    let level = rpl(selector);
    let size = if wide { 4 } else { 2 };
    if level == m.cpu.state.cpl {
        m.enter_code(target, level, ip)?;
        stack.release(2 * size + release);
        stack.make_current(m);
        return Ok(());
    }
    let pointer = stack.item(m, wide, 2, release)?;
    let ss = stack.item(m, wide, 3, release)? as u16;
    let mut outer = Stack::at(m, ss, pointer, level, Fault::GeneralProtection)?;
    m.enter_code(target, level, ip)?;
    outer.release(release);
    outer.make_current(m);
    m.drop_privileged_segments(level);
    Ok(())
}
