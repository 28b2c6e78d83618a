//! Base registers: where software puts a function's ports, memory and ROM [PCI, "Base Addresses"].

use super::{COMMAND_IO, COMMAND_MEMORY, PciBus, PciFunctionId};
use crate::types::Width;

/// A base register for ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortBar {
    /// Its offset in the configuration space.
    pub register: u8,
    /// Ports behind it: a power of two, at least 4.
    pub ports: u16,
    /// The widest access it takes.
    pub widest: Width,
    /// The byte of the configuration space and its bit that switch the decoder on.
    pub enable: (u8, u8),
}

/// The command register's bit for ports.
const BY_COMMAND: (u8, u8) = (0x04, COMMAND_IO);

impl PortBar {
    /// Base address register `index`, 0 to 5, which the command register enables.
    pub const fn new(index: u8, ports: u16, widest: Width) -> Self {
        Self { register: bar_register(index), ports, widest, enable: BY_COMMAND }
    }

    /// A base register of the function's own, elsewhere, with a bit of its own that enables it.
    pub const fn own(register: u8, enable: (u8, u8), ports: u16, widest: Width) -> Self {
        Self { register, ports, widest, enable }
    }

    /// A base address register has 32 bits: the upper half may be 0 by [PCI, "Base Addresses"], and is in the PIIX3,
    /// but SeaBIOS sizes registers by all of it, as QEMU has it. Registers of a function's own have 16.
    pub(super) fn mask(self) -> u32 {
        let mask = !u32::from(self.ports.next_power_of_two().max(4) - 1);
        if self.enable == BY_COMMAND { mask } else { mask & 0xFFFF }
    }

    pub(crate) fn put(self, bus: &mut PciBus, function: PciFunctionId) {
        let command = if self.enable == BY_COMMAND { COMMAND_IO } else { 0 };
        bus.put_base(function, self.register, 1, self.mask(), command);
    }
}

/// A 32-bit base address register for memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryBar {
    /// Which register, 0 to 5.
    pub index: u8,
    /// Bytes behind it: a power of two, at least 16 and at most 2 GiB.
    pub size: u32,
    /// Loads have no side effects.
    pub prefetchable: bool,
}

impl MemoryBar {
    pub(super) fn register(self) -> u8 {
        bar_register(self.index)
    }

    pub(super) fn mask(self) -> u32 {
        !(self.len() - 1)
    }

    /// Bytes behind it, as the register can say it.
    pub(crate) fn len(self) -> u32 {
        self.size.clamp(16, 1 << 31).next_power_of_two()
    }

    pub(crate) fn put(self, bus: &mut PciBus, function: PciFunctionId) {
        let fixed = if self.prefetchable { 0x08 } else { 0 };
        bus.put_base(function, self.register(), fixed, self.mask(), COMMAND_MEMORY);
    }
}

/// The expansion ROM base address register [PCI, "Expansion ROM Base Address Register"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RomBar {
    size: u32,
    /// The command register's memory bit must be set too, as [PCI] has it.
    pub(super) by_command: bool,
}

impl RomBar {
    pub(super) const REGISTER: u8 = 0x30;
    pub(super) const ENABLE: u32 = 1;
    /// The register has bits from 11 up.
    const LEAST: u32 = 1 << 11;
    /// The most a ROM may be.
    const MOST: u32 = 16 << 20;

    /// The register for an image of `len` bytes, of which it shows 16 MiB at most.
    pub(crate) fn holding(len: usize, by_command: bool) -> Self {
        let len = u32::try_from(len).unwrap_or(Self::MOST);
        Self { size: len.clamp(Self::LEAST, Self::MOST).next_power_of_two(), by_command }
    }

    /// Bytes it shows.
    pub(crate) fn size(self) -> u32 {
        self.size
    }

    pub(super) fn mask(self) -> u32 {
        !(self.size - 1)
    }

    pub(crate) fn put(self, bus: &mut PciBus, function: PciFunctionId) {
        bus.put_base(function, Self::REGISTER, 0, self.mask() | Self::ENABLE, COMMAND_MEMORY);
    }
}

const fn bar_register(index: u8) -> u8 {
    0x10 + 4 * if index > 5 { 5 } else { index }
}
