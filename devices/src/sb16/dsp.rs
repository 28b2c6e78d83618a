//! The digital sound processor's command interpreter, version 4.05 [SB HW, "DSP Commands"].

use super::adpcm::{Adpcm, Width};
use super::transfer::{Format, Transfer};
use crate::sound::Rate;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What software reads with command E3h.
const COPYRIGHT: &[u8] = b"COPYRIGHT (C) CREATIVE TECHNOLOGY LTD, 1992.\0";
/// Bytes that wait to be read.
const MOST_ANSWERS: usize = 64;
/// Rates that the converter can be set to.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=48_000;
/// The highest time constant: 50 kHz.
const MOST_CONSTANT: u8 = 236;
/// What command E2h adds up, by bit of its argument, and always [measured on cards; known from programs that ask].
const IDENTITY: [[i32; 9]; 4] = [
    [0x01, -0x02, -0x04, 0x08, -0x10, 0x20, 0x40, -0x80, -106],
    [-0x01, 0x02, -0x04, 0x08, 0x10, -0x20, 0x40, -0x80, 165],
    [-0x01, 0x02, 0x04, -0x08, 0x10, -0x20, -0x40, 0x80, -151],
    [0x01, -0x02, 0x04, -0x08, -0x10, 0x20, -0x40, 0x80, 90],
];

/// What a command asks of the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    None,
    /// 10h: a sample at once.
    Direct(u8),
    Play(Box<Transfer>),
    /// Of the 8- or 16-bit transfer.
    Pause {
        wide: bool,
    },
    Continue {
        wide: bool,
    },
    /// Ends with its block.
    LeaveAutoInit {
        wide: bool,
    },
    /// 45h, 47h.
    Again {
        wide: bool,
    },
    Interrupt {
        wide: bool,
    },
    /// E2h: a byte to memory.
    Identify(u8),
    Midi(u8),
}

/// The interpreter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dsp {
    /// The reset port's bit.
    reset: bool,
    /// A command that waits for arguments.
    command: Option<u8>,
    arguments: Vec<u8>,
    answers: VecDeque<u8>,
    last_answer: u8,
    rate: Rate,
    /// The rate is that of bytes, as a time constant gives it.
    by_constant: bool,
    /// 48h.
    block: u16,
    speaker: bool,
    /// E4h, E8h.
    test: u8,
    identity: (u8, u8),
    /// The level that ADPCM goes on from.
    level: u8,
    /// 34h to 37h: what is written is MIDI, until a reset.
    uart: bool,
}

impl Default for Dsp {
    fn default() -> Self {
        Self {
            reset: false,
            command: None,
            arguments: Vec::new(),
            answers: VecDeque::new(),
            last_answer: 0xFF,
            rate: Rate::hz(11_025),
            by_constant: false,
            block: 0x7FF,
            speaker: false,
            test: 0,
            identity: (0xAA, 0),
            level: 0x80,
            uart: false,
        }
    }
}

/// Arguments of a command.
fn arguments_of(command: u8) -> usize {
    match command {
        0x04 | 0x08 | 0x0F | 0x10 | 0x38 | 0x40 | 0xE0 | 0xE2 | 0xE4 | 0xF9 => 1,
        0x05 | 0x0E | 0x14..=0x17 | 0x24 | 0x41 | 0x42 | 0x48 | 0x74..=0x77 | 0x80 | 0x91 | 0x99 | 0xFA => {
            // High-speed transfers take the block size of 48h.
            if matches!(command, 0x91 | 0x99) { 0 } else { 2 }
        }
        0xB0..=0xCF => 3,
        _ => 0,
    }
}

impl Dsp {
    /// A write to the reset port; true when that resets.
    pub(super) fn write_reset(&mut self, value: u8) -> bool {
        let falls = self.reset && value & 1 == 0;
        self.reset = value & 1 != 0;
        if falls {
            *self = Self { speaker: false, ..Self::default() };
            self.answer(0xAA);
        }
        falls
    }

    fn answer(&mut self, byte: u8) {
        if self.answers.len() < MOST_ANSWERS {
            self.answers.push_back(byte);
        }
    }

    /// The data port. Without an answer the last one is read again.
    pub(super) fn read(&mut self) -> u8 {
        if let Some(byte) = self.answers.pop_front() {
            self.last_answer = byte;
        }
        self.last_answer
    }

    /// Whether an answer waits.
    pub(super) fn has_answer(&self) -> bool {
        !self.answers.is_empty()
    }

    /// Where ADPCM without a reference byte goes on.
    pub(super) fn set_level(&mut self, level: u8) {
        self.level = level;
    }

    /// A byte to the command port. `stereo` is the Sound Blaster Pro's bit in the mixer.
    pub(super) fn write(&mut self, byte: u8, stereo: bool) -> Action {
        if self.uart {
            return Action::Midi(byte);
        }
        let command = match self.command {
            None => {
                self.arguments.clear();
                byte
            }
            Some(command) => {
                self.arguments.push(byte);
                command
            }
        };
        if self.arguments.len() < arguments_of(command) {
            self.command = Some(command);
            return Action::None;
        }
        self.command = None;
        self.execute(command, stereo)
    }

    fn argument(&self, n: usize) -> u8 {
        self.arguments.get(n).copied().unwrap_or(0)
    }

    /// Two arguments, the low byte first, and one more: a length.
    fn length(&self, n: usize) -> u32 {
        u32::from(u16::from_le_bytes([self.argument(n), self.argument(n + 1)])) + 1
    }

