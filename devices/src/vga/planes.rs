//! The four planes of 64 KiB in video memory.
//!
//! They lie so that chain 4 shows memory in order: where its window is linear, the CPU may have it without us. The four
//! bytes of a plane address are neighbours; of plane addresses, the two low bits choose the quarter of 64 KiB.

use ringzero_bus::{GuestRam, RamOffset};

/// Where the planes begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planes(pub(super) RamOffset);

impl Planes {
    fn place(self, address: usize) -> RamOffset {
        RamOffset(self.0.0 + ((address & 3) << 16 | address & 0xFFFC) as u64)
    }

    /// The byte of each plane at a plane address.
    #[inline]
    pub(super) fn fetch(self, ram: &GuestRam, address: usize) -> [u8; 4] {
        ram.video_dword(self.place(address))
    }

    /// Writes the byte of each plane at a plane address.
    #[inline]
    pub(super) fn store(self, ram: &mut GuestRam, address: usize, bytes: [u8; 4]) {
        ram.set_video_dword(self.place(address), bytes);
    }
}
