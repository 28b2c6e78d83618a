//! The one place where guest memory is reached by pointer.
//!
//! [`ringzero_bus::GuestRam`] gives out the addresses of its pages ("exposed provenance"); the TLB keeps them, and keeps
//! the promise stated at [`ringzero_bus::GuestRam::claim`]:
//!
//! - [`Cpu::run`] begins by asking whether its claim still holds, and forgets every address if not.
//! - A page that moves stays alive where it was until [`Cpu::note_moves`] has forgotten that place. Moves call for
//!   attention, and what moves a page outside an instruction's last step (page walks) is noted at once.
//! - A page has a store half only after memory has said that nobody else holds it; one of video memory loses its place
//!   whenever [`Cpu::note_video`] finds that memory wants it so: at the start of every run, and at attention.
#![expect(unsafe_code, reason = "loads and stores at addresses the TLB has vouched for")]

use crate::cpu::Cpu;
use crate::word::Word;
use ringzero_bus::SystemBus;

/// A place in guest memory, as an address on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostAddress(u64);

impl HostAddress {
    /// What the TLB has found. That is no promise yet: those of `load` and `store` are to be kept by their callers.
    #[inline(always)]
    pub(crate) fn new(address: u64) -> Self {
        Self(address)
    }

    #[inline(always)]
    fn pointer(self) -> *mut u8 {
        debug_assert!(self.0 >= 0x1000, "no page lies at {:#x}", self.0);
        std::ptr::with_exposed_provenance_mut(self.0 as usize)
    }

    /// # Safety
    /// The TLB of the running CPU has given this address for a load of `T::BYTES` bytes, and no page has moved since.
    #[inline(always)]
    pub(crate) unsafe fn load<T: Word>(self) -> T {
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
    /// The TLB of the running CPU has given this address for a load of `n + 1` times `T::BYTES` bytes, and no page has
    /// moved since.
    #[inline(always)]
    pub(crate) unsafe fn load_nth<T: Word>(self, n: u64) -> T {
        // SAFETY: the caller promises the range.
        unsafe { Self(self.0 + n * T::BYTES).load() }
    }

    /// # Safety
    /// The TLB of the running CPU has given this address for a load of `N` bytes, and no page has moved since.
    #[inline(always)]
    pub(crate) unsafe fn load_bytes<const N: usize>(self) -> [u8; N] {
        // SAFETY: the caller promises the range.
        unsafe { self.pointer().cast::<[u8; N]>().read_unaligned() }
    }

    /// # Safety
    /// The TLB of the running CPU has given this address for a store of `N` bytes, and no page has moved since.
    #[inline(always)]
    pub(crate) unsafe fn store_bytes<const N: usize>(self, bytes: [u8; N]) {
        // SAFETY: the caller promises the range, in a page that nobody else holds.
        unsafe { self.pointer().cast::<[u8; N]>().write_unaligned(bytes) }
    }

    /// By how many bytes this place lies behind `from`; 0 when it lies before it.
    #[inline(always)]
    pub(crate) fn distance_from(self, from: Self) -> u64 {
        self.0.saturating_sub(from.0)
    }

    /// # Safety
    /// The TLB of the running CPU has given this address for a store, and `from` for a load, of `len` bytes, and no page
    /// has moved since.
    #[inline(always)]
    pub(crate) unsafe fn copy_from(self, from: Self, len: u64) {
        // SAFETY: the caller promises both ranges.
        unsafe { from.pointer().copy_to(self.pointer(), len as usize) }
    }

    /// # Safety
    /// The TLB of the running CPU has given this address for a store of `count` times `T::BYTES` bytes, and no page has
    /// moved since.
    #[inline(always)]
    pub(crate) unsafe fn fill<T: Word>(self, value: T, count: u64) {
        for n in 0..count {
            // SAFETY: the caller promises the range.
            unsafe { Self(self.0 + n * T::BYTES).store(value) };
        }
    }

    /// # Safety
    /// The TLB of the running CPU has given this address for a store of `T::BYTES` bytes, and no page has moved since.
    #[inline(always)]
    pub(crate) unsafe fn store<T: Word>(self, value: T) {
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
        Some(unsafe { place.load() })
    }

    /// A store to linear memory with user or supervisor rights, if a TLB knows the place: whether it is done.
    #[inline]
    pub(crate) fn store_known<T: Word>(&self, bus: &SystemBus, lin: u64, value: T, user: bool) -> bool {
        let tlb = if user == self.user { &self.tlb } else { &self.other_tlb };
        let Some(place) = tlb.write(lin, T::BYTES).filter(|_| !bus.fabric().ram.has_moves()) else {
            return false;
        };
        // SAFETY: the TLB has given this place for a store of this size, and all moves are noted.
        unsafe { place.store(value) };
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
