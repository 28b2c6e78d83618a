//! Scan code to key code: the US layout [IBM AT TRM, "Keyboard Encoding"; PS/2 BIOS, "Enhanced Keyboard"].
//!
//! A key code is a scan code in the high byte and a character in the low one. F0h as character marks codes that only the
//! enhanced calls give, E0h those of the grey keys.

/// Which modifier decides; Alt before Ctrl before Shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plane {
    Plain,
    Shift,
    Ctrl,
    Alt,
}

/// Everything a translation depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyContext {
    pub(crate) plane: Plane,
    pub(crate) caps: bool,
    pub(crate) num: bool,
    /// The E0h prefix came before.
    pub(crate) grey: bool,
}

/// Characters of scan codes 02h to 35h, plain and shifted; a blank is a key without one.
const PLAIN: &[u8; 52] = b"1234567890-=\x08\tqwertyuiop[]\r asdfghjkl;'` \\zxcvbnm,./";
const SHIFTED: &[u8; 52] = b"!@#$%^&*()_+\x08\0QWERTYUIOP{}\r ASDFGHJKL:\"~ |ZXCVBNM<>?";
/// Digits of the keypad, 47h to 53h.
const KEYPAD: &[u8; 13] = b"789-456+1230.";
/// Ctrl codes of the keypad, 47h to 53h.
const KEYPAD_CTRL: [u8; 13] = [0x77, 0x8D, 0x84, 0x8E, 0x73, 0x8F, 0x74, 0x90, 0x75, 0x91, 0x76, 0x92, 0x93];

const fn code(scan: u8, character: u8) -> Option<u16> {
    Some((scan as u16) << 8 | character as u16)
}

/// The key code of a make code, if it has one.
pub(crate) fn translate(scan: u8, context: KeyContext) -> Option<u16> {
    if context.grey {
        return grey(scan, context.plane);
    }
    match scan {
        0x01 => match context.plane {
            Plane::Alt => code(0x01, 0xF0),
            _ => code(0x01, 0x1B),
        },
        0x02..=0x35 => main_block(scan, context),
        0x37 => by_plane(context.plane, code(0x37, b'*'), code(0x37, b'*'), code(0x96, 0), code(0x37, 0xF0)),
        0x39 => code(0x39, b' '),
        0x3B..=0x44 => function_key(scan, context.plane),
        0x47..=0x53 => keypad(scan, context),
        0x56 => by_plane(context.plane, code(0x56, b'\\'), code(0x56, b'|'), None, None),
        0x57 | 0x58 => {
            let first = by_plane(context.plane, Some(0x85), Some(0x87), Some(0x89), Some(0x8B))?;
            Some((first + u16::from(scan - 0x57)) << 8)
        }
        _ => None,
    }
}

fn by_plane<T>(plane: Plane, plain: T, shift: T, ctrl: T, alt: T) -> T {
    match plane {
        Plane::Plain => plain,
        Plane::Shift => shift,
        Plane::Ctrl => ctrl,
        Plane::Alt => alt,
    }
}

fn main_block(scan: u8, context: KeyContext) -> Option<u16> {
    let index = usize::from(scan - 2);
    let plain = PLAIN[index];
    match context.plane {
        Plane::Ctrl => return ctrl(scan, plain),
        Plane::Alt => return alt(scan, plain),
        Plane::Plain | Plane::Shift => {}
    }
    if plain == b' ' {
        return None;
    }
    let shifted = (context.plane == Plane::Shift) != (context.caps && plain.is_ascii_alphabetic());
    code(scan, if shifted { SHIFTED[index] } else { plain })
}

fn ctrl(scan: u8, plain: u8) -> Option<u16> {
    match plain {
        b'a'..=b'z' | b'[' | b']' | b'\\' => code(scan, plain & 0x1F),
        b'2' => code(scan, 0),
        b'6' => code(scan, 0x1E),
        b'-' => code(scan, 0x1F),
        0x08 => code(scan, 0x7F),
        b'\t' => code(0x94, 0),
        b'\r' => code(scan, b'\n'),
        _ => None,
    }
}

fn alt(scan: u8, plain: u8) -> Option<u16> {
    match scan {
        0x02..=0x0D => code(scan + 0x76, 0),
        0x0F => code(0xA5, 0),
        _ if plain.is_ascii_alphabetic() => code(scan, 0),
        _ if plain == b' ' => None,
        _ => code(scan, 0xF0),
    }
}

