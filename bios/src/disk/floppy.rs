//! INT 13h for diskettes: the 82077AA with DMA channel 2 and IRQ 6 [82077AA, "Command Set"; IBM AT TRM, "DISKETTE_IO"].
//!
//! An operation is a chain of phases kept in the EBDA; between two of them the CPU waits in ROM, and the registers of the
//! caller still hold the request.
//!
//! *Modelled*: reset, status, read, write, verify, format, parameters, drive type, change line, media type; search for the
//! data rate; motor start and its stop by INT 08h. *Not modelled*: single-density and copy-protection formats beyond what
//! the parameter table can say.

use super::Status;
use super::media::{DriveKind, ESTABLISHED, Recording};
use crate::bda::{self, own};
use crate::guest::{Guest, Served, WaitLabels};
use ringzero_bus::LinAddr;
use ringzero_roms::{MEDIA_TABLES, label};

mod chip;

/// Offsets behind [`own::FLOPPY`].
mod field {
    pub(super) const PHASE: u16 = 0x00;
    pub(super) const RECORDING: u16 = 0x01;
    pub(super) const NEEDS_RESET: u16 = 0x02;
    pub(super) const WAITED: u16 = 0x03;
    pub(super) const CHANGED: u16 = 0x04;
    pub(super) const DEADLINE: u16 = 0x10;
}

/// What the operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Reset,
    Motor,
    /// The two seeks that reset the change line.
    ChangeAway,
    ChangeBack,
    Recalibrate,
    Seek,
    Data,
}

impl Phase {
    const ALL: [Self; 8] = [
        Self::Idle,
        Self::Reset,
        Self::Motor,
        Self::ChangeAway,
        Self::ChangeBack,
        Self::Recalibrate,
        Self::Seek,
        Self::Data,
    ];

    fn decode(byte: u8) -> Self {
        Self::ALL.get(usize::from(byte)).copied().unwrap_or(Self::Idle)
    }
}

/// What AH asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Reset,
    Status,
    Read,
    Write,
    Verify,
    Format,
    Parameters,
    DriveType,
    ChangeLine,
    SetType,
    SetMedia,
    Unknown,
}

impl Function {
    fn decode(ah: u8) -> Self {
        match ah {
            0x00 => Self::Reset,
            0x01 => Self::Status,
            0x02 => Self::Read,
            0x03 => Self::Write,
            0x04 => Self::Verify,
            0x05 => Self::Format,
            0x08 => Self::Parameters,
            0x15 => Self::DriveType,
            0x16 => Self::ChangeLine,
            0x17 => Self::SetType,
            0x18 => Self::SetMedia,
            _ => Self::Unknown,
        }
    }

    fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Format)
    }
}

fn get(g: &mut Guest, offset: u16) -> Served<u8> {
    g.ebda(own::FLOPPY + offset)
}

fn set(g: &mut Guest, offset: u16, value: u8) -> Served {
    g.set_ebda(own::FLOPPY + offset, value)
}

/// The controller must be reset before its first command.
pub(crate) fn power_on(g: &mut Guest) -> Served {
    set(g, field::NEEDS_RESET, 1)
}

/// Byte `index` of the diskette parameter table at INT 1Eh.
pub(super) fn parameter(g: &mut Guest, index: u16) -> Served<u8> {
    let (segment, offset) = g.read_far(LinAddr(0x1E * 4))?;
    g.read_u8(LinAddr::real(segment, offset.wrapping_add(index)))
}

fn kind(g: &mut Guest) -> Option<DriveKind> {
    let drive = g.dl();
    DriveKind::of(g, drive)
}

/// A new request.
pub(crate) fn int13(g: &mut Guest) -> Served {
    match Function::decode(g.ah()) {
        Function::Reset => {
            set(g, field::NEEDS_RESET, 1)?;
            begin(g)
        }
        Function::Status => {
            let status = g.bda(bda::DISKETTE_STATUS)?;
            g.set_ah(status);
            g.set_cf(status != 0)
        }
        Function::Parameters => parameters(g),
        Function::DriveType => drive_type(g),
        Function::ChangeLine => change_line(g),
        Function::SetType => set_type(g),
        Function::SetMedia => set_media(g),
        Function::Unknown => finish(g, Status::BadCommand),
        Function::Read | Function::Write | Function::Verify | Function::Format => transfer_request(g),
    }
}

