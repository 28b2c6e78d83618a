//! The commands of a hard disk.

use super::command::{Command, Data, Feature, Mode, Smart, TransferMode};
use super::drive::{
    COMMAND_NS, DMA_SECTORS, Drive, Job, Next, Phase, Power, RESET_NS, SECTOR_NS, Sectors, Translation,
};
use super::identify;
use super::registers::{error, status};
use crate::storage::MediumError;
use crate::storage::hard_disk::{DiskGeometry, SECTOR};

/// Most sectors of READ and WRITE MULTIPLE.
pub(super) const MOST_MULTIPLE: u8 = 16;
/// A flush reaches the host's disk; the guest waits about as long as for a track to be written.
const FLUSH_NS: u64 = 500_000;
/// SMART: what the cylinder registers say [ATA-4, "SMART"].
const SMART_KEY: u16 = 0xC24F;
/// The same after RETURN STATUS when a threshold was exceeded would be 2CF4h; these disks do not wear.
const SMART_GOOD: u16 = SMART_KEY;

impl Drive {
    /// Begins a command: says how long until its first step.
    pub(super) fn disk_command(&mut self, command: Command, geometry: DiskGeometry) -> u64 {
        self.state.job = Job::Plain(command);
        match command {
            Command::Read(data) => self.begin_sectors(data, false, geometry),
            Command::Write(data) => self.begin_sectors(data, true, geometry),
            Command::Diagnostic => RESET_NS,
            Command::Flush | Command::Sleep | Command::Standby | Command::StandbyImmediate => FLUSH_NS,
            Command::Verify { ext } => COMMAND_NS + u64::from(self.state.task.sectors(ext)) * SECTOR_NS,
            _ => COMMAND_NS,
        }
    }

    /// A data command whose sectors exist gets its job; another one fails in its first step.
    fn begin_sectors(&mut self, data: Data, write: bool, geometry: DiskGeometry) -> u64 {
        let Ok((lba, left)) = self.extent(data.ext, geometry) else { return COMMAND_NS };
        let block = match data.mode {
            Mode::Sectors => 1,
            Mode::Multiple => u32::from(self.state.settings.multiple),
            Mode::Dma if self.dma => DMA_SECTORS,
            Mode::Dma => 0,
        };
        let protected = write && self.medium.as_ref().is_some_and(|medium| medium.read_only());
        if block == 0 || protected {
            return COMMAND_NS;
        }
        let (ext, dma) = (data.ext, data.mode == Mode::Dma);
        self.state.job = Job::Sectors(Sectors { write, ext, dma, lba, left, block, started: false });
        COMMAND_NS + if write { 0 } else { u64::from(block.min(left)) * SECTOR_NS }
    }

    /// First sector and number of sectors, or the error of those that do not exist.
    fn extent(&self, ext: bool, geometry: DiskGeometry) -> Result<(u64, u32), u8> {
        let task = &self.state.task;
        let count = task.sectors(ext);
        let lba = task.address(ext, self.state.settings.translation).ok_or(error::IDNF)?;
        let end = lba.saturating_add(u64::from(count));
        if end <= geometry.total { Ok((lba, count)) } else { Err(error::IDNF) }
    }

    /// The moment of a busy disk has come.
    pub(super) fn disk_step(&mut self, geometry: DiskGeometry) -> Next {
        match self.state.job.clone() {
            Job::Plain(command) => match self.perform(command, geometry) {
                Ok(true) => self.complete(true),
                Ok(false) => {}
                Err(bits) => self.fail(bits),
            },
            Job::Reply => self.offer(Phase::DataIn, true),
            Job::Sectors(sectors) if sectors.dma => self.offer(Phase::Dma, false),
            Job::Sectors(sectors) if !sectors.write => {
                if self.load_block(sectors) {
                    self.offer(Phase::DataIn, true);
                }
            }
            Job::Sectors(sectors) if sectors.started => {
                if let Some(rest) = self.store_block(sectors) {
                    self.ask_for_block(rest, true);
                }
            }
            // The first block is asked for without an interrupt [ATA-4, "PIO data out commands"].
            Job::Sectors(sectors) => self.ask_for_block(Sectors { started: true, ..sectors }, false),
            _ => self.complete(true),
        }
        None
    }

    // --- sectors --------------------------------------------------------------------------------------------

    fn ask_for_block(&mut self, sectors: Sectors, interrupt: bool) {
        self.prepare_block(sectors);
        self.offer(Phase::DataOut, interrupt);
    }

    /// Makes room for the next block of a write.
    pub(super) fn prepare_block(&mut self, sectors: Sectors) {
        self.state.buffer = vec![0; sectors.block.min(sectors.left) as usize * SECTOR];
        self.state.position = 0;
        self.state.job = Job::Sectors(sectors);
    }

