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

/// What the keys print: alone, with Shift, with AltGr. `·` stands for nothing, a space too but for the space bar.
struct Table {
    plain: &'static str,
    shift: &'static str,
    alt_gr: &'static str,
    /// Keys that wait for a letter: they print their own character when a space follows.
    dead: &'static str,
}

const NOTHING: char = '·';

const US: Table = Table {
    plain: "`1234567890-=qwertyuiop[]\\asdfghjkl;'·zxcvbnm,./ ",
    shift: "~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"·ZXCVBNM<>? ",
    alt_gr: "",
    dead: "",
};

const UK: Table = Table {
    plain: "`1234567890-=qwertyuiop[]#asdfghjkl;'\\zxcvbnm,./ ",
    shift: "¬!\"£$%^&*()_+QWERTYUIOP{}~ASDFGHJKL:@|ZXCVBNM<>? ",
    alt_gr: "",
    dead: "",
};

const DE: Table = Table {
    plain: "^1234567890ß´qwertzuiopü+#asdfghjklöä<yxcvbnm,.- ",
    shift: "°!\"§$%&/()=?`QWERTZUIOPÜ*'ASDFGHJKLÖÄ>YXCVBNM;:_ ",
    alt_gr: "··²³···{[]}\\·@·········~···········|······µ····",
    dead: "^´`",
};

const FR: Table = Table {
    plain: "²&é\"'(-è_çà)=azertyuiop^$*qsdfghjklmù<wxcvbn,;:! ",
    shift: "·1234567890°+AZERTYUIOP¨£µQSDFGHJKLM%>WXCVBN?./§ ",
    alt_gr: "··~#{[|`\\^@]}··········································",
    dead: "¨",
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

    /// The one stroke that types `c`; `None` when the layout has no such key, or only a dead one.
    pub fn stroke(self, c: char) -> Option<KeyStroke> {
        self.find(c).filter(|_| !self.table().dead.contains(c))
    }

    /// The strokes that type `c`; `None` when the layout cannot print it.
    pub fn strokes(self, c: char) -> Option<Vec<KeyStroke>> {
        let stroke = self.find(c)?;
        let is_dead = self.table().dead.contains(c);
        Some(if is_dead { vec![stroke, KeyStroke::plain(Key::Space)] } else { vec![stroke] })
    }

    fn find(self, c: char) -> Option<KeyStroke> {
        match c {
            '\n' | '\r' => return Some(KeyStroke::plain(Key::Enter)),
            '\t' => return Some(KeyStroke::plain(Key::Tab)),
            '\u{8}' => return Some(KeyStroke::plain(Key::Backspace)),
            '\u{1b}' => return Some(KeyStroke::plain(Key::Escape)),
            NOTHING => return None,
            _ => {}
        }
        let table = self.table();
        let rows = [(table.plain, false, false), (table.shift, true, false), (table.alt_gr, false, true)];
        rows.into_iter().find_map(|(row, shift, alt_gr)| {
            let place = row.chars().position(|printed| printed == c)?;
            Some(KeyStroke { key: *KEYS.get(place)?, shift, alt_gr })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_ascii_character_can_be_typed_in_every_layout() {
        for layout in Layout::ALL {
            let missing: String = (' '..='~').filter(|&c| layout.strokes(c).is_none()).collect();
            // A French keyboard has a grave accent, a British one everything.
            assert_eq!(missing, "", "{layout:?}");
        }
    }

    #[test]
    fn rows_have_a_character_for_every_key() {
        for layout in Layout::ALL {
            let Table { plain, shift, alt_gr, .. } = layout.table();
            assert_eq!(
                (plain.chars().count(), shift.chars().count()),
                (KEYS.len(), KEYS.len()),
                "{layout:?}"
            );
            assert!(alt_gr.chars().skip(KEYS.len()).all(|c| c == NOTHING), "{layout:?}");
        }
    }

    #[test]
    fn keys_are_where_the_country_has_them() {
        let stroke = |layout: Layout, c| layout.strokes(c).unwrap()[0];
        let with = |key, shift, alt_gr| KeyStroke { key, shift, alt_gr };
        assert_eq!(stroke(Layout::Us, 'Q'), with(Key::Q, true, false));
        assert_eq!(stroke(Layout::De, 'z'), with(Key::Y, false, false));
        assert_eq!(stroke(Layout::De, '@'), with(Key::Q, false, true));
        assert_eq!(stroke(Layout::De, '|'), with(Key::IntlBackslash, false, true));
        assert_eq!(stroke(Layout::De, 'Ä'), with(Key::Quote, true, false));
        assert_eq!(stroke(Layout::De, '~'), with(Key::BracketRight, false, true));
        assert_eq!(stroke(Layout::Fr, 'a'), with(Key::Q, false, false));
        assert_eq!(stroke(Layout::Fr, '1'), with(Key::Digit1, true, false));
        assert_eq!(stroke(Layout::Fr, '@'), with(Key::Digit0, false, true));
        assert_eq!(stroke(Layout::Uk, '\\'), with(Key::IntlBackslash, false, false));
        assert_eq!(stroke(Layout::Uk, '@'), with(Key::Quote, true, false));
    }

    #[test]
    fn a_dead_key_needs_a_space_behind_it() {
        let strokes = Layout::De.strokes('^').unwrap();
        assert_eq!(strokes.iter().map(|s| s.key).collect::<Vec<_>>(), [Key::Backquote, Key::Space]);
        assert_eq!(Layout::De.stroke('^'), None);
    }

    #[test]
    fn what_no_key_prints_cannot_be_typed() {
        assert_eq!(Layout::Us.strokes('é'), None);
        assert_eq!(Layout::Us.strokes('·'), None);
        assert_eq!(Layout::Fr.strokes('Ä'), None);
    }
}
