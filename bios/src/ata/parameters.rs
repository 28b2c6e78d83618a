//! The tables that describe a fixed disk to software.

use super::{Drive, Kind};
use crate::bda::own;
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;

/// Signature of a translated fixed disk parameter table, and its interface flags [EDD, "Fixed Disk Parameter Table"].
const TRANSLATED: u8 = 0xA0;
/// Offsets of the tables of disks 80h and 81h in the EBDA [IBM PS/2 BIOS, "Extended BIOS Data Area"].
const TABLES: [u16; 2] = [0x3D, 0x4D];
/// The vectors that point at them.
const VECTORS: [u64; 2] = [0x41, 0x46];

/// Writes the fixed disk parameter table of disk `number` and points its vector there; only two disks have one.
pub(super) fn fixed_disk_table(g: &mut Guest, drive: &Drive, number: u8) -> Served {
    let Some(&table) = TABLES.get(usize::from(number)) else { return Ok(()) };
    let (logical, physical) = (drive.logical, drive.physical);
    let mut entry = [0u8; 16];
    entry[0..2].copy_from_slice(&logical.cylinders.to_le_bytes());
    entry[2] = logical.heads as u8;
    entry[5..7].copy_from_slice(&[0xFF; 2]);
    entry[8] = if physical.heads > 8 { 0xC8 } else { 0xC0 };
    entry[12..14].copy_from_slice(&logical.cylinders.to_le_bytes());
    entry[14] = logical.sectors;
    if logical != physical {
        entry[3] = TRANSLATED;
        entry[4] = physical.sectors;
        entry[9..11].copy_from_slice(&physical.cylinders.to_le_bytes());
        entry[11] = physical.heads as u8;
        entry[15] = checksum(&entry);
    }
    let at = g.ebda_at(table)?;
    g.write(at, &entry)?;
    let segment = g.bda16(crate::bda::EBDA_SEGMENT)?;
    g.write_far(LinAddr(VECTORS[usize::from(number)] * 4), segment, table)
}

/// The byte that makes all of them add up to zero.
pub(crate) fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_sub(*byte))
}

/// Writes the device parameter table extension of a drive into the EBDA: its segment and offset
/// [EDD, "Device Parameter Table Extension"].
pub(crate) fn extension(g: &mut Guest, drive: &Drive, pci: bool) -> Served<(u16, u16)> {
    /// Device register: addresses are LBAs; the bits that are always set.
    const LBA_FLAG: u8 = 0x40;
    const SET: u8 = 0xA0;
    /// Hardware options: CHS translation, LBA, removable medium, packet device, LBA-assisted translation.
    const TRANSLATION: u16 = 1 << 3;
    const LBA: u16 = 1 << 4;
    const REMOVABLE: u16 = 1 << 5;
    const PACKET: u16 = 1 << 6;
    const LBA_ASSISTED: u16 = 1 << 9;
    let mut table = [0u8; 16];
    table[0..2].copy_from_slice(&drive.channel().base().to_le_bytes());
    table[2..4].copy_from_slice(&drive.channel().control().to_le_bytes());
    table[4] = SET | LBA_FLAG | drive.unit() << 4;
    table[5] = 0xCB;
    table[6] = 8 + drive.channel().slave_line();
    table[7] = 1;
    let options = match drive.kind {
        Kind::Disk if drive.logical != drive.physical => LBA | TRANSLATION | LBA_ASSISTED,
        Kind::Disk => LBA,
        Kind::Cd => LBA | REMOVABLE | PACKET,
    };
    table[10..12].copy_from_slice(&options.to_le_bytes());
    table[14] = if pci { 0x21 } else { 0x11 };
    table[15] = checksum(&table);
    let offset = own::EXTENSIONS + u16::from(drive.place) * 16;
    let at = g.ebda_at(offset)?;
    g.write(at, &table)?;
    Ok((g.bda16(crate::bda::EBDA_SEGMENT)?, offset))
}
