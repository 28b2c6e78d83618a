//! Host files as disks.
//!
//! A file is opened as it is: never created, never shortened, never lengthened. What cannot be a disk is refused with
//! the remedy; what cannot be written is write-protected, and the user is told. Only one run may write an image.

use ringzero_machine::storage::{BlockMedium, MediumError, MemoryMedium, NoFork, Overlay, floppy};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// Another run has it.
    #[error("{path}: is in use by another run{}", if *.writes { "; use --snapshot or a copy" } else { " that writes it; wait for its end, or use a copy" }, path = .path.display())]
    Taken { path: PathBuf, writes: bool },
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

/// What an image is, by its beginning and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Floppy,
    HardDisk,
    Cd,
    Kernel,
}

/// Finds out what an image is.
pub(crate) fn look_at(path: &Path) -> Result<Content, MediaError> {
    let image = Image::open(path, Access::ReadOnly)?;
    Ok(content(&image.head, image.len))
}

/// Whether a file has exactly the size of a diskette.
pub(crate) fn has_floppy_size(path: &Path) -> bool {
    let len = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    floppy::FORMATS.iter().any(|format| format.bytes() == len)
}

fn content(head: &[u8], len: u64) -> Content {
    if is_cd(head) {
        Content::Cd
    } else if is_kernel(head) {
        Content::Kernel
    } else if len <= largest_floppy() {
        Content::Floppy
    } else {
        Content::HardDisk
    }
}

/// Opens a floppy image. One that another run writes is write-protected.
pub(crate) fn open_floppy(path: &Path, access: Access) -> Result<Opened, MediaError> {
    let image = Image::open(path, access)?;
    image.accept(refusal(&image.head).or_else(|| not_a_floppy(&image.head, image.len)))?;
    image.finish(true)
}

/// Opens a hard disk's image. One that another run writes is refused.
pub(crate) fn open_hard_disk(path: &Path, access: Access) -> Result<Opened, MediaError> {
    let image = Image::open(path, access)?;
    image.accept(refusal(&image.head).or_else(|| partial_sector(image.len)))?;
    image.finish(false)
}

/// Opens a CD's image.
pub(crate) fn open_cd(path: &Path) -> Result<Opened, MediaError> {
    let image = Image::open(path, Access::ReadOnly)?;
    image.accept(refusal(&image.head))?;
    image.finish(false)
}

/// A file on its way to be a disk.
struct Image<'a> {
    path: &'a Path,
    access: Access,
    file: File,
    len: u64,
    head: Vec<u8>,
    /// It cannot be written: why.
    protected: Option<&'static str>,
    /// Another run has it, in a way that excludes this one.
    taken: bool,
}

impl<'a> Image<'a> {
    fn open(path: &'a Path, access: Access) -> Result<Self, MediaError> {
        let failed = |source| MediaError::Open { path: path.to_owned(), source };
        // Before it is opened: opening a FIFO would wait for its other end.
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if let Some(reason) = wrong_kind(&metadata) {
            return Err(MediaError::NotADisk { path: path.to_owned(), reason: reason.to_owned() });
        }
        let (mut file, protected) = open_file(path, access).map_err(failed)?;
        let writes = access == Access::ReadWrite && protected.is_none();
        let taken = !lock(&file, writes);
        let len = file.seek(SeekFrom::End(0)).map_err(failed)?;
        let head = read_head(&mut file).map_err(failed)?;
        if len == 0 {
            let reason = "is empty; give a disk image".to_owned();
            return Err(MediaError::NotADisk { path: path.to_owned(), reason });
        }
        Ok(Self { path, access, file, len, head, protected, taken })
    }

    fn accept(&self, refusal: Option<String>) -> Result<(), MediaError> {
        match refusal {
            None => Ok(()),
            Some(reason) => Err(MediaError::NotADisk { path: self.path.to_owned(), reason }),
        }
    }

