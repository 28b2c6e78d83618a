use super::*;
use crate::live::{Activity, DiskAct};
use crate::shelf::DrawerState;

fn status() -> Status {
    let images = vec!["a.img".to_owned(), "b.img".to_owned()];
    let floppy = DrawerState { drawer: Drawer::Floppy(0), full: true, images, current: Some(0) };
    let empty = DrawerState { drawer: Drawer::Floppy(1), full: false, images: vec![], current: None };
    Status { drawers: vec![floppy, empty], ..Status::default() }
}

fn with_palette<T>(page: Page, test: impl FnOnce(&mut Palette, Facts<'_>) -> T) -> T {
    let (status, looks) = (status(), Looks::default());
    let facts = Facts { status: &status, looks: &looks, has_mouse: false };
    test(&mut Palette::open(page, facts), facts)
}

fn text(text: &str) -> Press {
    Press::Text(text.to_owned())
}

#[test]
fn typing_finds_entries_and_enter_does_the_first() {
    with_palette(Page::Main, |palette, facts| {
        palette.press(text("scr"), facts);
        assert_eq!(palette.entries()[0].label, "Screenshot");
        assert_eq!(palette.press(Press::Enter, facts), Outcome::Does(Act::Machine(Control::Screenshot)));
    });
}

#[test]
fn arrows_go_round() {
    with_palette(Page::Main, |palette, facts| {
        palette.press(Press::Up, facts);
        assert_eq!(palette.selected(), palette.entries().len() - 1);
        palette.press(Press::Down, facts);
        assert_eq!(palette.selected(), 0);
    });
}

#[test]
fn escape_erases_goes_back_and_closes() {
    with_palette(Page::Main, |palette, facts| {
        palette.press(text("speed"), facts);
        palette.press(Press::Enter, facts);
        assert_eq!((palette.title(), palette.input()), ("Speed".to_owned(), ""));
        palette.press(text("128"), facts);
        assert_eq!(palette.press(Press::Back, facts), Outcome::Stays);
        assert_eq!(palette.input(), "");
        assert_eq!(palette.press(Press::Back, facts), Outcome::Stays);
        assert_eq!(palette.title(), "RingZero");
        assert_eq!(palette.press(Press::Back, facts), Outcome::Closes);
    });
}

#[test]
fn a_drive_page_ejects_and_offers_the_images_of_its_pile() {
    with_palette(Page::Drive(Drawer::Floppy(0)), |palette, facts| {
        let acts: Vec<Act> = palette.entries().iter().map(|entry| entry.act.clone()).collect();
        let act = |act| Act::Machine(Control::Drive(Drawer::Floppy(0), act));
        let wanted = [
            act(DiskAct::Eject),
            Act::Open(Page::File(Drawer::Floppy(0))),
            Act::Nothing,
            act(DiskAct::Choose(1)),
        ];
        assert_eq!(acts, wanted);
        assert_eq!(palette.choose(2, facts), Outcome::Stays);
    });
}

#[test]
fn a_drive_that_is_not_there_is_not_offered() {
    with_palette(Page::Main, |palette, _| {
        assert!(palette.entries().iter().all(|entry| !entry.label.contains("Drive B")));
    });
}

#[test]
fn the_page_of_keys_can_send_the_menus_own() {
    with_palette(Page::Keys, |palette, facts| {
        palette.press(text("f12"), facts);
        let stroke = Control::Stroke(vec![ringzero_machine::Key::F12]);
        assert_eq!(palette.press(Press::Enter, facts), Outcome::Does(Act::Machine(stroke)));
    });
}

#[test]
fn entries_say_what_they_would_do_now() {
    let looks = Looks { full_screen: true, ..Looks::default() };
    let status = Status { activity: Activity::Paused, recording: true, ..status() };
    let palette = Palette::open(Page::Main, Facts { status: &status, looks: &looks, has_mouse: true });
    for label in
        ["Go on", "Stop recording", "Leave full screen", "Take the mouse back", "Show the status line"]
    {
        assert!(palette.entries().iter().any(|entry| entry.label == label), "{label}");
    }
}

#[test]
fn nothing_found_does_nothing() {
    with_palette(Page::Main, |palette, facts| {
        palette.press(text("zzz"), facts);
        assert!(palette.entries().is_empty());
        for press in [Press::Enter, Press::Up, Press::Down, Press::PageDown, Press::Last, Press::Complete] {
            assert_eq!(palette.press(press, facts), Outcome::Stays);
        }
    });
}

#[test]
fn an_image_that_two_drives_could_take_is_asked_about() {
    let path = std::env::temp_dir().join(format!("ringzero-dropped-{}.img", std::process::id()));
    std::fs::write(&path, vec![0; 737_280]).unwrap();
    let mut status = status();
    status.drawers[1].full = true;
    let cd = DrawerState { drawer: Drawer::Cd(0), full: false, images: vec![], current: None };
    status.drawers.push(cd);
    let looks = Looks::default();
    let facts = Facts { status: &status, looks: &looks, has_mouse: false };
    let palette = Palette::open(Page::Drop(path.clone()), facts);
    std::fs::remove_file(&path).unwrap();
    let acts: Vec<Act> = palette.entries().iter().map(|entry| entry.act.clone()).collect();
    let into = |drive| {
        let act = DiskAct::Insert(path.clone());
        Act::Machine(Control::Drive(Drawer::Floppy(drive), act))
    };
    assert_eq!(acts, [into(0), into(1)]);
}
