//! FNSTENV FLDENV FNSAVE FRSTOR, FXSAVE FXRSTOR.

use super::control::control_word;
use super::{begin, drive_ferr};
use crate::code_mode::CodeMode;
use crate::cpu::Cpu;
use crate::exec::access::{Access, Mem, Segmented};
use crate::exec::dispatch::Semantics;
use crate::exec::mov::simple;
use crate::exec::op::Op;
use crate::fault::Fault;
use crate::fpu::{Fpu, LastPointer};
use crate::mmu::Intent;
use crate::state::cr4;
use crate::word::Block;
use ringzero_float::{Class, F80};

/// The layout of an environment in memory [SDM 1, "Saving the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    /// 32-bit fields; else 16.
    wide: bool,
    /// Selector and offset; else a 20-bit (32-bit) linear address and the opcode.
    protected: bool,
}

/// Bytes of the longest environment.
const LONGEST: usize = 28;
const REGISTERS: usize = 80;

impl Layout {
    fn of(wide: bool, mode: CodeMode) -> Self {
        Self { wide, protected: mode.has_selectors() }
    }

    fn len(self) -> usize {
        if self.wide { LONGEST } else { LONGEST / 2 }
    }

    /// Field `n` of seven.
    fn field(self, bytes: &[u8], n: usize) -> u32 {
        if self.wide {
            u32::from_le_bytes([bytes[4 * n], bytes[4 * n + 1], bytes[4 * n + 2], bytes[4 * n + 3]])
        } else {
            u16::from_le_bytes([bytes[2 * n], bytes[2 * n + 1]]).into()
        }
    }

    fn set_field(self, bytes: &mut [u8], n: usize, value: u32) {
        if self.wide {
            bytes[4 * n..4 * n + 4].copy_from_slice(&value.to_le_bytes());
        } else {
            bytes[2 * n..2 * n + 2].copy_from_slice(&(value as u16).to_le_bytes());
        }
    }

    fn write(self, fpu: &Fpu) -> [u8; LONGEST] {
        // The reserved halves of 32-bit fields are ones.
        let high = 0xFFFF_0000;
        let mut bytes = [0; LONGEST];
        let mut set = |n, value| self.set_field(&mut bytes, n, value);
        set(0, high | u32::from(fpu.control));
        set(1, high | u32::from(fpu.status));
        set(2, high | u32::from(fpu.tag_word()));
        if self.protected {
            set(3, fpu.instruction.offset);
            set(4, u32::from(fpu.opcode) << 16 | u32::from(fpu.instruction.selector));
            set(5, fpu.operand.offset);
            set(6, high | u32::from(fpu.operand.selector));
        } else {
            let (instruction, operand) = (linear(fpu.instruction), linear(fpu.operand));
            let opcode = u32::from(fpu.opcode);
            set(3, if self.wide { high | instruction & 0xFFFF } else { instruction });
            set(
                4,
                opcode | if self.wide { instruction >> 16 << 12 } else { instruction >> 16 << 12 & 0xF000 },
            );
            set(5, if self.wide { high | operand & 0xFFFF } else { operand });
            set(6, if self.wide { operand >> 16 << 12 } else { operand >> 16 << 12 & 0xF000 });
        }
        bytes
    }

    /// Takes over an environment; the tag word decides which registers are in use.
    fn read(self, fpu: &mut Fpu, bytes: &[u8]) {
        let field = |n| self.field(bytes, n);
        fpu.control = control_word(field(0) as u16);
        fpu.status = field(1) as u16;
        fpu.set_tag_word(field(2) as u16);
        fpu.opcode = if self.protected {
            if self.wide { (field(4) >> 16) as u16 & 0x7FF } else { fpu.opcode }
        } else {
            field(4) as u16 & 0x7FF
        };
        let pointer = |offset: u32, selector: u32| {
            if self.protected {
                return LastPointer { selector: selector as u16, offset };
            }
            let high = if self.wide { selector >> 12 << 16 } else { (selector & 0xF000) << 4 };
            LastPointer { selector: 0, offset: high & 0xFFFF_0000 | offset & 0xFFFF }
        };
        fpu.instruction = pointer(field(3), field(4));
        fpu.operand = pointer(field(5), field(6));
        fpu.summarize();
    }
}

/// A pointer of real mode as one number.
fn linear(pointer: LastPointer) -> u32 {
    (u32::from(pointer.selector) << 4).wrapping_add(pointer.offset)
}

impl Fpu {
    /// The full tag word, two bits a physical register [SDM 1, "x87 FPU Tag Word"].
    fn tag_word(&self) -> u16 {
        let tag = |n: usize| match self.registers[n].class() {
            _ if self.in_use & 1 << n == 0 => 0b11,
            Class::Normal => 0b00,
            Class::Zero => 0b01,
            _ => 0b10,
        };
        (0..8).map(|n| tag(n) << (2 * n)).sum()
    }

