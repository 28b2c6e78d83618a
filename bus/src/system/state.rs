//! The bus's part of a snapshot, and the devices' sections gathered.

use super::{Accesses, SystemBus};
use crate::ram::{PAGE_SIZE, RamOffset};
use crate::snapshot::{Section, SnapshotError};
use crate::time::TimeBase;
use crate::wires::Aperture;
use serde::{Deserialize, Serialize};

/// The part of the bus's own state that a snapshot carries.
#[derive(Serialize, Deserialize)]
struct BusState {
    count: u64,
    time: TimeBase,
    sched: crate::Scheduler,
    irqs: crate::IrqLines,
    wires: crate::Wires,
    accesses: Accesses,
    pci: Vec<Vec<u8>>,
}

impl SystemBus {
    /// The bus's own section and one per device.
    pub fn save(&self) -> Result<Vec<Section>, SnapshotError> {
        let state = BusState {
            count: self.count,
            time: self.time,
            sched: self.fabric.sched.clone(),
            irqs: self.fabric.irqs.clone(),
            wires: self.fabric.wires.clone(),
            accesses: self.accesses,
            pci: self.fabric.pci.state(),
        };
        let mut sections = vec![Section::encode("bus", 4, &state)?];
        for section in self.pic.iter().map(|d| d.save()) {
            sections.push(section?);
        }
        for section in self.dma.iter().map(|d| d.save()) {
            sections.push(section?);
        }
        for section in self.io_apic.iter().map(|d| d.save()) {
            sections.push(section?);
        }
        for device in &self.devices {
            sections.push(device.save()?);
        }
        for apic in &self.local {
            sections.push(apic.save()?);
        }
        Ok(sections)
    }

    /// Takes over sections made by [`SystemBus::save`] on a machine of the same configuration.
    ///
    /// On an error the bus is as it was: what had been loaded is put back.
    pub fn load(&mut self, sections: &[Section]) -> Result<(), SnapshotError> {
        let before = self.save()?;
        let result = self.load_unguarded(sections);
        if result.is_err() {
            self.load_unguarded(&before).expect("a state just saved loads");
        }
        result
    }

    fn is_video_memory(&self, aperture: Aperture) -> bool {
        let Aperture { first, last, at } = aperture;
        let aligned = (first | at.0) % PAGE_SIZE as u64 == 0;
        let end = at.0.checked_add(last.saturating_sub(first)).map(RamOffset);
        let inside = |end: RamOffset| [at, end].iter().all(|offset| self.fabric.ram.is_video(offset.page()));
        aligned && first <= last && end.is_some_and(inside)
    }

    fn load_unguarded(&mut self, sections: &[Section]) -> Result<(), SnapshotError> {
        let find = |name: &str| {
            sections
                .iter()
                .find(|s| s.name() == name)
                .ok_or_else(|| SnapshotError::WrongSection { wanted: name.to_owned(), found: String::new() })
        };
        let mut result = Ok(());
        self.each_device(|device, _| {
            if result.is_ok() {
                result = find(device.name()).and_then(|section| device.load(section));
            }
        });
        result?;
        let state: BusState = find("bus")?.decode("bus", 4)?;
        let wiring = SnapshotError::OutOfRange { section: "bus", what: "wiring" };
        if !self.fabric.sched.restore(state.sched)
            || !self.fabric.irqs.restore(state.irqs)
            || !self.fabric.pci.restore(&state.pci)
            || !state.wires.aperture.is_none_or(|aperture| self.is_video_memory(aperture))
        {
            return Err(wiring);
        }
        self.map_functions();
        self.count = state.count;
        self.fabric.wires = state.wires;
        self.time = state.time;
        self.accesses = state.accesses;
        self.map_local();
        self.settle();
        Ok(())
    }
}
