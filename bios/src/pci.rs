//! PCI configuration by mechanism 1 [PCI, "Configuration Mechanism #1"], and how interrupts are wired on the board.
//!
//! - `setup`: what POST does with the functions on the bus. `services`: INT 1Ah AH=B1h.

pub(crate) mod services;
pub(crate) mod setup;

use crate::guest::Guest;

const CONFIG_ADDRESS: u16 = 0xCF8;
const CONFIG_DATA: u16 = 0xCFC;
/// Bit 31 of the address: a configuration cycle.
const ENABLE: u32 = 1 << 31;

/// Offsets in a configuration space [PCI, "Configuration Space Header"].
pub(crate) mod register {
    pub(crate) const ID: u8 = 0x00;
    pub(crate) const COMMAND: u8 = 0x04;
    pub(crate) const CLASS: u8 = 0x08;
    pub(crate) const LATENCY: u8 = 0x0D;
    pub(crate) const HEADER_TYPE: u8 = 0x0E;
    pub(crate) const INTERRUPT_LINE: u8 = 0x3C;
    pub(crate) const INTERRUPT_PIN: u8 = 0x3D;
}

/// The wires that PIRQA to PIRQD are led to.
pub(crate) const PIRQ_WIRES: [u8; 4] = [10, 11, 10, 11];
/// Those wires as a set: nothing else uses them.
pub(crate) const EXCLUSIVE: u16 = 0x0C00;
/// PIRQRC[A] of the ISA bridge; the others follow [PIIX3, "PIRQ Route Control Registers"].
pub(crate) const PIRQ_ROUTE: u8 = 0x60;
/// The ISA bridge.
pub(crate) const ISA_BRIDGE: Function = Function { device: 1, function: 0 };

/// A function on bus 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) device: u8,
    pub(crate) function: u8,
}

impl Function {
    /// Every place a function may have.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..=0xFF).map(Self::from_number)
    }

    /// By device and function number in one byte, as the PCI BIOS has it.
    pub(crate) fn from_number(number: u8) -> Self {
        Self { device: number >> 3, function: number & 7 }
    }

    pub(crate) fn number(self) -> u8 {
        self.device << 3 | self.function
    }

    fn address(self, g: &mut Guest, register: u8) {
        g.outl(CONFIG_ADDRESS, ENABLE | u32::from(self.number()) << 8 | u32::from(register & 0xFC));
    }

    /// Reads a dword of its configuration space.
    pub(crate) fn read(self, g: &mut Guest, register: u8) -> u32 {
        self.address(g, register);
        g.inl(CONFIG_DATA)
    }

    pub(crate) fn read_u8(self, g: &mut Guest, register: u8) -> u8 {
        self.address(g, register);
        g.inb(CONFIG_DATA + u16::from(register & 3))
    }

    pub(crate) fn read_u16(self, g: &mut Guest, register: u8) -> u16 {
        self.address(g, register);
        g.inw(CONFIG_DATA + u16::from(register & 2))
    }

    pub(crate) fn write(self, g: &mut Guest, register: u8, value: u32) {
        self.address(g, register);
        g.outl(CONFIG_DATA, value);
    }

    pub(crate) fn write_u8(self, g: &mut Guest, register: u8, value: u8) {
        self.address(g, register);
        g.outb(CONFIG_DATA + u16::from(register & 3), value);
    }

    pub(crate) fn write_u16(self, g: &mut Guest, register: u8, value: u16) {
        self.address(g, register);
        g.outw(CONFIG_DATA + u16::from(register & 2), value);
    }

    /// Vendor in the low half, device in the high one; `None` where nothing answers.
    pub(crate) fn id(self, g: &mut Guest) -> Option<u32> {
        Some(self.read(g, register::ID)).filter(|id| *id as u16 != 0xFFFF)
    }

    /// Base class, sub-class and programming interface.
    pub(crate) fn class(self, g: &mut Guest) -> u32 {
        self.read(g, register::CLASS) >> 8
    }
}

/// Whether the machine has a host bridge that is configured by mechanism 1.
pub(crate) fn is_present(g: &mut Guest) -> bool {
    g.outl(CONFIG_ADDRESS, ENABLE);
    g.inl(CONFIG_ADDRESS) == ENABLE && Function::from_number(0).id(g).is_some()
}

/// The functions that answer. Other functions than 0 are looked for only where the header says there are some.
pub(crate) fn functions(g: &mut Guest) -> Vec<Function> {
    let mut found = Vec::new();
    for device in 0..32 {
        let first = Function { device, function: 0 };
        if first.id(g).is_none() {
            continue;
        }
        let last = if first.read_u8(g, register::HEADER_TYPE) & 0x80 != 0 { 7 } else { 0 };
        found.extend((0..=last).map(|function| Function { device, function }).filter(|f| f.id(g).is_some()));
    }
    found
}

/// The IDE interface, on a machine that has it as a PCI function.
pub(crate) fn ide_function(g: &mut Guest) -> Option<Function> {
    Function::all().find(|function| function.read(g, register::CLASS) >> 16 == 0x0101)
}

/// Which of PIRQA to PIRQD (0 to 3) a pin, 1 to 4, of a device leads to: INTA of device 1 is PIRQA, and each device's
/// wires are those of the one before, moved by one.
pub(crate) fn pirq(device: u8, pin: u8) -> u8 {
    device.wrapping_add(pin).wrapping_sub(2) & 3
}

/// Leads a PIRQ to a wire and makes that wire level-triggered [PIIX3, "Edge/Level Control Registers"].
pub(crate) fn route(g: &mut Guest, pirq: u8, irq: u8) {
    ISA_BRIDGE.write_u8(g, PIRQ_ROUTE + (pirq & 3), irq);
    level_triggered(g, irq);
}

/// Makes a wire level-triggered.
pub(crate) fn level_triggered(g: &mut Guest, irq: u8) {
    let port = 0x4D0 + u16::from(irq >> 3 & 1);
    let levels = g.inb(port);
    g.outb(port, levels | 1 << (irq & 7));
}

#[cfg(test)]
#[path = "pci/tests.rs"]
mod tests;
