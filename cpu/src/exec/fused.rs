//! Two operations in one handler. Only the first one's handler is another: each operation stays what it is, and where the first has to
//! take the slow path the second goes on by itself.
#![expect(unsafe_code, reason = "operations are followed by pointer")]

use super::access::Miss;
use super::compare::Compare;
use super::dispatch::{Flow, Semantics, branch_target, fast, follow_fall, go, ip_mask, turn_off};
use super::op::Op;
use super::refill::plain_missed;
use crate::cpu::Cpu;

/// An operation that sets flags and the conditional branch behind it.
pub(crate) unsafe fn compare_and_branch<C: Compare, const CC: u8, const IP_BITS: u32>(
    cpu: &mut Cpu,
    op: *const Op,
    left: i64,
) -> Flow {
    // SAFETY: a branch follows, which ends the block.
    unsafe {
        let branch = op.add(1);
        cpu.check_op(branch);
        match C::exec::<CC, _>(&mut fast(cpu), &*op) {
            Ok(true) => {
                cpu.state.ip = branch_target(cpu, branch, ip_mask(IP_BITS));
                turn_off(cpu, branch, left)
            }
            Ok(false) => {
                cpu.state.ip = cpu.advance(u64::from((*branch).imm));
                follow_fall(cpu, branch, left)
            }
            Err(Miss) => plain_missed::<C::Slow>(cpu, op, left),
        }
    }
}

/// Two operations in one handler.
pub(crate) unsafe fn pair<P: Semantics, Q: Semantics>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: both are operations of a block, and what follows a plain operation is an operation.
    unsafe {
        if P::exec(&mut fast(cpu), &*op).is_err() {
            return plain_missed::<P::Slow>(cpu, op, left);
        }
        let second = op.add(1);
        cpu.check_op(second);
        match Q::exec(&mut fast(cpu), &*second) {
            Ok(()) => go(cpu, second.add(1), left),
            Err(Miss) => plain_missed::<Q::Slow>(cpu, second, left),
        }
    }
}
