//! F2XM1, FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN, FCOS and FSINCOS
//! [SDM 1, "Transcendental Instruction Accuracy"].
//!
//! Results are computed to about 120 bits and then rounded, so they are those nearest to the true value but where
//! that lies all but half-way. Precision control does not act on them.

mod atan;
mod exp;
mod log;
mod trig;

pub use atan::fpatan;
pub use exp::f2xm1;
pub use log::{fyl2x, fyl2xp1};
pub use trig::{SinCos, Tangent, fcos, fptan, fsin, fsincos};

use super::round::to_register;
use crate::exact::Exact;
use crate::f80::F80;
use crate::{Exceptions, Outcome, X87Control};

/// A result that is not exact.
fn inexact(x: Exact, control: X87Control) -> Outcome<F80> {
    to_register(x.inexact(), 64, control)
}

/// The outcome unless an unmasked denormal operand stops the instruction.
fn unless_denormal(
    denormal: Exceptions,
    control: X87Control,
    compute: impl FnOnce() -> Outcome<F80>,
) -> Outcome<F80> {
    if control.unmasked(denormal).is_empty() {
        compute().after(denormal)
    } else {
        Outcome::flagged(F80::ZERO, denormal, control)
    }
}

/// pi.
const PI: Exact = Exact::constant(1, 0xC90F_DAA2_2168_C234_C4C6_628B_80DC_1CD1);
/// A constant times a power of two.
const fn scaled(x: Exact, exponent: i32) -> Exact {
    Exact { exponent: x.exponent + exponent, ..x }
}
