//! A low-pass filter for any fraction of a sample: a sinc under a Kaiser window, in integers.
//!
//! Row `p` of the table holds the 64 weights for a place `p / 128` of a sample behind sample 31 of 64; places between
//! two rows are on a straight line, which errs by less than -90 dB. The weights of a row sum to exactly one, so a
//! constant stays what it is. Half the amplitude passes at 0.475 of the sample rate, and less than -75 dB from 0.525 on.

use std::sync::LazyLock;

/// Weights in a row.
pub const TAPS: usize = 64;
/// Samples before the place, this one included, that a row weighs.
pub const BEFORE: i64 = TAPS as i64 / 2 - 1;
/// Samples behind the place that it weighs.
pub const AFTER: i64 = TAPS as i64 / 2;
/// Frames that a jump changes, the first of them [`BEFORE`] before the one it comes after.
pub const STEP_TAPS: usize = TAPS + 1;
/// One, as a sum of weights: see [`weights`].
pub const ONE_BITS: u32 = 30;
/// Bits of a fraction of a sample.
pub const FRACTION_BITS: u32 = 15;

const ROWS: usize = 128;
/// Bits between two rows.
const BETWEEN: u32 = FRACTION_BITS - 7;
/// One, as the sum of a row.
const ROW_BITS: u32 = ONE_BITS - BETWEEN;
/// Fixed point of the computation.
const Q: u32 = 40;
/// Pi in Q40.
const PI: i128 = 3_454_217_652_358;

/// Twice the cut-off, in thousandths of the sample rate.
const BAND: i128 = 950;
/// A quarter of the square of the Kaiser window's beta, 8.
const QUARTER_BETA_SQUARED: i128 = 16;

static TABLE: LazyLock<Vec<[i32; TAPS]>> = LazyLock::new(|| (0..=ROWS).map(row).collect());
static STEP_TABLE: LazyLock<Vec<[i32; STEP_TAPS]>> = LazyLock::new(|| (0..=ROWS).map(step_row).collect());

/// The weights for a place `fraction` / 2^15 of a sample behind sample [`BEFORE`] of 64. They sum to 2^[`ONE_BITS`].
pub fn weights(fraction: u32) -> [i64; TAPS] {
    between(&TABLE, fraction)
}

/// By how much a jump of height one, `fraction` / 2^15 of a frame behind a frame, changes a line from frame to frame.
/// The weights sum to 2^[`ONE_BITS`].
pub fn step_weights(fraction: u32) -> [i64; STEP_TAPS] {
    between(&STEP_TABLE, fraction)
}

fn between<const N: usize>(table: &[[i32; N]], fraction: u32) -> [i64; N] {
    let fraction = fraction.min((1 << FRACTION_BITS) - 1);
    let at = (fraction >> BETWEEN) as usize;
    let (low, high) = (&table[at], &table[at + 1]);
    let share = i64::from(fraction & ((1 << BETWEEN) - 1));
    std::array::from_fn(|n| i64::from(low[n]) * ((1 << BETWEEN) - share) + i64::from(high[n]) * share)
}

/// Sine of an angle in Q40, from 0 to half a turn.
fn sin(angle: i128) -> i128 {
    let square = (angle * angle) >> Q;
    let mut term = angle;
    let mut sum = angle;
    for n in 1..20 {
        term = -((term * square) >> Q) / (2 * n * (2 * n + 1));
        sum += term;
    }
    sum
}

/// The modified Bessel function of order 0 of 2 * sqrt(`quarter_square`), in Q40.
fn bessel(quarter_square: i128) -> i128 {
    let (mut term, mut sum) = (1 << Q, 1 << Q);
    for n in 1..40 {
        term = ((term * quarter_square) >> Q) / (n * n);
        sum += term;
    }
    sum
}

/// The filter at a distance of `distance` / 128 samples, in Q40.
fn impulse(distance: i128) -> i128 {
    let half = TAPS as i128 / 2 * ROWS as i128;
    if distance.abs() >= half {
        return 0;
    }
    let rest = (1 << Q) - ((distance * distance) << Q) / (half * half);
    let window = (bessel(QUARTER_BETA_SQUARED * rest) << Q) / bessel(QUARTER_BETA_SQUARED << Q);
    // Half turns of the sine, in 128,000ths.
    let place = distance.abs() * BAND;
    let turn = 1000 * ROWS as i128;
    if place == 0 {
        return window * BAND / 1000;
    }
    let (halves, within) = (place / turn, place % turn);
    let sine = sin(PI * within / turn) * if halves % 2 == 0 { 1 } else { -1 };
    let sinc = (sine << Q) / (PI * place / turn) * BAND / 1000;
    (sinc * window) >> Q
}

fn row(phase: usize) -> [i32; TAPS] {
    normalised(|n| impulse(distance(n, phase)), BEFORE as usize + usize::from(phase > ROWS / 2))
}

/// What of the filter lies between a frame and the one before: the line is the sum of that.
fn step_row(phase: usize) -> [i32; STEP_TAPS] {
    let area = |n: usize| {
        let to = distance(n, phase);
        let from = to - ROWS as i128;
        impulse(from) + impulse(to) + 2 * (from + 1..to).map(impulse).sum::<i128>()
    };
    normalised(area, BEFORE as usize + 1)
}

fn distance(n: usize, phase: usize) -> i128 {
    (n as i128 - i128::from(BEFORE)) * ROWS as i128 - phase as i128
}

/// Weights whose sum is one; what rounding left is added at `middle`.
fn normalised<const N: usize>(weight: impl Fn(usize) -> i128, middle: usize) -> [i32; N] {
    let raw: [i128; N] = std::array::from_fn(weight);
    let sum: i128 = raw.iter().sum();
    let mut row = raw.map(|weight| i32::try_from((weight << ROW_BITS) / sum).unwrap_or(0));
    row[middle] += (1 << ROW_BITS) - row.iter().sum::<i32>();
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_everywhere() {
        for fraction in [0, 1, 255, 256, 16_384, 32_767, 99_999] {
            assert_eq!(weights(fraction).iter().sum::<i64>(), 1 << ONE_BITS);
        }
    }

    #[test]
    fn rows_mirror_each_other() {
        let (first, last) = (row(0), row(ROWS));
        assert!((0..TAPS - 1).all(|n| (first[n] - last[n + 1]).abs() <= 64));
        assert!((1..TAPS - 1).all(|n| (first[n] - first[TAPS - 2 - n]).abs() <= 64));
    }

    /// The gain at `frequency` / 1000 of the sample rate, of the filter sampled 128 times as densely.
    fn gain(frequency: f64) -> f64 {
        let mut sum = 0.0;
        for phase in 0..ROWS {
            for (n, &weight) in row(phase).iter().enumerate() {
                let distance = n as f64 - BEFORE as f64 - phase as f64 / ROWS as f64;
                sum += f64::from(weight) * (std::f64::consts::TAU * frequency / 1000.0 * distance).cos();
            }
        }
        (sum / f64::from(1 << ROW_BITS) / ROWS as f64).abs()
    }

    #[test]
    fn the_band_passes_and_images_do_not() {
        assert!((gain(400.0) - 1.0).abs() < 0.001, "{}", gain(400.0));
        assert!((gain(475.0) - 0.5).abs() < 0.01, "{}", gain(475.0));
        for frequency in [525.0, 560.0, 700.0, 1003.0, 2500.0] {
            assert!(gain(frequency) < 0.0003, "{frequency}: {}", gain(frequency));
        }
    }
}
