//! The AdLib card: an OPL2 at 388h.

use super::{Chip, Opl, OplState};
use crate::sound::Frame;
use ringzero_bus::{Device, Fabric, ForkError, PortAccess, Section, SnapshotError, VTime};

/// The card. Ports: region 0 is 388h-389h.
#[derive(Clone, Debug)]
pub struct AdLib {
    opl: Opl,
}

impl Default for AdLib {
    fn default() -> Self {
        Self { opl: Opl::new(Chip::Ym3812) }
    }
}

impl AdLib {
    /// Adds the sound at `now` to frames from `first` on.
    pub fn render(&mut self, now: VTime, first: u64, out: &mut [Frame]) {
        self.opl.render(now, first, out);
    }
}

impl Device for AdLib {
    fn name(&self) -> &'static str {
        "adlib"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.opl.reset(fabric.now);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        if access.offset & 1 == 0 { u32::from(self.opl.status(fabric.now)) } else { access.width.open_bus() }
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        self.opl.write(fabric.now, access.offset, value as u8);
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.opl.save())
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: OplState = section.decode(self.name(), 1)?;
        if !self.opl.accepts(&state) {
            return Err(SnapshotError::OutOfRange { section: "adlib", what: "synthesizer" });
        }
        self.opl.load(state);
        Ok(())
    }
}
