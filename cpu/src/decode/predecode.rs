//! Bytes to instructions, for every generation.
//!
//! iced-x86 knows today's opcode map. Chips before the 80386 differ from it: prefixes may repeat without end, opcodes
//! that were free then alias others, and the reg field of some ModR/M bytes is ignored. For those chips the bytes are
//! first put into a form that today's map reads the same way.

use crate::code_mode::CodeMode;
use crate::features::Features;
use crate::model::{Generation, Model};
use iced_x86::{Code, CpuidFeature, DecoderError, DecoderOptions, EncodingKind, Instruction};

/// What the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// An instruction of `len` bytes, which has been left where the caller wanted it: as iced-x86 sees it. Its own length may
    /// differ.
    Instruction {
        /// Length in bytes, all prefixes included.
        len: u8,
        /// What it is beside what iced-x86 makes of it.
        quirk: Quirk,
    },
    /// The instruction goes on behind the bytes at hand.
    NeedsMore,
    /// An invalid instruction of so many bytes.
    Invalid(u8),
    /// Longer than the model allows, as so many bytes show.
    TooLong(u8),
}

/// What an old chip makes of an instruction that today's map reads otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quirk {
    /// Nothing special.
    None,
    /// 0Fh of the 8086.
    PopCs,
    /// D0-D3 /6 of the 8086.
    SetMinusOne,
    /// D8-DF, a coprocessor's instruction; read as a MOV with the same operand.
    Esc {
        /// The opcode as it was.
        opcode: u8,
        /// Its ModR/M byte; 0 when that has not been fetched.
        modrm: u8,
    },
    /// D8-DF where there is an x87.
    X87 {
        /// The first byte of the opcode.
        opcode: u8,
        /// The second; 0 when that has not been fetched.
        modrm: u8,
    },
    /// A run of prefixes as long as the window: skipped.
    Prefixes,
}

/// Decodes for a model in a mode.
pub(crate) struct Decoder {
    model: Model,
    mode: CodeMode,
    /// What iced-x86 is to make of encodings that mean something else on other models.
    options: u32,
}

/// Bytes an instruction may have on any model here: 15, and on the 8086 as many prefixes again.
pub(crate) const WINDOW: usize = 32;
/// Longest instruction of today's map.
const MODERN_LIMIT: usize = 15;
/// More prefixes than this and they are skipped in one go.
const MOST_PREFIXES: usize = 16;

impl Decoder {
    pub(crate) fn new(model: Model, mode: CodeMode) -> Self {
        Self { model, mode, options: options(&model) }
    }

    /// Decodes the instruction at the start of `bytes` into `found`.
    pub(crate) fn decode(&self, bytes: &[u8], found: &mut Instruction) -> Decoded {
        if self.model.at_least(Generation::I80386) {
            return self.decode_modern(bytes, found);
        }
        match Canonical::of(bytes, self.model.generation) {
            None => Decoded::NeedsMore,
            Some(canonical) => self.decode_canonical(&canonical, bytes.len(), found),
        }
    }

    /// Reads the instructions in `bytes` one after another.
    pub(crate) fn stream<'a>(&'a self, bytes: &'a [u8]) -> Stream<'a> {
        let at_once = self.model.at_least(Generation::I80386) && self.model.has(Features::FPU);
        let modern = iced_x86::Decoder::new(self.mode.code_bits(), bytes, self.options);
        Stream { decoder: self, rest: bytes, at_once, modern }
    }

    fn decode_modern(&self, bytes: &[u8], found: &mut Instruction) -> Decoded {
        let mut buffer = [0; MODERN_LIMIT];
        let len = bytes.len().min(MODERN_LIMIT);
        buffer[..len].copy_from_slice(&bytes[..len]);
        let mut quirk = coprocessor(&buffer[..len]);
        if let Quirk::X87 { opcode, modrm } = quirk
            && !self.model.has(Features::FPU)
        {
            let at = buffer.iter().position(|&byte| byte == opcode).unwrap_or_default();
            buffer[at] = MOV_R_RM;
            quirk = Quirk::Esc { opcode, modrm };
        }
        let mut decoder = iced_x86::Decoder::new(self.mode.code_bits(), &buffer[..len], self.options);
        self.next_modern(&mut decoder, len, quirk, found)
    }

