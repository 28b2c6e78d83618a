//! The one place where guest memory is reached by pointer.
#![expect(unsafe_code, reason = "loads and stores at offsets the TLB has vouched for")]

use crate::word::Word;
use ringzero_bus::SystemBus;

/// Start of guest memory, valid while [`crate::Cpu::run`] holds the bus.
pub(crate) struct HostMemory {
    base: *mut u8,
    len: usize,
}

// SAFETY: the pointer is renewed at the start of every run and not used outside one.
unsafe impl Send for HostMemory {}

impl HostMemory {
    /// No memory: every use would be out of bounds.
    pub(crate) fn detached() -> Self {
        Self { base: std::ptr::null_mut(), len: 0 }
    }

    /// The memory of `bus`, until ROM is added to it.
    pub(crate) fn of(bus: &mut SystemBus) -> Self {
        let ram = &mut bus.fabric_mut().ram;
        Self { base: ram.base(), len: ram.allocated() }
    }

    /// # Safety
    /// `offset..offset + T::BYTES` is inside guest memory.
    #[inline(always)]
    pub(crate) unsafe fn load<T: Word>(&self, offset: u64) -> T {
        debug_assert!(offset as usize + T::BYTES as usize <= self.len);
        // SAFETY: the caller promises the range.
        unsafe {
            let at = self.base.add(offset as usize);
            T::truncate(match T::BITS {
                8 => u64::from(*at),
                16 => u64::from(u16::from_le(at.cast::<u16>().read_unaligned())),
                32 => u64::from(u32::from_le(at.cast::<u32>().read_unaligned())),
                _ => u64::from_le(at.cast::<u64>().read_unaligned()),
            })
        }
    }

    /// # Safety
    /// `offset..offset + N` is inside guest memory.
    #[inline(always)]
    pub(crate) unsafe fn load_bytes<const N: usize>(&self, offset: u64) -> [u8; N] {
        debug_assert!(offset as usize + N <= self.len);
        // SAFETY: the caller promises the range.
        unsafe { self.base.add(offset as usize).cast::<[u8; N]>().read_unaligned() }
    }

    /// # Safety
    /// `offset..offset + N` is RAM in a page without decoded code.
    #[inline(always)]
    pub(crate) unsafe fn store_bytes<const N: usize>(&mut self, offset: u64, bytes: [u8; N]) {
        debug_assert!(offset as usize + N <= self.len);
        // SAFETY: the caller promises the range.
        unsafe { self.base.add(offset as usize).cast::<[u8; N]>().write_unaligned(bytes) }
    }

    /// # Safety
    /// `offset..offset + T::BYTES` is RAM in a page without decoded code.
    #[inline(always)]
    pub(crate) unsafe fn store<T: Word>(&mut self, offset: u64, value: T) {
        debug_assert!(offset as usize + T::BYTES as usize <= self.len);
        // SAFETY: the caller promises the range.
        unsafe {
            let at = self.base.add(offset as usize);
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
