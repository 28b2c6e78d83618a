//! Boot images on CDs as diskettes, as disks and as what they are: what the BIOS shows of each.

use iced_x86::IcedError;
use iced_x86::code_asm::*;
use ringzero_machine::{BootDevice, Config, DebugExitConfig, OnIdle, Stop};
use ringzero_tests::pc::{self, BOCHS, Firmware, OURS, SEABIOS};

/// A partition that ends at cylinder 19, head 3, sector 17.
const PARTITION: [u8; 16] = [0x80, 1, 1, 0, 6, 3, 17, 19, 17, 0, 0, 0, 0x3F, 5, 0, 0];
const DEBUG_PORT: i32 = 0xE9;

/// Sends to port E9h: DL; CX and DX of INT 13h AH=08h, or zeros; status and first byte of a read of sector 2; status of a
/// write there; status and medium of INT 13h AX=4B01h.
fn boot_sector() -> Result<Vec<u8>, IcedError> {
    let mut a = CodeAssembler::new(16)?;
    let send = |a: &mut CodeAssembler, register: AsmRegister8| {
        a.mov(al, register)?;
        a.out(DEBUG_PORT, al)
    };
    let mut no_geometry = a.create_label();
    a.xor(ax, ax)?;
    a.mov(ds, ax)?;
    a.mov(es, ax)?;
    a.push(dx)?;
    send(&mut a, dl)?;
    a.mov(ah, 8)?;
    a.int(0x13)?;
    a.jnc(no_geometry)?;
    a.xor(cx, cx)?;
    a.xor(dx, dx)?;
    a.set_label(&mut no_geometry)?;
    for register in [cl, ch, dl, dh] {
        send(&mut a, register)?;
    }
    for (function, place) in [(0x0201, 0x8000), (0x0301, 0x7C00)] {
        a.pop(dx)?;
        a.push(dx)?;
        a.mov(dh, 0)?;
        a.xor(bx, bx)?;
        a.mov(es, bx)?;
        a.mov(ax, function)?;
        a.mov(bx, place)?;
        a.mov(cx, 2)?;
        a.int(0x13)?;
        send(&mut a, ah)?;
    }
    a.mov(al, byte_ptr(0x8000))?;
    a.out(DEBUG_PORT, al)?;
    a.pop(dx)?;
    a.mov(ax, 0x4B01)?;
    a.mov(si, 0x8400)?;
    a.int(0x13)?;
    send(&mut a, ah)?;
    a.mov(al, byte_ptr(0x8401))?;
    a.out(DEBUG_PORT, al)?;
    a.mov(al, 0x10)?;
    a.out(0xF4, al)?;
    let mut code = a.assemble(0x7C00)?;
    code.resize(512, 0);
    code[510..].copy_from_slice(&[0x55, 0xAA]);
    Ok(code)
}

/// A disc with one boot image of the given medium; its second sector begins with 5Ah.
fn disc(medium: u8) -> Vec<u8> {
    let mut sector = boot_sector().unwrap();
    sector[0x1BE..0x1CE].copy_from_slice(&PARTITION);
    let sectors = if medium == 0 { 4 } else { 1 };
    pc::bootable_disc(medium, sectors, &[&sector[..], &[0x5A]].concat())
}

#[track_caller]
fn told(firmware: &Firmware, medium: u8) -> Option<Vec<u8>> {
    let debug_exit = Some(DebugExitConfig { iobase: 0xF4, iosize: 4 });
    let config = Config { debug_exit, ..pc::from(BootDevice::Cd) };
    let mut session = pc::boot(firmware, pc::cd(disc(medium)), config)?;
    let mut said = Vec::new();
    loop {
        let stop = session.machine.run(session.machine.count() + 1_000_000, OnIdle::Jump);
        said.extend(session.machine.take_debug_console());
        if let Stop::DebugExit(_) = stop {
            return Some(said[said.len() - 10..].to_vec());
        }
        assert!(
            stop == Stop::Limit && session.machine.count() < 8_000_000_000,
            "{stop:?}:\n{}",
            session.screen()
        );
    }
}

#[test]
fn an_image_of_a_diskette_is_drive_a() {
    for (medium, sectors) in [(1, 15), (2, 18), (3, 36)] {
        let Some(told) = told(&OURS, medium) else { return };
        assert_eq!(told[0], 0);
        assert_eq!((told[1], told[2], told[4]), (sectors, 79, 1), "sectors, cylinder, head");
        assert_eq!((told[5], told[6], told[7]), (0, 3, 0x5A), "read, write, byte");
        assert_eq!((told[8], told[9]), (0, medium));
    }
}

#[test]
fn an_image_of_a_disk_is_drive_80h_with_the_geometry_of_its_partition() {
    let Some(told) = told(&OURS, 4) else { return };
    assert_eq!((told[0], told[3]), (0x80, 1), "drive, drives");
    assert_eq!((told[1], told[2], told[4]), (17, 19, 3), "sectors, cylinder, head");
    assert_eq!((told[5], told[6], told[7]), (0, 3, 0x5A));
    assert_eq!((told[8], told[9]), (0, 4));
}

#[test]
fn an_image_without_emulation_is_a_drive_without_geometry() {
    let Some(told) = told(&OURS, 0) else { return };
    assert_eq!((told[0], told[1..5].to_vec()), (0xE0, vec![0; 4]));
    assert_eq!((told[8], told[9]), (0, 0));
}

/// What all three say alike of a diskette: our BIOS is not alone with its answers.
#[test]
fn other_firmware_shows_the_same_diskette() {
    let Some(ours) = told(&OURS, 2) else { return };
    for firmware in [SEABIOS, BOCHS] {
        let Some(theirs) = told(&firmware, 2) else { return };
        for place in [0, 1, 2, 4, 5, 6, 7, 8, 9] {
            assert_eq!(
                theirs[place], ours[place],
                "{}: byte {place}: {theirs:02x?} {ours:02x?}",
                firmware.name
            );
        }
    }
}
