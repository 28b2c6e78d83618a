//! What a drive number of INT 13h means.

use super::cd::Emulation;
use crate::ata::{Chs, Drive, Kind};
use crate::bda;
use crate::guest::{Guest, Served};

/// First number of a fixed disk, and of a CD-ROM drive.
pub(crate) const FIRST_DISK: u8 = 0x80;
pub(crate) const FIRST_CD: u8 = 0xE0;

/// A drive with a number of 80h or more, or one that a CD stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Disk(Drive),
    Cd(Drive),
    /// A boot image on a CD, seen as a disk.
    Image(Drive, Emulation),
}

impl Unit {
    /// The drive in DL. An image that is disk 80h moves the others up.
    pub(crate) fn of(g: &mut Guest) -> Served<Option<Self>> {
        let number = g.dl();
        let image = Emulation::active(g)?;
        if let Some(image) = image.filter(|image| image.drive_number == number) {
            return Ok(Drive::load(g, image.place)?.map(|drive| Self::Image(drive, image)));
        }
        if number >= FIRST_CD {
            return Ok(Drive::nth(g, Kind::Cd, number - FIRST_CD)?.map(Self::Cd));
        }
        let shift = u8::from(image.is_some_and(|image| image.drive_number == FIRST_DISK));
        let index = number.checked_sub(FIRST_DISK + shift);
        Ok(match index {
            Some(index) => Drive::nth(g, Kind::Disk, index)?.map(Self::Disk),
            None => None,
        })
    }

    pub(crate) fn drive(&self) -> Drive {
        match self {
            Self::Disk(drive) | Self::Cd(drive) | Self::Image(drive, _) => *drive,
        }
    }

    /// What callers by cylinder, head and sector see; CDs have none.
    pub(crate) fn geometry(&self) -> Option<Chs> {
        match self {
            Self::Disk(drive) => Some(drive.logical),
            Self::Image(_, image) => Some(image.geometry),
            Self::Cd(_) => None,
        }
    }

    pub(crate) fn is_writable(&self) -> bool {
        matches!(self, Self::Disk(_))
    }
}

/// Fixed disks in all, an image among them.
pub(crate) fn disk_count(g: &mut Guest) -> Served<u8> {
    let image = Emulation::active(g)?.is_some_and(|image| image.drive_number == FIRST_DISK);
    Ok(g.bda(bda::FIXED_DISKS)? + u8::from(image))
}
