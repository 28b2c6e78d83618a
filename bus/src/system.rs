//! The system bus: it owns the devices and the fabric, and carries every access between them and the CPU.

mod apic;
mod fork;
mod memory;
mod pci;
mod polls;
mod registers;
mod state;
mod wiring;

pub use polls::Polled;
use polls::Polls;
use registers::RegisterPort;
pub use wiring::Wiring;

use crate::apic::CpuSignals;
use crate::device::{
    Device, DmaController, DmaDirection, Fabric, InterruptController, LocalController, MessageController,
    PortAccess,
};
use crate::map::{DeviceId, MemoryMap, PortMap};
use crate::tap::{BusEvent, Tap, TapKinds};
use crate::time::{TimeBase, VTime};
use crate::types::{PhysAddr, Port, Vector, Width};
use crate::wires::{Aperture, IrqPin, Shadow, Smram, SystemRequest};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::marker::PhantomData;

/// Most DMA cycles served after one device call; what is left is served after the next.
const DMA_CYCLES_PER_CALL: usize = 128 * 1024;

/// A device of known type on the bus that attached it.
#[derive(Debug)]
pub struct Handle<T> {
    id: DeviceId,
    device: PhantomData<fn() -> T>,
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Handle<T> {}

/// Every device, the fabric between them, and the maps of who answers where.
pub struct SystemBus {
    devices: Vec<Box<dyn Device>>,
    pic: Option<Box<dyn InterruptController>>,
    dma: Option<Box<dyn DmaController>>,
    io_apic: Option<Box<dyn MessageController>>,
    /// Local APICs, by processor.
    local: Vec<Box<dyn LocalController>>,
    /// Where the processor's local APIC answers.
    local_page: Option<u64>,
    /// The 8259A's INT as last seen, and the processor's INTR.
    pic_intr: bool,
    intr: bool,
    /// An interrupt controller was called since both were looked at.
    controllers_called: bool,
    dma_owners: [Option<DeviceId>; 8],
    slot_owners: Vec<DeviceId>,
    fabric: Fabric,
    ports: PortMap,
    memory: MemoryMap,
    time: TimeBase,
    /// Instructions begun; `fabric.now` follows it when a device is next called.
    count: u64,
    firmware_port: Option<Port>,
    firmware_called: bool,
    registers: RegisterPort,
    attention: bool,
    ferr_pin: Option<IrqPin>,
    a20_seen: bool,
    pci_owners: Vec<pci::Owner>,
    shadow_seen: Shadow,
    smram_seen: Smram,
    aperture_seen: Option<Aperture>,
    /// The video window, whose accesses take a short way.
    window: Option<memory::Window>,
    /// The processor is in system management mode.
    smm: bool,
    map_generation: u64,
    accesses: Accesses,
    polls: Polls,
    tap: Option<Box<Tap>>,
}

/// How often devices were reached since power-on: tells whether a stretch of execution touched any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accesses {
    /// Port and memory-mapped reads.
    pub reads: u64,
    /// Port and memory-mapped writes.
    pub writes: u64,
}

const PIC: DeviceId = DeviceId(0);
const DMA: DeviceId = DeviceId(1);
const IO_APIC: DeviceId = DeviceId(2);
const FIRST_DEVICE: u16 = 3;
/// Local APICs are numbered from here on.
const LOCAL_APIC: u16 = 0xFF00;

impl SystemBus {
    /// A bus with `ram_size` bytes of RAM from address 0 and nothing else; `mips` instructions per microsecond.
    pub fn new(ram_size: usize, mips: u32) -> Self {
        Self {
            devices: Vec::new(),
            pic: None,
            dma: None,
            io_apic: None,
            local: Vec::new(),
            local_page: None,
            pic_intr: false,
            intr: false,
            controllers_called: true,
            dma_owners: [None; 8],
            slot_owners: Vec::new(),
            fabric: Fabric::new(ram_size),
            ports: PortMap::new(),
            memory: MemoryMap::new(ram_size as u64),
            time: TimeBase::new(mips),
            count: 0,
            firmware_port: None,
            firmware_called: false,
            registers: RegisterPort::default(),
            attention: false,
            ferr_pin: None,
            a20_seen: true,
            pci_owners: Vec::new(),
            shadow_seen: Shadow::default(),
            smram_seen: Smram::default(),
            aperture_seen: None,
            window: None,
            smm: false,
            map_generation: 0,
            accesses: Accesses::default(),
            polls: Polls::new(),
            tap: None,
        }
    }

    // --- access to devices ----------------------------------------------------------------------------------

