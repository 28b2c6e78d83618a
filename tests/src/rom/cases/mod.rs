//! The cases, one file per family.

mod debug;
mod extensions;
mod gates;
mod hardware;
mod interrupts;
mod iret;
mod limits;
mod loads;
mod paging;
mod shutdown;
mod system;
mod tables;
mod task_faults;
mod tasks;
mod transfers;
mod v86;
mod verify;
mod vme;

use super::asm::Asm;
use super::builder::Builder;

/// All of them, in the order they run.
pub(crate) fn all(r: &mut Builder) -> Asm {
    for family in FAMILIES {
        family(r)?;
    }
    Ok(())
}

/// The families, in the order they run.
const FAMILIES: [fn(&mut Builder) -> Asm; 17] = [
    loads::cases,
    limits::cases,
    transfers::cases,
    gates::cases,
    interrupts::cases,
    iret::cases,
    paging::cases,
    extensions::cases,
    tasks::cases,
    task_faults::cases,
    v86::cases,
    vme::cases,
    debug::cases,
    system::cases,
    verify::cases,
    shutdown::cases,
    hardware::cases,
];
