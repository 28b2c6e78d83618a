//! A machine with its host side: what it says goes out, what it is told comes in, how it ends is judged.

use crate::accounts::Accounts;
use crate::audio::Audio;
use crate::goals::Goals;
use crate::live::Sound;
use crate::record::Recording;
use crate::serial::{Sink, Stdin, Written};
use crate::shelf::Shelf;
use crate::trace::TracePlan;
use crate::verdict::Verdict;
use ringzero_machine::{Machine, OnIdle, Stop, VTime};
use std::time::{Duration, Instant};

/// The earliest virtual time at which a guest that says nothing is given serial input: start-up code empties the
/// receiver.
const SERIAL_START: VTime = VTime(1_000_000_000);
/// Virtual time in which a full transmitter is empty, at 2400 baud.
const SERIAL_END_NS: u64 = 100_000_000;

/// Events that may be due in that time.
const MOST_EVENTS: usize = 100_000;

/// How long sound shows as heard.
const SOUND_HOLD: Duration = Duration::from_millis(300);

/// Whether samples are more than silence, which has one level.
fn is_heard(samples: &[i16]) -> bool {
    samples.windows(2).any(|pair| pair[0].abs_diff(pair[1]) > 1)
}

/// What ends a run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    /// A triple fault resets the machine.
    pub(crate) reset_at_shutdown: bool,
}

/// A machine and everything of the host it is connected with.
pub(crate) struct Session {
    pub(crate) machine: Machine,
    pub(crate) goals: Goals,
    pub(crate) stdin: Option<Stdin>,
    /// The port that stdin feeds.
    pub(crate) stdin_port: usize,
    /// Images that go in and out while the machine runs.
    pub(crate) shelf: Shelf,
    /// What is to be traced.
    pub(crate) trace: Option<TracePlan>,
    /// The picture, as it is being written to a file.
    pub(crate) recording: Option<Recording>,
    /// What the run takes.
    pub(crate) accounts: Accounts,
    /// Sound goes nowhere.
    pub(crate) muted: bool,
    /// When something was last to be heard.
    heard: Option<Instant>,
    serial: [Sink; 2],
    debug: Sink,
    audio: Audio,
    rules: Rules,
    samples: Vec<i16>,
    has_spoken: bool,
    warned: Vec<String>,
}

/// The host's ends of the machine's outputs.
pub(crate) struct Outputs {
    pub(crate) serial: [Sink; 2],
    pub(crate) debug: Sink,
    pub(crate) audio: Audio,
}

impl Session {
    /// Connects `machine`.
    pub(crate) fn new(machine: Machine, goals: Goals, outputs: Outputs, rules: Rules) -> Self {
        let Outputs { serial, debug, audio } = outputs;
        Self {
            machine,
            goals,
            stdin: None,
            stdin_port: 0,
            shelf: Shelf::default(),
            trace: None,
            recording: None,
            accounts: Accounts::default(),
            muted: false,
            heard: None,
            serial,
            debug,
            audio,
            rules,
            samples: Vec::new(),
            has_spoken: false,
            warned: Vec::new(),
        }
    }

    /// Passes on what the guest said and played since the last call.
    pub(crate) fn pass_on(&mut self) -> Option<Verdict> {
        let closed = self.pass_on_speech();
        self.pass_on_sound();
        self.warn_of_disks();
        closed
    }

    /// Passes on what the guest said since the last call.
    pub(crate) fn pass_on_speech(&mut self) -> Option<Verdict> {
        let mut closed = None;
        for port in 0..self.serial.len() {
            let bytes = self.machine.take_serial(port);
            if bytes.is_empty() {
                continue;
            }
            self.has_spoken |= port == self.stdin_port;
            self.goals.hear(port, &bytes);
            if self.serial[port].write(&bytes) == Written::Closed {
                closed = Some(Verdict::PipeClosed);
            }
        }
        let bytes = self.machine.take_debug_console();
        self.debug.write(&bytes);
        closed
    }

    /// Passes on what the guest played since the last call.
    pub(crate) fn pass_on_sound(&mut self) {
        if self.audio.listens() {
            self.samples.clear();
            self.machine.render_sound(&mut self.samples);
            if is_heard(&self.samples) {
                self.heard = Some(Instant::now());
            }
            if self.muted {
                self.samples.fill(0);
            }
            self.audio.play(&self.samples);
        }
    }

