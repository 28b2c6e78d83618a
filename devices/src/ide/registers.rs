//! The command block registers and what their bits mean.

use super::drive::Translation;
use serde::{Deserialize, Serialize};

/// Status register [ATA-4, "Status register"].
pub(super) mod status {
    pub(in crate::ide) const BSY: u8 = 0x80;
    pub(in crate::ide) const DRDY: u8 = 0x40;
    pub(in crate::ide) const DF: u8 = 0x20;
    /// Seek complete; SERV of packet devices.
    pub(in crate::ide) const DSC: u8 = 0x10;
    pub(in crate::ide) const DRQ: u8 = 0x08;
    /// CHK of packet devices.
    pub(in crate::ide) const ERR: u8 = 0x01;
}

/// Error register [ATA-4, "Error register"].
pub(super) mod error {
    pub(in crate::ide) const ABRT: u8 = 0x04;
    pub(in crate::ide) const IDNF: u8 = 0x10;
    pub(in crate::ide) const UNC: u8 = 0x40;
    /// The same bit in write commands.
    pub(in crate::ide) const WP: u8 = 0x40;
    /// The diagnostic code of a device that passed.
    pub(in crate::ide) const PASSED: u8 = 0x01;
}

/// Device control register [ATA-4, "Device Control register"].
pub(super) mod control {
    pub(in crate::ide) const NIEN: u8 = 0x02;
    pub(in crate::ide) const SRST: u8 = 0x04;
    pub(in crate::ide) const HOB: u8 = 0x80;
}

/// Device/Head register: the address is an LBA.
const LBA: u8 = 0x40;

/// A register that keeps the value before the last, for 48-bit commands [ATA-6, "48-bit Address feature set"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TwoDeep {
    pub(super) current: u8,
    pub(super) previous: u8,
}

impl TwoDeep {
    pub(super) fn write(&mut self, value: u8) {
        self.previous = std::mem::replace(&mut self.current, value);
    }

    pub(super) fn read(self, previous: bool) -> u8 {
        if previous { self.previous } else { self.current }
    }

    fn set(&mut self, value: u16) {
        [self.current, self.previous] = value.to_le_bytes();
    }
}

/// The parameters of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TaskFile {
    pub(super) features: TwoDeep,
    pub(super) count: TwoDeep,
    /// LBA 7-0, or the sector number.
    pub(super) low: TwoDeep,
    /// LBA 15-8, or the cylinder's low byte, or the byte count's.
    pub(super) mid: TwoDeep,
    /// LBA 23-16, or the cylinder's high byte, or the byte count's.
    pub(super) high: TwoDeep,
    pub(super) device: u8,
}

impl TaskFile {
    /// Writes register `offset`, 1 to 6.
    pub(super) fn write(&mut self, offset: u16, value: u8) {
        match offset {
            1 => self.features.write(value),
            2 => self.count.write(value),
            3 => self.low.write(value),
            4 => self.mid.write(value),
            5 => self.high.write(value),
            _ => self.device = value,
        }
    }

    /// Sectors to transfer: 0 means 256, or 65,536 in a 48-bit command.
    pub(super) fn sectors(&self, ext: bool) -> u32 {
        let (current, previous) = (u32::from(self.count.current), u32::from(self.count.previous));
        match (ext, current | previous << 8) {
            (true, 0) => 65_536,
            (true, count) => count,
            (false, _) if current == 0 => 256,
            (false, _) => current,
        }
    }

    pub(super) fn cylinder(&self) -> u16 {
        u16::from_le_bytes([self.mid.current, self.high.current])
    }

    pub(super) fn head(&self) -> u8 {
        self.device & 0x0F
    }

    pub(super) fn is_lba(&self) -> bool {
        self.device & LBA != 0
    }

    /// The first sector; `None` where the translation has no such sector.
    pub(super) fn address(&self, ext: bool, translation: Translation) -> Option<u64> {
        let bytes = |three: [TwoDeep; 3], previous| {
            three.iter().rev().fold(0, |lba, byte| lba << 8 | u64::from(byte.read(previous)))
        };
        let low = bytes([self.low, self.mid, self.high], false);
        if ext {
            Some(bytes([self.low, self.mid, self.high], true) << 24 | low)
        } else if self.is_lba() {
            Some(u64::from(self.head()) << 24 | low)
        } else {
            translation.lba(self.cylinder(), self.head(), self.low.current)
        }
    }

    /// Shows the sector a command ended at and the number it left undone.
    pub(super) fn set_address(&mut self, ext: bool, translation: Translation, lba: u64, left: u32) {
        let byte = |n: u32| u16::from((lba >> (8 * n)) as u8);
        if ext {
            self.low.set(byte(0) | byte(3) << 8);
            self.mid.set(byte(1) | byte(4) << 8);
            self.high.set(byte(2) | byte(5) << 8);
            self.count.set(left as u16);
            return;
        }
        self.count.current = left as u8;
        let (cylinder, head, sector) = if self.is_lba() {
            ((lba >> 8) as u16, (lba >> 24) as u8 & 0x0F, lba as u8)
        } else {
            translation.chs(lba)
        };
        self.low.current = sector;
        [self.mid.current, self.high.current] = cylinder.to_le_bytes();
        self.device = self.device & 0xF0 | head;
    }

    /// What the registers tell after a reset [ATA-4, "Signature"].
    pub(super) fn set_signature(&mut self, packet: bool) {
        let mut signature = Self::default();
        signature.count.current = 1;
        signature.low.current = 1;
        if packet {
            (signature.mid.current, signature.high.current) = (0x14, 0xEB);
        }
        *self = signature;
    }

    /// Byte count limit or byte count of a PACKET command.
    pub(super) fn byte_count(&self) -> u16 {
        self.cylinder()
    }

    pub(super) fn set_byte_count(&mut self, count: u16) {
        [self.mid.current, self.high.current] = count.to_le_bytes();
    }
}
