//! The CRT controller: geometry, timing and the order in which display memory is scanned [VGA, "CRT Controller
//! Registers"].

use ringzero_bus::VTime;
use serde::{Deserialize, Serialize};

/// CR0 to CR18h.
const REGISTERS: usize = 0x19;

/// The registers by their index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Crtc {
    pub(super) index: u8,
    regs: [u8; REGISTERS],
}

/// How long a character lasts, from the sequencer.
#[derive(Clone, Copy, Debug)]
pub(super) struct CharacterClock {
    pub(super) dots: usize,
    pub(super) halved: bool,
}

/// The text cursor as the CRTC draws it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CursorShape {
    pub(super) address: usize,
    pub(super) first: usize,
    pub(super) last: usize,
}

impl Crtc {
    pub(super) fn read(&self) -> u8 {
        self.regs.get(usize::from(self.index)).copied().unwrap_or(0xFF)
    }

    /// CR11h bit 7 protects CR0 to CR7, except the line compare bit of CR7.
    pub(super) fn write(&mut self, value: u8) {
        let protected = self.regs[0x11] & 0x80 != 0;
        match self.index {
            0x07 if protected => self.regs[7] = (self.regs[7] & !0x10) | (value & 0x10),
            0x00..=0x06 if protected => {}
            n => {
                if let Some(reg) = self.regs.get_mut(usize::from(n)) {
                    *reg = value;
                }
            }
        }
    }

    pub(super) fn is_valid(&self) -> bool {
        self.index < 0x40
    }

    fn reg(&self, n: usize) -> usize {
        usize::from(self.regs[n])
    }

    /// A vertical value whose bits 8 and 9 lie in the overflow register, CR7.
    fn vertical(&self, low: usize, bit_8: u32, bit_9: u32) -> usize {
        self.reg(low) | (self.reg(7) >> bit_8 & 1) << 8 | (self.reg(7) >> bit_9 & 1) << 9
    }

    // --- geometry -------------------------------------------------------------------------------------------

    /// Characters displayed in a line.
    pub(super) fn columns(&self) -> usize {
        self.reg(1) + 1
    }

    /// Lines displayed.
    pub(super) fn lines(&self) -> usize {
        (self.vertical(0x12, 1, 6) + 1) * if self.reg(0x17) & 0x04 != 0 { 2 } else { 1 }
    }

    /// Scan lines in a character row.
    pub(super) fn row_height(&self) -> usize {
        (self.reg(9) & 0x1F) + 1
    }

    /// CR9 bit 7: every line is shown twice.
    pub(super) fn double_scan(&self) -> bool {
        self.reg(9) & 0x80 != 0
    }

    /// The row scan counter takes part in addressing, as on a CGA or Hercules card.
    pub(super) fn row_scan_addresses(&self) -> bool {
        self.reg(0x17) & 0x03 != 0x03
    }

    pub(super) fn underline_row(&self) -> usize {
        self.reg(0x14) & 0x1F
    }

    fn line_compare(&self) -> usize {
        self.vertical(0x18, 4, 9) & 0x1FF | (self.reg(9) >> 6 & 1) << 9
    }

    /// The cursor, unless it is off.
    pub(super) fn cursor(&self) -> Option<CursorShape> {
        let (first, last) = (self.reg(0x0A) & 0x1F, self.reg(0x0B) & 0x1F);
        let address = self.reg(0x0E) << 8 | self.reg(0x0F);
        let on = self.reg(0x0A) & 0x20 == 0 && first <= last;
        on.then_some(CursorShape { address, first, last })
    }

    /// The plane address of memory counter `ma` in scan row `row` [VGA, "CRT Mode Control Register"].
    pub(super) fn address(&self, ma: usize, row: usize) -> usize {
        let mode = self.reg(0x17);
        let shifted = if self.reg(0x14) & 0x40 != 0 {
            ma << 2 | (ma >> 14 & 3)
        } else if mode & 0x40 == 0 {
            let wrapped = if mode & 0x20 != 0 { ma >> 15 } else { ma >> 13 };
            ma << 1 | (wrapped & 1)
        } else {
            ma
        };
        let replace = |address: usize, bit: u32, by: usize| (address & !(1 << bit)) | (by & 1) << bit;
        let address = if mode & 0x01 == 0 { replace(shifted, 13, row) } else { shifted };
        let address = if mode & 0x02 == 0 { replace(address, 14, row >> 1) } else { address };
        address & 0xFFFF
    }

