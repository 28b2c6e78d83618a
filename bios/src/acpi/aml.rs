//! ACPI machine language: terms as bytes [ACPI, "ACPI Machine Language (AML) Specification"].
//!
//! Every function gives one term; terms are put together by `concat`.

/// A term.
pub(crate) type Term = Vec<u8>;

/// Opcodes [ACPI, "AML Byte Stream Byte Values"].
mod op {
    pub(super) const NAME: u8 = 0x08;
    pub(super) const BYTE: u8 = 0x0A;
    pub(super) const WORD: u8 = 0x0B;
    pub(super) const DWORD: u8 = 0x0C;
    pub(super) const SCOPE: u8 = 0x10;
    pub(super) const BUFFER: u8 = 0x11;
    pub(super) const PACKAGE: u8 = 0x12;
    pub(super) const METHOD: u8 = 0x14;
    pub(super) const DUAL_NAME: u8 = 0x2E;
    pub(super) const MULTI_NAME: u8 = 0x2F;
    pub(super) const EXTENDED: u8 = 0x5B;
    pub(super) const ARG_0: u8 = 0x68;
    pub(super) const STORE: u8 = 0x70;
    pub(super) const AND: u8 = 0x7B;
    pub(super) const OR: u8 = 0x7D;
    pub(super) const CREATE_DWORD_FIELD: u8 = 0x8A;
    pub(super) const IF: u8 = 0xA0;
    pub(super) const ELSE: u8 = 0xA1;
    pub(super) const RETURN: u8 = 0xA4;
    /// Behind [`EXTENDED`].
    pub(super) const REGION: u8 = 0x80;
    pub(super) const FIELD: u8 = 0x81;
    pub(super) const DEVICE: u8 = 0x82;
    pub(super) const PROCESSOR: u8 = 0x83;
}

/// The space of an operation region [ACPI, "OperationRegion"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Region {
    PciConfig = 2,
}

/// A name: segments of up to four characters between dots, behind a root `\` or parent prefixes `^`.
pub(crate) fn name(path: &str) -> Term {
    let prefix = path.len() - path.trim_start_matches(['\\', '^']).len();
    let mut term = path.as_bytes()[..prefix].to_vec();
    let segments: Vec<&str> = path[prefix..].split('.').filter(|segment| !segment.is_empty()).collect();
    match segments.len() {
        // The root alone.
        0 => term.push(0),
        1 => {}
        2 => term.push(op::DUAL_NAME),
        count => term.extend([op::MULTI_NAME, count as u8]),
    }
    for segment in segments {
        term.extend(segment.bytes().chain(std::iter::repeat(b'_')).take(4));
    }
    term
}

/// A number, in the shortest form.
pub(crate) fn integer(value: u32) -> Term {
    match value {
        0 | 1 => vec![value as u8],
        2..=0xFF => vec![op::BYTE, value as u8],
        0x100..=0xFFFF => [&[op::WORD][..], &(value as u16).to_le_bytes()].concat(),
        _ => [&[op::DWORD][..], &value.to_le_bytes()].concat(),
    }
}

/// How long what follows is, this field included [ACPI, "Package Length Encoding"].
fn package_length(body: usize) -> Term {
    let fits = |bytes: usize| match bytes {
        1 => body < 0x3F,
        _ => body + bytes < 1 << (4 + 8 * (bytes - 1)),
    };
    let bytes = (1..4).find(|bytes| fits(*bytes)).unwrap_or(4);
    let length = body + bytes;
    if bytes == 1 {
        return vec![length as u8];
    }
    let mut field = vec![((bytes - 1) << 6) as u8 | (length & 0xF) as u8];
    field.extend((0..bytes - 1).map(|n| (length >> (4 + 8 * n)) as u8));
    field
}

/// Opcode, length, and what is that long.
fn package_of(opcode: &[u8], body: &[u8]) -> Term {
    [opcode, &package_length(body.len()), body].concat()
}

/// Bytes.
pub(crate) fn buffer(bytes: &[u8]) -> Term {
    package_of(&[op::BUFFER], &[&integer(bytes.len() as u32), bytes].concat())
}

/// A string of ASCII characters [ACPI, "Data Objects Encoding"].
pub(crate) fn string(text: &str) -> Term {
    [&[0x0D], text.as_bytes(), &[0]].concat()
}

/// Terms as elements.
pub(crate) fn package(elements: &[Term]) -> Term {
    package_of(&[op::PACKAGE], &[&[elements.len() as u8][..], &elements.concat()].concat())
}

/// Names `value`.
pub(crate) fn named(path: &str, value: &[u8]) -> Term {
    [&[op::NAME], &name(path)[..], value].concat()
}

/// Terms within a scope that exists.
pub(crate) fn scope(path: &str, body: &[Term]) -> Term {
    package_of(&[op::SCOPE], &[name(path), body.concat()].concat())
}

/// A device.
pub(crate) fn device(path: &str, body: &[Term]) -> Term {
    package_of(&[op::EXTENDED, op::DEVICE], &[name(path), body.concat()].concat())
}

