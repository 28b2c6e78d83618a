//! What a machine is made of.

use crate::kernel::{Kernel, KernelError};
use ringzero_bios::BootDevice;
use ringzero_cpu::{Features, Generation, Model};
use ringzero_devices::apic::LocalApicKind;
use ringzero_devices::ide::IdeDrive;
use ringzero_devices::pc::DebugExitConfig;
use ringzero_devices::sb16::Sb16Config;
use ringzero_devices::storage::{BlockMedium, hard_disk};
use ringzero_devices::uart::SerialMouseKind;
use ringzero_devices::usb::hid::HidKind;
use std::sync::Arc;

const MIB: u64 = 1 << 20;
/// Least and most RAM in bytes.
const MEMORY: std::ops::RangeInclusive<u64> = MIB..=3072 * MIB;

/// Everything that decides how a run goes, besides media and input.
#[derive(Clone, Debug)]
pub struct Config {
    /// Processor model.
    pub cpu: Model,
    /// RAM in bytes; a model with fewer address lines gets what it can address.
    pub memory: u64,
    /// Boot devices, first to last.
    pub boot_order: Vec<BootDevice>,
    /// Seconds since 1970 UTC that the clock shows at virtual time zero.
    pub unix_time: i64,
    /// Instructions per virtual microsecond.
    pub mips: u32,
    /// Serial ports.
    pub serial_ports: usize,
    /// The debug-exit device.
    pub debug_exit: Option<DebugExitConfig>,
    /// The pvpanic device, port 505h.
    pub pvpanic: bool,
    /// The PCI chip set, with the IDE interface as a bus master of it, on a machine with an 80486 or later.
    pub pci: bool,
    /// Local and I/O APIC and the high precision event timer, where the processor model has one: Pentium and later.
    pub apic: bool,
    /// A PS/2 mouse.
    pub mouse: bool,
    /// The game port, where [`crate::Machine::set_joystick`] plugs sticks in. Without a stick nothing answers there.
    pub gameport: bool,
    /// The pointer of VMware's backdoor, on an 80386 or later: where a guest's driver uses it, it is told places on the
    /// screen instead of motion.
    pub vmmouse: bool,
    /// A mouse at a serial port, 0 for COM1.
    pub serial_mouse: Option<(usize, SerialMouseKind)>,
    /// The USB controller, on a machine with PCI, and what is at its ports.
    pub usb: Option<[Option<HidKind>; 2]>,
    /// Sound cards.
    pub sound: SoundCards,
    /// A BIOS in place of ours: 64 KiB or a multiple of it, up to 16 MiB.
    pub bios: Option<Arc<[u8]>>,
    /// A video BIOS in place of ours.
    pub vga_bios: Option<Arc<[u8]>>,
    /// A kernel to boot in place of a disk; the processor is an 80386 or later.
    pub kernel: Option<Kernel>,
    /// A reset ends the run instead of starting the machine again.
    pub stop_at_reset: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cpu: Model::MAX,
            memory: 128 * MIB,
            boot_order: vec![BootDevice::FloppyA, BootDevice::HardDisk, BootDevice::Cd],
            unix_time: 946_684_800, // 1 January 2000
            mips: 128,
            serial_ports: 2,
            debug_exit: None,
            pvpanic: false,
            pci: true,
            apic: true,
            mouse: true,
            gameport: true,
            vmmouse: false,
            serial_mouse: None,
            usb: None,
            sound: SoundCards::default(),
            bios: None,
            vga_bios: None,
            kernel: None,
            stop_at_reset: false,
        }
    }
}

/// The sound cards of a machine; the speaker is always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundCards {
    /// A Sound Blaster 16.
    pub sb16: Option<Sb16Config>,
    /// An AdLib card. It takes the ports of the Sound Blaster's FM.
    pub adlib: bool,
    /// An AC'97 controller on the PCI bus.
    pub ac97: bool,
}

impl SoundCards {
    /// No card.
    pub const NONE: Self = Self { sb16: None, adlib: false, ac97: false };
}

