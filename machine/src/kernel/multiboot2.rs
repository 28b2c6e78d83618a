//! Multiboot 2 kernels [Multiboot2, "OS image format", "Boot information format"].
//!
//! *Modelled*: ELF and address-tag kernels; tags: command line, loader name, modules, memory sizes and map. *Not modelled*:
//! EFI entries, relocation, a frame buffer; a kernel that insists on other tags is refused.

use super::image::Image;
use super::script::{MapPlace, Patch, Script};
use super::{Kernel, KernelError, Placed, elf};
use ringzero_roms::loader::RANGE;

/// The header begins in this part of the file, on a multiple of 8.
const SEARCH: usize = 32_768;
const MAGIC: u32 = 0xE852_50D6;
/// EAX for the kernel.
const LOADED: u32 = 0x36D7_6289;
/// Protected mode of i386.
const I386: u32 = 0;
/// Information tags that the loader gives.
const GIVEN: [u32; 6] = [0, 1, 2, 3, 4, 6];

/// Types of header tags.
mod header_tag {
    pub(super) const END: u16 = 0;
    pub(super) const REQUEST: u16 = 1;
    pub(super) const ADDRESS: u16 = 2;
    pub(super) const ENTRY: u16 = 3;
    /// Wishes for a console, a frame buffer and page-aligned modules.
    pub(super) const WISHES: std::ops::RangeInclusive<u16> = 4..=6;
}

/// Types of information tags.
mod tag {
    pub(super) const COMMAND_LINE: u32 = 1;
    pub(super) const LOADER: u32 = 2;
    pub(super) const MODULE: u32 = 3;
    pub(super) const MEMORY: u32 = 4;
    pub(super) const MAP: u32 = 6;
}

/// A multiboot 2 header.
pub(super) struct Header {
    /// Its place in the file.
    offset: usize,
    /// Header, load, load end and BSS end address.
    addresses: Option<[u32; 4]>,
    entry: Option<u32>,
}

