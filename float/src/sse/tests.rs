//! SSE against the host's arithmetic, which IEEE 754 defines where it rounds to nearest, and against the manual.

use super::*;
use crate::Rounding;
use crate::testing::Random;

const NEAREST: Mxcsr = Mxcsr::INITIAL;
const CASES: u32 = 200_000;
const TINY: u32 = 0x0000_0001;
const LEAST_NORMAL: u32 = 0x0080_0000;
const GREATEST: u32 = 0x7F7F_FFFF;
const INFINITY: u32 = 0x7F80_0000;
const ONE: u32 = 0x3F80_0000;
const QUIET: u32 = 0x7FC0_0001;
const SIGNALLING: u32 = 0x7F80_0001;

fn same_double(ours: u64, host: f64, of: &str) {
    assert!(
        ours == host.to_bits() || host.is_nan() && Double::is_nan(ours),
        "{of}: {ours:x} {:x}",
        host.to_bits()
    );
}

fn same_single(ours: u32, host: f32, of: &str) {
    assert!(
        ours == host.to_bits() || host.is_nan() && Single::is_nan(ours),
        "{of}: {ours:x} {:x}",
        host.to_bits()
    );
}

fn rounding(rounding: Rounding) -> Mxcsr {
    Mxcsr(Mxcsr::INITIAL.0 | (rounding as u32) << 13)
}

#[test]
fn double_precision_agrees_with_the_host() {
    let mut random = Random::new();
    for _ in 0..CASES {
        let (a, b) = (random.double(), random.double());
        let (x, y) = (f64::from_bits(a), f64::from_bits(b));
        same_double(add::<Double>(a, b, NEAREST).0, x + y, "add");
        same_double(sub::<Double>(a, b, NEAREST).0, x - y, "sub");
        same_double(mul::<Double>(a, b, NEAREST).0, x * y, "mul");
        same_double(div::<Double>(a, b, NEAREST).0, x / y, "div");
        same_double(sqrt::<Double>(a, NEAREST).0, x.sqrt(), "sqrt");
    }
}

#[test]
fn single_precision_agrees_with_the_host() {
    let mut random = Random::new();
    for _ in 0..CASES {
        let (a, b) = (random.single(), random.single());
        let (x, y) = (f32::from_bits(a), f32::from_bits(b));
        same_single(add::<Single>(a, b, NEAREST).0, x + y, "add");
        same_single(sub::<Single>(a, b, NEAREST).0, x - y, "sub");
        same_single(mul::<Single>(a, b, NEAREST).0, x * y, "mul");
        same_single(div::<Single>(a, b, NEAREST).0, x / y, "div");
        same_single(sqrt::<Single>(a, NEAREST).0, x.sqrt(), "sqrt");
    }
}

#[test]
fn conversions_agree_with_the_host() {
    let mut random = Random::new();
    for _ in 0..CASES {
        let (a, b, n) = (random.double(), random.single(), random.bits() as i64 >> random.below(64));
        same_single(narrow(a, NEAREST).0, f64::from_bits(a) as f32, "narrow");
        same_double(widen(b, NEAREST).0, f64::from(f32::from_bits(b)), "widen");
        same_double(from_i64::<Double>(n, NEAREST).0, n as f64, "from i64");
        same_single(from_i64::<Single>(n, NEAREST).0, n as f32, "from i64");
        same_single(from_i32::<Single>(n as i32, NEAREST).0, n as i32 as f32, "from i32");
    }
}

#[test]
fn truncation_agrees_with_the_host_in_range() {
    let mut random = Random::new();
    for _ in 0..CASES {
        let a = random.double();
        let x = f64::from_bits(a);
        let (value, exceptions) = to_i64_truncated::<Double>(a, NEAREST);
        if x.abs() < 2f64.powi(63) {
            assert_eq!(value, x as i64);
            assert_eq!(exceptions == Exceptions::PRECISION, x.fract() != 0.0);
        } else {
            assert_eq!(value, i64::MIN);
        }
    }
}

#[test]
fn directed_results_enclose_the_nearest() {
    let mut random = Random::new();
    for _ in 0..CASES {
        let (a, b) = (random.single(), random.single());
        let result = |r| div::<Single>(a, b, rounding(r));
        let (down, nearest, up) = (result(Rounding::Down), result(Rounding::Nearest), result(Rounding::Up));
        if Single::is_nan(down.0) {
            continue;
        }
        assert!(nearest.0 == down.0 || nearest.0 == up.0);
        let inexact = nearest.1.intersects(Exceptions::PRECISION);
        assert_eq!(down.0 != up.0, inexact, "{a:x} / {b:x}");
        let toward_zero = if Single::is_negative(nearest.0) { up.0 } else { down.0 };
        assert_eq!(result(Rounding::Zero).0, toward_zero);
    }
}

#[test]
fn the_first_nan_is_the_result() {
    assert_eq!(add::<Single>(QUIET, SIGNALLING, NEAREST), (QUIET, Exceptions::INVALID));
    assert_eq!(add::<Single>(ONE, SIGNALLING, NEAREST), (SIGNALLING | 1 << 22, Exceptions::INVALID));
    assert_eq!(mul::<Single>(SIGNALLING, QUIET, NEAREST).0, SIGNALLING | 1 << 22);
}

