//! INT 13h: diskettes through the 82077AA, fixed disks through a driver yet to come.

pub(crate) mod fixed;
pub(crate) mod floppy;
mod media;

use crate::guest::{Guest, Served};

/// INT 13h and INT 40h for diskettes; a fixed disk's number that comes here goes where it belongs.
pub(crate) fn int13(g: &mut Guest) -> Served {
    if g.dl() >= 0x80 { fixed::int13(g) } else { floppy::int13(g) }
}

/// A diskette operation that waited.
pub(crate) fn again(g: &mut Guest) -> Served {
    floppy::run(g)
}

/// INT 13h for fixed disks.
pub(crate) fn fixed(g: &mut Guest) -> Served {
    fixed::int13(g)
}

/// A fixed disk operation that waited: none does yet.
pub(crate) fn fixed_again(g: &mut Guest) -> Served {
    fixed::int13(g)
}
