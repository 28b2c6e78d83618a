//! The machine, and a shell on its second serial port.

use super::picture::Picture;
use crate::disks::debian::{DESKTOP, Debian};
use crate::disks::host::{Scratch, arg, run};
use crate::disks::image::{self, BaseFile};
use crate::disks::linux::{cpio, load, stream_program};
use crate::shared::workspace;
use flate2::read::GzDecoder;
use ringzero_machine::kernel::{Initrd, Kernel};
use ringzero_machine::storage::Overlay;
use ringzero_machine::{Config, IdeMedia, Machine, Media, OnIdle, Stop};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Size of the root file system.
const ROOT_BYTES: u64 = 2 << 30;
const MEMORY: u64 = 256 << 20;
/// Instructions that a command may take, and the boot.
const PATIENCE: u64 = 60_000_000_000;
/// Serial ports: the kernel's messages, and the shell.
const MESSAGES: usize = 0;
const SHELL: usize = 1;
/// Instructions between two looks at the serial ports.
const LOOK: u64 = 200_000;

/// Goes on from the initial RAM disk to the root.
const PIVOT: &str = r"
mkdir -p /root
mount -t ext4 /dev/sda /root || fail no root
mount --move /dev /root/dev
umount /proc; umount /sys
exec switch_root /root /usr/sbin/ringzero-desktop
";

/// The first process on the root: drivers by udev, then commands, each answered by its status.
const SCRIPT: &str = r#"#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
mount -t proc proc /proc; mount -t sysfs sys /sys
for d in /run /tmp /dev/shm; do mkdir -p $d; mount -t tmpfs tmpfs $d; done
mkdir -p /dev/pts; mount -t devpts devpts /dev/pts
echo 2 >/proc/sys/kernel/printk
/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add --type=subsystems
udevadm trigger --action=add --type=devices
udevadm settle
exec <>/dev/ttyS1 >&0 2>&1
stty raw -echo 115200
echo "status=0"
while IFS= read -r line; do eval "$line"; echo "status=$?"; done
"#;

/// The disk, and what boots it.
pub struct Desktop {
    debian: Debian,
    disk: PathBuf,
    _folder: Scratch,
}

impl Desktop {
    /// Made from the cached root; `None` where that cannot be had. `files` go to its /root.
    ///
    /// # Panics
    /// When a tool of the host fails.
    #[track_caller]
    pub fn get(files: &[(&str, Vec<u8>)]) -> Option<Self> {
        let debian = Debian::get(&DESKTOP)?;
        let folder = Scratch::new("desktop");
        let disk = folder.file("root.img");
        image::create(&disk, ROOT_BYTES);
        let options = ["-q", "-F", "-t", "ext4", "-d"].map(|option| arg(option.as_ref()));
        run("mke2fs", options.into_iter().chain([arg(debian.root()), arg(&disk)]));
        // /sbin is a link on Debian, which debugfs does not follow when it writes.
        let programs = [
            ("/usr/sbin/ringzero-desktop", SCRIPT.as_bytes().to_vec()),
            ("/usr/sbin/stream", stream_program()),
        ];
        let files = files.iter().map(|(name, data)| (format!("/root/{name}"), data.clone()));
        for (place, contents) in
            programs.map(|(place, data)| (place.to_owned(), data)).into_iter().chain(files)
        {
            let file = folder.write("file", &contents);
            let write = format!("write {} {place}", file.display());
            let mode = format!("set_inode_field {place} mode 0100755");
            for request in [write, mode] {
                run("debugfs", [arg("-w".as_ref()), arg("-R".as_ref()), arg(request.as_ref()), arg(&disk)]);
            }
        }
        Some(Self { debian, disk, _folder: folder })
    }

    /// Boots it to its shell, on a machine with the sound cards and the firmware of `config`.
    ///
    /// # Panics
    /// When it does not come there.
    #[track_caller]
    pub fn boot(&self, name: &str, options: &str, config: Config) -> Guest {
        let initrd = Initrd { data: cpio(&self.debian.initrd(PIVOT)).into(), ..Initrd::default() };
        let kernel = Kernel {
            image: load(&self.debian.boot_file("vmlinuz")).into(),
            initrds: vec![initrd],
            command_line: format!("console=ttyS0,115200 console=tty0 cryptomgr.notests {options}"),
            ..Kernel::default()
        };
        let config = Config { kernel: Some(kernel), memory: MEMORY, ..config };
        let mut media = Media::default();
        media.ide[0] = IdeMedia::Disk(Box::new(Overlay::new(BaseFile::open(&self.disk))));
        let machine = Machine::new(config, media).expect("the configuration is sound");
        let mut guest = Guest { machine, name: name.to_owned(), said: String::new(), heard: None };
        guest.wait_for_status("boot");
        let (count, seconds) = (guest.machine.count(), guest.machine.now().0 / 1_000_000_000);
        guest.note(&format!("booted in {} million instructions, {seconds} s", count / 1_000_000));
        guest
    }
}

/// A running Debian.
pub struct Guest {
    /// The machine.
    pub machine: Machine,
    name: String,
    /// What the kernel said.
    said: String,
    /// What was played since [`Guest::listen`]: left, right.
    heard: Option<Vec<i16>>,
}

impl Guest {
    /// A second guest in the same state.
    ///
    /// # Panics
    /// Never: its disk can be shared.
    #[track_caller]
    pub fn fork(&mut self, name: &str) -> Self {
        let machine = self.machine.fork().unwrap_or_else(|error| panic!("{error}"));
        Self { machine, name: name.to_owned(), said: self.said.clone(), heard: None }
    }

