//! One counter of the 8254, computed from absolute clock ticks [8254, "Counter Operation"].
//!
//! Nothing here is ticked: a counter knows when its count was loaded and answers for any later tick. A count written or
//! a gate raised takes effect at the next clock, hence the `tick + 1` below.

use serde::{Deserialize, Serialize};

/// M2-M0 of the control word [8254, "Mode Definitions"].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Mode 0.
    InterruptOnTerminalCount,
    /// Mode 1.
    HardwareOneShot,
    /// Mode 2.
    RateGenerator,
    /// Mode 3.
    SquareWave,
    /// Mode 4.
    SoftwareStrobe,
    /// Mode 5.
    HardwareStrobe,
}

impl Mode {
    pub(super) fn decode(bits: u8) -> Self {
        match bits {
            0 => Self::InterruptOnTerminalCount,
            1 => Self::HardwareOneShot,
            2 | 6 => Self::RateGenerator,
            3 | 7 => Self::SquareWave,
            4 => Self::SoftwareStrobe,
            _ => Self::HardwareStrobe,
        }
    }

    fn bits(self) -> u8 {
        self as u8
    }

    fn is_periodic(self) -> bool {
        matches!(self, Self::RateGenerator | Self::SquareWave)
    }

    /// Counting begins with a rising gate, not with the count.
    fn is_triggered(self) -> bool {
        matches!(self, Self::HardwareOneShot | Self::HardwareStrobe)
    }
}

/// RW1-RW0 of the control word; 0 is the latch command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Access {
    Low,
    High,
    LowThenHigh,
}

impl Access {
    pub(super) fn decode(bits: u8) -> Option<Self> {
        match bits {
            1 => Some(Self::Low),
            2 => Some(Self::High),
            3 => Some(Self::LowThenHigh),
            _ => None,
        }
    }

    fn bits(self) -> u8 {
        match self {
            Self::Low => 1,
            Self::High => 2,
            Self::LowThenHigh => 3,
        }
    }
}

/// What the counting element does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Run {
    /// Waits for a count or a trigger; OUT rests.
    Waiting,
    /// Loaded with `from` at tick `start`, and counting since.
    Counting { start: i64, from: u32 },
    /// Gate low: stopped `elapsed` clocks after it was loaded with `from`.
    Held { elapsed: i64, from: u32 },
}

/// One counter. Counts are kept in binary, 1 to the modulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    mode: Mode,
    access: Access,
    bcd: bool,
    gate: bool,
    run: Run,
    /// CR, the count register: what the next load takes.
    count: Option<u32>,
    /// A count of a periodic mode that waits for the end of the cycle, and the tick it was written.
    pending: Option<i64>,
    /// First byte of a two-byte write.
    low_byte: Option<u8>,
    /// OL, the output latch, as it will be read.
    latched_count: Option<u16>,
    latched_status: Option<u8>,
    /// The next read gives the high byte of a two-byte read.
    read_high: bool,
}

impl Default for Counter {
    fn default() -> Self {
        Self {
            mode: Mode::InterruptOnTerminalCount,
            access: Access::LowThenHigh,
            bcd: false,
            gate: false,
            run: Run::Waiting,
            count: None,
            pending: None,
            low_byte: None,
            latched_count: None,
            latched_status: None,
            read_high: false,
        }
    }
}

impl Counter {
    /// The programmed mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The programmed count, 1 to 65536.
    pub fn period(&self) -> Option<u32> {
        self.count
    }

    fn modulus(&self) -> i64 {
        if self.bcd { 10_000 } else { 0x1_0000 }
    }

    // --- pins -----------------------------------------------------------------------------------------------

    /// OUT at `tick`.
    pub fn out(&self, tick: i64) -> bool {
        let run = self.run_at(tick);
        match (self.mode, run) {
            (Mode::InterruptOnTerminalCount, Run::Waiting) => false,
            (_, Run::Waiting) => true,
            (Mode::InterruptOnTerminalCount, Run::Held { elapsed, from }) => elapsed >= i64::from(from),
            (Mode::SoftwareStrobe, Run::Held { elapsed, from }) => elapsed != i64::from(from),
            (_, Run::Held { .. }) => true,
            (_, Run::Counting { start, .. }) if tick < start => self.mode != Mode::InterruptOnTerminalCount,
            (mode, Run::Counting { start, from }) => Self::out_after(mode, tick - start, i64::from(from)),
        }
    }

    /// OUT `elapsed` clocks after a load of `from`.
    fn out_after(mode: Mode, elapsed: i64, from: i64) -> bool {
        match mode {
            Mode::InterruptOnTerminalCount | Mode::HardwareOneShot => elapsed >= from,
            Mode::RateGenerator => elapsed % from != from - 1,
            Mode::SquareWave => elapsed % from < (from + 1) / 2,
            Mode::SoftwareStrobe | Mode::HardwareStrobe => elapsed != from,
        }
    }

