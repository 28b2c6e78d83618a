//! The first scene: what the machine is, by its own account.

use super::super::asm::{Asm, Code};
use super::super::processor::try_flag;
use super::Texts;
use super::text::{Library, place, say};
use iced_x86::CpuidFeature;
use iced_x86::code_asm::*;

/// The word that keeps the generation: 0 8086, 1 80186, 2 80286, 3 80386, 4 80486, 5 CPUID.
const GENERATION: u32 = 0x510;
/// Where CPUID's vendor and E820's ranges go.
const SCRATCH: u32 = 0x520;

/// Title, CPU, memory, and how to run something else.
pub(crate) fn scene(c: &mut Code, lib: &Library, texts: &mut Texts) -> Asm {
    c.a.mov(ax, 3)?;
    c.a.int(0x10)?;
    band(c, 0, 0x1F)?;
    let title = texts.text(b"RingZero - a PC, instruction by instruction");
    say(c, lib, (0, 2), title, 0x1F)?;
    identify(c)?;
    processor(c, lib, texts)?;
    memory(c, lib, texts)?;
    help(c, lib, texts)?;
    c.a.mov(cx, 150)?;
    c.a.call(lib.wait)
}

/// A row in one attribute.
pub(crate) fn band(c: &mut Code, row: u32, attribute: u32) -> Asm {
    c.a.mov(ax, 0x0600)?;
    c.a.mov(bh, attribute)?;
    c.a.mov(cx, row << 8)?;
    c.a.mov(dx, row << 8 | 79)?;
    c.a.int(0x10)
}

/// FLAGS bits 12 to 15 are set on an 8086, clear on an 80286 in real mode; an 80186 masks shift counts
/// [SDM 1, "Processor Identification"; Intel AP-485].
fn identify(c: &mut Code) -> Asm {
    let mut known = c.a.create_label();
    let mut not_8086 = c.a.create_label();
    c.a.mov(word_ptr(GENERATION), 0)?;
    c.a.pushf()?;
    c.a.pop(ax)?;
    c.a.and(ax, 0x0FFFu32)?;
    c.a.push(ax)?;
    c.a.popf()?;
    c.a.pushf()?;
    c.a.pop(ax)?;
    c.a.and(ax, 0xF000u32)?;
    c.a.cmp(ax, 0xF000u32)?;
    c.a.jne(not_8086)?;
    c.a.mov(al, 0xFFu32)?;
    c.a.mov(cl, 33)?;
    c.a.shl(al, cl)?;
    c.a.jz(known)?;
    c.a.inc(word_ptr(GENERATION))?;
    c.a.jmp(known)?;
    c.a.set_label(&mut not_8086)?;
    c.a.mov(word_ptr(GENERATION), 2)?;
    c.a.pushf()?;
    c.a.pop(ax)?;
    c.a.or(ax, 0x7000)?;
    c.a.push(ax)?;
    c.a.popf()?;
    c.a.pushf()?;
    c.a.pop(ax)?;
    c.a.and(ax, 0x7000)?;
    c.a.jz(known)?;
    identify_32_bit(c)?;
    c.a.set_label(&mut known)?;
    c.a.nop()
}

/// AC can be changed from the 80486 on, ID where there is CPUID.
fn identify_32_bit(c: &mut Code) -> Asm {
    c.allow(&[CpuidFeature::INTEL386, CpuidFeature::INTEL486, CpuidFeature::CPUID]);
    let mut done = c.a.create_label();
    c.a.mov(word_ptr(GENERATION), 3)?;
    for (bit, generation) in [(1 << 18, 4), (1 << 21, 5)] {
        try_flag(c, bit)?;
        c.a.je(done)?;
        c.a.mov(word_ptr(GENERATION), generation)?;
    }
    c.a.set_label(&mut done)?;
    c.a.nop()
}

fn processor(c: &mut Code, lib: &Library, texts: &mut Texts) -> Asm {
    let label = texts.text(b"Processor");
    say(c, lib, (3, 4), label, 0x0B)?;
    let names: [&[u8]; 6] = [b"8086", b"80186", b"80286", b"80386", b"80486", b"with CPUID: "];
    let addresses: Vec<u8> =
        names.map(|name| texts.text(name) as u16).iter().flat_map(|a| a.to_le_bytes()).collect();
    let table = texts.table(&addresses);
    place(c, 3, 26)?;
    c.a.mov(bx, word_ptr(GENERATION))?;
    c.a.shl(bx, 1)?;
    c.a.mov(si, word_ptr(bx + table))?;
    c.a.mov(bl, 0x0F)?;
    c.a.call(lib.print)?;
    let mut plain = c.a.create_label();
    c.a.cmp(word_ptr(GENERATION), 5)?;
    c.a.jne(plain)?;
    vendor(c, lib, texts)?;
    c.a.set_label(&mut plain)?;
    c.a.nop()
}

