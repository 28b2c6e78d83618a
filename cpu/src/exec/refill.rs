//! What a handler does after a miss before it takes the slow path: the same once more, with [`Refill`].
//!
//! Most misses are pages that have left the TLB, or stores to data beside code. They go on as if nothing had been.
#![expect(unsafe_code, reason = "operations are followed by pointer")]

use super::access::{Miss, Refill};
use super::dispatch::{
    Flow, Semantics, branch_target, bus_of, enter_next, follow_taken, go, indirect_slow, instant, ip_mask,
    jump_slow, leave_behind, plain_slow, stop,
};
use super::op::Op;
use crate::cpu::Cpu;
use ringzero_bus::SystemBus;

/// Executes in a frame of its own, which is gone before the caller's tail call.
#[inline(never)]
fn refilling<S: Semantics>(cpu: &mut Cpu, bus: &mut SystemBus, op: &Op) -> Result<(), Miss> {
    S::exec(&mut Refill { cpu, bus }, op)
}

/// Behind a miss of [`super::dispatch::plain`].
#[cold]
#[inline(never)]
pub(super) unsafe fn plain_missed<S: Semantics>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: as for the handler that missed.
    unsafe {
        let bus = bus_of(cpu);
        bus.set_count(instant(cpu, op, left));
        match refilling::<S>(cpu, bus, &*op) {
            Ok(()) if !bus.attention() => go(cpu, op.add(1), left),
            Ok(()) => leave_behind(cpu, op, left),
            Err(Miss) => plain_slow::<S>(cpu, op, left),
        }
    }
}

/// Behind a miss of [`super::dispatch::jump`].
#[cold]
#[inline(never)]
pub(super) unsafe fn jump_missed<S: Semantics, const IP_BITS: u32>(
    cpu: &mut Cpu,
    op: *const Op,
    left: i64,
) -> Flow {
    // SAFETY: as for the handler that missed.
    unsafe {
        let bus = bus_of(cpu);
        bus.set_count(instant(cpu, op, left));
        match refilling::<S>(cpu, bus, &*op) {
            Ok(()) => {
                cpu.state.ip = branch_target(cpu, op, ip_mask(IP_BITS));
                if bus.attention() { stop(cpu, left) } else { follow_taken(cpu, op, left) }
            }
            Err(Miss) => jump_slow::<S, IP_BITS>(cpu, op, left),
        }
    }
}

/// Behind a miss of [`super::dispatch::indirect`].
#[cold]
#[inline(never)]
pub(super) unsafe fn indirect_missed<S: Semantics>(cpu: &mut Cpu, op: *const Op, left: i64) -> Flow {
    // SAFETY: as for the handler that missed.
    unsafe {
        let bus = bus_of(cpu);
        bus.set_count(instant(cpu, op, left));
        match refilling::<S>(cpu, bus, &*op) {
            Ok(()) if !bus.attention() => enter_next(cpu, op, left),
            Ok(()) => stop(cpu, left),
            Err(Miss) => indirect_slow::<S>(cpu, op, left),
        }
    }
}
