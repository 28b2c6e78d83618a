//! The video ROM at C0000: entry points, fonts and the tables programs find through 40:A8h
//! [IBM VGA BIOS, "Save Pointer Table"].

use super::asm::{Assembled, Code, Rom};
use super::fonts::Fonts;
use super::params;
use super::system::{Service, emit_service};
use super::vesa;
use super::vesa_modes::MODES;
use iced_x86::IcedError;

const SIZE: usize = 0x8000;
const SEGMENT: u16 = 0xC000;
/// Where the PCI data structure lies.
const PCI_DATA_AT: u16 = 0x60;

/// Offsets of the data in the ROM.
pub(crate) const PLACES: [(&str, u16); 18] = [
    ("FONT_8X8", 0x1000),
    ("FONT_8X14", 0x1800),
    ("FONT_8X16", 0x2600),
    ("FONT_9X14", 0x3600),
    ("FONT_9X16", 0x3680),
    ("SAVE_TABLE", 0x3700),
    ("SECONDARY_SAVE_TABLE", 0x3720),
    ("DISPLAY_COMBINATIONS", 0x3740),
    ("STATIC_FUNCTIONALITY", 0x3780),
    ("PARAMETERS", 0x3800),
    ("FONT_8X8_UPPER", 0x1400),
    ("VESA_MODES", 0x4000),
    ("VESA_NUMBERS", 0x4400),
    ("VESA_OEM", 0x4500),
    ("VESA_VENDOR", 0x4520),
    ("VESA_PRODUCT", 0x4540),
    ("VESA_REVISION", 0x4560),
    ("VESA_PM_INFO", 0x4580),
];

fn place(name: &str) -> u16 {
    PLACES.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no place {name}")).1
}

fn far(offset: u16) -> [u8; 4] {
    let (o, s) = (offset.to_le_bytes(), SEGMENT.to_le_bytes());
    [o[0], o[1], s[0], s[1]]
}

/// The code, and the finished image. Labels of all pieces of code are in the first.
pub(crate) fn build(fonts: &Fonts) -> Result<(Assembled, Vec<u8>), IcedError> {
    let mut c = Code::new()?;
    c.label("VIDEO_INIT")?;
    c.trap("VIDEO_INIT")?;
    c.a.retf()?;
    let int10 = Service { name: "INT10", again: "INT10_AGAIN", hlt: "INT10_HLT", spin: "INT10_SPIN" };
    emit_service(&mut c, &int10)?;
    vesa::window(&mut c)?;
    let mut code = c.finish(0x100)?;
    let pieces = [vesa::build_protected(place("VESA_MODES"))?, vesa::build_flat()?];
    let image = layout(&code, &pieces, fonts);
    code.labels.extend(pieces.into_iter().flat_map(|piece| piece.labels));
    Ok((code, image))
}

fn layout(code: &Assembled, pieces: &[Assembled; 2], fonts: &Fonts) -> Vec<u8> {
    let mut rom = Rom::new(SIZE);
    rom.put(0, &[0x55, 0xAA, (SIZE / 512) as u8]);
    rom.jump(3, code.offset("VIDEO_INIT"));
    rom.put(0x18, &PCI_DATA_AT.to_le_bytes());
    rom.put(PCI_DATA_AT, &pci_data());
    // Programs look for these letters to tell an EGA or VGA BIOS.
    rom.put(0x1E, b"IBM compatible RingZero VGA BIOS, MIT licence.");
    rom.put(code.at, &code.bytes);
    rom.put(place("FONT_8X8"), &fonts.f8x8);
    rom.put(place("FONT_8X14"), &fonts.f8x14);
    rom.put(place("FONT_8X16"), &fonts.f8x16);
    rom.put(place("FONT_9X14"), &nine_dot(&fonts.f8x14, 14));
    rom.put(place("FONT_9X16"), &nine_dot(&fonts.f8x16, 16));
    rom.put(place("SAVE_TABLE"), &save_table());
    rom.put(place("SECONDARY_SAVE_TABLE"), &secondary_save_table());
    rom.put(place("DISPLAY_COMBINATIONS"), &DISPLAY_COMBINATIONS);
    rom.put(place("STATIC_FUNCTIONALITY"), &STATIC_FUNCTIONALITY);
    rom.put(place("PARAMETERS"), &params::table());
    for piece in pieces {
        rom.put(piece.at, &piece.bytes);
    }
    vesa_data(&mut rom, &pieces[0]);
    rom.checksum()
}

