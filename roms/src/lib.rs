//! The ROM images and the demo disk, assembled from our own source by this crate's build script.
//!
//! - [`SYSTEM_ROM`]: 64 KiB at F0000, the PC's standard entry points; [`VIDEO_ROM`]: 32 KiB at C0000.
//! - [`TRAPS`] names the service behind each `OUT` to [`FIRMWARE_PORT`]; [`VECTORS`] is the interrupt table;
//!   [`label`] and [`video`] hold the places a service may continue at.
//! - [`DEMO_DISK`]: the floppy that boots when there is nothing else.
//! - [`font_8x8`], [`font_8x14`], [`font_8x16`]: the glyphs of code page 437.
//!
//! *Modelled*: the layout of the IBM AT system ROM and of a VGA ROM as far as software relies on it.
//! *Not modelled*: Cassette BASIC.
//!
//! Fonts: 8x16 and 8x14 are *Spleen* by Frederic Cambus (BSD-2-Clause, crate `spleen-font`), 8x8 is the public-domain
//! font of the crate `font8x8` (MIT); rules, blocks and the symbols missing there are drawn by us (`build/fonts.rs`).
//!
//! ```
//! assert_eq!(ringzero_roms::SYSTEM_ROM[0xFFFE], 0xFC);
//! assert_eq!(ringzero_roms::VIDEO_ROM[..2], [0x55, 0xAA]);
//! ```

pub mod loader;
pub mod params;
pub mod vesa;

include!(concat!(env!("OUT_DIR"), "/generated.rs"));

/// The port whose OUT stops the CPU and enters the firmware.
pub const FIRMWARE_PORT: u8 = 0xE5;

/// Offset in segment F000 of six diskette parameter tables, 16 bytes apart: 360 KB, 360 KB in a 1.2 MB drive, 1.2 MB,
/// 720 KB, 1.44 MB, 2.88 MB.
pub const MEDIA_TABLES: u16 = 0xE100;

/// Offsets in segment F000 that the ROM leaves free: firmware that shadows it in RAM puts its tables there.
pub const TABLE_AREA: std::ops::Range<u16> = 0x0000..0x1000;

/// The system ROM, for F0000 and its aliases.
pub const SYSTEM_ROM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/system.rom"));

/// The video ROM, for C0000.
pub const VIDEO_ROM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/video.rom"));

/// An option ROM that boots a kernel from fw_cfg by the script of [`loader`].
pub const KERNEL_LOADER_ROM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/kernel_loader.rom"));

/// The first sectors of the demo floppy; the machine pads it to the size of a disk.
pub const DEMO_DISK: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/demo.img"));

fn font(offset: u16, height: usize) -> &'static [u8] {
    &VIDEO_ROM[usize::from(offset)..][..256 * height]
}

/// 256 glyphs of 8 bytes.
pub fn font_8x8() -> &'static [u8] {
    font(video_data::FONT_8X8, 8)
}

/// 256 glyphs of 14 bytes.
pub fn font_8x14() -> &'static [u8] {
    font(video_data::FONT_8X14, 14)
}

/// 256 glyphs of 16 bytes.
pub fn font_8x16() -> &'static [u8] {
    font(video_data::FONT_8X16, 16)
}

/// The service whose trap lies at this linear address.
pub fn trap_at(linear: u32) -> Option<Trap> {
    TRAPS.iter().find(|(at, _)| *at == linear).map(|t| t.1)
}

#[cfg(test)]
mod tests;