    /// The next instruction of `decoder`, which has `available` bytes of it.
    fn next_modern(
        &self,
        decoder: &mut iced_x86::Decoder<'_>,
        available: usize,
        quirk: Quirk,
        found: &mut Instruction,
    ) -> Decoded {
        decoder.set_ip(0);
        decoder.decode_out(found);
        let too_long = Decoded::TooLong(MODERN_LIMIT as u8);
        match decoder.last_error() {
            DecoderError::NoMoreBytes if available < MODERN_LIMIT => Decoded::NeedsMore,
            DecoderError::NoMoreBytes => too_long,
            DecoderError::InvalidInstruction if found.len() == MODERN_LIMIT => too_long,
            DecoderError::None if self.knows(found) => Decoded::Instruction { len: found.len() as u8, quirk },
            _ => Decoded::Invalid(found.len().max(1) as u8),
        }
    }

    fn decode_canonical(&self, canonical: &Canonical, available: usize, found: &mut Instruction) -> Decoded {
        let Canonical { bytes, len, prefixes, quirk, .. } = canonical;
        if self.model.length_limit.is_some_and(|limit| *prefixes >= usize::from(limit)) {
            return Decoded::TooLong(available as u8);
        }
        if *quirk == Quirk::Prefixes || *quirk == Quirk::PopCs {
            let len = (prefixes + usize::from(*quirk == Quirk::PopCs)) as u8;
            *found = Instruction::default();
            return Decoded::Instruction { len, quirk: *quirk };
        }
        let first_generation = !self.model.at_least(Generation::I80286);
        let options =
            if first_generation { DecoderOptions::NO_INVALID_CHECK } else { DecoderOptions::LOADALL286 };
        let mut decoder = iced_x86::Decoder::new(16, &bytes[..*len], options);
        decoder.decode_out(found);
        let total = prefixes + found.len().saturating_sub(canonical.kept_prefixes);
        if let Some(limit) = self.model.length_limit
            && (total > usize::from(limit)
                || decoder.last_error() == DecoderError::NoMoreBytes && available > usize::from(limit))
        {
            return Decoded::TooLong(available as u8);
        }
        match decoder.last_error() {
            DecoderError::NoMoreBytes => Decoded::NeedsMore,
            DecoderError::None if self.knows(found) && !canonical.invalid => {
                Decoded::Instruction { len: total as u8, quirk: *quirk }
            }
            _ => Decoded::Invalid(total.max(1) as u8),
        }
    }

    /// Whether this model has the instruction in this mode.
    fn knows(&self, instruction: &Instruction) -> bool {
        if instruction.encoding() != EncodingKind::Legacy && !self.mode.has_selectors() {
            return false;
        }
        match instruction.code() {
            Code::Pause => true,
            Code::Crc32_r32_rm8 | Code::Crc32_r32_rm16 | Code::Crc32_r32_rm32 => {
                self.model.has(Features::CRC32)
            }
            Code::Fisttp_m16int | Code::Fisttp_m32int | Code::Fisttp_m64int => {
                self.model.has(Features::FISTTP)
            }
            _ => instruction.cpuid_features().iter().all(|&feature| self.has(feature)),
        }
    }

    fn has(&self, feature: CpuidFeature) -> bool {
        if let Some(generation) = introduced(feature) {
            return self.model.at_least(generation);
        }
        announced(feature).is_some_and(|features| self.model.has(features))
    }
}

/// What the model makes of encodings that newer instructions took.
fn options(model: &Model) -> u32 {
    let mut options = DecoderOptions::MOV_TR;
    let mut set = |on: bool, option: u32| options |= if on { option } else { 0 };
    set(model.generation == Generation::I80386, DecoderOptions::LOADALL386);
    set(!model.has(Features::BMI1), DecoderOptions::NO_MPFX_0FBC);
    set(!model.has(Features::LZCNT), DecoderOptions::NO_MPFX_0FBD);
    set(model.at_least(Generation::P6), DecoderOptions::FORCE_RESERVED_NOP);
    options
}

/// The generation that brought a feature that has no flag of its own.
fn introduced(feature: CpuidFeature) -> Option<Generation> {
    Some(match feature {
        CpuidFeature::INTEL8086 | CpuidFeature::INTEL8086_ONLY => Generation::I8086,
        CpuidFeature::INTEL186 => Generation::I80186,
        CpuidFeature::INTEL286 | CpuidFeature::INTEL286_ONLY => Generation::I80286,
        CpuidFeature::INTEL386 | CpuidFeature::INTEL386_ONLY => Generation::I80386,
        CpuidFeature::INTEL486 => Generation::I80486,
        CpuidFeature::MULTIBYTENOP => Generation::P6,
        _ => return None,
    })
}

