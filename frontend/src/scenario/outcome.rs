//! How a scenario's machine ends, as scenario files name it.

use std::fmt;

/// What became of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It goes on.
    Running,
    /// Power-off, or the debug exit's success.
    Success,
    PowerOff,
    /// The debug exit, with another result.
    Failure,
    /// A reset, on a machine that ends there.
    Reset,
    ResetLoop,
    TripleFault,
    Hang,
    Panic,
    Limit,
}

/// Every outcome by its name.
pub(crate) const OUTCOMES: &[(&str, Outcome)] = &[
    ("running", Outcome::Running),
    ("success", Outcome::Success),
    ("poweroff", Outcome::PowerOff),
    ("failure", Outcome::Failure),
    ("reset", Outcome::Reset),
    ("reset-loop", Outcome::ResetLoop),
    ("triple-fault", Outcome::TripleFault),
    ("hang", Outcome::Hang),
    ("panic", Outcome::Panic),
    ("limit", Outcome::Limit),
];

impl Outcome {
    /// Its name in scenario files and reports.
    pub(crate) fn name(self) -> &'static str {
        OUTCOMES.iter().find(|(_, outcome)| *outcome == self).map_or("", |(name, _)| name)
    }

    /// Exit codes that a headless run can end with so.
    fn exit_codes(self) -> std::ops::RangeInclusive<u8> {
        match self {
            Self::Running | Self::Success | Self::PowerOff | Self::Reset => 0..=0,
            Self::Failure => 1..=255,
            Self::TripleFault => 80..=80,
            Self::Hang | Self::ResetLoop => 81..=81,
            Self::Limit => 82..=83,
            Self::Panic => 85..=85,
        }
    }

    /// Why a run that ends so cannot have this exit code.
    pub(crate) fn refuses(self, exit_code: u8) -> Option<String> {
        let codes = self.exit_codes();
        (!codes.contains(&exit_code)).then(|| {
            let name = self.name();
            match (codes.start(), codes.end()) {
                (least, most) if least == most => {
                    format!("a run with outcome {name:?} ends with exit code {least}")
                }
                (least, most) => {
                    format!("a run with outcome {name:?} ends with an exit code of {least} to {most}")
                }
            }
        })
    }

    /// Whether a machine that ended as `self` meets an expectation of `wanted`.
    pub(crate) fn meets(self, wanted: Self) -> bool {
        match wanted {
            Self::Success => matches!(self, Self::Success | Self::PowerOff),
            // Both never get on, and have one exit code.
            Self::Hang => matches!(self, Self::Hang | Self::ResetLoop),
            wanted => self == wanted,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a scenario expects in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expectation {
    /// `None`: any end.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) exit_code: Option<u8>,
}

impl Expectation {
    /// What is expected where a scenario says nothing.
    pub(crate) fn default_for(has_steps: bool) -> Self {
        let outcome = if has_steps { Outcome::Running } else { Outcome::Success };
        Self { outcome: Some(outcome), exit_code: None }
    }

    /// Whether the machine is to be left running.
    pub(crate) fn is_running(self) -> bool {
        self.outcome == Some(Outcome::Running)
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.outcome, self.exit_code) {
            (Some(outcome), None) => write!(f, "outcome {outcome:?}", outcome = outcome.name()),
            (Some(outcome), Some(code)) => write!(f, "outcome {:?} with exit code {code}", outcome.name()),
            (None, Some(code)) => write!(f, "exit code {code}"),
            (None, None) => f.write_str("an end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switching_off_is_success_and_not_the_other_way_round() {
        assert!(Outcome::PowerOff.meets(Outcome::Success) && !Outcome::Success.meets(Outcome::PowerOff));
    }

    #[test]
    fn a_reset_loop_is_a_hang_of_its_own_kind() {
        assert!(Outcome::ResetLoop.meets(Outcome::Hang) && !Outcome::Hang.meets(Outcome::ResetLoop));
    }

    #[test]
    fn exit_codes_that_an_outcome_cannot_have_are_refused() {
        assert_eq!(Outcome::Hang.refuses(81), None);
        assert_eq!(Outcome::Hang.refuses(80).unwrap(), "a run with outcome \"hang\" ends with exit code 81");
        assert!(Outcome::Failure.refuses(0).is_some());
    }
}
