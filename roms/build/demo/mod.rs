//! The built-in demo disk: what the machine is, text and graphics modes, sound, keys.
//!
//! One boot sector reads the 17 sectors behind it; everything is 8086 code but what stands behind a test of the CPU.

mod machine;
mod scenes;
mod text;

use super::asm::{Asm, Code};
use iced_x86::IcedError;
use iced_x86::code_asm::*;

/// Where the boot sector lies.
const BOOT: u16 = 0x7C00;
/// Where the program lies: the sectors behind the boot sector.
const PROGRAM: u16 = 0x7E00;
/// Where its texts and tables lie.
const TEXTS: u16 = 0x8C00;
/// Sectors behind the boot sector: the rest of the first track of a 1.44 MB diskette.
const SECTORS: u16 = 17;

/// Texts and tables, placed as they are named.
pub(crate) struct Texts {
    bytes: Vec<u8>,
}

impl Texts {
    /// The address of a text, ended by a zero.
    pub(crate) fn text(&mut self, text: &[u8]) -> u32 {
        self.table(&[text, &[0]].concat())
    }

    /// The address of bytes.
    pub(crate) fn table(&mut self, bytes: &[u8]) -> u32 {
        let at = u32::from(TEXTS) + self.bytes.len() as u32;
        self.bytes.extend(bytes);
        at
    }
}

/// The disk from its first sector on.
pub(crate) fn build() -> Result<Vec<u8>, IcedError> {
    let mut boot = Code::new()?;
    boot_sector(&mut boot)?;
    let boot = boot.finish(BOOT)?.bytes;
    assert!(boot.len() <= 510, "the boot code is {} bytes", boot.len());
    let mut texts = Texts { bytes: Vec::new() };
    let mut code = Code::new()?;
    scenes::program(&mut code, &mut texts)?;
    let code = code.finish(PROGRAM)?.bytes;
    let room = usize::from(TEXTS - PROGRAM);
    assert!(code.len() <= room, "the demo's code is {} bytes of {room}", code.len());
    let mut disk = vec![0; 512 * (usize::from(SECTORS) + 1)];
    disk[..boot.len()].copy_from_slice(&boot);
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    disk[512..512 + code.len()].copy_from_slice(&code);
    let at = 512 + room;
    assert!(at + texts.bytes.len() <= disk.len(), "the demo's texts are {} bytes", texts.bytes.len());
    disk[at..at + texts.bytes.len()].copy_from_slice(&texts.bytes);
    Ok(disk)
}

/// Reads the program, with a reset behind each failure; after five it gives up with a letter on the screen.
fn boot_sector(c: &mut Code) -> Asm {
    let mut retry = c.a.create_label();
    let mut good = c.a.create_label();
    let mut stop = c.a.create_label();
    c.a.cli()?;
    c.a.xor(ax, ax)?;
    c.a.mov(ss, ax)?;
    c.a.mov(sp, u32::from(BOOT))?;
    c.a.mov(ds, ax)?;
    c.a.mov(es, ax)?;
    c.a.sti()?;
    c.a.cld()?;
    c.a.mov(bp, 5)?;
    c.a.set_label(&mut retry)?;
    c.a.mov(ax, 0x0200 | u32::from(SECTORS))?;
    c.a.mov(bx, u32::from(PROGRAM))?;
    c.a.mov(cx, 2)?;
    c.a.mov(dh, 0)?;
    c.a.int(0x13)?;
    c.a.jnc(good)?;
    c.a.xor(ax, ax)?;
    c.a.int(0x13)?;
    c.a.dec(bp)?;
    c.a.jnz(retry)?;
    c.a.mov(ax, 0x0E45)?;
    c.a.mov(bx, 7)?;
    c.a.int(0x10)?;
    c.a.set_label(&mut stop)?;
    c.a.hlt()?;
    c.a.jmp(stop)?;
    c.a.set_label(&mut good)?;
    c.a.xor(ax, ax)?;
    c.a.push(ax)?;
    c.a.mov(ax, u32::from(PROGRAM))?;
    c.a.push(ax)?;
    c.a.retf()
}
