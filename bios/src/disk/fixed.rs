//! INT 13h for fixed disks, with the enhanced functions [EDD, "Int 13h Interface"].
//!
//! *Modelled*: the answers of a machine without fixed disks. *Not modelled*: any drive; one comes as a driver behind
//! [`Function`], which already names every call.

use crate::bda;
use crate::guest::{Guest, Served};

/// Status: bad command, or no such drive.
const BAD_COMMAND: u8 = 0x01;

/// The functions, by AH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Reset,
    Status,
    /// Read, write, verify by cylinder, head and sector (02h to 04h).
    Chs,
    Parameters,
    DriveType,
    /// Installation check of the enhanced functions (41h).
    Enhanced,
    /// Extended read, write, verify, seek and parameters (42h to 48h).
    Packet,
    Unknown,
}

impl Function {
    fn decode(ah: u8) -> Self {
        match ah {
            0x00 => Self::Reset,
            0x01 => Self::Status,
            0x02..=0x04 => Self::Chs,
            0x08 => Self::Parameters,
            0x15 => Self::DriveType,
            0x41 => Self::Enhanced,
            0x42..=0x48 => Self::Packet,
            _ => Self::Unknown,
        }
    }
}

/// The service, for a drive that is not there.
pub(crate) fn int13(g: &mut Guest) -> Served {
    match Function::decode(g.ah()) {
        Function::Status => {
            let status = g.bda(bda::FIXED_DISK_STATUS)?;
            g.set_ah(status);
            return g.set_cf(status != 0);
        }
        Function::DriveType => {
            g.set_ax(0);
            return g.set_cf(false);
        }
        Function::Parameters => {
            g.set_cx(0);
            g.set_dx(0);
        }
        Function::Reset | Function::Chs | Function::Enhanced | Function::Packet | Function::Unknown => {}
    }
    g.set_bda(bda::FIXED_DISK_STATUS, BAD_COMMAND)?;
    g.set_ah(BAD_COMMAND);
    g.set_cf(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeMachine;

    #[test]
    fn a_machine_without_fixed_disks_has_no_drive_80() {
        let mut machine = FakeMachine::with_bda();
        machine.regs.eax = 0x4100;
        machine.regs.edx = 0x80;
        int13(&mut machine.guest()).unwrap();
        assert_eq!((machine.regs.eax >> 8, machine.caller_flags() & 1), (1, 1));
        machine.regs.eax = 0x1500;
        int13(&mut machine.guest()).unwrap();
        assert_eq!((machine.regs.eax >> 8, machine.caller_flags() & 1), (0, 0));
    }
}
