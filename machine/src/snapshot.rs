//! The whole guest-visible state: saved, loaded, hashed.

use crate::machine::Machine;
use ringzero_bus::ram::PAGE_SIZE;
use ringzero_bus::{RamImage, Section, SnapshotError};
use ringzero_cpu::CpuState;
use std::fmt;

/// Pages hashed at a time.
const STRETCH: usize = 16;

/// A machine's state in memory; only a machine of the same configuration can take it.
#[derive(Clone, Debug)]
pub struct Snapshot {
    sections: Vec<Section>,
    ram: RamImage,
}

/// Identity of a machine's state: CPU, RAM and chips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateHash([u8; 32]);

impl fmt::Display for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Machine {
    fn sections(&self) -> Result<Vec<Section>, SnapshotError> {
        let mut sections = self.bus.save()?;
        sections.push(Section::encode("cpu", 3, self.cpu.state())?);
        sections.push(Section::encode("idle", 1, &self.polls)?);
        Ok(sections)
    }

    /// Saves the state. Disk contents and text still to be typed are not part of it. RAM is shared with the machine
    /// until that writes it.
    pub fn save(&mut self) -> Result<Snapshot, SnapshotError> {
        Ok(Snapshot { sections: self.sections()?, ram: self.bus.ram_image() })
    }

    /// Takes over a state; on an error nothing has changed.
    pub fn load(&mut self, snapshot: &Snapshot) -> Result<(), SnapshotError> {
        let find = |name: &str| snapshot.sections.iter().find(|s| s.name() == name);
        let missing =
            |name: &str| SnapshotError::WrongSection { wanted: name.to_owned(), found: String::new() };
        let cpu: CpuState = find("cpu").ok_or_else(|| missing("cpu"))?.decode("cpu", 3)?;
        let polls = find("idle").ok_or_else(|| missing("idle"))?.decode("idle", 1)?;
        if !self.bus.fabric().ram.fits(&snapshot.ram) {
            return Err(SnapshotError::OutOfRange { section: "ram", what: "size" });
        }
        self.bus.load(&snapshot.sections)?;
        self.bus.restore_ram(&snapshot.ram);
        self.cpu.set_state(cpu);
        self.polls = polls;
        self.sound.restart(self.bus.now());
        Ok(())
    }

    /// Hashes CPU, RAM, video memory and chips.
    pub fn state_hash(&self) -> Result<StateHash, SnapshotError> {
        let mut hasher = blake3::Hasher::new();
        for section in self.sections()? {
            hasher.update(section.name().as_bytes());
            hasher.update(section.bytes());
        }
        // The hash works on much at a time faster than on a page.
        let mut stretch = Vec::with_capacity(STRETCH * PAGE_SIZE);
        let ram = &self.bus.fabric().ram;
        for page in ram.pages().chain(ram.video_pages()) {
            stretch.extend_from_slice(page);
            if stretch.len() == STRETCH * PAGE_SIZE {
                hasher.update(&stretch);
                stretch.clear();
            }
        }
        hasher.update(&stretch);
        Ok(StateHash(*hasher.finalize().as_bytes()))
    }
}
