//! A PS/2 keyboard with 101 keys and more.
//!
//! Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-Key)", keyed \[IBM\].
//!
//! *Modelled*: scan code sets 1, 2 and 3 with set 3's key types, typematic repeat, fake shifts around the cursor block,
//! Print Screen, Pause and their Ctrl and Alt forms, the 16-byte buffer and its overrun, the LEDs, every command.
//!
//! *Not modelled*: the serial line's start, parity and stop bits; a byte arrives whole.

pub mod keys;
pub mod layout;

pub use keys::{ALL_KEYS, Key, KeyType};

use keys::{Shape, to_set_1};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A byte from the system [IBM, "Commands from the System"].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Command {
    SetLeds,
    Echo,
    SelectSet,
    ReadId,
    SetTypematic,
    Enable,
    DefaultDisable,
    SetDefault,
    SetAllKeys(KeyType),
    SetKey(KeyType),
    Resend,
    Reset,
    Invalid,
}

impl Command {
    fn decode(byte: u8) -> Self {
        match byte {
            0xED => Self::SetLeds,
            0xEE => Self::Echo,
            0xF0 => Self::SelectSet,
            0xF2 => Self::ReadId,
            0xF3 => Self::SetTypematic,
            0xF4 => Self::Enable,
            0xF5 => Self::DefaultDisable,
            0xF6 => Self::SetDefault,
            0xF7 => Self::SetAllKeys(KeyType::Typematic),
            0xF8 => Self::SetAllKeys(KeyType::MakeBreak),
            0xF9 => Self::SetAllKeys(KeyType::Make),
            0xFA => Self::SetAllKeys(KeyType::TypematicMakeBreak),
            0xFB => Self::SetKey(KeyType::Typematic),
            0xFC => Self::SetKey(KeyType::MakeBreak),
            0xFD => Self::SetKey(KeyType::Make),
            0xFE => Self::Resend,
            0xFF => Self::Reset,
            _ => Self::Invalid,
        }
    }
}

const ACK: u8 = 0xFA;
const RESEND: u8 = 0xFE;
/// Basic assurance test passed.
const BAT_PASSED: u8 = 0xAA;
/// Bytes of scan codes the keyboard holds; one more place takes the overrun code.
const BUFFER: usize = 16;
/// 10.9 characters per second after 500 ms.
const DEFAULT_TYPEMATIC: u8 = 0x2B;
/// LED bits as the ED command gives them.
const NUM_LOCK: u8 = 0x02;

/// The keyboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyboard {
    /// Scan codes on their way.
    buffer: VecDeque<u8>,
    /// Answers to commands go before scan codes.
    answers: VecDeque<u8>,
    /// Scan code set, 1 to 3.
    set: u8,
    scanning: bool,
    leds: u8,
    typematic: u8,
    /// The command whose parameter comes next.
    expecting: Option<Command>,
    last_sent: u8,
    /// Keys held down.
    down: Vec<Key>,
    /// The key that repeats.
    repeating: Option<Key>,
    /// Set 3 key types, by key.
    types: Vec<KeyType>,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self {
            buffer: VecDeque::new(),
            answers: VecDeque::new(),
            set: 2,
            scanning: true,
            leds: 0,
            typematic: DEFAULT_TYPEMATIC,
            expecting: None,
            last_sent: 0,
            down: Vec::new(),
            repeating: None,
            types: default_types(),
        }
    }
}

fn default_types() -> Vec<KeyType> {
    ALL_KEYS.iter().map(|key| key.codes().kind).collect()
}

impl Keyboard {
    /// A keyboard after its power-on test, whose result waits to be sent.
    pub fn new() -> Self {
        Self { answers: VecDeque::from([BAT_PASSED]), ..Self::default() }
    }

    /// LEDs: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock.
    pub fn leds(&self) -> u8 {
        self.leds
    }

    /// Bytes waiting to be sent.
    pub fn waiting(&self) -> usize {
        self.answers.len() + self.buffer.len()
    }

    /// Whether the next byte is the end of the power-on test, which takes its time.
    pub fn in_self_test(&self) -> bool {
        self.answers.front() == Some(&BAT_PASSED)
    }

    /// The next byte on the line.
    pub fn send(&mut self) -> Option<u8> {
        let byte = self.answers.pop_front().or_else(|| self.buffer.pop_front())?;
        if byte != RESEND {
            self.last_sent = byte;
        }
        Some(byte)
    }

    // --- keys -----------------------------------------------------------------------------------------------

