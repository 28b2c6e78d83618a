//! What a chip or card is to the bus, and what it may reach.

use crate::apic::{ApicBus, Destination, InterruptMessage};
use crate::snapshot::{Section, SnapshotError};
use crate::types::{Irq, PhysAddr, Vector, Width};
use crate::{EventSlot, GuestRam, IrqLines, PciBus, Scheduler, VTime, Wires};
use std::any::Any;

/// Why a device cannot be duplicated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{device}: {reason}")]
pub struct ForkError {
    /// The device, or the drive in it.
    pub device: &'static str,
    /// Why, and what helps.
    pub reason: &'static str,
}

/// Everything a device may reach while it is being called.
#[derive(Debug)]
pub struct Fabric {
    /// The time of the instruction or event that caused the call.
    pub now: VTime,
    /// Deadlines.
    pub sched: Scheduler,
    /// Interrupt wires.
    pub irqs: IrqLines,
    /// RAM, for bus masters.
    pub ram: GuestRam,
    /// A20, DMA requests, reset and power.
    pub wires: Wires,
    /// Configuration spaces.
    pub pci: PciBus,
    /// Messages between I/O APICs and local APICs.
    pub apics: ApicBus,
}

impl Fabric {
    /// A fabric with `ram_size` bytes of RAM at time zero.
    pub fn new(ram_size: usize) -> Self {
        Self {
            now: VTime::default(),
            sched: Scheduler::default(),
            irqs: IrqLines::default(),
            ram: GuestRam::new(ram_size),
            wires: Wires::default(),
            pci: PciBus::default(),
            apics: ApicBus::default(),
        }
    }

    /// The same once more; RAM is shared until it is written.
    pub(crate) fn fork(&mut self) -> Self {
        Self {
            now: self.now,
            sched: self.sched.clone(),
            irqs: self.irqs.clone(),
            ram: self.ram.fork(),
            wires: self.wires.clone(),
            pci: self.pci.clone(),
            apics: self.apics.clone(),
        }
    }
}

/// One port access as the device sees it: relative to the region it attached, never an absolute port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortAccess {
    /// Which of the device's port ranges, in the order they were claimed.
    pub region: u8,
    /// Port minus the first port of the range.
    pub offset: u16,
    /// Width of the access. A range claimed as byte-wide sees only [`Width::Byte`].
    pub width: Width,
}

/// One memory-mapped access, relative to the region the device claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MmioAccess {
    /// Which of the device's memory ranges, in the order they were claimed.
    pub region: u8,
    /// Address minus the first address of the range.
    pub offset: u64,
    /// Width of the access.
    pub width: Width,
}

/// A chip or card. It owns its registers and holds no reference to anything else.
///
/// The bus calls it with the fabric borrowed; a call does bounded work, never fails and never panics,
/// whatever the guest sends.
pub trait Device: Any + Send {
    /// Short lower-case name, unique in a machine: it names the snapshot section.
    fn name(&self) -> &'static str;

    /// The RESET pin. Registers return to their power-on values; media and wiring stay.
    fn reset(&mut self, fabric: &mut Fabric);

    /// An IN from a claimed port.
    fn pio_read(&mut self, _fabric: &mut Fabric, access: PortAccess) -> u32 {
        access.width.open_bus()
    }

    /// Until when an IN that was just done at `now`, done again, would find the same and change nothing, if no event comes and nobody
    /// else reaches the device before; the end of time where only that can change it. `None` where the device does not tell.
    fn same_until(&self, _now: VTime, _access: PortAccess) -> Option<VTime> {
        None
    }

    /// An OUT to a claimed port. Bits of `value` above the width are 0.
    fn pio_write(&mut self, _fabric: &mut Fabric, _access: PortAccess, _value: u32) {}

    /// A load from claimed memory.
    fn mmio_read(&mut self, _fabric: &mut Fabric, access: MmioAccess) -> u32 {
        access.width.open_bus()
    }

    /// A store to claimed memory. Bits of `value` above the width are 0.
    fn mmio_write(&mut self, _fabric: &mut Fabric, _access: MmioAccess, _value: u32) {}

    /// The deadline armed in `slot` has come. `deadline` is the moment it was armed for: periodic events
    /// re-arm from it, not from `fabric.now`, which may be later.
    fn on_event(&mut self, _fabric: &mut Fabric, _slot: EventSlot, _deadline: VTime) {}

