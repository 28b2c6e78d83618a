//! Hardware interrupt handlers, in ROM as far as they touch only the interrupt controller and the BIOS data area.

use super::asm::{Asm, Code};
use iced_x86::code_asm::*;

/// All of them.
pub(crate) fn code(c: &mut Code) -> Asm {
    timer(c)?;
    keyboard(c)?;
    diskette(c)?;
    clock(c)?;
    slaves(c)?;
    mouse(c)?;
    unexpected(c)?;
    c.label("NMI")?;
    c.a.iret()
}

fn data_segment(c: &mut Code) -> Asm {
    c.a.push(ax)?;
    c.a.push(ds)?;
    c.a.mov(ax, 0x40)?;
    c.a.mov(ds, ax)
}

fn eoi(c: &mut Code) -> Asm {
    c.a.mov(al, 0x20)?;
    c.a.out(0x20, al)
}

fn eoi_both(c: &mut Code) -> Asm {
    c.a.mov(al, 0x20)?;
    c.a.out(0xA0, al)?;
    c.a.out(0x20, al)
}

/// INT 08h: counts ticks, 1800B0h of them a day, and stops the diskette motor [IBM AT TRM, "TIMER_INT"].
fn timer(c: &mut Code) -> Asm {
    let mut same_day = c.a.create_label();
    let mut low = c.a.create_label();
    let mut motor_on = c.a.create_label();
    c.label("INT08")?;
    data_segment(c)?;
    c.a.push(dx)?;
    c.a.inc(word_ptr(0x6C))?;
    c.a.jnz(low)?;
    c.a.inc(word_ptr(0x6E))?;
    c.a.set_label(&mut low)?;
    c.a.cmp(word_ptr(0x6E), 0x18)?;
    c.a.jne(same_day)?;
    c.a.cmp(word_ptr(0x6C), 0xB0)?;
    c.a.jne(same_day)?;
    c.a.mov(word_ptr(0x6E), 0)?;
    c.a.mov(word_ptr(0x6C), 0)?;
    c.a.mov(byte_ptr(0x70), 1)?;
    c.a.set_label(&mut same_day)?;
    c.a.dec(byte_ptr(0x40))?;
    c.a.jnz(motor_on)?;
    c.a.and(byte_ptr(0x3F), 0xF0u32)?;
    c.a.mov(al, 0x0C)?;
    c.a.mov(dx, 0x3F2)?;
    c.a.out(dx, al)?;
    c.a.set_label(&mut motor_on)?;
    c.a.int(0x1C)?;
    c.a.cli()?;
    eoi(c)?;
    c.a.pop(dx)?;
    c.a.pop(ds)?;
    c.a.pop(ax)?;
    c.a.iret()
}

/// INT 09h: one byte of the keyboard; INT 15h AH=4Fh may change or take it [IBM AT TRM, "KB_INT"].
fn keyboard(c: &mut Code) -> Asm {
    let mut done = c.a.create_label();
    c.label("INT09")?;
    c.a.push(ax)?;
    c.a.mov(al, 0xAD)?;
    c.a.out(0x64, al)?;
    c.a.in_(al, 0x60)?;
    c.a.mov(ah, 0x4F)?;
    c.a.stc()?;
    c.a.int(0x15)?;
    c.a.jnc(done)?;
    c.trap("INT09")?;
    c.a.set_label(&mut done)?;
    c.a.cli()?;
    eoi(c)?;
    c.a.mov(al, 0xAE)?;
    c.a.out(0x64, al)?;
    c.a.pop(ax)?;
    c.a.iret()?;
    keyboard_calls(c)
}

/// Ways on from the keyboard trap, chosen by the firmware; all end the interrupt first and return to the program.
fn keyboard_calls(c: &mut Code) -> Asm {
    let mut finish = c.a.create_label();
    let calls: [(&str, u8, u32); 5] = [
        ("KEY_POSTED", 0x15, 0x9102),
        ("KEY_BREAK", 0x1B, 0),
        ("KEY_PRINT", 0x05, 0),
        ("KEY_SYSREQ_DOWN", 0x15, 0x8500),
        ("KEY_SYSREQ_UP", 0x15, 0x8501),
    ];
    for (name, vector, call) in calls {
        c.label(name)?;
        eoi(c)?;
        c.a.mov(al, 0xAE)?;
        c.a.out(0x64, al)?;
        c.a.mov(ax, call)?;
        c.a.int(u32::from(vector))?;
        c.a.jmp(finish)?;
    }
    c.label("KEY_PAUSE")?;
    c.a.push(ds)?;
    eoi(c)?;
    c.a.mov(al, 0xAE)?;
    c.a.out(0x64, al)?;
    c.a.mov(ax, 0x40)?;
    c.a.mov(ds, ax)?;
    let mut paused = c.a.create_label();
    c.a.set_label(&mut paused)?;
    c.a.sti()?;
    c.a.hlt()?;
    c.a.test(byte_ptr(0x18), 8)?;
    c.a.jnz(paused)?;
    c.a.pop(ds)?;
    c.a.set_label(&mut finish)?;
    c.a.pop(ax)?;
    c.a.iret()
}

