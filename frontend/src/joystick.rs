//! Sticks of the host, or keys in place of one.

use crate::live::Control;
#[cfg(feature = "window")]
use ringzero_machine::Key;
use ringzero_machine::Stick;
use std::path::PathBuf;
use std::sync::mpsc::Sender;

/// Where the guest's stick comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Source {
    /// The host's sticks, if it has some.
    #[default]
    Auto,
    /// Nowhere.
    None,
    /// The keypad.
    Keys,
    /// This device of the host.
    File(PathBuf),
}

/// `auto`, `none`, `keys`, or a device.
pub(crate) fn source(text: &str) -> Result<Source, String> {
    match text {
        "auto" => Ok(Source::Auto),
        "none" | "off" => Ok(Source::None),
        "keys" => Ok(Source::Keys),
        _ if text.contains('/') => Ok(Source::File(text.into())),
        _ => Err("use auto, none, keys or a device such as /dev/input/js0".to_owned()),
    }
}

/// The keypad as a stick: digits around the 5 are directions, 0 and the decimal point are buttons.
/// A terminal reports no releases.
#[derive(Clone, Debug, Default)]
#[cfg(feature = "window")]
pub(crate) struct KeyStick {
    held: Vec<Key>,
}

#[cfg(feature = "window")]
impl KeyStick {
    /// The stick after a key went down or up; `None` for keys that are none of the stick's.
    pub(crate) fn key(&mut self, key: Key, pressed: bool) -> Option<Stick> {
        use Key::*;
        const KEYS: [Key; 10] =
            [Numpad1, Numpad2, Numpad3, Numpad4, Numpad6, Numpad7, Numpad8, Numpad9, Numpad0, NumpadDecimal];
        if !KEYS.contains(&key) {
            return None;
        }
        self.held.retain(|&held| held != key);
        if pressed {
            self.held.push(key);
        }
        let any = |keys: [Key; 3]| keys.iter().any(|key| self.held.contains(key));
        let axis = |less: bool, more: bool| match (less, more) {
            (true, false) => i16::MIN,
            (false, true) => i16::MAX,
            _ => 0,
        };
        Some(Stick {
            x: axis(any([Numpad1, Numpad4, Numpad7]), any([Numpad3, Numpad6, Numpad9])),
            y: axis(any([Numpad7, Numpad8, Numpad9]), any([Numpad1, Numpad2, Numpad3])),
            buttons: [self.held.contains(&Numpad0), self.held.contains(&NumpadDecimal)],
        })
    }
}

/// Watches the sticks of `source`, each on a thread that ends with the stick or the machine.
pub(crate) fn watch(source: &Source, control: &Sender<Control>) {
    match source {
        Source::None => {}
        Source::Keys => {
            // It is there from the start, so that programs find it.
            let _ = control.send(Control::Joystick(0, Some(Stick::default())));
        }
        Source::Auto => {
            for number in 0..2 {
                device::watch(format!("/dev/input/js{number}").into(), number, control.clone());
            }
        }
        Source::File(path) => {
            if !device::watch(path.clone(), 0, control.clone()) {
                crate::report::say(&format!("warning: --joystick {}: cannot be read", path.display()));
            }
        }
    }
}

/// Linux' joystick devices: eight bytes for each event [Linux, "Joystick API"].
#[cfg(target_os = "linux")]
mod device {
    use super::{Control, Sender, Stick};
    use std::fs::File;
    use std::io::Read;
    use std::path::PathBuf;

    const BUTTON: u8 = 1;
    const AXIS: u8 = 2;
    /// Tells of the state at the beginning.
    const INITIAL: u8 = 0x80;

    /// The stick after an event; false when nothing of it changed.
    pub(super) fn apply(stick: &mut Stick, event: [u8; 8]) -> bool {
        let [_, _, _, _, low, high, kind, number] = event;
        let value = i16::from_le_bytes([low, high]);
        let before = *stick;
        match (kind & !INITIAL, number) {
            (AXIS, 0) => stick.x = value,
            (AXIS, 1) => stick.y = value,
            // More buttons than two: they do what the first two do, in turn.
            (BUTTON, number) => stick.buttons[usize::from(number % 2)] = value != 0,
            _ => {}
        }
        *stick != before
    }

    /// Whether the device could be opened.
    pub(super) fn watch(path: PathBuf, number: usize, control: Sender<Control>) -> bool {
        let Ok(mut file) = File::open(path) else { return false };
        std::thread::spawn(move || {
            let (mut stick, mut event) = (Stick::default(), [0; 8]);
            let mut alive = control.send(Control::Joystick(number, Some(stick))).is_ok();
            while alive && file.read_exact(&mut event).is_ok() {
                if apply(&mut stick, event) {
                    alive = control.send(Control::Joystick(number, Some(stick))).is_ok();
                }
            }
            // Nobody may listen any more.
            let _ = control.send(Control::Joystick(number, None));
        });
        true
    }
}

/// Elsewhere the host's sticks are not read yet; there are the keys.
#[cfg(not(target_os = "linux"))]
mod device {
    use super::{Control, Sender};
    use std::path::PathBuf;

    pub(super) fn watch(_path: PathBuf, _number: usize, _control: Sender<Control>) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "window")]
    fn the_keypad_is_a_stick() {
        let mut keys = KeyStick::default();
        assert_eq!(keys.key(Key::A, true), None);
        assert_eq!(
            keys.key(Key::Numpad7, true),
            Some(Stick { x: i16::MIN, y: i16::MIN, ..Stick::default() })
        );
        let pressed = keys.key(Key::Numpad0, true).unwrap();
        assert_eq!((pressed.x, pressed.buttons), (i16::MIN, [true, false]));
        keys.key(Key::Numpad7, false);
        assert_eq!(keys.key(Key::Numpad0, false), Some(Stick::default()));
    }

    #[test]
    fn sources_have_names() {
        assert_eq!(source("keys"), Ok(Source::Keys));
        assert_eq!(source("/dev/input/js3"), Ok(Source::File("/dev/input/js3".into())));
        assert!(source("gamepad").is_err());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn events_move_the_stick() {
        let mut stick = Stick::default();
        assert!(device::apply(&mut stick, [0, 0, 0, 0, 0x00, 0x80, 0x82, 0]));
        assert!(device::apply(&mut stick, [0, 0, 0, 0, 1, 0, 1, 1]));
        assert!(!device::apply(&mut stick, [0, 0, 0, 0, 1, 0, 2, 5]));
        assert_eq!(stick, Stick { x: i16::MIN, y: 0, buttons: [false, true] });
    }
}
