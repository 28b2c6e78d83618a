//! ELF kernels: their segments at physical addresses.

use super::KernelError;
use super::image::Image;
use goblin::elf::Elf;
use goblin::elf::header::{EM_386, EM_X86_64};
use goblin::elf::program_header::{PT_LOAD, PT_NOTE};

/// The note that names a kernel's PVH entry [PVH, "PHYS32_ENTRY"].
const PHYS32_ENTRY: u32 = 18;

/// A kernel that is an ELF file.
pub(super) struct Kernel {
    pub(super) image: Image,
    /// The entry point as a physical address.
    pub(super) entry: u32,
    /// The entry for PVH, if it has one.
    pub(super) pvh_entry: Option<u32>,
}

/// Whether a file says it is ELF.
pub(super) fn is_elf(file: &[u8]) -> bool {
    file.starts_with(b"\x7FELF")
}

/// Whether the code in an ELF file is for a 64-bit processor.
pub(super) fn is_64_bit(file: &[u8]) -> bool {
    is_elf(file) && Elf::parse_header(file).is_ok_and(|header| header.e_machine == EM_X86_64)
}

impl Kernel {
    /// Reads an ELF file for a machine with `memory` bytes of RAM.
    pub(super) fn read(file: &[u8], memory: u64) -> Result<Self, KernelError> {
        let damaged = |_| KernelError::Damaged("its ELF headers cannot be read");
        let header = Elf::parse_header(file).map_err(damaged)?;
        if !matches!(header.e_machine, EM_386 | EM_X86_64) || !header.e_ident[5].eq(&1) {
            return Err(KernelError::Unsupported("it is an ELF file for another kind of processor"));
        }
        // Sections and symbols do not matter, and need not be sound.
        let mut elf = Elf::lazy_parse(header).map_err(damaged)?;
        let ctx = goblin::container::Ctx::new(
            if elf.is_64 { goblin::container::Container::Big } else { goblin::container::Container::Little },
            goblin::container::Endian::Little,
        );
        let (offset, count) = (header.e_phoff as usize, usize::from(header.e_phnum));
        elf.program_headers = goblin::elf::ProgramHeader::parse(file, offset, count, ctx).map_err(damaged)?;
        let mut image = Image::default();
        let mut entry = None;
        for segment in elf.program_headers.iter().filter(|p| p.p_type == PT_LOAD && p.p_memsz > 0) {
            let end = segment.p_offset.checked_add(segment.p_filesz);
            let end = end.ok_or(KernelError::Damaged("a segment is too long"))?;
            image.add(file, segment.p_offset..end, segment.p_paddr, segment.p_memsz, memory)?;
            // The entry is a virtual address of one of the segments, or already physical.
            if (segment.p_vaddr..segment.p_vaddr.saturating_add(segment.p_memsz)).contains(&elf.entry) {
                entry.get_or_insert(segment.p_paddr + (elf.entry - segment.p_vaddr));
            }
        }
        if image.segments.is_empty() {
            return Err(KernelError::Damaged("it has nothing to load"));
        }
        let entry = entry.unwrap_or(elf.entry);
        let entry = u32::try_from(entry).map_err(|_| KernelError::Damaged("its entry lies above 4 GiB"))?;
        let pvh_entry = elf
            .program_headers
            .iter()
            .filter(|p| p.p_type == PT_NOTE)
            .find_map(|p| pvh_note(file.get(p.p_offset as usize..)?.get(..p.p_filesz as usize)?));
        Ok(Self { image, entry, pvh_entry })
    }
}

/// The PVH entry among a segment's notes: name size, descriptor size, type; name and descriptor padded to 4 bytes.
fn pvh_note(mut notes: &[u8]) -> Option<u32> {
    loop {
        let (head, rest) = notes.split_first_chunk::<12>()?;
        let dword = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (name_size, size) = (dword(0) as usize, dword(4) as usize);
        let name = rest.get(..name_size)?;
        let rest = rest.get(name_size.checked_next_multiple_of(4)?..)?;
        let descriptor = rest.get(..size)?;
        if name == b"Xen\0" && dword(8) == PHYS32_ENTRY {
            return descriptor.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        }
        notes = rest.get(size.checked_next_multiple_of(4)?..).unwrap_or_default();
    }
}
