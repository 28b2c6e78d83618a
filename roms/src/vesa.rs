//! The modes of the video BIOS beyond the VGA's [VBE, "VBE Mode Numbers"; the numbers from 140h on are Bochs'].
//!
//! This file is compiled into the build script of this crate too, which puts the table into the video ROM.

/// A mode: its number, columns, rows, bits per pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VesaMode {
    /// What functions call it.
    pub number: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Bits per pixel: 4 in planes, 8 by palette, 15, 16, 24 or 32.
    pub depth: u16,
}

const fn mode(number: u16, width: u16, height: u16, depth: u16) -> VesaMode {
    VesaMode { number, width, height, depth }
}

/// All of them.
pub const MODES: &[VesaMode] = &[
    mode(0x100, 640, 400, 8),
    mode(0x101, 640, 480, 8),
    mode(0x102, 800, 600, 4),
    mode(0x103, 800, 600, 8),
    mode(0x105, 1024, 768, 8),
    mode(0x107, 1280, 1024, 8),
    mode(0x10D, 320, 200, 15),
    mode(0x10E, 320, 200, 16),
    mode(0x10F, 320, 200, 24),
    mode(0x110, 640, 480, 15),
    mode(0x111, 640, 480, 16),
    mode(0x112, 640, 480, 24),
    mode(0x113, 800, 600, 15),
    mode(0x114, 800, 600, 16),
    mode(0x115, 800, 600, 24),
    mode(0x116, 1024, 768, 15),
    mode(0x117, 1024, 768, 16),
    mode(0x118, 1024, 768, 24),
    mode(0x119, 1280, 1024, 15),
    mode(0x11A, 1280, 1024, 16),
    mode(0x11B, 1280, 1024, 24),
    mode(0x11C, 1600, 1200, 8),
    mode(0x11D, 1600, 1200, 15),
    mode(0x11E, 1600, 1200, 16),
    mode(0x11F, 1600, 1200, 24),
    mode(0x140, 320, 200, 32),
    mode(0x141, 640, 400, 32),
    mode(0x142, 640, 480, 32),
    mode(0x143, 800, 600, 32),
    mode(0x144, 1024, 768, 32),
    mode(0x145, 1280, 1024, 32),
    mode(0x146, 320, 200, 8),
    mode(0x147, 1600, 1200, 32),
    mode(0x148, 1152, 864, 8),
    mode(0x149, 1152, 864, 15),
    mode(0x14A, 1152, 864, 16),
    mode(0x14B, 1152, 864, 24),
    mode(0x14C, 1152, 864, 32),
    mode(0x178, 1280, 800, 16),
    mode(0x179, 1280, 800, 24),
    mode(0x17A, 1280, 800, 32),
    mode(0x17B, 1280, 960, 16),
    mode(0x17C, 1280, 960, 24),
    mode(0x17D, 1280, 960, 32),
    mode(0x17E, 1440, 900, 16),
    mode(0x17F, 1440, 900, 24),
    mode(0x180, 1440, 900, 32),
    mode(0x181, 1400, 1050, 16),
    mode(0x182, 1400, 1050, 24),
    mode(0x183, 1400, 1050, 32),
    mode(0x184, 1680, 1050, 16),
    mode(0x185, 1680, 1050, 24),
    mode(0x186, 1680, 1050, 32),
    mode(0x187, 1920, 1200, 16),
    mode(0x188, 1920, 1200, 24),
    mode(0x189, 1920, 1200, 32),
    mode(0x18A, 2560, 1600, 16),
    mode(0x18B, 2560, 1600, 24),
    mode(0x18C, 2560, 1600, 32),
    mode(0x18D, 1280, 720, 16),
    mode(0x18E, 1280, 720, 24),
    mode(0x18F, 1280, 720, 32),
    mode(0x190, 1920, 1080, 16),
    mode(0x191, 1920, 1080, 24),
    mode(0x192, 1920, 1080, 32),
];
