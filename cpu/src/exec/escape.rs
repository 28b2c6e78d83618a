//! ESC, the instructions of a coprocessor that is not there.

use super::access::{Access, Mem, Segmented};
use super::dispatch::Semantics;
use super::op::Op;
use crate::fault::Fault;
use crate::mmu::Intent;
use crate::model::Generation;
use crate::segment::SegReg;
use crate::state::cr0::{EM, TS};
use ringzero_bus::{Port, Width};

/// #NM when CR0 says that there is no coprocessor, or that its state is another task's.
fn check_available<A: Access>(m: &mut A) -> Result<(), A::Fail> {
    let cpu = m.cpu();
    if cpu.model.at_least(Generation::I80286) && cpu.state.cr0 & (EM | TS) != 0 {
        return Err(Fault::DeviceNotAvailable.into());
    }
    Ok(())
}

/// An instruction of a unit whose state is another task's.
pub(crate) struct Unavailable;

impl Semantics for Unavailable {
    type Slow = Self;
    fn exec<A: Access>(_m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        Err(Fault::DeviceNotAvailable.into())
    }
}

/// ESC that nobody hears.
pub(crate) struct Esc;

impl Semantics for Esc {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        check_available(m)
    }
}

/// Ports of the 80287 [80286 captures]: opcodes, and addresses.
const OPCODE: Port = Port(0xF8);
const ADDRESS: Port = Port(0xFC);

/// ESC of the 80286: opcode, CS:IP and a memory operand's address go out to the coprocessor's ports.
pub(crate) struct EscToPorts<const MEMORY: bool>;

impl<const MEMORY: bool> Semantics for EscToPorts<MEMORY> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        check_available(m)?;
        if MEMORY {
            Segmented::spot::<u16, A>(m, op, Intent::Read)?;
        }
        let slow = m.slow()?;
        let state = &slow.cpu.state;
        slow.bus.pio_write(OPCODE, Width::Word, op.imm);
        slow.bus.pio_write(ADDRESS, Width::Word, state.ip as u32 & 0xFFFF);
        slow.bus.pio_write(ADDRESS, Width::Word, u32::from(state.seg(SegReg::Cs).selector));
        if MEMORY {
            let selector = state.segments[op.mem.seg()].selector;
            let offset = Segmented::address(slow.cpu, op) as u32;
            slow.bus.pio_write(ADDRESS, Width::Word, offset);
            slow.bus.pio_write(ADDRESS, Width::Word, u32::from(selector));
        }
        Ok(())
    }
}
