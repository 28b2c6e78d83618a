//! What instructions do. One file per family, in the manual's words; `dispatch` runs them, `access` reaches memory.

pub(crate) mod access;
pub(crate) mod arith;
pub(crate) mod atomic;
pub(crate) mod bcd;
pub(crate) mod bits;
pub(crate) mod bmi;
pub(crate) mod compare;
pub(crate) mod control;
pub(crate) mod control_registers;
pub(crate) mod descriptor;
pub(crate) mod dispatch;
pub(crate) mod escape;
pub(crate) mod far;
pub(crate) mod fused;
pub(crate) mod io;
pub(crate) mod machine_specific;
pub(crate) mod mov;
pub(crate) mod muldiv;
pub(crate) mod op;
mod refill;
pub(crate) mod repeat;
pub(crate) mod shift;
pub(crate) mod simd;
pub(crate) mod stack;
pub(crate) mod string;
pub(crate) mod system;
pub(crate) mod x87;
