//! The graphics controller: between the CPU's bytes and the planes [VGA, "Graphics Controller Registers"].

use super::planes::Planes;
use super::sequencer::Sequencer;
use ringzero_bus::GuestRam;
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
    fn passes_bytes(&self) -> bool {
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
    fn mixed(&self, value: u8) -> [u8; 4] {
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
    pub(super) ram: &'a mut GuestRam,
    /// Where the planes lie.
    pub(super) planes: Planes,
}

/// Whether the window shows memory byte for byte: chain 4 over all planes, with nothing in the way.
pub(super) fn is_linear(sequencer: &Sequencer, graphics: &Graphics) -> bool {
    sequencer.chain_4() && sequencer.map_mask() == 0x0F && graphics.passes_bytes()
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
        self.graphics.latches = self.planes.fetch(self.ram, address);
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
        let bytes = u32::from_le_bytes(self.graphics.mixed(value));
        let mask = u32::from_le_bytes(Graphics::expand(planes));
        let old = if mask == u32::MAX { 0 } else { u32::from_le_bytes(self.planes.fetch(self.ram, address)) };
        self.planes.store(self.ram, address, (old & !mask | bytes & mask).to_le_bytes());
    }

    /// Chain 4: the two low bits choose the plane and give way to A16 and A17.
    fn chained(at: usize) -> usize {
        (at & 0xFFFC) | (at >> 16 & 3)
    }
}
