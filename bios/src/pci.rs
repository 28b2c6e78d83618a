//! PCI configuration by mechanism 1 [PCI, "Configuration Mechanism #1"].

use crate::guest::Guest;

const CONFIG_ADDRESS: u16 = 0xCF8;
const CONFIG_DATA: u16 = 0xCFC;
/// Bit 31 of the address: a configuration cycle.
const ENABLE: u32 = 1 << 31;

/// A function on bus 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) device: u8,
    pub(crate) function: u8,
}

impl Function {
    /// Every place a function may have.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..32).flat_map(|device| (0..8).map(move |function| Self { device, function }))
    }

    /// Reads a dword of its configuration space.
    pub(crate) fn read(self, g: &mut Guest, register: u8) -> u32 {
        let place = u32::from(self.device) << 11 | u32::from(self.function) << 8;
        g.outl(CONFIG_ADDRESS, ENABLE | place | u32::from(register & 0xFC));
        g.inl(CONFIG_DATA)
    }
}

/// The IDE interface, on a machine that has it as a PCI function.
pub(crate) fn ide_function(g: &mut Guest) -> Option<Function> {
    Function::all().find(|function| function.read(g, 0x08) >> 16 == 0x0101)
}
