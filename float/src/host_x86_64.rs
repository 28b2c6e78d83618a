//! [`Host::are_ordinary`](super::Host::are_ordinary) for x86-64: comparisons of magnitudes, all lanes at once.
#![expect(unsafe_code, reason = "vector instructions of the host")]

use std::arch::x86_64 as x86;

/// Of four singles.
#[inline(always)]
pub(super) fn singles(a: [u8; 16], b: [u8; 16], result: [u8; 16]) -> bool {
    // SAFETY: every x86-64 has SSE2; the pointers are to sixteen bytes, which need no alignment.
    unsafe {
        let sign = x86::_mm_set1_ps(-0.0);
        let magnitude = |of: &[u8; 16]| x86::_mm_andnot_ps(sign, x86::_mm_loadu_ps(of.as_ptr().cast()));
        let result = magnitude(&result);
        // A NaN among the operands makes the result one, which the second comparison rejects.
        let least = x86::_mm_min_ps(x86::_mm_min_ps(magnitude(&a), magnitude(&b)), result);
        let not_tiny = x86::_mm_cmpge_ps(least, x86::_mm_set1_ps(2.0 * f32::MIN_POSITIVE));
        let finite = x86::_mm_cmple_ps(result, x86::_mm_set1_ps(f32::MAX));
        x86::_mm_movemask_ps(x86::_mm_and_ps(not_tiny, finite)) == 0b1111
    }
}

/// Of two doubles.
#[inline(always)]
pub(super) fn doubles(a: [u8; 16], b: [u8; 16], result: [u8; 16]) -> bool {
    // SAFETY: as for singles.
    unsafe {
        let sign = x86::_mm_set1_pd(-0.0);
        let magnitude = |of: &[u8; 16]| x86::_mm_andnot_pd(sign, x86::_mm_loadu_pd(of.as_ptr().cast()));
        let result = magnitude(&result);
        let least = x86::_mm_min_pd(x86::_mm_min_pd(magnitude(&a), magnitude(&b)), result);
        let not_tiny = x86::_mm_cmpge_pd(least, x86::_mm_set1_pd(2.0 * f64::MIN_POSITIVE));
        let finite = x86::_mm_cmple_pd(result, x86::_mm_set1_pd(f64::MAX));
        x86::_mm_movemask_pd(x86::_mm_and_pd(not_tiny, finite)) == 0b11
    }
}
