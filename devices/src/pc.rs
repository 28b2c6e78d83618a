//! The parts list of a PC/AT: which card, which ports, which interrupt, which DMA channel.
//!
//! *Modelled*: what [`PcConfig`] names. An absent card leaves its ports open, as an empty slot does.

use crate::apic::{self, IoApic, LocalApic, LocalApicKind};
use crate::coprocessor::Coprocessor;
use crate::debug_exit::DebugExit;
use crate::debugcon::DebugConsole;
use crate::dma::Dma;
use crate::fdc::{Fdc, FdcWiring};
use crate::hpet::{self, Hpet, HpetWiring};
use crate::ide::{self, ChannelDrives, ChannelWiring, Ide, IdeDrive};
use crate::kbc::{Kbc, KbcWiring};
use crate::parallel::ParallelPort;
use crate::pci::{self, ChipsetFunctions, PciChipset};
use crate::pic::Pic;
use crate::pit::Pit;
use crate::rtc::{CmosConfig, Rtc};
use crate::storage::hard_disk::DiskGeometry;
use crate::uart::{Uart, UartWiring};
use crate::vga::{self, Vga};
use ringzero_bus::{AttachError, Handle, Irq, SystemBus, Width, Wiring};

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
    /// Serial ports, COM1 first; at most [`MAX_COM`].
    pub com: Vec<PortConfig>,
    /// The parallel port.
    pub lpt: Option<PortConfig>,
    /// The debug console's port.
    pub debugcon: Option<u16>,
    /// The debug-exit device.
    pub debug_exit: Option<DebugExitConfig>,
    /// Drives of the primary and the secondary IDE channel, device 0 first. A channel without drives is absent.
    pub ide: [ChannelDrives; 2],
    /// The PCI chip set is present; the IDE interface is then a function of it, and a bus master.
    pub pci: bool,
    /// The processor's local APIC, and with it an I/O APIC on the board.
    pub apic: Option<LocalApicKind>,
    /// The high precision event timer is present.
    pub hpet: bool,
}

impl PcConfig {
    /// The hard disks at the four IDE places.
    fn hard_disks(&self) -> [Option<DiskGeometry>; 4] {
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
            com: COM[..2].to_vec(),
            lpt: Some(LPT1),
            debugcon: Some(0xE9),
            debug_exit: None,
            ide: [[None; 2]; 2],
            pci: false,
            apic: None,
            hpet: false,
        }
    }
}

/// Names of serial ports, which are also those of their snapshot sections.
const COM_NAMES: [&str; 8] = ["com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8"];
/// Serial ports a machine can have; a configuration's further ones are not attached.
pub const MAX_COM: usize = COM_NAMES.len();

/// Handles of the attached parts.
#[derive(Clone, Debug)]
pub struct PcParts {
    /// The interrupt controllers.
    pub pic: Handle<Pic>,
    /// The DMA controllers and the POST code.
    pub dma: Handle<Dma>,
    /// The timer and the speaker.
    pub pit: Handle<Pit>,
    /// The keyboard and its controller.
    pub kbc: Handle<Kbc>,
    /// The clock and CMOS memory.
    pub rtc: Handle<Rtc>,
    /// The coprocessor's error logic.
    pub coprocessor: Option<Handle<Coprocessor>>,
    /// The floppy controller.
    pub fdc: Option<Handle<Fdc>>,
    /// The display.
    pub vga: Option<Handle<Vga>>,
    /// Serial ports, in the order of the configuration.
    pub com: Vec<Handle<Uart>>,
    /// The parallel port.
    pub lpt: Option<Handle<ParallelPort>>,
    /// The debug console.
    pub debugcon: Option<Handle<DebugConsole>>,
    /// The debug-exit device.
    pub debug_exit: Option<Handle<DebugExit>>,
    /// The IDE interface.
    pub ide: Option<Handle<Ide>>,
    /// The PCI chip set.
    pub pci: Option<Handle<PciChipset>>,
    /// The local APIC.
    pub local_apic: Option<Handle<LocalApic>>,
    /// The I/O APIC.
    pub io_apic: Option<Handle<IoApic>>,
    /// The high precision event timer.
    pub hpet: Option<Handle<Hpet>>,
}

