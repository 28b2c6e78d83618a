//! One of the controller's bus masters: a list of buffers that are played or filled [ICH, "PCM Out"].

use crate::sound::Rate;
use ringzero_bus::{GuestRam, PhysAddr, VTime};
use serde::{Deserialize, Serialize};

/// Status: halted; the current buffer is the last valid one; the last one is done; a buffer is done.
const DCH: u8 = 0x01;
const CELV: u8 = 0x02;
const LVBCI: u8 = 0x04;
const BCIS: u8 = 0x08;
/// Status bits that a 1 clears, FIFO error among them.
const CLEARED: u8 = 0x1C;
/// Control: run, reset, and what interrupts.
const RPBM: u8 = 0x01;
const RR: u8 = 0x02;
const LVBIE: u8 = 0x04;
const IOCE: u8 = 0x10;
/// A descriptor's flag: interrupt on completion.
const IOC: u16 = 0x8000;
/// A descriptor's flag: after the last buffer, the last sample goes on.
const BUP: u16 = 0x4000;
/// Descriptors looked at in one call.
const MOST_DESCRIPTORS: u32 = 64;
/// Samples moved at a time.
const PIECE: usize = 256;
/// The longest time for which nobody looks: memory is read when it is played.
const LOOK_NS: u64 = 1_000_000;

/// What a master does with its buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Plays them.
    Play,
    /// Fills them with silence, this many samples at a time.
    Record(u16),
}

/// A bus master's registers, and where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Master {
    /// BDBAR.
    table: u32,
    /// CIV, PIV, LVI.
    current: u8,
    prefetched: u8,
    last: u8,
    /// SR without CELV.
    status: u8,
    /// PICB: samples left in the buffer.
    left: u16,
    control: u8,
    /// The buffer under way.
    address: u32,
    flags: u16,
    /// Whether there is one.
    loaded: bool,
    /// When the first frame was due since the clock was last set, and how many were since.
    begin: VTime,
    frames: u64,
}

impl Master {
    /// After RESET.
    pub(super) fn new() -> Self {
        Self { status: DCH, ..Self::default() }
    }

    pub(super) fn runs(&self) -> bool {
        self.control & RPBM != 0 && self.status & DCH == 0
    }

    /// Whether it asks for an interrupt.
    pub(super) fn interrupts(&self) -> bool {
        let done = self.status & LVBCI != 0 && self.control & LVBIE != 0;
        done || self.status & BCIS != 0 && self.control & IOCE != 0
    }

    /// A byte of its sixteen.
    pub(super) fn read(&self, offset: u16) -> u8 {
        match offset {
            0x0..=0x3 => self.table.to_le_bytes()[usize::from(offset)],
            0x4 => self.current,
            0x5 => self.last,
            0x6 if self.current == self.last => self.status | CELV,
            0x6 => self.status,
            0x8 | 0x9 => self.left.to_le_bytes()[usize::from(offset & 1)],
            0xA => self.prefetched,
            0xB => self.control,
            _ => 0,
        }
    }

    /// Writes a byte of its sixteen.
    pub(super) fn write(&mut self, now: VTime, ram: &GuestRam, offset: u16, value: u8) {
        match offset {
            0x0..=0x3 => {
                let mut bytes = self.table.to_le_bytes();
                bytes[usize::from(offset)] = value;
                self.table = u32::from_le_bytes(bytes) & !7;
            }
            0x5 => self.write_last(now, ram, value & 31),
            0x6 => self.status &= !(value & CLEARED),
            0xB => self.write_control(now, ram, value),
            _ => {}
        }
    }

    /// A new last buffer lets a master go on that had come to the old one.
    fn write_last(&mut self, now: VTime, ram: &GuestRam, value: u8) {
        self.last = value;
        if self.control & RPBM != 0 && self.status & DCH != 0 {
            self.status &= !DCH;
            self.advance(ram);
            self.start(now);
        }
    }

    fn write_control(&mut self, now: VTime, ram: &GuestRam, value: u8) {
        if value & RR != 0 && value & RPBM == 0 {
            *self = Self { control: value & (LVBIE | IOCE | 0x08), ..Self::new() };
            return;
        }
        let before = self.control;
        self.control = value & 0x1D;
        if value & RPBM == 0 {
            self.status |= DCH;
        } else if before & RPBM == 0 {
            self.status &= !DCH;
            if !self.loaded {
                self.advance(ram);
            }
            self.start(now);
        }
    }

