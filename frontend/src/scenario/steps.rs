//! The steps of a scenario: one action each, and what modifies it.

use super::keys;
use super::reader::{Entry, Reader, Span, entries};
use super::search::{Search, stays_inside};
use super::typing;
use crate::cli::values::Pattern;
use ringzero_machine::{Key, Layout, MouseButton};
use std::path::PathBuf;
use toml::de::{DeTable, DeValue};

/// A step.
#[derive(Debug)]
pub(crate) struct Step {
    /// Where its action's key stands.
    pub(crate) span: Span,
    /// Virtual nanoseconds that it may take.
    pub(crate) within: Option<u64>,
    pub(crate) action: Action,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Action {
    WaitScreen(Pattern),
    WaitSerial {
        pattern: Pattern,
        port: usize,
    },
    /// Until the picture has not changed for so many virtual nanoseconds.
    WaitPixels(u64),
    /// Until the guest has waited for input for so many virtual nanoseconds.
    WaitIdle(u64),
    Type {
        text: String,
        layout: Layout,
    },
    Keys(Vec<Vec<Key>>),
    Mouse(Vec<MouseAction>),
    SendSerial {
        bytes: Vec<u8>,
        port: usize,
    },
    Insert {
        drive: Drive,
        image: PathBuf,
    },
    Eject(Drive),
    /// Virtual nanoseconds.
    Sleep(u64),
    Screenshot(Golden),
    DumpMemory {
        address: u64,
        length: usize,
        file: PathBuf,
    },
    AssertMemory {
        address: u64,
        bytes: Vec<u8>,
    },
    AssertScreen(Pattern),
    AssertNotScreen(Pattern),
    Reset,
    PowerButton,
    Snapshot(String),
    Restore(String),
}

/// A picture to compare with.
#[derive(Debug)]
pub(crate) struct Golden {
    pub(crate) path: PathBuf,
    /// Largest share of pixels that may differ.
    pub(crate) tolerance: f64,
    /// The part that counts: left, top, width, height.
    pub(crate) area: Option<[usize; 4]>,
}

/// Something done with the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MouseAction {
    Move { right: i32, down: i32 },
    Wheel(i32),
    Button(MouseButton, bool),
}

/// A drive whose disk can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drive {
    Floppy(usize),
    /// The first CD-ROM drive.
    Cd,
}

/// Drives by name.
pub(crate) const DRIVES: &[(&str, Drive)] =
    &[("a", Drive::Floppy(0)), ("b", Drive::Floppy(1)), ("cd", Drive::Cd)];

const BUTTONS: &[(&str, MouseButton)] =
    &[("left", MouseButton::Left), ("right", MouseButton::Right), ("middle", MouseButton::Middle)];

/// Every action, and the keys that may stand beside it.
const ACTIONS: &[(&str, &[&str])] = &[
    ("wait_screen", &["within"]),
    ("wait_serial", &["within", "port"]),
    ("wait_pixels", &["within"]),
    ("wait_idle", &["within"]),
    ("type", &["within", "layout"]),
    ("keys", &[]),
    ("mouse", &[]),
    ("send_serial", &["within", "port"]),
    ("insert", &[]),
    ("eject", &[]),
    ("sleep", &[]),
    ("screenshot", &["tolerance", "area"]),
    ("dump_memory", &[]),
    ("assert_memory", &[]),
    ("assert_screen", &[]),
    ("assert_not_screen", &[]),
    ("reset", &[]),
    ("power_button", &[]),
    ("snapshot", &[]),
    ("restore", &[]),
];

/// Longest time that a step may name, in seconds.
const LONGEST: f64 = 1e6;
/// How long a picture must stand still, and a guest wait, where the step does not say: one virtual second.
const SETTLED_NS: u64 = 1_000_000_000;
/// Most bytes of memory that a step reads.
const MOST_MEMORY: u64 = 1 << 30;
/// Largest physical address.
const MOST_ADDRESS: u64 = (1 << 52) - 1;

