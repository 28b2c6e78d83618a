//! Command packets [SFF-8020i, "Packet Commands"; MMC-3].

use super::information;
use super::{Drive, MediaEvent, SECTOR, Sense, sector};
use crate::storage::BlockMedium;

/// What a packet leads to.
pub(super) enum Outcome {
    Done,
    /// These bytes go to the host.
    Data(Vec<u8>),
    /// Parts of sectors go to the host.
    Sectors {
        lba: u32,
        count: u32,
        parts: u8,
    },
    /// So many bytes come from the host.
    Parameters(u32),
}

type Reply = Result<Outcome, Sense>;

/// Packet operation codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    TestUnitReady,
    RequestSense,
    Inquiry,
    ModeSelect6,
    ModeSelect10,
    ModeSense6,
    ModeSense10,
    StartStopUnit,
    PreventAllow,
    ReadCapacity,
    Read10,
    Read12,
    ReadCd,
    ReadCdMsf,
    Seek,
    ReadSubChannel,
    ReadToc,
    ReadHeader,
    GetConfiguration,
    GetEventStatus,
    StopPlay,
    ReadDiscInformation,
    ReadTrackInformation,
    SetCdSpeed,
    MechanismStatus,
    Unknown,
}

impl Operation {
    fn decode(code: u8) -> Self {
        match code {
            0x00 => Self::TestUnitReady,
            0x03 => Self::RequestSense,
            0x12 => Self::Inquiry,
            0x15 => Self::ModeSelect6,
            0x1A => Self::ModeSense6,
            0x1B => Self::StartStopUnit,
            0x1E => Self::PreventAllow,
            0x25 => Self::ReadCapacity,
            0x28 => Self::Read10,
            0x2B => Self::Seek,
            0x42 => Self::ReadSubChannel,
            0x43 => Self::ReadToc,
            0x44 => Self::ReadHeader,
            0x46 => Self::GetConfiguration,
            0x4A => Self::GetEventStatus,
            0x4E => Self::StopPlay,
            0x51 => Self::ReadDiscInformation,
            0x52 => Self::ReadTrackInformation,
            0x55 => Self::ModeSelect10,
            0x5A => Self::ModeSense10,
            0xA8 => Self::Read12,
            0xB9 => Self::ReadCdMsf,
            0xBB => Self::SetCdSpeed,
            0xBD => Self::MechanismStatus,
            0xBE => Self::ReadCd,
            _ => Self::Unknown,
        }
    }

    /// Commands that a unit attention does not hold up [MMC-3, "Unit Attention"].
    fn ignores_attention(self) -> bool {
        matches!(self, Self::RequestSense | Self::Inquiry | Self::GetConfiguration | Self::GetEventStatus)
    }
}

/// START STOP UNIT: LoEj and Start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StartStop {
    Stop,
    Start,
    Eject,
    Load,
}

impl StartStop {
    fn decode(byte: u8) -> Self {
        match byte & 3 {
            0 => Self::Stop,
            1 => Self::Start,
            2 => Self::Eject,
            _ => Self::Load,
        }
    }
}

/// A big-endian field of a packet.
fn word(packet: &[u8; 12], at: usize) -> u16 {
    u16::from_be_bytes([packet[at], packet[at + 1]])
}

fn dword(packet: &[u8; 12], at: usize) -> u32 {
    u32::from(word(packet, at)) << 16 | u32::from(word(packet, at + 2))
}

/// At most as many bytes as the host has room for.
fn cut(mut bytes: Vec<u8>, allocation: usize) -> Reply {
    bytes.truncate(allocation);
    Ok(Outcome::Data(bytes))
}

impl Drive {
    /// Sectors of the disc that can be read now.
    fn disc(&self) -> Result<u32, Sense> {
        if self.state.cd.tray_open {
            return Err(Sense::TRAY_OPEN);
        }
        let medium = self.medium.as_ref().ok_or(Sense::NO_MEDIUM)?;
        Ok(u32::try_from(medium.len().div_ceil(SECTOR as u64)).unwrap_or(u32::MAX))
    }

