//! Steps that wait for what the guest shows or says, and those that look at the screen.

use super::run::{Runner, Trouble};
use super::steps::Step;
use crate::cli::values::Pattern;
use ringzero_machine::{Frame, Machine, TextScreen, VTime};

/// Share of its instructions that a guest which waits for input runs at most: one in this many.
const IDLE_SHARE: u64 = 20;

/// Waits for text on the screen.
pub(crate) fn screen(runner: &mut Runner<'_>, step: &Step, pattern: &Pattern) -> Result<(), Trouble> {
    let mut looked_at = None;
    let what = format!("wait_screen: /{}/ was not seen", pattern.text);
    runner.wait(step, &what, |runner| {
        let generation = Some(runner.machine.picture_generation());
        if std::mem::replace(&mut looked_at, generation) == generation {
            return false;
        }
        shows(&runner.machine, pattern)
    })
}

/// Waits for serial output.
pub(crate) fn serial(
    runner: &mut Runner<'_>,
    step: &Step,
    pattern: &Pattern,
    port: usize,
) -> Result<(), Trouble> {
    runner.heard.begin(port);
    let what = format!("wait_serial: /{}/ was not heard on COM{}", pattern.text, port + 1);
    runner.wait(step, &what, |runner| runner.heard.find(port, pattern))
}

/// Whether the text screen matches.
fn shows(machine: &Machine, pattern: &Pattern) -> bool {
    machine.text_screen().is_some_and(|screen| pattern.text.is_match(&screen.to_text()))
}

/// Looks whether the screen matches now.
pub(crate) fn assert_screen(runner: &mut Runner<'_>, pattern: &Pattern, wanted: bool) -> Result<(), Trouble> {
    if shows(&runner.machine, pattern) == wanted {
        return Ok(());
    }
    let (step, fact) = if wanted {
        ("assert_screen", "is not on the screen")
    } else {
        ("assert_not_screen", "is on the screen")
    };
    let graphics = if runner.machine.text_screen().is_none() { ", which is in a graphics mode" } else { "" };
    Err(Trouble::failed(format!("{step}: /{}/ {fact}{graphics}", pattern.text)))
}

/// A picture apart from what blinks.
#[derive(PartialEq)]
enum Picture {
    Text(TextScreen),
    Graphics { width: usize, pixels: Vec<u32> },
}

fn picture(machine: &Machine) -> Picture {
    match machine.text_screen() {
        Some(screen) => Picture::Text(screen),
        None => {
            let mut frame = Frame::default();
            machine.render(&mut frame);
            Picture::Graphics { width: frame.width, pixels: frame.pixels }
        }
    }
}

/// Waits until the picture stands still.
pub(crate) fn pixels(runner: &mut Runner<'_>, step: &Step, settled_ns: u64) -> Result<(), Trouble> {
    let mut last: Option<(u64, Picture)> = None;
    let mut since = runner.machine.now();
    runner.wait(step, "wait_pixels: the picture did not settle", |runner| {
        let (now, generation) = (runner.machine.now(), runner.machine.picture_generation());
        if last.as_ref().is_none_or(|(before, _)| *before != generation) {
            let picture = picture(&runner.machine);
            if last.as_ref().is_none_or(|(_, before)| *before != picture) {
                since = now;
            }
            last = Some((generation, picture));
        }
        now.ns_since(since) >= settled_ns
    })
}

/// What the guest was doing when a wait for its idleness began.
struct Watch {
    since: VTime,
    count: u64,
    commands: u64,
}

impl Watch {
    fn new(machine: &Machine) -> Self {
        Self { since: machine.now(), count: machine.count(), commands: commands(machine) }
    }
}

fn commands(machine: &Machine) -> u64 {
    (0..4).map(|drive| machine.ide_commands(drive)).sum()
}

fn drives_work(machine: &Machine) -> bool {
    (0..2).any(|drive| machine.floppy_light(drive)) || (0..4).any(|drive| machine.ide_light(drive))
}

/// Waits until the guest waits for input: it asks the BIOS for keys and does nothing else, or its processor is halted
/// nearly all the time while no drive works.
pub(crate) fn idle(runner: &mut Runner<'_>, step: &Step, settled_ns: u64) -> Result<(), Trouble> {
    let mut watch = Watch::new(&runner.machine);
    let mut asked_since = None;
    runner.wait(step, "wait_idle: the guest did not wait for input", |runner| {
        let machine = &runner.machine;
        if !machine.is_typing_done() {
            (watch, asked_since) = (Watch::new(machine), None);
            return false;
        }
        asked_since = if machine.waits_for_key() { asked_since.or(Some(machine.now())) } else { None };
        if asked_since.is_some_and(|since| machine.now().ns_since(since) >= settled_ns) {
            return true;
        }
        let passed = machine.now().ns_since(watch.since);
        let most = u128::from(settled_ns) * u128::from(machine.config().mips) / 1000 / u128::from(IDLE_SHARE);
        let busy = u128::from(machine.count() - watch.count) > most;
        if busy || drives_work(machine) || commands(machine) != watch.commands {
            watch = Watch::new(machine);
            return false;
        }
        passed >= settled_ns
    })
}
