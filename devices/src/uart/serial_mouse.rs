//! A mouse at a serial port, by Microsoft's protocol.
//!
//! Source: Microsoft Mouse Programmer's Reference, "Serial mouse"; the third button as Logitech added it, and the wheel of the
//! serial IntelliMouse, keyed \[Serial mouse\].
//!
//! *Modelled*: power and identification by RTS and DTR, packets of three bytes at 1200 baud with 7 data bits, a fourth
//! byte for the middle button, or always, for the wheel. What moves while a packet is sent adds up for the next.
//!
//! *Not modelled*: the Plug and Play identification behind the first letters.

use crate::mouse::MouseButton;
use serde::{Deserialize, Serialize};

/// What is behind the first letter of the identification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SerialMouseKind {
    /// Three buttons, "M3".
    #[default]
    ThreeButtons,
    /// Three buttons and a wheel, "MZ".
    Wheel,
}

/// The baud rate divisor it speaks with: 1200 baud.
pub(super) const DIVISOR: u16 = 96;

/// The mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SerialMouse {
    kind: SerialMouseKind,
    /// RTS and DTR feed it.
    powered: bool,
    /// The identification is to be sent.
    introduces: bool,
    x: i32,
    y: i32,
    wheel: i32,
    /// Buttons that are down, as bits: left, right, middle.
    buttons: u8,
    /// Buttons that went down since the last packet.
    pressed: u8,
    /// Buttons as the last packet gave them.
    reported: u8,
}

/// A counter's part that fits into `range`; the rest stays for the next packet.
fn take(counter: &mut i32, range: std::ops::RangeInclusive<i32>) -> u8 {
    let part = (*counter).clamp(*range.start(), *range.end());
    *counter -= part;
    part as u8
}

impl SerialMouse {
    pub(super) fn new(kind: SerialMouseKind) -> Self {
        Self {
            kind,
            powered: false,
            introduces: false,
            x: 0,
            y: 0,
            wheel: 0,
            buttons: 0,
            pressed: 0,
            reported: 0,
        }
    }

    pub(super) fn is_powered(&self) -> bool {
        self.powered
    }

    pub(super) fn kind(&self) -> SerialMouseKind {
        self.kind
    }

    /// The modem outputs moved: power that comes makes it say what it is.
    pub(super) fn set_power(&mut self, on: bool) {
        if on && !self.powered {
            *self = Self { buttons: self.buttons, ..Self::new(self.kind) };
            self.introduces = true;
        }
        self.introduces &= on;
        self.powered = on;
    }

    pub(super) fn motion(&mut self, right: i32, down: i32, wheel: i32) {
        const MOST: i32 = 1000;
        let add = |sum: i32, more: i32| sum.saturating_add(more).clamp(-MOST, MOST);
        self.x = add(self.x, right);
        self.y = add(self.y, down);
        if self.kind == SerialMouseKind::Wheel {
            self.wheel = add(self.wheel, wheel);
        }
    }

    pub(super) fn button(&mut self, button: MouseButton, pressed: bool) {
        let bit = match button {
            MouseButton::Left => 1,
            MouseButton::Right => 2,
            MouseButton::Middle => 4,
            MouseButton::Fourth | MouseButton::Fifth => return,
        };
        if pressed {
            self.pressed |= bit & !self.buttons;
            self.buttons |= bit;
        } else {
            self.buttons &= !bit;
        }
    }

