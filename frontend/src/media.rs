//! Host files as disks.
//!
//! A file is opened as it is: never created, never shortened, never lengthened. What cannot be a floppy is refused with
//! the remedy; what cannot be written is write-protected, and the user is told.

use ringzero_machine::storage::{BlockMedium, MediumError, MemoryMedium, Overlay, floppy};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes of the beginning that tell what an image is: as far as a CD's first volume descriptor.
const HEAD: usize = 0x8006;

/// Why a file cannot be a disk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MediaError {
    /// The host refuses.
    #[error("{path}: cannot be opened: {source}; check the name and its permissions", path = .path.display())]
    Open {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// It is something else.
    #[error("{path}: {reason}", path = .path.display())]
    NotADisk { path: PathBuf, reason: String },
}

/// How a disk may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Writes reach the file.
    ReadWrite,
    /// Writes stay in memory.
    Snapshot,
    /// Writes are refused.
    ReadOnly,
}

/// A disk, and what the user should know about it.
pub(crate) struct Opened {
    pub(crate) medium: Box<dyn BlockMedium>,
    pub(crate) note: Option<String>,
}

/// The built-in demo disk.
pub(crate) fn demo_disk() -> Box<dyn BlockMedium> {
    Box::new(MemoryMedium::new(ringzero_machine::DEMO_DISK.to_vec()))
}

/// Opens a floppy image.
pub(crate) fn open_floppy(path: &Path, access: Access) -> Result<Opened, MediaError> {
    let failed = |source| MediaError::Open { path: path.to_owned(), source };
    let refused = |reason: String| MediaError::NotADisk { path: path.to_owned(), reason };
    // Before it is opened: opening a FIFO would wait for its other end.
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if let Some(reason) = wrong_kind(&metadata) {
        return Err(refused(reason.to_owned()));
    }
    let (mut file, note) = open_file(path, access).map_err(failed)?;
    let len = file.seek(SeekFrom::End(0)).map_err(failed)?;
    let head = read_head(&mut file).map_err(failed)?;
    if let Some(reason) = refusal(&head, len) {
        return Err(refused(reason));
    }
    let read_only = access != Access::ReadWrite || note.is_some();
    let medium = FileMedium { file, len, read_only };
    let medium: Box<dyn BlockMedium> = match access {
        Access::Snapshot => Box::new(Overlay::new(medium)),
        Access::ReadWrite | Access::ReadOnly => Box::new(medium),
    };
    Ok(Opened { medium, note: note.map(|note| format!("{}: {note}", path.display())) })
}

fn wrong_kind(metadata: &std::fs::Metadata) -> Option<&'static str> {
    if metadata.is_dir() {
        return Some("is a directory; give a disk image file");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_fifo() || kind.is_socket() || kind.is_char_device() {
            return Some("is no file that can be read at any place; give a disk image file");
        }
    }
    None
}

/// Opens for writing if asked and possible; says why it was not.
fn open_file(path: &Path, access: Access) -> io::Result<(File, Option<&'static str>)> {
    if access != Access::ReadWrite {
        return Ok((File::open(path)?, None));
    }
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => match file.try_lock() {
            Err(TryLockError::WouldBlock) => Ok((
                file,
                Some(
                    "another run has it open, so it is write-protected here; use --snapshot to write to a copy",
                ),
            )),
            // Some file systems have no locks; that is no reason to refuse.
            Ok(()) | Err(TryLockError::Error(_)) => Ok((file, None)),
        },
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            let note =
                "cannot be written, so it is write-protected; use --snapshot to write to a copy in memory";
            Ok((File::open(path)?, Some(note)))
        }
        Err(error) => Err(error),
    }
}

