//! A machine of memory and remembered ports.

use crate::bda;
use crate::guest::Guest;
use ringzero_bus::{
    FirmwareFault, FirmwareRegs, FirmwareView, LinAddr, PhysAddr, Port, SystemRequest, VTime, Width,
};
use std::collections::{BTreeMap, VecDeque};

/// 1 MiB of memory; ports answer what was queued, else what was set, else ones.
pub(crate) struct FakeMachine {
    pub(crate) regs: FirmwareRegs,
    pub(crate) memory: Vec<u8>,
    pub(crate) writes: Vec<(u16, u8)>,
    pub(crate) fixed: BTreeMap<u16, u8>,
    pub(crate) queued: BTreeMap<u16, VecDeque<u8>>,
    pub(crate) now: VTime,
    pub(crate) ram_size: u64,
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
        };
        let mut g = machine.guest();
        g.set_bda16(bda::EBDA_SEGMENT, 0x9FC0).unwrap();
        g.set_bda16(bda::KEY_BUFFER_START, 0x1E).unwrap();
        g.set_bda16(bda::KEY_BUFFER_END, 0x3E).unwrap();
        g.set_bda16(bda::KEY_HEAD, 0x1E).unwrap();
        g.set_bda16(bda::KEY_TAIL, 0x1E).unwrap();
        machine
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
    fn pio_read(&mut self, port: Port, _width: Width) -> u32 {
        let queued = self.queued.get_mut(&port.0).and_then(VecDeque::pop_front);
        u32::from(queued.or_else(|| self.fixed.get(&port.0).copied()).unwrap_or(0xFF))
    }
    fn pio_write(&mut self, port: Port, _width: Width, value: u32) {
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
