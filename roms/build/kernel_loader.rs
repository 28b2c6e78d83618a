//! An option ROM that loads a kernel through fw_cfg instead of booting from a disk, under any firmware: it takes INT 19h
//! [Phoenix BIOS Boot Specification, "Legacy IPL devices"; fw_cfg, "DMA interface"].

use super::asm::{Asm, Code, Rom};
use super::loader::{MOST_RANGES, PROTECTED_MODE, RANGE, SCRIPT_KEY, field};
use iced_x86::code_asm::*;
use iced_x86::{CpuidFeature, IcedError};

/// Bytes of the ROM.
const SIZE: usize = 2048;
/// Where INT 19h enters, and the first byte of the code.
const BOOT_ENTRY: u16 = 0x06;
const CODE: u16 = 0x20;
/// The descriptor table and the protected-mode part.
const DESCRIPTORS: u16 = 0x700;
const START_32: u16 = 0x720;
const MESSAGE: u16 = 0x780;
/// Scratch memory in segment 0: a DMA request, a descriptor table register, the number of ranges, the script.
const REQUEST: u32 = 0x5000;
const GDTR: u32 = 0x5010;
const RANGES: u32 = 0x5018;
const SCRIPT: u32 = 0x5100;
/// Bytes of the longest script.
const SCRIPT_BYTES: u32 = 1024;
/// Selector, data and DMA ports.
const SELECTOR: u32 = 0x510;
const DATA: u32 = 0x511;
const DMA_HIGH: u32 = 0x514;
const DMA_LOW: u32 = 0x518;
/// DMA control: select the item in the upper half, read; or an error.
const SELECT_AND_READ: i32 = 0x0A;
const ERROR: i32 = 0x01;
/// "SMAP".
const SMAP: u32 = 0x534D_4150;

fn script(offset: u16) -> u32 {
    SCRIPT + u32::from(offset)
}

/// Places that are called or jumped to from afar.
#[derive(Clone, Copy)]
struct Places {
    /// Turns the bytes of EAX around.
    swap: CodeLabel,
    /// ES:DI from the linear address in EAX.
    point: CodeLabel,
    /// Says so and stops.
    failed: CodeLabel,
}

/// The ROM.
pub(crate) fn build() -> Result<Vec<u8>, IcedError> {
    let mut c = Code::new()?;
    c.allow(&[CpuidFeature::INTEL386, CpuidFeature::INTEL286]);
    let mut label = || c.a.create_label();
    let places = Places { swap: label(), point: label(), failed: label() };
    install(&mut c)?;
    script_of_fw_cfg(&mut c)?;
    load_chunks(&mut c, places)?;
    memory_map(&mut c, places)?;
    memory_sizes(&mut c, places)?;
    patches(&mut c, places)?;
    start_real(&mut c)?;
    start_protected(&mut c)?;
    helpers(&mut c, places)?;
    let code = c.finish(CODE)?;
    let mut rom = Rom::new(SIZE);
    rom.put(0, &[0x55, 0xAA, (SIZE / 512) as u8]);
    rom.jump(3, code.offset("LOADER_INSTALL"));
    rom.jump(BOOT_ENTRY, code.offset("LOADER_BOOT"));
    rom.put(CODE, &code.bytes);
    rom.put(DESCRIPTORS, &descriptors());
    rom.put(START_32, &start_32()?);
    rom.put(MESSAGE, b"The kernel could not be copied into memory.\r\n\0");
    Ok(rom.checksum())
}

/// Null, flat code, flat data.
fn descriptors() -> Vec<u8> {
    let flat = |access| [0xFF, 0xFF, 0, 0, 0, access, 0xCF, 0];
    [[0; 8], flat(0x9B), flat(0x93)].concat()
}

