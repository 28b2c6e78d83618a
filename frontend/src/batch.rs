//! Runs a machine as fast as the host can, with no look at a clock: the same input gives the same run.

use crate::session::Session;
use crate::signals;
use crate::trace::Tracer;
use crate::verdict::Verdict;
use ringzero_machine::{Hang, OnIdle, Stop};

/// Instructions between two looks at screen and limits.
const SLICE: u64 = 2_000_000;
/// The same while serial input waits: about the time of one character at 115200 baud.
const SERIAL_SLICE: u64 = 10_000;
/// Instructions after which what the guest says on its serial ports is passed on: it may be waited for.
const SPEECH_SLICE: u64 = 100_000;

/// Runs until there is a verdict.
pub(crate) fn run(session: &mut Session) -> Verdict {
    let mut tracer = session.trace.take().map(|plan| Tracer::begin(plan, &mut session.machine));
    let verdict = run_on(session, tracer.as_mut());
    if let Some(tracer) = tracer {
        tracer.finish(&mut session.machine);
    }
    verdict
}

fn run_on(session: &mut Session, mut tracer: Option<&mut Tracer>) -> Verdict {
    loop {
        if let Some(number) = signals::taken() {
            return Verdict::Signal(number);
        }
        let slice = if session.has_serial_input() { SERIAL_SLICE } else { SLICE };
        let slice = slice.min(session.recorded_slice());
        let limit = session.goals.cap(session.machine.count() + slice);
        let stop = match run_to(session, limit) {
            Ok(stop) => stop,
            Err(verdict) => return verdict,
        };
        if let Some(tracer) = tracer.as_deref_mut() {
            tracer.pass_on(&mut session.machine);
        }
        let stop = session.attend(stop);
        session.record();
        if let Some(verdict) = session.pass_on() {
            return verdict;
        }
        if let Some(verdict) = session.goals.judge(&mut session.machine, stop) {
            return verdict;
        }
        session.feed(true);
        if stop == Stop::Idle
            && let Some(verdict) = pass_idle_time(session)
        {
            return verdict;
        }
    }
}

/// Runs to instruction `limit`. What the guest says meanwhile goes out soon, and is judged then.
fn run_to(session: &mut Session, limit: u64) -> Result<Stop, Verdict> {
    loop {
        let piece = limit.min(session.machine.count() + SPEECH_SLICE);
        let stop = session.machine.run(piece, OnIdle::Return);
        if stop != Stop::Limit || piece == limit || session.machine.count() < piece {
            return Ok(stop);
        }
        if let Some(verdict) = session.pass_on_speech() {
            return Err(verdict);
        }
    }
}

/// Jumps to the next deadline, at most to the limit of virtual time.
fn pass_idle_time(session: &mut Session) -> Option<Verdict> {
    let limit = session.goals.virtual_limit();
    match session.machine.idle_until() {
        Some(deadline) => {
            session.machine.skip_to(limit.map_or(deadline, |limit| limit.min(deadline)));
            None
        }
        None if session.machine.is_halted() && !session.has_serial_input() => {
            session.goals.judge(&mut session.machine, Stop::Hang(Hang::Halted))
        }
        None => None,
    }
}