    /// A key goes down or up. True when it now repeats: the caller asks [`Keyboard::repeat`] after
    /// [`Keyboard::delay_ns`].
    pub fn key(&mut self, key: Key, pressed: bool) -> bool {
        if self.down.contains(&key) == pressed {
            return false;
        }
        if pressed {
            if self.scanning {
                self.report(key, true);
            }
            self.down.push(key);
            let repeats = self.scanning && self.can_repeat(key);
            self.repeating = repeats.then_some(key);
            return repeats;
        }
        self.down.retain(|&held| held != key);
        if self.repeating == Some(key) {
            self.repeating = None;
        }
        if self.scanning {
            self.report(key, false);
        }
        false
    }

    /// The key that repeats, pressed once more; false when none does.
    pub fn repeat(&mut self) -> bool {
        let Some(key) = self.repeating.filter(|_| self.scanning) else { return false };
        let mut codes = Vec::new();
        self.plain_codes(key, true, &mut codes);
        self.enqueue(&codes);
        true
    }

    /// From the press to the first repeat.
    pub fn delay_ns(&self) -> u64 {
        250_000_000 * (u64::from(self.typematic >> 5 & 3) + 1)
    }

    /// From one repeat to the next: (8 + A) * 2^B * 4.17 ms [IBM, "Set Typematic Rate/Delay"].
    pub fn period_ns(&self) -> u64 {
        let (a, b) = (u64::from(self.typematic & 7), self.typematic >> 3 & 3);
        ((8 + a) << b) * 4_170_000
    }

    fn can_repeat(&self, key: Key) -> bool {
        match self.set {
            3 => matches!(self.types[key as usize], KeyType::Typematic | KeyType::TypematicMakeBreak),
            _ => key != Key::Pause,
        }
    }

    fn holds(&self, keys: &[Key]) -> bool {
        keys.iter().any(|key| self.down.contains(key))
    }

    fn report(&mut self, key: Key, pressed: bool) {
        let mut codes = Vec::new();
        if self.set == 3 {
            let breaks = matches!(self.types[key as usize], KeyType::MakeBreak | KeyType::TypematicMakeBreak);
            match (pressed, breaks) {
                (true, _) => codes.push(key.codes().set3),
                (false, true) => codes.extend([0xF0, key.codes().set3]),
                (false, false) => {}
            }
            return self.enqueue(&codes);
        }
        match key.codes().shape {
            Shape::Plain | Shape::Extended => self.plain_codes(key, pressed, &mut codes),
            Shape::PrintScreen => self.print_screen(pressed, &mut codes),
            Shape::Pause => self.plain_codes(key, pressed, &mut codes),
            Shape::Navigation | Shape::Slash => {
                let fakes = self.fake_shifts(key.codes().shape);
                if pressed {
                    fakes.iter().for_each(|&(set2, make)| self.push(true, set2, make, &mut codes));
                }
                self.plain_codes(key, pressed, &mut codes);
                if !pressed {
                    fakes.iter().rev().for_each(|&(set2, make)| self.push(true, set2, !make, &mut codes));
                }
            }
        }
        self.enqueue(&codes);
    }

    /// The shift codes before a make of the cursor block, so that an 84-key program sees no shift and no digit.
    fn fake_shifts(&self, shape: Shape) -> Vec<(u8, bool)> {
        let shifts = [Key::ShiftLeft, Key::ShiftRight].into_iter().filter(|key| self.down.contains(key));
        let releases: Vec<_> = shifts.map(|key| (key.codes().set2, false)).collect();
        let num_lock = self.leds & NUM_LOCK != 0;
        match (shape, releases.is_empty()) {
            (Shape::Slash, _) => releases,
            (_, true) if num_lock => vec![(Key::ShiftLeft.codes().set2, true)],
            (_, false) if num_lock => Vec::new(),
            _ => releases,
        }
    }

    /// Print Screen is SysRq with Alt, and bare with Ctrl or Shift.
    fn print_screen(&self, pressed: bool, codes: &mut Vec<u8>) {
        let set2 = Key::PrintScreen.codes().set2;
        if self.holds(&[Key::AltLeft, Key::AltRight]) {
            return self.push(false, 0x84, pressed, codes);
        }
        let bare = self.holds(&[Key::ControlLeft, Key::ControlRight, Key::ShiftLeft, Key::ShiftRight]);
        let shift = Key::ShiftLeft.codes().set2;
        if pressed && !bare {
            self.push(true, shift, true, codes);
        }
        self.push(true, set2, pressed, codes);
        if !pressed && !bare {
            self.push(true, shift, false, codes);
        }
    }