    /// What it sends next, if there is something to tell.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        if !self.powered {
            return None;
        }
        if std::mem::take(&mut self.introduces) {
            return Some(match self.kind {
                SerialMouseKind::ThreeButtons => b"M3".to_vec(),
                SerialMouseKind::Wheel => b"MZ".to_vec(),
            });
        }
        let buttons = self.buttons | self.pressed;
        if (self.x, self.y, self.wheel) == (0, 0, 0) && buttons == self.reported {
            return None;
        }
        Some(self.packet(buttons))
    }

    /// [Serial mouse, "Data format"]: bit 6 marks the first byte, the high bits of the motion are in it.
    fn packet(&mut self, buttons: u8) -> Vec<u8> {
        let (x, y) = (take(&mut self.x, -128..=127), take(&mut self.y, -128..=127));
        let mut bytes =
            vec![0x40 | (buttons & 1) << 5 | (buttons & 2) << 3 | y >> 6 << 2 | x >> 6, x & 0x3F, y & 0x3F];
        match self.kind {
            SerialMouseKind::ThreeButtons if (buttons | self.reported) & 4 != 0 => {
                bytes.push((buttons & 4) << 3);
            }
            SerialMouseKind::ThreeButtons => {}
            SerialMouseKind::Wheel => {
                bytes.push((buttons & 4) << 2 | take(&mut self.wheel, -8..=7) & 0x0F);
            }
        }
        (self.reported, self.pressed) = (buttons, 0);
        bytes
    }

    /// Whether a snapshot's state is one it can have.
    pub(super) fn is_valid(&self) -> bool {
        [self.x, self.y, self.wheel].iter().all(|counter| counter.abs() <= 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn powered(kind: SerialMouseKind) -> SerialMouse {
        let mut mouse = SerialMouse::new(kind);
        mouse.set_power(true);
        assert_eq!(mouse.next().unwrap()[0], b'M');
        mouse
    }

    #[test]
    fn it_says_what_it_is_each_time_power_comes() {
        let mut mouse = SerialMouse::new(SerialMouseKind::ThreeButtons);
        assert_eq!(mouse.next(), None);
        for _ in 0..2 {
            mouse.set_power(true);
            assert_eq!(mouse.next(), Some(b"M3".to_vec()));
            assert_eq!(mouse.next(), None);
            mouse.set_power(false);
        }
    }

    #[test]
    fn motion_and_buttons_come_in_three_bytes() {
        let mut mouse = powered(SerialMouseKind::ThreeButtons);
        mouse.motion(-1, 65, 0);
        mouse.button(MouseButton::Left, true);
        assert_eq!(mouse.next(), Some(vec![0x67, 0x3F, 0x01]));
        assert_eq!(mouse.next(), None);
    }

    #[test]
    fn what_does_not_fit_waits_for_the_next_packet() {
        let mut mouse = powered(SerialMouseKind::ThreeButtons);
        mouse.motion(130, 0, 0);
        assert_eq!(mouse.next(), Some(vec![0x41, 0x3F, 0x00]));
        assert_eq!(mouse.next(), Some(vec![0x40, 0x03, 0x00]));
    }

    #[test]
    fn the_middle_button_has_a_fourth_byte_until_its_release_was_told() {
        let mut mouse = powered(SerialMouseKind::ThreeButtons);
        mouse.button(MouseButton::Middle, true);
        assert_eq!(mouse.next(), Some(vec![0x40, 0, 0, 0x20]));
        mouse.button(MouseButton::Middle, false);
        assert_eq!(mouse.next(), Some(vec![0x40, 0, 0, 0]));
        mouse.motion(1, 0, 0);
        assert_eq!(mouse.next(), Some(vec![0x40, 1, 0]));
    }

    #[test]
    fn the_wheel_is_in_the_fourth_byte() {
        let mut mouse = powered(SerialMouseKind::Wheel);
        mouse.motion(0, 0, -1);
        assert_eq!(mouse.next(), Some(vec![0x40, 0, 0, 0x0F]));
    }

    #[test]
    fn a_short_click_is_told() {
        let mut mouse = powered(SerialMouseKind::ThreeButtons);
        mouse.button(MouseButton::Right, true);
        mouse.button(MouseButton::Right, false);
        assert_eq!(mouse.next(), Some(vec![0x50, 0, 0]));
        assert_eq!(mouse.next(), Some(vec![0x40, 0, 0]));
    }
}