fn dword(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

impl Header {
    /// The first header whose numbers add up to zero.
    pub(super) fn find(file: &[u8]) -> Result<Option<Self>, KernelError> {
        let fields =
            |at| Some([dword(file, at)?, dword(file, at + 4)?, dword(file, at + 8)?, dword(file, at + 12)?]);
        let found = (0..file.len().min(SEARCH)).step_by(8).find_map(|at| {
            let header: [u32; 4] = fields(at)?;
            let sum = header.iter().fold(0u32, |sum, value| sum.wrapping_add(*value));
            (header[0] == MAGIC && sum == 0).then_some((at, header))
        });
        let Some((offset, [_, architecture, length, _])) = found else { return Ok(None) };
        if architecture != I386 {
            return Err(KernelError::Unsupported("its multiboot 2 header is for another kind of processor"));
        }
        let mut header = Self { offset, addresses: None, entry: None };
        let tags = file.get(offset + 16..).and_then(|rest| rest.get(..(length as usize).checked_sub(16)?));
        header.read_tags(tags.ok_or(KernelError::Damaged("its multiboot 2 header is too long"))?)?;
        Ok(Some(header))
    }

    fn read_tags(&mut self, mut tags: &[u8]) -> Result<(), KernelError> {
        loop {
            let bad = KernelError::Damaged("a tag of its multiboot 2 header is too long");
            let (Some(kind), Some(size)) = (dword(tags, 0), dword(tags, 4)) else { return Ok(()) };
            let (kind, optional) = (kind as u16, kind >> 16 & 1 != 0);
            let body = (size as usize).checked_sub(8).and_then(|size| tags.get(8..8 + size));
            let Some(body) = body else { return Err(bad) };
            if kind == header_tag::END {
                return Ok(());
            }
            self.read_tag(kind, optional, body)?;
            tags = tags.get((size as usize).next_multiple_of(8)..).unwrap_or_default();
        }
    }

    fn read_tag(&mut self, kind: u16, optional: bool, body: &[u8]) -> Result<(), KernelError> {
        let field = |n: usize| {
            dword(body, 4 * n).ok_or(KernelError::Damaged("a tag of its multiboot 2 header is cut off"))
        };
        match kind {
            header_tag::ADDRESS => self.addresses = Some([field(0)?, field(1)?, field(2)?, field(3)?]),
            header_tag::ENTRY => self.entry = Some(field(0)?),
            header_tag::REQUEST => {
                let mut wanted = body.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                if !optional && wanted.any(|kind| !GIVEN.contains(&kind)) {
                    return Err(KernelError::Unsupported(
                        "it insists on a multiboot 2 tag that is not given",
                    ));
                }
            }
            kind if header_tag::WISHES.contains(&kind) || optional => {}
            _ => return Err(KernelError::Unsupported("its multiboot 2 header insists on something unknown")),
        }
        Ok(())
    }

    /// The kernel in memory, and where it begins.
    fn load(&self, file: &[u8], memory: u64) -> Result<(Image, u32), KernelError> {
        let Some(addresses) = self.addresses else {
            if !elf::is_elf(file) {
                return Err(KernelError::Damaged(
                    "its multiboot 2 header has no addresses and it is no ELF file",
                ));
            }
            let kernel = elf::Kernel::read(file, memory)?;
            return Ok((kernel.image, self.entry.unwrap_or(kernel.entry)));
        };
        let [header, load, load_end, bss_end] = addresses.map(u64::from);
        let bad = || KernelError::Damaged("the addresses of its multiboot 2 header contradict each other");
        let entry = self.entry.ok_or(KernelError::Damaged("its multiboot 2 header names no entry"))?;
        // All ones: from the beginning of the file.
        let start = match addresses[1] {
            u32::MAX => 0,
            _ => (self.offset as u64 + load).checked_sub(header).ok_or_else(bad)?,
        };
        let load = if addresses[1] == u32::MAX {
            header.checked_sub(self.offset as u64).ok_or_else(bad)?
        } else {
            load
        };
        let length = match load_end {
            0 => (file.len() as u64).saturating_sub(start),
            end => end.checked_sub(load).ok_or_else(bad)?,
        };
        let memory_size = bss_end.saturating_sub(load).max(length);
        let mut image = Image::default();
        image.add(file, start..start + length, load, memory_size, memory)?;
        Ok((image, entry))
    }
}

/// What the loader ROM is to do for such a kernel.
pub(super) fn script(kernel: &Kernel, header: &Header, memory: u64) -> Result<Script, KernelError> {
    let (image, entry) = header.load(&kernel.image, memory)?;
    let mut placed = Placed::new(kernel, image, memory)?;
    inform(&mut placed, kernel);
    placed.into_script(kernel, entry, LOADED)
}

/// The tags; the memory map is the last, since its length is known only when the machine runs.
fn inform(placed: &mut Placed, kernel: &Kernel) {
    let info = &mut placed.info;
    let total = info.put(&[0; 8]);
    let mut text = |kind, head: &[u32], text: &str| {
        info.put_u32(kind);
        info.put_u32(8 + 4 * head.len() as u32 + text.len() as u32 + 1);
        for value in head {
            info.put_u32(*value);
        }
        info.put_text(text);
        info.align(8);
    };
    text(tag::COMMAND_LINE, &[], &kernel.command_line);
    text(tag::LOADER, &[], "RingZero");
    for (initrd, (first, end)) in kernel.initrds.iter().zip(&placed.modules) {
        text(tag::MODULE, &[*first, *end], &initrd.command_line);
    }
    info.put_u32(tag::MEMORY);
    info.put_u32(16);
    info.sizes = Some((info.put_u32(0), info.put_u32(0)));
    info.put_u32(tag::MAP);
    let size = info.put_u32(0);
    info.put_u32(u32::from(RANGE));
    info.put_u32(0);
    info.map = Some(MapPlace { address: info.here(), prefix: 0 });
    let factor = u32::from(RANGE);
    // The end tag behind the map, 8 bytes, is the loader's.
    let whole = info.here() - total + 8;
    info.patches.push(Patch { address: size, factor, summand: 16 });
    info.patches.push(Patch { address: total, factor, summand: whole });
}
