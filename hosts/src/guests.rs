//! Guests whose state is hashed at checkpoints: FreeDOS with someone at the keyboard, Linux from power-on.

use crate::line::Line;
use ringzero_machine::storage::MemoryMedium;
use ringzero_machine::{
    BootDevice, Config, ConfigError, IdeMedia, Machine, Media, OnIdle, SnapshotError, Stop, Untypable,
};

/// Hashes per guest.
const CHECKPOINTS: u64 = 10;
/// What is typed, line after line; the first of them is seen by whoever looks at the screen.
const COMMANDS: [&str; 4] =
    ["ver\n", "dir\n", "for %i in (1 2 3 4 5) do dir /w\n", "echo Hosts agree > a.txt\n"];

/// How long guests run, in instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// FreeDOS.
    pub freedos: u64,
    /// Linux.
    pub linux: u64,
}

impl Default for Lengths {
    fn default() -> Self {
        Self { freedos: 100_000_000, linux: 200_000_000 }
    }
}

/// Why a guest has no hash.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// There is no machine.
    #[error("the machine")]
    Config(#[from] ConfigError),
    /// The run ended early.
    #[error("{name}: stopped at instruction {count}: {stop:?}")]
    Stopped {
        /// Which guest.
        name: &'static str,
        /// Where.
        count: u64,
        /// Why.
        stop: Stop,
    },
    /// The state has no hash.
    #[error("the state")]
    State(#[from] SnapshotError),
    /// A command has a character that no key types.
    #[error("a command")]
    Command(#[from] Untypable),
}

/// FreeDOS from a diskette, typed at whenever it waits for a key. The last line counts what was typed.
pub fn freedos(diskette: Vec<u8>, lengths: Lengths) -> Result<Vec<Line>, GuestError> {
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(MemoryMedium::new(diskette)));
    let mut machine = Machine::new(Config::default(), media)?;
    let mut commands = COMMANDS.into_iter().cycle();
    let mut typed = 0;
    let mut lines = checkpoints("freedos", &mut machine, lengths.freedos, |machine| {
        if machine.is_typing_done() && machine.waits_for_key() {
            machine.type_text(commands.next().unwrap_or_default())?;
            typed += 1;
        }
        Ok(())
    })?;
    lines.push(Line { name: "freedos-commands".to_owned(), count: typed, result: "typed".to_owned() });
    Ok(lines)
}

/// Linux from a hard disk.
pub fn linux(disk: Vec<u8>, lengths: Lengths) -> Result<Vec<Line>, GuestError> {
    let mut media = Media::default();
    media.ide[0] = IdeMedia::Disk(Box::new(MemoryMedium::new(disk)));
    let config = Config { boot_order: vec![BootDevice::HardDisk], ..Config::default() };
    checkpoints("linux", &mut Machine::new(config, media)?, lengths.linux, |_| Ok(()))
}

/// Runs for `length` instructions and hashes the state ten times on the way. `attend` is called every now and then.
fn checkpoints(
    name: &'static str,
    machine: &mut Machine,
    length: u64,
    mut attend: impl FnMut(&mut Machine) -> Result<(), GuestError>,
) -> Result<Vec<Line>, GuestError> {
    /// Instructions between two looks at the guest.
    const LOOK: u64 = 50_000;
    let mut lines = Vec::new();
    for checkpoint in 1..=CHECKPOINTS {
        let end = length / CHECKPOINTS * checkpoint;
        while machine.count() < end {
            let before = machine.count();
            attend(machine)?;
            let stop = machine.run((before + LOOK).min(end), OnIdle::Jump);
            if stop != Stop::Limit || machine.count() == before {
                return Err(GuestError::Stopped { name, count: machine.count(), stop });
            }
        }
        lines.push(Line {
            name: name.to_owned(),
            count: machine.count(),
            result: machine.state_hash()?.to_string(),
        });
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_machine::DEMO_DISK;

    const SHORT: Lengths = Lengths { freedos: 200_000, linux: 200_000 };

    #[test]
    fn a_guest_is_hashed_at_every_checkpoint() {
        let lines = freedos(DEMO_DISK.to_vec(), SHORT).unwrap();
        let counts: Vec<u64> = lines.iter().take(10).map(|line| line.count).collect();
        assert_eq!(counts, (1..=10).map(|n| n * 20_000).collect::<Vec<_>>());
        assert_ne!(lines[0].result, lines[1].result);
    }

    #[test]
    fn the_same_guest_has_the_same_hashes() {
        assert_eq!(freedos(DEMO_DISK.to_vec(), SHORT).unwrap(), freedos(DEMO_DISK.to_vec(), SHORT).unwrap());
    }

    #[test]
    fn a_guest_that_ends_early_is_an_error() {
        // CLI; HLT
        let mut disk = vec![0; 512 * 63 * 16];
        (disk[0], disk[1], disk[510], disk[511]) = (0xFA, 0xF4, 0x55, 0xAA);
        let long = Lengths { linux: 1_000_000_000, ..SHORT };
        assert!(matches!(linux(disk, long), Err(GuestError::Stopped { name: "linux", .. })));
    }
}
