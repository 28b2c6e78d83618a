//! Runs a machine in step with the wall clock, for someone who looks and types.
//!
//! The machine has a thread of its own; what the user does comes as [`Control`]s, what the machine shows goes to a
//! [`Viewer`]. An idle guest sleeps until its next deadline or until the user does something.

mod acts;
mod status;

pub(crate) use acts::{Control, DiskAct};
pub(crate) use status::{Activity, Sound, Status};

use crate::lights::Lights;
use crate::pace::Pacer;
use crate::plan::Timing;
use crate::saved::Saved;
use crate::session::Session;
use crate::verdict::Verdict;
use crate::{report, signals};
use ringzero_machine::{Key, Machine, OnIdle, Stop, VTime};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Pictures are shown no more often than this.
const FRAME: Duration = Duration::from_micros(16_600);
/// How often the status is told.
const STATUS: Duration = Duration::from_millis(500);
/// Changes of the drives' lights are told no more often than this.
const LIGHTS: Duration = Duration::from_millis(200);
/// The longest sleep: signals are looked for in between.
const NAP: Duration = Duration::from_millis(100);
/// The same while serial input may come.
const SERIAL_NAP: Duration = Duration::from_millis(10);
/// The same while a sound card waits for what the guest plays.
const SOUND_NAP: Duration = Duration::from_millis(8);
/// How far virtual time may run ahead: short sleeps last longer than they should.
const AHEAD: Duration = Duration::from_millis(2);

/// Someone who looks.
pub(crate) trait Viewer {
    /// The picture has changed. False: not now, ask again soon.
    fn picture(&mut self, machine: &Machine) -> bool;

    /// Tells what the machine is doing.
    fn status(&mut self, status: &Status);

    /// Tells something that happened.
    fn message(&mut self, line: &str) {
        report::say(line);
    }
}

/// Nobody looks.
pub(crate) struct NoViewer;

impl Viewer for NoViewer {
    fn picture(&mut self, _machine: &Machine) -> bool {
        true
    }
    fn status(&mut self, _status: &Status) {}
}

/// How a live run goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    pub(crate) timing: Timing,
    /// A hang leaves the picture standing until the user resets or quits.
    pub(crate) survives_hangs: bool,
    /// Goals are looked at.
    pub(crate) judged: bool,
}

/// Runs until there is a verdict.
pub(crate) fn run(
    session: &mut Session,
    viewer: &mut dyn Viewer,
    controls: &Receiver<Control>,
    habits: Habits,
) -> Verdict {
    let now = Instant::now();
    let mips = session.machine.config().mips;
    let pacer = Pacer::new(habits.timing, mips, now, session.machine.now());
    let session_start = (session.machine.count(), session.machine.now());
    Live {
        session,
        viewer,
        controls,
        habits,
        pacer,
        activity: Activity::Running,
        shown: None,
        next_frame: now,
        next_status: now,
        counted: (now, session_start),
        saved: None,
        held: Vec::new(),
        lights: Lights::default(),
        told_lights: String::new(),
        next_lights: now,
        told_places: false,
    }
    .run()
}

struct Live<'a> {
    session: &'a mut Session,
    viewer: &'a mut dyn Viewer,
    controls: &'a Receiver<Control>,
    habits: Habits,
    pacer: Pacer,
    activity: Activity,
    /// The picture that was shown last.
    shown: Option<u64>,
    next_frame: Instant,
    next_status: Instant,
    /// Instructions and virtual time at a moment, for the status.
    counted: (Instant, (u64, VTime)),
    /// The state to go back to.
    saved: Option<Saved>,
    /// Keys to be released, and when.
    held: Vec<(Instant, Key)>,
    lights: Lights,
    told_lights: String,
    next_lights: Instant,
    /// Whether the guest takes places of the pointer, as the display was told.
    told_places: bool,
}