/// Attaches the parts of `config` to `bus` and resets every device on it.
pub fn build(bus: &mut SystemBus, config: &PcConfig) -> Result<PcParts, AttachError> {
    let com = config.com.iter().zip(COM_NAMES).map(|(&port, name)| attach_uart(bus, name, port));
    let com = com.collect::<Result<Vec<_>, _>>()?;
    let parts = PcParts {
        pic: attach_pic(bus)?,
        dma: attach_dma(bus)?,
        pit: attach_pit(bus)?,
        kbc: attach_kbc(bus, config)?,
        rtc: attach_rtc(bus, config)?,
        coprocessor: config.fpu.then(|| attach_coprocessor(bus)).transpose()?,
        fdc: config.fdc.then(|| attach_fdc(bus, config)).transpose()?,
        vga: config.vga.then(|| attach_vga(bus)).transpose()?,
        com,
        lpt: config.lpt.map(|port| attach_lpt(bus, port)).transpose()?,
        debugcon: config.debugcon.map(|port| attach_debugcon(bus, port)).transpose()?,
        debug_exit: config.debug_exit.map(|ports| attach_debug_exit(bus, ports)).transpose()?,
        pci: config.pci.then(|| attach_pci(bus)).transpose()?,
        ide: has_ide(config).then(|| attach_ide(bus, config)).transpose()?,
        local_apic: config.apic.map(|kind| attach_local_apic(bus, kind)).transpose()?,
        io_apic: config.apic.map(|_| attach_io_apic(bus)).transpose()?,
        hpet: config.hpet.then(|| attach_hpet(bus)).transpose()?,
    };
    bus.reset_devices();
    Ok(parts)
}

/// Claims byte-wide ports.
fn bytes(wiring: &mut Wiring<'_>, ports: std::ops::RangeInclusive<u16>) -> Result<(), AttachError> {
    wiring.ports(ports, Width::Byte).map(|_region| ())
}

fn attach_pic(bus: &mut SystemBus) -> Result<Handle<Pic>, AttachError> {
    bus.attach_interrupt_controller("pic", |wiring| {
        bytes(wiring, 0x20..=0x21)?;
        bytes(wiring, 0xA0..=0xA1)?;
        bytes(wiring, 0x4D0..=0x4D1)?;
        Ok(Pic::new())
    })
}

fn attach_dma(bus: &mut SystemBus) -> Result<Handle<Dma>, AttachError> {
    bus.attach_dma_controller("dma", |wiring| {
        bytes(wiring, 0x00..=0x0F)?;
        bytes(wiring, 0xC0..=0xDF)?;
        bytes(wiring, 0x80..=0x8F)?;
        Ok(Dma::new())
    })
}

fn attach_pit(bus: &mut SystemBus) -> Result<Handle<Pit>, AttachError> {
    bus.attach("pit", |wiring| {
        bytes(wiring, 0x40..=0x43)?;
        bytes(wiring, 0x61..=0x61)?;
        Ok(Pit::new(wiring.irq(Irq(0)), wiring.slot()))
    })
}

fn attach_kbc(bus: &mut SystemBus, config: &PcConfig) -> Result<Handle<Kbc>, AttachError> {
    bus.attach("kbc", |wiring| {
        for port in [0x60, 0x64, 0x92] {
            bytes(wiring, port..=port)?;
        }
        let wiring = KbcWiring {
            keyboard_irq: wiring.irq(Irq(1)),
            aux_irq: wiring.irq(Irq(12)),
            arrival: wiring.slot(),
            aux_arrival: wiring.slot(),
            sample: wiring.slot(),
            repeat: wiring.slot(),
        };
        Ok(Kbc::new(wiring, config.mouse))
    })
}