/// Checks the registers of a transfer before anything moves.
fn transfer_request(g: &mut Guest) -> Served {
    let (drive, head, count) = (g.dl(), g.dh(), g.al());
    let format = Function::decode(g.ah()) == Function::Format;
    if drive > 1 || head > 1 || (count == 0 && !format) {
        g.set_al(0);
        return finish(g, Status::BadCommand);
    }
    if kind(g).is_none() {
        g.set_al(0);
        return finish(g, Status::TimeOut);
    }
    if chip::crosses_boundary(g)? {
        g.set_al(0);
        return finish(g, Status::DmaBoundary);
    }
    begin(g)
}

fn begin(g: &mut Guest) -> Served {
    set(g, field::WAITED, 0)?;
    set(g, field::CHANGED, 0)?;
    set(g, field::RECORDING, 0)?;
    if get(g, field::NEEDS_RESET)? != 0 {
        chip::start_reset(g)?;
        return await_interrupt(g, Phase::Reset, 500);
    }
    motor(g)
}

fn await_interrupt(g: &mut Guest, phase: Phase, ms: u64) -> Served {
    set(g, field::PHASE, phase as u8)?;
    g.arm(own::FLOPPY + field::DEADLINE, ms * 1_000_000)?;
    wait(g)
}

/// The first wait tells INT 15h AH=90h, the others just wait.
fn wait(g: &mut Guest) -> Served {
    if get(g, field::WAITED)? == 0 {
        set(g, field::WAITED, 1)?;
        g.go(label::INT13_BUSY);
    } else {
        g.wait(WaitLabels::INT13);
    }
    Ok(())
}

/// Entered again: goes on when the interrupt came, or the time is over.
pub(crate) fn run(g: &mut Guest) -> Served {
    let phase = Phase::decode(get(g, field::PHASE)?);
    let expired = g.expired(own::FLOPPY + field::DEADLINE)?;
    if phase == Phase::Motor {
        return if expired { change_check(g) } else { wait(g) };
    }
    if phase == Phase::Idle {
        return finish(g, Status::Controller);
    }
    if g.bda(bda::SEEK_STATUS)? & 0x80 == 0 {
        if !expired {
            return wait(g);
        }
        set(g, field::NEEDS_RESET, 1)?;
        g.set_al(0);
        return finish(g, Status::TimeOut);
    }
    g.change_bda(bda::SEEK_STATUS, 0x80, 0)?;
    interrupted(g, phase)
}

fn interrupted(g: &mut Guest, phase: Phase) -> Served {
    match phase {
        Phase::Idle | Phase::Motor => Ok(()),
        Phase::Reset => reset_done(g),
        Phase::ChangeAway => {
            chip::sense_interrupt(g);
            chip::recalibrate(g)?;
            await_interrupt(g, Phase::ChangeBack, 1000)
        }
        Phase::ChangeBack => {
            chip::sense_interrupt(g);
            change_done(g)
        }
        Phase::Recalibrate => recalibrated(g),
        Phase::Seek => sought(g),
        Phase::Data => transferred(g),
    }
}

fn reset_done(g: &mut Guest) -> Served {
    if !chip::finish_reset(g)? {
        return finish(g, Status::Controller);
    }
    set(g, field::NEEDS_RESET, 0)?;
    if Function::decode(g.ah()) == Function::Reset {
        return finish(g, Status::Ok);
    }
    motor(g)
}

/// Motor on; a write waits until it turns steadily, a read finds out by its index pulses.
fn motor(g: &mut Guest) -> Served {
    let was_on = chip::motor_on(g)?;
    if !was_on && Function::decode(g.ah()).writes() {
        let eighths = u64::from(parameter(g, 10)?);
        return await_interrupt(g, Phase::Motor, eighths * 125);
    }
    change_check(g)
}

