//! What disks and CD-ROM drives have in common: registers, the phases of a command, data blocks.

use super::atapi::CdState;
use super::command::{Command, TransferMode};
use super::registers::{TaskFile, error, status};
use crate::storage::hard_disk::{DiskGeometry, SECTOR};
use crate::storage::{BlockMedium, MediumError, NoFork};
use ringzero_bus::ForkError;
use serde::{Deserialize, Serialize};

/// From a command to its end or first data, without a seek.
pub(super) const COMMAND_NS: u64 = 30_000;
/// A sector under the head: about 33 MB/s, between the transfer rates of PIO mode 4 and of later disks.
pub(super) const SECTOR_NS: u64 = 15_000;
/// From the end of a reset to the signature.
pub(super) const RESET_NS: u64 = 500_000;
/// Most sectors that move in one step of a DMA transfer.
pub(super) const DMA_SECTORS: u32 = 128;
/// Most bytes between the drive and the host at one time.
pub(super) const MOST_BUFFER: usize = 65_536;
/// Warnings kept for a host that does not ask.
const WARNINGS: usize = 16;

/// A drive of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdeDrive {
    /// A hard disk.
    Disk(DiskGeometry),
    /// A CD-ROM drive, empty until a disc is inserted.
    Cd,
}

/// The CHS translation in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Translation {
    pub(super) cylinders: u16,
    pub(super) heads: u8,
    pub(super) sectors: u8,
}

impl Translation {
    /// The default one.
    fn of(kind: IdeDrive) -> Self {
        match kind {
            IdeDrive::Disk(g) => {
                Self { cylinders: g.cylinders, heads: g.heads.max(1), sectors: g.sectors.max(1) }
            }
            IdeDrive::Cd => Self { cylinders: 1, heads: 1, sectors: 1 },
        }
    }

    pub(super) fn lba(self, cylinder: u16, head: u8, sector: u8) -> Option<u64> {
        let inside = cylinder < self.cylinders && head < self.heads && (1..=self.sectors).contains(&sector);
        let track = u64::from(cylinder) * u64::from(self.heads) + u64::from(head);
        inside.then(|| track * u64::from(self.sectors) + u64::from(sector) - 1)
    }

    pub(super) fn chs(self, lba: u64) -> (u16, u8, u8) {
        let (sectors, heads) = (u64::from(self.sectors), u64::from(self.heads));
        let (track, sector) = (lba / sectors, lba % sectors + 1);
        ((track / heads) as u16, (track % heads) as u8, sector as u8)
    }
}

/// What a drive is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    Idle,
    /// Until the signature is in the registers.
    Reset,
    /// BSY: the armed moment continues the job.
    Busy,
    /// DRQ: the host reads the buffer.
    DataIn,
    /// DRQ: the host fills the buffer.
    DataOut,
    /// DRQ: the bus master moves the buffer.
    Dma,
}

/// What a command still has to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Job {
    None,
    /// No data: done when its moment comes.
    Plain(Command),
    /// The buffer goes to the host, and that is all.
    Reply,
    /// Sectors to or from the disk.
    Sectors(Sectors),
    /// The host sends a command packet.
    Packet {
        dma: bool,
    },
    /// A packet's data goes to the host.
    PacketIn(PacketIn),
    /// A packet's parameters come from the host.
    PacketOut {
        packet: [u8; 12],
        left: u32,
        limit: u16,
        dma: bool,
    },
    /// The packet has arrived and is to be carried out.
    PacketReady {
        packet: [u8; 12],
        dma: bool,
    },
}

/// A read or write of sectors in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sectors {
    pub(super) write: bool,
    pub(super) ext: bool,
    pub(super) dma: bool,
    /// First sector not yet moved between medium and buffer.
    pub(super) lba: u64,
    pub(super) left: u32,
    /// Sectors for each DRQ.
    pub(super) block: u32,
    /// A write has asked for its first block.
    pub(super) started: bool,
}

