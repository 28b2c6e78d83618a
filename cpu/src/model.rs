//! Processor models: a model is data, chosen by `--cpu`.

use crate::features::Features;
use serde::{Deserialize, Serialize};

/// A processor generation. Later generations compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Generation {
    /// 8086 and 8088.
    I8086,
    /// 80186 and 80188.
    I80186,
    /// 80286.
    I80286,
    /// 80386.
    I80386,
    /// 80486.
    I80486,
    /// Pentium.
    Pentium,
    /// P6: Pentium Pro to Pentium III.
    P6,
    /// NetBurst: Pentium 4, and what came after.
    Pentium4,
}

/// A processor as data: its generation, and the behaviours that changed from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// The name `--cpu` takes.
    pub name: &'static str,
    /// What it is, in a line.
    pub description: &'static str,
    /// Its generation.
    pub generation: Generation,
    /// Width of the physical address in bits.
    pub address_bits: u32,
    /// Longest instruction in bytes, a longer one takes #GP(0) [80286 captures]; `None`: no limit.
    pub length_limit: Option<u8>,
    /// FLAGS bits that always read as 1.
    pub flags_ones: u32,
    /// FLAGS bits that POPF and IRET can change in real mode.
    pub flags_writable: u32,
    /// The same in protected mode at privilege level 0.
    pub flags_writable_protected: u32,
    /// Mask of a shift or rotate count taken from CL or an immediate.
    pub shift_count_mask: u8,
    /// PUSH SP pushes the value SP has after the push.
    pub push_sp_decremented: bool,
    /// What it has beyond its generation.
    pub features: Features,
    /// The name CPUID gives it, up to 48 bytes; empty where CPUID gives none.
    pub brand: &'static str,
    /// The highest basic leaf of CPUID.
    pub highest_leaf: u32,
    /// Leaf 2 of CPUID: cache and TLB descriptors.
    pub cache_descriptors: [u32; 4],
    /// Ticks of the time-stamp counter in a virtual microsecond.
    pub tsc_mhz: u32,
    /// The value of EDX (DX) after reset: family, model, stepping [SDM 3A, "Processor State After Reset"].
    pub reset_dx: u32,
}

const STATUS_AND_CONTROL: u32 = 0x0FD5;

const OF_80486: Features = Features::FPU.with(Features::VME).with(Features::CPUID).with(Features::SMM);
const OF_PENTIUM: Features = OF_80486
    .with(Features::DE)
    .with(Features::PSE)
    .with(Features::TSC)
    .with(Features::MSR)
    .with(Features::MCE)
    .with(Features::CX8)
    .with(Features::MMX)
    .with(Features::RDPMC);
const OF_PENTIUM3: Features = OF_PENTIUM
    .with(Features::PAE)
    .with(Features::SEP)
    .with(Features::MTRR)
    .with(Features::PGE)
    .with(Features::MCA)
    .with(Features::CMOV)
    .with(Features::PAT)
    .with(Features::PSE36)
    .with(Features::FXSR)
    .with(Features::SSE);
const OF_PENTIUM4: Features = OF_PENTIUM3.with(Features::SSE2).with(Features::CLFSH).with(Features::SS);
const OF_MAX: Features = OF_PENTIUM4
    .with(Features::FISTTP)
    .with(Features::MOVBE)
    .with(Features::CRC32)
    .with(Features::POPCNT)
    .with(Features::LZCNT)
    .with(Features::BMI1)
    .with(Features::BMI2)
    .with(Features::ADX);

