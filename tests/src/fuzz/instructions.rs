//! Random instructions of the x87, of MMX, SSE and SSE2, and the integer instructions of the newer models.

use super::program::Writer;
use ringzero_cpu::{Features, Generation};

/// Second bytes of MMX instructions, which SSE2 has too.
const MMX: [u8; 64] = [
    0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6E, 0x6F, 0x70, 0x71, 0x72,
    0x73, 0x74, 0x75, 0x76, 0x77, 0x7E, 0x7F, 0xC4, 0xC5, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD7, 0xD8, 0xD9,
    0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xE0, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE7, 0xE8, 0xE9, 0xEA, 0xEB,
    0xEC, 0xED, 0xEE, 0xEF, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF8, 0xFA, 0xFE,
];

/// Second bytes of SSE and SSE2 instructions on floating-point numbers.
const SSE: [u8; 44] = [
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x2E, 0x2F, 0x50,
    0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x5B, 0x5C, 0x5D, 0x5E, 0x5F, 0xC2, 0xC6,
    0xD6, 0xE6, 0xE7, 0x6C, 0x6D, 0xF7, 0x51, 0x58, 0x59, 0x5E,
];

/// Second bytes of instructions that came with the 80486 and later, without an immediate.
const NEWER: [u8; 28] = [
    0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F, 0xB0,
    0xB1, 0xC0, 0xC1, 0xC7, 0xC7, 0x1F, 0x18, 0xAE, 0xB8, 0xBC, 0xBD,
];

/// Instructions of the x87 that need no operand: constants, control, stack.
const FLOAT_ALONE: [[u8; 2]; 14] = [
    [0xD9, 0xE8],
    [0xD9, 0xEB],
    [0xD9, 0xEE],
    [0xD9, 0xED],
    [0xD9, 0xFA],
    [0xD9, 0xFC],
    [0xD9, 0xF7],
    [0xD9, 0xF6],
    [0xDB, 0xE2],
    [0xDB, 0xE3],
    [0xDD, 0xC0],
    [0xDD, 0xD8],
    [0xDF, 0xE0],
    [0xDE, 0xC9],
];

/// Control words: everything masked, something not, low precision, other roundings.
const CONTROL: [u16; 8] = [0x037F, 0x0040, 0x037E, 0x0C7F, 0x007B, 0x0763, 0x0B40, 0x0272];
/// The same for MXCSR, with DAZ and FTZ.
const MXCSR: [u32; 8] = [0x1F80, 0x0000, 0x1F00, 0x9FC0, 0x7F80, 0x5E80, 0x0F80, 0xFFC0];

