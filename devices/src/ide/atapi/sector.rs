//! A whole sector of a CD-ROM, as READ CD shows it [ECMA-130, "Digital data structure", Annex A].

use super::SECTOR;

/// Bytes of a whole sector.
const RAW: usize = 2352;
/// Where the parts of a mode 1 sector begin.
const HEADER: usize = 12;
const DATA: usize = 16;
const EDC: usize = DATA + SECTOR;
const P_PARITY: usize = EDC + 12;
const Q_PARITY: usize = P_PARITY + 172;

/// Frames before address 0: two seconds.
pub(super) const PREGAP: u32 = 150;
/// READ CD byte 9: the user data.
pub(super) const USER_DATA: u8 = 0x10;

/// Parts of a mode 1 sector by their bit in READ CD byte 9. There are no sub-headers (bit 6).
const PARTS: [(u8, std::ops::Range<usize>); 4] =
    [(0x80, 0..HEADER), (0x20, HEADER..DATA), (USER_DATA, DATA..EDC), (0x08, EDC..RAW)];

/// Bytes of the parts of a sector.
pub(super) fn size(parts: u8) -> usize {
    PARTS.iter().filter(|(bit, _)| parts & bit != 0).map(|(_, range)| range.len()).sum()
}

/// Minute, second and frame of an address.
pub(super) fn msf(lba: u32) -> [u8; 3] {
    let frames = u64::from(lba) + u64::from(PREGAP);
    [frames / (75 * 60), frames / 75 % 60, frames % 75].map(|part| part.min(255) as u8)
}

fn bcd(value: u8) -> u8 {
    ((value / 10 % 10) << 4) | (value % 10)
}

/// All bytes of a sector.
pub(super) struct Raw([u8; RAW]);

impl Raw {
    /// The mode 1 sector at `lba` with this user data.
    pub(super) fn mode_1(lba: u32, user: &[u8]) -> Self {
        let mut bytes = [0; RAW];
        bytes[1..11].fill(0xFF);
        let [m, s, f] = msf(lba).map(bcd);
        bytes[HEADER..DATA].copy_from_slice(&[m, s, f, 1]);
        bytes[DATA..DATA + user.len()].copy_from_slice(user);
        let edc = edc(&bytes[..EDC]);
        bytes[EDC..EDC + 4].copy_from_slice(&edc.to_le_bytes());
        parity(&mut bytes, P_PARITY, Lines { count: 86, length: 24, stride: 86, diagonal: false });
        parity(&mut bytes, Q_PARITY, Lines { count: 52, length: 43, stride: 88, diagonal: true });
        Self(bytes)
    }

    /// Appends the parts asked for.
    pub(super) fn append(&self, parts: u8, out: &mut Vec<u8>) {
        for (_, range) in PARTS.into_iter().filter(|(bit, _)| parts & bit != 0) {
            out.extend_from_slice(&self.0[range]);
        }
    }
}

/// EDC: polynomial (x^16+x^15+x^2+1)(x^16+x^2+x+1), lowest bit first.
fn edc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |edc, &byte| {
        (0..8).fold(
            edc ^ u32::from(byte),
            |edc, _| if edc & 1 != 0 { edc >> 1 ^ 0xD801_8001 } else { edc >> 1 },
        )
    })
}

/// The lines over which a parity is formed: columns for P, diagonals for Q.
struct Lines {
    count: usize,
    length: usize,
    stride: usize,
    diagonal: bool,
}

/// Multiplication by x in GF(2^8) modulo x^8+x^4+x^3+x^2+1.
fn times_x(a: u8) -> u8 {
    a << 1 ^ if a & 0x80 != 0 { 0x1D } else { 0 }
}

/// Division by 1 + x in the same field.
fn over_1_plus_x(a: u8) -> u8 {
    // (1 + x)^254 is its inverse; 255 - 1 multiplications by 1 + x.
    (0..254).fold(a, |a, _| a ^ times_x(a))
}

/// Reed-Solomon parity: two bytes for each line, so that the line's sum and its weighted sum are 0.
fn parity(bytes: &mut [u8; RAW], at: usize, lines: Lines) {
    let size = lines.count * lines.length;
    for line in 0..lines.count {
        // Even and odd bytes are separate codes; a diagonal begins in the column of its number.
        let mut index = if lines.diagonal { (line / 2) * 86 + line % 2 } else { line };
        let (mut weighted, mut sum) = (0, 0);
        for _ in 0..lines.length {
            let byte = bytes[HEADER + index];
            weighted = times_x(weighted ^ byte);
            sum ^= byte;
            index = (index + lines.stride) % size;
        }
        let first = over_1_plus_x(times_x(weighted) ^ sum);
        bytes[at + line] = first;
        bytes[at + line + lines.count] = first ^ sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_their_sizes() {
        assert_eq!([0xF8, 0x10, 0x00, 0x20, 0x18].map(size), [2352, 2048, 0, 4, 2336]);
    }

    #[test]
    fn address_0_lies_two_seconds_in() {
        assert_eq!((msf(0), msf(4500 - 150)), ([0, 2, 0], [1, 0, 0]));
    }

    #[test]
    fn the_edc_of_a_sector_with_its_edc_is_0() {
        let raw = Raw::mode_1(1234, &[0xA5; SECTOR]);
        assert_eq!(edc(&raw.0[..EDC + 4]), 0);
    }

    #[test]
    fn each_p_line_sums_to_0() {
        let user: Vec<u8> = (0..SECTOR).map(|n| (n * 7) as u8).collect();
        let raw = Raw::mode_1(99, &user);
        for line in 0..86 {
            let column = (0..26).map(|n| raw.0[HEADER + line + 86 * n]);
            let weighted = column.clone().fold(0, |sum, byte| times_x(sum) ^ byte);
            assert_eq!((column.fold(0, |sum, byte| sum ^ byte), weighted), (0, 0), "{line}");
        }
    }
}
