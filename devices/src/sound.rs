//! What every sound chip makes its output of: frames at 48 kHz of virtual time.
//!
//! Frame `n` belongs to the moment `n / 48000` s, computed from absolute time, so chips that are rendered apart stay
//! in step for ever. Chips whose own samples come at another rate hand them to a [`stream::Stream`]; lines that jump
//! between levels, such as the speaker's, to [`steps::Steps`]. Both use the band-limited kernel of [`kernel`], which
//! looks 32 samples ahead, so a frame can be rendered [`LATENCY`] frames after its moment.
//!
//! Everything is integer arithmetic: the same on every host. What has been rendered is host output, not guest state;
//! what the next frames depend on is saved.

pub mod kernel;
pub mod steps;
pub mod stream;

use ringzero_bus::VTime;

/// Frames per second.
pub const SAMPLE_RATE: u32 = 48_000;
/// Frames by which rendering stays behind: half a kernel at the lowest rate, 3,906 Hz.
pub const LATENCY: u64 = 400;
/// Frames that a source keeps for a listener that is late; after that it takes him to have gone.
pub const BACKLOG: u64 = 70 * SAMPLE_RATE as u64;
/// Frames, or samples, that a source keeps for nobody in particular: a second.
const UNHEARD: usize = 48_000;

/// One moment of sound, left and right, before it is limited to 16 bits.
pub type Frame = [i32; 2];

const SECOND: u128 = 1_000_000_000;

/// The number of the last frame at or before `time`.
pub fn frame_at(time: VTime) -> u64 {
    u64::try_from(u128::from(time.0) * u128::from(SAMPLE_RATE) / SECOND).unwrap_or(u64::MAX)
}

/// The first nanosecond at or after the moment of frame `number`.
pub fn time_of(number: u64) -> VTime {
    let ns = (u128::from(number) * SECOND).div_ceil(u128::from(SAMPLE_RATE));
    VTime(u64::try_from(ns).unwrap_or(u64::MAX))
}

/// Limits a mixed value to what a sample can say.
pub fn saturate(value: i32) -> i16 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// Samples per second of a source: `cycles` in `per_seconds` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rate {
    /// Samples in `per_seconds` seconds, at most 2^30.
    pub cycles: u32,
    /// Seconds in which they pass, at most 2^16.
    pub per_seconds: u32,
}

impl Rate {
    /// A whole number of samples per second.
    pub const fn hz(hz: u32) -> Self {
        Self { cycles: hz, per_seconds: 1 }
    }

    /// How long `samples` last, in nanoseconds, rounded up.
    pub fn ns_of(self, samples: u64) -> u64 {
        let ns = u128::from(samples) * SECOND * u128::from(self.per_seconds);
        u64::try_from(ns.div_ceil(u128::from(self.cycles.max(1)))).unwrap_or(u64::MAX)
    }

    /// Whole samples that begin in `ns` nanoseconds.
    pub fn samples_in(self, ns: u64) -> u64 {
        let samples =
            u128::from(ns) * u128::from(self.cycles) / (SECOND * u128::from(self.per_seconds.max(1)));
        u64::try_from(samples).unwrap_or(u64::MAX)
    }

    pub(crate) fn is_valid(self) -> bool {
        (1..=1 << 30).contains(&self.cycles) && (1..=1 << 16).contains(&self.per_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_do_not_drift() {
        for number in [0, 1, 47_999, 48_000, 48_000 * 86_400 + 7] {
            assert_eq!(frame_at(time_of(number)), number);
            assert!(number == 0 || frame_at(VTime(time_of(number).0 - 1)) == number - 1);
        }
    }

    #[test]
    fn a_rate_and_its_time_agree() {
        let rate = Rate { cycles: 1_000_000, per_seconds: 45 };
        assert_eq!(rate.ns_of(1_000_000), 45_000_000_000);
        assert_eq!(rate.samples_in(rate.ns_of(12_345)), 12_345);
    }
}