/// Reads a step; `header` is where its table begins.
pub(crate) fn read(
    reader: &mut Reader,
    table: &DeTable<'_>,
    header: Span,
    search: &Search<'_>,
) -> Option<Step> {
    let entries = entries(table);
    let action_of = |entry: &Entry<'_>| ACTIONS.iter().find(|(name, _)| *name == entry.key);
    let actions: Vec<Entry<'_>> =
        entries.iter().copied().filter(|entry| action_of(entry).is_some()).collect();
    let allowed = actions.first().and_then(action_of).map_or(&[][..], |(_, modifiers)| modifiers);
    let mut sound = true;
    for entry in entries.iter().filter(|entry| action_of(entry).is_none() && !allowed.contains(&entry.key)) {
        sound = false;
        stray(reader, *entry, actions.first().copied(), allowed);
    }
    if let [first, second, ..] = actions[..] {
        let message =
            format!("two actions in one step, {:?} and {:?}; give each its [[step]]", first.key, second.key);
        reader.wrong(second.key_span(), message);
        return None;
    }
    let Some(&entry) = actions.first() else {
        if sound {
            let names: Vec<&str> = ACTIONS.iter().map(|(name, _)| *name).collect();
            reader.wrong(header, format!("this step does nothing; it needs one of {}", names.join(", ")));
        }
        return None;
    };
    let beside = entries.into_iter().filter(|entry| allowed.contains(&entry.key)).collect();
    let mut step = StepReader { reader, search, beside };
    let (action, within) = (step.action(entry), step.within());
    Some(Step { span: entry.key_span(), within: within?, action: action? })
}

/// A key that is no action and does not go with the one there is.
fn stray(reader: &mut Reader, entry: Entry<'_>, action: Option<Entry<'_>>, allowed: &[&str]) {
    let all_modifiers = || ACTIONS.iter().flat_map(|(_, modifiers)| modifiers.iter().copied());
    if let Some(action) = action.filter(|_| all_modifiers().any(|modifier| modifier == entry.key)) {
        let message = format!("{:?} does not go with {:?}", entry.key, action.key);
        return reader.wrong(entry.key_span(), message);
    }
    let names: Vec<&str> = match action {
        Some(_) => allowed.to_vec(),
        None => ACTIONS.iter().map(|(name, _)| *name).collect(),
    };
    match action {
        Some(action) if names.is_empty() => {
            let message = format!("unknown key {:?}; nothing goes with {:?}", entry.key, action.key);
            reader.wrong(entry.key_span(), message);
        }
        Some(action) => reader.unknown(entry, &format!("a {} step", action.key), &names),
        None => {
            let hint = super::error::hint(entry.key, names.iter().copied());
            reader.wrong(entry.key_span(), format!("unknown step {:?}; {hint}", entry.key));
        }
    }
}

/// A step being read.
struct StepReader<'r, 's, 'a> {
    reader: &'r mut Reader,
    search: &'s Search<'s>,
    beside: Vec<Entry<'a>>,
}

