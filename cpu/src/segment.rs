//! Segment registers with their descriptor caches.

use serde::{Deserialize, Serialize};

/// A segment register's number, in the encoding of the Sreg field.
#[expect(missing_docs, reason = "the names are the registers'")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum SegReg {
    Es = 0,
    Cs = 1,
    Ss = 2,
    Ds = 3,
    Fs = 4,
    Gs = 5,
}

impl SegReg {
    /// All six, in encoding order.
    pub const ALL: [Self; 6] = [Self::Es, Self::Cs, Self::Ss, Self::Ds, Self::Fs, Self::Gs];

    /// The register of an Sreg field; the low two bits decide where only four registers exist.
    pub fn from_encoding(encoding: u8) -> Self {
        Self::ALL.get(usize::from(encoding)).copied().unwrap_or(Self::Es)
    }
}

/// Access rights, as in bits 8 to 23 of a descriptor's second doubleword [SDM 3A, "Segment Descriptors"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegAttr(pub u16);

impl SegAttr {
    /// Present, DPL 0, data, writable, accessed.
    pub const REAL_DATA: Self = Self(0x93);
    /// The same with DPL 3, as in virtual-8086 mode.
    pub const V86_DATA: Self = Self(0xF3);

    /// Bit S: a code or data segment, not a system descriptor.
    pub fn is_code_or_data(self) -> bool {
        self.0 & 0x10 != 0
    }
    /// Type bit 3: code.
    pub fn is_code(self) -> bool {
        self.0 & 0x18 == 0x18
    }
    /// Type bit 2 of code: conforming.
    pub fn is_conforming(self) -> bool {
        self.0 & 0x1C == 0x1C
    }
    /// Type bit 2 of data: expand-down.
    pub fn is_expand_down(self) -> bool {
        self.0 & 0x1C == 0x14
    }
    /// Data that can be written.
    pub fn is_writable(self) -> bool {
        self.0 & 0x1A == 0x12
    }
    /// Data, or code that can be read.
    pub fn is_readable(self) -> bool {
        self.0 & 0x10 != 0 && (self.0 & 0x08 == 0 || self.0 & 0x02 != 0)
    }
    /// Descriptor privilege level.
    pub fn dpl(self) -> u8 {
        (self.0 >> 5 & 3) as u8
    }
    /// Present.
    pub fn is_present(self) -> bool {
        self.0 & 0x80 != 0
    }
    /// D/B: 32-bit code, 32-bit stack, or the upper bound of an expand-down segment.
    pub fn is_big(self) -> bool {
        self.0 & 0x4000 != 0
    }
    /// The type field and S, for system descriptors.
    pub fn system_type(self) -> u8 {
        (self.0 & 0x1F) as u8
    }
}

/// A segment register: the visible selector and the cached descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The visible part.
    pub selector: u16,
    /// Linear address of offset 0.
    pub base: u64,
    /// Last valid offset (expand-up), in bytes.
    pub limit: u32,
    /// Access rights.
    pub attr: SegAttr,
    /// False after a null selector was loaded: no access is allowed.
    pub usable: bool,
}

impl Segment {
    /// What loading `selector` in real or virtual-8086 mode gives, limit and rights aside.
    pub fn real(selector: u16) -> Self {
        let base = u64::from(selector) << 4;
        Self { selector, base, limit: 0xFFFF, attr: SegAttr::REAL_DATA, usable: true }
    }

    /// Whether base and limit need no check: base 0, 4 GiB, expand-up, writable data or readable code.
    pub fn is_flat(&self) -> bool {
        self.usable && self.base == 0 && self.limit == u32::MAX && !self.attr.is_expand_down()
    }

    /// Whether `len` bytes from `offset` on lie inside the segment.
    pub fn holds(&self, offset: u64, len: u64) -> bool {
        let last = offset + (len - 1);
        if self.attr.is_expand_down() {
            let top = if self.attr.is_big() { u64::from(u32::MAX) } else { 0xFFFF };
            offset > u64::from(self.limit) && last <= top
        } else {
            last <= u64::from(self.limit)
        }
    }

    /// The largest offset a fast load may touch; -1 when every load needs the full check.
    pub fn fast_read_limit(&self) -> i64 {
        let simple = self.usable && self.attr.is_readable() && !self.attr.is_expand_down();
        if simple { i64::from(self.limit) } else { -1 }
    }

    /// The largest offset a fast store may touch; -1 when every store needs the full check.
    pub fn fast_write_limit(&self) -> i64 {
        let simple = self.usable && self.attr.is_writable() && !self.attr.is_expand_down();
        if simple { i64::from(self.limit) } else { -1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expand_down_holds_what_lies_above_its_limit() {
        let attr = SegAttr(0x96);
        let small = Segment { limit: 0x0FFF, attr, usable: true, ..Segment::default() };
        assert!(!small.holds(0x0FFF, 1));
        assert!(small.holds(0x1000, 2));
        assert!(small.holds(0xFFFE, 2));
        assert!(!small.holds(0xFFFF, 2));
        assert_eq!(small.fast_read_limit(), -1);
    }
}
