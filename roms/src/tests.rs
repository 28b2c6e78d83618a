use super::*;

fn entry_target(at: usize) -> usize {
    assert_eq!(SYSTEM_ROM[at], 0xE9, "{at:04x} holds a near jump");
    let distance = usize::from(u16::from_le_bytes([SYSTEM_ROM[at + 1], SYSTEM_ROM[at + 2]]));
    (at + 3 + distance) & 0xFFFF
}

#[test]
fn standard_entries_lead_to_their_services() {
    let entries = [
        (0xE05B, label::POST),
        (0xE6F2, label::INT19),
        (0xE82E, label::INT16),
        (0xE987, label::INT09),
        (0xEC59, label::INT13),
        (0xF065, label::INT10_SYSTEM),
        (0xFE6E, label::INT1A),
        (0xFEA5, label::INT08),
    ];
    for (at, target) in entries {
        assert_eq!(entry_target(at), usize::from(target), "{at:04x}");
    }
}

#[test]
fn both_roms_sum_to_zero() {
    for rom in [SYSTEM_ROM, VIDEO_ROM] {
        assert_eq!(rom.iter().fold(0u8, |sum, b| sum.wrapping_add(*b)), 0);
    }
}

#[test]
fn every_trap_stands_behind_its_out() {
    for (at, trap) in TRAPS {
        let (rom, base) = if *at >= 0xF_0000 { (SYSTEM_ROM, 0xF_0000) } else { (VIDEO_ROM, 0xC_0000) };
        let at = (*at - base) as usize;
        assert_eq!(rom[at - 2..at], [0xE6, FIRMWARE_PORT], "{trap:?}");
    }
}

#[test]
fn reset_jumps_to_post_and_the_date_stands_behind_it() {
    assert_eq!(SYSTEM_ROM[0xFFF0..0xFFF5], [0xEA, 0x5B, 0xE0, 0x00, 0xF0]);
    assert_eq!((SYSTEM_ROM[0xFFF7], SYSTEM_ROM[0xFFFA]), (b'/', b'/'));
    assert_eq!(SYSTEM_ROM[0xFF53], 0xCF);
}

#[test]
fn fonts_have_a_glyph_for_every_character() {
    for (font, height) in [(font_8x8(), 8), (font_8x14(), 14), (font_8x16(), 16)] {
        for (code, glyph) in font.chunks(height).enumerate() {
            let blank = matches!(code, 0 | 0x20 | 0xFF);
            assert_eq!(glyph.iter().all(|row| *row == 0), blank, "{code:02x} of 8x{height}");
        }
    }
}

#[test]
fn rules_meet_at_the_edges_of_their_cells() {
    for (font, height) in [(font_8x8(), 8), (font_8x14(), 14), (font_8x16(), 16)] {
        let glyph = |code: usize| &font[code * height..][..height];
        for (below, above) in [(0xB3, 0xC5), (0xBA, 0xCE), (0xC9, 0xBA), (0xDA, 0xB3)] {
            assert_eq!(glyph(below)[height - 1], glyph(above)[0], "{below:x} over {above:x}");
        }
    }
}

#[test]
fn mode_3_has_400_lines_and_nine_dots() {
    let table = params::table();
    let entry = &table[0x18 * 64..][..64];
    assert_eq!(entry[..10], [80, 24, 16, 0, 0x10, 0, 3, 0, 2, 0x67]);
    assert_eq!(entry[10..14], [0x5F, 0x4F, 0x50, 0x82]);
}
