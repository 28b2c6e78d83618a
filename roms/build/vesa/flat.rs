//! The 32-bit interface [VBE 2.0, "Protected Mode Interface"]: a table, and three functions called near.

use super::{BANK, BPP, DONE, VIRT_WIDTH, X_OFFSET, Y_OFFSET, read, wait_for_retrace, write};
use crate::asm::{Asm, Assembled, Code};
use iced_x86::IcedError;
use iced_x86::code_asm::*;

/// Where the table lies.
const AT: u16 = 0x4C00;
/// The functions in the table's order, and the list of ports behind them.
const ENTRIES: [&str; 4] = ["VESA_FLAT_WINDOW", "VESA_FLAT_START", "VESA_FLAT_PALETTE", "VESA_FLAT_PORTS"];
/// The ports the functions use, an end mark, and no memory.
const PORTS: [u16; 9] = [0x1CE, 0x1CF, 0x1D0, 0x3C7, 0x3C8, 0x3C9, 0x3DA, 0xFFFF, 0xFFFF];

/// The table and what it leads to.
pub(crate) fn build() -> Result<Assembled, IcedError> {
    // Where the functions lie is known only when they have been assembled.
    let draft = assemble([0; 4])?;
    assemble(ENTRIES.map(|name| draft.offset(name) - AT))
}

fn assemble(offsets: [u16; 4]) -> Result<Assembled, IcedError> {
    let mut c = Code::new_32()?;
    let mut table = c.a.create_label();
    c.place_data("VESA_TABLE", &mut table)?;
    c.a.dw(&offsets)?;
    window(&mut c)?;
    start(&mut c)?;
    palette(&mut c)?;
    let mut ports = c.a.create_label();
    c.place_data("VESA_FLAT_PORTS", &mut ports)?;
    c.a.dw(&PORTS)?;
    c.label("VESA_END")?;
    c.finish(AT)
}

/// BH = 0: window BL shows bank DX; 1: DX is the bank it shows.
fn window(c: &mut Code) -> Asm {
    let mut get = c.a.create_label();
    let mut end = c.a.create_label();
    c.label("VESA_FLAT_WINDOW")?;
    c.a.push(ecx)?;
    c.a.mov(ecx, edx)?;
    c.a.test(bh, bh)?;
    c.a.jne(get)?;
    write(c, BANK, cx)?;
    c.a.mov(edx, ecx)?;
    c.a.jmp(end)?;
    c.a.set_label(&mut get)?;
    read(c, BANK)?;
    c.a.movzx(edx, ax)?;
    c.a.set_label(&mut end)?;
    c.a.mov(eax, DONE)?;
    c.a.pop(ecx)?;
    c.a.ret()
}

/// The picture begins at DX:CX, in units of four bytes, of one with four planes; BL bit 7 waits for the retrace.
fn start(c: &mut Code) -> Asm {
    let mut packed = c.a.create_label();
    let mut divide = c.a.create_label();
    let mut end = c.a.create_label();
    c.label("VESA_FLAT_START")?;
    c.a.pushad()?;
    c.a.movzx(esi, cx)?;
    c.a.shl(edx, 16)?;
    c.a.or(esi, edx)?;
    read(c, VIRT_WIDTH)?;
    c.a.movzx(edi, ax)?;
    // ECX: eighths of a byte in a pixel; EDI: bytes in a row.
    read(c, BPP)?;
    c.a.movzx(ecx, ax)?;
    c.a.cmp(ecx, 4)?;
    c.a.jne(packed)?;
    c.a.mov(ecx, 1)?;
    c.a.shr(edi, 3)?;
    c.a.jmp(divide)?;
    c.a.set_label(&mut packed)?;
    c.a.add(ecx, 7)?;
    c.a.and(ecx, !7)?;
    c.a.imul_2(edi, ecx)?;
    c.a.shr(edi, 3)?;
    c.a.shl(esi, 2)?;
    c.a.set_label(&mut divide)?;
    c.a.mov(eax, esi)?;
    c.a.xor(edx, edx)?;
    c.a.div(edi)?;
    c.a.mov(esi, eax)?;
    c.a.lea(eax, ptr(edx * 8))?;
    c.a.xor(edx, edx)?;
    c.a.div(ecx)?;
    c.a.mov(edi, eax)?;
    write(c, X_OFFSET, di)?;
    write(c, Y_OFFSET, si)?;
    c.a.test(bl, 0x80)?;
    c.a.jz(end)?;
    wait_for_retrace(c)?;
    c.a.set_label(&mut end)?;
    c.a.popad()?;
    c.a.mov(eax, DONE)?;
    c.a.ret()
}

/// CX colours from DX on come from ES:EDI: blue, green, red, nothing; BL bit 7 waits for the retrace.
fn palette(c: &mut Code) -> Asm {
    let mut begin = c.a.create_label();
    let mut next = c.a.create_label();
    let mut end = c.a.create_label();
    c.label("VESA_FLAT_PALETTE")?;
    c.a.pushad()?;
    c.a.movzx(ecx, cx)?;
    c.a.mov(esi, edx)?;
    c.a.test(bl, 0x80)?;
    c.a.jz(begin)?;
    wait_for_retrace(c)?;
    c.a.set_label(&mut begin)?;
    c.a.jecxz(end)?;
    c.a.mov(eax, esi)?;
    c.a.mov(dx, 0x3C8)?;
    c.a.out(dx, al)?;
    c.a.inc(edx)?;
    c.a.set_label(&mut next)?;
    for part in [2, 1, 0] {
        c.a.mov(al, byte_ptr(edi + part).es())?;
        c.a.out(dx, al)?;
    }
    c.a.add(edi, 4)?;
    c.a.loop_(next)?;
    c.a.set_label(&mut end)?;
    c.a.popad()?;
    c.a.mov(eax, DONE)?;
    c.a.ret()
}
