//! Runs that must go the same on every host, as functions of bytes: a sample of conformance cases, and guests whose
//! state is hashed at checkpoints.
//!
//! [`checks`] runs all of them and gives a [`Line`] for each result. The hosts' lines are compared by
//! [`first_difference`]. The program `ringzero-hosts` is for hosts with files, `exports` for WebAssembly.

#[cfg(target_family = "wasm")]
pub mod exports;
mod guests;
mod line;
pub mod sample;

pub use guests::{GuestError, Lengths, freedos, linux};
pub use line::{Line, first_difference};

use sample::SampleError;

/// What a host is given to run.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Conformance cases, packed by [`sample::pack`].
    pub sample: Vec<u8>,
    /// A FreeDOS diskette.
    pub freedos: Vec<u8>,
    /// A Linux hard disk for the i386.
    pub linux: Vec<u8>,
}

/// Why a host cannot tell a result.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The sample is damaged.
    #[error("the sample")]
    Sample(#[from] SampleError),
    /// A guest does not run.
    #[error("a guest")]
    Guest(#[from] GuestError),
}

/// Everything, on the caller's stack.
pub fn checks(files: Files, lengths: Lengths) -> Result<Vec<Line>, CheckError> {
    let mut lines = sample::run(&mut sample::unpack(&files.sample)?);
    lines.extend(freedos(files.freedos, lengths)?);
    lines.extend(linux(files.linux, lengths)?);
    Ok(lines)
}
