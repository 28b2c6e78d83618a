//! Keys by name: "f2", "ctrl-alt-delete".

use super::error::hint;
use ringzero_machine::Key;
use ringzero_machine::keyboard::ALL_KEYS;

/// Names beside those that [`Key`] has.
const ALIASES: &[(&str, Key)] = &[
    ("ctrl", Key::ControlLeft),
    ("control", Key::ControlLeft),
    ("rctrl", Key::ControlRight),
    ("alt", Key::AltLeft),
    ("altgr", Key::AltRight),
    ("ralt", Key::AltRight),
    ("shift", Key::ShiftLeft),
    ("rshift", Key::ShiftRight),
    ("win", Key::MetaLeft),
    ("meta", Key::MetaLeft),
    ("super", Key::MetaLeft),
    ("esc", Key::Escape),
    ("return", Key::Enter),
    ("ret", Key::Enter),
    ("bksp", Key::Backspace),
    ("del", Key::Delete),
    ("ins", Key::Insert),
    ("pgup", Key::PageUp),
    ("pgdn", Key::PageDown),
    ("pagedn", Key::PageDown),
    ("up", Key::ArrowUp),
    ("down", Key::ArrowDown),
    ("left", Key::ArrowLeft),
    ("right", Key::ArrowRight),
    ("caps", Key::CapsLock),
    ("print", Key::PrintScreen),
    ("prtsc", Key::PrintScreen),
    ("sysrq", Key::PrintScreen),
    ("break", Key::Pause),
    ("plus", Key::NumpadAdd),
    ("dot", Key::Period),
    ("1", Key::Digit1),
    ("2", Key::Digit2),
    ("3", Key::Digit3),
    ("4", Key::Digit4),
    ("5", Key::Digit5),
    ("6", Key::Digit6),
    ("7", Key::Digit7),
    ("8", Key::Digit8),
    ("9", Key::Digit9),
    ("0", Key::Digit0),
];

/// The keys of a chord such as "ctrl-alt-delete", in the order they go down.
pub(crate) fn chord(text: &str) -> Result<Vec<Key>, String> {
    text.split(['-', '+']).map(key).collect()
}

fn key(name: &str) -> Result<Key, String> {
    let wanted: String = name.chars().filter(|&c| c != '_' && c != ' ').collect();
    let wanted = wanted.to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == wanted).map(|(_, key)| *key);
    let found = alias.or_else(|| ALL_KEYS.iter().copied().find(|key| own_name(*key) == wanted));
    found.ok_or_else(|| {
        let own: Vec<String> = ALL_KEYS.iter().map(|key| own_name(*key)).collect();
        let names = ALIASES.iter().map(|(alias, _)| *alias).chain(own.iter().map(String::as_str));
        match crate::nearest::nearest(&wanted, names.clone()) {
            Some(_) => format!("no key {name:?}; {}", hint(&wanted, names)),
            None => {
                format!("no key {name:?}; write a chord such as \"ctrl-alt-delete\", \"f2\" or \"enter\"")
            }
        }
    })
}

/// The name of a key as the library has it, in lower case.
fn own_name(key: Key) -> String {
    format!("{key:?}").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_read_in_order() {
        assert_eq!(chord("ctrl-alt-delete"), Ok(vec![Key::ControlLeft, Key::AltLeft, Key::Delete]));
        assert_eq!(chord("F2"), Ok(vec![Key::F2]));
        assert_eq!(chord("page_up"), Ok(vec![Key::PageUp]));
    }

    #[test]
    fn an_unknown_key_is_answered_with_the_nearest() {
        assert_eq!(chord("ctrl-alt-delte").unwrap_err(), "no key \"delte\"; did you mean \"delete\"?");
    }

    #[test]
    fn a_chord_with_a_gap_is_none() {
        assert!(chord("ctrl-").is_err() && chord("").is_err());
    }

    #[test]
    fn every_name_of_the_table_is_its_own() {
        for (n, (alias, _)) in ALIASES.iter().enumerate() {
            assert!(ALIASES[..n].iter().all(|(other, _)| other != alias), "{alias}");
            assert!(ALL_KEYS.iter().all(|key| own_name(*key) != *alias), "{alias}");
        }
    }
}
