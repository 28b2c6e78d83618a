//! Code fragments: the assembler with labels whose addresses can be used as numbers, and the idioms of cases.

use super::layout::*;
use iced_x86::code_asm::*;
use iced_x86::{BlockEncoderOptions, IcedError};
use std::ops::{Deref, DerefMut};

/// What assembling returns.
pub type Asm = Result<(), IcedError>;

/// Instructions, one after another: `code!(t; mov(ax, 1); push(ax))`.
macro_rules! code {
    ($t:expr; $($op:ident($($arg:expr),* $(,)?));* $(;)?) => {{ $( $t.$op($($arg),*)?; )* Ok(()) }};
}
pub(crate) use code;

/// A place in a fragment. Its address is known from the first of two passes.
#[derive(Clone, Copy, Debug)]
pub struct Spot(usize);

/// Bytes that fill up from the bottom.
#[derive(Clone, Debug, Default)]
pub struct Region {
    /// What is there so far.
    pub bytes: Vec<u8>,
}

/// A fragment being assembled.
pub struct Code<'r> {
    a: CodeAssembler,
    spots: Vec<CodeLabel>,
    known: Vec<u32>,
    at: Option<CodeLabel>,
    at_elsewhere: Option<u32>,
    low: &'r mut Region,
    /// Stands for an address in the first pass.
    unknown: u32,
}

impl Deref for Code<'_> {
    type Target = CodeAssembler;
    fn deref(&self) -> &CodeAssembler {
        &self.a
    }
}
impl DerefMut for Code<'_> {
    fn deref_mut(&mut self) -> &mut CodeAssembler {
        &mut self.a
    }
}

/// What a fragment became.
pub(crate) struct Assembled {
    pub(crate) bytes: Vec<u8>,
    /// The label that saved instruction pointers are compared with.
    pub(crate) at: Option<u32>,
    /// Addresses of the spots, in the order of their creation.
    pub(crate) spots: Vec<u32>,
}

/// Assembles `f` for `address`: once to learn where its spots are, once with them.
pub(crate) fn assemble(
    bits: u32,
    address: u32,
    low: &mut Region,
    f: &dyn Fn(&mut Code) -> Asm,
) -> Result<Assembled, IcedError> {
    let before = low.bytes.len();
    let first = pass(bits, address, low, f, Vec::new())?;
    low.bytes.truncate(before);
    let second = pass(bits, address, low, f, first.spots.clone())?;
    assert_eq!(first.spots, second.spots, "the passes disagree");
    Ok(second)
}

fn pass(
    bits: u32,
    address: u32,
    low: &mut Region,
    f: &dyn Fn(&mut Code) -> Asm,
    known: Vec<u32>,
) -> Result<Assembled, IcedError> {
    let unknown = if bits == 16 { 0x7FF0 } else { 0x7FFF_FFF0 };
    let a = CodeAssembler::new(bits)?;
    let mut code = Code { a, spots: vec![], known, at: None, at_elsewhere: None, low, unknown };
    f(&mut code)?;
    let options = BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS;
    let result = code.a.assemble_options(u64::from(address), options)?;
    let ip = |label: &CodeLabel| -> Result<u32, IcedError> { Ok(result.label_ip(label)? as u32) };
    let spots = code.spots.iter().map(ip).collect::<Result<_, _>>()?;
    let at = code.at.as_ref().map(ip).transpose()?.or(code.at_elsewhere);
    Ok(Assembled { bytes: result.inner.code_buffer.clone(), at, spots })
}

/// The vector by which a case says that it got where it should.
pub const OK: i32 = 0xF0;

