//! Real guests from the shared folder: they boot, and do what their users would do first.

use ringzero_machine::storage::{BlockMedium, MediumError};
use ringzero_machine::{Config, Key, Machine, Media, Model, OnIdle, Stop};
use ringzero_tests::session::{Session, SharedDisk};
use ringzero_tests::shared;

fn disk(name: &str) -> Option<SharedDisk> {
    let path = shared::folder("guests")?.join(name);
    Some(SharedDisk::new(std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))))
}

fn freedos(name: &str, cpu: Model) -> Option<Session> {
    let mut session = Session::boot(&disk(name)?, cpu);
    session.wait_for("A:\\>");
    Some(session)
}

#[test]
fn freedos_boots_from_every_size_of_floppy_on_every_processor() {
    for name in ["freedos-160K.img", "freedos-360K.img", "freedos-720K.img", "freedos-1.4MB.img"] {
        for cpu in Model::ALL {
            let Some(mut session) = freedos(name, cpu) else { return };
            let screen = session.command("ver");
            assert!(screen.contains("FreeCom version"), "{name} on {}:\n{screen}", cpu.name);
        }
    }
}

#[test]
fn post_switches_the_cache_on() {
    for cpu in [Model::I80386, Model::I80486, Model::PENTIUM, Model::MAX] {
        let mut machine = Machine::new(Config { cpu, ..Config::default() }, Media::default()).unwrap();
        machine.run(2_000_000, OnIdle::Jump);
        let cr0 = machine.cpu().state().cr0;
        assert_eq!(cr0 & 0x6000_0000, 0, "{}: CR0 = {cr0:08x}", cpu.name);
        let flags = machine.cpu().state().flags.bits();
        assert_eq!(flags & 0xF000, 0, "{}: FLAGS = {flags:08x}", cpu.name);
    }
}

#[test]
fn freedos_lists_its_files() {
    let Some(mut session) = freedos("freedos-1.4MB.img", Model::MAX) else { return };
    let screen = session.command("dir");
    assert!(screen.contains("COMMAND  COM") && screen.contains("bytes free"), "{screen}");
}

#[test]
fn a_file_copied_in_freedos_is_there_after_a_restart() {
    let Some(disk) = disk("freedos-1.4MB.img") else { return };
    let mut first = Session::boot(&disk, Model::I80286);
    first.wait_for("A:\\>");
    let screen = first.command("copy readme.txt copied.txt");
    assert!(screen.contains("=> copied.txt"), "{screen}");
    let original = first.command("type readme.txt");
    drop(first);
    let mut second = Session::boot(&disk, Model::I8086);
    second.wait_for("A:\\>");
    let copied = second.command("type copied.txt");
    let body = |screen: &str| screen.lines().skip(2).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(body(&copied), body(&original));
    assert!(copied.len() > 50, "{copied}");
}

#[test]
fn freedos_2012_reports_its_memory() {
    let Some(mut session) = freedos("freedos-2012.img", Model::MAX) else { return };
    let screen = session.command("mem");
    // All but the 64 KiB of the ACPI tables.
    assert!(screen.contains("Conventional") && screen.contains("131,008K"), "{screen}");
}

/// Writes `text` into a new file with EDIT; `waiting` is what must hold while EDIT waits for keys.
pub(crate) fn edit_a_file(session: &mut Session, name: &str, text: &str, waiting: impl Fn(&Session) -> bool) {
    session.machine.type_text(&format!("edit {name}\n")).expect("plain text");
    session.wait_for("F1=Help");
    session.pass(1000);
    session.run_until("mode EDIT must wait in", &waiting);
    session.machine.type_text(text).expect("plain text");
    session.wait_for(text);
    session.press(&[Key::AltLeft, Key::F]);
    session.wait_for("Save");
    session.press(&[Key::S]);
    session.pass(3000);
    session.run_until("mode EDIT must wait in", &waiting);
    session.press(&[Key::AltLeft, Key::F]);
    session.wait_for("Exit");
    session.press(&[Key::X]);
    session.run_until("prompt", |s| s.screen().trim_end().ends_with("A:\\>"));
}

#[test]
fn edit_writes_a_file_that_type_shows() {
    let Some(mut session) = freedos("freedos-2012.img", Model::MAX) else { return };
    edit_a_file(&mut session, "hello.txt", "Hello from EDIT", |_| true);
    let screen = session.command("type hello.txt");
    assert!(screen.contains("Hello from EDIT"), "{screen}");
}

#[test]
fn mikeos_opens_its_program_list() {
    let Some(disk) = disk("mikeos.flp") else { return };
    let mut session = Session::boot(&disk, Model::MAX);
    session.wait_for("Thanks for trying out MikeOS!");
    session.type_text("\n");
    session.wait_for("FILEMAN.BIN");
}

/// Columns of the falling piece's cells: coloured, above the floor.
fn piece(session: &Session) -> Vec<usize> {
    let Some(screen) = session.machine.text_screen() else { return Vec::new() };
    let walls = 0x70;
    let cells = screen.cells.iter().take(12 * screen.columns).enumerate();
    let coloured = cells.filter(|(_, cell)| cell.attribute & 0x70 != 0 && cell.attribute & 0x70 != walls);
    coloured.map(|(n, _)| n % screen.columns).collect()
}

