//! The chips of the PC and the formats of its disk images.
//!
//! One module per chip, each with the chip (registers in, pins out) apart from the card (which port, which wire):
//! [`pic`], [`pit`], [`kbc`] with [`keyboard`] and [`mouse`], [`vga`], [`dma`], [`fdc`], [`ide`], [`pci`], [`pm`], [`rtc`], [`uart`],
//! [`parallel`], [`gameport`], [`usb`], [`vmmouse`], [`apic`], [`hpet`], [`debugcon`], [`debug_exit`], [`pvpanic`], [`fw_cfg`]. [`storage`] holds what disks are made of. [`pc`] is the parts list: [`pc::build`]
//! attaches the cards a [`pc::PcConfig`] names to a [`SystemBus`](ringzero_bus::SystemBus).
//!
//! Nothing here knows the CPU or the host.
//!
//! ```
//! use ringzero_bus::{Port, SystemBus, Width};
//! use ringzero_devices::pc::{self, PcConfig};
//! let mut bus = SystemBus::new(1 << 20, 128);
//! let parts = pc::build(&mut bus, &PcConfig::default()).unwrap();
//! bus.pio_write(Port(0x80), Width::Byte, 0x55);
//! assert_eq!(bus.get(parts.dma).post_code(), 0x55);
//! ```

pub mod ac97;
pub mod apic;
pub mod coprocessor;
pub mod debug_exit;
pub mod debugcon;
pub mod dma;
pub mod fdc;
pub mod fw_cfg;
pub mod gameport;
pub mod hpet;
pub mod ide;
pub mod kbc;
pub mod keyboard;
pub mod mouse;
pub mod opl3;
pub mod parallel;
pub mod pc;
pub mod pci;
pub mod pic;
pub mod pit;
pub mod pm;
pub mod pvpanic;
mod queue;
pub mod rtc;
pub mod sb16;
pub mod sound;
pub mod storage;
pub mod text;
pub mod uart;
pub mod usb;
pub mod vga;
pub mod vmmouse;
