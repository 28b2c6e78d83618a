//! AL=05h to 09h and 10h: the window, the shape and place of the picture, colours, power.

use super::{Status, bytes_of, enable, is_on, read, register, write};
use crate::guest::{Guest, Served};
use crate::video::SEQUENCER;
use ringzero_bus::LinAddr;

const STATUS_1: u16 = 0x3DA;
const RETRACE: u8 = 0x08;

/// AL=05h: BH = 0 sets, 1 gets the bank that window BL shows.
pub(super) fn window(g: &mut Guest) -> Status {
    if !is_on(g) {
        return Status::Invalid;
    }
    match (g.bh(), g.bl()) {
        (0, 0) => {
            let bank = g.dx();
            write(g, register::BANK, bank);
            if read(g, register::BANK) == bank { Status::Done } else { Status::Failed }
        }
        (1, 0) => {
            let bank = read(g, register::BANK);
            g.set_dx(bank);
            Status::Done
        }
        _ => Status::Failed,
    }
}

/// AL=06h: BL = 0 sets the length of a row in pixels, 2 in bytes, 1 gets it, 3 the most.
pub(super) fn scan_line(g: &mut Guest) -> Status {
    if !is_on(g) {
        return Status::Invalid;
    }
    let depth = read(g, register::BPP);
    let wanted = match g.bl() {
        0 => Some(g.cx()),
        1 => None,
        2 => Some((u32::from(g.cx()) / bytes_of(depth, 8).max(1) * 8) as u16),
        3 => return longest(g, depth),
        _ => return Status::Failed,
    };
    if let Some(pixels) = wanted {
        let (before, pixels) = (read(g, register::VIRT_WIDTH), pixels.saturating_add(7) & !7);
        write(g, register::VIRT_WIDTH, pixels);
        let (width, height) = (read(g, register::VIRT_WIDTH), read(g, register::VIRT_HEIGHT));
        if width < pixels || height < read(g, register::YRES) {
            write(g, register::VIRT_WIDTH, before);
            return Status::Failed;
        }
    }
    let (pixels, rows) = (read(g, register::VIRT_WIDTH), read(g, register::VIRT_HEIGHT));
    report_length(g, depth, pixels, rows);
    Status::Done
}

fn report_length(g: &mut Guest, depth: u16, pixels: u16, rows: u16) {
    g.set_bx(u16::try_from(bytes_of(depth, pixels)).unwrap_or(u16::MAX));
    g.set_cx(pixels);
    g.set_dx(rows);
}

fn longest(g: &mut Guest, depth: u16) -> Status {
    let memory = u32::from(super::memory_64k(g)) << 16;
    let rows = u32::from(read(g, register::YRES)).max(1);
    let unit = bytes_of(depth, 8).max(1);
    let pixels = (memory / rows / unit * 8).min(0xFFF8).min(0xFFFF / unit * 8) as u16;
    let rows = (memory / bytes_of(depth, pixels).max(1)).min(0xFFFF) as u16;
    report_length(g, depth, pixels, rows);
    Status::Done
}

/// AL=07h: BL = 0 shows the picture from column CX, row DX on, 2 from byte ECX on; with bit 7, from the next retrace on and
/// after waiting for it. 1 tells where it is, 4 whether it has moved. `None`: it has yet to wait.
pub(super) fn start(g: &mut Guest) -> Option<Status> {
    if !is_on(g) {
        return Some(Status::Invalid);
    }
    match g.bl() & 0x7F {
        0 => {
            let (x, y) = (g.cx(), g.dx());
            place(g, x, y)
        }
        2 => {
            let byte = g.regs().ecx;
            let (depth, width) = (read(g, register::BPP), read(g, register::VIRT_WIDTH));
            let stride = bytes_of(depth, width).max(1);
            let x = byte % stride * 8 / bytes_of(depth, 8).max(1);
            place(g, x as u16, u16::try_from(byte / stride).unwrap_or(u16::MAX))
        }
        1 => {
            let (x, y) = (read(g, register::X_OFFSET), read(g, register::Y_OFFSET));
            g.set_bh(0);
            g.set_cx(x);
            g.set_dx(y);
            Some(Status::Done)
        }
        // The hardware takes the place over at the retrace by itself: nothing is pending.
        4 => {
            g.set_cx(1);
            Some(Status::Done)
        }
        _ => Some(Status::Failed),
    }
}

fn place(g: &mut Guest, x: u16, y: u16) -> Option<Status> {
    write(g, register::X_OFFSET, x);
    write(g, register::Y_OFFSET, y);
    let there = read(g, register::X_OFFSET) == x && read(g, register::Y_OFFSET) == y;
    match g.bl() & 0x80 != 0 && g.inb(STATUS_1) & RETRACE == 0 {
        true => None,
        false if there => Some(Status::Done),
        false => Some(Status::Failed),
    }
}

/// AL=08h: BL = 0 sets the bits of a colour's component to BH, 1 gets them.
pub(super) fn dac_width(g: &mut Guest) -> Status {
    let enabled = read(g, register::ENABLE);
    match g.bl() {
        0 => {
            let wide = if g.bh() >= 8 { enable::DAC_8_BIT } else { 0 };
            write(g, register::ENABLE, enabled & !enable::DAC_8_BIT | wide | enable::NO_CLEAR);
        }
        1 => {}
        _ => return Status::Failed,
    }
    let wide = read(g, register::ENABLE) & enable::DAC_8_BIT != 0;
    g.set_bh(if wide { 8 } else { 6 });
    Status::Done
}

/// AL=09h: BL = 0 sets, 1 gets CX colours from DX on, four bytes each at ES:DI: blue, green, red, nothing; 80h waits for
/// the retrace first: `None` while it does.
pub(super) fn palette(g: &mut Guest) -> Served<Option<Status>> {
    let (count, first) = (usize::from(g.cx()), usize::from(g.dx()));
    if first + count > 256 {
        return Ok(Some(Status::Failed));
    }
    let at = LinAddr::real(g.regs().es, g.di());
    match g.bl() {
        0x80 if g.inb(STATUS_1) & RETRACE == 0 => return Ok(None),
        0 | 0x80 => {
            let mut colours = vec![0; 4 * count];
            g.read(at, &mut colours)?;
            g.outb(0x3C8, first as u8);
            for colour in colours.chunks_exact(4) {
                [2, 1, 0].into_iter().for_each(|part| g.outb(0x3C9, colour[part]));
            }
        }
        1 => {
            g.check(at, 4 * count)?;
            g.outb(0x3C7, first as u8);
            let mut colours = Vec::with_capacity(4 * count);
            for _ in 0..count {
                let [red, green, blue] = [0; 3].map(|_: u8| g.inb(0x3C9));
                colours.extend([blue, green, red, 0]);
            }
            g.write(at, &colours)?;
        }
        _ => return Ok(Some(Status::Failed)),
    }
    Ok(Some(Status::Done))
}

/// AL=10h: BL = 0 tells the states, 1 sets state BH, 2 gets it [VBE/PM]. All but "on" switch the screen off.
pub(super) fn power(g: &mut Guest) -> Status {
    let clocking = g.in_indexed(SEQUENCER, 1);
    match g.bl() {
        0 => g.set_bx(0x0F10),
        1 if matches!(g.bh(), 0 | 1 | 2 | 4 | 8) => {
            let off = if g.bh() == 0 { 0 } else { 0x20 };
            g.out_indexed(SEQUENCER, 1, clocking & !0x20 | off);
        }
        2 => g.set_bh(if clocking & 0x20 != 0 { 4 } else { 0 }),
        _ => return Status::Failed,
    }
    Status::Done
}