    /// The first tick after `tick` at which OUT changes, if nothing else happens.
    pub fn next_change(&self, tick: i64) -> Option<i64> {
        let Run::Counting { start, from } = self.run_at(tick) else { return None };
        let from = i64::from(from);
        let boundary = self.pending_boundary();
        let next = match self.mode {
            _ if tick < start && self.mode == Mode::HardwareOneShot => Some(start),
            Mode::InterruptOnTerminalCount | Mode::HardwareOneShot => Some(start + from),
            Mode::SoftwareStrobe | Mode::HardwareStrobe if tick < start + from => Some(start + from),
            Mode::SoftwareStrobe | Mode::HardwareStrobe => Some(start + from + 1),
            Mode::RateGenerator | Mode::SquareWave if from == 1 => boundary,
            Mode::RateGenerator => Some(Self::next_of_cycle(tick, start, from, from - 1)),
            Mode::SquareWave => Some(Self::next_of_cycle(tick, start, from, (from + 1) / 2)),
        };
        next.filter(|&next| next > tick)
    }

    /// The next tick after `tick` that lies at the start of a cycle or `at` clocks into it.
    fn next_of_cycle(tick: i64, start: i64, from: i64, at: i64) -> i64 {
        if tick < start {
            return start + at;
        }
        let cycle = tick - (tick - start) % from;
        if tick < cycle + at { cycle + at } else { cycle + from }
    }

    /// The next tick at which whoever watches OUT must look: a change, but only the end of a rate generator's pulse.
    pub fn next_notice(&self, tick: i64) -> Option<i64> {
        let next = self.next_change(tick)?;
        if self.mode == Mode::RateGenerator && !self.out(next) { Some(next + 1) } else { Some(next) }
    }

    /// Drives GATE [8254, "Gate Pin Operations Summary"].
    pub fn set_gate(&mut self, level: bool, tick: i64) {
        self.sync(tick);
        if std::mem::replace(&mut self.gate, level) == level {
            return;
        }
        match (self.mode, level, self.run) {
            (mode, true, _) if mode.is_periodic() || mode.is_triggered() => self.load_next(tick),
            (_, true, Run::Held { elapsed, from }) => {
                self.run = Run::Counting { start: tick - elapsed, from };
            }
            (mode, false, Run::Counting { .. }) if mode.is_periodic() => self.run = Run::Waiting,
            (Mode::InterruptOnTerminalCount | Mode::SoftwareStrobe, false, Run::Counting { start, from }) => {
                self.run = Run::Held { elapsed: (tick - start).max(-1), from };
            }
            _ => {}
        }
    }

    // --- counting -------------------------------------------------------------------------------------------

    /// Loads CR into the counting element at the next clock.
    fn load_next(&mut self, tick: i64) {
        self.pending = None;
        if let Some(from) = self.count {
            self.run = Run::Counting { start: tick + 1, from };
        }
    }

    /// When a pending count of a periodic mode is loaded: at the end of the cycle, in mode 3 of the half-cycle.
    fn pending_boundary(&self) -> Option<i64> {
        let Run::Counting { start, from } = self.run else { return None };
        let (written, from) = (self.pending?, i64::from(from));
        let half = if self.mode == Mode::SquareWave { (from + 1) / 2 } else { from };
        Some(Self::next_of_cycle(written, start, from, half))
    }

    /// The run at `tick`, a pending count taken over if its time has come.
    fn run_at(&self, tick: i64) -> Run {
        let (Some(boundary), Some(count)) = (self.pending_boundary(), self.count) else { return self.run };
        let Run::Counting { start, from } = self.run else { return self.run };
        if tick < boundary {
            return self.run;
        }
        let into_low_half = self.mode == Mode::SquareWave && (boundary - start) % i64::from(from) != 0;
        let skipped = if into_low_half { i64::from(count).midpoint(1) } else { 0 };
        Run::Counting { start: boundary - skipped, from: count }
    }

    /// Takes over a pending count whose time has come.
    fn sync(&mut self, tick: i64) {
        if self.pending_boundary().is_some_and(|boundary| boundary <= tick) {
            self.run = self.run_at(tick);
            self.pending = None;
        }
    }

    /// CE, the counting element, as a program reads it.
    fn element(&self, tick: i64) -> u16 {
        let (elapsed, from) = match self.run_at(tick) {
            Run::Waiting => (0, self.count.unwrap_or(0)),
            Run::Held { elapsed, from } => (elapsed.max(0), from),
            Run::Counting { start, from } => ((tick - start).max(0), from),
        };
        let from = i64::from(from);
        let value = match self.mode {
            Mode::RateGenerator if from > 0 => from - elapsed % from,
            Mode::SquareWave if from > 1 => {
                let into = elapsed % from;
                let into_half = if into < (from + 1) / 2 { into } else { into - (from + 1) / 2 };
                // An odd count is loaded less one [8254, "Mode 3: Square Wave Mode"].
                (from & !1) - 2 * into_half
            }
            _ => from - elapsed,
        };
        self.to_register(value.rem_euclid(self.modulus()))
    }

