//! Moving blocks between a drive and memory by PIO [ATA-4, "PIO data in", "PIO data out", "PACKET"].
//!
//! A transfer is described by its caller each time anew, from registers that still hold the request; only how far it
//! has come is kept, in the EBDA.

use super::{Drive, INTERRUPTS_ON, Kind, register, status};
use crate::bda::own;
use crate::guest::{Guest, Served};
use ringzero_bus::LinAddr;

/// Sectors of one command: what an 8-bit count can say.
const MOST_SECTORS: u64 = 256;
/// First address that needs 48 bits.
const LBA28_END: u64 = 1 << 28;
/// Milliseconds a drive may stay busy.
const DEADLINE_MS: u64 = 30_000;
/// Times a packet is repeated when the drive reports a new disc.
const TRIES: u8 = 4;
/// Packet operation: read 10 [MMC, "READ (10)"].
const READ_10: u8 = 0x28;

/// The direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Read,
    Write,
    /// The drive reads; nothing moves.
    Verify,
}

/// What is to be moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    pub(crate) drive: Drive,
    pub(crate) operation: Operation,
    /// First block on the drive.
    pub(crate) first: u64,
    /// Bytes at its beginning that are not wanted; less than a block, and 0 for disks.
    pub(crate) skip: u32,
    /// Bytes wanted: for disks a multiple of a block.
    pub(crate) bytes: u32,
    /// Where they go or come from.
    pub(crate) buffer: LinAddr,
}

/// Why a transfer ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The drive does not answer.
    TimeOut,
    /// It gave up a command, for the reason in its error register.
    Refused(u8),
    /// Device fault, or a drive that is not in step.
    Fault,
}

/// Where a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Done,
    Failed(Failure),
    /// The drive works; it will interrupt.
    AwaitsInterrupt,
    /// The drive works, and no interrupt will tell of the end.
    Polls,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The next command goes out when the drive is free.
    Command,
    /// The drive takes a packet.
    Packet,
    /// The drive takes the first block without an interrupt.
    FirstBlock,
    Data,
}

impl Phase {
    const ALL: [Self; 4] = [Self::Command, Self::Packet, Self::FirstBlock, Self::Data];
}

/// How far a transfer has come, as the EBDA keeps it.
#[derive(Clone, Copy, Debug)]
struct State {
    phase: Phase,
    tries: u8,
    /// Bytes that the drive has given or taken since the first block.
    position: u32,
}

impl State {
    fn load(g: &mut Guest) -> Served<Self> {
        let phase = Phase::ALL[usize::from(g.ebda(own::TRANSFER)?).min(3)];
        let tries = g.ebda(own::TRANSFER + 1)?;
        let at = g.ebda_at(own::TRANSFER + 4)?;
        Ok(Self { phase, tries, position: g.read_u32(at)? })
    }

    fn store(self, g: &mut Guest) -> Served {
        let mut bytes = [self.phase as u8, self.tries, 0, 0, 0, 0, 0, 0];
        bytes[4..].copy_from_slice(&self.position.to_le_bytes());
        let at = g.ebda_at(own::TRANSFER)?;
        g.write(at, &bytes)
    }
}

/// One turn's answer: something to return, or `None` to go on at once.
type Turn = Served<Option<Progress>>;

impl Transfer {
    /// Begins the transfer.
    pub(crate) fn begin(&self, g: &mut Guest) -> Served<Progress> {
        State { phase: Phase::Command, tries: 0, position: 0 }.store(g)?;
        g.arm(own::TRANSFER_DEADLINE, DEADLINE_MS * 1_000_000)?;
        self.resume(g)
    }

    /// Goes on with it as far as the drive lets.
    pub(crate) fn resume(&self, g: &mut Guest) -> Served<Progress> {
        let mut state = State::load(g)?;
        loop {
            let turn = match state.phase {
                Phase::Command => self.command(g, &mut state),
                Phase::Packet => self.packet(g, &mut state),
                Phase::FirstBlock | Phase::Data => self.data(g, &mut state),
            };
            state.store(g)?;
            if let Some(progress) = turn? {
                return Ok(progress);
            }
        }
    }

    /// Bytes that have reached their place.
    pub(crate) fn moved(&self, g: &mut Guest) -> Served<u32> {
        Ok(State::load(g)?.position.saturating_sub(self.skip).min(self.bytes))
    }

    fn end(&self) -> u32 {
        self.skip.saturating_add(self.bytes)
    }

    /// The drive is busy: comes back later, or gives up.
    fn busy(g: &mut Guest, progress: Progress) -> Turn {
        let expired = g.expired(own::TRANSFER_DEADLINE)?;
        Ok(Some(if expired { Progress::Failed(Failure::TimeOut) } else { progress }))
    }

    fn command(&self, g: &mut Guest, state: &mut State) -> Turn {
        if state.position >= self.end() {
            return Ok(Some(Progress::Done));
        }
        let channel = self.drive.channel();
        channel.write(g, register::DEVICE, 0xE0 | self.drive.unit() << 4);
        if channel.alternate_status(g) & (status::BSY | status::DRQ) != 0 {
            return Self::busy(g, Progress::Polls);
        }
        g.outb(channel.control(), INTERRUPTS_ON);
        g.arm(own::TRANSFER_DEADLINE, DEADLINE_MS * 1_000_000)?;
        match self.drive.kind {
            Kind::Disk => self.disk_command(g, state),
            Kind::Cd => self.packet_command(g, state),
        }
        Ok(None)
    }

