//! The graphics controller: between the CPU's bytes and the planes [VGA, "Graphics Controller Registers"].

use super::sequencer::Sequencer;
use serde::{Deserialize, Serialize};

/// GR0 to GR8 and the latches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Graphics {
    pub(super) index: u8,
    regs: [u8; 9],
    latches: [u8; 4],
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

/// GR3 bits 3 and 4: what happens between the CPU's data and the latches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Replace,
    And,
    Or,
    Xor,
}

impl Function {
    fn apply(self, data: u8, latch: u8) -> u8 {
        match self {
            Self::Replace => data,
            Self::And => data & latch,
            Self::Or => data | latch,
            Self::Xor => data ^ latch,
        }
    }
}

impl Graphics {
    pub(super) fn read(&self) -> u8 {
        self.regs.get(usize::from(self.index)).copied().unwrap_or(0xFF)
    }

    pub(super) fn write(&mut self, value: u8) {
        if let (Some(reg), Some(mask)) =
            (self.regs.get_mut(usize::from(self.index)), WRITABLE.get(usize::from(self.index)))
        {
            *reg = value & mask;
        }
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

    fn function(&self) -> Function {
        match self.regs[3] >> 3 & 3 {
            0 => Function::Replace,
            1 => Function::And,
            2 => Function::Or,
            _ => Function::Xor,
        }
    }

    fn rotated(&self, value: u8) -> u8 {
        value.rotate_right(u32::from(self.regs[3] & 7))
    }

    /// `bits` spread over the planes: all ones where the plane's bit is set.
    fn expand(bits: u8) -> [u8; 4] {
        [0, 1, 2, 3].map(|plane| if bits & (1 << plane) != 0 { 0xFF } else { 0 })
    }

    /// The four bytes that a CPU write brings to the planes [VGA, "Graphics Mode Register", write modes].
    fn written(&self, value: u8) -> [u8; 4] {
        let (set_reset, bit_mask) = (Self::expand(self.regs[0]), self.regs[8]);
        let mix = |data: [u8; 4], mask: u8| {
            std::array::from_fn(|plane| {
                let latch = self.latches[plane];
                (self.function().apply(data[plane], latch) & mask) | (latch & !mask)
            })
        };
        match self.regs[5] & 3 {
            0 => {
                let (data, enable) = (self.rotated(value), Self::expand(self.regs[1]));
                let data = std::array::from_fn(|p| (set_reset[p] & enable[p]) | (data & !enable[p]));
                mix(data, bit_mask)
            }
            1 => self.latches,
            2 => mix(Self::expand(value), bit_mask),
            _ => mix(set_reset, bit_mask & self.rotated(value)),
        }
    }

    /// Read mode 1: bits whose colour equals the compare register in the planes that count.
    fn compared(&self) -> u8 {
        let (compare, care) = (Self::expand(self.regs[2]), Self::expand(self.regs[7]));
        (0..4).fold(0xFF, |equal, p| equal & !((self.latches[p] ^ compare[p]) & care[p]))
    }
}

/// The CPU's way to display memory.
pub(super) struct MemoryPath<'a> {
    pub(super) sequencer: &'a Sequencer,
    pub(super) graphics: &'a mut Graphics,
    /// Interleaved planes.
    pub(super) memory: &'a mut [u8],
}

impl MemoryPath<'_> {
    /// A byte read at `at` bytes into the window.
    pub(super) fn read(&mut self, at: usize) -> u8 {
        let odd_even = self.graphics.regs[5] & 0x10 != 0;
        let (address, plane) = if self.sequencer.chain_4() {
            (Self::chained(at), at & 3)
        } else if odd_even {
            (at & !1, usize::from(self.graphics.regs[4] & 2) | (at & 1))
        } else {
            (at, usize::from(self.graphics.regs[4]))
        };
        let first = (address & 0xFFFF) * 4;
        self.graphics.latches.copy_from_slice(&self.memory[first..first + 4]);
        if self.graphics.regs[5] & 0x08 != 0 {
            return self.graphics.compared();
        }
        self.graphics.latches[plane & 3]
    }

    /// A byte written at `at` bytes into the window.
    pub(super) fn write(&mut self, at: usize, value: u8) {
        let mask = self.sequencer.map_mask();
        let (address, planes) = if self.sequencer.chain_4() {
            (Self::chained(at), mask & 1 << (at & 3))
        } else if self.sequencer.odd_even() {
            (at & !1, mask & if at & 1 == 0 { 0b0101 } else { 0b1010 })
        } else {
            (at, mask)
        };
        let first = (address & 0xFFFF) * 4;
        let bytes = self.graphics.written(value);
        for plane in (0..4).filter(|plane| planes & (1 << plane) != 0) {
            self.memory[first + plane] = bytes[plane];
        }
    }

    /// Chain 4: the two low bits choose the plane and give way to A16 and A17.
    fn chained(at: usize) -> usize {
        (at & 0xFFFC) | (at >> 16 & 3)
    }
}
