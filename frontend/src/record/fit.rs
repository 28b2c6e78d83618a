//! A picture fitted into a canvas of another size: enlarged by a whole factor, or shrunk by averages, in the middle.

use ringzero_machine::Frame;

/// `frame` on a canvas of `width` by `height`.
pub(super) fn fit(frame: &Frame, width: usize, height: usize) -> Vec<u32> {
    if (frame.width, frame.height) == (width, height) {
        return frame.pixels.clone();
    }
    let mut canvas = vec![0; width * height];
    let (w, h) = fitted_size((frame.width, frame.height), (width, height));
    if w == 0 || h == 0 {
        return canvas;
    }
    let (left, top) = ((width - w) / 2, (height - h) / 2);
    for (row, line) in canvas.chunks_exact_mut(width).skip(top).take(h).enumerate() {
        for (column, pixel) in line[left..left + w].iter_mut().enumerate() {
            *pixel = frame.mean((column, w), (row, h));
        }
    }
    canvas
}

/// The largest whole multiple that fits, else the largest size of the same shape.
fn fitted_size((w, h): (usize, usize), (width, height): (usize, usize)) -> (usize, usize) {
    if w == 0 || h == 0 {
        return (0, 0);
    }
    match (width / w).min(height / h) {
        0 if w * height >= h * width => (width, (h * width / w).max(1)),
        0 => ((w * height / h).max(1), height),
        factor => (w * factor, h * factor),
    }
}

/// Parts of a picture as one colour.
pub(crate) trait Mean {
    /// The mean colour of the part that is pixel `at` of `of`, horizontally and vertically.
    fn mean(&self, x: (usize, usize), y: (usize, usize)) -> u32;
}

impl Mean for Frame {
    fn mean(&self, (x, width): (usize, usize), (y, height): (usize, usize)) -> u32 {
        let span = |at: usize, of: usize, size: usize| {
            let first = at * size / of;
            first..((at + 1) * size / of).max(first + 1)
        };
        let (mut sums, mut count) = ([0; 3], 0);
        for row in span(y, height, self.height) {
            for pixel in &self.pixels[row * self.width..][span(x, width, self.width)] {
                let [_, red, green, blue] = pixel.to_be_bytes();
                for (sum, part) in sums.iter_mut().zip([red, green, blue]) {
                    *sum += u32::from(part);
                }
                count += 1;
            }
        }
        let [red, green, blue] = sums.map(|sum| sum / count);
        red << 16 | green << 8 | blue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_picture_is_doubled_in_the_middle() {
        let frame = Frame { width: 2, height: 1, pixels: vec![1, 2] };
        assert_eq!(fit(&frame, 5, 2), [1, 1, 2, 2, 0, 1, 1, 2, 2, 0]);
    }

    #[test]
    fn a_large_picture_is_averaged() {
        let frame = Frame { width: 4, height: 2, pixels: vec![0, 2, 4, 6, 0, 2, 4, 6] };
        assert_eq!(fit(&frame, 2, 2), [1, 5, 0, 0]);
    }
}