    /// Fills the buffer with the next block of a read; false when that failed and the command has ended.
    pub(super) fn load_block(&mut self, sectors: Sectors) -> bool {
        let count = sectors.block.min(sectors.left);
        let mut buffer = vec![0; count as usize * SECTOR];
        let offset = sectors.lba * SECTOR as u64;
        let outcome = match &mut self.medium {
            Some(medium) => medium.read_at(offset, &mut buffer),
            None => Err(MediumError::Damaged { offset }),
        };
        if let Err(reason) = outcome {
            self.warn(reason);
            self.show_address(sectors, sectors.lba);
            self.fail(error::UNC);
            return false;
        }
        (self.state.buffer, self.state.position) = (buffer, 0);
        self.advance(sectors, count);
        true
    }

    /// Writes the buffer; what is left when there is more, otherwise the command has ended.
    pub(super) fn store_block(&mut self, sectors: Sectors) -> Option<Sectors> {
        let offset = sectors.lba * SECTOR as u64;
        let mut outcome = match &mut self.medium {
            Some(medium) => medium.write_at(offset, &self.state.buffer),
            None => Err(MediumError::Damaged { offset }),
        };
        let count = (self.state.buffer.len() / SECTOR) as u32;
        if outcome.is_ok() && count >= sectors.left && !self.state.settings.write_cache {
            outcome = self.flush();
        }
        if let Err(reason) = outcome {
            self.write_failed(sectors, reason);
            return None;
        }
        self.advance(sectors, count);
        match self.state.job {
            Job::Sectors(rest) if rest.left > 0 => Some(rest),
            _ => {
                self.complete(true);
                None
            }
        }
    }

    fn write_failed(&mut self, sectors: Sectors, reason: MediumError) {
        self.show_address(sectors, sectors.lba);
        if reason == MediumError::ReadOnly {
            self.fail(error::WP | error::ABRT);
        } else {
            self.warn(reason);
            self.fail(error::ABRT);
            self.state.status |= status::DF;
        }
    }

    /// Notes that `count` sectors have moved. The registers show the last of them [ATA-3, "Read Sector(s)"].
    fn advance(&mut self, mut sectors: Sectors, count: u32) {
        sectors.lba += u64::from(count);
        sectors.left = sectors.left.saturating_sub(count);
        self.show_address(sectors, sectors.lba.saturating_sub(1));
        self.state.job = Job::Sectors(sectors);
    }

    fn show_address(&mut self, sectors: Sectors, lba: u64) {
        let translation = self.state.settings.translation;
        self.state.task.set_address(sectors.ext, translation, lba, sectors.left);
    }

    /// Makes earlier writes lasting.
    pub(super) fn flush(&mut self) -> Result<(), MediumError> {
        self.medium.as_mut().map_or(Ok(()), |medium| medium.flush())
    }

    // --- commands without sectors ---------------------------------------------------------------------------

    /// Carries out a command: whether it has ended. The bits of the Error register otherwise.
    fn perform(&mut self, command: Command, geometry: DiskGeometry) -> Result<bool, u8> {
        match command {
            Command::Recalibrate | Command::IdleImmediate | Command::Idle => {}
            Command::Read(data) => return Err(self.refusal(data, geometry)),
            Command::Write(data) => return Err(self.write_refusal(data, geometry)),
            Command::Verify { ext } => self.verify(ext, geometry)?,
            Command::Seek => self.seek(geometry)?,
            Command::Diagnostic => {
                self.end_reset();
                self.state.irq = true;
                return Ok(false);
            }
            Command::InitializeParameters => self.initialize_parameters(geometry)?,
            Command::Smart => return self.smart(),
            Command::SetMultiple => self.set_multiple()?,
            Command::Flush => self.flush_for_guest()?,
            Command::Standby | Command::StandbyImmediate => self.power_down(Power::Standby)?,
            Command::Sleep => self.power_down(Power::Sleep)?,
            Command::CheckPower => {
                self.state.task.count.current = if self.state.power == Power::Active { 0xFF } else { 0 };
            }
            Command::Identify => {
                self.reply(identify::disk(self, geometry));
                return Ok(false);
            }
            Command::SetFeatures => self.set_features()?,
            Command::ReadNativeMax { ext } => self.read_native_max(ext, geometry),
            Command::Nop
            | Command::DeviceReset
            | Command::Packet
            | Command::IdentifyPacket
            | Command::Unknown(_) => return Err(error::ABRT),
        }
        Ok(true)
    }

    /// Offers one buffer to the host.
    pub(super) fn reply(&mut self, bytes: Vec<u8>) {
        self.state.job = Job::Reply;
        self.state.buffer = bytes;
        self.offer(Phase::DataIn, true);
    }

    /// Why a read or write was not begun.
    fn refusal(&self, data: Data, geometry: DiskGeometry) -> u8 {
        self.extent(data.ext, geometry).err().unwrap_or(error::ABRT)
    }

