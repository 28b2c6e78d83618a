//! Guest-visible exceptions, as values.

use serde::{Deserialize, Serialize};

/// An exception the processor delivers through the IVT or IDT [SDM 3A, "Exception and Interrupt Reference"].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// #DE, vector 0.
    DivideError,
    /// #DB, vector 1.
    Debug,
    /// #BP, vector 3.
    Breakpoint,
    /// #OF, vector 4.
    Overflow,
    /// #BR, vector 5.
    BoundRange,
    /// #UD, vector 6.
    InvalidOpcode,
    /// #NM, vector 7.
    DeviceNotAvailable,
    /// #DF, vector 8.
    DoubleFault,
    /// Coprocessor segment overrun, vector 9 (80286, 80386).
    CoprocessorSegmentOverrun,
    /// #TS, vector 10.
    InvalidTss(u16),
    /// #NP, vector 11.
    SegmentNotPresent(u16),
    /// #SS, vector 12.
    StackSegment(u16),
    /// #GP, vector 13.
    GeneralProtection(u16),
    /// #PF, vector 14; CR2 is loaded already.
    Page(u16),
    /// #MF, vector 16.
    Math,
    /// #AC, vector 17.
    AlignmentCheck,
    /// #XM, vector 19.
    SimdFloat,
}

impl Fault {
    /// The vector number.
    pub fn vector(self) -> u8 {
        match self {
            Self::DivideError => 0,
            Self::Debug => 1,
            Self::Breakpoint => 3,
            Self::Overflow => 4,
            Self::BoundRange => 5,
            Self::InvalidOpcode => 6,
            Self::DeviceNotAvailable => 7,
            Self::DoubleFault => 8,
            Self::CoprocessorSegmentOverrun => 9,
            Self::InvalidTss(_) => 10,
            Self::SegmentNotPresent(_) => 11,
            Self::StackSegment(_) => 12,
            Self::GeneralProtection(_) => 13,
            Self::Page(_) => 14,
            Self::Math => 16,
            Self::AlignmentCheck => 17,
            Self::SimdFloat => 19,
        }
    }

    /// The error code pushed in protected mode.
    pub fn error_code(self) -> Option<u16> {
        match self {
            Self::InvalidTss(code)
            | Self::SegmentNotPresent(code)
            | Self::StackSegment(code)
            | Self::GeneralProtection(code)
            | Self::Page(code) => Some(code),
            Self::DoubleFault | Self::AlignmentCheck => Some(0),
            _ => None,
        }
    }

    /// Whether the saved IP is that of the instruction, which is to run again: all but traps and aborts. #DB counts
    /// as a trap: a breakpoint on an instruction does not set RF.
    pub(crate) fn restarts(self) -> bool {
        !matches!(self, Self::Debug | Self::Breakpoint | Self::Overflow | Self::DoubleFault)
    }

    /// Whether a second contributory exception during delivery makes a double fault
    /// [SDM 3A, "Interrupt 8 - Double Fault Exception"].
    pub fn is_contributory(self) -> bool {
        matches!(self.vector(), 0 | 10..=13)
    }
}
