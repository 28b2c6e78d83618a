//! AL=02h and 03h: setting a mode, and which it is.

use super::info::fits;
use super::{
    MODES, Status, enable, find, frame_buffer, is_on, is_present, memory_64k, read, register, write,
};
use crate::bda;
use crate::guest::{Guest, Served};
use crate::video::modes;

/// Bits of a mode number in BX.
const LINEAR: u16 = 1 << 14;
const KEEP: u16 = 1 << 15;
/// What 40:49h says in these modes: a number that is none of the VGA's, so that services for characters and dots leave
/// the picture alone.
const NO_VGA_MODE: u8 = 0x7F;

/// A VGA mode is about to be set: the extension goes.
pub(in crate::video) fn leave(g: &mut Guest) {
    if is_present(g) && read(g, register::ENABLE) != 0 {
        write(g, register::ENABLE, 0);
    }
}

/// AL=02h: mode BX.
pub(super) fn set(g: &mut Guest) -> Served<Status> {
    let request = g.bx();
    let number = request & 0x3FFF & !0x0800;
    if number < 0x100 {
        modes::set(g, number as u8 & 0x7F | (request >> 8) as u8 & 0x80)?;
        return Ok(Status::Done);
    }
    let memory = u32::from(memory_64k(g)) << 16;
    let Some(mode) = find(number).filter(|mode| fits(mode, memory)) else { return Ok(Status::Failed) };
    if request & LINEAR != 0 && (mode.depth == 4 || frame_buffer(g).is_none()) {
        return Ok(Status::Failed);
    }
    // The VGA behind it: palette, data path and a screen that is on.
    modes::set(g, if mode.depth == 4 { 0x12 } else { 0x13 } | 0x80)?;
    write(g, register::XRES, mode.width);
    write(g, register::YRES, mode.height);
    write(g, register::BPP, mode.depth);
    let linear = if request & LINEAR != 0 { enable::LINEAR } else { 0 };
    let keep = if request & KEEP != 0 { enable::NO_CLEAR } else { 0 };
    write(g, register::ENABLE, enable::ON | linear | keep);
    g.set_bda(bda::VIDEO_MODE, NO_VGA_MODE)?;
    g.set_bda16(bda::COLUMNS, mode.width / 8)?;
    g.set_bda(bda::ROWS, (mode.height / 16).min(256).saturating_sub(1) as u8)?;
    Ok(Status::Done)
}

/// AL=03h: the mode in BX, as it was set.
pub(super) fn current(g: &mut Guest) -> Served<Status> {
    if !is_on(g) {
        let mode = g.bda(bda::VIDEO_MODE)? & 0x7F;
        g.set_bx(mode.into());
        return Ok(Status::Done);
    }
    let [width, height, depth, enabled] =
        [register::XRES, register::YRES, register::BPP, register::ENABLE].map(|index| read(g, index));
    let is_it = |mode: &&ringzero_roms::vesa::VesaMode| {
        (mode.width, mode.height, mode.depth) == (width, height, depth)
    };
    let Some(mode) = MODES.iter().find(is_it) else { return Ok(Status::Failed) };
    let linear = if enabled & enable::LINEAR != 0 { LINEAR } else { 0 };
    let kept = if enabled & enable::NO_CLEAR != 0 { KEEP } else { 0 };
    g.set_bx(mode.number | linear | kept);
    Ok(Status::Done)
}
