//! Text typed at guests of other countries' keyboards, and at guests that do not use our BIOS, arrives as it was written.

use ringzero_machine::kernel::{Initrd, Kernel};
use ringzero_machine::storage::MemoryMedium;
use ringzero_machine::{Config, Layout, Media, Model};
use ringzero_tests::pc::{BOCHS, INSTALLER, OURS, PATIENCE, boot, guest, package_file};
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
    let Some(image) = package_file(&format!("{INSTALLER}/linux")) else { return };
    let Some(data) = package_file(&format!("{INSTALLER}/initrd.gz")) else { return };
    let kernel = Kernel {
        image: image.into(),
        initrds: vec![Initrd { data: data.into(), command_line: String::new() }],
        command_line: "rdinit=/bin/sh console=tty0 quiet".to_owned(),
        ..Kernel::default()
    };
    let config = Config { memory: 512 << 20, kernel: Some(kernel), ..Config::default() };
    let Some(mut session) = boot(&OURS, Media::default(), config) else { return };
    session.machine.type_text("echo $((6 * 7)) arrived\n").unwrap();
    session.run_within(PATIENCE, "an answer", |s| s.screen().contains("42 arrived"));
}

#[test]
fn dos_is_typed_at_when_the_bios_is_not_ours() {
    let Some(image) = guest("freedos-1.4MB.img") else { return };
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(MemoryMedium::new(image)));
    let Some(mut session) = boot(&BOCHS, media, Config::default()) else { return };
    session.machine.type_text("echo a b~c\n").unwrap();
    session.run_within(PATIENCE, "an answer", |s| s.screen().lines().any(|line| line == "a b~c"));
}