/// A processor without power states of its own.
pub(crate) fn processor(path: &str, number: u8) -> Term {
    package_of(&[op::EXTENDED, op::PROCESSOR], &[&name(path)[..], &[number, 0, 0, 0, 0, 0]].concat())
}

/// A method that no two threads run at once.
pub(crate) fn method(path: &str, arguments: u8, body: &[Term]) -> Term {
    const SERIALIZED: u8 = 0x08;
    package_of(&[op::METHOD], &[&name(path)[..], &[arguments | SERIALIZED], &body.concat()].concat())
}

/// A range of an address space.
pub(crate) fn region(path: &str, space: Region, offset: u32, length: u32) -> Term {
    let head = [op::EXTENDED, op::REGION];
    [&head[..], &name(path), &[space as u8], &integer(offset), &integer(length)].concat()
}

/// Fields of a region, one behind the other, each with its bits; accessed by bytes, other bits kept.
pub(crate) fn field(region: &str, fields: &[(&str, u8)]) -> Term {
    const BYTE_ACCESS: u8 = 0x01;
    let mut body = name(region);
    body.push(BYTE_ACCESS);
    for (path, bits) in fields {
        body.extend(name(path));
        // Up to 63 bits: the length is one byte.
        body.push(bits & 0x3F);
    }
    package_of(&[op::EXTENDED, op::FIELD], &body)
}

/// A field of four bytes in a buffer.
pub(crate) fn create_dword_field(source: &[u8], index: u32, path: &str) -> Term {
    [&[op::CREATE_DWORD_FIELD], source, &integer(index), &name(path)].concat()
}

/// The first argument of a method.
pub(crate) fn arg_0() -> Term {
    vec![op::ARG_0]
}

/// A value without a place to store it.
const NOWHERE: u8 = 0;

/// `a & b`.
pub(crate) fn and(a: &[u8], b: &[u8]) -> Term {
    [&[op::AND], a, b, &[NOWHERE]].concat()
}

/// `target = a | b`.
pub(crate) fn or(a: &[u8], b: &[u8], target: &[u8]) -> Term {
    [&[op::OR], a, b, target].concat()
}

/// `target = value`.
pub(crate) fn store(value: &[u8], target: &[u8]) -> Term {
    [&[op::STORE], value, target].concat()
}

/// `yes` where the condition is not 0, else `no`.
pub(crate) fn if_else(condition: &[u8], yes: &[Term], no: &[Term]) -> Term {
    let branch = package_of(&[op::IF], &[condition, &yes.concat()].concat());
    [branch, package_of(&[op::ELSE], &no.concat())].concat()
}

/// The end of a method, with its value.
pub(crate) fn return_(value: &[u8]) -> Term {
    [&[op::RETURN], value].concat()
}

/// An EISA identifier such as `PNP0A03`: three letters of five bits, four hexadecimal digits, the bytes big-endian
/// [ACPI, "EISAID (EISA ID String To Integer Conversion Macro)"].
pub(crate) fn eisa_id(id: &str) -> Term {
    let mut bits = 0u32;
    for (n, character) in id.chars().take(7).enumerate() {
        bits = match n {
            0..=2 => bits << 5 | u32::from(character) & 0x1F,
            _ => bits << 4 | character.to_digit(16).unwrap_or(0),
        };
    }
    integer(bits.swap_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_padded_and_prefixed() {
        assert_eq!(name("\\_SB"), b"\\_SB_");
        assert_eq!(name("^^PCI0.ISA.PRQ0"), b"^^\x2F\x03PCI0ISA_PRQ0");
        assert_eq!(name("A.B"), b"\x2EA___B___");
        assert_eq!(name("\\"), b"\\\0");
    }

    #[test]
    fn integers_take_the_shortest_form() {
        for (value, bytes) in [(0, 1), (1, 1), (2, 2), (0xFF, 2), (0x100, 3), (0xFFFF, 3), (0x1_0000, 5)] {
            assert_eq!(integer(value).len(), bytes, "{value:x}");
        }
    }

    #[test]
    fn package_lengths_hold_at_their_borders() {
        assert_eq!(package_length(0), [1]);
        assert_eq!(package_length(0x3E), [0x3F]);
        assert_eq!(package_length(0x3F), [0x41, 0x04]);
        assert_eq!(package_length(0xFFD), [0x4F, 0xFF]);
        assert_eq!(package_length(0xFFE), [0x81, 0x00, 0x01]);
        assert_eq!(package_length(0xF_FFFC), [0x8F, 0xFF, 0xFF]);
        assert_eq!(package_length(0xF_FFFD), [0xC1, 0x00, 0x00, 0x01]);
    }

    #[test]
    fn an_eisa_identifier_is_a_dword() {
        assert_eq!(eisa_id("PNP0A03"), [0x0C, 0x41, 0xD0, 0x0A, 0x03]);
    }

    #[test]
    fn a_buffer_tells_its_length_twice() {
        assert_eq!(buffer(&[7; 3]), [0x11, 6, 0x0A, 3, 7, 7, 7]);
    }
}
