//! The short ways against the general ones.

use super::*;
use crate::sse;
use crate::testing::Random;
use crate::x87::Relation;

const CASES: u32 = 300_000;

/// An MXCSR under which rounding raises nothing; all else is any.
fn sticky(random: &mut Random) -> Mxcsr {
    let mxcsr = Mxcsr(random.bits() as u32 & 0xFFFF & !ROUNDING | PRECISION_MASK | PRECISION);
    assert!(raises_nothing(mxcsr));
    mxcsr
}

/// What a short way gives is what the general one gives, and raises nothing that is not set.
fn same<T: PartialEq + std::fmt::Debug>(short: (T, bool), general: (T, Exceptions), of: &str) -> u32 {
    if !short.1 {
        return 0;
    }
    assert!(general.1.without(Exceptions::PRECISION).is_empty(), "{of}: {general:x?}");
    assert_eq!(short.0, general.0, "{of}");
    1
}

fn exact<T: PartialEq + std::fmt::Debug>(short: (T, bool), general: (T, Exceptions), of: &str) -> u32 {
    assert!(!short.1 || general.1.is_empty(), "{of}: {general:x?}");
    same(short, general, of)
}

/// Operands at which results leave the range, are tiny or lie half-way.
fn edge<F: Format>(random: &mut Random) -> F::Bits {
    let fraction_bits = F::PRECISION - 1;
    let mask = (1u64 << fraction_bits) - 1;
    let fraction = match random.below(8) {
        0 => 0,
        1 => mask,
        2 => 1 << random.below(fraction_bits.into()),
        3 => mask ^ 1 << random.below(fraction_bits.into()),
        4 => random.bits() & 3,
        5 => random.bits() << random.below(fraction_bits.into()),
        _ => random.bits(),
    };
    let most = F::EXPONENT_MAX as u64;
    let exponent = match random.below(10) {
        0 => [0, 1, 2, 3, most - 2, most - 1, most][random.below(7) as usize],
        1 => random.below(most + 1),
        2 => (most / 4).wrapping_add(random.below(4)),
        3 => most / 4 * 3 - 2 + random.below(4),
        4 => most / 2 + random.below(64),
        5 => most / 2 - F::PRECISION as u64 + random.below(4),
        6 => random.below(F::PRECISION as u64 + 4),
        7 => most / 2 + F::GREATEST as u64 / 2 - random.below(3),
        _ => most / 2 - 4 + random.below(8),
    };
    let fraction = if exponent == 0 && random.below(2) == 0 { 0 } else { fraction & mask };
    F::from_u64(
        random.below(2) << (fraction_bits + F::EXPONENT_BITS) | (exponent & most) << fraction_bits | fraction,
    )
}

fn arithmetic<F: Host>() {
    let mut random = Random::new();
    let mut taken = 0;
    for _ in 0..CASES {
        let mxcsr = sticky(&mut random);
        let (a, b) = (edge::<F>(&mut random), edge::<F>(&mut random));
        let of = format!("{a:x?} {b:x?} {mxcsr:x?}");
        taken += same(F::add(a, b), sse::add::<F>(a, b, mxcsr), &of);
        taken += same(F::sub(a, b), sse::sub::<F>(a, b, mxcsr), &of);
        taken += same(F::mul(a, b), sse::mul::<F>(a, b, mxcsr), &of);
        taken += same(F::div(a, b), sse::div::<F>(a, b, mxcsr), &of);
        taken += same(F::sqrt(a), sse::sqrt::<F>(a, mxcsr), &of);
        taken += same(F::to_i32_truncated(a), sse::to_i32_truncated::<F>(a, mxcsr), &of);
    }
    assert!(taken > 3 * CASES, "{taken}");
}

/// A value among ones.
trait Lanes: Host {
    fn lanes() -> usize {
        128 / (Self::PRECISION + Self::EXPONENT_BITS) as usize
    }
    fn in_lane(bits: Self::Bits, lane: usize) -> [u8; 16] {
        let width = 16 / Self::lanes();
        let one = (Self::GREATEST as u64) << (Self::PRECISION - 1);
        let mut value = [0; 16];
        for n in 0..Self::lanes() {
            let bits: u64 = if n == lane { bits.into() } else { one };
            value[width * n..width * n + width].copy_from_slice(&bits.to_le_bytes()[..width]);
        }
        value
    }
}

impl<F: Host> Lanes for F {}

