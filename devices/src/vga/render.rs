//! The picture: what the planes, the fonts and the palette put on the screen.

mod packed;

use super::PLANE;
use super::crtc::{Counters, CursorShape, ScanLine};
use super::graphics::Shift;
use super::journal::{Journal, Replay};
use super::planes::Planes;
use super::registers::Registers;
use crate::text::{Cell, TextScreen};
use ringzero_bus::{GuestRam, VTime};

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
pub(super) fn blink_phase(registers: &Registers, now: VTime) -> u64 {
    let frame = registers.timing().at(now).frame;
    (frame >> 3 & 1 ^ 1) | (frame >> 4 & 1 ^ 1) << 1
}

/// What a picture is made of.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) registers: &'a Registers,
    pub(super) journal: &'a Journal,
    pub(super) ram: &'a GuestRam,
    pub(super) planes: Planes,
}

impl Source<'_> {
    /// Draws the screen, each line with the registers as they were when the beam was there.
    pub(super) fn render(&self, now: VTime, frame: &mut Frame) {
        let registers = self.registers;
        let phase = blink_phase(registers, now);
        let repeat = lines_per_pixel(registers);
        (frame.width, frame.height) = registers.vbe.size().unwrap_or_else(|| {
            let crtc = &registers.crtc;
            (crtc.columns() * pixels_per_character(registers), crtc.lines().div_ceil(repeat))
        });
        frame.pixels.resize(frame.width * frame.height, 0);
        let timing = registers.timing();
        let mut replay = self.journal.replay(now, &timing);
        let mut counters = Counters::new(in_force(registers, &replay).crtc.start());
        let origin = in_force(registers, &replay).vbe.offset();
        let mut colours = Colours::new(in_force(registers, &replay), phase);
        for (row, out) in frame.pixels.chunks_exact_mut(frame.width.max(1)).enumerate() {
            for part in 0..repeat {
                let changed =
                    replay.as_mut().is_some_and(|replay| replay.go_to((row * repeat + part) as u64));
                let registers = in_force(registers, &replay);
                if changed {
                    colours = Colours::new(registers, phase);
                }
                let line = counters.step(&registers.crtc);
                if part == 0 {
                    Painter { source: *self, registers, colours: &colours, origin }.draw(line, out);
                }
            }
        }
    }
}

/// The registers a replay has come to, or those of now.
fn in_force<'a>(now: &'a Registers, replay: &'a Option<Replay<'_>>) -> &'a Registers {
    replay.as_ref().map_or(now, Replay::registers)
}

fn pixels_per_character(registers: &Registers) -> usize {
    let attribute = &registers.attribute;
    let packed = registers.graphics.shift() == Shift::Packed;
    match (attribute.graphics_mode(), packed) {
        (true, true) if attribute.eight_bit() => 4,
        (true, _) => 8,
        (false, _) => registers.sequencer.dots(),
    }
}

/// Lines that show the same memory, drawn once.
fn lines_per_pixel(registers: &Registers) -> usize {
    let crtc = &registers.crtc;
    if registers.vbe.size().is_some() {
        return 1;
    }
    let doubled = if crtc.double_scan() { 2 } else { 1 };
    let graphics = registers.attribute.graphics_mode();
    doubled * if graphics && !crtc.row_scan_addresses() { crtc.row_height() } else { 1 }
}

/// What depends on the palette, the cursor and the phase of blinking, the same for many lines.
struct Colours {
    rgb: [u32; 256],
    palette: [u32; 16],
    cursor: Option<CursorShape>,
    blinking_shows: bool,
}

impl Colours {
    fn new(registers: &Registers, phase: u64) -> Self {
        let rgb = registers.dac.rgb(registers.vbe.wide_dac());
        let indices = registers.attribute.dac_indices();
        let flip = if registers.attribute.blinks_graphics() && phase & 2 == 0 { 8 } else { 0 };
        Self {
            rgb,
            palette: std::array::from_fn(|colour| rgb[usize::from(indices[colour ^ flip])]),
            cursor: registers.crtc.cursor().filter(|_| phase & 1 != 0),
            blinking_shows: phase & 2 != 0,
        }
    }
}

/// Draws lines under the same registers.
struct Painter<'a> {
    source: Source<'a>,
    registers: &'a Registers,
    colours: &'a Colours,
    /// The pixel of memory at the upper left corner, in the modes of the Bochs extension.
    origin: (usize, usize),
}

