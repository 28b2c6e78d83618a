//! Multiboot kernels [Multiboot, "OS image format", "Boot information format"].
//!
//! *Modelled*: ELF and address-field kernels, modules, command line, memory sizes and map. *Not modelled*: a video mode asked
//! for is not set (the specification calls it a wish), symbols, APM and drive tables.

use super::image::Image;
use super::script::{MapPlace, Patch, Script};
use super::{Kernel, KernelError, Placed, elf};
use ringzero_roms::loader::RANGE;

/// The header begins in this part of the file, on a dword.
const SEARCH: usize = 8192;
const MAGIC: u32 = 0x1BAD_B002;
/// EAX for the kernel.
const LOADED: u32 = 0x2BAD_B002;
/// Header flags: the address fields are valid; the bits a loader must understand.
const ADDRESSES: u32 = 1 << 16;
const REQUIRED: u32 = 0xFFFF;
/// Page-aligned modules, memory information, a video mode.
const UNDERSTOOD: u32 = 0b111;
/// Information flags: memory sizes, command line, modules, memory map, loader name.
const INFO_MEMORY: u32 = 1 << 0;
const INFO_COMMAND_LINE: u32 = 1 << 2;
const INFO_MODULES: u32 = 1 << 3;
const INFO_MAP: u32 = 1 << 6;
const INFO_LOADER: u32 = 1 << 9;
/// Dwords of the information structure.
const INFO_DWORDS: u32 = 29;

/// A multiboot header.
pub(super) struct Header {
    /// Its place in the file.
    offset: usize,
    flags: u32,
    /// Header, load, load end, BSS end and entry address.
    addresses: [u32; 5],
}

impl Header {
    /// The first header whose numbers add up to zero.
    pub(super) fn find(file: &[u8]) -> Option<Self> {
        let dword = |at: usize| file.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let last = file.len().min(SEARCH);
        let offset = (0..last).step_by(4).find(|&at| {
            let sum = || Some(dword(at)?.wrapping_add(dword(at + 4)?).wrapping_add(dword(at + 8)?));
            dword(at) == Some(MAGIC) && sum() == Some(0)
        })?;
        let addresses = std::array::from_fn(|n| dword(offset + 12 + 4 * n).unwrap_or(0));
        Some(Self { offset, flags: dword(offset + 4)?, addresses })
    }

    /// The kernel in memory, and where it begins.
    fn load(&self, file: &[u8], memory: u64) -> Result<(Image, u32), KernelError> {
        if self.flags & REQUIRED & !UNDERSTOOD != 0 {
            return Err(KernelError::Unsupported("its multiboot header asks for something unknown"));
        }
        if self.flags & ADDRESSES == 0 {
            if !elf::is_elf(file) {
                return Err(KernelError::Damaged(
                    "its multiboot header has no addresses and it is no ELF file",
                ));
            }
            let kernel = elf::Kernel::read(file, memory)?;
            return Ok((kernel.image, kernel.entry));
        }
        let [header, load, load_end, bss_end, entry] = self.addresses.map(u64::from);
        let bad = KernelError::Damaged("the addresses of its multiboot header contradict each other");
        // The load address and the header's lie as far apart as in the file.
        let start = (self.offset as u64 + load).checked_sub(header).ok_or(bad)?;
        let length = match load_end {
            0 => (file.len() as u64).saturating_sub(start),
            end => {
                end.checked_sub(load).ok_or(KernelError::Damaged("its load address lies behind its end"))?
            }
        };
        let memory_size = bss_end.saturating_sub(load).max(length);
        let mut image = Image::default();
        image.add(file, start..start + length, load, memory_size, memory)?;
        Ok((image, entry as u32))
    }
}

/// What the loader ROM is to do for such a kernel.
pub(super) fn script(kernel: &Kernel, header: &Header, memory: u64) -> Result<Script, KernelError> {
    let (image, entry) = header.load(&kernel.image, memory)?;
    let mut placed = Placed::new(kernel, image, memory)?;
    inform(&mut placed, kernel);
    placed.into_script(kernel, entry, LOADED)
}

/// The information structure, and behind it what it points at.
fn inform(placed: &mut Placed, kernel: &Kernel) {
    let info = &mut placed.info;
    let base = info.put(&[0; 4 * INFO_DWORDS as usize]);
    let field = |dword: u32| base + 4 * dword;
    let flags = INFO_MEMORY | INFO_COMMAND_LINE | INFO_MAP | INFO_LOADER;
    let has_modules = !placed.modules.is_empty();
    info.set_u32(field(0), flags | if has_modules { INFO_MODULES } else { 0 });
    info.sizes = Some((field(1), field(2)));
    let command_line = [kernel.name.as_str(), kernel.command_line.as_str()].join(" ");
    let command_line = info.put_text(command_line.trim());
    info.set_u32(field(4), command_line);
    let name = info.put_text("RingZero");
    info.set_u32(field(16), name);
    let names: Vec<u32> = kernel.initrds.iter().map(|initrd| info.put_text(&initrd.command_line)).collect();
    info.align(4);
    info.set_u32(field(5), placed.modules.len() as u32);
    let modules = info.here();
    info.set_u32(field(6), modules);
    for ((first, end), name) in placed.modules.iter().zip(names) {
        for value in [*first, *end, name, 0] {
            info.put_u32(value);
        }
    }
    let map = info.here();
    info.set_u32(field(12), map);
    info.map = Some(MapPlace { address: map, prefix: 4 });
    info.patches.push(Patch { address: field(11), factor: u32::from(RANGE), summand: 0 });
}
