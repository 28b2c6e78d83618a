//! The firmware configuration device of QEMU: named and numbered items that firmware reads.
//!
//! Source: QEMU, docs/specs/fw_cfg, keyed \[fw_cfg\].
//!
//! *Modelled*: selector and data port, the DMA interface for reading, skipping and selecting, signature, revision and
//! directory of files.
//!
//! *Not modelled*: items that can be written (a write ends in an error, as for QEMU's read-only items). A DMA transfer
//! that goes beyond its item's end by more than 16 MiB ends in an error, where QEMU fills all of it with zeros.

use ringzero_bus::{Device, Fabric, ForkError, PhysAddr, PortAccess, Section, SnapshotError, Width};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Selector and data port.
pub const PORTS: std::ops::RangeInclusive<u16> = 0x510..=0x511;
/// The DMA address register, big-endian.
pub const DMA_PORTS: std::ops::RangeInclusive<u16> = 0x514..=0x51B;

/// Keys of items that every device has [fw_cfg, "Firmware Configuration Items"].
pub mod key {
    /// "QEMU".
    pub const SIGNATURE: u16 = 0x00;
    /// Bit 0: the ports are there; bit 1: DMA is.
    pub const ID: u16 = 0x01;
    /// The directory of files.
    pub const FILE_DIR: u16 = 0x19;
    /// Where files begin.
    pub const FIRST_FILE: u16 = 0x20;
    /// Set in keys of items that only a PC has.
    pub const ARCH_LOCAL: u16 = 0x8000;
}

/// Set in a key to write the item; the rest of the key names it.
const WRITE_CHANNEL: u16 = 0x4000;
/// What the DMA address register reads.
const DMA_SIGNATURE: [u8; 8] = *b"QEMU CFG";
/// Longest file name with its closing zero.
const NAME_SIZE: usize = 56;
/// Zeros that a transfer may get from behind an item's end: what the host writes in a few milliseconds.
pub const MOST_ZEROS: u32 = 16 << 20;

/// Bits of the control field [fw_cfg, "Guest-side DMA Interface"].
mod control {
    pub(super) const ERROR: u32 = 0x01;
    pub(super) const READ: u32 = 0x02;
    pub(super) const SKIP: u32 = 0x04;
    pub(super) const SELECT: u32 = 0x08;
    pub(super) const WRITE: u32 = 0x10;
}

/// Something for firmware to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FwCfgItem {
    /// An item with a number of its own.
    Key(u16, Arc<[u8]>),
    /// A file, which the directory names.
    File {
        /// Its path, at most 55 bytes.
        name: String,
        /// Its contents.
        data: Arc<[u8]>,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    selected: u16,
    /// Next byte of the item; never beyond its end.
    offset: u32,
    /// High half of the DMA address.
    dma_high: u32,
}

/// What a transfer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Read,
    Write,
    Skip,
    /// Only to select.
    None,
}

impl Operation {
    fn decode(control: u32) -> Self {
        match control {
            c if c & control::READ != 0 => Self::Read,
            c if c & control::WRITE != 0 => Self::Write,
            c if c & control::SKIP != 0 => Self::Skip,
            _ => Self::None,
        }
    }
}

/// The device. Port regions: [`PORTS`], [`DMA_PORTS`].
#[derive(Clone, Debug)]
pub struct FwCfg {
    state: State,
    items: BTreeMap<u16, Arc<[u8]>>,
}

impl FwCfg {
    /// A device with these items. Of two with the same key or name the later one counts.
    pub fn new(items: Vec<FwCfgItem>) -> Self {
        let mut keys: BTreeMap<u16, Arc<[u8]>> = BTreeMap::new();
        let mut files: BTreeMap<String, Arc<[u8]>> = BTreeMap::new();
        for item in items {
            match item {
                FwCfgItem::Key(key, data) => drop(keys.insert(key & !WRITE_CHANNEL, data)),
                FwCfgItem::File { name, data } => drop(files.insert(name, data)),
            }
        }
        let mut directory = (files.len() as u32).to_be_bytes().to_vec();
        for ((name, data), key) in files.into_iter().zip(key::FIRST_FILE..WRITE_CHANNEL) {
            directory.extend(entry(&name, data.len(), key));
            keys.insert(key, data);
        }
        keys.insert(key::SIGNATURE, (*b"QEMU").into());
        keys.insert(key::ID, 3u32.to_le_bytes().into());
        keys.insert(key::FILE_DIR, directory.into());
        Self { state: State::default(), items: keys }
    }

