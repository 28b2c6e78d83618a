//! Model-specific registers [SDM 4, "Model-Specific Registers"].

use crate::features::Features;
use crate::model::{Generation, Model};
use serde::{Deserialize, Serialize};

/// Bits of IA32_APIC_BASE.
pub(crate) struct ApicBase;

impl ApicBase {
    /// The processor that booted the machine.
    pub(crate) const BSP: u64 = 1 << 8;
    /// The local APIC is on.
    pub(crate) const ENABLED: u64 = 1 << 11;
    const BASE: u64 = 0xFEE0_0000;
}

/// What the model-specific registers hold. Those that only control caches are stored and not acted on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Msrs {
    /// What WRMSR has added to the time-stamp counter, modulo 2^64.
    pub tsc_offset: u64,
    /// IA32_APIC_BASE.
    pub apic_base: u64,
    /// IA32_SYSENTER_CS: a selector; 0 forbids SYSENTER.
    pub sysenter_cs: u32,
    /// IA32_SYSENTER_ESP.
    pub sysenter_esp: u32,
    /// IA32_SYSENTER_EIP.
    pub sysenter_eip: u32,
    /// IA32_PAT.
    pub pat: u64,
    /// IA32_MTRR_DEF_TYPE.
    pub mtrr_default: u64,
    /// The eleven fixed-range MTRRs, by address.
    pub mtrr_fixed: [u64; 11],
    /// Base and mask of the eight variable ranges.
    pub mtrr_variable: [u64; 16],
    /// IA32_MCG_STATUS.
    pub machine_check_status: u64,
    /// The control registers of four machine-check banks.
    pub machine_check_control: [u64; 4],
    /// IA32_MISC_ENABLE.
    pub misc_enable: u64,
    /// IA32_DEBUGCTL.
    pub debug_control: u64,
    /// IA32_BIOS_SIGN_ID: the microcode revision in the high half.
    pub microcode: u64,
    /// EBL_CR_POWERON of the P6.
    pub power_on: u64,
    /// Counters and event selectors of the performance monitor; they count nothing.
    pub performance: [u64; 4],
}

impl Msrs {
    /// After RESET.
    pub(crate) fn reset(model: &Model) -> Self {
        let enabled = if model.has(Features::APIC) { ApicBase::ENABLED } else { 0 };
        Self { apic_base: ApicBase::BASE | ApicBase::BSP | enabled, ..Self::default() }
    }
}

impl Default for Msrs {
    fn default() -> Self {
        Self {
            tsc_offset: 0,
            apic_base: ApicBase::BASE | ApicBase::BSP,
            sysenter_cs: 0,
            sysenter_esp: 0,
            sysenter_eip: 0,
            // WB, WT, UC-, UC, twice [SDM 3A, "Page Attribute Table (PAT)"].
            pat: 0x0007_0406_0007_0406,
            mtrr_default: 0,
            mtrr_fixed: [0; 11],
            mtrr_variable: [0; 16],
            machine_check_status: 0,
            machine_check_control: [0; 4],
            // Fast strings.
            misc_enable: 1,
            debug_control: 0,
            microcode: 0,
            power_on: 0,
            performance: [0; 4],
        }
    }
}

/// A register by what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Msr {
    MachineCheckAddress,
    MachineCheckType,
    Tsc,
    PlatformId,
    ApicBase,
    PowerOn,
    BiosUpdate,
    Microcode,
    Performance(usize),
    MtrrCapabilities,
    SysenterCs,
    SysenterEsp,
    SysenterEip,
    MachineCheckCapabilities,
    MachineCheckStatus,
    DebugControl,
    LastBranch,
    MiscEnable,
    MtrrVariable(usize),
    MtrrFixed(usize),
    Pat,
    MtrrDefault,
    BankControl(usize),
    BankStatus,
}

