//! SMBIOS 2.8: the machine in words [SMBIOS, "Structure Definitions"].

use super::{LowArea, fix_checksum};
use crate::platform::{Platform, Processor};

/// 2.8.
const VERSION: [u8; 2] = [2, 8];
const MAKER: &str = "RingZero";
const MODEL: &str = "PC";
/// No value, or none known.
const UNKNOWN: u8 = 0x02;
const OTHER: u8 = 0x01;
const NONE: u16 = 0xFFFE;

/// Handles, by what they name.
mod handle {
    pub(super) const BIOS: u16 = 0x0000;
    pub(super) const SYSTEM: u16 = 0x0100;
    pub(super) const CHASSIS: u16 = 0x0300;
    pub(super) const PROCESSOR: u16 = 0x0400;
    pub(super) const MEMORY: u16 = 0x1000;
    pub(super) const MEMORY_DEVICE: u16 = 0x1100;
    pub(super) const MEMORY_MAP: u16 = 0x1300;
    pub(super) const BOOT: u16 = 0x2000;
    pub(super) const END: u16 = 0x7F00;
}

/// A structure under construction: its formatted part, and the strings that follow it.
struct Structure {
    bytes: Vec<u8>,
    strings: Vec<String>,
}

impl Structure {
    fn new(kind: u8, handle: u16) -> Self {
        let [low, high] = handle.to_le_bytes();
        Self { bytes: vec![kind, 0, low, high], strings: Vec::new() }
    }

    fn byte(mut self, value: u8) -> Self {
        self.bytes.push(value);
        self
    }

    fn word(self, value: u16) -> Self {
        self.raw(&value.to_le_bytes())
    }

