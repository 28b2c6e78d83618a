//! The functions without their short ways.

use super::Function;
use ringzero_float::x87::{self, full};
use ringzero_float::{F80, X87Control};

/// Whether a function, and FSINCOS where it has a part in it, reports what it does in full.
pub(super) fn agrees(function: Function, x: F80, y: F80, control: X87Control) -> bool {
    match function {
        Function::Sin => {
            x87::fsin(x, control) == full::fsin(x, control)
                && x87::fsincos(x, control) == full::fsincos(x, control)
        }
        Function::Cos => x87::fcos(x, control) == full::fcos(x, control),
        Function::Tan => x87::fptan(x, control) == full::fptan(x, control),
        Function::Atan => x87::fpatan(x, y, control) == full::fpatan(x, y, control),
        Function::Exp2MinusOne => x87::f2xm1(x, control) == full::f2xm1(x, control),
        Function::Log2 => x87::fyl2x(x, y, control) == full::fyl2x(x, y, control),
        Function::Log2PlusOne => x87::fyl2xp1(x, y, control) == full::fyl2xp1(x, y, control),
    }
}
