//! Sparse image files, their partitions, and what is in them.

use super::SECTOR;
use super::host::{arg, run};
use ringzero_machine::storage::{BlockMedium, MediumError, NoFork};
use rustix::fs::SeekFrom;
use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes moved at once between files.
const PIECE: u64 = 1 << 20;

/// An image file as a disk. It counts how often the guest had it flushed.
pub struct ImageFile {
    file: File,
    len: u64,
    flushes: Arc<AtomicU64>,
}

impl ImageFile {
    /// Opens an image.
    ///
    /// # Panics
    /// When the host refuses.
    pub fn open(path: &Path) -> Self {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let len = file.metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display())).len();
        Self { file, len, flushes: Arc::default() }
    }

    /// How often the guest has had it flushed, also when the machine has it.
    pub fn flushes(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.flushes)
    }

    fn check(&self, offset: u64, len: usize) -> Result<(), MediumError> {
        let fits = offset.checked_add(len as u64).is_some_and(|end| end <= self.len);
        if fits { Ok(()) } else { Err(MediumError::OutOfRange { offset, len }) }
    }
}

impl BlockMedium for ImageFile {
    fn len(&self) -> u64 {
        self.len
    }
    fn read_only(&self) -> bool {
        false
    }
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MediumError> {
        self.check(offset, out.len())?;
        let failed = |error: std::io::Error| MediumError::Host { offset, kind: error.kind() };
        self.file.read_exact_at(out, offset).map_err(failed)
    }
    fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<(), MediumError> {
        self.check(offset, data.len())?;
        let failed = |error: std::io::Error| MediumError::Host { offset, kind: error.kind() };
        self.file.write_all_at(data, offset).map_err(failed)
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        self.flushes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// An image file that is only read, and that several machines may have.
#[derive(Clone, Debug)]
pub struct BaseFile {
    file: Arc<File>,
    len: u64,
}

impl BaseFile {
    /// Opens an image.
    ///
    /// # Panics
    /// When the host refuses.
    pub fn open(path: &Path) -> Self {
        let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let len = file.metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display())).len();
        Self { file: Arc::new(file), len }
    }
}

impl BlockMedium for BaseFile {
    fn len(&self) -> u64 {
        self.len
    }
    fn read_only(&self) -> bool {
        true
    }
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MediumError> {
        let failed = |error: std::io::Error| MediumError::Host { offset, kind: error.kind() };
        self.file.read_exact_at(out, offset).map_err(failed)
    }
    fn write_at(&mut self, _offset: u64, _data: &[u8]) -> Result<(), MediumError> {
        Err(MediumError::ReadOnly)
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        Ok(())
    }
    fn fork(&self) -> Result<Box<dyn BlockMedium>, NoFork> {
        Ok(Box::new(self.clone()))
    }
}

/// Makes a file of holes.
///
/// # Panics
/// When the host refuses.
pub fn create(path: &Path, bytes: u64) {
    let made = File::create(path).and_then(|file| file.set_len(bytes));
    made.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Bytes that a file takes on the host's disk.
///
/// # Panics
/// When the host refuses.
pub fn allocated(path: &Path) -> u64 {
    let metadata = std::fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.blocks() * 512
}

/// A partition as the host's sfdisk reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number: logical ones count from 5.
    pub number: u32,
    /// First sector.
    pub first: u64,
    /// Sectors in it.
    pub sectors: u64,
    /// Type byte.
    pub kind: u8,
}

impl Partition {
    /// Whether both sides of a sector's beginning lie well inside.
    pub fn straddles(&self, sector: u64) -> bool {
        const MARGIN: u64 = 4 << 11;
        self.first + MARGIN < sector && sector + MARGIN < self.end()
    }

    /// The sector behind it.
    pub fn end(&self) -> u64 {
        self.first + self.sectors
    }
}