/// The quick test never says more than the full ones.
fn ordinary<F: Host>() {
    let mut random = Random::new();
    let mut taken = 0;
    for _ in 0..CASES {
        let (a, b) = (edge::<F>(&mut random), edge::<F>(&mut random));
        for (result, usable) in [F::add(a, b), F::sub(a, b), F::mul(a, b), F::div(a, b)] {
            let least = F::twice(a).min(F::twice(b)).min(F::twice(result));
            let ordinary = F::is_ordinary(least, F::twice(result));
            assert!(usable || !ordinary, "{a:x?} {b:x?} {result:x?}");
            for lane in 0..F::lanes() {
                // The others are ordinary.
                let [a, b, result] = [a, b, result].map(|bits| F::in_lane(bits, lane));
                assert_eq!(F::are_ordinary(a, b, result), ordinary, "{a:x?} {b:x?} {result:x?}");
            }
            taken += u32::from(ordinary);
        }
        let (root, usable) = F::sqrt(a);
        assert!(usable || !F::is_ordinary(F::twice(a).min(F::twice(root)), F::twice(root)), "{a:x?}");
    }
    assert!(taken > 2 * CASES, "{taken}");
}

#[test]
fn what_is_ordinary_is_usable() {
    ordinary::<Double>();
    ordinary::<Single>();
}

fn comparison<F: Host>() {
    let mut random = Random::new();
    let mut taken = 0;
    for _ in 0..CASES {
        let mxcsr = Mxcsr(random.bits() as u32 & 0xFFFF);
        let (a, b) = (edge::<F>(&mut random), edge::<F>(&mut random));
        let b = if random.below(4) == 0 { a } else { b };
        let of = format!("{a:x?} {b:x?} {mxcsr:x?}");
        taken += exact(F::min(a, b), sse::min::<F>(a, b, mxcsr), &of);
        taken += exact(F::max(a, b), sse::max::<F>(a, b, mxcsr), &of);
        let predicate = random.below(8) as u8;
        taken += exact(F::compare(a, b, predicate), sse::compare::<F>(a, b, predicate, mxcsr), &of);
        let ((less, equal), usable) = F::relate(a, b);
        let relation = if less {
            Relation::Less
        } else if equal {
            Relation::Equal
        } else {
            Relation::Greater
        };
        taken += exact((relation, usable), sse::comi::<F>(a, b, mxcsr), &of);
        taken += exact((relation, usable), sse::ucomi::<F>(a, b, mxcsr), &of);
    }
    assert!(taken > 2 * CASES, "{taken}");
}

#[test]
fn arithmetic_in_double_precision_is_the_integer_code() {
    arithmetic::<Double>();
}

#[test]
fn arithmetic_in_single_precision_is_the_integer_code() {
    arithmetic::<Single>();
}

#[test]
fn comparisons_are_the_integer_code() {
    comparison::<Double>();
    comparison::<Single>();
}

#[test]
fn conversions_are_the_integer_code() {
    let mut random = Random::new();
    for _ in 0..CASES {
        let mxcsr = sticky(&mut random);
        let (x, y) = (edge::<Double>(&mut random), edge::<Single>(&mut random));
        same(narrow(x), sse::narrow(x, mxcsr), &format!("{x:x}"));
        // Near the bounds of single precision.
        let near = x & !(0x7FF << 52) | (1023 - 130 + random.below(260)) << 52;
        same(narrow(near), sse::narrow(near, mxcsr), &format!("{near:x}"));
        exact(widen(y), sse::widen(y, mxcsr), &format!("{y:x}"));
        let n = (random.bits() as i32) >> random.below(32);
        exact(<Double as Host>::from_i32(n), sse::from_i32::<Double>(n, Mxcsr(random.bits() as u32)), "i32");
        same(<Single as Host>::from_i32(n), sse::from_i32::<Single>(n, mxcsr), "i32");
    }
}

#[test]
fn what_only_rounding_makes_a_normal_is_left_alone() {
    // Just below the least normal: tiny, as x86 finds it after rounding.
    let least = 1u64 << 52;
    let below_one = 0x3FEF_FFFF_FFFF_FFFF;
    assert!(!<Double as Host>::mul(least, below_one).1);
    assert!(!<Double as Host>::mul(least, 0x3FF0_0000_0000_0001).1);
}

#[test]
fn only_a_masked_exception_that_is_set_raises_nothing() {
    assert!(raises_nothing(Mxcsr(0x1FA0)));
    assert!(!raises_nothing(Mxcsr(0x1F80)));
    assert!(!raises_nothing(Mxcsr(0x0FA0)));
    assert!(!raises_nothing(Mxcsr(0x3FA0)));
}
