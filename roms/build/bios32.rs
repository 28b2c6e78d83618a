//! 32-bit code that operating systems call in protected mode: the BIOS32 service directory and the PCI BIOS
//! [BIOS32, "Calling Interface"; PCI BIOS, "32-Bit BIOS Interface"].
//!
//! It runs at whatever base its caller gave CS, so it holds no absolute address but those it answers with, and works by
//! ports alone: the firmware's own services know real mode only. `bios` has the same for INT 1Ah, and puts the header of the
//! directory into memory where there is PCI.

use super::asm::{Asm, Assembled, Code};
use iced_x86::IcedError;
use iced_x86::code_asm::*;

/// Where the code lies, the entry of the PCI service first.
const AT: u16 = 0xC000;
/// Where the slots of the routing table lie.
pub(crate) const SLOTS_AT: u16 = 0xC800;
/// "$PCI".
const PCI_SERVICE: u32 = u32::from_le_bytes(*b"$PCI");
/// "PCI ".
const PCI_SIGNATURE: u32 = u32::from_le_bytes(*b"PCI ");
/// Wires that PCI interrupts may be led to, and those that nothing else uses.
const ROUTABLE: u32 = 0xDEF8;
const EXCLUSIVE: u32 = 0x0C00;
/// Devices on the board that have a slot's wires.
const SLOTS: std::ops::RangeInclusive<u8> = 1..=6;

/// Places of registers that PUSHAD has saved.
const SAVED_EBX: i32 = 16;

/// AH of the answers.
mod status {
    pub(super) const NOT_SUPPORTED: u32 = 0x81;
    pub(super) const BAD_VENDOR_ID: u32 = 0x83;
    pub(super) const NOT_FOUND: u32 = 0x86;
    pub(super) const BAD_REGISTER: u32 = 0x87;
    pub(super) const SET_FAILED: u32 = 0x88;
    pub(super) const BUFFER_TOO_SMALL: u32 = 0x89;
}

/// Both services.
pub(crate) fn build() -> Result<Assembled, IcedError> {
    // Where a place in the code lies is known only when it has been assembled.
    let draft = assemble(AT)?;
    assemble(draft.offset(KNOWN_PLACE))
}

/// The place from which the code finds its table.
const KNOWN_PLACE: &str = "PCI32_HERE";

fn assemble(known_place: u16) -> Result<Assembled, IcedError> {
    let mut c = Code::new_32()?;
    let mut address = c.a.create_label();
    c.label("PCI32")?;
    dispatch(&mut c, &mut address, known_place)?;
    config_address(&mut c, address)?;
    directory(&mut c)?;
    c.finish(AT)
}

/// EAX names a service, BL is 0; EBX is then the base of its code, ECX its length, EDX its entry.
fn directory(c: &mut Code) -> Asm {
    let mut unknown = c.a.create_label();
    let mut bad_function = c.a.create_label();
    c.label("BIOS32")?;
    c.a.test(bl, bl)?;
    c.a.jne(bad_function)?;
    c.a.cmp(eax, PCI_SERVICE)?;
    c.a.jne(unknown)?;
    c.a.mov(al, 0)?;
    c.a.mov(ebx, 0xF_0000u32)?;
    c.a.mov(ecx, 0x1_0000u32)?;
    c.a.mov(edx, u32::from(AT))?;
    c.a.retf()?;
    c.a.set_label(&mut unknown)?;
    c.a.mov(al, 0x80u32)?;
    c.a.retf()?;
    c.a.set_label(&mut bad_function)?;
    c.a.mov(al, 0x81u32)?;
    c.a.retf()
}

fn dispatch(c: &mut Code, address: &mut CodeLabel, known_place: u16) -> Asm {
    let mut unsupported = c.a.create_label();
    let mut functions = Vec::new();
    c.a.cmp(ah, 0xB1u32)?;
    c.a.jne(unsupported)?;
    for number in [1u32, 2, 3, 8, 9, 0xA, 0xB, 0xC, 0xD, 0xE, 0xF] {
        let label = c.a.create_label();
        c.a.cmp(al, number)?;
        c.a.je(label)?;
        functions.push(label);
    }
    c.a.set_label(&mut unsupported)?;
    fail(c, status::NOT_SUPPORTED)?;
    let [present, find_device, find_class, accesses @ .., options, set_route] = &mut functions[..] else {
        unreachable!("eleven functions");
    };
    c.a.set_label(present)?;
    c.a.mov(edx, PCI_SIGNATURE)?;
    c.a.mov(al, 1)?;
    c.a.mov(bx, 0x0210)?;
    c.a.mov(cl, 0)?;
    succeed(c)?;
    find(c, find_device, find_class, *address)?;
    for (number, label) in accesses.iter_mut().enumerate() {
        access(c, label, *address, [1, 2, 4][number % 3], number >= 3)?;
    }
    routing_options(c, options, known_place)?;
    route(c, set_route, *address)
}

