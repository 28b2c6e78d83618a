//! The digital-to-analog converter: 256 colours of 18 bits [VGA, "Video Digital-to-Analog Converter"], or of 24 where the
//! Bochs extension has widened it.

use serde::{Deserialize, Serialize};

/// The palette and its counters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dac {
    /// 256 times red, green, blue, as they were written.
    colours: Vec<u8>,
    /// PEL mask, 3C6h.
    pub(super) mask: u8,
    index: u8,
    /// 0 red, 1 green, 2 blue.
    component: u8,
    /// Red and green wait for blue: a colour is written whole.
    pending: [u8; 2],
    /// The last index was written to 3C7h.
    reading: bool,
    /// What 3C8h reads.
    write_index: u8,
}

impl Default for Dac {
    fn default() -> Self {
        Self {
            colours: vec![0; 768],
            mask: 0xFF,
            index: 0,
            component: 0,
            pending: [0; 2],
            reading: false,
            write_index: 0,
        }
    }
}

impl Dac {
    /// DAC state register, 3C7h: 3 after a read index, 0 after a write index.
    pub(super) fn read_state(&self) -> u8 {
        if self.reading { 3 } else { 0 }
    }

    pub(super) fn write_index(&self) -> u8 {
        self.write_index
    }

    pub(super) fn set_read_index(&mut self, value: u8) {
        (self.index, self.component, self.reading) = (value, 0, true);
        self.write_index = value.wrapping_add(1);
    }

    pub(super) fn set_write_index(&mut self, value: u8) {
        (self.index, self.component, self.reading) = (value, 0, false);
        self.write_index = value;
    }

    fn place(&self) -> usize {
        usize::from(self.index) * 3 + usize::from(self.component)
    }

    /// Goes on to the next component; true when it was the last of a colour.
    fn step(&mut self) -> bool {
        self.component = (self.component + 1) % 3;
        let wrapped = self.component == 0;
        if wrapped {
            self.index = self.index.wrapping_add(1);
            self.write_index = self.index;
        }
        wrapped
    }

    pub(super) fn read_data(&mut self) -> u8 {
        let value = self.colours[self.place()];
        self.step();
        value
    }

    /// A byte for the data port; the colour that is now complete.
    pub(super) fn written(&mut self, value: u8, wide: bool) -> Option<(u8, [u8; 3])> {
        let value = if wide { value } else { value & 0x3F };
        let index = self.index;
        if let Some(pending) = self.pending.get_mut(usize::from(self.component)) {
            *pending = value;
        }
        let [red, green] = self.pending;
        self.step().then_some((index, [red, green, value]))
    }

    pub(super) fn colour(&self, index: u8) -> [u8; 3] {
        let first = usize::from(index) * 3;
        std::array::from_fn(|n| self.colours[first + n])
    }

    pub(super) fn set_colour(&mut self, index: u8, colour: [u8; 3]) {
        let first = usize::from(index) * 3;
        self.colours[first..first + 3].copy_from_slice(&colour);
    }

    /// Every index as 00RRGGBBh, the mask applied.
    pub(super) fn rgb(&self, wide: bool) -> [u32; 256] {
        std::array::from_fn(|index| {
            let colour = self.colour(index as u8 & self.mask);
            colour.iter().fold(0, |rgb, &part| {
                let six = part & 0x3F;
                rgb << 8 | u32::from(if wide { part } else { six << 2 | six >> 4 })
            })
        })
    }

    pub(super) fn is_valid(&self) -> bool {
        self.colours.len() == 768 && self.component < 3
    }
}
