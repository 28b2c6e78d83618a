//! Processor models: a model is data, chosen by `--cpu`.

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
}

/// A processor as data: its generation, and the behaviours that changed from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// The name `--cpu` takes.
    pub name: &'static str,
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
    /// The value of EDX (DX) after reset: family, model, stepping [SDM 3A, "Processor State After Reset"].
    pub reset_dx: u32,
}

const STATUS_AND_CONTROL: u32 = 0x0FD5;

impl Model {
    /// Intel 8086.
    pub const I8086: Self = Self {
        name: "8086",
        generation: Generation::I8086,
        address_bits: 20,
        length_limit: None,
        flags_ones: 0xF002,
        flags_writable: STATUS_AND_CONTROL,
        flags_writable_protected: 0,
        shift_count_mask: 0xFF,
        push_sp_decremented: true,
        reset_dx: 0,
    };
    /// Intel 80186.
    pub const I80186: Self =
        Self { name: "80186", generation: Generation::I80186, shift_count_mask: 0x1F, ..Self::I8086 };
    /// Intel 80286.
    pub const I80286: Self = Self {
        name: "80286",
        generation: Generation::I80286,
        address_bits: 24,
        length_limit: Some(10),
        flags_ones: 0x0002,
        flags_writable: STATUS_AND_CONTROL,
        flags_writable_protected: STATUS_AND_CONTROL | 0x7000,
        shift_count_mask: 0x1F,
        push_sp_decremented: false,
        reset_dx: 0,
    };
    /// Intel 80386 DX.
    pub const I80386: Self = Self {
        name: "80386",
        generation: Generation::I80386,
        address_bits: 32,
        length_limit: Some(15),
        flags_writable: STATUS_AND_CONTROL | 0x7000,
        flags_writable_protected: STATUS_AND_CONTROL | 0x1_7000,
        reset_dx: 0x0308,
        ..Self::I80286
    };
    /// Everything implemented so far.
    pub const MAX: Self = Self { name: "max", ..Self::I80386 };

    /// All models, oldest first, then `max`.
    pub const ALL: [Self; 5] = [Self::I8086, Self::I80186, Self::I80286, Self::I80386, Self::MAX];

    /// The model of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name == name)
    }

    /// Whether this is `generation` or a later one.
    pub fn at_least(&self, generation: Generation) -> bool {
        self.generation >= generation
    }

    /// The bits a physical address can have.
    pub fn address_mask(&self) -> u64 {
        (1 << self.address_bits) - 1
    }
}