    /// What is to be said, once, of sound that nobody hears.
    pub(crate) fn take_sound_note(&mut self) -> Option<&'static str> {
        self.audio.take_note()
    }

    /// Whether somebody hears the guest now, and waits for it.
    pub(crate) fn is_heard(&self) -> bool {
        self.audio.is_card()
    }

    /// What is to be heard.
    pub(crate) fn sound(&self, now: Instant) -> Sound {
        let playing = self.heard.is_some_and(|then| now.saturating_duration_since(then) < SOUND_HOLD);
        match (self.audio.listens(), self.muted) {
            (false, _) => Sound::None,
            (true, true) => Sound::Muted,
            (true, false) if playing => Sound::Playing,
            (true, false) => Sound::Silent,
        }
    }

    /// Shows the recording, if there is one, what the screen shows now.
    pub(crate) fn record(&mut self) {
        let Some(recording) = &mut self.recording else { return };
        if let Err(error) = recording.look(&self.machine) {
            crate::report::say(&format!("warning: the recording ends here: {error}"));
            self.recording = None;
        }
    }

    /// Instructions after which a recording wants to see the picture again.
    pub(crate) fn recorded_slice(&self) -> u64 {
        let mips = u64::from(self.machine.config().mips);
        self.recording.as_ref().map_or(u64::MAX, |recording| (mips * recording.interval_ns() / 1000).max(1))
    }

    /// Completes the recording, if there is one; what became of it.
    pub(crate) fn stop_recording(&mut self) -> Option<String> {
        let recording = self.recording.take()?;
        let path = recording.path().to_owned();
        Some(match recording.finish(&self.machine) {
            Ok(()) => format!("recording saved as {}", path.display()),
            Err(error) => format!("warning: the recording {} is incomplete: {error}", path.display()),
        })
    }

    fn warn_of_disks(&mut self) {
        for warning in self.machine.take_disk_warnings() {
            let line = format!("warning: a disk image failed and the guest was told so: {warning}");
            if !self.warned.contains(&line) {
                crate::report::say(&line);
                self.warned.push(line);
            }
        }
    }

    /// Whether serial input may be waiting: then slices must be short.
    pub(crate) fn has_serial_input(&self) -> bool {
        self.stdin.as_ref().is_some_and(|stdin| !stdin.is_exhausted())
    }

    /// Gives the guest serial input as it has room; `wait` for the host to have some.
    pub(crate) fn feed(&mut self, wait: bool) {
        let started = self.has_spoken || self.machine.now() >= SERIAL_START;
        let Some(stdin) = self.stdin.as_mut().filter(|_| started) else { return };
        if self.machine.serial_room(self.stdin_port) == 0 {
            return;
        }
        let bytes = if wait { self.accounts.sleeping(|| stdin.next()) } else { stdin.ready() };
        if !bytes.is_empty() {
            let taken = self.machine.send_serial(self.stdin_port, bytes);
            stdin.took(taken);
        }
    }

    /// Sees to why the machine came back: a triple fault may be a reset, and what was said last is to be heard. Gives
    /// what is to be judged.
    pub(crate) fn attend(&mut self, stop: Stop) -> Stop {
        match stop {
            Stop::Limit | Stop::Idle => stop,
            Stop::Shutdown if self.rules.reset_at_shutdown => {
                self.machine.reset_after_shutdown();
                Stop::Limit
            }
            _ => {
                let_serial_finish(&mut self.machine);
                stop
            }
        }
    }

    /// Where the processor stands.
    pub(crate) fn place(&self) -> String {
        let (cs, ip) = self.machine.position();
        format!("{cs:04x}:{ip:04x}, instruction {}", self.machine.count())
    }

    /// Where the processor stands, for a fault of ours.
    pub(crate) fn state_line(&self) -> String {
        format!(
            "cpu {} {:?} at {}, {} ns, {:?}",
            self.machine.config().cpu.name,
            self.machine.cpu().state().activity,
            self.place(),
            self.machine.now().0,
            self.machine.cpu().state().regs
        )
    }

    /// The run is over: disks are flushed, files completed. Gives what is to be told behind the verdict.
    pub(crate) fn close(&mut self) -> String {
        let told = self.accounts.close(&self.machine);
        if let Err(error) = self.machine.flush_disks() {
            crate::report::say(&format!("warning: the last writes to a disk image may be lost: {error}"));
        }
        if let Some(line) = self.stop_recording().filter(|line| line.starts_with("warning")) {
            crate::report::say(&line);
        }
        if self.audio.listens() {
            self.samples.clear();
            self.machine.render_last_sound(&mut self.samples);
            self.audio.play(&self.samples);
        }
        self.audio.close();
        told
    }
}

/// Lets the serial ports send what the guest gave them before it ended.
pub(crate) fn let_serial_finish(machine: &mut Machine) {
    let until = machine.now().plus_ns(SERIAL_END_NS);
    for _ in 0..MOST_EVENTS {
        let deadline = machine.idle_until().filter(|&deadline| deadline <= until);
        let Some(deadline) = deadline else { return };
        machine.skip_to(deadline);
        // No instruction runs: only what is due happens.
        machine.run(machine.count(), OnIdle::Return);
    }
}