impl Default for SoundCards {
    fn default() -> Self {
        Self { sb16: Some(Sb16Config::default()), ..Self::NONE }
    }
}

/// Why a machine cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A PCI device in a machine without PCI.
    #[error("{device} needs PCI, which machines with an 80486 or later have")]
    NoPci {
        /// The device.
        device: &'static str,
    },
    /// Too little or too much memory.
    #[error("memory: {bytes} bytes are out of range; use 1M to 3072M")]
    Memory {
        /// What was asked for.
        bytes: u64,
    },
    /// The BIOS image cannot be one.
    #[error("BIOS: {bytes} bytes; an image has a multiple of 64 KiB, up to 16 MiB")]
    BiosSize {
        /// Its size.
        bytes: usize,
    },
    /// The video BIOS image is empty or too large.
    #[error("video BIOS: {bytes} bytes; there is room for 1 to {most}")]
    VgaBiosSize {
        /// Its size.
        bytes: usize,
        /// What fits between C0000h and the BIOS.
        most: usize,
    },
    /// The kernel cannot be booted.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// Two parts want the same ports or addresses.
    #[error(transparent)]
    Attach(#[from] ringzero_bus::AttachError),
    /// An image does not fit its drive.
    #[error("floppy drive {drive}: {source}")]
    Floppy {
        /// 'A' or 'B'.
        drive: char,
        /// Why.
        source: ringzero_devices::storage::floppy::TooLarge,
    },
}

impl Config {
    /// The processor as it is in this machine.
    pub(crate) fn model(&self) -> Model {
        if self.local_apic().is_some() { self.cpu.with(Features::APIC) } else { self.cpu }
    }

    /// The local APIC of the model.
    pub(crate) fn local_apic(&self) -> Option<LocalApicKind> {
        let kind = match self.cpu.generation {
            Generation::Pentium => LocalApicKind::Pentium,
            Generation::P6 => LocalApicKind::P6,
            Generation::Pentium4 => LocalApicKind::Pentium4,
            _ => return None,
        };
        self.apic.then_some(kind)
    }

    /// Whether the machine has the PCI chip set.
    pub(crate) fn has_pci(&self) -> bool {
        self.pci && self.cpu.generation >= Generation::I80486
    }

    /// RAM in bytes that this machine really has.
    pub(crate) fn ram_size(&self) -> Result<u64, ConfigError> {
        if !MEMORY.contains(&self.memory) {
            return Err(ConfigError::Memory { bytes: self.memory });
        }
        Ok(match self.cpu.generation {
            Generation::I8086 | Generation::I80186 => MIB,
            // The top 64 KiB of the address space are ROM.
            Generation::I80286 => self.memory.min(16 * MIB - 0x1_0000),
            _ => self.memory,
        })
    }
}

/// The disks in a machine's drives at power-on.
#[derive(Default)]
pub struct Media {
    /// Drives A and B.
    pub floppies: [Option<Box<dyn BlockMedium>>; 2],
    /// IDE drives: primary device 0 and 1, secondary device 0 and 1 (hda to hdd).
    pub ide: [IdeMedia; 4],
}

/// What is at a place of the IDE cables.
#[derive(Default)]
pub enum IdeMedia {
    /// Nothing.
    #[default]
    None,
    /// A hard disk.
    Disk(Box<dyn BlockMedium>),
    /// A CD-ROM drive, perhaps with a disc.
    Cd(Option<Box<dyn BlockMedium>>),
}

impl IdeMedia {
    /// The drive and what goes into it.
    pub(crate) fn open(self) -> (Option<IdeDrive>, Option<Box<dyn BlockMedium>>) {
        match self {
            Self::None => (None, None),
            Self::Disk(mut medium) => {
                let geometry = hard_disk::geometry(medium.as_mut());
                (Some(IdeDrive::Disk(geometry)), Some(medium))
            }
            Self::Cd(disc) => (Some(IdeDrive::Cd), disc),
        }
    }
}
