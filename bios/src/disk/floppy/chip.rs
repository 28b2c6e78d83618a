//! The diskette controller's commands and the DMA channel's programming.

use super::{Function, Status, parameter};
use crate::bda;
use crate::guest::{Guest, Served};

const DOR: u16 = 0x3F2;
const MSR: u16 = 0x3F4;
const FIFO: u16 = 0x3F5;
const DIR: u16 = 0x3F7;

/// Reads of the main status register before the controller counts as dead.
const POLLS: usize = 64;

fn ready(g: &mut Guest, wanted: u8) -> bool {
    (0..POLLS).any(|_| g.inb(MSR) & 0xC0 == wanted)
}

/// Sends the bytes of a command; false when the controller does not take them.
fn command(g: &mut Guest, bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| {
        let taken = ready(g, 0x80);
        if taken {
            g.outb(FIFO, *byte);
        }
        taken
    })
}

/// Takes a result byte.
fn answer(g: &mut Guest) -> Option<u8> {
    ready(g, 0xC0).then(|| g.inb(FIFO))
}

/// Pulses the reset bit, with the interrupt still enabled; running motors stay on.
pub(super) fn start_reset(g: &mut Guest) -> Served {
    g.change_bda(bda::SEEK_STATUS, 0xFF, 0)?;
    let state = g.bda(bda::MOTOR_STATUS)?;
    let selected = (state & 3) << 4 | state >> 4 & 3;
    g.outb(DOR, selected | 0x08);
    g.outb(DOR, selected | 0x0C);
    Ok(())
}

/// Four drives changed their ready state; then step rate and head times from the parameter table.
pub(super) fn finish_reset(g: &mut Guest) -> Served<bool> {
    for _ in 0..4 {
        sense_interrupt(g);
    }
    let specify = [0x03, parameter(g, 0)?, parameter(g, 1)?];
    Ok(command(g, &specify))
}

/// Selects the drive in DL, its motor on; whether it ran already. 40:3Fh has motors in bits 0 and 1, drive in 4 and 5.
pub(super) fn motor_on(g: &mut Guest) -> Served<bool> {
    let drive = g.dl() & 1;
    g.set_bda(bda::MOTOR_COUNT, 0xFF)?;
    let old = g.bda(bda::MOTOR_STATUS)?;
    let motors = old & 3 | 1 << drive;
    let writing = if Function::decode(g.ah()).writes() { 0x80 } else { 0 };
    g.set_bda(bda::MOTOR_STATUS, motors | drive << 4 | writing)?;
    g.outb(DOR, 0x0C | motors << 4 | drive);
    Ok(old & 1 << drive != 0)
}

/// The selected drive's change line.
pub(super) fn change_line(g: &mut Guest) -> bool {
    g.inb(DIR) & 0x80 != 0
}

/// SEEK; the interrupt flag of 40:3Eh is cleared first.
pub(super) fn seek(g: &mut Guest, cylinder: u8) -> Served {
    g.change_bda(bda::SEEK_STATUS, 0x80, 0)?;
    let unit = (g.dh() & 1) << 2 | g.dl() & 1;
    command(g, &[0x0F, unit, cylinder]);
    Ok(())
}

/// RECALIBRATE.
pub(super) fn recalibrate(g: &mut Guest) -> Served {
    g.change_bda(bda::SEEK_STATUS, 0x80, 0)?;
    let drive = g.dl() & 1;
    command(g, &[0x07, drive]);
    Ok(())
}

/// SENSE INTERRUPT STATUS: ST0.
pub(super) fn sense_interrupt(g: &mut Guest) -> Option<u8> {
    command(g, &[0x08]).then_some(())?;
    let st0 = answer(g)?;
    if st0 != 0x80 {
        answer(g)?;
    }
    Some(st0)
}

/// ST0 of a seek: seek end, normal termination.
pub(super) fn seek_succeeded(g: &mut Guest) -> bool {
    sense_interrupt(g).is_some_and(|st0| st0 & 0xE0 == 0x20)
}

