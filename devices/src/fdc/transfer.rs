//! The execution phase of commands that reach the disk's surface.

use super::command::{Command, Scan};
use super::drive::SectorId;
use super::status::{ST0, ST1, ST2};
use super::{Fdc, Phase};
use crate::storage::MediumError;
use crate::storage::floppy::SECTOR;
use ringzero_bus::Fabric;
use serde::{Deserialize, Serialize};

/// Where a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// The sector comes round to the head.
    Searching,
    /// Bytes pass between the FIFO and the host.
    Host,
    /// What the host gave is being written.
    Writing,
}

/// A command in its execution phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Transfer {
    pub(super) command: Command,
    pub(super) stage: Stage,
    pub(super) drive: u8,
    /// The head that was selected; MT changes it.
    pub(super) head: u8,
    pub(super) multi_track: bool,
    pub(super) mfm: bool,
    pub(super) skip: bool,
    pub(super) id: SectorId,
    pub(super) eot: u8,
    /// Sectors left to verify or format; sectors read of a track.
    pub(super) count: u8,
    /// Filler byte of FORMAT; DTL otherwise.
    pub(super) last_parameter: u8,
    pub(super) buffer: Vec<u8>,
    pub(super) position: usize,
    pub(super) terminal_count: bool,
    /// Errors that do not end the command at once.
    pub(super) st1: u8,
    pub(super) st2: u8,
}

/// How a search for a sector failed.
struct Missing {
    st1: u8,
    st2: u8,
}

impl Transfer {
    /// From the nine bytes of the command phase (six of FORMAT, two of READ ID).
    pub(super) fn new(command: Command, bytes: &[u8]) -> Self {
        let byte = |n: usize| bytes.get(n).copied().unwrap_or(0);
        let (drive, head) = (byte(1) & 3, byte(1) >> 2 & 1);
        let format = command == Command::Format;
        let id = match command {
            Command::Format => SectorId { c: 0, h: head, r: 0, n: byte(2) },
            _ => SectorId { c: byte(2), h: byte(3), r: byte(4), n: byte(5) },
        };
        Self {
            command,
            stage: Stage::Searching,
            drive,
            head,
            multi_track: byte(0) & 0x80 != 0,
            mfm: byte(0) & 0x40 != 0,
            skip: byte(0) & 0x20 != 0,
            id,
            eot: byte(6),
            count: match command {
                Command::Format => byte(3),
                Command::Verify if byte(1) & 0x80 != 0 => byte(8),
                _ => 0,
            },
            last_parameter: if format { byte(5) } else { byte(8) },
            buffer: Vec::new(),
            position: 0,
            terminal_count: false,
            st1: 0,
            st2: 0,
        }
    }

    /// The next sector by the rules of EOT and MT; false past the last [82077AA, "Result Phase Table"].
    fn advance(&mut self) -> bool {
        if self.id.r != self.eot {
            self.id.r = self.id.r.wrapping_add(1);
            return true;
        }
        self.id.r = 1;
        if self.multi_track {
            self.head ^= 1;
            self.id.h ^= 1;
            if self.head == 1 {
                return true;
            }
        }
        self.id.c = self.id.c.wrapping_add(1);
        false
    }

    pub(super) fn is_valid(&self) -> bool {
        self.drive < 4
            && self.head < 2
            && self.buffer.len() <= SECTOR
            && self.position <= self.buffer.len()
            && (self.stage != Stage::Host || self.position < self.buffer.len())
    }

    fn result_id(&self) -> SectorId {
        self.id
    }
}

impl Fdc {
    /// The moment armed for the transfer has come.
    pub(super) fn transfer_event(&mut self, fabric: &mut Fabric) {
        let Some(transfer) = &self.state.transfer else { return };
        match (transfer.stage, transfer.command) {
            (Stage::Host, _) => self.finish(fabric, ST0::ABNORMAL, ST1::OVERRUN, 0),
            (Stage::Writing, _) => self.sector_done(fabric),
            (Stage::Searching, Command::ReadId) => self.read_id(fabric),
            (Stage::Searching, Command::Format) => self.search_format(fabric),
            (Stage::Searching, _) => self.search(fabric),
        }
    }

