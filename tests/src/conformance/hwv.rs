//! The HWV1 format: native captures of single instructions in 64-bit and 32-bit protected mode.

use super::{Cursor, DataError, unpack};
use std::path::Path;

/// One instruction form of a file.
#[derive(Clone, Debug)]
pub struct Form {
    /// Name, such as `add_rm_r32`.
    pub name: String,
    /// The CPUID feature it needs.
    pub feature: String,
    /// x87 status bits that are undefined after it.
    pub fsw_undefined: u16,
}

/// One piece of processor state or memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// General register and value.
    Gpr(u8, u64),
    /// RFLAGS.
    Flags(u32),
    /// MXCSR.
    Mxcsr(u32),
    /// x87 control word.
    Fcw(u16),
    /// x87 status word.
    Fsw(u16),
    /// Abridged x87 tag word.
    Ftw(u8),
    /// Instruction pointer.
    Ip(u64),
    /// XMM register.
    Xmm(u8, [u8; 16]),
    /// YMM register.
    Ymm(u8, [u8; 32]),
    /// x87 register, relative to TOP.
    St(u8, [u8; 10]),
    /// Memory.
    Memory(u32, Vec<u8>),
}

/// Bits of [`Record::flags`].
pub mod record_flag {
    /// Approximate result.
    pub const APPROXIMATE: u8 = 1;
    /// x87 transcendental.
    pub const TRANSCENDENTAL: u8 = 2;
    /// Implementation-defined destination.
    pub const IMPLEMENTATION_DEFINED: u8 = 4;
    /// The instruction raised an exception.
    pub const EXCEPTION: u8 = 8;
}

/// An exception at the instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Vector.
    pub vector: u8,
    /// Error code.
    pub error: u32,
    /// Linear address of a page fault.
    pub cr2: u64,
}

impl Exception {
    const PAGE_FAULT: u8 = 14;
    /// Bit 4 of a page-fault error code: a fetch, told apart where NX is enabled.
    const FETCH: u32 = 1 << 4;

    /// The same where fetches are not told apart.
    pub fn without_fetch(self) -> Self {
        let error = if self.vector == Self::PAGE_FAULT { self.error & !Self::FETCH } else { self.error };
        Self { error, ..self }
    }
}

impl Record {
    /// Whether it neither faults nor branches.
    pub fn is_plain(&self) -> bool {
        self.exception.is_none() && !self.fina.iter().any(|item| matches!(item, Item::Ip(_)))
    }

    /// Whether the capture ends with a fault that fetching from `ip`, the target of a branch, has taken.
    pub fn faults_at(&self, ip: u64) -> bool {
        self.fina.contains(&Item::Ip(ip))
            && self.exception.is_some_and(|e| e.without_fetch() != e && e.cr2 == ip)
    }
}

/// One captured instruction.
#[derive(Clone, Debug)]
pub struct Record {
    /// Index into [`File::forms`].
    pub form: usize,
    /// See [`record_flag`].
    pub flags: u8,
    /// Instruction bytes.
    pub code: Vec<u8>,
    /// RFLAGS bits that are undefined.
    pub undefined: u16,
    /// Initial state where it differs from the default.
    pub init: Vec<Item>,
    /// Final state where it differs from the initial one.
    pub fina: Vec<Item>,
    /// The exception, if one was raised.
    pub exception: Option<Exception>,
}

/// A file of captures.
#[derive(Clone, Debug)]
pub struct File {
    /// 32 or 64.
    pub mode: u8,
    /// Instruction forms.
    pub forms: Vec<Form>,
    /// Captures.
    pub records: Vec<Record>,
}

/// Reads a file.
pub fn read(path: &Path) -> Result<File, DataError> {
    let bytes = unpack(path)?;
    let mut cursor = Cursor::new(path, &bytes);
    if cursor.take(4)? != b"HWV1" {
        return Err(cursor.damaged("the magic HWV1"));
    }
    let mode = cursor.u8()?;
    let _vendor = cursor.u8()?;
    let (form_count, record_count) = (cursor.u16()?, cursor.u32()?);
    let forms = (0..form_count).map(|_| read_form(&mut cursor)).collect::<Result<Vec<_>, _>>()?;
    let mut records = Vec::new();
    for _ in 0..record_count {
        let len = usize::from(cursor.u16()?);
        let mut part = cursor.part(len)?;
        let record = read_record(&mut part, mode)?;
        if record.form >= forms.len() {
            return Err(cursor.damaged("a form number in range"));
        }
        records.push(record);
    }
    Ok(File { mode, forms, records })
}

fn read_string(cursor: &mut Cursor<'_>) -> Result<String, DataError> {
    let len = usize::from(cursor.u8()?);
    Ok(String::from_utf8_lossy(cursor.take(len)?).into_owned())
}

fn read_form(cursor: &mut Cursor<'_>) -> Result<Form, DataError> {
    Ok(Form { name: read_string(cursor)?, feature: read_string(cursor)?, fsw_undefined: cursor.u16()? })
}

fn read_record(cursor: &mut Cursor<'_>, mode: u8) -> Result<Record, DataError> {
    let form = usize::from(cursor.u16()?);
    let flags = cursor.u8()?;
    let len = usize::from(cursor.u8()?);
    let code = cursor.take(len)?.to_vec();
    let undefined = cursor.u16()?;
    let init = read_items(cursor, mode)?;
    let fina = read_items(cursor, mode)?;
    let exception = if flags & record_flag::EXCEPTION != 0 {
        Some(Exception { vector: cursor.u8()?, error: cursor.u32()?, cr2: cursor.u64()? })
    } else {
        None
    };
    Ok(Record { form, flags, code, undefined, init, fina, exception })
}

fn read_items(cursor: &mut Cursor<'_>, mode: u8) -> Result<Vec<Item>, DataError> {
    let count = cursor.u8()?;
    (0..count).map(|_| read_item(cursor, mode)).collect()
}

fn read_item(cursor: &mut Cursor<'_>, mode: u8) -> Result<Item, DataError> {
    fn array<const N: usize>(cursor: &mut Cursor<'_>) -> Result<[u8; N], DataError> {
        Ok(cursor.take(N)?.try_into().expect("N bytes were taken"))
    }
    let word = |cursor: &mut Cursor<'_>| if mode == 64 { cursor.u64() } else { cursor.u32().map(u64::from) };
    Ok(match cursor.u8()? {
        id @ 0x00..=0x0F => Item::Gpr(id, word(cursor)?),
        0x10 => Item::Flags(cursor.u32()?),
        0x11 => Item::Mxcsr(cursor.u32()?),
        0x12 => Item::Fcw(cursor.u16()?),
        0x13 => Item::Fsw(cursor.u16()?),
        0x14 => Item::Ftw(cursor.u8()?),
        0x15 => Item::Ip(word(cursor)?),
        id @ 0x20..=0x2F => Item::Xmm(id - 0x20, array(cursor)?),
        id @ 0x30..=0x3F => Item::Ymm(id - 0x30, array(cursor)?),
        id @ 0x40..=0x47 => Item::St(id - 0x40, array(cursor)?),
        0x50 => {
            let addr = cursor.u32()?;
            let len = usize::from(cursor.u8()?);
            Item::Memory(addr, cursor.take(len)?.to_vec())
        }
        _ => return Err(cursor.damaged("a known item number")),
    })
}
