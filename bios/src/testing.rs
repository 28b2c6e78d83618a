//! A machine of memory and remembered ports.

use crate::bda;
use crate::guest::Guest;
use ringzero_bus::{
    FirmwareFault, FirmwareRegs, FirmwareView, LinAddr, PhysAddr, Port, SystemRequest, VTime, Width,
};
use std::collections::{BTreeMap, VecDeque};

/// A PCI function: its registers, and the bits of them that can be written.
type FakeFunction = ([u8; 256], [u8; 256]);

/// 1 MiB of memory; ports answer what was queued, else what was set, else ones; those of PCI answer where it is.
pub(crate) struct FakeMachine {
    pub(crate) regs: FirmwareRegs,
    pub(crate) memory: Vec<u8>,
    pub(crate) writes: Vec<(u16, u8)>,
    pub(crate) fixed: BTreeMap<u16, u8>,
    pub(crate) queued: BTreeMap<u16, VecDeque<u8>>,
    pub(crate) now: VTime,
    pub(crate) ram_size: u64,
    /// By number of the function.
    pci: BTreeMap<u8, FakeFunction>,
    config_address: u32,
}

impl FakeMachine {
    /// Stack at 3000:1000, data areas as POST leaves them.
    pub(crate) fn with_bda() -> Self {
        let regs = FirmwareRegs { ss: 0x3000, esp: 0x1000, cs: 0xF000, ..FirmwareRegs::default() };
        let mut machine = Self {
            regs,
            memory: vec![0; 1 << 20],
            writes: Vec::new(),
            fixed: BTreeMap::new(),
            queued: BTreeMap::new(),
            now: VTime(0),
            ram_size: 16 << 20,
            pci: BTreeMap::new(),
            config_address: 0,
        };
        let mut g = machine.guest();
        g.set_bda16(bda::EBDA_SEGMENT, 0x9FC0).unwrap();
        g.set_bda16(bda::KEY_BUFFER_START, 0x1E).unwrap();
        g.set_bda16(bda::KEY_BUFFER_END, 0x3E).unwrap();
        g.set_bda16(bda::KEY_HEAD, 0x1E).unwrap();
        g.set_bda16(bda::KEY_TAIL, 0x1E).unwrap();
        machine
    }

    /// The same with a host bridge, the PIIX3's ISA bridge and IDE interface, the PIIX4's power management, a VGA.
    pub(crate) fn with_pci() -> Self {
        let mut machine = Self::with_bda();
        let functions = [
            (0x00, 0x1237_8086u32, 0x060000u32),
            (0x08, 0x7000_8086, 0x060100),
            (0x09, 0x7010_8086, 0x010180),
            (0x0B, 0x7113_8086, 0x068000),
            (0x10, 0x1111_1234, 0x030000),
        ];
        for (number, id, class) in functions {
            let (mut space, mut writable) = ([0; 256], [0; 256]);
            space[..4].copy_from_slice(&id.to_le_bytes());
            space[8..12].copy_from_slice(&(class << 8).to_le_bytes());
            (writable[4], writable[0x3C]) = (0x07, 0xFF);
            machine.pci.insert(number, (space, writable));
        }
        // Function, register, value, and the bits that can be written.
        let registers = [
            (0x00, 0x59, 0, 0x30),
            (0x08, 0x0E, 0x80, 0),
            (0x08, 0x60, 0x80, 0x8F),
            (0x08, 0x61, 0x80, 0x8F),
            (0x08, 0x62, 0x80, 0x8F),
            (0x08, 0x63, 0x80, 0x8F),
            (0x09, 0x20, 0x01, 0xF0),
            (0x09, 0x21, 0, 0xFF),
            (0x09, 0x22, 0, 0xFF),
            (0x09, 0x23, 0, 0xFF),
            (0x09, 0x41, 0, 0xFF),
            (0x09, 0x43, 0, 0xFF),
            (0x0B, 0x3D, 1, 0),
            (0x0B, 0x40, 0x01, 0xC0),
            (0x0B, 0x41, 0, 0xFF),
            (0x0B, 0x80, 0, 0xFF),
            (0x0B, 0x90, 0x01, 0xF0),
            (0x0B, 0x91, 0, 0xFF),
            (0x0B, 0xD2, 0, 0xFF),
            (0x10, 0x31, 0, 0x80),
            (0x10, 0x32, 0, 0xFF),
            (0x10, 0x33, 0, 0xFF),
        ];
        for (number, at, value, mask) in registers {
            let function = machine.pci.get_mut(&number).unwrap();
            (function.0[at], function.1[at]) = (value, mask);
        }
        machine
    }