/// Eight variable ranges, fixed ranges, write-combining.
const MTRR_CAPABILITIES: u64 = 0x508;
const MTRR_VARIABLE: u32 = 0x200;
const BANKS: u32 = 0x400;
const BANK_COUNT: u32 = 4;

impl Msr {
    /// The register of that number, if `model` has it.
    fn of(model: &Model, number: u32) -> Option<Self> {
        let p6 = model.at_least(Generation::P6);
        let has = |features: Features| model.has(features);
        Some(match number {
            0x00 => Self::MachineCheckAddress,
            0x01 => Self::MachineCheckType,
            0x10 if has(Features::TSC) => Self::Tsc,
            0x17 if p6 => Self::PlatformId,
            0x1B if p6 => Self::ApicBase,
            0x2A if p6 => Self::PowerOn,
            0x79 if p6 => Self::BiosUpdate,
            0x8B if p6 => Self::Microcode,
            0xC1 | 0xC2 if p6 => Self::Performance((number - 0xC1) as usize),
            0xFE if has(Features::MTRR) => Self::MtrrCapabilities,
            0x174 if has(Features::SEP) => Self::SysenterCs,
            0x175 if has(Features::SEP) => Self::SysenterEsp,
            0x176 if has(Features::SEP) => Self::SysenterEip,
            0x179 if has(Features::MCA) => Self::MachineCheckCapabilities,
            0x17A if has(Features::MCA) => Self::MachineCheckStatus,
            0x186 | 0x187 if p6 => Self::Performance((number - 0x186 + 2) as usize),
            0x1A0 if model.at_least(Generation::Pentium4) => Self::MiscEnable,
            0x1D9 if p6 => Self::DebugControl,
            0x1DB..=0x1DE if p6 => Self::LastBranch,
            0x277 if has(Features::PAT) => Self::Pat,
            0x2FF if has(Features::MTRR) => Self::MtrrDefault,
            MTRR_VARIABLE..=0x20F if has(Features::MTRR) => {
                Self::MtrrVariable((number - MTRR_VARIABLE) as usize)
            }
            BANKS..=0x40F if has(Features::MCA) => match (number - BANKS) % 4 {
                0 => Self::BankControl(((number - BANKS) / 4) as usize),
                _ => Self::BankStatus,
            },
            _ => return Self::fixed_range(number).filter(|_| has(Features::MTRR)),
        })
    }

    fn fixed_range(number: u32) -> Option<Self> {
        const NUMBERS: [u32; 11] =
            [0x250, 0x258, 0x259, 0x268, 0x269, 0x26A, 0x26B, 0x26C, 0x26D, 0x26E, 0x26F];
        NUMBERS.iter().position(|&n| n == number).map(Self::MtrrFixed)
    }
}

/// Whether all eight bytes are memory types [SDM 3A, "Memory Cache Control"]; `uncached_minus` allows type 7.
fn are_memory_types(value: u64, uncached_minus: bool) -> bool {
    value.to_le_bytes().iter().all(|&t| matches!(t, 0 | 1 | 4 | 5 | 6) || uncached_minus && t == 7)
}

impl Msrs {
    /// RDMSR; `None` (#GP) where the model has no such register. `tsc` is the counter without its offset.
    pub(crate) fn read(&self, model: &Model, number: u32, tsc: u64) -> Option<u64> {
        Some(match Msr::of(model, number)? {
            Msr::Tsc => tsc.wrapping_add(self.tsc_offset),
            Msr::ApicBase => self.apic_base,
            Msr::PowerOn => self.power_on,
            Msr::Microcode => self.microcode,
            Msr::Performance(n) => self.performance[n],
            Msr::MtrrCapabilities => MTRR_CAPABILITIES,
            Msr::SysenterCs => u64::from(self.sysenter_cs),
            Msr::SysenterEsp => u64::from(self.sysenter_esp),
            Msr::SysenterEip => u64::from(self.sysenter_eip),
            Msr::MachineCheckCapabilities => u64::from(BANK_COUNT),
            Msr::MachineCheckStatus => self.machine_check_status,
            Msr::DebugControl => self.debug_control,
            Msr::MiscEnable => self.misc_enable,
            Msr::MtrrVariable(n) => self.mtrr_variable[n],
            Msr::MtrrFixed(n) => self.mtrr_fixed[n],
            Msr::Pat => self.pat,
            Msr::MtrrDefault => self.mtrr_default,
            Msr::BankControl(n) => self.machine_check_control[n],
            Msr::MachineCheckAddress | Msr::MachineCheckType | Msr::PlatformId => 0,
            Msr::LastBranch | Msr::BankStatus => 0,
            // Write-only.
            Msr::BiosUpdate => return None,
        })
    }

