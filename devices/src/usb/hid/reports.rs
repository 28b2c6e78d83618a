//! What a device has to report: places, motion and keys, in the order they happened.

use super::HidKind;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Changes of buttons and keys that wait at most.
const QUEUE: usize = 64;
/// Motion that adds up at most.
const MOST: i32 = 0x7FFF;
/// Keys that a report names.
const KEYS: usize = 6;
/// More keys are down than a report can name [HUT, "Keyboard ErrorRollOver"].
const ROLL_OVER: u8 = 0x01;
/// The first of the eight modifiers.
const MODIFIERS: u8 = 0xE0;

/// The pointer at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pointer {
    x: u16,
    y: u16,
    /// Counts to the right and down, wheel steps towards the user, since the report before.
    right: i32,
    down: i32,
    wheel: i32,
    buttons: u8,
    /// A button changed here: later motion is told apart.
    clicked: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reports {
    /// What was reported last.
    last: Pointer,
    pointers: VecDeque<Pointer>,
    /// Keys that went down or up and were not reported yet.
    strokes: VecDeque<(u8, bool)>,
    /// Keys that are down, as far as was reported.
    down: Vec<u8>,
}

fn add(sum: &mut i32, more: i32) {
    *sum = sum.saturating_add(more).clamp(-MOST, MOST);
}

/// The part of a counter that a byte holds; the rest stays.
fn take(counter: &mut i32) -> u8 {
    let part = (*counter).clamp(-127, 127);
    *counter -= part;
    part as u8
}

impl Reports {
    /// What was not reported will not be; what is held stays held.
    pub(super) fn forget(&mut self) {
        let newest = self.newest();
        self.last = Pointer { right: 0, down: 0, wheel: 0, clicked: false, ..newest };
        self.pointers.clear();
        while let Some((usage, pressed)) = self.strokes.pop_front() {
            self.stroke(usage, pressed);
        }
    }

    fn newest(&self) -> Pointer {
        self.pointers.back().copied().unwrap_or(self.last)
    }

    /// The report that takes what happens now.
    fn tail(&mut self, alone: bool) -> &mut Pointer {
        let newest = self.newest();
        let full = self.pointers.len() >= QUEUE;
        let joins = self.pointers.back().is_some_and(|tail| full || !alone && !tail.clicked);
        if !joins {
            let still = Pointer { right: 0, down: 0, wheel: 0, clicked: false, ..newest };
            self.pointers.push_back(still);
        }
        self.pointers.back_mut().expect("one was put there if there was none")
    }

    pub(super) fn place(&mut self, x: u16, y: u16, wheel: i32) {
        let newest = self.newest();
        if (newest.x, newest.y) == (x, y) && wheel == 0 {
            return;
        }
        let tail = self.tail(false);
        (tail.x, tail.y) = (x, y);
        add(&mut tail.wheel, wheel);
    }

    pub(super) fn motion(&mut self, right: i32, down: i32, wheel: i32) {
        if (right, down, wheel) == (0, 0, 0) {
            return;
        }
        let tail = self.tail(false);
        add(&mut tail.right, right);
        add(&mut tail.down, down);
        add(&mut tail.wheel, wheel);
    }

    pub(super) fn button(&mut self, bit: u8, pressed: bool) {
        let held = self.newest().buttons;
        let buttons = if pressed { held | bit & 0x1F } else { held & !bit };
        if buttons != held {
            let tail = self.tail(true);
            (tail.buttons, tail.clicked) = (buttons, true);
        }
    }

    /// A key beyond what the queue holds is lost, its release is not: the last stroke makes room.
    pub(super) fn key(&mut self, usage: u8, pressed: bool) {
        if self.strokes.len() >= QUEUE {
            if pressed {
                return;
            }
            self.strokes.pop_back();
        }
        self.strokes.push_back((usage, pressed));
    }

    /// Whether there is news.
    pub(super) fn waits(&self) -> bool {
        !self.pointers.is_empty() || !self.strokes.is_empty()
    }

    fn stroke(&mut self, usage: u8, pressed: bool) {
        self.down.retain(|&held| held != usage);
        if pressed {
            self.down.push(usage);
        }
    }

    /// The next report, which counts as told.
    pub(super) fn next(&mut self, kind: HidKind) -> Vec<u8> {
        if kind == HidKind::Keyboard {
            if let Some((usage, pressed)) = self.strokes.pop_front() {
                self.stroke(usage, pressed);
            }
            return self.current(kind);
        }
        let Some(mut pointer) = self.pointers.pop_front() else { return self.current(kind) };
        let (right, down) = (take(&mut pointer.right), take(&mut pointer.down));
        // The wheel's usage counts away from the user.
        let mut away = -pointer.wheel;
        let wheel = take(&mut away);
        pointer.wheel = -away;
        self.last = Pointer { right: 0, down: 0, wheel: 0, clicked: false, ..pointer };
        let moves = kind == HidKind::Mouse && (pointer.right, pointer.down) != (0, 0);
        if moves || pointer.wheel != 0 {
            self.pointers.push_front(pointer);
        }
        self.report(kind, (right, down, wheel))
    }

    /// The state as it was reported last.
    pub(super) fn current(&self, kind: HidKind) -> Vec<u8> {
        match kind {
            HidKind::Keyboard => self.keys(),
            HidKind::Tablet | HidKind::Mouse => self.report(kind, (0, 0, 0)),
        }
    }

    fn report(&self, kind: HidKind, (right, down, wheel): (u8, u8, u8)) -> Vec<u8> {
        if kind == HidKind::Mouse {
            return vec![self.last.buttons, right, down, wheel];
        }
        let ([x, x_high], [y, y_high]) = (self.last.x.to_le_bytes(), self.last.y.to_le_bytes());
        vec![self.last.buttons, x, x_high, y, y_high, wheel]
    }

    /// [HID, "Keyboard: Input Report"].
    fn keys(&self) -> Vec<u8> {
        let (modifiers, keys): (Vec<u8>, Vec<u8>) = self.down.iter().partition(|&&usage| usage >= MODIFIERS);
        let modifiers = modifiers.iter().fold(0, |bits, usage| bits | 1 << (usage & 7));
        let mut report = vec![modifiers, 0];
        if keys.len() > KEYS {
            report.extend([ROLL_OVER; KEYS]);
        } else {
            report.extend(&keys);
            report.resize(2 + KEYS, 0);
        }
        report
    }

    pub(super) fn is_valid(&self) -> bool {
        let in_range = |p: &Pointer| [p.right, p.down, p.wheel].iter().all(|sum| sum.abs() <= MOST);
        self.pointers.len() <= QUEUE
            && self.strokes.len() <= QUEUE
            && self.down.len() <= 256
            && self.pointers.iter().chain([&self.last]).all(in_range)
    }
}
