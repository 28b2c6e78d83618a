//! LLDT LTR SLDT STR, LAR LSL VERR VERW ARPL.

use super::{Descriptor, System, error_code, is_null, rpl};
use crate::exec::access::{Access, Dst, Place, Slow, Source, Src};
use crate::exec::dispatch::Semantics;
use crate::exec::op::Op;
use crate::fault::Fault;
use crate::flags::bit;
use crate::segment::Segment;
use crate::word::Word;
use std::marker::PhantomData;

/// #UD in real and virtual-8086 mode, where these instructions do not exist.
fn check_mode<A: Access>(m: &mut A) -> Result<(), A::Fail> {
    let state = &m.cpu().state;
    if state.protected() && !state.v86() { Ok(()) } else { Err(Fault::InvalidOpcode.into()) }
}

/// LLDT [SDM 2A, "LLDT"].
pub(crate) struct Lldt<S>(PhantomData<S>);

impl<S: Source> Semantics for Lldt<S> {
    type Slow = Lldt<S::Slow>;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        check_mode(m)?;
        m.cpu().check_cpl_0()?;
        let selector = S::read::<u16, A>(m, op)?;
        let mut slow = m.slow()?;
        if is_null(selector) {
            slow.cpu.state.ldtr = Segment { selector, usable: false, ..slow.cpu.state.ldtr };
            return Ok(());
        }
        let descriptor = system_in_gdt(&mut slow, selector)?;
        if descriptor.system() != Some(System::Ldt) {
            return Err(Fault::GeneralProtection(error_code(selector)).into());
        }
        check_present(&descriptor, selector)?;
        slow.cpu.state.ldtr = descriptor.segment;
        Ok(())
    }
}

/// LTR [SDM 2A, "LTR"]: marks the TSS busy.
pub(crate) struct Ltr<S>(PhantomData<S>);

impl<S: Source> Semantics for Ltr<S> {
    type Slow = Ltr<S::Slow>;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        check_mode(m)?;
        m.cpu().check_cpl_0()?;
        let selector = S::read::<u16, A>(m, op)?;
        let mut slow = m.slow()?;
        if is_null(selector) {
            return Err(Fault::GeneralProtection(0).into());
        }
        let descriptor = system_in_gdt(&mut slow, selector)?;
        let Some(System::Tss { busy: false, .. }) = descriptor.system() else {
            return Err(Fault::GeneralProtection(error_code(selector)).into());
        };
        check_present(&descriptor, selector)?;
        let mut segment = descriptor.segment;
        segment.attr.0 |= 2;
        slow.cpu.store_linear(slow.bus, descriptor.at + 5, segment.attr.0 as u8)?;
        slow.cpu.state.tr = segment;
        Ok(())
    }
}

fn system_in_gdt(m: &mut Slow<'_>, selector: u16) -> Result<Descriptor, Fault> {
    if selector & 4 != 0 {
        return Err(Fault::GeneralProtection(error_code(selector)));
    }
    m.descriptor(selector, Fault::GeneralProtection)
}

fn check_present(descriptor: &Descriptor, selector: u16) -> Result<(), Fault> {
    if descriptor.segment.attr.is_present() {
        Ok(())
    } else {
        Err(Fault::SegmentNotPresent(error_code(selector)))
    }
}

/// SLDT (`TASK` false) and STR [SDM 2B, "SLDT", "STR"].
pub(crate) struct StoreSelector<const TASK: bool, T, D>(PhantomData<(T, D)>);

impl<const TASK: bool, T: Word, D: Place> Semantics for StoreSelector<TASK, T, D> {
    type Slow = StoreSelector<TASK, T, D::SlowPlace>;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        check_mode(m)?;
        let dest = D::resolve::<T, A>(m, op)?;
        let state = &m.cpu().state;
        let selector = if TASK { state.tr.selector } else { state.ldtr.selector };
        D::store(m, dest, T::truncate(u64::from(selector)));
        Ok(())
    }
}

