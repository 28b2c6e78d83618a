//! The BIOS: power-on self test, the interrupt services, boot.
//!
//! A ROM entry point (crate `ringzero-roms`) executes an `OUT` to the firmware port; the machine then calls
//! [`Bios::service`] with its registers, memory and ports. The service is found by the address of that `OUT`.
//! Everything that must outlive a call is in guest memory (the BIOS data areas), so a `Bios` is only its configuration.
//! A service never blocks: it sends the CPU to a wait in ROM and is entered again.
//!
//! - [`boot`]: which device, and what to say when none boots. `post`: the self test.
//! - `keyboard`, `disk`, `serial`, `printer`: INT 16h and 09h, 13h, 14h, 17h. `time`: INT 1Ah and 70h.
//! - `ata`: the IDE drives behind INT 13h. `pci`: configuration space, the PCI BIOS.
//! - `platform`: what the machine is made of; `tables`, `acpi`: what operating systems are told of it.
//! - `system`: INT 15h. `pointing_device`: its function C2h, and INT 74h. `video`: INT 10h.
//!
//! *Modelled*: the IBM AT BIOS with a VGA. *Not modelled*: Cassette BASIC, multitasking hooks beyond their calls, APM.
//!
//! ```
//! use ringzero_bios::{Bios, BiosConfig, BootDevice};
//! let bios = Bios::new(BiosConfig { boot_order: vec![BootDevice::FloppyA, BootDevice::HardDisk] });
//! assert_eq!(bios.config().boot_order.len(), 2);
//! ```

mod acpi;
mod ata;
mod bda;
pub mod boot;
mod disk;
mod guest;
mod keyboard;
mod keymap;
mod memory_map;
mod pci;
mod platform;
mod pointing_device;
mod post;
mod printer;
mod serial;
mod system;
mod tables;
#[cfg(test)]
mod testing;
mod time;
mod video;

pub use boot::BootDevice;

use guest::{Guest, Served, WaitLabels};
use ringzero_bus::{FirmwareFault, FirmwareView};
use ringzero_roms::{Trap, trap_at};

/// What the user may choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BiosConfig {
    /// Devices to try, first to last.
    pub boot_order: Vec<BootDevice>,
}

impl Default for BiosConfig {
    fn default() -> Self {
        Self { boot_order: vec![BootDevice::FloppyA, BootDevice::HardDisk, BootDevice::Cd] }
    }
}

/// The BIOS.
#[derive(Clone, Debug, Default)]
pub struct Bios {
    config: BiosConfig,
}

impl Bios {
    /// A BIOS with this configuration.
    pub fn new(config: BiosConfig) -> Self {
        Self { config }
    }

    /// The configuration.
    pub fn config(&self) -> &BiosConfig {
        &self.config
    }

    /// Serves the trap whose OUT lies right before `cs:eip`; an unknown address is left alone.
    ///
    /// On a fault nothing that shows has changed: the machine delivers it at the OUT, and the service starts again.
    pub fn service(&mut self, view: &mut dyn FirmwareView) -> Result<(), FirmwareFault> {
        let regs = view.regs();
        let linear = (u32::from(regs.cs) << 4).wrapping_add(regs.eip);
        let Some(trap) = trap_at(linear) else {
            log::debug!("no firmware service at {linear:05x}");
            return Ok(());
        };
        self.dispatch(trap, &mut Guest::new(view))
    }

    fn dispatch(&self, trap: Trap, g: &mut Guest) -> Served {
        match trap {
            Trap::PostChips => post::chips(g),
            Trap::PostNextRom => post::next_rom(g),
            Trap::PostDevices => post::devices(g),
            Trap::PostEnd => post::end(g),
            Trap::PostPlatform => tables::build(g),
            Trap::BootStart => boot::start(g, &self.config.boot_order),
            Trap::BootRead => boot::read_done(g, &self.config.boot_order),
            Trap::BootMessage => boot::message(g, &self.config.boot_order),
            Trap::VideoInit => video::init(g),
            Trap::Int09 => keyboard::int09(g),
            Trap::Int10 => video::int10(g, WaitLabels::INT10),
            Trap::Int10System => video::int10(g, WaitLabels::INT10_SYSTEM),
            Trap::Int10Again => video::int10_again(g, WaitLabels::INT10),
            Trap::Int10SystemAgain => video::int10_again(g, WaitLabels::INT10_SYSTEM),
            Trap::Int13 => disk::int13(g),
            Trap::Int13Again => disk::again(g),
            Trap::Int13Fixed => disk::fixed(g),
            Trap::Int13FixedAgain => disk::fixed_again(g),
            Trap::Int14 => serial::int14(g),
            Trap::Int14Again => serial::again(g),
            Trap::Int15 => system::int15(g),
            Trap::Int15Again => system::again(g),
            Trap::Int16 => keyboard::int16(g, true),
            Trap::Int16Again => keyboard::int16(g, false),
            Trap::Int17 => printer::int17(g),
            Trap::Int17Again => printer::again(g),
            Trap::Int1a | Trap::Int1aAgain => time::int1a(g),
            Trap::Int70 => time::int70(g),
            Trap::Int74 => pointing_device::int74(g),
        }
    }
}
