//! Packed integer arithmetic, logic and comparison: the functions, one to a mnemonic.

use super::operand::Binary;
use super::vector::Vector;

macro_rules! packed {
    ($($(#[$doc:meta])* $name:ident: |$a:ident, $b:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Binary for $name {
            #[inline(always)]
            fn apply<V: Vector>($a: V, $b: V) -> V {
                $body
            }
        }
    )*};
}

#[inline(always)]
fn all_ones_when_byte(met: bool) -> u8 {
    if met { 0xFF } else { 0 }
}

#[inline(always)]
fn all_ones_when_word(met: bool) -> u16 {
    if met { 0xFFFF } else { 0 }
}

#[inline(always)]
fn all_ones_when_dword(met: bool) -> u32 {
    if met { u32::MAX } else { 0 }
}

packed! {
    /// PADDB.
    Paddb: |a, b| V::bytes(a, b, u8::wrapping_add);
    /// PADDW.
    Paddw: |a, b| V::words(a, b, u16::wrapping_add);
    /// PADDD.
    Paddd: |a, b| V::dwords(a, b, u32::wrapping_add);
    /// PADDQ.
    Paddq: |a, b| V::qwords(a, b, u64::wrapping_add);
    /// PSUBB.
    Psubb: |a, b| V::bytes(a, b, u8::wrapping_sub);
    /// PSUBW.
    Psubw: |a, b| V::words(a, b, u16::wrapping_sub);
    /// PSUBD.
    Psubd: |a, b| V::dwords(a, b, u32::wrapping_sub);
    /// PSUBQ.
    Psubq: |a, b| V::qwords(a, b, u64::wrapping_sub);
    /// PADDSB.
    Paddsb: |a, b| V::bytes(a, b, |a, b| (a as i8).saturating_add(b as i8) as u8);
    /// PADDSW.
    Paddsw: |a, b| V::words(a, b, |a, b| (a as i16).saturating_add(b as i16) as u16);
    /// PADDUSB.
    Paddusb: |a, b| V::bytes(a, b, u8::saturating_add);
    /// PADDUSW.
    Paddusw: |a, b| V::words(a, b, u16::saturating_add);
    /// PSUBSB.
    Psubsb: |a, b| V::bytes(a, b, |a, b| (a as i8).saturating_sub(b as i8) as u8);
    /// PSUBSW.
    Psubsw: |a, b| V::words(a, b, |a, b| (a as i16).saturating_sub(b as i16) as u16);
    /// PSUBUSB.
    Psubusb: |a, b| V::bytes(a, b, u8::saturating_sub);
    /// PSUBUSW.
    Psubusw: |a, b| V::words(a, b, u16::saturating_sub);

    /// PMULLW: the low words of the products.
    Pmullw: |a, b| V::words(a, b, u16::wrapping_mul);
    /// PMULHW: the high words of the signed products.
    Pmulhw: |a, b| V::words(a, b, |a, b| ((i32::from(a as i16) * i32::from(b as i16)) >> 16) as u16);
    /// PMULHUW: the high words of the unsigned products.
    Pmulhuw: |a, b| V::words(a, b, |a, b| ((u32::from(a) * u32::from(b)) >> 16) as u16);
    /// PMULUDQ: products of the even doublewords.
    Pmuludq: |a, b| V::qwords(a, b, |a, b| u64::from(a as u32) * u64::from(b as u32));
    /// PMADDWD: sums of two neighbouring signed products.
    Pmaddwd: |a, b| V::dwords(a, b, |a, b| {
        let product = |shift: u32| i32::from((a >> shift) as i16) * i32::from((b >> shift) as i16);
        product(0).wrapping_add(product(16)) as u32
    });
    /// PSADBW: the sum of eight absolute differences.
    Psadbw: |a, b| V::differences(a, b);
    /// PAVGB: the average, rounded up.
    Pavgb: |a, b| V::bytes(a, b, |a, b| ((u16::from(a) + u16::from(b) + 1) >> 1) as u8);
    /// PAVGW.
    Pavgw: |a, b| V::words(a, b, |a, b| ((u32::from(a) + u32::from(b) + 1) >> 1) as u16);

    /// PMINUB.
    Pminub: |a, b| V::bytes(a, b, u8::min);
    /// PMAXUB.
    Pmaxub: |a, b| V::bytes(a, b, u8::max);
    /// PMINSW.
    Pminsw: |a, b| V::words(a, b, |a, b| (a as i16).min(b as i16) as u16);
    /// PMAXSW.
    Pmaxsw: |a, b| V::words(a, b, |a, b| (a as i16).max(b as i16) as u16);

    /// PCMPEQB.
    Pcmpeqb: |a, b| V::bytes(a, b, |a, b| all_ones_when_byte(a == b));
    /// PCMPEQW.
    Pcmpeqw: |a, b| V::words(a, b, |a, b| all_ones_when_word(a == b));
    /// PCMPEQD.
    Pcmpeqd: |a, b| V::dwords(a, b, |a, b| all_ones_when_dword(a == b));
    /// PCMPGTB.
    Pcmpgtb: |a, b| V::bytes(a, b, |a, b| all_ones_when_byte(a as i8 > b as i8));
    /// PCMPGTW.
    Pcmpgtw: |a, b| V::words(a, b, |a, b| all_ones_when_word(a as i16 > b as i16));
    /// PCMPGTD.
    Pcmpgtd: |a, b| V::dwords(a, b, |a, b| all_ones_when_dword(a as i32 > b as i32));

    /// PAND, ANDPS, ANDPD.
    Pand: |a, b| V::bytes(a, b, |a, b| a & b);
    /// PANDN, ANDNPS, ANDNPD: NOT DEST AND SRC.
    Pandn: |a, b| V::bytes(a, b, |a, b| !a & b);
    /// POR, ORPS, ORPD.
    Por: |a, b| V::bytes(a, b, |a, b| a | b);
    /// PXOR, XORPS, XORPD.
    Pxor: |a, b| V::bytes(a, b, |a, b| a ^ b);

    /// PACKSSWB: signed words to signed bytes.
    Packsswb: |a, b| a.narrow_words(b, |w| w.clamp(i8::MIN.into(), i8::MAX.into()) as u8);
    /// PACKUSWB: signed words to unsigned bytes.
    Packuswb: |a, b| a.narrow_words(b, |w| w.clamp(0, u8::MAX.into()) as u8);
    /// PACKSSDW: signed doublewords to signed words.
    Packssdw: |a, b| a.narrow_dwords(b, |d| d.clamp(i16::MIN.into(), i16::MAX.into()) as u16);

    /// PUNPCKLBW.
    Punpcklbw: |a, b| V::interleave::<1, false>(a, b);
    /// PUNPCKLWD.
    Punpcklwd: |a, b| V::interleave::<2, false>(a, b);
    /// PUNPCKLDQ, UNPCKLPS.
    Punpckldq: |a, b| V::interleave::<4, false>(a, b);
    /// PUNPCKLQDQ, UNPCKLPD.
    Punpcklqdq: |a, b| V::interleave::<8, false>(a, b);
    /// PUNPCKHBW.
    Punpckhbw: |a, b| V::interleave::<1, true>(a, b);
    /// PUNPCKHWD.
    Punpckhwd: |a, b| V::interleave::<2, true>(a, b);
    /// PUNPCKHDQ, UNPCKHPS.
    Punpckhdq: |a, b| V::interleave::<4, true>(a, b);
    /// PUNPCKHQDQ, UNPCKHPD.
    Punpckhqdq: |a, b| V::interleave::<8, true>(a, b);
}
