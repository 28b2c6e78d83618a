//! The controller's commands [82077AA, "Command Set/Descriptions"].

use serde::{Deserialize, Serialize};

/// How a scan compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Scan {
    Equal,
    LowOrEqual,
    HighOrEqual,
}

/// The first byte of a command, without its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Command {
    ReadTrack,
    Specify,
    SenseDrive,
    Write { deleted: bool },
    Read { deleted: bool },
    Recalibrate,
    SenseInterrupt,
    ReadId,
    Format,
    DumpReg,
    Seek,
    RelativeSeek { inward: bool },
    Version,
    Scan(Scan),
    Perpendicular,
    Configure,
    Lock(bool),
    Verify,
    Invalid,
}

impl Command {
    pub(super) fn decode(byte: u8) -> Self {
        match byte {
            0x03 => Self::Specify,
            0x04 => Self::SenseDrive,
            0x07 => Self::Recalibrate,
            0x08 => Self::SenseInterrupt,
            0x0E => Self::DumpReg,
            0x0F => Self::Seek,
            0x8F => Self::RelativeSeek { inward: false },
            0xCF => Self::RelativeSeek { inward: true },
            0x10 => Self::Version,
            0x12 => Self::Perpendicular,
            0x13 => Self::Configure,
            0x14 => Self::Lock(false),
            0x94 => Self::Lock(true),
            _ => Self::decode_data(byte),
        }
    }

    /// Commands with MT, MFM and SK in bits 7 to 5.
    fn decode_data(byte: u8) -> Self {
        match byte & 0x1F {
            0x02 => Self::ReadTrack,
            0x05 => Self::Write { deleted: false },
            0x06 => Self::Read { deleted: false },
            0x09 => Self::Write { deleted: true },
            0x0A => Self::ReadId,
            0x0C => Self::Read { deleted: true },
            0x0D => Self::Format,
            0x11 => Self::Scan(Scan::Equal),
            0x16 => Self::Verify,
            0x19 => Self::Scan(Scan::LowOrEqual),
            0x1D => Self::Scan(Scan::HighOrEqual),
            _ => Self::Invalid,
        }
    }

    /// Bytes of the command phase, the first included.
    pub(super) fn length(self) -> usize {
        match self {
            Self::SenseInterrupt | Self::DumpReg | Self::Version | Self::Lock(_) | Self::Invalid => 1,
            Self::SenseDrive | Self::Recalibrate | Self::ReadId | Self::Perpendicular => 2,
            Self::Specify | Self::Seek | Self::RelativeSeek { .. } => 3,
            Self::Configure => 4,
            Self::Format => 6,
            Self::ReadTrack | Self::Write { .. } | Self::Read { .. } | Self::Scan(_) | Self::Verify => 9,
        }
    }

    /// Data goes from the disk to the host.
    pub(super) fn reads(self) -> bool {
        matches!(self, Self::Read { .. } | Self::ReadTrack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_do_not_change_a_data_command() {
        assert_eq!(Command::decode(0xE6), Command::Read { deleted: false });
    }

    #[test]
    fn flags_make_other_commands_invalid() {
        assert_eq!(
            (Command::decode(0x48), Command::decode(0x8F)),
            (Command::Invalid, Command::RelativeSeek { inward: false })
        );
    }
}
