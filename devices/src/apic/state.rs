//! What a local APIC remembers, and how its kinds differ.

use super::registers::{Lvt, Register, Vectors, lvt};
use super::timer::Timer;
use serde::{Deserialize, Serialize};

/// Which processor it is part of; versions differ in entries and in the width of an ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalApicKind {
    /// Version 10h: four local vectors, IDs of four bits.
    Pentium,
    /// Version 11h: a fifth, for the performance counters.
    P6,
    /// Version 14h: a sixth, for the thermal sensor, and IDs of eight bits.
    Pentium4,
}

impl LocalApicKind {
    pub(super) fn version(self) -> u32 {
        match self {
            Self::Pentium => 0x0003_0010,
            Self::P6 => 0x0004_0011,
            Self::Pentium4 => 0x0005_0014,
        }
    }

    pub(super) fn has(self, register: Register) -> bool {
        match register {
            Register::Local(Lvt::Thermal) => self == Self::Pentium4,
            Register::Local(Lvt::Performance) => self != Self::Pentium,
            _ => true,
        }
    }

    /// The ID that stands for every local APIC.
    pub(super) fn broadcast(self) -> u8 {
        if self == Self::Pentium4 { 0xFF } else { 0x0F }
    }
}

/// Bits of IA32_APIC_BASE.
pub(super) mod base {
    pub(in super::super) const BSP: u64 = 1 << 8;
    pub(in super::super) const ENABLED: u64 = 1 << 11;
    pub(in super::super) const DEFAULT: u64 = 0xFEE0_0000;
}
/// LINT0 of the boot processor after RESET.
pub(super) const VIRTUAL_WIRE: u32 = 0x700;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// IA32_APIC_BASE.
    pub(super) base: u64,
    pub(super) id: u8,
    pub(super) tpr: u8,
    pub(super) ldr: u8,
    /// Bits 31..28 of the destination format register.
    pub(super) model: u8,
    pub(super) svr: u32,
    pub(super) isr: Vectors,
    pub(super) tmr: Vectors,
    pub(super) irr: Vectors,
    /// The error status register, and the errors since it was written.
    pub(super) esr: u8,
    pub(super) errors: u8,
    pub(super) icr: [u32; 2],
    pub(super) lvt: [u32; 6],
    pub(super) timer: Timer,
    /// LINT0, and an ExtINT message that waits.
    pub(super) external: bool,
    pub(super) external_message: bool,
}

impl State {
    pub(super) fn new(number: u8) -> Self {
        let mut lvt = [lvt::MASKED; 6];
        if number == 0 {
            lvt[Lvt::Lint0 as usize] = VIRTUAL_WIRE;
        }
        Self {
            base: base::DEFAULT | base::ENABLED | if number == 0 { base::BSP } else { 0 },
            id: number,
            tpr: 0,
            ldr: 0,
            model: 0xF,
            svr: 0xFF,
            isr: Vectors::default(),
            tmr: Vectors::default(),
            irr: Vectors::default(),
            esr: 0,
            errors: 0,
            icr: [0; 2],
            lvt,
            timer: Timer::default(),
            external: false,
            external_message: false,
        }
    }
}
