//! The registers in I/O space [UHCI, "Host Controller I/O Space Registers"].

use super::{PORTS, Uhci};
use ringzero_bus::{Fabric, VTime};

/// Bits of USBCMD.
pub(super) mod command {
    pub(in super::super) const RUN: u16 = 0x01;
    pub(in super::super) const HC_RESET: u16 = 0x02;
    pub(in super::super) const GLOBAL_RESET: u16 = 0x04;
    pub(in super::super) const SUSPEND: u16 = 0x08;
    pub(in super::super) const WRITABLE: u16 = 0xFC;
}

/// Bits of USBSTS.
pub(super) mod status {
    pub(in super::super) const USBINT: u16 = 0x01;
    pub(in super::super) const ERROR: u16 = 0x02;
    pub(in super::super) const RESUME: u16 = 0x04;
    pub(in super::super) const SYSTEM_ERROR: u16 = 0x08;
    pub(in super::super) const PROCESS_ERROR: u16 = 0x10;
    pub(in super::super) const HALTED: u16 = 0x20;
    /// Bits that a 1 clears.
    pub(in super::super) const CLEARED: u16 = 0x1F;
}

/// Bits of USBINTR.
pub(super) mod enable {
    pub(in super::super) const ERROR: u16 = 0x01;
    pub(in super::super) const RESUME: u16 = 0x02;
    pub(in super::super) const COMPLETE: u16 = 0x04;
    pub(in super::super) const SHORT: u16 = 0x08;
}

/// A register of 16 bits, by its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Register {
    Command,
    Status,
    Enables,
    Frame,
    ListLow,
    ListHigh,
    Sof,
    Port(usize),
    Reserved,
}

impl Register {
    fn at(offset: u16) -> Self {
        match offset {
            0x00 => Self::Command,
            0x02 => Self::Status,
            0x04 => Self::Enables,
            0x06 => Self::Frame,
            0x08 => Self::ListLow,
            0x0A => Self::ListHigh,
            0x0C => Self::Sof,
            0x10 => Self::Port(0),
            0x12 => Self::Port(1),
            _ => Self::Reserved,
        }
    }
}

const _: () = assert!(PORTS == 2, "there are registers for two ports");

impl Uhci {
    pub(super) fn read_register(&self, now: VTime, offset: u16) -> u16 {
        let state = &self.state;
        match Register::at(offset) {
            Register::Command => state.command,
            Register::Status => state.status,
            Register::Enables => state.enables,
            Register::Frame => self.frame_number(now),
            Register::ListLow => state.list as u16,
            Register::ListHigh => (state.list >> 16) as u16,
            Register::Sof => u16::from(state.sof),
            Register::Port(n) => state.ports[n].read(),
            // Systems count ports by the bit that reads as 1 in each; here it reads as 0.
            Register::Reserved => 0,
        }
    }

    /// Writes the bits in `mask`.
    pub(super) fn write_register(&mut self, fabric: &mut Fabric, offset: u16, value: u16, mask: u16) {
        let merged = self.read_register(fabric.now, offset) & !mask | value & mask;
        match Register::at(offset) {
            Register::Command => self.write_command(fabric, merged),
            Register::Status => {
                self.state.status &= !(value & mask & status::CLEARED);
                if self.state.status & status::USBINT == 0 {
                    self.state.causes = 0;
                }
            }
            Register::Enables => self.state.enables = merged & 0x0F,
            // Only while it stands still [UHCI, "Frame Number Register"].
            Register::Frame if !self.state.runs() => self.state.frame = merged & 0x7FF,
            Register::ListLow => self.set_list(self.state.list & 0xFFFF_0000 | u32::from(merged)),
            Register::ListHigh => self.set_list(self.state.list & 0xFFFF | u32::from(merged) << 16),
            Register::Sof => self.state.sof = merged as u8 & 0x7F,
            Register::Port(n) => {
                if self.state.ports[n].write(value, mask)
                    && let Some(device) = &mut self.state.devices[n]
                {
                    device.reset();
                }
                self.hurry(fabric);
            }
            Register::Frame | Register::Reserved => {}
        }
    }

    fn set_list(&mut self, list: u32) {
        self.state.list = list & 0xFFFF_F000;
    }

    fn write_command(&mut self, fabric: &mut Fabric, value: u16) {
        if value & (command::HC_RESET | command::GLOBAL_RESET) != 0 {
            self.reset_controller(fabric);
            // HCRESET clears itself, GRESET is software's to clear.
            self.state.command = value & command::GLOBAL_RESET;
            return;
        }
        self.state.command = self.state.command & command::RUN | value & command::WRITABLE;
        self.set_running(fabric, value & command::RUN != 0);
        self.hurry(fabric);
    }

    /// The controller stops by itself: the schedule makes no sense [UHCI, "Host Controller Process Error"].
    pub(super) fn halt_by_error(&mut self, fabric: &mut Fabric) {
        self.state.status |= status::PROCESS_ERROR;
        self.set_running(fabric, false);
    }
}