/// The flag of a feature; `None` for those no model here has.
fn announced(feature: CpuidFeature) -> Option<Features> {
    Some(match feature {
        CpuidFeature::FPU | CpuidFeature::FPU287 | CpuidFeature::FPU387 => Features::FPU,
        CpuidFeature::CPUID => Features::CPUID,
        CpuidFeature::TSC => Features::TSC,
        CpuidFeature::MSR => Features::MSR,
        CpuidFeature::RDPMC => Features::RDPMC,
        CpuidFeature::CX8 => Features::CX8,
        CpuidFeature::CMOV => Features::CMOV,
        CpuidFeature::SEP => Features::SEP,
        CpuidFeature::SMM => Features::SMM,
        CpuidFeature::CLFSH => Features::CLFSH,
        CpuidFeature::MMX => Features::MMX,
        CpuidFeature::FXSR => Features::FXSR,
        CpuidFeature::SSE => Features::SSE,
        CpuidFeature::SSE2 => Features::SSE2,
        CpuidFeature::MOVBE => Features::MOVBE,
        CpuidFeature::POPCNT => Features::POPCNT,
        CpuidFeature::LZCNT => Features::LZCNT,
        CpuidFeature::BMI1 => Features::BMI1,
        CpuidFeature::BMI2 => Features::BMI2,
        CpuidFeature::ADX => Features::ADX,
        _ => return None,
    })
}

/// MOV r, r/m: stands in where only the operand of an instruction counts, as without a coprocessor.
const MOV_R_RM: u8 = 0x8B;

/// Recognises a coprocessor instruction.
fn coprocessor(bytes: &[u8]) -> Quirk {
    let is_prefix = |b: &u8| matches!(b, 0x26 | 0x2E | 0x36 | 0x3E | 0x64..=0x67 | 0xF0 | 0xF2 | 0xF3);
    let Some(at) = bytes.iter().position(|b| !is_prefix(b)) else { return Quirk::None };
    let (opcode, modrm) = (bytes[at], bytes.get(at + 1).copied().unwrap_or(0));
    if (0xD8..=0xDF).contains(&opcode) { Quirk::X87 { opcode, modrm } } else { Quirk::None }
}

/// The instructions of a piece of code, one behind the other.
pub(crate) struct Stream<'a> {
    decoder: &'a Decoder,
    rest: &'a [u8],
    /// Whether the bytes may be read as they are: some models' must be changed first.
    at_once: bool,
    /// Goes on where the last instruction ended, in the first case.
    modern: iced_x86::Decoder<'a>,
}

impl Stream<'_> {
    /// The instruction behind the last one goes to `found`. What is invalid has a length too: the 8086 goes on behind it.
    pub(crate) fn next(&mut self, found: &mut Instruction) -> Decoded {
        let window = &self.rest[..self.rest.len().min(WINDOW)];
        let decoded = if self.at_once {
            let quirk = coprocessor(&window[..window.len().min(MODERN_LIMIT)]);
            self.decoder.next_modern(&mut self.modern, window.len(), quirk, found)
        } else {
            self.decoder.decode(window, found)
        };
        if let Decoded::Instruction { len, .. } | Decoded::Invalid(len) = decoded {
            self.rest = self.rest.get(usize::from(len)..).unwrap_or_default();
        }
        decoded
    }
}

/// An instruction of an old chip in a form that today's map reads the same way.
struct Canonical {
    bytes: [u8; MODERN_LIMIT],
    len: usize,
    /// Prefixes the instruction had.
    prefixes: usize,
    /// Prefixes left in `bytes`.
    kept_prefixes: usize,
    quirk: Quirk,
    invalid: bool,
}

