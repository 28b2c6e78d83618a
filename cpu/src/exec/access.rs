//! Memory accesses, fast and slow, and the places operands live in.
//!
//! A semantic function is generic over [`Access`]: [`Fast`] (a TLB hit, or [`Miss`] with nothing changed) and
//! [`Slow`] (segment checks in full, page walks, devices, faults).
#![expect(unsafe_code, reason = "guest memory and register operands are reached without bounds checks")]

use super::op::Op;
use crate::cpu::Cpu;
use crate::fault::Fault;
use crate::host_memory::{HostAddress, Witness};
use crate::mmu::{Intent, Spot};
use crate::model::Generation;
use crate::segment::{SegReg, Segment};
use crate::word::{Bytes, Word};
use ringzero_bus::SystemBus;

/// The fast path cannot do this access; nothing has changed yet.
pub(crate) struct Miss;

impl From<Fault> for Miss {
    /// The fast path leaves faults to the slow one.
    fn from(_: Fault) -> Self {
        Self
    }
}

/// How memory is reached.
pub(crate) trait Access {
    /// Why an access is not done.
    type Fail: From<Fault>;
    /// A checked operand in memory.
    type Spot: Copy;

    fn cpu(&mut self) -> &mut Cpu;
    /// Checks `T::BYTES` bytes at `offset` of a segment.
    fn spot<T: Bytes>(&mut self, seg: usize, offset: u64, intent: Intent) -> Result<Self::Spot, Self::Fail>;
    /// Checks `T::BYTES` bytes at an offset of a flat segment.
    fn spot_flat<T: Bytes>(&mut self, seg: usize, lin: u64, intent: Intent)
    -> Result<Self::Spot, Self::Fail>;
    fn load<T: Word>(&mut self, spot: Self::Spot) -> T;
    fn store<T: Word>(&mut self, spot: Self::Spot, value: T);
    /// Loads `N` bytes that were checked as a [`Block`](crate::word::Block).
    fn load_bytes<const N: usize>(&mut self, spot: Self::Spot) -> [u8; N];
    /// Stores `N` bytes that were checked as a [`Block`](crate::word::Block).
    fn store_bytes<const N: usize>(&mut self, spot: Self::Spot, bytes: [u8; N]);
    /// The slow path, if this is it.
    fn slow(&mut self) -> Result<Slow<'_>, Self::Fail>;
}

/// TLB hits only.
pub(crate) struct Fast<'a> {
    pub(super) cpu: &'a mut Cpu,
    witness: Witness<'a>,
}

impl<'a> Fast<'a> {
    #[inline(always)]
    pub(crate) fn new(cpu: &'a mut Cpu, bus: &'a SystemBus) -> Self {
        Self { cpu, witness: Witness::new(bus) }
    }
}

impl Access for Fast<'_> {
    type Fail = Miss;
    type Spot = HostAddress;

    #[inline(always)]
    fn cpu(&mut self) -> &mut Cpu {
        self.cpu
    }
    #[inline(always)]
    fn spot<T: Bytes>(&mut self, seg: usize, offset: u64, intent: Intent) -> Result<HostAddress, Miss> {
        let cpu = &*self.cpu;
        crate::check!(seg < 6, "segment {seg} of an operand");
        // SAFETY: a segment number comes from an encoding of 0 to 5.
        let window = unsafe { cpu.windows.get_unchecked(seg) };
        let limit = if intent == Intent::Read { window.read_limit } else { window.write_limit };
        if (offset + (T::BYTES - 1)) as i64 > limit {
            return Err(Miss);
        }
        let lin = window.base.wrapping_add(offset) & 0xFFFF_FFFF;
        self.spot_flat::<T>(seg, lin, intent)
    }
    #[inline(always)]
    fn spot_flat<T: Bytes>(&mut self, _seg: usize, lin: u64, intent: Intent) -> Result<HostAddress, Miss> {
        let tlb = &self.cpu.tlb;
        let hit = if intent == Intent::Read { tlb.read(lin, T::BYTES) } else { tlb.write(lin, T::BYTES) };
        hit.ok_or(Miss)
    }
    #[inline(always)]
    fn load<T: Word>(&mut self, spot: HostAddress) -> T {
        // SAFETY: the TLB has given this place for an access of this size, in this very instruction.
        unsafe { spot.load(self.cpu, self.witness) }
    }
    #[inline(always)]
    fn store<T: Word>(&mut self, spot: HostAddress, value: T) {
        // SAFETY: as for loads; the TLB gives places for stores in private RAM only, on lines without decoded code.
        unsafe { spot.store(value, self.cpu, self.witness) }
    }
    #[inline(always)]
    fn load_bytes<const N: usize>(&mut self, spot: HostAddress) -> [u8; N] {
        // SAFETY: as above.
        unsafe { spot.load_bytes(self.cpu, self.witness) }
    }
    #[inline(always)]
    fn store_bytes<const N: usize>(&mut self, spot: HostAddress, bytes: [u8; N]) {
        // SAFETY: as above.
        unsafe { spot.store_bytes(bytes, self.cpu, self.witness) }
    }
    #[inline(always)]
    fn slow(&mut self) -> Result<Slow<'_>, Miss> {
        Err(Miss)
    }
}

