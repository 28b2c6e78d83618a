//! An ATAPI CD-ROM drive: how packets and their data travel. What packets do is in [`packet`].

mod information;
mod packet;
mod sector;

use super::command::Command;
use super::drive::{COMMAND_NS, Drive, Job, MOST_BUFFER, Next, PacketIn, Phase, Power, RESET_NS};
use super::identify;
use super::registers::{error, status};
use crate::storage::{BlockMedium, MediumError};
use packet::Outcome;
use serde::{Deserialize, Serialize};

/// Bytes of user data in a sector.
pub(super) const SECTOR: usize = 2048;
/// A sector under the head: about 20 MB/s.
const SECTOR_NS: u64 = 100_000;
/// From a packet to its first data.
const PACKET_NS: u64 = 100_000;

/// Interrupt reason register: a command packet is asked for [ATA-4, "Interrupt Reason register"].
const COD: u8 = 0x01;
/// Interrupt reason register: data goes to the host.
const IO: u8 = 0x02;
/// Features register of PACKET: the data goes by DMA.
const DMA: u8 = 0x01;

/// Sense key, additional sense code and qualifier [SFF-8020i, "Sense Code"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sense {
    key: u8,
    asc: u8,
    ascq: u8,
}

impl Sense {
    const fn new(key: u8, asc: u8, ascq: u8) -> Self {
        Self { key, asc, ascq }
    }

    const NO_MEDIUM: Self = Self::new(2, 0x3A, 0x01);
    const TRAY_OPEN: Self = Self::new(2, 0x3A, 0x02);
    const READ_ERROR: Self = Self::new(3, 0x11, 0x00);
    const INVALID_OPERATION: Self = Self::new(5, 0x20, 0x00);
    const OUT_OF_RANGE: Self = Self::new(5, 0x21, 0x00);
    const INVALID_FIELD: Self = Self::new(5, 0x24, 0x00);
    const SAVING_UNSUPPORTED: Self = Self::new(5, 0x39, 0x00);
    const REMOVAL_PREVENTED: Self = Self::new(5, 0x53, 0x02);
    const WRONG_MODE: Self = Self::new(5, 0x64, 0x00);
    const MEDIUM_CHANGED: Self = Self::new(6, 0x28, 0x00);
    const POWER_ON: Self = Self::new(6, 0x29, 0x00);
}

/// Media events [MMC-3, "GET EVENT STATUS NOTIFICATION"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum MediaEvent {
    #[default]
    None,
    EjectRequest,
    NewMedia,
    Removal,
}

/// What a CD-ROM drive remembers between packets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CdState {
    /// What REQUEST SENSE will tell.
    sense: Sense,
    /// The next packet learns of this first.
    attention: Option<Sense>,
    locked: bool,
    tray_open: bool,
    event: MediaEvent,
    /// Bytes for the host that are not yet in the buffer.
    stage: Vec<u8>,
}

impl CdState {
    pub(super) fn reset(&mut self) {
        let tray_open = self.tray_open;
        *self = Self { attention: Some(Sense::POWER_ON), tray_open, ..Self::default() };
    }

    pub(super) fn is_valid(&self) -> bool {
        self.stage.len() <= 2 * MOST_BUFFER
    }
}

impl Drive {
    // --- the host's hand ------------------------------------------------------------------------------------

    /// Puts a disc in and closes the tray.
    pub(super) fn load_disc(&mut self, medium: Box<dyn BlockMedium>) -> Option<Box<dyn BlockMedium>> {
        let cd = &mut self.state.cd;
        cd.tray_open = false;
        cd.attention = Some(Sense::MEDIUM_CHANGED);
        cd.event = MediaEvent::NewMedia;
        self.medium.replace(medium)
    }

    /// Takes the disc out, whatever the guest wants.
    pub(super) fn take_disc(&mut self) -> Option<Box<dyn BlockMedium>> {
        let disc = self.medium.take();
        if disc.is_some() {
            self.state.cd.event = MediaEvent::Removal;
        }
        disc
    }

    /// The eject button: false when the guest has locked the drive, which then hears of it.
    pub(super) fn press_eject(&mut self) -> bool {
        if self.state.cd.locked {
            self.state.cd.event = MediaEvent::EjectRequest;
        }
        !self.state.cd.locked
    }

    pub(super) fn tray_is_open(&self) -> bool {
        self.state.cd.tray_open
    }

