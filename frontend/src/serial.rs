//! The host's ends of character devices: serial ports and the debug console.

use crate::cli::values::{DebugTarget, SerialTarget};
use crate::live::Control;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, sync_channel};
use std::time::Duration;

/// How long a run waits for the next bytes of a pipe before it goes on without.
const PIPE_PATIENCE: Duration = Duration::from_millis(500);

/// Where bytes go.
#[derive(Debug)]
pub(crate) enum Sink {
    Null,
    Stdout,
    Stderr,
    File(File),
}

/// What became of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// They are out.
    All,
    /// Nobody reads stdout any more.
    Closed,
}

impl Sink {
    /// The output of a serial port. The file is made anew.
    pub(crate) fn serial(target: &SerialTarget) -> io::Result<Self> {
        Ok(match target {
            SerialTarget::Stdio => Self::Stdout,
            SerialTarget::Null | SerialTarget::Mouse => Self::Null,
            SerialTarget::File(path) => Self::file(path)?,
        })
    }

    /// The debug console. The file is made anew.
    pub(crate) fn debug(target: &DebugTarget) -> io::Result<Self> {
        Ok(match target {
            DebugTarget::Stderr => Self::Stderr,
            DebugTarget::Null => Self::Null,
            DebugTarget::File(path) => Self::file(path)?,
        })
    }

    fn file(path: &Path) -> io::Result<Self> {
        File::create(path).map(Self::File)
    }

    /// Writes, and passes on at once: someone may be reading along.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Written {
        if bytes.is_empty() {
            return Written::All;
        }
        let result = match self {
            Self::Null => Ok(()),
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
            Self::Stderr => io::stderr().lock().write_all(bytes),
            Self::File(file) => file.write_all(bytes),
        };
        match result {
            Ok(()) => Written::All,
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &io::Error) -> Written {
        let closed = matches!(self, Self::Stdout) && error.kind() == ErrorKind::BrokenPipe;
        if !closed {
            crate::report::say(&format!(
                "warning: the guest's output cannot be written any further: {error}"
            ));
        }
        *self = Self::Null;
        if closed { Written::Closed } else { Written::All }
    }
}

/// Bytes of stdin on their way to the guest.
///
/// A file or a pipe that is filled is read as the guest has room, so that a run with it is repeatable. A pipe whose
/// other end is silent is waited for once, then taken as it comes.
#[derive(Debug)]
pub(crate) struct Stdin {
    chunks: Receiver<Vec<u8>>,
    /// Read and not yet taken by the guest.
    pending: Vec<u8>,
    silent: bool,
    ended: bool,
}

impl Stdin {
    /// Begins to read stdin.
    pub(crate) fn open() -> Self {
        Self::read_with(|chunk| Some(chunk.to_vec()))
    }

    /// Begins to read a terminal's keys; those behind Ctrl-A are for us.
    pub(crate) fn open_keys(control: Sender<Control>) -> Self {
        let mut escape = KeyEscape::default();
        Self::read_with(move |chunk| {
            let mut out = Vec::new();
            for &byte in chunk {
                match escape.take(byte) {
                    KeyByte::Pass(byte) => out.push(byte),
                    KeyByte::Held => {}
                    // When the machine has ended nobody is left to be told.
                    KeyByte::Command(command) => control.send(command).ok()?,
                }
            }
            Some(out)
        })
    }

    /// Nothing to read.
    pub(crate) fn none() -> Self {
        let (_, chunks) = sync_channel(0);
        Self { chunks, pending: Vec::new(), silent: false, ended: true }
    }

    fn read_with(mut filter: impl FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Self {
        // Few chunks, so that a fast writer is held up rather than its data piled up.
        let (sender, chunks) = sync_channel(4);
        std::thread::spawn(move || {
            let mut stdin = io::stdin().lock();
            let mut buffer = [0; 4096];
            loop {
                let len = match stdin.read(&mut buffer) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Ok(0) | Err(_) => return,
                    Ok(len) => len,
                };
                let Some(chunk) = filter(&buffer[..len]) else { return };
                if !chunk.is_empty() && sender.send(chunk).is_err() {
                    return;
                }
            }
        });
        Self { chunks, pending: Vec::new(), silent: false, ended: false }
    }

    /// Whether stdin is a terminal.
    pub(crate) fn is_terminal() -> bool {
        io::stdin().is_terminal()
    }

    /// Whether everything has been read and taken.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.ended && self.pending.is_empty()
    }

    /// What the guest may have next, waiting for it unless the other end is silent.
    pub(crate) fn next(&mut self) -> &[u8] {
        if self.pending.is_empty() && !self.ended {
            let patience = if self.silent { Duration::ZERO } else { PIPE_PATIENCE };
            match self.chunks.recv_timeout(patience) {
                Ok(chunk) => {
                    self.pending = chunk;
                    self.silent = false;
                }
                Err(RecvTimeoutError::Timeout) => self.silent = true,
                Err(RecvTimeoutError::Disconnected) => self.ended = true,
            }
        }
        &self.pending
    }

    /// What has come so far, without waiting.
    pub(crate) fn ready(&mut self) -> &[u8] {
        if self.pending.is_empty() {
            match self.chunks.try_recv() {
                Ok(chunk) => self.pending = chunk,
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => self.ended = true,
            }
        }
        &self.pending
    }

    /// The guest took `count` bytes.
    pub(crate) fn took(&mut self, count: usize) {
        self.pending.drain(..count);
    }
}

/// What becomes of a byte typed at a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
enum KeyByte {
    Pass(u8),
    Held,
    Command(Control),
}

/// Ctrl-A and the key behind it, as QEMU has them.
#[derive(Debug, Default)]
struct KeyEscape(bool);

impl KeyEscape {
    const CTRL_A: u8 = 0x01;

    fn take(&mut self, byte: u8) -> KeyByte {
        if !std::mem::take(&mut self.0) {
            self.0 = byte == Self::CTRL_A;
            return if self.0 { KeyByte::Held } else { KeyByte::Pass(byte) };
        }
        match byte {
            b'x' | b'X' => KeyByte::Command(Control::Quit),
            b'r' => KeyByte::Command(Control::Reset),
            b'p' => KeyByte::Command(Control::TogglePause),
            b's' => KeyByte::Command(Control::Screenshot),
            b'a' | Self::CTRL_A => KeyByte::Pass(Self::CTRL_A),
            _ => KeyByte::Held,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_a_x_quits_and_control_a_twice_is_sent_once() {
        let mut escape = KeyEscape::default();
        let taken: Vec<KeyByte> = [b'x', 1, 1, 1, b'x'].map(|byte| escape.take(byte)).to_vec();
        assert_eq!(
            taken,
            [
                KeyByte::Pass(b'x'),
                KeyByte::Held,
                KeyByte::Pass(1),
                KeyByte::Held,
                KeyByte::Command(Control::Quit)
            ]
        );
    }
}
