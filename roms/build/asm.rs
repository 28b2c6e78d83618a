//! A ROM under construction: code fragments, data at fixed places, trap points and labels.

use iced_x86::code_asm::{CodeAssembler, CodeLabel, al};
use iced_x86::{BlockEncoderOptions, CpuidFeature, Decoder, DecoderOptions, IcedError};

/// The port whose OUT enters the firmware.
pub(crate) const FIRMWARE_PORT: u32 = 0xE5;

/// What building returns.
pub(crate) type Asm = Result<(), IcedError>;

/// A piece of code being written, with its named places.
pub(crate) struct Code {
    /// The assembler proper.
    pub(crate) a: CodeAssembler,
    traps: Vec<(&'static str, CodeLabel)>,
    labels: Vec<(&'static str, CodeLabel)>,
    allowed: Vec<CpuidFeature>,
    bits: u32,
}

impl Code {
    /// An empty piece of 16-bit code.
    pub(crate) fn new() -> Result<Self, IcedError> {
        Self::of_bits(16)
    }

    /// An empty piece of 32-bit code, which an 80386 or later may run.
    pub(crate) fn new_32() -> Result<Self, IcedError> {
        let mut code = Self::of_bits(32)?;
        code.allow(&[CpuidFeature::INTEL186, CpuidFeature::INTEL386]);
        Ok(code)
    }

    fn of_bits(bits: u32) -> Result<Self, IcedError> {
        Ok(Self { a: CodeAssembler::new(bits)?, traps: vec![], labels: vec![], allowed: vec![], bits })
    }

    /// Lets the code use instructions behind a test of its own.
    pub(crate) fn allow(&mut self, features: &[CpuidFeature]) {
        self.allowed.extend(features);
    }

    /// The OUT that enters the firmware service `name`.
    pub(crate) fn trap(&mut self, name: &'static str) -> Asm {
        self.a.out(FIRMWARE_PORT, al)?;
        let mut behind = self.a.create_label();
        self.a.set_label(&mut behind)?;
        self.traps.push((name, behind));
        self.a.nop()
    }

    /// Gives this place a name that the firmware may jump to.
    pub(crate) fn label(&mut self, name: &'static str) -> Result<CodeLabel, IcedError> {
        let mut here = self.a.create_label();
        self.place(name, &mut here)?;
        Ok(here)
    }

    /// Places `label` here under `name`.
    pub(crate) fn place(&mut self, name: &'static str, label: &mut CodeLabel) -> Asm {
        self.a.set_label(label)?;
        self.labels.push((name, *label));
        self.a.nop()
    }

    /// Places `label` here under `name`; what follows is data, so nothing comes between.
    pub(crate) fn place_data(&mut self, name: &'static str, label: &mut CodeLabel) -> Asm {
        self.a.set_label(label)?;
        self.labels.push((name, *label));
        Ok(())
    }

    /// Assembles the piece for offset `at`.
    pub(crate) fn finish(mut self, at: u16) -> Result<Assembled, IcedError> {
        let options = BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS;
        let result = self.a.assemble_options(u64::from(at), options)?;
        let bytes = result.inner.code_buffer.clone();
        let resolve = |list: &[(&'static str, CodeLabel)]| -> Result<Vec<(&'static str, u16)>, IcedError> {
            list.iter()
                .map(|(n, l)| Ok((*n, u16::try_from(result.label_ip(l)?).expect("a ROM is 64 KiB"))))
                .collect()
        };
        only_8086(&bytes, self.bits, at, &self.allowed);
        Ok(Assembled { at, traps: resolve(&self.traps)?, labels: resolve(&self.labels)?, bytes })
    }
}

/// Stops the build on an instruction the 8086 does not have.
fn only_8086(code: &[u8], bits: u32, at: u16, allowed: &[CpuidFeature]) {
    for instruction in Decoder::with_ip(bits, code, u64::from(at), DecoderOptions::NONE) {
        let features = instruction.cpuid_features();
        let known = features.iter().all(|f| {
            matches!(f, CpuidFeature::INTEL8086 | CpuidFeature::INTEL8086_ONLY) || allowed.contains(f)
        });
        assert!(known, "not an 8086 instruction at {:x}: {:?}", instruction.ip(), instruction.code());
    }
}

/// A finished piece.
pub(crate) struct Assembled {
    /// Offset in the ROM.
    pub(crate) at: u16,
    /// Name and offset of each trap point (behind its OUT).
    pub(crate) traps: Vec<(&'static str, u16)>,
    /// Name and offset of each label.
    pub(crate) labels: Vec<(&'static str, u16)>,
    /// The code.
    pub(crate) bytes: Vec<u8>,
}

impl Assembled {
    /// Offset of a label.
    pub(crate) fn offset(&self, name: &str) -> u16 {
        self.labels.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no label {name}")).1
    }
}

/// A ROM image in which nothing may overlap.
pub(crate) struct Rom {
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    used: Vec<bool>,
}

impl Rom {
    /// An erased ROM.
    pub(crate) fn new(size: usize) -> Self {
        Self { bytes: vec![0; size], used: vec![false; size] }
    }

    /// Puts bytes at their place.
    pub(crate) fn put(&mut self, at: u16, bytes: &[u8]) {
        let range = usize::from(at)..usize::from(at) + bytes.len();
        assert!(!self.used[range.clone()].contains(&true), "ROM overlap at {at:04x}");
        self.used[range.clone()].fill(true);
        self.bytes[range].copy_from_slice(bytes);
    }

    /// A near jump at a fixed entry point.
    pub(crate) fn jump(&mut self, from: u16, to: u16) {
        let distance = to.wrapping_sub(from.wrapping_add(3)).to_le_bytes();
        self.put(from, &[0xE9, distance[0], distance[1]]);
    }

    /// Makes all bytes add up to zero by the last one.
    pub(crate) fn checksum(mut self) -> Vec<u8> {
        let last = self.bytes.len() - 1;
        self.bytes[last] = 0;
        let sum = self.bytes.iter().fold(0u8, |sum, b| sum.wrapping_add(*b));
        self.bytes[last] = 0u8.wrapping_sub(sum);
        self.bytes
    }
}
