//! A stack being built: nothing is current until [`Stack::make_current`].

use crate::exec::access::Slow;
use crate::fault::Fault;
use crate::regs::number::SP;
use crate::segment::{SegReg, Segment};
use crate::state::CpuState;
use crate::word::Word;

use super::{SelectorFault, error_code, is_null, rpl};

/// A stack segment and pointer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stack {
    pub(crate) segment: Segment,
    pub(crate) pointer: u64,
    /// The privilege its memory is reached with.
    cpl: u8,
    /// Error code of a fault on it.
    error: u16,
    /// Its segment is another than the present one.
    switched: bool,
}

impl Stack {
    /// The present stack.
    pub(crate) fn current(state: &CpuState) -> Self {
        let (segment, pointer) = (*state.seg(SegReg::Ss), state.regs.number(SP));
        Self { segment, pointer, cpl: state.cpl, error: 0, switched: false }
    }

    fn mask(&self) -> u64 {
        if self.segment.attr.is_big() { 0xFFFF_FFFF } else { 0xFFFF }
    }

    fn place<T: Word>(&self, offset: u64) -> Result<u64, Fault> {
        if !self.segment.usable || !self.segment.holds(offset, T::BYTES) {
            return Err(Fault::StackSegment(self.error));
        }
        Ok(self.segment.base.wrapping_add(offset))
    }

    /// Pushes a value.
    pub(crate) fn push<T: Word>(&mut self, m: &mut Slow<'_>, value: T) -> Result<(), Fault> {
        let offset = self.pointer.wrapping_sub(T::BYTES) & self.mask();
        let lin = self.place::<T>(offset)?;
        m.cpu.store_linear_as(m.bus, lin, value, self.cpl == 3)?;
        self.pointer = self.pointer & !self.mask() | offset;
        Ok(())
    }

    /// Pushes `value` in 32 bits (`wide`) or 16.
    pub(crate) fn push_sized(&mut self, m: &mut Slow<'_>, wide: bool, value: u64) -> Result<(), Fault> {
        if wide { self.push(m, value as u32) } else { self.push(m, value as u16) }
    }

    /// Pushes `items`, the first one first, in 32 bits each (`wide`) or 16. A fault may leave some of them in memory.
    pub(crate) fn push_items<const N: usize>(
        &mut self,
        m: &mut Slow<'_>,
        wide: bool,
        items: [u64; N],
    ) -> Result<(), Fault> {
        if wide && self.push_at_once(m, items) {
            return Ok(());
        }
        items.into_iter().try_for_each(|item| self.push_sized(m, wide, item))
    }

    /// Linear address of the `len` bytes from `offset` on, if nothing has to be checked of a flat segment.
    #[inline]
    fn flat_place(&self, offset: u64, len: u64) -> Option<u64> {
        let flat = self.segment.is_flat() && self.segment.attr.is_big();
        (flat && offset + len <= 1 << 32).then_some(offset)
    }

    /// Pushes doublewords where a TLB knows the place of all of them: whether it is done.
    #[inline]
    fn push_at_once<const N: usize>(&mut self, m: &mut Slow<'_>, items: [u64; N]) -> bool {
        let len = 4 * N as u64;
        let offset = self.pointer.wrapping_sub(len) & 0xFFFF_FFFF;
        let Some(lin) = self.flat_place(offset, len) else { return false };
        let mut values = items.map(|item| item as u32);
        values.reverse();
        let done = m.cpu.store_all_known(m.bus, lin, values, self.cpl == 3);
        if done {
            self.pointer = offset;
        }
        done
    }