fn function_key(scan: u8, plane: Plane) -> Option<u16> {
    code(by_plane(plane, scan, scan + 0x19, scan + 0x23, scan + 0x2D), 0)
}

fn keypad(scan: u8, context: KeyContext) -> Option<u16> {
    let character = KEYPAD[usize::from(scan - 0x47)];
    let sign = matches!(character, b'-' | b'+');
    match context.plane {
        Plane::Alt if sign => code(scan, 0xF0),
        Plane::Alt => None,
        Plane::Ctrl => code(KEYPAD_CTRL[usize::from(scan - 0x47)], 0),
        _ if sign => code(scan, character),
        plane if (plane == Plane::Shift) != context.num => code(scan, character),
        _ if scan == 0x4C => code(scan, 0xF0),
        _ => code(scan, 0),
    }
}

/// Keys that send E0h first.
fn grey(scan: u8, plane: Plane) -> Option<u16> {
    match scan {
        0x1C => by_plane(plane, code(0xE0, b'\r'), code(0xE0, b'\r'), code(0xE0, b'\n'), code(0xA6, 0)),
        0x35 => by_plane(plane, code(0xE0, b'/'), code(0xE0, b'/'), code(0x95, 0), code(0xA4, 0)),
        0x47..=0x53 if !matches!(scan, 0x4A | 0x4C | 0x4E) => by_plane(
            plane,
            code(scan, 0xE0),
            code(scan, 0xE0),
            code(KEYPAD_CTRL[usize::from(scan - 0x47)], 0xE0),
            code(scan + 0x50, 0),
        ),
        _ => None,
    }
}

/// What the old calls (INT 16h AH=00h, 01h) make of a code; `None` when they do not know it.
pub(crate) fn to_standard(key: u16) -> Option<u16> {
    let (scan, character) = ((key >> 8) as u8, key as u8);
    match (scan, character) {
        (0xE0, b'/') => Some(0x352F),
        (0xE0, _) => Some(0x1C00 | u16::from(character)),
        (0, _) => Some(key),
        (_, 0xF0) => None,
        (0x85.., 0 | 0xE0) => None,
        (_, 0xE0) => Some(u16::from(scan) << 8),
        _ => Some(key),
    }
}

/// What the enhanced calls (AH=10h, 11h) make of a code.
pub(crate) fn to_enhanced(key: u16) -> u16 {
    if key & 0xFF == 0xF0 && key >> 8 != 0 { key & 0xFF00 } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(scan: u8, plane: Plane) -> Option<u16> {
        translate(scan, KeyContext { plane, caps: false, num: false, grey: false })
    }

    #[test]
    fn the_four_planes_of_a_letter() {
        let all = [Plane::Plain, Plane::Shift, Plane::Ctrl, Plane::Alt].map(|p| key(0x1E, p));
        assert_eq!(all, [Some(0x1E61), Some(0x1E41), Some(0x1E01), Some(0x1E00)]);
    }

    #[test]
    fn rows_start_where_the_layout_says() {
        let plain = [
            (0x10, b'q'),
            (0x1A, b'['),
            (0x27, b';'),
            (0x29, b'`'),
            (0x2B, b'\\'),
            (0x2C, b'z'),
            (0x35, b'/'),
        ];
        for (scan, character) in plain {
            assert_eq!(key(scan, Plane::Plain), code(scan, character), "{scan:02x}");
        }
        assert_eq!(key(0x0F, Plane::Shift), Some(0x0F00));
    }

    #[test]
    fn modifiers_have_no_code_of_their_own() {
        for scan in [0x1D, 0x2A] {
            assert_eq!(key(scan, Plane::Plain), None);
        }
    }

    #[test]
    fn function_keys_shift_by_their_planes() {
        assert_eq!(key(0x3B, Plane::Shift), Some(0x5400));
        assert_eq!(key(0x3B, Plane::Ctrl), Some(0x5E00));
        assert_eq!(key(0x44, Plane::Alt), Some(0x7100));
        assert_eq!(key(0x58, Plane::Plain), Some(0x8600));
    }

    #[test]
    fn old_calls_do_not_see_new_codes() {
        assert_eq!(to_standard(0x8500), None);
        assert_eq!(to_standard(0x4CF0), None);
        assert_eq!(to_standard(0x48E0), Some(0x4800));
        assert_eq!(to_standard(0xE00D), Some(0x1C0D));
        assert_eq!(to_enhanced(0x01F0), 0x0100);
    }
}
