//! Delivery of interrupts and exceptions.

use crate::cpu::Cpu;
use crate::debug::Dr7;
use crate::exec::access::{Access, Slow};
use crate::exec::descriptor::load_code_paragraph;
use crate::fault::Fault;
use crate::flags::bit;
use crate::mmu::Intent;
use crate::model::Generation;
use crate::protected::interrupt::{self, Origin};
use crate::recorder::{Cause, Delivery, Place};
use crate::regs::number::SP;
use crate::segment::SegReg;
use crate::state::Activity;
use ringzero_bus::SystemBus;

impl Cpu {
    /// Enters the handler of `vector`; `state.ip` is the return address. `error` is the error code of an exception.
    pub(crate) fn deliver(
        &mut self,
        bus: &mut SystemBus,
        vector: u8,
        origin: Origin,
        error: Option<u16>,
    ) -> Result<(), Fault> {
        if self.state.protected() {
            self.state.activity = Activity::Running;
            interrupt::deliver(&mut Slow { cpu: self, bus }, vector, origin, error)
        } else {
            self.deliver_real(bus, vector)
        }
    }

    /// What is delivered where the processor stands now, for the recorder.
    pub(crate) fn delivery(&self, cause: Cause) -> Delivery {
        let count = self.limit_count.wrapping_sub(self.left as u64);
        Delivery { cause, at: Place { count, ..Place::of(&self.state) }, cr2: self.state.cr2 }
    }

    /// An IRET is on its way: `left` is already what is left behind it.
    pub(crate) fn note_return(&mut self) {
        let count = self.limit_count.wrapping_sub(self.left as u64);
        self.recorder.returned(count);
    }

    /// [SDM 2A, "INT n", REAL-ADDRESS-MODE].
    fn deliver_real(&mut self, bus: &mut SystemBus, vector: u8) -> Result<(), Fault> {
        let entry = u64::from(vector) * 4;
        if entry + 3 > u64::from(self.state.idtr.limit) {
            return Err(Fault::GeneralProtection(0));
        }
        let base = self.state.idtr.base;
        let ip = self.load_linear::<u16>(bus, base + entry)?;
        let cs = self.load_linear::<u16>(bus, base + entry + 2)?;
        let frame =
            [self.state.flags.bits() as u16, self.state.seg(SegReg::Cs).selector, self.state.ip as u16];
        self.push_frame(bus, frame)?;
        self.state.flags.set_control(bit::IF | bit::TF | bit::AC | bit::RF, false);
        self.state.activity = Activity::Running;
        load_code_paragraph(&mut Slow { cpu: self, bus }, cs)?;
        self.state.ip = u64::from(ip);
        Ok(())
    }

    /// Pushes FLAGS, CS and IP; checks all three before it writes one.
    fn push_frame(&mut self, bus: &mut SystemBus, frame: [u16; 3]) -> Result<(), Fault> {
        let big = self.mode.stack_bits() == 32;
        let mask = if big { 0xFFFF_FFFF } else { 0xFFFF };
        let sp = self.state.regs.number(SP);
        let mut slow = Slow { cpu: self, bus };
        let mut spots = [None; 3];
        for (n, spot) in (1..).zip(&mut spots) {
            let offset = sp.wrapping_sub(2 * n) & mask;
            *spot = Some(slow.spot::<u16>(SegReg::Ss as usize, offset, Intent::Write)?);
        }
        for (spot, value) in spots.into_iter().flatten().zip(frame) {
            slow.store(spot, value);
        }
        let top = sp.wrapping_sub(6);
        if big {
            self.state.regs.write(SP, top as u32);
        } else {
            self.state.regs.write(SP, top as u16);
        }
        Ok(())
    }

    /// Delivers an exception; a second one while at it makes a double fault, a third shuts the processor down
    /// [SDM 3A, "Interrupt 8 - Double Fault Exception"].
    pub(crate) fn deliver_fault(&mut self, bus: &mut SystemBus, fault: Fault) {
        let mut fault = fault;
        self.stats.note_exception(fault);
        self.recorder.begin_chain(self.delivery(Cause::Fault(fault)));
        if fault == Fault::Debug {
            self.state.dr[7] &= !Dr7::GD;
        }
        if fault.restarts() && self.model.at_least(Generation::I80386) {
            // The saved image lets the instruction restart past a breakpoint on it.
            self.state.flags.set_control(bit::RF, true);
        }
        loop {
            let Err(second) = self.deliver(bus, fault.vector(), Origin::Event, fault.error_code()) else {
                return;
            };
            self.recorder.extend_chain(self.delivery(Cause::Fault(second)));
            if fault == Fault::DoubleFault {
                self.state.activity = Activity::Shutdown;
                return;
            }
            let page_fault = matches!(fault, Fault::Page(_));
            let second_counts = second.is_contributory() || (page_fault && matches!(second, Fault::Page(_)));
            let double = (fault.is_contributory() || page_fault) && second_counts;
            if double {
                self.recorder.extend_chain(self.delivery(Cause::Fault(Fault::DoubleFault)));
            }
            fault = if double { Fault::DoubleFault } else { second };
        }
    }
}