    /// The disk; `yields` when it is to be write-protected rather than refused where another run writes it.
    fn finish(self, yields: bool) -> Result<Opened, MediaError> {
        let writes = self.access == Access::ReadWrite && self.protected.is_none();
        let note = match self.protected {
            _ if self.taken && !yields => {
                return Err(MediaError::Taken { path: self.path.to_owned(), writes });
            }
            _ if self.taken && writes => Some(TAKEN_NOTE),
            protected => protected,
        };
        let read_only = self.access != Access::ReadWrite || note.is_some();
        let medium = FileMedium { file: Arc::new(self.file), len: self.len, read_only };
        let medium: Box<dyn BlockMedium> = match self.access {
            Access::Snapshot => Box::new(Overlay::new(medium)),
            Access::ReadWrite | Access::ReadOnly => Box::new(medium),
        };
        Ok(Opened { medium, note: note.map(|note| format!("{}: {note}", self.path.display())) })
    }
}

const TAKEN_NOTE: &str =
    "another run has it open, so it is write-protected here; use --snapshot to write to a copy";

/// Takes the file for this run: alone to write it, with others to read it. Whether that was possible.
fn lock(file: &File, writes: bool) -> bool {
    let result = if writes { file.try_lock() } else { file.try_lock_shared() };
    // Some file systems have no locks; that is no reason to refuse.
    !matches!(result, Err(TryLockError::WouldBlock))
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
        Ok(file) => Ok((file, None)),
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

fn has(head: &[u8], at: usize, magic: &[u8]) -> bool {
    head.get(at..at + magic.len()) == Some(magic)
}

/// An ELF file or a Linux kernel. A raw multiboot kernel looks like anything and needs --kernel.
fn is_kernel(head: &[u8]) -> bool {
    has(head, 0, b"\x7FELF") || has(head, 0x202, b"HdrS")
}

fn is_cd(head: &[u8]) -> bool {
    has(head, 0x8001, b"CD001")
}

fn largest_floppy() -> u64 {
    floppy::FORMATS.iter().map(|format| format.bytes()).max().unwrap_or(0)
}

/// Why an image that begins with `head` is no raw image at all.
fn refusal(head: &[u8]) -> Option<String> {
    let reason =
        if [&b"QFI\xFB"[..], b"KDMV", b"conectix", b"vhdxfile", b"<<< "].iter().any(|m| has(head, 0, m)) {
            "is a virtual hard disk in a format not supported yet; convert it to a raw image"
        } else if [&b"\x1F\x8B"[..], b"\xFD7zXZ", b"PK\x03\x04", b"BZh", b"\x28\xB5\x2F\xFD"]
            .iter()
            .any(|magic| has(head, 0, magic))
        {
            "is compressed; unpack it first"
        } else if has(head, 0, b"\x7FELF") {
            "is an ELF program, not a disk; boot a kernel with --kernel"
        } else if has(head, 0x202, b"HdrS") {
            "is a Linux kernel, not a disk; boot it with --kernel"
        } else {
            return None;
        };
    Some(reason.to_owned())
}

/// Why an image is no floppy.
fn not_a_floppy(head: &[u8], len: u64) -> Option<String> {
    // A hybrid image, such as GRUB's rescue diskette, boots from either.
    if is_cd(head) && !has(head, 0x1FE, &[0x55, 0xAA]) {
        return Some("is a CD image; use -cdrom".to_owned());
    }
    let largest = largest_floppy();
    if len > largest {
        let reason = format!("is {len} bytes long and the largest floppy holds {largest}; use -hda");
        return Some(reason);
    }
    partial_sector(len)
}

fn partial_sector(len: u64) -> Option<String> {
    (!len.is_multiple_of(floppy::SECTOR as u64)).then(|| {
        format!(
            "is {len} bytes long, which is no multiple of 512; pad a copy of it with `truncate -s %512 FILE`"
        )
    })
}

/// A file, or a block device.
#[derive(Clone, Debug)]
struct FileMedium {
    file: Arc<File>,
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

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(unix)]
fn write_all_at(file: &File, offset: u64, data: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, data, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, offset) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => (offset, out) = (offset + count as u64, &mut out[count..]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(windows)]
fn write_all_at(file: &File, mut offset: u64, mut data: &[u8]) -> io::Result<()> {
    while !data.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, data, offset) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => (offset, data) = (offset + count as u64, &data[count..]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether machines that share a file can read it at places of their own.
const POSITIONED: bool = cfg!(any(unix, windows));

#[cfg(not(any(unix, windows)))]
fn read_exact_at(mut file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(out)
}

#[cfg(not(any(unix, windows)))]
fn write_all_at(mut file: &File, offset: u64, data: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    io::Write::write_all(&mut file, data)
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
        read_exact_at(&self.file, offset, out).map_err(host_error(offset))
    }
    fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<(), MediumError> {
        if self.read_only {
            return Err(MediumError::ReadOnly);
        }
        self.check(offset, data.len())?;
        write_all_at(&self.file, offset, data).map_err(host_error(offset))
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        if self.read_only {
            return Ok(());
        }
        self.file.sync_data().map_err(host_error(0))
    }
    fn fork(&self) -> Result<Box<dyn BlockMedium>, NoFork> {
        match self.read_only {
            _ if !POSITIONED => Err(NoFork("two machines cannot read one file on this host")),
            true => Ok(Box::new(self.clone())),
            false => {
                Err(NoFork("writes reach the image file, which two machines cannot share; use --snapshot"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_floppy_is_named() {
        let mut iso = vec![0; HEAD];
        iso[0x8001..].copy_from_slice(b"CD001");
        let reason = |head: &[u8], len| refusal(head).or_else(|| not_a_floppy(head, len)).unwrap_or_default();
        for (head, len, part) in [
            (&[0; 600][..], 600, "multiple of 512"),
            (&[0; 512][..], 12 << 20, "use -hda"),
            (&iso[..], 1 << 20, "use -cdrom"),
            (&b"QFI\xFB"[..], 512, "virtual hard disk"),
            (&b"\x1F\x8B"[..], 512, "compressed"),
        ] {
            let reason = reason(head, len);
            assert!(reason.contains(part), "{reason}");
        }
    }

    #[test]
    fn a_disc_that_is_also_a_bootable_diskette_may_be_one() {
        let mut hybrid = vec![0; HEAD];
        hybrid[0x8001..].copy_from_slice(b"CD001");
        hybrid[0x1FE..0x200].copy_from_slice(&[0x55, 0xAA]);
        assert_eq!(not_a_floppy(&hybrid, 1_296_384), None);
    }

    #[test]
    fn any_whole_number_of_sectors_up_to_the_largest_floppy_is_one() {
        for len in [512, 163_840, 1_296_384, 1_474_560, 2_949_120] {
            assert_eq!(not_a_floppy(&[0xEB], len), None);
            assert_eq!(content(&[0xEB], len), Content::Floppy);
        }
        assert_eq!(content(&[0xEB], 12 << 20), Content::HardDisk);
    }

    #[test]
    fn a_written_file_cannot_be_shared_and_a_snapshot_of_it_can() {
        let path = std::env::temp_dir().join(format!("ringzero-fork-{}.img", std::process::id()));
        std::fs::write(&path, [7; 1024]).expect("the temporary folder can be written");
        let open = |access| open_floppy(&path, access).expect("it is a floppy").medium;
        let refused = open(Access::ReadWrite).fork().err().map(|error| error.to_string());
        let mut snapshot = open(Access::Snapshot);
        let written = snapshot.write_at(0, &[1]);
        let fork = snapshot.fork();
        let removed = std::fs::remove_file(&path);
        assert!(refused.is_some_and(|reason| reason.contains("--snapshot")));
        let mut byte = [0];
        let read = fork.expect("overlays can be forked").read_at(0, &mut byte);
        assert_eq!((written, read, byte, removed.is_ok()), (Ok(()), Ok(()), [1], true));
    }
}
