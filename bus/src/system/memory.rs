//! Memory as the CPU reaches it: RAM, ROM, devices, and which of them answers where.

use super::{FIRST_DEVICE, LOCAL_APIC, SystemBus};
use crate::device::MmioAccess;
use crate::map::{DeviceId, MemoryKind, MemoryRegion, PageTarget};
use crate::ram::{PAGE_SIZE, RamOffset};
use crate::tap::BusEvent;
use crate::types::{PhysAddr, Width};
use crate::wires::Smram;
use std::ops::RangeInclusive;

/// Video memory answers from here on.
const VIDEO_FROM: u64 = 0xA_0000;

/// A video window and whose it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Place in the bus's list.
    device: usize,
    region: u8,
    first: u64,
    last: u64,
    /// Bytes to which there is a short way: all or none.
    open: u64,
}

impl Window {
    pub(super) fn new(device: DeviceId, region: u8, addresses: &RangeInclusive<u64>) -> Self {
        let device = usize::from(device.0 - FIRST_DEVICE);
        Self { device, region, first: *addresses.start(), last: *addresses.end(), open: 0 }
    }
}

impl SystemBus {
    /// The card behind the video window and what an access is to it, while nothing lies over the window.
    #[inline(always)]
    fn in_window(&mut self, at: PhysAddr, width: Width) -> Option<(usize, MmioAccess)> {
        let window = self.window.as_ref()?;
        let offset = at.0.wrapping_sub(window.first);
        let inside = offset < window.open && offset + u64::from(width.bytes()) <= window.open;
        inside.then_some((window.device, MmioAccess { region: window.region, offset, width }))
    }

    /// Closes the short way to the video window while something lies over it, or somebody listens.
    pub(super) fn open_window(&mut self) {
        let covered = self.smram_seen.is_enabled() || self.aperture_seen.is_some() || self.tap.is_some();
        if let Some(window) = &mut self.window {
            let covered = covered || self.local_page.is_some_and(|page| page <= window.last);
            window.open = if covered { 0 } else { window.last - window.first + 1 };
        }
    }

    /// RAM that nothing lies over, found at little cost: the CPU's walks through page tables come here.
    #[inline]
    fn is_plain(&self, at: u64, last: u64) -> bool {
        let apart = |page: u64| at + last < page || at >= page + PAGE_SIZE as u64;
        self.memory.is_plain(at, last) && self.local_page.is_none_or(apart)
    }

    #[inline(always)]
    fn gate_a20(&self, addr: PhysAddr) -> PhysAddr {
        if self.fabric.wires.a20 { addr } else { PhysAddr(addr.0 & !(1 << 20)) }
    }

    /// What answers in the page that holds `addr`, behind the A20 gate. The CPU caches the answer in its TLB and
    /// forgets it when A20 moves or [`SystemBus::map_generation`] changes.
    #[inline]
    pub fn page(&self, addr: PhysAddr) -> PageTarget {
        let at = self.gate_a20(addr);
        if let Some(ram) = self.plain_page(at) {
            return PageTarget::Ram(ram);
        }
        self.page_under(at, self.overlay(at))
    }

    /// The same for the CPU's instruction fetches.
    #[inline]
    pub fn code_page(&self, addr: PhysAddr) -> PageTarget {
        let at = self.gate_a20(addr);
        if let Some(ram) = self.plain_page(at) {
            return PageTarget::Ram(ram);
        }
        self.page_under(at, self.code_overlay(at))
    }

    /// A page of RAM that nothing lies over.
    #[inline]
    fn plain_page(&self, at: PhysAddr) -> Option<RamOffset> {
        let first = at.0 & !(PAGE_SIZE as u64 - 1);
        self.is_plain(first, PAGE_SIZE as u64 - 1).then_some(RamOffset(first))
    }

    fn page_under(&self, at: PhysAddr, overlay: (bool, bool)) -> PageTarget {
        if self.local_page == Some(at.0 & !(PAGE_SIZE as u64 - 1)) {
            return PageTarget::Mmio;
        }
        let ram = RamOffset(at.0 & !(PAGE_SIZE as u64 - 1));
        match overlay {
            (true, true) => PageTarget::Ram(ram),
            (true, false) => PageTarget::Rom(ram),
            // Loads and stores part ways: each must be looked at.
            (false, true) => PageTarget::Mmio,
            (false, false) => match self.aperture(ram.0, PAGE_SIZE as u64 - 1) {
                Some(video) => PageTarget::Ram(video),
                None => self.memory.page(at),
            },
        }
    }

