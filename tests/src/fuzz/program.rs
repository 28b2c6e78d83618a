//! Random code: mostly valid, with string instructions, stores beside the code, segment loads, ports, jumps and faults
//! more frequent than programs have them.

use super::protected;
use super::random::Random;
use ringzero_cpu::{Generation, Model};

/// Linear address of the code segment's start.
pub const CODE: u64 = 0x8000;
/// Its selector.
pub const CODE_SEGMENT: u16 = (CODE >> 4) as u16;
/// Bytes of code that fill all memory, again and again.
pub const TILE: usize = 4096;

/// What a tile's code is written for.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// Processor.
    pub model: Model,
    /// Default operand and address size: 16 or 32.
    pub bits: u32,
    /// Offset of [`CODE`] in the segments that data pointers use.
    pub origin: u32,
    /// Selectors are those of [`super::protected`], and its tables can be changed.
    pub protected: bool,
}

impl Dialect {
    /// Real-mode code at [`CODE_SEGMENT`].
    pub fn real(model: Model) -> Self {
        Self { model, bits: 16, origin: 0, protected: false }
    }
}

/// Writes random instructions.
pub struct Writer<'a> {
    pub(super) random: &'a mut Random,
    pub(super) dialect: Dialect,
    modern: bool,
    pub(super) bytes: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn new(random: &'a mut Random, dialect: Dialect) -> Self {
        let modern = dialect.model.at_least(Generation::I80386);
        Self { random, dialect, modern, bytes: Vec::with_capacity(TILE + 64) }
    }
}

/// A tile of random instructions.
pub fn tile(random: &mut Random, dialect: Dialect) -> Vec<u8> {
    let mut writer = Writer::new(random, dialect);
    while writer.bytes.len() < TILE {
        writer.instruction();
    }
    writer.bytes.truncate(TILE);
    writer.bytes
}

/// A tile that is one random instruction again and again, without a branch that could leave it.
pub fn repeated(random: &mut Random, dialect: Dialect) -> Vec<u8> {
    let mut writer = Writer::new(random, dialect);
    writer.instruction();
    let mut tile = writer.bytes.repeat(TILE / writer.bytes.len());
    tile.resize(TILE, 0x90);
    tile
}