/// Bytes that the request moves: sectors, or four bytes for each sector of a track to format.
fn length(g: &mut Guest) -> Served<u32> {
    if Function::decode(g.ah()) == Function::Format {
        return Ok(u32::from(parameter(g, 4)?) * 4);
    }
    let sector = 128u32 << parameter(g, 3)?.min(7);
    Ok(u32::from(g.al()) * sector)
}

fn address(g: &mut Guest) -> u32 {
    u32::from(g.regs().es) * 16 + u32::from(g.bx())
}

/// The 8237A counts within 64 KiB [8237A, "Current Address Register"].
pub(super) fn crosses_boundary(g: &mut Guest) -> Served<bool> {
    let length = length(g)?;
    Ok((address(g) & 0xFFFF) + length > 0x1_0000)
}

/// Channel 2, single transfers.
fn program_dma(g: &mut Guest, function: Function) -> Served {
    let mode = match function {
        Function::Read => 0x46,
        Function::Verify => 0x42,
        _ => 0x4A,
    };
    let at = address(g);
    let count = length(g)?.saturating_sub(1);
    for (port, value) in [
        (0x0A, 0x06),
        (0x0C, 0),
        (0x0B, mode),
        (0x04, at),
        (0x04, at >> 8),
        (0x81, at >> 16),
        (0x05, count),
        (0x05, count >> 8),
        (0x0A, 0x02),
    ] {
        g.outb(port, value as u8);
    }
    Ok(())
}

/// Programs DMA and sends the command; false when the controller does not take it.
pub(super) fn start_transfer(g: &mut Guest, function: Function) -> Served<bool> {
    let (drive, head, cylinder, sector) = (g.dl() & 1, g.dh() & 1, g.ch(), g.cl());
    let unit = head << 2 | drive;
    let (size, last) = (parameter(g, 3)?, parameter(g, 4)?);
    let bytes = if function == Function::Format {
        vec![0x4D, unit, size, last, parameter(g, 7)?, parameter(g, 8)?]
    } else {
        let code = if function == Function::Write { 0xC5 } else { 0xE6 };
        vec![code, unit, cylinder, head, sector, size, last, parameter(g, 5)?, parameter(g, 6)?]
    };
    g.change_bda(bda::SEEK_STATUS, 0x80, 0)?;
    program_dma(g, function)?;
    Ok(command(g, &bytes))
}

/// Takes the seven result bytes to 40:42h and judges them [82077AA, "Status Register Encoding"].
pub(super) fn result(g: &mut Guest) -> Served<Status> {
    let mut bytes = [0; 7];
    for byte in &mut bytes {
        let Some(value) = answer(g) else { return Ok(Status::Controller) };
        *byte = value;
    }
    g.write(bda::at(bda::DISKETTE_RESULTS), &bytes)?;
    Ok(judge(bytes[0], bytes[1]))
}

fn judge(st0: u8, st1: u8) -> Status {
    match (st0 >> 6, st1) {
        (0, _) => Status::Ok,
        (1, st1) if st1 & 0x80 != 0 => Status::NotFound,
        (1, st1) if st1 & 0x20 != 0 => Status::Crc,
        (1, st1) if st1 & 0x10 != 0 => Status::DmaOverrun,
        (1, st1) if st1 & 0x04 != 0 => Status::NotFound,
        (1, st1) if st1 & 0x02 != 0 => Status::WriteProtected,
        (1, st1) if st1 & 0x01 != 0 => Status::NoAddressMark,
        _ => Status::Controller,
    }
}

/// Sectors before the one the results name.
pub(super) fn sectors_moved(g: &mut Guest) -> Served<u8> {
    let mut results = [0; 7];
    g.read(bda::at(bda::DISKETTE_RESULTS), &mut results)?;
    let track = i32::from(parameter(g, 4)?);
    let place = |c: u8, h: u8, r: u8| (i32::from(c) * 2 + i32::from(h & 1)) * track + i32::from(r);
    let begin = place(g.ch(), g.dh(), g.cl());
    let moved = place(results[3], results[4], results[5]) - begin;
    let asked = g.al();
    Ok(u8::try_from(moved).map_or(0, |n| n.min(asked)))
}
