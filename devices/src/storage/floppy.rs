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

    /// The format of an image of `len` bytes. When no format has that size it is taken for the beginning of a 1.44 MB
    /// disk or, if it is larger, of the next larger one: a bare boot sector or kernel counts on 18 sectors a track.
    pub fn for_size(len: u64) -> Result<Self, TooLarge> {
        let exact = FORMATS.into_iter().find(|format| format.bytes() == len);
        let larger = FORMATS.into_iter().filter(|format| format.drive_type >= 4);
        exact.or_else(|| larger.into_iter().find(|format| format.bytes() >= len)).ok_or(TooLarge { len })
    }

    /// The format that a FAT boot sector describes: sectors in all, per track, and heads.
    fn from_boot_sector(sector: &[u8; SECTOR]) -> Option<Self> {
        let word = |at: usize| u64::from(u16::from_le_bytes([sector[at], sector[at + 1]]));
        FORMATS.into_iter().find(|format| {
            format.bytes() == word(0x13) * SECTOR as u64
                && u64::from(format.sectors) == word(0x18)
                && u64::from(format.heads) == word(0x1A)
        })
    }
}

/// `medium` as a floppy: its geometry, and the medium padded with zeros to a whole disk. A shortened image of a FAT
/// disk has the geometry its boot sector names.
pub fn open(mut medium: Box<dyn BlockMedium>) -> Result<(Box<dyn BlockMedium>, FloppyGeometry), TooLarge> {
    let mut geometry = FloppyGeometry::for_size(medium.len())?;
    let mut sector = [0; SECTOR];
    if medium.len() != geometry.bytes() && medium.read_at(0, &mut sector).is_ok() {
        let named = FloppyGeometry::from_boot_sector(&sector);
        geometry = named.filter(|named| named.bytes() >= medium.len()).unwrap_or(geometry);
    }
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
        assert_eq!((medium.len(), geometry.sectors), (1440 * 1024, 18));
    }

    #[test]
    fn a_shortened_fat_disk_has_the_geometry_it_names() {
        let mut image = vec![0; 5000];
        image[0x13..0x15].copy_from_slice(&720u16.to_le_bytes());
        image[0x18] = 9;
        image[0x1A] = 2;
        let (medium, geometry) = open(Box::new(MemoryMedium::new(image))).unwrap();
        assert_eq!((medium.len(), geometry), (360 * 1024, FORMATS[3]));
    }

    #[test]
    fn a_hard_disk_is_refused() {
        assert_eq!(FloppyGeometry::for_size(3_000_000), Err(TooLarge { len: 3_000_000 }));
    }
}
