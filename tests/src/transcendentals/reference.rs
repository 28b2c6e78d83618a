//! The true values, to 192 bits and more.

use super::Function;
use astro_float::{BigFloat, Consts, RoundingMode, Sign};
use ringzero_float::F80;

/// Bits of the computation.
const PRECISION: usize = 320;
const ROUNDING: RoundingMode = RoundingMode::ToEven;
/// Below two to this, three terms of a series give more than 190 bits.
const SMALL: i32 = -64;
/// The exponent of the least normal, and bits after its first.
const LEAST: i32 = -16382;
const BITS: i32 = 63;

/// What the reference keeps between arguments.
pub(super) struct Reference {
    constants: Consts,
    ln_2: BigFloat,
    pi: BigFloat,
    /// Half of the pi of the x87, which the reduction of angles is defined by.
    half_pi: BigFloat,
}

impl Reference {
    pub(super) fn new() -> Self {
        let mut constants = Consts::new().expect("memory for constants");
        let ln_2 = constants.ln_2(PRECISION, ROUNDING);
        let pi = constants.pi(PRECISION, ROUNDING);
        let high = power_of_two(&integer(0x3_243F_6A88), 32);
        let half_pi = power_of_two(&add(&high, &integer(0x85A3_08D3)), -65);
        Self { constants, ln_2, pi, half_pi }
    }

    /// The error of a result in units of its last place.
    pub(super) fn error(&mut self, function: Function, x: F80, y: F80, result: F80) -> f64 {
        if result.sign_exponent & 0x7FFF == 0x7FFF {
            return f64::NAN;
        }
        let (x, y) = (number(x), number(y));
        let truth = match function {
            Function::Sin => self.sin(&x, 0),
            Function::Cos => self.sin(&x, 1),
            Function::Tan => div(&self.sin(&x, 0), &self.sin(&x, 1)),
            Function::Atan => self.atan(&x, &y),
            Function::Exp2MinusOne => self.exp2_minus_one(&x),
            Function::Log2 => mul(&y, &x.log2(PRECISION, ROUNDING, &mut self.constants)),
            Function::Log2PlusOne => mul(&y, &self.log2_plus_one(&x)),
        };
        let difference = number(result).sub(&truth, PRECISION, ROUNDING);
        to_f64(&power_of_two(&difference, BITS - exponent(&truth).max(LEAST)))
    }

    /// The sine of `x` and `quarters` quarter turns, reduced with the pi of the x87.
    fn sin(&mut self, x: &BigFloat, quarters: i32) -> BigFloat {
        let half = power_of_two(&integer(1), -1);
        let turns = add(&div(x, &self.half_pi), &half).floor();
        let rest = x.sub(&mul(&turns, &self.half_pi), PRECISION, ROUNDING);
        let quarters = (low_bits(&turns) + quarters) & 3;
        let value = match (quarters & 1, exponent(&rest) < SMALL) {
            (0, false) => rest.sin(PRECISION, ROUNDING, &mut self.constants),
            (0, true) => odd_series(&rest, -6),
            _ => rest.cos(PRECISION, ROUNDING, &mut self.constants),
        };
        if quarters & 2 == 0 { value } else { value.neg() }
    }

    fn atan(&mut self, x: &BigFloat, y: &BigFloat) -> BigFloat {
        let ratio = div(y, x);
        let angle = if exponent(&ratio) < SMALL {
            odd_series(&ratio, -3)
        } else {
            ratio.atan(PRECISION, ROUNDING, &mut self.constants)
        };
        match (x.is_negative(), y.is_negative()) {
            (false, _) => angle,
            (true, false) => add(&angle, &self.pi),
            (true, true) => angle.sub(&self.pi, PRECISION, ROUNDING),
        }
    }

    fn exp2_minus_one(&mut self, x: &BigFloat) -> BigFloat {
        let y = mul(x, &self.ln_2);
        if exponent(&y) < SMALL {
            let (square, cube) = (mul(&y, &y), mul(&mul(&y, &y), &y));
            return add(&add(&y, &power_of_two(&square, -1)), &div(&cube, &integer(6)));
        }
        let power = y.exp(PRECISION, ROUNDING, &mut self.constants);
        power.sub(&integer(1), PRECISION, ROUNDING)
    }

    fn log2_plus_one(&mut self, x: &BigFloat) -> BigFloat {
        if exponent(x) < SMALL {
            let (square, cube) = (mul(x, x), mul(&mul(x, x), x));
            let sum = x.sub(&power_of_two(&square, -1), PRECISION, ROUNDING);
            return div(&add(&sum, &div(&cube, &integer(3))), &self.ln_2);
        }
        add(x, &integer(1)).log2(PRECISION, ROUNDING, &mut self.constants)
    }
}

/// `x + x^3 / divisor`.
fn odd_series(x: &BigFloat, divisor: i64) -> BigFloat {
    add(x, &div(&mul(&mul(x, x), x), &BigFloat::from_i64(divisor, PRECISION)))
}

fn integer(value: u64) -> BigFloat {
    BigFloat::from_u64(value, PRECISION)
}

fn add(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.add(b, PRECISION, ROUNDING)
}

fn mul(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.mul(b, PRECISION, ROUNDING)
}

fn div(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.div(b, PRECISION, ROUNDING)
}

/// `x * 2^n`.
fn power_of_two(x: &BigFloat, n: i32) -> BigFloat {
    let mut x = x.clone();
    if let Some(exponent) = x.exponent().filter(|_| !x.is_zero()) {
        x.set_exponent(exponent + n);
    }
    x
}

/// The exponent of the leading bit; of zero, a very low one.
fn exponent(x: &BigFloat) -> i32 {
    x.exponent().filter(|_| !x.is_zero()).map_or(i32::MIN / 2, |exponent| exponent - 1)
}

fn number(x: F80) -> BigFloat {
    let biased = i32::from(x.sign_exponent & 0x7FFF).max(1);
    let mut value = power_of_two(&integer(x.significand), biased - 16383 - BITS);
    if x.is_negative() {
        value.set_sign(Sign::Neg);
    }
    value
}

/// The magnitude in double precision.
fn to_f64(x: &BigFloat) -> f64 {
    // The exponent counts from above the leading digit; below it lie as many bits as the digits have.
    let digits = x.mantissa_digits().unwrap_or_default();
    let mantissa = digits.iter().fold(0.0, |sum, &digit| (sum + digit as f64) / 2f64.powi(DIGIT));
    mantissa * 2f64.powi(x.exponent().unwrap_or(0).clamp(-1000, 1000))
}

/// Bits of a digit of the mantissa: the host's.
const DIGIT: i32 = usize::BITS as i32;

/// The two low bits of an integer.
fn low_bits(x: &BigFloat) -> i32 {
    let quarter = power_of_two(x, -2);
    let rest = power_of_two(&quarter.sub(&quarter.floor(), PRECISION, ROUNDING), 2);
    to_f64(&rest) as i32
}
