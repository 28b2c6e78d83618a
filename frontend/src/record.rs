//! The picture recorded to a file: a moving PNG, or a GIF.
//!
//! Frames are taken in virtual time where the picture has changed, so a repeatable run gives the same file each time. A
//! thread compares, compresses and writes; what waits for it is bounded, and a machine that is faster waits for it. The
//! canvas has the size of the first picture; another size is fitted into it.

mod apng;
mod fit;
mod gif;
mod reel;

use reel::Reel;
use ringzero_machine::{Frame, Machine, VTime};
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Pictures on their way to the file.
const WAITING: usize = 4;
/// What a screen without any picture is recorded as.
const NOTHING: (usize, usize) = (720, 400);

/// Why there is no recording, or no more of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("the name ends neither in .png nor in .gif")]
    Extension,
    #[error(transparent)]
    Write(#[from] io::Error),
    #[error("the picture cannot be encoded: {0}")]
    Encode(#[from] png::EncodingError),
}

/// What kind of file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Apng,
    Gif,
}

impl Format {
    /// The format that a file's name asks for.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "png" | "apng" => Some(Self::Apng),
            "gif" => Some(Self::Gif),
            _ => None,
        }
    }

    /// The least time between two frames. Viewers take a GIF's shorter delays for a tenth of a second.
    fn interval_ns(self) -> u64 {
        match self {
            Self::Apng => 1_000_000_000 / 60,
            Self::Gif => 20_000_000,
        }
    }
}

/// What the writing thread is told.
enum Take {
    Picture(u64, Frame),
    End(u64),
}

/// A recording that is being made.
pub(crate) struct Recording {
    path: PathBuf,
    format: Format,
    takes: SyncSender<Take>,
    writer: JoinHandle<Result<(), RecordError>>,
    /// The picture that was taken last.
    generation: Option<u64>,
    /// The last look, and nanoseconds of the recording by then.
    clock: (VTime, u64),
    next_ns: u64,
}

impl Recording {
    /// Begins a recording to `path`, replacing what is there.
    pub(crate) fn create(path: &Path, machine: &Machine) -> Result<Self, RecordError> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        Self::start(path, file, machine)
    }

    /// Begins a recording to the first `ringzero-recording-N.png` that does not exist.
    pub(crate) fn numbered(folder: &Path, machine: &Machine) -> Result<Self, RecordError> {
        for number in 1..=u32::MAX {
            let path = folder.join(format!("ringzero-recording-{number}.png"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Self::start(&path, file, machine),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(RecordError::Write(io::ErrorKind::AlreadyExists.into()))
    }

    fn start(path: &Path, file: std::fs::File, machine: &Machine) -> Result<Self, RecordError> {
        let format = Format::of(path).ok_or(RecordError::Extension)?;
        let (takes, waiting) = sync_channel(WAITING);
        let writer = std::thread::spawn(move || {
            let mut reel = Reel::new(file, format);
            for take in waiting {
                match take {
                    Take::Picture(at, frame) => reel.picture(at, &frame)?,
                    Take::End(at) => return reel.end(at),
                }
            }
            Ok(())
        });
        let path = path.to_owned();
        let clock = (machine.now(), 0);
        Ok(Self { path, format, takes, writer, generation: None, clock, next_ns: 0 })
    }

    /// Where it goes.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The least time between two frames.
    pub(crate) fn interval_ns(&self) -> u64 {
        self.format.interval_ns()
    }

    /// Takes the picture if it has changed and enough time has passed.
    pub(crate) fn look(&mut self, machine: &Machine) -> Result<(), RecordError> {
        let at = self.time(machine);
        if at < self.next_ns || self.generation == Some(machine.picture_generation()) {
            return Ok(());
        }
        self.take(machine, at)
    }

    /// Takes the last picture and completes the file.
    pub(crate) fn finish(mut self, machine: &Machine) -> Result<(), RecordError> {
        let at = self.time(machine);
        // An error of the thread is what it ends with.
        let _ = self.take(machine, at);
        let _ = self.takes.send(Take::End(at));
        join(self.writer)
    }

    /// Nanoseconds of the recording. A machine that goes back to an old state does not turn back its film.
    fn time(&mut self, machine: &Machine) -> u64 {
        let now = machine.now();
        self.clock = (now, self.clock.1 + now.ns_since(self.clock.0));
        self.clock.1
    }

    fn take(&mut self, machine: &Machine, at: u64) -> Result<(), RecordError> {
        let mut frame = Frame::default();
        machine.render(&mut frame);
        if frame.pixels.is_empty() {
            let (width, height) = NOTHING;
            frame = Frame { width, height, pixels: vec![0; width * height] };
        }
        self.generation = Some(machine.picture_generation());
        self.next_ns = at + self.format.interval_ns();
        self.takes
            .send(Take::Picture(at, frame))
            .map_err(|_| RecordError::Write(io::ErrorKind::BrokenPipe.into()))
    }
}

fn join(writer: JoinHandle<Result<(), RecordError>>) -> Result<(), RecordError> {
    writer.join().unwrap_or_else(|_| Err(io::Error::other("the writer failed").into()))
}
