//! Instructions to operations: operands become register offsets and address forms.

use super::block::Lowered;
use super::form::Form;
use super::opcode_map;
use super::predecode::{Decoded, Quirk};
use crate::code_mode::CodeMode;
use crate::cpu::Cpu;
use crate::exec::access::{Dst, InMemory, Segmented};
use crate::exec::dispatch::{Semantics, Short, called, ending, ip_mask, plain, plain_slow, short};
use crate::exec::escape::{Esc, EscToPorts};
use crate::exec::far::{PopCs, TooLong, Undefined};
use crate::exec::mov::Nop;
use crate::exec::op::{Handler, MemInfo, Op};
use crate::exec::shift::{ByCl, ByImm, Setmo, Shifted};
use crate::exec::x87::Origin;
use crate::model::{Generation, Model};
use crate::regs::RegOffset;
use crate::segment::SegReg;
use iced_x86::{Instruction, OpKind, Register};

/// A handler and whether nothing can follow it in its block.
pub(crate) type Chosen = (Handler, bool);

/// What kind of thing an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Reg,
    Mem,
    Imm,
    None,
}

impl Kind {
    fn of(kind: OpKind) -> Self {
        match kind {
            OpKind::Register => Self::Reg,
            OpKind::Memory => Self::Mem,
            OpKind::Immediate8
            | OpKind::Immediate8_2nd
            | OpKind::Immediate16
            | OpKind::Immediate32
            | OpKind::Immediate64
            | OpKind::Immediate8to16
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64 => Self::Imm,
            _ => Self::None,
        }
    }
}

/// The address form of the memory operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    FlatBase,
    FlatIndexed,
    Segmented,
    /// With addresses of 16 bits.
    Short,
}

const MOST_OPERANDS: usize = 5;

/// One instruction being lowered.
pub(crate) struct Lowering<'a> {
    pub(crate) ins: &'a Instruction,
    pub(crate) mode: CodeMode,
    pub(crate) model: &'a Model,
    pub(crate) op: Op,
    pub(crate) shape: Shape,
    kinds: [Kind; MOST_OPERANDS],
    /// Whether every register among the operands is a general one.
    pub(crate) general: bool,
    /// Distance from the block's start to the next instruction.
    pub(crate) next: u32,
    /// Offset of the block's start in CS, and the limit of CS; of no meaning where CS is flat.
    start: u64,
    code_limit: u32,
}

impl Cpu {
    /// Lowers what was decoded `at` bytes into its block, `instruction` if it is one, to `out`: written where it stays, since
    /// the host waits for what is copied as soon as it is written.
    pub(crate) fn lower(&self, decoded: Decoded, instruction: &Instruction, at: u32, out: &mut Lowered) {
        let chosen = match decoded {
            Decoded::Instruction { len, quirk } => {
                out.len = len;
                let mut lowering = Lowering::new(instruction, self, at + u32::from(len));
                let chosen = lowering.choose(quirk).unwrap_or_else(|| self.undefined());
                if quirk == Quirk::None {
                    out.form = Form::of(&lowering);
                }
                out.op = lowering.op;
                chosen
            }
            Decoded::TooLong(len) => {
                out.len = len;
                (ending::<TooLong> as Handler, true)
            }
            Decoded::Invalid(len) => {
                out.len = len;
                self.undefined()
            }
            Decoded::NeedsMore => self.undefined(),
        };
        (out.op.run, out.ends_block) = chosen;
    }

    /// #UD. The 8086 has no such exception: what it makes of the few opcodes it leaves undefined is not modelled,
    /// they do nothing.
    fn undefined(&self) -> Chosen {
        if self.model.at_least(Generation::I80186) {
            (ending::<Undefined>, true)
        } else {
            (plain::<Nop>, false)
        }
    }
}

impl<'a> Lowering<'a> {
    fn new(ins: &'a Instruction, cpu: &'a Cpu, next: u32) -> Self {
        let mut op = Op::bare(ending::<Undefined>);
        op.kind = ins.code() as u16;
        let mut lowering = Self {
            ins,
            mode: cpu.mode,
            model: &cpu.model,
            op,
            shape: Shape::Segmented,
            kinds: [Kind::None; MOST_OPERANDS],
            general: true,
            next,
            start: cpu.state.ip,
            code_limit: cpu.state.seg(SegReg::Cs).limit,
        };
        lowering.lower_operands();
        lowering
    }

