//! A second bus in the same state, and RAM as it is at one moment.

use super::SystemBus;
use crate::device::ForkError;
use crate::ram::RamImage;

impl SystemBus {
    /// A bus with the same devices in the same state, host side included. RAM is shared until one side writes it;
    /// handles of this bus are good for the other as well.
    pub fn fork(&mut self) -> Result<Self, ForkError> {
        let devices = self.devices.iter().map(|device| device.fork()).collect::<Result<_, _>>()?;
        let mut bus = Self {
            devices,
            pic: self.pic.as_ref().map(|pic| pic.fork_controller()),
            dma: self.dma.as_ref().map(|dma| dma.fork_controller()),
            io_apic: self.io_apic.as_ref().map(|io_apic| io_apic.fork_controller()),
            local: self.local.iter().map(|apic| apic.fork_controller()).collect(),
            slot_owners: self.slot_owners.clone(),
            fabric: self.fabric.fork(),
            ports: self.ports.clone(),
            memory: self.memory.clone(),
            pci_owners: self.pci_owners.clone(),
            tap: None,
            ..*self
        };
        bus.open_window();
        Ok(bus)
    }

    /// All RAM as it is now, shared until it is written.
    pub fn ram_image(&mut self) -> RamImage {
        self.fabric.ram.image()
    }

    /// Replaces all RAM; false when `image` has another size.
    pub fn restore_ram(&mut self, image: &RamImage) -> bool {
        self.fabric.ram.restore(image)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{PortRecorder, SimplePic};
    use crate::{Irq, PhysAddr, Port, SystemBus, Vector, Width};

    #[test]
    fn a_fork_goes_its_own_way_from_the_same_state() {
        let mut bus = SystemBus::new(1 << 20, 1);
        let recorder = bus.attach("recorder", |wiring| {
            wiring.ports(0x80..=0x80, Width::Byte)?;
            Ok(PortRecorder::default())
        });
        let recorder = recorder.unwrap();
        bus.attach_interrupt_controller("pic", |_| Ok(SimplePic::default())).unwrap();
        let pin = bus.fabric_mut().irqs.add_pin(Irq(3));
        bus.fabric_mut().irqs.pulse(pin);
        bus.pio_write(Port(0x80), Width::Byte, 1);
        bus.write(PhysAddr(0x500), Width::Byte, 1);
        let mut other = bus.fork().unwrap();
        other.pio_write(Port(0x80), Width::Byte, 2);
        bus.write(PhysAddr(0x500), Width::Byte, 9);
        assert_eq!((bus.get(recorder).log.len(), other.get(recorder).log.len()), (1, 2));
        assert_eq!(other.read(PhysAddr(0x500), Width::Byte), 1);
        assert_eq!((other.acknowledge(), bus.intr(), other.intr()), (Vector(0x23), true, false));
    }
}
