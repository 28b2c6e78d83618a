//! FreeDOS partitions, formats, fills and reads back a disk.

use super::host::{Scratch, arg, run};
use super::image::{self, ImageFile, Partition};
use super::{CHS_END, CYLINDER, GIB_32, SECTOR, program, stream};
use crate::session::{Session, SharedDisk};
use crate::shared;
use ringzero_machine::{Config, IdeMedia, Machine, Media};
use std::path::{Path, PathBuf};

/// Instructions a step with the whole disk may take.
const PATIENCE: u64 = 200_000_000_000;
/// More files than any drive here holds.
const ALL: u32 = 9999;
/// Programs of the host that the tests need.
pub const TOOLS: &[&str] = &["mcopy", "fsck.fat", "sfdisk"];

const CONFIG: &[u8] =
    b"LASTDRIVE=Z\r\nBUFFERS=20\r\nFILES=40\r\nSHELL=A:\\command.com A:\\command.com /E:1024 /P\r\n";

/// What FreeDOS does with a disk.
pub struct Plan {
    name: &'static str,
    bytes: u64,
    /// FDISK's command lines.
    fdisk: Vec<String>,
    /// Partitions that are to be there, the extended one too.
    partitions: usize,
    /// What is formatted and filled.
    areas: Vec<Area>,
}

/// A drive of the plan.
struct Area {
    letter: char,
    /// sfdisk's number of the partition.
    partition: u32,
    /// Files to write.
    files: u32,
    /// Where it must lie.
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    First,
    Around(u64),
    Last,
}

/// What a run has shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Bytes of files that guest and host found as they were written.
    pub verified: u64,
    /// Bytes that the image takes on the host's disk.
    pub allocated: u64,
}

impl Plan {
    /// A disk of 500 MB, one partition, `files` MiB of files.
    fn small_disk(files: u32) -> Self {
        let area = Area { letter: 'C', partition: 1, files, place: Place::First };
        let fdisk = vec!["/PRI:100,100 1".to_owned()];
        Self { name: "dos500", bytes: 500 << 20, fdisk, partitions: 1, areas: vec![area] }
    }

    /// The disk of 500 MB with a few files.
    pub fn small_disk_in_brief() -> Self {
        Self::small_disk(24)
    }

    /// The disk of 500 MB, full.
    pub fn small_disk_in_full() -> Self {
        Self::small_disk(ALL)
    }

    /// A sparse disk of 64 GiB: its beginning, its end, and `around` cylinders before and behind 8.4 GB and 32 GiB; of
    /// the beginning `files` MiB.
    fn large_disk(files: u32, around: u64, last: u64) -> Self {
        // A whole number of cylinders, so that FDISK's last partition ends where the disk does.
        let cylinders = (64_u64 << 30).div_ceil(CYLINDER * SECTOR);
        let limits = [CHS_END, GIB_32].map(|sector| sector / CYLINDER);
        let first = 13;
        let ends = [
            limits[0] - around,
            limits[0] + around,
            limits[1] - around,
            limits[1] + around,
            cylinders - last,
            cylinders,
        ];
        let mut fdisk =
            vec![format!("/PRI:{} 1", megabytes(first)), format!("/EXT:{} 1", megabytes(cylinders - first))];
        let begins = std::iter::once(first).chain(ends);
        fdisk.extend(begins.zip(ends).map(|(begin, end)| format!("/LOG:{} 1", megabytes(end - begin))));
        let area = |letter, partition, files, place| Area { letter, partition, files, place };
        let areas = vec![
            area('C', 1, files, Place::First),
            area('E', 6, ALL, Place::Around(CHS_END)),
            area('G', 8, ALL, Place::Around(GIB_32)),
            area('I', 10, ALL, Place::Last),
        ];
        Self { name: "dos64", bytes: cylinders * CYLINDER * SECTOR, fdisk, partitions: 8, areas }
    }

    /// The large disk with a few MiB at each place.
    pub fn large_disk_in_brief() -> Self {
        Self::large_disk(4, 2, 4)
    }

    /// The large disk with more than 1 GB of files.
    pub fn large_disk_in_full() -> Self {
        Self::large_disk(ALL, 14, 77)
    }

