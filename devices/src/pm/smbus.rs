//! The SMBus host controller, with nothing on its bus [PIIX4, "SMBus IO Space Registers"].

use serde::{Deserialize, Serialize};

/// Offsets of the registers.
mod register {
    pub(super) const HOST_STATUS: u16 = 0;
    pub(super) const SLAVE_STATUS: u16 = 1;
    pub(super) const HOST_CONTROL: u16 = 2;
    pub(super) const BLOCK_DATA: u16 = 7;
    pub(super) const FIRST_RESERVED: u16 = 0x0E;
}

/// SMBHSTSTS: no device has answered.
const DEV_ERR: u8 = 0x04;
/// SMBHSTCNT: begin, write-only.
const START: u8 = 0x40;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SmBus {
    /// SMBHSTSTS.
    status: u8,
    /// All other registers by offset.
    plain: [u8; 14],
}

impl SmBus {
    pub(super) fn read(&self, offset: u16) -> u8 {
        match offset {
            register::HOST_STATUS => self.status,
            // No block was ever received.
            register::BLOCK_DATA | register::FIRST_RESERVED.. => 0,
            _ => self.plain[usize::from(offset)],
        }
    }

    pub(super) fn write(&mut self, offset: u16, value: u8) {
        match offset {
            // A 1 clears.
            register::HOST_STATUS => self.status &= !value,
            register::SLAVE_STATUS | register::BLOCK_DATA | register::FIRST_RESERVED.. => {}
            register::HOST_CONTROL => {
                self.plain[usize::from(offset)] = value & !START;
                if value & START != 0 {
                    self.status |= DEV_ERR;
                }
            }
            _ => self.plain[usize::from(offset)] = value,
        }
    }
}
