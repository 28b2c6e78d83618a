//! Steps that cannot be done on the machine of a scenario, found before anything runs.

use super::error::Mistake;
use super::load::Loaded;
use super::outcome::Outcome;
use super::parse::{Scenario, Start};
use super::reader::Span;
use super::steps::{Action, Drive, Step};
use crate::{firmware, media, plan};
use ringzero_machine::{IdeDrive, Machine};
use std::collections::BTreeSet;

/// What a machine can do that matters to steps.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    power_management: bool,
    mouse: bool,
    debug_exit: bool,
    stops_at_reset: bool,
    resets_at_triple_fault: bool,
    floppy_drives: usize,
    cd_drive: bool,
    writable: bool,
}

/// The mistakes of all scenarios.
pub(crate) fn check(all: &[Loaded], bless: bool) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let facts: Vec<Option<Facts>> = all.iter().map(|loaded| facts(&loaded.scenario, &mut mistakes)).collect();
    for index in 0..all.len() {
        let chain = chain(all, index);
        let Some(Some(facts)) = chain.last().map(|&root| facts[root]) else { continue };
        let mut checker = Checker { scenario: &all[index].scenario, facts, bless, mistakes: &mut mistakes };
        checker.parent(chain.get(1).map(|&parent| &all[parent].scenario));
        checker.expectation();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for ancestor in chain[1..].iter().flat_map(|&ancestor| &all[ancestor].scenario.steps) {
            note_snapshot(&mut names, ancestor);
        }
        for step in &all[index].scenario.steps {
            checker.step(step, &names);
            note_snapshot(&mut names, step);
        }
    }
    mistakes
}

/// A scenario and those it comes from, the first last.
fn chain(all: &[Loaded], index: usize) -> Vec<usize> {
    std::iter::successors(Some(index), |&index| all[index].parent).collect()
}

fn note_snapshot<'a>(names: &mut BTreeSet<&'a str>, step: &'a Step) {
    if let Action::Snapshot(name) = &step.action {
        names.insert(name);
    }
}

/// Builds a scenario's machine to see whether that can be done, and what it has.
fn facts(scenario: &Scenario, mistakes: &mut Vec<Mistake>) -> Option<Facts> {
    let Start::PowerOn(spec) = &scenario.start else { return None };
    let mistake = |message| Mistake { file: scenario.file.clone(), span: spec.span.clone(), message };
    let built = firmware::symbols(&spec.args, None).and_then(|_| plan::build(&spec.args));
    match built {
        Ok(built) => {
            // What a user at a terminal is told in passing would make a test pass for the wrong reason.
            mistakes.extend(built.notes.into_iter().filter(|_| spec.is_writable()).map(mistake));
            let cd_drive = cd_place(&built.machine).is_some();
            let config = built.machine.config();
            Some(Facts {
                power_management: built.machine.has_power_button(),
                mouse: config.mouse,
                debug_exit: config.debug_exit.is_some(),
                stops_at_reset: config.stop_at_reset,
                resets_at_triple_fault: spec.args.reboot,
                floppy_drives: 1 + usize::from(built.machine.has_floppy(1)),
                cd_drive,
                writable: spec.is_writable(),
            })
        }
        Err(error) => {
            mistakes.push(mistake(format!("this machine cannot be built: {error}")));
            None
        }
    }
}

/// The place of the first CD-ROM drive.
pub(crate) fn cd_place(machine: &Machine) -> Option<usize> {
    (0..4).find(|&place| machine.ide_drive(place) == Some(IdeDrive::Cd))
}

struct Checker<'a> {
    scenario: &'a Scenario,
    facts: Facts,
    bless: bool,
    mistakes: &'a mut Vec<Mistake>,
}

impl Checker<'_> {
    fn wrong(&mut self, span: &Span, message: impl Into<String>) {
        let file = self.scenario.file.clone();
        self.mistakes.push(Mistake { file, span: span.clone(), message: message.into() });
    }

    /// Whether the machine can be taken over from `parent`.
    fn parent(&mut self, parent: Option<&Scenario>) {
        let (Some(parent), Start::From { span, .. }) = (parent, &self.scenario.start) else { return };
        let span = span.clone();
        if self.facts.writable {
            self.wrong(&span, "\"from\" a machine with writable = true: its disks cannot be had twice");
        }
        if !parent.expect.is_running() {
            let message =
                format!("\"from\" a scenario that expects {}: nothing is left to go on with", parent.expect);
            self.wrong(&span, message);
        }
    }

    fn expectation(&mut self) {
        let message = match self.scenario.expect.outcome {
            Some(Outcome::Failure) if !self.facts.debug_exit => {
                "outcome \"failure\" is told by the debug exit, and this machine has none; give device = \"isa-debug-exit\""
            }
            Some(Outcome::Reset) if !self.facts.stops_at_reset => {
                "outcome \"reset\" needs a machine that ends at a reset; give no_reboot = true"
            }
            Some(Outcome::TripleFault) if self.facts.resets_at_triple_fault => {
                "outcome \"triple-fault\" on a machine with reboot = true, which starts again there"
            }
            _ => return,
        };
        self.wrong(&self.scenario.expect_span.clone(), message);
    }

    fn step(&mut self, step: &Step, names: &BTreeSet<&str>) {
        match &step.action {
            Action::PowerButton if !self.facts.power_management => {
                self.wrong(
                    &step.span,
                    "\"power_button\": this machine has no power management; use an 80486 or later",
                );
            }
            Action::Mouse(_) if !self.facts.mouse => {
                self.wrong(&step.span, "\"mouse\": this machine has none")
            }
            Action::Eject(drive) => self.drive(step, *drive),
            Action::Insert { drive, image } => {
                self.drive(step, *drive);
                if let Err(error) = open(*drive, image, false) {
                    self.wrong(&step.span, format!("\"insert\": {error}"));
                }
            }
            Action::Restore(name) if !names.contains(name.as_str()) => {
                let hint = match crate::nearest::nearest(name, names.iter().copied()) {
                    Some(near) => format!("; did you mean {near:?}?"),
                    None => String::new(),
                };
                self.wrong(
                    &step.span,
                    format!("\"restore\" of {name:?}, of which no step before made a snapshot{hint}"),
                );
            }
            Action::Snapshot(_) if self.facts.writable => {
                self.wrong(
                    &step.span,
                    "\"snapshot\" with writable = true: the disks' files cannot be taken back",
                );
            }
            Action::Screenshot(golden) if !self.bless => {
                if let Err(reason) = super::golden::exists(&golden.path) {
                    self.wrong(&step.span, format!("\"screenshot\": {reason}; --bless makes it"));
                }
            }
            _ => {}
        }
    }

    fn drive(&mut self, step: &Step, drive: Drive) {
        let message = match drive {
            Drive::Floppy(n) if n >= self.facts.floppy_drives => {
                "this machine has no drive B; give it a diskette with fdb = \"FILE\""
            }
            Drive::Cd if !self.facts.cd_drive => "this machine has no CD-ROM drive",
            _ => return,
        };
        self.wrong(&step.span, message);
    }
}

/// Opens an image for a drive; the guest's writes stay in memory unless `writable`.
pub(crate) fn open(
    drive: Drive,
    image: &std::path::Path,
    writable: bool,
) -> Result<media::Opened, media::MediaError> {
    let access = if writable { media::Access::ReadWrite } else { media::Access::Snapshot };
    match drive {
        Drive::Floppy(_) => media::open_floppy(image, access),
        Drive::Cd => media::open_cd(image),
    }
}