impl Writer<'_> {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn immediate(&mut self, bytes: u64) {
        for _ in 0..bytes {
            let byte = if self.random.one_in(3) {
                self.random.pick(&[0, 1, 2, 0x7F, 0x80, 0xFF])
            } else {
                self.random.byte()
            };
            self.bytes.push(byte);
        }
    }

    /// An immediate of the default operand size.
    fn wide_immediate(&mut self) {
        self.immediate(u64::from(self.dialect.bits / 8));
    }

    /// A number of the default operand or address size.
    pub(super) fn number(&mut self, value: u32) {
        let bytes = (self.dialect.bits / 8) as usize;
        self.push(&value.to_le_bytes()[..bytes]);
    }

    /// An offset near the code, or anywhere.
    pub(super) fn offset(&mut self) {
        let offset = match self.random.below(8) {
            0 => u32::from(self.random.word()),
            1 => self.random.pick(&[0xFFFF, 0xFFFE, 0xFFFD, 0x0FFF, 0x1000, 0x0FFE, 0x7FFF]),
            _ => {
                let near = (self.bytes.len() as u16).wrapping_add(self.random.below(256) as u16);
                u32::from(near.wrapping_sub(96)).wrapping_add(self.dialect.origin)
            }
        };
        self.number(offset);
    }

    /// A ModR/M byte with its displacement.
    pub(super) fn modrm(&mut self, reg: u8) {
        let mode = self.random.pick(&[0u8, 1, 2, 3, 3]);
        self.modrm_of_mode(mode, reg);
    }

    /// The same, of a register or of memory as `mode` says.
    pub(super) fn modrm_of_mode(&mut self, mode: u8, reg: u8) {
        let rm = self.random.byte() & 7;
        self.bytes.push(mode << 6 | (reg & 7) << 3 | rm);
        if mode == 3 {
            return;
        }
        let mut base = rm;
        if self.dialect.bits == 32 && rm == 4 {
            let sib = self.random.byte();
            self.bytes.push(sib);
            base = sib & 7;
        }
        let bare = if self.dialect.bits == 32 { 5 } else { 6 };
        match mode {
            0 if base == bare => self.offset(),
            1 => self.immediate(1),
            // Most of the wide displacements are small, since the registers point at memory already.
            2 if self.dialect.bits == 32 && !self.random.one_in(4) => {
                let near = self.random.below(0x400) as u32;
                self.number(near);
            }
            2 => self.offset(),
            _ => {}
        }
    }

    pub(super) fn any_modrm(&mut self) {
        let reg = self.random.byte();
        self.modrm(reg);
    }

    fn prefixes(&mut self) {
        if self.random.one_in(10) {
            let prefix = self.random.pick(&[0x26, 0x2E, 0x36, 0x3E]);
            self.bytes.push(prefix);
        }
        if self.modern && self.random.one_in(6) {
            let prefix = self.random.pick(&[0x66, 0x66, 0x66, 0x67, 0x64, 0x65]);
            self.bytes.push(prefix);
        }
        if self.random.one_in(200) {
            let prefix = self.random.pick(&[0xF0, 0xF2, 0xF3]);
            self.bytes.push(prefix);
        }
    }

    fn instruction(&mut self) {
        if !self.random.one_in(12) {
            self.prefixes();
        }
        match self.random.below(140) {
            100..110 => self.float(),
            110..124 => self.vector(),
            124..130 => self.newer(),
            130..140 => self.system(),
            0..14 => self.arithmetic(),
            14..26 => self.moves(),
            26..36 => self.stack(),
            36..44 => self.strings(),
            44..58 => self.branch(),
            58..63 => self.shift_or_multiply(),
            63..70 => self.flags(),
            70..74 => self.segments(),
            74..78 => self.ports(),
            78..81 => self.interrupts(),
            81..84 => self.far(),
            84..92 => self.modern(),
            92..96 => self.aim(),
            _ => self.immediate(3),
        }
    }

    fn arithmetic(&mut self) {
        let op = self.random.byte() & 0x38;
        match self.random.below(6) {
            0..3 => {
                let form = self.random.byte() & 3;
                self.bytes.push(op | form);
                self.any_modrm();
            }
            3 => {
                self.bytes.push(op | 4);
                self.immediate(1);
            }
            4 => {
                let opcode = self.random.pick(&[0x80, 0x82, 0x83]);
                self.bytes.push(opcode);
                self.any_modrm();
                self.immediate(1);
            }
            _ => {
                let opcode = self.random.pick(&[0xFE, 0x84, 0x85, 0x86, 0x87, 0xF6]);
                self.bytes.push(opcode);
                let reg =
                    if opcode == 0xFE { self.random.byte() & 1 } else { self.random.pick(&[2, 3, 4, 5]) };
                self.modrm(reg);
            }
        }
    }

    fn moves(&mut self) {
        match self.random.below(8) {
            0..3 => {
                let opcode = self.random.pick(&[0x88, 0x89, 0x8A, 0x8B, 0x8D]);
                self.bytes.push(opcode);
                self.any_modrm();
            }
            3 => {
                let opcode = 0xA0 + (self.random.byte() & 3);
                self.bytes.push(opcode);
                self.offset();
            }
            4 => {
                let opcode = 0xB8 + (self.random.byte() & 7);
                self.bytes.push(opcode);
                self.offset();
            }
            5 => {
                let opcode = 0xB0 + (self.random.byte() & 7);
                self.bytes.push(opcode);
                self.immediate(1);
            }
            6 => {
                let opcode = self.random.pick(&[0xC6u8, 0xC7]);
                self.bytes.push(opcode);
                self.modrm(0);
                if opcode == 0xC7 {
                    self.wide_immediate();
                } else {
                    self.immediate(1);
                }
            }
            _ => {
                let opcode =
                    self.random.pick(&[0x91, 0x92, 0x93, 0x95, 0x96, 0x97, 0x98, 0x99, 0xD7, 0x40, 0x4F]);
                self.bytes.push(opcode);
            }
        }
    }

    fn stack(&mut self) {
        match self.random.below(10) {
            0..4 => {
                let opcode = 0x50 + (self.random.byte() & 0xF);
                // POP SP throws the stack away.
                self.bytes.push(if opcode == 0x5C { 0x5B } else { opcode });
            }
            4 => {
                let opcode = self.random.pick(&[0x06, 0x0E, 0x16, 0x1E, 0x07, 0x1F, 0x17]);
                self.bytes.push(opcode);
            }
            5 => {
                let opcode = self.random.pick(&[0x60, 0x61, 0x9C, 0x9D, 0xC9]);
                self.bytes.push(opcode);
            }
            6 => {
                self.bytes.push(0x68);
                self.offset();
            }
            7 => {
                let opcode = self.random.pick(&[0x8F, 0xFF]);
                self.bytes.push(opcode);
                self.modrm(if opcode == 0xFF { 6 } else { 0 });
            }
            8 => {
                let size = self.random.below(32) as u8;
                let level = self.random.pick(&[0, 0, 1, 2, 5]);
                self.push(&[0xC8, size, 0, level]);
            }
            _ => self.push(&[0x58, 0x50]),
        }
    }

    fn strings(&mut self) {
        if !self.random.one_in(3) {
            let count = self.random.pick(&[0, 1, 2, 3, 5, 17, 49, 100, 300]);
            self.bytes.push(0xB9);
            self.push(&u16::to_le_bytes(count));
        }
        if self.random.one_in(3) {
            self.bytes.push(0xBF);
            self.offset();
        }
        if !self.random.one_in(4) {
            let prefix = self.random.pick(&[0xF2, 0xF3, 0xF3]);
            self.bytes.push(prefix);
            self.prefixes();
        }
        let opcode = self.random.pick(&[
            0xA4, 0xA5, 0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0x6C, 0x6D,
            0x6E, 0x6F,
        ]);
        self.bytes.push(opcode);
    }

    fn branch(&mut self) {
        let near = (self.random.below(60) as u8).wrapping_sub(16);
        match self.random.below(12) {
            0..6 => {
                let opcode = 0x70 + (self.random.byte() & 0xF);
                self.push(&[opcode, near]);
            }
            6 => {
                let opcode = self.random.pick(&[0xE0, 0xE1, 0xE2, 0xE3]);
                self.push(&[opcode, near]);
            }
            7 => self.push(&[0xEB, near]),
            8 => {
                let opcode = self.random.pick(&[0xE8, 0xE9]);
                let far = (self.random.below(500) as u32).wrapping_sub(200);
                self.bytes.push(opcode);
                self.number(far);
            }
            9 => {
                let opcode = self.random.pick(&[0xC3, 0xC2, 0xC3]);
                self.bytes.push(opcode);
                if opcode == 0xC2 {
                    self.push(&[2, 0]);
                }
            }
            10 => {
                self.bytes.push(0xFF);
                let reg = self.random.pick(&[2, 4]);
                self.modrm(reg);
            }
            _ if self.modern => {
                let (opcode, far) = (0x80 + (self.random.byte() & 0xF), self.random.byte());
                self.push(&[0x0F, opcode]);
                self.number(far.into());
            }
            _ => self.push(&[0x74, 2]),
        }
    }

    fn shift_or_multiply(&mut self) {
        let opcode = self.random.pick(&[0xD0u8, 0xD1, 0xD2, 0xD3, 0xC0, 0xC1, 0xF6, 0xF7, 0x69, 0x6B]);
        self.bytes.push(opcode);
        let reg = if opcode >= 0xF6 { self.random.pick(&[2, 3, 4, 5, 6, 7]) } else { self.random.byte() };
        self.modrm(reg);
        match opcode {
            0xC0 | 0xC1 | 0x6B => self.immediate(1),
            0x69 => self.wide_immediate(),
            _ => {}
        }
    }

    fn flags(&mut self) {
        let opcode = self.random.pick(&[
            0xF5, 0xF8, 0xF9, 0xFA, 0xFB, 0xFB, 0xFB, 0xFC, 0xFC, 0xFD, 0x9E, 0x9F, 0x27, 0x2F, 0x37, 0x3F,
            0x90, 0xD6,
        ]);
        self.bytes.push(opcode);
        if self.random.one_in(6) {
            let base = self.random.pick(&[10, 10, 16, 0]);
            let opcode = self.random.pick(&[0xD4, 0xD5]);
            self.push(&[opcode, base]);
        }
    }

    /// Loads of DS, ES and SS, often with the code segment's own value.
    fn segments(&mut self) {
        match self.random.below(4) {
            0 => {
                let opcode = self.random.pick(&[0x8C, 0x8E, 0xC4, 0xC5]);
                self.bytes.push(opcode);
                let reg = self.random.pick(&[0, 2, 3, 3]);
                self.modrm(reg);
            }
            1 => {
                let reg = self.random.pick(&[0xC0, 0xD0, 0xD8]);
                self.push(&[0x8C, 0xC8, 0x8E, reg]);
            }
            _ => {
                let selector = match self.random.below(6) {
                    0 => self.random.word(),
                    1 => self.random.pick(&[0xA000, 0xFFFF, 0xF800, 0, 0xA1F8]),
                    _ => CODE_SEGMENT + self.random.below(64) as u16,
                };
                let selector =
                    if self.dialect.protected { protected::any_selector(self.random) } else { selector };
                self.bytes.push(0xB8);
                self.number(selector.into());
                let reg = if self.modern && self.random.one_in(4) { 0xE0 } else { 0xC0 };
                let reg = self.random.pick(&[reg, 0xD8, 0xD8, 0xD0]);
                self.push(&[0x8E, reg]);
            }
        }
    }

    fn ports(&mut self) {
        match self.random.below(3) {
            0 => {
                let opcode = self.random.pick(&[0xEC, 0xED, 0xEE, 0xEF]);
                self.bytes.push(opcode);
            }
            _ => {
                let opcode = self.random.pick(&[0xE4, 0xE5, 0xE6, 0xE6, 0xE7, 0xE7]);
                let port = self.random.pick(&[0x10, 0x11, 0x20, 0x20, 0x30, 0x30, 0x92, 0x77]);
                self.push(&[opcode, port]);
            }
        }
    }

    fn interrupts(&mut self) {
        match self.random.below(5) {
            0 => self.bytes.push(0xCC),
            1 => self.bytes.push(0xCE),
            2 => {
                let vector = self.random.byte();
                self.push(&[0xCD, vector]);
            }
            3 => self.push(&[0xFB, 0xF4]),
            // PUSHF; set TF; POPF.
            _ => self.push(&[0x9C, 0x58, 0x80, 0xCC, 0x01, 0x50, 0x9D]),
        }
    }

    fn far(&mut self) {
        match self.random.below(4) {
            0 => {
                let opcode = self.random.pick(&[0xEA, 0x9A]);
                self.bytes.push(opcode);
                self.offset();
                let selector = if self.dialect.protected {
                    protected::far_selector(self.random)
                } else {
                    CODE_SEGMENT + self.random.below(3) as u16
                };
                self.push(&selector.to_le_bytes());
            }
            // PUSHF; PUSH CS; CALL next; next: IRET, or the same with RETF.
            choice @ (1 | 2) => {
                self.push(if choice == 1 { &[0x9C, 0x0E, 0xE8] } else { &[0x0E, 0xE8] });
                self.number(0);
                self.bytes.push(if choice == 1 { 0xCF } else { 0xCB });
            }
            _ => {
                self.bytes.push(0xFF);
                let reg = self.random.pick(&[3, 5]);
                self.modrm(reg);
            }
        }
    }

    fn modern(&mut self) {
        if !self.modern {
            let opcode = self.random.pick(&[0x62, 0xD8, 0xDD, 0x9B, 0x0F]);
            self.bytes.push(opcode);
            return self.any_modrm();
        }
        // What ends a protected guest at once is left to its own snippets, most of the time.
        let reckless = !self.dialect.protected || self.random.one_in(40);
        let opcode = self.random.pick(&[
            0xA3u8, 0xAB, 0xB3, 0xBB, 0xBA, 0xBC, 0xBD, 0xA4, 0xA5, 0xAC, 0xAD, 0xAF, 0xB6, 0xB7, 0xBE, 0xBF,
            0x90, 0x9C, 0xB2, 0xB4, 0xB5, 0xA0, 0xA1, 0xA8, 0xA9, 0x00, 0x01, 0x02, 0x03, 0x06, 0x20, 0x21,
            0x22, 0x23,
        ]);
        let opcode = if reckless || !matches!(opcode, 0x01 | 0x22 | 0x23) { opcode } else { 0xAF };
        self.push(&[0x0F, opcode]);
        if !matches!(opcode, 0xA0 | 0xA1 | 0xA8 | 0xA9 | 0x06) {
            self.any_modrm();
        }
        if matches!(opcode, 0xA4 | 0xAC | 0xBA) {
            self.immediate(1);
        }
    }

    /// Points an index register at the code just ahead and writes there.
    fn aim(&mut self) {
        let ahead = self.bytes.len() as u32 + self.random.below(24) as u32;
        self.bytes.push(0xBB);
        self.number(ahead + self.dialect.origin);
        if self.dialect.bits == 32 {
            // Code segments cannot be written in protected mode: DS, [EBX].
            let store = self.random.pick(&[[0xFEu8, 0x03], [0x88, 0x03], [0x01, 0x03]]);
            return self.push(&store);
        }
        match self.random.below(3) {
            0 => self.push(&[0x2E, 0xFE, 0x07]),
            1 => self.push(&[0x2E, 0x88, 0x07]),
            _ => self.push(&[0x2E, 0x01, 0x07]),
        }
    }
}