/// INT 0Eh: the diskette controller is done: bit 7 of 40:3Eh.
fn diskette(c: &mut Code) -> Asm {
    c.label("INT0E")?;
    data_segment(c)?;
    c.a.or(byte_ptr(0x3E), 0x80u32)?;
    eoi(c)?;
    c.a.mov(ax, 0x9101)?;
    c.a.int(0x15)?;
    c.a.pop(ds)?;
    c.a.pop(ax)?;
    c.a.iret()
}

/// INT 70h: the firmware reads the clock's register C; an alarm goes to INT 4Ah.
fn clock(c: &mut Code) -> Asm {
    let mut no_alarm = c.a.create_label();
    c.label("INT70")?;
    c.a.push(ax)?;
    c.trap("INT70")?;
    c.a.test(al, al)?;
    c.a.jz(no_alarm)?;
    c.a.sti()?;
    c.a.int(0x4A)?;
    c.a.cli()?;
    c.a.set_label(&mut no_alarm)?;
    eoi_both(c)?;
    c.a.pop(ax)?;
    c.a.iret()
}

/// IRQ 9 goes on as IRQ 2 did on the PC, the coprocessor's error as NMI, the fixed disk sets 40:8Eh.
fn slaves(c: &mut Code) -> Asm {
    c.label("INT71")?;
    c.a.push(ax)?;
    c.a.mov(al, 0x20)?;
    c.a.out(0xA0, al)?;
    c.a.pop(ax)?;
    c.a.int(0x0A)?;
    c.a.iret()?;
    c.label("INT75")?;
    c.a.push(ax)?;
    c.a.xor(al, al)?;
    c.a.out(0xF0, al)?;
    eoi_both(c)?;
    c.a.pop(ax)?;
    c.a.int(0x02)?;
    c.a.iret()?;
    c.label("INT76")?;
    data_segment(c)?;
    c.a.mov(byte_ptr(0x8E), 0xFFu32)?;
    eoi_both(c)?;
    c.a.mov(ax, 0x9100)?;
    c.a.int(0x15)?;
    c.a.pop(ds)?;
    c.a.pop(ax)?;
    c.a.iret()
}

/// INT 74h: the firmware takes a byte; a whole packet goes to the driver's handler at 22h of the EBDA, as four words on
/// the stack [PS/2 BIOS, "Pointing Device BIOS Interface"].
fn mouse(c: &mut Code) -> Asm {
    let mut done = c.a.create_label();
    let saved = [ax, bx, cx, dx, si, di, bp];
    c.label("INT74")?;
    saved.into_iter().try_for_each(|register| c.a.push(register))?;
    c.a.push(ds)?;
    c.a.push(es)?;
    c.trap("INT74")?;
    c.a.test(al, al)?;
    c.a.jz(done)?;
    for word in [bx, cx, dx, si] {
        c.a.push(word)?;
    }
    c.a.mov(ax, 0x40)?;
    c.a.mov(ds, ax)?;
    c.a.mov(ds, word_ptr(0x0E))?;
    c.a.sti()?;
    c.a.cld()?;
    c.a.call(dword_ptr(0x22))?;
    c.a.cli()?;
    c.a.add(sp, 8)?;
    c.a.set_label(&mut done)?;
    eoi_both(c)?;
    c.a.pop(es)?;
    c.a.pop(ds)?;
    saved.into_iter().rev().try_for_each(|register| c.a.pop(register))?;
    c.a.iret()
}

/// Interrupts nobody waits for. A spurious one has no in-service bit and gets no EOI [8259A, "Spurious Interrupt"].
fn unexpected(c: &mut Code) -> Asm {
    let mut spurious = c.a.create_label();
    c.label("IRQ_MASTER")?;
    data_segment(c)?;
    c.a.mov(al, 0x0B)?;
    c.a.out(0x20, al)?;
    c.a.in_(al, 0x20)?;
    c.a.mov(byte_ptr(0x6B), al)?;
    c.a.test(al, al)?;
    c.a.jz(spurious)?;
    eoi(c)?;
    c.a.set_label(&mut spurious)?;
    c.a.pop(ds)?;
    c.a.pop(ax)?;
    c.a.iret()?;
    let mut only_master = c.a.create_label();
    c.label("IRQ_SLAVE")?;
    c.a.push(ax)?;
    c.a.mov(al, 0x0B)?;
    c.a.out(0xA0, al)?;
    c.a.in_(al, 0xA0)?;
    c.a.test(al, al)?;
    c.a.mov(al, 0x20)?;
    c.a.jz(only_master)?;
    c.a.out(0xA0, al)?;
    c.a.set_label(&mut only_master)?;
    c.a.out(0x20, al)?;
    c.a.pop(ax)?;
    c.a.iret()
}
