//! x86 floating point at the level of values.
//!
//! All of it is integer code, so a result is the same on every host; [`host`] has short ways on the host's own formats
//! through what is the same on every host too. The crate knows neither registers nor instructions: an operation gets bits and a control word and gives bits and exceptions. What a stack
//! fault or an empty register means, and when an exception becomes #MF or #XM, is the processor's business.
//!
//! - [`x87`]: the operations of the x87 on [`F80`], as [`Outcome`]s.
//! - [`sse`]: those of SSE and SSE2 on the bits of [`sse::Single`] and [`sse::Double`].
//!
//! ```
//! use ringzero_float::{Exceptions, F80, X87Control, x87};
//!
//! let third = x87::div(F80::ONE, x87::from_i32(3), X87Control::INITIAL);
//! assert_eq!(third.value, F80 { significand: 0xAAAA_AAAA_AAAA_AAAB, sign_exponent: 0x3FFD });
//! assert_eq!(third.exceptions, Exceptions::PRECISION);
//! assert!(third.rounded_up && third.store);
//! ```

mod control;
mod exact;
mod exceptions;
mod f80;
pub mod host;
pub mod sse;
#[cfg(test)]
mod testing;
mod wide;
pub mod x87;

pub use control::{Mxcsr, Outcome, Rounding, X87Control};
pub use exceptions::Exceptions;
pub use f80::{Class, F80};
