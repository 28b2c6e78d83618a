//! Sound: a program that carries out a list of port writes and waits, beside samples for the DMA to find.

use super::{Asm, ORIGIN, Program, assemble_at, boot_sector};
use iced_x86::IcedError;
use iced_x86::code_asm::*;

/// Where the list is, and where samples are: both in the first 64 KiB.
const SCRIPT: u32 = 0x8200;
/// Where samples and tables are.
pub const DATA: u16 = 0x8E00;
/// Bytes of samples and tables that there is room for.
pub const ROOM: usize = 5000;

/// One act of the program.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// OUT of a byte.
    Byte(u16, u8),
    /// OUT of a word.
    Word(u16, u16),
    /// OUT of a doubleword; the processor is an 80386 or later.
    Dword(u16, u32),
    /// Lets milliseconds pass.
    Wait(u16),
}

impl Step {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Byte(port, value) => [&[1], &port.to_le_bytes()[..], &[value]].concat(),
            Self::Word(port, value) => [&[2], &port.to_le_bytes()[..], &value.to_le_bytes()].concat(),
            Self::Dword(port, value) => [&[3], &port.to_le_bytes()[..], &value.to_le_bytes()].concat(),
            Self::Wait(milliseconds) => [&[4], &milliseconds.to_le_bytes()[..]].concat(),
        }
    }
}

/// Writes of one byte after the other to the same port.
pub fn bytes(port: u16, values: &[u8]) -> Vec<Step> {
    values.iter().map(|&value| Step::Byte(port, value)).collect()
}

/// A write to an FM chip's register at 388h, or, from 100h on, of its second array.
pub fn fm(register: u16, value: u8) -> [Step; 2] {
    let port = 0x388 + (register >> 8 << 1);
    [Step::Byte(port, register as u8), Step::Byte(port + 1, value)]
}

/// DMA channel 1 from [`DATA`] on, `len` bytes, in mode `mode` (without the channel).
pub fn dma_8(len: u16, mode: u8) -> Vec<Step> {
    let ([a0, a1], [c0, c1]) = (DATA.to_le_bytes(), (len - 1).to_le_bytes());
    let writes =
        [(0x0A, 5), (0x0C, 0), (0x0B, mode | 1), (2, a0), (2, a1), (0x83, 0), (3, c0), (3, c1), (0x0A, 1)];
    writes.map(|(port, value)| Step::Byte(port, value)).to_vec()
}

/// DMA channel 5 from [`DATA`] on, `words` words.
pub fn dma_16(words: u16, mode: u8) -> Vec<Step> {
    let ([a0, a1], [c0, c1]) = ((DATA / 2).to_le_bytes(), (words - 1).to_le_bytes());
    let writes = [
        (0xD4, 5),
        (0xD8, 0),
        (0xD6, mode | 1),
        (0xC4, a0),
        (0xC4, a1),
        (0x8B, 0),
        (0xC6, c0),
        (0xC6, c1),
        (0xD4, 1),
    ];
    writes.map(|(port, value)| Step::Byte(port, value)).to_vec()
}

/// The image of a floppy whose program takes `steps` and halts, with `data` at [`DATA`].
pub fn disk(steps: &[Step], data: &[u8]) -> Result<Vec<u8>, IcedError> {
    let (_, bytes) = assemble_at(ORIGIN, code)?;
    let mut script: Vec<u8> = steps.iter().flat_map(|step| step.bytes()).collect();
    script.push(0);
    let mut disk = boot_sector()?;
    disk.resize(1440 << 10, 0);
    for (at, part) in [(u32::from(ORIGIN), &bytes[..]), (SCRIPT, &script), (u32::from(DATA), data)] {
        let at = 512 + (at - u32::from(ORIGIN)) as usize;
        disk[at..at + part.len()].copy_from_slice(part);
    }
    assert!(SCRIPT as usize + script.len() <= DATA.into() && data.len() <= ROOM, "the program is too long");
    Ok(disk)
}

fn code(p: &mut Program) -> Asm {
    let [mut next, mut word, mut dword, mut wait, mut end] = std::array::from_fn(|_| p.a.create_label());
    p.a.mov(si, SCRIPT)?;
    p.a.cld()?;
    p.a.set_label(&mut next)?;
    p.a.lodsb()?;
    p.a.cmp(al, 2)?;
    p.a.je(word)?;
    p.a.cmp(al, 3)?;
    p.a.je(dword)?;
    p.a.cmp(al, 4)?;
    p.a.je(wait)?;
    p.a.test(al, al)?;
    p.a.jz(end)?;
    p.a.lodsw()?;
    p.a.mov(dx, ax)?;
    p.a.lodsb()?;
    p.a.out(dx, al)?;
    p.a.jmp(next)?;
    p.a.set_label(&mut word)?;
    p.a.lodsw()?;
    p.a.mov(dx, ax)?;
    p.a.lodsw()?;
    p.a.out(dx, ax)?;
    p.a.jmp(next)?;
    p.a.set_label(&mut dword)?;
    p.a.lodsw()?;
    p.a.mov(dx, ax)?;
    p.a.lodsd()?;
    p.a.out(dx, eax)?;
    p.a.jmp(next)?;
    p.a.set_label(&mut wait)?;
    p.a.lodsw()?;
    p.a.mov(bx, 1000)?;
    p.a.mul(bx)?;
    p.a.mov(cx, dx)?;
    p.a.mov(dx, ax)?;
    p.a.mov(ah, 0x86)?;
    p.a.int(0x15)?;
    p.a.jmp(next)?;
    p.a.set_label(&mut end)?;
    p.a.sti()?;
    p.a.hlt()?;
    p.a.jmp(end)
}
