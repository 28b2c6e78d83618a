//! The CRT controller: geometry, timing and the order in which display memory is scanned [VGA, "CRT Controller
//! Registers"].

use super::timing::Timing;
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

/// What CR11h says of the vertical retrace interrupt [VGA, "Vertical Retrace End Register"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetraceInterrupt {
    /// Bit 4 is 0: the latch is held clear.
    Cleared,
    /// The latch takes retraces, and drives the interrupt where it is on.
    Armed { on: bool },
}

impl Crtc {
    pub(super) fn read(&self) -> u8 {
        self.regs.get(usize::from(self.index)).copied().unwrap_or(0xFF)
    }

    /// The register that a write to the data port changes, and its new value: CR11h bit 7 protects CR0 to CR7, except the
    /// line compare bit of CR7.
    pub(super) fn written(&self, value: u8) -> Option<(u8, u8)> {
        let protected = self.regs[0x11] & 0x80 != 0;
        match self.index {
            0x07 if protected => Some((7, (self.regs[7] & !0x10) | (value & 0x10))),
            0x00..=0x06 if protected => None,
            n => (usize::from(n) < REGISTERS).then_some((n, value)),
        }
    }

    /// A register's value.
    pub(super) fn get(&self, register: u8) -> u8 {
        self.regs.get(usize::from(register)).copied().unwrap_or_default()
    }

    /// Gives a register a value.
    pub(super) fn set(&mut self, register: u8, value: u8) {
        if let Some(reg) = self.regs.get_mut(usize::from(register)) {
            *reg = value;
        }
    }

    /// CR11h bits 4 and 5: the vertical retrace interrupt is on, and no longer being cleared.
    pub(super) fn retrace_interrupt(&self) -> RetraceInterrupt {
        match (self.regs[0x11] & 0x10 != 0, self.regs[0x11] & 0x20 == 0) {
            (false, _) => RetraceInterrupt::Cleared,
            (true, on) => RetraceInterrupt::Armed { on },
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
        let skew = self.reg(0x0B) >> 5 & 3;
        let address = (self.reg(0x0E) << 8 | self.reg(0x0F)) + skew;
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

    /// Where the picture begins: what the counters take over at the vertical retrace.
    pub(super) fn start(&self) -> Start {
        Start {
            address: (self.reg(0x0C) << 8 | self.reg(0x0D)) + (self.reg(8) >> 5 & 3),
            row: self.reg(8) & 0x1F,
        }
    }

    /// The displayed lines, top to bottom, as the registers stand now.
    pub(super) fn scan(&self) -> impl Iterator<Item = ScanLine> {
        let mut counters = Counters::new(self.start());
        (0..self.lines()).map(move |_| counters.step(self))
    }

    // --- timing ---------------------------------------------------------------------------------------------

    pub(super) fn timing(&self, dot_clock: u64, clock: CharacterClock) -> Timing {
        let total = (self.vertical(6, 0, 5) + 2).max(1);
        let retrace_start = self.vertical(0x10, 2, 7);
        // Four bits of the line at which retrace ends [VGA, "Vertical Retrace End Register"].
        let length = (self.reg(0x11).wrapping_sub(retrace_start) & 0x0F).max(1);
        let dots_per_character = (clock.dots * if clock.halved { 2 } else { 1 }) as u64;
        Timing {
            dots_per_second: dot_clock,
            dots_per_line: (self.reg(0) + 5) as u64 * dots_per_character,
            displayed_dots: self.columns() as u64 * dots_per_character,
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

/// What the counters start a picture with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// Memory counter.
    address: usize,
    /// Preset row scan.
    row: usize,
}

/// The counters that walk the lines of a picture.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    y: usize,
    row: usize,
    row_start: usize,
    repeated: bool,
    split: bool,
}

impl Counters {
    pub(super) fn new(start: Start) -> Self {
        Self { y: 0, row: start.row, row_start: start.address, repeated: false, split: false }
    }

    /// The line they stand at; they go on to the next under the registers of this one.
    pub(super) fn step(&mut self, crtc: &Crtc) -> ScanLine {
        let line = ScanLine { y: self.y, ma: self.row_start, row: self.row, split: self.split };
        if self.y == crtc.line_compare() {
            (self.row, self.row_start, self.repeated, self.split) = (0, 0, false, true);
        } else if crtc.double_scan() && !self.repeated {
            self.repeated = true;
        } else {
            self.repeated = false;
            self.row = (self.row + 1) & 0x1F;
            if self.row == crtc.row_height() & 0x1F {
                self.row = 0;
                self.row_start += 2 * crtc.reg(0x13);
            }
        }
        self.y += 1;
        line
    }
}