    fn name_of(&self, id: DeviceId) -> &'static str {
        match id {
            PIC => self.pic.as_ref().map_or("interrupt controller", |d| d.name()),
            DMA => self.dma.as_ref().map_or("dma controller", |d| d.name()),
            IO_APIC => self.io_apic.as_ref().map_or("i/o apic", |d| d.name()),
            DeviceId(n @ LOCAL_APIC..) => {
                self.local.get(usize::from(n - LOCAL_APIC)).map_or("local apic", |d| d.name())
            }
            DeviceId(n) => self.devices.get(usize::from(n - FIRST_DEVICE)).map_or("itself", |d| d.name()),
        }
    }

    fn parts(&mut self, id: DeviceId) -> Option<(&mut dyn Device, &mut Fabric)> {
        self.fabric.now = self.time.time_at(self.count);
        self.controllers_called |= !(FIRST_DEVICE..LOCAL_APIC).contains(&id.0);
        let device: &mut dyn Device = match id {
            PIC => self.pic.as_deref_mut()?,
            DMA => self.dma.as_deref_mut()?,
            IO_APIC => self.io_apic.as_deref_mut()?,
            DeviceId(n @ LOCAL_APIC..) => self.local.get_mut(usize::from(n - LOCAL_APIC))?.as_mut(),
            DeviceId(n) => self.devices.get_mut(usize::from(n - FIRST_DEVICE))?.as_mut(),
        };
        Some((device, &mut self.fabric))
    }

    /// The device behind a handle of this bus.
    pub fn get<T: Device>(&self, handle: Handle<T>) -> &T {
        let device: &dyn Any = match handle.id {
            PIC => self.pic.as_deref().expect("a handle exists only after attach"),
            DMA => self.dma.as_deref().expect("a handle exists only after attach"),
            IO_APIC => self.io_apic.as_deref().expect("a handle exists only after attach"),
            DeviceId(n @ LOCAL_APIC..) => self.local[usize::from(n - LOCAL_APIC)].as_ref(),
            DeviceId(n) => self.devices[usize::from(n - FIRST_DEVICE)].as_ref(),
        };
        device.downcast_ref().expect("a handle carries its device's type")
    }

    /// Calls the device behind a handle as the host does: wires it changes take effect at once.
    pub fn call<T: Device, R>(&mut self, handle: Handle<T>, f: impl FnOnce(&mut T, &mut Fabric) -> R) -> R {
        let (device, fabric) = self.parts(handle.id).expect("a handle exists only after attach");
        let device: &mut dyn Any = device;
        let result = f(device.downcast_mut().expect("a handle carries its device's type"), fabric);
        self.settle();
        result
    }

    fn each_device(&mut self, mut f: impl FnMut(&mut dyn Device, &mut Fabric)) {
        let (count, processors) = (self.devices.len() as u16, self.local.len() as u16);
        for id in (0..FIRST_DEVICE + count).chain(LOCAL_APIC..LOCAL_APIC + processors).map(DeviceId) {
            if let Some((device, fabric)) = self.parts(id) {
                f(device, fabric);
            }
        }
    }

    /// Pulses RESET on every device.
    pub fn reset_devices(&mut self) {
        self.fabric.pci.reset();
        self.map_functions();
        self.each_device(|device, fabric| device.reset(fabric));
        self.fabric.wires.request = None;
        self.fabric.wires.a20 = true;
        self.fabric.wires.ferr = false;
        self.fabric.wires.ignne = false;
        self.fabric.wires.shadow = Shadow::default();
        self.fabric.wires.smram = Smram::default();
        self.fabric.wires.aperture = None;
        self.fabric.wires.cpu = CpuSignals::default();
        self.map_local();
        self.settle();
    }

    /// The fabric, for inspection.
    pub fn fabric(&self) -> &Fabric {
        &self.fabric
    }

    /// The fabric, for the host and for tests.
    pub fn fabric_mut(&mut self) -> &mut Fabric {
        &mut self.fabric
    }

    /// Drives FERR#. A rise asks for IRQ 13, where the machine has that wire; a fall ends IGNNE#.
    pub fn set_ferr(&mut self, level: bool) {
        let wires = &mut self.fabric.wires;
        if wires.ferr == level {
            return;
        }
        wires.ferr = level;
        wires.ignne &= level;
        let error = wires.coprocessor_error();
        if let Some(pin) = self.ferr_pin {
            self.fabric.irqs.set(pin, error);
            self.settle();
        }
    }

    // --- time -----------------------------------------------------------------------------------------------

    /// Virtual time at the last [`SystemBus::set_count`].
    pub fn now(&self) -> VTime {
        self.time.time_at(self.count)
    }

    /// The relation between instructions and time.
    pub fn time(&self) -> TimeBase {
        self.time
    }

    /// Sets virtual time to that of instruction `count`: called before any access that may see time.
    pub fn set_count(&mut self, count: u64) {
        self.count = count;
    }

    /// Changes the instruction rate from instruction `count` on.
    pub fn set_mips(&mut self, count: u64, mips: u32) {
        self.time.set_mips(count, mips);
        self.set_count(count);
    }

    /// Lets idle time pass: jumps to `to` at instruction `count`.
    pub fn jump_to(&mut self, count: u64, to: VTime) {
        self.time.jump(count, to);
        self.set_count(count);
    }

    /// The instruction count at which the next deadline is due.
    pub fn next_deadline_count(&self) -> Option<u64> {
        self.fabric.sched.next_deadline().map(|deadline| self.time.count_at(deadline))
    }

    /// Fires every event due by now.
    pub fn run_due_events(&mut self) {
        let now = self.now();
        while let Some((slot, deadline)) = self.fabric.sched.take_due(now) {
            let Some(&owner) = self.slot_owners.get(usize::from(slot.0)) else { continue };
            if let Some((device, fabric)) = self.parts(owner) {
                device.on_event(fabric, slot, deadline);
            }
            self.settle();
        }
        self.fabric.sched.take_earlier();
    }

    // --- after each device call -----------------------------------------------------------------------------

    /// Shows changed wires to those they lead to, and notes whether the CPU must stop after this instruction.
    fn settle(&mut self) {
        if self.fabric.pci.has_written() {
            self.tell_functions();
        }
        let (shadow, smram) = (self.fabric.wires.shadow, self.fabric.wires.smram);
        if (shadow, smram) != (self.shadow_seen, self.smram_seen) {
            (self.shadow_seen, self.smram_seen) = (shadow, smram);
            self.open_window();
            self.map_generation += 1;
            self.attention = true;
        }
        if self.fabric.wires.aperture != self.aperture_seen {
            self.aperture_seen = self.fabric.wires.aperture;
            self.fabric.ram.renew_video();
            self.open_window();
            self.attention = true;
        }
        if self.fabric.wires.dreq.levels() != 0 {
            self.serve_dma();
        }
        if self.fabric.irqs.any_change() {
            self.show_wires();
        }
        if self.controllers_called || !self.fabric.apics.is_empty() {
            self.settle_apics();
        }
        self.attention |= self.intr
            || self.fabric.wires.cpu.any()
            || self.fabric.wires.request.is_some()
            || self.fabric.wires.a20 != self.a20_seen
            || self.fabric.ram.has_news()
            || self.fabric.sched.take_earlier();
    }

    /// Shows changed interrupt wires to the 8259A and the I/O APIC.
    fn show_wires(&mut self) {
        self.controllers_called = true;
        let Self { fabric, pic, io_apic, tap, count, .. } = self;
        fabric.irqs.take_changes(|irq, level| {
            if let Some(tap) = tap {
                tap.note(*count, BusEvent::Irq { irq, level });
            }
            if let Some(pic) = pic.as_mut().filter(|_| irq.0 < 16) {
                pic.set_line(irq, level);
            }
            if let Some(io_apic) = io_apic {
                io_apic.set_line(&mut fabric.apics, irq, level);
            }
        });
    }

    fn serve_dma(&mut self) {
        let Some(dma) = &mut self.dma else { return };
        for _ in 0..DMA_CYCLES_PER_CALL {
            let levels = self.fabric.wires.dreq.levels();
            dma.set_requests(levels);
            let asked = (0..8u8).filter(|c| levels & (1 << c) != 0);
            let Some((channel, cycle)) = asked.into_iter().find_map(|c| Some((c, dma.grant(c)?))) else {
                return;
            };
            let Some(owner) = self.dma_owners[usize::from(channel)] else { return };
            let Some(device) = self.devices.get_mut(usize::from(owner.0.saturating_sub(FIRST_DEVICE))) else {
                return;
            };
            for byte in 0..cycle.bytes {
                let addr = PhysAddr(cycle.addr.0 + u64::from(byte));
                let terminal_count = cycle.terminal_count && byte + 1 == cycle.bytes;
                match cycle.direction {
                    DmaDirection::ToMemory => {
                        let value = device.dma_read(&mut self.fabric, channel, terminal_count);
                        self.fabric.ram.write(addr, &[value]);
                    }
                    DmaDirection::FromMemory => {
                        let mut value = [0];
                        self.fabric.ram.read(addr, &mut value);
                        device.dma_write(&mut self.fabric, channel, value[0], terminal_count);
                    }
                    DmaDirection::Verify => device.dma_write(&mut self.fabric, channel, 0, terminal_count),
                }
            }
        }
    }

    /// Whether something happened that the run loop must see before the next instruction: an interrupt, an
    /// earlier deadline, a request, a moved A20 gate, a firmware call, a write to decoded code or to a shared page.
    pub fn attention(&self) -> bool {
        self.attention
    }

    /// Acknowledges [`SystemBus::attention`].
    pub fn clear_attention(&mut self) {
        self.attention = false;
        self.a20_seen = self.fabric.wires.a20;
    }

    /// Changes whenever [`SystemBus::page`] may answer otherwise than before, A20 and [`crate::Wires::aperture`] apart.
    /// The change calls for attention, as that of the aperture does.
    pub fn map_generation(&self) -> u64 {
        self.map_generation
    }

    /// Device accesses so far.
    pub fn accesses(&self) -> Accesses {
        self.accesses
    }

    /// Listens to what passes over the bus, from now on; to nothing when `kinds` names nothing.
    pub fn tap(&mut self, kinds: TapKinds) {
        self.tap = Tap::new(kinds);
        self.open_window();
    }

    /// What was heard since the last call, in order, each with the count of instructions begun.
    pub fn take_tapped(&mut self) -> Vec<(u64, BusEvent)> {
        self.tap.as_mut().map(|tap| tap.take()).unwrap_or_default()
    }

    fn note(&mut self, event: BusEvent) {
        if let Some(tap) = &mut self.tap {
            tap.note(self.count, event);
        }
    }

    /// Whether the firmware port was written since the last call.
    pub fn take_firmware_call(&mut self) -> bool {
        std::mem::take(&mut self.firmware_called)
    }

    /// The pending request of a chip to the machine.
    pub fn take_request(&mut self) -> Option<SystemRequest> {
        self.fabric.wires.request.take()
    }

    /// Whether a chip has asked something of the machine.
    pub fn has_request(&self) -> bool {
        self.fabric.wires.request.is_some()
    }

    // --- interrupts -----------------------------------------------------------------------------------------

    /// The level of the CPU's INTR pin.
    pub fn intr(&self) -> bool {
        self.intr
    }

    /// The INTA cycles.
    pub fn acknowledge(&mut self) -> Vector {
        let vector = self.take_vector();
        self.settle();
        vector
    }

    // --- ports ----------------------------------------------------------------------------------------------

    /// IN. A wide access to byte-wide ports reads them one after the other, lowest first.
    pub fn pio_read(&mut self, port: Port, width: Width) -> u32 {
        let value = self.read_port(port, width);
        self.note(BusEvent::Port { port, width, value, write: false });
        value
    }

    fn read_port(&mut self, port: Port, width: Width) -> u32 {
        match self.ports.find(port) {
            Some(r) if width <= r.widest && port.0 as u32 + width.bytes() - 1 <= r.range.last.0 as u32 => {
                let access = PortAccess { region: r.region, offset: port.0 - r.range.first.0, width };
                self.accesses.reads += 1;
                let polls = self.polls.count(port);
                let value = match self.parts(r.device) {
                    Some((device, fabric)) => device.pio_read(fabric, access),
                    None => width.open_bus(),
                };
                self.settle();
                if polls {
                    let until = self
                        .parts(r.device)
                        .and_then(|(device, fabric)| device.same_until(fabric.now, access));
                    self.note_poll(until);
                }
                value & width.open_bus()
            }
            None if width == Width::Byte => width.open_bus(),
            _ => self.pio_read_split(port, width),
        }
    }

    fn pio_read_split(&mut self, port: Port, width: Width) -> u32 {
        (0..width.bytes()).fold(0, |value, n| {
            value | self.read_port(Port(port.0.wrapping_add(n as u16)), Width::Byte) << (8 * n)
        })
    }

    /// OUT. A wide access to byte-wide ports writes them one after the other, lowest first.
    pub fn pio_write(&mut self, port: Port, width: Width, value: u32) {
        if Some(port) == self.firmware_port {
            self.firmware_called = true;
            self.attention = true;
            return;
        }
        self.note(BusEvent::Port { port, width, value: value & width.open_bus(), write: true });
        self.write_port(port, width, value);
    }

    fn write_port(&mut self, port: Port, width: Width, value: u32) {
        match self.ports.find(port) {
            Some(r) if width <= r.widest && port.0 as u32 + width.bytes() - 1 <= r.range.last.0 as u32 => {
                let access = PortAccess { region: r.region, offset: port.0 - r.range.first.0, width };
                self.accesses.writes += 1;
                if let Some((device, fabric)) = self.parts(r.device) {
                    device.pio_write(fabric, access, value & width.open_bus());
                }
                self.settle();
            }
            None if width == Width::Byte => {}
            _ => {
                for n in 0..width.bytes() {
                    let byte = value >> (8 * n) & 0xFF;
                    self.write_port(Port(port.0.wrapping_add(n as u16)), Width::Byte, byte);
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "system/pci_tests.rs"]
mod pci_tests;