    /// Sets the clock: the next frame is due at `now`.
    pub(super) fn start(&mut self, now: VTime) {
        (self.begin, self.frames) = (now, 0);
    }

    /// Goes on to the next buffer.
    fn advance(&mut self, ram: &GuestRam) {
        self.current = self.prefetched;
        self.prefetched = (self.prefetched + 1) & 31;
        let at = u64::from(self.table) + 8 * u64::from(self.current);
        let [a, b, c, d, e, f, g, h] = ram.bytes(PhysAddr(at));
        self.address = u32::from_le_bytes([a, b, c, d]) & !1;
        self.left = u16::from_le_bytes([e, f]);
        self.flags = u16::from_le_bytes([g, h]);
        self.loaded = true;
    }

    /// The buffer is done.
    fn complete(&mut self, ram: &GuestRam) {
        if self.flags & IOC != 0 {
            self.status |= BCIS;
        }
        if self.current == self.last {
            self.status |= LVBCI | DCH;
            self.loaded = false;
        } else {
            self.advance(ram);
        }
    }

    /// When to look again.
    pub(super) fn next_look(&self, now: VTime, rate: Rate, samples: u16) -> Option<VTime> {
        let frames = u64::from(self.left.div_ceil(samples));
        let end = self.begin.plus_ns(rate.ns_of(self.frames + frames));
        self.runs().then(|| end.min(now.plus_ns(LOOK_NS)).max(now.plus_ns(1)))
    }

    /// Moves what is due by `now`. Calls `play` with each frame and its time.
    pub(super) fn follow(
        &mut self,
        now: VTime,
        rate: Rate,
        ram: &mut GuestRam,
        what: Use,
        mut play: impl FnMut(VTime, [i16; 2]),
    ) {
        let samples = match what {
            Use::Play => 2,
            Use::Record(samples) => samples,
        };
        let mut descriptors = 0;
        while self.runs() {
            if self.left == 0 {
                descriptors += 1;
                if descriptors > MOST_DESCRIPTORS {
                    return self.start(now);
                }
                self.complete(ram);
                continue;
            }
            let due = rate.samples_in(now.ns_since(self.begin)).saturating_sub(self.frames);
            let room = usize::from(self.left.div_ceil(samples)).min(PIECE);
            let count = usize::try_from(due).unwrap_or(room).min(room);
            if count == 0 {
                return;
            }
            match what {
                Use::Play => self.play(rate, ram, count, &mut play),
                Use::Record(_) => ram.write(
                    PhysAddr(self.address.into()),
                    &[0; 4 * PIECE][..2 * count * usize::from(samples)],
                ),
            }
            let moved = (count as u16).saturating_mul(samples);
            self.frames += count as u64;
            self.left = self.left.saturating_sub(moved);
            self.address = self.address.wrapping_add(2 * u32::from(moved));
            if let (true, Use::Play) = (self.left == 0 && self.ends_in_silence(), what) {
                play(self.begin.plus_ns(rate.ns_of(self.frames)), [0; 2]);
            }
        }
    }

    /// Behind the last buffer the converter gets zeros, unless the buffer says otherwise. One is enough: it stays.
    fn ends_in_silence(&self) -> bool {
        self.current == self.last && self.flags & BUP == 0
    }

    fn play(&self, rate: Rate, ram: &GuestRam, count: usize, play: &mut impl FnMut(VTime, [i16; 2])) {
        let mut bytes = [0; 4 * PIECE];
        let bytes = &mut bytes[..4 * count];
        ram.read(PhysAddr(self.address.into()), bytes);
        for (n, frame) in (self.frames..).zip(bytes.chunks_exact(4)) {
            let left = i16::from_le_bytes([frame[0], frame[1]]);
            let right = i16::from_le_bytes([frame[2], frame[3]]);
            play(self.begin.plus_ns(rate.ns_of(n)), [left, right]);
        }
    }

    pub(super) fn is_valid(&self) -> bool {
        let numbers = [self.current, self.prefetched, self.last].iter().all(|&n| n < 32);
        numbers && self.frames < 1 << 48 && self.begin.0 < u64::MAX / 4
    }
}
