//! INT 13h for fixed disks and CDs [IBM AT TRM, "DISK_IO"; EDD, "Int 13h Interface"].
//!
//! *Modelled*: the functions of the AT but formatting, the extended functions, disks on four IDE places, boot images on
//! CDs. *Not modelled*: read and write long, low-level format: drives since IDE refuse them.

use super::extended;
use super::unit::{Unit, disk_count};
use super::{Status, cd};
use crate::ata::transfer::{Failure, Operation, Progress, Transfer};
use crate::ata::{Kind, register};
use crate::bda::{self, own};
use crate::guest::{Guest, Served, WaitLabels};
use ringzero_bus::LinAddr;
use ringzero_roms::label;

/// The functions, by AH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Reset,
    Status,
    /// Read, write, verify by cylinder, head and sector.
    Chs(Operation),
    Parameters,
    /// Initialise, recalibrate, controller diagnostic: nothing to be done on an IDE drive.
    Nothing,
    Seek,
    Ready,
    DriveType,
    Extended,
    /// El Torito's own calls.
    DiskEmulation,
    Unknown,
}

impl Function {
    fn decode(ah: u8) -> Self {
        match ah {
            0x00 | 0x0D => Self::Reset,
            0x01 => Self::Status,
            0x02 => Self::Chs(Operation::Read),
            0x03 => Self::Chs(Operation::Write),
            0x04 => Self::Chs(Operation::Verify),
            0x08 => Self::Parameters,
            0x09 | 0x11 | 0x14 => Self::Nothing,
            0x0C => Self::Seek,
            0x10 => Self::Ready,
            0x15 => Self::DriveType,
            0x41..=0x49 | 0x4E => Self::Extended,
            0x4A..=0x4D => Self::DiskEmulation,
            _ => Self::Unknown,
        }
    }
}

/// A new request.
pub(crate) fn int13(g: &mut Guest) -> Served {
    let function = Function::decode(g.ah());
    if function == Function::DiskEmulation {
        return cd::int13(g);
    }
    let Some(unit) = Unit::of(g)? else {
        return absent(g, function);
    };
    match function {
        Function::Reset | Function::Nothing => finish(g, Status::Ok),
        Function::Status => last_status(g),
        Function::Parameters => parameters(g, &unit),
        Function::Seek => seek(g, &unit),
        Function::Ready => ready(g, &unit),
        Function::DriveType => drive_type(g, &unit),
        Function::Extended => extended::int13(g, &unit),
        Function::Chs(operation) => {
            let transfer = by_chs(g, &unit, operation);
            start(g, transfer)
        }
        Function::Unknown | Function::DiskEmulation => finish(g, Status::BadCommand),
    }
}

/// A drive that is not there. Its type is a valid answer: none.
fn absent(g: &mut Guest, function: Function) -> Served {
    match function {
        Function::DriveType => {
            g.set_ax(0);
            return g.set_cf(false);
        }
        Function::Status => return last_status(g),
        Function::Parameters => {
            g.set_cx(0);
            let count = disk_count(g)?;
            g.set_dx(u16::from(count));
        }
        _ => {}
    }
    finish(g, Status::BadCommand)
}

/// Status to AH, CF and 40:74h.
pub(super) fn finish(g: &mut Guest, status: Status) -> Served {
    g.set_bda(bda::FIXED_DISK_STATUS, status as u8)?;
    g.set_ah(status as u8);
    g.set_cf(status != Status::Ok)
}

fn last_status(g: &mut Guest) -> Served {
    let status = g.bda(bda::FIXED_DISK_STATUS)?;
    g.set_bda(bda::FIXED_DISK_STATUS, 0)?;
    g.set_ah(status);
    g.set_cf(status != 0)
}

// --- transfers ----------------------------------------------------------------------------------------------

/// Cylinder and sector of CX, head of DH.
fn address(g: &mut Guest) -> (u16, u8, u8) {
    let cylinder = u16::from(g.ch()) | u16::from(g.cl() & 0xC0) << 2;
    (cylinder, g.dh(), g.cl() & 0x3F)
}

