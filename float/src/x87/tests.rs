//! The x87 against exact arithmetic on integers, against the host where precision control makes them comparable, and
//! against the manual.

use super::*;
use crate::Rounding;
use crate::f80::{INTEGER_BIT, QUIET_BIT};
use crate::testing::Random;

const CONTROL: X87Control = X87Control::INITIAL;
const CASES: u32 = 200_000;
const LEAST_NORMAL: F80 = F80 { significand: INTEGER_BIT, sign_exponent: 1 };
const GREATEST: F80 = F80 { significand: !0, sign_exponent: 0x7FFE };
const DENORMAL: F80 = F80 { significand: 1, sign_exponent: 0 };
const UNNORMAL: F80 = F80 { significand: 1, sign_exponent: 0x3FFF };

fn nan(significand: u64, negative: bool) -> F80 {
    F80 { significand: INTEGER_BIT | significand, sign_exponent: 0x7FFF }.with_sign(negative)
}

fn rounding(rounding: Rounding) -> X87Control {
    X87Control(CONTROL.0 | (rounding as u16) << 10)
}

fn without_mask(exceptions: Exceptions) -> X87Control {
    X87Control(CONTROL.0 & !u16::from(exceptions.0))
}

fn half(exponent_below: u16) -> F80 {
    F80 { significand: INTEGER_BIT, sign_exponent: 0x3FFF - exponent_below }
}

#[test]
fn at_53_bits_arithmetic_agrees_with_the_host() {
    let control = X87Control(0x027F);
    let mut random = Random::new();
    for _ in 0..CASES {
        let (a, b) = (random.double(), random.double());
        let (x, y) = (f64::from_bits(a), f64::from_bits(b));
        let (p, q) = (from_f64(a, control).value, from_f64(b, control).value);
        let cases = [
            (add(p, q, control), x + y),
            (sub(p, q, control), x - y),
            (mul(p, q, control), x * y),
            (div(p, q, control), x / y),
            (sqrt(p, control), x.sqrt()),
        ];
        for (ours, host) in cases {
            // Out of the range of double precision the host rounds elsewhere.
            if host.is_normal() && host.abs() < f64::MAX && host.abs() > f64::MIN_POSITIVE {
                assert_eq!(ours.value, from_f64(host.to_bits(), control).value, "{x:e} {y:e}");
            }
        }
    }
}

#[test]
fn a_truncated_quotient_is_the_largest_whose_product_fits() {
    let mut random = Random::new();
    let one = |significand| F80 { significand, sign_exponent: 0x3FFF };
    for _ in 0..CASES {
        let (a, b) = (random.significand(), random.significand());
        let outcome = div(one(a), one(b), rounding(Rounding::Zero));
        let quotient = u128::from(outcome.value.significand);
        let dividend = u128::from(a) << (63 + u32::from(a < b));
        let product = quotient * u128::from(b);
        assert!(product <= dividend && dividend - product < u128::from(b), "{a:x} / {b:x}");
        assert_eq!(outcome.exceptions == Exceptions::PRECISION, product != dividend);
    }
}

#[test]
fn a_product_is_rounded_to_the_nearest() {
    let mut random = Random::new();
    let one = |significand| F80 { significand, sign_exponent: 0x3FFF };
    for _ in 0..CASES {
        let (a, b) = (random.significand(), random.significand());
        let product = u128::from(a) * u128::from(b);
        let value = mul(one(a), one(b), CONTROL).value;
        let scale = 63 + u32::from(value.sign_exponent - 0x3FFF);
        let error = (u128::from(value.significand) << scale).wrapping_sub(product) as i128;
        assert!(error.unsigned_abs() <= 1 << (scale - 1), "{a:x} * {b:x}");
    }
}

#[test]
fn a_truncated_root_is_the_largest_whose_square_fits() {
    let mut random = Random::new();
    for _ in 0..CASES {
        let significand = random.significand();
        let odd = random.below(2) as u16;
        let x = F80 { significand, sign_exponent: 0x3FFF + odd };
        let root = u128::from(sqrt(x, rounding(Rounding::Zero)).value.significand);
        let square = u128::from(significand) << (63 + odd);
        assert!(root * root <= square && square - root * root <= 2 * root, "{significand:x}");
    }
}