/// The partitions of a disk, which sfdisk must find without error.
///
/// # Panics
/// When it finds one.
#[track_caller]
pub fn partitions(image: &Path) -> Vec<Partition> {
    let verdict = run("sfdisk", [arg("--verify".as_ref()), arg(image)]);
    assert!(verdict.contains("No errors detected"), "{verdict}");
    let dump = run("sfdisk", [arg("--dump".as_ref()), arg(image)]);
    let name = image.to_string_lossy().into_owned();
    dump.lines().filter_map(|line| partition(line.strip_prefix(name.as_str())?)).collect()
}

/// A line such as `5 : start= 63, size= 208782, type=6, bootable`.
fn partition(line: &str) -> Option<Partition> {
    let (number, fields) = line.split_once(':')?;
    let field = |name: &str| {
        let mut fields = fields.split(',').filter_map(|field| field.split_once('='));
        fields.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
    };
    Some(Partition {
        number: number.trim().parse().ok()?,
        first: field("start")?.parse().ok()?,
        sectors: field("size")?.parse().ok()?,
        kind: u8::from_str_radix(&field("type")?, 16).ok()?,
    })
}

/// Copies a partition into a file of its own; holes stay holes.
///
/// # Panics
/// When the host refuses.
pub fn extract(image: &Path, partition: &Partition, to: &Path) {
    create(to, partition.sectors * SECTOR);
    copy_data(image, partition.first * SECTOR..partition.end() * SECTOR, to, 0);
}

/// Copies a file with a volume to where the partition is.
///
/// # Panics
/// When the host refuses.
pub fn insert(volume: &Path, image: &Path, partition: &Partition) {
    copy_data(volume, 0..partition.sectors * SECTOR, image, partition.first * SECTOR);
}

fn copy_data(from: &Path, range: Range<u64>, to: &Path, target: u64) {
    let [from, to] = [from, to].map(|path| ImageFile::open(path).file);
    let mut at = range.start;
    while let Ok(data) = rustix::fs::seek(&from, SeekFrom::Data(at)) {
        if data >= range.end {
            return;
        }
        let hole = rustix::fs::seek(&from, SeekFrom::Hole(data)).unwrap_or(range.end).min(range.end);
        copy(&from, data, &to, target + (data - range.start), hole - data);
        at = hole;
    }
}

fn copy(from: &File, mut at: u64, to: &File, mut target: u64, bytes: u64) {
    let end = at + bytes;
    let mut buffer = vec![0; PIECE as usize];
    while at < end {
        let len = PIECE.min(end - at) as usize;
        let moved = from.read_exact_at(&mut buffer[..len], at);
        moved.and_then(|()| to.write_all_at(&buffer[..len], target)).expect("both files are there");
        at += len as u64;
        target += len as u64;
    }
}

/// Bytes of a file, from some place on.
///
/// # Panics
/// When they are not there.
#[track_caller]
pub fn read(path: &Path, offset: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    ImageFile::open(path).read_at(offset, &mut bytes).unwrap_or_else(|error| panic!("{error}"));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disks::host::Scratch;

    #[test]
    fn a_line_of_sfdisk_is_read() {
        let line = "5 : start=      208908, size=    16803927, type=c, bootable";
        let expected = Partition { number: 5, first: 208_908, sectors: 16_803_927, kind: 0xC };
        assert_eq!(partition(line), Some(expected));
        assert_eq!(partition("sector-size: 512"), None);
    }

    #[test]
    fn an_extracted_partition_has_its_data_and_its_holes() {
        let folder = Scratch::new("extract");
        let [whole, part] = ["whole", "part"].map(|name| folder.file(name));
        create(&whole, 64 << 30);
        let partition = Partition { number: 1, first: 1 << 24, sectors: 1 << 24, kind: 6 };
        let mut image = ImageFile::open(&whole);
        image.write_at((1 << 33) - 512, &[7; 4096]).unwrap();
        image.write_at((1 << 34) - 512, &[9; 4096]).unwrap();
        extract(&whole, &partition, &part);
        assert_eq!(read(&part, 0, 4096), [&[7; 3584][..], &[0; 512]].concat());
        assert_eq!(read(&part, (1 << 33) - 512, 512), [9; 512]);
        assert!(allocated(&part) < 1 << 20);
    }
}