    /// The `N` items at the top, which are 32 bits each (`wide`) or 16.
    pub(crate) fn top_items<const N: usize>(&self, m: &mut Slow<'_>, wide: bool) -> Result<[u64; N], Fault> {
        let place = self.flat_place(self.pointer & 0xFFFF_FFFF, 4 * N as u64).filter(|_| wide);
        let known = place.and_then(|lin| m.cpu.load_all_known::<u32, N>(m.bus, lin, self.cpl == 3));
        if let Some(values) = known {
            return Ok(values.map(u64::from));
        }
        let mut items = [0; N];
        for (n, item) in (0..).zip(&mut items) {
            *item = self.item(m, wide, n, 0)?;
        }
        Ok(items)
    }

    /// The value `depth` bytes above the top.
    pub(crate) fn peek<T: Word>(&self, m: &mut Slow<'_>, depth: u64) -> Result<T, Fault> {
        let lin = self.place::<T>(self.pointer.wrapping_add(depth) & self.mask())?;
        m.cpu.load_linear_as(m.bus, lin, self.cpl == 3)
    }

    /// Item `n` from the top, items being 32 bits (`wide`) or 16.
    pub(crate) fn item(&self, m: &mut Slow<'_>, wide: bool, n: u64, skip: u64) -> Result<u64, Fault> {
        if wide {
            Ok(self.peek::<u32>(m, skip + 4 * n)?.zext())
        } else {
            Ok(self.peek::<u16>(m, skip + 2 * n)?.zext())
        }
    }

    /// Releases `bytes`.
    pub(crate) fn release(&mut self, bytes: u64) {
        self.pointer = self.pointer & !self.mask() | self.pointer.wrapping_add(bytes) & self.mask();
    }

    /// Makes this the CPU's stack.
    pub(crate) fn make_current(&self, m: &mut Slow<'_>) {
        if self.switched {
            m.cpu.set_segment(SegReg::Ss, self.segment);
        }
        let old = m.cpu.state.regs.number(SP);
        let mask = self.mask();
        m.cpu.state.regs.set_number(SP, (old & !mask | self.pointer & mask) & 0xFFFF_FFFF);
    }

    /// A stack at `selector:pointer` for code at privilege `cpl`; `fault` names what is wrong with the selector.
    pub(crate) fn at(
        m: &mut Slow<'_>,
        selector: u16,
        pointer: u64,
        cpl: u8,
        fault: SelectorFault,
    ) -> Result<Self, Fault> {
        let error = error_code(selector);
        if is_null(selector) {
            return Err(fault(0));
        }
        let mut descriptor = m.descriptor(selector, fault)?;
        let attr = descriptor.segment.attr;
        if rpl(selector) != cpl || attr.dpl() != cpl || !attr.is_writable() {
            return Err(fault(error));
        }
        if !attr.is_present() {
            return Err(Fault::StackSegment(error));
        }
        m.mark_accessed(&mut descriptor)?;
        Ok(Self { segment: descriptor.segment, pointer, cpl, error, switched: true })
    }

    /// The stack that the current TSS holds for privilege `cpl` (0 to 2) [SDM 3A, "Stack Switching"].
    pub(crate) fn from_tss(m: &mut Slow<'_>, cpl: u8) -> Result<Self, Fault> {
        let tr = m.cpu.state.tr;
        let wide = tr.attr.system_type() & 8 != 0;
        let (at, len) = if wide { (4 + 8 * u64::from(cpl), 6) } else { (2 + 4 * u64::from(cpl), 4) };
        if at + len - 1 > u64::from(tr.limit) {
            return Err(Fault::InvalidTss(error_code(tr.selector)));
        }
        let (pointer, selector) = if wide {
            let pointer = m.cpu.load_linear::<u32>(m.bus, tr.base + at)?.zext();
            (pointer, m.cpu.load_linear::<u16>(m.bus, tr.base + at + 4)?)
        } else {
            let pointer = m.cpu.load_linear::<u16>(m.bus, tr.base + at)?.zext();
            (pointer, m.cpu.load_linear::<u16>(m.bus, tr.base + at + 2)?)
        };
        Self::at(m, selector, pointer, cpl, Fault::InvalidTss)
    }
}
