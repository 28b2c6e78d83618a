//! PCI functions on the bus: who owns them, where their registers put them, what they hear of writes.

use super::{SystemBus, Wiring};
use crate::device::{Device, Fabric};
use crate::map::{AttachError, DeviceId, MemoryKind, MemoryRegion, PortRange, PortRegion};
use crate::pci::{ConfigSpace, MemoryBar, PciAddress, PciFunction, PciFunctionId, PortBar, RomBar};
use crate::ram::RamOffset;
use crate::types::Port;
use crate::wires::PciIntPin;
use std::any::Any;

/// The device behind a function.
#[derive(Clone)]
pub(super) struct Owner {
    device: DeviceId,
    address: PciAddress,
    notify: fn(&mut dyn Device, &mut Fabric, PciFunctionId, u8),
    /// Its base registers for ports, and the port regions they move.
    ports: Vec<(PortBar, u16)>,
    /// Its base registers for memory, and what answers there.
    memory: Vec<(MemoryDecoder, MemoryKind)>,
}

/// What puts memory of a function on the bus.
#[derive(Clone, Copy)]
enum MemoryDecoder {
    Bar(MemoryBar),
    Rom(RomBar),
}

fn notify<T: PciFunction>(device: &mut dyn Device, fabric: &mut Fabric, id: PciFunctionId, offset: u8) {
    let device: &mut dyn Any = device;
    let device: &mut T = device.downcast_mut().expect("a function belongs to the device that attached it");
    device.config_written(fabric, id, offset);
}

impl Wiring<'_> {
    /// Puts a function of the device under construction on the PCI bus. Each of `bars` is the device's next port
    /// region; it answers where software puts it, except at ports that are claimed for good.
    pub fn pci_function<T: PciFunction>(
        &mut self,
        address: PciAddress,
        space: ConfigSpace,
        bars: &[PortBar],
    ) -> Result<PciFunctionId, AttachError> {
        if let Some(other) = self.bus.fabric.pci.find(address) {
            let owner = self.bus.name_of(self.bus.pci_owners[usize::from(other.0)].device);
            return Err(AttachError::PciConflict { device: self.name, address, owner });
        }
        let id = self.bus.fabric.pci.add(address, space);
        let mut ports = Vec::new();
        for &bar in bars {
            bar.put(&mut self.bus.fabric.pci, id);
            let nowhere = PortRange { first: Port(0), last: Port(0) };
            let region =
                PortRegion { device: self.id, region: self.port_regions, range: nowhere, widest: bar.widest };
            ports.push((bar, self.bus.ports.add_movable(region)));
            self.port_regions += 1;
        }
        let (device, memory) = (self.id, Vec::new());
        self.bus.pci_owners.push(Owner { device, address, notify: notify::<T>, ports, memory });
        Ok(id)
    }

    /// Gives a function of the device a memory base address register: the device's next memory region, whose number
    /// this is. Where it lies over RAM or over addresses claimed for good, those answer; where functions overlap, the
    /// one with the lowest number does.
    pub fn pci_memory(&mut self, function: PciFunctionId, bar: MemoryBar) -> u8 {
        bar.put(&mut self.bus.fabric.pci, function);
        let region = self.memory_regions;
        self.memory_regions += 1;
        let what = MemoryKind::Device { device: self.id, region };
        self.bus.pci_owners[usize::from(function.0)].memory.push((MemoryDecoder::Bar(bar), what));
        region
    }

    /// Gives a function of the device a memory base address register behind which video memory lies, from `at` on, without
    /// the device being asked.
    pub fn pci_video_memory(&mut self, function: PciFunctionId, bar: MemoryBar, at: RamOffset) {
        bar.put(&mut self.bus.fabric.pci, function);
        let what = MemoryKind::Video { at };
        self.bus.pci_owners[usize::from(function.0)].memory.push((MemoryDecoder::Bar(bar), what));
    }

    /// Gives a function of the device an expansion ROM, padded with FFh to a power of two. Stores to it are dropped.
    /// It shows while its register enables it and, with `by_command`, the command register enables memory.
    pub fn pci_rom(&mut self, function: PciFunctionId, image: &[u8], by_command: bool) {
        let bar = RomBar::holding(image.len(), by_command);
        bar.put(&mut self.bus.fabric.pci, function);
        let mut bytes = image.to_vec();
        bytes.resize(bar.size() as usize, 0xFF);
        let what = MemoryKind::Rom { at: self.bus.fabric.ram.add_rom(&bytes) };
        self.bus.pci_owners[usize::from(function.0)].memory.push((MemoryDecoder::Rom(bar), what));
    }

    /// The interrupt pin of a function, 1 to 4 for INTA to INTD.
    pub fn pci_interrupt(&mut self, function: PciFunctionId, pin: u8) -> PciIntPin {
        let slot = self.bus.fabric.pci.address(function).device;
        self.bus.fabric.irqs.add_pci_pin(slot, pin)
    }
}

impl SystemBus {
    /// Tells devices what software wrote into their configuration spaces, then moves what these registers place.
    pub(super) fn tell_functions(&mut self) {
        for (id, offset) in self.fabric.pci.take_written() {
            let Some(&Owner { device, notify, .. }) = self.pci_owners.get(usize::from(id.0)) else {
                continue;
            };
            if let Some((device, fabric)) = self.parts(device) {
                notify(device, fabric, id, offset);
            }
        }
        self.map_functions();
    }

    /// Puts every function where its base registers say: a pure function of them.
    pub(super) fn map_functions(&mut self) {
        let numbers = self.pci_owners.iter().flat_map(|owner| owner.ports.iter().map(|&(_, number)| number));
        numbers.for_each(|number| self.ports.release(number));
        let mut memory = Vec::new();
        let mut owners: Vec<_> = (0..).map(PciFunctionId).zip(&self.pci_owners).collect();
        owners.sort_by_key(|(_, owner)| owner.address);
        for (id, owner) in owners {
            for &(bar, number) in &owner.ports {
                if let Some(first) = self.fabric.pci.port_base(id, bar) {
                    self.ports.move_to(number, first, bar.ports);
                }
            }
            memory.extend(owner.memory.iter().filter_map(|&(decoder, what)| {
                let (base, size) = match decoder {
                    MemoryDecoder::Bar(bar) => (self.fabric.pci.memory_base(id, bar)?, bar.len()),
                    MemoryDecoder::Rom(rom) => (self.fabric.pci.rom_base(id, rom)?, rom.size()),
                };
                let first = u64::from(base);
                Some(MemoryRegion { first, last: first + u64::from(size) - 1, what })
            }));
        }
        if self.memory.move_functions(memory) {
            self.map_generation += 1;
            self.attention = true;
        }
    }
}