/// CPUID leaf 0's letters and leaf 1's family [SDM 2A, "CPUID"].
fn vendor(c: &mut Code, lib: &Library, texts: &mut Texts) -> Asm {
    c.a.xor(eax, eax)?;
    c.a.cpuid()?;
    c.a.mov(dword_ptr(SCRATCH), ebx)?;
    c.a.mov(dword_ptr(SCRATCH + 4), edx)?;
    c.a.mov(dword_ptr(SCRATCH + 8), ecx)?;
    c.a.mov(byte_ptr(SCRATCH + 12), 0)?;
    c.a.mov(si, SCRATCH)?;
    c.a.mov(bx, 0x0F)?;
    c.a.call(lib.print)?;
    let family = texts.text(b", family ");
    c.a.mov(si, family)?;
    c.a.call(lib.print)?;
    c.a.mov(eax, 1)?;
    c.a.cpuid()?;
    c.a.mov(al, ah)?;
    c.a.and(ax, 0x0F)?;
    c.a.mov(bx, 0x0F)?;
    c.a.call(lib.number)
}

fn memory(c: &mut Code, lib: &Library, texts: &mut Texts) -> Asm {
    let kib = texts.text(b" KiB");
    let base = texts.text(b"Memory below 1 MiB");
    say(c, lib, (5, 4), base, 0x0B)?;
    place(c, 5, 26)?;
    c.a.int(0x12)?;
    c.a.mov(bl, 0x0F)?;
    c.a.call(lib.number)?;
    c.a.mov(si, kib)?;
    c.a.call(lib.print)?;
    let mut none = c.a.create_label();
    c.a.cmp(word_ptr(GENERATION), 2)?;
    c.a.jb(none)?;
    let above = texts.text(b"Memory above (88h)");
    say(c, lib, (6, 4), above, 0x0B)?;
    place(c, 6, 26)?;
    c.a.mov(ah, 0x88u32)?;
    c.a.int(0x15)?;
    c.a.mov(bl, 0x0F)?;
    c.a.call(lib.number)?;
    c.a.mov(si, kib)?;
    c.a.call(lib.print)?;
    c.a.set_label(&mut none)?;
    memory_map(c, lib, texts)
}

/// The usable ranges of INT 15h AX=E820h, in MiB.
fn memory_map(c: &mut Code, lib: &Library, texts: &mut Texts) -> Asm {
    let mut none = c.a.create_label();
    let mut next = c.a.create_label();
    let mut skip = c.a.create_label();
    let mut end = c.a.create_label();
    let mut begin = c.a.create_label();
    c.a.cmp(word_ptr(GENERATION), 3)?;
    c.a.jae(begin)?;
    c.a.jmp(none)?;
    c.a.set_label(&mut begin)?;
    c.a.xor(ebx, ebx)?;
    c.a.xor(ebp, ebp)?;
    c.a.set_label(&mut next)?;
    c.a.mov(eax, 0xE820)?;
    c.a.mov(edx, 0x534D_4150)?;
    c.a.mov(ecx, 20)?;
    c.a.mov(di, SCRATCH)?;
    c.a.int(0x15)?;
    c.a.jc(end)?;
    c.a.cmp(byte_ptr(SCRATCH + 16), 1)?;
    c.a.jne(skip)?;
    c.a.add(ebp, dword_ptr(SCRATCH + 8))?;
    c.a.set_label(&mut skip)?;
    c.a.test(ebx, ebx)?;
    c.a.jnz(next)?;
    c.a.set_label(&mut end)?;
    let map = texts.text(b"Usable in all (E820h)");
    say(c, lib, (7, 4), map, 0x0B)?;
    place(c, 7, 26)?;
    c.a.mov(eax, ebp)?;
    c.a.add(eax, 0x8_0000)?;
    c.a.shr(eax, 20)?;
    c.a.mov(bl, 0x0F)?;
    c.a.call(lib.number)?;
    let mib = texts.text(b" MiB");
    c.a.mov(si, mib)?;
    c.a.call(lib.print)?;
    c.a.set_label(&mut none)?;
    c.a.nop()
}

fn help(c: &mut Code, lib: &Library, texts: &mut Texts) -> Asm {
    let lines: [(u32, &[u8], u32); 8] = [
        (10, b"This is the built-in demo disk. To run your own image:", 0x07),
        (12, b"    ringzero run your-disk.img", 0x0E),
        (13, b"    ringzero --help", 0x0E),
        (16, b"Scenes follow each other: colours, 40 columns, CGA, EGA, VGA, a tune, keys.", 0x07),
        (18, b"Any key goes on to the next scene, Esc comes back here.", 0x07),
        (21, b"Nothing here needs a file, a driver or a download: the BIOS, the fonts and", 0x08),
        (22, b"this disk are part of the program, and all of it is 8086 code but for the", 0x08),
        (23, b"lines above that ask the processor its name.", 0x08),
    ];
    for (row, line, colour) in lines {
        let text = texts.text(line);
        say(c, lib, (row, 4), text, colour)?;
    }
    Ok(())
}