    /// The codes of a key without fake shifts.
    fn plain_codes(&self, key: Key, pressed: bool, codes: &mut Vec<u8>) {
        let row = key.codes();
        if self.set == 3 {
            return codes.push(row.set3);
        }
        if row.shape != Shape::Pause {
            return self.push(row.shape != Shape::Plain, row.set2, pressed, codes);
        }
        if !pressed {
            return; // Pause sends make and break at once
        }
        if self.holds(&[Key::ControlLeft, Key::ControlRight]) {
            // Ctrl makes it Break.
            self.push(true, Key::ScrollLock.codes().set2, true, codes);
            return self.push(true, Key::ScrollLock.codes().set2, false, codes);
        }
        for pressed in [true, false] {
            codes.push(0xE1);
            self.push(false, Key::ControlLeft.codes().set2, pressed, codes);
            self.push(false, row.set2, pressed, codes);
        }
    }

    /// One make or break code in the selected set (1 or 2).
    fn push(&self, extended: bool, set2: u8, make: bool, codes: &mut Vec<u8>) {
        if extended {
            codes.push(0xE0);
        }
        match (self.set, make) {
            (1, true) => codes.push(to_set_1(set2)),
            (1, false) => codes.push(to_set_1(set2) | 0x80),
            (_, true) => codes.push(set2),
            (_, false) => codes.extend([0xF0, set2]),
        }
    }

    /// A key's codes go into the buffer as a whole, or the overrun code takes their place [IBM, "Buffer"].
    fn enqueue(&mut self, codes: &[u8]) {
        if self.buffer.len() + codes.len() <= BUFFER {
            self.buffer.extend(codes);
        } else if self.buffer.len() <= BUFFER && !self.buffer.is_empty() {
            let overrun = if self.set == 1 { 0xFF } else { 0x00 };
            if self.buffer.back() != Some(&overrun) {
                self.buffer.push_back(overrun);
            }
        }
    }

    // --- commands -------------------------------------------------------------------------------------------

    /// A byte from the system.
    pub fn receive(&mut self, byte: u8) {
        self.answers.clear();
        match self.expecting.take() {
            Some(command) if !self.is_command_instead(command, byte) => self.parameter(command, byte),
            _ => self.command(Command::decode(byte)),
        }
    }

    /// A command may come where a parameter was due; only set 3 key codes may look like one.
    fn is_command_instead(&self, command: Command, byte: u8) -> bool {
        byte >= 0xED && !matches!(command, Command::SetKey(_))
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Invalid => return self.answers.push_back(RESEND),
            Command::Resend => return self.answers.push_back(self.last_sent),
            Command::Echo => return self.answers.push_back(0xEE),
            _ => self.answers.push_back(ACK),
        }
        match command {
            Command::SetLeds | Command::SelectSet | Command::SetTypematic | Command::SetKey(_) => {
                self.expecting = Some(command);
            }
            Command::ReadId => self.answers.extend([0xAB, 0x83]),
            Command::Enable => {
                self.buffer.clear();
                self.scanning = true;
            }
            Command::DefaultDisable => self.set_defaults(false),
            Command::SetDefault => self.set_defaults(true),
            Command::SetAllKeys(kind) => self.types.fill(kind),
            Command::Reset => {
                self.set_defaults(true);
                self.set = 2;
                self.leds = 0;
                self.answers.push_back(BAT_PASSED);
            }
            Command::Echo | Command::Resend | Command::Invalid => {}
        }
    }

    fn set_defaults(&mut self, scanning: bool) {
        self.scanning = scanning;
        self.buffer.clear();
        self.repeating = None;
        self.typematic = DEFAULT_TYPEMATIC;
        self.types = default_types();
    }

    fn parameter(&mut self, command: Command, byte: u8) {
        match (command, byte) {
            (Command::SetLeds, _) => self.leds = byte & 7,
            (Command::SetTypematic, _) => self.typematic = byte & 0x7F,
            (Command::SelectSet, 0) => return self.answers.extend([ACK, self.set]),
            (Command::SelectSet, 1..=3) => {
                self.set = byte;
                self.buffer.clear();
            }
            (Command::SetKey(kind), _) => {
                if let Some(key) = Key::from_set3(byte) {
                    self.types[key as usize] = kind;
                    self.expecting = Some(command); // more keys may follow until a command does
                } else {
                    return self.command(Command::decode(byte));
                }
            }
            _ => return self.answers.push_back(RESEND),
        }
        self.answers.push_back(ACK);
    }

    /// Whether a snapshot's state is one this keyboard can have.
    pub(crate) fn is_valid(&self) -> bool {
        self.buffer.len() <= BUFFER + 1
            && self.answers.len() <= 4
            && (1..=3).contains(&self.set)
            && self.types.len() == ALL_KEYS.len()
            && self.down.len() <= ALL_KEYS.len()
    }
}

#[cfg(test)]
#[path = "keyboard/tests.rs"]
mod tests;
