//! What disks are made of: a medium of bytes, and ways to stack them.

pub mod floppy;
pub mod hard_disk;
mod memory;
mod overlay;
mod padded;

pub use memory::MemoryMedium;
pub use overlay::Overlay;
pub use padded::Padded;

use std::sync::Arc;

/// Why a medium could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediumError {
    /// The access reaches past the end.
    #[error("access to {len} bytes at {offset:#x} reaches past the end of the medium")]
    OutOfRange {
        /// First byte.
        offset: u64,
        /// Bytes.
        len: usize,
    },
    /// The medium cannot be written.
    #[error("the medium is read-only")]
    ReadOnly,
    /// The host failed.
    #[error("host error at {offset:#x}: {kind}")]
    Host {
        /// First byte of the access.
        offset: u64,
        /// What the host said.
        kind: std::io::ErrorKind,
    },
    /// The image's own structure is damaged there.
    #[error("damaged image at {offset:#x}")]
    Damaged {
        /// First byte of the access.
        offset: u64,
    },
}

/// Why there cannot be a second medium like one: the reason, and what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoFork(pub &'static str);

/// A disk, a floppy, a CD: bytes at offsets. The host implements it for its files.
pub trait BlockMedium: Send {
    /// Bytes on the medium.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether writes are refused.
    fn read_only(&self) -> bool;

    /// Fills `out` from `offset` on.
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MediumError>;

    /// Writes `data` from `offset` on.
    fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<(), MediumError>;

    /// Makes earlier writes lasting.
    fn flush(&mut self) -> Result<(), MediumError>;

    /// A second medium that holds the same. Neither shows what is written to the other from then on.
    fn fork(&self) -> Result<Box<dyn BlockMedium>, NoFork> {
        Err(NoFork("two machines cannot have this medium; give each its own"))
    }

    /// Bytes it keeps in memory beyond its base.
    fn growth(&self) -> u64 {
        0
    }
}

impl BlockMedium for Box<dyn BlockMedium> {
    fn len(&self) -> u64 {
        (**self).len()
    }
    fn read_only(&self) -> bool {
        (**self).read_only()
    }
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MediumError> {
        (**self).read_at(offset, out)
    }
    fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<(), MediumError> {
        (**self).write_at(offset, data)
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        (**self).flush()
    }
    fn fork(&self) -> Result<Box<dyn BlockMedium>, NoFork> {
        (**self).fork()
    }
    fn growth(&self) -> u64 {
        (**self).growth()
    }
}

/// The range of `len` bytes at `offset` in a medium of `size` bytes, as offsets into memory.
pub(crate) fn range(offset: u64, len: usize, size: u64) -> Result<std::ops::Range<usize>, MediumError> {
    let error = MediumError::OutOfRange { offset, len };
    let end = offset.checked_add(len as u64).filter(|&end| end <= size).ok_or(error)?;
    let start = usize::try_from(offset).map_err(|_| error)?;
    Ok(start..usize::try_from(end).map_err(|_| error)?)
}

/// Bytes in a block of what is kept in memory.
const BLOCK: usize = 4096;

/// A block that media share until one of them writes it.
type Block = Arc<[u8; BLOCK]>;

/// The pieces of `len` bytes at `offset`: block number, first byte in it, and the range of the caller's buffer.
fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let inside = (at % BLOCK as u64) as usize;
        let count = (BLOCK - inside).min(len - done);
        let piece = (at / BLOCK as u64, inside, done..done + count);
        done += count;
        (count > 0).then_some(piece)
    })
}