    fn execute(&mut self, command: u8, stereo: bool) -> Action {
        let pcm = Format::Pcm8 { signed: false };
        match command {
            0x10 => return Action::Direct(self.argument(0)),
            0x14 | 0x15 => return self.play(pcm, self.length(0), stereo),
            0x24 => return self.record(self.play(pcm, self.length(0), stereo)),
            0x1C | 0x90 => return auto_init(self.play(pcm, self.block(), stereo)),
            0x2C | 0x98 => return auto_init(self.record(self.play(pcm, self.block(), stereo))),
            0x91 => return self.play(pcm, self.block(), stereo),
            0x99 => return self.record(self.play(pcm, self.block(), stereo)),
            0x16 | 0x17 | 0x74..=0x77 => return self.play_adpcm(command, self.length(0)),
            0x1F | 0x7D | 0x7F => return auto_init(self.play_adpcm(command, self.block())),
            0x80 => return self.play(Format::Silence, self.length(0), false),
            0xB0..=0xCF => return self.play_by_mode(command),
            _ => {}
        }
        match command {
            0x20 | 0x28 => self.answer(0x80),
            0x34..=0x37 => self.uart = true,
            0x38 => return Action::Midi(self.argument(0)),
            0x40 => {
                let constant = self.argument(0).min(MOST_CONSTANT);
                self.rate = Rate { cycles: 1_000_000, per_seconds: 256 - u32::from(constant) };
                self.by_constant = true;
            }
            0x41 | 0x42 => {
                let hz = u32::from(u16::from_be_bytes([self.argument(0), self.argument(1)]));
                self.rate = Rate::hz(hz.clamp(*RATES.start(), *RATES.end()));
                self.by_constant = false;
            }
            0x45 | 0x47 => return Action::Again { wide: command == 0x47 },
            0x48 => self.block = u16::from_le_bytes([self.argument(0), self.argument(1)]),
            0xD0 | 0xD5 => return Action::Pause { wide: command == 0xD5 },
            0xD4 | 0xD6 => return Action::Continue { wide: command == 0xD6 },
            0xD9 | 0xDA => return Action::LeaveAutoInit { wide: command == 0xD9 },
            // Speaker on and off tell something on this version, and do nothing.
            0xD1 | 0xD3 => self.speaker = command == 0xD1,
            0xF2 | 0xF3 => return Action::Interrupt { wide: command == 0xF3 },
            0xE2 => return self.identify(),
            _ => self.inquire(command),
        }
        Action::None
    }

    fn inquire(&mut self, command: u8) {
        match command {
            0xD8 => self.answer(if self.speaker { 0xFF } else { 0 }),
            0xE0 => self.answer(!self.argument(0)),
            0xE1 => [4, 5].into_iter().for_each(|byte| self.answer(byte)),
            0xE3 => COPYRIGHT.iter().for_each(|&byte| self.answer(byte)),
            0xE4 => self.test = self.argument(0),
            0xE8 => self.answer(self.test),
            0xF1 => self.answer(0x12),
            0xF8 | 0xF9 => self.answer(0),
            0x03 => self.answer(0x18),
            0x08 => self.answer(0x18),
            0x0F => self.answer(0),
            0xFB => self.answer(0x20),
            0xFC => self.answer(0),
            0xFD => self.answer(self.test),
            0x30 | 0x31 => self.answer(0),
            _ => {}
        }
    }

    fn identify(&mut self) -> Action {
        let (value, count) = self.identity;
        let row = IDENTITY[usize::from(count & 3)];
        let argument = self.argument(0);
        let sum: i32 = (0..8).filter(|n| argument >> n & 1 != 0).map(|n| row[n as usize]).sum();
        let value = (i32::from(value) + sum + row[8]) as u8;
        self.identity = (value, count.wrapping_add(1));
        Action::Identify(value)
    }

    fn block(&self) -> u32 {
        u32::from(self.block) + 1
    }

    /// A transfer in the manner of the first cards: two bytes of a Sound Blaster Pro's stereo share the rate.
    fn play(&self, format: Format, length: u32, stereo: bool) -> Action {
        let mut rate = self.rate;
        if stereo && self.by_constant {
            rate.per_seconds *= 2;
        }
        Action::Play(Box::new(Transfer { stereo, ..Transfer::new(format, length, rate) }))
    }

    fn play_adpcm(&self, command: u8, length: u32) -> Action {
        let width = match command {
            0x74 | 0x75 | 0x7D => Width::Four,
            0x76 | 0x77 | 0x7F => Width::TwoPointSix,
            _ => Width::Two,
        };
        // Odd commands begin with a reference byte.
        let level = (command & 1 == 0).then_some(self.level);
        self.play(Format::Adpcm(Adpcm::new(width, level)), length, false)
    }

    fn record(&self, action: Action) -> Action {
        let Action::Play(transfer) = action else { return action };
        Action::Play(Box::new(Transfer { records: true, ..*transfer }))
    }

    /// Bxh, Cxh: what the older commands say is in the command and its first argument.
    fn play_by_mode(&self, command: u8) -> Action {
        let mode = self.argument(0);
        let signed = mode & 0x10 != 0;
        let format = if command < 0xC0 { Format::Pcm16 { signed } } else { Format::Pcm8 { signed } };
        Action::Play(Box::new(Transfer {
            records: command & 0x08 != 0,
            stereo: mode & 0x20 != 0,
            auto_init: command & 0x04 != 0,
            ..Transfer::new(format, self.length(1), self.rate)
        }))
    }

    pub(super) fn is_valid(&self) -> bool {
        let fits = self.arguments.len() <= 3 && self.answers.len() <= MOST_ANSWERS;
        fits && self.rate.is_valid() && self.rate.per_seconds <= 256
    }
}

fn auto_init(action: Action) -> Action {
    let Action::Play(transfer) = action else { return action };
    Action::Play(Box::new(Transfer { auto_init: true, ..*transfer }))
}
