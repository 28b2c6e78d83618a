//! Machines that several scenarios begin with, and those that one comes back to.
//!
//! [`Left::again`] and [`Kept`] are the only places that duplicate a machine. As long as a machine cannot be forked,
//! the scenarios that led to it are run again, and a snapshot leaves disks out.

use super::Settings;
use super::ending::Rules;
use super::heard::Heard;
use super::load::Loaded;
use super::parse::Start;
use super::record::Status;
use super::run::Runner;
use crate::{firmware, plan};
use ringzero_machine::{Machine, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a scenario begins with.
pub(crate) struct State {
    pub(crate) machine: Machine,
    /// Snapshots by name.
    pub(crate) kept: BTreeMap<String, Kept>,
    pub(crate) rules: Rules,
}

/// A snapshot.
pub(crate) struct Kept {
    state: Snapshot,
    heard: Heard,
}

impl Kept {
    /// Keeps a machine as it is now.
    pub(crate) fn of(machine: &mut Machine, heard: &Heard) -> Result<Self, String> {
        let state = machine.save().map_err(|error| format!("no snapshot: {error}"))?;
        Ok(Self { state, heard: heard.clone() })
    }

    /// Puts a machine back; what it had said by then.
    pub(crate) fn restore(&mut self, machine: &mut Machine) -> Result<Heard, String> {
        machine.load(&self.state).map_err(|error| format!("the snapshot cannot be restored: {error}"))?;
        Ok(self.heard.clone())
    }
}

/// What a scenario that passed leaves to others.
pub(crate) struct Left {
    index: usize,
}

impl Left {
    /// Keeps what scenario `index` ended with.
    pub(crate) fn new(index: usize, _state: State) -> Self {
        Self { index }
    }

    /// A machine in the state that was left, independent of all others.
    pub(crate) fn again(&self, all: &[Loaded], settings: &Settings) -> Result<State, String> {
        replay(self.index, all, settings)
    }
}

/// Runs a scenario and those it comes from.
fn replay(index: usize, all: &[Loaded], settings: &Settings) -> Result<State, String> {
    let scenario = &all[index].scenario;
    let state = match all[index].parent {
        Some(parent) => replay(parent, all, settings)?,
        None => power_on(&scenario.start)?,
    };
    let mut runner = Runner::new(scenario, settings, state);
    match runner.run().status {
        Status::Passed => Ok(runner.into_state()),
        _ => Err(format!("{} did not pass again", scenario.path().display())),
    }
}

/// A machine at power-on.
pub(crate) fn power_on(start: &Start) -> Result<State, String> {
    let Start::PowerOn(spec) = start else { return Err("no machine".to_owned()) };
    let args = &spec.args;
    let mut built = plan::build(args).map_err(|error| error.to_string())?;
    built.machine.cpu_mut().record_blocks(args.history);
    let rules = Rules {
        symbols: firmware::symbols(args).map_err(|error| error.to_string())?.map(Arc::new),
        success_exit: args.success_exit,
        reset_at_shutdown: args.reboot,
        writable: spec.is_writable(),
    };
    Ok(State { machine: built.machine, kept: BTreeMap::new(), rules })
}
