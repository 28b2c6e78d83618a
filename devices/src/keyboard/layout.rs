//! The US layout, for typing text on the guest's keyboard.

use super::Key;

/// A key to press, and whether with Shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyStroke {
    /// The key.
    pub key: Key,
    /// Shift is held.
    pub shift: bool,
}

/// Keys in the order of [`PLAIN`] and [`SHIFTED`].
#[rustfmt::skip]
const KEYS: [Key; 48] = [
    Key::Backquote, Key::Digit1, Key::Digit2, Key::Digit3, Key::Digit4, Key::Digit5, Key::Digit6, Key::Digit7,
    Key::Digit8, Key::Digit9, Key::Digit0, Key::Minus, Key::Equal,
    Key::Q, Key::W, Key::E, Key::R, Key::T, Key::Y, Key::U, Key::I, Key::O, Key::P,
    Key::BracketLeft, Key::BracketRight, Key::Backslash,
    Key::A, Key::S, Key::D, Key::F, Key::G, Key::H, Key::J, Key::K, Key::L, Key::Semicolon, Key::Quote,
    Key::Z, Key::X, Key::C, Key::V, Key::B, Key::N, Key::M, Key::Comma, Key::Period, Key::Slash,
    Key::Space,
];
const PLAIN: &str = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./ ";
const SHIFTED: &str = "~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>? ";

/// The stroke that types `c`, or `None` when the layout has no such key.
pub fn strokes(c: char) -> Option<KeyStroke> {
    let plain = |key| Some(KeyStroke { key, shift: false });
    match c {
        '\n' | '\r' => plain(Key::Enter),
        '\t' => plain(Key::Tab),
        '\u{8}' => plain(Key::Backspace),
        '\u{1b}' => plain(Key::Escape),
        _ => [(PLAIN, false), (SHIFTED, true)].into_iter().find_map(|(row, shift)| {
            let place = row.chars().position(|printed| printed == c)?;
            Some(KeyStroke { key: KEYS[place], shift })
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_ascii_character_can_be_typed() {
        assert!((' '..='~').all(|c| strokes(c).is_some()));
    }

    #[test]
    fn a_capital_is_its_letter_with_shift() {
        assert_eq!(strokes('Q'), Some(KeyStroke { key: Key::Q, shift: true }));
    }

    #[test]
    fn what_no_key_prints_cannot_be_typed() {
        assert_eq!(strokes('é'), None);
    }
}