fn succeed(c: &mut Code) -> Asm {
    c.a.xor(ah, ah)?;
    c.a.retf()
}

fn fail(c: &mut Code, code: u32) -> Asm {
    c.a.mov(ah, code)?;
    c.a.stc()?;
    c.a.retf()
}

/// CONFADD for the function in BX and the register in DI; DX is then the port of its data. Changes EAX and EDX.
fn config_address(c: &mut Code, mut label: CodeLabel) -> Asm {
    c.a.set_label(&mut label)?;
    c.a.movzx(eax, bx)?;
    c.a.shl(eax, 8)?;
    c.a.mov(edx, edi)?;
    c.a.and(edx, 0xFC)?;
    c.a.or(eax, edx)?;
    c.a.or(eax, 0x8000_0000u32)?;
    c.a.mov(dx, 0xCF8)?;
    c.a.out(dx, eax)?;
    c.a.mov(edx, edi)?;
    c.a.and(edx, 3)?;
    c.a.add(edx, 0xCFC)?;
    c.a.ret()
}

/// Reads CL, CX or ECX from a register, or writes it there.
fn access(c: &mut Code, entry: &mut CodeLabel, address: CodeLabel, bytes: u32, is_write: bool) -> Asm {
    let mut bad = c.a.create_label();
    c.a.set_label(entry)?;
    c.a.test(di, 0xFF00 | (bytes - 1))?;
    c.a.jne(bad)?;
    c.a.push(eax)?;
    c.a.push(edx)?;
    c.a.call(address)?;
    match (bytes, is_write) {
        (1, false) => c.a.in_(al, dx).and_then(|()| c.a.mov(cl, al))?,
        (2, false) => c.a.in_(ax, dx).and_then(|()| c.a.mov(cx, ax))?,
        (_, false) => c.a.in_(eax, dx).and_then(|()| c.a.mov(ecx, eax))?,
        (1, true) => c.a.mov(al, cl).and_then(|()| c.a.out(dx, al))?,
        (2, true) => c.a.mov(ax, cx).and_then(|()| c.a.out(dx, ax))?,
        (_, true) => c.a.mov(eax, ecx).and_then(|()| c.a.out(dx, eax))?,
    }
    c.a.pop(edx)?;
    c.a.pop(eax)?;
    succeed(c)?;
    c.a.set_label(&mut bad)?;
    fail(c, status::BAD_REGISTER)
}

/// The function number SI with device CX and vendor DX, or with class ECX, into BX. EBP is what register EDI, moved right
/// by CL, is to hold.
fn find(c: &mut Code, device: &mut CodeLabel, class: &mut CodeLabel, address: CodeLabel) -> Asm {
    let [mut bad, mut search, mut next, mut other, mut found] = [(); 5].map(|()| c.a.create_label());
    c.a.set_label(device)?;
    c.a.cmp(dx, 0xFFFFu32)?;
    c.a.je(bad)?;
    c.a.pushad()?;
    c.a.movzx(ebp, dx)?;
    c.a.shl(ecx, 16)?;
    c.a.or(ebp, ecx)?;
    c.a.mov(cl, 0)?;
    c.a.xor(edi, edi)?;
    c.a.jmp(search)?;
    c.a.set_label(class)?;
    c.a.pushad()?;
    c.a.mov(ebp, ecx)?;
    c.a.and(ebp, 0xFF_FFFF)?;
    c.a.mov(cl, 8)?;
    c.a.mov(edi, 8)?;
    c.a.set_label(&mut search)?;
    c.a.movzx(esi, si)?;
    c.a.xor(ebx, ebx)?;
    c.a.set_label(&mut next)?;
    c.a.call(address)?;
    c.a.in_(eax, dx)?;
    c.a.shr(eax, cl)?;
    c.a.cmp(eax, ebp)?;
    c.a.jne(other)?;
    c.a.sub(esi, 1)?;
    c.a.jb(found)?;
    c.a.set_label(&mut other)?;
    c.a.inc(ebx)?;
    c.a.cmp(ebx, 0x100)?;
    c.a.jb(next)?;
    c.a.popad()?;
    fail(c, status::NOT_FOUND)?;
    c.a.set_label(&mut found)?;
    c.a.mov(word_ptr(esp + SAVED_EBX), bx)?;
    c.a.popad()?;
    succeed(c)?;
    c.a.set_label(&mut bad)?;
    fail(c, status::BAD_VENDOR_ID)
}