    /// WRMSR; `None` (#GP) where the model has no such register or it cannot hold the value.
    pub(crate) fn write(&mut self, model: &Model, number: u32, value: u64, tsc: u64) -> Option<()> {
        let address = model.address_mask();
        let valid = |allowed: u64| (value & !allowed == 0).then_some(value);
        match Msr::of(model, number)? {
            Msr::Tsc => self.tsc_offset = value.wrapping_sub(tsc),
            Msr::ApicBase => self.apic_base = valid(address & !0xFFF | ApicBase::BSP | ApicBase::ENABLED)?,
            Msr::PowerOn => self.power_on = value,
            Msr::Microcode => self.microcode = value,
            Msr::Performance(n) => self.performance[n] = value,
            Msr::SysenterCs => self.sysenter_cs = value as u32,
            Msr::SysenterEsp => self.sysenter_esp = value as u32,
            Msr::SysenterEip => self.sysenter_eip = value as u32,
            Msr::MachineCheckStatus => self.machine_check_status = value,
            Msr::DebugControl => self.debug_control = valid(0x7F)?,
            Msr::MiscEnable => self.misc_enable = value,
            Msr::MtrrVariable(n) if n % 2 == 0 => self.mtrr_variable[n] = valid(address & !0xFFF | 7)?,
            Msr::MtrrVariable(n) => self.mtrr_variable[n] = valid(address & !0x7FF)?,
            Msr::MtrrFixed(n) => self.mtrr_fixed[n] = are_memory_types(value, false).then_some(value)?,
            Msr::Pat => self.pat = are_memory_types(value, true).then_some(value)?,
            Msr::MtrrDefault => self.mtrr_default = valid(0xC07)?,
            Msr::BankControl(n) => self.machine_check_control[n] = value,
            // Only zero may be written where errors would be recorded.
            Msr::BankStatus => valid(0).map(|_| ())?,
            Msr::MachineCheckAddress | Msr::MachineCheckType | Msr::BiosUpdate | Msr::LastBranch => {}
            Msr::PlatformId | Msr::MtrrCapabilities | Msr::MachineCheckCapabilities => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_time_stamp_goes_on_from_there() {
        let mut msrs = Msrs::default();
        msrs.write(&Model::PENTIUM, 0x10, 5, 1000).expect("there is a TSC");
        assert_eq!(msrs.read(&Model::PENTIUM, 0x10, 1007), Some(12));
    }

    #[test]
    fn a_model_has_the_registers_of_its_features() {
        let msrs = Msrs::default();
        assert_eq!(msrs.read(&Model::PENTIUM, 0x277, 0), None);
        assert_eq!(msrs.read(&Model::PENTIUM3, 0x277, 0), Some(0x0007_0406_0007_0406));
        assert_eq!(msrs.read(&Model::PENTIUM3, 0x1234, 0), None);
    }

    #[test]
    fn reserved_memory_types_are_refused() {
        let mut msrs = Msrs::default();
        assert_eq!(msrs.write(&Model::PENTIUM3, 0x277, 2, 0), None);
        assert_eq!(msrs.write(&Model::PENTIUM3, 0x277, 7, 0), Some(()));
        assert_eq!(msrs.write(&Model::PENTIUM3, 0x250, 7, 0), None);
    }
}
