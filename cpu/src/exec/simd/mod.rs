//! MMX, SSE and SSE2 [SDM 1, "Programming with Intel MMX Technology", "Programming with Intel Streaming SIMD Extensions
//! (Intel SSE)"].
//!
//! An MMX register is a [`vector::Vector`] of 8 bytes, an XMM register one of 16. Operands are read by [`Operand`]s;
//! what they are made into is a function of values. Whether the mode allows the instructions at all is settled when a
//! block is decoded.

pub(crate) mod convert;
pub(crate) mod float;
mod host;
pub(crate) mod integer;
pub(crate) mod moves;
pub(crate) mod operand;
pub(crate) mod shift;
pub(crate) mod shuffle;
pub(crate) mod vector;

pub(crate) use operand::{Mmx, Xmm};
