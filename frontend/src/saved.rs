//! A state of the machine to go back to, kept in memory.
//!
//! Where every disk can be shared (`--snapshot`, diskettes and CDs that are only read) the whole machine is duplicated,
//! disks included. Where writes reach an image file, only processor, memory and chips are kept: going back is then
//! safe as long as no disk was used since, and otherwise needs to be asked for twice.

use crate::session::Session;
use crate::shelf::Places;
use ringzero_machine::{Machine, Snapshot, SnapshotError};
use std::time::{Duration, Instant};

/// A second wish within this time is taken for insistence.
const INSIST: Duration = Duration::from_secs(5);

enum Kept {
    /// With its disks.
    Whole(Box<Machine>),
    /// Without: and the commands that disks had been given by then.
    State(Snapshot, u64),
}

/// A state to go back to.
pub(crate) struct Saved {
    kept: Kept,
    places: Places,
    refused: Option<Instant>,
}

impl Saved {
    /// The present state.
    pub(crate) fn of(session: &mut Session) -> Result<Self, SnapshotError> {
        let machine = &mut session.machine;
        let kept = match machine.fork() {
            Ok(fork) => Kept::Whole(Box::new(fork)),
            Err(_) => Kept::State(machine.save()?, machine.disk_commands()),
        };
        Ok(Self { kept, places: session.shelf.places(), refused: None })
    }

    /// What the user should know of it.
    pub(crate) fn note(&self) -> String {
        match self.kept {
            Kept::Whole(_) => "state saved in memory, disks included".to_owned(),
            Kept::State(..) => {
                "state saved in memory without disks; with --snapshot they are part of it".to_owned()
            }
        }
    }

    /// Goes back; otherwise why not, in a line.
    pub(crate) fn restore(&mut self, session: &mut Session, now: Instant) -> Result<(), String> {
        match &mut self.kept {
            Kept::Whole(kept) => {
                let mut fork = kept.fork().map_err(|error| format!("warning: no way back: {error}"))?;
                fork.take_over_accounts(&mut session.machine);
                session.machine = fork;
                session.shelf.restore(self.places);
            }
            Kept::State(state, commands) => {
                let insists =
                    self.refused.take().is_some_and(|then| now.saturating_duration_since(then) < INSIST);
                if *commands != session.machine.disk_commands() && !insists {
                    self.refused = Some(now);
                    return Err(
                        "disks were used since and would not fit the old memory; once more goes back anyway"
                            .to_owned(),
                    );
                }
                session.machine.load(state).map_err(|error| format!("warning: no way back: {error}"))?;
                *commands = session.machine.disk_commands();
            }
        }
        Ok(())
    }
}