impl Painter<'_> {
    fn draw(&self, line: ScanLine, out: &mut [u32]) {
        match self.blank() {
            Some(colour) => out.fill(colour),
            None if self.registers.vbe.size().is_some() => self.packed_line(line.y, out),
            None => self.line(line, out),
        }
    }

    /// The colour of a screen that shows no memory.
    fn blank(&self) -> Option<u32> {
        match (self.registers.sequencer.screen_off(), self.registers.attribute.display_on()) {
            (true, _) => Some(0),
            (false, false) => Some(self.colours.rgb[usize::from(self.registers.attribute.overscan())]),
            (false, true) => None,
        }
    }

    /// Pixels by which a line is moved to the left [VGA, "Horizontal PEL Panning Register"].
    fn panning(&self, line: ScanLine, width: usize) -> usize {
        let attribute = &self.registers.attribute;
        if line.split && attribute.split_does_not_pan() {
            return 0;
        }
        match width {
            4 => (attribute.panning() / 2) & 3,
            // With nine dots, 8 stands for none and 0 for one.
            9 if attribute.panning() >= 8 => 0,
            9 => attribute.panning() + 1,
            _ => attribute.panning() & 7,
        }
    }

    fn line(&self, line: ScanLine, out: &mut [u32]) {
        let crtc = &self.registers.crtc;
        let (width, step) = (pixels_per_character(self.registers), crtc.count_by());
        let graphics = self.registers.attribute.graphics_mode();
        let panning = self.panning(line, width);
        let mut pixels = [0; 9];
        for column in 0..=crtc.columns() {
            let ma = line.ma + column / step;
            let planes = self.source.planes.fetch(self.source.ram, crtc.address(ma, line.row));
            if graphics {
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
        let drawn = (crtc.columns() + 1) * width - panning;
        out.iter_mut().skip(drawn).for_each(|pixel| *pixel = 0);
    }

    fn graphics_character(&self, planes: [u8; 4], pixels: &mut [u32; 9]) {
        match self.registers.graphics.shift() {
            Shift::Planar => {
                for (n, pixel) in pixels[..8].iter_mut().enumerate() {
                    let bit = |plane: usize| usize::from(planes[plane] >> (7 - n) & 1) << plane;
                    *pixel = self.colours.palette[bit(0) | bit(1) | bit(2) | bit(3)];
                }
            }
            Shift::Interleaved => {
                for (n, pixel) in pixels[..8].iter_mut().enumerate() {
                    let (pair, shift) = (n / 4, 6 - 2 * (n % 4));
                    let low = usize::from(planes[pair] >> shift & 3);
                    let high = usize::from(planes[pair + 2] >> shift & 3);
                    *pixel = self.colours.palette[low | high << 2];
                }
            }
            Shift::Packed if self.registers.attribute.eight_bit() => {
                for (pixel, byte) in pixels.iter_mut().zip(planes) {
                    *pixel = self.colours.rgb[usize::from(byte)];
                }
            }
            Shift::Packed => {
                for (n, pixel) in pixels[..8].iter_mut().enumerate() {
                    let byte = planes[n / 2];
                    *pixel =
                        self.colours.palette[usize::from(if n % 2 == 0 { byte >> 4 } else { byte & 0x0F })];
                }
            }
        }
    }

    fn text_character(&self, ma: usize, row: usize, planes: [u8; 4], pixels: &mut [u32; 9]) {
        let [character, attribute, ..] = planes;
        let glyph = self.glyph(character, attribute, row);
        let blink = self.registers.attribute.blink();
        let background = attribute >> 4 & if blink { 7 } else { 15 };
        let hidden = blink && attribute & 0x80 != 0 && !self.colours.blinking_shows;
        let at_cursor = self.colours.cursor.is_some_and(|cursor| {
            cursor.address == ma & 0xFFFF && (cursor.first..=cursor.last).contains(&row)
        });
        let underlined = attribute & 7 == 1 && row == self.registers.crtc.underline_row();
        let bits = match (at_cursor, hidden) {
            (true, _) => 0x1FF,
            (false, true) => 0,
            (false, false) if underlined => 0x1FF,
            (false, false) => glyph,
        };
        let colours = [background, attribute & 0x0F].map(|colour| self.colours.palette[usize::from(colour)]);
        for (n, pixel) in pixels.iter_mut().enumerate() {
            *pixel = colours[usize::from(bits >> (8 - n) & 1)];
        }
    }

    /// Nine dots of a character's scan row, the leftmost in bit 8.
    fn glyph(&self, character: u8, attribute: u8, row: usize) -> u16 {
        let font = self.registers.sequencer.fonts()[usize::from(attribute >> 3 & 1)];
        let address = (font + usize::from(character) * 32 + row) % PLANE;
        let dots = u16::from(self.source.planes.fetch(self.source.ram, address)[2]);
        let repeats = self.registers.attribute.line_graphics() && (0xC0..=0xDF).contains(&character);
        dots << 1 | if repeats { dots & 1 } else { 0 }
    }
}

/// Reads the screen as text.
pub(super) fn text(source: &Source<'_>) -> Option<TextScreen> {
    let registers = source.registers;
    let attribute = &registers.attribute;
    if attribute.graphics_mode() || !attribute.display_on() || registers.vbe.size().is_some() {
        return None;
    }
    let crtc = &registers.crtc;
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
            let [character, attribute, ..] = source.planes.fetch(source.ram, crtc.address(ma, 0));
            screen.cells.push(Cell { character, attribute });
        }
        screen.rows += 1;
    }
    Some(screen)
}
