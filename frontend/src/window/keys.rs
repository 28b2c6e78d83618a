//! Physical keys of the desktop as keys of the guest, and the keys that are ours.

use crate::shelf::Drawer;
use ringzero_machine::Key;
use winit::keyboard::KeyCode;

/// What Ctrl-Alt and a letter, F11 or F12, do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hotkey {
    Menu,
    FullScreen,
    Record,
    Pause,
    Reset,
    CtrlAltDel,
    Screenshot,
    Mouse,
    Switch(Drawer),
    Quit,
}

/// The hotkey that `code` is while the keys `held` are down.
pub(super) fn hotkey(code: KeyCode, held: &[Key]) -> Option<Hotkey> {
    match code {
        KeyCode::F11 => return Some(Hotkey::FullScreen),
        KeyCode::F12 => return Some(Hotkey::Menu),
        _ => {}
    }
    let down = |left, right| held.contains(&left) || held.contains(&right);
    if !down(Key::ControlLeft, Key::ControlRight) || !down(Key::AltLeft, Key::AltRight) {
        return None;
    }
    match code {
        KeyCode::KeyM => Some(Hotkey::Menu),
        KeyCode::Enter => Some(Hotkey::FullScreen),
        KeyCode::KeyV => Some(Hotkey::Record),
        KeyCode::KeyP => Some(Hotkey::Pause),
        KeyCode::KeyR => Some(Hotkey::Reset),
        KeyCode::KeyD => Some(Hotkey::CtrlAltDel),
        KeyCode::KeyS => Some(Hotkey::Screenshot),
        KeyCode::KeyG => Some(Hotkey::Mouse),
        KeyCode::KeyE => Some(Hotkey::Switch(Drawer::Cd(0))),
        KeyCode::KeyF => Some(Hotkey::Switch(Drawer::Floppy(0))),
        KeyCode::KeyQ => Some(Hotkey::Quit),
        _ => None,
    }
}

/// Keys of other keyboards that lie where a PC has one by another name: the first Apple ones have Clear for Num Lock and
/// Help for Insert, those without Print Screen, Scroll Lock and Pause have F13 to F15 there.
fn elsewhere(code: KeyCode) -> Option<Key> {
    Some(match code {
        KeyCode::NumpadClear => Key::NumLock,
        KeyCode::Help => Key::Insert,
        KeyCode::F13 => Key::PrintScreen,
        KeyCode::F14 => Key::ScrollLock,
        KeyCode::F15 => Key::Pause,
        _ => return None,
    })
}

macro_rules! key_map {
    ($($same:ident)* ; $($code:ident $key:ident)*) => {
        /// The guest's key at the place of `code`.
        pub(super) fn key(code: KeyCode) -> Option<Key> {
            match code {
                $(KeyCode::$same => Some(Key::$same),)*
                $(KeyCode::$code => Some(Key::$key),)*
                _ => elsewhere(code),
            }
        }

        /// What the table covers.
        #[cfg(test)]
        const COVERED: &[Key] = &[$(Key::$same,)* $(Key::$key,)*];
    };
}

key_map! {
    Escape F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 PrintScreen ScrollLock Pause
    Backquote Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace
    Tab BracketLeft BracketRight Backslash CapsLock Semicolon Quote Enter
    ShiftLeft Comma Period Slash ShiftRight ControlLeft AltLeft Space AltRight ControlRight
    Insert Home PageUp Delete End PageDown ArrowUp ArrowLeft ArrowDown ArrowRight
    NumLock NumpadDivide NumpadMultiply NumpadSubtract NumpadAdd NumpadEnter NumpadDecimal NumpadComma
    Numpad0 Numpad1 Numpad2 Numpad3 Numpad4 Numpad5 Numpad6 Numpad7 Numpad8 Numpad9
    IntlBackslash IntlRo IntlYen KanaMode Convert NonConvert Lang1 Lang2 Power Sleep MediaStop
    ;
    KeyA A KeyB B KeyC C KeyD D KeyE E KeyF F KeyG G KeyH H KeyI I KeyJ J KeyK K KeyL L KeyM M
    KeyN N KeyO O KeyP P KeyQ Q KeyR R KeyS S KeyT T KeyU U KeyV V KeyW W KeyX X KeyY Y KeyZ Z
    SuperLeft MetaLeft SuperRight MetaRight ContextMenu Menu NumpadStar NumpadMultiply WakeUp Wake
    AudioVolumeMute VolumeMute AudioVolumeDown VolumeDown AudioVolumeUp VolumeUp
    Meta MetaLeft Lang5 Backquote Hiragana KanaMode Katakana KanaMode
    MediaPlayPause MediaPlay MediaTrackNext MediaNext MediaTrackPrevious MediaPrevious
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_machine::keyboard::ALL_KEYS;

    const CODES: [KeyCode; 6] = [
        KeyCode::KeyA,
        KeyCode::Enter,
        KeyCode::NumpadEnter,
        KeyCode::AltRight,
        KeyCode::ArrowUp,
        KeyCode::IntlBackslash,
    ];

    #[test]
    fn keys_are_taken_by_their_place() {
        let keys = CODES.map(|code| key(code).unwrap());
        assert_eq!(
            keys,
            [Key::A, Key::Enter, Key::NumpadEnter, Key::AltRight, Key::ArrowUp, Key::IntlBackslash]
        );
        assert!(keys.iter().all(|key| ALL_KEYS.contains(key)));
    }

    #[test]
    fn hotkeys_need_control_and_alt() {
        assert_eq!(hotkey(KeyCode::KeyQ, &[]), None);
        assert_eq!(hotkey(KeyCode::KeyQ, &[Key::ControlRight]), None);
        assert_eq!(hotkey(KeyCode::KeyQ, &[Key::ControlRight, Key::AltLeft]), Some(Hotkey::Quit));
        assert_eq!(hotkey(KeyCode::KeyX, &[Key::ControlLeft, Key::AltLeft]), None);
    }

    #[test]
    fn every_key_of_the_guest_can_be_pressed() {
        for key in ALL_KEYS {
            assert!(COVERED.contains(key), "{key:?}");
        }
    }

    #[test]
    fn the_menu_and_full_screen_need_no_modifier() {
        assert_eq!(hotkey(KeyCode::F12, &[]), Some(Hotkey::Menu));
        assert_eq!(hotkey(KeyCode::F11, &[]), Some(Hotkey::FullScreen));
        assert_eq!(hotkey(KeyCode::KeyM, &[Key::ControlLeft, Key::AltLeft]), Some(Hotkey::Menu));
    }
}
