//! The system ROM: POST, interrupt entries and handlers, and the tables at their standard places
//! [IBM AT TRM, "BIOS Listing"].

use super::asm::{Asm, Assembled, Code, Rom};
use super::{bios32, tables};
use iced_x86::IcedError;
use iced_x86::code_asm::*;

/// Where the code lives; the standard entries jump here.
const CODE: u16 = 0x1000;

/// Vector, its handler's label.
pub(crate) const VECTORS: [(u8, &str); 39] = [
    (0x02, "NMI"),
    (0x05, "INT05"),
    (0x08, "INT08"),
    (0x09, "INT09"),
    (0x0A, "IRQ_MASTER"),
    (0x0B, "IRQ_MASTER"),
    (0x0C, "IRQ_MASTER"),
    (0x0D, "IRQ_MASTER"),
    (0x0E, "INT0E"),
    (0x0F, "IRQ_MASTER"),
    (0x10, "INT10_SYSTEM"),
    (0x11, "INT11"),
    (0x12, "INT12"),
    (0x13, "INT13_FIXED"),
    (0x14, "INT14"),
    (0x15, "INT15"),
    (0x16, "INT16"),
    (0x17, "INT17"),
    (0x18, "INT18"),
    (0x19, "INT19"),
    (0x1A, "INT1A"),
    (0x1B, "IRET"),
    (0x1C, "IRET"),
    (0x1D, "CRT_TABLE"),
    (0x1E, "DISKETTE_TABLE"),
    (0x40, "INT13"),
    (0x41, "FIXED_TABLE"),
    (0x42, "INT10_SYSTEM"),
    (0x46, "FIXED_TABLE"),
    (0x4A, "IRET"),
    (0x70, "INT70"),
    (0x71, "INT71"),
    (0x72, "IRQ_SLAVE"),
    (0x73, "IRQ_SLAVE"),
    (0x74, "INT74"),
    (0x75, "INT75"),
    (0x76, "INT76"),
    (0x77, "INT76"),
    (0x01, "IRET"),
];

/// Places of the standard entries, by the label of what they jump to.
const ENTRIES: [(u16, &str); 17] = [
    (0xE05B, "POST"),
    (0xE2C3, "NMI"),
    (0xE3FE, "INT13_FIXED"),
    (0xE6F2, "INT19"),
    (0xE739, "INT14"),
    (0xE82E, "INT16"),
    (0xE987, "INT09"),
    (0xEC59, "INT13"),
    (0xEF57, "INT0E"),
    (0xEFD2, "INT17"),
    (0xF065, "INT10_SYSTEM"),
    (0xF841, "INT12"),
    (0xF84D, "INT11"),
    (0xF859, "INT15"),
    (0xFE6E, "INT1A"),
    (0xFEA5, "INT08"),
    (0xFF54, "INT05"),
];

/// Offsets of the tables, under the names used in [`VECTORS`].
const PLACES: [(&str, u16); 4] =
    [("IRET", 0xFF53), ("CRT_TABLE", 0xF0A4), ("DISKETTE_TABLE", 0xEFC7), ("FIXED_TABLE", 0xE401)];

/// Where the tables per kind of diskette lie; `bios` knows it as `roms::MEDIA_TABLES`.
const MEDIA_TABLES: u16 = 0xE100;

/// Offset of a vector's handler: the standard place where there is one.
pub(crate) fn handler(code: &Assembled, name: &str) -> u16 {
    let table = PLACES.iter().find(|(n, _)| *n == name).map(|p| p.1);
    let entry = ENTRIES.iter().find(|(_, n)| *n == name).map(|e| e.0);
    table.or(entry).unwrap_or_else(|| code.offset(name))
}

/// The code and the finished image.
pub(crate) fn build(font_8x8: &[u8]) -> Result<(Assembled, Vec<u8>), IcedError> {
    let mut c = Code::new()?;
    super::post::code(&mut c)?;
    services(&mut c)?;
    super::irq::code(&mut c)?;
    super::print_screen::code(&mut c)?;
    let mut code = c.finish(CODE)?;
    let protected = bios32::build()?;
    let image = layout(&code, &protected, font_8x8);
    code.labels.extend(protected.labels);
    Ok((code, image))
}

fn layout(code: &Assembled, protected: &Assembled, font_8x8: &[u8]) -> Vec<u8> {
    let mut rom = Rom::new(0x1_0000);
    rom.put(code.at, &code.bytes);
    rom.put(protected.at, &protected.bytes);
    rom.put(bios32::SLOTS_AT, &bios32::slots());
    rom.put(0xE000, b"RingZero BIOS, MIT licence. IBM PC compatible.");
    for (at, name) in ENTRIES {
        rom.jump(at, code.offset(name));
    }
    rom.put(MEDIA_TABLES, &tables::MEDIA_PARAMETERS.concat());
    rom.put(0xE401, &tables::fixed_disks());
    rom.put(0xE6F5, &tables::SYSTEM_CONFIGURATION);
    rom.put(0xE729, &tables::words(&tables::BAUD_DIVISORS));
    rom.put(0xEFC7, &tables::DISKETTE_PARAMETERS);
    rom.put(0xF045, &tables::words(&[0xF065; 16]));
    rom.put(0xF0A4, &tables::CRT_PARAMETERS);
    rom.put(0xFA6E, &font_8x8[..1024]);
    rom.put(0xFEF3, &vector_offsets(code));
    rom.put(0xFF53, &[0xCF]);
    rom.put(0xFFF0, &[0xEA, 0x5B, 0xE0, 0x00, 0xF0]);
    rom.put(0xFFF5, b"11/21/26");
    rom.put(0xFFFE, &[0xFC]);
    rom.checksum()
}