    // --- ATA commands ---------------------------------------------------------------------------------------

    /// Begins a command: says how long until its first step.
    pub(super) fn cd_command(&mut self, command: Command) -> u64 {
        self.state.job = match command {
            Command::Packet => {
                let dma = self.state.task.features.current & DMA != 0 && self.dma;
                self.state.buffer = vec![0; 12];
                Job::Packet { dma }
            }
            other => Job::Plain(other),
        };
        if command == Command::Diagnostic { RESET_NS } else { COMMAND_NS }
    }

    /// The moment of a busy CD-ROM drive has come.
    pub(super) fn cd_step(&mut self) -> Next {
        match self.state.job.clone() {
            Job::Plain(command) => self.cd_plain(command),
            Job::Packet { .. } => {
                self.state.task.count.current = COD;
                self.offer(Phase::DataOut, false);
            }
            Job::PacketReady { packet, dma } => self.run_packet(packet, dma),
            Job::PacketIn(data) if data.dma => {
                self.state.task.count.current = IO;
                self.offer(Phase::Dma, false);
            }
            Job::PacketIn(data) => self.offer_packet_data(data),
            Job::PacketOut { packet, left, limit, dma } => self.take_parameters(packet, left, limit, dma),
            Job::None | Job::Reply | Job::Sectors(_) => self.complete(true),
        }
        None
    }

    fn cd_plain(&mut self, command: Command) {
        let outcome = match command {
            Command::Diagnostic => {
                self.end_reset();
                self.state.irq = true;
                return;
            }
            Command::IdentifyPacket => return self.reply(identify::packet(self)),
            Command::SetFeatures => self.set_features(),
            Command::IdleImmediate | Command::Idle => Ok(()),
            Command::Standby | Command::StandbyImmediate => {
                self.state.power = Power::Standby;
                Ok(())
            }
            Command::Sleep => {
                self.state.power = Power::Sleep;
                Ok(())
            }
            Command::CheckPower => {
                self.state.task.count.current = if self.state.power == Power::Active { 0xFF } else { 0 };
                Ok(())
            }
            // These tell the host what it has found [ATA-4, "IDENTIFY DEVICE", "READ SECTOR(S)"].
            Command::Identify | Command::Read(_) => {
                self.state.task.set_signature(true);
                Err(error::ABRT)
            }
            _ => Err(error::ABRT),
        };
        match outcome {
            Ok(()) => self.complete(true),
            Err(bits) => self.fail(bits),
        }
    }

    // --- packets --------------------------------------------------------------------------------------------

    fn run_packet(&mut self, packet: [u8; 12], dma: bool) {
        let limit = match self.state.task.byte_count() {
            0 | 0xFFFF => 0xFFFE,
            limit => limit.max(2),
        };
        self.state.buffer.clear();
        self.state.cd.stage.clear();
        match self.execute(&packet) {
            Ok(Outcome::Done) => self.end_packet(),
            Ok(Outcome::Data(bytes)) if bytes.is_empty() => self.end_packet(),
            Ok(Outcome::Data(bytes)) => {
                let left = bytes.len() as u64;
                self.state.cd.stage = bytes;
                self.begin_packet_in(PacketIn { left, limit, lba: 0, sectors: 0, parts: 0, dma });
            }
            Ok(Outcome::Sectors { lba, count, parts }) => {
                let left = u64::from(count) * sector::size(parts) as u64;
                if left == 0 {
                    return self.end_packet();
                }
                self.begin_packet_in(PacketIn { left, limit, lba, sectors: count, parts, dma });
            }
            Ok(Outcome::Parameters(0)) => self.end_packet(),
            Ok(Outcome::Parameters(left)) => self.ask_parameters(packet, left, limit, dma),
            Err(sense) => self.check_condition(sense),
        }
    }

    fn begin_packet_in(&mut self, data: PacketIn) {
        self.state.job = Job::PacketIn(data);
        if data.dma {
            self.state.task.count.current = IO;
            self.offer(Phase::Dma, false);
        } else {
            self.offer_packet_data(data);
        }
    }

