//! Far JMP CALL RET, INT INTO INT3, IRET. All of them end their block and leave the next IP in `next_ip`.

use super::access::Access;
use super::descriptor::load_real;
use super::dispatch::{Semantics, ip_mask};
use super::mov::{read_far_pointer, simple};
use super::op::Op;
use super::stack::{Stack16, Stack32, move_sp, peek, push};
use crate::code_mode::CodeMode;
use crate::fault::Fault;
use crate::flags::bit;
use crate::protected::iret::v86_segment;
use crate::protected::vme::{self, InterruptFlag};
use crate::protected::{interrupt::Origin, iret, transfer};
use crate::recorder::Cause;
use crate::segment::SegReg;
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

fn mode<A: Access>(m: &mut A) -> CodeMode {
    m.cpu().mode
}

/// Whether far transfers go through descriptors.
fn has_descriptors<A: Access>(m: &mut A) -> bool {
    let state = &m.cpu().state;
    state.protected() && !state.v86()
}

/// Goes to `selector:offset` in real and virtual-8086 mode, where that only loads CS; a limit violation is #GP(0) with
/// nothing changed.
fn go_far<A: Access>(m: &mut A, selector: u16, offset: u64) -> Result<(), A::Fail> {
    if offset > u64::from(m.cpu().state.seg(SegReg::Cs).limit) {
        return Err(Fault::GeneralProtection(0).into());
    }
    if m.cpu().state.v86() {
        m.cpu().set_segment(SegReg::Cs, v86_segment(selector));
    } else {
        load_real(m, SegReg::Cs, selector);
    }
    m.cpu().next_ip = offset;
    Ok(())
}

/// JMP to `selector:offset`.
fn jump_far<A: Access>(m: &mut A, selector: u16, offset: u64) -> Result<(), A::Fail> {
    if has_descriptors(m) {
        return Ok(transfer::jump(&mut m.slow()?, selector, offset)?);
    }
    go_far(m, selector, offset)
}

/// Pushes CS and the return offset in operand-size pieces, checked together.
fn push_return<T: Word, A: Access>(m: &mut A) -> Result<(), A::Fail> {
    let (cs, ip) = (m.cpu().state.seg(SegReg::Cs).selector, m.cpu().next_ip);
    let sp = m.cpu().state.regs.number(crate::regs::number::SP);
    with_stack!(mode(m), W => {
        push::<T, W, A>(m, T::truncate(u64::from(cs)))?;
        if let Err(fail) = push::<T, W, A>(m, T::truncate(ip)) {
            m.cpu().state.regs.set_number(crate::regs::number::SP, sp);
            return Err(fail);
        }
    });
    Ok(())
}

/// CALL far to `selector:offset`: the stack is checked before CS changes, and restored when the target faults.
fn call_far<T: Word, A: Access>(m: &mut A, selector: u16, offset: u64) -> Result<(), A::Fail> {
    if has_descriptors(m) {
        return Ok(transfer::call(&mut m.slow()?, selector, offset, T::BITS == 32)?);
    }
    let sp = m.cpu().state.regs.number(crate::regs::number::SP);
    push_return::<T, A>(m)?;
    go_far(m, selector, offset).inspect_err(|_| {
        m.cpu().state.regs.set_number(crate::regs::number::SP, sp);
    })
}

/// JMP ptr16:16 and ptr16:32 [SDM 2A, "JMP"]: offset in `op.disp`, selector in `op.imm`.
pub(crate) struct JumpFar<T>(PhantomData<T>);

impl<T: Word> Semantics for JumpFar<T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        jump_far(m, op.imm as u16, u64::from(op.disp) & ip_mask(T::BITS))
    }
}

/// CALL ptr16:16 and ptr16:32 [SDM 2A, "CALL"].
pub(crate) struct CallFar<T>(PhantomData<T>);

impl<T: Word> Semantics for CallFar<T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        call_far::<T, A>(m, op.imm as u16, u64::from(op.disp) & ip_mask(T::BITS))
    }
}

/// JMP m16:16 and m16:32.
pub(crate) struct JumpFarIndirect<T>(PhantomData<T>);

impl<T: Word> Semantics for JumpFarIndirect<T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let (offset, selector) = read_far_pointer::<T, A>(m, op)?;
        jump_far(m, selector, offset.zext())
    }
}

/// CALL m16:16 and m16:32.
pub(crate) struct CallFarIndirect<T>(PhantomData<T>);

impl<T: Word> Semantics for CallFarIndirect<T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        let (offset, selector) = read_far_pointer::<T, A>(m, op)?;
        call_far::<T, A>(m, selector, offset.zext())
    }
}

/// RET far [SDM 2B, "RET"], releasing `op.imm` bytes of arguments.
pub(crate) struct RetFar<T>(PhantomData<T>);

impl<T: Word> Semantics for RetFar<T> {
    type Slow = Self;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        if has_descriptors(m) {
            return Ok(transfer::ret(&mut m.slow()?, T::BITS == 32, u64::from(op.imm))?);
        }
        let size = T::BYTES as i64;
        with_stack!(mode(m), W => {
            let offset = peek::<T, W, A>(m, 0)?;
            let selector = peek::<T, W, A>(m, size)?;
            go_far(m, selector.zext() as u16, offset.zext())?;
            move_sp::<W>(m.cpu(), 2 * size + i64::from(op.imm));
        });
        Ok(())
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
        if has_descriptors(m) {
            return Ok(iret::iret(&mut m.slow()?, T::BITS == 32)?);
        }
        let interrupt_flag = m.cpu().v86_interrupt_flag(T::BITS)?;
        let size = T::BYTES as i64;
        with_stack!(mode(m), W => {
            let offset = peek::<T, W, A>(m, 0)?;
            let selector = peek::<T, W, A>(m, size)?;
            let flags = peek::<T, W, A>(m, 2 * size)?;
            if interrupt_flag == InterruptFlag::Virtual {
                m.cpu().check_virtual_flags(flags.zext() as u32)?;
            }
            go_far(m, selector.zext() as u16, offset.zext())?;
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
        load_real(m, SegReg::Cs, selector);
        Ok(())
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