/// The slots of the routing table, as `bios` builds them.
pub(crate) fn slots() -> Vec<u8> {
    let slot = |device: u8| {
        let pins = (0..4).flat_map(move |pin| {
            let [low, high, ..] = ROUTABLE.to_le_bytes();
            [0x60 + (device + pin + 3) % 4, low, high]
        });
        [0, device << 3].into_iter().chain(pins).chain([device - 1, 0])
    };
    SLOTS.flat_map(slot).collect()
}

/// Copies the slots into the buffer that ES:EDI describes: its size, and a far pointer to it.
fn routing_options(c: &mut Code, entry: &mut CodeLabel, known_place: u16) -> Asm {
    let [mut here, mut copy, mut small] = [(); 3].map(|()| c.a.create_label());
    let length = slots().len() as u32;
    c.a.set_label(entry)?;
    c.a.pushad()?;
    c.a.push(es)?;
    c.a.mov(ax, word_ptr(edi).es())?;
    c.a.mov(word_ptr(edi).es(), length)?;
    c.a.cmp(ax, length)?;
    c.a.jb(small)?;
    c.a.les(edi, fword_ptr(edi + 2).es())?;
    // Where this code runs tells where the table is.
    c.a.call(here)?;
    c.place(KNOWN_PLACE, &mut here)?;
    c.a.pop(esi)?;
    c.a.add(esi, u32::from(SLOTS_AT - known_place))?;
    c.a.mov(ecx, length)?;
    c.a.set_label(&mut copy)?;
    c.a.mov(al, byte_ptr(esi).cs())?;
    c.a.mov(byte_ptr(edi).es(), al)?;
    c.a.inc(esi)?;
    c.a.inc(edi)?;
    c.a.loop_(copy)?;
    c.a.pop(es)?;
    c.a.mov(word_ptr(esp + SAVED_EBX), EXCLUSIVE)?;
    c.a.popad()?;
    succeed(c)?;
    c.a.set_label(&mut small)?;
    c.a.pop(es)?;
    c.a.popad()?;
    fail(c, status::BUFFER_TOO_SMALL)
}

/// Leads pin CL (0Ah for INTA) of the device in BX to the wire CH, level-triggered.
fn route(c: &mut Code, entry: &mut CodeLabel, address: CodeLabel) -> Asm {
    let mut failed = c.a.create_label();
    c.a.set_label(entry)?;
    c.a.pushad()?;
    c.a.movzx(eax, cl)?;
    c.a.sub(eax, 0x0A)?;
    c.a.cmp(eax, 3)?;
    c.a.ja(failed)?;
    c.a.movzx(esi, ch)?;
    c.a.cmp(esi, 15)?;
    c.a.ja(failed)?;
    c.a.mov(edx, ROUTABLE)?;
    c.a.bt(edx, esi)?;
    c.a.jae(failed)?;
    c.a.movzx(edx, bl)?;
    c.a.shr(edx, 3)?;
    c.a.lea(edi, dword_ptr(eax + edx - 1))?;
    c.a.and(edi, 3)?;
    c.a.add(edi, 0x60)?;
    c.a.mov(ebx, 0x08)?;
    c.a.call(address)?;
    c.a.mov(eax, esi)?;
    c.a.out(dx, al)?;
    c.a.shr(eax, 3)?;
    c.a.lea(edx, dword_ptr(eax + 0x4D0))?;
    c.a.in_(al, dx)?;
    c.a.and(esi, 7)?;
    c.a.bts(eax, esi)?;
    c.a.out(dx, al)?;
    c.a.popad()?;
    succeed(c)?;
    c.a.set_label(&mut failed)?;
    c.a.popad()?;
    fail(c, status::SET_FAILED)
}
