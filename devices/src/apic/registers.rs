//! The local APIC's register map and the forms of its registers.

use serde::{Deserialize, Serialize};

/// A register by what it is [SDM 3A, "Local APIC Register Address Map"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Register {
    Id,
    Version,
    TaskPriority,
    ArbitrationPriority,
    ProcessorPriority,
    EndOfInterrupt,
    RemoteRead,
    LogicalDestination,
    DestinationFormat,
    SpuriousVector,
    InService(usize),
    TriggerMode(usize),
    InterruptRequest(usize),
    ErrorStatus,
    CommandLow,
    CommandHigh,
    Local(Lvt),
    InitialCount,
    CurrentCount,
    DivideConfiguration,
}

impl Register {
    /// The register at a multiple of 10h.
    pub(super) fn at(offset: u64) -> Option<Self> {
        let word = (offset >> 4 & 7) as usize;
        Some(match offset {
            0x020 => Self::Id,
            0x030 => Self::Version,
            0x080 => Self::TaskPriority,
            0x090 => Self::ArbitrationPriority,
            0x0A0 => Self::ProcessorPriority,
            0x0B0 => Self::EndOfInterrupt,
            0x0C0 => Self::RemoteRead,
            0x0D0 => Self::LogicalDestination,
            0x0E0 => Self::DestinationFormat,
            0x0F0 => Self::SpuriousVector,
            0x100..=0x17F => Self::InService(word),
            0x180..=0x1FF => Self::TriggerMode(word),
            0x200..=0x27F => Self::InterruptRequest(word),
            0x280 => Self::ErrorStatus,
            0x300 => Self::CommandLow,
            0x310 => Self::CommandHigh,
            0x320 => Self::Local(Lvt::Timer),
            0x330 => Self::Local(Lvt::Thermal),
            0x340 => Self::Local(Lvt::Performance),
            0x350 => Self::Local(Lvt::Lint0),
            0x360 => Self::Local(Lvt::Lint1),
            0x370 => Self::Local(Lvt::Error),
            0x380 => Self::InitialCount,
            0x390 => Self::CurrentCount,
            0x3E0 => Self::DivideConfiguration,
            _ => return None,
        })
    }
}

/// An entry of the local vector table [SDM 3A, "Local Vector Table"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lvt {
    Timer,
    Thermal,
    Performance,
    Lint0,
    Lint1,
    Error,
}

/// Bits of a local vector table entry.
pub(super) mod lvt {
    pub(in super::super) const MODE: u32 = 0x700;
    pub(in super::super) const LOW_ACTIVE: u32 = 1 << 13;
    pub(in super::super) const REMOTE_IRR: u32 = 1 << 14;
    pub(in super::super) const LEVEL: u32 = 1 << 15;
    pub(in super::super) const MASKED: u32 = 1 << 16;
    pub(in super::super) const PERIODIC: u32 = 1 << 17;
}

impl Lvt {
    /// The bits software can write.
    pub(super) fn writable(self) -> u32 {
        let vector_and_mask = 0xFF | lvt::MASKED;
        match self {
            Self::Timer => vector_and_mask | lvt::PERIODIC,
            Self::Thermal | Self::Performance => vector_and_mask | lvt::MODE,
            Self::Lint0 | Self::Lint1 => vector_and_mask | lvt::MODE | lvt::LOW_ACTIVE | lvt::LEVEL,
            Self::Error => vector_and_mask,
        }
    }
}

/// Bits of the error status register [SDM 3A, "Error Handling"].
pub(super) mod error {
    pub(in super::super) const SEND_ILLEGAL_VECTOR: u8 = 1 << 5;
    pub(in super::super) const RECEIVED_ILLEGAL_VECTOR: u8 = 1 << 6;
    pub(in super::super) const ILLEGAL_REGISTER: u8 = 1 << 7;
}

/// Bits of the spurious-interrupt vector register.
pub(super) mod spurious {
    pub(in super::super) const ENABLED: u32 = 1 << 8;
    pub(in super::super) const NO_FOCUS_CHECK: u32 = 1 << 9;
}

/// Bits of the interrupt command register's low half [SDM 3A, "Interrupt Command Register (ICR)"].
pub(super) mod command {
    pub(in super::super) const LOGICAL: u32 = 1 << 11;
    pub(in super::super) const ASSERT: u32 = 1 << 14;
    pub(in super::super) const LEVEL: u32 = 1 << 15;
    pub(in super::super) const WRITABLE: u32 = 0x000C_CFFF;
}

/// One bit per vector: IRR, ISR or TMR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Vectors([u32; 8]);

impl Vectors {
    pub(super) fn word(&self, n: usize) -> u32 {
        self.0[n & 7]
    }

    pub(super) fn has(&self, vector: u8) -> bool {
        self.0[usize::from(vector >> 5)] & 1 << (vector & 31) != 0
    }

    pub(super) fn set(&mut self, vector: u8, on: bool) {
        let (word, bit) = (&mut self.0[usize::from(vector >> 5)], 1 << (vector & 31));
        *word = if on { *word | bit } else { *word & !bit };
    }

    pub(super) fn highest(&self) -> Option<u8> {
        let n = self.0.iter().rposition(|&word| word != 0)?;
        Some(n as u8 * 32 + 31 - self.0[n].leading_zeros() as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_vector_is_found_in_any_word() {
        let mut vectors = Vectors::default();
        assert_eq!(vectors.highest(), None);
        for vector in [0x10, 0x1F, 0x20, 0x9E, 0xFF] {
            vectors.set(vector, true);
            assert_eq!(vectors.highest(), Some(vector));
        }
        vectors.set(0xFF, false);
        assert_eq!(vectors.highest(), Some(0x9E));
    }
}