/// The firmware's call: INT 19h comes here from now on.
fn install(c: &mut Code) -> Asm {
    c.label("LOADER_INSTALL")?;
    c.a.push(ax)?;
    c.a.push(ds)?;
    c.a.xor(ax, ax)?;
    c.a.mov(ds, ax)?;
    c.a.mov(word_ptr(0x19 * 4), u32::from(BOOT_ENTRY))?;
    c.a.mov(word_ptr(0x19 * 4 + 2), cs)?;
    c.a.pop(ds)?;
    c.a.pop(ax)?;
    c.a.retf()
}

/// A stack, the gate of A20, the script.
fn script_of_fw_cfg(c: &mut Code) -> Asm {
    c.label("LOADER_BOOT")?;
    c.a.cld()?;
    c.a.cli()?;
    c.a.xor(ax, ax)?;
    c.a.mov(ss, ax)?;
    c.a.mov(sp, REQUEST)?;
    c.a.sti()?;
    c.a.mov(ax, 0x2401)?;
    c.a.int(0x15)?;
    c.a.in_(al, 0x92)?;
    c.a.or(al, 2)?;
    c.a.and(al, !1)?;
    c.a.out(0x92, al)?;
    c.a.xor(ax, ax)?;
    c.a.mov(es, ax)?;
    c.a.mov(ds, ax)?;
    c.a.mov(dx, SELECTOR)?;
    c.a.mov(ax, u32::from(SCRIPT_KEY))?;
    c.a.out(dx, ax)?;
    c.a.mov(dx, DATA)?;
    c.a.mov(di, SCRIPT)?;
    c.a.mov(cx, SCRIPT_BYTES)?;
    let mut next = c.a.create_label();
    c.a.set_label(&mut next)?;
    c.a.in_(al, dx)?;
    c.a.stosb()?;
    c.a.loop_(next)
}

/// Lets fw_cfg copy each chunk: a request of control, length and address, all big-endian.
fn load_chunks(c: &mut Code, places: Places) -> Asm {
    let mut next = c.a.create_label();
    let mut done = c.a.create_label();
    c.a.mov(si, script(field::FIRST_CHUNK))?;
    c.a.mov(cx, word_ptr(script(field::CHUNKS)))?;
    c.a.set_label(&mut next)?;
    c.a.jcxz(done)?;
    c.a.mov(eax, dword_ptr(si))?;
    c.a.shl(eax, 16)?;
    c.a.mov(al, SELECT_AND_READ)?;
    c.a.call(places.swap)?;
    c.a.mov(dword_ptr(REQUEST), eax)?;
    for (from, to) in [(8, REQUEST + 4), (4, REQUEST + 12)] {
        c.a.mov(eax, dword_ptr(si + from))?;
        c.a.call(places.swap)?;
        c.a.mov(dword_ptr(to), eax)?;
    }
    c.a.xor(eax, eax)?;
    c.a.mov(dword_ptr(REQUEST + 8), eax)?;
    request(c, places)?;
    c.a.add(si, 12)?;
    c.a.dec(cx)?;
    c.a.jmp(next)?;
    c.place("LOADER_LOADED", &mut done)
}

/// Hands the request over and waits for its end.
fn request(c: &mut Code, places: Places) -> Asm {
    let mut wait = c.a.create_label();
    c.a.mov(dx, DMA_HIGH)?;
    c.a.out(dx, eax)?;
    c.a.mov(eax, REQUEST)?;
    c.a.call(places.swap)?;
    c.a.mov(dx, DMA_LOW)?;
    c.a.out(dx, eax)?;
    c.a.set_label(&mut wait)?;
    c.a.mov(eax, dword_ptr(REQUEST))?;
    c.a.call(places.swap)?;
    c.a.test(al, ERROR)?;
    c.a.jnz(places.failed)?;
    c.a.test(eax, eax)?;
    c.a.jnz(wait)
}

