//! Addresses, ports, widths and interrupt numbers, each a type of its own so that they cannot be mixed up.

use serde::{Deserialize, Serialize};

/// A physical address: after paging, before the A20 gate [SDM 3A, "Physical Address Space"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PhysAddr(pub u64);

/// A linear address: after segmentation, before paging [SDM 3A, "Logical and Linear Addresses"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LinAddr(pub u64);

impl LinAddr {
    /// The linear address of `segment:offset` in real and virtual-8086 mode.
    pub const fn real(segment: u16, offset: u16) -> Self {
        Self(((segment as u64) << 4) + offset as u64)
    }
}

/// An I/O port number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Port(pub u16);

/// Width of a port or memory-mapped access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Width {
    /// 8 bits.
    Byte,
    /// 16 bits.
    Word,
    /// 32 bits.
    Dword,
}

impl Width {
    /// Number of bytes: 1, 2 or 4.
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Byte => 1,
            Self::Word => 2,
            Self::Dword => 4,
        }
    }

    /// What an access of this width reads where nothing answers: all ones.
    pub const fn open_bus(self) -> u32 {
        match self {
            Self::Byte => 0xFF,
            Self::Word => 0xFFFF,
            Self::Dword => 0xFFFF_FFFF,
        }
    }
}

/// An index into the interrupt vector table or the IDT, 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Vector(pub u8);

/// An interrupt wire: IRQ 0 to 15 of the ISA bus, and 16 to 23, which lead to an I/O APIC alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Irq(pub u8);