fn read_head(file: &mut File) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    Read::by_ref(file).take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Why an image that begins with `head` and is `len` bytes long is no floppy.
fn refusal(head: &[u8], len: u64) -> Option<String> {
    if len == 0 {
        return Some("is empty; give a disk image".to_owned());
    }
    if let Some(reason) = foreign_format(head) {
        return Some(reason.to_owned());
    }
    let largest = floppy::FORMATS.iter().map(|format| format.bytes()).max().unwrap_or(0);
    if len > largest {
        return Some(format!(
            "is {len} bytes long and the largest floppy holds {largest}: hard disks are not supported yet"
        ));
    }
    let odd = len % floppy::SECTOR as u64;
    (odd != 0).then(|| {
        format!(
            "is {len} bytes long, which is no multiple of 512; pad a copy of it with `truncate -s %512 FILE`"
        )
    })
}

fn foreign_format(head: &[u8]) -> Option<&'static str> {
    let has = |at: usize, magic: &[u8]| head.get(at..at + magic.len()) == Some(magic);
    if has(0x8001, b"CD001") {
        Some("is a CD image: CD drives are not supported yet")
    } else if has(0, b"QFI\xFB")
        || has(0, b"KDMV")
        || has(0, b"conectix")
        || has(0, b"vhdxfile")
        || has(0, b"<<< ")
    {
        Some("is a virtual hard disk: not supported yet; raw floppy images are")
    } else if has(0, b"\x1F\x8B")
        || has(0, b"\xFD7zXZ")
        || has(0, b"PK\x03\x04")
        || has(0, b"BZh")
        || has(0, b"\x28\xB5\x2F\xFD")
    {
        Some("is compressed; unpack it first")
    } else if has(0, b"\x7FELF") {
        Some("is an ELF program, not a disk: booting a kernel directly is not supported yet")
    } else if has(0x202, b"HdrS") {
        Some("is a Linux kernel, not a disk: booting a kernel directly is not supported yet")
    } else {
        None
    }
}

/// A file, or a block device.
#[derive(Debug)]
struct FileMedium {
    file: File,
    len: u64,
    read_only: bool,
}

impl FileMedium {
    fn check(&self, offset: u64, len: usize) -> Result<(), MediumError> {
        match offset.checked_add(len as u64) {
            Some(end) if end <= self.len => Ok(()),
            _ => Err(MediumError::OutOfRange { offset, len }),
        }
    }
}

fn host_error(offset: u64) -> impl Fn(io::Error) -> MediumError {
    move |error| MediumError::Host { offset, kind: error.kind() }
}

impl BlockMedium for FileMedium {
    fn len(&self) -> u64 {
        self.len
    }
    fn read_only(&self) -> bool {
        self.read_only
    }
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MediumError> {
        self.check(offset, out.len())?;
        self.file.seek(SeekFrom::Start(offset)).map_err(host_error(offset))?;
        self.file.read_exact(out).map_err(host_error(offset))
    }
    fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<(), MediumError> {
        if self.read_only {
            return Err(MediumError::ReadOnly);
        }
        self.check(offset, data.len())?;
        self.file.seek(SeekFrom::Start(offset)).map_err(host_error(offset))?;
        self.file.write_all(data).map_err(host_error(offset))
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        if self.read_only {
            return Ok(());
        }
        self.file.sync_data().map_err(host_error(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_floppy_is_named() {
        let iso = {
            let mut head = vec![0; HEAD];
            head[0x8001..].copy_from_slice(b"CD001");
            head
        };
        for (head, len, part) in [
            (&[][..], 0, "empty"),
            (&[0; 600][..], 600, "multiple of 512"),
            (&[0; 512][..], 12 << 20, "hard disks are not supported yet"),
            (&iso[..], 1 << 20, "CD image"),
            (&b"QFI\xFB"[..], 512, "virtual hard disk"),
            (&b"\x1F\x8B"[..], 512, "compressed"),
        ] {
            let reason = refusal(head, len).unwrap_or_default();
            assert!(reason.contains(part), "{reason}");
        }
    }

    #[test]
    fn any_whole_number_of_sectors_up_to_the_largest_floppy_is_one() {
        for len in [512, 163_840, 1_296_384, 1_474_560, 2_949_120] {
            assert_eq!(refusal(&[0xEB], len), None);
        }
    }
}
