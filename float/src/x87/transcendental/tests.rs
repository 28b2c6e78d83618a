//! The short ways against the functions in full.

use super::{SinCos, full, quick};
use crate::testing::Random;
use crate::x87::fsincos;
use crate::{F80, Outcome, X87Control};

const CASES: u32 = 150_000;

/// A number whose exponent is from `least` up to `greatest`.
fn number(random: &mut Random, least: i32, greatest: i32) -> F80 {
    let exponent = least + random.below((greatest - least + 1) as u64) as i32;
    let significand = match random.below(8) {
        0..=3 => random.bits() | 1 << 63,
        4 => 1 << 63 | 1 << random.below(64),
        5 => !0 << random.below(64),
        6 => !(random.bits() & 0xFF),
        _ => random.significand(),
    };
    F80 { significand, sign_exponent: (exponent + 0x3FFF) as u16 }.with_sign(random.below(2) == 0)
}

/// Any encoding, numbers near the bounds of the format, and most often numbers of exponents near zero.
fn any(random: &mut Random, least: i32, greatest: i32) -> F80 {
    match random.below(16) {
        0 => random.extended(),
        1 => number(random, -80, 80),
        2 => number(random, -16382, 16383),
        _ => number(random, least, greatest),
    }
}

/// Near a multiple of a power of two or of a quarter turn: near the middle between two entries of a table, or at one.
fn near(random: &mut Random, unit: F80) -> F80 {
    let bits = random.below(12);
    let multiple = (1 + random.below(1 << bits)) as i32;
    let control = X87Control::INITIAL;
    let value = crate::x87::mul(crate::x87::from_i32(multiple), unit, control).value;
    let off = random.below(64) >> random.below(7);
    F80 { significand: value.significand.wrapping_add(off).wrapping_sub(3) | 1 << 63, ..value }
}

const QUARTER: F80 = F80 { significand: 0xC90F_DAA2_2168_C235, sign_exponent: 0x3FFF };
const fn power(exponent: i16) -> F80 {
    F80 { significand: 1 << 63, sign_exponent: (0x3FFF + exponent) as u16 }
}

fn angle(random: &mut Random) -> F80 {
    match random.below(8) {
        0 => near(random, QUARTER),
        1 => near(random, power(-8)),
        2 => near(random, F80 { sign_exponent: QUARTER.sign_exponent - 1, ..QUARTER }),
        3 => any(random, 0, 63),
        _ => any(random, -12, 6),
    }
}

/// Compares where a short way gives something, which it must do for `percent` of the cases.
fn same<T: PartialEq + std::fmt::Debug, X: std::fmt::Debug + Copy>(
    percent: u32,
    mut draw: impl FnMut(&mut Random) -> X,
    quick: impl Fn(X, X87Control) -> Option<Outcome<T>>,
    full: impl Fn(X, X87Control) -> Outcome<T>,
) {
    let mut random = Random::new();
    let mut taken = 0;
    for _ in 0..CASES {
        let x = draw(&mut random);
        // Any rounding and precision, and mostly no exception unmasked.
        let masks = if random.below(4) == 0 { random.bits() as u16 & 0x3F } else { 0x3F };
        let control = X87Control(random.bits() as u16 & 0x0F00 | masks);
        if let Some(outcome) = quick(x, control) {
            assert_eq!(outcome, full(x, control), "{x:x?} {control:x?}");
            taken += 1;
        }
    }
    assert!(taken > CASES / 100 * percent, "{taken} of {CASES}");
}

#[test]
fn quick_sines_and_cosines_are_those_in_full() {
    same(60, angle, quick::fsin, full::fsin);
    same(60, angle, quick::fcos, full::fcos);
    same(60, angle, quick::fsincos, full::fsincos);
}

#[test]
fn quick_tangents_are_those_in_full() {
    same(60, angle, quick::fptan, full::fptan);
    let tangent = quick::fptan(power(-1), X87Control::INITIAL).map(|outcome| outcome.value.one);
    assert_eq!(tangent, Some(F80::ONE));
}

#[test]
fn quick_arc_tangents_are_those_in_full() {
    let draw = |random: &mut Random| {
        let x = any(random, -4, 4);
        // Exponents apart, on a line through an entry of the table or between two, or on the same line all but.
        let y = match random.below(4) {
            0 => {
                let ratio = near(random, power(-8));
                crate::x87::mul(x, ratio, X87Control::INITIAL).value
            }
            1 => F80 { significand: x.significand.wrapping_add(random.below(5)).wrapping_sub(2), ..x },
            _ => any(random, -16, 16),
        };
        if random.below(2) == 0 { (x, y) } else { (y, x) }
    };
    same(
        60,
        draw,
        |(x, y), control| quick::fpatan(x, y, control),
        |(x, y), control| full::fpatan(x, y, control),
    );
}

#[test]
fn quick_powers_are_those_in_full() {
    let draw = |random: &mut Random| match random.below(4) {
        0 => near(random, power(-12)).with_sign(random.below(2) == 0),
        _ => any(random, -14, -1),
    };
    same(60, draw, quick::f2xm1, full::f2xm1);
}

/// Any number and a factor.
fn factor(random: &mut Random, x: F80) -> (F80, F80) {
    let y = if random.below(4) == 0 { F80::ONE } else { any(random, -60, 60) };
    (x, y)
}

#[test]
fn quick_logarithms_are_those_in_full() {
    let draw = |random: &mut Random| {
        let x = match random.below(6) {
            0 => near(random, power(-9)),
            1 => F80 { significand: 1 << 63 | random.bits() >> random.below(64), ..F80::ONE },
            2 => F80 { significand: !(random.bits() >> 1 >> random.below(63)), sign_exponent: 0x3FFE },
            3 => any(random, -16382, 16383).abs(),
            _ => any(random, -2, 2).abs(),
        };
        factor(random, x)
    };
    same(
        60,
        draw,
        |(x, y), control| quick::fyl2x(x, y, control),
        |(x, y), control| full::fyl2x(x, y, control),
    );
}

#[test]
fn quick_logarithms_of_one_more_are_those_in_full() {
    let draw = |random: &mut Random| {
        let x = match random.below(4) {
            0 => near(random, power(-12)).with_sign(random.below(2) == 0),
            1 => any(random, -64, -2),
            _ => any(random, -12, -2),
        };
        factor(random, x)
    };
    same(
        50,
        draw,
        |(x, y), control| quick::fyl2xp1(x, y, control),
        |(x, y), control| full::fyl2xp1(x, y, control),
    );
}

#[test]
fn what_is_in_doubt_is_computed_in_full() {
    // The sine of a small number lies all but at the number below it.
    let x = power(-40);
    assert_eq!(quick::fsincos(x, X87Control::INITIAL), None);
    let SinCos { sin, cos } = fsincos(x, X87Control::INITIAL).value;
    assert_eq!((sin, cos), (x, F80::ONE));
}
