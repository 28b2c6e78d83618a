//! The guest's picture scaled into a window.
//!
//! Every standard mode fills a 4:3 tube, so every picture fills the largest 4:3 rectangle in the window. Enlarged by a
//! whole factor, pixels stay sharp squares; otherwise only the border between two pixels is blended.

use ringzero_machine::Frame;

/// A rectangle in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rect {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

/// The largest 4:3 rectangle in the middle of a window.
fn picture_rect(width: usize, height: usize) -> Rect {
    let (w, h) = if width * 3 <= height * 4 { (width, width * 3 / 4) } else { (height * 4 / 3, height) };
    Rect { x: (width - w) / 2, y: (height - h) / 2, width: w, height: h }
}

/// Where a pixel of the window comes from: a pixel of the picture, the one behind it, and how much of that, in 256ths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sample {
    first: usize,
    second: usize,
    weight: u32,
}

/// Samples for `to` pixels from `from` pixels.
fn axis(from: usize, to: usize) -> Vec<Sample> {
    let (from, to) = (from as i64, to as i64);
    let clamp = |index: i64| index.clamp(0, from - 1) as usize;
    (0..to)
        .map(|pixel| {
            // The pixel's middle in the picture, in units of 1 / (2 * to), counted from the middle of pixel 0.
            let place = (2 * pixel + 1) * from - to;
            let (first, rest) = (place.div_euclid(2 * to), place.rem_euclid(2 * to));
            // The blend is as wide as one pixel of the window, half way between two of the picture.
            let weight = if to >= from { 128 + 128 * (rest - to) / from } else { 128 * rest / to };
            Sample { first: clamp(first), second: clamp(first + 1), weight: weight.clamp(0, 256) as u32 }
        })
        .collect()
}

/// `a` and `b` mixed, `weight` 256ths of `b`; red and blue are mixed in one multiplication.
fn blend(a: u32, b: u32, weight: u32) -> u32 {
    let keep = 256 - weight;
    let red_blue = ((a & 0xFF_00FF) * keep + (b & 0xFF_00FF) * weight) >> 8 & 0xFF_00FF;
    let green = ((a & 0xFF00) * keep + (b & 0xFF00) * weight) >> 8 & 0xFF00;
    red_blue | green
}

/// Scales pictures; keeps what only depends on sizes.
#[derive(Debug, Default)]
pub(super) struct Scaler {
    /// Picture and window sizes that the rest is for.
    sizes: [usize; 4],
    rect: Rect,
    columns: Vec<Sample>,
    rows: Vec<Sample>,
    /// Two rows of the picture, scaled horizontally, and which they are.
    lines: [(Option<usize>, Vec<u32>); 2],
}

impl Scaler {
    /// Draws `frame` into a window's `pixels`.
    pub(super) fn draw(&mut self, frame: &Frame, pixels: &mut [u32], width: usize, height: usize) {
        if frame.width == 0 || frame.height == 0 || pixels.len() < width * height {
            return pixels.fill(0);
        }
        self.prepare([frame.width, frame.height, width, height]);
        let Rect { x, y, width: columns, height: rows } = self.rect;
        pixels[..y * width].fill(0);
        pixels[(y + rows) * width..].fill(0);
        for row in 0..rows {
            let line = &mut pixels[(y + row) * width..][..width];
            line[..x].fill(0);
            line[x + columns..].fill(0);
            self.row(frame, row, &mut line[x..x + columns]);
        }
    }

    fn prepare(&mut self, sizes: [usize; 4]) {
        for (held, _) in &mut self.lines {
            *held = None;
        }
        if self.sizes == sizes {
            return;
        }
        let [from_width, from_height, width, height] = sizes;
        self.sizes = sizes;
        self.rect = picture_rect(width, height);
        self.columns = axis(from_width, self.rect.width);
        self.rows = axis(from_height, self.rect.height);
    }

    fn row(&mut self, frame: &Frame, row: usize, out: &mut [u32]) {
        let Sample { first, second, weight } = self.rows[row];
        match weight {
            0 => out.copy_from_slice(self.line(frame, first)),
            256 => out.copy_from_slice(self.line(frame, second)),
            _ => {
                self.line(frame, first);
                self.line(frame, second);
                let (above, below) = (&self.lines[first % 2].1, &self.lines[second % 2].1);
                for ((out, &above), &below) in out.iter_mut().zip(above).zip(below) {
                    *out = blend(above, below, weight);
                }
            }
        }
    }

    /// Row `number` of the picture, as wide as the window's rectangle. Neighbours are held in different places.
    fn line(&mut self, frame: &Frame, number: usize) -> &[u32] {
        let (held, line) = &mut self.lines[number % 2];
        if *held != Some(number) {
            *held = Some(number);
            let pixels = &frame.pixels[number * frame.width..][..frame.width];
            line.clear();
            line.extend(self.columns.iter().map(|&Sample { first, second, weight }| match weight {
                0 => pixels[first],
                256 => pixels[second],
                _ => blend(pixels[first], pixels[second], weight),
            }));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_factors_keep_pixels_sharp() {
        for factor in 1..6 {
            let samples = axis(5, 5 * factor);
            for (pixel, sample) in samples.iter().enumerate() {
                let source = if sample.weight == 0 { sample.first } else { sample.second };
                assert!(sample.weight % 256 == 0, "{factor} {pixel} {sample:?}");
                assert_eq!(source, pixel / factor);
            }
        }
    }

    #[test]
    fn other_factors_blend_at_borders_only() {
        let samples = axis(720, 960);
        let blended = samples.iter().filter(|sample| sample.weight % 256 != 0).count();
        assert!(blended > 0 && blended <= 720, "{blended}");
        assert!(samples.windows(2).all(|pair| pair[0].first <= pair[1].first));
    }

    #[test]
    fn the_picture_is_four_to_three_in_the_middle() {
        assert_eq!(picture_rect(1920, 1080), Rect { x: 240, y: 0, width: 1440, height: 1080 });
        assert_eq!(picture_rect(800, 900), Rect { x: 0, y: 150, width: 800, height: 600 });
    }

    #[test]
    fn any_size_of_window_and_picture_can_be_drawn() {
        let mut scaler = Scaler::default();
        for (columns, rows) in [(0, 0), (1, 1), (720, 400), (320, 200), (9, 1000)] {
            let frame = Frame { width: columns, height: rows, pixels: vec![0xFFFFFF; columns * rows] };
            for (width, height) in [(1, 1), (2, 3), (960, 720), (1000, 1), (333, 777)] {
                let mut pixels = vec![1; width * height];
                scaler.draw(&frame, &mut pixels, width, height);
                assert!(pixels.iter().all(|&pixel| pixel == 0 || pixel == 0xFFFFFF));
            }
        }
    }

    #[test]
    fn blending_keeps_the_ends() {
        assert_eq!(blend(0x123456, 0xFFFFFF, 0), 0x123456);
        assert_eq!(blend(0x123456, 0xFEDCBA, 256), 0xFEDCBA);
        assert_eq!(blend(0, 0xFFFFFF, 128), 0x7F7F7F);
    }
}
