//! What a PC is made of.

use crate::apic::LocalApicKind;
use crate::fw_cfg::FwCfgItem;
use crate::ide::{ChannelDrives, IdeDrive};
use crate::sb16::Sb16Config;
use crate::storage::hard_disk::DiskGeometry;
use crate::uart::SerialMouseKind;
use crate::usb::hid::HidKind;
use crate::usb::uhci;
use ringzero_bus::Irq;

/// A serial or parallel port's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortConfig {
    /// First port.
    pub base: u16,
    /// Its interrupt.
    pub irq: Irq,
}

/// Where COM1 to COM4 usually are.
pub const COM: [PortConfig; 4] = [
    PortConfig { base: 0x3F8, irq: Irq(4) },
    PortConfig { base: 0x2F8, irq: Irq(3) },
    PortConfig { base: 0x3E8, irq: Irq(4) },
    PortConfig { base: 0x2E8, irq: Irq(3) },
];
/// Where LPT1 usually is.
pub const LPT1: PortConfig = PortConfig { base: 0x378, irq: Irq(7) };

/// The debug-exit device's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebugExitConfig {
    /// First port.
    pub iobase: u16,
    /// Ports, at least 1.
    pub iosize: u16,
}

impl Default for DebugExitConfig {
    fn default() -> Self {
        Self { iobase: 0x501, iosize: 2 }
    }
}

/// What a PC is made of, besides the chips that every PC has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PcConfig {
    /// Seconds since 1970 UTC that the clock shows at virtual time zero.
    pub unix_time: i64,
    /// CMOS types of floppy drives A and B: 0 none, 1 360K, 2 1.2M, 3 720K, 4 1.44M, 5 2.88M.
    pub floppy_types: [u8; 2],
    /// First, second and third boot device: 0 none, 1 floppy, 2 hard disk, 3 CD.
    pub boot_order: [u8; 3],
    /// A coprocessor is present.
    pub fpu: bool,
    /// The floppy controller is present.
    pub fdc: bool,
    /// A mouse is at the keyboard controller.
    pub mouse: bool,
    /// The VGA is present.
    pub vga: bool,
    /// The image in the ROM of the VGA as a PCI function; without one it has no ROM.
    pub vga_rom: Option<Vec<u8>>,
    /// Serial ports, COM1 first; at most [`super::MAX_COM`].
    pub com: Vec<PortConfig>,
    /// The parallel port.
    pub lpt: Option<PortConfig>,
    /// The debug console's port.
    pub debugcon: Option<u16>,
    /// The debug-exit device.
    pub debug_exit: Option<DebugExitConfig>,
    /// The pvpanic device is present.
    pub pvpanic: bool,
    /// The game port is present.
    pub gameport: bool,
    /// The pointer of VMware's backdoor is present.
    pub vmmouse: bool,
    /// A mouse at this serial port, counted from 0.
    pub serial_mouse: Option<(usize, SerialMouseKind)>,
    /// The USB controller is present, as a function of the PCI chip set, with these devices.
    pub usb: Option<[Option<HidKind>; uhci::PORTS]>,
    /// Drives of the primary and the secondary IDE channel, device 0 first. A channel without drives is absent.
    pub ide: [ChannelDrives; 2],
    /// The PCI chip set is present; the IDE interface is then a function of it, and a bus master.
    pub pci: bool,
    /// What firmware reads from the firmware configuration device, which is present then.
    pub fw_cfg: Option<Vec<FwCfgItem>>,
    /// The processor's local APIC, and with it an I/O APIC on the board.
    pub apic: Option<LocalApicKind>,
    /// The high precision event timer is present.
    pub hpet: bool,
    /// A Sound Blaster 16.
    pub sb16: Option<Sb16Config>,
    /// An AdLib card; its ports are those of the Sound Blaster's FM.
    pub adlib: bool,
    /// An AC'97 controller on the PCI bus.
    pub ac97: bool,
}

impl PcConfig {
    /// The hard disks at the four IDE places.
    pub(super) fn hard_disks(&self) -> [Option<DiskGeometry>; 4] {
        std::array::from_fn(|n| match self.ide[n / 2][n % 2] {
            Some(IdeDrive::Disk(geometry)) => Some(geometry),
            _ => None,
        })
    }
}

impl Default for PcConfig {
    fn default() -> Self {
        Self {
            unix_time: 946_684_800, // 1 January 2000
            floppy_types: [4, 0],
            boot_order: [1, 2, 3],
            fpu: true,
            fdc: true,
            mouse: true,
            vga: true,
            vga_rom: None,
            com: COM[..2].to_vec(),
            lpt: Some(LPT1),
            debugcon: Some(0xE9),
            debug_exit: None,
            pvpanic: false,
            gameport: true,
            vmmouse: false,
            serial_mouse: None,
            usb: None,
            ide: [[None; 2]; 2],
            pci: false,
            fw_cfg: None,
            apic: None,
            hpet: false,
            sb16: None,
            adlib: false,
            ac97: false,
        }
    }
}
