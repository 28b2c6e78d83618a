//! The ROM being put together: kernel, cases, strings.

use super::asm::{Asm, Code, Region, assemble, code};
use super::kernel::{self, Kernel};
use super::layout::*;
use iced_x86::IcedError;

/// Something a case shows after its events: `name=value` in hexadecimal.
#[derive(Clone, Copy, Debug)]
pub struct See {
    /// Its name.
    pub name: &'static str,
    /// Linear address.
    pub address: u32,
    /// Bytes: 1, 2 or 4.
    pub width: u8,
    /// Bits that are shown.
    pub mask: u32,
}

/// A value in memory.
pub const fn see(name: &'static str, address: u32, width: u8) -> See {
    See { name, address, width, mask: u32::MAX }
}

/// Some bits of a value in memory.
pub const fn bits(name: &'static str, address: u32, width: u8, mask: u32) -> See {
    See { name, address, width, mask }
}

/// A register as the last event found it.
pub const fn reg(name: &'static str, offset: u32) -> See {
    see(name, vars::LAST + offset, 4)
}

/// 16 bits of a register as the last event found it.
pub const fn reg16(name: &'static str, offset: u32) -> See {
    see(name, vars::LAST + offset, 2)
}

/// The access byte of a descriptor in the GDT or LDT.
pub const fn access(name: &'static str, selector: u16) -> See {
    let table = if selector & 4 == 0 { GDT } else { LDT };
    see(name, table + (selector & !7) as u32 + 5, 1)
}

/// One tried thing, with what the manual says of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, unique.
    pub name: String,
    /// What it prints, written from the manual.
    pub expected: String,
    /// Where the manual says so.
    pub cite: &'static str,
}

/// Collects cases.
pub struct Builder {
    kernel: Kernel,
    low: Region,
    high: Region,
    table: Vec<u8>,
    cite: &'static str,
    /// The cases so far.
    pub cases: Vec<Case>,
}

impl Builder {
    pub(crate) fn new() -> Result<Self, IcedError> {
        let mut low = Region::default();
        let (kernel, bytes) = kernel::build(&mut low)?;
        let high = Region { bytes };
        Ok(Self { kernel, low, high, table: vec![], cite: "", cases: vec![] })
    }

    /// Addresses of the kernel's routines.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Where the manual says what the following cases expect.
    pub fn cite(&mut self, section: &'static str) {
        self.cite = section;
    }

    /// A case: `f` sets up and tries, the events print themselves, `shows` follow.
    pub fn case(&mut self, name: &str, expected: &str, shows: &[See], f: impl Fn(&mut Code) -> Asm) -> Asm {
        assert!(self.cases.iter().all(|case| case.name != name), "two cases are named {name}");
        assert!(self.cases.len() < MOST_CASES, "the table of cases is full");
        let (kernel, entry) = (self.kernel, CODE + KERNEL + self.high.bytes.len() as u32);
        let piece = assemble(32, entry, &mut self.low, &|t: &mut Code| {
            let cont = t.spot();
            f(t)?;
            t.ok()?;
            t.place(cont)?;
            for show in shows {
                show_in(t, kernel, show)?;
            }
            t.jmp(u64::from(kernel.next_case))
        })?;
        self.high.bytes.extend(&piece.bytes);
        let text = CODE + KERNEL + self.high.bytes.len() as u32;
        self.high.bytes.extend(name.bytes());
        self.high.bytes.push(0);
        for word in [text, entry, piece.at.unwrap_or(0), piece.spots[0]] {
            self.table.extend(word.to_le_bytes());
        }
        self.cases.push(Case { name: name.to_owned(), expected: expected.to_owned(), cite: self.cite });
        Ok(())
    }

    /// The finished image.
    pub(crate) fn finish(mut self) -> Result<(Vec<u8>, Vec<Case>), IcedError> {
        let mut image = vec![0u8; ROM_SIZE];
        let start = kernel::start(self.kernel, &mut self.low)?;
        let mut put = |at: u32, bytes: &[u8], end: u32, what: &str| {
            let (at, end) = (at as usize, end as usize);
            assert!(at + bytes.len() <= end, "{what}: {} bytes too many", at + bytes.len() - end);
            image[at..at + bytes.len()].copy_from_slice(bytes);
        };
        put(LOW, &self.low.bytes, TABLE, "16-bit code");
        put(TABLE, &self.table, INITIAL - 16, "table of cases");
        put(INITIAL, &kernel::initial_tables(self.kernel), KERNEL, "descriptor tables");
        put(KERNEL, &self.high.bytes, START, "32-bit code");
        put(START, &start, ROM_SIZE as u32 - 16, "start");
        // RESET: a near jump to the start.
        let distance = (START as u16).wrapping_sub(0xFFF3).to_le_bytes();
        put(ROM_SIZE as u32 - 16, &[0xE9, distance[0], distance[1]], ROM_SIZE as u32, "reset vector");
        Ok((image, self.cases))
    }
}

fn show_in(t: &mut Code, kernel: Kernel, show: &See) -> Asm {
    t.call(u64::from(kernel.show))?;
    let masked = show.mask != u32::MAX;
    let mut bytes = vec![show.width | u8::from(masked) << 7];
    bytes.extend(show.address.to_le_bytes());
    if masked {
        bytes.extend(show.mask.to_le_bytes());
    }
    bytes.extend(show.name.bytes());
    bytes.push(0);
    code!(t; db(&bytes))
}
