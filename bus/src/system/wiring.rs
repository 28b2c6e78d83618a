//! Building a bus: attaching devices and handing them their wires, ports and addresses.

use super::memory::Window;
use super::{DMA, FIRST_DEVICE, Handle, PIC, SystemBus};
use crate::device::{Device, DmaController, InterruptController};
use crate::map::{AttachError, DeviceId, MemoryKind, MemoryRegion, PortRange, PortRegion};
use crate::ram::{PAGE_SIZE, RamOffset};
use crate::time::EventSlot;
use crate::types::{Irq, PhysAddr, Port, Width};
use crate::wires::IrqPin;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

/// Hands a device under construction its wires, ports and addresses.
pub struct Wiring<'a> {
    pub(super) bus: &'a mut SystemBus,
    pub(super) name: &'static str,
    pub(super) id: DeviceId,
    pub(super) port_regions: u8,
    pub(super) memory_regions: u8,
}

impl Wiring<'_> {
    /// Claims ports `first..=last`, accepting accesses up to `widest`; wider ones arrive split.
    /// The device's first call makes region 0, the next region 1, and so on.
    pub fn ports(&mut self, ports: RangeInclusive<u16>, widest: Width) -> Result<u8, AttachError> {
        let range = PortRange { first: Port(*ports.start()), last: Port(*ports.end()) };
        let region = self.port_regions;
        let claim = self.bus.ports.claim(PortRegion { device: self.id, region, range, widest });
        claim.map_err(|owner| AttachError::PortConflict {
            device: self.name,
            range,
            owner: self.bus.name_of(owner),
        })?;
        self.port_regions += 1;
        Ok(region)
    }

    /// Claims physical addresses. The device's first call makes memory region 0, the next 1, and so on.
    pub fn memory(&mut self, addresses: RangeInclusive<u64>) -> Result<u8, AttachError> {
        let region = self.memory_regions;
        let what = MemoryKind::Device { device: self.id, region };
        self.bus.claim_memory(self.name, addresses, what)?;
        self.memory_regions += 1;
        Ok(region)
    }

    /// Claims the addresses of a video window, as [`Wiring::memory`] does. Accesses see no time, drive no wire and arm no
    /// deadline, so that nothing but memory need be looked at behind them. A machine has one.
    pub fn video_window(&mut self, addresses: RangeInclusive<u64>) -> Result<u8, AttachError> {
        let region = self.memory(addresses.clone())?;
        self.bus.window = Some(Window::new(self.id, region, &addresses));
        self.bus.open_window();
        Ok(region)
    }

    /// Video memory, zeroed; a machine has one card with any. It answers where [`Wiring::pci_video_memory`] or
    /// [`crate::Wires::aperture`] says.
    pub fn video_memory(&mut self, bytes: usize) -> RamOffset {
        self.bus.fabric.ram.add_video(bytes)
    }

    /// A driver for interrupt wire `irq`.
    pub fn irq(&mut self, irq: Irq) -> IrqPin {
        self.bus.fabric.irqs.add_pin(irq)
    }

    /// A driver for interrupt wire `irq` that can stand in for its other drivers: see [`crate::IrqLines::replace`].
    pub fn replacement_irq(&mut self, irq: Irq) -> IrqPin {
        self.bus.fabric.irqs.add_replacement(irq)
    }

    /// Makes the device the one that FERR# leads to; the pin follows [`crate::Wires::coprocessor_error`].
    pub fn coprocessor_error(&mut self, irq: Irq) -> IrqPin {
        let pin = self.irq(irq);
        self.bus.ferr_pin = Some(pin);
        pin
    }

    /// A deadline of the device's own; `Device::on_event` is called with it.
    pub fn slot(&mut self) -> EventSlot {
        self.bus.slot_owners.push(self.id);
        self.bus.fabric.sched.add_slot()
    }

    /// Makes the device the user of DMA `channel` (0 to 7).
    pub fn dma(&mut self, channel: u8) -> Result<(), AttachError> {
        let owner = &mut self.bus.dma_owners[usize::from(channel & 7)];
        if let Some(owner) = *owner {
            let owner = self.bus.name_of(owner);
            return Err(AttachError::DmaConflict { device: self.name, channel, owner });
        }
        *owner = Some(self.id);
        Ok(())
    }
}

