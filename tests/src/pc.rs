//! PCs under one firmware or another, and what to wait for on them.

use crate::session::Session;
use crate::shared;
use ringzero_machine::{BootDevice, Config, IdeMedia, Machine, Media, OnIdle, Stop, storage::MemoryMedium};
use std::path::Path;

/// Instructions a guest gets for a step: Linux needs five billion for its boot.
pub const PATIENCE: u64 = 20_000_000_000;

/// A BIOS and a video BIOS, by their files; ours where there are none.
pub struct Firmware {
    /// Its name.
    pub name: &'static str,
    files: Option<[&'static str; 2]>,
}

/// Our own.
pub const OURS: Firmware = Firmware { name: "RingZero's BIOS", files: None };
/// SeaBIOS with its VGA BIOS.
pub const SEABIOS: Firmware = Firmware {
    name: "SeaBIOS",
    files: Some(["/usr/share/seabios/bios-256k.bin", "/usr/share/seabios/vgabios-stdvga.bin"]),
};
/// The BIOS of Bochs with the LGPL VGA BIOS.
pub const BOCHS: Firmware = Firmware {
    name: "the BIOS of Bochs",
    files: Some(["/usr/share/bochs/BIOS-bochs-latest", "/usr/share/vgabios/vgabios.bin"]),
};

/// An image from the shared folder, or a skip.
#[track_caller]
pub fn guest(name: &str) -> Option<Vec<u8>> {
    let path = shared::folder("guests")?.join(name);
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Where a package has the kernel and the initial RAM disk of Debian's installer.
pub const INSTALLER: &str = "/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386";

/// A file of a package of the system.
#[track_caller]
pub fn package_file(path: &str) -> Option<Vec<u8>> {
    if !Path::new(path).exists() {
        shared::skip(&format!("no {path}"));
        return None;
    }
    Some(std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}")))
}

/// A machine under a firmware, or a skip.
#[track_caller]
pub fn boot(firmware: &Firmware, media: Media, config: Config) -> Option<Session> {
    let mut config = config;
    if let Some([bios, vga_bios]) = firmware.files {
        config.bios = Some(package_file(bios)?.into());
        config.vga_bios = Some(package_file(vga_bios)?.into());
    }
    let machine = Machine::new(config, media).unwrap_or_else(|error| panic!("{}: {error}", firmware.name));
    Some(Session { machine })
}

/// A disk in memory.
pub fn medium(bytes: Vec<u8>) -> Box<MemoryMedium> {
    Box::new(MemoryMedium::new(bytes))
}

/// A disc in the CD-ROM drive.
pub fn cd(bytes: Vec<u8>) -> Media {
    let mut media = Media::default();
    media.ide[2] = IdeMedia::Cd(Some(medium(bytes)));
    media
}

/// A disk on the first place of the IDE cables.
pub fn hard_disk(bytes: Vec<u8>) -> Media {
    let mut media = Media::default();
    media.ide[0] = IdeMedia::Disk(medium(bytes));
    media
}

/// A machine that boots from one device.
pub fn from(device: BootDevice) -> Config {
    Config { boot_order: vec![device], ..Config::default() }
}

/// Waits for text on the screen.
#[track_caller]
pub fn wait_for(session: &mut Session, text: &str) {
    session.run_within(PATIENCE, text, |session| session.screen().contains(text));
}

/// Runs until a serial port has said `text`; everything it said.
#[track_caller]
pub fn wait_for_serial(session: &mut Session, text: &str) -> String {
    let mut said = String::new();
    let limit = session.machine.count() + PATIENCE;
    while !said.contains(text) {
        let stop = session.machine.run(session.machine.count() + 1_000_000, OnIdle::Jump);
        said.push_str(&String::from_utf8_lossy(&session.machine.take_serial(0)));
        let over = stop != Stop::Limit || session.machine.count() > limit;
        assert!(!over || said.contains(text), "no {text:?} ({stop:?}):\n{said}");
    }
    said
}

/// The percentage behind "Test" rises, and no error is counted.
#[track_caller]
pub fn memory_test_runs(session: &mut Session) {
    wait_for(session, "Errors: 0");
    let percent = |session: &Session| {
        let screen = session.screen();
        let line = screen.lines().find(|line| line.contains("Test ") && line.contains('%'))?.to_owned();
        let digits: String = line.split("Test").nth(1)?.chars().filter(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    };
    session.run_within(PATIENCE, "progress of the test", |session| percent(session).is_some_and(|p| p > 0));
    assert!(session.screen().contains("Errors: 0"), "{}", session.screen());
}

/// A disc with one boot image of an El Torito medium, of which `sectors` of 512 bytes are to be loaded; it begins at
/// block 21, its catalog is block 20 [El Torito, "Boot Catalog"].
pub fn bootable_disc(medium: u8, sectors: u8, image: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 2048;
    let mut disc = vec![0; 900 * BLOCK];
    disc[16 * BLOCK..16 * BLOCK + 7].copy_from_slice(b"\x01CD001\x01");
    let record = &mut disc[17 * BLOCK..];
    record[..7].copy_from_slice(b"\0CD001\x01");
    record[7..30].copy_from_slice(b"EL TORITO SPECIFICATION");
    record[0x47] = 20;
    disc[18 * BLOCK..18 * BLOCK + 7].copy_from_slice(b"\xFFCD001\x01");
    let catalog = &mut disc[20 * BLOCK..];
    (catalog[0], catalog[0x1E], catalog[0x1F]) = (1, 0x55, 0xAA);
    catalog[0x1C..0x1E].copy_from_slice(&0u16.wrapping_sub(0xAA55 + 1).to_le_bytes());
    (catalog[0x20], catalog[0x21], catalog[0x26], catalog[0x28]) = (0x88, medium, sectors, 21);
    disc[21 * BLOCK..21 * BLOCK + image.len()].copy_from_slice(image);
    disc
}
