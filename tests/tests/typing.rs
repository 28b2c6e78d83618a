//! Text typed at guests of other countries' keyboards, and at guests that do not use our BIOS, arrives as it was written.

use ringzero_machine::{Layout, Model};
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

#[test]
fn every_layout_types_what_is_written() {
    for (layout, language, own) in [
        (Layout::Us, "us", ""),
        (Layout::De, "gr", "äöüÄÖÜß§°²µ"),
        (Layout::Fr, "fr", "éèçàù§£µ°²"),
        (Layout::Uk, "uk", "£"),
    ] {
        let Some(mut session) = freedos(language) else { return };
        let ascii: String = ('!'..='~').collect();
        for text in [&ascii[..47], &ascii[47..], own, "C:\\>echo \"{[|]}~ @"] {
            let seen = arrived(&mut session, layout, text);
            if seen != text {
                println!("{language}: {text} -> {seen}");
            }
            session.machine.type_text("\u{1b}").unwrap();
            session.machine.type_text("\n").unwrap();
            session.run_until("prompt", |s| s.machine.is_typing_done() && s.machine.waits_for_key());
        }
    }
}