/// An active change line: the medium is unknown, and only a step resets the line [82077AA, "Digital Input Register"].
fn change_check(g: &mut Guest) -> Served {
    let has_line = kind(g).is_some_and(DriveKind::has_change_line);
    if !has_line || !chip::change_line(g) {
        return recalibrate_if_needed(g);
    }
    let drive = u16::from(g.dl());
    g.change_bda(bda::MEDIA_STATE + drive, ESTABLISHED, 0)?;
    set(g, field::CHANGED, 1)?;
    chip::seek(g, 1)?;
    await_interrupt(g, Phase::ChangeAway, 1000)
}

/// Still active: the drive is empty. Else the caller hears once that the diskette was changed.
fn change_done(g: &mut Guest) -> Served {
    let drive = u16::from(g.dl());
    g.change_bda(bda::SEEK_STATUS, 0, 1 << drive)?;
    g.set_bda(bda::DRIVE_CYLINDER + drive, 0)?;
    let empty = chip::change_line(g);
    g.set_al(0);
    finish(g, if empty { Status::TimeOut } else { Status::Changed })
}

fn recalibrate_if_needed(g: &mut Guest) -> Served {
    let bit = 1 << (g.dl() & 1);
    if g.bda(bda::SEEK_STATUS)? & bit != 0 {
        return seek(g);
    }
    chip::recalibrate(g)?;
    await_interrupt(g, Phase::Recalibrate, 1000)
}

fn recalibrated(g: &mut Guest) -> Served {
    let drive = u16::from(g.dl() & 1);
    if !chip::seek_succeeded(g) {
        set(g, field::NEEDS_RESET, 1)?;
        g.set_al(0);
        return finish(g, Status::Seek);
    }
    g.change_bda(bda::SEEK_STATUS, 0, 1 << drive)?;
    g.set_bda(bda::DRIVE_CYLINDER + drive, 0)?;
    seek(g)
}

/// The recording in force: the established one, or the one being tried.
fn recording(g: &mut Guest) -> Served<Recording> {
    let drive = u16::from(g.dl() & 1);
    let state = g.bda(bda::MEDIA_STATE + drive)?;
    if state & ESTABLISHED != 0 {
        return Ok(Recording { rate: state >> 6, double_step: state & super::media::DOUBLE_STEP != 0 });
    }
    let index = usize::from(get(g, field::RECORDING)?);
    let list = kind(g).unwrap_or(DriveKind::Mb1_44).recordings();
    Ok(list.get(index).copied().unwrap_or(list[0]))
}

fn seek(g: &mut Guest) -> Served {
    let recording = recording(g)?;
    g.outb(0x3F7, recording.rate);
    let drive = u16::from(g.dl() & 1);
    let cylinder = g.ch();
    let steps = if recording.double_step { cylinder.wrapping_mul(2) } else { cylinder };
    if g.bda(bda::DRIVE_CYLINDER + drive)? == steps {
        return transfer(g);
    }
    chip::seek(g, steps)?;
    g.set_bda(bda::DRIVE_CYLINDER + drive, steps)?;
    await_interrupt(g, Phase::Seek, 1000)
}

fn sought(g: &mut Guest) -> Served {
    if chip::seek_succeeded(g) {
        return transfer(g);
    }
    let bit = 1 << (g.dl() & 1);
    g.change_bda(bda::SEEK_STATUS, bit, 0)?;
    g.set_al(0);
    finish(g, Status::Seek)
}

fn transfer(g: &mut Guest) -> Served {
    let function = Function::decode(g.ah());
    if !chip::start_transfer(g, function)? {
        set(g, field::NEEDS_RESET, 1)?;
        g.set_al(0);
        return finish(g, Status::Controller);
    }
    await_interrupt(g, Phase::Data, 2000)
}

/// The result phase. An unknown medium that cannot be read is tried at the next data rate.
fn transferred(g: &mut Guest) -> Served {
    let status = chip::result(g)?;
    let drive = u16::from(g.dl() & 1);
    let established = g.bda(bda::MEDIA_STATE + drive)? & ESTABLISHED != 0;
    if status == Status::Ok {
        if let (false, Some(kind)) = (established, kind(g)) {
            let recording = recording(g)?;
            g.set_bda(bda::MEDIA_STATE + drive, kind.state(recording))?;
        }
        return finish(g, Status::Ok);
    }
    let wrong_rate = matches!(status, Status::NoAddressMark | Status::NotFound | Status::Crc);
    let next = get(g, field::RECORDING)? + 1;
    let more = kind(g).is_some_and(|k| usize::from(next) < k.recordings().len());
    if wrong_rate && !established && more {
        set(g, field::RECORDING, next)?;
        return seek(g);
    }
    let moved = chip::sectors_moved(g)?;
    g.set_al(moved);
    finish(g, status)
}

