//! Debian fills disks: its own sfdisk and mkfs, ext4 and FAT, from its own root file system.

use super::debian::{DISKS, Debian};
use super::dos::Outcome;
use super::host::{self, Scratch, arg, run};
use super::image::{self, Partition};
use super::linux::{self, WELL, check_volume, load, run_guest, stream_program};
use super::{CHS_END, GIB_32, SECTOR, stream};
use ringzero_machine::kernel::{Initrd, Kernel};
use std::fmt::Write;
use std::ops::Range;
use std::path::Path;

/// Sectors of a MiB.
const MIB: u64 = 1 << 11;
/// Size of the root file system.
const ROOT_BYTES: u64 = 2 << 30;
const MEMORY: u64 = 512 << 20;
/// Instructions the guest may take.
const PATIENCE: u64 = 2_000_000_000_000;
/// Seeds of a volume's files begin here times its number.
const SEEDS: u32 = 1000;

/// A disk for the guest to fill: volumes, and whether each is FAT.
struct Disk {
    name: &'static str,
    bytes: u64,
    volumes: Vec<(Range<u64>, bool)>,
}

impl Disk {
    fn both() -> [Self; 2] {
        let end = (64 << 30) / SECTOR;
        let around = |sector: u64, mebibytes: u64| sector - mebibytes * MIB..sector + mebibytes * MIB;
        [
            Self {
                name: "sdb",
                bytes: 500 << 20,
                volumes: vec![(MIB..250 * MIB, false), (250 * MIB..500 * MIB, true)],
            },
            Self {
                name: "sdc",
                bytes: end * SECTOR,
                volumes: vec![
                    (MIB..160 * MIB, false),
                    (around(CHS_END, 128), true),
                    (around(GIB_32, 160), false),
                    (end - 512 * MIB..end, true),
                ],
            },
        ]
    }

    /// Seeds of the files of a volume.
    fn seed(&self, volume: usize) -> u32 {
        let disk = u32::from(self.name.ends_with('c'));
        SEEDS * (1 + 10 * disk + volume as u32)
    }

    fn script(&self, out: &mut String) -> std::fmt::Result {
        let name = self.name;
        write!(out, "printf 'label: dos\\n")?;
        for (range, is_fat) in &self.volumes {
            let kind = if *is_fat { "c" } else { "83" };
            write!(out, "start={}, size={}, type={kind}\\n", range.start, range.end - range.start)?;
        }
        writeln!(out, "' | sfdisk -q /dev/{name} || fail sfdisk {name}")?;
        for (number, (_, is_fat)) in self.volumes.iter().enumerate() {
            let make = if *is_fat { "mkfs.vfat" } else { "mkfs.ext4 -q -F" };
            let kind = if *is_fat { "vfat" } else { "ext4" };
            let device = format!("/dev/{name}{}", number + 1);
            writeln!(out, "{make} {device} >/dev/null || fail {make} {device}")?;
            writeln!(out, "volume {device} {kind} {}", self.seed(number))?;
        }
        Ok(())
    }

    fn judge(&self, disk: &Path, folder: &Scratch) -> u64 {
        let partitions = image::partitions(disk);
        assert_eq!(partitions.len(), self.volumes.len(), "{partitions:?}");
        let volumes = partitions.iter().zip(&self.volumes).enumerate();
        let verified = volumes.map(|(number, (partition, (range, is_fat)))| {
            assert_eq!(partition.first..partition.end(), *range);
            self.judge_volume(disk, partition, *is_fat, number, folder)
        });
        let verified = verified.sum();
        let allocated = image::allocated(disk);
        assert!(allocated < verified + (64 << 20), "{allocated} bytes on the host's disk for {verified}");
        verified
    }

    fn judge_volume(
        &self,
        disk: &Path,
        partition: &Partition,
        is_fat: bool,
        number: usize,
        folder: &Scratch,
    ) -> u64 {
        let [volume, found] = ["volume.img", "found"].map(|name| folder.file(name));
        check_volume(disk, partition, is_fat, &volume);
        std::fs::create_dir_all(&found).unwrap_or_else(|error| panic!("{error}"));
        if is_fat {
            let options = ["-s", "-n", "-i"].map(|option| arg(option.as_ref()));
            run("mcopy", options.into_iter().chain([arg(&volume), arg("::data".as_ref()), arg(&found)]));
        } else {
            let request = format!("rdump /data {}", found.display());
            run("debugfs", [arg("-R".as_ref()), arg(request.as_ref()), arg(&volume)]);
        }
        let verified = compare(&found.join("data"), self.seed(number));
        std::fs::remove_dir_all(&found).unwrap_or_else(|error| panic!("{error}"));
        // Filled means filled: a journal, tables and the superuser's reserve are all that is left.
        let bytes = partition.sectors * SECTOR;
        assert!(verified > bytes / 100 * 80, "{verified} bytes of {bytes}");
        verified
    }
}

