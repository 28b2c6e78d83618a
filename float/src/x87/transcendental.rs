//! F2XM1, FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN, FCOS and FSINCOS.

use super::invalid;
use crate::f80::F80;
use crate::{Outcome, X87Control};

/// The two results of FSINCOS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SinCos {
    /// The new ST(1): the sine.
    pub sin: F80,
    /// The new ST(0), which is pushed: the cosine.
    pub cos: F80,
}

/// The two results of FPTAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tangent {
    /// The new ST(1): the tangent.
    pub tan: F80,
    /// The new ST(0), which is pushed: one, or the NaN again.
    pub one: F80,
}

/// F2XM1: `2^x - 1` for `x` from -1 to 1 [SDM 2A, "F2XM1"].
#[must_use]
pub fn f2xm1(x: F80, control: X87Control) -> Outcome<F80> {
    let _ = x;
    invalid(control)
}

/// FYL2X: `y * log2(x)`; ST(0) is `x` and ST(1) is `y` [SDM 2A, "FYL2X"].
#[must_use]
pub fn fyl2x(x: F80, y: F80, control: X87Control) -> Outcome<F80> {
    let _ = (x, y);
    invalid(control)
}

/// FYL2XP1: `y * log2(x + 1)`; ST(0) is `x` and ST(1) is `y` [SDM 2A, "FYL2XP1"].
#[must_use]
pub fn fyl2xp1(x: F80, y: F80, control: X87Control) -> Outcome<F80> {
    let _ = (x, y);
    invalid(control)
}

/// FPATAN: the angle of the point (`x`, `y`); ST(0) is `x` and ST(1) is `y` [SDM 2A, "FPATAN"].
#[must_use]
pub fn fpatan(x: F80, y: F80, control: X87Control) -> Outcome<F80> {
    let _ = (x, y);
    invalid(control)
}

/// FPTAN [SDM 2A, "FPTAN"].
#[must_use]
pub fn fptan(x: F80, control: X87Control) -> Outcome<Tangent> {
    let _ = x;
    invalid(control).map(|nan| Tangent { tan: nan, one: nan })
}

/// FSIN [SDM 2A, "FSIN"].
#[must_use]
pub fn fsin(x: F80, control: X87Control) -> Outcome<F80> {
    let _ = x;
    invalid(control)
}

/// FCOS [SDM 2A, "FCOS"].
#[must_use]
pub fn fcos(x: F80, control: X87Control) -> Outcome<F80> {
    let _ = x;
    invalid(control)
}

/// FSINCOS [SDM 2A, "FSINCOS"].
#[must_use]
pub fn fsincos(x: F80, control: X87Control) -> Outcome<SinCos> {
    let _ = x;
    invalid(control).map(|nan| SinCos { sin: nan, cos: nan })
}
