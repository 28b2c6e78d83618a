//! PCI functions on the bus: who owns them, where their registers put them, what they hear of writes.

use super::{SystemBus, Wiring};
use crate::device::{Device, Fabric};
use crate::map::{AttachError, DeviceId, PortRange, PortRegion};
use crate::pci::{ConfigSpace, PciAddress, PciFunction, PciFunctionId, PortBar};
use crate::types::Port;
use std::any::Any;

/// The device behind a function.
pub(super) struct Owner {
    device: DeviceId,
    notify: fn(&mut dyn Device, &mut Fabric, PciFunctionId, u8),
    /// Its base address registers and the port regions they move.
    bars: Vec<(PortBar, u16)>,
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
        let id = self.bus.fabric.pci.add(address, space, bars);
        let mut regions = Vec::new();
        for &bar in bars {
            let nowhere = PortRange { first: Port(0), last: Port(0) };
            let region =
                PortRegion { device: self.id, region: self.port_regions, range: nowhere, widest: bar.widest };
            regions.push((bar, self.bus.ports.add_movable(region)));
            self.port_regions += 1;
        }
        self.bus.pci_owners.push(Owner { device: self.id, notify: notify::<T>, bars: regions });
        Ok(id)
    }
}

impl SystemBus {
    /// Tells devices what software wrote into their configuration spaces, then moves their ports.
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

    /// Puts every function where its base address registers say: a pure function of them.
    pub(super) fn map_functions(&mut self) {
        let numbers = self.pci_owners.iter().flat_map(|owner| owner.bars.iter().map(|&(_, number)| number));
        numbers.for_each(|number| self.ports.release(number));
        for (n, owner) in self.pci_owners.iter().enumerate() {
            for &(bar, number) in &owner.bars {
                if let Some(first) = self.fabric.pci.port_base(PciFunctionId(n as u16), bar) {
                    self.ports.move_to(number, first, bar.ports);
                }
            }
        }
    }
}