/// The fast path behind a miss: fills the TLB where that is all it takes, and stores beside decoded code.
pub(crate) struct Refill<'a> {
    pub(crate) cpu: &'a mut Cpu,
    pub(crate) bus: &'a mut SystemBus,
}

impl Access for Refill<'_> {
    type Fail = Miss;
    type Spot = HostAddress;

    #[inline(always)]
    fn cpu(&mut self) -> &mut Cpu {
        self.cpu
    }
    #[inline(always)]
    fn spot<T: Bytes>(&mut self, seg: usize, offset: u64, intent: Intent) -> Result<HostAddress, Miss> {
        let window = &self.cpu.windows[seg];
        let limit = if intent == Intent::Read { window.read_limit } else { window.write_limit };
        if (offset + (T::BYTES - 1)) as i64 > limit {
            return Err(Miss);
        }
        let lin = window.base.wrapping_add(offset) & 0xFFFF_FFFF;
        self.spot_flat::<T>(seg, lin, intent)
    }
    #[inline(always)]
    fn spot_flat<T: Bytes>(&mut self, _seg: usize, lin: u64, intent: Intent) -> Result<HostAddress, Miss> {
        self.cpu.refill(self.bus, lin, T::BYTES, intent).ok_or(Miss)
    }
    #[inline(always)]
    fn load<T: Word>(&mut self, spot: HostAddress) -> T {
        // SAFETY: the TLB has given this place for an access of this size, in this very instruction, and a page that
        // has moved since has made the instruction miss.
        unsafe { spot.load(self.cpu, Witness::new(self.bus)) }
    }
    #[inline(always)]
    fn store<T: Word>(&mut self, spot: HostAddress, value: T) {
        // SAFETY: as for loads; the page is private RAM, and no line that is stored to holds decoded code.
        unsafe { spot.store(value, self.cpu, Witness::new(self.bus)) }
    }
    #[inline(always)]
    fn load_bytes<const N: usize>(&mut self, spot: HostAddress) -> [u8; N] {
        // SAFETY: as above.
        unsafe { spot.load_bytes(self.cpu, Witness::new(self.bus)) }
    }
    #[inline(always)]
    fn store_bytes<const N: usize>(&mut self, spot: HostAddress, bytes: [u8; N]) {
        // SAFETY: as above.
        unsafe { spot.store_bytes(bytes, self.cpu, Witness::new(self.bus)) }
    }
    #[inline(always)]
    fn slow(&mut self) -> Result<Slow<'_>, Miss> {
        Err(Miss)
    }
}

/// Everything, in full.
pub(crate) struct Slow<'a> {
    pub(crate) cpu: &'a mut Cpu,
    pub(crate) bus: &'a mut SystemBus,
}

impl Slow<'_> {
    /// #SS for the stack segment, #GP for others; the 80286 has no #SS in real mode [80286 captures].
    fn segment_fault(&self, seg: usize) -> Fault {
        let has_ss = self.cpu.state.protected() || self.cpu.model.at_least(Generation::I80386);
        if seg == SegReg::Ss as usize && has_ss {
            Fault::StackSegment(0)
        } else {
            Fault::GeneralProtection(0)
        }
    }

    fn check(
        &self,
        segment: &Segment,
        seg: usize,
        offset: u64,
        len: u64,
        intent: Intent,
    ) -> Result<(), Fault> {
        let allowed = match intent {
            Intent::Read => segment.attr.is_readable(),
            Intent::Write => segment.attr.is_writable() || !self.cpu.state.protected(),
            Intent::Fetch => true,
        };
        if segment.usable && allowed && segment.holds(offset, len) {
            Ok(())
        } else {
            Err(self.segment_fault(seg))
        }
    }
}

