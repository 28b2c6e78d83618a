//! The accuracy of the x87's transcendental instructions; `make soak` draws more arguments.

use ringzero_tests::transcendentals::{Function, difference, measure};

#[test]
fn errors_are_below_one_unit_in_the_last_place() {
    for row in measure(20_000, 1, &|_| {}) {
        assert!(row.ulp <= 1.0, "{}: {row:x?}", row.function.mnemonic());
    }
}

#[test]
fn short_ways_lead_to_the_same_results() {
    for function in Function::ALL {
        assert_eq!(difference(function, 100_000, 1), None, "{}", function.mnemonic());
    }
}
