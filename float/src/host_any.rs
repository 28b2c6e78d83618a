//! [`Host::are_ordinary`] for any host.

use super::Host;
use crate::sse::{Double, Single};

/// Of four singles.
#[inline(always)]
pub(super) fn singles(a: [u8; 16], b: [u8; 16], result: [u8; 16]) -> bool {
    each::<Single, 4>(a, b, result)
}

/// Of two doubles.
#[inline(always)]
pub(super) fn doubles(a: [u8; 16], b: [u8; 16], result: [u8; 16]) -> bool {
    each::<Double, 8>(a, b, result)
}

#[inline(always)]
fn each<F: Host, const WIDTH: usize>(a: [u8; 16], b: [u8; 16], result: [u8; 16]) -> bool {
    let lane = |value: &[u8; 16], n: usize| {
        let mut bits = [0; 8];
        bits[..WIDTH].copy_from_slice(&value[WIDTH * n..WIDTH * n + WIDTH]);
        F::twice(F::from_u64(u64::from_le_bytes(bits)))
    };
    let mut least = lane(&result, 0);
    let mut greatest = least;
    for n in 0..16 / WIDTH {
        least = least.min(lane(&a, n)).min(lane(&b, n)).min(lane(&result, n));
        greatest = greatest.max(lane(&result, n));
    }
    F::is_ordinary(least, greatest)
}
