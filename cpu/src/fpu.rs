//! The x87 register file, which MMX shares [SDM 1, "x87 FPU Execution Environment"].

use ringzero_float::{F80, X87Control};
use serde::{Deserialize, Serialize};

/// A far pointer as the x87 remembers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastPointer {
    /// Segment selector.
    pub selector: u16,
    /// Offset in the segment.
    pub offset: u32,
}

/// x87 state. Registers are kept by physical number, R0 to R7; ST(i) is R((TOP + i) mod 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fpu {
    /// FCW.
    pub control: u16,
    /// FSW; TOP is in bits 11 to 13.
    pub status: u16,
    /// Bit i: R(i) is not empty. The full tag word follows from this and the registers' contents.
    pub in_use: u8,
    /// R0 to R7.
    pub registers: [F80; 8],
    /// FOP: the last non-control instruction's opcode, eleven bits.
    pub opcode: u16,
    /// FIP and FCS: where it was.
    pub instruction: LastPointer,
    /// FDP and FDS: its memory operand.
    pub operand: LastPointer,
}

/// TOP in the status word.
const TOP_SHIFT: u16 = 11;
const TOP_MASK: u16 = 7 << TOP_SHIFT;

/// What an MMX instruction writes into the sign and exponent of a register.
const MMX_EXPONENT: u16 = 0xFFFF;

impl Fpu {
    /// After RESET [SDM 3A, "Processor State After Reset"].
    pub const RESET: Self = Self {
        control: 0x0040,
        status: 0,
        in_use: 0xFF,
        registers: [F80::ZERO; 8],
        opcode: 0,
        instruction: LastPointer { selector: 0, offset: 0 },
        operand: LastPointer { selector: 0, offset: 0 },
    };

    /// FNINIT [SDM 2A, "FINIT/FNINIT"]: the registers' contents stay.
    pub fn init(&mut self) {
        *self = Self { control: X87Control::INITIAL.0, in_use: 0, registers: self.registers, ..Self::RESET };
    }

    /// TOP: the physical number of ST(0).
    pub fn top(&self) -> u8 {
        (self.status >> TOP_SHIFT) as u8 & 7
    }

    /// Changes TOP, modulo 8.
    pub fn set_top(&mut self, top: u8) {
        self.status = self.status & !TOP_MASK | u16::from(top & 7) << TOP_SHIFT;
    }

    /// The physical number of ST(`i`).
    pub fn physical(&self, i: u8) -> usize {
        usize::from(self.top().wrapping_add(i) & 7)
    }

    /// ST(`i`), whatever its tag.
    pub fn st(&self, i: u8) -> F80 {
        self.registers[self.physical(i)]
    }

    /// Whether ST(`i`) is empty.
    pub fn is_empty(&self, i: u8) -> bool {
        self.in_use & 1 << self.physical(i) == 0
    }

    /// MMX register `n`.
    #[inline(always)]
    pub fn mmx(&self, n: u8) -> u64 {
        self.registers[usize::from(n & 7)].significand
    }

    /// Writes MMX register `n`.
    #[inline(always)]
    pub fn set_mmx(&mut self, n: u8, value: u64) {
        self.registers[usize::from(n & 7)] = F80 { significand: value, sign_exponent: MMX_EXPONENT };
    }

    /// What every MMX instruction but EMMS does [SDM 1, "Transitions Between x87 FPU and MMX Code"]: TOP is 0, all
    /// registers are in use.
    #[inline(always)]
    pub fn enter_mmx(&mut self) {
        self.status &= !TOP_MASK;
        self.in_use = 0xFF;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stack_registers_follow_top() {
        let mut fpu = Fpu::RESET;
        fpu.registers[6] = F80::ONE;
        fpu.set_top(5);
        assert_eq!(fpu.st(1), F80::ONE);
        assert_eq!(fpu.physical(4), 1);
    }

    #[test]
    fn an_mmx_register_is_the_significand() {
        let mut fpu = Fpu::RESET;
        fpu.set_top(3);
        fpu.set_mmx(2, 0x1234);
        fpu.enter_mmx();
        assert_eq!((fpu.top(), fpu.in_use, fpu.mmx(2)), (0, 0xFF, 0x1234));
        assert_eq!(fpu.registers[2].sign_exponent, 0xFFFF);
    }
}