#[test]
fn a_sum_and_a_difference_undo_each_other_when_exact() {
    let mut random = Random::new();
    for _ in 0..CASES {
        let (a, b) =
            (random.bits() as i64 >> random.below(60) >> 2, random.bits() as i64 >> random.below(60) >> 2);
        let sum = add(from_i64(a), from_i64(b), CONTROL);
        assert_eq!(sum.value, from_i64(a + b));
        assert_eq!(sub(sum.value, from_i64(b), CONTROL).value, from_i64(a));
    }
}

#[test]
fn the_nan_with_the_larger_significand_is_the_result() {
    let (small, large) = (nan(QUIET_BIT | 1, false), nan(QUIET_BIT | 2, true));
    assert_eq!(add(small, large, CONTROL), Outcome::exact(large));
    assert_eq!(add(large, small, CONTROL), Outcome::exact(large));
    assert_eq!(add(small, small.negated(), CONTROL).value, small);
}

#[test]
fn a_signalling_nan_gives_way_to_a_quiet_one() {
    let (quiet, signalling) = (nan(QUIET_BIT | 1, false), nan(0xFF, false));
    let outcome = mul(signalling, quiet, CONTROL);
    assert_eq!((outcome.value, outcome.exceptions), (quiet, Exceptions::INVALID));
    assert_eq!(mul(signalling, F80::ONE, CONTROL).value, nan(QUIET_BIT | 0xFF, false));
}

#[test]
fn an_unsupported_operand_is_invalid_even_beside_a_nan() {
    let outcome = add(UNNORMAL, nan(QUIET_BIT, false), CONTROL);
    assert_eq!((outcome.value, outcome.exceptions), (F80::INDEFINITE, Exceptions::INVALID));
    assert!(!add(UNNORMAL, F80::ONE, without_mask(Exceptions::INVALID)).store);
}

#[test]
fn a_pseudo_denormal_has_the_value_of_the_least_normal() {
    let pseudo = F80 { sign_exponent: 0, ..LEAST_NORMAL };
    let outcome = add(pseudo, F80::ZERO, CONTROL);
    assert_eq!((outcome.value, outcome.exceptions), (LEAST_NORMAL, Exceptions::DENORMAL));
    assert_eq!(compare(pseudo, LEAST_NORMAL, CONTROL).value, Relation::Equal);
}

#[test]
fn an_unmasked_denormal_stops_before_the_result() {
    let outcome = div(DENORMAL, from_i32(3), without_mask(Exceptions::DENORMAL));
    assert_eq!((outcome.store, outcome.exceptions), (false, Exceptions::DENORMAL));
}

#[test]
fn zero_divide_comes_before_denormal() {
    let outcome = div(DENORMAL, F80::ZERO, CONTROL);
    assert_eq!((outcome.value, outcome.exceptions), (F80::INFINITY, Exceptions::ZERO_DIVIDE));
}

#[test]
fn unmasked_overflow_leaves_the_exponent_wrapped() {
    let two = from_i32(2);
    let outcome = mul(GREATEST, two, without_mask(Exceptions::OVERFLOW));
    assert_eq!((outcome.exceptions, outcome.store), (Exceptions::OVERFLOW, true));
    assert_eq!(outcome.value, F80 { significand: !0, sign_exponent: (0x7FFF - 24576) as u16 });
}

#[test]
fn unmasked_underflow_needs_no_inexactness() {
    let masked = mul(LEAST_NORMAL, half(1), CONTROL);
    assert_eq!(
        (masked.value, masked.exceptions),
        (F80 { significand: 1 << 62, sign_exponent: 0 }, Exceptions::NONE)
    );
    let unmasked = mul(LEAST_NORMAL, half(1), without_mask(Exceptions::UNDERFLOW));
    assert_eq!(unmasked.exceptions, Exceptions::UNDERFLOW);
    assert_eq!(unmasked.value, F80 { significand: INTEGER_BIT, sign_exponent: 24576 });
}