/// Bytes on their way from a CD-ROM drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PacketIn {
    /// Bytes not yet in the buffer.
    pub(super) left: u64,
    /// Most bytes for each DRQ.
    pub(super) limit: u16,
    /// First sector not yet read.
    pub(super) lba: u32,
    pub(super) sectors: u32,
    /// Which parts of each sector, as in READ CD byte 9; 10h is its data alone.
    pub(super) parts: u8,
    pub(super) dma: bool,
}

/// Power modes [ATA-4, "Power Management feature set"].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Power {
    Active,
    Standby,
    Sleep,
}

/// What commands set and a software reset may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) translation: Translation,
    /// SET MULTIPLE; 0 while READ and WRITE MULTIPLE are disabled.
    pub(super) multiple: u8,
    pub(super) write_cache: bool,
    pub(super) look_ahead: bool,
    pub(super) smart: bool,
    pub(super) transfer_mode: TransferMode,
    pub(super) revert_on_reset: bool,
}

impl Settings {
    fn power_on(kind: IdeDrive) -> Self {
        Self {
            translation: Translation::of(kind),
            multiple: 0,
            write_cache: true,
            look_ahead: true,
            smart: true,
            transfer_mode: TransferMode::Pio,
            revert_on_reset: false,
        }
    }
}

/// The part of a drive that a snapshot carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DriveState {
    pub(super) task: TaskFile,
    pub(super) status: u8,
    pub(super) error: u8,
    /// INTRQ, before nIEN and selection.
    pub(super) irq: bool,
    pub(super) phase: Phase,
    pub(super) job: Job,
    pub(super) buffer: Vec<u8>,
    pub(super) position: usize,
    pub(super) power: Power,
    pub(super) settings: Settings,
    pub(super) cd: CdState,
    /// Commands begun; tells the host that the drive works.
    pub(super) commands: u64,
}

/// What people call the drives.
const NAMES: [&str; 4] = ["hda", "hdb", "hdc", "hdd"];

/// A drive: its state, and the host's medium behind it.
pub(super) struct Drive {
    pub(super) kind: IdeDrive,
    /// Drive number in the machine, 0 to 3, for the serial number.
    pub(super) number: u8,
    /// A bus master can move its data.
    pub(super) dma: bool,
    pub(super) medium: Option<Box<dyn BlockMedium>>,
    pub(super) state: DriveState,
    pub(super) warnings: Vec<MediumError>,
}

/// When a drive wants its next moment; `None`: not at all.
pub(super) type Next = Option<u64>;

impl Drive {
    pub(super) fn new(kind: IdeDrive, number: u8, dma: bool) -> Self {
        let state = DriveState {
            task: TaskFile::default(),
            status: status::BSY,
            error: 0,
            irq: false,
            phase: Phase::Reset,
            job: Job::None,
            buffer: Vec::new(),
            position: 0,
            power: Power::Active,
            settings: Settings::power_on(kind),
            cd: CdState::default(),
            commands: 0,
        };
        Self { kind, number, dma, medium: None, state, warnings: Vec::new() }
    }

    pub(super) fn fork(&self) -> Result<Self, ForkError> {
        let refused = |NoFork(reason)| ForkError { device: NAMES[usize::from(self.number) % 4], reason };
        let medium = self.medium.as_ref().map(|medium| medium.fork()).transpose().map_err(refused)?;
        let (state, warnings) = (self.state.clone(), self.warnings.clone());
        Ok(Self { kind: self.kind, number: self.number, dma: self.dma, medium, state, warnings })
    }

    pub(super) fn is_packet(&self) -> bool {
        self.kind == IdeDrive::Cd
    }

    /// Whether it takes no register writes.
    pub(super) fn is_engaged(&self) -> bool {
        self.state.status & (status::BSY | status::DRQ) != 0
    }

    // --- resets ---------------------------------------------------------------------------------------------

