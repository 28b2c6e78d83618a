//! The picture: what the planes, the fonts and the palette put on the screen.

use super::crtc::{CursorShape, ScanLine};
use super::graphics::Shift;
use super::{PLANE, VgaState};
use crate::text::{Cell, TextScreen};
use ringzero_bus::VTime;

/// One picture. A frontend keeps one and lets it be drawn over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` pixels, 00RRGGBBh.
    pub pixels: Vec<u32>,
}

/// Bit 0: the cursor shows. Bit 1: blinking characters show. The cursor blinks every 16 frames, characters every 32
/// [VGA, "Attribute Mode Control Register"].
pub(super) fn blink_phase(state: &VgaState, now: VTime) -> u64 {
    let timing = state.crtc.timing(state.misc.dot_clock(), state.sequencer.timing());
    let frame = timing.at(now).frame;
    (frame >> 3 & 1 ^ 1) | (frame >> 4 & 1 ^ 1) << 1
}

/// Draws the screen.
pub(super) fn render(state: &VgaState, now: VTime, frame: &mut Frame) {
    let painter = Painter::new(state, now);
    let repeat = painter.lines_per_pixel();
    frame.width = state.crtc.columns() * painter.pixels_per_character();
    frame.height = state.crtc.lines().div_ceil(repeat);
    frame.pixels.resize(frame.width * frame.height, 0);
    if let Some(colour) = painter.blank() {
        return frame.pixels.fill(colour);
    }
    let lines = state.crtc.scan().filter(|line| line.y % repeat == 0);
    for (row, line) in frame.pixels.chunks_exact_mut(frame.width.max(1)).zip(lines) {
        painter.line(line, row);
    }
}

/// Everything that stays the same within a frame.
struct Painter<'a> {
    state: &'a VgaState,
    rgb: [u32; 256],
    palette: [u32; 16],
    cursor: Option<CursorShape>,
    blinking_shows: bool,
}

impl<'a> Painter<'a> {
    fn new(state: &'a VgaState, now: VTime) -> Self {
        let phase = blink_phase(state, now);
        let rgb = state.dac.rgb();
        Self {
            state,
            rgb,
            palette: state.attribute.dac_indices().map(|index| rgb[usize::from(index)]),
            cursor: state.crtc.cursor().filter(|_| phase & 1 != 0),
            blinking_shows: phase & 2 != 0,
        }
    }

    fn graphics(&self) -> bool {
        self.state.attribute.graphics_mode()
    }

    fn packed(&self) -> bool {
        self.state.graphics.shift() == Shift::Packed
    }

    fn pixels_per_character(&self) -> usize {
        match (self.graphics(), self.packed()) {
            (true, true) if self.state.attribute.eight_bit() => 4,
            (true, _) => 8,
            (false, _) => self.state.sequencer.dots(),
        }
    }

    /// Lines that show the same memory, drawn once.
    fn lines_per_pixel(&self) -> usize {
        let crtc = &self.state.crtc;
        let doubled = if crtc.double_scan() { 2 } else { 1 };
        let rows = if self.graphics() && !crtc.row_scan_addresses() { crtc.row_height() } else { 1 };
        doubled * rows
    }

    /// The colour of a screen that shows no memory.
    fn blank(&self) -> Option<u32> {
        match (self.state.sequencer.screen_off(), self.state.attribute.display_on()) {
            (true, _) => Some(0),
            (false, false) => Some(self.rgb[usize::from(self.state.attribute.overscan())]),
            (false, true) => None,
        }
    }

    /// Pixels by which a line is moved to the left [VGA, "Horizontal PEL Panning Register"].
    fn panning(&self, line: ScanLine) -> usize {
        let attribute = &self.state.attribute;
        if line.split && attribute.split_does_not_pan() {
            return 0;
        }
        match self.pixels_per_character() {
            4 => (attribute.panning() / 2) & 3,
            // With nine dots, 8 stands for none and 0 for one.
            9 if attribute.panning() >= 8 => 0,
            9 => attribute.panning() + 1,
            _ => attribute.panning() & 7,
        }
    }

    fn line(&self, line: ScanLine, out: &mut [u32]) {
        let (width, step) = (self.pixels_per_character(), self.state.crtc.count_by());
        let panning = self.panning(line);
        let mut pixels = [0; 9];
        for column in 0..=self.state.crtc.columns() {
            let ma = line.ma + column / step;
            let planes = self.fetch(self.state.crtc.address(ma, line.row));
            if self.graphics() {
                self.graphics_character(planes, &mut pixels);
            } else {
                self.text_character(ma, line.row, planes, &mut pixels);
            }
            let place = column * width;
            for (n, &pixel) in pixels[..width].iter().enumerate() {
                if let Some(target) = (place + n).checked_sub(panning).and_then(|x| out.get_mut(x)) {
                    *target = pixel;
                }
            }
        }
    }