/// The firmware's memory map, each range behind its prefix [ACPI, "INT 15H, E820H"].
fn memory_map(c: &mut Code, places: Places) -> Asm {
    let mut next = c.a.create_label();
    let mut no_prefix = c.a.create_label();
    let mut done = c.a.create_label();
    c.a.xor(ebp, ebp)?;
    c.a.mov(eax, dword_ptr(script(field::MAP)))?;
    c.a.test(eax, eax)?;
    c.a.jz(done)?;
    c.a.call(places.point)?;
    c.a.xor(ebx, ebx)?;
    c.a.set_label(&mut next)?;
    c.a.mov(eax, 20)?;
    c.a.cmp(word_ptr(script(field::PREFIX)), 0)?;
    c.a.je(no_prefix)?;
    c.a.stosd()?;
    c.a.set_label(&mut no_prefix)?;
    c.a.mov(eax, 0xE820)?;
    c.a.mov(edx, SMAP)?;
    c.a.mov(ecx, 20)?;
    c.a.int(0x15)?;
    c.a.jc(done)?;
    c.a.cmp(eax, SMAP)?;
    c.a.jne(done)?;
    c.a.add(di, i32::from(RANGE))?;
    c.a.sub(di, word_ptr(script(field::PREFIX)))?;
    c.a.inc(bp)?;
    c.a.cmp(bp, MOST_RANGES as i32)?;
    c.a.jae(done)?;
    c.a.test(ebx, ebx)?;
    c.a.jnz(next)?;
    c.place("LOADER_MAPPED", &mut done)?;
    c.a.mov(dword_ptr(RANGES), ebp)
}

/// KiB below 1 MiB, and above it up to the first hole.
fn memory_sizes(c: &mut Code, places: Places) -> Asm {
    let mut done = c.a.create_label();
    let mut counted = c.a.create_label();
    c.a.mov(eax, dword_ptr(script(field::LOWER)))?;
    c.a.test(eax, eax)?;
    c.a.jz(done)?;
    c.a.call(places.point)?;
    c.a.int(0x12)?;
    c.a.movzx(eax, ax)?;
    c.a.stosd()?;
    c.a.mov(eax, dword_ptr(script(field::UPPER)))?;
    c.a.call(places.point)?;
    c.a.xor(ebx, ebx)?;
    c.a.xor(eax, eax)?;
    c.a.mov(ax, 0xE801)?;
    c.a.int(0x15)?;
    c.a.jnc(counted)?;
    c.a.xor(bx, bx)?;
    c.a.mov(ah, 0x88)?;
    c.a.int(0x15)?;
    c.a.set_label(&mut counted)?;
    c.a.movzx(eax, ax)?;
    c.a.movzx(ebx, bx)?;
    c.a.shl(ebx, 6)?;
    c.a.add(eax, ebx)?;
    c.a.stosd()?;
    c.place("LOADER_SIZED", &mut done)
}

/// Numbers that depend on how many ranges there are; behind the ranges an end tag of multiboot 2.
fn patches(c: &mut Code, places: Places) -> Asm {
    let mut next = c.a.create_label();
    let mut done = c.a.create_label();
    let mut no_map = c.a.create_label();
    c.a.mov(eax, dword_ptr(script(field::MAP)))?;
    c.a.test(eax, eax)?;
    c.a.jz(no_map)?;
    c.a.imul_3(ebx, dword_ptr(RANGES), u32::from(RANGE))?;
    c.a.add(eax, ebx)?;
    c.a.call(places.point)?;
    c.a.xor(eax, eax)?;
    c.a.stosd()?;
    c.a.mov(al, 8)?;
    c.a.stosd()?;
    c.a.set_label(&mut no_map)?;
    c.a.mov(si, script(field::FIRST_PATCH))?;
    c.a.mov(cx, word_ptr(script(field::PATCHES)))?;
    c.a.set_label(&mut next)?;
    c.a.jcxz(done)?;
    c.a.mov(eax, dword_ptr(si))?;
    c.a.call(places.point)?;
    c.a.mov(eax, dword_ptr(si + 4))?;
    c.a.mul(dword_ptr(RANGES))?;
    c.a.add(eax, dword_ptr(si + 8))?;
    c.a.stosd()?;
    c.a.add(si, 12)?;
    c.a.dec(cx)?;
    c.a.jmp(next)?;
    c.place("LOADER_PATCHED", &mut done)
}

