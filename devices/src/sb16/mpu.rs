//! The MPU-401 as the card has it: UART mode, and as much of the intelligent mode as it takes to get there
//! [MPU-401, "UART Mode"].

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Status: nothing to read.
const DSR: u8 = 0x80;
const ACKNOWLEDGE: u8 = 0xFE;
/// Bytes that wait to be read, and to be fetched by the host.
const MOST_INPUT: usize = 16;
const MOST_OUTPUT: usize = 4096;

/// The port's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mpu {
    uart: bool,
    input: VecDeque<u8>,
    /// MIDI that was sent. It is host output.
    #[serde(skip)]
    output: VecDeque<u8>,
}

impl Mpu {
    pub(super) fn status(&self) -> u8 {
        // The transmitter is always ready.
        if self.input.is_empty() { 0x3F | DSR } else { 0x3F }
    }

    /// Whether something waits to be read.
    pub(super) fn interrupts(&self) -> bool {
        !self.input.is_empty()
    }

    pub(super) fn read(&mut self) -> u8 {
        self.input.pop_front().unwrap_or(ACKNOWLEDGE)
    }

    /// A command. Leaving the UART mode is not acknowledged.
    pub(super) fn command(&mut self, command: u8) {
        match command {
            0xFF => {
                self.input.clear();
                if !std::mem::take(&mut self.uart) {
                    self.answer(ACKNOWLEDGE);
                }
            }
            _ if self.uart => {}
            0x3F => {
                self.uart = true;
                self.answer(ACKNOWLEDGE);
            }
            0xAC => [ACKNOWLEDGE, 0x15].into_iter().for_each(|byte| self.answer(byte)),
            0xAD => [ACKNOWLEDGE, 0x01].into_iter().for_each(|byte| self.answer(byte)),
            _ => self.answer(ACKNOWLEDGE),
        }
    }

    fn answer(&mut self, byte: u8) {
        if self.input.len() < MOST_INPUT {
            self.input.push_back(byte);
        }
    }

    /// Data: MIDI in the UART mode.
    pub(super) fn write(&mut self, byte: u8) {
        if self.uart {
            self.send(byte);
        }
    }

    /// MIDI that leaves by this port or by the DSP.
    pub(super) fn send(&mut self, byte: u8) {
        if self.output.len() >= MOST_OUTPUT {
            self.output.pop_front();
        }
        self.output.push_back(byte);
    }

    /// MIDI sent since the last call.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        self.output.drain(..).collect()
    }

    pub(super) fn is_valid(&self) -> bool {
        self.input.len() <= MOST_INPUT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uart_mode_is_entered_and_left() {
        let mut mpu = Mpu::default();
        mpu.command(0xFF);
        assert_eq!((mpu.status(), mpu.read(), mpu.status()), (0x3F, 0xFE, 0xBF));
        mpu.command(0x3F);
        assert_eq!(mpu.read(), 0xFE);
        [0x90, 0x3C, 0x7F].into_iter().for_each(|byte| mpu.write(byte));
        assert_eq!(mpu.take_output(), [0x90, 0x3C, 0x7F]);
        mpu.command(0xFF);
        assert!(!mpu.interrupts());
    }
}
