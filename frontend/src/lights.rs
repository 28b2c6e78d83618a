//! The lights of the drives, held long enough to be seen.

use crate::shelf::Drawer;
use ringzero_machine::{IdeDrive, Machine};
use std::time::{Duration, Instant};

/// How long a light stays on behind the last work.
const HOLD: Duration = Duration::from_millis(250);
/// Drives A and B, and the four IDE places.
const NAMES: [&str; 6] = ["A:", "B:", "hda", "hdb", "hdc", "hdd"];
const FLOPPIES: usize = 2;

/// The light of one drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lamp {
    pub(crate) name: &'static str,
    pub(crate) lit: bool,
    /// Where its disk can be changed.
    pub(crate) drawer: Option<Drawer>,
    pub(crate) full: bool,
}

/// Which lights are on.
#[derive(Debug, Default)]
pub(crate) struct Lights {
    until: [Option<Instant>; NAMES.len()],
    /// Commands of the IDE drives seen so far: work too short to be met in the act.
    commands: [u64; NAMES.len() - FLOPPIES],
}

impl Lights {
    /// Looks at the drives.
    pub(crate) fn look(&mut self, machine: &Machine, now: Instant) {
        let mut working = [false; NAMES.len()];
        for (drive, light) in working.iter_mut().take(FLOPPIES).enumerate() {
            *light = machine.floppy_light(drive);
        }
        for (drive, seen) in self.commands.iter_mut().enumerate() {
            let commands = machine.ide_commands(drive);
            working[FLOPPIES + drive] = machine.ide_light(drive) || *seen != commands;
            *seen = commands;
        }
        self.set(working, now);
    }

    fn set(&mut self, working: [bool; NAMES.len()], now: Instant) {
        for (until, works) in self.until.iter_mut().zip(working) {
            if works {
                *until = Some(now + HOLD);
            }
            until.take_if(|until| *until <= now);
        }
    }

    /// The lights of all drives there are.
    pub(crate) fn lamps(&self, machine: &Machine) -> Vec<Lamp> {
        let mut cds = 0;
        let mut lamps = Vec::new();
        for (number, (name, until)) in NAMES.iter().zip(&self.until).enumerate() {
            let lit = until.is_some();
            let Some(place) = number.checked_sub(FLOPPIES) else {
                let full = machine.has_floppy(number);
                if number == 0 || full {
                    lamps.push(Lamp { name, lit, drawer: Some(Drawer::Floppy(number)), full });
                }
                continue;
            };
            match machine.ide_drive(place) {
                Some(IdeDrive::Cd) => {
                    let drawer = Some(Drawer::Cd(cds));
                    lamps.push(Lamp { name: "CD", lit, drawer, full: machine.has_cd(place) });
                    cds += 1;
                }
                Some(_) => lamps.push(Lamp { name, lit, drawer: None, full: true }),
                None => {}
            }
        }
        lamps
    }

    /// The names of the drives whose lights are on.
    pub(crate) fn text(&self) -> String {
        let lit = NAMES.iter().zip(&self.until).filter(|(_, until)| until.is_some());
        lit.map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_light_outlives_the_work_for_a_moment() {
        let (mut lights, start) = (Lights::default(), Instant::now());
        lights.set([true, false, true, false, false, false], start);
        assert_eq!(lights.text(), "A: hda");
        lights.set([false; 6], start + HOLD / 2);
        assert_eq!(lights.text(), "A: hda");
        lights.set([false; 6], start + HOLD);
        assert_eq!(lights.text(), "");
    }
}