#[test]
fn tininess_is_found_after_rounding() {
    // Below the least normal by less than half a unit of unbounded exponents.
    let below_one = F80 { significand: !0, sign_exponent: 0x3FFE };
    let above_least = F80 { significand: INTEGER_BIT | 1, ..LEAST_NORMAL };
    let outcome = mul(above_least, below_one, CONTROL);
    assert_eq!((outcome.value, outcome.exceptions), (LEAST_NORMAL, Exceptions::PRECISION));
}

#[test]
fn precision_control_does_not_narrow_exponents() {
    let control = X87Control(0x007F);
    assert_eq!(mul(GREATEST, half(1), control).value.sign_exponent, 0x7FFE);
    assert_eq!(div(F80::ONE, from_i32(3), control).value.significand, 0xAAAA_AB00_0000_0000);
}

#[test]
fn a_difference_of_equals_is_minus_zero_only_when_rounding_down() {
    assert_eq!(sub(F80::ONE, F80::ONE, CONTROL).value, F80::ZERO);
    assert_eq!(sub(F80::ONE, F80::ONE, rounding(Rounding::Down)).value, F80::ZERO.negated());
}

#[test]
fn stores_out_of_range_store_nothing_when_unmasked() {
    let outcome = to_f32(GREATEST, without_mask(Exceptions::OVERFLOW));
    assert_eq!((outcome.store, outcome.exceptions), (false, Exceptions::OVERFLOW));
    let outcome = to_f64(DENORMAL, without_mask(Exceptions::UNDERFLOW));
    assert_eq!((outcome.store, outcome.exceptions), (false, Exceptions::UNDERFLOW));
}

#[test]
fn loads_and_stores_keep_every_double() {
    let mut random = Random::new();
    for _ in 0..CASES {
        let bits = random.double();
        let loaded = from_f64(bits, CONTROL);
        assert_eq!(loaded.exceptions == Exceptions::DENORMAL, f64::from_bits(bits).is_subnormal());
        if !f64::from_bits(bits).is_nan() {
            assert_eq!(to_f64(loaded.value, CONTROL), Outcome::exact(bits));
        }
    }
}

#[test]
fn integers_round_by_rc_and_not_when_truncated() {
    let x = div(from_i32(-5), from_i32(2), CONTROL).value;
    let stored = |r| to_i16(x, rounding(r)).value;
    assert_eq!(
        [Rounding::Nearest, Rounding::Down, Rounding::Up, Rounding::Zero].map(stored),
        [-2, -3, -2, -2]
    );
    assert_eq!(to_i16_truncated(x, rounding(Rounding::Down)).value, -2);
}

#[test]
fn the_least_integer_is_in_range_and_its_negative_is_not() {
    let least = from_i64(i64::MIN);
    assert_eq!(to_i64(least, CONTROL), Outcome::exact(i64::MIN));
    assert_eq!(to_i64(least.negated(), CONTROL).exceptions, Exceptions::INVALID);
    assert_eq!(to_i32(from_i64(1 << 31), CONTROL).value, i32::MIN);
}

#[test]
fn packed_bcd_keeps_18_digits() {
    let digits = from_i64(-987_654_321_012_345_678);
    let bytes = to_bcd(digits, CONTROL).value;
    assert_eq!(bytes, [0x78, 0x56, 0x34, 0x12, 0x10, 0x32, 0x54, 0x76, 0x98, 0x80]);
    assert_eq!(from_bcd(bytes), digits);
    assert_eq!(to_bcd(from_i64(1_000_000_000_000_000_000), CONTROL).exceptions, Exceptions::INVALID);
}

#[test]
fn a_partial_remainder_takes_from_32_to_63_bits() {
    let x = F80 { significand: INTEGER_BIT | 0x1234_5678, sign_exponent: 0x3FFF + 100 };
    let mut outcome = rem(x, from_i32(3), CONTROL);
    assert!(outcome.incomplete && outcome.value.quotient == Some(0));
    while outcome.incomplete {
        outcome = rem(outcome.value.value, from_i32(3), CONTROL);
    }
    let expected = (u128::from(x.significand) << 37) % 3;
    assert_eq!(outcome.value.value, from_i64(expected as i64));
}

