//! The pvpanic device: a port by which a guest tells that it has panicked [QEMU, "PVPANIC DEVICE"].
//!
//! *Modelled*: the ISA port; events "panicked" and "crash loaded". A panic asks the machine to end.
//! *Not modelled*: the PCI variant.

use ringzero_bus::{Device, Fabric, ForkError, PortAccess, Section, SnapshotError, SystemRequest};

/// The port where guests look for it.
pub const PORT: u16 = 0x505;

/// Events that a write tells of and a read offers.
mod event {
    /// The guest has panicked.
    pub(super) const PANICKED: u32 = 1 << 0;
    /// The guest has panicked and will see to itself: its crash kernel runs.
    pub(super) const CRASH_LOADED: u32 = 1 << 1;
}

/// The port.
#[derive(Clone, Debug, Default)]
pub struct PvPanic;

impl Device for PvPanic {
    fn name(&self) -> &'static str {
        "pvpanic"
    }
    fn reset(&mut self, _fabric: &mut Fabric) {}
    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }
    fn pio_read(&mut self, _fabric: &mut Fabric, _access: PortAccess) -> u32 {
        event::PANICKED | event::CRASH_LOADED
    }
    fn pio_write(&mut self, fabric: &mut Fabric, _access: PortAccess, value: u32) {
        if value & event::PANICKED != 0 {
            fabric.wires.ask(SystemRequest::Panicked);
        }
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
    use ringzero_bus::Width;

    fn request(value: u32) -> Option<SystemRequest> {
        let mut fabric = Fabric::new(0);
        let access = PortAccess { region: 0, offset: 0, width: Width::Byte };
        PvPanic.pio_write(&mut fabric, access, value);
        fabric.wires.request
    }

    #[test]
    fn only_a_panic_ends_the_machine() {
        assert_eq!(request(event::PANICKED), Some(SystemRequest::Panicked));
        assert_eq!(request(event::CRASH_LOADED), None);
    }
}
