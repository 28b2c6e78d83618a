//! Machines that several scenarios begin with, and those that one comes back to.

use super::ending::Rules;
use super::heard::Heard;
use super::parse::Start;
use crate::{firmware, plan};
use ringzero_machine::Machine;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What a scenario begins with.
pub(crate) struct State {
    pub(crate) machine: Machine,
    /// Snapshots by name.
    pub(crate) kept: BTreeMap<String, Kept>,
    pub(crate) rules: Rules,
}

/// A snapshot: a machine that stands still, disks and all, and what it had said by then.
pub(crate) struct Kept {
    machine: Machine,
    heard: Heard,
}

impl Kept {
    /// Keeps a machine as it is now.
    pub(crate) fn of(machine: &mut Machine, heard: &Heard) -> Result<Self, String> {
        Ok(Self { machine: fork(machine)?, heard: heard.clone() })
    }

    /// Puts a machine back; what it had said by then.
    pub(crate) fn restore(&mut self, machine: &mut Machine) -> Result<Heard, String> {
        *machine = fork(&mut self.machine)?;
        Ok(self.heard.clone())
    }
}

/// What a scenario that passed leaves to others.
pub(crate) struct Left(Mutex<State>);

impl Left {
    /// Keeps what a scenario ended with.
    pub(crate) fn new(state: State) -> Self {
        Self(Mutex::new(state))
    }

    /// A machine in the state that was left, independent of all others.
    pub(crate) fn again(&self) -> Result<State, String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let machine = fork(&mut state.machine)?;
        let keep = |(name, kept): (&String, &mut Kept)| {
            let copy = Kept { machine: fork(&mut kept.machine)?, heard: kept.heard.clone() };
            Ok((name.clone(), copy))
        };
        let kept = state.kept.iter_mut().map(keep).collect::<Result<_, String>>()?;
        Ok(State { machine, kept, rules: state.rules.clone() })
    }
}

fn fork(machine: &mut Machine) -> Result<Machine, String> {
    machine.fork().map_err(|error| format!("the machine cannot be had twice: {error}"))
}
/// A machine at power-on.
pub(crate) fn power_on(start: &Start) -> Result<State, String> {
    let Start::PowerOn(spec) = start else { return Err("no machine".to_owned()) };
    let args = &spec.args;
    let mut built = plan::build(args).map_err(|error| error.to_string())?;
    built.machine.cpu_mut().record_trail(args.history);
    let rules = Rules {
        symbols: firmware::symbols(args, None).map_err(|error| error.to_string())?.map(Arc::new),
        success_exit: args.success_exit,
        reset_at_shutdown: args.reboot,
        writable: spec.is_writable(),
    };
    Ok(State { machine: built.machine, kept: BTreeMap::new(), rules })
}
