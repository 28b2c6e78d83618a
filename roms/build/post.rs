//! Power-on self test and boot in ROM: everything that calls other ROMs or may wait; the work is the firmware's.

use super::asm::{Asm, Code};
use super::processor::{enable_cache, identify, memory_types};
use iced_x86::code_asm::*;

/// All of it.
pub(crate) fn code(c: &mut Code) -> Asm {
    entry(c)?;
    normal(c)?;
    bootstrap(c)?;
    boot_failed(c)
}

/// The reset entry: the shutdown byte of the CMOS says whether this is a reset at all
/// [IBM AT TRM, "Shutdown Byte", CMOS 0Fh].
fn entry(c: &mut Code) -> Asm {
    let mut cold = c.a.create_label();
    let mut eoi_jump = c.a.create_label();
    let mut jump = c.a.create_label();
    c.label("POST")?;
    c.a.cli()?;
    c.a.cld()?;
    c.a.mov(al, 0x8F)?;
    c.a.out(0x70, al)?;
    c.a.in_(al, 0x71)?;
    c.a.mov(bl, al)?;
    c.a.mov(al, 0x8F)?;
    c.a.out(0x70, al)?;
    c.a.mov(al, 0)?;
    c.a.out(0x71, al)?;
    // A keyboard controller resets the CPU for a shutdown with its output buffer empty; a cold start sets its system
    // flag only later, but a CMOS that lost power holds FFh or 00h, so the code alone decides.
    c.a.mov(ax, 0x40)?;
    c.a.mov(ds, ax)?;
    c.a.cmp(bl, 5)?;
    c.a.je(eoi_jump)?;
    c.a.cmp(bl, 0x0A)?;
    c.a.je(jump)?;
    shutdown_stacks(c)?;
    c.a.jmp(cold)?;
    c.a.set_label(&mut eoi_jump)?;
    c.a.mov(al, 0x20)?;
    c.a.out(0xA0, al)?;
    c.a.out(0x20, al)?;
    c.a.set_label(&mut jump)?;
    c.a.jmp(dword_ptr(0x67))?;
    c.place("POST_COLD", &mut cold)
}

/// Shutdown codes 9 (end of a block move), 0Bh (IRET) and 0Ch (RETF): 40:67h holds a stack.
fn shutdown_stacks(c: &mut Code) -> Asm {
    let mut not_9 = c.a.create_label();
    let mut not_b = c.a.create_label();
    let mut not_c = c.a.create_label();
    c.a.cmp(bl, 9)?;
    c.a.jne(not_9)?;
    load_stack(c)?;
    c.a.pop(ds)?;
    c.a.pop(es)?;
    for register in [di, si, bp, bx, bx, dx, cx, ax] {
        c.a.pop(register)?;
    }
    c.a.iret()?;
    c.a.set_label(&mut not_9)?;
    c.a.cmp(bl, 0x0B)?;
    c.a.jne(not_b)?;
    load_stack(c)?;
    c.a.iret()?;
    c.a.set_label(&mut not_b)?;
    c.a.cmp(bl, 0x0C)?;
    c.a.jne(not_c)?;
    load_stack(c)?;
    c.a.retf()?;
    c.a.set_label(&mut not_c)?;
    c.a.nop()
}

fn load_stack(c: &mut Code) -> Asm {
    c.a.mov(ss, word_ptr(0x69))?;
    c.a.mov(sp, word_ptr(0x67))
}

/// The test proper: chips and tables, the video ROM, other ROMs, keyboard and drives.
fn normal(c: &mut Code) -> Asm {
    c.a.xor(ax, ax)?;
    c.a.mov(ss, ax)?;
    c.a.mov(sp, 0x7C00)?;
    enable_cache(c)?;
    c.trap("POST_CHIPS")?;
    let rom_loop = c.label("POST_ROM_LOOP")?;
    let mut scanned = c.a.create_label();
    c.trap("POST_NEXT_ROM")?;
    c.a.test(al, al)?;
    c.a.jz(scanned)?;
    c.a.mov(ax, 0x40)?;
    c.a.mov(ds, ax)?;
    c.a.call(dword_ptr(0x67))?;
    c.a.cli()?;
    c.a.cld()?;
    c.a.jmp(rom_loop)?;
    c.place("POST_SCANNED", &mut scanned)?;
    let devices = c.label("POST_DEVICES_LOOP")?;
    let mut done = c.a.create_label();
    let mut spin = c.a.create_label();
    c.trap("POST_DEVICES")?;
    c.a.test(al, al)?;
    c.a.jz(done)?;
    c.a.mov(cx, 200)?;
    c.a.set_label(&mut spin)?;
    c.a.loop_(spin)?;
    c.a.jmp(devices)?;
    c.place("POST_DONE", &mut done)?;
    c.trap("POST_END")?;
    let mut start = c.a.create_label();
    c.place("POST_START", &mut start)?;
    c.a.sti()?;
    c.a.int(0x19)?;
    // The firmware comes here from the end of the test on a machine with PCI.
    c.label("POST_PLATFORM")?;
    identify(c)?;
    c.trap("POST_PLATFORM")?;
    memory_types(c)?;
    c.a.jmp(start)
}

/// INT 19h: the firmware names one read at a time, and INT 13h does it.
fn bootstrap(c: &mut Code) -> Asm {
    c.label("INT19")?;
    c.a.cld()?;
    c.a.xor(ax, ax)?;
    c.a.mov(ds, ax)?;
    c.a.cli()?;
    c.a.mov(ss, ax)?;
    c.a.mov(sp, 0x7C00)?;
    c.a.sti()?;
    // The firmware chooses what follows: one of the three labels.
    c.trap("BOOT_START")?;
    c.label("BOOT_INT13")?;
    c.a.int(0x13)?;
    c.a.cld()?;
    c.trap("BOOT_READ")?;
    c.label("BOOT_FAILED")?;
    c.a.int(0x18)?;
    // The registers of a boot sector: DL is the drive, the stack holds its address.
    c.label("BOOT_JUMP")?;
    c.a.xor(ax, ax)?;
    c.a.mov(ds, ax)?;
    c.a.mov(es, ax)?;
    c.a.retf()
}

/// INT 18h: no device could be booted. The message goes out through INT 10h, character by character.
fn boot_failed(c: &mut Code) -> Asm {
    c.label("INT18")?;
    c.a.sti()?;
    c.a.cld()?;
    c.a.xor(si, si)?;
    let next = c.label("BOOT_MESSAGE_LOOP")?;
    let mut halt = c.a.create_label();
    c.trap("BOOT_MESSAGE")?;
    c.a.test(al, al)?;
    c.a.jz(halt)?;
    c.a.mov(ah, 0x0E)?;
    c.a.mov(bx, 7)?;
    c.a.int(0x10)?;
    c.a.inc(si)?;
    c.a.jmp(next)?;
    c.place("BOOT_HALT", &mut halt)?;
    c.a.cli()?;
    c.a.hlt()?;
    c.a.jmp(halt)
}
