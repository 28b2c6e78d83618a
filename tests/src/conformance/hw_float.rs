//! x87, MMX and SSE state of native captures: setting and comparing it.

use super::hwv::{Form, Item, Record, record_flag};
use ringzero_cpu::{CpuState, Fpu};
use ringzero_float::{F80, X87Control};
use std::fmt::Write;

/// The exceptions in an x87 status word or MXCSR: PE alone.
const PRECISION: u16 = 1 << 5;
/// C1 of the status word.
const C1: u16 = 1 << 9;

/// The state that captures start from when nothing else is said.
pub(super) fn set_defaults(state: &mut CpuState) {
    state.fpu = Fpu { control: X87Control::INITIAL.0, in_use: 0, ..Fpu::RESET };
    for (n, register) in (0u8..).zip(&mut state.xmm) {
        let bytes: [u8; 16] =
            std::array::from_fn(|j| n.wrapping_mul(32).wrapping_add(j as u8).wrapping_add(1));
        *register = u128::from_le_bytes(bytes);
    }
}

/// Applies an item of x87 or SSE state. The stack's registers, which depend on TOP, are left to [`stack_of`].
pub(super) fn apply(item: &Item, state: &mut CpuState) {
    match item {
        Item::Mxcsr(value) => state.mxcsr = *value,
        Item::Fcw(value) => state.fpu.control = *value,
        Item::Fsw(value) => state.fpu.status = *value,
        Item::Ftw(value) => state.fpu.in_use = *value,
        Item::Xmm(n, bytes) => state.xmm[usize::from(n & 7)] = u128::from_le_bytes(*bytes),
        _ => {}
    }
}

/// ST(0) to ST(7) after the items.
pub(super) fn stack_of(mut stack: [F80; 8], items: &[Item]) -> [F80; 8] {
    for item in items {
        if let Item::St(i, bytes) = item {
            stack[usize::from(*i & 7)] = F80::from_le_bytes(*bytes);
        }
    }
    stack
}

/// Puts ST(0) to ST(7) where TOP says.
pub(super) fn set_stack(state: &mut CpuState, stack: &[F80; 8]) {
    for (i, value) in (0u8..).zip(stack) {
        let physical = state.fpu.physical(i);
        state.fpu.registers[physical] = *value;
    }
}

/// Describes what differs from `expected`, whose stack is given apart.
pub(super) fn compare(
    found: &CpuState,
    expected: &CpuState,
    stack: &[F80; 8],
    (record, form): (&Record, &Form),
    wrong: &mut String,
) {
    let transcendental = record.flags & record_flag::TRANSCENDENTAL != 0;
    let undefined = form.fsw_undefined | if transcendental { C1 | PRECISION } else { 0 };
    let mut differ = |name: &str, found: u32, expected: u32| {
        if found != expected {
            let _ = write!(wrong, " {name}={found:x} expected {expected:x};");
        }
    };
    differ("mxcsr", found.mxcsr, expected.mxcsr);
    differ("fcw", found.fpu.control.into(), expected.fpu.control.into());
    differ("fsw", (found.fpu.status & !undefined).into(), (expected.fpu.status & !undefined).into());
    differ("ftw", found.fpu.in_use.into(), expected.fpu.in_use.into());
    for (i, &expected) in (0u8..).zip(stack) {
        let found = found.fpu.st(i);
        let same = found == expected || transcendental && within_one_ulp(found, expected);
        if !same {
            let _ = write!(wrong, " st{i}={found:x?} expected {expected:x?};");
        }
    }
    let approximate = record.flags & record_flag::APPROXIMATE != 0;
    for (n, (&found, &expected)) in found.xmm.iter().zip(&expected.xmm).enumerate() {
        let same = found == expected || approximate && lanes_are_close(found, expected);
        if !same {
            let _ = write!(wrong, " xmm{n}={found:032x} expected {expected:032x};");
        }
    }
}

/// Whether two results of a transcendental are neighbours at most.
fn within_one_ulp(a: F80, b: F80) -> bool {
    let ordered =
        |x: F80| i128::from(x.sign_exponent & 0x7FFF) << 63 | i128::from(x.significand & !(1 << 63));
    a.is_negative() == b.is_negative() && (ordered(a) - ordered(b)).abs() <= 1
}

/// Whether four singles agree where both may err by 1.5 * 2^-12 of the true value.
fn lanes_are_close(a: u128, b: u128) -> bool {
    (0..4).all(|lane| {
        let of = |x: u128| f32::from_bits((x >> (32 * lane)) as u32);
        let (a, b) = (of(a), of(b));
        a.to_bits() == b.to_bits() || ((a - b) / b).abs() <= 3.0 / 4096.0
    })
}
