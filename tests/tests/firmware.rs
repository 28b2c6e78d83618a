//! Firmware of others: SeaBIOS and the BIOS of Bochs with their video BIOSes start the machine and DOS on it.

use ringzero_machine::{Config, ConfigError, Key, Machine, Media, OnIdle, Stop};
use ringzero_tests::pc::package_file;
use ringzero_tests::session::{Session, SharedDisk};
use ringzero_tests::shared;

const SEABIOS: &str = "/usr/share/seabios/bios.bin";
const SEABIOS_256K: &str = "/usr/share/seabios/bios-256k.bin";
const SEA_VGABIOS: &str = "/usr/share/seabios/vgabios-stdvga.bin";
const BOCHS_BIOS: &str = "/usr/share/bochs/BIOS-bochs-latest";
const LGPL_VGABIOS: &str = "/usr/share/vgabios/vgabios.bin";

/// A machine with this firmware and a disk in drive A.
#[track_caller]
fn machine(bios: &str, vga_bios: &str, disk: Vec<u8>) -> Option<Session> {
    let (bios, vga_bios) = (package_file(bios)?, package_file(vga_bios)?);
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(SharedDisk::new(disk)));
    let config =
        Config { pci: true, bios: Some(bios.into()), vga_bios: Some(vga_bios.into()), ..Config::default() };
    Some(Session { machine: Machine::new(config, media).unwrap() })
}

#[track_caller]
fn freedos() -> Option<Vec<u8>> {
    Some(std::fs::read(shared::folder("guests")?.join("freedos-1.4MB.img")).unwrap())
}

/// A 1.44 MB disk whose boot sector is `code`.
fn boot_sector(code: &[u8]) -> Vec<u8> {
    let mut disk = vec![0; 1440 * 1024];
    disk[..code.len()].copy_from_slice(code);
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    disk
}

#[test]
fn seabios_boots_freedos() {
    // The large one has a handler of system management interrupts, which it moves.
    for (bios, smbase) in [(SEABIOS, 0x3_0000), (SEABIOS_256K, 0xA_0000)] {
        let Some(mut session) = freedos().and_then(|disk| machine(bios, SEA_VGABIOS, disk)) else { return };
        session.wait_for("A:\\>");
        assert_eq!(session.machine.cpu().state().smbase, smbase);
        session.press(&[Key::V]);
        session.press(&[Key::E]);
        session.press(&[Key::R]);
        session.press(&[Key::Enter]);
        session.wait_for("FreeCom version");
    }
}

#[test]
fn the_bios_of_bochs_boots_freedos() {
    let Some(mut session) = freedos().and_then(|disk| machine(BOCHS_BIOS, LGPL_VGABIOS, disk)) else {
        return;
    };
    session.wait_for("A:\\>");
    assert_eq!(session.machine.cpu().state().smbase, 0xA_0000);
}

#[test]
fn a_guest_under_seabios_switches_the_power_off() {
    // MOV AL, F1h; OUT B2h, AL; MOV DX, B004h; IN AX, DX; TEST AL, 1; JZ $; MOV AX, 2000h; OUT DX, AX; JMP $
    let code = [
        0xB0, 0xF1, 0xE6, 0xB2, 0xBA, 0x04, 0xB0, 0xED, 0xA8, 0x01, 0x74, 0xFE, 0xB8, 0x00, 0x20, 0xEF, 0xEB,
        0xFE,
    ];
    let Some(mut session) = machine(SEABIOS_256K, SEA_VGABIOS, boot_sector(&code)) else { return };
    assert_eq!(session.machine.run(1_000_000_000, OnIdle::Jump), Stop::PowerOff);
}

#[test]
fn a_processor_reset_while_a20_is_low_finds_its_bios() {
    // MOV AL, 'A'; OUT E9h, AL; MOV AL, 1; OUT 92h, AL; JMP $
    let code = [0xB0, b'A', 0xE6, 0xE9, 0xB0, 0x01, 0xE6, 0x92, 0xEB, 0xFE];
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(SharedDisk::new(boot_sector(&code))));
    let mut machine = Machine::new(Config::default(), media).unwrap();
    assert_eq!(machine.run(300_000_000, OnIdle::Jump), Stop::Limit);
    // Port 92h keeps its bit: the second time it does not rise.
    assert_eq!((machine.take_debug_console(), machine.resets()), (b"AA".to_vec(), 1));
}

/// SeaBIOS from power-on into DOS, in slices of `slice` instructions.
fn start(disk: &[u8], block_limit: usize, slice: u64) -> Option<String> {
    const INSTRUCTIONS: u64 = 15_000_000;
    let mut session = machine(SEABIOS_256K, SEA_VGABIOS, disk.to_vec())?;
    session.machine.cpu_mut().set_block_limit(block_limit);
    while session.machine.count() < INSTRUCTIONS {
        let limit = (session.machine.count() + slice).min(INSTRUCTIONS);
        assert_eq!(session.machine.run(limit, OnIdle::Jump), Stop::Limit);
    }
    Some(session.machine.state_hash().unwrap().to_string())
}

#[test]
fn seabios_starts_the_same_however_it_is_run() {
    let Some(disk) = freedos() else { return };
    let Some(hash) = start(&disk, 48, u64::MAX >> 1) else { return };
    for (block_limit, slice) in [(48, 1), (48, 7_919), (1, u64::MAX >> 1), (1, 10_007)] {
        assert_eq!(start(&disk, block_limit, slice), Some(hash.clone()), "{block_limit} {slice}");
    }
}

#[test]
fn a_snapshot_within_seabios_goes_on_as_the_machine_did() {
    let Some(disk) = freedos() else { return };
    let Some(mut session) = machine(SEABIOS_256K, SEA_VGABIOS, disk.clone()) else { return };
    assert_eq!(session.machine.run(2_000_000, OnIdle::Jump), Stop::Limit);
    let snapshot = session.machine.save().unwrap();
    assert_eq!(session.machine.run(6_000_000, OnIdle::Jump), Stop::Limit);
    let Some(mut other) = machine(SEABIOS_256K, SEA_VGABIOS, disk) else { return };
    other.machine.load(&snapshot).unwrap();
    assert_eq!(other.machine.run(6_000_000, OnIdle::Jump), Stop::Limit);
    assert_eq!(other.machine.state_hash().unwrap(), session.machine.state_hash().unwrap());
}

#[test]
fn a_bios_of_an_impossible_size_is_refused() {
    for size in [0, 1, 0x1_0001, 17 << 20] {
        let config = Config { bios: Some(vec![0; size].into()), ..Config::default() };
        let refused = Machine::new(config, Media::default()).err();
        assert!(matches!(refused, Some(ConfigError::BiosSize { bytes }) if bytes == size));
    }
    for size in [0, 0x3_0001] {
        let config = Config { vga_bios: Some(vec![0; size].into()), ..Config::default() };
        let refused = Machine::new(config, Media::default()).err();
        assert!(matches!(refused, Some(ConfigError::VgaBiosSize { bytes, .. }) if bytes == size));
    }
}