    fn disk_command(&self, g: &mut Guest, state: &mut State) {
        let block = self.drive.block();
        let first = self.first + u64::from(state.position / block);
        let count = u64::from((self.bytes - state.position) / block).min(MOST_SECTORS);
        let long = first + count > LBA28_END;
        let channel = self.drive.channel();
        let [a, b, c, d, e, f, ..] = first.to_le_bytes();
        if long {
            let upper = [0, (count >> 8) as u8, d, e, f];
            for (register, value) in (register::FEATURES..).zip(upper) {
                channel.write(g, register, value);
            }
        }
        for (register, value) in (register::FEATURES..).zip([0, count as u8, a, b, c]) {
            channel.write(g, register, value);
        }
        let top = if long { 0 } else { d & 0x0F };
        channel.write(g, register::DEVICE, 0xE0 | self.drive.unit() << 4 | top);
        let command = match (self.operation, long) {
            (Operation::Read, false) => 0x20,
            (Operation::Read, true) => 0x24,
            (Operation::Write, false) => 0x30,
            (Operation::Write, true) => 0x34,
            (Operation::Verify, false) => 0x40,
            (Operation::Verify, true) => 0x42,
        };
        channel.write(g, register::COMMAND, command);
        state.phase = if self.operation == Operation::Write { Phase::FirstBlock } else { Phase::Data };
        if self.operation == Operation::Verify {
            state.position += count as u32 * block;
        }
    }

    fn packet_command(&self, g: &mut Guest, state: &mut State) {
        let channel = self.drive.channel();
        let [low, high] = (self.drive.block() as u16).to_le_bytes();
        for (register, value) in [(register::FEATURES, 0), (register::MID, low), (register::HIGH, high)] {
            channel.write(g, register, value);
        }
        channel.write(g, register::COMMAND, 0xA0);
        state.phase = Phase::Packet;
    }

    fn packet(&self, g: &mut Guest, state: &mut State) -> Turn {
        let channel = self.drive.channel();
        let now = channel.alternate_status(g);
        if now & status::BSY != 0 {
            return Self::busy(g, Progress::Polls);
        }
        if now & status::DRQ == 0 {
            return Ok(Some(Progress::Failed(Failure::Fault)));
        }
        let block = self.drive.block();
        let [a, b, c, d] = ((self.first as u32).wrapping_add(state.position / block)).to_be_bytes();
        let [high, low] =
            (self.end().div_ceil(block) - state.position / block).min(0xFFFF).to_be_bytes()[2..]
        else {
            return Ok(Some(Progress::Failed(Failure::Fault)));
        };
        channel.write_data(g, &[READ_10, 0, a, b, c, d, 0, high, low, 0, 0, 0]);
        state.phase = Phase::Data;
        Ok(None)
    }

    fn data(&self, g: &mut Guest, state: &mut State) -> Turn {
        let channel = self.drive.channel();
        let now = channel.alternate_status(g);
        if now & status::BSY != 0 {
            let first = state.phase == Phase::FirstBlock;
            return Self::busy(g, if first { Progress::Polls } else { Progress::AwaitsInterrupt });
        }
        let (error, data) = (now & (status::ERR | status::DF) != 0, now & status::DRQ != 0);
        if data && !error {
            self.move_block(g, state)?;
            state.phase = Phase::Data;
            return Ok(None);
        }
        channel.read(g, register::STATUS);
        if error {
            return self.refused(g, state, now);
        }
        state.phase = Phase::Command;
        Ok(None)
    }

    fn refused(&self, g: &mut Guest, state: &mut State, now: u8) -> Turn {
        if now & status::DF != 0 {
            return Ok(Some(Progress::Failed(Failure::Fault)));
        }
        let error = self.drive.channel().read(g, register::ERROR);
        // Sense key 6: a new disc, or a reset; the drive says so once.
        let attention = self.drive.kind == Kind::Cd && error >> 4 == 6;
        if attention && state.tries < TRIES {
            state.tries += 1;
            state.phase = Phase::Command;
            return Ok(None);
        }
        Ok(Some(Progress::Failed(Failure::Refused(error))))
    }

    /// Moves what the drive has ready. Memory is checked first, since the drive gives each byte once.
    fn move_block(&self, g: &mut Guest, state: &mut State) -> Served {
        let channel = self.drive.channel();
        let mut block = [0u8; 2048];
        let size = match self.drive.kind {
            Kind::Disk => 512,
            Kind::Cd => {
                let count = [channel.read(g, register::MID), channel.read(g, register::HIGH)];
                usize::from(u16::from_le_bytes(count)).clamp(2, block.len())
            }
        };
        let block = &mut block[..size & !1];
        // The part of the block that is wanted.
        let begin = self.skip.saturating_sub(state.position) as usize;
        let end = (self.end().saturating_sub(state.position) as usize).min(block.len());
        let piece = begin.min(end)..end;
        let offset = (state.position as usize + piece.start).saturating_sub(self.skip as usize);
        let at = LinAddr(self.buffer.0.wrapping_add(offset as u64));
        if self.operation == Operation::Write {
            g.read(at, &mut block[piece])?;
            channel.read(g, register::STATUS);
            channel.write_data(g, block);
        } else {
            g.check(at, piece.len())?;
            channel.read(g, register::STATUS);
            channel.read_data(g, block);
            g.write(at, &block[piece])?;
        }
        state.position += block.len() as u32;
        Ok(())
    }
}