    /// The configuration space of a function, which must exist.
    pub(crate) fn config(&self, number: u8) -> &[u8] {
        &self.pci[&number].0
    }

    /// The function and register that a byte of CONFDATA is.
    fn config_place(&mut self, port: u16, n: u32) -> Option<(&mut FakeFunction, usize)> {
        let (address, offset) = (self.config_address, usize::from(port - 0xCFC) + n as usize);
        let function = (address >> 16 == 0x8000).then_some((address >> 8) as u8)?;
        Some((self.pci.get_mut(&function)?, (address as u8 & 0xFC) as usize + offset))
    }

    fn read_config(&mut self, port: u16, width: Width) -> u32 {
        (0..width.bytes()).fold(0, |value, n| {
            let byte = self.config_place(port, n).map_or(0xFF, |(f, at)| f.0[at]);
            value | u32::from(byte) << (8 * n)
        })
    }

    fn write_config(&mut self, port: u16, width: Width, value: u32) {
        for n in 0..width.bytes() {
            if let Some(((space, writable), at)) = self.config_place(port, n) {
                space[at] = space[at] & !writable[at] | (value >> (8 * n)) as u8 & writable[at];
            }
        }
    }

    pub(crate) fn guest(&mut self) -> Guest<'_> {
        Guest::new(self)
    }

    /// FLAGS as the caller will find them.
    pub(crate) fn caller_flags(&self) -> u16 {
        u16::from_le_bytes([self.memory[0x31004], self.memory[0x31005]])
    }

    pub(crate) fn wrote(&self, port: u16) -> Vec<u8> {
        self.writes.iter().filter(|w| w.0 == port).map(|w| w.1).collect()
    }
}

impl FirmwareView for FakeMachine {
    fn regs(&mut self) -> &mut FirmwareRegs {
        &mut self.regs
    }
    fn read(&mut self, addr: LinAddr, out: &mut [u8]) -> Result<(), FirmwareFault> {
        for (n, byte) in out.iter_mut().enumerate() {
            *byte = self.memory.get(addr.0 as usize + n).copied().unwrap_or(0xFF);
        }
        Ok(())
    }
    fn write(&mut self, addr: LinAddr, data: &[u8]) -> Result<(), FirmwareFault> {
        for (n, byte) in data.iter().enumerate() {
            if let Some(cell) = self.memory.get_mut(addr.0 as usize + n) {
                *cell = *byte;
            }
        }
        Ok(())
    }
    fn check_write(&mut self, _addr: LinAddr, _len: usize) -> Result<(), FirmwareFault> {
        Ok(())
    }
    fn read_phys(&mut self, addr: PhysAddr, out: &mut [u8]) {
        self.read(LinAddr(addr.0), out).unwrap();
    }
    fn write_phys(&mut self, addr: PhysAddr, data: &[u8]) {
        self.write(LinAddr(addr.0), data).unwrap();
    }
    fn pio_read(&mut self, port: Port, width: Width) -> u32 {
        match port.0 {
            0xCF8 if !self.pci.is_empty() => return self.config_address,
            0xCFC..=0xCFF if !self.pci.is_empty() => return self.read_config(port.0, width),
            _ => {}
        }
        let queued = self.queued.get_mut(&port.0).and_then(VecDeque::pop_front);
        u32::from(queued.or_else(|| self.fixed.get(&port.0).copied()).unwrap_or(0xFF))
    }
    fn pio_write(&mut self, port: Port, width: Width, value: u32) {
        match port.0 {
            0xCF8 => self.config_address = value,
            0xCFC..=0xCFF => self.write_config(port.0, width, value),
            _ => {}
        }
        self.writes.push((port.0, value as u8));
    }
    fn now(&self) -> VTime {
        self.now
    }
    fn ram_size(&self) -> u64 {
        self.ram_size
    }
    fn request(&mut self, _request: SystemRequest) {}
}