impl<'a> StepReader<'_, '_, 'a> {
    fn modifier(&self, name: &str) -> Option<Entry<'a>> {
        self.beside.iter().copied().find(|entry| entry.key == name)
    }

    fn within(&mut self) -> Option<Option<u64>> {
        match self.modifier("within") {
            Some(entry) => self.reader.seconds(entry, LONGEST).map(Some),
            None => Some(None),
        }
    }

    /// COM1 or COM2, as an index.
    fn port(&mut self) -> Option<usize> {
        let Some(entry) = self.modifier("port") else { return Some(0) };
        self.reader.integer(entry, 1..=2).map(|port| usize::from(port == 2))
    }

    fn action(&mut self, entry: Entry<'a>) -> Option<Action> {
        Some(match entry.key {
            "wait_screen" => Action::WaitScreen(self.reader.pattern(entry)?),
            "assert_screen" => Action::AssertScreen(self.reader.pattern(entry)?),
            "assert_not_screen" => Action::AssertNotScreen(self.reader.pattern(entry)?),
            "wait_serial" => {
                let (pattern, port) = (self.reader.pattern(entry), self.port());
                Action::WaitSerial { pattern: pattern?, port: port? }
            }
            "wait_pixels" => Action::WaitPixels(self.settled(entry)?),
            "wait_idle" => Action::WaitIdle(self.settled(entry)?),
            "type" => self.typed(entry)?,
            "keys" => Action::Keys(self.chords(entry)?),
            "mouse" => Action::Mouse(self.mouse(entry)?),
            "send_serial" => {
                let (text, port) = (self.reader.text(entry), self.port());
                Action::SendSerial { bytes: text?.as_bytes().to_vec(), port: port? }
            }
            "insert" => self.insert(entry)?,
            "eject" => Action::Eject(self.reader.word(entry, DRIVES)?),
            "sleep" => Action::Sleep(self.reader.seconds(entry, LONGEST)?),
            "screenshot" => Action::Screenshot(self.golden(entry)?),
            "dump_memory" => self.dump_memory(entry)?,
            "assert_memory" => self.assert_memory(entry)?,
            "reset" => self.reader.flag(entry).map(|()| Action::Reset)?,
            "power_button" => self.reader.flag(entry).map(|()| Action::PowerButton)?,
            "snapshot" => Action::Snapshot(self.reader.text(entry)?.to_owned()),
            _ => Action::Restore(self.reader.text(entry)?.to_owned()),
        })
    }

    /// `true`, or seconds.
    fn settled(&mut self, entry: Entry<'_>) -> Option<u64> {
        match entry.value.get_ref() {
            DeValue::Boolean(_) => self.reader.flag(entry).map(|()| SETTLED_NS),
            _ => self.reader.seconds(entry, LONGEST),
        }
    }

    fn typed(&mut self, entry: Entry<'_>) -> Option<Action> {
        let text = self.reader.text(entry)?.replace("\r\n", "\n");
        let layout = match self.modifier("layout") {
            Some(entry) => self.reader.word(entry, typing::LAYOUTS)?,
            None => Layout::default(),
        };
        self.reader.accept(entry.span(), typing::check(layout, &text))?;
        Some(Action::Type { text, layout })
    }

    fn chords(&mut self, entry: Entry<'_>) -> Option<Vec<Vec<Key>>> {
        let entries = self.reader.one_or_more(entry);
        let chords: Vec<Option<Vec<Key>>> = entries
            .into_iter()
            .map(|entry| {
                let text = self.reader.string_or(entry, "keys such as \"ctrl-alt-delete\"")?;
                self.reader.accept(entry.span(), keys::chord(text))
            })
            .collect();
        chords.into_iter().collect::<Option<Vec<_>>>().filter(|chords| !chords.is_empty())
    }

    fn mouse(&mut self, entry: Entry<'_>) -> Option<Vec<MouseAction>> {
        const KEYS: &[&str] = &["move", "wheel", "click", "double_click", "press", "release", "button"];
        let table = self.reader.table(entry, "a table such as { move = [10, 0] }")?;
        let mut actions = Vec::new();
        for entry in entries(table) {
            match entry.key {
                "move" => {
                    let [right, down] = self.reader.array(entry, "two counts, [right, down]")?;
                    let (right, down) = (self.reader.counts(right), self.reader.counts(down));
                    // Motion comes before buttons, whatever the order of keys.
                    actions.insert(0, MouseAction::Move { right: right?, down: down? });
                }
                "wheel" => actions.push(MouseAction::Wheel(self.reader.counts(entry)?)),
                "click" => actions.extend(click(self.button(entry)?)),
                "double_click" => {
                    let button = self.button(entry)?;
                    actions.extend(click(button).into_iter().chain(click(button)));
                }
                "press" | "button" => actions.push(MouseAction::Button(self.button(entry)?, true)),
                "release" => actions.push(MouseAction::Button(self.button(entry)?, false)),
                _ => {
                    self.reader.unknown(entry, "mouse", KEYS);
                    return None;
                }
            }
        }
        if actions.is_empty() {
            self.reader.wrong(entry.span(), format!("\"mouse\" does nothing; there are {}", KEYS.join(", ")));
            return None;
        }
        Some(actions)
    }

    fn button(&mut self, entry: Entry<'_>) -> Option<MouseButton> {
        self.reader.word(entry, BUTTONS)
    }

    /// The entries of an action's table, in the order of `names`; the first `needed` must be there.
    fn fields<const N: usize>(
        &mut self,
        entry: Entry<'a>,
        names: [&str; N],
        needed: usize,
    ) -> Option<[Option<Entry<'a>>; N]> {
        let wanted = format!("a table with {}", names.join(", "));
        let mut found = [None; N];
        let mut sound = true;
        for field in entries(self.reader.table(entry, &wanted)?) {
            match names.iter().position(|name| *name == field.key) {
                Some(n) => found[n] = Some(field),
                None => {
                    self.reader.unknown(field, entry.key, &names);
                    sound = false;
                }
            }
        }
        for (name, _) in names.iter().zip(&found).take(needed).filter(|(_, field)| field.is_none()) {
            self.reader.wrong(entry.key_span(), format!("{:?} needs {name:?}", entry.key));
            sound = false;
        }
        sound.then_some(found)
    }

    fn insert(&mut self, entry: Entry<'a>) -> Option<Action> {
        let [drive, image] = self.fields(entry, ["drive", "image"], 2)?;
        let (drive, image) = (drive?, image?);
        let place = self.reader.word(drive, DRIVES);
        let found = self.search.image(self.reader.text(image)?);
        Some(Action::Insert { image: self.reader.accept(image.span(), found)?, drive: place? })
    }

    fn golden(&mut self, entry: Entry<'a>) -> Option<Golden> {
        let name = self.reader.text(entry)?;
        if !name.to_ascii_lowercase().ends_with(".png") {
            self.reader.wrong(entry.span(), format!("{name:?} must end in .png, the one format of pictures"));
            return None;
        }
        let tolerance = match self.modifier("tolerance") {
            Some(entry) => self.reader.share(entry)?,
            None => 0.0,
        };
        let area = match self.modifier("area") {
            Some(entry) => Some(self.area(entry)?),
            None => None,
        };
        Some(Golden { path: self.search.beside(name), tolerance, area })
    }

    fn area(&mut self, entry: Entry<'a>) -> Option<[usize; 4]> {
        let values: [Entry<'a>; 4] = self.reader.array(entry, "four numbers, [left, top, width, height]")?;
        let numbers = [0, 1, 2, 3].map(|n| self.reader.integer(values[n], u64::from(n > 1)..=16_384));
        let [left, top, width, height] = numbers.map(|number| number.map(|number| number as usize));
        Some([left?, top?, width?, height?])
    }

    fn address(&mut self, entry: Entry<'a>) -> Option<u64> {
        self.reader.integer(entry, 0..=MOST_ADDRESS)
    }

    fn dump_memory(&mut self, entry: Entry<'a>) -> Option<Action> {
        let [address, length, file] = self.fields(entry, ["address", "length", "file"], 3)?;
        let (address, file) = (self.address(address?), file?);
        let length = self.reader.integer(length?, 1..=MOST_MEMORY);
        let name = self.reader.text(file)?;
        if !stays_inside(name) {
            let message = format!("{name:?} leads out of the folder of --output; use a plain name");
            self.reader.wrong(file.span(), message);
            return None;
        }
        Some(Action::DumpMemory { address: address?, length: length? as usize, file: name.into() })
    }

    fn assert_memory(&mut self, entry: Entry<'a>) -> Option<Action> {
        let [address, bytes, text] = self.fields(entry, ["address", "bytes", "text"], 1)?;
        let address = self.address(address?);
        let bytes = match (bytes, text) {
            (Some(bytes), None) => {
                let digits = self.reader.text(bytes)?;
                self.reader.accept(bytes.span(), hexadecimal(digits))?
            }
            (None, Some(text)) => self.reader.text(text)?.as_bytes().to_vec(),
            _ => {
                self.reader.wrong(entry.key_span(), "\"assert_memory\" needs either \"bytes\" or \"text\"");
                return None;
            }
        };
        Some(Action::AssertMemory { address: address?, bytes })
    }
}

fn click(button: MouseButton) -> [MouseAction; 2] {
    [MouseAction::Button(button, true), MouseAction::Button(button, false)]
}

/// Bytes as pairs of hexadecimal digits, perhaps with spaces between.
fn hexadecimal(text: &str) -> Result<Vec<u8>, String> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect();
    match digits {
        Some(digits) if digits.len().is_multiple_of(2) && !digits.is_empty() => {
            Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        }
        _ => {
            Err(format!("{text:?} is no row of bytes; write pairs of hexadecimal digits, such as \"55 aa\""))
        }
    }
}
