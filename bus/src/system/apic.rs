//! Local APICs and I/O APICs on the bus: the page of the one, the messages between them, INTR.

use super::{Handle, LOCAL_APIC, SystemBus, Wiring};
use crate::apic::{ApicTraffic, CpuSignals, DeliveryMode, Destination, InterruptMessage};
use crate::device::{LocalController, MessageController};
use crate::map::{AttachError, DeviceId};
use crate::types::{PhysAddr, Vector, Width};
use std::marker::PhantomData;

/// The processor that an access comes from: there is one so far.
const CPU: usize = 0;
/// Bytes of a local APIC's page.
const PAGE: u64 = 0x1000;

impl SystemBus {
    /// Attaches the local APIC of the next processor.
    pub fn attach_local_controller<T: LocalController>(
        &mut self,
        name: &'static str,
        build: impl FnOnce(&mut Wiring<'_>) -> Result<T, AttachError>,
    ) -> Result<Handle<T>, AttachError> {
        let number = u16::try_from(self.local.len()).expect("fewer than 256 processors");
        let id = DeviceId(LOCAL_APIC + number);
        let device = build(&mut Wiring::new(self, name, id))?;
        self.local.push(Box::new(device));
        self.controllers_called = true;
        self.map_local();
        Ok(Handle { id, device: PhantomData })
    }

    /// Attaches the I/O APIC; a machine has one.
    pub fn attach_message_controller<T: MessageController>(
        &mut self,
        name: &'static str,
        build: impl FnOnce(&mut Wiring<'_>) -> Result<T, AttachError>,
    ) -> Result<Handle<T>, AttachError> {
        let device = build(&mut Wiring::new(self, name, super::IO_APIC))?;
        self.io_apic = Some(Box::new(device));
        Ok(Handle { id: super::IO_APIC, device: PhantomData })
    }

    /// What the processor's IA32_APIC_BASE says now.
    pub fn set_apic_base(&mut self, value: u64) {
        self.fabric.now = self.time.time_at(self.count);
        let Some(apic) = self.local.get_mut(CPU).filter(|apic| apic.base() != value) else { return };
        self.controllers_called = true;
        apic.set_base(&mut self.fabric, value);
        self.map_local();
        self.settle();
    }

    /// INIT# at the processor, as far as its local APIC is concerned.
    pub fn init_processor(&mut self) {
        self.fabric.now = self.time.time_at(self.count);
        self.fabric.wires.cpu = CpuSignals::default();
        self.controllers_called = true;
        if let Some(apic) = self.local.get_mut(CPU) {
            apic.init(&mut self.fabric);
            self.settle();
        }
    }

    /// Takes the edges that wait for the processor.
    pub fn take_signals(&mut self) -> CpuSignals {
        std::mem::take(&mut self.fabric.wires.cpu)
    }

    /// Finds the page of the local APIC again.
    pub(super) fn map_local(&mut self) {
        let page = self.local.get(CPU).and_then(|apic| apic.page()).map(|page| page.0);
        if page != self.local_page {
            self.local_page = page;
            self.open_window();
            self.map_generation += 1;
            self.attention = true;
        }
    }

    /// The register offset at which the local APIC answers an access.
    pub(super) fn local_offset(&self, at: PhysAddr, width: Width) -> Option<u64> {
        let offset = at.0.checked_sub(self.local_page?)?;
        (offset + u64::from(width.bytes()) <= PAGE).then_some(offset)
    }

    /// Shows the level of the 8259A's INT pin, and carries messages until none is under way.
    pub(super) fn settle_apics(&mut self) {
        let level = self.pic.as_ref().is_some_and(|pic| pic.intr());
        if level != self.pic_intr {
            self.pic_intr = level;
            for apic in &mut self.local {
                apic.set_external(&mut self.fabric, level);
            }
        }
        while let Some(traffic) = self.fabric.apics.take() {
            match traffic {
                ApicTraffic::Interrupt(message) => self.deliver(&message),
                ApicTraffic::EndOfInterrupt(vector) => {
                    if let Some(io_apic) = &mut self.io_apic {
                        io_apic.end_of_interrupt(&mut self.fabric.apics, vector);
                    }
                }
            }
        }
        self.intr = self.local.get(CPU).map_or(level, |apic| apic.intr());
        self.controllers_called = false;
    }

    fn deliver(&mut self, message: &InterruptMessage) {
        if message.mode == DeliveryMode::LowestPriority {
            let addressed = (0..self.local.len()).filter(|&number| self.is_addressed(number, message));
            let priority = |&number: &usize| self.local[number].arbitration_priority(message.vector);
            if let Some(chosen) = addressed.min_by_key(priority) {
                self.local[chosen].accept(&mut self.fabric, message);
            }
            return;
        }
        for number in 0..self.local.len() {
            if self.is_addressed(number, message) {
                self.local[number].accept(&mut self.fabric, message);
            }
        }
    }

    fn is_addressed(&self, number: usize, message: &InterruptMessage) -> bool {
        match message.destination {
            Destination::Physical(_) | Destination::Logical(_) => {
                self.local[number].answers_to(message.destination)
            }
            Destination::Itself(sender) => number == usize::from(sender),
            Destination::All => true,
            Destination::Others(sender) => number != usize::from(sender),
        }
    }

    /// The INTA cycles: the local APIC's own vector, or that of the 8259A behind it.
    pub(super) fn take_vector(&mut self) -> Vector {
        self.controllers_called = true;
        self.fabric.now = self.time.time_at(self.count);
        let fabric = &mut self.fabric;
        if let Some(vector) = self.local.get_mut(CPU).and_then(|apic| apic.acknowledge(fabric)) {
            return vector;
        }
        self.pic.as_mut().map_or(Vector(0xFF), |pic| pic.acknowledge())
    }
}
