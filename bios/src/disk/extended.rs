//! The extended functions of INT 13h, AH=41h to 4Eh [EDD, "Int 13h Extensions"].
//!
//! *Modelled*: installation check, extended read, write, verify, seek, drive parameters with the paths of version 3, media
//! change, eject and lock of a CD. *Not modelled*: set hardware configuration beyond its answers.

use super::Status;
use super::fixed::{finish, sectors, start};
use super::unit::Unit;
use crate::ata::transfer::{Operation, Transfer};
use crate::ata::{Kind, parameters};
use crate::bda::own;
use crate::guest::{Guest, Served};
use crate::pci;
use ringzero_bus::LinAddr;

/// Version 3.0 of the extensions.
const VERSION: u8 = 0x30;
/// Packet access, removable media functions, drive parameters.
const SUBSETS: u16 = 0x07;
/// An address packet's buffer of FFFF:FFFF says that the real one is 64 bits wide, behind it.
const FLAT: u32 = 0xFFFF_FFFF;
/// Most blocks of a packet; FFh takes the count from behind the 64-bit buffer.
const MOST_BLOCKS: u8 = 127;

/// The functions, by AH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Check,
    Move(Operation),
    Seek,
    Lock,
    Eject,
    Parameters,
    Changed,
    Configure,
    Unknown,
}

impl Function {
    fn decode(ah: u8) -> Self {
        match ah {
            0x41 => Self::Check,
            0x42 => Self::Move(Operation::Read),
            0x43 => Self::Move(Operation::Write),
            0x44 => Self::Move(Operation::Verify),
            0x45 => Self::Lock,
            0x46 => Self::Eject,
            0x47 => Self::Seek,
            0x48 => Self::Parameters,
            0x49 => Self::Changed,
            0x4E => Self::Configure,
            _ => Self::Unknown,
        }
    }

    fn is_move(self) -> bool {
        matches!(self, Self::Move(_))
    }
}

/// A request for a drive that is there.
pub(super) fn int13(g: &mut Guest, unit: &Unit) -> Served {
    // An image behaves as the disk it shows, which knows no packets.
    if matches!(unit, Unit::Image(..)) {
        return finish(g, Status::BadCommand);
    }
    match Function::decode(g.ah()) {
        Function::Check => check(g),
        Function::Move(_) => {
            let transfer = transfer(g, unit)?;
            start(g, transfer)
        }
        Function::Seek => {
            let status = transfer(g, unit)?.map_or_else(|status| status, |_| Status::Ok);
            finish(g, status)
        }
        Function::Parameters => drive_parameters(g, unit),
        Function::Lock => lock(g, unit),
        Function::Eject => eject(g, unit),
        // The drive itself tells of a new disc, at the next read.
        Function::Changed => finish(g, Status::Ok),
        Function::Configure => configure(g),
        Function::Unknown => finish(g, Status::BadCommand),
    }
}

/// AH=41h.
fn check(g: &mut Guest) -> Served {
    if g.bx() != 0x55AA {
        return finish(g, Status::BadCommand);
    }
    finish(g, Status::Ok)?;
    g.set_bx(0xAA55);
    g.set_cx(SUBSETS);
    g.set_ah(VERSION);
    Ok(())
}

/// Where the address packet lies.
fn packet(g: &mut Guest) -> LinAddr {
    LinAddr::real(g.regs().ds, g.si())
}

/// The transfer that the packet at DS:SI describes.
pub(super) fn transfer(g: &mut Guest, unit: &Unit) -> Served<Result<Transfer, Status>> {
    let mut bytes = [0; 24];
    let at = packet(g);
    let size = g.read_u8(at)?;
    if size < 16 {
        return Ok(Err(Status::BadCommand));
    }
    let length = if size >= 24 { 24 } else { 16 };
    g.read(at, &mut bytes[..length])?;
    let long = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let wide = |at: usize| u64::from(long(at)) | u64::from(long(at + 4)) << 32;
    let flat = length == 24 && long(4) == FLAT;
    let buffer = if flat { LinAddr(wide(16)) } else { LinAddr::real((long(4) >> 16) as u16, long(4) as u16) };
    let operation = match Function::decode(g.ah()) {
        Function::Move(operation) => operation,
        _ => Operation::Verify,
    };
    let count = bytes[2];
    if count > MOST_BLOCKS {
        return Ok(Err(Status::BadCommand));
    }
    Ok(sectors(unit, operation, wide(8), u32::from(count), buffer))
}

