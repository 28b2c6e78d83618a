//! What a processor has beyond its generation, one bit a feature, as CPUID reports them.

/// A set of features [SDM 2A, "CPUID"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features(u64);

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        impl Features {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*
        }
    };
}

// Bits 0 to 31 lie as in leaf 1's EDX.
features! {
    /// x87 floating point.
    FPU = 0;
    /// Virtual-8086 mode enhancements: CR4.VME and CR4.PVI.
    VME = 1;
    /// Debugging extensions: CR4.DE, breakpoints on I/O.
    DE = 2;
    /// 4 MiB pages: CR4.PSE.
    PSE = 3;
    /// RDTSC and CR4.TSD.
    TSC = 4;
    /// RDMSR and WRMSR.
    MSR = 5;
    /// 36-bit physical addresses: CR4.PAE.
    PAE = 6;
    /// Machine checks: CR4.MCE. None ever happens.
    MCE = 7;
    /// CMPXCHG8B.
    CX8 = 8;
    /// A local APIC beside the core. CPUID shows it while it is on.
    APIC = 9;
    /// SYSENTER and SYSEXIT.
    SEP = 11;
    /// Memory type range registers, stored and not acted on.
    MTRR = 12;
    /// Global pages: CR4.PGE.
    PGE = 13;
    /// Machine-check banks.
    MCA = 14;
    /// CMOVcc, and with the FPU FCMOVcc and FCOMI.
    CMOV = 15;
    /// Page attribute table, stored and not acted on.
    PAT = 16;
    /// 4 MiB pages above 4 GiB.
    PSE36 = 17;
    /// CLFLUSH.
    CLFSH = 19;
    /// MMX.
    MMX = 23;
    /// FXSAVE and FXRSTOR.
    FXSR = 24;
    /// SSE.
    SSE = 25;
    /// SSE2.
    SSE2 = 26;
    /// Self snoop, which an emulator without caches has.
    SS = 27;
    /// CPUID itself, shown by EFLAGS.ID.
    CPUID = 32;
    /// RDPMC.
    RDPMC = 33;
    /// System management mode: RSM.
    SMM = 34;
    /// FISTTP of SSE3.
    FISTTP = 35;
    /// MOVBE.
    MOVBE = 36;
    /// CRC32 of SSE4.2.
    CRC32 = 37;
    /// POPCNT.
    POPCNT = 38;
    /// LZCNT.
    LZCNT = 39;
    /// BMI1: ANDN, BEXTR, BLSI, BLSMSK, BLSR, TZCNT.
    BMI1 = 40;
    /// BMI2: BZHI, MULX, PDEP, PEXT, RORX, SARX, SHLX, SHRX.
    BMI2 = 41;
    /// ADCX and ADOX.
    ADX = 42;
}

impl Features {
    /// No features.
    pub const NONE: Self = Self(0);

    /// Both sets.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are here.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Leaf 1's EDX.
    pub const fn leaf_1_edx(self) -> u32 {
        self.0 as u32
    }
}
