//! What is drawn over the picture: text and rectangles, in whole multiples of a dot so that it stays sharp.

mod font;

pub(super) use font::{HEIGHT, WIDTH};

use super::scale::Rect;

/// The pixels of a window.
pub(super) struct Canvas<'a> {
    pixels: &'a mut [u32],
    width: usize,
    height: usize,
    /// Pixels of a dot, across and down.
    scale: usize,
}

impl<'a> Canvas<'a> {
    /// A window of `width` by `height` pixels.
    pub(super) fn new(pixels: &'a mut [u32], width: usize, height: usize, scale: usize) -> Self {
        let height = height.min(pixels.len() / width.max(1));
        Self { pixels, width, height, scale }
    }

    fn row(&mut self, y: usize, x: usize, width: usize) -> &mut [u32] {
        if y >= self.height || x >= self.width {
            return &mut [];
        }
        let end = (x + width).min(self.width);
        &mut self.pixels[y * self.width..][x..end]
    }

    /// Fills a rectangle with a colour.
    pub(super) fn fill(&mut self, rect: Rect, colour: u32) {
        for y in rect.y..rect.y + rect.height {
            self.row(y, rect.x, rect.width).fill(colour);
        }
    }

    /// Takes half of the light away.
    pub(super) fn shade(&mut self, rect: Rect) {
        for y in rect.y..rect.y + rect.height {
            self.row(y, rect.x, rect.width).iter_mut().for_each(|pixel| *pixel = *pixel >> 1 & 0x7F_7F7F);
        }
    }

    /// The edge of a rectangle, a dot wide.
    pub(super) fn frame(&mut self, rect: Rect, colour: u32) {
        let Rect { x, y, width, height } = rect;
        let dot = self.scale.min(width).min(height);
        self.fill(Rect { height: dot, ..rect }, colour);
        self.fill(Rect { y: y + height - dot, height: dot, ..rect }, colour);
        self.fill(Rect { width: dot, ..rect }, colour);
        self.fill(Rect { x: x + width - dot, width: dot, ..rect }, colour);
    }

    /// Writes a line of text, at most `room` pixels of it; an end that does not fit is told by an ellipsis.
    pub(super) fn text(&mut self, x: usize, y: usize, room: usize, text: &str, colour: u32) {
        let cell = WIDTH * self.scale;
        for (place, c) in fitted(text, room / cell.max(1)).chars().enumerate() {
            self.glyph(x + place * cell, y, c, colour);
        }
    }

    fn glyph(&mut self, x: usize, y: usize, c: char, colour: u32) {
        let scale = self.scale;
        for (line, bits) in font::glyph(c).iter().enumerate() {
            for column in (0..WIDTH).filter(|column| bits & 0x80 >> column != 0) {
                for row in 0..scale {
                    self.row(y + line * scale + row, x + column * scale, scale).fill(colour);
                }
            }
        }
    }
}

/// At most `room` characters of a text.
fn fitted(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain((room > 0).then_some('…')).collect()
}

/// The last `room` characters of a text: of what is being typed, the end is what matters.
pub(super) fn tail(text: &str, room: usize) -> String {
    let count = text.chars().count();
    if count <= room {
        return text.to_owned();
    }
    (room > 0).then_some('…').into_iter().chain(text.chars().skip(count + 1 - room.max(1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_drawn_outside() {
        for (width, height) in [(0, 0), (1, 1), (20, 10)] {
            let mut pixels = vec![0; width * height];
            let mut canvas = Canvas::new(&mut pixels, width, height, 2);
            canvas.text(0, 0, 1000, "long enough", 1);
            canvas.frame(Rect { x: 0, y: 0, width: 100, height: 100 }, 2);
            canvas.shade(Rect { x: 15, y: 5, width: 100, height: 100 });
        }
    }

    #[test]
    fn dots_are_whole_squares() {
        let mut pixels = vec![0; 32 * 32];
        Canvas::new(&mut pixels, 32, 32, 2).text(0, 0, 32, "X", 7);
        assert!(pixels.contains(&7));
        for (index, pixel) in pixels.iter().enumerate() {
            let (x, y) = (index % 32, index / 32);
            assert_eq!(*pixel, pixels[y / 2 * 2 * 32 + x / 2 * 2]);
        }
    }

    #[test]
    fn text_that_does_not_fit_ends_in_an_ellipsis() {
        assert_eq!(
            (fitted("abcdef", 4), fitted("abc", 3), fitted("abc", 0)),
            ("abc…".into(), "abc".into(), String::new())
        );
        assert_eq!(
            (tail("abcdef", 4), tail("abc", 3), tail("abc", 0)),
            ("…def".into(), "abc".into(), String::new())
        );
    }
}