/// The descriptor that LAR, LSL, VERR and VERW look at; `None` when the selector names none.
fn inspect(m: &mut Slow<'_>, selector: u16) -> Result<Option<Descriptor>, Fault> {
    if is_null(selector) {
        return Ok(None);
    }
    match m.descriptor(selector, Fault::GeneralProtection) {
        Ok(descriptor) => Ok(Some(descriptor)),
        Err(Fault::GeneralProtection(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Whether the present level may see a descriptor through `selector`.
fn is_visible(m: &Slow<'_>, descriptor: &Descriptor, selector: u16) -> bool {
    let attr = descriptor.segment.attr;
    attr.is_conforming() || attr.dpl() >= m.cpu.state.cpl.max(rpl(selector))
}

/// LAR: access rights, of code, data and most system descriptors [SDM 2A, "LAR"].
pub(crate) struct Lar<T, S>(PhantomData<(T, S)>);

impl<T: Word, S: Source> Semantics for Lar<T, S> {
    type Slow = Lar<T, S::Slow>;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        check_mode(m)?;
        let selector = S::read::<u16, A>(m, op)?;
        let mut slow = m.slow()?;
        let found = inspect(&mut slow, selector)?.filter(|descriptor| {
            let kind = descriptor.system();
            let shown = descriptor.segment.attr.is_code_or_data()
                || matches!(
                    kind,
                    Some(System::Tss { .. } | System::Ldt | System::CallGate { .. } | System::TaskGate)
                );
            shown && is_visible(&slow, descriptor, selector)
        });
        slow.cpu.state.flags.set_status(bit::ZF, found.is_some());
        if let Some(descriptor) = found {
            let rights = descriptor.raw >> 32 & 0x00F0_FF00;
            Dst::store(m, op.dst, T::truncate(rights));
        }
        Ok(())
    }
}

/// LSL: the limit in bytes [SDM 2A, "LSL"].
pub(crate) struct Lsl<T, S>(PhantomData<(T, S)>);

impl<T: Word, S: Source> Semantics for Lsl<T, S> {
    type Slow = Lsl<T, S::Slow>;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        check_mode(m)?;
        let selector = S::read::<u16, A>(m, op)?;
        let mut slow = m.slow()?;
        let found = inspect(&mut slow, selector)?.filter(|descriptor| {
            let shown = descriptor.segment.attr.is_code_or_data()
                || matches!(descriptor.system(), Some(System::Tss { .. } | System::Ldt));
            shown && is_visible(&slow, descriptor, selector)
        });
        slow.cpu.state.flags.set_status(bit::ZF, found.is_some());
        if let Some(descriptor) = found {
            Dst::store(m, op.dst, T::truncate(u64::from(descriptor.segment.limit)));
        }
        Ok(())
    }
}

/// VERR (`WRITE` false) and VERW [SDM 2B, "VERR/VERW"].
pub(crate) struct Verify<const WRITE: bool, S>(PhantomData<S>);

impl<const WRITE: bool, S: Source> Semantics for Verify<WRITE, S> {
    type Slow = Verify<WRITE, S::Slow>;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        check_mode(m)?;
        let selector = S::read::<u16, A>(m, op)?;
        let mut slow = m.slow()?;
        let found = inspect(&mut slow, selector)?.is_some_and(|descriptor| {
            let attr = descriptor.segment.attr;
            let usable =
                if WRITE { attr.is_writable() } else { attr.is_code_or_data() && attr.is_readable() };
            usable && is_visible(&slow, &descriptor, selector)
        });
        slow.cpu.state.flags.set_status(bit::ZF, found);
        Ok(())
    }
}

/// ARPL [SDM 2A, "ARPL"]: raises the RPL of DEST to that of the register in `op.src`.
pub(crate) struct Arpl<D>(PhantomData<D>);

impl<D: Place> Semantics for Arpl<D> {
    type Slow = Arpl<D::SlowPlace>;
    fn exec<A: Access>(m: &mut A, op: &Op) -> Result<(), A::Fail> {
        check_mode(m)?;
        let dest = D::resolve::<u16, A>(m, op)?;
        let (old, src) = (D::load::<u16, A>(m, dest), Src::load::<u16, A>(m, op.src));
        let raise = old & 3 < src & 3;
        if raise {
            D::store(m, dest, old & !3 | src & 3);
        }
        m.cpu().state.flags.set_status(bit::ZF, raise);
        Ok(())
    }
}
