//! A PS/2 mouse: two buttons and a middle one, and when it is asked in the right way a wheel and two more.
//!
//! Sources: IBM PS/2 Hardware Interface Technical Reference, "Mouse", keyed \[IBM PS/2 mouse\]; Microsoft, Windows-compatible
//! five-button wheel mouse, keyed \[IntelliMouse\].
//!
//! *Modelled*: every command; stream, remote and wrap mode; packets at the sample rate, with signs and overflow;
//! scaling 2:1; reset with its test; resend; IDs 0, 3 (wheel) and 4 (wheel and five buttons) by their sequences of sample
//! rates. A packet is made when the last one has left: until then movement adds up, up to the nine bits of a counter.
//!
//! A button that goes down and up again between two packets is reported down once: a finger is slower than that.
//!
//! *Not modelled*: the resolution is kept and reported, but movement comes in counts whatever it is; the test passes and
//! is not sent unasked after power-on.

use ringzero_bus::VTime;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A button of the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MouseButton {
    /// The left one.
    Left,
    /// The right one.
    Right,
    /// The middle one, or the wheel.
    Middle,
    /// The fourth.
    Fourth,
    /// The fifth.
    Fifth,
}

/// A byte from the system [IBM PS/2 mouse, "Commands"].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Command {
    Scaling { double: bool },
    SetResolution,
    StatusRequest,
    StreamMode,
    ReadData,
    ResetWrapMode,
    WrapMode,
    RemoteMode,
    ReadId,
    SetSampleRate,
    Enable,
    Disable,
    SetDefaults,
    Resend,
    Reset,
}

impl Command {
    fn decode(byte: u8) -> Option<Self> {
        Some(match byte {
            0xE6 => Self::Scaling { double: false },
            0xE7 => Self::Scaling { double: true },
            0xE8 => Self::SetResolution,
            0xE9 => Self::StatusRequest,
            0xEA => Self::StreamMode,
            0xEB => Self::ReadData,
            0xEC => Self::ResetWrapMode,
            0xEE => Self::WrapMode,
            0xF0 => Self::RemoteMode,
            0xF2 => Self::ReadId,
            0xF3 => Self::SetSampleRate,
            0xF4 => Self::Enable,
            0xF5 => Self::Disable,
            0xF6 => Self::SetDefaults,
            0xFE => Self::Resend,
            0xFF => Self::Reset,
            _ => return None,
        })
    }
}

const ACK: u8 = 0xFA;
const RESEND: u8 = 0xFE;
/// Answers a second invalid byte in a row.
const ERROR: u8 = 0xFC;
const TEST_PASSED: u8 = 0xAA;
const SAMPLE_RATES: [u8; 7] = [10, 20, 40, 60, 80, 100, 200];
/// Sample rates set one after the other that make it a wheel mouse, and one with five buttons.
const WHEEL: [u8; 3] = [200, 100, 80];
const FIVE_BUTTONS: [u8; 3] = [200, 200, 80];
const HIGHEST_RESOLUTION: u8 = 3;
/// Movement that a counter of nine bits holds.
const COUNTER: std::ops::RangeInclusive<i32> = -256..=255;
/// Movement of the wheel between two packets.
const WHEEL_COUNTER: std::ops::RangeInclusive<i32> = -8..=7;

/// What has moved since the last packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counters {
    /// To the right.
    x: i32,
    /// Away from the user.
    y: i32,
    /// The wheel, towards the user.
    wheel: i32,
}

/// The mouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mouse {
    /// Answers to commands, on their way.
    answers: VecDeque<u8>,
    /// A packet on its way.
    packet: VecDeque<u8>,
    /// What was sent last, as a whole.
    last: Vec<u8>,
    /// The command whose parameter comes next.
    expecting: Option<Command>,
    /// The last byte was invalid.
    erred: bool,
    /// Its type: 0, 3 or 4.
    id: u8,
    remote: bool,
    wrap: bool,
    enabled: bool,
    double: bool,
    resolution: u8,
    sample_rate: u8,
    /// The last three sample rates that were set.
    rates: [u8; 3],
    counters: Counters,
    /// Buttons that are down, as bits: left, right, middle, fourth, fifth.
    buttons: u8,
    /// Buttons that went down since the last packet.
    pressed: u8,
    /// Buttons as the last packet gave them.
    reported: u8,
    /// A packet without news is wanted.
    nudged: bool,
    /// No packet in stream mode before this.
    next_sample: VTime,
}