impl Live<'_> {
    fn run(&mut self) -> Verdict {
        loop {
            if let Some(verdict) = self.step() {
                self.show(true);
                return verdict;
            }
        }
    }

    fn step(&mut self) -> Option<Verdict> {
        if let Some(number) = signals::taken() {
            return Some(Verdict::Signal(number));
        }
        while let Ok(control) = self.controls.try_recv() {
            if let Some(verdict) = self.obey(control) {
                return Some(verdict);
            }
        }
        self.release_keys();
        let wait = match self.activity {
            Activity::Paused | Activity::Stopped(_) => NAP,
            Activity::Running | Activity::Idle => match self.run_slice() {
                Ok(wait) => wait,
                Err(verdict) => return Some(verdict),
            },
        };
        self.show(false);
        self.tell_status();
        self.sleep(wait)
    }

    /// Sleeps at most so long; the user's next act ends it.
    fn sleep(&mut self, wait: Duration) -> Option<Verdict> {
        let nap = if self.session.has_serial_input() { SERIAL_NAP } else { NAP };
        let nap = if self.session.is_heard() && self.activity == Activity::Idle { SOUND_NAP } else { nap };
        let mut wait = wait.min(nap);
        let now = Instant::now();
        if self.shown != Some(self.session.machine.picture_generation()) {
            wait = wait.min(self.next_frame.saturating_duration_since(now));
        }
        for (at, _) in &self.held {
            wait = wait.min(at.saturating_duration_since(now));
        }
        if wait.is_zero() {
            return None;
        }
        let controls = self.controls;
        let verdict = match self.session.accounts.sleeping(|| controls.recv_timeout(wait)) {
            Ok(control) => self.obey(control),
            Err(RecvTimeoutError::Timeout) => None,
            // Nobody is left who could do something: the display has gone.
            Err(RecvTimeoutError::Disconnected) => {
                self.session.accounts.sleeping(|| std::thread::sleep(wait));
                None
            }
        };
        self.keep_step();
        verdict
    }

    /// While the guest idles, time passes without instructions.
    fn keep_step(&mut self) {
        if self.activity == Activity::Idle {
            let to = self.pacer.virtual_at(Instant::now());
            self.session.machine.skip_to(to);
            self.session.pass_on_sound();
        }
    }

    /// Runs a slice; gives how long to sleep then.
    fn run_slice(&mut self) -> Result<Duration, Verdict> {
        let begun = Instant::now();
        let ahead = self.pacer.wait(begun, self.session.machine.now());
        if ahead > AHEAD {
            return Ok(ahead - AHEAD);
        }
        self.session.feed(false);
        let before = self.session.machine.count();
        let limit = self.session.goals.cap(before + self.pacer.slice());
        let stop = self.session.machine.run(limit, OnIdle::Return);
        self.after_slice(stop)?;
        let now = Instant::now();
        let instructions = self.session.machine.count() - before;
        if let Some(mips) = self.pacer.ran(instructions, now - begun, now, self.session.machine.now()) {
            self.session.machine.set_mips(mips);
        }
        if stop != Stop::Idle {
            self.activity = Activity::Running;
            return Ok(Duration::ZERO);
        }
        self.activity = Activity::Idle;
        self.keep_step();
        let deadline = self.session.machine.idle_until();
        Ok(deadline.map_or(NAP, |deadline| self.pacer.wait(Instant::now(), deadline)))
    }

    fn after_slice(&mut self, stop: Stop) -> Result<(), Verdict> {
        let stop = self.session.attend(stop);
        self.session.record();
        if let Some(verdict) = self.session.pass_on() {
            return Err(verdict);
        }
        if let Some(note) = self.session.take_sound_note() {
            self.viewer.message(note);
        }
        let session = &mut self.session;
        match stop {
            Stop::Hang(hang) if self.habits.survives_hangs => {
                self.activity = Activity::Stopped(format!("hang, {hang}, at {}", session.place()));
                Ok(())
            }
            Stop::Limit | Stop::Idle if !self.habits.judged => Ok(()),
            _ => session.goals.judge(&mut session.machine, stop).map_or(Ok(()), Err),
        }
    }

    // --- the display ----------------------------------------------------------------------------------------

    fn show(&mut self, at_once: bool) {
        let now = Instant::now();
        let generation = self.session.machine.picture_generation();
        if self.shown == Some(generation) || now < self.next_frame && !at_once {
            return;
        }
        self.next_frame = now + FRAME;
        if self.viewer.picture(&self.session.machine) {
            self.shown = Some(generation);
        }
    }

    fn tell_status(&mut self) {
        let now = Instant::now();
        self.lights.look(&self.session.machine, now);
        let changed = self.lights.text() != self.told_lights && now >= self.next_lights;
        let places = self.session.machine.takes_places();
        if now < self.next_status && !changed && places == self.told_places {
            return;
        }
        self.told_places = places;
        self.next_status = now + STATUS;
        self.next_lights = now + LIGHTS;
        self.told_lights = self.lights.text();
        let status = self.account(now);
        self.viewer.status(&status);
    }
}