fn vesa_data(rom: &mut Rom, protected: &Assembled) {
    let rows = MODES.iter().flat_map(|mode| [mode.number, mode.width, mode.height, mode.depth]);
    rom.put(place("VESA_MODES"), &words(rows.chain([0])));
    rom.put(place("VESA_NUMBERS"), &words(MODES.iter().map(|mode| mode.number).chain([0xFFFF])));
    for (name, text) in [
        ("VESA_OEM", "RingZero VBE 3.0\0"),
        ("VESA_VENDOR", "RingZero\0"),
        ("VESA_PRODUCT", "RingZero VGA\0"),
        ("VESA_REVISION", "1.0\0"),
    ] {
        rom.put(place(name), text.as_bytes());
    }
    rom.put(place("VESA_PM_INFO"), &protected_mode_info(protected));
}

fn words(words: impl Iterator<Item = u16>) -> Vec<u8> {
    words.flat_map(u16::to_le_bytes).collect()
}

/// Signature, entry point, initialisation; the selectors a caller fills in, as real mode has them; not in protected mode;
/// a byte that makes all add up to zero [VBE 3.0, "PMInfoBlock"].
fn protected_mode_info(code: &Assembled) -> Vec<u8> {
    let fields = [
        code.offset("VESA_PM_ENTRY"),
        code.offset("VESA_PM_INITIALIZE"),
        0x0000,
        0xA000,
        0xB000,
        0xB800,
        SEGMENT,
    ];
    let mut block = [&b"PMID"[..], &words(fields.into_iter()), &[0]].concat();
    block.push(block.iter().fold(0u8, |sum, &byte| sum.wrapping_sub(byte)));
    block
}

/// The PCI data structure [PCI, "PCI Data Structure Format"]: for vendor 1234h, device 1111h, a VGA; code for PCs, the only image.
fn pci_data() -> Vec<u8> {
    let words = [0x1234, 0x1111, 0, 0x18];
    let head = [b"PCIR", &words.map(u16::to_le_bytes).concat()[..]].concat();
    // Revision, class; image length, code revision; code type, indicator, reserved.
    [&head[..], &[0, 0x00, 0x00, 0x03], &[(SIZE / 512) as u8, 0, 0, 0], &[0, 0x80, 0, 0]].concat()
}

/// Glyphs with another shape in a nine-dot cell, each behind its code, and an end mark. The ninth dot of most characters
/// is blank; only the double arrow touches both edges of its eight dots and moves away from the left one.
fn nine_dot(font: &[u8], height: usize) -> Vec<u8> {
    let glyph = &font[0x1D * height..][..height];
    [&[0x1D], glyph, &[0]].concat()
}

/// Parameter table, dynamic save area, two font overrides, secondary table, two reserved.
fn save_table() -> Vec<u8> {
    let none = [0; 4];
    [far(place("PARAMETERS")), none, none, none, far(place("SECONDARY_SAVE_TABLE")), none, none].concat()
}

/// Length, display combination table, second font, user palette, three reserved.
fn secondary_save_table() -> Vec<u8> {
    [&26u16.to_le_bytes()[..], &far(place("DISPLAY_COMBINATIONS")), &[0; 20]].concat()
}

/// Number of combinations, version, highest code, reserved, then pairs of display codes.
const DISPLAY_COMBINATIONS: [u8; 36] = [
    16, 1, 8, 0, //
    0, 0, 0, 1, 0, 2, 2, 1, 0, 4, 4, 1, 0, 5, 2, 5, //
    0, 6, 6, 1, 6, 5, 0, 8, 1, 8, 0, 7, 2, 7, 6, 7,
];

/// What this adapter can do [IBM VGA BIOS, "Static Functionality Table"]: modes 0-7 and Dh-13h; 200, 350 and 400 lines;
/// 2 fonts at once of 8; every function but display switching by hardware; save areas kept.
const STATIC_FUNCTIONALITY: [u8; 16] =
    [0xFF, 0xE0, 0x0F, 0, 0, 0, 0, 0x07, 0x02, 0x08, 0xFF, 0x0E, 0, 0, 0x3F, 0];
