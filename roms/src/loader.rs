//! What the kernel loader ROM and those who write its script agree on.
//!
//! The ROM takes the script from fw_cfg item [`SCRIPT_KEY`], lets fw_cfg copy each chunk to its place, asks the firmware
//! for the memory map, and starts the kernel. Numbers are little-endian.

/// The fw_cfg item that holds the script.
pub const SCRIPT_KEY: u16 = 0x8100;
/// The first of the items that hold chunks.
pub const FIRST_CHUNK_KEY: u16 = 0x8101;
/// Most chunks of a script.
pub const MOST_CHUNKS: usize = 64;
/// Most entries of the memory map.
pub const MOST_RANGES: usize = 64;
/// The ROM works below this address while it loads: chunks go above it.
pub const SCRATCH_END: u32 = 0x8000;
/// Places of numbers that depend on the memory map.
pub const PATCHES: usize = 3;

/// Offsets in the script.
pub mod field {
    /// Word: how the kernel starts, [`super::REAL_MODE`] or [`super::PROTECTED_MODE`].
    pub const KIND: u16 = 0;
    /// Word: how many chunks.
    pub const CHUNKS: u16 = 2;
    /// Word: DS, ES, FS, GS and SS of a start in real mode.
    pub const SEGMENT: u16 = 4;
    /// Word: SP of a start in real mode.
    pub const STACK: u16 = 6;
    /// Dword: CS:IP, or the linear address.
    pub const ENTRY: u16 = 8;
    /// Dwords: EAX and EBX of a start in protected mode.
    pub const EAX: u16 = 12;
    /// See [`EAX`].
    pub const EBX: u16 = 16;
    /// Dword: where the memory map goes; 0 for nowhere.
    pub const MAP: u16 = 20;
    /// Word: bytes of each range's entry before its address; 4 bytes hold the size of the rest.
    pub const PREFIX: u16 = 24;
    /// Dwords: where the KiB below 1 MiB and above it go; 0 for nowhere.
    pub const LOWER: u16 = 28;
    /// See [`LOWER`].
    pub const UPPER: u16 = 32;
    /// Word: how many patches.
    pub const PATCHES: u16 = 36;
    /// Three dwords each: address, factor, summand. The ROM puts `ranges * factor + summand` there.
    pub const FIRST_PATCH: u16 = 40;
    /// Three dwords each: fw_cfg item, address, length.
    pub const FIRST_CHUNK: u16 = 76;
}

/// Bytes of a memory map entry without its prefix [ACPI, "INT 15H, E820H"].
pub const RANGE: u16 = 24;
/// The kernel starts in real mode with interrupts off [Linux boot protocol, "Running the kernel"].
pub const REAL_MODE: u16 = 0;
/// The kernel starts in flat 32-bit protected mode without paging.
pub const PROTECTED_MODE: u16 = 1;