#[test]
fn remainders_of_integers_are_those_of_integers() {
    let mut random = Random::new();
    for _ in 0..CASES {
        let (a, b) = (random.bits() as i64 >> random.below(60), random.bits() as i64 >> random.below(60) | 1);
        let outcome = rem(from_i64(a), from_i64(b), CONTROL);
        let quotient = (i128::from(a) / i128::from(b)).unsigned_abs() as u8 & 7;
        assert_eq!(outcome.value.quotient, Some(quotient), "{a} {b}");
        assert_eq!(
            to_i64(outcome.value.value, CONTROL),
            Outcome::exact((i128::from(a) % i128::from(b)) as i64)
        );
    }
}

#[test]
fn the_nearest_quotient_is_even_when_half_way() {
    let outcome = rem1(from_i32(6), from_i32(4), CONTROL);
    assert_eq!(outcome.value, Remainder { value: from_i32(-2), quotient: Some(2) });
    let outcome = rem1(from_i32(2), from_i32(4), CONTROL);
    assert_eq!(outcome.value, Remainder { value: from_i32(2), quotient: Some(0) });
}

#[test]
fn extract_and_scale_undo_each_other() {
    let x = F80 { significand: 0xC0DE_0000_0000_0001, sign_exponent: 0x8123 };
    let parts = extract(x, CONTROL).value;
    assert_eq!(parts.exponent, from_i32(0x123 - 0x3FFF));
    assert_eq!(scale(parts.significand, parts.exponent, CONTROL), Outcome::exact(x));
}

#[test]
fn constants_round_by_rc() {
    let pi = |r| constant(Constant::Pi, rounding(r)).significand & 0xFF;
    assert_eq!([pi(Rounding::Nearest), pi(Rounding::Up), pi(Rounding::Down)], [0x35, 0x35, 0x34]);
}

#[test]
fn an_angle_from_2_to_63_is_left_alone() {
    let x = F80 { significand: INTEGER_BIT, sign_exponent: 0x3FFF + 63 };
    let outcome = fsin(x, CONTROL);
    assert!(outcome.incomplete && !outcome.store);
    assert!(!fsin(F80 { sign_exponent: x.sign_exponent - 1, ..x }, CONTROL).incomplete);
}

#[test]
fn tiny_arguments_are_their_own_sine() {
    let tiny = F80 { significand: 0xC000_0000_0000_0000, sign_exponent: 0x2000 };
    assert_eq!(fsin(tiny, CONTROL).value, tiny);
    let down = fsin(tiny, rounding(Rounding::Zero)).value;
    assert_eq!(down.significand, tiny.significand - 1);
}

#[test]
fn angles_on_the_axes_have_their_signs() {
    let minus_zero = F80::ZERO.negated();
    let pi = constant(Constant::Pi, CONTROL);
    assert_eq!(fpatan(F80::ONE, minus_zero, CONTROL).value, minus_zero);
    assert_eq!(fpatan(minus_zero, minus_zero, CONTROL).value, pi.negated());
    assert_eq!(fpatan(F80::INFINITY.negated(), F80::ONE, CONTROL).value, pi);
}

#[test]
fn logarithms_of_powers_of_two_are_exact() {
    let outcome = fyl2x(half(10), from_i32(3), CONTROL);
    assert_eq!(outcome, Outcome::exact(from_i32(-30)));
    assert_eq!(fyl2x(F80::ZERO, F80::ONE, CONTROL).exceptions, Exceptions::ZERO_DIVIDE);
}

#[test]
fn no_operand_and_no_control_word_panics() {
    let mut random = Random::new();
    for _ in 0..CASES {
        let control = X87Control(random.bits() as u16);
        let [a, b] = [0; 2].map(|_| random.extended());
        for operation in [add, sub, mul, div, scale, fyl2x, fyl2xp1, fpatan] {
            let _ = operation(a, b, control);
        }
        for operation in [sqrt, round_to_integer, f2xm1, fsin, fcos] {
            let _ = operation(a, control);
        }
        let _ = (rem(a, b, control), rem1(a, b, control), compare(a, b, control), extract(a, control));
        let _ = (fptan(a, control), fsincos(a, control), to_f32(a, control), to_f64(a, control));
        let _ = (to_i16(a, control), to_i32(a, control), to_i64(a, control), to_bcd(a, control));
    }
}
