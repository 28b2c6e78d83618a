//! PCI bus 0: the configuration space of each function, and where its base address registers put it.
//!
//! A function's registers are passive storage here, with a mask of the bits software can change, so that a host bridge
//! can reach them without knowing the device. The device hears of a change afterwards, through [`PciFunction`].

mod bar;

pub use bar::{MemoryBar, PortBar};

use crate::device::{Device, Fabric};
pub(crate) use bar::RomBar;

/// Bytes in a configuration space.
pub const CONFIG_SIZE: usize = 256;
/// Command register: the function answers at its ports [PCI, "Device Control"].
pub const COMMAND_IO: u8 = 0x01;
/// Command register: the function answers at its memory addresses.
pub const COMMAND_MEMORY: u8 = 0x02;
/// Command register: the function may be a bus master.
pub const COMMAND_MASTER: u8 = 0x04;

/// A device and a function number on bus 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PciAddress {
    /// 0 to 31.
    pub device: u8,
    /// 0 to 7.
    pub function: u8,
}

/// A function on its bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PciFunctionId(pub(crate) u16);

/// What a function's configuration space begins with [PCI, "Configuration Space Header"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PciHeader {
    /// Vendor and device.
    pub id: (u16, u16),
    /// Subsystem vendor and subsystem.
    pub subsystem: (u16, u16),
    /// Base class, sub-class, programming interface.
    pub class: [u8; 3],
    /// Revision.
    pub revision: u8,
    /// The device has further functions.
    pub multifunction: bool,
    /// 0 none, 1 to 4 for INTA to INTD.
    pub interrupt_pin: u8,
}

/// A configuration space: its registers, and the bits of them that software can set or clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSpace {
    bytes: [u8; CONFIG_SIZE],
    writable: [u8; CONFIG_SIZE],
    /// Bits that a 1 clears.
    cleared: [u8; CONFIG_SIZE],
}

impl ConfigSpace {
    /// A space with this header, whose other registers are 0 and cannot be written.
    pub fn new(header: PciHeader) -> Self {
        let mut space =
            Self { bytes: [0; CONFIG_SIZE], writable: [0; CONFIG_SIZE], cleared: [0; CONFIG_SIZE] };
        let [base, sub, interface] = header.class;
        let pairs = [
            (0x00, header.id.0),
            (0x02, header.id.1),
            (0x2C, header.subsystem.0),
            (0x2E, header.subsystem.1),
        ];
        for (at, value) in pairs {
            space.bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
        space.bytes[0x08..0x0C].copy_from_slice(&[header.revision, interface, sub, base]);
        space.bytes[0x0E] = if header.multifunction { 0x80 } else { 0 };
        space.bytes[0x3D] = header.interrupt_pin;
        if header.interrupt_pin != 0 {
            space.writable[0x3C] = 0xFF;
        }
        // The errors of the status register [PCI, "Device Status"].
        space.cleared[0x07] = 0xF9;
        space
    }

    /// Gives registers from `at` on their values after reset and the bits that can be written.
    #[must_use]
    pub fn with(mut self, at: u8, registers: &[(u8, u8)]) -> Self {
        for (n, &(value, writable)) in (usize::from(at)..CONFIG_SIZE).zip(registers) {
            (self.bytes[n], self.writable[n]) = (value, writable);
        }
        self
    }

    /// Makes four bytes at `at` a base register: `fixed` bits read as they are, `mask` bits can be written.
    fn put_base(&mut self, at: u8, fixed: u32, mask: u32) {
        let at = usize::from(at);
        self.bytes[at..at + 4].copy_from_slice(&fixed.to_le_bytes());
        self.writable[at..at + 4].copy_from_slice(&mask.to_le_bytes());
    }
}

/// A device with functions on the PCI bus.
pub trait PciFunction: Device {
    /// Software wrote a byte of a function's configuration space. The byte, or a part of it, may not have changed.
    fn config_written(&mut self, fabric: &mut Fabric, function: PciFunctionId, offset: u8);
}

#[derive(Clone, Debug)]
struct Function {
    address: PciAddress,
    initial: ConfigSpace,
    space: ConfigSpace,
}

/// The functions on bus 0.
#[derive(Clone, Debug, Default)]
pub struct PciBus {
    functions: Vec<Function>,
    written: Vec<(PciFunctionId, u8)>,
}

impl PciBus {
    pub(crate) fn add(&mut self, address: PciAddress, space: ConfigSpace) -> PciFunctionId {
        let id = u16::try_from(self.functions.len()).expect("a bus has at most 256 functions");
        self.functions.push(Function { address, initial: space.clone(), space });
        PciFunctionId(id)
    }

