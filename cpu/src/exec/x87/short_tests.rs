//! The short ways against the general ones, on any register file.

use super::*;
use crate::exec::access::Miss;
use crate::exec::dispatch::Semantics;
use crate::exec::simd::Xmm;
use crate::exec::simd::float::{Add, Cmp, Div, Max, Min, Mul, OnHost, PackedFloat, ScalarFloat, Sqrt, Sub};
use crate::exec::simd::operand::InFile;
use crate::exec::x87::compare::{Ordered, Unordered};
use crate::model::Model;

const CASES: u32 = 20_000;

/// Marsaglia's xorshift64*.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn one_in(&mut self, n: u64) -> bool {
        (self.bits() >> 20).is_multiple_of(n)
    }

    fn value(&mut self) -> F80 {
        let exponent = if self.one_in(6) { self.bits() as u16 } else { 0x3FF0 + (self.bits() >> 59) as u16 };
        let significand = if self.one_in(12) { 0 } else { self.bits() | u64::from(!self.one_in(12)) << 63 };
        F80 { significand, sign_exponent: exponent ^ (self.bits() >> 63 << 15) as u16 }
    }

    /// Mostly as programs have it; now and then anything.
    fn fpu(&mut self, fpu: &mut Fpu) {
        fpu.control = if self.one_in(4) { self.bits() as u16 & 0x0F3F | 0x40 } else { 0x037F };
        fpu.status = self.bits() as u16 & 0x7F7F;
        if self.one_in(4) {
            fpu.summarize();
        }
        fpu.in_use = self.bits() as u8 | if self.one_in(3) { 0 } else { 0x3C };
        fpu.registers = [(); 8].map(|()| self.value());
    }

    fn xmm(&mut self) -> u128 {
        let double = |random: &mut Self| match (random.bits() >> 40) % 8 {
            0 => random.bits() & !0 << 63,
            1 => random.bits() & !(0x7FF << 52),
            2 => random.bits(),
            _ => random.bits() & !(0x7F0 << 52) | 0x3F0 << 52,
        };
        u128::from(double(self)) << 64 | u128::from(double(self))
    }
}

/// Where the short way leads, it leads to the same state; where not, nothing has changed. How often it leads anywhere.
fn agree<S: Short>(fill: impl Fn(&mut Random, &mut Cpu)) -> u32 {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut cpu = Cpu::new(Model::PENTIUM4);
    let mut other = Cpu::new(Model::PENTIUM4);
    let bus = ringzero_bus::SystemBus::new(0x1000, 1);
    let mut taken = 0;
    for _ in 0..CASES {
        let mut op = Op::bare(crate::exec::dispatch::plain::<crate::exec::mov::Nop>);
        (op.dst, op.src) = (random.bits() as u8 & 7, (random.bits() >> 8) as u8 & 7);
        op.imm = random.bits() as u32;
        fill(&mut random, &mut cpu);
        other.state = cpu.state.clone();
        let before = cpu.state.clone();
        if S::attempt(&mut Fast::new(&mut cpu, &bus), &op).is_none() {
            assert_eq!(cpu.state, before);
            continue;
        }
        taken += 1;
        let general: Result<(), Miss> = S::General::exec(&mut Fast::new(&mut other, &bus), &op);
        assert!(general.is_ok(), "{before:x?}");
        assert_eq!(cpu.state, other.state, "{before:x?}");
    }
    taken
}

fn x87<S: Short>() {
    let taken = agree::<S>(|random, cpu| random.fpu(&mut cpu.state.fpu));
    assert!(taken > CASES / 20, "{taken}");
}

fn sse<S: Short>() {
    let taken = agree::<S>(|random, cpu| {
        cpu.state.xmm = [(); 8].map(|()| random.xmm());
        cpu.state.mxcsr = if random.one_in(3) { random.bits() as u32 & 0xFFFF } else { 0x1FA0 };
    });
    assert!(taken > CASES / 40, "{taken}");
}

#[test]
fn arithmetic_on_the_stack() {
    x87::<Shortly<InStack<Fadd, 0>, NoMemory>>();
    x87::<Shortly<InStack<Fsub, 1>, NoMemory>>();
    x87::<Shortly<InStack<Fsubr, 1>, NoMemory>>();
    x87::<Shortly<InStack<Fmul, 0>, NoMemory>>();
    x87::<Shortly<InStack<Fdiv, 1>, NoMemory>>();
    x87::<Shortly<InStack<Fdivr, 0>, NoMemory>>();
}

#[test]
fn comparisons_on_the_stack() {
    x87::<Shortly<CompareStack<Ordered, 0>, NoMemory>>();
    x87::<Shortly<CompareStack<Unordered, 2>, NoMemory>>();
    x87::<Shortly<CompareFlags<Ordered, 1>, NoMemory>>();
    x87::<Shortly<CompareFlags<Unordered, 0>, NoMemory>>();
}

#[test]
fn moves_on_the_stack() {
    x87::<Shortly<Fxch, NoMemory>>();
    x87::<Shortly<LoadStack, NoMemory>>();
    x87::<Shortly<StoreStack<0>, NoMemory>>();
    x87::<Shortly<StoreStack<1>, NoMemory>>();
    x87::<Shortly<LoadConstant<0>, NoMemory>>();
    x87::<Shortly<LoadConstant<3>, NoMemory>>();
    x87::<Shortly<Fchs, NoMemory>>();
    x87::<Shortly<Fabs, NoMemory>>();
}

type Source = InFile<Xmm>;

#[test]
fn sse_on_doubles_and_singles() {
    sse::<OnHost<PackedFloat<Add, sse::Double, Source>>>();
    sse::<OnHost<PackedFloat<Mul, sse::Single, Source>>>();
    sse::<OnHost<PackedFloat<Div, sse::Double, Source>>>();
    sse::<OnHost<PackedFloat<Sqrt, sse::Double, Source>>>();
    sse::<OnHost<PackedFloat<Cmp, sse::Single, Source>>>();
    sse::<OnHost<PackedFloat<Max, sse::Double, Source>>>();
    sse::<OnHost<ScalarFloat<Sub, sse::Double, Source>>>();
    sse::<OnHost<ScalarFloat<Div, sse::Single, Source>>>();
    sse::<OnHost<ScalarFloat<Sqrt, sse::Single, Source>>>();
    sse::<OnHost<ScalarFloat<Min, sse::Double, Source>>>();
}
