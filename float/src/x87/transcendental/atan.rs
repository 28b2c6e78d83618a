//! FPATAN.

use super::{PI, inexact, scaled, unless_denormal};
use crate::exact::{Exact, Finite};
use crate::f80::{Class, F80};
use crate::wide::alternating;
use crate::x87::{denormal, finite, reject};
use crate::{Outcome, X87Control};

/// atan(i / 16) in units of 2^-128.
const TABLE: [u128; 17] = [
    0,
    0x0FFA_ADDB_967E_F4E3_6CB2_792D_C0E2_E0D5,
    0x1FD5_BA9A_AC2F_6DC6_5912_F313_E7D1_11DF,
    0x2F72_F697_9CB6_044D_1EC2_D3E2_0727_1D22,
    0x3EB6_EBF2_5901_BAC5_5B71_E7BD_7DE8_85F9,
    0x4D89_DCDC_1FAF_2F34_E2D5_DA4C_693D_7994,
    0x5BD8_6507_937B_C239_C551_9091_6E7F_2242,
    0x6993_BB0F_308F_F2DB_213E_4AF4_800F_389B,
    0x76B1_9C15_86ED_3DA2_B7F2_22F6_5E1D_4682,
    0x832B_F4A6_D986_7E2A_4B6A_09CB_61A5_15C1,
    0x8F00_5D5E_F7F5_9F9B_5C83_5E16_65C4_3748,
    0x9A2F_80E6_71BD_DA20_4226_F8E2_204F_F3BD,
    0xA4BC_7D19_34F7_0924_19A8_7F2A_457D_AC9F,
    0xAEAC_4C38_B4D8_C080_1472_5E2F_3E52_070A,
    0xB805_3E2B_C231_9E73_CB2D_A552_10A4_443D,
    0xC0CE_85B8_AC52_6640_89DD_62C4_6E92_FA25,
    0xC90F_DAA2_2168_C234_C4C6_628B_80DC_1CD1,
];
/// Where the point of the coefficients is.
const POINT: i32 = 127;
const TERMS: usize = 14;

/// `1 / (2k + 1)`: the power series of `atan(u) / u` in minus the square of `u`.
const COEFFICIENTS: [u128; TERMS] = {
    let mut coefficients = [0; TERMS];
    let mut k = 0;
    while k < TERMS {
        coefficients[k] = (1 << POINT) / (2 * k as u128 + 1);
        k += 1;
    }
    coefficients
};

/// FPATAN: the angle of the point (`x`, `y`); ST(0) is `x` and ST(1) is `y` [SDM 2A, "FPATAN"].
#[must_use]
#[cold]
pub fn fpatan(x: F80, y: F80, control: X87Control) -> Outcome<F80> {
    if let Some(outcome) = reject(x, y, control) {
        return outcome;
    }
    let behind = x.is_negative();
    let infinite = (x.class() == Class::Infinity, y.class() == Class::Infinity);
    unless_denormal(denormal(x, y), control, || {
        let angle = match (infinite, finite(x), finite(y)) {
            ((true, true), ..) => scaled(if behind { THREE_PI } else { PI }, -2),
            ((false, true), ..) => scaled(PI, -1),
            ((true, false), ..) | (_, _, None) if behind => PI,
            ((true, false), ..) | (_, _, None) => {
                return Outcome::exact(F80::ZERO.with_sign(y.is_negative()));
            }
            (_, None, _) => scaled(PI, -1),
            (_, Some(x), Some(y)) => angle(x, y),
        };
        inexact(angle.negated_if(y.is_negative()), control)
    })
}

/// Three times pi.
const THREE_PI: Exact = Exact::constant(3, 0x96CB_E3F9_990E_91A7_9394_C9E8_A0A5_159D);

/// The magnitude of the angle of a point off the axes.
pub(super) fn angle(x: Finite, y: Finite) -> Exact {
    let steep = (y.exponent, y.significand) > (x.exponent, x.significand);
    let base = if steep { first_octant(y, x) } else { first_octant(x, y) };
    // The base is turned back from the y axis, or from the negative x axis.
    let (from, turned) = match (x.negative, steep) {
        (false, false) => return base,
        (false, true) => (scaled(PI, -1), true),
        (true, true) => (scaled(PI, -1), false),
        (true, false) => (PI, true),
    };
    from.wide_add(base.negated_if(turned)).unwrap_or(from)
}

/// atan(y / x) of magnitudes, `y` not above `x`.
fn first_octant(x: Finite, y: Finite) -> Exact {
    let apart = x.exponent - y.exponent;
    if apart > 6 {
        return small(
            Exact { negative: false, ..y.exact() }.wide_div(Exact { negative: false, ..x.exact() }),
        );
    }
    // With c the nearest sixteenth, atan(y / x) is atan(c) + atan((y - cx) / (x + cy)).
    let (x, y) = (i128::from(x.significand) << apart, i128::from(y.significand));
    let sixteenths = (16 * y + x / 2) / x;
    let (top, bottom) = (16 * y - sixteenths * x, 16 * x + sixteenths * y);
    let table = TABLE[sixteenths as usize];
    let base = (table != 0).then(|| Exact::normalised(false, -1, table));
    let rest = (top != 0).then(|| {
        let top = Exact::normalised(top < 0, 0, top.unsigned_abs());
        small(top.wide_div(Exact::normalised(false, 0, bottom.unsigned_abs())))
    });
    match (base, rest) {
        (Some(base), Some(rest)) => base.wide_add(rest).unwrap_or(base),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => unreachable!("a point off the axes"),
    }
}

/// atan of a number up to 1/32.
fn small(u: Exact) -> Exact {
    let square = u.wide_mul(u).fraction();
    // Below its argument, however small that is.
    let factor = alternating(&COEFFICIENTS, square).min((1 << POINT) - 1);
    u.wide_scale(factor, POINT)
}
