//! Far JMP CALL RET where segment registers hold selectors, INT INTO INT3, IRET. All of them end their block and leave the next
//! IP in `next_ip`.

use super::access::Access;
use super::descriptor::load_code_paragraph;
use super::dispatch::{Semantics, ip_mask};
use super::mov::{read_far_pointer, simple};
use super::op::Op;
use super::paragraph::load_code;
use super::stack::{Stack16, Stack32, move_sp, peek};
use crate::fault::Fault;
use crate::flags::bit;
use crate::protected::vme::{self, InterruptFlag};
use crate::protected::{interrupt::Origin, iret, transfer};
use crate::recorder::Cause;
use crate::word::Word;
use std::marker::PhantomData;

/// Runs `$body` with `$w` as the present stack width.
macro_rules! with_stack {
    ($mode:expr, $w:ident => $body:expr) => {
        if $mode.stack_bits() == 32 {
            type $w = Stack32;
            $body
        } else {
            type $w = Stack16;
            $body
        }
    };
}

/// JMP far through a descriptor [SDM 2A, "JMP"]: offset in `op.disp`, selector in `op.imm`.
pub(crate) struct JumpFar<T>(PhantomData<T>);

impl<T: Word> Semantics for JumpFar<T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let offset = u64::from(op.disp) & ip_mask(T::BITS);
        Ok(transfer::jump(&mut m.slow()?, op.imm as u16, offset)?)
    }
}

/// CALL far through a descriptor [SDM 2A, "CALL"].
pub(crate) struct CallFar<T>(PhantomData<T>);

impl<T: Word> Semantics for CallFar<T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let offset = u64::from(op.disp) & ip_mask(T::BITS);
        Ok(transfer::call(&mut m.slow()?, op.imm as u16, offset, T::BITS == 32)?)
    }
}

/// JMP m16:16 and m16:32 through a descriptor.
pub(crate) struct JumpFarIndirect<T>(PhantomData<T>);

impl<T: Word> Semantics for JumpFarIndirect<T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let (offset, selector) = read_far_pointer::<T, A>(m, op)?;
        Ok(transfer::jump(&mut m.slow()?, selector, offset.zext())?)
    }
}

/// CALL m16:16 and m16:32 through a descriptor.
pub(crate) struct CallFarIndirect<T>(PhantomData<T>);

impl<T: Word> Semantics for CallFarIndirect<T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let (offset, selector) = read_far_pointer::<T, A>(m, op)?;
        Ok(transfer::call(&mut m.slow()?, selector, offset.zext(), T::BITS == 32)?)
    }
}

/// RET far through a descriptor [SDM 2B, "RET"], releasing `op.imm` bytes of arguments.
pub(crate) struct RetFar<T>(PhantomData<T>);

impl<T: Word> Semantics for RetFar<T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        Ok(transfer::ret(&mut m.slow()?, T::BITS == 32, u64::from(op.imm))?)
    }
}

/// IRET [SDM 2A, "IRET/IRETD/IRETQ"].
pub(crate) struct Iret<T>(PhantomData<T>);

impl<T: Word> Semantics for Iret<T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, _op: &Op) -> Result<(), A::Fail> {
        // NMIs come again even if it faults [SDM 3A, "Handling Multiple NMIs"].
        m.cpu().state.nmi_blocked = false;
        m.cpu().note_return();
        if m.cpu().mode.has_selectors() {
            return Ok(iret::iret(&mut m.slow()?, T::BITS == 32)?);
        }
        let interrupt_flag = m.cpu().v86_interrupt_flag(T::BITS)?;
        let size = T::BYTES as i64;
        with_stack!(m.cpu().mode, W => {
            let offset = peek::<T, W, A>(m, 0)?;
            let selector = peek::<T, W, A>(m, size)?;
            let flags = peek::<T, W, A>(m, 2 * size)?;
            if interrupt_flag == InterruptFlag::Virtual {
                m.cpu().check_virtual_flags(flags.zext() as u32)?;
            }
            load_code(m, selector.zext() as u16, offset.zext())?;
            m.cpu().next_ip = offset.zext();
            move_sp::<W>(m.cpu(), 3 * size);
            if interrupt_flag == InterruptFlag::Virtual {
                m.cpu().pop_virtual_flags(flags.zext() as u32);
                return Ok(());
            }
            let mask = if T::BITS == 16 { 0xFFFF } else { !bit::VM };
            m.cpu().pop_flags(flags.zext() as u32, mask);
        });
        Ok(())
    }
}

/// Enters the handler of a software interrupt; the return address is the next instruction.
fn software_interrupt<A: Access>(m: &mut A, vector: u8, origin: Origin) -> Result<(), A::Fail> {
    let slow = m.slow()?;
    let (here, next) = (slow.cpu.state.ip, slow.cpu.next_ip);
    if slow.cpu.recorder.listens() {
        slow.cpu.recorder.note(slow.cpu.delivery(Cause::Software(vector)));
    }
    slow.cpu.state.ip = next;
    let result = slow.cpu.deliver(slow.bus, vector, origin, None);
    slow.cpu.next_ip = slow.cpu.state.ip;
    slow.cpu.entered_handler = true;
    slow.cpu.state.ip = here;
    Ok(result?)
}

simple! {
    /// INT imm8 [SDM 2A, "INT n/INTO/INT3/INT1"].
    Int: |m, op| {
        if m.cpu().state.v86() && vme::redirect(&mut m.slow()?, op.imm as u8)? {
            m.cpu().entered_handler = true;
            return Ok(());
        }
        software_interrupt(m, op.imm as u8, Origin::Software)
    };
    /// INT3: goes to the handler even in virtual-8086 mode.
    Int3: |m, _op| software_interrupt(m, 3, Origin::Software);
    /// INTO: a trap when OF = 1.
    Into_: |m, _op| if m.cpu().state.flags.of() { software_interrupt(m, 4, Origin::Software) } else { Ok(()) };
    /// INT1 (ICEBP): like a debug exception, which no gate's DPL keeps out.
    Int1: |m, _op| software_interrupt(m, 1, Origin::Event);

    /// POP CS, 8086 only: execution goes on at the same IP in the new segment.
    PopCs: |m, _op| {
        let selector = peek::<u16, Stack16, A>(m, 0)?;
        move_sp::<Stack16>(m.cpu(), 2);
        load_code_paragraph(m, selector)
    };

    /// An invalid instruction.
    Undefined: |_m, _op| Err(Fault::InvalidOpcode.into());
    /// An instruction longer than 15 bytes.
    TooLong: |_m, _op| Err(Fault::GeneralProtection(0).into());

    /// HLT [SDM 2A, "HLT"].
    Hlt: |m, _op| {
        m.cpu().check_cpl_0()?;
        m.cpu().state.activity = crate::state::Activity::Halted;
        Ok(())
    };
}
