//! A guest that a test types at and reads the screen of.

use ringzero_machine::storage::{BlockMedium, MediumError, MemoryMedium};
use ringzero_machine::{Config, Key, Machine, Media, Model, OnIdle, Stop};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Instructions a step may take before it counts as failed: about ten virtual seconds of work.
const STEP_LIMIT: u64 = 1_500_000_000;
/// Instructions between two looks at the screen.
const LOOK: u64 = 100_000;

/// A disk whose contents outlive the machine it is in.
#[derive(Clone)]
pub struct SharedDisk(Arc<Mutex<MemoryMedium>>);

impl SharedDisk {
    /// A disk with these contents.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(MemoryMedium::new(bytes))))
    }

    /// What is on it.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.with(|medium| medium.len()) as usize];
        self.with(|medium| medium.read_at(0, &mut bytes)).expect("all of it lies in memory");
        bytes
    }

    fn with<R>(&self, f: impl FnOnce(&mut MemoryMedium) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl BlockMedium for SharedDisk {
    fn len(&self) -> u64 {
        self.with(|medium| medium.len())
    }
    fn read_only(&self) -> bool {
        false
    }
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<(), MediumError> {
        self.with(|medium| medium.read_at(offset, out))
    }
    fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<(), MediumError> {
        self.with(|medium| medium.write_at(offset, data))
    }
    fn flush(&mut self) -> Result<(), MediumError> {
        Ok(())
    }
}

/// A running guest.
pub struct Session {
    /// The machine.
    pub machine: Machine,
}

impl Session {
    /// Powers a machine on with `disk` in drive A.
    pub fn boot(disk: &SharedDisk, cpu: Model) -> Self {
        let mut media = Media::default();
        media.floppies[0] = Some(Box::new(disk.clone()));
        let config = Config { cpu, ..Config::default() };
        Self { machine: Machine::new(config, media).expect("the configuration is sound") }
    }

    /// Powers a machine on with a copy of an image file in drive A.
    pub fn boot_file(image: &Path, cpu: Model) -> Self {
        let bytes = std::fs::read(image).unwrap_or_else(|error| panic!("{}: {error}", image.display()));
        Self::boot(&SharedDisk::new(bytes), cpu)
    }

    /// The screen as text; says so when it is graphics.
    pub fn screen(&self) -> String {
        self.machine.text_screen().map_or_else(|| "(graphics)".to_owned(), |screen| screen.to_text())
    }

    /// Runs until `done`; panics with the screen when it does not come or the guest ends.
    #[track_caller]
    pub fn run_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        self.run_within(STEP_LIMIT, what, done);
    }

    /// The same with a limit of its own, in instructions.
    #[track_caller]
    pub fn run_within(&mut self, instructions: u64, what: &str, done: impl Fn(&Self) -> bool) {
        let limit = self.machine.count() + instructions;
        while !done(self) {
            let stop = self.machine.run(self.machine.count() + LOOK, OnIdle::Jump);
            let over = stop != Stop::Limit || self.machine.count() >= limit;
            assert!(!over || done(self), "no {what} ({stop:?}); the screen:\n{}", self.screen());
        }
    }

    /// Waits for `text` on the screen.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        self.run_until(text, |session| session.screen().contains(text));
    }

    /// Types `text` and waits until the guest has taken it and waits for more.
    #[track_caller]
    pub fn type_text(&mut self, text: &str) {
        self.machine.type_text(text).expect("the text is on the keyboard");
        self.run_until("end of typing", |s| s.machine.is_typing_done() && s.machine.waits_for_key());
    }

    /// Types a DOS command and waits for the prompt to come back.
    #[track_caller]
    pub fn command(&mut self, text: &str) -> String {
        self.type_text("cls\n");
        self.run_until("empty prompt", |s| s.screen().trim() == "A:\\>");
        self.type_text(&format!("{text}\n"));
        self.run_until("prompt after a command", |s| s.screen().trim_end().ends_with("\nA:\\>"));
        self.screen()
    }

    /// Presses keys together, holds them for a moment, and releases them in reverse order.
    pub fn press(&mut self, keys: &[Key]) {
        for &key in keys {
            self.machine.key(key, true);
            self.pass(30);
        }
        for &key in keys.iter().rev() {
            self.machine.key(key, false);
            self.pass(30);
        }
    }

    /// Lets virtual milliseconds pass, and hardly more: a guest that waits is not run on to its next instructions.
    pub fn pass(&mut self, milliseconds: u64) {
        let until = self.machine.now().plus_ns(milliseconds * 1_000_000);
        while self.machine.now() < until {
            match self.machine.run(self.machine.count() + 10_000, OnIdle::Return) {
                Stop::Limit => {}
                Stop::Idle => self.machine.skip_to(until),
                _ => return,
            }
        }
    }
}
