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

/// MSRs of the fixed ranges: write-back up to 640 KiB, uncached up to 768 KiB, write-protected ROM up to 1 MiB
/// [SDM 3A, "MTRR Feature Identification"; SDM 3A, "Fixed Range MTRRs"].
const FIXED_RANGES: [(u32, u32); 11] = [
    (0x250, 0x0606_0606),
    (0x258, 0x0606_0606),
    (0x259, 0x0000_0000),
    (0x268, 0x0505_0505),
    (0x269, 0x0505_0505),
    (0x26A, 0x0505_0505),
    (0x26B, 0x0505_0505),
    (0x26C, 0x0505_0505),
    (0x26D, 0x0505_0505),
    (0x26E, 0x0505_0505),
    (0x26F, 0x0505_0505),
];
/// CPUID's feature bit of these registers.
const MTRR: u32 = 1 << 12;
/// The uncached range of devices: from here to 4 GiB.
const DEVICES: u32 = 0xE000_0000;

/// Sets the memory types where CPUID said in EDX that there are some. Changes all registers.
pub(crate) fn memory_types(c: &mut Code) -> Asm {
    c.allow(&[CpuidFeature::MSR]);
    let [mut done, mut known] = [(); 2].map(|()| c.a.create_label());
    c.a.test(edx, MTRR)?;
    c.a.jz(done)?;
    for (register, types) in FIXED_RANGES {
        set_msr(c, register, types, types)?;
    }
    set_msr(c, 0x200, DEVICES, 0)?;
    // Bits of a physical address: 36 where CPUID does not tell.
    c.a.mov(eax, 0x8000_0000u32)?;
    c.a.cpuid()?;
    c.a.cmp(eax, 0x8000_0008u32)?;
    c.a.mov(eax, 36)?;
    c.a.jb(known)?;
    c.a.mov(eax, 0x8000_0008u32)?;
    c.a.cpuid()?;
    c.a.set_label(&mut known)?;
    c.a.mov(cl, al)?;
    c.a.sub(cl, 32)?;
    c.a.mov(edx, 1)?;
    c.a.shl(edx, cl)?;
    c.a.dec(edx)?;
    c.a.mov(ecx, 0x201)?;
    c.a.mov(eax, DEVICES | 0x800)?;
    c.a.wrmsr()?;
    // On, fixed ranges too; write-back where no range says otherwise.
    set_msr(c, 0x2FF, 0xC06, 0)?;
    c.place("POST_TYPES_SET", &mut done)
}

fn set_msr(c: &mut Code, register: u32, low: u32, high: u32) -> Asm {
    c.a.mov(ecx, register)?;
    c.a.mov(eax, low)?;
    c.a.mov(edx, high)?;
    c.a.wrmsr()
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