impl Default for Mouse {
    fn default() -> Self {
        Self {
            answers: VecDeque::new(),
            packet: VecDeque::new(),
            last: Vec::new(),
            expecting: None,
            erred: false,
            id: 0,
            remote: false,
            wrap: false,
            enabled: false,
            double: false,
            resolution: 2,
            sample_rate: 100,
            rates: [0; 3],
            counters: Counters::default(),
            buttons: 0,
            pressed: 0,
            reported: 0,
            nudged: false,
            next_sample: VTime(0),
        }
    }
}

impl Mouse {
    /// A mouse after power-on.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers wait to be sent.
    pub fn has_answer(&self) -> bool {
        !self.answers.is_empty()
    }

    /// A byte of any kind waits to be sent.
    pub fn waits(&self) -> bool {
        self.has_answer() || !self.packet.is_empty()
    }

    /// Whether the next byte is the result of its test, which takes its time.
    pub fn in_self_test(&self) -> bool {
        self.answers.len() == 2 && self.answers.front() == Some(&TEST_PASSED)
    }

    /// The next byte on the line.
    pub fn send(&mut self) -> Option<u8> {
        self.answers.pop_front().or_else(|| self.packet.pop_front())
    }

    // --- movement -------------------------------------------------------------------------------------------

    /// It moves by so many counts to the right and towards the user, its wheel towards the user.
    pub fn motion(&mut self, right: i32, down: i32, wheel: i32) {
        let Counters { x, y, wheel: z } = self.counters;
        // One beyond what fits stands for overflow.
        let keep =
            |sum: i32, range: &std::ops::RangeInclusive<i32>| sum.clamp(range.start() - 1, range.end() + 1);
        self.counters = Counters {
            x: keep(x.saturating_add(right), &COUNTER),
            y: keep(y.saturating_sub(down), &COUNTER),
            wheel: z.saturating_add(wheel).clamp(*WHEEL_COUNTER.start(), *WHEEL_COUNTER.end()),
        };
    }

    /// The next packet of stream mode is sent even if it has nothing to tell.
    pub fn nudge(&mut self) {
        self.nudged = self.enabled;
    }

    /// A button goes down or up.
    pub fn button(&mut self, button: MouseButton, pressed: bool) {
        let bit = 1 << button as u8;
        if pressed {
            self.pressed |= bit & !self.buttons;
            self.buttons |= bit;
        } else {
            self.buttons &= !bit;
        }
    }

    /// Makes the next packet of stream mode if there is something to report; when to ask again, if it is too soon.
    pub fn sample(&mut self, now: VTime) -> Option<VTime> {
        let streams = self.enabled && !self.remote && !self.wrap && !self.waits();
        if !streams || !self.has_news() {
            return None;
        }
        if now < self.next_sample {
            return Some(self.next_sample);
        }
        self.next_sample = now.plus_ns(1_000_000_000 / u64::from(self.sample_rate.max(1)));
        let packet = self.take_packet(self.double);
        self.last.clone_from(&packet);
        self.packet.extend(packet);
        None
    }

    fn visible_buttons(&self) -> u8 {
        let known = if self.id == 4 { 0x1F } else { 0x07 };
        (self.buttons | self.pressed) & known
    }

    fn has_news(&self) -> bool {
        let Counters { x, y, wheel } = self.counters;
        let turned = wheel != 0 && self.id != 0;
        self.nudged || x != 0 || y != 0 || turned || self.visible_buttons() != self.reported
    }

    /// What has happened since the last packet [IBM PS/2 mouse, "Data Packet Format"].
    fn take_packet(&mut self, double: bool) -> Vec<u8> {
        let Counters { x, y, wheel } = std::mem::take(&mut self.counters);
        let buttons = self.visible_buttons();
        (self.reported, self.pressed, self.nudged) = (buttons, 0, false);
        let (x, x_flags) = nine_bits(if double { scaled(x) } else { x });
        let (y, y_flags) = nine_bits(if double { scaled(y) } else { y });
        let mut packet = vec![buttons & 7 | 0x08 | x_flags << 4 | y_flags << 5, x, y];
        match self.id {
            3 => packet.push(wheel as u8),
            4 => packet.push(wheel as u8 & 0x0F | buttons >> 3 << 4),
            _ => {}
        }
        packet
    }

    // --- commands -------------------------------------------------------------------------------------------

