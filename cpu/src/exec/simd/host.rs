//! What LLVM finds no vector instructions for by itself, and how registers are loaded and stored whole. On other hosts
//! than x86-64 the definitions in `vector` serve.
#![expect(unsafe_code, reason = "instructions of the host, and registers as arrays of bytes")]

use super::vector::Wide;
use crate::cpu::Cpu;

/// XMM register `n`.
#[inline(always)]
pub(super) fn xmm(cpu: &Cpu, n: u8) -> Wide {
    let register = &cpu.state.xmm[usize::from(n & 7)];
    if cfg!(target_endian = "big") {
        return register.to_le_bytes();
    }
    // SAFETY: sixteen bytes have any value.
    unsafe { (&raw const *register).cast::<Wide>().read() }
}

/// Writes XMM register `n`.
#[inline(always)]
pub(super) fn set_xmm(cpu: &mut Cpu, n: u8, value: Wide) {
    let register = &mut cpu.state.xmm[usize::from(n & 7)];
    if cfg!(target_endian = "big") {
        *register = u128::from_le_bytes(value);
        return;
    }
    // SAFETY: an integer has any sixteen bytes.
    unsafe { (&raw mut *register).cast::<Wide>().write(value) }
}

#[cfg(target_arch = "x86_64")]
mod instructions {
    use super::Wide;
    use std::arch::x86_64 as x86;

    #[inline(always)]
    fn load(value: Wide) -> x86::__m128i {
        // SAFETY: the pointer is to sixteen bytes, which need no alignment.
        unsafe { x86::_mm_loadu_si128(value.as_ptr().cast()) }
    }

    #[inline(always)]
    fn stored(value: x86::__m128i) -> Wide {
        let mut result = [0; 16];
        // SAFETY: as for `load`.
        unsafe { x86::_mm_storeu_si128(result.as_mut_ptr().cast(), value) };
        result
    }

    /// The low halves (`half` 0) or the high halves in turn.
    #[inline(always)]
    pub(in super::super) fn interleave<const LANE: usize>(a: Wide, b: Wide, half: usize) -> Option<Wide> {
        let (a, b) = (load(a), load(b));
        // SAFETY: every x86-64 has SSE2.
        let result = unsafe {
            match (LANE, half) {
                (1, 0) => x86::_mm_unpacklo_epi8(a, b),
                (2, 0) => x86::_mm_unpacklo_epi16(a, b),
                (4, 0) => x86::_mm_unpacklo_epi32(a, b),
                (8, 0) => x86::_mm_unpacklo_epi64(a, b),
                (1, _) => x86::_mm_unpackhi_epi8(a, b),
                (2, _) => x86::_mm_unpackhi_epi16(a, b),
                (4, _) => x86::_mm_unpackhi_epi32(a, b),
                _ => x86::_mm_unpackhi_epi64(a, b),
            }
        };
        Some(stored(result))
    }

    /// Sums of absolute differences.
    #[inline(always)]
    pub(in super::super) fn differences(a: Wide, b: Wide) -> Option<Wide> {
        // SAFETY: every x86-64 has SSE2.
        Some(stored(unsafe { x86::_mm_sad_epu8(load(a), load(b)) }))
    }

    /// Four doublewords as one value.
    #[inline(always)]
    pub(in super::super) fn dwords(lanes: [u32; 4]) -> Wide {
        let [a, b, c, d] = lanes.map(u32::cast_signed);
        // SAFETY: every x86-64 has SSE2.
        stored(unsafe { x86::_mm_set_epi32(d, c, b, a) })
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod instructions {
    use super::super::vector::put;
    use super::Wide;

    #[inline(always)]
    pub(in super::super) fn interleave<const LANE: usize>(_a: Wide, _b: Wide, _half: usize) -> Option<Wide> {
        None
    }

    #[inline(always)]
    pub(in super::super) fn differences(_a: Wide, _b: Wide) -> Option<Wide> {
        None
    }

    #[inline(always)]
    pub(in super::super) fn dwords(lanes: [u32; 4]) -> Wide {
        let mut result = [0; 16];
        for (n, lane) in lanes.into_iter().enumerate() {
            put(&mut result, n, lane.to_le_bytes());
        }
        result
    }
}

pub(super) use instructions::{differences, dwords, interleave};