    /// RESET-: everything is as at power-on.
    pub(super) fn hard_reset(&mut self) {
        self.state.settings = Settings::power_on(self.kind);
        self.state.cd.reset();
        self.begin_reset();
    }

    /// SRST: settings stay unless SET FEATURES said otherwise.
    pub(super) fn soft_reset(&mut self) {
        if self.state.settings.revert_on_reset {
            self.state.settings = Settings::power_on(self.kind);
        }
        self.begin_reset();
    }

    fn begin_reset(&mut self) {
        let state = &mut self.state;
        (state.job, state.phase) = (Job::None, Phase::Reset);
        state.buffer.clear();
        (state.position, state.irq) = (0, false);
        state.status = status::BSY;
        state.power = Power::Active;
    }

    /// The end of a reset or diagnostic: the signature [ATA-4, "Signature and persistence"].
    pub(super) fn end_reset(&mut self) {
        let packet = self.is_packet();
        self.state.task.set_signature(packet);
        self.state.error = error::PASSED;
        (self.state.phase, self.state.job) = (Phase::Idle, Job::None);
        // A packet device is not ready for ATA commands.
        self.state.status = if packet { 0 } else { status::DRDY | status::DSC };
    }

    // --- commands -------------------------------------------------------------------------------------------

    /// A command is written.
    pub(super) fn command(&mut self, code: u8) -> Next {
        let command = Command::decode(code);
        if command == Command::DeviceReset && self.is_packet() {
            self.state.commands += 1;
            self.soft_reset();
            return Some(COMMAND_NS);
        }
        if self.is_engaged() || self.state.power == Power::Sleep {
            return None;
        }
        self.state.commands += 1;
        self.state.irq = false;
        self.state.error = 0;
        let delay = match self.kind {
            IdeDrive::Disk(geometry) => self.disk_command(command, geometry),
            IdeDrive::Cd => self.cd_command(command),
        };
        if !matches!(
            command,
            Command::CheckPower | Command::Sleep | Command::Standby | Command::StandbyImmediate
        ) {
            self.state.power = Power::Active;
        }
        (self.state.status, self.state.phase) = (status::BSY, Phase::Busy);
        Some(delay)
    }

    /// The moment armed by the last step has come.
    pub(super) fn step(&mut self) -> Next {
        match (self.state.phase, self.kind) {
            (Phase::Reset, _) => {
                self.end_reset();
                None
            }
            (Phase::Busy, IdeDrive::Disk(geometry)) => self.disk_step(geometry),
            (Phase::Busy, IdeDrive::Cd) => self.cd_step(),
            _ => None,
        }
    }

    /// Status bits of a drive that waits for a command.
    pub(super) fn ready(&self) -> u8 {
        if self.is_packet() { status::DRDY } else { status::DRDY | status::DSC }
    }

    /// Ends a command without error.
    pub(super) fn complete(&mut self, interrupt: bool) {
        self.state.status = self.ready();
        self.end_command(interrupt);
    }

    /// Ends a command with bits in the Error register.
    pub(super) fn fail(&mut self, bits: u8) {
        self.state.error = bits;
        self.state.status = self.ready() | status::ERR;
        self.end_command(true);
    }

    fn end_command(&mut self, interrupt: bool) {
        (self.state.phase, self.state.job) = (Phase::Idle, Job::None);
        self.state.buffer.clear();
        self.state.position = 0;
        self.state.irq |= interrupt;
    }

    pub(super) fn warn(&mut self, error: MediumError) {
        if self.warnings.len() < WARNINGS {
            self.warnings.push(error);
        }
    }

    // --- data -----------------------------------------------------------------------------------------------

    /// Asks the host to move the buffer.
    pub(super) fn offer(&mut self, phase: Phase, interrupt: bool) {
        self.state.phase = phase;
        self.state.position = 0;
        self.state.status = self.ready() | status::DRQ;
        self.state.irq |= interrupt;
    }

