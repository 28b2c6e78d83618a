//! The attribute controller: from plane bits to a DAC index [VGA, "Attribute Controller Registers"].

use serde::{Deserialize, Serialize};

/// AR0 to AR14h.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attribute {
    /// Index, with the palette address source in bit 5.
    index: u8,
    /// The next write to 3C0h is data.
    data_next: bool,
    palette: [u8; 16],
    /// AR10h: mode control.
    mode: u8,
    /// AR11h: overscan colour.
    overscan: u8,
    /// AR12h: colour plane enable.
    plane_enable: u8,
    /// AR13h: horizontal pixel panning.
    panning: u8,
    /// AR14h: colour select.
    colour_select: u8,
}

/// Bit 5 of the index: the palette is connected.
pub(super) const PALETTE_ADDRESS_SOURCE: u8 = 0x20;
/// Stands for the index register where registers are numbered.
pub(super) const INDEX: u8 = 0x20;

impl Attribute {
    pub(super) fn reset_flip_flop(&mut self) {
        self.data_next = false;
    }

    pub(super) fn read_index(&self) -> u8 {
        self.index
    }

    pub(super) fn read_data(&self) -> u8 {
        self.get(self.index & 0x1F)
    }

    /// Port 3C0h takes index and data in turn: the register written, and its new value.
    pub(super) fn written(&mut self, value: u8) -> Option<(u8, u8)> {
        self.data_next = !self.data_next;
        if self.data_next {
            return Some((INDEX, value & 0x3F));
        }
        let register = self.index & 0x1F;
        let writable = match register {
            // The palette is locked while the display uses it [VGA, "Attribute Address Register"].
            0..=0x0F if self.display_on() => return None,
            0..=0x0F | 0x12 => 0x3F,
            0x10 => 0xEF,
            0x11 => 0xFF,
            0x13 | 0x14 => 0x0F,
            _ => return None,
        };
        Some((register, value & writable))
    }

    /// A register's value, or the index.
    pub(super) fn get(&self, register: u8) -> u8 {
        match register {
            n @ 0..=0x0F => self.palette[usize::from(n)],
            0x10 => self.mode,
            0x11 => self.overscan,
            0x12 => self.plane_enable,
            0x13 => self.panning,
            0x14 => self.colour_select,
            INDEX => self.index,
            _ => 0,
        }
    }

    /// Gives a register, or the index, a value.
    pub(super) fn set(&mut self, register: u8, value: u8) {
        match register {
            n @ 0..=0x0F => self.palette[usize::from(n)] = value,
            0x10 => self.mode = value,
            0x11 => self.overscan = value,
            0x12 => self.plane_enable = value,
            0x13 => self.panning = value,
            0x14 => self.colour_select = value,
            _ => self.index = value,
        }
    }

    /// The palette is connected; otherwise the screen shows the overscan colour.
    pub(super) fn display_on(&self) -> bool {
        self.index & PALETTE_ADDRESS_SOURCE != 0
    }

    pub(super) fn graphics_mode(&self) -> bool {
        self.mode & 0x01 != 0
    }

    /// ELG: in 9-dot characters C0h to DFh the ninth dot repeats the eighth.
    pub(super) fn line_graphics(&self) -> bool {
        self.mode & 0x04 != 0
    }

    /// Attribute bit 7 blinks rather than brightens.
    pub(super) fn blink(&self) -> bool {
        self.mode & 0x08 != 0
    }

    /// The part below the line compare does not pan.
    pub(super) fn split_does_not_pan(&self) -> bool {
        self.mode & 0x20 != 0
    }

    /// 8-bit colour: two dots make a pixel.
    pub(super) fn eight_bit(&self) -> bool {
        self.mode & 0x40 != 0
    }

    pub(super) fn panning(&self) -> usize {
        usize::from(self.panning)
    }

    pub(super) fn overscan(&self) -> u8 {
        self.overscan
    }

    /// In graphics modes all pixels change between colours with bit 3 clear and set, as blinking characters do.
    pub(super) fn blinks_graphics(&self) -> bool {
        self.graphics_mode() && self.blink()
    }

    /// The DAC index of each 4-bit colour.
    pub(super) fn dac_indices(&self) -> [u8; 16] {
        std::array::from_fn(|colour| {
            let entry = self.palette[colour & usize::from(self.plane_enable & 0x0F)];
            let low = if self.mode & 0x80 != 0 {
                (entry & 0x0F) | (self.colour_select & 3) << 4
            } else {
                entry & 0x3F
            };
            low | (self.colour_select >> 2 & 3) << 6
        })
    }

    pub(super) fn is_valid(&self) -> bool {
        self.palette.iter().all(|&entry| entry < 0x40)
    }
}
