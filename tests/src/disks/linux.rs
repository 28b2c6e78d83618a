//! Linux writes and reads back disks: a kernel booted without a disk of its own, with a script of ours as its first
//! process.

use super::image::{self, ImageFile};
use super::{CHS_END, GIB_32, SECTOR, host, stream};
use crate::shared;
use host::{Scratch, arg, run};
use iced_x86::IcedError;
use iced_x86::code_asm::*;
use image::Partition;
use ringzero_machine::kernel::{Initrd, Kernel};
use ringzero_machine::{Config, IdeMedia, Machine, Media, OnIdle, Stop};
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Programs of the host that the tests need.
pub const TOOLS: &[&str] = &["mcopy", "fsck.fat", "e2fsck", "debugfs", "sfdisk"];
/// What a script says when all is well; the disks are flushed then.
pub const WELL: &str = "disks are well";
/// Behind this it tells what went wrong.
pub const FAILED: &str = "FAILED: ";
/// Sectors of a MiB.
const MIB: u64 = 1 << 11;
/// Instructions the small guest may take.
const PATIENCE: u64 = 60_000_000_000;

/// A file for an initial RAM disk.
pub struct Entry {
    /// Its name, without a slash at the beginning.
    pub name: String,
    /// Its mode, type included.
    pub mode: u32,
    /// What it holds.
    pub data: Vec<u8>,
}

impl Entry {
    /// A program or script.
    pub fn program(name: &str, data: impl Into<Vec<u8>>) -> Self {
        Self { name: name.to_owned(), mode: 0o100_755, data: data.into() }
    }

    /// A directory.
    pub fn folder(name: &str) -> Self {
        Self { name: name.to_owned(), mode: 0o040_755, data: Vec::new() }
    }
}

