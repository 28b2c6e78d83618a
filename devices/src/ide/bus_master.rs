//! One channel of the bus master [PIIX3, "Bus Master IDE I/O Registers"].

use ringzero_bus::{GuestRam, PhysAddr};
use serde::{Deserialize, Serialize};

/// BMICX: start.
const SSBM: u8 = 0x01;
/// BMICX: the transfer writes memory.
const RWCON: u8 = 0x08;
/// BMISX: active.
const BMIDEA: u8 = 0x01;
/// BMISX: the drive has interrupted.
const IDEINTS: u8 = 0x04;
/// BMISX: drives capable of DMA, set by software.
const CAPABLE: u8 = 0x60;
/// BMISX: bits that a 1 clears: interrupt and error.
const CLEARED: u8 = 0x06;
/// Second dword of a physical region descriptor: the table ends here.
const EOT: u32 = 0x8000_0000;

/// The registers of one channel, and where its transfer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BusMaster {
    /// BMICX.
    command: u8,
    /// BMISX.
    status: u8,
    /// BMIDTPX: the table of physical region descriptors.
    table: u32,
    /// The next descriptor.
    next: u32,
    /// The rest of the present region.
    address: u32,
    left: u32,
    /// The present region is the table's last.
    last: bool,
}

impl BusMaster {
    /// A byte of the eight registers.
    pub(super) fn read(&self, offset: u16) -> u8 {
        match offset {
            0 => self.command,
            2 => self.status,
            4..=7 => self.table.to_le_bytes()[usize::from(offset - 4)],
            _ => 0,
        }
    }

    /// Writes a byte; true when that started a transfer.
    pub(super) fn write(&mut self, offset: u16, value: u8) -> bool {
        match offset {
            0 => return self.write_command(value),
            2 => {
                let kept = self.status & !(value & CLEARED) & !CAPABLE;
                self.status = kept | value & CAPABLE;
            }
            4..=7 => {
                let mut bytes = self.table.to_le_bytes();
                bytes[usize::from(offset - 4)] = value;
                self.table = u32::from_le_bytes(bytes) & !3;
            }
            _ => {}
        }
        false
    }

    fn write_command(&mut self, value: u8) -> bool {
        let (before, after) = (self.command & SSBM != 0, value & SSBM != 0);
        self.command = value & (SSBM | RWCON);
        if !after {
            // What has not been transferred is discarded.
            self.status &= !BMIDEA;
        } else if !before {
            self.status |= BMIDEA;
            (self.next, self.left, self.last) = (self.table, 0, false);
        }
        after && !before
    }

    /// Whether it transfers, in this direction.
    pub(super) fn runs(&self, to_memory: bool) -> bool {
        self.status & BMIDEA != 0 && (self.command & RWCON != 0) == to_memory
    }

    /// The drive's interrupt has come.
    pub(super) fn note_interrupt(&mut self) {
        self.status |= IDEINTS;
    }

    /// Moves bytes of a drive to memory: how many fitted into the regions.
    pub(super) fn give(&mut self, ram: &mut GuestRam, data: &[u8]) -> usize {
        let mut done = 0;
        while done < data.len() {
            let Some((address, len)) = self.claim(ram, data.len() - done) else { break };
            ram.write(address, &data[done..done + len]);
            done += len;
        }
        self.stop_at_end();
        done
    }

    /// Moves bytes of memory to a drive: how many the regions gave.
    pub(super) fn take(&mut self, ram: &GuestRam, out: &mut [u8]) -> usize {
        let mut done = 0;
        while done < out.len() {
            let Some((address, len)) = self.claim(ram, out.len() - done) else { break };
            ram.read(address, &mut out[done..done + len]);
            done += len;
        }
        self.stop_at_end();
        done
    }

    /// The next stretch of at most `wanted` bytes; `None` behind the last region.
    fn claim(&mut self, ram: &GuestRam, wanted: usize) -> Option<(PhysAddr, usize)> {
        if self.left == 0 {
            if self.last || self.status & BMIDEA == 0 {
                return None;
            }
            self.fetch_descriptor(ram);
        }
        let len = wanted.min(self.left as usize);
        let address = PhysAddr(u64::from(self.address));
        self.address = self.address.wrapping_add(len as u32);
        self.left -= len as u32;
        Some((address, len))
    }

    /// Reads a descriptor: base address, then byte count (0 is 64 KiB) and EOT
    /// [PIIX3, "Physical Region Descriptor Format"].
    fn fetch_descriptor(&mut self, ram: &GuestRam) {
        let mut bytes = [0; 8];
        ram.read(PhysAddr(u64::from(self.next)), &mut bytes);
        let [a, b, c, d, e, f, g, h] = bytes;
        let (base, rest) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        self.next = self.next.wrapping_add(8);
        self.address = base & !1;
        self.left = match rest & 0xFFFE {
            0 => 0x1_0000,
            count => count,
        };
        self.last = rest & EOT != 0;
    }

    /// The active bit falls when the last region is used up.
    fn stop_at_end(&mut self) {
        if self.last && self.left == 0 {
            self.status &= !BMIDEA;
        }
    }

    pub(super) fn is_valid(&self) -> bool {
        self.left <= 0x1_0000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ram_with(table: &[(u32, u32)]) -> GuestRam {
        let mut ram = GuestRam::new(0x1_0000);
        for (n, (base, rest)) in table.iter().enumerate() {
            ram.write(PhysAddr(0x1000 + 8 * n as u64), &base.to_le_bytes());
            ram.write(PhysAddr(0x1004 + 8 * n as u64), &rest.to_le_bytes());
        }
        ram
    }

    fn started(to_memory: bool) -> BusMaster {
        let mut master = BusMaster::default();
        master.write(5, 0x10);
        assert!(master.write(0, SSBM | if to_memory { RWCON } else { 0 }));
        master
    }

    #[test]
    fn regions_are_filled_one_after_the_other() {
        let mut ram = ram_with(&[(0x2000, 4), (0x3000, 2 | EOT)]);
        let mut master = started(true);
        assert_eq!(master.give(&mut ram, &[1, 2, 3, 4, 5, 6, 7]), 6);
        assert_eq!((ram.bytes(PhysAddr(0x2000)), ram.bytes(PhysAddr(0x3000))), ([1, 2, 3, 4, 0], [5, 6, 0]));
        assert_eq!(master.read(2) & BMIDEA, 0);
    }

    #[test]
    fn regions_longer_than_the_data_leave_the_master_active() {
        let mut ram = ram_with(&[(0x2000, 8 | EOT)]);
        let mut master = started(true);
        assert_eq!(master.give(&mut ram, &[1; 4]), 4);
        assert_eq!(master.read(2) & BMIDEA, BMIDEA);
    }

    #[test]
    fn a_table_outside_ram_ends_and_touches_nothing() {
        let mut ram = ram_with(&[]);
        let before = ram.to_vec();
        let mut master = BusMaster::default();
        (4..8).for_each(|n| assert!(!master.write(n, 0xF0)));
        master.write(0, SSBM | RWCON);
        master.give(&mut ram, &[0x55; 70_000]);
        assert_eq!(ram.to_vec(), before);
    }

    #[test]
    fn the_wrong_direction_does_not_run() {
        assert!(started(true).runs(true) && !started(true).runs(false));
    }

    #[test]
    fn interrupt_and_error_are_cleared_by_ones() {
        let mut master = BusMaster::default();
        master.note_interrupt();
        master.write(2, 0x60);
        assert_eq!(master.read(2), 0x64);
        master.write(2, 0x04);
        assert_eq!(master.read(2), 0);
    }
}