    /// Where in video memory `at..=at + last` lies while the card lets it be reached directly in its window.
    fn aperture(&self, at: u64, last: u64) -> Option<RamOffset> {
        let aperture = self.aperture_seen?;
        aperture.find(PhysAddr(at + last)).and_then(|_| aperture.find(PhysAddr(at)))
    }

    /// The same wherever video memory answers.
    fn video(&self, at: PhysAddr, last: u64, overlaid: bool) -> Option<RamOffset> {
        if overlaid || at.0 < VIDEO_FROM {
            return None;
        }
        self.aperture(at.0, last).or_else(|| match self.memory.find(at)? {
            MemoryRegion { first, last: end, what: MemoryKind::Video { at: video } }
                if at.0 + last <= end =>
            {
                Some(RamOffset(video.0 + (at.0 - first)))
            }
            _ => None,
        })
    }

    /// Whether loads from and stores to an address go to RAM that something else lies over: the RAM under the ROM
    /// area, and that under the VGA's window.
    fn overlay(&self, at: PhysAddr) -> (bool, bool) {
        if at.0 >= self.fabric.ram.ram_size() as u64 {
            return (false, false);
        }
        let window = self.smram_seen.at(at.0, self.smm).map(|shows| (shows, shows));
        window.or_else(|| self.shadow_seen.at(at.0)).unwrap_or_default()
    }

    fn code_overlay(&self, at: PhysAddr) -> (bool, bool) {
        let smram = Smram { closed: false, ..self.smram_seen };
        let in_ram = at.0 < self.fabric.ram.ram_size() as u64;
        if in_ram && smram.at(at.0, self.smm) == Some(true) { (true, true) } else { self.overlay(at) }
    }

    /// The processor enters or leaves system management mode.
    pub fn set_smm(&mut self, smm: bool) {
        if self.smm != smm {
            self.smm = smm;
            self.map_generation += 1;
            self.attention = true;
        }
    }

    /// The device that answers all bytes of an access, if nothing lies over it; a local APIC lies over everything.
    fn device_at(&self, at: PhysAddr, width: Width, overlaid: bool) -> Option<(DeviceId, MmioAccess)> {
        if let Some(offset) = self.local_offset(at, width) {
            return Some((DeviceId(LOCAL_APIC), MmioAccess { region: 0, offset, width }));
        }
        match self.memory.find(at)? {
            MemoryRegion { first, last, what: MemoryKind::Device { device, region } }
                if at.0 + u64::from(width.bytes()) - 1 <= last && !overlaid =>
            {
                Some((device, MmioAccess { region, offset: at.0 - first, width }))
            }
            _ => None,
        }
    }

    /// A load of 1, 2 or 4 bytes, any alignment.
    #[inline]
    pub fn read(&mut self, addr: PhysAddr, width: Width) -> u32 {
        match self.in_window(self.gate_a20(addr), width) {
            Some((device, access)) => {
                self.accesses.reads += 1;
                self.devices[device].mmio_read(&mut self.fabric, access) & width.open_bus()
            }
            None => self.read_in_full(addr, width),
        }
    }

    /// A load of four bytes at a multiple of four: page-table entries, which are nearly always in plain RAM.
    #[inline]
    pub fn read_entry(&mut self, addr: PhysAddr) -> u32 {
        let at = self.gate_a20(addr);
        if self.is_plain(at.0, 3) && at.0.is_multiple_of(4) {
            return self.fabric.ram.dword(at.0);
        }
        self.read(addr, Width::Dword)
    }

    fn read_in_full(&mut self, addr: PhysAddr, width: Width) -> u32 {
        let (at, last) = (self.gate_a20(addr), u64::from(width.bytes()) - 1);
        if self.is_plain(at.0, last) {
            return self.read_ram(at, width);
        }
        let overlay = self.overlay(at).0;
        if let Some(video) = self.video(at, last, overlay) {
            let mut bytes = [0; 4];
            self.fabric.ram.read_at(video, &mut bytes[..width.bytes() as usize]);
            return u32::from_le_bytes(bytes);
        }
        if let Some((device, access)) = self.device_at(at, width, overlay) {
            self.accesses.reads += 1;
            let value = match self.parts(device) {
                Some((device, fabric)) => device.mmio_read(fabric, access),
                None => width.open_bus(),
            };
            self.settle();
            let value = value & width.open_bus();
            self.note(BusEvent::Memory { addr: at, width, value, write: false });
            return value;
        }
        if self.memory.is_ram(at, last) || overlay && self.overlay(PhysAddr(at.0 + last)).0 {
            return self.read_ram(at, width);
        }
        if width == Width::Byte {
            return u32::from(self.peek(addr).unwrap_or(0xFF));
        }
        (0..width.bytes()).fold(0, |value, n| {
            value | self.read(PhysAddr(addr.0.wrapping_add(u64::from(n))), Width::Byte) << (8 * n)
        })
    }

