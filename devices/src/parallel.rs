//! Parallel port of a PC/AT with a printer that takes everything.
//!
//! Source: IBM PC/AT Technical Reference, "Serial/Parallel Adapter", keyed \[AT\].
//!
//! *Modelled*: data, status and control registers, strobe, busy and acknowledge, IRQ7. The interrupt request stays up
//! until the status is read or the next strobe, so that it is not lost as the bare pulse would be.
//!
//! *Not modelled*: bidirectional, EPP and ECP modes; paper.

use crate::queue::OutputQueue;
use ringzero_bus::{Device, EventSlot, Fabric, ForkError, IrqPin, PortAccess, Section, SnapshotError, VTime};
use serde::{Deserialize, Serialize};

/// Control register bits.
const STROBE: u8 = 0x01;
const INIT: u8 = 0x04;
const SELECT_IN: u8 = 0x08;
const IRQ_ENABLE: u8 = 0x10;
/// Status register: not busy, not acknowledging, selected, no error, and the unused low bits.
const NOT_BUSY: u8 = 0x80;
const NOT_ACK: u8 = 0x40;
const SELECTED: u8 = 0x10;
const NO_ERROR: u8 = 0x08;
const UNUSED: u8 = 0x07;
/// The printer takes a byte in this time.
const BUSY_NS: u64 = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ParallelState {
    data: u8,
    control: u8,
    busy: bool,
    irq: bool,
}

/// The port. Region 0 is data, status, control.
#[derive(Clone, Debug)]
pub struct ParallelPort {
    name: &'static str,
    state: ParallelState,
    output: OutputQueue,
    irq: IrqPin,
    taken: EventSlot,
}

impl ParallelPort {
    /// A port called `name`; `taken` is the moment the printer has taken a byte.
    pub fn new(name: &'static str, irq: IrqPin, taken: EventSlot) -> Self {
        let state = ParallelState { data: 0, control: INIT | SELECT_IN, busy: false, irq: false };
        Self { name, state, output: OutputQueue::default(), irq, taken }
    }

    /// What was printed since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.output.take()
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        fabric.irqs.set(self.irq, self.state.irq && self.state.control & IRQ_ENABLE != 0);
    }

    fn read_status(&mut self) -> u8 {
        self.state.irq = false;
        let busy = if self.state.busy { 0 } else { NOT_BUSY };
        busy | NOT_ACK | SELECTED | NO_ERROR | UNUSED
    }

    fn write_control(&mut self, fabric: &mut Fabric, value: u8) {
        let before = std::mem::replace(&mut self.state.control, value & 0x1F);
        let strobed = before & STROBE == 0 && value & STROBE != 0;
        if strobed && !self.state.busy {
            self.output.push(self.state.data);
            self.state.busy = true;
            self.state.irq = false;
            fabric.sched.arm(self.taken, fabric.now.plus_ns(BUSY_NS));
        }
    }
}

impl Device for ParallelPort {
    fn name(&self) -> &'static str {
        self.name
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self =
            Self { output: std::mem::take(&mut self.output), ..Self::new(self.name, self.irq, self.taken) };
        fabric.sched.cancel(self.taken);
        self.update_irq(fabric);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        let value = match access.offset {
            0 => self.state.data,
            1 => self.read_status(),
            2 => 0xE0 | self.state.control,
            _ => 0xFF,
        };
        self.update_irq(fabric);
        u32::from(value)
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        match access.offset {
            0 => self.state.data = value as u8,
            2 => self.write_control(fabric, value as u8),
            _ => {}
        }
        self.update_irq(fabric);
    }

    fn on_event(&mut self, fabric: &mut Fabric, _slot: EventSlot, _deadline: VTime) {
        self.state.busy = false;
        self.state.irq = true;
        self.update_irq(fabric);
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name, 1, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        self.state = section.decode(self.name, 1)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_bus::{Irq, Width};

    #[test]
    fn a_strobe_prints_and_the_acknowledge_interrupts() {
        let mut fabric = Fabric::new(0);
        let irq = fabric.irqs.add_pin(Irq(7));
        let mut port = ParallelPort::new("lpt1", irq, EventSlot::for_test(0));
        let at = |offset| PortAccess { region: 0, offset, width: Width::Byte };
        for (offset, value) in [(0, 0x41), (2, 0x1D), (2, 0x1C)] {
            port.pio_write(&mut fabric, at(offset), value);
        }
        assert_eq!(port.pio_read(&mut fabric, at(1)) as u8 & NOT_BUSY, 0);
        port.on_event(&mut fabric, EventSlot::for_test(0), VTime(0));
        assert!(fabric.irqs.level(Irq(7)));
        assert_eq!(port.pio_read(&mut fabric, at(1)) as u8, 0xDF);
        assert!(!fabric.irqs.level(Irq(7)));
        assert_eq!(port.take_output(), b"A");
    }
}
