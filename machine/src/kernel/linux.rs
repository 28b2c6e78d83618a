//! Linux kernels [Linux boot protocol].
//!
//! *Modelled*: all versions of the protocol that have a header, zImage and bzImage, initial RAM disks, `vga=`. The kernel's own
//! real-mode code runs. *Not modelled*: boot sectors of kernels before 1.3.73.

use super::script::Script;
use super::{Kernel, KernelError};

/// Offsets in the file.
mod field {
    pub(super) const SETUP_SECTORS: usize = 0x1F1;
    pub(super) const VIDEO_MODE: usize = 0x1FA;
    pub(super) const MAGIC: usize = 0x202;
    pub(super) const VERSION: usize = 0x206;
    pub(super) const LOADER: usize = 0x210;
    pub(super) const LOAD_FLAGS: usize = 0x211;
    pub(super) const RAMDISK: usize = 0x218;
    pub(super) const RAMDISK_SIZE: usize = 0x21C;
    pub(super) const HEAP_END: usize = 0x224;
    pub(super) const COMMAND_LINE: usize = 0x228;
    pub(super) const INITRD_MOST: usize = 0x22C;
    pub(super) const COMMAND_LINE_SIZE: usize = 0x238;
    pub(super) const PREFERRED: usize = 0x258;
    pub(super) const INIT_SIZE: usize = 0x260;
    /// First byte behind all of them.
    pub(super) const END: usize = 0x268;
}

/// Load flags: the protected-mode part goes to 1 MiB; the heap may be used.
const LOADED_HIGH: u8 = 0x01;
const CAN_USE_HEAP: u8 = 0x80;
/// A loader without a number of its own.
const UNKNOWN_LOADER: u8 = 0xFF;
/// Where the real-mode part and the command line go, for a kernel at 1 MiB and for one at 64 KiB.
const HIGH: (u32, u32) = (0x1_0000, 0x2_0000);
const LOW: (u32, u32) = (0x9_0000, 0x9_A000);
/// Bytes of the longest real-mode part: heap and stack share its segment.
const MOST_SETUP: usize = 0xC000;
/// Highest byte of an initial RAM disk for kernels that do not say.
const INITRD_MOST: u64 = 0x37FF_FFFF;
/// The firmware's tables lie in the last of memory.
const FIRMWARE_TABLES: u64 = 0x10_0000;
/// Before version 2.02: a magic number and an offset, in the real-mode part's first sector.
const OLD_COMMAND_LINE: usize = 0x20;
const OLD_MAGIC: u16 = 0xA33F;

/// Whether a file has a Linux boot header.
pub(super) fn is_linux(file: &[u8]) -> bool {
    file.get(field::MAGIC..field::MAGIC + 4) == Some(b"HdrS") && file.get(0x1FE..0x200) == Some(&[0x55, 0xAA])
}

/// The real-mode part and its header.
struct Setup {
    bytes: Vec<u8>,
    version: u16,
}

impl Setup {
    fn word(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]])
    }

    fn dword(&self, at: usize) -> u32 {
        u32::from(self.word(at)) | u32::from(self.word(at + 2)) << 16
    }

    fn put(&mut self, at: usize, value: &[u8]) {
        self.bytes[at..at + value.len()].copy_from_slice(value);
    }

    /// A field that came with `version`, or what held before.
    fn since(&self, version: u16, at: usize, before: u32) -> u32 {
        if self.version >= version { self.dword(at) } else { before }
    }

    fn is_high(&self) -> bool {
        self.version >= 0x200 && self.bytes[field::LOAD_FLAGS] & LOADED_HIGH != 0
    }

    /// Bytes of memory that the kernel unpacks itself into, from where on.
    fn unpacked_end(&self, kernel_end: u64) -> u64 {
        if self.version < 0x20A {
            return kernel_end;
        }
        let preferred =
            u64::from(self.dword(field::PREFERRED)) | u64::from(self.dword(field::PREFERRED + 4)) << 32;
        kernel_end.max(preferred.saturating_add(u64::from(self.dword(field::INIT_SIZE))))
    }
}

