//! The MOO format of SingleStepTests: one file per opcode form, chunks of tag, length and payload.

use super::{Cursor, DataError, unpack};
use std::path::Path;

/// Registers in the order of a `REGS` chunk's mask bits.
pub const REGISTERS: [&str; 14] =
    ["ax", "bx", "cx", "dx", "cs", "ss", "ds", "es", "sp", "bp", "si", "di", "ip", "flags"];
/// Index of IP in [`REGISTERS`].
pub const IP: usize = 12;
/// Index of FLAGS in [`REGISTERS`].
pub const FLAGS: usize = 13;

/// Registers and memory before or after an instruction; a register that is not listed is `None`.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// In the order of [`REGISTERS`].
    pub regs: [Option<u16>; 14],
    /// Physical addresses and their bytes.
    pub ram: Vec<(u32, u8)>,
}

/// One byte through a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortByte {
    /// OUT rather than IN.
    pub write: bool,
    /// Port.
    pub port: u16,
    /// The byte.
    pub value: u8,
}

/// One test.
#[derive(Clone, Debug, Default)]
pub struct Test {
    /// Position in the original file.
    pub index: u32,
    /// Disassembly.
    pub name: String,
    /// Instruction bytes.
    pub bytes: Vec<u8>,
    /// Before.
    pub init: State,
    /// After: only what changed.
    pub fina: State,
    /// Vector of the exception taken, and the physical address of the FLAGS word it pushed.
    pub exception: Option<(u8, u32)>,
    /// Port traffic, byte by byte.
    pub ports: Vec<PortByte>,
}

/// Reads all tests of a file.
pub fn read(path: &Path) -> Result<Vec<Test>, DataError> {
    let bytes = unpack(path)?;
    let mut cursor = Cursor::new(path, &bytes);
    let mut tests = Vec::new();
    while let Some((tag, mut chunk)) = next_chunk(&mut cursor)? {
        if &tag == b"TEST" {
            tests.push(read_test(&mut chunk)?);
        }
    }
    if tests.is_empty() {
        return Err(cursor.damaged("at least one TEST chunk"));
    }
    Ok(tests)
}

type Chunk<'a> = ([u8; 4], Cursor<'a>);

fn next_chunk<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Chunk<'a>>, DataError> {
    if cursor.is_done() {
        return Ok(None);
    }
    let tag = cursor.take(4)?.try_into().expect("four bytes were taken");
    let len = cursor.u32()? as usize;
    Ok(Some((tag, cursor.part(len)?)))
}

fn read_test(cursor: &mut Cursor<'_>) -> Result<Test, DataError> {
    let mut test = Test { index: cursor.u32()?, ..Test::default() };
    while let Some((tag, mut chunk)) = next_chunk(cursor)? {
        match &tag {
            b"NAME" => {
                let len = chunk.u32()? as usize;
                test.name = String::from_utf8_lossy(chunk.take(len)?).into_owned();
            }
            b"BYTS" => {
                let len = chunk.u32()? as usize;
                test.bytes = chunk.take(len)?.to_vec();
            }
            b"INIT" => test.init = read_state(&mut chunk)?,
            b"FINA" => test.fina = read_state(&mut chunk)?,
            b"EXCP" => test.exception = Some((chunk.u8()?, chunk.u32()?)),
            b"PORT" => test.ports = read_ports(&mut chunk)?,
            _ => {}
        }
    }
    Ok(test)
}

fn read_state(cursor: &mut Cursor<'_>) -> Result<State, DataError> {
    let mut state = State::default();
    while let Some((tag, mut chunk)) = next_chunk(cursor)? {
        match &tag {
            b"REGS" => {
                let mask = chunk.u16()?;
                for (n, reg) in state.regs.iter_mut().enumerate() {
                    if mask & 1 << n != 0 {
                        *reg = Some(chunk.u16()?);
                    }
                }
            }
            b"RAM " => {
                for _ in 0..chunk.u32()? {
                    state.ram.push((chunk.u32()?, chunk.u8()?));
                }
            }
            _ => {}
        }
    }
    Ok(state)
}

fn read_ports(cursor: &mut Cursor<'_>) -> Result<Vec<PortByte>, DataError> {
    let count = cursor.u32()?;
    (0..count)
        .map(|_| Ok(PortByte { write: cursor.u8()? != 0, port: cursor.u16()?, value: cursor.u8()? }))
        .collect()
}