    fn select(&mut self, key: u16) {
        (self.state.selected, self.state.offset) = (key & !WRITE_CHANNEL, 0);
    }

    /// What is left of the selected item.
    fn rest(&self) -> &[u8] {
        let item = self.items.get(&self.state.selected).map_or(&[][..], |item| &item[..]);
        item.get(self.state.offset as usize..).unwrap_or_default()
    }

    fn read_data(&mut self) -> u8 {
        match self.rest().first() {
            Some(&byte) => {
                self.state.offset += 1;
                byte
            }
            None => 0,
        }
    }

    /// Carries out the transfer described at a physical address.
    fn transfer(&mut self, fabric: &mut Fabric, at: PhysAddr) {
        let mut descriptor = [0; 16];
        fabric.ram.read(at, &mut descriptor);
        let [c0, c1, c2, c3, l0, l1, l2, l3, address @ ..] = descriptor;
        let control = u32::from_be_bytes([c0, c1, c2, c3]);
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        let to = PhysAddr(u64::from_be_bytes(address));
        if control & control::SELECT != 0 {
            self.select((control >> 16) as u16);
        }
        let done = match Operation::decode(control) {
            Operation::Read => self.copy_out(fabric, to, length),
            Operation::Skip => {
                self.advance(length);
                true
            }
            Operation::Write => length == 0,
            Operation::None => true,
        };
        let outcome = if done { 0 } else { control::ERROR };
        fabric.ram.write(at, &outcome.to_be_bytes());
    }

    /// Copies bytes of the item to RAM, zeros behind its end; false when they do not fit.
    fn copy_out(&mut self, fabric: &mut Fabric, to: PhysAddr, length: u32) -> bool {
        let end = to.0.checked_add(u64::from(length));
        if end.is_none_or(|end| end > fabric.ram.ram_size() as u64) {
            return false;
        }
        let bytes = self.rest();
        let count = bytes.len().min(length as usize);
        let zeros = length - count as u32;
        fabric.ram.write(to, &bytes[..count]);
        fabric.ram.write(PhysAddr(to.0 + count as u64), &vec![0; zeros.min(MOST_ZEROS) as usize]);
        self.advance(length);
        zeros <= MOST_ZEROS
    }

    fn advance(&mut self, length: u32) {
        self.state.offset += self.rest().len().min(length as usize) as u32;
    }
}

/// A file's entry in the directory: size, key, nothing, name.
fn entry(name: &str, size: usize, key: u16) -> Vec<u8> {
    let mut bytes = (size as u32).to_be_bytes().to_vec();
    bytes.extend(key.to_be_bytes());
    bytes.extend([0; 2]);
    bytes.extend(name.bytes().take(NAME_SIZE - 1));
    bytes.resize(8 + NAME_SIZE, 0);
    bytes
}

impl Device for FwCfg {
    fn name(&self) -> &'static str {
        "fw_cfg"
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        self.state = State::default();
    }

    fn pio_read(&mut self, _fabric: &mut Fabric, access: PortAccess) -> u32 {
        let PortAccess { region, offset, width } = access;
        match (region, width) {
            (0, Width::Byte) => self.read_data().into(),
            (0, _) => width.open_bus(),
            _ => (0..width.bytes() as u16).fold(0, |value, n| {
                value | u32::from(DMA_SIGNATURE[usize::from((offset + n) & 7)]) << (8 * n)
            }),
        }
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        match (access.region, access.offset, access.width) {
            (0, 0, Width::Word) => self.select(value as u16),
            (1, 0, Width::Dword) => self.state.dma_high = value.swap_bytes(),
            (1, 4, Width::Dword) => {
                let high = std::mem::take(&mut self.state.dma_high);
                self.transfer(fabric, PhysAddr(u64::from(high) << 32 | u64::from(value.swap_bytes())));
            }
            _ => {}
        }
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: State = section.decode(self.name(), 1)?;
        let length = self.items.get(&state.selected).map_or(0, |item| item.len());
        if state.offset as usize > length {
            return Err(SnapshotError::OutOfRange { section: "fw_cfg", what: "offset" });
        }
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
#[path = "fw_cfg/tests.rs"]
mod tests;
