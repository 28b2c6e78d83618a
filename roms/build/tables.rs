//! The data tables of the system ROM.

/// INT 15h AH=C0h: 8 bytes follow; model FCh, submodel 01h, revision 0; second 8259, clock, INT 15h AH=4Fh, EBDA;
/// INT 16h AH=09h [IBM PS/2 BIOS, "Return System Configuration Parameters"].
pub(crate) const SYSTEM_CONFIGURATION: [u8; 10] = [8, 0, 0xFC, 0x01, 0x00, 0x74, 0x40, 0, 0, 0];

/// Divisors for 110 to 9600 baud [IBM AT TRM, "RS232_IO"].
pub(crate) const BAUD_DIVISORS: [u16; 8] = [1047, 768, 384, 192, 96, 48, 24, 12];

/// Specify bytes, motor time, bytes per sector, last sector, gaps, data length, filler, settle and start times
/// [IBM AT TRM, "DISK_BASE"], for a 1.44 MB drive.
pub(crate) const DISKETTE_PARAMETERS: [u8; 11] =
    [0xAF, 0x02, 0x25, 0x02, 18, 0x1B, 0xFF, 0x6C, 0xF6, 0x0F, 0x08];

/// The same for each kind of diskette, 16 bytes apart: 360 KB in its drive, 360 KB in a 1.2 MB drive, 1.2 MB, 720 KB, 1.44 MB,
/// 2.88 MB; INT 13h AH=18h answers with one of them.
pub(crate) const MEDIA_PARAMETERS: [[u8; 16]; 6] = [
    media(0xDF, 9, 0x2A, 0x50),
    media(0xDF, 9, 0x23, 0x50),
    media(0xDF, 15, 0x1B, 0x54),
    media(0xDF, 9, 0x2A, 0x50),
    media(0xAF, 18, 0x1B, 0x6C),
    media(0xAF, 36, 0x1B, 0x53),
];

const fn media(step: u8, sectors: u8, gap: u8, format_gap: u8) -> [u8; 16] {
    [step, 0x02, 0x25, 0x02, sectors, gap, 0xFF, format_gap, 0xF6, 0x0F, 0x08, 0, 0, 0, 0, 0]
}

/// 6845 registers of 40x25, 80x25, graphics and monochrome, page lengths, columns and mode bytes
/// [IBM PC TRM, "VIDEO_PARMS"].
pub(crate) const CRT_PARAMETERS: [u8; 88] = [
    0x38, 0x28, 0x2D, 0x0A, 0x1F, 0x06, 0x19, 0x1C, 0x02, 0x07, 0x06, 0x07, 0, 0, 0, 0, //
    0x71, 0x50, 0x5A, 0x0A, 0x1F, 0x06, 0x19, 0x1C, 0x02, 0x07, 0x06, 0x07, 0, 0, 0, 0, //
    0x38, 0x28, 0x2D, 0x0A, 0x7F, 0x06, 0x64, 0x70, 0x02, 0x01, 0x06, 0x07, 0, 0, 0, 0, //
    0x61, 0x50, 0x52, 0x0F, 0x19, 0x06, 0x19, 0x19, 0x02, 0x0D, 0x0B, 0x0C, 0, 0, 0, 0, //
    0x00, 0x08, 0x00, 0x10, 0x00, 0x40, 0x00, 0x40, //
    40, 40, 80, 80, 40, 40, 80, 80, //
    0x2C, 0x28, 0x2D, 0x29, 0x2A, 0x2E, 0x1E, 0x29,
];

/// Cylinders, heads and write precompensation of the first AT drive types; landing zone is the last cylinder
/// [IBM AT TRM, "FD_TBL"].
const DRIVE_TYPES: [(u16, u8, u16); 9] = [
    (306, 4, 128),
    (615, 4, 300),
    (615, 6, 300),
    (940, 8, 512),
    (940, 6, 512),
    (615, 4, 0xFFFF),
    (462, 8, 256),
    (733, 5, 0xFFFF),
    (900, 15, 0xFFFF),
];

/// The fixed disk parameter table: 17 sectors a track in all these types.
pub(crate) fn fixed_disks() -> Vec<u8> {
    let mut table = Vec::new();
    for (cylinders, heads, precompensation) in DRIVE_TYPES {
        let mut entry = [0u8; 16];
        entry[0..2].copy_from_slice(&cylinders.to_le_bytes());
        entry[2] = heads;
        entry[5..7].copy_from_slice(&precompensation.to_le_bytes());
        entry[8] = if heads > 8 { 8 } else { 0 };
        entry[12..14].copy_from_slice(&(cylinders - 1).to_le_bytes());
        entry[14] = 17;
        table.extend(entry);
    }
    table
}

/// Little-endian bytes of words.
pub(crate) fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|w| w.to_le_bytes()).collect()
}
