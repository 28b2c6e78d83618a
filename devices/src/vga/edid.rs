//! What the monitor says of itself: an EDID block of 128 bytes.
//!
//! Source: VESA Enhanced Extended Display Identification Data Standard, Release A, keyed \[EDID\].

/// Bytes of the block.
pub(super) const SIZE: usize = 128;

/// The timing the monitor likes best [EDID, "Detailed Timing Descriptor"]: 1024x768 at 60 Hz, as VESA has it.
const DETAILED: Detailed = Detailed {
    clock: 6500,
    across: Axis { active: 1024, blank: 320, front: 24, sync: 136, millimetres: 270 },
    down: Axis { active: 768, blank: 38, front: 3, sync: 6, millimetres: 203 },
};

/// 720x400 at 70 Hz; 640x480 and 800x600 at 60 Hz; 1024x768 at 60 Hz [EDID, "Established Timings"].
const ESTABLISHED: [u8; 3] = [0x80 | 0x20 | 0x01, 0x08, 0x00];

/// Widths, aspects (0 16:10, 1 4:3, 2 5:4, 3 16:9), all at 60 Hz [EDID, "Standard Timings"].
const STANDARD: [(u16, u8); 8] =
    [(2048, 0), (1920, 3), (1680, 0), (1600, 1), (1440, 0), (1400, 1), (1280, 2), (1280, 0)];

/// A dimension of a timing.
struct Axis {
    active: u16,
    blank: u16,
    front: u16,
    sync: u16,
    millimetres: u16,
}

struct Detailed {
    /// In 10 kHz.
    clock: u16,
    across: Axis,
    down: Axis,
}

impl Detailed {
    fn bytes(&self) -> [u8; 18] {
        let (a, d) = (&self.across, &self.down);
        let [clock_low, clock_high] = self.clock.to_le_bytes();
        let high = |first: u16, second: u16| (first >> 8 << 4 | second >> 8) as u8;
        [
            clock_low,
            clock_high,
            a.active as u8,
            a.blank as u8,
            high(a.active, a.blank),
            d.active as u8,
            d.blank as u8,
            high(d.active, d.blank),
            a.front as u8,
            a.sync as u8,
            (d.front << 4 | d.sync & 0x0F) as u8,
            ((a.front >> 8) << 6 | (a.sync >> 8) << 4 | (d.front >> 4) << 2 | d.sync >> 4) as u8,
            a.millimetres as u8,
            d.millimetres as u8,
            high(a.millimetres, d.millimetres),
            0,
            0,
            // Digital separate syncs, both negative.
            0x18,
        ]
    }
}

/// A descriptor of 13 bytes: text ends with a line feed and blanks [EDID, "Display Descriptor"].
fn descriptor(tag: u8, content: &[u8]) -> [u8; 18] {
    let mut bytes = [b' '; 18];
    bytes[..5].copy_from_slice(&[0, 0, 0, tag, 0]);
    let len = content.len().min(13);
    bytes[5..5 + len].copy_from_slice(&content[..len]);
    if let Some(end) = bytes.get_mut(5 + len) {
        *end = 0x0A;
    }
    bytes
}

/// The block.
pub(super) fn block() -> [u8; SIZE] {
    let mut edid = [0; SIZE];
    edid[..8].copy_from_slice(&[0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0]);
    // Manufacturer "RNG", product, serial number, week and year of manufacture, version 1.4.
    edid[8..20].copy_from_slice(&[0x49, 0xC7, 0x01, 0x00, 1, 0, 0, 0, 1, 36, 1, 4]);
    // Digital, 8 bits a colour; 27 x 20 cm; gamma 2.2; RGB, the preferred timing is native.
    edid[20..25].copy_from_slice(&[0xA0, 27, 20, 120, 0x06]);
    // The colours of sRGB [EDID, "Color Characteristics"].
    edid[25..35].copy_from_slice(&[0xEE, 0x91, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54]);
    edid[35..38].copy_from_slice(&ESTABLISHED);
    for (place, (width, aspect)) in edid[38..54].chunks_exact_mut(2).zip(STANDARD) {
        place.copy_from_slice(&[(width / 8 - 31) as u8, aspect << 6]);
    }
    edid[54..72].copy_from_slice(&DETAILED.bytes());
    // 50 to 125 Hz down, 30 to 160 kHz across, up to 360 MHz.
    edid[72..90].copy_from_slice(&descriptor(0xFD, &[50, 125, 30, 160, 36, 0, 0x0A, 32, 32, 32, 32, 32, 32]));
    edid[90..108].copy_from_slice(&descriptor(0xFC, b"RingZero"));
    edid[108..126].copy_from_slice(&descriptor(0xFF, b"1"));
    edid[127] = edid.iter().fold(0u8, |sum, &byte| sum.wrapping_sub(byte));
    edid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_add_up_to_nothing() {
        assert_eq!(block().iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte)), 0);
    }

    #[test]
    fn the_preferred_timing_is_1024_by_768() {
        let edid = block();
        let across = u16::from(edid[56]) | u16::from(edid[58] >> 4) << 8;
        let down = u16::from(edid[59]) | u16::from(edid[61] >> 4) << 8;
        assert_eq!((across, down), (1024, 768));
    }
}
