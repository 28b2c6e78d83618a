//! The one place where guest memory is reached by pointer.
//!
//! [`ringzero_bus::GuestRam`] gives out the addresses of its pages ("exposed provenance"); the TLB keeps them, and keeps
//! the promise stated at [`ringzero_bus::GuestRam::claim`]:
//!
//! - [`Cpu::run`] begins by asking whether its claim still holds, and forgets every address if not.
//! - A page that moves stays alive where it was until [`Cpu::note_moves`] has forgotten that place. Moves call for
//!   attention, and what moves a page outside an instruction's last step (page walks) is noted at once.
//! - A page takes stores only after memory has said that nobody else holds it, and only on lines without decoded code
//!   ([`Cpu::protect_lines`] takes a line back before a block on it can run); one of video memory loses its place
//!   whenever [`Cpu::note_video`] finds that memory wants it so: at the start of every run, and at attention.
//!
//! With the feature `checked` memory is asked before every access whether the promise is kept ([`Witness`]).
#![expect(unsafe_code, reason = "loads and stores at addresses the TLB has vouched for")]

use crate::cpu::Cpu;
use crate::mmu::Intent;
use crate::word::Word;
use ringzero_bus::{GuestRam, SystemBus};
use std::marker::PhantomData;

/// A place in guest memory, as an address on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostAddress {
    address: u64,
    /// Number of its page.
    #[cfg(feature = "checked")]
    page: u32,
}

/// Who can tell in a checked build whether an access is permitted; nothing in others.
#[derive(Clone, Copy)]
pub(crate) struct Witness<'a> {
    #[cfg(feature = "checked")]
    ram: &'a GuestRam,
    lifetime: PhantomData<&'a GuestRam>,
}

impl<'a> Witness<'a> {
    #[inline(always)]
    pub(crate) fn new(bus: &'a SystemBus) -> Self {
        let _ = bus;
        Self {
            #[cfg(feature = "checked")]
            ram: &bus.fabric().ram,
            lifetime: PhantomData,
        }
    }

    /// The access of `cpu` to `len` bytes at `at` is one that memory permits.
    #[inline(always)]
    fn check(self, cpu: &Cpu, at: HostAddress, len: u64, intent: Intent) {
        #[cfg(feature = "checked")]
        verify(self.ram, &cpu.claim, at, len, intent);
        let _ = (self, cpu, at, len, intent);
    }
}

#[cfg(feature = "checked")]
#[inline(never)]
fn verify(ram: &GuestRam, claim: &ringzero_bus::RamClaim, at: HostAddress, len: u64, intent: Intent) {
    let HostAddress { address, page } = at;
    let permitted = match intent {
        Intent::Write => ram.permits_store(claim, page, address, len),
        Intent::Read | Intent::Fetch => ram.permits_load(claim, page, address, len),
    };
    assert!(
        permitted,
        "{intent:?} of {len} bytes at {address:#x}: page {page} of guest memory does not permit it"
    );
}

impl HostAddress {
    /// What the TLB has found, in the page that `page` numbers. That is no promise yet: those of `load` and `store` are to
    /// be kept by their callers.
    #[inline(always)]
    pub(crate) fn new(address: u64, page: impl FnOnce() -> u32) -> Self {
        let _ = &page;
        Self {
            address,
            #[cfg(feature = "checked")]
            page: page(),
        }
    }

    /// Number of its page, which only a checked build knows.
    #[inline(always)]
    fn page(self) -> u32 {
        #[cfg(feature = "checked")]
        return self.page;
        #[cfg(not(feature = "checked"))]
        0
    }

    #[inline(always)]
    fn pointer(self) -> *mut u8 {
        debug_assert!(self.address >= 0x1000, "no page lies at {:#x}", self.address);
        std::ptr::with_exposed_provenance_mut(self.address as usize)
    }

    /// # Safety
    /// The TLB of the running `cpu` has given this address for a load of `T::BYTES` bytes, and no page has moved since.
    #[inline(always)]
    pub(crate) unsafe fn load<T: Word>(self, cpu: &Cpu, witness: Witness<'_>) -> T {
        witness.check(cpu, self, T::BYTES, Intent::Read);
        // SAFETY: the caller promises the range.
        unsafe {
            let at = self.pointer();
            T::truncate(match T::BITS {
                8 => u64::from(*at),
                16 => u64::from(u16::from_le(at.cast::<u16>().read_unaligned())),
                32 => u64::from(u32::from_le(at.cast::<u32>().read_unaligned())),
                _ => u64::from_le(at.cast::<u64>().read_unaligned()),
            })
        }
    }

    /// # Safety
    /// The TLB of the running `cpu` has given this address for a load of `n + 1` times `T::BYTES` bytes, and no page has
    /// moved since.
    #[inline(always)]
    pub(crate) unsafe fn load_nth<T: Word>(self, n: u64, cpu: &Cpu, witness: Witness<'_>) -> T {
        // SAFETY: the caller promises the range.
        unsafe { self.plus(n * T::BYTES).load(cpu, witness) }
    }

