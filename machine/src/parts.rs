//! From a configuration to a parts list.

use crate::config::{Config, ConfigError};
use crate::fw_cfg;
use ringzero_bios::BootDevice;
use ringzero_cpu::{Features, Generation};
use ringzero_devices::pc::{self, PcConfig};

/// What a configuration's machine is made of; its drives for diskettes have these CMOS types.
pub(crate) fn pc_config(config: &Config, floppy_types: [u8; 2]) -> Result<PcConfig, ConfigError> {
    let pci_cards = [(config.sound.ac97, "ac97"), (config.usb.is_some(), "usb")];
    if let Some((_, device)) = pci_cards.into_iter().find(|(present, _)| *present && !config.has_pci()) {
        return Err(ConfigError::NoPci { device });
    }
    let mut boot_order = [0; 3];
    for (place, device) in boot_order.iter_mut().zip(&config.boot_order) {
        *place = match device {
            BootDevice::FloppyA | BootDevice::FloppyB => 1,
            BootDevice::HardDisk => 2,
            BootDevice::Cd => 3,
        };
    }
    Ok(PcConfig {
        unix_time: config.unix_time,
        floppy_types,
        boot_order,
        fpu: config.cpu.has(Features::FPU),
        com: pc::COM[..config.serial_ports.min(pc::COM.len())].to_vec(),
        debug_exit: config.debug_exit,
        pvpanic: config.pvpanic,
        pci: config.has_pci(),
        vga_rom: config.has_pci().then(|| config.video_rom().map(<[u8]>::to_vec)).transpose()?,
        fw_cfg: fw_cfg::items(config)?,
        apic: config.local_apic(),
        mouse: config.mouse,
        hpet: config.local_apic().is_some(),
        gameport: config.gameport,
        vmmouse: config.vmmouse && config.cpu.generation >= Generation::I80386,
        serial_mouse: config.serial_mouse,
        usb: config.usb,
        sb16: config.sound.sb16,
        adlib: config.sound.adlib,
        ac97: config.sound.ac97,
        ..PcConfig::default()
    })
}
