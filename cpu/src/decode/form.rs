//! What of an instruction its neighbours in a block care for.

use super::lower::{Kind, Lowering, Shape};
use super::opcode_map::condition_number;
use crate::flags::bit::{AF, CF, OF, PF, SF, STATUS, ZF};
use crate::segment::SegReg;
use iced_x86::{Mnemonic, OpKind, Register};

/// The form of an instruction: operation, width, operands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) mnemonic: Mnemonic,
    kinds: [Kind; 2],
    operands: u8,
    /// The address form of the memory operand.
    pub(crate) shape: Shape,
    /// Width of the first operand in bits; of no meaning for operands of more than 64.
    pub(crate) bits: u8,
    /// The same of the second.
    pub(crate) source_bits: u8,
    /// Whether every register among the operands is a general one.
    general: bool,
    /// Whether it has operands of 32 bits, and memory operands and the stack are in flat segments.
    pub(crate) is_of_flat_code: bool,
    /// Whether it has operands of 16 bits, memory operands have addresses of 16 bits and the stack has SP; and nothing of it is
    /// a model's own.
    pub(crate) is_of_short_code: bool,
    /// The condition it asks for.
    pub(crate) condition: Option<u8>,
    /// Of a near conditional branch that stays in its segment: the width of its instruction pointer.
    pub(crate) branch_bits: Option<u8>,
    /// The immediate's low byte.
    immediate: u8,
}

/// What an instruction does to the status flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Flags that it asks for.
    pub(crate) reads: u32,
    /// Flags that it sets, whatever its operands are.
    pub(crate) writes: u32,
    /// Whether the block may be left at it or behind it, with all flags to be seen.
    pub(crate) may_leave: bool,
}

impl Form {
    /// An instruction that nothing is known of.
    pub(crate) const OTHER: Self = Self {
        mnemonic: Mnemonic::INVALID,
        kinds: [Kind::None; 2],
        operands: 0,
        shape: Shape::Segmented,
        bits: 0,
        source_bits: 0,
        general: false,
        is_of_flat_code: false,
        is_of_short_code: false,
        condition: None,
        branch_bits: None,
        immediate: 0,
    };

    /// The form of an instruction that is lowered.
    pub(crate) fn of(l: &Lowering<'_>) -> Self {
        let wide = l.ins.op0_kind() == OpKind::NearBranch32;
        let ip_bits = if wide { 32 } else { 16 };
        let stays = l.ins.code().is_jcc_short_or_near() && !l.leaves_segment(ip_bits);
        let (general, bits) = (l.general, l.bits());
        let short = l.mode.stack_bits() == 16 && (!l.has_memory() || l.shape == Shape::Short);
        let own_push = l.model.push_sp_decremented && l.ins.op0_register() == Register::SP;
        let flat_stack = l.mode.is_flat(SegReg::Ss) && l.mode.stack_bits() == 32;
        Self {
            mnemonic: l.ins.mnemonic(),
            kinds: [l.kind(0), l.kind(1)],
            operands: l.ins.op_count() as u8,
            shape: l.shape,
            bits: bits as u8,
            source_bits: l.operand_bits(1) as u8,
            general,
            is_of_flat_code: general && flat_stack && bits == 32,
            is_of_short_code: general && short && bits == 16 && !own_push,
            condition: condition_number(l.ins.condition_code()),
            branch_bits: stays.then_some(ip_bits as u8),
            immediate: l.op.imm as u8,
        }
    }

    /// The kind of operand `n`, 0 or 1.
    pub(crate) fn kind(&self, n: usize) -> Kind {
        self.kinds[n]
    }

    /// Whether the second operand is an immediate or missing, and there is no third.
    pub(crate) fn is_by_immediate(&self) -> bool {
        self.operands == 2 && self.kinds[1] == Kind::Imm
    }

    /// Whether all operands are general registers and immediates.
    pub(crate) fn is_in_registers(&self) -> bool {
        self.general && !self.kinds.contains(&Kind::Mem)
    }

    /// What it does to the status flags; all that can be feared where that is not certain.
    pub(crate) fn effects(&self) -> Effects {
        use Mnemonic as M;
        let unknown = Effects { reads: STATUS, writes: 0, may_leave: true };
        let but = |reads, writes| Effects { reads, writes, may_leave: false };
        match self.mnemonic {
            _ if !self.is_in_registers() => unknown,
            M::Imul => but(0, STATUS),
            M::Shld | M::Shrd if self.shifts_within() => but(0, STATUS),
            _ if self.operands > 2 => unknown,
            M::Add | M::Or | M::And | M::Sub | M::Xor | M::Cmp | M::Test | M::Neg => but(0, STATUS),
            M::Adc | M::Sbb => but(CF, STATUS),
            M::Inc | M::Dec => but(0, OF | SF | ZF | AF | PF),
            M::Shl | M::Shr | M::Sar if self.shifts_surely() => but(0, STATUS),
            M::Rol | M::Ror if self.shifts_surely() => but(0, CF | OF),
            M::Mul => but(0, STATUS),
            M::Mov | M::Movzx | M::Movsx | M::Xchg | M::Bswap | M::Not => but(0, 0),
            M::Cbw | M::Cwde | M::Cwd | M::Cdq => but(0, 0),
            _ if self.condition.is_some() && self.operands > 0 && self.branch_bits.is_none() => {
                but(STATUS, 0)
            }
            _ => unknown,
        }
    }

    /// Operands that are written in the instruction.
    pub(crate) fn operands(&self) -> u8 {
        self.operands
    }

    /// Whether it is a double shift by a count that is part of the instruction, not 0 and not beyond the operand's width.
    pub(crate) fn shifts_within(&self) -> bool {
        let count = self.immediate & 0x1F;
        matches!(self.mnemonic, Mnemonic::Shld | Mnemonic::Shrd) && (1..=self.bits).contains(&count)
    }

    /// Whether the count of a shift is part of the instruction, and not 0 on any model.
    fn shifts_surely(&self) -> bool {
        self.is_by_immediate() && self.immediate & 0x1F != 0
    }
}
