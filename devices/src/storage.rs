//! What disks are made of: a medium of bytes, and ways to stack them.

pub mod floppy;
pub mod hard_disk;
mod overlay;
mod padded;

pub use overlay::Overlay;
pub use padded::Padded;

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
}

/// The range of `len` bytes at `offset` in a medium of `size` bytes, as offsets into memory.
pub(crate) fn range(offset: u64, len: usize, size: u64) -> Result<std::ops::Range<usize>, MediumError> {
    let error = MediumError::OutOfRange { offset, len };
    let end = offset.checked_add(len as u64).filter(|&end| end <= size).ok_or(error)?;
    let start = usize::try_from(offset).map_err(|_| error)?;
    Ok(start..usize::try_from(end).map_err(|_| error)?)
}

/// A medium in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryMedium {
    bytes: Vec<u8>,
    read_only: bool,
}

impl MemoryMedium {
    /// A medium that holds `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, read_only: false }
    }

    /// The same, but writes are refused.
    #[must_use]
    pub fn write_protected(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// What it holds.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl BlockMedium for MemoryMedium {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
    fn read_only(&self) -> bool {
        self.read_only
    }
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MediumError> {
        out.copy_from_slice(&self.bytes[range(offset, out.len(), self.len())?]);
        Ok(())
    }
    fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<(), MediumError> {
        if self.read_only {
            return Err(MediumError::ReadOnly);
        }
        let place = range(offset, data.len(), self.len())?;
        self.bytes[place].copy_from_slice(data);
        Ok(())
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_past_the_end_is_an_error() {
        let mut medium = MemoryMedium::new(vec![1; 8]);
        assert_eq!(medium.read_at(6, &mut [0; 3]), Err(MediumError::OutOfRange { offset: 6, len: 3 }));
        assert!(medium.read_at(u64::MAX, &mut [0; 3]).is_err());
    }

    #[test]
    fn a_protected_medium_refuses_writes() {
        let mut medium = MemoryMedium::new(vec![1; 8]).write_protected();
        assert_eq!(medium.write_at(0, &[2]), Err(MediumError::ReadOnly));
    }
}