impl Writer<'_> {
    /// ESC, WAIT, and control words.
    pub(super) fn float(&mut self) {
        match self.random.below(8) {
            0 => self.bytes.push(0x9B),
            1 => {
                let control = self.random.pick(&CONTROL);
                self.store_and(u32::from(control), &[0xD9, 0x28]);
            }
            2 => {
                let alone = self.random.pick(&FLOAT_ALONE);
                self.push(&alone);
            }
            _ => {
                let opcode = 0xD8 + (self.random.byte() & 7);
                self.bytes.push(opcode);
                self.any_modrm();
            }
        }
    }

    /// MMX, SSE and SSE2, with every mandatory prefix.
    pub(super) fn vector(&mut self) {
        match self.random.below(12) {
            0 => {
                let mxcsr = self.random.pick(&MXCSR);
                return self.store_and(mxcsr, &[0x0F, 0xAE, 0x10]);
            }
            // FXSAVE, FXRSTOR, LDMXCSR, STMXCSR, fences.
            1 => {
                self.push(&[0x0F, 0xAE]);
                return self.any_modrm();
            }
            2..5 => {
                let opcode = self.random.pick(&MMX);
                return self.vector_of(&[], opcode);
            }
            _ => {}
        }
        let prefix: &[u8] = self.random.pick(&[&[][..], &[0x66], &[0xF3], &[0xF2]]);
        let opcode = if self.random.one_in(3) { self.random.pick(&MMX) } else { self.random.pick(&SSE) };
        self.vector_of(prefix, opcode);
    }

    fn vector_of(&mut self, prefix: &[u8], opcode: u8) {
        self.push(prefix);
        self.push(&[0x0F, opcode]);
        // Most memory is not aligned, which ends in a fault: registers more often.
        let mode = self.random.pick(&[3, 3, 3, 0, 1, 2]);
        let reg = self.random.byte();
        match opcode {
            0x77 => {}
            0x71..=0x73 => {
                let reg = self.random.pick(&[2, 4, 6, 3, 7]);
                self.modrm_of_mode(3, reg);
                self.immediate(1);
            }
            0x70 | 0xC2 | 0xC4..=0xC6 => {
                self.modrm_of_mode(mode, reg);
                self.immediate(1);
            }
            _ => self.modrm_of_mode(mode, reg),
        }
    }

    /// MOV dword [SP + somewhere below], value, and an instruction that loads it: its ModR/M byte, of DS:[BX+SI] or
    /// DS:[EAX], is the last byte of `load`.
    fn store_and(&mut self, value: u32, load: &[u8]) {
        let register = if self.dialect.bits == 32 { 0xB8 } else { 0xBB };
        let address = self.dialect.origin + 0x1800 + self.random.below(64) as u32 * 4;
        self.bytes.push(register);
        self.number(address);
        if self.dialect.bits == 32 {
            self.push(&[0xC7, 0x00]);
            self.push(&value.to_le_bytes());
            return self.push(load);
        }
        // MOV word [BX], low half; then the load from [BX].
        self.push(&[0xC7, 0x07]);
        self.push(&(value as u16).to_le_bytes());
        let (last, rest) = load.split_last().expect("an instruction");
        self.push(rest);
        self.bytes.push(last | 7);
    }

    /// BSWAP, XADD, CMPXCHG, CMPXCHG8B, CMOV, POPCNT, TZCNT, LZCNT, MOVBE, CRC32, ADX, BMI1 and BMI2.
    pub(super) fn newer(&mut self) {
        if !self.dialect.model.at_least(Generation::I80386) {
            return self.push(&[0x90]);
        }
        match self.random.below(10) {
            0 => {
                let register = 0xC8 + (self.random.byte() & 7);
                self.push(&[0x0F, register]);
            }
            1 => {
                let opcode = self.random.pick(&[0xA2, 0x31, 0x0B, 0x08, 0x09, 0x33]);
                self.push(&[0x0F, opcode]);
            }
            2 => {
                let prefix: &[u8] = self.random.pick(&[&[][..], &[0x66], &[0xF2], &[0x66, 0xF2], &[0xF3]]);
                let opcode = self.random.pick(&[0xF0, 0xF1, 0xF6, 0x00]);
                self.push(prefix);
                self.push(&[0x0F, 0x38, opcode]);
                self.any_modrm();
            }
            3 | 4 if self.dialect.model.has(Features::BMI1) => self.vex(),
            _ => {
                let opcode = self.random.pick(&NEWER);
                if matches!(opcode, 0xB8 | 0xBC | 0xBD) {
                    self.bytes.push(0xF3);
                }
                self.push(&[0x0F, opcode]);
                // CMPXCHG8B is /1.
                let reg = if opcode == 0xC7 { 1 } else { self.random.byte() };
                self.modrm(reg);
            }
        }
    }

    /// A VEX prefix of three bytes: R, X and B are stored inverted; outside 64-bit mode the first two must be 1.
    fn vex(&mut self) {
        let (vector, pp) = (self.random.byte() & 0x78, self.random.byte() & 3);
        let map = if self.random.one_in(8) { 3 } else { 2 };
        self.push(&[0xC4, 0xE0 | map, vector | pp]);
        let opcode = self.random.pick(&[0xF2, 0xF3, 0xF5, 0xF6, 0xF7]);
        self.bytes.push(if map == 3 { 0xF0 } else { opcode });
        let reg = if opcode == 0xF3 { 1 + self.random.byte() % 3 } else { self.random.byte() };
        self.modrm(reg);
        if map == 3 {
            self.immediate(1);
        }
    }
}
