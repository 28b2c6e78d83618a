//! FNINIT FNCLEX FLDCW FNSTCW FNSTSW FNOP FWAIT.

use super::{begin, drive_ferr, remember, status};
use crate::exec::access::{Access, InMemory, Mem, Segmented, Source};
use crate::exec::dispatch::Semantics;
use crate::exec::mov::simple;
use crate::exec::op::Op;
use crate::fault::Fault;
use crate::mmu::Intent;
use crate::regs::number::AX;
use crate::state::cr0;
use ringzero_float::X87Control;

/// What the control word keeps of a value [SDM 1, "x87 FPU Control Word"]; bit 6 always reads 1.
pub(super) fn control_word(value: u16) -> u16 {
    value & 0x1F3F | 0x40
}

simple! {
    /// FNINIT [SDM 2A, "FINIT/FNINIT"].
    Fninit: |m, _op| {
        m.slow()?;
        m.cpu().state.fpu.init();
        drive_ferr(m)
    };
    /// FNCLEX [SDM 2A, "FCLEX/FNCLEX"].
    Fnclex: |m, _op| {
        m.slow()?;
        m.cpu().state.fpu.status &= status::CONDITION | 0x3800;
        drive_ferr(m)
    };
    /// FLDCW [SDM 2A, "FLDCW"]: an exception that it unmasks is pending from then on.
    Fldcw: |m, op| {
        begin(m)?;
        let value = InMemory::<Segmented>::read::<u16, A>(m, op)?;
        let fpu = &m.cpu().state.fpu;
        let stays = fpu.pends_under(X87Control(value)) == fpu.is_pending();
        if !stays {
            // FERR# needs the slow path, which begins anew: nothing may have changed before.
            m.slow()?;
        }
        let fpu = &mut m.cpu().state.fpu;
        fpu.control = control_word(value);
        if stays {
            return Ok(());
        }
        fpu.summarize();
        drive_ferr(m)
    };
    /// FNSTCW [SDM 2A, "FSTCW/FNSTCW"].
    Fnstcw: |m, op| {
        let spot = Segmented::spot::<u16, A>(m, op, Intent::Write)?;
        let value = m.cpu().state.fpu.control;
        m.store(spot, value);
        Ok(())
    };
    /// FNSTSW m16 [SDM 2A, "FSTSW/FNSTSW"].
    FnstswMemory: |m, op| {
        let spot = Segmented::spot::<u16, A>(m, op, Intent::Write)?;
        let value = m.cpu().state.fpu.status;
        m.store(spot, value);
        Ok(())
    };
    /// FNSTSW AX.
    FnstswAx: |m, _op| {
        let value = m.cpu().state.fpu.status;
        m.cpu().state.regs.write(AX, value);
        Ok(())
    };
    /// FNOP [SDM 2A, "FNOP"].
    Fnop: |m, op| {
        begin(m)?;
        remember::<false>(m.cpu(), op);
        Ok(())
    };
    /// FNENI, FNDISI and FNSETPM of earlier coprocessors: nothing since the 80387.
    FormerControl: |_m, _op| Ok(());
    /// WAIT [SDM 2B, "WAIT/FWAIT"]: #NM when both CR0.MP and CR0.TS are set.
    Wait: |m, _op| {
        const BOTH: u32 = cr0::MP | cr0::TS;
        if m.cpu().state.cr0 & BOTH == BOTH {
            return Err(Fault::DeviceNotAvailable.into());
        }
        begin(m)
    };
}
