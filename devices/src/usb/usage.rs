//! Numbers of keys on the bus [HUT, "Keyboard/Keypad Page"].

use crate::keyboard::Key;

/// The usage of a key; `None` for keys of other pages.
pub(super) fn of(key: Key) -> Option<u8> {
    use Key::*;
    const LETTERS: [Key; 26] = [A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y, Z];
    const FROM_1E: [Key; 0x3B] = [
        Digit1,
        Digit2,
        Digit3,
        Digit4,
        Digit5,
        Digit6,
        Digit7,
        Digit8,
        Digit9,
        Digit0,
        Enter,
        Escape,
        Backspace,
        Tab,
        Space,
        Minus,
        Equal,
        BracketLeft,
        BracketRight,
        Backslash,
        Backslash,
        Semicolon,
        Quote,
        Backquote,
        Comma,
        Period,
        Slash,
        CapsLock,
        F1,
        F2,
        F3,
        F4,
        F5,
        F6,
        F7,
        F8,
        F9,
        F10,
        F11,
        F12,
        PrintScreen,
        ScrollLock,
        Pause,
        Insert,
        Home,
        PageUp,
        Delete,
        End,
        PageDown,
        ArrowRight,
        ArrowLeft,
        ArrowDown,
        ArrowUp,
        NumLock,
        NumpadDivide,
        NumpadMultiply,
        NumpadSubtract,
        NumpadAdd,
        NumpadEnter,
    ];
    const FROM_59: [Key; 12] = [
        Numpad1,
        Numpad2,
        Numpad3,
        Numpad4,
        Numpad5,
        Numpad6,
        Numpad7,
        Numpad8,
        Numpad9,
        Numpad0,
        NumpadDecimal,
        IntlBackslash,
    ];
    const FROM_E0: [Key; 8] =
        [ControlLeft, ShiftLeft, AltLeft, MetaLeft, ControlRight, ShiftRight, AltRight, MetaRight];
    const OTHERS: [(Key, u8); 12] = [
        (Menu, 0x65),
        (Power, 0x66),
        (VolumeMute, 0x7F),
        (VolumeUp, 0x80),
        (VolumeDown, 0x81),
        (NumpadComma, 0x85),
        (IntlRo, 0x87),
        (KanaMode, 0x88),
        (IntlYen, 0x89),
        (Convert, 0x8A),
        (NonConvert, 0x8B),
        (Lang1, 0x90),
    ];
    let rows: [(u8, &[Key]); 4] = [(0x04, &LETTERS), (0x1E, &FROM_1E), (0x59, &FROM_59), (0xE0, &FROM_E0)];
    let in_row = |&(first, row): &(u8, &[Key])| row.iter().position(|&k| k == key).map(|n| first + n as u8);
    let other = OTHERS.iter().find(|(k, _)| *k == key).map(|&(_, usage)| usage);
    rows.iter().find_map(in_row).or(other).or((key == Lang2).then_some(0x91))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyboard::ALL_KEYS;

    #[test]
    fn keys_have_the_numbers_of_the_table() {
        let usages = [Key::A, Key::Z, Key::Digit1, Key::Enter, Key::Semicolon, Key::F12, Key::ArrowUp];
        assert_eq!(usages.map(|key| of(key).unwrap()), [0x04, 0x1D, 0x1E, 0x28, 0x33, 0x45, 0x52]);
        let usages = [Key::NumpadEnter, Key::Numpad1, Key::IntlBackslash, Key::ControlLeft, Key::MetaRight];
        assert_eq!(usages.map(|key| of(key).unwrap()), [0x58, 0x59, 0x64, 0xE0, 0xE7]);
    }

    #[test]
    fn no_two_keys_have_one_number() {
        let mut usages: Vec<u8> = ALL_KEYS.iter().filter_map(|&key| of(key)).collect();
        let count = usages.len();
        usages.sort_unstable();
        usages.dedup();
        assert_eq!(usages.len(), count);
    }
}