impl<'a> Wiring<'a> {
    pub(super) fn new(bus: &'a mut SystemBus, name: &'static str, id: DeviceId) -> Self {
        Self { bus, name, id, port_regions: 0, memory_regions: 0 }
    }
}

impl SystemBus {
    /// Attaches a device that `build` makes from its wiring.
    pub fn attach<T: Device>(
        &mut self,
        name: &'static str,
        build: impl FnOnce(&mut Wiring<'_>) -> Result<T, AttachError>,
    ) -> Result<Handle<T>, AttachError> {
        let count = u16::try_from(self.devices.len()).expect("a machine has fewer than 65,534 devices");
        let id = DeviceId(FIRST_DEVICE + count);
        let device = build(&mut Wiring::new(self, name, id))?;
        self.devices.push(Box::new(device));
        Ok(Handle { id, device: PhantomData })
    }

    /// Attaches the interrupt controller; a machine has one.
    pub fn attach_interrupt_controller<T: InterruptController>(
        &mut self,
        name: &'static str,
        build: impl FnOnce(&mut Wiring<'_>) -> Result<T, AttachError>,
    ) -> Result<Handle<T>, AttachError> {
        let device = build(&mut Wiring::new(self, name, PIC))?;
        self.pic = Some(Box::new(device));
        self.controllers_called = true;
        Ok(Handle { id: PIC, device: PhantomData })
    }

    /// Attaches the DMA controller; a machine has one.
    pub fn attach_dma_controller<T: DmaController>(
        &mut self,
        name: &'static str,
        build: impl FnOnce(&mut Wiring<'_>) -> Result<T, AttachError>,
    ) -> Result<Handle<T>, AttachError> {
        let device = build(&mut Wiring::new(self, name, DMA))?;
        self.dma = Some(Box::new(device));
        Ok(Handle { id: DMA, device: PhantomData })
    }

    /// Maps a ROM image from physical address `first` on, padded with FFh to whole pages.
    pub fn attach_rom(&mut self, name: &'static str, first: u64, image: &[u8]) -> Result<(), AttachError> {
        let at = self.fabric.ram.add_rom(image);
        let len = image.len().next_multiple_of(PAGE_SIZE) as u64;
        self.claim_memory(name, first..=first + len - 1, MemoryKind::Rom { at })
    }

    /// Maps the ROM already mapped at `from` a second time at `first` (`len` bytes).
    pub fn alias_rom(
        &mut self,
        name: &'static str,
        from: u64,
        first: u64,
        len: u64,
    ) -> Result<(), AttachError> {
        let Some(MemoryRegion { first: start, what: MemoryKind::Rom { at }, .. }) =
            self.memory.find(PhysAddr(from))
        else {
            return Err(AttachError::MemoryConflict { device: name, first, last: first, owner: "no ROM" });
        };
        let at = crate::RamOffset(at.0 + (from - start));
        self.claim_memory(name, first..=first + len - 1, MemoryKind::Rom { at })
    }

    /// Leaves addresses open although RAM would lie there.
    pub fn leave_open(
        &mut self,
        name: &'static str,
        addresses: RangeInclusive<u64>,
    ) -> Result<(), AttachError> {
        self.claim_memory(name, addresses, MemoryKind::Open)
    }

    fn claim_memory(
        &mut self,
        name: &'static str,
        addresses: RangeInclusive<u64>,
        what: MemoryKind,
    ) -> Result<(), AttachError> {
        let (first, last) = (*addresses.start(), *addresses.end());
        self.memory.claim(addresses, what).map_err(|other| AttachError::MemoryConflict {
            device: name,
            first,
            last,
            owner: match other.what {
                MemoryKind::Rom { .. } => "a ROM",
                MemoryKind::Open => "an empty slot",
                MemoryKind::Video { .. } => "video memory",
                MemoryKind::Device { device, .. } => self.name_of(device),
            },
        })
    }

    /// Makes an OUT to `port` end the CPU's run with `Exit::Firmware`.
    pub fn set_firmware_port(&mut self, port: Option<Port>) {
        self.firmware_port = port;
    }
}
