//! The sequencer: planes, fonts, clocking [VGA, "Sequencer Registers"].

use super::crtc::CharacterClock;
use serde::{Deserialize, Serialize};

/// SR0 to SR4.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sequencer {
    pub(super) index: u8,
    regs: [u8; 5],
}

/// Writable bits of SR0 to SR4.
const WRITABLE: [u8; 5] = [0x03, 0x3D, 0x0F, 0x3F, 0x0E];

impl Sequencer {
    pub(super) fn read(&self) -> u8 {
        self.regs.get(usize::from(self.index)).copied().unwrap_or(0xFF)
    }

    /// The register that a write to the data port changes, and its new value.
    pub(super) fn written(&self, value: u8) -> Option<(u8, u8)> {
        WRITABLE.get(usize::from(self.index)).map(|mask| (self.index, value & mask))
    }

    /// A register's value.
    pub(super) fn get(&self, register: u8) -> u8 {
        self.regs.get(usize::from(register)).copied().unwrap_or_default()
    }

    /// Gives a register a value.
    pub(super) fn set(&mut self, register: u8, value: u8) {
        if let Some(reg) = self.regs.get_mut(usize::from(register)) {
            *reg = value;
        }
    }

    /// SR1 bits 0 and 3: dots per character, dot clock halved.
    pub(super) fn timing(&self) -> CharacterClock {
        CharacterClock { dots: self.dots(), halved: self.regs[1] & 0x08 != 0 }
    }

    /// Dots in a character: 8 or 9.
    pub(super) fn dots(&self) -> usize {
        if self.regs[1] & 0x01 != 0 { 8 } else { 9 }
    }

    /// SR1 bit 5: the screen is off.
    pub(super) fn screen_off(&self) -> bool {
        self.regs[1] & 0x20 != 0
    }

    /// SR2: planes the CPU writes.
    pub(super) fn map_mask(&self) -> u8 {
        self.regs[2]
    }

    /// SR3: plane 2 offsets of the fonts for attribute bit 3 = 0 (map B) and 1 (map A).
    pub(super) fn fonts(&self) -> [usize; 2] {
        let select = usize::from(self.regs[3]);
        let base = |low: usize, high: usize| low * 0x4000 + high * 0x2000;
        [base(select & 3, select >> 4 & 1), base(select >> 2 & 3, select >> 5 & 1)]
    }

    /// SR4 bit 2 clear: even addresses write planes 0 and 2, odd ones 1 and 3.
    pub(super) fn odd_even(&self) -> bool {
        self.regs[4] & 0x04 == 0
    }

    /// SR4 bit 3: the two low address bits choose the plane.
    pub(super) fn chain_4(&self) -> bool {
        self.regs[4] & 0x08 != 0
    }
}