    fn write_refusal(&self, data: Data, geometry: DiskGeometry) -> u8 {
        let protected = self.medium.as_ref().is_some_and(|medium| medium.read_only());
        self.refusal(data, geometry) | if protected { error::WP | error::ABRT } else { 0 }
    }

    /// READ VERIFY: reads without giving the data to the host.
    fn verify(&mut self, ext: bool, geometry: DiskGeometry) -> Result<(), u8> {
        let (lba, left) = self.extent(ext, geometry)?;
        let Some(medium) = &mut self.medium else { return Err(error::UNC) };
        let mut buffer = vec![0; DMA_SECTORS as usize * SECTOR];
        let (mut at, mut todo) = (lba, left);
        let mut outcome = Ok(());
        while todo > 0 && outcome.is_ok() {
            let count = todo.min(DMA_SECTORS);
            outcome = medium.read_at(at * SECTOR as u64, &mut buffer[..count as usize * SECTOR]);
            if outcome.is_ok() {
                at += u64::from(count);
                todo -= count;
            }
        }
        let translation = self.state.settings.translation;
        let shown = if outcome.is_ok() { at.saturating_sub(1) } else { at };
        self.state.task.set_address(ext, translation, shown, todo);
        outcome.map_err(|reason| {
            self.warn(reason);
            error::UNC
        })
    }

    fn seek(&mut self, geometry: DiskGeometry) -> Result<(), u8> {
        let task = &self.state.task;
        let mut addressed = *task;
        // The sector number of a CHS seek means nothing.
        if !task.is_lba() {
            addressed.low.current = 1;
        }
        let lba = addressed.address(false, self.state.settings.translation).ok_or(error::IDNF)?;
        if lba < geometry.total { Ok(()) } else { Err(error::IDNF) }
    }

    fn initialize_parameters(&mut self, geometry: DiskGeometry) -> Result<(), u8> {
        let (heads, sectors) = (self.state.task.head() + 1, self.state.task.count.current);
        let track = u64::from(heads) * u64::from(sectors);
        let cylinders = geometry.total.checked_div(track).ok_or(error::ABRT)?;
        let cylinders = cylinders.clamp(1, 65_535) as u16;
        self.state.settings.translation = Translation { cylinders, heads, sectors };
        Ok(())
    }

    fn set_multiple(&mut self) -> Result<(), u8> {
        let count = self.state.task.count.current;
        let possible = count <= MOST_MULTIPLE && (count == 0 || count.is_power_of_two());
        self.state.settings.multiple = if possible { count } else { 0 };
        if possible { Ok(()) } else { Err(error::ABRT) }
    }

    fn flush_for_guest(&mut self) -> Result<(), u8> {
        self.flush().map_err(|reason| {
            self.warn(reason);
            error::ABRT
        })
    }

    fn power_down(&mut self, power: Power) -> Result<(), u8> {
        self.flush_for_guest()?;
        self.state.power = power;
        Ok(())
    }

    pub(super) fn set_features(&mut self) -> Result<(), u8> {
        let task = &self.state.task;
        let feature = Feature::decode(task.features.current, task.count.current);
        let settings = &mut self.state.settings;
        match feature {
            Feature::WriteCache(on) => {
                settings.write_cache = on;
                return if on { Ok(()) } else { self.flush_for_guest() };
            }
            Feature::LookAhead(on) => settings.look_ahead = on,
            Feature::RevertOnReset(on) => settings.revert_on_reset = on,
            Feature::TransferMode(TransferMode::MultiwordDma(_)) if !self.dma => return Err(error::ABRT),
            Feature::TransferMode(mode) => settings.transfer_mode = mode,
            Feature::Unknown => return Err(error::ABRT),
        }
        Ok(())
    }

    fn read_native_max(&mut self, ext: bool, geometry: DiskGeometry) {
        let last = geometry.total.saturating_sub(1);
        let last = if ext { last } else { last.min(0x0FFF_FFFF) };
        let (translation, count) = (self.state.settings.translation, self.state.task.count.current);
        self.state.task.set_address(ext, translation, last, u32::from(count));
    }

    fn smart(&mut self) -> Result<bool, u8> {
        let task = &mut self.state.task;
        let request = Smart::decode(task.features.current);
        let enabled = self.state.settings.smart || request == Smart::Enable;
        if task.cylinder() != SMART_KEY || !enabled {
            return Err(error::ABRT);
        }
        match request {
            Smart::Enable => self.state.settings.smart = true,
            Smart::Disable => self.state.settings.smart = false,
            Smart::ReturnStatus => task.set_byte_count(SMART_GOOD),
            Smart::Autosave | Smart::Offline => {}
            Smart::ReadData => {
                self.reply(identify::smart_data());
                return Ok(false);
            }
            Smart::ReadThresholds => {
                self.reply(identify::smart_thresholds());
                return Ok(false);
            }
            Smart::Unknown => return Err(error::ABRT),
        }
        Ok(true)
    }
}
