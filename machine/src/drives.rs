//! Disks, discs and the drives they go into.

use crate::config::{ConfigError, IdeMedia, Media};
use crate::machine::Machine;
use ringzero_devices::ide::{ChannelDrives, IdeDrive, Locked};
use ringzero_devices::storage::{BlockMedium, MediumError, floppy};

/// What goes into a drive.
pub type Medium = Box<dyn BlockMedium>;
pub(crate) type OpenFloppy = Option<(Medium, floppy::FloppyGeometry)>;
/// Floppies with their geometries, the IDE drives by channel, and what goes into them.
pub(crate) type OpenMedia = ([OpenFloppy; 2], [ChannelDrives; 2], [Option<Medium>; 4]);

/// Finds out what drives the media need.
pub(crate) fn open(media: Media) -> Result<OpenMedia, ConfigError> {
    let [a, b] = media.floppies;
    let floppy = |drive, medium: Option<_>| medium.map(|medium| open_floppy(drive, medium)).transpose();
    let floppies = [floppy(0, a)?, floppy(1, b)?];
    let [a, b, c, d] = media.ide.map(IdeMedia::open);
    Ok((floppies, [[a.0, b.0], [c.0, d.0]], [a.1, b.1, c.1, d.1]))
}

impl Machine {
    /// Puts the disks of power-on into their drives.
    pub(crate) fn fill_drives(&mut self, floppies: [OpenFloppy; 2], ide_media: [Option<Medium>; 4]) {
        for (drive, floppy) in floppies.into_iter().enumerate() {
            if let Some((medium, geometry)) = floppy {
                self.insert_opened(drive, medium, geometry);
            }
        }
        for (drive, medium) in ide_media.into_iter().enumerate() {
            if let (Some(ide), Some(medium)) = (self.parts.ide, medium) {
                self.bus.call(ide, |ide, _| ide.insert(drive, medium));
            }
        }
    }

    // --- floppies -------------------------------------------------------------------------------------------

    /// Puts a disk into floppy drive 0 or 1, replacing what was there.
    pub fn insert_floppy(&mut self, drive: usize, medium: Box<dyn BlockMedium>) -> Result<(), ConfigError> {
        let (medium, geometry) = open_floppy(drive, medium)?;
        self.insert_opened(drive, medium, geometry);
        Ok(())
    }

    fn insert_opened(
        &mut self,
        drive: usize,
        medium: Box<dyn BlockMedium>,
        geometry: floppy::FloppyGeometry,
    ) {
        if let Some(fdc) = self.parts.fdc {
            let mut old = self.bus.call(fdc, |fdc, _| fdc.insert(drive, medium, geometry));
            flush(old.as_mut());
        }
    }

    /// Takes the disk out of floppy drive 0 or 1.
    pub fn eject_floppy(&mut self, drive: usize) -> Option<Medium> {
        let mut old = self.bus.call(self.parts.fdc?, |fdc, _| fdc.eject(drive));
        flush(old.as_mut());
        old
    }

    /// Whether there is a disk in floppy drive 0 or 1.
    pub fn has_floppy(&self, drive: usize) -> bool {
        self.parts.fdc.is_some_and(|fdc| self.bus.get(fdc).geometry(drive).is_some())
    }

    /// Whether floppy drive 0 or 1 is working.
    pub fn floppy_light(&self, drive: usize) -> bool {
        self.parts.fdc.is_some_and(|fdc| self.bus.get(fdc).activity(drive))
    }

    // --- hard disks and CDs ---------------------------------------------------------------------------------

    /// Which IDE drive is at a place, 0 to 3.
    pub fn ide_drive(&self, drive: usize) -> Option<IdeDrive> {
        self.parts.ide.and_then(|ide| self.bus.get(ide).kind(drive))
    }

    /// Puts a disc into the CD-ROM drive at IDE place `drive`, replacing what was there; false when there is no
    /// such drive.
    pub fn insert_cd(&mut self, drive: usize, medium: Medium) -> bool {
        let Some(ide) = self.parts.ide.filter(|_| self.ide_drive(drive) == Some(IdeDrive::Cd)) else {
            return false;
        };
        self.bus.call(ide, |ide, _| ide.insert(drive, medium));
        true
    }

    /// Presses the eject button of a CD-ROM drive: the disc that was in it. A guest that has locked it is told of the
    /// wish.
    pub fn eject_cd(&mut self, drive: usize) -> Result<Option<Medium>, Locked> {
        let Some(ide) = self.parts.ide else { return Ok(None) };
        self.bus.call(ide, |ide, _| ide.eject(drive))
    }

    /// Takes the disc out of a CD-ROM drive, locked or not.
    pub fn force_eject_cd(&mut self, drive: usize) -> Option<Medium> {
        self.bus.call(self.parts.ide?, |ide, _| ide.force_eject(drive))
    }

    /// Whether there is a disc in a CD-ROM drive whose tray is closed.
    pub fn has_cd(&self, drive: usize) -> bool {
        self.parts.ide.is_some_and(|ide| self.bus.get(ide).is_loaded(drive))
    }

    /// Whether an IDE drive is working.
    pub fn ide_light(&self, drive: usize) -> bool {
        self.parts.ide.is_some_and(|ide| self.bus.get(ide).activity(drive))
    }

    /// Commands an IDE drive has begun: a light that blinks between two looks shows here.
    pub fn ide_commands(&self, drive: usize) -> u64 {
        self.parts.ide.map_or(0, |ide| self.bus.get(ide).commands(drive))
    }

    /// Commands that all drives together have begun.
    pub fn disk_commands(&self) -> u64 {
        let ide = (0..4).map(|drive| self.ide_commands(drive)).sum::<u64>();
        ide + self.parts.fdc.map_or(0, |fdc| self.bus.get(fdc).commands())
    }

    /// Makes the guest's writes to its disks lasting on the host; the first error of any.
    pub fn flush_disks(&mut self) -> Result<(), MediumError> {
        let fdc = self.parts.fdc.map_or(Ok(()), |fdc| self.bus.call(fdc, |fdc, _| fdc.flush()));
        fdc.and(self.parts.ide.map_or(Ok(()), |ide| self.bus.call(ide, |ide, _| ide.flush())))
    }

    /// Bytes that all media keep in memory beyond what they began with, as the overlays of --snapshot do.
    pub fn disk_growth(&self) -> u64 {
        let fdc = self.parts.fdc.map_or(0, |fdc| self.bus.get(fdc).growth());
        fdc + self.parts.ide.map_or(0, |ide| self.bus.get(ide).growth())
    }

    /// Host errors that the guest saw as disk errors since the last call.
    pub fn take_disk_warnings(&mut self) -> Vec<MediumError> {
        let fdc = self.parts.fdc.map(|fdc| self.bus.call(fdc, |fdc, _| fdc.take_warnings()));
        let ide = self.parts.ide.map(|ide| self.bus.call(ide, |ide, _| ide.take_warnings()));
        fdc.into_iter().chain(ide).flatten().collect()
    }
}

fn flush(medium: Option<&mut Box<dyn BlockMedium>>) {
    if let Some(medium) = medium
        && let Err(error) = medium.flush()
    {
        log::warn!("ejected disk: {error}");
    }
}

fn open_floppy(
    drive: usize,
    medium: Box<dyn BlockMedium>,
) -> Result<(Box<dyn BlockMedium>, floppy::FloppyGeometry), ConfigError> {
    let letter = if drive == 0 { 'A' } else { 'B' };
    floppy::open(medium).map_err(|source| ConfigError::Floppy { drive: letter, source })
}
