//! The mouse in FreeDOS: its driver, and EDIT under its hand.

use ringzero_machine::{Config, Machine, Media, Model, MouseButton, SerialMouseKind};
use ringzero_tests::session::{Session, SharedDisk};
use ringzero_tests::shared;

/// FreeDOS with its mouse driver loaded, and what that said.
fn with_driver(cpu: Model) -> Option<(Session, String)> {
    let image = shared::folder("guests")?.join("freedos-2012.img");
    let bytes = std::fs::read(&image).unwrap_or_else(|e| panic!("{}: {e}", image.display()));
    let mut session = Session::boot(&SharedDisk::new(bytes), cpu);
    session.wait_for("A:\\>");
    let screen = session.command("ctmouse");
    Some((session, screen))
}

/// Moves slowly, as a driver that accelerates likes it.
fn move_slowly(session: &mut Session, steps: u32, right: i32, down: i32) {
    for _ in 0..steps {
        session.machine.mouse_move(right, down, 0);
        session.pass(20);
    }
}

#[test]
fn ctmouse_finds_the_mouse() {
    for cpu in [Model::I80286, Model::PENTIUM, Model::MAX] {
        let Some((_, screen)) = with_driver(cpu) else { return };
        assert!(screen.contains("Installed at PS/2 port"), "{}:\n{screen}", cpu.name);
    }
}

#[test]
fn a_click_opens_a_menu_of_edit() {
    let Some((mut session, _)) = with_driver(Model::MAX) else { return };
    session.machine.type_text("edit\n").unwrap();
    session.wait_for("F1=Help");
    session.pass(1000);
    assert!(!session.screen().contains("Open"), "{}", session.screen());
    // To the top left corner, then to "File" in the second line.
    move_slowly(&mut session, 20, -20, -20);
    move_slowly(&mut session, 4, 5, 3);
    session.machine.mouse_button(MouseButton::Left, true);
    session.pass(100);
    session.machine.mouse_button(MouseButton::Left, false);
    session.wait_for("Open");
}

/// FreeDOS on a machine whose only mouse is at COM1.
fn with_serial_mouse(kind: SerialMouseKind) -> Option<Session> {
    let image = shared::folder("guests")?.join("freedos-2012.img");
    let bytes = std::fs::read(&image).unwrap_or_else(|e| panic!("{}: {e}", image.display()));
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(SharedDisk::new(bytes)));
    let config = Config { mouse: false, serial_mouse: Some((0, kind)), ..Config::default() };
    let mut session = Session { machine: Machine::new(config, media).unwrap() };
    session.wait_for("A:\\>");
    Some(session)
}

#[test]
fn ctmouse_finds_a_serial_mouse_and_edit_follows_it() {
    for kind in [SerialMouseKind::ThreeButtons, SerialMouseKind::Wheel] {
        let Some(mut session) = with_serial_mouse(kind) else { return };
        let screen = session.command("ctmouse");
        assert!(screen.contains("COM1"), "{kind:?}:\n{screen}");
        session.machine.type_text("edit\n").unwrap();
        session.wait_for("F1=Help");
        session.pass(1000);
        move_slowly(&mut session, 20, -20, -20);
        move_slowly(&mut session, 4, 5, 3);
        session.machine.mouse_button(MouseButton::Left, true);
        session.pass(100);
        session.machine.mouse_button(MouseButton::Left, false);
        session.wait_for("Open");
    }
}
