//! The coprocessor's error logic: FERR# to IRQ 13, and the ports that clear it [PIIX3, "Coprocessor Error Register"].
//!
//! *Modelled*: IRQ 13 while FERR# is low and IGNNE# high; a write to F0h drives IGNNE# until FERR# rises.
//! *Not modelled*: F1h resets the 80287 of a PC/AT; here it does what F0h does.

use ringzero_bus::{Device, Fabric, ForkError, IrqPin, PortAccess, Section, SnapshotError};

/// Ports F0h and F1h, one region.
#[derive(Clone, Debug)]
pub struct Coprocessor {
    irq: IrqPin,
}

impl Coprocessor {
    /// The logic that drives `irq`.
    pub fn new(irq: IrqPin) -> Self {
        Self { irq }
    }
}

impl Device for Coprocessor {
    fn name(&self) -> &'static str {
        "coprocessor"
    }
    fn reset(&mut self, fabric: &mut Fabric) {
        fabric.irqs.set(self.irq, false);
    }
    fn pio_write(&mut self, fabric: &mut Fabric, _access: PortAccess, _value: u32) {
        fabric.wires.ignne = fabric.wires.ferr;
        fabric.irqs.set(self.irq, fabric.wires.coprocessor_error());
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

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_bus::{Irq, Width};

    #[test]
    fn a_write_to_f0_clears_the_request_until_the_next_error() {
        let mut fabric = Fabric::new(0);
        let irq = fabric.irqs.add_pin(Irq(13));
        let mut coprocessor = Coprocessor::new(irq);
        fabric.wires.ferr = true;
        fabric.irqs.set(irq, true);
        let access = PortAccess { region: 0, offset: 0, width: Width::Byte };
        coprocessor.pio_write(&mut fabric, access, 0);
        assert!(fabric.wires.ignne);
        assert!(!fabric.irqs.level(Irq(13)));
    }

    #[test]
    fn without_an_error_there_is_nothing_to_ignore() {
        let mut fabric = Fabric::new(0);
        let irq = fabric.irqs.add_pin(Irq(13));
        let access = PortAccess { region: 0, offset: 0, width: Width::Byte };
        Coprocessor::new(irq).pio_write(&mut fabric, access, 0);
        assert!(!fabric.wires.ignne);
    }
}