    /// Carries it out; `None` where the guest is not there.
    ///
    /// # Panics
    /// When the disk does not keep what was written.
    #[track_caller]
    pub fn carry_out(&self) -> Option<Outcome> {
        let folder = Scratch::new(self.name);
        let floppy = floppy(&folder)?;
        let disk = folder.file("disk.img");
        image::create(&disk, self.bytes);
        self.partition(&floppy, &disk);
        let filled = self.fill(&floppy, &disk);
        // Another power-on: nothing is in a cache of the guest's.
        let mut dos = boot(&floppy, &disk);
        for (area, &files) in self.areas.iter().zip(&filled) {
            assert_eq!(diskfill(&mut dos, 'R', area.letter, files), files, "drive {}", area.letter);
        }
        drop(dos);
        let partitions = image::partitions(&disk);
        assert_eq!(partitions.len(), self.partitions, "{partitions:?}");
        let mut verified = 0;
        for (area, files) in self.areas.iter().zip(filled) {
            let partition = partitions.iter().find(|partition| partition.number == area.partition);
            let partition = partition.unwrap_or_else(|| panic!("no partition {}", area.partition));
            verified += self.judge(area, partition, files, &folder, &disk);
        }
        let allocated = image::allocated(&disk);
        // File systems keep tables; holes stay holes.
        assert!(allocated < verified + (32 << 20), "{allocated} bytes on the host's disk for {verified}");
        Some(Outcome { verified, allocated })
    }

    fn partition(&self, floppy: &SharedDisk, disk: &Path) {
        let mut dos = boot(floppy, disk);
        for command in &self.fdisk {
            let screen = dos.command(&format!("fdisk {command}"));
            assert!(!screen.to_lowercase().contains("error"), "{screen}");
        }
    }

    /// Formats and fills the drives; the files written to each.
    fn fill(&self, floppy: &SharedDisk, disk: &Path) -> Vec<u32> {
        let mut dos = boot(floppy, disk);
        let fill = |area: &Area| {
            format(&mut dos, area.letter);
            copy_and_compare(&mut dos, area.letter);
            diskfill(&mut dos, 'W', area.letter, area.files)
        };
        self.areas.iter().map(fill).collect()
    }

    /// What the host finds in a partition: bytes of files as they were written.
    fn judge(&self, area: &Area, partition: &Partition, files: u32, folder: &Scratch, disk: &Path) -> u64 {
        let total = self.bytes / SECTOR;
        let right = match area.place {
            Place::First => partition.first == 63,
            Place::Around(sector) => partition.straddles(sector),
            Place::Last => partition.end() + CYLINDER > total,
        };
        assert!(right, "{:?}: {partition:?}", area.place);
        let volume = folder.file("volume.img");
        image::extract(disk, partition, &volume);
        run("fsck.fat", [arg("-n".as_ref()), arg(&volume)]);
        let found = folder.file("found");
        std::fs::create_dir_all(&found).unwrap_or_else(|error| panic!("{error}"));
        let from = ["-s", "-n", "-i"].map(|option| arg(option.as_ref())).into_iter();
        run("mcopy", from.chain([arg(&volume), arg("::".as_ref()), arg(&found)]));
        let verified = compare(area.letter, files, &found);
        for path in [&volume, &found] {
            let gone = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
            gone.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        // Filled means filled: tables and the rest of a cluster are all that is left.
        let bytes = partition.sectors * SECTOR;
        assert!(area.files != ALL || verified > bytes - bytes / 50, "{verified} bytes of {bytes}");
        verified
    }
}

/// Makes a disk with one partition that FreeDOS has formatted; `None` where FreeDOS is not there.
///
/// # Panics
/// When it cannot.
#[track_caller]
pub fn formatted_disk(folder: &Scratch, disk: &Path, bytes: u64) -> Option<Partition> {
    let floppy = floppy(folder)?;
    image::create(disk, bytes);
    boot(&floppy, disk).command("fdisk /PRI:100,100 1");
    format(&mut boot(&floppy, disk), 'C');
    Some(image::partitions(disk).remove(0))
}

/// What to tell FDISK for so many cylinders: it rounds up.
fn megabytes(cylinders: u64) -> u64 {
    (cylinders * CYLINDER * SECTOR) >> 20
}

/// FreeDOS with our program on it.
#[track_caller]
fn floppy(folder: &Scratch) -> Option<SharedDisk> {
    let image = floppy_image(folder, &[("DISKFILL.COM", &program::image())])?;
    Some(SharedDisk::new(std::fs::read(image).unwrap_or_else(|error| panic!("{error}"))))
}

/// A floppy with FreeDOS and these files.
///
/// # Panics
/// When the host refuses.
#[track_caller]
pub fn floppy_image(folder: &Scratch, files: &[(&str, &[u8])]) -> Option<PathBuf> {
    let guest = shared::folder("guests")?.join("freedos-2012.img");
    let bytes = std::fs::read(&guest).unwrap_or_else(|error| panic!("{}: {error}", guest.display()));
    let floppy = folder.write("floppy.img", &bytes);
    for (name, contents) in files.iter().chain(&[("CONFIG.SYS", CONFIG)]) {
        let file = folder.write(name, contents);
        let options = ["-o", "-i"].map(|option| arg(option.as_ref())).into_iter();
        run("mcopy", options.chain([arg(&floppy), arg(&file), arg(format!("::{name}").as_ref())]));
    }
    Some(floppy)
}

#[track_caller]
fn boot(floppy: &SharedDisk, disk: &Path) -> Session {
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(floppy.clone()));
    media.ide[0] = IdeMedia::Disk(Box::new(ImageFile::open(disk)));
    let machine = Machine::new(Config::default(), media).expect("the configuration is sound");
    let mut session = Session { machine };
    session.run_within(PATIENCE, "prompt", at_prompt);
    session
}