    /// A store of 1, 2 or 4 bytes, any alignment. Stores to ROM and open bus are dropped.
    #[inline]
    pub fn write(&mut self, addr: PhysAddr, width: Width, value: u32) {
        match self.in_window(self.gate_a20(addr), width) {
            Some((device, access)) => {
                self.accesses.writes += 1;
                self.devices[device].mmio_write(&mut self.fabric, access, value & width.open_bus());
                self.attention |= self.fabric.ram.has_news();
            }
            None => self.write_in_full(addr, width, value),
        }
    }

    fn write_in_full(&mut self, addr: PhysAddr, width: Width, value: u32) {
        let (at, last) = (self.gate_a20(addr), u64::from(width.bytes()) - 1);
        if self.is_plain(at.0, last) {
            return self.write_ram(at, width, value);
        }
        let overlay = self.overlay(at).1;
        if let Some(video) = self.video(at, last, overlay) {
            self.fabric.ram.write_at(video, &value.to_le_bytes()[..width.bytes() as usize]);
            self.attention |= self.fabric.ram.has_news();
            return;
        }
        if let Some((device, access)) = self.device_at(at, width, overlay) {
            self.accesses.writes += 1;
            self.note(BusEvent::Memory { addr: at, width, value: value & width.open_bus(), write: true });
            if let Some((device, fabric)) = self.parts(device) {
                device.mmio_write(fabric, access, value & width.open_bus());
            }
            return self.settle();
        }
        if self.memory.is_ram(at, last) || overlay && self.overlay(PhysAddr(at.0 + last)).1 {
            return self.write_ram(at, width, value);
        }
        if width == Width::Byte {
            return;
        }
        for n in 0..width.bytes() {
            let byte = value >> (8 * n) & 0xFF;
            self.write(PhysAddr(addr.0.wrapping_add(u64::from(n))), Width::Byte, byte);
        }
    }

    fn read_ram(&self, at: PhysAddr, width: Width) -> u32 {
        let mut bytes = [0; 4];
        self.fabric.ram.read(at, &mut bytes[..width.bytes() as usize]);
        u32::from_le_bytes(bytes)
    }

    fn write_ram(&mut self, at: PhysAddr, width: Width, value: u32) {
        self.fabric.ram.write(at, &value.to_le_bytes()[..width.bytes() as usize]);
        self.attention |= self.fabric.ram.has_news();
    }

    /// A byte of RAM or ROM as the CPU would load it, without side effects; `None` where a device answers.
    pub fn peek(&self, addr: PhysAddr) -> Option<u8> {
        let at = self.gate_a20(addr);
        self.peek_under(at, self.overlay(at).0)
    }

    /// A byte that the CPU fetches as a part of an instruction.
    pub fn fetch(&mut self, addr: PhysAddr) -> u8 {
        let at = self.gate_a20(addr);
        match self.peek_under(at, self.code_overlay(at).0) {
            Some(byte) => byte,
            None => self.read(addr, Width::Byte) as u8,
        }
    }

    fn peek_under(&self, at: PhysAddr, overlay: bool) -> Option<u8> {
        if self.local_offset(at, Width::Byte).is_some() {
            return None;
        }
        let mut byte = [0xFF];
        if let Some(video) = self.video(at, 0, overlay) {
            self.fabric.ram.read_at(video, &mut byte);
            return Some(byte[0]);
        }
        match self.memory.find(at) {
            _ if overlay => self.fabric.ram.read(at, &mut byte),
            None => self.fabric.ram.read(at, &mut byte),
            Some(MemoryRegion { first, what: MemoryKind::Rom { at: rom }, .. }) => {
                self.fabric.ram.read_at(RamOffset(rom.0 + (at.0 - first)), &mut byte);
            }
            Some(MemoryRegion { what: MemoryKind::Open, .. }) => {}
            Some(_) => return None,
        }
        Some(byte[0])
    }
}
