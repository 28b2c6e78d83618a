//! AL=04h: saving and restoring [VBE 3.0, "Save/Restore State"].

use super::{Status, read, register, write};
use crate::guest::{Guest, Served};
use crate::video::state as vga;
use ringzero_bus::LinAddr;

/// Bit 3 of CX: the extension's registers.
const EXTENSION: u16 = 8;
/// They are saved in this order and restored in it: sizes before the switch, the place last.
const REGISTERS: [u16; 8] = [
    register::XRES,
    register::YRES,
    register::BPP,
    register::ENABLE,
    register::BANK,
    register::VIRT_WIDTH,
    register::X_OFFSET,
    register::Y_OFFSET,
];

/// DL = 0: size in blocks of 64 bytes; 1: save to, 2: restore from ES:BX; CX says what.
pub(super) fn save_restore(g: &mut Guest) -> Served<Status> {
    let what = g.cx();
    let own = if what & EXTENSION != 0 { 2 * REGISTERS.len() } else { 0 };
    let size = own + vga::size(what);
    let at = LinAddr::real(g.regs().es, g.bx());
    match g.regs().edx as u8 {
        0 => g.set_bx(size.div_ceil(64) as u16),
        1 => {
            let mut data = Vec::with_capacity(size);
            if own != 0 {
                for register in REGISTERS {
                    data.extend(read(g, register).to_le_bytes());
                }
            }
            vga::save_all(g, what, &mut data)?;
            g.write(at, &data)?;
        }
        2 => {
            let mut data = vec![0; size];
            g.read(at, &mut data)?;
            let (extension, rest) = data.split_at(own);
            vga::restore_all(g, what, rest)?;
            for (register, value) in REGISTERS.into_iter().zip(extension.chunks_exact(2)) {
                let value = u16::from_le_bytes([value[0], value[1]]);
                // What is in memory stays.
                let keep = if register == register::ENABLE { super::enable::NO_CLEAR } else { 0 };
                write(g, register, value | keep);
            }
        }
        _ => return Ok(Status::Failed),
    }
    Ok(Status::Done)
}