    /// Looks for the sector under the head.
    fn find(&self, transfer: &Transfer) -> Result<(), Missing> {
        let no_mark = Missing { st1: ST1::MISSING_ADDRESS_MARK, st2: 0 };
        let cylinder = self.state.drives[usize::from(transfer.drive)].cylinder;
        let disk = self.disks[usize::from(transfer.drive)].as_ref().ok_or(no_mark)?;
        if !disk.has_marks(cylinder, transfer.head, self.state.rate, transfer.mfm) {
            return Err(Missing { st1: ST1::MISSING_ADDRESS_MARK, st2: 0 });
        }
        if transfer.command == Command::ReadTrack {
            return Ok(());
        }
        let id = transfer.id;
        if id.c != cylinder {
            let bad = if id.c == 0xFF { ST2::BAD_CYLINDER } else { 0 };
            return Err(Missing { st1: ST1::NO_DATA, st2: ST2::WRONG_CYLINDER | bad });
        }
        let found = id.h == transfer.head && (1..=disk.geometry().sectors).contains(&id.r) && id.n == 2;
        if found { Ok(()) } else { Err(Missing { st1: ST1::NO_DATA, st2: 0 }) }
    }

    fn search(&mut self, fabric: &mut Fabric) {
        let Some(mut transfer) = self.state.transfer.take() else { return };
        if self.implied_seek(&transfer) {
            self.state.drives[usize::from(transfer.drive)].changed = false;
        }
        let found = self.find(&transfer);
        let protected = self.is_write_protected(transfer.drive);
        let command = transfer.command;
        if let (Ok(()), Command::Read { deleted: true }) = (&found, command) {
            // Images carry no deleted marks, so every sector is of the other kind.
            transfer.st2 |= ST2::CONTROL_MARK;
        }
        let skipped = transfer.st2 & ST2::CONTROL_MARK != 0 && transfer.skip;
        self.state.transfer = Some(transfer);
        match (found, command) {
            (Err(missing), _) => self.finish(fabric, ST0::ABNORMAL, missing.st1, missing.st2),
            (Ok(()), Command::Write { .. }) if protected => {
                self.finish(fabric, ST0::ABNORMAL, ST1::NOT_WRITABLE, 0);
            }
            (Ok(()), _) if skipped => self.sector_done(fabric),
            (Ok(()), Command::Read { .. } | Command::ReadTrack | Command::Verify) => self.load_sector(fabric),
            (Ok(()), _) => self.ask_host(fabric, vec![0; SECTOR]),
        }
    }

    /// CONFIGURE's EIS, or a controller that nobody has set up: the command seeks by itself. True when the head moved.
    fn implied_seek(&mut self, transfer: &Transfer) -> bool {
        let drive = &mut self.state.drives[usize::from(transfer.drive)];
        let moves =
            (self.state.config & 0x40 != 0 || self.state.rate.is_none()) && drive.pcn != transfer.id.c;
        if moves {
            drive.cylinder = drive.stepped(i32::from(transfer.id.c) - i32::from(drive.pcn));
            drive.pcn = transfer.id.c;
        }
        moves
    }

    fn is_write_protected(&self, drive: u8) -> bool {
        self.disks[usize::from(drive)].as_ref().is_some_and(|disk| disk.write_protected())
    }

    /// Reads the sector into the FIFO and offers it to the host, or only checks it (VERIFY).
    fn load_sector(&mut self, fabric: &mut Fabric) {
        let Some(transfer) = &mut self.state.transfer else { return };
        let drive = usize::from(transfer.drive);
        let mut sector = transfer.id.r;
        if transfer.command == Command::ReadTrack {
            sector = transfer.count.wrapping_add(1);
            if sector != transfer.id.r {
                transfer.st1 |= ST1::NO_DATA;
            }
        }
        let (cylinder, head, verify) =
            (self.state.drives[drive].cylinder, transfer.head, transfer.command == Command::Verify);
        let Some(disk) = &mut self.disks[drive] else { return };
        match disk.read(cylinder, head, sector) {
            Ok(_) if verify => self.sector_done(fabric),
            Ok(data) => self.ask_host(fabric, data),
            Err(error) => {
                self.warn(error);
                self.finish(fabric, ST0::ABNORMAL, ST1::DATA_ERROR, ST2::DATA_ERROR);
            }
        }
    }

    /// Passes `buffer` to or from the host.
    fn ask_host(&mut self, fabric: &mut Fabric, buffer: Vec<u8>) {
        let Some(transfer) = &mut self.state.transfer else { return };
        (transfer.buffer, transfer.position, transfer.stage) = (buffer, 0, Stage::Host);
        if self.state.non_dma {
            self.state.irq = true;
        }
        self.arm_transfer(fabric, 4 * self.sector_ns());
    }

