//! Rounding to an element.

use super::Format;
use crate::exact::Exact;
use crate::x87::overflows_to_infinity;
use crate::{Exceptions, Mxcsr};

/// `x` rounded, with the masked responses.
#[inline]
pub(super) fn round<F: Format>(x: Exact, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    let rounded = x.round(F::PRECISION, mxcsr.rounding());
    let exponent = x.exponent + i32::from(rounded.carry);
    if !(F::LEAST..=F::GREATEST).contains(&exponent) {
        return out_of_range::<F>(x, exponent, rounded.inexact, mxcsr);
    }
    let bits = F::assemble(x.negative, exponent + F::GREATEST, rounded.significand);
    (bits, Exceptions::PRECISION.when(rounded.inexact))
}

#[cold]
fn out_of_range<F: Format>(x: Exact, exponent: i32, inexact: bool, mxcsr: Mxcsr) -> (F::Bits, Exceptions) {
    if exponent > F::GREATEST {
        let infinite = overflows_to_infinity(x.negative, mxcsr.rounding());
        // Unmasked, the result is taken for that with a wrapped exponent: inexact only when its significand is.
        let masked = mxcsr.unmasked(Exceptions::OVERFLOW).is_empty();
        let precision = Exceptions::PRECISION.when(masked || inexact);
        return (F::overflowed(x.negative, infinite), Exceptions::OVERFLOW | precision);
    }
    let masked = mxcsr.unmasked(Exceptions::UNDERFLOW).is_empty();
    if masked && mxcsr.flush_to_zero() {
        return (F::zero(x.negative), Exceptions::UNDERFLOW | Exceptions::PRECISION);
    }
    let rounded = x.round_denormal(F::LEAST, F::PRECISION, mxcsr.rounding());
    let bits = F::assemble(x.negative, 1, rounded.significand);
    if masked {
        return (bits, (Exceptions::UNDERFLOW | Exceptions::PRECISION).when(rounded.inexact));
    }
    (bits, Exceptions::UNDERFLOW | Exceptions::PRECISION.when(inexact))
}
