//! Creative's ADPCM: differences whose step grows with large ones and shrinks with small ones [SB HW, "ADPCM"].

use serde::{Deserialize, Serialize};

/// Bits to a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Width {
    /// Two samples in a byte.
    Four,
    /// Three: of 3, 3 and 2 bits.
    TwoPointSix,
    /// Four.
    Two,
}

/// A decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Adpcm {
    width: Width,
    /// The last sample; none before the reference byte.
    level: Option<u8>,
    step: u8,
}

impl Adpcm {
    /// A decoder that begins at `level`, or with a reference byte.
    pub(super) fn new(width: Width, level: Option<u8>) -> Self {
        Self { width, level, step: 0 }
    }

    /// The last sample.
    pub(super) fn level(self) -> Option<u8> {
        self.level
    }

    /// The samples of a byte; a reference byte has none.
    pub(super) fn decode(&mut self, byte: u8, mut play: impl FnMut(u8)) {
        if self.level.is_none() {
            (self.level, self.step) = (Some(byte), 0);
            return;
        }
        let codes: &[(u8, u32)] = match self.width {
            Width::Four => &[(byte >> 4, 3), (byte & 15, 3)],
            Width::TwoPointSix => &[(byte >> 5, 2), (byte >> 2 & 7, 2), (byte << 1 & 6, 2)],
            Width::Two => &[(byte >> 6, 1), (byte >> 4 & 3, 1), (byte >> 2 & 3, 1), (byte & 3, 1)],
        };
        for &(code, sign) in codes {
            play(self.sample(code, sign));
        }
    }

    /// A sample of a code whose sign is bit `sign`.
    fn sample(&mut self, code: u8, sign: u32) -> u8 {
        let size = i32::from(code & ((1 << sign) - 1));
        let (most, last) = match self.width {
            Width::Four => (3, 5),
            Width::TwoPointSix => (4, 3),
            Width::Two => (5, 1),
        };
        let odd = 2 * size + 1;
        let change = match (self.width, self.step) {
            // The last step of three bits is 5, not 8.
            (Width::TwoPointSix, 4) => 5 * odd,
            (_, step) => (odd << step) >> 1,
        };
        let change = if code >> sign & 1 != 0 { -change } else { change };
        let level = (i32::from(self.level.unwrap_or(0x80)) + change).clamp(0, 255) as u8;
        self.level = Some(level);
        if size == 0 {
            self.step = self.step.saturating_sub(1);
        } else if size >= last {
            self.step = (self.step + 1).min(most);
        }
        level
    }

    pub(super) fn is_valid(self) -> bool {
        self.step <= 5
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(width: Width, bytes: &[u8]) -> Vec<u8> {
        let mut adpcm = Adpcm::new(width, None);
        let mut out = Vec::new();
        bytes.iter().for_each(|&byte| adpcm.decode(byte, |sample| out.push(sample)));
        out
    }

    #[test]
    fn four_bits_come_high_nibble_first() {
        // 7 steps up by 7, which doubles the step and adds half: then 2 * 1 + 1 = 3 down.
        assert_eq!(decoded(Width::Four, &[0x80, 0x79]), [0x87, 0x84]);
        // Steps 0, 1, 2, 3, 3: 7, 15, 30, 60, 60.
        assert_eq!(decoded(Width::Four, &[0x00, 0x77, 0x77, 0x77]), [7, 22, 52, 112, 172, 232]);
    }

    #[test]
    fn a_small_difference_shrinks_the_step() {
        // 7 up: step 1; 0: 1 up and step 0; 0: nothing.
        assert_eq!(decoded(Width::Four, &[0x80, 0x70, 0x08]), [0x87, 0x88, 0x88, 0x88]);
    }

    #[test]
    fn bytes_of_three_and_four_samples_come_high_bits_first() {
        assert_eq!(decoded(Width::TwoPointSix, &[0x80, 0b0110_0101]), [0x83, 0x86, 0x8B]);
        assert_eq!(decoded(Width::Two, &[0x80, 0b01_00_11_01]), [0x81, 0x82, 0x81, 0x84]);
    }

    #[test]
    fn samples_do_not_leave_the_range() {
        assert_eq!(*decoded(Width::Four, &[0xF0, 0x77, 0x77]).last().unwrap(), 255);
    }
}
