//! What drives tell of themselves: IDENTIFY DEVICE, IDENTIFY PACKET DEVICE, SMART data.

use super::command::TransferMode;
use super::disk::MOST_MULTIPLE;
use super::drive::Drive;
use crate::storage::hard_disk::{DiskGeometry, SECTOR};

/// Model of every disk here.
const DISK_MODEL: &str = "RINGZERO HARDDISK";
/// Model of every CD-ROM drive here.
const CD_MODEL: &str = "RINGZERO CD-ROM";
/// Firmware revision of both.
const FIRMWARE: &str = "1.0";
/// Most sectors a 28-bit address reaches.
const LBA28_SECTORS: u64 = 0x0FFF_FFFF;

/// 256 words under construction.
struct Words([u16; 256]);

impl Words {
    fn put(&mut self, at: usize, words: &[u16]) {
        self.0[at..at + words.len()].copy_from_slice(words);
    }

    /// A number of several words, the lowest first.
    fn put_number(&mut self, at: usize, count: usize, number: u64) {
        for n in 0..count {
            self.0[at + n] = (number >> (16 * n)) as u16;
        }
    }

    /// ASCII, padded with spaces, the first character of each pair in the high byte.
    fn put_text(&mut self, at: usize, count: usize, text: &str) {
        let mut bytes = text.bytes().chain(std::iter::repeat(b' '));
        for word in &mut self.0[at..at + count] {
            let mut next = || bytes.next().unwrap_or(b' ');
            *word = u16::from_be_bytes([next(), next()]);
        }
    }

    /// Identity, and the transfer modes, which both kinds of drive have in the same words.
    fn put_common(&mut self, drive: &Drive, model: &str) {
        self.put_text(10, 10, &format!("RZ{:08}", u32::from(drive.number) + 1));
        self.put_text(23, 4, FIRMWARE);
        self.put_text(27, 20, model);
        self.0[48] = 1; // 32-bit accesses of the data register [ATA-1, "Identify Drive"]
        self.0[49] = 0x0A00 | if drive.dma { 0x0100 } else { 0 }; // IORDY, LBA, DMA
        self.0[51] = 0x0200; // PIO mode 2 without flow control
        self.put(64, &[3]); // PIO modes 3 and 4
        self.put(67, &[120, 120]); // shortest PIO cycles in ns
        if drive.dma {
            let selected = match drive.state.settings.transfer_mode {
                TransferMode::MultiwordDma(mode) => 0x0100 << mode,
                TransferMode::Pio => 0,
            };
            self.0[63] = 0x0007 | selected;
            self.put(65, &[120, 120]);
        }
    }

    /// The 512 bytes, with the integrity word.
    fn finish(mut self) -> Vec<u8> {
        self.0[255] = 0x00A5;
        let mut bytes: Vec<u8> = self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
        let sum = bytes.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
        bytes[511] = sum.wrapping_neg();
        bytes
    }
}

/// IDENTIFY DEVICE [ATA-4, "IDENTIFY DEVICE"; words 83, 86 and 100 to 103 ATA-6].
pub(super) fn disk(drive: &Drive, geometry: DiskGeometry) -> Vec<u8> {
    let mut words = Words([0; 256]);
    let settings = &drive.state.settings;
    let (heads, sectors) = (u16::from(geometry.heads), u16::from(geometry.sectors));
    words.put(0, &[0x0040, geometry.cylinders, 0, heads, sectors * 512, 512, sectors]);
    words.put(20, &[3, 512, 4]);
    words.put_common(drive, DISK_MODEL);
    words.0[47] = 0x8000 | u16::from(MOST_MULTIPLE);
    words.0[50] = 0x4000;
    words.0[53] = 0x0003; // words 54 to 58 and 64 to 70 are valid
    let t = settings.translation;
    words.put(54, &[t.cylinders, u16::from(t.heads), u16::from(t.sectors)]);
    let capacity = u64::from(t.cylinders) * u64::from(t.heads) * u64::from(t.sectors);
    words.put_number(57, 2, capacity.min(geometry.total));
    words.0[59] = if settings.multiple > 0 { 0x0100 | u16::from(settings.multiple) } else { 0 };
    words.put_number(60, 2, geometry.total.min(LBA28_SECTORS));
    words.0[80] = 0x007E; // ATA-1 to ATA-6
    let flag = |on: bool, bit: u16| if on { bit } else { 0 };
    // NOP, look-ahead, write cache, power management, SMART.
    words.put(82, &[0x4069, 0x7400, 0x4000]);
    let cache = flag(settings.look_ahead, 0x0040) | flag(settings.write_cache, 0x0020);
    words.put(85, &[0x4008 | cache | flag(settings.smart, 0x0001), 0x3400, 0x4000]);
    words.put_number(100, 4, geometry.total);
    words.finish()
}

/// IDENTIFY PACKET DEVICE [ATA-4, "IDENTIFY PACKET DEVICE"].
pub(super) fn packet(drive: &Drive) -> Vec<u8> {
    let mut words = Words([0; 256]);
    // ATAPI, CD-ROM, removable, DRQ within 50 us of PACKET, packets of 12 bytes.
    words.0[0] = 0x85C0;
    words.put_common(drive, CD_MODEL);
    words.0[53] = 0x0002;
    words.put(71, &[30, 30]); // typical times of PACKET and SERVICE in us
    words.0[80] = 0x001E; // ATA-1 to ATA-4
    // NOP, DEVICE RESET, PACKET.
    words.put(82, &[0x4210, 0x4000, 0x4000, 0x4210, 0, 0x4000]);
    words.finish()
}

/// The structures of SMART end in a byte that makes their sum 0.
fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = bytes.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
    bytes[SECTOR - 1] = sum.wrapping_neg();
    bytes
}

/// Attributes: raw read errors, start count, reallocated sectors, power-on hours, power cycles.
const ATTRIBUTES: [(u8, u8); 5] = [(0x01, 0x06), (0x04, 0x14), (0x05, 0x24), (0x09, 0x00), (0x0C, 0x14)];

/// READ DATA: a disk without wear [SFF-8035i, "Device Attributes Data Structure"].
pub(super) fn smart_data() -> Vec<u8> {
    let mut bytes = vec![0; SECTOR];
    bytes[0] = 16;
    for (n, (id, _)) in ATTRIBUTES.into_iter().enumerate() {
        let at = 2 + 12 * n;
        bytes[at..at + 5].copy_from_slice(&[id, 0x03, 0, 100, 100]);
    }
    bytes[367] = 0x01; // off-line collection can be executed
    bytes[368] = 0x03; // data is saved before power modes change
    with_checksum(bytes)
}

/// READ THRESHOLDS.
pub(super) fn smart_thresholds() -> Vec<u8> {
    let mut bytes = vec![0; SECTOR];
    bytes[0] = 16;
    for (n, (id, threshold)) in ATTRIBUTES.into_iter().enumerate() {
        let at = 2 + 12 * n;
        bytes[at..at + 2].copy_from_slice(&[id, threshold]);
    }
    with_checksum(bytes)
}
