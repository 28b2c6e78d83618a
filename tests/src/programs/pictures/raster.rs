//! What happens while the beam is on its way.

use super::{Asm, CRTC, Program};
use iced_x86::code_asm::*;

const DISPLAY_OFF: u32 = 0x01;
const RETRACE: u32 = 0x08;

/// Colour 0 changes with every second line of an empty mode 13h.
pub(super) fn bars(p: &mut Program) -> Asm {
    p.set_mode(0x13)?;
    p.a.cli()?;
    each_frame(p, |p| {
        p.a.mov(bx, si)?;
        p.a.mov(dx, 0x3C8)?;
        p.a.xor(al, al)?;
        p.a.out(dx, al)?;
        p.a.inc(dx)?;
        for shift in [0, 1, 2] {
            p.a.mov(ax, bx)?;
            p.a.shr(ax, shift)?;
            p.a.out(dx, al)?;
        }
        Ok(())
    })
}

/// Every line is moved by its own number of dots.
pub(super) fn panning(p: &mut Program) -> Asm {
    p.set_mode(0x12)?;
    p.segment(0xA000)?;
    p.ramp(0, 80 * 480, 1)?;
    p.a.cli()?;
    each_frame(p, |p| {
        p.a.mov(dx, 0x3DA)?;
        p.a.in_(al, dx)?;
        p.a.mov(dx, 0x3C0)?;
        p.a.mov(al, 0x33)?;
        p.a.out(dx, al)?;
        p.a.mov(ax, si)?;
        p.a.shr(ax, 3)?;
        p.a.and(al, 7)?;
        p.a.out(dx, al)
    })
}

/// Calls `line` for each of 200 displayed lines of each frame, SI being its number.
fn each_frame(p: &mut Program, line: impl FnOnce(&mut Program) -> Asm) -> Asm {
    let (mut frame, mut next) = (p.a.create_label(), p.a.create_label());
    p.a.set_label(&mut frame)?;
    p.wait_status(RETRACE, false)?;
    p.wait_status(RETRACE, true)?;
    p.wait_status(RETRACE, false)?;
    p.a.xor(si, si)?;
    p.a.set_label(&mut next)?;
    p.wait_status(DISPLAY_OFF, false)?;
    p.wait_status(DISPLAY_OFF, true)?;
    line(p)?;
    p.a.inc(si)?;
    p.a.cmp(si, 190)?;
    p.a.jb(next)?;
    p.a.jmp(frame)
}

/// A stripe for each of the first forty retraces, drawn by their interrupt.
pub(super) fn interrupts(p: &mut Program) -> Asm {
    p.set_mode(0x13)?;
    p.segment(0xA000)?;
    // Vector 0Ah is IRQ 2, which the slave's IRQ 9 comes as by way of vector 71h.
    p.a.cli()?;
    let handler = p.at("RETRACE");
    p.a.mov(word_ptr(0x71 * 4), handler)?;
    p.a.mov(word_ptr(0x71 * 4 + 2), 0)?;
    p.a.in_(al, 0xA1)?;
    p.a.and(al, 0xFDu32)?;
    p.a.out(0xA1, al)?;
    p.a.xor(di, di)?;
    arm(p)?;
    p.rest()?;
    p.label("RETRACE")?;
    let mut enough = p.a.create_label();
    p.a.push(ax)?;
    p.a.push(dx)?;
    p.a.mov(dx, 0x3C2)?;
    p.a.in_(al, dx)?;
    p.a.test(al, 0x80)?;
    p.a.jz(enough)?;
    p.a.cmp(di, 64000)?;
    p.a.jae(enough)?;
    p.a.mov(al, 0x28)?;
    p.a.mov(cx, 960)?;
    p.a.rep().stosb()?;
    p.a.add(di, 640)?;
    p.a.set_label(&mut enough)?;
    arm(p)?;
    p.a.mov(al, 0x20)?;
    p.a.out(0xA0, al)?;
    p.a.out(0x20, al)?;
    p.a.pop(dx)?;
    p.a.pop(ax)?;
    p.a.iret()
}

/// Clears the interrupt's latch and lets it take the next retrace.
fn arm(p: &mut Program) -> Asm {
    p.register(CRTC, 0x11, 0x0E)?;
    p.register(CRTC, 0x11, 0x1E)
}
