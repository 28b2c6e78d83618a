//! AL=00h, 01h and 0Ah: what the controller and its modes are.

use super::{Status, bytes_of, find, frame_buffer, memory_64k};
use crate::guest::{Guest, Served};
use crate::video::ROM;
use ringzero_bus::LinAddr;
use ringzero_roms::vesa::VesaMode;
use ringzero_roms::{video, video_data};

/// The DAC can have 8 bits for each component.
const CAPABILITIES: u32 = 1;
/// The most pixels a second that a mode may be asked for.
const MOST_PIXELS: u32 = 400_000_000;

/// Puts values at their places in an information block.
struct Block(Vec<u8>);

impl Block {
    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn word(&mut self, at: usize, value: u16) {
        self.put(at, &value.to_le_bytes());
    }

    fn dword(&mut self, at: usize, value: u32) {
        self.put(at, &value.to_le_bytes());
    }

    fn rom(&mut self, at: usize, offset: u16) {
        self.dword(at, u32::from(ROM) << 16 | u32::from(offset));
    }
}

/// AL=00h: the block at ES:DI, of 512 bytes for callers that say "VBE2", else of 256 [VBE 3.0, "VbeInfoBlock"].
pub(super) fn controller(g: &mut Guest) -> Served<Status> {
    let at = LinAddr::real(g.regs().es, g.di());
    let mut signature = [0; 4];
    g.read(at, &mut signature)?;
    let long = signature == *b"VBE2";
    let mut block = Block(vec![0; if long { 512 } else { 256 }]);
    block.put(0, b"VESA");
    block.word(4, 0x0300);
    block.rom(6, video_data::VESA_OEM);
    block.dword(10, CAPABILITIES);
    block.rom(14, video_data::VESA_NUMBERS);
    let memory = memory_64k(g);
    block.word(18, memory);
    if long {
        block.word(20, 0x0100);
        block.rom(22, video_data::VESA_VENDOR);
        block.rom(26, video_data::VESA_PRODUCT);
        block.rom(30, video_data::VESA_REVISION);
    }
    g.write(at, &block.0)?;
    Ok(Status::Done)
}

/// How pixels of a mode are made: planes, memory model, then size and place of red, green, blue and what is left
/// [VBE 3.0, "ModeInfoBlock"].
fn layout(depth: u16) -> (u8, u8, [u8; 8]) {
    match depth {
        4 => (4, 3, [0; 8]),
        8 => (1, 4, [0; 8]),
        15 => (1, 6, [5, 10, 5, 5, 5, 0, 1, 15]),
        16 => (1, 6, [5, 11, 6, 5, 5, 0, 0, 0]),
        24 => (1, 6, [8, 16, 8, 8, 8, 0, 0, 0]),
        _ => (1, 6, [8, 16, 8, 8, 8, 0, 8, 24]),
    }
}

/// AL=01h: mode CX, 256 bytes at ES:DI.
pub(super) fn mode(g: &mut Guest) -> Served<Status> {
    let at = LinAddr::real(g.regs().es, g.di());
    let memory = u32::from(memory_64k(g)) << 16;
    let Some(mode) = find(g.cx() & 0x3FFF).filter(|mode| fits(mode, memory)) else {
        return Ok(Status::Failed);
    };
    let linear = frame_buffer(g).filter(|_| mode.depth != 4);
    g.write(at, &mode_block(&mode, memory, linear).0)?;
    Ok(Status::Done)
}

/// Whether a mode's picture lies in memory.
pub(super) fn fits(mode: &VesaMode, memory: u32) -> bool {
    bytes_of(mode.depth, mode.width) * u32::from(mode.height) <= memory
}

fn mode_block(mode: &VesaMode, memory: u32, linear: Option<u32>) -> Block {
    let stride = bytes_of(mode.depth, mode.width);
    let picture = (stride * u32::from(mode.height)).max(1);
    // The four planes share what is left of the VGA's memory.
    let room = if mode.depth == 4 { 0x1_0000 } else { memory };
    let images = ((room / picture).clamp(1, 256) - 1) as u8;
    let (planes, model, masks) = layout(mode.depth);
    let mut block = Block(vec![0; 256]);
    // Supported, with all information, in colour, graphics; a linear frame buffer.
    block.word(0, 0x001B | if linear.is_some() { 0x80 } else { 0 });
    // Window A can be moved, read and written; there is no window B. Units and size of 64 KiB.
    block.put(2, &[7, 0]);
    block.word(4, 64);
    block.word(6, 64);
    block.word(8, 0xA000);
    block.rom(12, video::VESA_WINDOW);
    block.word(16, stride as u16);
    block.word(18, mode.width);
    block.word(20, mode.height);
    block.put(22, &[8, 16, planes, mode.depth as u8, 1, model, 0, images, 1]);
    block.put(31, &masks);
    if let Some(base) = linear {
        block.dword(40, base);
    }
    block.word(50, if linear.is_some() { stride as u16 } else { 0 });
    block.put(52, &[images, if linear.is_some() { images } else { 0 }]);
    block.put(54, &masks);
    block.dword(62, MOST_PIXELS);
    block
}

/// AL=0Ah: where the code for 32-bit callers lies, and how long it is.
pub(super) fn protected_mode(g: &mut Guest) -> Status {
    if g.bl() != 0 {
        return Status::Failed;
    }
    g.regs().es = ROM;
    g.set_di(video::VESA_TABLE);
    g.set_cx(video::VESA_END - video::VESA_TABLE);
    Status::Done
}
