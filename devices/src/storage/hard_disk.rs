//! Hard disks: how many sectors an image has, and the geometry its drive reports.

use super::BlockMedium;

/// Bytes in a sector.
pub const SECTOR: usize = 512;
/// Most cylinders a drive reports, whatever its size [ATA-4, "Default translation"].
pub const MOST_CYLINDERS: u64 = 16_383;
/// Sectors that 48 bits can count.
const MOST_SECTORS: u64 = 1 << 48;

/// Sectors on a disk and its default CHS translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskGeometry {
    /// Sectors on the disk.
    pub total: u64,
    /// Cylinders of the default translation.
    pub cylinders: u16,
    /// Heads of the default translation, 1 to 16.
    pub heads: u8,
    /// Sectors per track of the default translation, 1 to 63.
    pub sectors: u8,
}

impl DiskGeometry {
    /// The usual translation of a disk of `total` sectors: 16 heads, 63 sectors, at most 16,383 cylinders. A disk
    /// smaller than one such cylinder has fewer heads, and a shorter track if need be.
    pub fn for_sectors(total: u64) -> Self {
        let total = total.min(MOST_SECTORS);
        let sectors = total.clamp(1, 63);
        let heads = (total / sectors).clamp(1, 16);
        Self::translated(total, heads, sectors)
    }

    fn translated(total: u64, heads: u64, sectors: u64) -> Self {
        let cylinders = (total / (heads * sectors)).clamp(1, MOST_CYLINDERS);
        Self { total, cylinders: cylinders as u16, heads: heads as u8, sectors: sectors as u8 }
    }

    /// The translation that a partition table was written under: where its partitions end. Only one that a drive can
    /// report counts; a table made under a BIOS translation (more than 16 heads) says nothing about the drive.
    fn from_partition_table(total: u64, mbr: &[u8; SECTOR]) -> Option<Self> {
        if mbr[510..] != [0x55, 0xAA] {
            return None;
        }
        let entries = mbr[0x1BE..0x1FE].chunks_exact(16);
        entries.filter(|entry| entry[4] != 0 && entry[12..16] != [0; 4]).find_map(|entry| {
            let (heads, sectors) = (u64::from(entry[5]) + 1, u64::from(entry[6] & 0x3F));
            let fits = (2..=16).contains(&heads) && sectors > 0;
            fits.then_some(total / (heads * sectors).max(1))
                .filter(|cylinders| (1..=MOST_CYLINDERS).contains(cylinders))
                .map(|_| Self::translated(total, heads, sectors))
        })
    }

    /// Bytes on the disk.
    pub fn bytes(self) -> u64 {
        self.total * SECTOR as u64
    }
}

/// The geometry of an image, by its size and its partition table. Bytes behind the last whole sector are not reached.
pub fn geometry(medium: &mut dyn BlockMedium) -> DiskGeometry {
    let total = medium.len() / SECTOR as u64;
    let mut mbr = [0; SECTOR];
    let readable = total > 0 && medium.read_at(0, &mut mbr).is_ok();
    let named = readable.then(|| DiskGeometry::from_partition_table(total, &mbr)).flatten();
    named.unwrap_or_else(|| DiskGeometry::for_sectors(total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryMedium;

    fn chs(geometry: DiskGeometry) -> (u16, u8, u8) {
        (geometry.cylinders, geometry.heads, geometry.sectors)
    }

    #[test]
    fn sizes_have_the_usual_translation() {
        for (total, expected) in [
            (1_024_128, (1016, 16, 63)),
            (16_514_064, (16_383, 16, 63)),
            (1 << 40, (16_383, 16, 63)),
            (1008, (1, 16, 63)),
            (130, (1, 2, 63)),
            (17, (1, 1, 17)),
        ] {
            assert_eq!(chs(DiskGeometry::for_sectors(total)), expected, "{total}");
        }
    }

    #[test]
    fn a_partition_table_names_its_translation() {
        let mut image = vec![0; 306 * 4 * 17 * SECTOR];
        image[510..512].copy_from_slice(&[0x55, 0xAA]);
        image[0x1C2..0x1CE].copy_from_slice(&[1, 3, 0x51, 0x31, 17, 0, 0, 0, 0xBB, 0x51, 0, 0]);
        assert_eq!(chs(geometry(&mut MemoryMedium::new(image))), (306, 4, 17));
    }

    #[test]
    fn a_table_under_a_bios_translation_does_not_count() {
        let mut image = vec![0; 40_320 * SECTOR];
        image[510..512].copy_from_slice(&[0x55, 0xAA]);
        image[0x1C2..0x1CE].copy_from_slice(&[6, 254, 0x3F, 1, 63, 0, 0, 0, 0x41, 0x9D, 0, 0]);
        assert_eq!(chs(geometry(&mut MemoryMedium::new(image))), (40, 16, 63));
    }
}