    /// DACK of `channel` on a cycle that moves a byte from the device to memory.
    fn dma_read(&mut self, _fabric: &mut Fabric, _channel: u8, _terminal_count: bool) -> u8 {
        0xFF
    }

    /// DACK of `channel` on a cycle that moves a byte from memory to the device, or on a verify cycle.
    fn dma_write(&mut self, _fabric: &mut Fabric, _channel: u8, _value: u8, _terminal_count: bool) {}

    /// A second device in exactly the same state, host side included: output not yet fetched, media. Neither sees what
    /// the other does from then on.
    fn fork(&self) -> Result<Box<dyn Device>, ForkError>;

    /// The guest-visible state.
    fn save(&self) -> Result<Section, SnapshotError>;

    /// Takes over a state made by [`Device::save`]; on an error nothing has changed.
    fn load(&mut self, section: &Section) -> Result<(), SnapshotError>;
}

/// The chip between the interrupt wires and the CPU's INTR pin.
pub trait InterruptController: Device {
    /// The same as [`Device::fork`].
    fn fork_controller(&self) -> Box<dyn InterruptController>;

    /// A wire changed. Called after every device call that changed one.
    fn set_line(&mut self, irq: Irq, level: bool);

    /// The level of INTR.
    fn intr(&self) -> bool;

    /// The INTA cycles: the vector to deliver. A spurious request gives the chip's spurious vector.
    fn acknowledge(&mut self) -> Vector;
}

/// The interrupt controller inside a processor, between the machine's interrupts and the core.
pub trait LocalController: Device {
    /// The same as [`Device::fork`].
    fn fork_controller(&self) -> Box<dyn LocalController>;

    /// IA32_APIC_BASE as it was last told.
    fn base(&self) -> u64;

    /// The processor's IA32_APIC_BASE was written or reset.
    fn set_base(&mut self, fabric: &mut Fabric, value: u64);

    /// Where its registers lie; `None` while it is off.
    fn page(&self) -> Option<PhysAddr>;

    /// INIT: registers return to their power-on values, identity and base stay.
    fn init(&mut self, fabric: &mut Fabric);

    /// Whether a message with this destination is for it.
    fn answers_to(&self, destination: Destination) -> bool;

    /// Its rank as a receiver of `vector` in lowest-priority mode: the least wins.
    fn arbitration_priority(&self, vector: Vector) -> u16;

    /// A message for it.
    fn accept(&mut self, fabric: &mut Fabric, message: &InterruptMessage);

    /// The INT pin of the 8259A moved, which leads to LINT0.
    fn set_external(&mut self, fabric: &mut Fabric, level: bool);

    /// Whether the core is asked for an interrupt: a flag, kept up to date.
    fn intr(&self) -> bool;

    /// The INTA cycle: the vector to deliver, or `None` where the 8259A gives it.
    fn acknowledge(&mut self, fabric: &mut Fabric) -> Option<Vector>;
}

/// The chip that turns interrupt wires into messages for processors.
pub trait MessageController: Device {
    /// The same as [`Device::fork`].
    fn fork_controller(&self) -> Box<dyn MessageController>;

    /// A wire changed.
    fn set_line(&mut self, apics: &mut ApicBus, irq: Irq, level: bool);

    /// The handler of a level-triggered interrupt is done.
    fn end_of_interrupt(&mut self, apics: &mut ApicBus, vector: Vector);
}

/// What one DMA cycle does [8237A, "Transfer Types"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DmaDirection {
    /// Device to memory (the datasheet's "write transfer").
    ToMemory,
    /// Memory to device (the datasheet's "read transfer").
    FromMemory,
    /// Addresses count, no data moves; the device sees a byte of no meaning.
    Verify,
}

/// One granted DMA cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DmaCycle {
    /// Physical address, page register included.
    pub addr: PhysAddr,
    /// 1 on channels 0 to 3, 2 on channels 5 to 7.
    pub bytes: u8,
    /// Direction.
    pub direction: DmaDirection,
    /// TC: this is the last cycle of the programmed count.
    pub terminal_count: bool,
}

/// The chip that grants DMA cycles.
pub trait DmaController: Device {
    /// The same as [`Device::fork`].
    fn fork_controller(&self) -> Box<dyn DmaController>;

    /// Grants one cycle on `channel` (0 to 7) and advances its address and count, or refuses (masked, disabled,
    /// cascade).
    fn grant(&mut self, channel: u8) -> Option<DmaCycle>;

    /// Shows the request lines, for the status register.
    fn set_requests(&mut self, levels: u8);
}
