//! The graphics controller: between the CPU's bytes and the planes [VGA, "Graphics Controller Registers"].

use serde::{Deserialize, Serialize};

/// GR0 to GR8 and the latches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Graphics {
    pub(super) index: u8,
    regs: [u8; 9],
    /// The byte of each plane that was read last.
    pub(super) latches: [u8; 4],
}

/// Writable bits of GR0 to GR8.
const WRITABLE: [u8; 9] = [0x0F, 0x0F, 0x0F, 0x1F, 0x03, 0x7B, 0x0F, 0x0F, 0xFF];

/// How the shift registers make pixels of the planes: GR5 bits 5 and 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shift {
    /// One bit per plane.
    Planar,
    /// Two bits per pixel, as on a CGA.
    Interleaved,
    /// A byte per pixel.
    Packed,
}

impl Graphics {
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

    /// Whether bytes pass through as they are, in write mode 0 and read mode 0.
    pub(super) fn passes_bytes(&self) -> bool {
        let [_, enable_set_reset, _, rotate, _, mode, .., bit_mask] = self.regs;
        enable_set_reset == 0 && rotate == 0 && mode & 0x0B == 0 && bit_mask == 0xFF
    }

    /// GR6 bits 2 and 3: the window, as an offset from A0000h and a length.
    pub(super) fn window(&self) -> (u64, u64) {
        match self.regs[6] >> 2 & 3 {
            0 => (0, 0x2_0000),
            1 => (0, 0x1_0000),
            2 => (0x1_0000, 0x8000),
            _ => (0x1_8000, 0x8000),
        }
    }

    pub(super) fn shift(&self) -> Shift {
        match self.regs[5] >> 5 & 3 {
            0 => Shift::Planar,
            1 => Shift::Interleaved,
            _ => Shift::Packed,
        }
    }
}
