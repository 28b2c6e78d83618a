//! FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2 and FLDZ.

use crate::f80::F80;
use crate::{Rounding, X87Control};

/// A constant of the x87 [SDM 2A, "FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ"], in the order of the opcodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    /// FLD1: one.
    One,
    /// FLDL2T: the binary logarithm of ten.
    Log2Of10,
    /// FLDL2E: the binary logarithm of e.
    Log2OfE,
    /// FLDPI: pi.
    Pi,
    /// FLDLG2: the decimal logarithm of two.
    Log10Of2,
    /// FLDLN2: the natural logarithm of two.
    LnOf2,
    /// FLDZ: plus zero.
    Zero,
}

/// A constant as it is loaded: held with more bits than a register has and rounded by RC, without exceptions.
#[must_use]
pub const fn constant(constant: Constant, control: X87Control) -> F80 {
    // Each is the value rounded down, and whether the nearest one is above it.
    let (significand, sign_exponent, nearest_is_up) = match constant {
        Constant::One => return F80::ONE,
        Constant::Zero => return F80::ZERO,
        Constant::Log2Of10 => (0xD49A_784B_CD1B_8AFE, 0x4000, false),
        Constant::Log2OfE => (0xB8AA_3B29_5C17_F0BB, 0x3FFF, true),
        Constant::Pi => (0xC90F_DAA2_2168_C234, 0x4000, true),
        Constant::Log10Of2 => (0x9A20_9A84_FBCF_F798, 0x3FFD, true),
        Constant::LnOf2 => (0xB172_17F7_D1CF_79AB, 0x3FFE, true),
    };
    let up = match control.rounding() {
        Rounding::Nearest => nearest_is_up,
        Rounding::Up => true,
        Rounding::Down | Rounding::Zero => false,
    };
    F80 { significand: significand + up as u64, sign_exponent }
}