/// Compares files f0, f1 and so on with their streams; how many bytes there were.
fn compare(folder: &Path, seed: u32) -> u64 {
    let mut verified = 0;
    for number in 0..SEEDS {
        let path = folder.join(format!("f{number}"));
        if !path.exists() {
            assert!(number > 0, "no files in {}", folder.display());
            break;
        }
        let found = load(&path);
        assert!(
            found == stream(seed + number, found.len()),
            "{} differs from what was written",
            path.display()
        );
        verified += found.len() as u64;
    }
    verified
}

const SCRIPT: &str = r#"#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc p /proc; mount -t sysfs s /sys
exec >/dev/ttyS0 2>&1 </dev/null
fail() { echo "FAILED: $*"; busybox poweroff -f; sleep 60; }
# DEVICE KIND SEED: fills a volume, and reads it back from the disk.
volume() {
    mount -t $2 $1 /mnt || fail mount $1
    mkdir /mnt/data
    n=0
    while stream $(($3+n)) 256 >/mnt/data/f$n 2>/dev/null; do n=$((n+1)); done
    sync
    umount /mnt || fail umount $1
    echo 3 >/proc/sys/vm/drop_caches
    mount -t $2 -o ro $1 /mnt || fail mount $1 again
    n=0
    while [ -e /mnt/data/f$n ]; do
        size=$(stat -c %s /mnt/data/f$n)
        stream $(($3+n)) 256 2>/dev/null | head -c $size | cmp - /mnt/data/f$n || fail $1 f$n differs
        n=$((n+1))
    done
    umount /mnt || fail umount $1
    echo "$1: $n files"
}
"#;

/// Carries it out; `None` where Debian cannot be had.
///
/// # Panics
/// When a disk does not keep what was written.
#[track_caller]
pub fn carry_out() -> Option<Outcome> {
    if !host::has(linux::TOOLS) {
        return None;
    }
    let debian = Debian::get(&DISKS)?;
    let folder = Scratch::new("debian");
    let disks = Disk::both();
    let mut script = SCRIPT.to_owned();
    let mut files = Vec::new();
    for disk in &disks {
        disk.script(&mut script).expect("a string takes all");
        let path = folder.file(disk.name);
        image::create(&path, disk.bytes);
        files.push(path);
    }
    script += &format!("sync\necho {WELL}\nbusybox poweroff -f\nsleep 60\n");
    let root = root_disk(&debian, &folder, &script);
    let initrd = Initrd { data: load(&debian.boot_file("initrd.img")).into(), ..Initrd::default() };
    let kernel = Kernel {
        image: load(&debian.boot_file("vmlinuz")).into(),
        initrds: vec![initrd],
        command_line: "root=/dev/sda rw rootfstype=ext4 init=/sbin/ringzero-test console=ttyS0 quiet"
            .to_owned(),
        ..Kernel::default()
    };
    run_guest(kernel, &[&root, &files[0], &files[1]], MEMORY, PATIENCE);
    run("e2fsck", [arg("-fp".as_ref()), arg(&root)]);
    let mut outcome = Outcome::default();
    for (disk, path) in disks.iter().zip(&files) {
        outcome.verified += disk.judge(path, &folder);
        outcome.allocated += image::allocated(path);
    }
    Some(outcome)
}

/// An ext4 image of the root with our script and program in it, made without mounting anything.
fn root_disk(debian: &Debian, folder: &Scratch, script: &str) -> std::path::PathBuf {
    let root = folder.file("root.img");
    image::create(&root, ROOT_BYTES);
    let options = ["-q", "-F", "-t", "ext4", "-d"].map(|option| arg(option.as_ref()));
    run("mke2fs", options.into_iter().chain([arg(debian.root()), arg(&root)]));
    for (name, contents) in [("ringzero-test", script.as_bytes()), ("stream", &stream_program()[..])] {
        let file = folder.write(name, contents);
        // /sbin is a link on Debian, which debugfs does not follow when it writes.
        let write = format!("write {} /usr/sbin/{name}", file.display());
        let mode = format!("set_inode_field /usr/sbin/{name} mode 0100755");
        for request in [write, mode] {
            run("debugfs", [arg("-w".as_ref()), arg("-R".as_ref()), arg(request.as_ref()), arg(&root)]);
        }
    }
    root
}
