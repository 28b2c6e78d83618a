//! The vocabulary of the machine and the bus that carries it.
//!
//! - [`types`]: addresses, ports, widths, interrupt numbers.
//! - [`time`]: [`VTime`], crystals, the scheduler of deadlines.
//! - [`wires`]: interrupt and DMA request lines, A20, reset.
//! - [`ram`]: guest memory and where it holds decoded code.
//! - [`pci`]: configuration spaces. [`apic`]: interrupt messages.
//! - [`device`]: what a chip is to the bus. [`system`]: the bus itself.
//! - [`snapshot`]: saved state. [`firmware`]: what our BIOS sees. [`testing`]: fakes.
//!
//! Nothing here knows a chip, an instruction, or the host.
//!
//! ```
//! use ringzero_bus::{Port, SystemBus, Width, testing::PortRecorder};
//! let mut bus = SystemBus::new(1 << 20, 1);
//! let recorder = bus
//!     .attach("recorder", |wiring| {
//!         wiring.ports(0x80..=0x80, Width::Byte)?;
//!         Ok(PortRecorder::default())
//!     })
//!     .unwrap();
//! bus.pio_write(Port(0x80), Width::Byte, 0x42);
//! assert_eq!(bus.get(recorder).log, [(true, Port(0), 0x42)]);
//! assert_eq!(bus.pio_read(Port(0x81), Width::Word), 0xFFFF);
//! ```

/// Asserts, where a crate is built with its feature `checked`, what an unchecked access relies on.
#[doc(hidden)]
#[macro_export]
macro_rules! check {
    ($($claim:tt)*) => {
        if cfg!(feature = "checked") {
            assert!($($claim)*);
        }
    };
}

pub mod apic;
pub mod device;
pub mod firmware;
pub mod map;
pub mod pci;
pub mod ram;
pub mod snapshot;
pub mod system;
pub mod tap;
pub mod testing;
pub mod time;
pub mod types;
pub mod wires;

pub use apic::{ApicBus, ApicTraffic, CpuSignals, DeliveryMode, Destination, InterruptMessage};
pub use device::{
    Device, DmaController, DmaCycle, DmaDirection, Fabric, ForkError, InterruptController, LocalController,
    MessageController, MmioAccess, PortAccess,
};
pub use firmware::{FirmwareFault, FirmwareRegs, FirmwareView};
pub use map::{AttachError, PageTarget, PortRange};
pub use pci::{ConfigSpace, MemoryBar, PciAddress, PciBus, PciFunction, PciFunctionId, PciHeader, PortBar};
pub use ram::{CodeHit, GuestRam, MovedPage, RamClaim, RamImage, RamOffset};
pub use snapshot::{Section, SnapshotError};
pub use system::{Accesses, Handle, Polled, SystemBus, Wiring};
pub use tap::{BusEvent, TapKinds};
pub use time::{Clock, EventSlot, Scheduler, TimeBase, VTime};
pub use types::{Irq, LinAddr, PhysAddr, Port, Vector, Width};
pub use wires::{Aperture, DmaRequests, IrqLines, IrqPin, PciIntPin, Shadow, Smram, SystemRequest, Wires};
