//! DOS under memory managers: HIMEM and EMM386, which runs DOS in virtual-8086 mode, and the XMS of the 80286.

use crate::guests::edit_a_file;
use ringzero_machine::Model;
use ringzero_tests::session::{Session, SharedDisk};
use ringzero_tests::shared;

/// Where a file in the root of a FAT12 floppy begins, and its length; its clusters follow one another on this disk.
fn file_in_root(image: &[u8], name: &[u8; 11]) -> Option<(usize, usize)> {
    let word = |at: usize| usize::from(u16::from_le_bytes([image[at], image[at + 1]]));
    let (cluster_sectors, reserved, fats) = (usize::from(image[13]), word(14), usize::from(image[16]));
    let (root_entries, fat_sectors) = (word(17), word(22));
    let root = (reserved + fats * fat_sectors) * 512;
    let data = root + root_entries * 32;
    let entry = (0..root_entries).map(|n| root + n * 32).find(|&at| &image[at..at + 11] == name)?;
    Some((data + (word(entry + 26) - 2) * cluster_sectors * 512, word(entry + 28)))
}

/// freedos-2012.img with a CONFIG.SYS of our own, no longer than the one it replaces.
fn freedos_with_config(lines: &str) -> Option<SharedDisk> {
    let path = shared::folder("guests")?.join("freedos-2012.img");
    let mut image = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (at, room) = file_in_root(&image, b"CONFIG  SYS").expect("the disk has a CONFIG.SYS");
    assert!(lines.len() <= room);
    image[at..at + room].fill(b' ');
    image[at..at + lines.len()].copy_from_slice(lines.as_bytes());
    Some(SharedDisk::new(image))
}

const WITH_EMM386: &str = "LASTDRIVE=Z\r\nFILES=20\r\nDEVICE=A:\\FREEDOS\\BIN\\HIMEM.EXE\r\n\
DEVICE=A:\\FREEDOS\\BIN\\EMM386.EXE NOEMS\r\nDOS=HIGH,UMB\r\nSHELL=A:\\COMMAND.COM /P:A:\\AUTOEXEC.BAT\r\n";

const WITH_286_XMS: &str = "LASTDRIVE=Z\r\nFILES=20\r\nDEVICE=A:\\FREEDOS\\BIN\\FDXMS286.SYS\r\n\
DOS=HIGH\r\nSHELL=A:\\COMMAND.COM /P:A:\\AUTOEXEC.BAT\r\n";

fn in_v86_mode(session: &Session) -> bool {
    session.machine.cpu().state().v86()
}

/// EMM386 itself runs at level 0 between the instructions it stands in for.
#[track_caller]
fn goes_on_in_v86_mode(session: &mut Session) {
    session.run_until("virtual-8086 mode", in_v86_mode);
}

/// DOS at its prompt under HIMEM and EMM386.
fn under_emm386(cpu: Model) -> Option<Session> {
    let mut session = Session::boot(&freedos_with_config(WITH_EMM386)?, cpu);
    session.wait_for("A:\\>");
    goes_on_in_v86_mode(&mut session);
    Some(session)
}

#[test]
fn emm386_runs_dos_in_virtual_8086_mode_on_every_processor_that_has_it() {
    for cpu in [Model::I80386, Model::I80486, Model::PENTIUM, Model::PENTIUM4, Model::MAX] {
        let Some(mut session) = under_emm386(cpu) else { return };
        let screen = session.command("mem");
        assert!(screen.contains("resident in the high memory area"), "{}:\n{screen}", cpu.name);
        assert!(screen.contains("Upper                 160K"), "{}:\n{screen}", cpu.name);
        goes_on_in_v86_mode(&mut session);
    }
}

#[test]
fn a_file_is_copied_and_compared_in_virtual_8086_mode() {
    let Some(mut session) = under_emm386(Model::MAX) else { return };
    let screen = session.command("copy command.com copied.com");
    assert!(screen.contains("=> copied.com"), "{screen}");
    let screen = session.command("fc /b command.com copied.com");
    assert!(screen.contains("No differences"), "{screen}");
    let screen = session.command("fc /b command.com kernel.sys");
    assert!(!screen.contains("No differences"), "{screen}");
    goes_on_in_v86_mode(&mut session);
}

#[test]
fn edit_writes_a_file_in_virtual_8086_mode() {
    for cpu in [Model::I80386, Model::MAX] {
        let Some(mut session) = under_emm386(cpu) else { return };
        edit_a_file(&mut session, "hello.txt", "Hello from V86 mode", in_v86_mode);
        let screen = session.command("type hello.txt");
        assert!(screen.contains("Hello from V86 mode"), "{}:\n{screen}", cpu.name);
        goes_on_in_v86_mode(&mut session);
    }
}

#[test]
fn an_80286_has_extended_memory_through_its_xms_driver() {
    let Some(disk) = freedos_with_config(WITH_286_XMS) else { return };
    let mut session = Session::boot(&disk, Model::I80286);
    session.wait_for("A:\\>");
    let screen = session.command("mem");
    assert!(screen.contains("resident in the high memory area"), "{screen}");
    let screen = session.command("xmstest");
    assert!(screen.contains("verify handle") && screen.contains("total time"), "{screen}");
    assert!(!screen.to_lowercase().contains("error"), "{screen}");
}