impl Code<'_> {
    // --- places ---------------------------------------------------------------------------------------------

    /// A new place, to be put somewhere by [`Code::place`].
    pub fn spot(&mut self) -> Spot {
        let label = self.a.create_label();
        self.spots.push(label);
        Spot(self.spots.len() - 1)
    }

    /// Puts `spot` here.
    pub fn place(&mut self, spot: Spot) -> Asm {
        self.a.set_label(&mut self.spots[spot.0])?;
        self.a.zero_bytes()
    }

    /// A new place, here.
    pub fn here(&mut self) -> Result<Spot, IcedError> {
        let spot = self.spot();
        self.place(spot)?;
        Ok(spot)
    }

    /// The address of a place, in its segment.
    pub fn addr(&self, spot: Spot) -> u32 {
        self.known.get(spot.0).copied().unwrap_or(self.unknown)
    }

    /// A place as the target of a jump.
    pub fn label(&self, spot: Spot) -> CodeLabel {
        self.spots[spot.0]
    }

    /// The next instruction is the one that saved instruction pointers are compared with.
    pub fn at(&mut self) -> Asm {
        let mut label = self.a.create_label();
        self.a.set_label(&mut label)?;
        self.at = Some(label);
        self.a.zero_bytes()
    }

    /// A 16-bit fragment, for [`KCODE16`], [`UCODE16`] and V86 mode; its offset. It ends with `ok`.
    pub fn code16(&mut self, f: impl Fn(&mut Code) -> Asm) -> Result<u32, IcedError> {
        let at = LOW + self.low.bytes.len() as u32;
        let piece = assemble(16, at, self.low, &|t: &mut Code| {
            f(t)?;
            t.ok()
        })?;
        self.low.bytes.extend(&piece.bytes);
        self.at_elsewhere = piece.at.or(self.at_elsewhere);
        Ok(at)
    }

    /// Ends the tried part: got here.
    pub fn ok(&mut self) -> Asm {
        self.a.int(OK)
    }

    // --- tables ---------------------------------------------------------------------------------------------

    /// Writes a double word into memory.
    pub fn poke(&mut self, address: u32, value: u32) -> Asm {
        self.a.mov(dword_ptr(address), value)
    }

    /// Writes 8 bytes into memory.
    pub fn poke64(&mut self, address: u32, value: u64) -> Asm {
        self.poke(address, value as u32)?;
        self.poke(address + 4, (value >> 32) as u32)
    }

    /// Puts a descriptor into the GDT, or the LDT where bit 2 of `selector` says so.
    pub fn desc(&mut self, selector: u16, descriptor: u64) -> Asm {
        let table = if selector & 4 == 0 { GDT } else { LDT };
        self.poke64(table + u32::from(selector & !7), descriptor)
    }

    /// Puts a gate into the IDT.
    pub fn idt(&mut self, vector: u8, gate: u64) -> Asm {
        self.poke64(IDT + u32::from(vector) * 8, gate)
    }

    /// Loads the LDT.
    pub fn use_ldt(&mut self) -> Asm {
        code!(self; mov(eax, u32::from(KLDT)); lldt(ax))
    }

    /// The handler of `vector` calls `routine` and resumes the program.
    pub fn resume(&mut self, vector: u8, routine: u32) -> Asm {
        self.poke(vars::RESUME + u32::from(vector) * 4, routine)
    }

    // --- privilege ------------------------------------------------------------------------------------------

    /// From level 0 to `level` by RETF; the code goes on here, on that level's stack.
    pub fn to_level(&mut self, level: u8) -> Asm {
        let (code_selector, stack_selector, top) = match level {
            1 => (CODE1, DATA1, STACKS[1]),
            2 => (CODE2, DATA2, STACKS[2]),
            3 => (UCODE, UDATA, STACK3),
            _ => (KCODE, KDATA, STACK),
        };
        let there = self.spot();
        self.far_return(code_selector, there, (level != 0).then_some((stack_selector, top)))?;
        self.place(there)?;
        code!(self; mov(eax, u32::from(stack_selector)); mov(ds, ax); mov(es, ax))
    }

    fn far_return(&mut self, selector: u16, there: Spot, stack: Option<(u16, u32)>) -> Asm {
        if let Some((segment, top)) = stack {
            code!(self; push(u32::from(segment)); push(top))?;
        }
        let target = self.addr(there);
        code!(self; push(u32::from(selector)); push(target); retf())
    }

    /// Goes to `cs:offset` with `ss:esp` and `flags` by IRETD, at any outer level.
    pub fn iret_to(&mut self, selector: u16, offset: u32, flags: u32, stack: (u16, u32)) -> Asm {
        code!(self; push(u32::from(stack.0)); push(stack.1); push(flags); push(u32::from(selector)); push(offset); iretd())
    }

    /// Enters V86 mode at offset `ip` of [`CODE_SEGMENT`], with the data segments at [`DATA`].
    pub fn to_v86(&mut self, ip: u32, flags: u32) -> Asm {
        let data = i32::try_from(DATA >> 4).unwrap_or_default();
        code!(self;
            push(data + 3); push(data + 2); push(data); push(data + 1);
            push(u32::from(V86_STACK)); push(0x1000);
            push(flags | 0x2_0002); push(u32::from(CODE_SEGMENT)); push(ip); iretd())
    }

    /// A far jump to a constant.
    pub fn jmp_far(&mut self, selector: u16, offset: u32) -> Asm {
        self.far(0xEA, selector, offset)
    }

    /// A far call to a constant.
    pub fn call_far(&mut self, selector: u16, offset: u32) -> Asm {
        self.far(0x9A, selector, offset)
    }

    fn far(&mut self, opcode: u8, selector: u16, offset: u32) -> Asm {
        let mut bytes = vec![opcode];
        if self.a.bitness() == 16 {
            bytes.extend((offset as u16).to_le_bytes());
        } else {
            bytes.extend(offset.to_le_bytes());
        }
        bytes.extend(selector.to_le_bytes());
        self.a.db(&bytes)
    }
}
