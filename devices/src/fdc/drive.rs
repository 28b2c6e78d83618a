//! A floppy drive: a head over a medium.

use crate::storage::floppy::{Density, FloppyGeometry, SECTOR};
use crate::storage::{BlockMedium, MediumError, NoFork};
use serde::{Deserialize, Serialize};

/// The mechanism stops here.
const LAST_CYLINDER: u8 = 84;

/// The part of a drive that a snapshot carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DriveState {
    /// Where the head is.
    pub(super) cylinder: u8,
    /// PCN, where the controller believes it is.
    pub(super) pcn: u8,
    /// The seek in progress ends here.
    pub(super) seeking: Option<SeekEnd>,
    /// ST0 of an interrupt that SENSE INTERRUPT has not taken.
    pub(super) interrupt: Option<u8>,
    /// The disk change line.
    pub(super) changed: bool,
}

/// What a seek will have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SeekEnd {
    pub(super) pcn: u8,
    pub(super) cylinder: u8,
    pub(super) st0: u8,
}

impl DriveState {
    /// The cylinder that lies `steps` away, as far as the mechanism goes.
    pub(super) fn stepped(&self, steps: i32) -> u8 {
        (i32::from(self.cylinder) + steps).clamp(0, i32::from(LAST_CYLINDER)) as u8
    }

    pub(super) fn is_valid(&self) -> bool {
        self.cylinder <= LAST_CYLINDER && self.seeking.is_none_or(|end| end.cylinder <= LAST_CYLINDER)
    }
}

/// A disk in a drive.
pub(super) struct Disk {
    medium: Box<dyn BlockMedium>,
    geometry: FloppyGeometry,
}

/// An address mark: cylinder, head, sector number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SectorId {
    pub(super) c: u8,
    pub(super) h: u8,
    pub(super) r: u8,
    pub(super) n: u8,
}

impl Disk {
    pub(super) fn fork(&self) -> Result<Self, NoFork> {
        Ok(Self { medium: self.medium.fork()?, geometry: self.geometry })
    }

    pub(super) fn growth(&self) -> u64 {
        self.medium.growth()
    }

    pub(super) fn new(medium: Box<dyn BlockMedium>, geometry: FloppyGeometry) -> Self {
        Self { medium, geometry }
    }

    pub(super) fn into_medium(self) -> Box<dyn BlockMedium> {
        self.medium
    }

    pub(super) fn flush(&mut self) -> Result<(), MediumError> {
        self.medium.flush()
    }

    pub(super) fn geometry(&self) -> FloppyGeometry {
        self.geometry
    }

    pub(super) fn write_protected(&self) -> bool {
        self.medium.read_only()
    }

    /// Whether address marks can be read at this place with this data rate [82077AA, "Data Rate Select"].
    pub(super) fn has_marks(&self, cylinder: u8, head: u8, rate: Option<u8>, mfm: bool) -> bool {
        let rate_fits = match self.geometry.density {
            _ if rate.is_none() => true,
            Density::Double => matches!(rate, Some(1 | 2)),
            Density::High => rate == Some(0),
            Density::Extra => rate == Some(3),
        };
        mfm && rate_fits && cylinder < self.geometry.cylinders && head < self.geometry.heads
    }

    fn offset(&self, cylinder: u8, head: u8, sector: u8) -> Option<u64> {
        let g = self.geometry;
        let inside = cylinder < g.cylinders && head < g.heads && (1..=g.sectors).contains(&sector);
        let track = u64::from(cylinder) * u64::from(g.heads) + u64::from(head);
        inside.then(|| (track * u64::from(g.sectors) + u64::from(sector) - 1) * SECTOR as u64)
    }

    pub(super) fn read(&mut self, cylinder: u8, head: u8, sector: u8) -> Result<Vec<u8>, MediumError> {
        let mut data = vec![0; SECTOR];
        if let Some(offset) = self.offset(cylinder, head, sector) {
            self.medium.read_at(offset, &mut data)?;
        }
        Ok(data)
    }

    pub(super) fn write(
        &mut self,
        cylinder: u8,
        head: u8,
        sector: u8,
        data: &[u8],
    ) -> Result<(), MediumError> {
        match self.offset(cylinder, head, sector) {
            Some(offset) => self.medium.write_at(offset, data),
            None => Ok(()),
        }
    }
}
