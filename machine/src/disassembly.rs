//! Instructions as people write them.

use crate::symbols::Symbols;
use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Formatter, GasFormatter, Instruction, InstructionInfoFactory,
    IntelFormatter, NasmFormatter, OpAccess, SymbolResolver, SymbolResult,
};
use std::sync::Arc;

/// How instructions are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syntax {
    /// As in Intel's manuals.
    #[default]
    Intel,
    /// As NASM takes it.
    Nasm,
    /// As GNU's assembler takes it: AT&T.
    Gnu,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Mnemonic and operands; `(bad)` where there is no instruction.
    pub text: String,
    /// Its mnemonic alone, in lower case.
    pub mnemonic: String,
}

/// Turns bytes into text.
pub struct Disassembler {
    formatter: Box<dyn Formatter>,
}

/// Names for addresses in operands.
struct Names(Arc<Symbols>);

impl SymbolResolver for Names {
    fn symbol(
        &mut self,
        _instruction: &Instruction,
        _operand: u32,
        _instruction_operand: Option<u32>,
        address: u64,
        _address_size: u32,
    ) -> Option<SymbolResult<'_>> {
        let (name, offset) = self.0.name_of(address)?;
        Some(SymbolResult::with_str(address - offset, name))
    }
}

impl Disassembler {
    /// A disassembler that writes `syntax`, with names for addresses where `symbols` has them.
    pub fn new(syntax: Syntax, symbols: Option<Arc<Symbols>>) -> Self {
        let names = || symbols.clone().map(|symbols| Box::new(Names(symbols)) as Box<dyn SymbolResolver>);
        let mut formatter: Box<dyn Formatter> = match syntax {
            Syntax::Intel => Box::new(IntelFormatter::with_options(names(), None)),
            Syntax::Nasm => Box::new(NasmFormatter::with_options(names(), None)),
            Syntax::Gnu => Box::new(GasFormatter::with_options(names(), None)),
        };
        let options = formatter.options_mut();
        options.set_space_after_operand_separator(true);
        options.set_rip_relative_addresses(false);
        options.set_branch_leading_zeros(false);
        options.set_uppercase_hex(false);
        Self { formatter }
    }

    /// The length of the instruction at the start of `bytes`, at least 1, and where control goes behind it.
    pub fn length(bytes: &[u8], bits: u32, ip: u64) -> (usize, Onward) {
        let instruction = decode(bytes, bits, ip);
        let onward = match instruction.flow_control() {
            _ if instruction.has_rep_prefix() || instruction.has_repne_prefix() => Onward::Repeats,
            FlowControl::Next => Onward::Next,
            FlowControl::ConditionalBranch => Onward::NextOr,
            _ if instruction.is_jmp_short_or_near() || instruction.is_call_near() => {
                Onward::To(instruction.near_branch_target())
            }
            _ => Onward::Elsewhere,
        };
        (instruction.len().max(1), onward)
    }

    /// The instruction at the start of `bytes`, for code of 16, 32 or 64 `bits` at offset `ip`.
    pub fn line(&mut self, bytes: &[u8], bits: u32, ip: u64) -> Line {
        let instruction = decode(bytes, bits, ip);
        if instruction.is_invalid() {
            let bytes = bytes.iter().take(1).copied().collect();
            return Line { bytes, text: "(bad)".to_owned(), mnemonic: "(bad)".to_owned() };
        }
        let mut text = String::new();
        self.formatter.format(&instruction, &mut text);
        Line {
            bytes: bytes[..instruction.len()].to_vec(),
            text,
            mnemonic: format!("{:?}", instruction.mnemonic()).to_lowercase(),
        }
    }
}

/// Where control goes behind an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onward {
    /// To the next.
    Next,
    /// To the next, or to a place in the same segment.
    NextOr,
    /// To this place in the same segment.
    To(u64),
    /// To itself, or to the next.
    Repeats,
    /// To a place that the instruction alone does not tell.
    Elsewhere,
}

fn decode(bytes: &[u8], bits: u32, ip: u64) -> Instruction {
    let mut decoder = Decoder::with_ip(bits, bytes, ip, DecoderOptions::NONE);
    decoder.decode()
}

/// Whether the instruction at the start of `bytes` writes no memory.
pub(crate) fn stores_nothing(bytes: &[u8], bits: u32) -> bool {
    let instruction = decode(bytes, bits, 0);
    let mut factory = InstructionInfoFactory::new();
    let reads = |access| {
        matches!(access, OpAccess::None | OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess)
    };
    !instruction.is_invalid()
        && factory.info(&instruction).used_memory().iter().all(|used| reads(used.access()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_syntax_writes_its_own() {
        let bytes = [0x8B, 0x43, 0x10, 0x90];
        let text = |syntax| Disassembler::new(syntax, None).line(&bytes, 32, 0).text;
        assert_eq!(text(Syntax::Intel), "mov eax, [ebx+10h]");
        assert_eq!(text(Syntax::Nasm), "mov eax, [ebx+10h]");
        assert_eq!(text(Syntax::Gnu), "mov 0x10(%ebx), %eax");
    }

    #[test]
    fn what_is_no_instruction_is_said_to_be_none() {
        let line = Disassembler::new(Syntax::Intel, None).line(&[0xFF, 0xFF], 32, 0);
        assert_eq!((line.text.as_str(), line.bytes.len()), ("(bad)", 1));
    }

    #[test]
    fn stores_are_recognised() {
        assert!(stores_nothing(&[0xF3, 0x90], 32)); // PAUSE
        assert!(stores_nothing(&[0x3B, 0x03], 32)); // CMP EAX, [EBX]
        assert!(!stores_nothing(&[0xFF, 0x03], 32)); // INC DWORD [EBX]
        assert!(!stores_nothing(&[0x50], 32)); // PUSH EAX
    }
}
