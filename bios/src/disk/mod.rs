//! INT 13h: diskettes through the 82077AA, fixed disks and CDs through IDE.

pub(crate) mod cd;
mod extended;
pub(crate) mod fixed;
pub(crate) mod floppy;
mod media;
mod unit;

use crate::guest::{Guest, Served};

/// Status bytes of INT 13h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Status {
    Ok = 0x00,
    BadCommand = 0x01,
    NoAddressMark = 0x02,
    WriteProtected = 0x03,
    NotFound = 0x04,
    Changed = 0x06,
    DmaOverrun = 0x08,
    DmaBoundary = 0x09,
    BadMedia = 0x0C,
    Crc = 0x10,
    Controller = 0x20,
    NoMedia = 0x31,
    Seek = 0x40,
    TimeOut = 0x80,
    /// Extended functions: the medium is not locked, cannot be removed, will not leave.
    NotLocked = 0xB0,
    NotRemovable = 0xB2,
    EjectFailed = 0xB5,
}

/// INT 40h, and INT 13h of diskettes.
pub(crate) fn int13(g: &mut Guest) -> Served {
    if g.dl() >= 0x80 { fixed::int13(g) } else { floppy::int13(g) }
}

/// A diskette operation that waited.
pub(crate) fn again(g: &mut Guest) -> Served {
    floppy::run(g)
}

/// INT 13h: drives below 80h go on to INT 40h, which a guest may have hooked, unless a CD stands in for one.
pub(crate) fn fixed(g: &mut Guest) -> Served {
    if g.dl() >= 0x80 || cd::stands_in(g)? {
        return fixed::int13(g);
    }
    g.go(ringzero_roms::label::INT13_TO_40);
    Ok(())
}

/// A fixed disk or CD operation that waited.
pub(crate) fn fixed_again(g: &mut Guest) -> Served {
    fixed::again(g)
}
