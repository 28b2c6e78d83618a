//! What firmware is told of the machine, as QEMU tells it [fw_cfg, "Firmware Configuration Items"].

use crate::config::{Config, ConfigError};
use crate::kernel::KernelError;
use ringzero_cpu::Generation;
use ringzero_devices::fw_cfg::{FwCfgItem, key};
use std::sync::Arc;

/// Numbers of items.
mod item {
    pub(super) const UUID: u16 = 0x02;
    pub(super) const RAM_SIZE: u16 = 0x03;
    pub(super) const NO_GRAPHIC: u16 = 0x04;
    pub(super) const CPUS: u16 = 0x05;
    pub(super) const NUMA: u16 = 0x0D;
    pub(super) const BOOT_MENU: u16 = 0x0E;
    pub(super) const MOST_CPUS: u16 = 0x0F;
    pub(super) const IRQ0_OVERRIDE: u16 = 2;
}

/// Address ranges of this type are RAM [fw_cfg, "etc/e820"].
const E820_RAM: u32 = 1;

/// The items of a machine, if it has the device: with PCI, or to boot a kernel.
pub(crate) fn items(config: &Config) -> Result<Option<Vec<FwCfgItem>>, ConfigError> {
    if !config.has_pci() && config.kernel.is_none() {
        return Ok(None);
    }
    let ram_size = config.ram_size()?;
    let mut items = machine_items(ram_size);
    if let Some(kernel) = &config.kernel {
        if config.cpu.generation < Generation::I80386 {
            return Err(KernelError::Unsupported(
                "the processor must be an 80386 or later; use another --cpu",
            )
            .into());
        }
        let script = kernel.items(ram_size)?;
        items.extend(script.into_iter().map(|item| FwCfgItem::Key(item.key, item.data)));
        // SeaBIOS takes option ROMs from here, and none from memory.
        let data = ringzero_roms::KERNEL_LOADER_ROM.into();
        items.push(FwCfgItem::File { name: "genroms/kernel_loader.bin".to_owned(), data });
    }
    Ok(Some(items))
}

/// The items of a machine with one processor and this much RAM.
fn machine_items(ram_size: u64) -> Vec<FwCfgItem> {
    let one: Arc<[u8]> = 1u16.to_le_bytes().into();
    let e820 = [&0u64.to_le_bytes()[..], &ram_size.to_le_bytes()[..], &E820_RAM.to_le_bytes()[..]].concat();
    vec![
        FwCfgItem::Key(item::UUID, [0; 16].into()),
        FwCfgItem::Key(item::RAM_SIZE, ram_size.to_le_bytes().into()),
        FwCfgItem::Key(item::NO_GRAPHIC, [0; 2].into()),
        FwCfgItem::Key(item::CPUS, one.clone()),
        FwCfgItem::Key(item::NUMA, [0; 16].into()),
        FwCfgItem::Key(item::BOOT_MENU, [0; 2].into()),
        FwCfgItem::Key(item::MOST_CPUS, one),
        // IRQ 0 is input 2 of the I/O APIC, as the tables of firmware are to say.
        FwCfgItem::Key(key::ARCH_LOCAL | item::IRQ0_OVERRIDE, 1u32.to_le_bytes().into()),
        FwCfgItem::File { name: "etc/e820".to_owned(), data: e820.into() },
    ]
}