    fn set_tag_word(&mut self, tags: u16) {
        self.in_use = (0..8).map(|n| u8::from(tags >> (2 * n) & 3 != 3) << n).sum();
    }

    fn stack_bytes(&self) -> [u8; REGISTERS] {
        let mut bytes = [0; REGISTERS];
        for (i, slot) in (0u8..).zip(bytes.chunks_exact_mut(10)) {
            slot.copy_from_slice(&self.st(i).to_le_bytes());
        }
        bytes
    }

    fn set_stack_register(&mut self, i: u8, bytes: [u8; 10]) {
        let physical = self.physical(i);
        self.registers[physical] = F80::from_le_bytes(bytes);
    }
}

/// Ten bytes from `at` on.
fn ten(bytes: &[u8], at: usize) -> [u8; 10] {
    std::array::from_fn(|n| bytes[at + n])
}

/// FNSTENV [SDM 2A, "FSTENV/FNSTENV"]: all exceptions are masked after it.
pub(crate) struct Fnstenv<const WIDE: bool>;

impl<const WIDE: bool> Semantics for Fnstenv<WIDE> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        m.slow()?;
        let layout = Layout::of(WIDE, m.cpu().mode);
        if WIDE {
            let spot = Segmented::spot::<Block<28>, A>(m, op, Intent::Write)?;
            let bytes = layout.write(&m.cpu().state.fpu);
            m.store_bytes(spot, bytes);
        } else {
            let spot = Segmented::spot::<Block<14>, A>(m, op, Intent::Write)?;
            let bytes = layout.write(&m.cpu().state.fpu);
            m.store_bytes::<14>(spot, std::array::from_fn(|n| bytes[n]));
        }
        let fpu = &mut m.cpu().state.fpu;
        fpu.control |= 0x3F;
        fpu.summarize();
        drive_ferr(m)
    }
}

/// FLDENV [SDM 2A, "FLDENV"].
pub(crate) struct Fldenv<const WIDE: bool>;

impl<const WIDE: bool> Semantics for Fldenv<WIDE> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        m.slow()?;
        let layout = Layout::of(WIDE, m.cpu().mode);
        if WIDE {
            let spot = Segmented::spot::<Block<28>, A>(m, op, Intent::Read)?;
            let bytes = m.load_bytes::<28>(spot);
            layout.read(&mut m.cpu().state.fpu, &bytes);
        } else {
            let spot = Segmented::spot::<Block<14>, A>(m, op, Intent::Read)?;
            let bytes = m.load_bytes::<14>(spot);
            layout.read(&mut m.cpu().state.fpu, &bytes);
        }
        drive_ferr(m)
    }
}

/// FNSAVE [SDM 2A, "FSAVE/FNSAVE"]: environment and registers; then as FNINIT.
pub(crate) struct Fnsave<const WIDE: bool>;

impl<const WIDE: bool> Semantics for Fnsave<WIDE> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        m.slow()?;
        let layout = Layout::of(WIDE, m.cpu().mode);
        let fpu = &m.cpu().state.fpu;
        let (environment, stack) = (layout.write(fpu), fpu.stack_bytes());
        let byte = |n: usize| if n < layout.len() { environment[n] } else { stack[n - layout.len()] };
        if WIDE {
            let spot = Segmented::spot::<Block<108>, A>(m, op, Intent::Write)?;
            m.store_bytes::<108>(spot, std::array::from_fn(byte));
        } else {
            let spot = Segmented::spot::<Block<94>, A>(m, op, Intent::Write)?;
            m.store_bytes::<94>(spot, std::array::from_fn(byte));
        }
        m.cpu().state.fpu.init();
        drive_ferr(m)
    }
}

/// FRSTOR [SDM 2A, "FRSTOR"].
pub(crate) struct Frstor<const WIDE: bool>;

impl<const WIDE: bool> Semantics for Frstor<WIDE> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        begin(m)?;
        m.slow()?;
        let layout = Layout::of(WIDE, m.cpu().mode);
        let mut bytes = [0; LONGEST + REGISTERS];
        if WIDE {
            let spot = Segmented::spot::<Block<108>, A>(m, op, Intent::Read)?;
            bytes = m.load_bytes(spot);
        } else {
            let spot = Segmented::spot::<Block<94>, A>(m, op, Intent::Read)?;
            bytes[..94].copy_from_slice(&m.load_bytes::<94>(spot));
        }
        let fpu = &mut m.cpu().state.fpu;
        layout.read(fpu, &bytes);
        for i in 0..8 {
            fpu.set_stack_register(i, ten(&bytes, layout.len() + 10 * usize::from(i)));
        }
        drive_ferr(m)
    }
}

