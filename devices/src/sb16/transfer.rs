//! Transfers by DMA: from memory to the converter, or silence from the converter to memory.
//!
//! Samples are fetched a quarter of a millisecond ahead, as the card's FIFO does; the interrupt comes when the block has
//! been played, by the clock of its first sample. What a masked channel holds back arrives late, and the clock with it.

use super::adpcm::Adpcm;
use crate::sound::Rate;
use ringzero_bus::VTime;
use serde::{Deserialize, Serialize};

/// How many fetches there are in a second.
const FETCHES: u32 = 4000;
/// Most samples fetched at once.
const MOST_AHEAD: u64 = 64;

/// What the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Format {
    /// 8 bits, perhaps signed.
    Pcm8 {
        signed: bool,
    },
    /// 16 bits, perhaps signed.
    Pcm16 {
        signed: bool,
    },
    Adpcm(Adpcm),
    /// No bytes at all: the command that makes a pause.
    Silence,
}

/// A transfer under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Transfer {
    pub(super) format: Format,
    /// From the converter to memory.
    pub(super) records: bool,
    pub(super) stereo: bool,
    /// Begins again at its end, until it is told otherwise.
    pub(super) auto_init: bool,
    /// Samples, or bytes of ADPCM, in a block.
    pub(super) block: u32,
    pub(super) rate: Rate,
    pub(super) paused: bool,
    /// What is left of the block.
    pub(super) left: u32,
    /// What has been asked for and has not come.
    pub(super) asked: u32,
    /// When the first sample was played since the clock was last set, and how many were since.
    pub(super) begin: VTime,
    pub(super) played: u64,
    /// Bytes of a sample, and samples of a frame, that are not complete.
    pub(super) low: Option<u8>,
    pub(super) first: Option<i16>,
}

impl Transfer {
    pub(super) fn new(format: Format, block: u32, rate: Rate) -> Self {
        Self {
            format,
            records: false,
            stereo: false,
            auto_init: false,
            block,
            rate,
            paused: false,
            left: block,
            asked: 0,
            begin: VTime(0),
            played: 0,
            low: None,
            first: None,
        }
    }

    /// Sets the clock: the next sample is played at `now`.
    pub(super) fn start(&mut self, now: VTime) {
        (self.begin, self.played) = (now, 0);
    }

    /// When the next sample is due.
    pub(super) fn next_at(&self) -> VTime {
        self.begin.plus_ns(self.rate.ns_of(self.played))
    }

    pub(super) fn is_16_bit(&self) -> bool {
        matches!(self.format, Format::Pcm16 { .. })
    }

    /// Whether bytes have been asked for and not all have come.
    pub(super) fn waits(&self) -> bool {
        self.asked > 0
    }

    /// Whether the block is over; then it begins again, if it does.
    pub(super) fn end_block(&mut self) -> bool {
        let over = self.left == 0 && self.asked == 0;
        if over {
            self.left = self.block;
        }
        over
    }

    /// Asks for the next samples; false where none come by DMA. Then the block's end is the next thing to happen.
    pub(super) fn ask(&mut self) -> bool {
        if self.format == Format::Silence {
            self.played += u64::from(std::mem::take(&mut self.left));
            return false;
        }
        let hz = self.rate.cycles / self.rate.per_seconds.max(1);
        let frames = u64::from(hz / FETCHES).clamp(1, MOST_AHEAD) as u32;
        let wanted = match self.format {
            Format::Adpcm(_) => frames.div_ceil(4),
            _ => frames * if self.stereo { 2 } else { 1 },
        };
        self.asked = wanted.min(self.left);
        self.left -= self.asked;
        true
    }

    /// A byte from memory. Calls `play` with each frame it completes and the frame's time; true when all that was asked
    /// for has come.
    pub(super) fn take(&mut self, now: VTime, byte: u8, mut play: impl FnMut(VTime, [i16; 2])) -> bool {
        if self.asked == 0 {
            return true;
        }
        self.keep_time(now);
        match self.format {
            Format::Pcm8 { signed } => {
                let sample = if signed { byte } else { byte ^ 0x80 };
                self.sample(i16::from(sample as i8) << 8, &mut play);
            }
            Format::Pcm16 { signed } => match self.low.take() {
                None => {
                    self.low = Some(byte);
                    return false;
                }
                Some(low) => {
                    let sample = i16::from_le_bytes([low, byte]);
                    self.sample(if signed { sample } else { sample ^ i16::MIN }, &mut play);
                }
            },
            Format::Adpcm(mut adpcm) => {
                adpcm.decode(byte, |sample| self.sample(i16::from((sample ^ 0x80) as i8) << 8, &mut play));
                self.format = Format::Adpcm(adpcm);
            }
            Format::Silence => {}
        }
        self.asked -= 1;
        self.asked == 0
    }

    /// A byte for memory, of silence; whether it is the last that was asked for.
    pub(super) fn give(&mut self, now: VTime) -> (u8, bool) {
        if self.asked == 0 {
            return (0, true);
        }
        self.keep_time(now);
        let (silence, complete) = match self.format {
            Format::Pcm16 { signed } => {
                let complete = self.low.take().is_some();
                self.low = (!complete).then_some(0);
                (if complete && !signed { 0x80 } else { 0 }, complete)
            }
            Format::Pcm8 { signed: true } => (0, true),
            _ => (0x80, true),
        };
        if complete {
            self.asked -= 1;
            self.sample(0, &mut |_, _| {});
        }
        (silence, self.asked == 0)
    }

    /// A sample that comes much too late is played when it comes.
    fn keep_time(&mut self, now: VTime) {
        if now.ns_since(self.next_at()) > self.rate.ns_of(2) {
            self.start(now);
        }
    }

    fn sample(&mut self, sample: i16, play: &mut impl FnMut(VTime, [i16; 2])) {
        let frame = match (self.stereo, self.first.take()) {
            (false, _) => [sample; 2],
            (true, Some(left)) => [left, sample],
            (true, None) => {
                self.first = Some(sample);
                return;
            }
        };
        play(self.next_at(), frame);
        self.played += 1;
    }

    pub(super) fn is_valid(&self) -> bool {
        let format = match self.format {
            Format::Adpcm(adpcm) => adpcm.is_valid(),
            _ => true,
        };
        let counts = self.block > 0 && self.left <= self.block && self.asked <= self.block;
        format && counts && self.rate.is_valid() && self.played < 1 << 48 && self.begin.0 < u64::MAX / 4
    }
}