    /// Characters for which the memory counter stands still: CR17h bit 3 and CR14h bit 5.
    pub(super) fn count_by(&self) -> usize {
        match (self.reg(0x14) & 0x20 != 0, self.reg(0x17) & 0x08 != 0) {
            (true, _) => 4,
            (false, true) => 2,
            (false, false) => 1,
        }
    }

    /// The displayed lines, top to bottom.
    pub(super) fn scan(&self) -> ScanLines<'_> {
        let start = self.reg(0x0C) << 8 | self.reg(0x0D);
        ScanLines {
            crtc: self,
            y: 0,
            row: self.reg(8) & 0x1F,
            row_start: start + (self.reg(8) >> 5 & 3),
            repeated: false,
            split: false,
        }
    }

    // --- timing ---------------------------------------------------------------------------------------------

    pub(super) fn timing(&self, dot_clock: u64, clock: CharacterClock) -> Timing {
        let total = (self.vertical(6, 0, 5) + 2).max(1);
        let retrace_start = self.vertical(0x10, 2, 7);
        // Four bits of the line at which retrace ends [VGA, "Vertical Retrace End Register"].
        let length = (self.reg(0x11).wrapping_sub(retrace_start) & 0x0F).max(1);
        Timing {
            dots_per_second: dot_clock,
            dots_per_character: (clock.dots * if clock.halved { 2 } else { 1 }) as u64,
            characters: (self.reg(0) + 5) as u64,
            displayed: self.columns() as u64,
            lines: total as u64,
            displayed_lines: self.vertical(0x12, 1, 6) as u64 + 1,
            retrace: retrace_start as u64..(retrace_start + length) as u64,
        }
    }
}

/// One displayed line: where its memory begins and which scan row of its character row it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScanLine {
    pub(super) y: usize,
    /// Memory counter at its left end.
    pub(super) ma: usize,
    pub(super) row: usize,
    /// Below the line compare.
    pub(super) split: bool,
}

/// Walks the lines as the row scan counter does.
pub(super) struct ScanLines<'a> {
    crtc: &'a Crtc,
    y: usize,
    row: usize,
    row_start: usize,
    repeated: bool,
    split: bool,
}

impl Iterator for ScanLines<'_> {
    type Item = ScanLine;

    fn next(&mut self) -> Option<ScanLine> {
        if self.y >= self.crtc.lines() {
            return None;
        }
        let line = ScanLine { y: self.y, ma: self.row_start, row: self.row, split: self.split };
        if self.y == self.crtc.line_compare() {
            (self.row, self.row_start, self.repeated, self.split) = (0, 0, false, true);
        } else if self.crtc.double_scan() && !self.repeated {
            self.repeated = true;
        } else {
            self.repeated = false;
            self.row = (self.row + 1) & 0x1F;
            if self.row == self.crtc.row_height() & 0x1F {
                self.row = 0;
                self.row_start += 2 * self.crtc.reg(0x13);
            }
        }
        self.y += 1;
        Some(line)
    }
}

/// The frame's timing in dots and lines.
#[derive(Clone, Debug)]
pub(super) struct Timing {
    dots_per_second: u64,
    dots_per_character: u64,
    characters: u64,
    displayed: u64,
    lines: u64,
    displayed_lines: u64,
    retrace: std::ops::Range<u64>,
}

/// Where the beam is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beam {
    /// Frames since power-on.
    pub(super) frame: u64,
    displaying: bool,
    vertical_retrace: bool,
}

impl Timing {
    pub(super) fn at(&self, now: VTime) -> Beam {
        let dots = u128::from(now.0) * u128::from(self.dots_per_second) / 1_000_000_000;
        let characters = u64::try_from(dots / u128::from(self.dots_per_character)).unwrap_or(u64::MAX);
        let (line, column) = (characters / self.characters, characters % self.characters);
        let (frame, line) = (line / self.lines, line % self.lines);
        Beam {
            frame,
            displaying: line < self.displayed_lines && column < self.displayed,
            vertical_retrace: self.retrace.contains(&line),
        }
    }
}

impl Beam {
    /// Bits 0 and 3 of input status register 1.
    pub(super) fn status(self) -> u8 {
        u8::from(!self.displaying) | u8::from(self.vertical_retrace) << 3
    }
}
