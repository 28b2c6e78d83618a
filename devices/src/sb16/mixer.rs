//! The CT1745 mixer, with the registers of the CT1345 (Sound Blaster Pro) in front of its own
//! [SB HW, "CT1745 Mixer"].
//!
//! A card comes out of reset at -14 dB and its driver sets it to what its owner likes. Nothing does that here, so volumes of
//! master, voice and FM are at their full after a reset, which is unity.

use crate::opl3::Gain;
use serde::{Deserialize, Serialize};

/// 2 dB steps from -62 dB to 0, in 65536ths.
const LEVELS: [i32; 32] = [
    52, 66, 83, 104, 131, 165, 207, 261, 328, 414, 521, 655, 825, 1039, 1308, 1646, 2072, 2609, 3285, 4135,
    5206, 6554, 8250, 10387, 13076, 16462, 20724, 26090, 32846, 41350, 52057, 65536,
];

/// Registers of pairs of volumes that the CT1345 has in one: its number, and the left one here.
const LEGACY: [(u8, u8); 5] = [(0x04, 0x32), (0x22, 0x30), (0x26, 0x34), (0x28, 0x36), (0x2E, 0x38)];
/// Where a volume's five bits are.
const SHIFT: u32 = 3;

/// What interrupts: bits of register 82h.
pub(super) const IRQ_8_BIT: u8 = 0x01;
pub(super) const IRQ_16_BIT: u8 = 0x02;
pub(super) const IRQ_MPU: u8 = 0x04;

/// Interrupts that register 80h can choose, by bit. IRQ 2 of the slot is IRQ 9.
pub(super) const IRQS: [u8; 4] = [9, 5, 7, 10];

/// The mixer's registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mixer {
    address: u8,
    /// 30h to 47h.
    volumes: [u8; 24],
    /// 0Eh: stereo of the Sound Blaster Pro.
    output: u8,
    /// 0Ch: its input filter.
    input: u8,
    /// 80h: one bit of four.
    irq: u8,
    /// 81h.
    dma: u8,
    /// 82h.
    pub(super) pending: u8,
}

const fn volumes_after_reset() -> [u8; 24] {
    let mut volumes = [0; 24];
    let mut n = 0;
    while n < 6 {
        volumes[n] = 31 << SHIFT;
        n += 1;
    }
    volumes[0x3C - 0x30] = 0x1F;
    volumes[0x3D - 0x30] = 0x15;
    volumes[0x3E - 0x30] = 0x0B;
    let mut n = 0x44 - 0x30;
    while n < 24 {
        volumes[n] = 0x80;
        n += 1;
    }
    volumes
}

impl Mixer {
    pub(super) fn new(irq: u8, dma: u8, dma_16: u8) -> Self {
        let bit = IRQS.iter().position(|&known| known == irq).unwrap_or(1);
        Self {
            address: 0,
            volumes: volumes_after_reset(),
            output: 0,
            input: 0,
            irq: 1 << bit,
            dma: 1 << (dma & 7) | 1 << (dma_16 & 7),
            pending: 0,
        }
    }

    /// Chooses a register.
    pub(super) fn select(&mut self, register: u8) {
        self.address = register;
    }

    pub(super) fn address(&self) -> u8 {
        self.address
    }

    /// The chosen register.
    pub(super) fn read(&self) -> u8 {
        let wide = |at: u8| self.volumes[usize::from(at - 0x30)];
        match self.address {
            0x0A => wide(0x3A) >> 5,
            0x0C => self.input,
            0x0E => self.output,
            0x30..=0x47 => wide(self.address),
            0x80 => 0xF0 | self.irq,
            0x81 => self.dma,
            0x82 => self.pending,
            address => match LEGACY.iter().find(|(old, _)| *old == address) {
                Some(&(_, left)) => wide(left) & 0xF0 | wide(left + 1) >> 4,
                None => 0xFF,
            },
        }
    }

