//! How a repeated string instruction is driven.
#![expect(unsafe_code, reason = "operations are followed by pointer")]

use super::access::Miss;
use super::dispatch::{Flow, bus_of, fast, instant, offset_in_block, raise, stop, turn_off};
use super::op::Op;
use super::string::{Iterate, Progress};
use crate::cpu::Cpu;
use crate::host_memory::Witness;

/// A repeated string instruction, always the last of its block: iterates until it is complete, the budget is spent,
/// or something wants attention; each iteration is an instruction of its own.
pub(crate) unsafe fn repeat<I: Iterate>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    let mut left = left;
    // SAFETY: this operation ends its block.
    unsafe {
        let bus = bus_of(cpu);
        loop {
            left -= I::stretch(cpu, &*op, left, Witness::new(bus));
            let progress = match I::fast(&mut fast(cpu), &*op) {
                Ok(progress) => Ok(progress),
                Err(Miss) => {
                    bus.set_count(instant(cpu, op, left));
                    I::slow(cpu, bus, &*op)
                }
            };
            match progress {
                Err(fault) => return raise(cpu, op, left, fault),
                Ok(Progress::Done) => break,
                Ok(Progress::More) if left == 0 || bus.attention() => {
                    cpu.state.ip = cpu.advance(offset_in_block(op, 0));
                    cpu.resume_repeat();
                    return stop(cpu, left);
                }
                Ok(Progress::More) => left -= 1,
            }
        }
        cpu.state.ip = cpu.advance(offset_in_block(op, 1));
        if bus.attention() { stop(cpu, left) } else { turn_off(cpu, op, left) }
    }
}
