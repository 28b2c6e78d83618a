//! A tone, by measurement.

use std::f64::consts::TAU;

/// Frames in a second.
const RATE: f64 = 48_000.0;

/// What a stretch of sound is, taken for a sine.
#[derive(Clone, Copy, Debug)]
pub struct Tone {
    /// Its frequency.
    pub hz: f64,
    /// Its height.
    pub level: f64,
    /// The most that is left of any frame without the sine.
    pub rest: f64,
}

impl Tone {
    /// The sine near `hz` that is nearest to what is heard.
    pub fn measure(samples: &[f64], hz: f64) -> Self {
        let mut best = hz;
        // The spectrum of a long stretch has narrow peaks: by steps that become finer.
        for step in [0.1, 0.01, 0.001, 0.000_1, 0.000_01] {
            let candidates = (-12..=12).map(|n| best + f64::from(n) * step);
            best = candidates.max_by(|a, b| level(samples, *a).total_cmp(&level(samples, *b))).unwrap_or(hz);
        }
        let (re, im) = correlate(samples, best, |_| 1.0);
        let rest = samples.iter().enumerate().map(|(n, value)| {
            let angle = TAU * best * n as f64 / RATE;
            (value - re * angle.cos() - im * angle.sin()).abs()
        });
        Self { hz: best, level: re.hypot(im), rest: rest.fold(0.0, f64::max) }
    }
}

/// One side from where it is first heard, without the first milliseconds of that, for so many seconds.
pub fn stretch(heard: &[[i16; 2]], side: usize, skip: usize, seconds: f64) -> Option<Vec<f64>> {
    let start = heard.iter().position(|frame| frame[side].unsigned_abs() > 200)? + 48 * skip;
    let frames = heard.get(start..start + (seconds * RATE) as usize)?;
    Some(frames.iter().map(|frame| f64::from(frame[side])).collect())
}

/// A sine as a WAV file of 16 bits and two sides.
pub fn wav(hz: f64, rate: u32, seconds: u32, height: f64) -> Vec<u8> {
    let frames = rate * seconds;
    let mut out = Vec::new();
    out.extend(b"RIFF");
    out.extend((36 + 4 * frames).to_le_bytes());
    out.extend(b"WAVEfmt ");
    for word in [16, 1 | 2 << 16, rate, 4 * rate, 4 | 16 << 16] {
        out.extend(u32::to_le_bytes(word));
    }
    out.extend(b"data");
    out.extend((4 * frames).to_le_bytes());
    for n in 0..frames {
        let value = ((TAU * hz * f64::from(n) / f64::from(rate)).sin() * height).round() as i16;
        out.extend(value.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out
}

/// The height of a frequency, under a Hann window.
pub fn level(samples: &[f64], hz: f64) -> f64 {
    let (re, im) = correlate(samples, hz, |at| 1.0 - (TAU * at).cos());
    re.hypot(im)
}

fn correlate(samples: &[f64], hz: f64, window: impl Fn(f64) -> f64) -> (f64, f64) {
    let len = samples.len() as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, value) in samples.iter().enumerate() {
        let angle = TAU * hz * n as f64 / RATE;
        let value = value * window(n as f64 / len) * 2.0 / len;
        re += value * angle.cos();
        im += value * angle.sin();
    }
    (re, im)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64) -> Vec<f64> {
        (0..96_000).map(|n| 9000.0 * (TAU * hz * f64::from(n) / RATE + 0.7).sin()).collect()
    }

    #[test]
    fn a_sine_is_measured_to_a_thousandth() {
        let tone = Tone::measure(&sine(440.123), 440.0);
        assert!(
            (tone.hz - 440.123).abs() < 0.001 && (tone.level - 9000.0).abs() < 10.0 && tone.rest < 10.0,
            "{tone:?}"
        );
    }

    #[test]
    fn a_click_is_left_over() {
        let mut samples = sine(440.0);
        samples[50_000] += 1500.0;
        assert!(Tone::measure(&samples, 440.0).rest > 1400.0);
    }
}
