//! Debug exit: a port whose write ends the run, with the semantics of QEMU's `isa-debug-exit`.
//!
//! *Modelled*: a write of any width asks the machine to exit with the value; reads give 0.
//! *Not modelled*: the exit code; the machine makes it of the value.

use ringzero_bus::{Device, Fabric, ForkError, PortAccess, Section, SnapshotError, SystemRequest};

/// The ports, one region.
#[derive(Clone, Debug, Default)]
pub struct DebugExit;

impl Device for DebugExit {
    fn name(&self) -> &'static str {
        "debug_exit"
    }
    fn reset(&mut self, _fabric: &mut Fabric) {}
    fn pio_read(&mut self, _fabric: &mut Fabric, _access: PortAccess) -> u32 {
        0
    }
    fn pio_write(&mut self, fabric: &mut Fabric, _access: PortAccess, value: u32) {
        fabric.wires.ask(SystemRequest::DebugExit(value));
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
    use ringzero_bus::Width;

    #[test]
    fn a_write_asks_for_the_exit() {
        let mut fabric = Fabric::new(0);
        let access = PortAccess { region: 0, offset: 0, width: Width::Dword };
        DebugExit.pio_write(&mut fabric, access, 0x10);
        assert_eq!(fabric.wires.request, Some(SystemRequest::DebugExit(0x10)));
    }
}
