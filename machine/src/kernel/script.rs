//! The script of the kernel loader ROM.

use super::KernelError;
use ringzero_roms::loader::{self, field};
use std::sync::Arc;

/// A fw_cfg item: its selector key and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The selector key.
    pub key: u16,
    /// The bytes; reads behind their end give zeros.
    pub data: Arc<[u8]>,
}

/// Something to be copied into memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) address: u32,
    pub(super) data: Arc<[u8]>,
    /// Bytes in memory; zeros behind the data.
    pub(super) length: u32,
}

/// Where the memory map goes, and bytes before each range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MapPlace {
    pub(super) address: u32,
    pub(super) prefix: u16,
}

/// A number that depends on the memory map: `ranges * factor + summand` at `address`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    pub(super) address: u32,
    pub(super) factor: u32,
    pub(super) summand: u32,
}

/// Zeros that fw_cfg gives behind an item's end in one transfer.
const MOST_ZEROS: u32 = ringzero_devices::fw_cfg::MOST_ZEROS;

/// What the ROM is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    kind: u16,
    segment: u16,
    stack: u16,
    pub(super) entry: u32,
    pub(super) eax: u32,
    pub(super) ebx: u32,
    pub(super) map: Option<MapPlace>,
    /// Where the KiB below and above 1 MiB go.
    pub(super) sizes: Option<(u32, u32)>,
    pub(super) patches: Vec<Patch>,
    pub(super) chunks: Vec<Chunk>,
}

impl Script {
    /// A start in real mode at `segment + 20h:0000`.
    pub(super) fn real(segment: u16, stack: u16) -> Self {
        let entry = u32::from(segment + 0x20) << 16;
        Self { kind: loader::REAL_MODE, segment, stack, entry, ..Self::default() }
    }

    /// A start in flat protected mode.
    pub(super) fn protected(entry: u32, eax: u32, ebx: u32) -> Self {
        Self { kind: loader::PROTECTED_MODE, entry, eax, ebx, ..Self::default() }
    }

    /// Adds something to be copied. Long runs of zeros behind it become chunks of their own.
    pub(super) fn chunk(
        &mut self,
        address: u32,
        data: impl Into<Arc<[u8]>>,
        length: u32,
    ) -> Result<(), KernelError> {
        if length == 0 {
            return Ok(());
        }
        if address < loader::SCRATCH_END {
            return Err(KernelError::Unsupported("it wants to lie below 8000h, where the loader works"));
        }
        if self.chunks.len() == loader::MOST_CHUNKS {
            return Err(KernelError::Unsupported("it has too many parts, or too much memory to be cleared"));
        }
        let data = data.into();
        let zeros = length.saturating_sub(data.len() as u32);
        let rest = zeros.saturating_sub(MOST_ZEROS);
        self.chunks.push(Chunk { address, data, length: length - rest });
        self.chunk(address.wrapping_add(length - rest), [], rest)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; usize::from(field::FIRST_CHUNK)];
        let mut word = |at: u16, value: u16| {
            bytes[usize::from(at)..usize::from(at) + 2].copy_from_slice(&value.to_le_bytes());
        };
        let mut dword = |at: u16, value: u32| {
            word(at, value as u16);
            word(at + 2, (value >> 16) as u16);
        };
        dword(field::KIND, u32::from(self.kind) | (self.chunks.len() as u32) << 16);
        dword(field::SEGMENT, u32::from(self.segment) | u32::from(self.stack) << 16);
        dword(field::ENTRY, self.entry);
        dword(field::EAX, self.eax);
        dword(field::EBX, self.ebx);
        dword(field::MAP, self.map.map_or(0, |map| map.address));
        dword(field::PREFIX, self.map.map_or(0, |map| u32::from(map.prefix)));
        let (lower, upper) = self.sizes.unwrap_or((0, 0));
        dword(field::LOWER, lower);
        dword(field::UPPER, upper);
        let patches = &self.patches[..self.patches.len().min(loader::PATCHES)];
        dword(field::PATCHES, patches.len() as u32);
        for (at, patch) in (field::FIRST_PATCH..).step_by(12).zip(patches) {
            dword(at, patch.address);
            dword(at + 4, patch.factor);
            dword(at + 8, patch.summand);
        }
        for (key, chunk) in (loader::FIRST_CHUNK_KEY..).zip(&self.chunks) {
            bytes.extend(u32::from(key).to_le_bytes());
            bytes.extend(chunk.address.to_le_bytes());
            bytes.extend(chunk.length.to_le_bytes());
        }
        bytes
    }

    /// The script and its chunks.
    pub(super) fn items(self) -> Vec<Item> {
        let script = Item { key: loader::SCRIPT_KEY, data: self.bytes().into() };
        let chunks =
            (loader::FIRST_CHUNK_KEY..).zip(self.chunks).map(|(key, chunk)| Item { key, data: chunk.data });
        std::iter::once(script).chain(chunks).collect()
    }
}
