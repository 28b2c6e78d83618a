//! Where the beam is: a function of virtual time and of the registers that make the frame.

use ringzero_bus::VTime;
use std::ops::Range;

const SECOND: u128 = 1_000_000_000;

/// The frame's timing in dots and lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    pub(super) dots_per_second: u64,
    pub(super) dots_per_line: u64,
    /// Dots of a line before display ends.
    pub(super) displayed_dots: u64,
    pub(super) lines: u64,
    pub(super) displayed_lines: u64,
    /// Lines of the vertical retrace.
    pub(super) retrace: Range<u64>,
}

/// Where the beam is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beam {
    /// Frames since power-on.
    pub(super) frame: u64,
    /// Line of the frame; display begins at 0.
    pub(super) line: u64,
    displaying: bool,
    vertical_retrace: bool,
}

impl Timing {
    /// A picture of this size, sixty times a second, with the blanks of a modern display.
    pub(super) fn of_size(width: u64, height: u64) -> Self {
        let (dots_per_line, lines) = (width + width / 4 + 8, height + height / 20 + 8);
        Self {
            dots_per_second: dots_per_line * lines * 60,
            dots_per_line,
            displayed_dots: width,
            lines,
            displayed_lines: height,
            retrace: height + 3..height + 6,
        }
    }

    fn dots_per_frame(&self) -> u64 {
        self.dots_per_line * self.lines
    }

    fn dots_at(&self, now: VTime) -> u64 {
        (u128::from(now.0) * u128::from(self.dots_per_second) / SECOND) as u64
    }

    /// When a dot, counted from power-on, begins.
    fn time_of(&self, dot: u128) -> VTime {
        let ns = (dot * SECOND).div_ceil(u128::from(self.dots_per_second));
        VTime(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    pub(super) fn at(&self, now: VTime) -> Beam {
        let dots = self.dots_at(now);
        let (line, dot) = (dots / self.dots_per_line, dots % self.dots_per_line);
        let (frame, line) = (line / self.lines, line % self.lines);
        Beam {
            frame,
            line,
            displaying: line < self.displayed_lines && dot < self.displayed_dots,
            vertical_retrace: self.retrace.contains(&line),
        }
    }

    /// When a line of a frame begins.
    pub(super) fn start_of(&self, frame: u64, line: u64) -> VTime {
        let lines = u128::from(frame) * u128::from(self.lines) + u128::from(line);
        self.time_of(lines * u128::from(self.dots_per_line))
    }

    /// Nanoseconds of a frame, rounded up.
    pub(super) fn frame_time(&self) -> u64 {
        self.time_of(u128::from(self.dots_per_frame())).0
    }

    /// When the vertical retrace that comes first after `now` begins.
    pub(super) fn next_retrace(&self, now: VTime) -> VTime {
        let frame = self.at(now).frame;
        let this = self.start_of(frame, self.retrace.start);
        if this > now { this } else { self.start_of(frame + 1, self.retrace.start) }
    }
}

impl Beam {
    /// Bits 0 and 3 of input status register 1.
    pub(super) fn status(self) -> u8 {
        u8::from(!self.displaying) | u8::from(self.vertical_retrace) << 3
    }
}