fn attach_rtc(bus: &mut SystemBus, config: &PcConfig) -> Result<Handle<Rtc>, AttachError> {
    let cmos = CmosConfig {
        ram_size: bus.fabric().ram.ram_size() as u64,
        floppy_types: if config.fdc { config.floppy_types } else { [0; 2] },
        boot_order: config.boot_order,
        hard_disks: config.hard_disks(),
        fpu: config.fpu,
    };
    bus.attach("rtc", |wiring| {
        bytes(wiring, 0x70..=0x71)?;
        Ok(Rtc::new(wiring.irq(Irq(8)), wiring.slot(), config.unix_time, &cmos))
    })
}

fn attach_coprocessor(bus: &mut SystemBus) -> Result<Handle<Coprocessor>, AttachError> {
    bus.attach("coprocessor", |wiring| {
        bytes(wiring, 0xF0..=0xF1)?;
        Ok(Coprocessor::new(wiring.coprocessor_error(Irq(13))))
    })
}

fn attach_fdc(bus: &mut SystemBus, config: &PcConfig) -> Result<Handle<Fdc>, AttachError> {
    let drives = config.floppy_types.iter().rposition(|&kind| kind != 0).map_or(0, |last| last + 1);
    bus.attach("fdc", |wiring| {
        bytes(wiring, 0x3F0..=0x3F5)?;
        bytes(wiring, 0x3F7..=0x3F7)?;
        wiring.dma(2)?;
        let wires = FdcWiring {
            irq: wiring.irq(Irq(6)),
            step: wiring.slot(),
            seeks: std::array::from_fn(|_| wiring.slot()),
        };
        Ok(Fdc::new(wires, drives))
    })
}

fn attach_pci(bus: &mut SystemBus) -> Result<Handle<PciChipset>, AttachError> {
    let ram_size = bus.fabric().ram.ram_size() as u64;
    bus.attach("pci", |wiring| {
        wiring.ports(pci::PORTS, Width::Dword)?;
        let mut function = |at, space| wiring.pci_function::<PciChipset>(at, space, &[]);
        Ok(PciChipset::new(ChipsetFunctions {
            host_bridge: function(pci::HOST_BRIDGE, pci::host_bridge(ram_size))?,
            isa_bridge: function(pci::ISA_BRIDGE, pci::isa_bridge())?,
        }))
    })
}

fn has_ide(config: &PcConfig) -> bool {
    config.pci || config.ide.iter().flatten().any(Option::is_some)
}

fn attach_ide(bus: &mut SystemBus, config: &PcConfig) -> Result<Handle<Ide>, AttachError> {
    bus.attach("ide", |wiring| {
        let mut channels = [None; 2];
        for (n, (block, control, irq)) in ide::CHANNELS.into_iter().enumerate() {
            if config.ide[n] == [None; 2] {
                continue;
            }
            wiring.ports(block, Width::Dword)?;
            bytes(wiring, control..=control)?;
            let events = [wiring.slot(), wiring.slot()];
            channels[n] = Some(ChannelWiring { irq: wiring.irq(Irq(irq)), events });
        }
        let function = config
            .pci
            .then(|| wiring.pci_function::<Ide>(pci::IDE, pci::ide(), &[ide::BUS_MASTER]))
            .transpose()?;
        Ok(Ide::new(channels, config.ide, function))
    })
}

fn attach_local_apic(bus: &mut SystemBus, kind: LocalApicKind) -> Result<Handle<LocalApic>, AttachError> {
    bus.attach_local_controller("local apic", |wiring| Ok(LocalApic::new(kind, 0, wiring.slot())))
}

fn attach_io_apic(bus: &mut SystemBus) -> Result<Handle<IoApic>, AttachError> {
    bus.attach_message_controller("io apic", |wiring| {
        wiring.memory(apic::IO_APIC)?;
        Ok(IoApic::new())
    })
}

