//! The lights of the drives, held long enough to be seen.

use ringzero_machine::Machine;
use std::time::{Duration, Instant};

/// How long a light stays on behind the last work.
const HOLD: Duration = Duration::from_millis(250);
/// Drives A and B, and the four IDE places.
const NAMES: [&str; 6] = ["A:", "B:", "hda", "hdb", "hdc", "hdd"];
const FLOPPIES: usize = 2;

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
