//! The two timers [YMF262, "Timer-1, Timer-2"]: computed from the number of the sample, like everything in the chip.

use serde::{Deserialize, Serialize};

/// Samples to a count: 80 us and 320 us.
const SAMPLES: [u64; 2] = [4, 16];
/// Flags in the status register, and masks in register 04h.
const FLAGS: [u8; 2] = [0x40, 0x20];
const IRQ: u8 = 0x80;

/// One timer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Timer {
    preset: u8,
    /// While it runs: the count of its clock at which it was loaded, and what it overflowed by then.
    started: Option<u64>,
}

/// Timers, their masks and flags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Timers {
    timers: [Timer; 2],
    masks: u8,
    flags: u8,
}

impl Timers {
    /// IRQ, FT1 and FT2 at a sample.
    pub(super) fn status(&mut self, sample: u64) -> u8 {
        self.advance(sample);
        if self.flags == 0 { 0 } else { self.flags | IRQ }
    }

    /// Notes overflows up to `sample`.
    fn advance(&mut self, sample: u64) {
        for (n, timer) in self.timers.iter_mut().enumerate() {
            let Some(started) = timer.started else { continue };
            let period = 256 - u64::from(timer.preset);
            let overflows = (sample / SAMPLES[n]).saturating_sub(started) / period;
            if overflows > 0 {
                timer.started = Some(started + overflows * period);
                self.flags |= FLAGS[n] & !self.masks;
            }
        }
    }

    /// Writes register 02h, 03h or 04h.
    pub(super) fn write(&mut self, register: u8, value: u8, sample: u64) {
        self.advance(sample);
        match register {
            2 | 3 => self.timers[usize::from(register - 2)].preset = value,
            // RST: the other bits do not count.
            _ if value & 0x80 != 0 => self.flags = 0,
            _ => {
                self.masks = value & 0x60;
                self.flags &= !self.masks;
                for (n, timer) in self.timers.iter_mut().enumerate() {
                    let runs = value >> n & 1 != 0;
                    timer.started = runs.then(|| timer.started.unwrap_or(sample / SAMPLES[n]));
                }
            }
        }
    }

    pub(super) fn is_valid(&self) -> bool {
        self.masks & !0x60 == 0 && self.flags & !0x60 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every program does to find an AdLib card.
    #[test]
    fn the_usual_detection_works() {
        let mut timers = Timers::default();
        timers.write(4, 0x60, 0);
        timers.write(4, 0x80, 0);
        assert_eq!(timers.status(10), 0);
        timers.write(2, 0xFF, 10);
        timers.write(4, 0x21, 10);
        assert_eq!(timers.status(20), 0xC0);
        timers.write(4, 0x60, 20);
        timers.write(4, 0x80, 20);
        assert_eq!(timers.status(21), 0);
    }

    #[test]
    fn timer_2_counts_four_times_as_slowly() {
        let mut timers = Timers::default();
        timers.write(3, 0xF0, 0);
        timers.write(4, 0x02, 0);
        assert_eq!([255, 256].map(|sample| timers.status(sample)), [0, 0xA0]);
    }

    #[test]
    fn a_masked_timer_raises_no_flag() {
        let mut timers = Timers::default();
        timers.write(2, 0xFF, 0);
        timers.write(4, 0x41, 0);
        assert_eq!(timers.status(1000), 0);
    }
}
