//! Text typed at guests of other countries' keyboards, and at guests that do not use our BIOS, arrives as it was written.

use ringzero_machine::storage::MemoryMedium;
use ringzero_machine::{Config, IdeMedia, Layout, Machine, Media, Model};
use ringzero_tests::session::Session;
use ringzero_tests::shared;

/// FreeDOS with MKEYB in the memory, at its prompt.
fn freedos(language: &str) -> Option<Session> {
    let image = shared::folder("guests/freedos-2012.img")?;
    let mut session = Session::boot_file(&image, Model::MAX);
    session.run_until("prompt", |s| s.screen().contains("A:\\>"));
    session.machine.type_text(&format!("mkeyb {language}\ncls\n")).unwrap();
    session.run_until("a clear screen", |s| {
        s.machine.is_typing_done() && s.machine.waits_for_key() && s.screen().trim() == "A:\\>"
    });
    Some(session)
}

/// What stands behind the prompt once `text` is typed.
fn arrived(session: &mut Session, layout: Layout, text: &str) -> String {
    session.machine.type_text_in(layout, text).unwrap();
    session.run_until("all text", |s| s.machine.is_typing_done() && s.machine.waits_for_key());
    let screen = session.screen();
    let line = screen.lines().rev().find(|line| line.starts_with("A:\\>")).unwrap_or_default();
    line.trim_start_matches("A:\\>").to_owned()
}

/// Characters of each layout besides ASCII that MKEYB's code page and tables have: its pound sign is that of another code
/// page, and it knows no section sign.
const OWN: [(Layout, &str, &str); 4] = [
    (Layout::Us, "us", ""),
    (Layout::De, "gr", "äöüÄÖÜß°µ"),
    (Layout::Fr, "fr", "éèçàù£µ°²"),
    (Layout::Uk, "uk", "¬"),
];

#[test]
fn every_layout_types_what_is_written() {
    let ascii: String = ('!'..='~').collect();
    let style = "C:\\>echo \"{[|]}~ @";
    for (layout, language, own) in OWN {
        let Some(mut session) = freedos(language) else { return };
        for text in [&ascii[..47], &ascii[47..], own, &format!("{style}{own}")] {
            assert_eq!(arrived(&mut session, layout, text), text, "{language}");
            session.machine.type_text("\u{1b}\n").unwrap();
            session.run_until("prompt", |s| s.machine.is_typing_done() && s.machine.waits_for_key());
        }
    }
}

#[test]
fn linux_is_typed_at_when_it_is_quiet() {
    let Some(image) = shared::folder("guests/linux-busybox-i386.img") else { return };
    let config = Config { memory: 64 << 20, ..Config::default() };
    let bytes = std::fs::read(image).unwrap();
    let media = Media {
        ide: [
            IdeMedia::Disk(Box::new(MemoryMedium::new(bytes))),
            IdeMedia::None,
            IdeMedia::None,
            IdeMedia::None,
        ],
        ..Media::default()
    };
    let mut session = Session { machine: Machine::new(config, media).unwrap() };
    session.machine.type_text("echo $((6 * 7)) arrived\n").unwrap();
    session.run_within(40_000_000_000, "an answer", |s| s.screen().contains("42 arrived"));
}