/// AH=02h to 04h.
fn by_chs(g: &mut Guest, unit: &Unit, operation: Operation) -> Result<Transfer, Status> {
    let geometry = unit.geometry().ok_or(Status::BadCommand)?;
    let (cylinder, head, sector) = address(g);
    let count = u32::from(g.al());
    if !(1..=128).contains(&count) {
        return Err(Status::BadCommand);
    }
    let first = geometry.sector(cylinder, head, sector).ok_or(Status::NotFound)?;
    let buffer = LinAddr::real(g.regs().es, g.bx());
    sectors(unit, operation, first, count, buffer)
}

/// A transfer of `count` blocks from `first`: 2048 bytes each for a CD, else 512.
pub(super) fn sectors(
    unit: &Unit,
    operation: Operation,
    first: u64,
    count: u32,
    buffer: LinAddr,
) -> Result<Transfer, Status> {
    if operation == Operation::Write && !unit.is_writable() {
        return Err(Status::WriteProtected);
    }
    let drive = unit.drive();
    let plain = Transfer { drive, operation, first, skip: 0, bytes: count * drive.block(), buffer };
    let end = first.checked_add(u64::from(count)).ok_or(Status::NotFound)?;
    match unit {
        Unit::Disk(drive) if end > drive.total => Err(Status::NotFound),
        Unit::Disk(_) => Ok(plain),
        // READ (10) has 32 bits of address.
        Unit::Cd(_) if end > 1 << 32 => Err(Status::NotFound),
        Unit::Cd(_) => Ok(plain),
        Unit::Image(_, image) => {
            let first_block = u64::from(image.first_block) + first / 4;
            let in_range = first < image.geometry.total().max(1) && first_block < 1 << 32;
            let skip = (first % 4) as u32 * 512;
            in_range
                .then_some(Transfer { first: first_block, skip, bytes: count * 512, ..plain })
                .ok_or(Status::NotFound)
        }
    }
}

/// Begins a transfer, or says at once why not.
pub(super) fn start(g: &mut Guest, transfer: Result<Transfer, Status>) -> Served {
    match transfer {
        Ok(transfer) => {
            g.set_ebda(own::TRANSFER_WAITED, 0)?;
            let progress = transfer.begin(g)?;
            proceed(g, &transfer, progress)
        }
        Err(status) => {
            extended::report(g, 0)?;
            finish(g, status)
        }
    }
}

/// Entered again after a wait.
pub(crate) fn again(g: &mut Guest) -> Served {
    let Some(unit) = Unit::of(g)? else { return finish(g, Status::Controller) };
    let transfer = match Function::decode(g.ah()) {
        Function::Chs(operation) => by_chs(g, &unit, operation),
        Function::Extended => extended::transfer(g, &unit)?,
        _ => Err(Status::Controller),
    };
    match transfer {
        Ok(transfer) => {
            let progress = transfer.resume(g)?;
            proceed(g, &transfer, progress)
        }
        Err(status) => finish(g, status),
    }
}

fn proceed(g: &mut Guest, transfer: &Transfer, progress: Progress) -> Served {
    let status = match progress {
        Progress::AwaitsInterrupt => return await_interrupt(g, transfer),
        Progress::Polls => {
            g.spin(WaitLabels::INT13_FIXED);
            return Ok(());
        }
        Progress::Done => Status::Ok,
        Progress::Failed(failure) => status_of(transfer, failure),
    };
    let block = if transfer.skip == 0 { transfer.drive.block() } else { 512 };
    let moved = match status {
        Status::Ok => transfer.bytes / block,
        _ => transfer.moved(g)? / block,
    };
    if !extended::report(g, moved)? {
        g.set_al(moved as u8);
    }
    finish(g, status)
}