    /// Carries out a packet up to its data.
    pub(super) fn execute(&mut self, packet: &[u8; 12]) -> Reply {
        let operation = Operation::decode(packet[0]);
        if !operation.ignores_attention()
            && let Some(attention) = self.state.cd.attention.take()
        {
            return Err(attention);
        }
        match operation {
            Operation::TestUnitReady | Operation::StopPlay => self.disc().map(|_| Outcome::Done),
            Operation::RequestSense => self.request_sense(packet),
            Operation::Inquiry if packet[1] & 1 != 0 || packet[2] != 0 => Err(Sense::INVALID_FIELD),
            Operation::Inquiry => cut(information::inquiry(), packet[4].into()),
            Operation::StartStopUnit => self.start_stop(StartStop::decode(packet[4])),
            Operation::PreventAllow => {
                self.state.cd.locked = packet[4] & 1 != 0;
                Ok(Outcome::Done)
            }
            Operation::SetCdSpeed => Ok(Outcome::Done),
            Operation::Read10 => self.read(dword(packet, 2), word(packet, 7).into()),
            Operation::Read12 => self.read(dword(packet, 2), dword(packet, 6)),
            Operation::ReadCd => self.read_cd(packet, dword(packet, 2), dword(packet, 5) & 0xFF_FFFF),
            Operation::ReadCdMsf => self.read_cd_msf(packet),
            Operation::Seek => self.in_range(dword(packet, 2), 1).map(|()| Outcome::Done),
            Operation::ModeSelect6 => Ok(Outcome::Parameters(packet[4].into())),
            Operation::ModeSelect10 => Ok(Outcome::Parameters(word(packet, 7).into())),
            Operation::ModeSense6 => cut(self.mode_sense(packet, true)?, packet[4].into()),
            Operation::ModeSense10 => cut(self.mode_sense(packet, false)?, word(packet, 7).into()),
            Operation::MechanismStatus => {
                cut(information::mechanism_status(self.state.cd.tray_open), word(packet, 8).into())
            }
            Operation::Unknown => Err(Sense::INVALID_OPERATION),
            _ => self.describe_disc(operation, packet),
        }
    }

    /// Commands that tell something of the disc, all with a length in bytes 7 and 8.
    fn describe_disc(&mut self, operation: Operation, packet: &[u8; 12]) -> Reply {
        let length = usize::from(word(packet, 7));
        let msf = packet[1] & 2 != 0;
        let bytes = match operation {
            Operation::ReadCapacity => {
                let last = self.disc()?.saturating_sub(1);
                return Ok(Outcome::Data([last.to_be_bytes(), (SECTOR as u32).to_be_bytes()].concat()));
            }
            Operation::ReadToc => {
                let format = if packet[2] & 0x0F != 0 { packet[2] & 0x0F } else { packet[9] >> 6 };
                information::toc(self.disc()?, format, msf, packet[6]).ok_or(Sense::INVALID_FIELD)?
            }
            Operation::ReadHeader => {
                self.in_range(dword(packet, 2), 1)?;
                information::header(dword(packet, 2), msf)
            }
            Operation::ReadSubChannel => {
                self.disc()?;
                information::sub_channel(packet[2] & 0x40 != 0, packet[3]).ok_or(Sense::INVALID_FIELD)?
            }
            Operation::ReadDiscInformation if packet[1] & 7 == 0 => {
                self.disc()?;
                information::disc()
            }
            Operation::ReadTrackInformation => {
                information::track(self.disc()?, packet[1] & 3, dword(packet, 2))
                    .ok_or(Sense::INVALID_FIELD)?
            }
            Operation::GetConfiguration => {
                information::configuration(self.disc().is_ok(), packet[1] & 3, word(packet, 2))
            }
            Operation::GetEventStatus => self.event_status(packet)?,
            _ => return Err(Sense::INVALID_FIELD),
        };
        cut(bytes, length)
    }