/// Status to AH, CF and 40:41h; the motor stops some ticks from now.
fn finish(g: &mut Guest, status: Status) -> Served {
    set(g, field::PHASE, Phase::Idle as u8)?;
    let ticks = parameter(g, 2)?;
    g.set_bda(bda::MOTOR_COUNT, ticks)?;
    g.set_bda(bda::DISKETTE_STATUS, status as u8)?;
    g.set_ah(status as u8);
    g.set_cf(status != Status::Ok)
}

/// AH=08h: highest cylinder, sectors, heads, drives, kind, and the parameter table at ES:DI; zeros for a drive that is
/// not there.
fn parameters(g: &mut Guest) -> Served {
    let equipment = g.bda16(bda::EQUIPMENT)?;
    let drives = if equipment & 1 == 0 { 0 } else { (equipment >> 6 & 3) + 1 };
    g.set_ax(0);
    let Some(kind) = kind(g) else {
        g.set_bx(0);
        g.set_cx(0);
        g.set_dx(drives);
        g.regs().es = 0;
        g.set_di(0);
        return g.set_cf(false);
    };
    let (cylinder, sectors) = kind.geometry();
    g.set_bx(u16::from(kind.code()));
    g.set_cx(u16::from(cylinder) << 8 | u16::from(sectors));
    g.set_dx(1 << 8 | drives);
    let (segment, offset) = g.read_far(LinAddr(0x1E * 4))?;
    g.regs().es = segment;
    g.set_di(offset);
    g.set_bda(bda::DISKETTE_STATUS, 0)?;
    g.set_cf(false)
}

/// AH=15h: 0 none, 1 without, 2 with change line.
fn drive_type(g: &mut Guest) -> Served {
    let answer = match kind(g) {
        None => 0,
        Some(kind) => 1 + u8::from(kind.has_change_line()),
    };
    g.set_ah(answer);
    g.set_cf(false)
}

/// AH=16h: 06h when the change line is active.
fn change_line(g: &mut Guest) -> Served {
    let Some(kind) = kind(g) else { return finish(g, Status::TimeOut) };
    if !kind.has_change_line() {
        return finish(g, Status::Changed);
    }
    chip::motor_on(g)?;
    let active = chip::change_line(g);
    finish(g, if active { Status::Changed } else { Status::Ok })
}

/// AH=17h: 360 KB, 360 KB in 1.2 MB, 1.2 MB, 720 KB.
fn set_type(g: &mut Guest) -> Served {
    let (cylinder, sectors) = match g.al() {
        1 | 2 => (39, 9),
        3 => (79, 15),
        4 => (79, 9),
        _ => return finish(g, Status::BadCommand),
    };
    establish(g, cylinder, sectors)?;
    Ok(())
}

/// AH=18h: the same by highest cylinder and sectors; ES:DI is the parameter table.
fn set_media(g: &mut Guest) -> Served {
    let (cylinder, sectors) = (g.ch(), g.cl() & 0x3F);
    if let Some(table) = establish(g, cylinder, sectors)? {
        g.regs().es = 0xF000;
        g.set_di(MEDIA_TABLES + table * 16);
    }
    Ok(())
}

fn establish(g: &mut Guest, cylinder: u8, sectors: u8) -> Served<Option<u16>> {
    let Some(kind) = kind(g) else {
        finish(g, Status::TimeOut)?;
        return Ok(None);
    };
    let Some((recording, table)) = kind.format(cylinder, sectors) else {
        finish(g, Status::BadMedia)?;
        return Ok(None);
    };
    let drive = u16::from(g.dl() & 1);
    g.set_bda(bda::MEDIA_STATE + drive, kind.state(recording))?;
    finish(g, Status::Ok)?;
    Ok(Some(table))
}

#[cfg(test)]
mod tests;
