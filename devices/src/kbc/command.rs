//! The controller's commands and the bits of its registers.

use serde::{Deserialize, Serialize};

/// A byte written to port 64h [IBM, "Controller Commands"].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Command {
    ReadRam(u8),
    WriteRam(u8),
    TestPassword,
    DisableAux,
    EnableAux,
    TestAux,
    SelfTest,
    TestKeyboard,
    DisableKeyboard,
    EnableKeyboard,
    ReadInputPort,
    ReadOutputPort,
    WriteOutputPort,
    WriteKeyboardBuffer,
    WriteAuxBuffer,
    WriteAux,
    SetA20(bool),
    ReadTestInputs,
    PulseOutputPort(u8),
    Unknown,
}

impl Command {
    pub(super) fn decode(byte: u8) -> Self {
        match byte {
            0x00..=0x3F => Self::ReadRam(byte & 0x1F),
            0x40..=0x7F => Self::WriteRam(byte & 0x1F),
            0xA4 => Self::TestPassword,
            0xA7 => Self::DisableAux,
            0xA8 => Self::EnableAux,
            0xA9 => Self::TestAux,
            0xAA => Self::SelfTest,
            0xAB => Self::TestKeyboard,
            0xAD => Self::DisableKeyboard,
            0xAE => Self::EnableKeyboard,
            0xC0 => Self::ReadInputPort,
            0xD0 => Self::ReadOutputPort,
            0xD1 => Self::WriteOutputPort,
            0xD2 => Self::WriteKeyboardBuffer,
            0xD3 => Self::WriteAuxBuffer,
            0xD4 => Self::WriteAux,
            0xDD => Self::SetA20(false),
            0xDF => Self::SetA20(true),
            0xE0 => Self::ReadTestInputs,
            0xF0..=0xFF => Self::PulseOutputPort(byte & 0x0F),
            _ => Self::Unknown,
        }
    }

    pub(super) fn takes_data(self) -> bool {
        matches!(
            self,
            Self::WriteRam(_)
                | Self::WriteOutputPort
                | Self::WriteKeyboardBuffer
                | Self::WriteAuxBuffer
                | Self::WriteAux
        )
    }
}

/// Bits of the command byte, RAM byte 0 [IBM, "Controller Command Byte"].
pub(super) mod command_byte {
    pub(in super::super) const IRQ1: u8 = 0x01;
    pub(in super::super) const IRQ12: u8 = 0x02;
    pub(in super::super) const SYSTEM_FLAG: u8 = 0x04;
    pub(in super::super) const KEYBOARD_DISABLED: u8 = 0x10;
    pub(in super::super) const AUX_DISABLED: u8 = 0x20;
    pub(in super::super) const TRANSLATE: u8 = 0x40;
}

/// Bits of the status register, port 64h [IBM, "Status Register"].
pub(super) mod status {
    pub(in super::super) const OUTPUT_FULL: u8 = 0x01;
    pub(in super::super) const INPUT_FULL: u8 = 0x02;
    pub(in super::super) const SYSTEM_FLAG: u8 = 0x04;
    pub(in super::super) const COMMAND: u8 = 0x08;
    pub(in super::super) const NOT_LOCKED: u8 = 0x10;
    pub(in super::super) const AUX_FULL: u8 = 0x20;
    pub(in super::super) const TIMEOUT: u8 = 0x40;
}
