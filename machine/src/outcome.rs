//! How a supervised run ends, in plain words.

use crate::machine::Hang;
use ringzero_bus::VTime;
use std::fmt;

/// Why a run is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The debug-exit device was written with this value.
    DebugExit(u32),
    /// The guest switched the power off.
    PowerOff,
    /// The guest reset the machine, and the configuration stops there.
    Reset,
    /// The processor shut down.
    TripleFault,
    /// The guest resets the machine again and again, never getting further.
    ResetLoop {
        /// How often in a row.
        resets: u64,
    },
    /// Nothing will ever happen again.
    Hang(Hang),
    /// The guest's kernel gave up, with these words.
    Panic(String),
    /// A limit of the run is reached.
    Limit(LimitKind),
}

/// A limit of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Instructions begun.
    Instructions(u64),
    /// Virtual time.
    Virtual(VTime),
    /// Bytes sent to serial ports.
    Serial(u64),
    /// Bytes that disks have grown by on the host.
    Disk(u64),
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instructions(count) => write!(f, "limit of {count} instructions reached"),
            Self::Virtual(time) => write!(f, "limit of {} s of virtual time reached", seconds(time.0)),
            Self::Serial(bytes) => write!(f, "limit of {bytes} bytes of serial output reached"),
            Self::Disk(bytes) => write!(f, "limit of {bytes} bytes written to disks reached"),
        }
    }
}

impl fmt::Display for Hang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Halted => f.write_str("the processor halted with interrupts off"),
            Self::Spins => f.write_str("the processor spins with interrupts off"),
            Self::SpinsInterrupted(time) => {
                let time = seconds(time.0);
                write!(f, "the processor spins, and no interrupt has ended that for {time} s of virtual time")
            }
            Self::Quiet(time) => {
                let time = seconds(time.0);
                write!(f, "no screen, disk, serial or new interrupt activity for {time} s of virtual time")
            }
            Self::InterruptStorm { vector, times } => write!(
                f,
                "interrupt storm, vector {vector:#04x} taken {times} times in a row with no instruction outside its handler"
            ),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DebugExit(value) => write!(f, "the guest wrote {value:#x} to the debug exit"),
            Self::PowerOff => f.write_str("the guest switched the power off"),
            Self::Reset => f.write_str("the guest reset the machine"),
            Self::TripleFault => f.write_str("triple fault"),
            Self::ResetLoop { resets } => write!(f, "reset loop, {resets} resets in a row"),
            Self::Hang(hang) => write!(f, "hang, {hang}"),
            Self::Panic(text) => write!(f, "the guest panicked: {text}"),
            Self::Limit(limit) => limit.fmt(f),
        }
    }
}

/// Nanoseconds as seconds, to the millisecond.
fn seconds(ns: u64) -> f64 {
    (ns / 1_000_000) as f64 / 1000.0
}