/// Linux: all data segments alike, and a far jump.
fn start_real(c: &mut Code) -> Asm {
    let mut protected = c.a.create_label();
    c.a.cli()?;
    c.a.cmp(word_ptr(script(field::KIND)), i32::from(PROTECTED_MODE))?;
    c.a.je(protected)?;
    c.a.mov(ax, word_ptr(script(field::SEGMENT)))?;
    c.a.mov(bx, word_ptr(script(field::STACK)))?;
    c.a.mov(ecx, dword_ptr(script(field::ENTRY)))?;
    c.a.mov(ss, ax)?;
    c.a.mov(sp, bx)?;
    c.a.push(ecx)?;
    for register in [ds, es, fs, gs] {
        c.a.mov(register, ax)?;
    }
    c.a.xor(eax, eax)?;
    for register in [ebx, ecx, edx, esi, edi, ebp] {
        c.a.xor(register, register)?;
    }
    c.a.retf()?;
    c.place("LOADER_PROTECTED", &mut protected)
}

/// A descriptor table, protected mode, and a jump to [`start_32`] by its linear address.
fn start_protected(c: &mut Code) -> Asm {
    c.a.xor(eax, eax)?;
    c.a.mov(ax, cs)?;
    c.a.shl(eax, 4)?;
    c.a.add(eax, u32::from(DESCRIPTORS))?;
    c.a.mov(word_ptr(GDTR), 23)?;
    c.a.mov(dword_ptr(GDTR + 2), eax)?;
    c.a.add(eax, u32::from(START_32 - DESCRIPTORS))?;
    c.a.mov(dword_ptr(GDTR + 8), eax)?;
    c.a.mov(word_ptr(GDTR + 12), 8)?;
    c.a.lgdt(ptr(GDTR))?;
    c.a.mov(eax, cr0)?;
    c.a.or(al, 1)?;
    c.a.mov(cr0, eax)?;
    c.a.jmp(fword_ptr(GDTR + 8))
}

/// Flat segments, the kernel's registers, and the kernel.
fn start_32() -> Result<Vec<u8>, IcedError> {
    let mut a = CodeAssembler::new(32)?;
    a.mov(ax, 0x10)?;
    for register in [ds, es, fs, gs, ss] {
        a.mov(register, ax)?;
    }
    a.mov(esp, REQUEST)?;
    a.mov(eax, dword_ptr(script(field::EAX)))?;
    a.mov(ebx, dword_ptr(script(field::EBX)))?;
    a.xor(ecx, ecx)?;
    a.xor(ebp, ebp)?;
    a.jmp(dword_ptr(script(field::ENTRY)))?;
    a.assemble(u64::from(START_32))
}

fn helpers(c: &mut Code, mut places: Places) -> Asm {
    c.a.set_label(&mut places.swap)?;
    c.a.xchg(al, ah)?;
    c.a.rol(eax, 16)?;
    c.a.xchg(al, ah)?;
    c.a.ret()?;
    c.a.set_label(&mut places.point)?;
    c.a.mov(edi, eax)?;
    c.a.shr(eax, 4)?;
    c.a.mov(es, ax)?;
    c.a.and(di, 15)?;
    c.a.ret()?;
    c.a.set_label(&mut places.failed)?;
    let (mut next, mut halt) = (c.a.create_label(), c.a.create_label());
    c.a.mov(si, u32::from(MESSAGE))?;
    c.a.set_label(&mut next)?;
    c.a.mov(al, byte_ptr(si).cs())?;
    c.a.inc(si)?;
    c.a.test(al, al)?;
    c.a.jz(halt)?;
    c.a.mov(ah, 0x0E)?;
    c.a.mov(bx, 7)?;
    c.a.int(0x10)?;
    c.a.jmp(next)?;
    c.a.set_label(&mut halt)?;
    c.a.cli()?;
    c.a.hlt()?;
    c.a.jmp(halt)
}