    /// A byte from the system; what the mouse was sending is gone.
    pub fn receive(&mut self, byte: u8) {
        self.answers.clear();
        self.packet.clear();
        let command = Command::decode(byte);
        if self.wrap && !matches!(command, Some(Command::ResetWrapMode | Command::Reset)) {
            return self.answer(&[byte]);
        }
        match (self.expecting.take(), command) {
            (_, Some(Command::Resend)) => self.answers.extend(&self.last),
            (_, Some(command)) => {
                self.erred = false;
                if command != Command::ReadData {
                    self.counters = Counters::default();
                }
                self.command(command);
            }
            (Some(Command::SetSampleRate), None) if SAMPLE_RATES.contains(&byte) => {
                self.set_sample_rate(byte)
            }
            (Some(Command::SetResolution), None) if byte <= HIGHEST_RESOLUTION => {
                self.resolution = byte;
                self.answer(&[ACK]);
            }
            _ => {
                let answer = if std::mem::replace(&mut self.erred, true) { ERROR } else { RESEND };
                self.answers.push_back(answer);
            }
        }
    }

    fn answer(&mut self, bytes: &[u8]) {
        self.last = bytes.to_vec();
        self.answers.extend(bytes);
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::StatusRequest => return self.answer(&self.status()),
            Command::ReadData => {
                let packet = self.take_packet(false);
                return self.answer(&[&[ACK], packet.as_slice()].concat());
            }
            Command::ReadId => return self.answer(&[ACK, self.id]),
            Command::Reset => {
                let (buttons, next_sample) = (self.buttons, self.next_sample);
                *self = Self { buttons, next_sample, ..Self::default() };
                return self.answer(&[ACK, TEST_PASSED, self.id]);
            }
            Command::SetResolution | Command::SetSampleRate => self.expecting = Some(command),
            Command::Scaling { double } => self.double = double,
            Command::StreamMode => self.remote = false,
            Command::RemoteMode => self.remote = true,
            Command::WrapMode => self.wrap = true,
            Command::ResetWrapMode => self.wrap = false,
            Command::Enable => self.enabled = true,
            Command::Disable => self.enabled = false,
            Command::SetDefaults => {
                (self.remote, self.enabled, self.double) = (false, false, false);
                (self.resolution, self.sample_rate) = (2, 100);
            }
            Command::Resend => {}
        }
        self.answer(&[ACK]);
    }

    fn set_sample_rate(&mut self, rate: u8) {
        self.sample_rate = rate;
        self.rates = [self.rates[1], self.rates[2], rate];
        match self.rates {
            WHEEL if self.id == 0 => self.id = 3,
            FIVE_BUTTONS => self.id = 4,
            _ => {}
        }
        self.answer(&[ACK]);
    }

    /// [IBM PS/2 mouse, "Status Request"]: the buttons lie the other way round than in a packet.
    fn status(&self) -> [u8; 4] {
        let flag = |on: bool, bit: u32| u8::from(on) << bit;
        let [left, right, middle] = [0, 1, 2].map(|n| self.buttons >> n & 1 != 0);
        let first = flag(self.remote, 6)
            | flag(self.enabled, 5)
            | flag(self.double, 4)
            | flag(left, 2)
            | flag(middle, 1)
            | flag(right, 0);
        [ACK, first, self.resolution, self.sample_rate]
    }

    /// Whether a snapshot's state is one this mouse can have.
    pub(crate) fn is_valid(&self) -> bool {
        let counted = |value: i32| (-257..=256).contains(&value);
        matches!(self.id, 0 | 3 | 4)
            && self.answers.len() <= 5
            && self.packet.len() <= 4
            && self.last.len() <= 5
            && SAMPLE_RATES.contains(&self.sample_rate)
            && counted(self.counters.x)
            && counted(self.counters.y)
            && WHEEL_COUNTER.contains(&self.counters.wheel)
    }
}

/// Scaling 2:1 [IBM PS/2 mouse, "Set Scaling 2:1"].
fn scaled(counts: i32) -> i32 {
    let size = match counts.abs() {
        small @ (0 | 1 | 3) => small,
        2 => 1,
        4 => 6,
        5 => 9,
        large => 2 * large,
    };
    size * counts.signum()
}

/// The low eight bits of a counter; bit 0: its sign, bit 2: it does not hold the value.
fn nine_bits(value: i32) -> (u8, u8) {
    let held = value.clamp(*COUNTER.start(), *COUNTER.end());
    (held as u8, u8::from(held < 0) | u8::from(held != value) << 2)
}

#[cfg(test)]
#[path = "mouse/tests.rs"]
mod tests;
