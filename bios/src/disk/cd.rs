//! A CD that was booted from: its boot image as a diskette or a disk, and the calls about it
//! [El Torito, "Boot Information and Emulation", "INT 13 Function 4B"].
//!
//! *Modelled*: no emulation, diskettes of 1.2, 1.44 and 2.88 MB, hard disks; end of emulation and its status. *Not modelled*:
//! a choice among several images (functions 4Ah, 4Ch, 4Dh). While an image is diskette A, the real drive A is out of reach.

use super::Status;
use super::fixed::finish;
use crate::ata::Chs;
use crate::bda::{self, own};
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;

/// Bytes of a specification packet.
const PACKET: usize = 0x13;
/// Behind it we keep the drive's place, and whether there was such a boot.
const RECORD: usize = PACKET + 2;

/// What the boot image is made to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    None,
    Diskette1200,
    Diskette1440,
    Diskette2880,
    HardDisk,
}

impl Media {
    pub(crate) fn decode(byte: u8) -> Option<Self> {
        Some(match byte & 0x0F {
            0 => Self::None,
            1 => Self::Diskette1200,
            2 => Self::Diskette1440,
            3 => Self::Diskette2880,
            4 => Self::HardDisk,
            _ => return None,
        })
    }

    /// The geometry of a diskette.
    pub(crate) fn diskette(self) -> Option<Chs> {
        let sectors = match self {
            Self::Diskette1200 => 15,
            Self::Diskette1440 => 18,
            Self::Diskette2880 => 36,
            Self::None | Self::HardDisk => return None,
        };
        Some(Chs { cylinders: 80, heads: 2, sectors })
    }
}

/// A boot from a CD, as the EBDA keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Emulation {
    pub(crate) media: Media,
    /// The number it has in INT 13h.
    pub(crate) drive_number: u8,
    /// The CD-ROM drive's place on the cables.
    pub(crate) place: u8,
    /// The image's first block of 2048 bytes.
    pub(crate) first_block: u32,
    pub(crate) load_segment: u16,
    /// Sectors of 512 bytes to load.
    pub(crate) sectors: u16,
    /// What callers see; nothing without emulation.
    pub(crate) geometry: Chs,
}

impl Emulation {
    /// The boot from a CD, if the system was booted so.
    pub(crate) fn booted(g: &mut Guest) -> Served<Option<Self>> {
        let mut r = [0; RECORD];
        let at = g.ebda_at(own::EMULATION)?;
        g.read(at, &mut r)?;
        let Some(media) = Media::decode(r[1]).filter(|_| r[PACKET + 1] != 0) else { return Ok(None) };
        let cylinders = u16::from(r[0x10]) | u16::from(r[0x11] & 0xC0) << 2;
        let geometry =
            Chs { cylinders: cylinders + 1, heads: u16::from(r[0x12]) + 1, sectors: r[0x11] & 0x3F };
        Ok(Some(Self {
            media,
            drive_number: r[2],
            place: r[PACKET],
            first_block: u32::from_le_bytes([r[4], r[5], r[6], r[7]]),
            load_segment: u16::from_le_bytes([r[0x0C], r[0x0D]]),
            sectors: u16::from_le_bytes([r[0x0E], r[0x0F]]),
            geometry,
        }))
    }

    /// The image that stands in for a drive.
    pub(crate) fn active(g: &mut Guest) -> Served<Option<Self>> {
        Ok(Self::booted(g)?.filter(|emulation| emulation.media != Media::None))
    }

    /// Makes the image a drive. A machine without diskette drives has one now.
    pub(crate) fn begin(&self, g: &mut Guest) -> Served {
        let mut record = [0; RECORD];
        record[..PACKET].copy_from_slice(&self.packet());
        (record[PACKET], record[PACKET + 1]) = (self.place, 1);
        let at = g.ebda_at(own::EMULATION)?;
        g.write(at, &record)?;
        if self.media.diskette().is_some() {
            g.change_bda(bda::EQUIPMENT, 0, 1)?;
        }
        Ok(())
    }

    /// The specification packet [El Torito, "Specification Packet"].
    fn packet(&self) -> [u8; PACKET] {
        let mut packet = [0; PACKET];
        packet[0] = PACKET as u8;
        packet[1] = self.media as u8;
        packet[2] = self.drive_number;
        packet[3] = self.place / 2;
        packet[4..8].copy_from_slice(&self.first_block.to_le_bytes());
        packet[8] = self.place % 2;
        packet[0x0C..0x0E].copy_from_slice(&self.load_segment.to_le_bytes());
        packet[0x0E..0x10].copy_from_slice(&self.sectors.to_le_bytes());
        let last = self.geometry.cylinders.saturating_sub(1);
        packet[0x10] = last as u8;
        packet[0x11] = (last >> 2 & 0xC0) as u8 | self.geometry.sectors;
        packet[0x12] = self.geometry.heads.saturating_sub(1) as u8;
        packet
    }

    /// BL of INT 13h AH=08h.
    pub(crate) fn diskette_type(&self) -> u8 {
        match self.media {
            Media::Diskette1200 => 2,
            Media::Diskette2880 => 6,
            _ => 4,
        }
    }
}

/// Ends any emulation: INT 19h starts over.
pub(crate) fn forget(g: &mut Guest) -> Served {
    let at = g.ebda_at(own::EMULATION)?;
    g.write(at, &[0; RECORD])
}

/// Whether an image is the drive in DL.
pub(crate) fn stands_in(g: &mut Guest) -> Served<bool> {
    let number = g.dl();
    Ok(Emulation::active(g)?.is_some_and(|image| image.drive_number == number))
}

/// Diskette drives by the equipment word.
pub(crate) fn floppy_count(g: &mut Guest) -> Served<u8> {
    let equipment = g.bda(bda::EQUIPMENT)?;
    Ok(if equipment & 1 == 0 { 0 } else { (equipment >> 6 & 3) + 1 })
}

/// AH=4Bh: the packet to DS:SI; AL=0 also ends the emulation. DL is a drive, or 7Fh for all.
pub(super) fn int13(g: &mut Guest) -> Served {
    let (ah, number) = (g.ah(), g.dl());
    let booted = Emulation::booted(g)?;
    let Some(emulation) = booted.filter(|e| ah == 0x4B && (number == 0x7F || number == e.drive_number))
    else {
        return finish(g, Status::BadCommand);
    };
    let at = LinAddr::real(g.regs().ds, g.si());
    g.write(at, &emulation.packet())?;
    if g.al() == 0 {
        forget(g)?;
    }
    finish(g, Status::Ok)
}