    fn fetch(&self, address: usize) -> [u8; 4] {
        let first = address * 4;
        std::array::from_fn(|plane| self.state.memory[first + plane])
    }

    fn graphics_character(&self, planes: [u8; 4], pixels: &mut [u32; 9]) {
        match self.state.graphics.shift() {
            Shift::Planar => {
                for (n, pixel) in pixels[..8].iter_mut().enumerate() {
                    let bit = |plane: usize| usize::from(planes[plane] >> (7 - n) & 1) << plane;
                    *pixel = self.palette[bit(0) | bit(1) | bit(2) | bit(3)];
                }
            }
            Shift::Interleaved => {
                for (n, pixel) in pixels[..8].iter_mut().enumerate() {
                    let (pair, shift) = (n / 4, 6 - 2 * (n % 4));
                    let low = usize::from(planes[pair] >> shift & 3);
                    let high = usize::from(planes[pair + 2] >> shift & 3);
                    *pixel = self.palette[low | high << 2];
                }
            }
            Shift::Packed if self.state.attribute.eight_bit() => {
                for (pixel, byte) in pixels.iter_mut().zip(planes) {
                    *pixel = self.rgb[usize::from(byte)];
                }
            }
            Shift::Packed => {
                for (n, pixel) in pixels[..8].iter_mut().enumerate() {
                    let byte = planes[n / 2];
                    *pixel = self.palette[usize::from(if n % 2 == 0 { byte >> 4 } else { byte & 0x0F })];
                }
            }
        }
    }

    fn text_character(&self, ma: usize, row: usize, planes: [u8; 4], pixels: &mut [u32; 9]) {
        let [character, attribute, ..] = planes;
        let glyph = self.glyph(character, attribute, row);
        let blink = self.state.attribute.blink();
        let background = attribute >> 4 & if blink { 7 } else { 15 };
        let hidden = blink && attribute & 0x80 != 0 && !self.blinking_shows;
        let at_cursor = self.cursor.is_some_and(|cursor| {
            cursor.address == ma & 0xFFFF && (cursor.first..=cursor.last).contains(&row)
        });
        let underlined = attribute & 7 == 1 && row == self.state.crtc.underline_row();
        let bits = match (at_cursor, hidden) {
            (true, _) => 0x1FF,
            (false, true) => 0,
            (false, false) if underlined => 0x1FF,
            (false, false) => glyph,
        };
        let colours = [background, attribute & 0x0F].map(|colour| self.palette[usize::from(colour)]);
        for (n, pixel) in pixels.iter_mut().enumerate() {
            *pixel = colours[usize::from(bits >> (8 - n) & 1)];
        }
    }

    /// Nine dots of a character's scan row, the leftmost in bit 8.
    fn glyph(&self, character: u8, attribute: u8, row: usize) -> u16 {
        let font = self.state.sequencer.fonts()[usize::from(attribute >> 3 & 1)];
        let address = (font + usize::from(character) * 32 + row) % PLANE;
        let dots = u16::from(self.state.memory[address * 4 + 2]);
        let repeats = self.state.attribute.line_graphics() && (0xC0..=0xDF).contains(&character);
        dots << 1 | if repeats { dots & 1 } else { 0 }
    }
}

/// Reads the screen as text.
pub(super) fn text(state: &VgaState) -> Option<TextScreen> {
    if state.attribute.graphics_mode() || !state.attribute.display_on() {
        return None;
    }
    let crtc = &state.crtc;
    let (columns, step) = (crtc.columns(), crtc.count_by());
    let cursor_shape = crtc.cursor();
    let mut screen = TextScreen { columns, ..TextScreen::default() };
    let mut last_start = None;
    for line in crtc.scan() {
        // A row begins where the row counter is at 0, and at the top even when a preset row scan cuts it.
        let begins = line.row == 0 || line.y == 0;
        if !begins || last_start == Some((line.ma, line.split)) {
            continue;
        }
        last_start = Some((line.ma, line.split));
        for column in 0..columns {
            let ma = line.ma + column / step;
            if cursor_shape.is_some_and(|cursor| cursor.address == ma & 0xFFFF) {
                screen.cursor = Some((column, screen.rows));
            }
            let at = crtc.address(ma, 0) * 4;
            screen.cells.push(Cell { character: state.memory[at], attribute: state.memory[at + 1] });
        }
        screen.rows += 1;
    }
    Some(screen)
}