#[test]
fn tetros_moves_its_piece_by_the_arrow_keys() {
    let Some(disk) = disk("tetros.img") else { return };
    let mut session = Session::boot(&disk, Model::MAX);
    session.run_until("piece", |s| !piece(s).is_empty());
    let leftmost = |s: &Session| piece(s).into_iter().min();
    let before = leftmost(&session);
    session.press(&[Key::ArrowLeft]);
    session.press(&[Key::ArrowLeft]);
    session.run_until("piece further left", |s| leftmost(s).is_some_and(|now| Some(now) < before));
}

/// FreeDOS from power-on through a typed command, in slices of `slice` instructions.
fn typed_session(disk: &SharedDisk, block_limit: usize, slice: u64) -> (String, String) {
    const INSTRUCTIONS: u64 = 12_000_000;
    let mut session = Session::boot(disk, Model::MAX);
    session.machine.cpu_mut().set_block_limit(block_limit);
    session.machine.type_text("ver\ndir\n").expect("plain text");
    while session.machine.count() < INSTRUCTIONS {
        let limit = (session.machine.count() + slice).min(INSTRUCTIONS);
        assert_eq!(session.machine.run(limit, OnIdle::Jump), Stop::Limit);
    }
    (session.machine.state_hash().expect("a state encodes").to_string(), session.screen())
}

#[test]
fn the_same_input_gives_the_same_state_however_it_is_run() {
    let Some(disk) = disk("freedos-1.4MB.img") else { return };
    let (hash, screen) = typed_session(&disk, 48, u64::MAX >> 1);
    assert!(screen.contains("FreeCom version"), "{screen}");
    for _ in 0..9 {
        assert_eq!(typed_session(&disk, 48, u64::MAX >> 1).0, hash);
    }
    assert_eq!(typed_session(&disk, 48, 12_347).0, hash, "in slices");
    assert_eq!(typed_session(&disk, 1, u64::MAX >> 1).0, hash, "with blocks of one instruction");
    assert_eq!(typed_session(&disk, 1, 99_991).0, hash, "both");
}

#[test]
fn a_snapshot_goes_on_as_the_machine_did() {
    let Some(disk) = disk("freedos-1.4MB.img") else { return };
    let mut session = Session::boot(&disk, Model::MAX);
    assert_eq!(session.machine.run(3_000_000, OnIdle::Jump), Stop::Limit);
    let snapshot = session.machine.save().expect("a state encodes");
    assert_eq!(session.machine.run(7_000_000, OnIdle::Jump), Stop::Limit);
    let expected = session.machine.state_hash().expect("a state encodes");
    let mut other = Session::boot(&disk, Model::MAX);
    other.machine.load(&snapshot).expect("a machine of the same configuration");
    assert_eq!(other.machine.run(7_000_000, OnIdle::Jump), Stop::Limit);
    assert_eq!(other.machine.state_hash().expect("a state encodes"), expected);
}

#[test]
fn grub_reaches_its_menu_and_its_shell_lists_drives() {
    let Some(disk) = disk("grub-rescue-floppy.img") else { return };
    let mut session = Session::boot(&disk, Model::MAX);
    session.wait_for("GNU GRUB");
    session.wait_for("command-line");
    session.press(&[Key::C]);
    session.wait_for("grub>");
    for key in [Key::L, Key::S, Key::Enter] {
        session.press(&[key]);
    }
    session.wait_for("(fd0)");
}

#[test]
fn dosfsck_runs_under_cwsdpmi() {
    let Some(disk) = disk("freedos-2012.img") else { return };
    let mut session = Session::boot(&disk, Model::MAX);
    session.wait_for("A:\\>");
    session.machine.type_text("dosfsck a:\n").expect("plain text");
    session.wait_for("clusters");
}

/// A disk whose host file fails after so many writes.
struct FailingDisk {
    disk: SharedDisk,
    writes_left: u32,
}

impl BlockMedium for FailingDisk {
    fn len(&self) -> u64 {
        self.disk.len()
    }
    fn read_only(&self) -> bool {
        false
    }
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MediumError> {
        self.disk.read_at(offset, out)
    }
    fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<(), MediumError> {
        let Some(left) = self.writes_left.checked_sub(1) else {
            return Err(MediumError::Host { offset, kind: std::io::ErrorKind::StorageFull });
        };
        self.writes_left = left;
        self.disk.write_at(offset, data)
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        Ok(())
    }
}

#[test]
fn a_full_host_disk_reaches_guest_and_user() {
    let Some(disk) = disk("freedos-1.4MB.img") else { return };
    let failing = FailingDisk { disk, writes_left: 20 };
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(failing));
    let machine = Machine::new(Config::default(), media).expect("the configuration is sound");
    let mut session = Session { machine };
    session.wait_for("A:\\>");
    session.machine.type_text("copy command.com copied.com\n").expect("plain text");
    session.run_until("error message of DOS", |s| {
        let screen = s.screen().to_lowercase();
        screen.contains("abort") || screen.contains("error")
    });
    let warnings = session.machine.take_disk_warnings();
    assert!(
        matches!(warnings[..], [MediumError::Host { kind: std::io::ErrorKind::StorageFull, .. }, ..]),
        "{warnings:?}"
    );
}

#[test]
fn a_guest_that_works_on_what_was_typed_does_not_wait() {
    let Some(mut session) = freedos("freedos-2012.img", Model::MAX) else { return };
    session.type_text("find \"DOS\" autoexec.bat\n");
    let screen = session.screen();
    assert!(screen.trim_end().ends_with("A:\\>") && screen.contains("AUTOEXEC.BAT"), "{screen}");
}