    fn to_register(self, value: i64) -> u16 {
        let value = value as u16;
        if !self.bcd {
            return value;
        }
        [1000, 100, 10, 1].iter().fold(0, |bcd, place| (bcd << 4) | (value / place % 10))
    }

    fn count_from_register(&self, value: u16) -> u32 {
        let digits = [12, 8, 4, 0].map(|shift| u32::from(value >> shift & 0xF));
        let binary = if self.bcd { digits.iter().fold(0, |n, d| n * 10 + d) } else { u32::from(value) };
        if binary == 0 { self.modulus() as u32 } else { binary }
    }

    // --- registers ------------------------------------------------------------------------------------------

    pub(super) fn program(&mut self, access: Access, mode: Mode, bcd: bool, _tick: i64) {
        *self = Self { mode, access, bcd, gate: self.gate, ..Self::default() };
    }

    pub(super) fn write(&mut self, value: u8, tick: i64) {
        self.sync(tick);
        match (self.access, self.low_byte.take()) {
            (Access::Low, _) => self.set_count(u16::from(value), tick),
            (Access::High, _) => self.set_count(u16::from(value) << 8, tick),
            (Access::LowThenHigh, Some(low)) => self.set_count(u16::from_le_bytes([low, value]), tick),
            (Access::LowThenHigh, None) => {
                self.low_byte = Some(value);
                if self.mode == Mode::InterruptOnTerminalCount {
                    // "Writing the first byte disables counting. OUT is set low" [8254, "Mode 0"].
                    self.run = Run::Waiting;
                }
            }
        }
    }

    fn set_count(&mut self, register: u16, tick: i64) {
        let count = self.count_from_register(register);
        self.count = Some(count);
        match (self.mode, self.run) {
            (mode, _) if mode.is_triggered() => {}
            (mode, Run::Counting { start, .. }) if mode.is_periodic() && tick >= start => {
                self.pending = Some(tick);
            }
            (mode, _) if mode.is_periodic() && !self.gate => {}
            (_, _) if self.gate => self.load_next(tick),
            _ => self.run = Run::Held { elapsed: -1, from: count },
        }
    }

    /// The counter latch command: ignored while an earlier latch waits to be read.
    pub(super) fn latch_count(&mut self, tick: i64) {
        self.sync(tick);
        if self.latched_count.is_none() {
            self.latched_count = Some(self.element(tick));
        }
    }

    /// The status byte [8254, "Status Byte"].
    pub(super) fn latch_status(&mut self, tick: i64) {
        self.sync(tick);
        if self.latched_status.is_some() {
            return;
        }
        let loaded = match self.run {
            Run::Counting { start, .. } => self.pending.is_none() && tick >= start,
            Run::Held { elapsed, .. } => elapsed >= 0,
            Run::Waiting => false,
        };
        self.latched_status = Some(
            u8::from(self.out(tick)) << 7
                | u8::from(!loaded) << 6
                | self.access.bits() << 4
                | self.mode.bits() << 1
                | u8::from(self.bcd),
        );
    }

    pub(super) fn read(&mut self, tick: i64) -> u8 {
        self.sync(tick);
        if let Some(status) = self.latched_status.take() {
            return status;
        }
        let [low, high] = self.latched_count.unwrap_or_else(|| self.element(tick)).to_le_bytes();
        let (value, finished) = match self.access {
            Access::Low => (low, true),
            Access::High => (high, true),
            Access::LowThenHigh if self.read_high => (high, true),
            Access::LowThenHigh => (low, false),
        };
        self.read_high = self.access == Access::LowThenHigh && !finished;
        if finished {
            self.latched_count = None;
        }
        value
    }

    /// Whether a snapshot's state is one this counter can have.
    pub(super) fn is_valid(&self) -> bool {
        // Digits above 9 make a BCD count larger than its modulus.
        let counts = 1..=0x1_0000;
        let times = 0..=i64::MAX / 4;
        self.count.is_none_or(|count| counts.contains(&count))
            && self.pending.is_none_or(|tick| times.contains(&tick))
            && match self.run {
                Run::Waiting => true,
                Run::Counting { start, from } => {
                    counts.contains(&from) && (-0x1_0000..i64::MAX / 4).contains(&start)
                }
                Run::Held { elapsed, from } => {
                    counts.contains(&from) && (-1..i64::MAX / 4).contains(&elapsed)
                }
            }
    }
}

#[cfg(test)]
#[path = "counter_tests.rs"]
mod tests;
