//! Fakes for tests of chips and of the CPU.

use crate::device::{Device, Fabric, ForkError, InterruptController, PortAccess};
use crate::snapshot::{Section, SnapshotError};
use crate::types::{Irq, Port, Vector, Width};

/// Answers every port with ones and records what was written and read, byte by byte.
#[derive(Clone, Debug, Default)]
pub struct PortRecorder {
    /// (is a write, port, value) per byte, in order.
    pub log: Vec<(bool, Port, u8)>,
}

impl PortRecorder {
    fn record(&mut self, write: bool, access: PortAccess, value: u32) {
        for n in 0..access.width.bytes() as u16 {
            self.log.push((write, Port(access.offset.wrapping_add(n)), (value >> (8 * n)) as u8));
        }
    }
}

impl Device for PortRecorder {
    fn name(&self) -> &'static str {
        "port recorder"
    }
    fn reset(&mut self, _fabric: &mut Fabric) {
        self.log.clear();
    }
    fn pio_read(&mut self, _fabric: &mut Fabric, access: PortAccess) -> u32 {
        self.record(false, access, Width::Dword.open_bus());
        access.width.open_bus()
    }
    fn pio_write(&mut self, _fabric: &mut Fabric, access: PortAccess, value: u32) {
        self.record(true, access, value);
    }
    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }
    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &())
    }
    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        section.decode(self.name(), 1)
    }
}

/// An interrupt controller without priorities: the lowest raised wire wins and its vector is 20h + IRQ.
#[derive(Clone, Debug, Default)]
pub struct SimplePic {
    pending: u16,
}

impl Device for SimplePic {
    fn name(&self) -> &'static str {
        "simple pic"
    }
    fn reset(&mut self, _fabric: &mut Fabric) {
        self.pending = 0;
    }
    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }
    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.pending)
    }
    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        self.pending = section.decode(self.name(), 1)?;
        Ok(())
    }
}

impl InterruptController for SimplePic {
    fn fork_controller(&self) -> Box<dyn InterruptController> {
        Box::new(self.clone())
    }
    fn set_line(&mut self, irq: Irq, level: bool) {
        if level {
            self.pending |= 1 << irq.0;
        }
    }
    fn intr(&self) -> bool {
        self.pending != 0
    }
    fn acknowledge(&mut self) -> Vector {
        let irq = self.pending.trailing_zeros().min(15) as u8;
        self.pending &= !(1 << irq);
        Vector(0x20 + irq)
    }
}
