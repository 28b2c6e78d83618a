//! The ROMs of a machine: ours, or images of others.

use crate::config::{Config, ConfigError};
use ringzero_bus::{Port, SystemBus};
use ringzero_cpu::Generation;

/// Where the legacy area ends; a BIOS ends there, and under the top of the address space.
const LEGACY_END: u64 = 0x10_0000;
/// Where the video BIOS begins.
const VIDEO: u64 = 0xC_0000;
/// Where the kernel loader's ROM goes: a BIOS that copies the video BIOS to RAM hides what lies close behind it.
const KERNEL_LOADER: u64 = 0xD_0000;
/// How much of a BIOS's end the legacy area shows.
const LEGACY_BIOS: usize = 0x2_0000;
/// What a BIOS's size is a multiple of, and the most of it.
const BIOS_UNIT: usize = 0x1_0000;
const MOST_BIOS: usize = 16 << 20;

impl Config {
    /// The BIOS's image.
    fn system_rom(&self) -> Result<&[u8], ConfigError> {
        let Some(image) = &self.bios else { return Ok(ringzero_roms::SYSTEM_ROM) };
        let fits = !image.is_empty() && image.len() % BIOS_UNIT == 0 && image.len() <= MOST_BIOS;
        if fits { Ok(image) } else { Err(ConfigError::BiosSize { bytes: image.len() }) }
    }

    /// The video BIOS's image.
    pub(crate) fn video_rom(&self) -> Result<&[u8], ConfigError> {
        let Some(image) = &self.vga_bios else { return Ok(ringzero_roms::VIDEO_ROM) };
        let room = (LEGACY_END - VIDEO) as usize - self.system_rom()?.len().min(LEGACY_BIOS);
        let fits = !image.is_empty() && image.len() <= room;
        if fits { Ok(image) } else { Err(ConfigError::VgaBiosSize { bytes: image.len(), most: room }) }
    }

    /// Whether a ROM of ours is there, which calls [`ringzero_bios::Bios`] by its port.
    fn needs_traps(&self) -> bool {
        self.bios.is_none() || self.vga_bios.is_none()
    }
}

/// The ROM that boots a kernel, if there is one to boot; what stays open between `open` and `end`.
fn option_roms(
    bus: &mut SystemBus,
    config: &Config,
    open: u64,
    end: u64,
) -> Result<[std::ops::Range<u64>; 2], ConfigError> {
    if config.kernel.is_none() {
        return Ok([open..end, end..end]);
    }
    let mut page = ringzero_roms::KERNEL_LOADER_ROM.to_vec();
    page.resize(page.len().next_multiple_of(0x1000), 0xFF);
    let at = open.max(KERNEL_LOADER);
    bus.attach_rom("kernel loader rom", at, &page)?;
    Ok([open..at, at + page.len() as u64..end])
}

/// The BIOS under 100000h and under the top of the address space, the video BIOS at C0000h, nothing between.
pub(crate) fn map(bus: &mut SystemBus, config: &Config) -> Result<(), ConfigError> {
    let (system, video) = (config.system_rom()?, config.video_rom()?);
    bus.attach_rom("video rom", VIDEO, video)?;
    let end = system.len().min(LEGACY_BIOS) as u64;
    let (open, first) = ((VIDEO + video.len() as u64).next_multiple_of(0x1000), LEGACY_END - end);
    for hole in option_roms(bus, config, open, first)? {
        if !hole.is_empty() {
            bus.leave_open("option roms", hole.start..=hole.end - 1)?;
        }
    }
    let (high, legacy) = system.split_at(system.len() - end as usize);
    bus.attach_rom("system rom", first, legacy)?;
    match config.cpu.generation {
        Generation::I8086 | Generation::I80186 => {}
        // It has no more room for it than 64 KiB.
        Generation::I80286 => bus.alias_rom("system rom", LEGACY_END - 0x1_0000, 0xFF_0000, 0x1_0000)?,
        _ => map_top(bus, high, end)?,
    }
    if config.needs_traps() {
        bus.set_firmware_port(Some(Port(u16::from(ringzero_roms::FIRMWARE_PORT))));
    }
    Ok(())
}

/// The BIOS under 4 GiB: `high`, then the `end` bytes that the legacy area shows. These show once more 1 MiB below,
/// where a processor that is reset while A20 is low looks for them [PIIX3, "X-Bus Chip Select Register"].
fn map_top(bus: &mut SystemBus, high: &[u8], end: u64) -> Result<(), ConfigError> {
    const TOP: u64 = 1 << 32;
    bus.alias_rom("system rom", LEGACY_END - end, TOP - end, end)?;
    if !high.is_empty() {
        bus.attach_rom("system rom", TOP - end - high.len() as u64, high)?;
    }
    if high.len() as u64 <= LEGACY_END - 2 * end {
        bus.alias_rom("system rom", LEGACY_END - end, TOP - LEGACY_END - end, end)?;
    }
    Ok(())
}
