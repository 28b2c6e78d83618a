//! Command codes [ATA-4, "Command descriptions"; ATA-6 for the 48-bit commands].

use serde::{Deserialize, Serialize};

/// What a byte in the Command register asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Command {
    Nop,
    DeviceReset,
    Recalibrate,
    Read(Data),
    Write(Data),
    Verify { ext: bool },
    Seek,
    Diagnostic,
    InitializeParameters,
    Packet,
    IdentifyPacket,
    Smart,
    SetMultiple,
    StandbyImmediate,
    IdleImmediate,
    Standby,
    Idle,
    CheckPower,
    Sleep,
    Flush,
    Identify,
    SetFeatures,
    ReadNativeMax { ext: bool },
    Unknown(u8),
}

/// How a data command moves its sectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Data {
    /// 48-bit address and 16-bit count.
    pub(super) ext: bool,
    pub(super) mode: Mode,
}

/// The grain of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mode {
    /// One sector for each DRQ.
    Sectors,
    /// As many as SET MULTIPLE said.
    Multiple,
    Dma,
}

const fn data(ext: bool, mode: Mode) -> Data {
    Data { ext, mode }
}

impl Command {
    pub(super) fn decode(code: u8) -> Self {
        match code {
            0x00 => Self::Nop,
            0x08 => Self::DeviceReset,
            0x10..=0x1F => Self::Recalibrate,
            0x20..=0x29 | 0xC4 | 0xC8 | 0xC9 => Self::decode_read(code),
            0x30..=0x3C | 0xC5 | 0xCA | 0xCB => Self::decode_write(code),
            0x40 | 0x41 => Self::Verify { ext: false },
            0x42 => Self::Verify { ext: true },
            0x70..=0x7F => Self::Seek,
            0x90 => Self::Diagnostic,
            0x91 => Self::InitializeParameters,
            0xA0 => Self::Packet,
            0xA1 => Self::IdentifyPacket,
            0xB0 => Self::Smart,
            0xC6 => Self::SetMultiple,
            0xE0 | 0x94 => Self::StandbyImmediate,
            0xE1 | 0x95 => Self::IdleImmediate,
            0xE2 | 0x96 => Self::Standby,
            0xE3 | 0x97 => Self::Idle,
            0xE5 | 0x98 => Self::CheckPower,
            0xE6 | 0x99 => Self::Sleep,
            0xE7 | 0xEA => Self::Flush,
            0xEC => Self::Identify,
            0xEF => Self::SetFeatures,
            0xF8 => Self::ReadNativeMax { ext: false },
            other => Self::Unknown(other),
        }
    }

    fn decode_read(code: u8) -> Self {
        match code {
            0x20 | 0x21 => Self::Read(data(false, Mode::Sectors)),
            0x24 => Self::Read(data(true, Mode::Sectors)),
            0x25 => Self::Read(data(true, Mode::Dma)),
            0x27 => Self::ReadNativeMax { ext: true },
            0x29 => Self::Read(data(true, Mode::Multiple)),
            0xC4 => Self::Read(data(false, Mode::Multiple)),
            0xC8 | 0xC9 => Self::Read(data(false, Mode::Dma)),
            other => Self::Unknown(other),
        }
    }

    fn decode_write(code: u8) -> Self {
        match code {
            // 3Ch is WRITE VERIFY: what is written can be read again here.
            0x30 | 0x31 | 0x3C => Self::Write(data(false, Mode::Sectors)),
            0x34 => Self::Write(data(true, Mode::Sectors)),
            0x35 => Self::Write(data(true, Mode::Dma)),
            0x39 => Self::Write(data(true, Mode::Multiple)),
            0xC5 => Self::Write(data(false, Mode::Multiple)),
            0xCA | 0xCB => Self::Write(data(false, Mode::Dma)),
            other => Self::Unknown(other),
        }
    }
}

/// Sub-commands of SMART, from the Features register [ATA-4, "SMART"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Smart {
    ReadData,
    ReadThresholds,
    Autosave,
    Offline,
    Enable,
    Disable,
    ReturnStatus,
    Unknown,
}

impl Smart {
    pub(super) fn decode(features: u8) -> Self {
        match features {
            0xD0 => Self::ReadData,
            0xD1 => Self::ReadThresholds,
            0xD2 => Self::Autosave,
            0xD4 => Self::Offline,
            0xD8 => Self::Enable,
            0xD9 => Self::Disable,
            0xDA => Self::ReturnStatus,
            _ => Self::Unknown,
        }
    }
}

/// Sub-commands of SET FEATURES [ATA-4, "SET FEATURES"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feature {
    WriteCache(bool),
    LookAhead(bool),
    RevertOnReset(bool),
    TransferMode(TransferMode),
    Unknown,
}

/// A transfer mode that a drive behind a PIIX3 can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TransferMode {
    Pio,
    MultiwordDma(u8),
}

impl Feature {
    pub(super) fn decode(features: u8, count: u8) -> Self {
        match (features, count) {
            (0x02, _) => Self::WriteCache(true),
            (0x82, _) => Self::WriteCache(false),
            (0xAA, _) => Self::LookAhead(true),
            (0x55, _) => Self::LookAhead(false),
            (0xCC, _) => Self::RevertOnReset(true),
            (0x66, _) => Self::RevertOnReset(false),
            (0x03, 0x00 | 0x01 | 0x08..=0x0C) => Self::TransferMode(TransferMode::Pio),
            (0x03, 0x20..=0x22) => Self::TransferMode(TransferMode::MultiwordDma(count & 7)),
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_48_bit_read_is_not_taken_for_a_short_one() {
        assert_eq!(Command::decode(0x24), Command::Read(Data { ext: true, mode: Mode::Sectors }));
        assert_eq!(Command::decode(0x20), Command::Read(Data { ext: false, mode: Mode::Sectors }));
    }

    #[test]
    fn ultra_dma_is_refused() {
        assert_eq!(Feature::decode(0x03, 0x42), Feature::Unknown);
    }
}