    fn choose(&mut self, quirk: Quirk) -> Option<Chosen> {
        match quirk {
            Quirk::None => opcode_map::choose(self),
            Quirk::X87 { opcode, modrm } => {
                self.op.imm = Origin::new(self.next - self.ins.len() as u32, opcode, modrm).0;
                opcode_map::choose(self)
            }
            Quirk::PopCs => Some((ending::<PopCs>, true)),
            Quirk::SetMinusOne => Some((self.set_minus_one(), false)),
            Quirk::Esc { opcode, modrm } => Some(self.escape(opcode, modrm)),
            Quirk::Prefixes => Some((plain::<Nop>, false)),
        }
    }

    /// A coprocessor instruction where there is none. The 80286 writes it to the coprocessor's ports all the same.
    fn escape(&mut self, opcode: u8, modrm: u8) -> Chosen {
        self.op.imm = u32::from(u16::from_le_bytes([opcode, modrm]));
        match (self.model.generation, self.kind(1)) {
            (Generation::I80286, Kind::Mem) => (ending::<EscToPorts<true>>, true),
            (Generation::I80286, _) => (ending::<EscToPorts<false>>, true),
            _ => (plain_slow::<Esc>, false),
        }
    }

    fn set_minus_one(&mut self) -> Handler {
        let by_cl = self.ins.op1_kind() == OpKind::Register;
        match (self.bits(), self.kind(0), by_cl) {
            (8, Kind::Reg, false) => plain::<Shifted<Setmo, u8, Dst, ByImm>>,
            (8, Kind::Reg, true) => plain::<Shifted<Setmo, u8, Dst, ByCl>>,
            (8, _, false) => plain::<Shifted<Setmo, u8, InMemory<Segmented>, ByImm>>,
            (8, _, true) => plain::<Shifted<Setmo, u8, InMemory<Segmented>, ByCl>>,
            (_, Kind::Reg, false) => plain::<Shifted<Setmo, u16, Dst, ByImm>>,
            (_, Kind::Reg, true) => plain::<Shifted<Setmo, u16, Dst, ByCl>>,
            (_, _, false) => plain::<Shifted<Setmo, u16, InMemory<Segmented>, ByImm>>,
            (_, _, true) => plain::<Shifted<Setmo, u16, InMemory<Segmented>, ByCl>>,
        }
    }

    /// The kind of operand `n`.
    pub(crate) fn kind(&self, n: u32) -> Kind {
        self.kinds.get(n as usize).copied().unwrap_or(Kind::None)
    }

    /// Whether an operand is in memory.
    pub(crate) fn has_memory(&self) -> bool {
        self.kinds.contains(&Kind::Mem)
    }

    /// Width of the first operand in bits.
    pub(crate) fn bits(&self) -> u32 {
        self.operand_bits(0)
    }

    /// Width of operand `n` in bits.
    pub(crate) fn operand_bits(&self, n: u32) -> u32 {
        match self.kind(n) {
            Kind::Reg => self.ins.op_register(n).size() as u32 * 8,
            _ => self.ins.memory_size().size() as u32 * 8,
        }
    }

    /// The first register operand goes to `dst` when it is operand 0, else to `src`; immediates to `imm`.
    fn lower_operands(&mut self) {
        for n in 0..self.ins.op_count() {
            let kind = Kind::of(self.ins.op_kind(n));
            self.kinds[n as usize % MOST_OPERANDS] = kind;
            match kind {
                Kind::Reg => {
                    let register = self.ins.op_register(n);
                    self.general &= register.is_gpr();
                    let offset = register_field(register);
                    if n == 0 { self.op.dst = offset } else { self.op.src = offset }
                }
                Kind::Imm => self.op.imm = self.ins.immediate(n) as u32,
                Kind::Mem => self.lower_memory(),
                Kind::None => {}
            }
        }
    }

