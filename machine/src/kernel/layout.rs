//! What a kernel is told, as bytes at a place below 1 MiB.

use super::KernelError;
use super::image::Image;
use super::script::{MapPlace, Patch};
use ringzero_roms::loader::{MOST_RANGES, RANGE};

/// Bytes kept free for it.
const SIZE: usize = 0x1_0000;
/// Where it may lie: above the loader, below the EBDA.
const PLACES: std::ops::Range<u32> = 0x1_0000..0x8_0000;
/// Room for the memory map behind everything else: its ranges, and an end tag.
const MAP_ROOM: usize = MOST_RANGES * RANGE as usize + 16;

/// The bytes under construction.
pub(super) struct Info {
    base: u32,
    bytes: Vec<u8>,
    pub(super) map: Option<MapPlace>,
    pub(super) sizes: Option<(u32, u32)>,
    pub(super) patches: Vec<Patch>,
}

impl Info {
    /// An empty one, at a place where the kernel is not.
    pub(super) fn new(image: &Image) -> Result<Self, KernelError> {
        let mut places = PLACES.step_by(SIZE);
        let base = places
            .find(|&place| !image.overlaps(u64::from(place), u64::from(place) + SIZE as u64))
            .ok_or(KernelError::Unsupported("it leaves no memory free between 64 and 512 KiB"))?;
        Ok(Self { base, bytes: Vec::new(), map: None, sizes: None, patches: Vec::new() })
    }

    /// Its first byte's address.
    pub(super) fn base(&self) -> u32 {
        self.base
    }

    /// The address of the next byte.
    pub(super) fn here(&self) -> u32 {
        self.base + self.bytes.len() as u32
    }

    /// Adds bytes; where they lie.
    pub(super) fn put(&mut self, bytes: &[u8]) -> u32 {
        let at = self.here();
        self.bytes.extend_from_slice(bytes);
        at
    }

    /// Adds a number.
    pub(super) fn put_u32(&mut self, value: u32) -> u32 {
        self.put(&value.to_le_bytes())
    }

    /// Adds text with a zero behind it.
    pub(super) fn put_text(&mut self, text: &str) -> u32 {
        let at = self.put(text.as_bytes());
        self.put(&[0]);
        at
    }

    /// Fills up with zeros to a multiple of `unit` bytes.
    pub(super) fn align(&mut self, unit: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(unit), 0);
    }

    /// Changes a number that lies at `address`.
    pub(super) fn set_u32(&mut self, address: u32, value: u32) {
        let at = (address - self.base) as usize;
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// All of it, with room for the memory map.
    pub(super) fn finish(self) -> Result<Vec<u8>, KernelError> {
        if self.bytes.len() + MAP_ROOM > SIZE {
            return Err(KernelError::Unsupported("its command line is too long"));
        }
        Ok(self.bytes)
    }
}
