//! FLD and FST of single and double precision.

use super::round::overflows_to_infinity;
use super::{Relation, operand};
use crate::exact::{Exact, Operand};
use crate::f80::{Class, F80, INTEGER_BIT};
use crate::sse::{Double, Format, Single};
use crate::{Exceptions, Outcome, X87Control};

/// The memory operand of FADD m32, FCOM m64 and their like. It takes part in the operation with every encoding as it
/// is; of a denormal [`Outcome::with_operand`] tells the outcome afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryOperand {
    /// What to give to the operation.
    pub value: F80,
    /// It is a denormal in memory; in `value` it is not.
    pub denormal: bool,
}

/// The operand of FADD m32 and its like.
#[must_use]
#[inline]
pub fn operand_f32(bits: u32) -> MemoryOperand {
    MemoryOperand { value: widen::<Single>(bits), denormal: Single::is_denormal(bits) }
}

/// The operand of FADD m64 and its like.
#[must_use]
#[inline]
pub fn operand_f64(bits: u64) -> MemoryOperand {
    MemoryOperand { value: widen::<Double>(bits), denormal: Double::is_denormal(bits) }
}

impl Outcome<F80> {
    /// The outcome when one operand came from memory.
    #[must_use]
    #[inline]
    pub fn with_operand(self, operand: MemoryOperand, control: X87Control) -> Self {
        let unnoticed = self.value.is_nan() || self.exceptions.intersects(Exceptions::ZERO_DIVIDE);
        if operand.denormal && !unnoticed { self.with_denormal(control) } else { self }
    }
}

impl Outcome<Relation> {
    /// The outcome when one operand came from memory.
    #[must_use]
    #[inline]
    pub fn with_operand(self, operand: MemoryOperand, control: X87Control) -> Self {
        let unordered = self.value == Relation::Unordered;
        if operand.denormal && !unordered { self.with_denormal(control) } else { self }
    }
}

impl<T> Outcome<T> {
    /// Unmasked, a denormal operand keeps the operation from happening.
    #[cold]
    fn with_denormal(mut self, control: X87Control) -> Self {
        self.exceptions |= Exceptions::DENORMAL;
        if !control.unmasked(Exceptions::DENORMAL).is_empty() {
            self.exceptions = self.exceptions & Exceptions::PRE_COMPUTATION;
            (self.store, self.rounded_up) = (false, false);
        }
        self
    }
}

/// FLD m32 [SDM 2A, "FLD"].
#[must_use]
#[inline]
pub fn from_f32(bits: u32, control: X87Control) -> Outcome<F80> {
    load::<Single>(bits, control)
}

/// FLD m64 [SDM 2A, "FLD"].
#[must_use]
#[inline]
pub fn from_f64(bits: u64, control: X87Control) -> Outcome<F80> {
    load::<Double>(bits, control)
}

/// FST m32 [SDM 2A, "FST/FSTP"].
#[must_use]
#[inline]
pub fn to_f32(x: F80, control: X87Control) -> Outcome<u32> {
    store::<Single>(x, control)
}

/// FST m64 [SDM 2A, "FST/FSTP"].
#[must_use]
#[inline]
pub fn to_f64(x: F80, control: X87Control) -> Outcome<u64> {
    store::<Double>(x, control)
}

/// A memory operand as the stack's format, every encoding as it is.
#[inline]
fn widen<F: Format>(bits: F::Bits) -> F80 {
    let bits: u64 = bits.into();
    let fraction_bits = F::PRECISION - 1;
    let negative = bits >> (fraction_bits + F::EXPONENT_BITS) != 0;
    let fraction = bits << (64 - fraction_bits) >> 1;
    let biased = (bits >> fraction_bits) as i32 & F::EXPONENT_MAX;
    let value = if biased == F::EXPONENT_MAX {
        F80 { significand: INTEGER_BIT | fraction, sign_exponent: 0x7FFF }
    } else if biased != 0 {
        let sign_exponent = (biased + crate::f80::BIAS - F::GREATEST) as u16;
        F80 { significand: INTEGER_BIT | fraction, sign_exponent }
    } else if fraction != 0 {
        let shift = fraction.leading_zeros();
        let sign_exponent = (crate::f80::BIAS + F::LEAST) as u16 - shift as u16;
        F80 { significand: fraction << shift, sign_exponent }
    } else {
        F80::ZERO
    };
    value.with_sign(negative)
}

#[inline]
fn load<F: Format>(bits: F::Bits, control: X87Control) -> Outcome<F80> {
    let value = widen::<F>(bits);
    if value.is_signalling() {
        return Outcome::flagged(value.quieted(), Exceptions::INVALID, control);
    }
    Outcome::flagged(value, Exceptions::DENORMAL.when(F::is_denormal(bits)), control)
}

#[inline]
fn store<F: Format>(x: F80, control: X87Control) -> Outcome<F::Bits> {
    let negative = x.is_negative();
    let assemble = |biased, significand| F::assemble(negative, biased, significand);
    match (x.class(), operand(x)) {
        (Class::Unsupported, _) => Outcome::flagged(F::INDEFINITE, Exceptions::INVALID, control),
        (Class::Nan, _) => {
            let exceptions = Exceptions::INVALID.when(x.is_signalling());
            Outcome::flagged(assemble(F::EXPONENT_MAX, x.quieted().significand), exceptions, control)
        }
        (Class::Infinity, _) => Outcome::exact(assemble(F::EXPONENT_MAX, INTEGER_BIT)),
        (_, Operand::Zero(_)) => Outcome::exact(assemble(0, 0)),
        (_, Operand::Finite(finite)) => round::<F>(finite.exact(), control),
    }
}

#[inline]
fn round<F: Format>(x: Exact, control: X87Control) -> Outcome<F::Bits> {
    let rounded = x.round(F::PRECISION, control.rounding());
    let exponent = x.exponent + i32::from(rounded.carry);
    if !(F::LEAST..=F::GREATEST).contains(&exponent) {
        return out_of_range::<F>(x, exponent, control);
    }
    Outcome {
        value: F::assemble(x.negative, exponent + F::GREATEST, rounded.significand),
        exceptions: Exceptions::PRECISION.when(rounded.inexact),
        rounded_up: rounded.up,
        store: true,
        incomplete: false,
    }
}

#[cold]
fn out_of_range<F: Format>(x: Exact, exponent: i32, control: X87Control) -> Outcome<F::Bits> {
    let exception = if exponent > F::GREATEST { Exceptions::OVERFLOW } else { Exceptions::UNDERFLOW };
    if !control.unmasked(exception).is_empty() {
        // Nothing is stored, so nothing was rounded.
        return Outcome::flagged(F::INDEFINITE, exception, control);
    }
    if exception == Exceptions::OVERFLOW {
        let infinite = overflows_to_infinity(x.negative, control.rounding());
        return Outcome {
            value: F::overflowed(x.negative, infinite),
            exceptions: Exceptions::OVERFLOW | Exceptions::PRECISION,
            rounded_up: infinite,
            store: true,
            incomplete: false,
        };
    }
    let rounded = x.round_denormal(F::LEAST, F::PRECISION, control.rounding());
    Outcome {
        value: F::assemble(x.negative, 1, rounded.significand),
        exceptions: (Exceptions::UNDERFLOW | Exceptions::PRECISION).when(rounded.inexact),
        rounded_up: rounded.up,
        store: true,
        incomplete: false,
    }
}
