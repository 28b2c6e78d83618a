//! What firmware tells operating systems in memory: BIOS32, $PIR, MP, SMBIOS and ACPI tables.
//!
//! Systems search F0000h to FFFFFh. The host bridge lets RAM stand in for the ROM there: the ROM is copied, the tables go
//! into the room it leaves free, and the RAM is write-protected again. ACPI's own tables lie at the end of RAM.

pub(crate) mod mp;
pub(crate) mod routing;
pub(crate) mod smbios;

use crate::acpi;
use crate::bda::own;
use crate::guest::{Guest, Served};
use crate::pci::Function;
use crate::platform::{self, Platform};
use ringzero_roms::{TABLE_AREA, label};

/// The system ROM.
const ROM: u64 = 0xF_0000;
/// PAM0 of the host bridge and what its high half makes of the ROM's area
/// [440FX, "Programmable Attribute Map Registers"].
const PAM0: u8 = 0x59;
const PAM_ROM: u8 = 0x00;
const PAM_READ_ONLY: u8 = 0x10;
const PAM_RAM: u8 = 0x30;

/// Puts tables behind each other, where systems look for them.
pub(crate) struct LowArea {
    bytes: Vec<u8>,
}

impl LowArea {
    fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Where the next table will lie: at a multiple of 16.
    pub(crate) fn next(&self) -> u32 {
        ROM as u32 + u32::from(TABLE_AREA.start) + self.bytes.len() as u32
    }

    /// Adds a table.
    pub(crate) fn put(&mut self, table: &[u8]) {
        self.bytes.extend(table);
        self.bytes.resize(self.bytes.len().next_multiple_of(16), 0);
    }
}

/// Makes the byte at `at` such that all bytes add up to zero.
pub(crate) fn fix_checksum(table: &mut [u8], at: usize) {
    table[at] = 0;
    let sum = table.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    table[at] = 0u8.wrapping_sub(sum);
}

/// The end of POST on a machine with PCI: all tables.
pub(crate) fn build(g: &mut Guest) -> Served {
    let platform = platform::look(g)?;
    if platform.apics.is_some() {
        platform::wire_apics(g);
    }
    g.set_ebda(own::HAS_APIC, u8::from(platform.apics.is_some()))?;
    let placed = acpi::Placed::at_the_end_of(platform.ram);
    let base = placed.map_or(0, |placed| placed.first);
    let at = g.ebda_at(own::ACPI_TABLES)?;
    g.write(at, &base.to_le_bytes())?;
    shadow(g, &low_tables(&platform, placed));
    if let Some(placed) = placed {
        for (at, table) in acpi::tables(&platform, placed) {
            g.write_phys(u64::from(at), &table);
        }
    }
    Ok(())
}

/// The tables below 1 MiB.
pub(crate) fn low_tables(platform: &Platform, acpi: Option<acpi::Placed>) -> Vec<u8> {
    let mut area = LowArea::new();
    if let Some(placed) = acpi {
        area.put(&placed.root_pointer());
    }
    area.put(&bios32());
    area.put(&routing::table());
    if let Some(apics) = platform.apics {
        mp::put(&mut area, platform.processor, apics);
    }
    smbios::put(&mut area, platform);
    // A machine with more parts than there is room for gets no table half.
    area.bytes.truncate(usize::from(TABLE_AREA.end - TABLE_AREA.start));
    area.bytes
}

/// The header of the service directory, whose code is in the ROM [BIOS32, "BIOS32 Service Directory"].
fn bios32() -> Vec<u8> {
    let entry = ROM as u32 + u32::from(label::BIOS32);
    let mut header = [&b"_32_"[..], &entry.to_le_bytes(), &[0, 1, 0], &[0; 5]].concat();
    fix_checksum(&mut header, 10);
    header
}

/// RAM in place of the ROM, with the tables in it.
fn shadow(g: &mut Guest, tables: &[u8]) {
    let host_bridge = Function::from_number(0);
    let mut rom = vec![0; 0x1_0000];
    // After a reset of the processor alone the RAM of the last time is still there.
    host_bridge.write_u8(g, PAM0, PAM_ROM);
    g.read_phys(ROM, &mut rom);
    rom[usize::from(TABLE_AREA.start)..][..tables.len()].copy_from_slice(tables);
    host_bridge.write_u8(g, PAM0, PAM_RAM);
    g.write_phys(ROM, &rom);
    host_bridge.write_u8(g, PAM0, PAM_READ_ONLY);
}

#[cfg(test)]
#[path = "tables/tests.rs"]
mod tests;