    fn offer_packet_data(&mut self, data: PacketIn) {
        if data.left == 0 {
            return self.end_packet();
        }
        // A limit that is odd counts as the even number below, unless it takes all [ATA-4, "PACKET"].
        let even = if data.left > u64::from(data.limit) { data.limit & !1 } else { data.limit };
        let count = data.left.min(u64::from(even)) as usize;
        if self.load_packet_block(data, count) {
            self.state.task.count.current = IO;
            self.state.task.set_byte_count(count as u16);
            self.offer(Phase::DataIn, true);
        }
    }

    /// Puts the next `count` bytes into the buffer; false when the disc could not be read and the command has ended.
    pub(super) fn load_packet_block(&mut self, mut data: PacketIn, count: usize) -> bool {
        let size = sector::size(data.parts);
        while self.state.cd.stage.len() < count && data.sectors > 0 && size > 0 {
            let missing = (count - self.state.cd.stage.len()).div_ceil(size) as u32;
            let sectors = missing.min(data.sectors);
            if let Err(reason) = self.stage_sectors(data.lba, sectors, data.parts) {
                self.warn(reason);
                self.check_condition(Sense::READ_ERROR);
                return false;
            }
            data.lba = data.lba.wrapping_add(sectors);
            data.sectors -= sectors;
        }
        self.state.cd.stage.resize(self.state.cd.stage.len().max(count), 0);
        self.state.buffer = self.state.cd.stage.drain(..count).collect();
        self.state.position = 0;
        data.left = data.left.saturating_sub(count as u64);
        self.state.job = Job::PacketIn(data);
        true
    }

    fn stage_sectors(&mut self, lba: u32, count: u32, parts: u8) -> Result<(), MediumError> {
        let offset = u64::from(lba) * SECTOR as u64;
        let Some(medium) = self.medium.as_mut().filter(|_| !self.state.cd.tray_open) else {
            return Err(MediumError::Damaged { offset });
        };
        let mut bytes = vec![0; count as usize * SECTOR];
        let inside = medium.len().saturating_sub(offset).min(bytes.len() as u64) as usize;
        if inside == 0 {
            return Err(MediumError::OutOfRange { offset, len: bytes.len() });
        }
        // The last sector of an image may be cut short.
        medium.read_at(offset, &mut bytes[..inside])?;
        if parts == sector::USER_DATA {
            self.state.cd.stage.append(&mut bytes);
            return Ok(());
        }
        for (n, user) in bytes.chunks_exact(SECTOR).enumerate() {
            let raw = sector::Raw::mode_1(lba.wrapping_add(n as u32), user);
            raw.append(parts, &mut self.state.cd.stage);
        }
        Ok(())
    }

    fn ask_parameters(&mut self, packet: [u8; 12], left: u32, limit: u16, dma: bool) {
        let count = left.min(u32::from(limit));
        self.state.buffer = vec![0; count as usize];
        self.state.position = 0;
        self.state.job = Job::PacketOut { packet, left, limit, dma };
        self.state.task.count.current = 0;
        self.state.task.set_byte_count(count as u16);
        self.offer(if dma { Phase::Dma } else { Phase::DataOut }, !dma);
    }

    /// The buffer of parameters is full.
    pub(super) fn take_parameters(&mut self, packet: [u8; 12], left: u32, limit: u16, dma: bool) {
        match left.saturating_sub(self.state.buffer.len() as u32) {
            0 => self.end_packet(),
            left => self.ask_parameters(packet, left, limit, dma),
        }
    }

    /// Ends a packet command without error.
    pub(super) fn end_packet(&mut self) {
        self.state.cd.sense = Sense::default();
        self.state.task.count.current = COD | IO;
        self.complete(true);
    }

    fn check_condition(&mut self, sense: Sense) {
        self.state.cd.sense = sense;
        self.state.cd.stage.clear();
        self.state.task.count.current = COD | IO;
        self.fail(sense.key << 4);
        debug_assert_eq!(self.state.status & status::DRQ, 0);
    }

    pub(super) fn cd_packet_ns(&self, operation: u8) -> u64 {
        match operation {
            0x28 | 0xA8 | 0xBE | 0xB9 => PACKET_NS + SECTOR_NS,
            _ => PACKET_NS,
        }
    }

    /// How long the drive takes to refill its buffer.
    pub(super) fn cd_block_ns(&self) -> u64 {
        match &self.state.job {
            Job::PacketIn(PacketIn { left: 0, .. }) => COMMAND_NS,
            _ => (self.state.buffer.len().div_ceil(SECTOR) as u64).max(1) * SECTOR_NS,
        }
    }
}
