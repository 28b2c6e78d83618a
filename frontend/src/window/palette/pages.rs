//! What the menu's pages offer.

use super::{Act, Entry, Facts, Own, Page};
use crate::live::{Activity, Control, DiskAct, Sound};
use crate::looks::{Aspect, Filter};
use crate::pace::Pace;
use crate::shelf::{Drawer, DrawerState};
use ringzero_machine::Key;
use std::path::Path;

/// Rates that can be chosen: from an early PC to what no host reaches.
const RATES: [u32; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// What stands above a page.
pub(super) fn title(page: &Page) -> String {
    match page {
        Page::Main => "RingZero".to_owned(),
        Page::Drive(drawer) => capitalised(drawer.name()),
        Page::File(drawer) => format!("Image for {}", drawer.name()),
        Page::Drop(path) => format!("{} goes into", path.display()),
        Page::Speed => "Speed".to_owned(),
        Page::Filter => "Scaling".to_owned(),
        Page::Keys => "Keys for the guest".to_owned(),
    }
}

/// A page's entries.
pub(super) fn entries(page: &Page, facts: Facts<'_>) -> Vec<Entry> {
    match page {
        Page::Main => main(facts),
        Page::Drive(drawer) => drive(*drawer, facts),
        Page::File(_) => Vec::new(),
        Page::Drop(path) => drop(path, facts),
        Page::Speed => speed(facts),
        Page::Filter => filters(facts),
        Page::Keys => keys(),
    }
}

fn entry(label: impl Into<String>, note: impl Into<String>, act: Act) -> Entry {
    Entry { label: label.into(), note: note.into(), act }
}

fn machine(label: &str, note: &str, control: Control) -> Entry {
    entry(label, note, Act::Machine(control))
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn mark(set: bool) -> &'static str {
    if set { "now" } else { "" }
}

fn main(facts: Facts<'_>) -> Vec<Entry> {
    let status = facts.status;
    let paused = status.activity == Activity::Paused;
    let mut entries: Vec<Entry> = shown(&status.drawers).map(drawer).collect();
    entries.extend([
        machine(if paused { "Go on" } else { "Pause" }, "Ctrl-Alt-P", Control::TogglePause),
        machine("Reset", "Ctrl-Alt-R", Control::Reset),
        machine("Power button", "", Control::Power),
        machine("Save state", "in memory", Control::Save),
        match status.saved {
            true => machine("Load state", "", Control::Restore),
            false => entry("Load state", "none saved yet", Act::Nothing),
        },
        entry("Speed…", speed_note(facts), Act::Open(Page::Speed)),
        machine("Screenshot", "Ctrl-Alt-S", Control::Screenshot),
        machine(
            if status.recording { "Stop recording" } else { "Record the picture" },
            "Ctrl-Alt-V",
            Control::ToggleRecording,
        ),
    ]);
    entries.extend(of_the_window(facts));
    entries.extend([
        entry("Send keys…", "Ctrl-Alt-Del, F12, …", Act::Open(Page::Keys)),
        entry("Quit", "Ctrl-Alt-Q", Act::Window(Own::Quit)),
    ]);
    entries
}

/// How the window shows and hears.
fn of_the_window(facts: Facts<'_>) -> [Entry; 5] {
    [
        entry("Scaling…", filter_name(facts.looks.filter), Act::Open(Page::Filter)),
        entry(
            if facts.looks.full_screen { "Leave full screen" } else { "Full screen" },
            "F11",
            Act::Window(Own::FullScreen),
        ),
        entry(
            if facts.has_mouse { "Take the mouse back" } else { "Give the guest the mouse" },
            "Ctrl-Alt-G",
            Act::Window(Own::Mouse),
        ),
        sound(facts.status.sound),
        entry(
            if facts.looks.status_line { "Hide the status line" } else { "Show the status line" },
            "",
            Act::Window(Own::StatusLine),
        ),
    ]
}

/// Drive B is there only when something was put into it from the start.
fn shown(drawers: &[DrawerState]) -> impl Iterator<Item = &DrawerState> {
    drawers.iter().filter(|state| state.drawer != Drawer::Floppy(1) || state.full || !state.images.is_empty())
}

fn image_name(state: &DrawerState) -> &str {
    let name = state.current.and_then(|index| state.images.get(index)).map(String::as_str);
    match (state.full, name) {
        (false, _) => "empty",
        (true, Some(name)) => name,
        (true, None) => "a disk",
    }
}

fn drawer(state: &DrawerState) -> Entry {
    entry(
        format!("{}…", capitalised(state.drawer.name())),
        image_name(state),
        Act::Open(Page::Drive(state.drawer)),
    )
}

fn sound(sound: Sound) -> Entry {
    match sound {
        Sound::None => entry("Sound off", "nobody listens (--audio)", Act::Nothing),
        Sound::Muted => machine("Sound on", "", Control::ToggleMute),
        Sound::Silent | Sound::Playing => machine("Sound off", "", Control::ToggleMute),
    }
}

fn drive(drawer: Drawer, facts: Facts<'_>) -> Vec<Entry> {
    let Some(state) = facts.status.drawers.iter().find(|state| state.drawer == drawer) else {
        return Vec::new();
    };
    let act = |act| Act::Machine(Control::Drive(drawer, act));
    let mut entries = Vec::new();
    if state.full {
        entries.push(entry("Eject", image_name(state), act(DiskAct::Eject)));
    }
    entries.push(entry("Insert an image…", "", Act::Open(Page::File(drawer))));
    for (index, name) in state.images.iter().enumerate() {
        let inside = state.current == Some(index);
        entries.push(match inside {
            true => entry(name, "in the drive", Act::Nothing),
            false => entry(name, "", act(DiskAct::Choose(index))),
        });
    }
    entries
}

fn drop(path: &Path, facts: Facts<'_>) -> Vec<Entry> {
    let fits = |state: &&DrawerState| {
        let fitting = crate::shelf::fitting(path);
        matches!(
            (state.drawer, fitting),
            (Drawer::Floppy(_), Ok(Drawer::Floppy(_))) | (Drawer::Cd(_), Ok(Drawer::Cd(_)))
        )
    };
    let into = |state: &DrawerState| {
        let act = Control::Drive(state.drawer, DiskAct::Insert(path.to_owned()));
        entry(capitalised(state.drawer.name()), image_name(state), Act::Machine(act))
    };
    shown(&facts.status.drawers).filter(fits).map(into).collect()
}

fn speed_note(facts: Facts<'_>) -> String {
    let rate = facts.status.rate.map_or_else(|| "this host's".to_owned(), |mips| format!("{mips} MIPS"));
    match facts.status.pace {
        Pace::REAL => rate,
        pace => format!("{rate}, {pace}"),
    }
}

fn speed(facts: Facts<'_>) -> Vec<Entry> {
    let rate = |rate: Option<u32>| {
        let label = rate.map_or_else(|| "As fast as this host can".to_owned(), |mips| format!("{mips} MIPS"));
        entry(label, mark(facts.status.rate == rate), Act::Machine(Control::Rate(rate)))
    };
    let pace = |pace: Pace| {
        let label = format!("Clock at {pace}");
        entry(label, mark(facts.status.pace == pace), Act::Machine(Control::Pace(pace)))
    };
    let rates = [None].into_iter().chain(RATES.map(Some)).map(rate);
    rates.chain(Pace::ALL.map(pace)).collect()
}

fn filter_name(filter: Filter) -> &'static str {
    Filter::ALL.iter().find(|(other, _)| *other == filter).map_or("", |(_, name)| name)
}