impl Access for Slow<'_> {
    type Fail = Fault;
    type Spot = Spot;

    fn cpu(&mut self) -> &mut Cpu {
        self.cpu
    }
    #[inline]
    fn spot<T: Bytes>(&mut self, seg: usize, offset: u64, intent: Intent) -> Result<Spot, Fault> {
        if let Some(spot) = self.spot_device::<T>(seg, offset, intent) {
            return Ok(spot);
        }
        self.spot_in_full::<T>(seg, offset, intent)
    }
    fn spot_flat<T: Bytes>(&mut self, seg: usize, lin: u64, intent: Intent) -> Result<Spot, Fault> {
        self.spot::<T>(seg, lin, intent)
    }
    fn load<T: Word>(&mut self, spot: Spot) -> T {
        spot.load(self.bus)
    }
    fn store<T: Word>(&mut self, spot: Spot, value: T) {
        spot.store(self.bus, value);
    }
    fn load_bytes<const N: usize>(&mut self, spot: Spot) -> [u8; N] {
        spot.load_bytes(self.bus)
    }
    fn store_bytes<const N: usize>(&mut self, spot: Spot, bytes: [u8; N]) {
        spot.store_bytes(self.bus, bytes);
    }
    fn slow(&mut self) -> Result<Slow<'_>, Fault> {
        Ok(Slow { cpu: self.cpu, bus: self.bus })
    }
}

impl Slow<'_> {
    /// Bytes in a page where the TLB knows a device to answer, within what the segment surely holds.
    #[inline(always)]
    fn spot_device<T: Bytes>(&self, seg: usize, offset: u64, intent: Intent) -> Option<Spot> {
        let window = &self.cpu.windows[seg];
        let limit = if intent == Intent::Read { window.read_limit } else { window.write_limit };
        let lin = window.base.wrapping_add(offset) & 0xFFFF_FFFF;
        let holds = (offset + (T::BYTES - 1)) as i64 <= limit;
        holds.then(|| self.cpu.spot_device(lin, T::BYTES, intent)).flatten()
    }

    fn spot_in_full<T: Bytes>(&mut self, seg: usize, offset: u64, intent: Intent) -> Result<Spot, Fault> {
        let segment = self.cpu.state.segments[seg];
        let lin = self.cpu.wrap_linear(segment.base.wrapping_add(offset));
        if self.cpu.wraps_in_segment && offset + T::BYTES > 0x1_0000 {
            // The 8086 keeps a word at offset FFFFh inside its segment: the high byte is at offset 0.
            let split = 0x1_0000 - offset;
            let first = self.cpu.translate(self.bus, lin, intent, self.cpu.user)?;
            let second = self.cpu.translate(self.bus, segment.base, intent, self.cpu.user)?;
            return Ok(Spot::split(first, split, second));
        }
        self.check(&segment, seg, offset, T::BYTES, intent)?;
        self.cpu.look_at_access::<T>(lin, intent)?;
        self.cpu.spot_linear(self.bus, lin, T::BYTES, intent, self.cpu.user)
    }
}

/// Where an operand can be read.
pub(crate) trait Source {
    /// The same operand for the slow path, its shape found at run time.
    type Slow: Source;
    fn read<T: Word, A: Access>(m: &mut A, op: &Op) -> Result<T, A::Fail>;
}

/// Where an operand can be read and written.
pub(crate) trait Place: Source {
    /// The same place for the slow path.
    type SlowPlace: Place;
    /// A checked place.
    type At<A: Access>: Copy;
    /// Checks the place for reading and writing; the last point that can fault.
    fn resolve<T: Word, A: Access>(m: &mut A, op: &Op) -> Result<Self::At<A>, A::Fail>;
    fn load<T: Word, A: Access>(m: &mut A, at: Self::At<A>) -> T;
    fn store<T: Word, A: Access>(m: &mut A, at: Self::At<A>, value: T);
}

/// The register in `op.dst`.
pub(crate) struct Dst;
/// The register in `op.src`.
pub(crate) struct Src;
/// The immediate, sign-extended.
pub(crate) struct Imm;

macro_rules! register {
    ($name:ident, $field:ident) => {
        impl Source for $name {
            type Slow = $name;
            #[inline(always)]
            fn read<T: Word, A: Access>(m: &mut A, op: &Op) -> Result<T, A::Fail> {
                // SAFETY: lowering puts only register offsets of the operand's width there.
                Ok(unsafe { m.cpu().state.regs.get(op.$field) })
            }
        }
        impl Place for $name {
            type SlowPlace = $name;
            type At<A: Access> = u8;
            #[inline(always)]
            fn resolve<T: Word, A: Access>(_m: &mut A, op: &Op) -> Result<u8, A::Fail> {
                Ok(op.$field)
            }
            #[inline(always)]
            fn load<T: Word, A: Access>(m: &mut A, at: u8) -> T {
                // SAFETY: as above.
                unsafe { m.cpu().state.regs.get(at) }
            }
            #[inline(always)]
            fn store<T: Word, A: Access>(m: &mut A, at: u8, value: T) {
                // SAFETY: as above; lowering makes no destination of the zero slot.
                unsafe { m.cpu().state.regs.set(at, value) }
            }
        }
    };
}
register!(Dst, dst);
register!(Src, src);

impl Source for Imm {
    type Slow = Imm;
    #[inline(always)]
    fn read<T: Word, A: Access>(_m: &mut A, op: &Op) -> Result<T, A::Fail> {
        Ok(T::truncate(op.imm_sext()))
    }
}

