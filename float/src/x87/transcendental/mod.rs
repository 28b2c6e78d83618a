//! F2XM1, FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN, FCOS and FSINCOS
//! [SDM 1, "Transcendental Instruction Accuracy"].
//!
//! Results are those of [`full`]: computed to about 120 bits and then rounded, so they are those nearest to the true value
//! but where that lies all but half-way. `quick` gives the same sooner where it can tell. Precision control does not act
//! on them.

mod atan;
mod exp;
mod log;
mod quick;
#[cfg(test)]
mod tests;
mod trig;

pub use trig::{SinCos, Tangent};

use super::round::to_register;
use crate::exact::Exact;
use crate::f80::F80;
use crate::{Exceptions, Outcome, X87Control};

/// The functions without their short ways: what these are to be compared with.
pub mod full {
    pub use super::atan::fpatan;
    pub use super::exp::f2xm1;
    pub use super::log::{fyl2x, fyl2xp1};
    pub use super::trig::{fcos, fptan, fsin, fsincos};
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident($($x:ident),+) -> $result:ty;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name($($x: F80),+, control: X87Control) -> Outcome<$result> {
            match quick::$name($($x),+, control) {
                Some(outcome) => outcome,
                None => full::$name($($x),+, control),
            }
        }
    )*};
}

functions! {
    /// FSIN [SDM 2A, "FSIN"].
    fsin(x) -> F80;
    /// FCOS [SDM 2A, "FCOS"].
    fcos(x) -> F80;
    /// FSINCOS [SDM 2A, "FSINCOS"].
    fsincos(x) -> SinCos;
    /// FPTAN [SDM 2A, "FPTAN"].
    fptan(x) -> Tangent;
    /// FPATAN: the angle of the point (`x`, `y`); ST(0) is `x` and ST(1) is `y` [SDM 2A, "FPATAN"].
    fpatan(x, y) -> F80;
    /// F2XM1: `2^x - 1` for `x` from -1 to 1 [SDM 2A, "F2XM1"]. Beyond that the result is undefined.
    f2xm1(x) -> F80;
    /// FYL2X: `y * log2(x)`; ST(0) is `x` and ST(1) is `y` [SDM 2A, "FYL2X"].
    fyl2x(x, y) -> F80;
    /// FYL2XP1: `y * log2(x + 1)`; ST(0) is `x` and ST(1) is `y` [SDM 2A, "FYL2XP1"]. From minus one down the result is
    /// undefined; like the captured hardware this gives `x` for it.
    fyl2xp1(x, y) -> F80;
}

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