    /// # Safety
    /// The TLB of the running `cpu` has given this address for a load of `N` bytes, and no page has moved since.
    #[inline(always)]
    pub(crate) unsafe fn load_bytes<const N: usize>(self, cpu: &Cpu, witness: Witness<'_>) -> [u8; N] {
        witness.check(cpu, self, N as u64, Intent::Read);
        // SAFETY: the caller promises the range.
        unsafe { self.pointer().cast::<[u8; N]>().read_unaligned() }
    }

    /// # Safety
    /// The TLB of the running `cpu` has given this address for a store of `N` bytes, and no page has moved since.
    #[inline(always)]
    pub(crate) unsafe fn store_bytes<const N: usize>(self, bytes: [u8; N], cpu: &Cpu, witness: Witness<'_>) {
        witness.check(cpu, self, N as u64, Intent::Write);
        // SAFETY: the caller promises the range, in a page that nobody else holds.
        unsafe { self.pointer().cast::<[u8; N]>().write_unaligned(bytes) }
    }

    /// So many bytes further on, in the same page.
    #[inline(always)]
    fn plus(self, bytes: u64) -> Self {
        Self::new(self.address + bytes, || self.page())
    }

    /// By how many bytes this place lies behind `from`; 0 when it lies before it.
    #[inline(always)]
    pub(crate) fn distance_from(self, from: Self) -> u64 {
        self.address.saturating_sub(from.address)
    }

    /// # Safety
    /// The TLB of the running `cpu` has given this address for a store, and `from` for a load, of `len` bytes, and no page
    /// has moved since.
    #[inline(always)]
    pub(crate) unsafe fn copy_from(self, from: Self, len: u64, cpu: &Cpu, witness: Witness<'_>) {
        witness.check(cpu, from, len, Intent::Read);
        witness.check(cpu, self, len, Intent::Write);
        // SAFETY: the caller promises both ranges.
        unsafe { from.pointer().copy_to(self.pointer(), len as usize) }
    }

    /// # Safety
    /// The TLB of the running `cpu` has given this address for a store of `count` times `T::BYTES` bytes, and no page has
    /// moved since.
    #[inline(always)]
    pub(crate) unsafe fn fill<T: Word>(self, value: T, count: u64, cpu: &Cpu, witness: Witness<'_>) {
        for n in 0..count {
            // SAFETY: the caller promises the range.
            unsafe { self.plus(n * T::BYTES).store(value, cpu, witness) };
        }
    }

    /// # Safety
    /// The TLB of the running `cpu` has given this address for a store of `T::BYTES` bytes, and no page has moved since.
    #[inline(always)]
    pub(crate) unsafe fn store<T: Word>(self, value: T, cpu: &Cpu, witness: Witness<'_>) {
        witness.check(cpu, self, T::BYTES, Intent::Write);
        // SAFETY: the caller promises the range, in a page that nobody else holds.
        unsafe {
            let at = self.pointer();
            let value = value.zext();
            match T::BITS {
                8 => *at = value as u8,
                16 => at.cast::<u16>().write_unaligned((value as u16).to_le()),
                32 => at.cast::<u32>().write_unaligned((value as u32).to_le()),
                _ => at.cast::<u64>().write_unaligned(value.to_le()),
            }
        }
    }
}

impl Cpu {
    /// A load from linear memory with user or supervisor rights, if a TLB knows the place.
    #[inline]
    pub(crate) fn load_known<T: Word>(&self, bus: &SystemBus, lin: u64, user: bool) -> Option<T> {
        let tlb = if user == self.user { &self.tlb } else { &self.other_tlb };
        let place = tlb.read(lin, T::BYTES).filter(|_| !bus.fabric().ram.has_moves())?;
        // SAFETY: the TLB has given this place for a load of this size, and all moves are noted.
        Some(unsafe { place.load(self, Witness::new(bus)) })
    }

    /// `N` loads from `lin` on with user or supervisor rights, if a TLB knows the place of all of them.
    #[inline]
    pub(crate) fn load_all_known<T: Word, const N: usize>(
        &self,
        bus: &SystemBus,
        lin: u64,
        user: bool,
    ) -> Option<[T; N]> {
        let tlb = if user == self.user { &self.tlb } else { &self.other_tlb };
        let place = tlb.read(lin, N as u64 * T::BYTES).filter(|_| !bus.fabric().ram.has_moves())?;
        // SAFETY: the TLB has given this place for loads of this size in all, and all moves are noted.
        Some(std::array::from_fn(|n| unsafe { place.load_nth(n as u64, self, Witness::new(bus)) }))
    }

