//! Setting up the processor during POST.

use super::asm::{Asm, Code};
use iced_x86::CpuidFeature;
use iced_x86::code_asm::*;

/// FLAGS bits 12 to 15: all ones on the 8086, all zeros on an 80286 in real mode.
const HIGH_FLAGS: i32 = 0xF000;
/// EFLAGS.AC, which came with the 80486.
const ALIGNMENT_CHECK: u32 = 1 << 18;
/// EFLAGS.ID, which can be changed where there is CPUID.
const IDENTIFICATION: u32 = 1 << 21;
/// All of CR0 but CD and NW.
const CACHE_ON: u32 = !(3 << 29);

/// Switches the cache on where there is one. RESET leaves CR0.CD and CR0.NW set on an 80486 and later; systems that
/// read CR0 expect what a BIOS leaves. Changes EAX and ECX, keeps FLAGS (NT above all); needs a stack.
pub(crate) fn enable_cache(c: &mut Code) -> Asm {
    c.allow(&[CpuidFeature::INTEL386]);
    let mut done = c.a.create_label();
    c.a.pushf()?;
    load_high_flags(c, 0x0FFF, 0)?;
    c.a.cmp(ax, HIGH_FLAGS)?;
    c.a.je(done)?;
    load_high_flags(c, 0xFFFF, HIGH_FLAGS)?;
    c.a.jz(done)?;
    try_flag(c, ALIGNMENT_CHECK)?;
    c.a.je(done)?;
    c.a.mov(eax, cr0)?;
    c.a.and(eax, CACHE_ON)?;
    c.a.mov(cr0, eax)?;
    c.place("POST_CACHE_ON", &mut done)?;
    c.a.popf()
}

/// What CPUID says: signature in EAX, features in EDX, vendor in ESI, EDI and EBP; zeros without it. For an 80386 or
/// later; changes all registers.
pub(crate) fn identify(c: &mut Code) -> Asm {
    c.allow(&[CpuidFeature::CPUID]);
    let mut done = c.a.create_label();
    try_flag(c, IDENTIFICATION)?;
    c.a.mov(eax, 0)?;
    for register in [edx, esi, edi, ebp] {
        c.a.mov(register, eax)?;
    }
    c.a.je(done)?;
    c.a.cpuid()?;
    c.a.mov(esi, ebx)?;
    c.a.mov(edi, edx)?;
    c.a.mov(ebp, ecx)?;
    c.a.mov(eax, 1)?;
    c.a.cpuid()?;
    c.place("POST_IDENTIFIED", &mut done)
}

/// Tries to change a bit of EFLAGS: ZF says that it cannot be changed. Changes EAX and ECX; for an 80386 or later.
pub(crate) fn try_flag(c: &mut Code, bit: u32) -> Asm {
    c.a.pushfd()?;
    c.a.pop(eax)?;
    c.a.mov(ecx, eax)?;
    c.a.xor(eax, bit)?;
    c.a.push(eax)?;
    c.a.popfd()?;
    c.a.pushfd()?;
    c.a.pop(eax)?;
    c.a.push(ecx)?;
    c.a.popfd()?;
    c.a.cmp(eax, ecx)
}

/// FLAGS, kept by `keep` and with `set` added, to FLAGS and back to AX; AX keeps the high four bits.
fn load_high_flags(c: &mut Code, keep: i32, set: i32) -> Asm {
    c.a.pushf()?;
    c.a.pop(ax)?;
    c.a.and(ax, keep)?;
    c.a.or(ax, set)?;
    c.a.push(ax)?;
    c.a.popf()?;
    c.a.pushf()?;
    c.a.pop(ax)?;
    c.a.and(ax, HIGH_FLAGS)
}
