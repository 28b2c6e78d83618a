//! A terminal's keys as keys of the guest, and Ctrl-A, which is ours.

use crate::live::{Control, DiskAct};
use crate::shelf::Drawer;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ringzero_machine::Key;
use ringzero_machine::keyboard::layout::{KeyStroke, Layout};

/// What a key of the terminal means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Control(Control),
    Help,
    Nothing,
}

/// Whether Ctrl-A came before.
#[derive(Debug, Default)]
pub(super) struct Prefix(bool);

impl Prefix {
    /// Takes the next key.
    pub(super) fn take(&mut self, event: KeyEvent) -> Input {
        let is_prefix = event.code == KeyCode::Char('a') && event.modifiers.contains(KeyModifiers::CONTROL);
        if std::mem::take(&mut self.0) {
            return command(event, is_prefix);
        }
        self.0 = is_prefix;
        match keys(event).filter(|_| !is_prefix) {
            Some(keys) => Input::Control(Control::Stroke(keys)),
            None => Input::Nothing,
        }
    }
}

/// The key behind Ctrl-A.
fn command(event: KeyEvent, is_prefix: bool) -> Input {
    if is_prefix {
        return Input::Control(Control::Stroke(vec![Key::ControlLeft, Key::A]));
    }
    match event.code {
        KeyCode::Char('x' | 'X' | 'q') => Input::Control(Control::Quit),
        KeyCode::Char('p') => Input::Control(Control::TogglePause),
        KeyCode::Char('r') => Input::Control(Control::Reset),
        KeyCode::Char('d') => Input::Control(Control::CtrlAltDel),
        KeyCode::Char('s') => Input::Control(Control::Screenshot),
        KeyCode::Char('e') => Input::Control(Control::Drive(Drawer::Cd(0), DiskAct::Switch)),
        KeyCode::Char('f') => Input::Control(Control::Drive(Drawer::Floppy(0), DiskAct::Switch)),
        KeyCode::Char('a') => Input::Control(Control::Stroke(vec![Key::ControlLeft, Key::A])),
        _ => Input::Help,
    }
}

/// Keys to press together, modifiers first.
fn keys(event: KeyEvent) -> Option<Vec<Key>> {
    let KeyStroke { key, shift, .. } = stroke(event.code, event.modifiers)?;
    let named = !matches!(event.code, KeyCode::Char(_));
    let shift = shift || named && event.modifiers.contains(KeyModifiers::SHIFT);
    let modifiers = [
        (event.modifiers.contains(KeyModifiers::CONTROL), Key::ControlLeft),
        (event.modifiers.contains(KeyModifiers::ALT), Key::AltLeft),
        (shift, Key::ShiftLeft),
    ];
    let modifiers = modifiers.into_iter().filter_map(|(down, key)| down.then_some(key));
    Some(modifiers.chain([key]).collect())
}

fn stroke(code: KeyCode, modifiers: KeyModifiers) -> Option<KeyStroke> {
    let plain = |key| Some(KeyStroke { key, shift: false, alt_gr: false });
    match code {
        KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => control_stroke(c),
        KeyCode::Char(c) => Layout::Us.stroke(c),
        KeyCode::BackTab => Some(KeyStroke { key: Key::Tab, shift: true, alt_gr: false }),
        KeyCode::F(number) => plain(function_key(number)?),
        other => plain(named_key(other)?),
    }
}

/// Control characters that no letter makes arrive as digits: Ctrl-\ as Ctrl-4 and so on.
fn control_stroke(c: char) -> Option<KeyStroke> {
    let key = match c {
        '4' => Key::Backslash,
        '5' => Key::BracketRight,
        '6' => Key::Digit6,
        '7' => Key::Minus,
        _ => Layout::Us.stroke(c.to_ascii_lowercase())?.key,
    };
    Some(KeyStroke { key, shift: false, alt_gr: false })
}

fn function_key(number: u8) -> Option<Key> {
    const KEYS: [Key; 12] = [
        Key::F1,
        Key::F2,
        Key::F3,
        Key::F4,
        Key::F5,
        Key::F6,
        Key::F7,
        Key::F8,
        Key::F9,
        Key::F10,
        Key::F11,
        Key::F12,
    ];
    KEYS.get(usize::from(number).checked_sub(1)?).copied()
}

fn named_key(code: KeyCode) -> Option<Key> {
    Some(match code {
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Enter => Key::Enter,
        KeyCode::Left => Key::ArrowLeft,
        KeyCode::Right => Key::ArrowRight,
        KeyCode::Up => Key::ArrowUp,
        KeyCode::Down => Key::ArrowDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Tab => Key::Tab,
        KeyCode::Delete => Key::Delete,
        KeyCode::Insert => Key::Insert,
        KeyCode::Null => Key::Digit2,
        KeyCode::Esc => Key::Escape,
        KeyCode::CapsLock => Key::CapsLock,
        KeyCode::ScrollLock => Key::ScrollLock,
        KeyCode::NumLock => Key::NumLock,
        KeyCode::PrintScreen => Key::PrintScreen,
        KeyCode::Pause => Key::Pause,
        KeyCode::Menu => Key::Menu,
        KeyCode::KeypadBegin => Key::Numpad5,
        _ => return None,
    })
}

/// The part of pasted text that has keys.
pub(super) fn typable(text: &str) -> String {
    text.replace("\r\n", "\n").chars().filter(|&c| Layout::Us.stroke(c).is_some()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }
    fn pressed(keys: &[Key]) -> Input {
        Input::Control(Control::Stroke(keys.to_vec()))
    }

    #[test]
    fn characters_become_keys_with_their_modifiers() {
        let mut prefix = Prefix::default();
        for (code, modifiers, keys) in [
            (KeyCode::Char('d'), KeyModifiers::NONE, &[Key::D][..]),
            (KeyCode::Char('D'), KeyModifiers::SHIFT, &[Key::ShiftLeft, Key::D]),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, &[Key::ControlLeft, Key::C]),
            (KeyCode::Char('x'), KeyModifiers::ALT, &[Key::AltLeft, Key::X]),
            (KeyCode::Char('*'), KeyModifiers::NONE, &[Key::ShiftLeft, Key::Digit8]),
            (KeyCode::F(10), KeyModifiers::NONE, &[Key::F10]),
            (KeyCode::Left, KeyModifiers::SHIFT, &[Key::ShiftLeft, Key::ArrowLeft]),
            (KeyCode::BackTab, KeyModifiers::SHIFT, &[Key::ShiftLeft, Key::Tab]),
        ] {
            assert_eq!(prefix.take(key(code, modifiers)), pressed(keys), "{code:?}");
        }
    }

    #[test]
    fn control_a_is_ours_and_twice_the_guests() {
        let mut prefix = Prefix::default();
        let control_a = key(KeyCode::Char('a'), KeyModifiers::CONTROL);
        assert_eq!(prefix.take(control_a), Input::Nothing);
        assert_eq!(prefix.take(key(KeyCode::Char('x'), KeyModifiers::NONE)), Input::Control(Control::Quit));
        assert_eq!(prefix.take(control_a), Input::Nothing);
        assert_eq!(prefix.take(control_a), pressed(&[Key::ControlLeft, Key::A]));
        assert_eq!(prefix.take(key(KeyCode::Char('x'), KeyModifiers::NONE)), pressed(&[Key::X]));
    }

    #[test]
    fn what_has_no_key_is_left_out_of_pasted_text() {
        assert_eq!(typable("dïr\r\n"), "dr\n");
    }
}
