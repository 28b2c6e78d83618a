//! Debug console: a port that takes text, as Bochs and QEMU have at E9h.
//!
//! *Modelled*: writes go to the host; a read gives E9h, which tells a guest that the port is there.
//! *Not modelled*: anything else; there is no more.

use crate::queue::OutputQueue;
use ringzero_bus::{Device, Fabric, ForkError, PortAccess, Section, SnapshotError};

/// What a read gives.
const SIGNATURE: u32 = 0xE9;

/// The port. Region 0 is one byte wide.
#[derive(Clone, Debug, Default)]
pub struct DebugConsole {
    output: OutputQueue,
}

impl DebugConsole {
    /// An empty console.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the guest wrote since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.output.take()
    }
}

impl Device for DebugConsole {
    fn name(&self) -> &'static str {
        "debugcon"
    }
    fn reset(&mut self, _fabric: &mut Fabric) {}
    fn pio_read(&mut self, _fabric: &mut Fabric, _access: PortAccess) -> u32 {
        SIGNATURE
    }
    fn pio_write(&mut self, _fabric: &mut Fabric, _access: PortAccess, value: u32) {
        self.output.push(value as u8);
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
    fn text_goes_to_the_host_and_reads_tell_presence() {
        let (mut console, mut fabric) = (DebugConsole::new(), Fabric::new(0));
        let access = PortAccess { region: 0, offset: 0, width: Width::Byte };
        console.pio_write(&mut fabric, access, u32::from(b'!'));
        assert_eq!((console.take_output(), console.pio_read(&mut fabric, access)), (vec![b'!'], 0xE9));
        assert!(console.take_output().is_empty());
    }
}
