//! What a drive says of itself [ATA-4, "IDENTIFY DEVICE"; ATA-6 for words 83 and 100 to 103].

use super::{Chs, Drive, Kind};

/// What INT 13h can name: ten bits of cylinder, and heads that DOS counts in a byte [EDD, "Geometry"].
const MOST_CYLINDERS: u64 = 1024;
const MOST_HEADS: u64 = 255;
/// Sectors of a track under any translation: six bits, counted from 1.
const SECTORS: u64 = 63;

/// The answer to IDENTIFY DEVICE or IDENTIFY PACKET DEVICE: 256 words.
pub(super) struct Identity<'a>(pub(super) &'a [u8; 512]);

impl Identity<'_> {
    fn word(&self, n: usize) -> u16 {
        u16::from_le_bytes([self.0[2 * n], self.0[2 * n + 1]])
    }

    fn number(&self, words: std::ops::Range<usize>) -> u64 {
        words.rev().fold(0, |value, n| value << 16 | u64::from(self.word(n)))
    }

    fn knows_lba48(&self) -> bool {
        // Bits 15 and 14 are 01 where the word means anything.
        self.word(83) & 0xC400 == 0x4400
    }

    fn sectors(&self) -> u64 {
        let long = if self.knows_lba48() { self.number(100..104) } else { 0 };
        if long == 0 { self.number(60..62) } else { long }
    }

    /// The drive at `place`, if it is one that the BIOS can use.
    pub(super) fn drive(&self, place: u8, kind: Kind) -> Option<Drive> {
        let drive = Drive {
            place,
            kind,
            lba48: self.knows_lba48(),
            physical: Chs::default(),
            logical: Chs::default(),
            total: 0,
        };
        match kind {
            // Command set 5: CD-ROM [ATA-4, "IDENTIFY PACKET DEVICE", word 0].
            Kind::Cd => (self.word(0) >> 8 & 0x1F == 5).then_some(drive),
            Kind::Disk => {
                let total = self.sectors();
                let (heads, sectors) = (self.word(3), self.word(6) as u8);
                let physical = Chs { cylinders: self.word(1), heads, sectors };
                let usable = self.word(49) & 0x200 != 0 && total > 0 && physical.total() > 0;
                usable.then(|| Drive { physical, logical: logical(physical, total), total, ..drive })
            }
        }
    }
}

/// The geometry for INT 13h: the drive's own where its cylinders fit ten bits, else 63 sectors and as many heads as it takes
/// [EDD, "LBA assisted translation"].
pub(super) fn logical(physical: Chs, total: u64) -> Chs {
    if u64::from(physical.cylinders) <= MOST_CYLINDERS {
        return physical;
    }
    let tracks = total / SECTORS;
    let heads = match tracks / MOST_CYLINDERS {
        0..=16 => 16,
        17..=32 => 32,
        33..=64 => 64,
        65..=128 => 128,
        _ => MOST_HEADS,
    };
    let cylinders = (tracks / heads).min(MOST_CYLINDERS);
    Chs { cylinders: cylinders as u16, heads: heads as u16, sectors: SECTORS as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(total: u64) -> (u16, u16) {
        let physical = Chs { cylinders: (total / 1008).min(16_383) as u16, heads: 16, sectors: 63 };
        let chs = logical(physical, total);
        (chs.cylinders, chs.heads)
    }

    #[test]
    fn a_small_disk_keeps_its_geometry() {
        assert_eq!(translated(1016 * 1008), (1016, 16));
    }

    #[test]
    fn larger_disks_get_more_heads_and_at_most_1024_cylinders() {
        assert_eq!(translated(1 << 21), (1024, 32));
        assert_eq!(translated(6_000_000), (744, 128));
        assert_eq!(translated(1 << 27), (1024, 255));
    }
}