    /// Gives a function, which must exist, a base register.
    pub(crate) fn put_base(&mut self, function: PciFunctionId, at: u8, fixed: u32, mask: u32, command: u8) {
        let f = &mut self.functions[usize::from(function.0)];
        for space in [&mut f.initial, &mut f.space] {
            space.put_base(at, fixed, mask);
            space.writable[0x04] |= command;
        }
    }

    /// Where a function, which must exist, is.
    pub(crate) fn address(&self, function: PciFunctionId) -> PciAddress {
        self.functions[usize::from(function.0)].address
    }

    /// The function that answers there.
    pub fn find(&self, address: PciAddress) -> Option<PciFunctionId> {
        self.functions.iter().position(|f| f.address == address).map(|n| PciFunctionId(n as u16))
    }

    /// Whether there is a function.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// A byte of a function's configuration space.
    pub fn read(&self, function: PciFunctionId, offset: u8) -> u8 {
        self.functions.get(usize::from(function.0)).map_or(0xFF, |f| f.space.bytes[usize::from(offset)])
    }

    /// Writes a byte as software does: only what can be written changes, and the device hears of it.
    pub fn write(&mut self, function: PciFunctionId, offset: u8, value: u8) {
        let Some(f) = self.functions.get_mut(usize::from(function.0)) else { return };
        let n = usize::from(offset);
        let space = &mut f.space;
        let mask = space.writable[n];
        space.bytes[n] = (space.bytes[n] & !mask | value & mask) & !(value & space.cleared[n]);
        self.written.push((function, offset));
    }

    /// Sets a byte as the device does, whatever software may write there.
    pub fn set(&mut self, function: PciFunctionId, offset: u8, value: u8) {
        if let Some(f) = self.functions.get_mut(usize::from(function.0)) {
            f.space.bytes[usize::from(offset)] = value;
        }
    }

    /// Whether a function may be a bus master.
    pub fn may_master(&self, function: PciFunctionId) -> bool {
        self.read(function, 0x04) & COMMAND_MASTER != 0
    }

    fn dword(&self, function: PciFunctionId, at: u8) -> u32 {
        u32::from_le_bytes([0, 1, 2, 3].map(|n| self.read(function, at.wrapping_add(n))))
    }

    /// The first port of a base register, while the function answers at its ports.
    pub(crate) fn port_base(&self, function: PciFunctionId, bar: PortBar) -> Option<u16> {
        let base = u16::try_from(self.dword(function, bar.register) & bar.mask()).ok()?;
        let (at, bit) = bar.enable;
        (self.read(function, at) & bit != 0 && base != 0).then_some(base)
    }

    fn answers_at_memory(&self, function: PciFunctionId) -> bool {
        self.read(function, 0x04) & COMMAND_MEMORY != 0
    }

    /// The first address of a memory base register, while the function answers at its addresses.
    pub(crate) fn memory_base(&self, function: PciFunctionId, bar: MemoryBar) -> Option<u32> {
        let base = self.dword(function, bar.register()) & bar.mask();
        self.answers_at_memory(function).then_some(base)
    }

    /// The first address of a function's ROM, while it shows.
    pub(crate) fn rom_base(&self, function: PciFunctionId, rom: RomBar) -> Option<u32> {
        let register = self.dword(function, RomBar::REGISTER);
        let memory = self.answers_at_memory(function) || !rom.by_command;
        (memory && register & RomBar::ENABLE != 0).then_some(register & rom.mask())
    }

    pub(crate) fn has_written(&self) -> bool {
        !self.written.is_empty()
    }

    pub(crate) fn take_written(&mut self) -> Vec<(PciFunctionId, u8)> {
        std::mem::take(&mut self.written)
    }

    pub(crate) fn reset(&mut self) {
        self.functions.iter_mut().for_each(|f| f.space = f.initial.clone());
        self.written.clear();
    }

    pub(crate) fn state(&self) -> Vec<Vec<u8>> {
        self.functions.iter().map(|f| f.space.bytes.to_vec()).collect()
    }

    pub(crate) fn restore(&mut self, state: &[Vec<u8>]) -> bool {
        let fits =
            state.len() == self.functions.len() && state.iter().all(|bytes| bytes.len() == CONFIG_SIZE);
        if fits {
            for (f, bytes) in self.functions.iter_mut().zip(state) {
                f.space.bytes.copy_from_slice(bytes);
            }
        }
        fits
    }
}

#[cfg(test)]
#[path = "pci/tests.rs"]
mod tests;