/// Halts where the drive's interrupt can come. The first wait tells INT 15h AH=90h.
fn await_interrupt(g: &mut Guest, transfer: &Transfer) -> Served {
    let line = transfer.drive.channel().slave_line();
    let masked = g.inb(0xA1) >> line & 1 != 0 || g.inb(0x21) & 4 != 0;
    if g.ebda(own::TRANSFER_WAITED)? == 0 {
        g.set_ebda(own::TRANSFER_WAITED, 1)?;
        g.go(label::INT13_FIXED_BUSY);
    } else if masked {
        g.spin(WaitLabels::INT13_FIXED);
    } else {
        g.go(label::INT13_FIXED_HLT);
    }
    Ok(())
}

/// What callers hear of a failure.
fn status_of(transfer: &Transfer, failure: Failure) -> Status {
    let error = match failure {
        Failure::TimeOut => return Status::TimeOut,
        Failure::Fault => return Status::Controller,
        Failure::Refused(error) => error,
    };
    if transfer.drive.kind == Kind::Cd {
        // The sense key [SPC, "Sense key"].
        return match error >> 4 {
            2 => Status::NoMedia,
            3 => Status::Crc,
            5 => Status::NotFound,
            6 => Status::Changed,
            _ => Status::Controller,
        };
    }
    match error {
        e if e & 0x10 != 0 => Status::NotFound,
        e if e & 0x40 != 0 && transfer.operation == Operation::Write => Status::WriteProtected,
        e if e & 0x40 != 0 => Status::Crc,
        _ => Status::Controller,
    }
}

// --- questions ----------------------------------------------------------------------------------------------

/// AH=08h: highest cylinder, sector and head, and how many drives there are.
fn parameters(g: &mut Guest, unit: &Unit) -> Served {
    let Some(geometry) = unit.geometry() else { return finish(g, Status::BadCommand) };
    let last = geometry.cylinders.saturating_sub(1).min(1023);
    let is_floppy = g.dl() < 0x80;
    let drives = if is_floppy { cd::floppy_count(g)? } else { disk_count(g)? };
    g.set_ax(0);
    g.set_cx(last << 8 | last >> 2 & 0xC0 | u16::from(geometry.sectors));
    g.set_dx((geometry.heads - 1).min(255) << 8 | u16::from(drives));
    if let (true, Unit::Image(_, image)) = (is_floppy, unit) {
        g.set_bx(u16::from(image.diskette_type()));
        let (segment, offset) = g.read_far(LinAddr(0x1E * 4))?;
        g.regs().es = segment;
        g.set_di(offset);
    }
    finish(g, Status::Ok)
}

/// AH=0Ch: IDE drives seek by themselves; only the address is checked.
fn seek(g: &mut Guest, unit: &Unit) -> Served {
    let (cylinder, head, sector) = address(g);
    let exists = unit.geometry().and_then(|chs| chs.sector(cylinder, head, sector.max(1)));
    finish(g, if exists.is_some() { Status::Ok } else { Status::Seek })
}

/// AH=10h.
fn ready(g: &mut Guest, unit: &Unit) -> Served {
    let channel = unit.drive().channel();
    channel.write(g, register::DEVICE, 0xE0 | unit.drive().unit() << 4);
    let ready = unit.drive().kind == Kind::Cd || channel.alternate_status(g) & 0xC0 == 0x40;
    finish(g, if ready { Status::Ok } else { Status::Controller })
}

/// AH=15h: 3 and the number of sectors for a disk, 1 for an image of a diskette.
fn drive_type(g: &mut Guest, unit: &Unit) -> Served {
    if g.dl() < 0x80 {
        finish(g, Status::Ok)?;
        g.set_ah(1);
        return Ok(());
    }
    let Some(geometry) = unit.geometry() else { return finish(g, Status::BadCommand) };
    finish(g, Status::Ok)?;
    let total = geometry.total().min(u64::from(u32::MAX)) as u32;
    g.set_ah(3);
    g.set_cx((total >> 16) as u16);
    g.set_dx(total as u16);
    Ok(())
}

#[cfg(test)]
#[path = "fixed_tests.rs"]
mod tests;
