//! How a run ended: one sentence and an exit code, as in the table of README.md.

use ringzero_machine::{Hang, LimitKind, Machine, Outcome};

/// Exit code of wrong usage.
pub(crate) const EXIT_USAGE: u8 = 64;

/// Why a run ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Verdict {
    /// Everything expected was there.
    #[error("success: {0}")]
    Expected(String),
    /// All text typed, and the guest waits for more.
    #[error("success: the guest waits for input, all text typed")]
    WaitsForInput,
    /// The guest switched off.
    #[error("success: the guest switched the power off")]
    PowerOff,
    /// A reset with `--no-reboot`.
    #[error("success: the guest reset the machine (--no-reboot)")]
    Reset,
    /// The debug-exit device, and the result made of its value.
    #[error("{}: the guest wrote {value:#x} to the debug exit, result {result}", if *.success { "success" } else { "failure" })]
    DebugExit { value: u32, result: u8, success: bool },
    /// The user ended it.
    #[error("stopped by the user")]
    Closed,
    /// Nobody reads stdout any more.
    #[error("stopped: stdout is closed")]
    PipeClosed,
    /// A signal.
    #[error("stopped by signal {0}")]
    Signal(u8),
    /// The guest ended without what was expected.
    #[error("failure: {missing} was not seen before {ending}")]
    NotMet { missing: String, ending: String },
    /// A triple fault.
    #[error("failure: triple fault, last instruction at {place}")]
    Shutdown { place: String },
    /// Nothing will ever happen again.
    #[error("failure: hang, {hang} at {place}")]
    Hang { hang: Hang, place: String },
    /// The guest resets over and over.
    #[error("failure: reset loop, {resets} resets in a row, each after the same output, last at {place}")]
    ResetLoop { resets: u64, place: String },
    /// `--timeout`.
    #[error("failure: time limit of {0} s reached{1}")]
    HostTime(Seconds, Missing),
    /// `--max-instructions`, `--max-virtual` and their like.
    #[error("failure: {0}{1}")]
    Limit(LimitKind, Missing),
    /// The guest's own panic.
    #[error("failure: the guest panicked: {0}")]
    Panic(String),
    /// A fault of this program.
    #[error("internal fault: {message}; please report it with this line: {state}")]
    Internal { message: String, state: String },
}

/// A time as shown: whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) std::time::Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.as_millis() as f64 / 1000.0)
    }
}

/// What had not been seen by then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) Option<String>);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(missing) => write!(f, ", {missing} not seen"),
            None => Ok(()),
        }
    }
}

impl Verdict {
    /// The verdict on what a guest came to; `missing` is what had not been seen by then.
    pub(crate) fn of(
        outcome: &Outcome,
        machine: &Machine,
        success_exit: Option<u8>,
        missing: Missing,
    ) -> Self {
        let place = || {
            let (cs, ip) = machine.position();
            format!("{cs:04x}:{ip:04x}, instruction {}", machine.count())
        };
        match outcome {
            Outcome::DebugExit(value) => Self::debug_exit(*value, success_exit),
            Outcome::PowerOff => Self::PowerOff,
            Outcome::Reset => Self::Reset,
            Outcome::TripleFault => Self::Shutdown { place: place() },
            Outcome::ResetLoop { resets } => Self::ResetLoop { resets: *resets, place: place() },
            Outcome::Hang(hang) => Self::Hang { hang: *hang, place: place() },
            Outcome::Panic(words) => Self::Panic(words.clone()),
            Outcome::Limit(limit) => Self::Limit(*limit, missing),
        }
    }

    /// The verdict on a write to the debug-exit device. The result is QEMU's, `(value << 1) | 1`; `success_exit` is
    /// the result that means success.
    pub(crate) fn debug_exit(value: u32, success_exit: Option<u8>) -> Self {
        // The host keeps the low eight bits of an exit code.
        let result = (value << 1 | 1) as u8;
        Self::DebugExit { value, result, success: success_exit == Some(result) }
    }

    /// The program's exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Expected(_) | Self::WaitsForInput | Self::PowerOff | Self::Reset => 0,
            Self::Closed | Self::PipeClosed => 0,
            Self::DebugExit { success: true, .. } => 0,
            Self::DebugExit { result, .. } => *result,
            Self::Internal { .. } => 70,
            Self::Shutdown { .. } => 80,
            Self::Hang { .. } | Self::ResetLoop { .. } => 81,
            Self::HostTime(..) => 82,
            Self::Limit(..) => 83,
            Self::NotMet { .. } => 84,
            Self::Panic(_) => 85,
            // As a shell reports it.
            Self::Signal(number) => 128 | number,
        }
    }

    /// Whether the guest ended in a way that is right unless something was expected of it.
    pub(crate) fn is_clean_end(&self) -> bool {
        matches!(self, Self::PowerOff | Self::Reset | Self::DebugExit { success: true, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_exit_maps_as_in_qemu() {
        assert_eq!(Verdict::debug_exit(0, None).exit_code(), 1);
        assert_eq!(Verdict::debug_exit(0x10, None).exit_code(), 33);
        assert_eq!(Verdict::debug_exit(0x10, Some(33)).exit_code(), 0);
        assert_eq!(Verdict::debug_exit(0x11, Some(33)).exit_code(), 35);
        assert_eq!(Verdict::debug_exit(u32::MAX, None).exit_code(), 255);
    }

    #[test]
    fn codes_are_the_design_table() {
        let place = String::new;
        for (verdict, code) in [
            (Verdict::PowerOff, 0),
            (Verdict::Internal { message: place(), state: place() }, 70),
            (Verdict::Shutdown { place: place() }, 80),
            (Verdict::Hang { hang: Hang::Spins, place: place() }, 81),
            (Verdict::HostTime(Seconds(std::time::Duration::from_secs(1)), Missing(None)), 82),
            (Verdict::Limit(LimitKind::Instructions(5), Missing(None)), 83),
            (Verdict::ResetLoop { resets: 5, place: place() }, 81),
            (Verdict::NotMet { missing: place(), ending: place() }, 84),
            (Verdict::Panic(place()), 85),
            (Verdict::Signal(15), 143),
        ] {
            assert_eq!(verdict.exit_code(), code, "{verdict}");
        }
    }

    #[test]
    fn every_verdict_is_one_line() {
        let limit = LimitKind::Virtual(ringzero_machine::VTime(1_500_000_000));
        let verdict = Verdict::Limit(limit, Missing(Some("screen /A:/".to_owned())));
        assert_eq!(
            verdict.to_string(),
            "failure: limit of 1.5 s of virtual time reached, screen /A:/ not seen"
        );
    }
}
