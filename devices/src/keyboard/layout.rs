//! Keyboard layouts, for typing text on the guest's keyboard: which key prints what, in the guest's layout.

use super::Key;

/// A key to press, and what is held meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyStroke {
    /// The key.
    pub key: Key,
    /// Shift is held.
    pub shift: bool,
    /// AltGr, the right Alt key, is held.
    pub alt_gr: bool,
}

impl KeyStroke {
    fn plain(key: Key) -> Self {
        Self { key, shift: false, alt_gr: false }
    }
}

/// A layout of a national keyboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// United States.
    #[default]
    Us,
    /// United Kingdom.
    Uk,
    /// Germany.
    De,
    /// France.
    Fr,
}

/// The keys that print, as they lie on the keyboard. The tables below have their characters in this order.
#[rustfmt::skip]
const KEYS: [Key; 49] = [
    Key::Backquote, Key::Digit1, Key::Digit2, Key::Digit3, Key::Digit4, Key::Digit5, Key::Digit6, Key::Digit7,
    Key::Digit8, Key::Digit9, Key::Digit0, Key::Minus, Key::Equal,
    Key::Q, Key::W, Key::E, Key::R, Key::T, Key::Y, Key::U, Key::I, Key::O, Key::P,
    Key::BracketLeft, Key::BracketRight, Key::Backslash,
    Key::A, Key::S, Key::D, Key::F, Key::G, Key::H, Key::J, Key::K, Key::L, Key::Semicolon, Key::Quote,
    Key::IntlBackslash, Key::Z, Key::X, Key::C, Key::V, Key::B, Key::N, Key::M, Key::Comma, Key::Period, Key::Slash,
    Key::Space,
];

/// What the keys print: alone, with Shift, with AltGr. `·` stands for nothing.
///
/// Layouts are those without dead keys: a key that prints an accent prints it at once, as with FreeDOS's MKEYB and the
/// `nodeadkeys` variants of Unix. Accents that many guests take for dead keys all the same are left out where another
/// key has the character.
struct Table {
    plain: &'static str,
    shift: &'static str,
    alt_gr: &'static [(Key, char)],
}

const NOTHING: char = '·';

const US: Table = Table {
    plain: "`1234567890-=qwertyuiop[]\\asdfghjkl;'·zxcvbnm,./ ",
    shift: "~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"·ZXCVBNM<>? ",
    alt_gr: &[],
};

const UK: Table = Table {
    plain: "`1234567890-=qwertyuiop[]#asdfghjkl;'\\zxcvbnm,./ ",
    shift: "¬!\"£$%^&*()_+QWERTYUIOP{}~ASDFGHJKL:@|ZXCVBNM<>? ",
    alt_gr: &[(Key::Digit4, '€')],
};

const DE: Table = Table {
    plain: "^1234567890ß·qwertzuiopü+#asdfghjklöä<yxcvbnm,.- ",
    shift: "°!\"§$%&/()=?`QWERTZUIOPÜ*'ASDFGHJKLÖÄ>YXCVBNM;:_ ",
    alt_gr: &[
        (Key::Digit2, '²'),
        (Key::Digit3, '³'),
        (Key::Digit7, '{'),
        (Key::Digit8, '['),
        (Key::Digit9, ']'),
        (Key::Digit0, '}'),
        (Key::Minus, '\\'),
        (Key::Q, '@'),
        (Key::E, '€'),
        (Key::BracketRight, '~'),
        (Key::IntlBackslash, '|'),
        (Key::M, 'µ'),
    ],
};

const FR: Table = Table {
    plain: "²&é\"'(-è_çà)=azertyuiop·$*qsdfghjklmù<wxcvbn,;:! ",
    shift: "·1234567890°+AZERTYUIOP·£µQSDFGHJKLM%>WXCVBN?./§ ",
    alt_gr: &[
        (Key::Digit2, '~'),
        (Key::Digit3, '#'),
        (Key::Digit4, '{'),
        (Key::Digit5, '['),
        (Key::Digit6, '|'),
        (Key::Digit7, '`'),
        (Key::Digit8, '\\'),
        (Key::Digit9, '^'),
        (Key::Digit0, '@'),
        (Key::Minus, ']'),
        (Key::Equal, '}'),
        (Key::E, '€'),
    ],
};

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 4] = [Self::Us, Self::Uk, Self::De, Self::Fr];

    /// Its name: `us`, `uk`, `de`, `fr`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Uk => "uk",
            Self::De => "de",
            Self::Fr => "fr",
        }
    }

    /// The layout called `name`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layout| layout.name() == name)
    }

    fn table(self) -> &'static Table {
        match self {
            Self::Us => &US,
            Self::Uk => &UK,
            Self::De => &DE,
            Self::Fr => &FR,
        }
    }

    /// The stroke that types `c`; `None` when the layout has no such key.
    pub fn stroke(self, c: char) -> Option<KeyStroke> {
        match c {
            '\n' | '\r' => return Some(KeyStroke::plain(Key::Enter)),
            '\t' => return Some(KeyStroke::plain(Key::Tab)),
            '\u{8}' => return Some(KeyStroke::plain(Key::Backspace)),
            '\u{1b}' => return Some(KeyStroke::plain(Key::Escape)),
            NOTHING => return None,
            _ => {}
        }
        let table = self.table();
        let in_row = |row: &str, shift| {
            let place = row.chars().position(|printed| printed == c)?;
            Some(KeyStroke { key: *KEYS.get(place)?, shift, alt_gr: false })
        };
        let alt_gr = table.alt_gr.iter().find(|(_, printed)| *printed == c);
        in_row(table.plain, false)
            .or_else(|| in_row(table.shift, true))
            .or_else(|| alt_gr.map(|&(key, _)| KeyStroke { key, shift: false, alt_gr: true }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_ascii_character_can_be_typed_in_every_layout() {
        for layout in Layout::ALL {
            let missing: String = (' '..='~').filter(|&c| layout.stroke(c).is_none()).collect();
            assert_eq!(missing, "", "{layout:?}");
        }
    }

    #[test]
    fn rows_have_a_character_for_every_key() {
        for layout in Layout::ALL {
            let Table { plain, shift, .. } = layout.table();
            assert_eq!(
                (plain.chars().count(), shift.chars().count()),
                (KEYS.len(), KEYS.len()),
                "{layout:?}"
            );
        }
    }

    #[test]
    fn keys_are_where_the_country_has_them() {
        for (layout, c, key, shift, alt_gr) in [
            (Layout::Us, 'Q', Key::Q, true, false),
            (Layout::De, 'z', Key::Y, false, false),
            (Layout::De, '@', Key::Q, false, true),
            (Layout::De, 'Ä', Key::Quote, true, false),
            (Layout::De, '~', Key::BracketRight, false, true),
            (Layout::Fr, 'a', Key::Q, false, false),
            (Layout::Fr, '1', Key::Digit1, true, false),
            (Layout::Fr, '@', Key::Digit0, false, true),
            (Layout::Uk, '\\', Key::IntlBackslash, false, false),
            (Layout::Uk, '@', Key::Quote, true, false),
        ] {
            assert_eq!(layout.stroke(c), Some(KeyStroke { key, shift, alt_gr }), "{layout:?} {c}");
        }
    }

    #[test]
    fn what_no_key_prints_cannot_be_typed() {
        assert_eq!(Layout::Us.stroke('é'), None);
        assert_eq!(Layout::Us.stroke('·'), None);
        assert_eq!(Layout::Fr.stroke('Ä'), None);
    }
}