#[test]
fn an_invalid_operation_gives_the_default_nan() {
    let invalid = (Single::INDEFINITE, Exceptions::INVALID);
    assert_eq!(sub::<Single>(INFINITY, INFINITY, NEAREST), invalid);
    assert_eq!(mul::<Single>(INFINITY, 0, NEAREST), invalid);
    assert_eq!(div::<Single>(0, 0, NEAREST), invalid);
    assert_eq!(sqrt::<Single>(ONE | 1 << 31, NEAREST), invalid);
}

#[test]
fn min_and_max_give_the_second_of_zeros_and_nans() {
    let minus_zero = 1 << 31;
    assert_eq!(min::<Single>(0, minus_zero, NEAREST), (minus_zero, Exceptions::NONE));
    assert_eq!(max::<Single>(minus_zero, 0, NEAREST), (0, Exceptions::NONE));
    assert_eq!(max::<Single>(QUIET, ONE, NEAREST), (ONE, Exceptions::INVALID));
    assert_eq!(min::<Single>(ONE, SIGNALLING, NEAREST), (SIGNALLING, Exceptions::INVALID));
}

#[test]
fn denormals_are_zeros_without_an_exception_under_daz() {
    let daz = Mxcsr(NEAREST.0 | 1 << 6);
    assert_eq!(add::<Single>(TINY, TINY, daz), (0, Exceptions::NONE));
    assert_eq!(add::<Single>(TINY, TINY, NEAREST), (2, Exceptions::DENORMAL));
    assert_eq!(div::<Single>(ONE, TINY, daz), (INFINITY, Exceptions::ZERO_DIVIDE));
}

#[test]
fn a_tiny_result_is_flushed_only_while_underflow_is_masked() {
    let half = 0x3F00_0000;
    let ftz = Mxcsr(NEAREST.0 | 1 << 15);
    let flushed = (0, Exceptions::UNDERFLOW | Exceptions::PRECISION);
    assert_eq!(mul::<Single>(LEAST_NORMAL, half, ftz), flushed);
    assert_eq!(mul::<Single>(LEAST_NORMAL, half, NEAREST), (LEAST_NORMAL >> 1, Exceptions::NONE));
    let unmasked = Mxcsr(ftz.0 & !(1 << 11));
    assert_eq!(mul::<Single>(LEAST_NORMAL, half, unmasked), (LEAST_NORMAL >> 1, Exceptions::UNDERFLOW));
}

#[test]
fn overflow_goes_where_rounding_points() {
    let both = Exceptions::OVERFLOW | Exceptions::PRECISION;
    assert_eq!(add::<Single>(GREATEST, GREATEST, NEAREST), (INFINITY, both));
    assert_eq!(add::<Single>(GREATEST, GREATEST, rounding(Rounding::Zero)), (GREATEST, both));
    assert_eq!(add::<Single>(GREATEST, GREATEST, rounding(Rounding::Down)), (GREATEST, both));
}

#[test]
fn an_unmasked_zero_divide_hides_what_comes_after_it() {
    let mxcsr = Mxcsr(NEAREST.0 & !(1 << 9));
    let all = Exceptions::ZERO_DIVIDE | Exceptions::PRECISION;
    assert_eq!(mxcsr.reported(all), Exceptions::ZERO_DIVIDE);
    assert_eq!(NEAREST.reported(all), all);
}

#[test]
fn predicates_come_in_pairs_of_opposites() {
    for (a, b) in [(ONE, 0), (0, ONE), (ONE, ONE), (QUIET, ONE), (0, 1 << 31)] {
        for predicate in 0..4 {
            let (yes, no) = (
                compare::<Single>(a, b, predicate, NEAREST),
                compare::<Single>(a, b, predicate + 4, NEAREST),
            );
            assert_eq!((!yes.0, yes.1), no);
        }
    }
}

#[test]
fn quiet_nans_are_invalid_to_ordered_comparisons_only() {
    use crate::x87::Relation::Unordered;
    assert_eq!(comi::<Single>(QUIET, ONE, NEAREST), (Unordered, Exceptions::INVALID));
    assert_eq!(ucomi::<Single>(QUIET, ONE, NEAREST), (Unordered, Exceptions::NONE));
    assert_eq!(ucomi::<Single>(ONE, SIGNALLING, NEAREST), (Unordered, Exceptions::INVALID));
}

#[test]
fn out_of_range_is_the_integer_indefinite() {
    let two_to_31 = 0x4F00_0000;
    assert_eq!(to_i32::<Single>(two_to_31, NEAREST), (i32::MIN, Exceptions::INVALID));
    assert_eq!(to_i32::<Single>(two_to_31 | 1 << 31, NEAREST), (i32::MIN, Exceptions::NONE));
    assert_eq!(to_i32::<Single>(QUIET, NEAREST), (i32::MIN, Exceptions::INVALID));
}

#[test]
fn approximations_keep_their_promise() {
    let mut random = Random::new();
    for _ in 0..CASES {
        let bits = random.single() & 0x7FFF_FFFF;
        let x = f64::from(f32::from_bits(bits));
        if Single::is_denormal(bits) || Single::is_nan(bits) || x == 0.0 || x > 2f64.powi(125) {
            continue;
        }
        let error = |bits: u32, truth: f64| (f64::from(f32::from_bits(bits)) - truth).abs() / truth;
        assert!(error(reciprocal(bits), 1.0 / x) <= 1.5 / 4096.0, "{bits:x}");
        assert!(error(reciprocal_square_root(bits), 1.0 / x.sqrt()) <= 1.5 / 4096.0, "{bits:x}");
    }
}