fn attach_hpet(bus: &mut SystemBus) -> Result<Handle<Hpet>, AttachError> {
    bus.attach("hpet", |wiring| {
        wiring.memory(hpet::REGISTERS)?;
        Ok(Hpet::new(HpetWiring {
            legacy: [0, 8].map(|irq| wiring.replacement_irq(Irq(irq))),
            routes: hpet::ROUTES.map(|irq| wiring.irq(Irq(irq))),
            matches: std::array::from_fn(|_| wiring.slot()),
        }))
    })
}

fn attach_vga(bus: &mut SystemBus) -> Result<Handle<Vga>, AttachError> {
    bus.attach("vga", |wiring| {
        for ports in vga::PORTS {
            bytes(wiring, ports)?;
        }
        wiring.memory(vga::WINDOW)?;
        Ok(Vga::new())
    })
}

fn attach_uart(
    bus: &mut SystemBus,
    name: &'static str,
    port: PortConfig,
) -> Result<Handle<Uart>, AttachError> {
    bus.attach(name, |wiring| {
        bytes(wiring, port.base..=port.base.saturating_add(7))?;
        Ok(Uart::new(
            name,
            UartWiring {
                irq: wiring.irq(port.irq),
                sent: wiring.slot(),
                arrival: wiring.slot(),
                timeout: wiring.slot(),
            },
        ))
    })
}

fn attach_lpt(bus: &mut SystemBus, port: PortConfig) -> Result<Handle<ParallelPort>, AttachError> {
    bus.attach("lpt1", |wiring| {
        bytes(wiring, port.base..=port.base.saturating_add(2))?;
        Ok(ParallelPort::new("lpt1", wiring.irq(port.irq), wiring.slot()))
    })
}

fn attach_debugcon(bus: &mut SystemBus, port: u16) -> Result<Handle<DebugConsole>, AttachError> {
    bus.attach("debugcon", |wiring| {
        bytes(wiring, port..=port)?;
        Ok(DebugConsole::new())
    })
}