    /// A byte goes to the host.
    pub(super) fn take_byte(&mut self, fabric: &mut Fabric, terminal_count: bool) -> u8 {
        let Some(transfer) = self.state.transfer.as_mut().filter(|t| t.stage == Stage::Host) else {
            return 0xFF;
        };
        let byte = transfer.buffer.get(transfer.position).copied().unwrap_or(0xFF);
        self.byte_passed(fabric, terminal_count);
        byte
    }

    /// A byte comes from the host.
    pub(super) fn put_byte(&mut self, fabric: &mut Fabric, byte: u8, terminal_count: bool) {
        let Some(transfer) = self.state.transfer.as_mut().filter(|t| t.stage == Stage::Host) else { return };
        if !transfer.command.reads()
            && let Some(place) = transfer.buffer.get_mut(transfer.position)
        {
            *place = byte;
        }
        self.byte_passed(fabric, terminal_count);
    }

    fn byte_passed(&mut self, fabric: &mut Fabric, terminal_count: bool) {
        let Some(transfer) = &mut self.state.transfer else { return };
        transfer.position += 1;
        transfer.terminal_count |= terminal_count;
        if transfer.position < transfer.buffer.len() && !transfer.terminal_count {
            return;
        }
        self.state.irq = false;
        match transfer.command {
            Command::Write { .. } => self.store_sector(fabric),
            Command::Format => self.format_sector(fabric),
            Command::Scan(scan) => self.compare_sector(fabric, scan),
            _ => self.sector_done(fabric),
        }
    }

    fn store_sector(&mut self, fabric: &mut Fabric) {
        let Some(transfer) = &mut self.state.transfer else { return };
        transfer.stage = Stage::Writing;
        let (drive, head, sector) = (usize::from(transfer.drive), transfer.head, transfer.id.r);
        let data = std::mem::take(&mut transfer.buffer);
        transfer.position = 0;
        let cylinder = self.state.drives[drive].cylinder;
        let written = match &mut self.disks[drive] {
            Some(disk) => disk.write(cylinder, head, sector, &data),
            None => Ok(()),
        };
        self.after_write(fabric, written);
    }

    fn after_write(&mut self, fabric: &mut Fabric, written: Result<(), MediumError>) {
        match written {
            Ok(()) => self.arm_transfer(fabric, self.sector_ns()),
            Err(MediumError::ReadOnly) => self.finish(fabric, ST0::ABNORMAL, ST1::NOT_WRITABLE, 0),
            Err(error) => {
                self.warn(error);
                self.finish(fabric, ST0::ABNORMAL | ST0::EQUIPMENT_CHECK, 0, 0);
            }
        }
    }

    /// Compares the sector on disk with the host's; FFh matches anything [82077AA, "Scan Commands"].
    fn compare_sector(&mut self, fabric: &mut Fabric, scan: Scan) {
        let Some(transfer) = &mut self.state.transfer else { return };
        let host = std::mem::take(&mut transfer.buffer);
        transfer.position = 0;
        let (drive, head, sector) = (usize::from(transfer.drive), transfer.head, transfer.id.r);
        let cylinder = self.state.drives[drive].cylinder;
        let disk = self.disks[drive].as_mut().and_then(|disk| disk.read(cylinder, head, sector).ok());
        let difference = disk
            .unwrap_or_default()
            .into_iter()
            .zip(host)
            .find(|&(disk, host)| disk != host && disk != 0xFF && host != 0xFF);
        match (difference, scan) {
            (None, _) => return self.finish(fabric, 0, 0, ST2::SCAN_EQUAL),
            (Some((disk, host)), Scan::LowOrEqual) if disk < host => return self.finish(fabric, 0, 0, 0),
            (Some((disk, host)), Scan::HighOrEqual) if disk > host => return self.finish(fabric, 0, 0, 0),
            _ => {}
        }
        if let Some(transfer) = &mut self.state.transfer {
            transfer.st2 |= ST2::SCAN_NOT_SATISFIED;
            transfer.id.r = transfer.id.r.wrapping_add(transfer.last_parameter.saturating_sub(1).min(1));
        }
        self.sector_done(fabric);
    }

    // --- format -----------------------------------------------------------------------------------------------

    fn search_format(&mut self, fabric: &mut Fabric) {
        let Some(transfer) = &self.state.transfer else { return };
        let drive = transfer.drive;
        match &self.disks[usize::from(drive)] {
            Some(disk) if disk.write_protected() => {
                self.finish(fabric, ST0::ABNORMAL, ST1::NOT_WRITABLE, 0);
            }
            Some(_) if transfer.count == 0 => self.finish(fabric, 0, 0, 0),
            Some(_) => self.ask_host(fabric, vec![0; 4]),
            None => self.finish(fabric, ST0::ABNORMAL, ST1::MISSING_ADDRESS_MARK, 0),
        }
    }