fn at_prompt(session: &Session) -> bool {
    session.screen().trim_end().ends_with("\nA:\\>")
}

fn format(dos: &mut Session, letter: char) {
    dos.command("ver");
    dos.type_text(&format!("cls\nformat {letter}: /q /u /v:data\n"));
    dos.wait_for("(YES/NO)?");
    dos.machine.type_text("YES\n").expect("plain text");
    dos.run_within(PATIENCE, "end of FORMAT", |dos| {
        dos.screen().contains("ormat complete") && at_prompt(dos)
    });
}

/// What a user would do first, with the tools of DOS.
fn copy_and_compare(dos: &mut Session, letter: char) {
    let screen = dos.command(&format!("copy a:\\command.com {letter}:\\copied.com"));
    assert!(screen.contains("=>"), "{screen}");
    let screen = dos.command(&format!("fc /b a:\\command.com {letter}:\\copied.com"));
    assert!(screen.contains("No differences"), "{screen}");
    dos.command(&format!("del {letter}:\\copied.com"));
}

/// Runs our program; how many files it wrote or compared.
fn diskfill(dos: &mut Session, mode: char, letter: char, files: u32) -> u32 {
    dos.command("ver");
    dos.machine.type_text(&format!("cls\ndiskfill {mode} {letter} {files:04}\n")).expect("plain text");
    let ended = |dos: &Session| dos.screen().contains(&format!("{mode} {letter} ")) && at_prompt(dos);
    let outcome = |dos: &Session| {
        let screen = dos.screen();
        let line = screen.lines().find_map(|line| line.strip_prefix(&format!("DONE {mode} {letter} ")));
        line.and_then(|number| number.trim().parse().ok())
    };
    dos.run_within(PATIENCE, "end of DISKFILL", |dos| {
        ended(dos) && (outcome(dos).is_some() || dos.screen().contains("\nFAIL"))
    });
    outcome(dos).unwrap_or_else(|| panic!("DISKFILL {mode} {letter}:\n{}", dos.screen()))
}

/// Compares what the host took out of a volume; how many bytes there were.
fn compare(letter: char, files: u32, folder: &Path) -> u64 {
    let mut verified = 0;
    for file in 0..files {
        let name = format!("F{file:04}.BIN");
        let found = std::fs::read(folder.join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let whole = found.len() == program::FILE_BYTES;
        assert!(whole || file + 1 == files, "{letter}: {name}: {} bytes", found.len());
        let expected = stream(program::seed(letter, file), found.len());
        assert!(found == expected, "{letter}: {name}: differs from what was written");
        verified += found.len() as u64;
    }
    verified
}