    fn dword(self, value: u32) -> Self {
        self.raw(&value.to_le_bytes())
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    /// The number of a string, 0 for an empty one.
    fn text(mut self, text: &str) -> Self {
        if text.is_empty() {
            return self.byte(0);
        }
        self.strings.push(text.to_owned());
        let number = self.strings.len() as u8;
        self.byte(number)
    }

    fn finish(mut self) -> Vec<u8> {
        self.bytes[1] = self.bytes.len() as u8;
        for text in &self.strings {
            self.bytes.extend(text.bytes());
            self.bytes.push(0);
        }
        if self.strings.is_empty() {
            self.bytes.push(0);
        }
        self.bytes.push(0);
        self.bytes
    }
}

/// Puts the structures and their entry point into the area.
pub(crate) fn put(area: &mut LowArea, platform: &Platform) {
    let structures = structures(platform);
    // The entry point is 31 bytes and takes 32.
    area.put(&entry_point(area.next() + 32, &structures));
    area.put(&structures.concat());
}

/// [SMBIOS, "SMBIOS 2.1 (32-bit) Entry Point"].
fn entry_point(table: u32, structures: &[Vec<u8>]) -> Vec<u8> {
    let largest = structures.iter().map(Vec::len).max().unwrap_or(0) as u16;
    let length = structures.iter().map(Vec::len).sum::<usize>() as u16;
    let [major, minor] = VERSION;
    let mut middle = b"_DMI_\0".to_vec();
    middle.extend(length.to_le_bytes());
    middle.extend(table.to_le_bytes());
    middle.extend((structures.len() as u16).to_le_bytes());
    middle.push(major << 4 | minor);
    fix_checksum(&mut middle, 5);
    let mut entry = [&b"_SM_\0"[..], &[31, major, minor], &largest.to_le_bytes(), &[0; 6], &middle].concat();
    fix_checksum(&mut entry, 4);
    entry
}

fn structures(platform: &Platform) -> Vec<Vec<u8>> {
    let end = Structure::new(127, handle::END);
    [
        bios(),
        system(),
        chassis(),
        processor(platform.processor),
        memory(platform.ram),
        memory_device(platform.ram),
        memory_map(platform.ram),
        // No boot error.
        Structure::new(32, handle::BOOT).raw(&[0; 7]),
        end,
    ]
    .map(Structure::finish)
    .to_vec()
}

/// 64 KiB at F000h. It can: PCI, shadowing, boot from CD, selectable boot, EDD, diskette services, print screen, keyboard,
/// serial, printer and video services; ACPI, and it is a virtual machine.
fn bios() -> Structure {
    const CAN: u64 = 1 << 7 | 1 << 12 | 1 << 15 | 1 << 16 | 1 << 19 | 0x1F << 26;
    Structure::new(0, handle::BIOS)
        .text(MAKER)
        .text(env!("CARGO_PKG_VERSION"))
        .word(0xF000)
        .text("11/21/2026")
        .byte(0)
        .raw(&CAN.to_le_bytes())
        .raw(&[0x01, 0x10])
        .raw(&release())
        // No embedded controller.
        .raw(&[0xFF, 0xFF])
}

fn release() -> [u8; 2] {
    let number = |text: &str| text.parse().unwrap_or(0);
    [number(env!("CARGO_PKG_VERSION_MAJOR")), number(env!("CARGO_PKG_VERSION_MINOR"))]
}

/// No UUID; woken by the power switch.
fn system() -> Structure {
    Structure::new(1, handle::SYSTEM)
        .text(MAKER)
        .text(MODEL)
        .text(env!("CARGO_PKG_VERSION"))
        .byte(0)
        .raw(&[0; 16])
        .byte(0x06)
        .byte(0)
        .byte(0)
}

/// Of no real kind; everything in it is safe.
fn chassis() -> Structure {
    Structure::new(3, handle::CHASSIS)
        .text(MAKER)
        .byte(OTHER)
        .text(env!("CARGO_PKG_VERSION"))
        .raw(&[0, 0])
        .raw(&[0x03, 0x03, 0x03, 0x03])
        .dword(0)
        .raw(&[0, 1, 0, 0])
        .byte(0)
}

/// The processor family as the specification numbers it.
fn family(processor: Processor) -> u8 {
    match processor.family() {
        4 => 0x06,
        5 => 0x0B,
        6 => 0x0C,
        15 => 0xB2,
        _ => OTHER,
    }
}

/// The central processor, enabled, of unknown voltage, clock and speed, in no known socket; no handles of caches.
fn processor(processor: Processor) -> Structure {
    let vendor = processor.vendor.iter().map(|byte| char::from(*byte)).filter(char::is_ascii_graphic);
    Structure::new(4, handle::PROCESSOR)
        .text("CPU 0")
        .raw(&[0x03, family(processor)])
        .text(&vendor.collect::<String>())
        .dword(processor.signature)
        .dword(processor.features)
        .text(MAKER)
        .byte(0)
        .word(0)
        .word(0)
        .word(0)
        .raw(&[0x41, UNKNOWN])
        .word(0xFFFF)
        .word(0xFFFF)
        .word(0xFFFF)
        .raw(&[0, 0, 0])
        .raw(&[1, 1, 1])
        .word(0x0002)
        .word(u16::from(family(processor)))
}

fn kib(ram: u64) -> u32 {
    u32::try_from(ram >> 10).unwrap_or(u32::MAX)
}

/// System memory on the board, without error correction, one device.
fn memory(ram: u64) -> Structure {
    Structure::new(16, handle::MEMORY)
        .raw(&[0x03, 0x03, 0x03])
        .dword(kib(ram))
        .word(NONE)
        .word(1)
        .raw(&[0; 8])
}

/// One device of 64 data bits, of a type that is only RAM.
fn memory_device(ram: u64) -> Structure {
    const RAM: u8 = 0x07;
    const DIMM: u8 = 0x09;
    // In MiB; a device that is no multiple of it counts in KiB.
    let size = match ram {
        ram if ram % (1 << 20) == 0 => (ram >> 20) as u16,
        ram => 0x8000 | (ram >> 10) as u16 & 0x7FFF,
    };
    Structure::new(17, handle::MEMORY_DEVICE)
        .word(handle::MEMORY)
        .word(NONE)
        .word(64)
        .word(64)
        .word(size)
        .raw(&[DIMM, 0])
        .text("DIMM 0")
        .byte(0)
        .byte(RAM)
        .word(0x0002)
        .word(0)
        .text(MAKER)
        .raw(&[0, 0, 0, 0])
        .dword(0)
        .word(0)
        .raw(&[0; 6])
}

/// All of it from address 0 on.
fn memory_map(ram: u64) -> Structure {
    Structure::new(19, handle::MEMORY_MAP)
        .dword(0)
        .dword(kib(ram).saturating_sub(1))
        .word(handle::MEMORY)
        .byte(1)
        .raw(&[0; 16])
}
