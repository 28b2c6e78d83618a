//! Booting a kernel without a disk: Linux, multiboot 1 and 2, PVH.
//!
//! What a kernel needs in memory is worked out here and becomes fw_cfg items; the kernel loader ROM puts it there under
//! whatever firmware runs (`ringzero_roms::loader`).
//!
//! *Not modelled*: relocatable multiboot 2 kernels, requests for tags other than those listed in `multiboot2`.

mod elf;
mod image;
mod layout;
mod linux;
mod multiboot;
mod multiboot2;
mod pvh;
mod script;

pub use script::Item;

use image::Image;
use layout::Info;
use script::Script;
use std::sync::Arc;

/// A kernel, what goes with it, and what it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kernel {
    /// The kernel file.
    pub image: Arc<[u8]>,
    /// Its name, with which the command line of a multiboot kernel begins.
    pub name: String,
    /// Initial RAM disks: Linux gets them as one, the others as modules.
    pub initrds: Vec<Initrd>,
    /// The command line.
    pub command_line: String,
}

/// A file loaded beside a kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Initrd {
    /// What it holds.
    pub data: Arc<[u8]>,
    /// Its own command line, for kernels that have modules.
    pub command_line: String,
}

/// Why a kernel cannot be booted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KernelError {
    /// The file is of no known kind.
    #[error(
        "is no kernel: it has neither a Linux boot header, nor a multiboot header, nor is it an ELF file with a PVH entry"
    )]
    NotAKernel,
    /// An ELF file that says nothing of how it is booted.
    #[error(
        "is an ELF file without a multiboot header in its first 8 KiB (multiboot 2: 32 KiB) and without a PVH entry; \
         give the kernel one of them, or boot the disk image that is made of it"
    )]
    NoEntry,
    /// The file contradicts itself.
    #[error("is damaged: {0}")]
    Damaged(&'static str),
    /// The kernel asks for what this machine does not do.
    #[error("cannot be booted: {0}")]
    Unsupported(&'static str),
    /// The machine is too small.
    #[error(
        "does not fit: {needed} bytes of memory are needed and the machine has {memory}; use a larger -m"
    )]
    NoRoom {
        /// Bytes of memory up to which something must be loaded.
        needed: u64,
        /// Bytes of memory there are.
        memory: u64,
    },
}

impl Kernel {
    /// The fw_cfg items by which the kernel loader ROM boots this kernel on a machine with `memory` bytes of RAM.
    pub fn items(&self, memory: u64) -> Result<Vec<Item>, KernelError> {
        Ok(self.script(memory)?.items())
    }

    /// Whether the file is ELF for a 64-bit processor.
    pub fn is_64_bit(&self) -> bool {
        elf::is_64_bit(&self.image)
    }

    /// The kinds are tried as GRUB does: what has a multiboot header means to be booted by it.
    fn script(&self, memory: u64) -> Result<Script, KernelError> {
        let image = &self.image;
        if linux::is_linux(image) {
            return linux::script(self, memory);
        }
        if let Some(header) = multiboot2::Header::find(image)? {
            return multiboot2::script(self, &header, memory);
        }
        if let Some(header) = multiboot::Header::find(image) {
            return multiboot::script(self, &header, memory);
        }
        if elf::is_elf(image) {
            return pvh::script(self, memory);
        }
        Err(KernelError::NotAKernel)
    }
}

/// A kernel and its modules where they will be, and a place for what the kernel is told.
struct Placed {
    image: Image,
    /// First and last byte + 1 of each module.
    modules: Vec<(u32, u32)>,
    info: Info,
}

impl Placed {
    /// Modules go behind the kernel, each on a page of its own.
    fn new(kernel: &Kernel, image: Image, memory: u64) -> Result<Self, KernelError> {
        let mut end = u64::from(image.end()).max(1 << 20);
        let mut modules = Vec::new();
        for initrd in &kernel.initrds {
            let first = end.next_multiple_of(4096);
            end = first + initrd.data.len() as u64;
            let last = u32::try_from(end).map_err(|_| KernelError::NoRoom { needed: end, memory })?;
            modules.push((first as u32, last));
        }
        if end > memory {
            return Err(KernelError::NoRoom { needed: end, memory });
        }
        let info = Info::new(&image)?;
        Ok(Self { image, modules, info })
    }

    /// Everything to be loaded.
    fn into_script(self, kernel: &Kernel, entry: u32, eax: u32) -> Result<Script, KernelError> {
        let mut script = Script::protected(entry, eax, self.info.base());
        for segment in self.image.segments {
            script.chunk(segment.address, segment.data, segment.memory_size)?;
        }
        for (initrd, (first, _)) in kernel.initrds.iter().zip(self.modules) {
            script.chunk(first, initrd.data.clone(), initrd.data.len() as u32)?;
        }
        script.map = self.info.map;
        script.sizes = self.info.sizes;
        script.patches = self.info.patches.clone();
        let bytes = self.info.finish()?;
        let length = bytes.len() as u32;
        script.chunk(script.ebx, bytes, length)?;
        Ok(script)
    }
}

#[cfg(test)]
mod tests;