/// Puts the number of blocks moved into the packet; false when the request had none.
pub(super) fn report(g: &mut Guest, blocks: u32) -> Served<bool> {
    if !Function::decode(g.ah()).is_move() {
        return Ok(false);
    }
    let at = LinAddr(packet(g).0 + 2);
    g.write_u8(at, blocks as u8)?;
    Ok(true)
}

/// AH=45h: AL 0 locks, 1 unlocks, 2 asks. Locks are counted per drive.
fn lock(g: &mut Guest, unit: &Unit) -> Served {
    let Unit::Cd(drive) = unit else { return finish(g, Status::NotRemovable) };
    let place = own::LOCKS + u16::from(drive.place);
    let count = g.ebda(place)?;
    match g.al() {
        0 => g.set_ebda(place, count.saturating_add(1))?,
        1 if count == 0 => return finish(g, Status::NotLocked),
        1 => g.set_ebda(place, count - 1)?,
        2 => {}
        _ => return finish(g, Status::BadCommand),
    }
    let locked = g.ebda(place)? != 0;
    g.set_al(u8::from(locked));
    finish(g, Status::Ok)
}

/// AH=46h: there is no motor that the BIOS drives; the user's own button ejects.
fn eject(g: &mut Guest, unit: &Unit) -> Served {
    let status = match unit {
        Unit::Cd(_) => Status::EjectFailed,
        _ => Status::NotRemovable,
    };
    finish(g, status)
}

/// AH=4Eh: transfers are by PIO and cannot be made otherwise.
fn configure(g: &mut Guest) -> Served {
    match g.al() {
        0 | 2..=4 | 6 => finish(g, Status::Ok),
        _ => finish(g, Status::BadCommand),
    }
}

/// AH=48h: fills as much of the buffer at DS:SI as it has room for.
fn drive_parameters(g: &mut Guest, unit: &Unit) -> Served {
    const VERSION_1: u16 = 26;
    const VERSION_2: u16 = 30;
    const VERSION_3: u16 = 66;
    let at = packet(g);
    let room = g.read_u16(at)?;
    let size = match room {
        VERSION_3.. => VERSION_3,
        VERSION_2.. => VERSION_2,
        VERSION_1.. => VERSION_1,
        _ => return finish(g, Status::BadCommand),
    };
    let drive = unit.drive();
    let mut result = [0u8; VERSION_3 as usize];
    result[0..2].copy_from_slice(&size.to_le_bytes());
    describe(&mut result, unit);
    let is_pci = pci::ide_function(g).is_some();
    if size >= VERSION_2 {
        let (segment, offset) = parameters::extension(g, &drive, is_pci)?;
        result[26..28].copy_from_slice(&offset.to_le_bytes());
        result[28..30].copy_from_slice(&segment.to_le_bytes());
    }
    device_path(g, &mut result, unit);
    g.write(at, &result[..usize::from(size)])?;
    finish(g, Status::Ok)
}

/// Geometry and size.
fn describe(result: &mut [u8], unit: &Unit) {
    let drive = unit.drive();
    // DMA boundaries are no matter; the geometry is valid; a CD is removable, can be locked, and tells of a change.
    let flags: u16 = if drive.kind == Kind::Cd { 0x75 } else { 0x03 };
    result[2..4].copy_from_slice(&flags.to_le_bytes());
    let geometry = drive.physical;
    let fields = [u32::from(geometry.cylinders), u32::from(geometry.heads), u32::from(geometry.sectors)];
    let total = if drive.kind == Kind::Cd { u64::MAX } else { drive.total };
    for (at, value) in (4..).step_by(4).zip(fields) {
        let value = if drive.kind == Kind::Cd { u32::MAX } else { value };
        result[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    result[16..24].copy_from_slice(&total.to_le_bytes());
    result[24..26].copy_from_slice(&(drive.block() as u16).to_le_bytes());
}

/// Key, host bus, interface, and the places of interface and device on them [EDD, "Device Path"].
fn device_path(g: &mut Guest, result: &mut [u8], unit: &Unit) {
    let drive = unit.drive();
    result[30..33].copy_from_slice(&[0xDD, 0xBE, 36]);
    if let Some(function) = pci::ide_function(g) {
        result[36..40].copy_from_slice(b"PCI ");
        result[48..52].copy_from_slice(&[0, function.device, function.function, drive.channel().0]);
    } else {
        result[36..40].copy_from_slice(b"ISA ");
        result[48..50].copy_from_slice(&drive.channel().base().to_le_bytes());
    }
    let interface: &[u8; 8] = if drive.kind == Kind::Cd { b"ATAPI   " } else { b"ATA     " };
    result[40..48].copy_from_slice(interface);
    result[56] = drive.unit();
    result[65] = parameters::checksum(&result[30..65]);
}