    /// A read of the Data register.
    pub(super) fn read_data(&mut self) -> (u16, Next) {
        if self.state.phase != Phase::DataIn {
            return (0xFFFF, None);
        }
        let state = &mut self.state;
        let byte = |n: usize| state.buffer.get(state.position + n).copied().unwrap_or(0);
        let word = u16::from_le_bytes([byte(0), byte(1)]);
        // The last word of an odd number of bytes has one byte of no meaning.
        state.position = (state.position + 2).min(state.buffer.len());
        let next = if state.position >= state.buffer.len() { self.block_read() } else { None };
        (word, next)
    }

    /// A write of the Data register.
    pub(super) fn write_data(&mut self, word: u16) -> Next {
        if self.state.phase != Phase::DataOut {
            return None;
        }
        let state = &mut self.state;
        for byte in word.to_le_bytes() {
            if let Some(place) = state.buffer.get_mut(state.position) {
                *place = byte;
            }
            state.position = (state.position + 1).min(state.buffer.len());
        }
        if state.position < state.buffer.len() {
            return None;
        }
        self.go_busy();
        Some(self.block_written())
    }

    pub(super) fn go_busy(&mut self) {
        (self.state.status, self.state.phase) = (status::BSY, Phase::Busy);
    }

    /// The host has read the block on offer.
    fn block_read(&mut self) -> Next {
        match self.state.job {
            Job::Sectors(Sectors { block, left: left @ 1.., .. }) => {
                self.go_busy();
                Some(u64::from(block.min(left)) * SECTOR_NS)
            }
            Job::PacketIn(_) => {
                self.go_busy();
                Some(self.cd_block_ns())
            }
            _ => {
                self.complete(false);
                None
            }
        }
    }

    /// The host has filled the block asked for: how long the drive needs it.
    pub(super) fn block_written(&mut self) -> u64 {
        match &self.state.job {
            Job::Packet { dma } => {
                let mut packet = [0; 12];
                packet.copy_from_slice(&self.state.buffer[..12]);
                self.state.job = Job::PacketReady { packet, dma: *dma };
                self.cd_packet_ns(packet[0])
            }
            Job::Sectors(sectors) => u64::from(sectors.block.min(sectors.left)) * SECTOR_NS,
            _ => COMMAND_NS,
        }
    }

    pub(super) fn is_valid(&self, state: &DriveState) -> bool {
        let moving = matches!(state.phase, Phase::DataIn | Phase::DataOut);
        let translation = state.settings.translation;
        state.buffer.len() <= MOST_BUFFER
            && (!moving || state.position < state.buffer.len())
            && state.position <= state.buffer.len()
            && translation.heads > 0
            && translation.sectors > 0
            && state.settings.multiple <= 16
            && self.job_fits(state)
            && state.cd.is_valid()
    }

    /// Whether the job of a loaded state is one this kind of drive has, with the buffer it needs.
    fn job_fits(&self, state: &DriveState) -> bool {
        match &state.job {
            Job::None => !matches!(state.phase, Phase::DataIn | Phase::DataOut | Phase::Dma),
            Job::Plain(_) => state.phase == Phase::Busy,
            Job::Reply => true,
            Job::Sectors(s) => {
                let waiting = s.write && s.started && matches!(state.phase, Phase::Busy | Phase::DataOut);
                (1..=DMA_SECTORS).contains(&s.block)
                    && s.left <= 65_536
                    && s.lba < 1 << 48
                    && !self.is_packet()
                    && (!waiting || s.dma || state.buffer.len() == s.block.min(s.left) as usize * SECTOR)
            }
            Job::Packet { .. } => self.is_packet() && state.buffer.len() == 12,
            Job::PacketIn(data) => self.is_packet() && data.limit >= 2,
            Job::PacketOut { left, limit, .. } => self.is_packet() && *left <= 0xFFFF && *limit >= 2,
            Job::PacketReady { .. } => self.is_packet(),
        }
    }
}