fn filters(facts: Facts<'_>) -> Vec<Entry> {
    let looks = facts.looks;
    let filter = |(filter, name): (Filter, &'static str)| {
        entry(capitalised(name), mark(looks.filter == filter), Act::Window(Own::Filter(filter)))
    };
    let aspect = |(aspect, name): (Aspect, &'static str)| {
        entry(name, mark(looks.aspect == aspect), Act::Window(Own::Aspect(aspect)))
    };
    let aspects = [(Aspect::Auto, "The monitor's shape, 4:3"), (Aspect::Square, "Square pixels")];
    Filter::ALL.map(filter).into_iter().chain(aspects.map(aspect)).collect()
}

fn keys() -> Vec<Entry> {
    use Key::{AltLeft as Alt, ControlLeft as Ctrl};
    let strokes: [(&str, &[Key]); 20] = [
        ("Ctrl-Alt-Del", &[Ctrl, Alt, Key::Delete]),
        ("Alt-F4", &[Alt, Key::F4]),
        ("Alt-Tab", &[Alt, Key::Tab]),
        ("Alt-Enter", &[Alt, Key::Enter]),
        ("Ctrl-Esc", &[Ctrl, Key::Escape]),
        ("Ctrl-Break", &[Ctrl, Key::Pause]),
        ("F11", &[Key::F11]),
        ("F12", &[Key::F12]),
        ("Print Screen", &[Key::PrintScreen]),
        ("Alt-SysRq", &[Alt, Key::PrintScreen]),
        ("Pause", &[Key::Pause]),
        ("Scroll Lock", &[Key::ScrollLock]),
        ("Left Windows key", &[Key::MetaLeft]),
        ("Menu key", &[Key::Menu]),
        ("Ctrl-Alt-Backspace", &[Ctrl, Alt, Key::Backspace]),
        ("Ctrl-Alt-F1", &[Ctrl, Alt, Key::F1]),
        ("Ctrl-Alt-F2", &[Ctrl, Alt, Key::F2]),
        ("Ctrl-Alt-F3", &[Ctrl, Alt, Key::F3]),
        ("Ctrl-Alt-F4", &[Ctrl, Alt, Key::F4]),
        ("Ctrl-Alt-F7", &[Ctrl, Alt, Key::F7]),
    ];
    let stroke = |(name, keys): (&str, &[Key])| machine(name, "", Control::Stroke(keys.to_vec()));
    strokes.into_iter().map(stroke).collect()
}
