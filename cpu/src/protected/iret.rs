//! IRET [SDM 2A, "IRET/IRETD/IRETQ"].

use super::rpl;
use super::stack::Stack;
use super::task;
use super::transfer::return_target;
use crate::exec::access::Slow;
use crate::fault::Fault;
use crate::flags::bit;
use crate::segment::{SegAttr, SegReg, Segment};

/// IRET and IRETD in protected mode.
pub(crate) fn iret(m: &mut Slow<'_>, wide: bool) -> Result<(), Fault> {
    if m.cpu.state.flags.control(bit::NT) {
        return task::return_to_previous(m);
    }
    let mut stack = Stack::current(&m.cpu.state);
    let [ip, selector, flags] = stack.top_items(m, wide)?;
    let (selector, flags) = (selector as u16, flags as u32);
    let old_cpl = m.cpu.state.cpl;
    if wide && flags & bit::VM != 0 && old_cpl == 0 {
        return to_v86(m, &stack, ip, selector, flags);
    }
    let level = rpl(selector);
    if level == old_cpl {
        if !m.stays_in_code_in_use(selector, ip)? {
            let target = return_target(m, selector)?;
            m.enter_code(target, level, ip)?;
        }
        stack.release(if wide { 12 } else { 6 });
        stack.make_current(m);
    } else {
        let target = return_target(m, selector)?;
        let pointer = stack.item(m, wide, 3, 0)?;
        let ss = stack.item(m, wide, 4, 0)? as u16;
        let outer = Stack::at(m, ss, pointer, level, Fault::GeneralProtection)?;
        m.enter_code(target, level, ip)?;
        outer.make_current(m);
        m.drop_privileged_segments(level);
    }
    let mask = if wide { !bit::VM } else { 0xFFFF };
    m.cpu.pop_flags_at(old_cpl, flags, mask | if wide { bit::RF } else { 0 });
    Ok(())
}

/// Back to virtual-8086 mode: ESP, SS, ES, DS, FS, GS follow the flags.
fn to_v86(m: &mut Slow<'_>, stack: &Stack, ip: u64, cs: u16, flags: u32) -> Result<(), Fault> {
    let pointer = stack.item(m, true, 3, 0)?;
    let mut selectors = [0u16; 5];
    for (n, selector) in (4..).zip(&mut selectors) {
        *selector = stack.item(m, true, n, 0)? as u16;
    }
    if ip > 0xFFFF {
        return Err(Fault::GeneralProtection(0));
    }
    m.cpu.pop_flags_at(0, flags, u32::MAX);
    m.cpu.state.flags.set_control(bit::VM, true);
    m.cpu.state.cpl = 3;
    let [ss, es, ds, fs, gs] = selectors;
    for (reg, selector) in [
        (SegReg::Cs, cs),
        (SegReg::Ss, ss),
        (SegReg::Es, es),
        (SegReg::Ds, ds),
        (SegReg::Fs, fs),
        (SegReg::Gs, gs),
    ] {
        m.cpu.set_segment(reg, v86_segment(selector));
    }
    m.cpu.state.regs.set_number(crate::regs::number::SP, pointer & 0xFFFF_FFFF);
    m.cpu.next_ip = ip;
    m.cpu.state_changed();
    Ok(())
}

/// What a segment register holds in virtual-8086 mode [SDM 3B, "Virtual-8086 Mode"]: 64 KiB, DPL 3, writable.
pub(crate) fn v86_segment(selector: u16) -> Segment {
    Segment { attr: SegAttr::V86_DATA, ..Segment::real(selector) }
}