    /// `N` stores from `lin` on with user or supervisor rights, if a TLB knows the place of all of them: whether they are
    /// done.
    #[inline]
    pub(crate) fn store_all_known<T: Word, const N: usize>(
        &self,
        bus: &SystemBus,
        lin: u64,
        values: [T; N],
        user: bool,
    ) -> bool {
        let tlb = if user == self.user { &self.tlb } else { &self.other_tlb };
        let place = tlb.write(lin, N as u64 * T::BYTES).filter(|_| !bus.fabric().ram.has_moves());
        let Some(place) = place else { return false };
        for (n, value) in (0..).zip(values) {
            // SAFETY: the TLB has given this place for stores of this size in all, and all moves are noted.
            unsafe { place.plus(n * T::BYTES).store(value, self, Witness::new(bus)) };
        }
        true
    }

    /// A store to linear memory with user or supervisor rights, if a TLB knows the place: whether it is done.
    #[inline]
    pub(crate) fn store_known<T: Word>(&self, bus: &SystemBus, lin: u64, value: T, user: bool) -> bool {
        let tlb = if user == self.user { &self.tlb } else { &self.other_tlb };
        let Some(place) = tlb.write(lin, T::BYTES).filter(|_| !bus.fabric().ram.has_moves()) else {
            return false;
        };
        // SAFETY: the TLB has given this place for a store of this size, and all moves are noted.
        unsafe { place.store(value, self, Witness::new(bus)) };
        true
    }

    /// Makes sure that the addresses kept are those of the memory of `bus`: at the start of every run.
    pub(crate) fn attach_memory(&mut self, bus: &mut SystemBus) {
        let ram = &mut bus.fabric_mut().ram;
        if !ram.is_claimed_by(&self.claim) {
            self.claim = ram.claim();
            self.forget_places();
        }
        self.note_video(bus);
        self.note_moves(bus);
    }

    /// Forgets where video memory lies if another part of it answers, or stores to it are to be noted again.
    pub(crate) fn note_video(&mut self, bus: &SystemBus) {
        let epoch = bus.fabric().ram.video_epoch();
        if self.video_epoch != epoch {
            self.video_epoch = epoch;
            self.forget_video(bus);
        }
    }

    /// Forgets the old places of pages that have moved.
    #[inline]
    pub(crate) fn note_moves(&mut self, bus: &mut SystemBus) {
        if bus.fabric().ram.has_moves() {
            self.forget_moved(bus);
        }
    }

    #[cold]
    fn forget_moved(&mut self, bus: &mut SystemBus) {
        self.moves_noted += 1;
        // The old pages end behind the loop.
        let moves = bus.fabric_mut().ram.take_moves(&self.claim);
        for moved in &moves {
            self.forget_place(moved.page);
        }
    }
}

/// That the checks are there and see what they are for.
#[cfg(all(test, feature = "checked"))]
mod tests {
    use super::*;
    use crate::model::Model;
    use ringzero_bus::PhysAddr;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// A processor that has claimed memory of its own, and where page 0 of it lies.
    fn set_up() -> (Cpu, SystemBus, u64) {
        let (mut cpu, mut bus) = (Cpu::new(Model::MAX), SystemBus::new(0x2000, 1));
        cpu.attach_memory(&mut bus);
        bus.fabric_mut().ram.write(PhysAddr(0), &[1]);
        cpu.note_moves(&mut bus);
        let at = bus.fabric().ram.host_address(0) as u64;
        (cpu, bus, at)
    }

    fn panics<R>(act: impl FnOnce() -> R) -> bool {
        catch_unwind(AssertUnwindSafe(act)).is_err()
    }

    #[test]
    fn an_access_beyond_its_page_is_caught() {
        let (cpu, bus, at) = set_up();
        let (place, witness) = (HostAddress::new(at + 4092, || 0), Witness::new(&bus));
        // SAFETY: the page is there, and what reaches beyond is refused before it is done.
        unsafe {
            assert_eq!(place.load::<u32>(&cpu, witness), 0);
            assert!(panics(|| place.load::<u64>(&cpu, witness)));
            assert!(panics(|| place.store_bytes([0; 5], &cpu, witness)));
            assert!(panics(|| place.fill(0u16, 3, &cpu, witness)));
            assert!(panics(|| place.copy_from(HostAddress::new(at, || 0), 5, &cpu, witness)));
        }
    }

    #[test]
    fn a_store_to_decoded_code_is_caught() {
        let (cpu, mut bus, at) = set_up();
        bus.fabric_mut().ram.mark_code(0, 1);
        let witness = Witness::new(&bus);
        // SAFETY: the page is there and nobody else holds it.
        unsafe {
            HostAddress::new(at + 64, || 0).store(1u8, &cpu, witness);
            assert!(panics(|| HostAddress::new(at + 60, || 0).store(1u64, &cpu, witness)));
        }
    }

    #[test]
    fn an_access_without_a_claim_is_caught() {
        let (cpu, mut bus, at) = set_up();
        let _other = bus.fabric_mut().ram.claim();
        // SAFETY: the page is there.
        assert!(panics(|| unsafe { HostAddress::new(at, || 0).load::<u8>(&cpu, Witness::new(&bus)) }));
    }
}