/// What the loader ROM is to do for such a kernel.
pub(super) fn script(kernel: &Kernel, memory: u64) -> Result<Script, KernelError> {
    let (mut setup, protected) = split(&kernel.image)?;
    let ((real, line_at), load) = if setup.is_high() { (HIGH, 0x10_0000u64) } else { (LOW, 0x1_0000) };
    let kernel_end = load + protected.len() as u64;
    let limit = if setup.is_high() { memory } else { u64::from(real) };
    if kernel_end > limit {
        return Err(KernelError::NoRoom { needed: kernel_end, memory });
    }
    let line = command_line(&setup, &kernel.command_line)?;
    setup.bytes[field::LOADER] = UNKNOWN_LOADER;
    if setup.version >= 0x201 {
        setup.bytes[field::LOAD_FLAGS] |= CAN_USE_HEAP;
        setup.put(field::HEAP_END, &((line_at - real - 0x200) as u16).to_le_bytes());
    }
    if setup.version >= 0x202 {
        setup.put(field::COMMAND_LINE, &line_at.to_le_bytes());
    } else {
        setup.put(OLD_COMMAND_LINE, &OLD_MAGIC.to_le_bytes());
        setup.put(OLD_COMMAND_LINE + 2, &((line_at - real) as u16).to_le_bytes());
    }
    if let Some(mode) = video_mode(&kernel.command_line) {
        setup.put(field::VIDEO_MODE, &mode.to_le_bytes());
    }
    let mut script = Script::real((real >> 4) as u16, (line_at - real - 16) as u16);
    if let Some((at, initrd)) = place_initrd(kernel, &mut setup, kernel_end, memory)? {
        let length = initrd.len() as u32;
        script.chunk(at, initrd, length)?;
    }
    let lengths = [setup.bytes.len(), protected.len(), line.len()].map(|length| length as u32);
    script.chunk(load as u32, protected, lengths[1])?;
    script.chunk(real, setup.bytes, lengths[0])?;
    script.chunk(line_at, line, lengths[2])?;
    Ok(script)
}

/// The real-mode part, which is a few sectors, and the rest.
fn split(file: &[u8]) -> Result<(Setup, &[u8]), KernelError> {
    let sectors = match file[field::SETUP_SECTORS] {
        0 => 4,
        sectors => usize::from(sectors),
    };
    let size = (sectors + 1) * 512;
    if size > MOST_SETUP {
        return Err(KernelError::Damaged("its real-mode part is too long"));
    }
    let (bytes, protected) =
        file.split_at_checked(size).ok_or(KernelError::Damaged("it ends in its real-mode part"))?;
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().max(field::END), 0);
    let version = u16::from_le_bytes([bytes[field::VERSION], bytes[field::VERSION + 1]]);
    Ok((Setup { bytes, version }, protected))
}

fn command_line(setup: &Setup, text: &str) -> Result<Vec<u8>, KernelError> {
    let most = match setup.since(0x206, field::COMMAND_LINE_SIZE, 255) {
        0 => 255,
        most => most.min(0x7FFF),
    };
    if text.len() > most as usize {
        return Err(KernelError::Unsupported("the command line is longer than it takes"));
    }
    Ok([text.as_bytes(), &[0]].concat())
}

/// The initial RAM disk's place: as high as the kernel and memory allow. Several files are one behind the other.
fn place_initrd(
    kernel: &Kernel,
    setup: &mut Setup,
    kernel_end: u64,
    memory: u64,
) -> Result<Option<(u32, Vec<u8>)>, KernelError> {
    let mut initrd = Vec::new();
    for file in &kernel.initrds {
        initrd.resize(initrd.len().next_multiple_of(4), 0);
        initrd.extend_from_slice(&file.data);
    }
    if initrd.is_empty() {
        return Ok(None);
    }
    if setup.version < 0x200 {
        return Err(KernelError::Unsupported("it is too old for an initial RAM disk"));
    }
    let most = u64::from(setup.since(0x203, field::INITRD_MOST, INITRD_MOST as u32)) + 1;
    let end = memory.saturating_sub(FIRMWARE_TABLES).min(most);
    let floor = setup.unpacked_end(kernel_end);
    let length = initrd.len() as u64;
    let start = end.saturating_sub(length) & !0xFFF;
    if start < floor {
        return Err(KernelError::NoRoom { needed: floor + length + FIRMWARE_TABLES, memory });
    }
    setup.put(field::RAMDISK, &(start as u32).to_le_bytes());
    setup.put(field::RAMDISK_SIZE, &(length as u32).to_le_bytes());
    Ok(Some((start as u32, initrd)))
}

/// The mode that `vga=` asks for: a number, or one of three words.
fn video_mode(command_line: &str) -> Option<u16> {
    let value = command_line.split_whitespace().filter_map(|word| word.strip_prefix("vga=")).next_back()?;
    match value {
        "normal" => Some(0xFFFF),
        "ext" => Some(0xFFFE),
        "ask" => Some(0xFFFD),
        _ => match value.strip_prefix("0x") {
            Some(hex) => u16::from_str_radix(hex, 16).ok(),
            None => value.parse().ok(),
        },
    }
}