/// An archive as the kernel unpacks it: "newc" [initramfs buffer format].
pub fn cpio(entries: &[Entry]) -> Vec<u8> {
    let end = Entry { name: "TRAILER!!!".to_owned(), mode: 0, data: Vec::new() };
    let mut out = Vec::new();
    for (number, entry) in entries.iter().chain([&end]).enumerate() {
        let name = entry.name.len() + 1;
        let (inode, size) = (number + 1, entry.data.len());
        // Owner and group, one link, no time; no device numbers; no checksum.
        let (zeros, mode) = ("00000000", entry.mode);
        let header = format!(
            "070701{inode:08X}{mode:08X}{zeros}{zeros}00000001{zeros}{size:08X}{}{name:08X}{zeros}",
            zeros.repeat(4)
        );
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(entry.name.as_bytes());
        out.push(0);
        out.resize(out.len().next_multiple_of(4), 0);
        out.extend_from_slice(&entry.data);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    out
}

/// The files of such an archive, which may be compressed by gzip.
///
/// # Panics
/// When it is none.
#[track_caller]
pub fn unpack(archive: &[u8]) -> Vec<Entry> {
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(archive)
        .read_to_end(&mut bytes)
        .unwrap_or_else(|error| panic!("{error}"));
    let field = |at: usize| {
        usize::from_str_radix(std::str::from_utf8(&bytes[at..at + 8]).unwrap_or(""), 16).unwrap_or(0)
    };
    let mut entries = Vec::new();
    let mut at = 0;
    while bytes.get(at..at + 6) == Some(b"070701") {
        let (mode, size, name_size) = (field(at + 14) as u32, field(at + 54), field(at + 94));
        let name = String::from_utf8_lossy(&bytes[at + 110..at + 109 + name_size]).into_owned();
        let data = (at + 110 + name_size).next_multiple_of(4);
        entries.push(Entry { name, mode, data: bytes[data..data + size].to_vec() });
        at = (data + size).next_multiple_of(4);
    }
    entries
}

/// `stream SEED N`, a Linux program: N times 64 KiB of [`stream`] to standard output; fails when a write does.
///
/// # Panics
/// Never: the code is the same every time, and assembled by tests.
pub fn stream_program() -> Vec<u8> {
    const BASE: u32 = 0x0804_8000;
    const HEADERS: u32 = 52 + 32;
    let code = stream_code(BASE + 0x1000, BASE + HEADERS).expect("the program assembles");
    let mut elf = vec![0x7F, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0];
    let size = HEADERS + code.len() as u32;
    // Version, entry, program headers, section headers, flags; then one segment for code and buffer.
    for word in [1, BASE + HEADERS, 52, 0, 0, 52 | 32 << 16, 1 | 40 << 16, 0] {
        elf.extend_from_slice(&u32::to_le_bytes(word));
    }
    for word in [1, 0, BASE, BASE, size, 0x1_1000, 7, 0x1000] {
        elf.extend_from_slice(&u32::to_le_bytes(word));
    }
    [elf, code].concat()
}

fn stream_code(buffer: u32, origin: u32) -> Result<Vec<u8>, IcedError> {
    const BYTES: u32 = 0x1_0000;
    let mut a = CodeAssembler::new(32)?;
    let (mut block, mut write) = (a.create_label(), a.create_label());
    let (mut number, mut fail, mut exit) = (a.create_label(), a.create_label(), a.create_label());
    a.cld()?;
    a.mov(esi, dword_ptr(esp + 8))?;
    a.mov(ebp, dword_ptr(esp + 12))?;
    a.call(number)?;
    a.imul_3(eax, eax, super::program::SEED_FACTOR as i32)?;
    a.push(eax)?;
    a.mov(esi, ebp)?;
    a.call(number)?;
    a.mov(ebp, eax)?;
    a.set_label(&mut block)?;
    a.xor(ebx, ebx)?;
    a.sub(ebp, 1)?;
    a.jb(exit)?;
    a.pop(eax)?;
    a.mov(edi, buffer)?;
    a.mov(ecx, BYTES / 4)?;
    words(&mut a)?;
    a.push(eax)?;
    a.mov(ecx, buffer)?;
    a.mov(edx, BYTES)?;
    a.set_label(&mut write)?;
    a.mov(eax, 4)?;
    a.mov(ebx, 1)?;
    a.int(0x80)?;
    a.test(eax, eax)?;
    a.jle(fail)?;
    a.add(ecx, eax)?;
    a.sub(edx, eax)?;
    a.jnz(write)?;
    a.jmp(block)?;
    a.set_label(&mut fail)?;
    a.mov(ebx, 1)?;
    a.set_label(&mut exit)?;
    a.mov(eax, 1)?;
    a.int(0x80)?;
    decimal(&mut a, &mut number)?;
    a.assemble(u64::from(origin))
}

/// The next words of the stream, ECX or CX of them, to where (E)DI points; EAX is the last.
///
/// # Errors
/// Never: it assembles in every mode.
pub fn words(a: &mut CodeAssembler) -> Result<(), IcedError> {
    let mut word = a.create_label();
    a.set_label(&mut word)?;
    a.imul_3(eax, eax, super::program::FACTOR as i32)?;
    a.add(eax, super::program::TERM)?;
    a.stosd()?;
    a.loop_(word)
}

/// The number at ESI into EAX.
fn decimal(a: &mut CodeAssembler, number: &mut CodeLabel) -> Result<(), IcedError> {
    let (mut next, mut end) = (a.create_label(), a.create_label());
    a.set_label(number)?;
    a.xor(ecx, ecx)?;
    a.xor(eax, eax)?;
    a.set_label(&mut next)?;
    a.lodsb()?;
    a.test(al, al)?;
    a.jz(end)?;
    a.sub(al, u32::from(b'0'))?;
    a.imul_3(ecx, ecx, 10)?;
    a.add(ecx, eax)?;
    a.jmp(next)?;
    a.set_label(&mut end)?;
    a.mov(eax, ecx)?;
    a.ret()
}

/// Runs a Linux guest until it says [`WELL`]; what it said on its serial port.
///
/// # Panics
/// When it does not.
#[track_caller]
pub fn run_guest(kernel: Kernel, disks: &[&Path], memory: u64, instructions: u64) -> String {
    let mut media = Media::default();
    let mut flushes = Vec::new();
    for (place, disk) in disks.iter().enumerate() {
        let file = ImageFile::open(disk);
        flushes.push(file.flushes());
        media.ide[place] = IdeMedia::Disk(Box::new(file));
    }
    let config = Config { kernel: Some(kernel), memory, ..Config::default() };
    let mut machine = Machine::new(config, media).expect("the configuration is sound");
    let mut said = String::new();
    loop {
        let stop = machine.run(machine.count() + 1_000_000, OnIdle::Jump);
        said += &String::from_utf8_lossy(&machine.take_serial(0));
        let failed = [FAILED, "Kernel panic"].iter().any(|word| said.contains(word));
        let over = failed || stop != Stop::Limit || machine.count() > instructions;
        assert!(!over || said.contains(WELL), "{stop:?}:\n{said}");
        if said.contains(WELL) {
            break;
        }
    }
    let flushed = flushes.iter().all(|count| count.load(Ordering::Relaxed) > 0);
    assert!(flushed, "a flush did not reach its disk:\n{said}");
    said
}

// --- the guest that needs no network ------------------------------------------------------------------------

/// Modules for disks, of those the guest has.
const MODULES: &[&str] = &[
    "scsi_common",
    "scsi_mod",
    "libata",
    "ata_piix",
    "crct10dif_common",
    "crc64",
    "crct10dif_generic",
    "crc-t10dif",
    "crc64-rocksoft",
    "t10-pi",
    "sd_mod",
];

const SCRIPT: &str = r#"#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs d /dev; mount -t proc p /proc; mount -t sysfs s /sys
exec >/dev/ttyS0 2>&1 </dev/null
fail() { echo "FAILED: $*"; poweroff -f; sleep 60; }
for m in $(cat /m/order); do
    [ -e /m/$m ] && insmod /m/$m
done
n=0
until [ -b /dev/sdb ]; do
    n=$((n+1)); [ $n -gt 100 ] && fail no disks
    sleep 0.2
done
"#;

/// What the small guest does with a disk: partitions by first and last sector, and places for plain data.
struct RawDisk {
    name: &'static str,
    bytes: u64,
    partitions: Vec<(Range<u64>, bool)>,
    /// First sector and MiB.
    data: Vec<(u64, u64)>,
}

impl RawDisk {
    fn both() -> [Self; 2] {
        let end = 32 * 4 * 1024 * MIB / 2;
        let small = 500 * MIB;
        let at = |first: u64| first..first + 64 * MIB;
        [
            Self {
                name: "sda",
                bytes: small * SECTOR,
                partitions: vec![(2048..250 * MIB, false), (250 * MIB..480 * MIB, true)],
                data: vec![(490 * MIB, 4)],
            },
            Self {
                name: "sdb",
                bytes: end * SECTOR,
                partitions: vec![
                    (at(2048), false),
                    (at(CHS_END + 8 * MIB), true),
                    (at(GIB_32 + 8 * MIB), false),
                    (at(end - 80 * MIB), true),
                ],
                data: vec![(80 * MIB, 2), (CHS_END - MIB, 2), (GIB_32 - MIB, 2), (end - 2 * MIB, 2)],
            },
        ]
    }

    fn script(&self, out: &mut String) {
        use std::fmt::Write;
        let name = self.name;
        let mut answers = "o\\n".to_owned();
        for (n, (range, is_fat)) in self.partitions.iter().enumerate() {
            let (number, last) = (n + 1, range.end - 1);
            answers += &format!("n\\np\\n{number}\\n{}\\n{last}\\nt\\n", range.start);
            // With one partition there is nothing to choose.
            answers += &if n == 0 { String::new() } else { format!("{number}\\n") };
            answers += if *is_fat { "c\\n" } else { "83\\n" };
        }
        let mut line = |text: String| writeln!(out, "{text}").expect("a string takes all");
        line(format!(
            "printf '{answers}w\\n' | fdisk -u /dev/{name} >/tmp/fdisk || {{ cat /tmp/fdisk; fail fdisk; }}"
        ));
        line(format!("blockdev --rereadpt /dev/{name}; sleep 1"));
        for (n, (_, is_fat)) in self.partitions.iter().enumerate() {
            let make = if *is_fat { "mkdosfs -n RINGZEROFAT" } else { "mke2fs -F" };
            line(format!("{make} /dev/{name}{} >/dev/null || fail {make}", n + 1));
        }
        for &(first, mebibytes) in &self.data {
            let blocks = mebibytes * 16;
            line(format!(
                "/stream {first} {blocks} | dd of=/dev/{name} bs=64k seek={} iflag=fullblock oflag=seek_bytes,direct conv=notrunc,fsync status=none || fail dd",
                first * SECTOR
            ));
        }
        line("sync; echo 3 >/proc/sys/vm/drop_caches".to_owned());
        for &(first, mebibytes) in &self.data {
            let blocks = mebibytes * 16;
            line(format!(
                "dd if=/dev/{name} bs=64k skip={} count={blocks} iflag=skip_bytes,fullblock status=none >/tmp/found",
                first * SECTOR
            ));
            line(format!("/stream {first} {blocks} | cmp - /tmp/found || fail read back"));
        }
    }

    fn judge(&self, disk: &Path, folder: &Scratch) {
        let partitions = image::partitions(disk);
        assert_eq!(partitions.len(), self.partitions.len(), "{partitions:?}");
        for (partition, (range, is_fat)) in partitions.iter().zip(&self.partitions) {
            assert_eq!(partition.first..partition.end(), *range);
            check_volume(disk, partition, *is_fat, &folder.file("volume.img"));
        }
        for &(first, mebibytes) in &self.data {
            let len = (mebibytes as usize) << 20;
            let found = image::read(disk, first * SECTOR, len);
            assert!(found == stream(first as u32, len), "{}: sector {first} differs", self.name);
        }
        assert!(image::allocated(disk) < 128 << 20, "{} bytes", image::allocated(disk));
    }
}

/// Takes a volume out of a disk; the host's fsck must find it clean.
///
/// # Panics
/// When it does not.
pub fn check_volume(disk: &Path, partition: &Partition, is_fat: bool, volume: &Path) {
    image::extract(disk, partition, volume);
    let (program, options) = if is_fat { ("fsck.fat", "-n") } else { ("e2fsck", "-fn") };
    run(program, [arg(options.as_ref()), arg(volume)]);
}

/// Kernel and initial RAM disk of the guest in the shared folder, taken off its disk.
///
/// # Panics
/// When the image is not as expected.
#[track_caller]
pub fn busybox_guest(folder: &Scratch) -> Option<(PathBuf, PathBuf)> {
    let guest = shared::folder("guests")?.join("linux-busybox-i386.img");
    let partition = image::partitions(&guest).remove(0);
    let volume = format!("{}@@{}", guest.display(), partition.first * SECTOR);
    let [kernel, initrd] = ["vmlinuz", "initrd.gz"].map(|name| {
        let file = folder.file(name);
        let args = ["-n", "-i", &volume, &format!("::{name}")].map(|option| arg(option.as_ref()));
        run("mcopy", args.into_iter().chain([arg(&file)]));
        file
    });
    Some((kernel, initrd))
}

/// Reads a file that must be there.
///
/// # Panics
/// When it is not.
#[track_caller]
pub fn load(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A small Linux partitions and formats a disk of 500 MB and one of 64 GiB, and writes data past every file system at
/// the places where software once had limits; `None` where the guest is not there.
///
/// # Panics
/// When a disk does not keep what was written.
#[track_caller]
pub fn carry_out_in_brief() -> Option<()> {
    let folder = Scratch::new("linux");
    let (kernel, initrd) = busybox_guest(&folder)?;
    let disks = RawDisk::both();
    let mut script = SCRIPT.to_owned();
    let mut files = Vec::new();
    for disk in &disks {
        disk.script(&mut script);
        let path = folder.file(disk.name);
        image::create(&path, disk.bytes);
        files.push(path);
    }
    script += &format!("sync\necho {WELL}\npoweroff -f\nsleep 60\n");
    let mut entries = unpack(&load(&initrd));
    // The kernel takes seconds to unpack what nobody needs here.
    entries.retain(|entry| {
        !entry.name.ends_with(".ko") || MODULES.iter().any(|name| entry.name == format!("m/{name}.ko"))
    });
    entries.extend([Entry::program("init", script), Entry::program("stream", stream_program())]);
    let initrd = Initrd { data: cpio(&entries).into(), ..Initrd::default() };
    let kernel = Kernel {
        image: load(&kernel).into(),
        initrds: vec![initrd],
        command_line: "console=ttyS0 quiet".to_owned(),
        ..Kernel::default()
    };
    run_guest(kernel, &[&files[0], &files[1]], 128 << 20, PATIENCE);
    for (disk, path) in disks.iter().zip(&files) {
        disk.judge(path, &folder);
    }
    Some(())
}
