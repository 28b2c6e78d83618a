//! Interrupts past the 8259A: the local APIC's timer and its commands, the 8254 and the HPET through the I/O APIC, NMI.
//!
//! It runs in real mode with a data segment of 4 GiB. Each handler mixes what the main loop has counted into a sum, so
//! that the state depends on the instruction at which every interrupt came.

use super::{Asm, Program, Tables, descriptor, floppy, table_register};
use crate::session::SharedDisk;
use iced_x86::IcedError;
use iced_x86::code_asm::*;

/// What the program prints when each source has interrupted often enough.
pub const END: &str = "All sources heard.";

/// A floppy with the program.
pub fn disk() -> Result<SharedDisk, IcedError> {
    floppy(code, tables)
}

/// Interrupts by source, the main loop's count, the sum.
const COUNTS: u32 = 0x7000;
const LOOPS: u32 = 0x7020;
const SUM: u32 = 0x7024;
/// Handlers: vector, name, whether it ends with an EOI.
const SOURCES: [(u32, &str, bool); 5] = [
    (0x60, "8254", true),
    (0x71, "apic timer", true),
    (0x82, "hpet", true),
    (0x93, "command", true),
    (0x02, "nmi", false),
];
/// Interrupts of each source to wait for.
const ENOUGH: u32 = 40;

const LOCAL: u32 = 0xFEE0_0000;
const IO: u32 = 0xFEC0_0000;
const HPET: u32 = 0xFED0_0000;

const GDT: u16 = 0x9D00;
const GDTR: u16 = 0x9CE0;
const REAL_IDTR: u16 = 0x9CF8;
/// Selector of the segment of 4 GiB.
const BIG: u32 = 0x18;

fn tables(_p: &Program) -> Tables {
    let mut big = descriptor(0, 0xFFFF, 0x92);
    big[6] = 0xCF;
    let gdt = [[0; 8], descriptor(0, 0xFFFF, 0x9A), descriptor(0, 0xFFFF, 0x92), big];
    vec![
        (GDT, gdt.concat()),
        (GDTR, table_register(GDT, 0x1F).to_vec()),
        (REAL_IDTR, table_register(0, 0x3FF).to_vec()),
    ]
}

fn code(p: &mut Program) -> Asm {
    p.print("APICs\r\n")?;
    p.enter_protected(GDTR, REAL_IDTR, "protected")?;
    p.a.mov(ax, BIG)?;
    p.a.mov(fs, ax)?;
    p.leave_by_cr0(REAL_IDTR, "real")?;
    for (n, (vector, name, _)) in SOURCES.into_iter().enumerate() {
        p.a.mov(word_ptr(vector * 4), p.at(name))?;
        p.a.mov(word_ptr(vector * 4 + 2), 0)?;
        p.a.mov(word_ptr(COUNTS + 2 * n as u32), 0)?;
    }
    p.a.mov(dword_ptr(LOOPS), 0)?;
    p.a.mov(dword_ptr(SUM), 0)?;
    program_chips(p)?;
    p.a.sti()?;
    main_loop(p)?;
    p.print(END)?;
    let mut idle = p.a.create_label();
    p.a.set_label(&mut idle)?;
    p.a.hlt()?;
    p.a.jmp(idle)?;
    SOURCES.into_iter().enumerate().try_for_each(|(n, (_, name, ends))| handler(p, n as u32, name, ends))
}

/// Stores to registers of a chip.
fn store(p: &mut Program, base: u32, writes: &[(u32, u32)]) -> Asm {
    p.a.mov(ebx, base)?;
    for &(offset, value) in writes {
        p.a.mov(dword_ptr(ebx + offset).fs(), value)?;
    }
    Ok(())
}

fn program_chips(p: &mut Program) -> Asm {
    // The 8259As keep quiet; the 8254 ticks every millisecond.
    for (port, value) in [(0x21, 0xFF), (0xA1, 0xFF), (0x43, 0x34), (0x40, 1193 & 0xFF), (0x40, 1193 >> 8)] {
        p.a.mov(al, value)?;
        p.a.out(port, al)?;
    }
    store(p, LOCAL, &[(0xF0, 0x1FF), (0x350, 0x1_0700), (0x3E0, 0xB), (0x320, 0x2_0071), (0x380, 777_777)])?;
    store(p, IO, &[(0, 0x14), (0x10, 0x60), (0, 0x30), (0x10, 0x82)])?;
    // Timer 2: edges at input 16, 32 bits, periodic.
    store(p, HPET, &[(0x140, 16 << 9 | 0x14C), (0x148, 5_000), (0x148, 123_456), (0x10, 1)])
}

/// Counts; sends itself an interrupt and an NMI now and then; until all have come often enough.
fn main_loop(p: &mut Program) -> Asm {
    let (mut next, mut look) = (p.a.create_label(), p.a.create_label());
    p.a.set_label(&mut next)?;
    p.a.inc(dword_ptr(LOOPS))?;
    p.a.test(word_ptr(LOOPS), 0x3FF)?;
    p.a.jnz(look)?;
    store(p, LOCAL, &[(0x300, 0x4_4093), (0x310, 0), (0x300, 0x4400)])?;
    p.a.set_label(&mut look)?;
    for n in 0..SOURCES.len() as u32 {
        p.a.cmp(word_ptr(COUNTS + 2 * n), ENOUGH)?;
        p.a.jb(next)?;
    }
    p.a.nop()
}

fn handler(p: &mut Program, n: u32, name: &'static str, ends: bool) -> Asm {
    p.label(name)?;
    p.a.push(eax)?;
    p.a.push(ebx)?;
    p.a.inc(word_ptr(COUNTS + 2 * n))?;
    p.a.mov(eax, dword_ptr(SUM))?;
    p.a.rol(eax, 5)?;
    p.a.xor(eax, dword_ptr(LOOPS))?;
    p.a.add(eax, n)?;
    p.a.mov(dword_ptr(SUM), eax)?;
    if ends {
        store(p, LOCAL, &[(0xB0, 0)])?;
    }
    p.a.pop(ebx)?;
    p.a.pop(eax)?;
    p.a.iret()
}
