//! The cases, one file per family.

mod gates;
mod interrupts;
mod iret;
mod limits;
mod loads;
mod transfers;

use super::asm::Asm;
use super::builder::Builder;

/// All of them, in the order they run.
pub(crate) fn all(r: &mut Builder) -> Asm {
    for family in [loads::cases, limits::cases, transfers::cases, gates::cases, interrupts::cases, iret::cases] {
        family(r)?;
    }
    Ok(())
}