    fn lower_memory(&mut self) {
        let (base, index) = (self.ins.memory_base(), self.ins.memory_index());
        let bits = match (base, index) {
            (Register::None, Register::None) => self.ins.memory_displ_size() * 8,
            (Register::None, register) | (register, _) => register.size() as u32 * 8,
        };
        let address_bits = if bits == 32 { 32 } else { 16 };
        let seg = segment_of(self.ins.memory_segment());
        // A code segment cannot be written, and perhaps not read: its accesses are checked whatever its limit.
        let flat = seg != SegReg::Cs && self.mode.is_flat(seg) && address_bits == 32;
        self.op.base = register_field(base);
        self.op.index = register_field(index);
        self.op.disp = self.ins.memory_displacement32();
        let scale = self.ins.memory_index_scale().trailing_zeros() as u8;
        self.op.mem = MemInfo::new(scale, seg, address_bits, flat);
        self.shape = match (flat, index) {
            (false, _) if address_bits == 16 => Shape::Short,
            (false, _) => Shape::Segmented,
            (true, Register::None) => Shape::FlatBase,
            (true, _) => Shape::FlatIndexed,
        };
    }

    /// Notes the segment and address size of a string instruction's source.
    pub(crate) fn string_memory(&mut self) -> u32 {
        let kinds = (0..self.ins.op_count()).map(|n| self.ins.op_kind(n));
        let is_32 = kinds
            .clone()
            .any(|k| matches!(k, OpKind::MemorySegESI | OpKind::MemorySegEDI | OpKind::MemoryESEDI));
        let bits = if is_32 { 32 } else { 16 };
        let seg = segment_of(self.ins.memory_segment());
        self.op.mem = MemInfo::new(0, seg, bits, false);
        bits
    }

    /// Notes the distances of a near branch: `disp` to the target, `imm` to the next instruction, both from the
    /// block's start.
    pub(crate) fn branch_distances(&mut self) {
        let target = self.ins.near_branch_target() as u32;
        let target = match self.ins.op0_kind() {
            OpKind::NearBranch16 => target as u16 as i16 as i32 as u32,
            _ => target,
        };
        let from_end = target.wrapping_sub(self.ins.len() as u32);
        self.op.disp = self.next.wrapping_add(from_end);
        self.op.imm = self.next;
    }

    /// Whether the target of the near branch, its distances noted, lies beyond the limit of CS.
    pub(crate) fn leaves_segment(&self, ip_bits: u32) -> bool {
        let target = self.start.wrapping_add(self.op.disp as i32 as i64 as u64) & ip_mask(ip_bits);
        !self.mode.is_flat(SegReg::Cs) && target > u64::from(self.code_limit)
    }

    /// `plain` for an instruction on the fast path.
    pub(crate) fn fast<S: Semantics>() -> Chosen {
        (plain::<S>, false)
    }

    /// The same with a frame of its own.
    pub(crate) fn called<S: Semantics>() -> Chosen {
        (called::<S>, false)
    }

    /// An instruction with a short way.
    pub(crate) fn short<S: Short>() -> Chosen {
        (short::<S>, false)
    }

    /// An instruction that has no fast path.
    pub(crate) fn slow<S: Semantics>() -> Chosen {
        (plain_slow::<S>, false)
    }

    /// An instruction after which the run loop looks around.
    pub(crate) fn end<S: Semantics>() -> Chosen {
        (ending::<S>, true)
    }
}

/// The segment register that iced-x86 names; DS for none.
pub(crate) fn segment_of(register: Register) -> SegReg {
    match register {
        Register::ES => SegReg::Es,
        Register::CS => SegReg::Cs,
        Register::SS => SegReg::Ss,
        Register::FS => SegReg::Fs,
        Register::GS => SegReg::Gs,
        _ => SegReg::Ds,
    }
}

/// A register as an operation's field: an offset for general registers, a number for all others.
pub(crate) fn register_field(register: Register) -> u8 {
    match register {
        Register::None => RegOffset::ZERO.raw(),
        Register::AH | Register::CH | Register::DH | Register::BH => {
            RegOffset::high(register as u8 - Register::AH as u8).raw()
        }
        _ if register.is_gpr() => RegOffset::low(register.full_register().number() as u8).raw(),
        _ => register.number() as u8,
    }
}
