//! Proof that disks keep what is written: guests partition, format, fill and read back disks, and the host's own tools
//! judge what they left.
//!
//! - [`dos`]: FreeDOS with its FDISK and FORMAT.
//! - [`image`]: sparse image files, their partitions, and what is in them.
//! - [`linux`]: Linux with a script as its first process.
//! - [`debian`]: a Debian root in a cache.
//! - [`debian_guest`]: what it does with disks.
//! - [`kill`]: the emulator is killed while its guest copies files.
//! - [`host`]: folders of a test's own, and programs of the host.
//! - [`program`]: the DOS program that fills a drive and compares.

pub mod debian;
pub mod debian_guest;
pub mod dos;
pub mod host;
pub mod image;
pub mod kill;
pub mod linux;
pub mod program;

/// Bytes in a sector.
pub const SECTOR: u64 = 512;
/// Sectors of a cylinder as a BIOS counts large disks: 255 heads of 63 sectors.
pub const CYLINDER: u64 = 255 * 63;
/// The first sector that CHS addresses of INT 13h do not reach: 8.4 GB.
pub const CHS_END: u64 = 1024 * CYLINDER;
/// The sector at 32 GiB, where drives and their software had the next limit.
pub const GIB_32: u64 = 32 << 21;

/// Known contents, different at every place: a linear congruential sequence of 32-bit words.
pub fn stream(seed: u32, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(program::SEED_FACTOR);
    let mut out = Vec::with_capacity(bytes + 4);
    while out.len() < bytes {
        state = state.wrapping_mul(program::FACTOR).wrapping_add(program::TERM);
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(bytes);
    out
}
