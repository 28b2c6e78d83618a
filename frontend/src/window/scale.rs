//! The guest's picture scaled into a window.
//!
//! Every standard mode fills a 4:3 tube, so its picture fills the largest 4:3 rectangle in the window; larger modes are made
//! for square pixels. Enlarged by a whole factor, pixels stay sharp; otherwise only the border between two is blended.

use crate::looks::{Aspect, Filter};
use ringzero_machine::Frame;

/// A rectangle in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Rect {
    /// Whether a point lies in it.
    pub(super) fn holds(self, (x, y): (usize, usize)) -> bool {
        (self.x..self.x + self.width).contains(&x) && (self.y..self.y + self.height).contains(&y)
    }
}

/// The largest picture that the standard modes make; what is larger was set by VBE and has square pixels.
const STANDARD: (usize, usize) = (720, 480);

/// Width and height of the picture as a monitor shows it, as a ratio.
fn shape((width, height): (usize, usize), aspect: Aspect) -> (usize, usize) {
    let standard = width <= STANDARD.0 && height <= STANDARD.1;
    // Wide text modes are neither: 132 columns fill the tube too.
    let usual = width * 4 >= height * 5 && width * 10 <= height * 24;
    match aspect {
        Aspect::Auto if standard || !usual => (4, 3),
        Aspect::Auto | Aspect::Square => (width, height),
    }
}

