//! Control words, and what an operation reports.

use crate::Exceptions;

/// RC: where a result goes that lies between two representable values [SDM 1, "Rounding"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, ties to even.
    Nearest,
    /// Toward minus infinity.
    Down,
    /// Toward plus infinity.
    Up,
    /// Toward zero.
    Zero,
}

impl Rounding {
    /// The two bits of RC.
    #[must_use]
    pub const fn from_bits(rc: u32) -> Self {
        match rc & 0b11 {
            0b00 => Self::Nearest,
            0b01 => Self::Down,
            0b10 => Self::Up,
            _ => Self::Zero,
        }
    }
}

/// FCW, the x87 control word [SDM 1, "x87 FPU Control Word"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct X87Control(pub u16);

impl X87Control {
    /// As FNINIT leaves it: all masked, 64 bits, nearest.
    pub const INITIAL: Self = Self(0x037F);

    /// The exceptions that are masked.
    #[must_use]
    pub const fn masks(self) -> Exceptions {
        Exceptions(self.0 as u8 & 0x3F)
    }

    /// Those of `exceptions` that are not masked.
    #[must_use]
    pub const fn unmasked(self, exceptions: Exceptions) -> Exceptions {
        exceptions.without(self.masks())
    }

    /// RC.
    #[must_use]
    pub const fn rounding(self) -> Rounding {
        Rounding::from_bits(self.0 as u32 >> 10)
    }

    /// PC in bits of the significand; the reserved code counts as 64.
    #[must_use]
    pub const fn precision(self) -> u32 {
        match self.0 >> 8 & 0b11 {
            0b00 => 24,
            0b10 => 53,
            _ => 64,
        }
    }
}

/// MXCSR [SDM 1, "MXCSR Control and Status Register"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mxcsr(pub u32);

impl Mxcsr {
    /// As reset leaves it: all masked, nearest.
    pub const INITIAL: Self = Self(0x1F80);

    /// The exceptions that are masked.
    #[must_use]
    pub const fn masks(self) -> Exceptions {
        Exceptions((self.0 >> 7) as u8 & 0x3F)
    }

    /// Those of `exceptions` that are not masked: not empty means #XM.
    #[must_use]
    pub const fn unmasked(self, exceptions: Exceptions) -> Exceptions {
        exceptions.without(self.masks())
    }

    /// Which exceptions of an instruction become sticky bits: an unmasked one found before the computation keeps those
    /// of the computation from happening [SDM 1, "SIMD Floating-Point Exception Priority"]. Give it the union of all
    /// elements.
    #[must_use]
    pub const fn reported(self, exceptions: Exceptions) -> Exceptions {
        if self.unmasked(exceptions).intersects(Exceptions::PRE_COMPUTATION) {
            Exceptions(exceptions.0 & Exceptions::PRE_COMPUTATION.0)
        } else {
            exceptions
        }
    }

    /// RC.
    #[must_use]
    pub const fn rounding(self) -> Rounding {
        Rounding::from_bits(self.0 >> 13)
    }

    /// DAZ: denormal operands count as zeros.
    #[must_use]
    pub const fn denormals_are_zeros(self) -> bool {
        self.0 & 1 << 6 != 0
    }

    /// FTZ: tiny results become zeros while underflow is masked.
    #[must_use]
    pub const fn flush_to_zero(self) -> bool {
        self.0 & 1 << 15 != 0
    }
}

/// What an x87 operation reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome<T> {
    /// The result. Not to be used unless `store` says so.
    pub value: T,
    /// Exceptions to be ORed into the status word, masked or not.
    pub exceptions: Exceptions,
    /// C1: the significand was rounded away from zero.
    pub rounded_up: bool,
    /// Whether the result is written, the stack popped or pushed. An unmasked invalid operation, division by zero or
    /// denormal operand stops an instruction before that, and so does any unmasked exception but precision at a store
    /// to memory.
    pub store: bool,
    /// C2 of FPREM, FPREM1 (reduction not finished) and FSIN, FCOS, FSINCOS, FPTAN (operand out of range; then `store`
    /// is off as well).
    pub incomplete: bool,
}

impl<T> Outcome<T> {
    /// An exact result without exceptions.
    pub(crate) const fn exact(value: T) -> Self {
        Self { value, exceptions: Exceptions::NONE, rounded_up: false, store: true, incomplete: false }
    }

    /// A result that takes part in no rounding; written unless one of `exceptions` is unmasked.
    pub(crate) const fn flagged(value: T, exceptions: Exceptions, control: X87Control) -> Self {
        let store = control.unmasked(exceptions).is_empty();
        Self { value, exceptions, rounded_up: false, store, incomplete: false }
    }

    /// The same report with exceptions that came first.
    pub(crate) fn after(mut self, exceptions: Exceptions) -> Self {
        self.exceptions |= exceptions;
        self
    }

    /// The same report of another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        let Self { value, exceptions, rounded_up, store, incomplete } = self;
        Outcome { value: f(value), exceptions, rounded_up, store, incomplete }
    }
}
