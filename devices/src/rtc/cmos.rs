//! What POST finds in CMOS memory [AT, "CMOS RAM Address Map"].

use crate::storage::hard_disk::DiskGeometry;

/// The configuration bytes of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CmosConfig {
    /// Bytes of RAM from address 0 on.
    pub ram_size: u64,
    /// Types of floppy drives A and B: 0 none, 1 360K, 2 1.2M, 3 720K, 4 1.44M, 5 2.88M.
    pub floppy_types: [u8; 2],
    /// First, second and third boot device: 0 none, 1 floppy, 2 hard disk, 3 CD.
    pub boot_order: [u8; 3],
    /// Hard disks at the four IDE places; the first two of them are C and D.
    pub hard_disks: [Option<DiskGeometry>; 4],
    /// A coprocessor is present.
    pub fpu: bool,
}

const KB: u64 = 1024;
const MB: u64 = 1024 * KB;

impl CmosConfig {
    /// The 128 bytes, checksum included.
    pub(super) fn memory(&self) -> Vec<u8> {
        let mut memory = vec![0; 128];
        let [a, b] = self.floppy_types.map(|kind| kind & 0x0F);
        memory[0x10] = a << 4 | b;
        memory[0x14] = self.equipment();
        self.put_hard_disks(&mut memory);
        let capped = |value: u64| u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes();
        memory[0x15..0x17].copy_from_slice(&capped((self.ram_size / KB).min(640)));
        let extended = capped(self.ram_size.saturating_sub(MB) / KB);
        memory[0x17..0x19].copy_from_slice(&extended);
        memory[0x30..0x32].copy_from_slice(&extended);
        memory[0x34..0x36].copy_from_slice(&capped(self.ram_size.saturating_sub(16 * MB) / (64 * KB)));
        let [first, second, third] = self.boot_order.map(|device| device & 0x0F);
        memory[0x3D] = second << 4 | first;
        // Bit 0: boot a floppy without asking for its signature twice.
        memory[0x38] = third << 4 | 1;
        let sum: u16 = memory[0x10..=0x2D].iter().map(|&byte| u16::from(byte)).sum();
        memory[0x2E..0x30].copy_from_slice(&sum.to_be_bytes());
        memory
    }

    /// Byte 12h: both types, 15 for one that stands in 19h or 1Ah; there, 47 is the user's own type, whose parameters
    /// follow at 1Bh and 24h: cylinders, heads, write precompensation, control, landing zone, sectors
    /// [AT, "Drive Types"; type 47 as AMI and Phoenix have it].
    fn put_hard_disks(&self, memory: &mut [u8]) {
        for (n, disk) in self.hard_disks.iter().flatten().take(2).enumerate() {
            memory[0x12] |= if n == 0 { 0xF0 } else { 0x0F };
            memory[0x19 + n] = 47;
            let [low, high] = disk.cylinders.to_le_bytes();
            let control = if disk.heads > 8 { 0xC8 } else { 0xC0 };
            let entry = [low, high, disk.heads, 0xFF, 0xFF, control, low, high, disk.sectors];
            memory[0x1B + 9 * n..][..9].copy_from_slice(&entry);
        }
        // Byte 39h, two bits for each place: 1 where the BIOS is to translate by LBA, as Bochs and SeaBIOS have it.
        for (n, disk) in self.hard_disks.iter().enumerate() {
            let large = disk.is_some_and(|disk| disk.cylinders > 1024);
            memory[0x39] |= u8::from(large) << (2 * n);
        }
    }

    /// Byte 14h: floppies in bits 7-6 and 0, display (0: has its own BIOS) in 5-4, coprocessor in 1.
    fn equipment(&self) -> u8 {
        let floppies = self.floppy_types.iter().filter(|&&kind| kind != 0).count() as u8;
        let drives = if floppies > 0 { (floppies - 1) << 6 | 1 } else { 0 };
        drives | 0x04 | if self.fpu { 0x02 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_sizes_floppies_and_checksum() {
        let config = CmosConfig {
            ram_size: 128 * MB,
            floppy_types: [4, 0],
            boot_order: [1, 2, 3],
            hard_disks: [None; 4],
            fpu: true,
        };
        let memory = config.memory();
        assert_eq!((memory[0x10], memory[0x14], memory[0x3D]), (0x40, 0x07, 0x21));
        assert_eq!(memory[0x15..0x19], [0x80, 0x02, 0xFF, 0xFF]);
        assert_eq!(u16::from_le_bytes([memory[0x34], memory[0x35]]), 112 * 16);
        let sum: u16 = memory[0x10..=0x2D].iter().map(|&byte| u16::from(byte)).sum();
        assert_eq!(u16::from_be_bytes([memory[0x2E], memory[0x2F]]), sum);
    }

    #[test]
    fn a_hard_disk_is_of_the_users_own_type() {
        let config = CmosConfig {
            ram_size: MB,
            floppy_types: [0, 0],
            boot_order: [2, 0, 0],
            hard_disks: [Some(DiskGeometry::for_sectors(1_024_128)), None, None, None],
            fpu: true,
        };
        let memory = config.memory();
        assert_eq!((memory[0x12], memory[0x19], memory[0x1A]), (0xF0, 47, 0));
        assert_eq!(memory[0x1B..0x24], [0xF8, 3, 16, 0xFF, 0xFF, 0xC8, 0xF8, 3, 63]);
    }
}
