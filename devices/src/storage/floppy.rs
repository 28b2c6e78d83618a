//! Floppy formats by the size of their image.

use super::{BlockMedium, Padded};

/// Bytes in a sector of every format here.
pub const SECTOR: usize = 512;

/// How densely a disk is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Density {
    /// 250 kbit/s, or 300 in a 1.2 MB drive.
    Double,
    /// 500 kbit/s.
    High,
    /// 1 Mbit/s.
    Extra,
}

/// Tracks and sectors of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloppyGeometry {
    /// Tracks per side.
    pub cylinders: u8,
    /// Sides.
    pub heads: u8,
    /// Sectors per track.
    pub sectors: u8,
    /// Recording density.
    pub density: Density,
    /// CMOS type of a drive that takes the disk: 1 360K, 2 1.2M, 3 720K, 4 1.44M, 5 2.88M.
    pub drive_type: u8,
}

const fn format(cylinders: u8, heads: u8, sectors: u8, density: Density, drive_type: u8) -> FloppyGeometry {
    FloppyGeometry { cylinders, heads, sectors, density, drive_type }
}

/// The formats, smallest first: 160K, 180K, 320K, 360K, 720K, 1.2M, 1.44M, 1.68M (DMF), 1.72M, 2.88M.
pub const FORMATS: [FloppyGeometry; 10] = [
    format(40, 1, 8, Density::Double, 1),
    format(40, 1, 9, Density::Double, 1),
    format(40, 2, 8, Density::Double, 1),
    format(40, 2, 9, Density::Double, 1),
    format(80, 2, 9, Density::Double, 3),
    format(80, 2, 15, Density::High, 2),
    format(80, 2, 18, Density::High, 4),
    format(80, 2, 21, Density::High, 4),
    format(82, 2, 21, Density::High, 4),
    format(80, 2, 36, Density::Extra, 5),
];

/// The image is no floppy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{len} bytes are more than the largest floppy holds (2949120)")]
pub struct TooLarge {
    /// Bytes in the image.
    pub len: u64,
}

impl FloppyGeometry {
    /// Bytes on the disk.
    pub fn bytes(self) -> u64 {
        u64::from(self.cylinders) * u64::from(self.heads) * u64::from(self.sectors) * SECTOR as u64
    }

    /// The format of an image of `len` bytes: the next larger one when no format has that size.
    pub fn for_size(len: u64) -> Result<Self, TooLarge> {
        FORMATS.into_iter().find(|format| format.bytes() >= len).ok_or(TooLarge { len })
    }
}

/// `medium` as a floppy: its geometry, and the medium padded with zeros to a whole disk.
pub fn open(medium: Box<dyn BlockMedium>) -> Result<(Box<dyn BlockMedium>, FloppyGeometry), TooLarge> {
    let geometry = FloppyGeometry::for_size(medium.len())?;
    if medium.len() == geometry.bytes() {
        return Ok((medium, geometry));
    }
    Ok((Box::new(Padded::new(medium, geometry.bytes())), geometry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryMedium;

    #[test]
    fn standard_sizes_have_their_geometry() {
        for (kilobytes, cylinders, heads, sectors) in [
            (160, 40, 1, 8),
            (360, 40, 2, 9),
            (720, 80, 2, 9),
            (1200, 80, 2, 15),
            (1440, 80, 2, 18),
            (2880, 80, 2, 36),
        ] {
            let g = FloppyGeometry::for_size(kilobytes * 1024).unwrap();
            assert_eq!((g.cylinders, g.heads, g.sectors), (cylinders, heads, sectors));
        }
    }

    #[test]
    fn a_boot_sector_alone_is_a_whole_disk() {
        let (medium, geometry) = open(Box::new(MemoryMedium::new(vec![0; 512]))).unwrap();
        assert_eq!((medium.len(), geometry), (160 * 1024, FORMATS[0]));
    }

    #[test]
    fn a_hard_disk_is_refused() {
        assert_eq!(FloppyGeometry::for_size(3_000_000), Err(TooLarge { len: 3_000_000 }));
    }
}
