//! Steps that do what a person at the machine would do: type, press, move, send, reset.

use super::outcome::Outcome;
use super::run::{Runner, Trouble};
use super::steps::{MouseAction, Step};
use super::typing;
use ringzero_machine::{Key, Layout};

/// How long a key or button stays down, and up before the next, in virtual nanoseconds.
const HOLD_NS: u64 = 30_000_000;
/// Counts that a mouse moves at once: a person's hand sends many small motions.
const MOST_COUNTS: i32 = 100;

/// Types text as fast as the guest takes it.
pub(crate) fn type_text(
    runner: &mut Runner<'_>,
    step: &Step,
    text: &str,
    layout: Layout,
) -> Result<(), Trouble> {
    runner.alive("type")?;
    typing::begin(&mut runner.machine, layout, text).map_err(Trouble::failed)?;
    runner.wait(step, "type: the guest did not take the text", |runner| runner.machine.is_typing_done())
}

/// Presses chords one after another.
pub(crate) fn keys(runner: &mut Runner<'_>, chords: &[Vec<Key>]) -> Result<(), Trouble> {
    runner.alive("keys")?;
    let mut changes = chords.iter().flat_map(|chord| {
        chord.iter().map(|&key| (key, true)).chain(chord.iter().rev().map(|&key| (key, false)))
    });
    changes.try_for_each(|(key, pressed)| {
        runner.machine.key(key, pressed);
        runner.pass(HOLD_NS)
    })
}

/// Moves the mouse and presses its buttons.
pub(crate) fn mouse(runner: &mut Runner<'_>, actions: &[MouseAction]) -> Result<(), Trouble> {
    runner.alive("mouse")?;
    for action in actions {
        match *action {
            MouseAction::Move { right, down } => motion(runner, right, down)?,
            MouseAction::Wheel(steps) => {
                for _ in 0..steps.unsigned_abs() {
                    runner.machine.mouse_move(0, 0, steps.signum());
                    runner.pass(HOLD_NS)?;
                }
            }
            MouseAction::Button(button, pressed) => {
                runner.machine.mouse_button(button, pressed);
                runner.pass(HOLD_NS)?;
            }
        }
    }
    Ok(())
}

fn motion(runner: &mut Runner<'_>, mut right: i32, mut down: i32) -> Result<(), Trouble> {
    while (right, down) != (0, 0) {
        let step = (right.clamp(-MOST_COUNTS, MOST_COUNTS), down.clamp(-MOST_COUNTS, MOST_COUNTS));
        runner.machine.mouse_move(step.0, step.1, 0);
        runner.pass(HOLD_NS)?;
        (right, down) = (right - step.0, down - step.1);
    }
    Ok(())
}

/// Sends bytes to a serial port, as fast as it takes them.
pub(crate) fn send_serial(
    runner: &mut Runner<'_>,
    step: &Step,
    bytes: &[u8],
    port: usize,
) -> Result<(), Trouble> {
    runner.alive("send_serial")?;
    runner.sending = Some((port, bytes.to_vec()));
    let sent =
        runner.wait(step, "send_serial: the guest did not take the bytes", |runner| runner.sending.is_none());
    runner.sending = None;
    sent
}

/// Presses the reset button. It helps a machine that hangs, not one that is off.
pub(crate) fn reset(runner: &mut Runner<'_>) -> Result<(), Trouble> {
    if runner
        .ended
        .as_ref()
        .is_some_and(|ending| matches!(ending.outcome, Outcome::PowerOff | Outcome::Limit))
    {
        runner.alive("reset")?;
    }
    runner.machine.reset();
    runner.ended = None;
    Ok(())
}

/// Presses the power button.
pub(crate) fn power_button(runner: &mut Runner<'_>) -> Result<(), Trouble> {
    runner.alive("power_button")?;
    match runner.machine.power_button() {
        true => Ok(()),
        false => Err(Trouble::failed("power_button: this machine has no power management")),
    }
}
