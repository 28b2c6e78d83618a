//! Arguments, spread over what the functions find easy and hard.

use super::Function;
use crate::fuzz::random::Random;
use ringzero_float::F80;

const BIAS: i64 = 16383;

/// ST(0) and ST(1) for a function.
pub(super) fn draw(function: Function, random: &mut Random) -> (F80, F80) {
    match function {
        Function::Sin | Function::Cos | Function::Tan => (angle(random), F80::ONE),
        Function::Atan => point(random),
        Function::Exp2MinusOne => (up_to(random, -1), F80::ONE),
        Function::Log2 => (positive(random), factor(random)),
        Function::Log2PlusOne => (near_zero(random), factor(random)),
    }
}

/// A number of the exponent; below the least it is a denormal.
fn number(random: &mut Random, exponent: i64) -> F80 {
    // Few bits are as likely as many.
    let significand = (random.bits() | 1 << 63) & !0 << random.below(64);
    let (significand, biased) = match exponent + BIAS {
        biased if biased > 0 => (significand, biased),
        biased => ((significand >> (1 - biased).min(63)).max(1), 0),
    };
    F80 { significand, sign_exponent: biased as u16 | (random.bits() >> 63 << 15) as u16 }
}

fn between(random: &mut Random, least: i64, greatest: i64) -> i64 {
    least + random.below((greatest - least + 1) as u64) as i64
}

/// A number whose exponent is at most `greatest`.
fn up_to(random: &mut Random, greatest: i64) -> F80 {
    let exponent = match random.below(8) {
        0 => between(random, -16445, -70),
        1..=3 => between(random, -70, greatest),
        _ => between(random, greatest - 5, greatest),
    };
    number(random, exponent)
}

fn angle(random: &mut Random) -> F80 {
    match random.below(8) {
        0..=2 => near_quarter_turns(random),
        3 => {
            let exponent = between(random, 20, 62);
            number(random, exponent)
        }
        4 => {
            let exponent = between(random, -2, 20);
            number(random, exponent)
        }
        _ => up_to(random, 0),
    }
}

/// A multiple of pi/2 and the numbers beside it.
fn near_quarter_turns(random: &mut Random) -> F80 {
    /// Half of the pi of the x87, times 2^65.
    const HALF_PI: u128 = 0x3_243F_6A88_85A3_08D3;
    let bits = random.below(62);
    let turns = u128::from(random.bits() >> (63 - bits) | 1 << bits);
    let product = turns * HALF_PI;
    let shift = product.leading_zeros();
    let near = (product << shift >> 64) as u64;
    let significand = near.wrapping_add(random.below(5)).wrapping_sub(2) | 1 << 63;
    let sign = (random.bits() >> 63 << 15) as u16;
    F80 { significand, sign_exponent: (127 - i64::from(shift) - 65 + BIAS) as u16 | sign }
}

fn point(random: &mut Random) -> (F80, F80) {
    let middle = if random.one_in(8) { between(random, -16445, 16383) } else { between(random, -40, 40) };
    let apart = if random.one_in(4) { between(random, -80, 80) } else { between(random, -8, 8) };
    let other = (middle + apart).clamp(-16445, 16383);
    (number(random, middle), number(random, other))
}

fn positive(random: &mut Random) -> F80 {
    match random.below(4) {
        0 => {
            let exponent = between(random, -16445, 16383);
            number(random, exponent).abs()
        }
        1 => {
            let exponent = between(random, -4, 4);
            number(random, exponent).abs()
        }
        // One and the numbers around it, ever closer.
        kind => {
            let distance = random.bits() >> 1 >> random.below(63) | 1;
            if kind == 2 {
                F80 { significand: 1 << 63 | distance, sign_exponent: BIAS as u16 }
            } else {
                F80 { significand: distance.wrapping_neg() | 1 << 63, sign_exponent: BIAS as u16 - 1 }
            }
        }
    }
}

/// An argument of FYL2XP1: from sqrt(1/2) - 1 to sqrt(2) - 1.
fn near_zero(random: &mut Random) -> F80 {
    let x = up_to(random, -2);
    let bound = if x.is_negative() { 0x95F6_1980_0C43_3749 } else { 0xD413_CCCF_E779_9211 };
    if x.sign_exponent & 0x7FFF == 0x3FFD { F80 { significand: x.significand.min(bound), ..x } } else { x }
}

/// A factor that leaves the product in range.
fn factor(random: &mut Random) -> F80 {
    let exponent = if random.one_in(8) { between(random, -16445, 16300) } else { between(random, -64, 64) };
    number(random, exponent)
}