/// A memory operand's address form.
pub(crate) trait Mem {
    fn address(cpu: &Cpu, op: &Op) -> u64;
    fn spot<T: Bytes, A: Access>(m: &mut A, op: &Op, intent: Intent) -> Result<A::Spot, A::Fail>;
}

/// Base + displacement in a flat segment, 32-bit addresses.
pub(crate) struct FlatBase;
/// Base + index * scale + displacement in a flat segment, 32-bit addresses.
pub(crate) struct FlatIndexed;
/// Any address in a segment whose base and limit count.
pub(crate) struct Segmented;
/// Base + index + displacement with addresses of 16 bits, which [`Segmented`] finds at run time.
pub(crate) struct Short;

#[inline(always)]
fn register(cpu: &Cpu, offset: u8) -> u64 {
    // SAFETY: lowering puts only register offsets there.
    unsafe { cpu.state.regs.get::<u64>(offset) }
}

impl Mem for FlatBase {
    #[inline(always)]
    fn address(cpu: &Cpu, op: &Op) -> u64 {
        u64::from((register(cpu, op.base) as u32).wrapping_add(op.disp))
    }
    #[inline(always)]
    fn spot<T: Bytes, A: Access>(m: &mut A, op: &Op, intent: Intent) -> Result<A::Spot, A::Fail> {
        let lin = Self::address(m.cpu(), op);
        m.spot_flat::<T>(op.mem.seg(), lin, intent)
    }
}

impl Mem for FlatIndexed {
    #[inline(always)]
    fn address(cpu: &Cpu, op: &Op) -> u64 {
        let index = (register(cpu, op.index) as u32) << op.mem.scale_log2();
        u64::from((register(cpu, op.base) as u32).wrapping_add(index).wrapping_add(op.disp))
    }
    #[inline(always)]
    fn spot<T: Bytes, A: Access>(m: &mut A, op: &Op, intent: Intent) -> Result<A::Spot, A::Fail> {
        let lin = Self::address(m.cpu(), op);
        m.spot_flat::<T>(op.mem.seg(), lin, intent)
    }
}

impl Mem for Segmented {
    #[inline(always)]
    fn address(cpu: &Cpu, op: &Op) -> u64 {
        if op.mem.has_short_addresses() {
            return Short::address(cpu, op);
        }
        let index = register(cpu, op.index) << op.mem.scale_log2();
        let sum = register(cpu, op.base).wrapping_add(index).wrapping_add(u64::from(op.disp));
        sum & op.mem.address_mask()
    }
    #[inline(always)]
    fn spot<T: Bytes, A: Access>(m: &mut A, op: &Op, intent: Intent) -> Result<A::Spot, A::Fail> {
        let offset = Self::address(m.cpu(), op);
        m.spot::<T>(op.mem.seg(), offset, intent)
    }
}

impl Mem for Short {
    #[inline(always)]
    fn address(cpu: &Cpu, op: &Op) -> u64 {
        // No wider than what was written last: the host hands a store on to a load that lies within it.
        // SAFETY: as for `register`.
        let [base, index] = [op.base, op.index].map(|at| unsafe { cpu.state.regs.get::<u16>(at) });
        u64::from(base.wrapping_add(index).wrapping_add(op.disp as u16))
    }
    #[inline(always)]
    fn spot<T: Bytes, A: Access>(m: &mut A, op: &Op, intent: Intent) -> Result<A::Spot, A::Fail> {
        let offset = Self::address(m.cpu(), op);
        m.spot::<T>(op.mem.seg(), offset, intent)
    }
}

/// A memory operand.
pub(crate) struct InMemory<M>(std::marker::PhantomData<M>);

impl<M: Mem> Source for InMemory<M> {
    type Slow = InMemory<Segmented>;
    #[inline(always)]
    fn read<T: Word, A: Access>(m: &mut A, op: &Op) -> Result<T, A::Fail> {
        let spot = M::spot::<T, A>(m, op, Intent::Read)?;
        Ok(m.load(spot))
    }
}

impl<M: Mem> Place for InMemory<M> {
    type SlowPlace = InMemory<Segmented>;
    type At<A: Access> = A::Spot;
    #[inline(always)]
    fn resolve<T: Word, A: Access>(m: &mut A, op: &Op) -> Result<A::Spot, A::Fail> {
        M::spot::<T, A>(m, op, Intent::Write)
    }
    #[inline(always)]
    fn load<T: Word, A: Access>(m: &mut A, at: A::Spot) -> T {
        m.load(at)
    }
    #[inline(always)]
    fn store<T: Word, A: Access>(m: &mut A, at: A::Spot, value: T) {
        m.store(at, value);
    }
}
