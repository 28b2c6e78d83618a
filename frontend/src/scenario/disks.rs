//! Steps that change the disks in drives.

use super::check::{cd_place, open};
use super::run::{Runner, Trouble};
use super::steps::Drive;
use std::path::Path;

/// Puts an image into a drive, replacing what is there.
pub(crate) fn insert(runner: &mut Runner<'_>, drive: Drive, image: &Path) -> Result<(), Trouble> {
    runner.alive("insert")?;
    let failed = |reason: String| Trouble::failed(format!("insert: {reason}"));
    let disk = open(drive, image, runner.rules().writable).map_err(|error| failed(error.to_string()))?;
    match drive {
        Drive::Floppy(place) => {
            runner.machine.insert_floppy(place, disk.medium).map_err(|error| failed(error.to_string()))?;
        }
        Drive::Cd => {
            eject(runner, drive)?;
            let place =
                cd_place(&runner.machine).ok_or_else(|| failed("there is no CD-ROM drive".to_owned()))?;
            runner.machine.insert_cd(place, disk.medium);
        }
    }
    Ok(())
}

/// Takes the disk out of a drive; an empty drive stays as it is.
pub(crate) fn eject(runner: &mut Runner<'_>, drive: Drive) -> Result<(), Trouble> {
    runner.alive("eject")?;
    match drive {
        Drive::Floppy(place) => drop(runner.machine.eject_floppy(place)),
        Drive::Cd => {
            let place = cd_place(&runner.machine)
                .ok_or_else(|| Trouble::failed("eject: there is no CD-ROM drive"))?;
            if runner.machine.eject_cd(place).is_err() {
                return Err(Trouble::failed("eject: the guest has locked the CD"));
            }
        }
    }
    Ok(())
}