impl Canonical {
    /// `None` when more bytes are needed to tell.
    fn of(bytes: &[u8], generation: Generation) -> Option<Self> {
        let mut canonical = Self {
            bytes: [0; MODERN_LIMIT],
            len: 0,
            prefixes: 0,
            kept_prefixes: 0,
            quirk: Quirk::None,
            invalid: false,
        };
        let (mut segment, mut repeat) = (None, None);
        for &byte in bytes {
            match byte {
                0x26 | 0x2E | 0x36 | 0x3E => segment = Some(byte),
                0xF2 | 0xF3 => repeat = Some(byte),
                // LOCK, and F1h that decodes like it, do nothing here.
                0xF0 | 0xF1 => {}
                _ => break,
            }
            canonical.prefixes += 1;
        }
        if canonical.prefixes >= MOST_PREFIXES {
            canonical.quirk = Quirk::Prefixes;
            return Some(canonical);
        }
        for prefix in [repeat, segment].into_iter().flatten() {
            canonical.push(prefix);
            canonical.kept_prefixes += 1;
        }
        let rest = &bytes[canonical.prefixes..];
        let (&opcode, rest) = rest.split_first()?;
        let opcode = canonical.alias(opcode, generation);
        canonical.push(opcode);
        let Some((&modrm, rest)) = rest.split_first() else { return Some(canonical) };
        let modrm = canonical.fix_modrm(opcode, modrm, generation);
        for &byte in std::iter::once(&modrm).chain(rest).take(MODERN_LIMIT - canonical.len) {
            canonical.push(byte);
        }
        Some(canonical)
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// The opcode that today does what `opcode` did then.
    fn alias(&mut self, opcode: u8, generation: Generation) -> u8 {
        let original = generation == Generation::I8086;
        match opcode {
            0x60..=0x6F if original => opcode + 0x10,
            0xC0 | 0xC1 | 0xC8 | 0xC9 if original => opcode + 2,
            0x0F if original => {
                self.quirk = Quirk::PopCs;
                opcode
            }
            0x64..=0x67 => {
                self.invalid = true;
                opcode
            }
            0xD8..=0xDF => {
                self.quirk = Quirk::Esc { opcode, modrm: 0 };
                MOV_R_RM
            }
            _ => opcode,
        }
    }

    /// The ModR/M byte with ignored reg fields cleared.
    fn fix_modrm(&mut self, opcode: u8, modrm: u8, generation: Generation) -> u8 {
        let (original, reg, register) = (generation == Generation::I8086, modrm >> 3 & 7, modrm >= 0xC0);
        let with_reg = |reg: u8| modrm & 0xC7 | reg << 3;
        if let Quirk::Esc { modrm: fetched, .. } = &mut self.quirk {
            *fetched = modrm;
            return modrm;
        }
        match opcode {
            0x8C | 0x8E if original => with_reg(reg & 3),
            0x8C | 0x8E if reg > 3 => self.reject(with_reg(0)),
            0x8F | 0xC6 | 0xC7 if generation < Generation::I80286 => with_reg(0),
            0x8F | 0xC6 | 0xC7 if reg != 0 => self.reject(with_reg(0)),
            0xD0..=0xD3 if reg == 6 && original => {
                self.quirk = Quirk::SetMinusOne;
                with_reg(4)
            }
            0xC0 | 0xC1 | 0xD0..=0xD3 if reg == 6 => with_reg(4),
            0xFF if reg == 7 && generation < Generation::I80286 => with_reg(6),
            // A register where only memory makes sense; today these are other instructions.
            0x62 | 0x8D | 0xC4 | 0xC5 if register => {
                self.bytes[self.len - 1] = MOV_R_RM;
                self.reject(modrm)
            }
            _ => modrm,
        }
    }

    /// Invalid, but as long as the instruction with this ModR/M byte.
    fn reject(&mut self, modrm: u8) -> u8 {
        self.invalid = true;
        modrm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_read_one_after_another_are_those_read_one_by_one() {
        let mut seed = 1u32;
        let mut byte = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Prefixes and coprocessor instructions come more often than they would.
            match seed >> 24 {
                n @ 0..=15 => [0x26, 0x66, 0x67, 0xF0, 0xF2, 0xF3, 0xD8, 0xDD][n as usize % 8],
                n => n as u8,
            }
        };
        let models = [Model::I8086, Model::I80286, Model::I80386, Model::MAX];
        for round in 0..20_000 {
            let decoder = Decoder::new(models[round % models.len()], CodeMode::default());
            let bytes: Vec<u8> = (0..1 + round % 60).map(|_| byte()).collect();
            let (mut stream, mut at) = (decoder.stream(&bytes), 0);
            let (mut next, mut single) = (Instruction::default(), Instruction::default());
            while at < bytes.len() {
                let window = &bytes[at..bytes.len().min(at + WINDOW)];
                let decoded = stream.next(&mut next);
                assert_eq!(decoded, decoder.decode(window, &mut single), "{window:02x?}");
                at += match decoded {
                    Decoded::Instruction { len, .. } => {
                        assert_eq!(next, single, "{window:02x?}");
                        usize::from(len)
                    }
                    Decoded::Invalid(len) if !stream.at_once => usize::from(len),
                    _ => break,
                };
            }
        }
    }
}
