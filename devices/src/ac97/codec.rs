//! The codec behind the controller: a SigmaTel STAC9700 by its number, with variable rates [AC97, "Mixer Registers"].

use crate::opl3::Gain;
use crate::sound::Rate;
use serde::{Deserialize, Serialize};

/// Steps of 1.5 dB, in 65536ths.
const LEVELS: [i32; 32] = [
    65536, 55142, 46396, 39037, 32846, 27636, 23253, 19565, 16462, 13851, 11654, 9806, 8250, 6942, 5841,
    4915, 4135, 3479, 2927, 2463, 2072, 1744, 1467, 1234, 1039, 874, 735, 619, 521, 438, 369, 310,
];
/// A volume's mute bit.
const MUTE: u16 = 0x8000;
/// PCM Out's steps above 0 dB, of which nothing is made: a full sample has no more room.
const BOOST: u16 = 8;
/// Variable rate audio, in Extended Audio ID and control.
const VRA: u16 = 0x0001;
/// Powerdown: ADC, DAC, analog and reference are ready.
const READY: u16 = 0x000F;
const RATES: std::ops::RangeInclusive<u16> = 4_000..=48_000;

/// Offsets of registers.
pub(super) mod register {
    pub(crate) const RESET: u16 = 0x00;
    pub(crate) const MASTER: u16 = 0x02;
    pub(crate) const PCM_OUT: u16 = 0x18;
    pub(crate) const POWERDOWN: u16 = 0x26;
    pub(crate) const EXTENDED_ID: u16 = 0x28;
    pub(crate) const EXTENDED_CONTROL: u16 = 0x2A;
    pub(crate) const FRONT_DAC_RATE: u16 = 0x2C;
    pub(crate) const ADC_RATE: u16 = 0x32;
    pub(crate) const MIC_RATE: u16 = 0x34;
}

/// Registers: offset, value after reset, bits that can be written.
const REGISTERS: [(u16, u16, u16); 22] = [
    (register::RESET, 0x6A90, 0),
    (register::MASTER, MUTE, 0xBF3F),
    (0x04, MUTE, 0xBF3F),
    (0x06, MUTE, 0x803F),
    (0x0A, 0, 0x801E),
    (0x0C, 0x8008, 0x801F),
    (0x0E, 0x8008, 0x805F),
    (0x10, 0x8808, 0x9F1F),
    (0x12, 0x8808, 0x9F1F),
    (0x14, 0x8808, 0x9F1F),
    (0x16, 0x8808, 0x9F1F),
    (register::PCM_OUT, 0x8808, 0x9F1F),
    (0x1A, 0, 0x0707),
    (0x1C, MUTE, 0x8F0F),
    (0x20, 0, 0xA380),
    (register::POWERDOWN, READY, 0xFF00),
    (register::EXTENDED_ID, VRA, 0),
    (register::EXTENDED_CONTROL, 0, VRA),
    (register::FRONT_DAC_RATE, 48_000, 0xFFFF),
    (register::ADC_RATE, 48_000, 0xFFFF),
    (0x7C, 0x8384, 0),
    (0x7E, 0x7600, 0),
];

/// The codec's registers, in the order of [`REGISTERS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Codec {
    values: [u16; REGISTERS.len()],
}

impl Default for Codec {
    fn default() -> Self {
        Self { values: REGISTERS.map(|(_, value, _)| value) }
    }
}

fn place(offset: u16) -> Option<usize> {
    REGISTERS.iter().position(|&(at, ..)| at == offset & 0x7E)
}

impl Codec {
    /// A register; one that there is none reads 0.
    pub(super) fn read(&self, offset: u16) -> u16 {
        place(offset).map_or(0, |n| self.values[n])
    }

    /// Writes a register. A write to register 0 resets all.
    pub(super) fn write(&mut self, offset: u16, value: u16) {
        let Some(n) = place(offset) else { return };
        let (at, _, mask) = REGISTERS[n];
        let is_rate = matches!(at, register::FRONT_DAC_RATE | register::ADC_RATE);
        match at {
            register::RESET => *self = Self::default(),
            _ if is_rate && self.read(register::EXTENDED_CONTROL) & VRA == 0 => {}
            _ if is_rate => self.values[n] = value.clamp(*RATES.start(), *RATES.end()),
            _ => self.values[n] = self.values[n] & !mask | value & mask,
        }
        if at == register::EXTENDED_CONTROL && value & VRA == 0 {
            for rate in [register::FRONT_DAC_RATE, register::ADC_RATE] {
                place(rate).into_iter().for_each(|n| self.values[n] = 48_000);
            }
        }
    }

    /// The rate of a rate register.
    pub(super) fn rate(&self, offset: u16) -> Rate {
        let hz = self.read(if offset == register::MIC_RATE { register::ADC_RATE } else { offset });
        Rate::hz(u32::from(hz.clamp(*RATES.start(), *RATES.end())))
    }

    /// How loud PCM Out is at the line.
    pub(super) fn gain(&self) -> Gain {
        let (master, pcm) = (self.read(register::MASTER), self.read(register::PCM_OUT));
        if (master | pcm) & MUTE != 0 {
            return [0; 2];
        }
        [8, 0].map(|shift| {
            let attenuation = |value: u16| LEVELS[usize::from(value.min(31))];
            // Bit 5 means that the lower ones are all set.
            let main = attenuation((master >> shift) & 0x3F);
            let voice = attenuation((pcm >> shift & 0x1F).saturating_sub(BOOST));
            ((i64::from(main) * i64::from(voice)) >> 16) as i32
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opl3::UNITY;

    #[test]
    fn it_is_muted_until_it_is_told_otherwise() {
        let mut codec = Codec::default();
        assert_eq!(codec.gain(), [0; 2]);
        codec.write(register::MASTER, 0);
        codec.write(register::PCM_OUT, 0x0808);
        assert_eq!(codec.gain(), UNITY);
        codec.write(register::MASTER, 0x0004);
        assert!((f64::from(codec.gain()[1]) / 65536.0 - 0.5012).abs() < 0.001);
        assert_eq!(codec.gain()[0], UNITY[0]);
    }

    #[test]
    fn rates_vary_when_that_is_enabled() {
        let mut codec = Codec::default();
        codec.write(register::FRONT_DAC_RATE, 44_100);
        assert_eq!(codec.read(register::FRONT_DAC_RATE), 48_000);
        codec.write(register::EXTENDED_CONTROL, 1);
        codec.write(register::FRONT_DAC_RATE, 44_100);
        assert_eq!(codec.rate(register::FRONT_DAC_RATE), Rate::hz(44_100));
        codec.write(register::EXTENDED_CONTROL, 0);
        assert_eq!(codec.read(register::FRONT_DAC_RATE), 48_000);
    }

    #[test]
    fn it_says_who_it_is() {
        let codec = Codec::default();
        assert_eq!((codec.read(0x7C), codec.read(0x7E), codec.read(0x26)), (0x8384, 0x7600, 0x000F));
    }
}