    /// Writes the chosen register.
    pub(super) fn write(&mut self, value: u8) {
        match self.address {
            0x00 => {
                self.volumes = volumes_after_reset();
                (self.output, self.input) = (0, 0);
            }
            0x0A => self.volumes[0x3A - 0x30] = (value & 7) << 5 | 0x18,
            0x0C => self.input = value,
            0x0E => self.output = value,
            0x30..=0x47 => self.volumes[usize::from(self.address - 0x30)] = value,
            0x80 if value & 0x0F != 0 => self.irq = value & 0x0F,
            0x81 => self.dma = value & 0xEB,
            address => {
                if let Some(&(_, left)) = LEGACY.iter().find(|(old, _)| *old == address) {
                    let at = usize::from(left - 0x30);
                    // The lowest of five bits is set, so that the highest of four is full volume.
                    self.volumes[at] = value & 0xF0 | 0x08;
                    self.volumes[at + 1] = value << 4 | 0x08;
                }
            }
        }
    }

    /// Which of [`IRQS`] is chosen.
    pub(super) fn irq(&self) -> usize {
        (self.irq.trailing_zeros() as usize).min(3)
    }

    /// The DMA channel of 8-bit transfers.
    pub(super) fn dma_8(&self) -> u8 {
        [1, 0, 3].into_iter().find(|&channel| self.dma >> channel & 1 != 0).unwrap_or(1)
    }

    /// The DMA channel of 16-bit transfers: without one of its own, that of 8 bits.
    pub(super) fn dma_16(&self) -> u8 {
        [5, 6, 7].into_iter().find(|&channel| self.dma >> channel & 1 != 0).unwrap_or_else(|| self.dma_8())
    }

    /// Stereo of the Sound Blaster Pro.
    pub(super) fn is_stereo(&self) -> bool {
        self.output & 2 != 0
    }

    /// How loud voice is.
    pub(super) fn voice(&self) -> Gain {
        self.gain(0x32)
    }

    /// How loud FM is.
    pub(super) fn fm(&self) -> Gain {
        self.gain(0x34)
    }

    fn gain(&self, left: u8) -> Gain {
        let level = |at: usize| i64::from(LEVELS[usize::from(self.volumes[at] >> SHIFT)]);
        std::array::from_fn(|side| {
            let source = level(usize::from(left - 0x30) + side);
            // Output gain: 0, 6, 12 or 18 dB.
            let output = u32::from(self.volumes[0x41 - 0x30 + side] >> 6);
            ((source * level(side)) >> 16 << output) as i32
        })
    }

    pub(super) fn is_valid(&self) -> bool {
        (1..16).contains(&self.irq) && self.pending < 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opl3::UNITY;

    fn mixer() -> Mixer {
        Mixer::new(5, 1, 5)
    }

    fn set(mixer: &mut Mixer, register: u8, value: u8) -> u8 {
        mixer.select(register);
        mixer.write(value);
        mixer.read()
    }

    #[test]
    fn full_volume_is_unity_and_a_step_is_2_db() {
        let mut mixer = mixer();
        assert_eq!((mixer.voice(), mixer.fm()), (UNITY, UNITY));
        set(&mut mixer, 0x32, 28 << 3);
        set(&mut mixer, 0x31, 28 << 3);
        let half = mixer.voice().map(|gain| f64::from(gain) / 65536.0);
        assert!(half.iter().all(|gain| (gain - 0.5012).abs() < 0.001), "{half:?}");
        assert_eq!(mixer.fm()[0], UNITY[0]);
    }

    #[test]
    fn old_registers_are_the_upper_bits_of_the_new_ones() {
        let mut mixer = mixer();
        assert_eq!(set(&mut mixer, 0x22, 0xF7), 0xF7);
        mixer.select(0x30);
        assert_eq!(mixer.read(), 0xF8);
        mixer.select(0x31);
        assert_eq!(mixer.read(), 0x78);
        set(&mut mixer, 0x04, 0xFF);
        set(&mut mixer, 0x22, 0xFF);
        assert_eq!(mixer.voice(), UNITY);
    }

    #[test]
    fn interrupt_and_channels_can_be_chosen() {
        let mut mixer = mixer();
        assert_eq!((set(&mut mixer, 0x80, 0x04), IRQS[mixer.irq()]), (0xF4, 7));
        set(&mut mixer, 0x81, 0x48);
        assert_eq!((mixer.dma_8(), mixer.dma_16()), (3, 6));
        set(&mut mixer, 0x81, 0x02);
        assert_eq!((mixer.dma_8(), mixer.dma_16()), (1, 1));
    }
}
