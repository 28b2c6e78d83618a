//! The parts list of a PC/AT: which card, which ports, which interrupt, which DMA channel.
//!
//! *Modelled*: what [`PcConfig`] names. An absent card leaves its ports open, as an empty slot does.

mod config;
mod input;

pub use config::{COM, DebugExitConfig, LPT1, PcConfig, PortConfig};

use crate::ac97::{self, Ac97, Ac97Wiring};
use crate::apic::{self, IoApic, LocalApic, LocalApicKind};
use crate::coprocessor::Coprocessor;
use crate::debug_exit::DebugExit;
use crate::debugcon::DebugConsole;
use crate::dma::Dma;
use crate::fdc::{Fdc, FdcWiring};
use crate::fw_cfg::{self, FwCfg, FwCfgItem};
use crate::gameport::GamePort;
use crate::hpet::{self, Hpet, HpetWiring};
use crate::ide::{self, ChannelWiring, Ide};
use crate::kbc::{Kbc, KbcWiring};
use crate::opl3::AdLib;
use crate::parallel::ParallelPort;
use crate::pci::{self, ChipsetFunctions, PciChipset};
use crate::pic::Pic;
use crate::pit::Pit;
use crate::pm::{self, PmWiring, PowerManagement};
use crate::pvpanic::{self, PvPanic};
use crate::rtc::{CmosConfig, Rtc};
use crate::sb16::{self, Sb16, Sb16Config, Sb16Wiring};
use crate::uart::{SerialMouseKind, Uart, UartWiring};
use crate::usb::uhci::Uhci;
use crate::vga::{self, Vga, VgaWiring};
use crate::vmmouse::VmMouse;
use ringzero_bus::{AttachError, Handle, Irq, SystemBus, Width, Wiring};

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
    /// The pvpanic device.
    pub pvpanic: Option<Handle<PvPanic>>,
    /// The game port.
    pub gameport: Option<Handle<GamePort>>,
    /// The pointer of VMware's backdoor.
    pub vmmouse: Option<Handle<VmMouse>>,
    /// The USB controller.
    pub usb: Option<Handle<Uhci>>,
    /// The IDE interface.
    pub ide: Option<Handle<Ide>>,
    /// What firmware is told.
    pub fw_cfg: Option<Handle<FwCfg>>,
    /// The PCI chip set.
    pub pci: Option<Handle<PciChipset>>,
    /// The local APIC.
    pub local_apic: Option<Handle<LocalApic>>,
    /// The I/O APIC.
    pub io_apic: Option<Handle<IoApic>>,
    /// The high precision event timer.
    pub hpet: Option<Handle<Hpet>>,
    /// Power management.
    pub pm: Option<Handle<PowerManagement>>,
    /// The Sound Blaster 16.
    pub sb16: Option<Handle<Sb16>>,
    /// The AdLib card.
    pub adlib: Option<Handle<AdLib>>,
    /// The AC'97 controller.
    pub ac97: Option<Handle<Ac97>>,
}