fn attach_debug_exit(bus: &mut SystemBus, config: DebugExitConfig) -> Result<Handle<DebugExit>, AttachError> {
    let last = config.iobase.saturating_add(config.iosize.max(1) - 1);
    bus.attach("debug_exit", |wiring| {
        wiring.ports(config.iobase..=last, Width::Dword)?;
        Ok(DebugExit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{MemoryMedium, floppy};
    use ringzero_bus::{Port, VTime, Vector};

    fn pc() -> (SystemBus, PcParts) {
        let mut bus = SystemBus::new(1 << 20, 100);
        let parts = build(&mut bus, &PcConfig::default()).unwrap();
        for (port, value) in [
            (0x20, 0x11),
            (0x21, 0x08),
            (0x21, 4),
            (0x21, 1),
            (0xA0, 0x11),
            (0xA1, 0x70),
            (0xA1, 2),
            (0xA1, 1),
        ] {
            bus.pio_write(Port(port), Width::Byte, value);
        }
        (bus, parts)
    }

    fn out(bus: &mut SystemBus, writes: &[(u16, u8)]) {
        for &(port, value) in writes {
            bus.pio_write(Port(port), Width::Byte, value.into());
        }
    }

    /// Lets time pass as an idle machine does.
    fn run(bus: &mut SystemBus, ns: u64) {
        let end = bus.now().plus_ns(ns);
        while let Some(due) = bus.fabric().sched.next_deadline().filter(|&due| due <= end) {
            bus.jump_to(0, due);
            bus.run_due_events();
        }
        bus.jump_to(0, end);
    }

    #[test]
    fn an_absent_card_reads_as_an_empty_slot() {
        let mut bus = SystemBus::new(1 << 20, 100);
        let config = PcConfig { fdc: false, com: vec![], ..PcConfig::default() };
        let parts = build(&mut bus, &config).unwrap();
        assert!(parts.fdc.is_none());
        assert_eq!([0x3F4, 0x3FD].map(|port| bus.pio_read(Port(port), Width::Byte)), [0xFF; 2]);
    }

    #[test]
    fn two_serial_ports_at_one_place_are_refused() {
        let mut bus = SystemBus::new(1 << 20, 100);
        let config = PcConfig { com: vec![COM[0], COM[0]], ..PcConfig::default() };
        assert!(matches!(build(&mut bus, &config), Err(AttachError::PortConflict { .. })));
    }

    #[test]
    fn the_timer_interrupts_the_cpu() {
        let (mut bus, _) = pc();
        out(&mut bus, &[(0x43, 0x36), (0x40, 0), (0x40, 0)]);
        run(&mut bus, 60_000_000);
        assert!(bus.intr());
        assert_eq!(bus.acknowledge(), Vector(0x08));
    }

    #[test]
    fn a_floppy_read_arrives_in_memory_by_dma() {
        let (mut bus, parts) = pc();
        let image: Vec<u8> = (0..1440 * 1024).map(|at| (at / 512) as u8).collect();
        let (medium, geometry) = floppy::open(Box::new(MemoryMedium::new(image))).unwrap();
        bus.call(parts.fdc.unwrap(), |fdc, _| fdc.insert(0, medium, geometry));
        out(&mut bus, &[(0x3F2, 0x1C)]);
        run(&mut bus, 1_000_000);
        for _ in 0..4 {
            out(&mut bus, &[(0x3F5, 8)]);
            let _results = [0, 1].map(|_| bus.pio_read(Port(0x3F5), Width::Byte));
        }
        out(&mut bus, &[(0x3F7, 0), (0x3F5, 3), (0x3F5, 0xDF), (0x3F5, 2)]);
        let dma = [(0x0C, 0), (0x0B, 0x46), (4, 0), (4, 0x7C), (0x81, 0), (5, 0xFF), (5, 3), (0x0A, 2)];
        out(&mut bus, &dma);
        for byte in [0xE6, 0, 0, 0, 5, 2, 18, 0x1B, 0xFF] {
            out(&mut bus, &[(0x3F5, byte)]);
        }
        run(&mut bus, 100_000_000);
        assert_eq!([0x7C00, 0x7FFF].map(|at| bus.fabric().ram.ram()[at]), [4, 5]);
        assert_eq!(bus.acknowledge(), Vector(0x0E));
    }

    #[test]
    fn a_disk_on_the_secondary_channel_raises_irq_15() {
        let mut bus = SystemBus::new(1 << 20, 100);
        let disk = IdeDrive::Disk(DiskGeometry::for_sectors(100));
        let config = PcConfig { ide: [[None; 2], [Some(disk), None]], ..PcConfig::default() };
        build(&mut bus, &config).unwrap();
        run(&mut bus, 1_000_000);
        out(&mut bus, &[(0x176, 0xA0), (0x177, 0xEC)]);
        run(&mut bus, 1_000_000);
        assert!(bus.fabric().irqs.level(Irq(15)));
        assert_eq!(bus.pio_read(Port(0x170), Width::Word), 0x0040);
        assert_eq!(bus.pio_read(Port(0x1F7), Width::Byte), 0xFF);
    }

    #[test]
    fn the_display_memory_is_mapped() {
        let (mut bus, parts) = pc();
        assert!(bus.get(parts.vga.unwrap()).text().is_none());
        assert_eq!(bus.page(ringzero_bus::PhysAddr(0xB_8000)), ringzero_bus::PageTarget::Mmio);
        out(&mut bus, &[(0x3C2, 0x67)]);
        assert_eq!(bus.pio_read(Port(0x3CC), Width::Byte), 0x67);
    }

    #[test]
    fn the_keyboard_reports_its_test_after_power_on() {
        let (mut bus, _) = pc();
        run(&mut bus, 30_000_000);
        assert_eq!(bus.pio_read(Port(0x64), Width::Byte) & 1, 1);
        assert_eq!(bus.pio_read(Port(0x60), Width::Byte), 0xAA);
        assert!(bus.now() > VTime(0));
    }
}