/// Where a picture of size `from` goes.
fn picture_rect(
    from: (usize, usize),
    (filter, aspect): (Filter, Aspect),
    width: usize,
    height: usize,
) -> Rect {
    let (across, down) = shape(from, aspect);
    let (mut w, mut h) = if width * down <= height * across {
        (width, width * down / across)
    } else {
        (height * across / down, height)
    };
    if filter == Filter::Integer && w >= from.0 && h >= from.1 {
        // The nearest whole factor of each that still fits.
        let nearest =
            |size: usize, of: usize, room: usize| ((2 * size + of) / (2 * of)).min(room / of).max(1) * of;
        let factor = w / from.0;
        w = factor * from.0;
        h = nearest(w * down / across, from.1, height);
    }
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
fn axis(from: usize, to: usize, filter: Filter) -> Vec<Sample> {
    let (from, to) = (from as i64, to as i64);
    let clamp = |index: i64| index.clamp(0, from - 1) as usize;
    (0..to)
        .map(|pixel| {
            // The pixel's middle in the picture, in units of 1 / (2 * to), counted from the middle of pixel 0.
            let place = (2 * pixel + 1) * from - to;
            let (first, rest) = (place.div_euclid(2 * to), place.rem_euclid(2 * to));
            if filter == Filter::Bilinear && to >= from {
                let weight = (256 * rest / (2 * to)) as u32;
                return Sample { first: clamp(first), second: clamp(first + 1), weight };
            }
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

/// Whether a row of the window is in the last third of a row of the picture.
fn is_dark(row: usize, from: usize, to: usize) -> bool {
    (2 * row + 1) * from % (2 * to) * 3 >= 4 * to
}

/// Five eighths of a colour.
fn darkened(pixel: u32) -> u32 {
    (pixel >> 1 & 0x7F_7F7F) + (pixel >> 3 & 0x1F_1F1F)
}

/// Scales pictures; keeps what only depends on sizes.
#[derive(Debug, Default)]
pub(super) struct Scaler {
    /// Picture and window sizes, and the looks, that the rest is for.
    sizes: ([usize; 4], (Filter, Aspect)),
    rect: Rect,
    /// Rows of the window between two lines of a tube.
    dark: Vec<bool>,
    columns: Vec<Sample>,
    rows: Vec<Sample>,
    /// Two rows of the picture, scaled horizontally, and which they are.
    lines: [(Option<usize>, Vec<u32>); 2],
}

impl Scaler {
    /// Where the picture is, as it was drawn last.
    pub(super) fn rect(&self) -> Rect {
        self.rect
    }

    /// Draws `frame` into a window's `pixels`.
    pub(super) fn draw(
        &mut self,
        frame: &Frame,
        looks: (Filter, Aspect),
        pixels: &mut [u32],
        (width, height): (usize, usize),
    ) {
        if frame.width == 0 || frame.height == 0 || pixels.len() < width * height {
            return pixels.fill(0);
        }
        self.prepare(([frame.width, frame.height, width, height], looks));
        let Rect { x, y, width: columns, height: rows } = self.rect;
        pixels[..y * width].fill(0);
        pixels[(y + rows) * width..].fill(0);
        for row in 0..rows {
            let line = &mut pixels[(y + row) * width..][..width];
            line[..x].fill(0);
            line[x + columns..].fill(0);
            let out = &mut line[x..x + columns];
            self.row(frame, row, out);
            if self.dark[row] {
                out.iter_mut().for_each(|pixel| *pixel = darkened(*pixel));
            }
        }
    }

    fn prepare(&mut self, sizes: ([usize; 4], (Filter, Aspect))) {
        for (held, _) in &mut self.lines {
            *held = None;
        }
        if self.sizes == sizes {
            return;
        }
        let ([from_width, from_height, width, height], looks) = sizes;
        self.sizes = sizes;
        self.rect = picture_rect((from_width, from_height), looks, width, height);
        self.columns = axis(from_width, self.rect.width, looks.0);
        self.rows = axis(from_height, self.rect.height, looks.0);
        let lines = looks.0 == Filter::Scanlines && self.rect.height >= 2 * from_height;
        self.dark =
            (0..self.rect.height).map(|row| lines && is_dark(row, from_height, self.rect.height)).collect();
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
            let samples = axis(5, 5 * factor, Filter::Sharp);
            for (pixel, sample) in samples.iter().enumerate() {
                let source = if sample.weight == 0 { sample.first } else { sample.second };
                assert!(sample.weight % 256 == 0, "{factor} {pixel} {sample:?}");
                assert_eq!(source, pixel / factor);
            }
        }
    }

    #[test]
    fn other_factors_blend_at_borders_only() {
        let samples = axis(720, 960, Filter::Sharp);
        let blended = samples.iter().filter(|sample| sample.weight % 256 != 0).count();
        assert!(blended > 0 && blended <= 720, "{blended}");
        assert!(samples.windows(2).all(|pair| pair[0].first <= pair[1].first));
    }

    const USUAL: (Filter, Aspect) = (Filter::Sharp, Aspect::Auto);

    #[test]
    fn standard_modes_are_four_to_three_in_the_middle() {
        for size in [(320, 200), (640, 350), (720, 400), (640, 480)] {
            assert_eq!(
                picture_rect(size, USUAL, 1920, 1080),
                Rect { x: 240, y: 0, width: 1440, height: 1080 }
            );
            assert_eq!(picture_rect(size, USUAL, 800, 900), Rect { x: 0, y: 150, width: 800, height: 600 });
        }
    }

    #[test]
    fn larger_modes_have_square_pixels() {
        let rect = picture_rect((1280, 1024), USUAL, 1280, 1024);
        assert_eq!(rect, Rect { x: 0, y: 0, width: 1280, height: 1024 });
        let rect = picture_rect((1280, 720), USUAL, 1920, 1080);
        assert_eq!((rect.width, rect.height), (1920, 1080));
        // 132 columns of text.
        let rect = picture_rect((1056, 400), USUAL, 800, 600);
        assert_eq!((rect.width, rect.height), (800, 600));
    }

    #[test]
    fn whole_multiples_come_as_near_to_the_shape_as_fits() {
        let integer = (Filter::Integer, Aspect::Auto);
        let size = |from, w, h| {
            let rect = picture_rect(from, integer, w, h);
            (rect.width, rect.height)
        };
        assert_eq!(size((320, 200), 960, 720), (960, 600));
        assert_eq!(size((320, 200), 1600, 1200), (1600, 1200));
        assert_eq!(size((720, 400), 960, 720), (720, 400));
        assert_eq!(size((720, 400), 640, 480), (640, 480));
    }

    #[test]
    fn scan_lines_darken_a_third_of_every_row() {
        let dark: Vec<bool> = (0..6).map(|row| is_dark(row, 2, 6)).collect();
        assert_eq!(dark, [false, false, true, false, false, true]);
        assert_eq!(darkened(0xFF_FFFF), 0x9E_9E9E);
    }

    #[test]
    fn any_size_of_window_and_picture_can_be_drawn() {
        let mut scaler = Scaler::default();
        for (columns, rows) in [(0, 0), (1, 1), (720, 400), (320, 200), (9, 1000)] {
            let frame = Frame { width: columns, height: rows, pixels: vec![0xFFFFFF; columns * rows] };
            for (width, height) in [(1, 1), (2, 3), (960, 720), (1000, 1), (333, 777)] {
                let mut pixels = vec![1; width * height];
                for (filter, _) in Filter::ALL {
                    scaler.draw(&frame, (filter, Aspect::Auto), &mut pixels, (width, height));
                    let possible = |&pixel: &u32| matches!(pixel, 0 | 0x9E_9E9E | 0xFF_FFFF);
                    assert!(pixels.iter().all(possible), "{filter:?}");
                }
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