    /// The host gave C, H, R, N of the next sector: it is filled. Sectors the image has no room for are lost.
    fn format_sector(&mut self, fabric: &mut Fabric) {
        let Some(transfer) = &mut self.state.transfer else { return };
        let id = match transfer.buffer[..] {
            [c, h, r, n] => SectorId { c, h, r, n },
            _ => transfer.id,
        };
        (transfer.id, transfer.stage, transfer.position) = (id, Stage::Writing, 0);
        transfer.buffer.clear();
        transfer.count = transfer.count.saturating_sub(1);
        let (drive, head, filler) = (usize::from(transfer.drive), transfer.head, transfer.last_parameter);
        let (cylinder, rate, mfm) = (self.state.drives[drive].cylinder, self.state.rate, transfer.mfm);
        let written = match &mut self.disks[drive] {
            Some(disk) if id.n == 2 && disk.has_marks(cylinder, head, rate, mfm) => {
                disk.write(cylinder, head, id.r, &[filler; SECTOR])
            }
            _ => Ok(()),
        };
        self.after_write(fabric, written);
    }

    // --- going on ---------------------------------------------------------------------------------------------

    /// A sector is behind the head: on to the next, or to the result phase.
    fn sector_done(&mut self, fabric: &mut Fabric) {
        let Some(transfer) = &mut self.state.transfer else { return };
        transfer.stage = Stage::Searching;
        transfer.buffer.clear();
        transfer.position = 0;
        let (more, terminal_count) = match transfer.command {
            Command::Format => (transfer.count > 0, true),
            Command::ReadTrack => {
                transfer.count = transfer.count.wrapping_add(1);
                (transfer.count < transfer.eot, transfer.terminal_count)
            }
            Command::Verify if transfer.count > 0 => {
                transfer.count -= 1;
                (transfer.advance() && transfer.count > 0, transfer.count == 0)
            }
            Command::Verify => (transfer.advance(), true),
            _ => (transfer.advance(), transfer.terminal_count),
        };
        let marked = transfer.st2 & ST2::CONTROL_MARK != 0 && !transfer.skip;
        if transfer.command != Command::Format && transfer.terminal_count || marked {
            return self.finish(fabric, 0, 0, 0);
        }
        match (more, terminal_count) {
            (true, _) => self.arm_transfer(fabric, self.sector_ns()),
            (false, true) => self.finish(fabric, 0, 0, 0),
            // Nobody said stop at the last sector [82077AA, "Status Register 1", EN].
            (false, false) => self.finish(fabric, ST0::ABNORMAL, ST1::END_OF_CYLINDER, 0),
        }
    }

    fn read_id(&mut self, fabric: &mut Fabric) {
        let Some(transfer) = &mut self.state.transfer else { return };
        let drive = usize::from(transfer.drive);
        let cylinder = self.state.drives[drive].cylinder;
        let sector_ns = 4_096_000_000_000 / super::bits_per_second(self.state.rate);
        let readable = self.disks[drive]
            .as_ref()
            .filter(|disk| disk.has_marks(cylinder, transfer.head, self.state.rate, transfer.mfm));
        let Some(disk) = readable else {
            return self.finish(fabric, ST0::ABNORMAL, ST1::MISSING_ADDRESS_MARK, 0);
        };
        let passed = fabric.now.0 / sector_ns % u64::from(disk.geometry().sectors.max(1));
        transfer.id = SectorId { c: cylinder, h: transfer.head, r: passed as u8 + 1, n: 2 };
        self.finish(fabric, 0, 0, 0);
    }

    /// Ends the execution phase with ST0, ST1, ST2, C, H, R, N.
    pub(super) fn finish(&mut self, fabric: &mut Fabric, st0: u8, st1: u8, st2: u8) {
        let Some(transfer) = self.state.transfer.take() else { return };
        fabric.sched.cancel(self.wiring.step);
        let id = transfer.result_id();
        let st0 = st0 | transfer.head << 2 | transfer.drive;
        self.state.result =
            [st0, st1 | transfer.st1, st2 | transfer.st2, id.c, id.h, id.r, id.n].into_iter().collect();
        self.state.phase = Phase::Result;
        self.state.irq = true;
    }
}