impl Model {
    /// Intel 8086.
    pub const I8086: Self = Self {
        name: "8086",
        description: "Intel 8086: 1 MB, undocumented opcodes included",
        generation: Generation::I8086,
        address_bits: 20,
        length_limit: None,
        flags_ones: 0xF002,
        flags_writable: STATUS_AND_CONTROL,
        flags_writable_protected: 0,
        shift_count_mask: 0xFF,
        push_sp_decremented: true,
        features: Features::NONE,
        brand: "",
        highest_leaf: 0,
        cache_descriptors: [0; 4],
        tsc_mhz: 0,
        reset_dx: 0,
    };
    /// Intel 80186.
    pub const I80186: Self = Self {
        name: "80186",
        description: "Intel 80186: 8086 with PUSHA, ENTER, BOUND, INS and OUTS",
        generation: Generation::I80186,
        shift_count_mask: 0x1F,
        ..Self::I8086
    };
    /// Intel 80286.
    pub const I80286: Self = Self {
        name: "80286",
        description: "Intel 80286: 16 MB, protected mode",
        generation: Generation::I80286,
        address_bits: 24,
        length_limit: Some(10),
        flags_ones: 0x0002,
        flags_writable: STATUS_AND_CONTROL,
        flags_writable_protected: STATUS_AND_CONTROL | 0x7000,
        shift_count_mask: 0x1F,
        push_sp_decremented: false,
        reset_dx: 0,
        ..Self::I8086
    };
    /// Intel 80386 DX with an 80387.
    pub const I80386: Self = Self {
        name: "80386",
        description: "Intel 80386 DX with an 80387: 32 bits, paging",
        generation: Generation::I80386,
        address_bits: 32,
        length_limit: Some(15),
        flags_writable: STATUS_AND_CONTROL | 0x7000,
        flags_writable_protected: STATUS_AND_CONTROL | 0x1_7000,
        features: Features::FPU,
        reset_dx: 0x0308,
        ..Self::I80286
    };
    /// Intel 80486 DX4, the first line with CPUID.
    pub const I80486: Self = Self {
        name: "80486",
        description: "Intel 80486 DX4: CPUID, virtual-8086 mode extensions",
        generation: Generation::I80486,
        flags_writable: STATUS_AND_CONTROL | 0x24_7000,
        flags_writable_protected: STATUS_AND_CONTROL | 0x3D_7000,
        features: OF_80486,
        highest_leaf: 1,
        reset_dx: 0x0480,
        ..Self::I80386
    };
    /// Intel Pentium with MMX technology (P55C).
    pub const PENTIUM: Self = Self {
        name: "pentium",
        description: "Intel Pentium with MMX: time-stamp counter, large pages",
        generation: Generation::Pentium,
        features: OF_PENTIUM,
        tsc_mhz: 200,
        reset_dx: 0x0543,
        ..Self::I80486
    };
    /// Intel Pentium III (Coppermine).
    pub const PENTIUM3: Self = Self {
        name: "pentium3",
        description: "Intel Pentium III: SSE, 36-bit addresses, SYSENTER",
        generation: Generation::P6,
        address_bits: 36,
        features: OF_PENTIUM3,
        highest_leaf: 2,
        cache_descriptors: [0x0302_0101, 0, 0, 0x0C04_0882],
        tsc_mhz: 1000,
        reset_dx: 0x0686,
        ..Self::PENTIUM
    };
    /// Intel Pentium 4 (Northwood).
    pub const PENTIUM4: Self = Self {
        name: "pentium4",
        description: "Intel Pentium 4: SSE2",
        generation: Generation::Pentium4,
        features: OF_PENTIUM4,
        brand: "Intel(R) Pentium(R) 4 CPU 2.00GHz",
        cache_descriptors: [0x665B_5001, 0, 0, 0x007B_7040],
        tsc_mhz: 2000,
        reset_dx: 0x0F29,
        ..Self::PENTIUM3
    };
    /// Everything implemented so far.
    pub const MAX: Self = Self {
        name: "max",
        description: "everything implemented so far (the default)",
        features: OF_MAX,
        brand: "RingZero max",
        highest_leaf: 7,
        reset_dx: 0x0003_06C3,
        ..Self::PENTIUM4
    };

    /// All models, oldest first, then `max`.
    pub const ALL: [Self; 9] = [
        Self::I8086,
        Self::I80186,
        Self::I80286,
        Self::I80386,
        Self::I80486,
        Self::PENTIUM,
        Self::PENTIUM3,
        Self::PENTIUM4,
        Self::MAX,
    ];

    /// The model of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name == name)
    }

    /// Whether this is `generation` or a later one.
    pub fn at_least(&self, generation: Generation) -> bool {
        self.generation >= generation
    }

    /// Whether this has all of `features`.
    pub fn has(&self, features: Features) -> bool {
        self.features.has(features)
    }

    /// The same model with further features, as the machine around it brings them.
    #[must_use]
    pub const fn with(mut self, features: Features) -> Self {
        self.features = self.features.with(features);
        self
    }

    /// The bits a physical address can have.
    pub fn address_mask(&self) -> u64 {
        (1 << self.address_bits) - 1
    }
}