/// Offsets in the image of FXSAVE [SDM 2A, "FXSAVE"].
mod fx {
    pub(super) const LEN: usize = 512;
    pub(super) const MXCSR: usize = 24;
    pub(super) const STACK: usize = 32;
    pub(super) const XMM: usize = 160;
    /// What lies behind is reserved, and not written.
    pub(super) const END: usize = 288;
}

/// #GP(0) unless the image is aligned to sixteen bytes.
fn check_alignment(cpu: &Cpu, op: &Op) -> Result<(), Fault> {
    let base = cpu.state.segments[op.mem.seg()].base;
    let aligned = base.wrapping_add(Segmented::address(cpu, op)) & 15 == 0;
    if aligned { Ok(()) } else { Err(Fault::GeneralProtection(0)) }
}

fn put<const N: usize>(image: &mut [u8], at: usize, bytes: [u8; N]) {
    image[at..at + N].copy_from_slice(&bytes);
}

fn word(image: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([image[at], image[at + 1]])
}

fn dword(image: &[u8], at: usize) -> u32 {
    u32::from(word(image, at)) | u32::from(word(image, at + 2)) << 16
}

/// The x87 part of the image.
fn write_x87(fpu: &Fpu, image: &mut [u8]) {
    put(image, 0, fpu.control.to_le_bytes());
    put(image, 2, fpu.status.to_le_bytes());
    put(image, 4, [fpu.in_use, 0]);
    put(image, 6, fpu.opcode.to_le_bytes());
    put(image, 8, fpu.instruction.offset.to_le_bytes());
    put(image, 12, u32::from(fpu.instruction.selector).to_le_bytes());
    put(image, 16, fpu.operand.offset.to_le_bytes());
    put(image, 20, u32::from(fpu.operand.selector).to_le_bytes());
    for i in 0..8 {
        let at = fx::STACK + 16 * usize::from(i);
        put(image, at, fpu.st(i).to_le_bytes());
        put(image, at + 10, [0; 6]);
    }
}

fn read_x87(fpu: &mut Fpu, image: &[u8]) {
    fpu.control = control_word(word(image, 0));
    fpu.status = word(image, 2);
    fpu.in_use = image[4];
    fpu.opcode = word(image, 6) & 0x7FF;
    fpu.instruction = LastPointer { offset: dword(image, 8), selector: word(image, 12) };
    fpu.operand = LastPointer { offset: dword(image, 16), selector: word(image, 20) };
    for i in 0..8 {
        fpu.set_stack_register(i, ten(image, fx::STACK + 16 * usize::from(i)));
    }
    fpu.summarize();
}

simple! {
    /// FXSAVE [SDM 2A, "FXSAVE"]: without CR4.OSFXSR the XMM registers are left out.
    Fxsave: |m, op| {
        m.slow()?;
        check_alignment(m.cpu(), op)?;
        let spot = Segmented::spot::<Block<{ fx::LEN }>, A>(m, op, Intent::Write)?;
        let mut image = m.load_bytes::<{ fx::LEN }>(spot);
        let cpu = m.cpu();
        write_x87(&cpu.state.fpu, &mut image);
        put(&mut image, fx::MXCSR, cpu.state.mxcsr.to_le_bytes());
        put(&mut image, fx::MXCSR + 4, cpu.mxcsr_mask().to_le_bytes());
        if cpu.state.cr4 & cr4::OSFXSR != 0 {
            for (n, register) in cpu.state.xmm.iter().enumerate() {
                put(&mut image, fx::XMM + 16 * n, register.to_le_bytes());
            }
        }
        let end: [u8; fx::END] = std::array::from_fn(|n| image[n]);
        m.store_bytes(spot, end);
        Ok(())
    };
    /// FXRSTOR [SDM 2A, "FXRSTOR"]: #GP(0) for a bit that MXCSR does not have.
    Fxrstor: |m, op| {
        m.slow()?;
        check_alignment(m.cpu(), op)?;
        let spot = Segmented::spot::<Block<{ fx::LEN }>, A>(m, op, Intent::Read)?;
        let image = m.load_bytes::<{ fx::LEN }>(spot);
        let cpu = m.cpu();
        if cpu.state.cr4 & cr4::OSFXSR != 0 {
            let mxcsr = dword(&image, fx::MXCSR);
            if mxcsr & !cpu.mxcsr_mask() != 0 {
                return Err(Fault::GeneralProtection(0).into());
            }
            cpu.state.mxcsr = mxcsr;
            for (n, register) in cpu.state.xmm.iter_mut().enumerate() {
                let at = fx::XMM + 16 * n;
                *register = u128::from_le_bytes(std::array::from_fn(|n| image[at + n]));
            }
        }
        read_x87(&mut cpu.state.fpu, &image);
        drive_ferr(m)
    };
}