    fn request_sense(&mut self, packet: &[u8; 12]) -> Reply {
        let cd = &mut self.state.cd;
        let mut sense = std::mem::take(&mut cd.sense);
        if sense == Sense::default() {
            sense = cd.attention.take().unwrap_or_default();
        }
        let mut bytes = vec![0; 18];
        (bytes[0], bytes[2], bytes[7]) = (0x70, sense.key, 10);
        (bytes[12], bytes[13]) = (sense.asc, sense.ascq);
        cut(bytes, packet[4].into())
    }

    fn start_stop(&mut self, action: StartStop) -> Reply {
        let locked = self.state.cd.locked;
        match action {
            StartStop::Eject if locked => return Err(Sense::REMOVAL_PREVENTED),
            StartStop::Eject => {
                if !self.state.cd.tray_open && self.medium.is_some() {
                    self.state.cd.event = MediaEvent::Removal;
                }
                self.state.cd.tray_open = true;
            }
            StartStop::Load => {
                if self.state.cd.tray_open && self.medium.is_some() {
                    self.state.cd.event = MediaEvent::NewMedia;
                    self.state.cd.attention = Some(Sense::MEDIUM_CHANGED);
                }
                self.state.cd.tray_open = false;
            }
            StartStop::Start => {
                self.disc()?;
            }
            StartStop::Stop => {}
        }
        Ok(Outcome::Done)
    }

    fn event_status(&mut self, packet: &[u8; 12]) -> Result<Vec<u8>, Sense> {
        // Only polled, not queued.
        if packet[1] & 1 == 0 {
            return Err(Sense::INVALID_FIELD);
        }
        let present = self.medium.is_some() && !self.state.cd.tray_open;
        let media = packet[4] & 0x10 != 0;
        let event = if media { std::mem::take(&mut self.state.cd.event) } else { MediaEvent::None };
        Ok(information::event_status(media, event, self.state.cd.tray_open, present))
    }

    fn mode_sense(&self, packet: &[u8; 12], short: bool) -> Result<Vec<u8>, Sense> {
        let control = packet[2] >> 6;
        if control == 3 {
            return Err(Sense::SAVING_UNSUPPORTED);
        }
        let cd = &self.state.cd;
        let pages = information::mode_pages(packet[2] & 0x3F, cd.locked).ok_or(Sense::INVALID_FIELD)?;
        let medium_type = match (cd.tray_open, &self.medium) {
            (true, _) => 0x71,
            (false, None) => 0x70,
            (false, Some(_)) => 0x01,
        };
        Ok(information::mode_data(pages, medium_type, control == 1, short))
    }

    // --- reading --------------------------------------------------------------------------------------------

    fn in_range(&self, lba: u32, count: u32) -> Result<(), Sense> {
        let total = self.disc()?;
        match lba.checked_add(count) {
            Some(end) if end <= total => Ok(()),
            _ => Err(Sense::OUT_OF_RANGE),
        }
    }

    fn read(&self, lba: u32, count: u32) -> Reply {
        self.in_range(lba, count)?;
        Ok(Outcome::Sectors { lba, count, parts: sector::USER_DATA })
    }

    /// READ CD: byte 1 has the sector type expected, byte 9 the parts of it.
    fn read_cd(&self, packet: &[u8; 12], lba: u32, count: u32) -> Reply {
        self.in_range(lba, count)?;
        let (expected, parts) = (packet[1] >> 2 & 7, packet[9]);
        if parts & 0x07 != 0 || packet[10] & 0x07 != 0 {
            return Err(Sense::INVALID_FIELD);
        }
        match expected {
            0 | 2 => Ok(Outcome::Sectors { lba, count, parts }),
            _ => Err(Sense::WRONG_MODE),
        }
    }

    fn read_cd_msf(&self, packet: &[u8; 12]) -> Reply {
        let frame = |at: usize| {
            let [m, s, f] = [0, 1, 2].map(|n| u32::from(packet[at + n]));
            ((m * 60 + s) * 75 + f).checked_sub(sector::PREGAP).ok_or(Sense::OUT_OF_RANGE)
        };
        let (first, end) = (frame(3)?, frame(6)?);
        let count = end.checked_sub(first).ok_or(Sense::INVALID_FIELD)?;
        self.read_cd(packet, first, count)
    }
}
