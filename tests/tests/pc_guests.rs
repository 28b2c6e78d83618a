//! Guests of the 32-bit PC, each under our BIOS and under the firmware of others: disk, CD and kernel boots.

use ringzero_machine::kernel::{Initrd, Kernel};
use ringzero_machine::{BootDevice, Config, Key, Media, OnIdle, Stop};
use ringzero_tests::pc::{
    BOCHS, Firmware, INSTALLER, OURS, PATIENCE, SEABIOS, boot, cd, from, guest, hard_disk, medium,
    memory_test_runs, package_file, wait_for, wait_for_serial,
};

// --- Linux --------------------------------------------------------------------------------------------------

#[track_caller]
fn linux_checks_itself_and_switches_off(firmware: &Firmware) {
    let Some(image) = guest("linux-busybox-i386.img") else { return };
    let Some(mut session) = boot(firmware, hard_disk(image), from(BootDevice::HardDisk)) else { return };
    wait_for_serial(&mut session, "GUEST-SELFTEST PASS 7");
    // The kernel speaks on the screen as well.
    wait_for(&mut session, "Attached SCSI disk");
    session.pass(3_000);
    let mut command = &b"poweroff -f\n"[..];
    let limit = session.machine.count() + PATIENCE;
    loop {
        command = &command[session.machine.send_serial(0, command)..];
        match session.machine.run(session.machine.count() + 1_000_000, OnIdle::Jump) {
            Stop::PowerOff => break,
            stop => assert!(
                stop == Stop::Limit && session.machine.count() < limit,
                "{stop:?} under {}:\n{}",
                firmware.name,
                session.screen()
            ),
        }
    }
}

#[test]
fn linux_checks_itself_and_switches_off_under_our_bios() {
    linux_checks_itself_and_switches_off(&OURS);
}

#[test]
fn linux_checks_itself_and_switches_off_under_seabios() {
    linux_checks_itself_and_switches_off(&SEABIOS);
}

#[test]
fn linux_checks_itself_and_switches_off_under_the_bios_of_bochs() {
    linux_checks_itself_and_switches_off(&BOCHS);
}

// --- memtest86+ ---------------------------------------------------------------------------------------------

/// 32 MiB, as its user would give it for a quick run.
fn small() -> Config {
    Config { memory: 32 << 20, ..from(BootDevice::Cd) }
}

#[test]
fn memtest_runs_from_its_cd_under_every_firmware() {
    for firmware in [OURS, SEABIOS, BOCHS] {
        let Some(image) = guest("memtest86+ia32.iso") else { return };
        let Some(mut session) = boot(&firmware, cd(image), small()) else { return };
        memory_test_runs(&mut session);
    }
}

#[test]
fn memtest_runs_as_a_kernel_under_every_firmware() {
    for firmware in [OURS, SEABIOS, BOCHS] {
        let Some(image) = guest("memtest86+ia32.bin") else { return };
        let kernel = Kernel {
            image: image.into(),
            command_line: "console=ttyS0,115200".to_owned(),
            ..Kernel::default()
        };
        let config = Config { kernel: Some(kernel), ..small() };
        let Some(mut session) = boot(&firmware, Media::default(), config) else { return };
        wait_for_serial(&mut session, "Errors: 0");
        memory_test_runs(&mut session);
    }
}

// --- boot loaders and small systems -------------------------------------------------------------------------

#[test]
fn grub_shows_its_menu_under_every_firmware() {
    for firmware in [OURS, SEABIOS, BOCHS] {
        let Some(image) = guest("grub-rescue-floppy.img") else { return };
        let mut media = Media::default();
        media.floppies[0] = Some(medium(image));
        let Some(mut session) = boot(&firmware, media, Config::default()) else { return };
        wait_for(&mut session, "GNU GRUB  version 2.06");
    }
}

#[test]
fn mikeos_starts_from_a_cd_that_looks_like_a_floppy_under_every_firmware() {
    for firmware in [OURS, SEABIOS, BOCHS] {
        let Some(image) = guest("mikeos.iso") else { return };
        let Some(mut session) = boot(&firmware, cd(image), from(BootDevice::Cd)) else { return };
        wait_for(&mut session, "Thanks for trying out MikeOS!");
        session.press(&[Key::Enter]);
        wait_for(&mut session, "FILEMAN.BIN");
    }
}

#[test]
fn ipxe_shows_its_banner_under_every_firmware() {
    for firmware in [OURS, SEABIOS, BOCHS] {
        let Some(image) = guest("ipxe.iso") else { return };
        let Some(mut session) = boot(&firmware, cd(image), from(BootDevice::Cd)) else { return };
        wait_for(&mut session, "Open Source Network Boot Firmware");
    }
}

// --- Debian's installer -------------------------------------------------------------------------------------

#[track_caller]
fn installer_asks_for_language_and_place(firmware: &Firmware) {
    let Some(image) = package_file(&format!("{INSTALLER}/linux")) else { return };
    let Some(data) = package_file(&format!("{INSTALLER}/initrd.gz")) else { return };
    let kernel = Kernel {
        image: image.into(),
        initrds: vec![Initrd { data: data.into(), command_line: String::new() }],
        // Text, which the test can read, though there is a frame buffer.
        command_line: "vga=normal fb=false nomodeset".to_owned(),
        ..Kernel::default()
    };
    let config = Config { memory: 512 << 20, kernel: Some(kernel), ..Config::default() };
    let Some(mut session) = boot(firmware, Media::default(), config) else { return };
    wait_for(&mut session, "Select a language");
    session.pass(2_000);
    session.press(&[Key::Enter]);
    wait_for(&mut session, "Select your location");
}

#[test]
fn debians_installer_asks_for_language_and_place_under_our_bios() {
    installer_asks_for_language_and_place(&OURS);
}

#[test]
fn debians_installer_asks_for_language_and_place_under_seabios() {
    installer_asks_for_language_and_place(&SEABIOS);
}

#[test]
fn debians_installer_asks_for_language_and_place_under_the_bios_of_bochs() {
    installer_asks_for_language_and_place(&BOCHS);
}