/// Attaches the parts of `config` to `bus` and resets every device on it.
pub fn build(bus: &mut SystemBus, config: &PcConfig) -> Result<PcParts, AttachError> {
    let ports = config.com.iter().zip(COM_NAMES).enumerate();
    let com = ports.map(|(number, (&port, name))| {
        let mouse = config.serial_mouse.filter(|(at, _)| *at == number).map(|(_, kind)| kind);
        attach_uart(bus, name, port, mouse)
    });
    let com = com.collect::<Result<Vec<_>, _>>()?;
    let parts = PcParts {
        pic: attach_pic(bus)?,
        dma: attach_dma(bus)?,
        pit: attach_pit(bus)?,
        kbc: attach_kbc(bus, config)?,
        rtc: attach_rtc(bus, config)?,
        coprocessor: config.fpu.then(|| attach_coprocessor(bus)).transpose()?,
        fdc: config.fdc.then(|| attach_fdc(bus, config)).transpose()?,
        vga: config.vga.then(|| attach_vga(bus, config)).transpose()?,
        com,
        lpt: config.lpt.map(|port| attach_lpt(bus, port)).transpose()?,
        debugcon: config.debugcon.map(|port| attach_debugcon(bus, port)).transpose()?,
        debug_exit: config.debug_exit.map(|ports| attach_debug_exit(bus, ports)).transpose()?,
        pvpanic: config.pvpanic.then(|| attach_pvpanic(bus)).transpose()?,
        fw_cfg: config.fw_cfg.clone().map(|items| attach_fw_cfg(bus, items)).transpose()?,
        pci: config.pci.then(|| attach_pci(bus)).transpose()?,
        gameport: config.gameport.then(|| input::attach_gameport(bus)).transpose()?,
        vmmouse: config.vmmouse.then(|| input::attach_vmmouse(bus)).transpose()?,
        usb: config.usb.filter(|_| config.pci).map(|devices| input::attach_usb(bus, devices)).transpose()?,
        pm: config.pci.then(|| attach_pm(bus, config)).transpose()?,
        ide: has_ide(config).then(|| attach_ide(bus, config)).transpose()?,
        local_apic: config.apic.map(|kind| attach_local_apic(bus, kind)).transpose()?,
        io_apic: config.apic.map(|_| attach_io_apic(bus)).transpose()?,
        hpet: config.hpet.then(|| attach_hpet(bus)).transpose()?,
        sb16: config.sb16.map(|card| attach_sb16(bus, card)).transpose()?,
        adlib: config.adlib.then(|| attach_adlib(bus)).transpose()?,
        ac97: config.ac97.then(|| attach_ac97(bus)).transpose()?,
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

fn attach_fw_cfg(bus: &mut SystemBus, items: Vec<FwCfgItem>) -> Result<Handle<FwCfg>, AttachError> {
    bus.attach("fw_cfg", |wiring| {
        wiring.ports(fw_cfg::PORTS, Width::Word)?;
        wiring.ports(fw_cfg::DMA_PORTS, Width::Dword)?;
        Ok(FwCfg::new(items))
    })
}

fn attach_pm(bus: &mut SystemBus, config: &PcConfig) -> Result<Handle<PowerManagement>, AttachError> {
    let com = [0x3F8, 0x2F8].map(|base| config.com.iter().any(|port| port.base == base));
    let lpt = config.lpt.is_some_and(|port| port.base == 0x378);
    bus.attach("pm", |wiring| {
        bytes(wiring, pm::GPE_PORTS)?;
        bytes(wiring, pm::APM_PORTS)?;
        let space = pci::power_management(pci::Monitored { lpt, com });
        let function = wiring.pci_function::<PowerManagement>(pci::POWER_MANAGEMENT, space, &pm::BASES)?;
        let sci = wiring.irq(Irq(pm::SCI));
        Ok(PowerManagement::new(PmWiring { function, sci, timer: wiring.slot() }))
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

fn attach_sb16(bus: &mut SystemBus, config: Sb16Config) -> Result<Handle<Sb16>, AttachError> {
    bus.attach("sb16", |wiring| {
        bytes(wiring, config.iobase..=config.iobase.saturating_add(15))?;
        bytes(wiring, sb16::MPU_PORTS)?;
        bytes(wiring, sb16::FM_PORTS)?;
        for channel in sb16::DMA_CHANNELS {
            wiring.dma(channel)?;
        }
        let wires = Sb16Wiring {
            irqs: sb16::IRQS.map(|irq| wiring.irq(Irq(irq))),
            transfers: [wiring.slot(), wiring.slot()],
        };
        Ok(Sb16::new(config, wires))
    })
}

fn attach_adlib(bus: &mut SystemBus) -> Result<Handle<AdLib>, AttachError> {
    bus.attach("adlib", |wiring| {
        bytes(wiring, 0x388..=0x389)?;
        Ok(AdLib::default())
    })
}

fn attach_ac97(bus: &mut SystemBus) -> Result<Handle<Ac97>, AttachError> {
    bus.attach("ac97", |wiring| {
        let function = wiring.pci_function::<Ac97>(ac97::ADDRESS, ac97::config_space(), &ac97::BASES)?;
        let interrupt = wiring.pci_interrupt(function, 1);
        let looks = std::array::from_fn(|_| wiring.slot());
        Ok(Ac97::new(Ac97Wiring { function, interrupt, looks }))
    })
}

fn attach_vga(bus: &mut SystemBus, config: &PcConfig) -> Result<Handle<Vga>, AttachError> {
    bus.attach("vga", |wiring| {
        let [bytes @ .., words] = vga::PORTS;
        for ports in bytes {
            wiring.ports(ports, Width::Byte)?;
        }
        wiring.ports(words, Width::Word)?;
        wiring.video_window(vga::WINDOW)?;
        let memory = wiring.video_memory(vga::MEMORY);
        if config.pci {
            let function = wiring.pci_function::<Vga>(pci::VGA, pci::vga(), &[])?;
            wiring.pci_video_memory(function, vga::FRAME_BUFFER, memory);
            wiring.pci_memory(function, vga::REGISTERS);
            if let Some(image) = &config.vga_rom {
                // The command register does not matter to this function; the BIOS of Bochs relies on that.
                wiring.pci_rom(function, image, false);
            }
        }
        Ok(Vga::new(VgaWiring { irq: wiring.irq(Irq(9)), retrace: wiring.slot(), memory }))
    })
}

fn attach_uart(
    bus: &mut SystemBus,
    name: &'static str,
    port: PortConfig,
    mouse: Option<SerialMouseKind>,
) -> Result<Handle<Uart>, AttachError> {
    bus.attach(name, |wiring| {
        bytes(wiring, port.base..=port.base.saturating_add(7))?;
        let uart = Uart::new(
            name,
            UartWiring {
                irq: wiring.irq(port.irq),
                sent: wiring.slot(),
                arrival: wiring.slot(),
                timeout: wiring.slot(),
            },
        );
        Ok(match mouse {
            Some(kind) => uart.with_mouse(kind),
            None => uart,
        })
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

fn attach_pvpanic(bus: &mut SystemBus) -> Result<Handle<PvPanic>, AttachError> {
    bus.attach("pvpanic", |wiring| {
        bytes(wiring, pvpanic::PORT..=pvpanic::PORT)?;
        Ok(PvPanic)
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
#[path = "pc/tests.rs"]
mod tests;