/// Offsets for vectors 08h to 1Fh, as POST copies them.
fn vector_offsets(code: &Assembled) -> Vec<u8> {
    let offset =
        |v: u8| VECTORS.iter().find(|(n, _)| *n == v).map_or(0xFF53, |(_, name)| handler(code, name));
    (0x08..0x20).flat_map(|v| offset(v).to_le_bytes()).collect()
}

/// One interrupt service: trap, IRET, and the places a waiting service continues at.
pub(crate) struct Service {
    /// Label and trap of the entry.
    pub(crate) name: &'static str,
    /// Trap of the way back from a wait.
    pub(crate) again: &'static str,
    /// Waits for an interrupt, then enters again.
    pub(crate) hlt: &'static str,
    /// Waits a few microseconds with interrupts open, then enters again.
    pub(crate) spin: &'static str,
}

/// Services that may wait.
const SERVICES: [Service; 7] = [
    Service {
        name: "INT10_SYSTEM",
        again: "INT10_SYSTEM_AGAIN",
        hlt: "INT10_SYSTEM_HLT",
        spin: "INT10_SYSTEM_SPIN",
    },
    Service { name: "INT13", again: "INT13_AGAIN", hlt: "INT13_HLT", spin: "INT13_SPIN" },
    Service { name: "INT14", again: "INT14_AGAIN", hlt: "INT14_HLT", spin: "INT14_SPIN" },
    Service { name: "INT15", again: "INT15_AGAIN", hlt: "INT15_HLT", spin: "INT15_SPIN" },
    Service { name: "INT16", again: "INT16_AGAIN", hlt: "INT16_HLT", spin: "INT16_SPIN" },
    Service { name: "INT17", again: "INT17_AGAIN", hlt: "INT17_HLT", spin: "INT17_SPIN" },
    Service { name: "INT1A", again: "INT1A_AGAIN", hlt: "INT1A_HLT", spin: "INT1A_SPIN" },
];

/// INT 13h: the firmware serves fixed disks and CDs, and sends diskettes on.
const FIXED_DISKS: Service = Service {
    name: "INT13_FIXED",
    again: "INT13_FIXED_AGAIN",
    hlt: "INT13_FIXED_HLT",
    spin: "INT13_FIXED_SPIN",
};

fn services(c: &mut Code) -> Asm {
    for service in &SERVICES {
        emit_service(c, service)?;
    }
    busy(c, "INT16_BUSY", 0x9002, "INT16_AGAIN2")?;
    busy(c, "INT13_BUSY", 0x9001, "INT13_AGAIN2")?;
    emit_service(c, &FIXED_DISKS)?;
    busy(c, "INT13_FIXED_BUSY", 0x9000, "INT13_FIXED_AGAIN2")?;
    // INT 13h of a diskette goes on to INT 40h, which a guest may have hooked.
    c.label("INT13_TO_40")?;
    c.a.int(0x40)?;
    return_carry(c)?;
    word_service(c, "INT11", 0x10)?;
    word_service(c, "INT12", 0x13)
}

/// IRET with the live CF put into the caller's flags.
fn return_carry(c: &mut Code) -> Asm {
    let mut carry = c.a.create_label();
    let mut end = c.a.create_label();
    c.a.push(bp)?;
    c.a.mov(bp, sp)?;
    c.a.jc(carry)?;
    c.a.and(byte_ptr(bp + 6), 0xFEu32)?;
    c.a.jmp(end)?;
    c.a.set_label(&mut carry)?;
    c.a.or(byte_ptr(bp + 6), 1)?;
    c.a.set_label(&mut end)?;
    c.a.pop(bp)?;
    c.a.iret()
}

/// The entry of a service and its two waits. Interrupts are off between trap and HLT, so none is lost.
pub(crate) fn emit_service(c: &mut Code, s: &Service) -> Asm {
    c.label(s.name)?;
    c.a.cli()?;
    c.trap(s.name)?;
    c.a.iret()?;
    let mut again = c.a.create_label();
    c.label(s.hlt)?;
    c.a.sti()?;
    c.a.hlt()?;
    c.a.cli()?;
    c.a.jmp(again)?;
    c.label(s.spin)?;
    c.a.sti()?;
    c.a.push(cx)?;
    c.a.mov(cx, 64)?;
    let mut here = c.a.create_label();
    c.a.set_label(&mut here)?;
    c.a.loop_(here)?;
    c.a.pop(cx)?;
    c.a.cli()?;
    c.a.set_label(&mut again)?;
    c.trap(s.again)?;
    c.a.iret()
}

/// The first wait of a device: tells the multitasking hook [IBM AT TRM, "Device Busy", INT 15h AH=90h].
fn busy(c: &mut Code, name: &'static str, call: u32, again: &'static str) -> Asm {
    c.label(name)?;
    c.a.push(ax)?;
    c.a.mov(ax, call)?;
    c.a.sti()?;
    c.a.int(0x15)?;
    c.a.pop(ax)?;
    c.a.cli()?;
    c.trap(again)?;
    c.a.iret()
}

/// A service that returns a word of the BIOS data area in AX.
fn word_service(c: &mut Code, name: &'static str, offset: u32) -> Asm {
    c.label(name)?;
    c.a.push(ds)?;
    c.a.mov(ax, 0x40)?;
    c.a.mov(ds, ax)?;
    c.a.mov(ax, word_ptr(offset))?;
    c.a.pop(ds)?;
    c.a.iret()
}
