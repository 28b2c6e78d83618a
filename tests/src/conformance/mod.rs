//! Single-instruction conformance vectors: load a state, execute one instruction, compare the whole state.
//!
//! [`moo`] reads the SingleStepTests files, [`hwv`] the native captures; [`sst`] and [`hw`] run them, and [`sample`] packs
//! some of them for other hosts.

pub mod hw;
mod hw_float;
pub mod hwv;
pub mod moo;
pub mod report;
pub mod sample;
pub mod sst;

use std::io::Read;
use std::path::{Path, PathBuf};

/// Why a data set cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file or folder cannot be read.
    #[error("{path}: cannot be read")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// Bytes that are not of the format.
    #[error("{path}: damaged at byte {at}: {what}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Offset in the unpacked data.
        at: usize,
        /// What was expected there.
        what: &'static str,
    },
}

/// Unpacks a gzip file.
pub fn unpack(path: &Path) -> Result<Vec<u8>, DataError> {
    let unreadable = |source| DataError::Unreadable { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// The files of a folder whose names end in `suffix`, sorted.
pub fn files(folder: &Path, suffix: &str) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = |source| DataError::Unreadable { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.to_string_lossy().ends_with(suffix) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A cursor over little-endian data.
pub struct Cursor<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `bytes`, which came from `path`.
    pub fn new(path: &'a Path, bytes: &'a [u8]) -> Self {
        Self { path, bytes, at: 0 }
    }

    /// Whether everything has been read.
    pub fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The error for what stands here.
    pub fn damaged(&self, what: &'static str) -> DataError {
        DataError::Damaged { path: self.path.to_owned(), at: self.at, what }
    }

    /// The next `len` bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], DataError> {
        let end = self.at.checked_add(len).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else { return Err(self.damaged("the data ends early")) };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// A cursor over the next `len` bytes.
    pub fn part(&mut self, len: usize) -> Result<Cursor<'a>, DataError> {
        Ok(Cursor { path: self.path, bytes: self.take(len)?, at: 0 })
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, DataError> {
        Ok(self.take(1)?[0])
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, DataError> {
        Ok(u16::from_le_bytes(self.take(2)?.try_into().expect("two bytes were taken")))
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, DataError> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().expect("four bytes were taken")))
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64, DataError> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into().expect("eight bytes were taken")))
    }
}