    /// Its name with something behind it.
    pub fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.name)
    }

    /// Tells something to whoever watches.
    pub fn note(&self, what: &str) {
        eprintln!("{}: {what}", self.name);
    }

    /// A command that must succeed; what it said.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn command(&mut self, line: &str) -> String {
        let (said, status) = self.try_command(line);
        if status != 0 {
            self.fail(&format!("{line:?} ended with {status}:\n{said}"));
        }
        said
    }

    /// A command; what it said, and its status.
    ///
    /// # Panics
    /// When it does not end.
    #[track_caller]
    pub fn try_command(&mut self, line: &str) -> (String, i32) {
        let mut rest = [line.as_bytes(), b"\n"].concat();
        while !rest.is_empty() {
            let room = self.machine.serial_room(SHELL).min(rest.len());
            let taken = self.machine.send_serial(SHELL, &rest[..room]);
            rest.drain(..taken);
            self.step(LOOK);
        }
        self.wait_for_status(line)
    }

    /// The file that a command writes, whatever its bytes are.
    ///
    /// # Panics
    /// When the command fails.
    #[track_caller]
    pub fn fetch(&mut self, command: &str) -> Vec<u8> {
        let said = self.command(&format!("{command} | gzip -1 | base64 -w0; echo"));
        let packed = from_base64(said.trim());
        let mut bytes = Vec::new();
        GzDecoder::new(&packed[..])
            .read_to_end(&mut bytes)
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        bytes
    }

    /// Waits until a command succeeds.
    ///
    /// # Panics
    /// When it never does.
    #[track_caller]
    pub fn until(&mut self, line: &str) {
        for _ in 0..100 {
            if self.try_command(line).1 == 0 {
                return;
            }
            self.pass(200);
        }
        self.fail(&format!("never: {line}"));
    }

    /// Goes on for milliseconds of virtual time.
    pub fn pass(&mut self, milliseconds: u64) {
        let end = self.machine.now().plus_ns(milliseconds * 1_000_000);
        while self.machine.now() < end {
            self.machine.run(self.machine.count() + LOOK, OnIdle::Return);
            if let Some(deadline) = self.machine.idle_until().filter(|_| self.machine.is_halted()) {
                self.machine.skip_to(deadline.min(end));
            }
            self.take_sound();
        }
    }

    /// Begins to record what is played.
    pub fn listen(&mut self) {
        self.machine.render_sound(&mut Vec::new());
        self.heard = Some(Vec::new());
    }

    /// What was played since [`Guest::listen`], frame by frame.
    pub fn heard(&mut self) -> Vec<[i16; 2]> {
        self.take_sound();
        let heard = self.heard.take().unwrap_or_default();
        heard.chunks_exact(2).map(|frame| [frame[0], frame[1]]).collect()
    }

    /// What the display shows.
    pub fn picture(&self) -> Picture {
        Picture::of(&self.machine)
    }

    /// Keeps the picture for people to look at; where.
    pub fn keep_picture(&self, what: &str) -> PathBuf {
        self.picture().save(&pictures(), &format!("{}-{what}", self.name))
    }

    /// Ends the run with what there is to see and read.
    ///
    /// # Panics
    /// Always.
    #[track_caller]
    pub fn fail(&self, what: &str) -> ! {
        let picture = self.keep_picture("failed");
        let lines: Vec<_> = self.said.lines().collect();
        let last = lines[lines.len().saturating_sub(40)..].join("\n");
        panic!("{}: {what}\nthe kernel's last words:\n{last}\nthe picture: {}", self.name, picture.display());
    }

    #[track_caller]
    fn wait_for_status(&mut self, what: &str) -> (String, i32) {
        const MARK: &str = "status=";
        let limit = self.machine.count() + PATIENCE;
        let mut said = Vec::new();
        loop {
            let stop = self.step(LOOK);
            said.extend(self.machine.take_serial(SHELL));
            if said.ends_with(b"\n") {
                let text = String::from_utf8_lossy(&said);
                let end = text.rfind(MARK).filter(|&at| at == 0 || text[..at].ends_with('\n'));
                if let Some(at) = end
                    && let Ok(status) = text[at + MARK.len()..].trim().parse()
                {
                    return (text[..at].to_owned(), status);
                }
            }
            let panicked = ["Kernel panic", "FAILED: "].iter().any(|word| self.said.contains(word));
            if panicked || stop != Stop::Limit || self.machine.count() > limit {
                self.fail(&format!("{what}: no end ({stop:?}); so far:\n{}", String::from_utf8_lossy(&said)));
            }
        }
    }

    fn step(&mut self, instructions: u64) -> Stop {
        let stop = self.machine.run(self.machine.count() + instructions, OnIdle::Jump);
        self.said += &String::from_utf8_lossy(&self.machine.take_serial(MESSAGES));
        self.take_sound();
        stop
    }

    fn take_sound(&mut self) {
        if let Some(heard) = &mut self.heard {
            self.machine.render_sound(heard);
        }
    }
}

/// Where pictures go.
fn pictures() -> PathBuf {
    workspace().join("target/desktop")
}

/// Bytes from their base 64 [RFC 4648, "Base 64 Encoding"].
fn from_base64(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

/// The file at a path, for whoever keeps one beside the pictures.
///
/// # Panics
/// When the host refuses.
pub fn keep(name: &str, bytes: &[u8]) -> PathBuf {
    let folder = pictures();
    write(&folder, name, bytes)
}

pub(super) fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, bytes));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_read_with_and_without_padding() {
        assert_eq!(from_base64("AAEC/w=="), [0, 1, 2, 255]);
        assert_eq!(from_base64("UmluZ1plcm8"), b"RingZero");
    }
}
