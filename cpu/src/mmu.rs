//! Linear to physical, and memory accesses in full: page crossings, devices, code pages.

use crate::cpu::Cpu;
use crate::fault::Fault;
use crate::host_memory::HostAddress;
use crate::paging::{self, Translation};
use crate::state::cr0;
use crate::tlb::{Stores, Tlb};
use crate::word::Word;
use ringzero_bus::ram::PAGE_SIZE;
use ringzero_bus::{PageTarget, PhysAddr, RamOffset, SystemBus, Width};

/// What an access is for; decides the page-fault code and the rights asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// A load.
    Read,
    /// A store, or the load that a store follows.
    Write,
    /// An instruction fetch.
    Fetch,
}

/// A checked operand in physical memory: one piece, or two when it crosses a page or wraps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    first: PhysAddr,
    second: PhysAddr,
    /// Bytes in the first piece.
    split: u64,
}

impl Spot {
    /// An operand in one piece.
    pub(crate) fn whole(first: PhysAddr) -> Self {
        Self { first, second: first, split: u64::MAX }
    }

    /// An operand whose bytes from number `split` on lie at `second`.
    pub(crate) fn split(first: PhysAddr, split: u64, second: PhysAddr) -> Self {
        Self { first, second, split }
    }

    fn byte(&self, n: u64) -> PhysAddr {
        if n < self.split { PhysAddr(self.first.0 + n) } else { PhysAddr(self.second.0 + (n - self.split)) }
    }

    pub(crate) fn load_bytes<const N: usize>(&self, bus: &mut SystemBus) -> [u8; N] {
        std::array::from_fn(|n| bus.read(self.byte(n as u64), Width::Byte) as u8)
    }

    pub(crate) fn store_bytes<const N: usize>(&self, bus: &mut SystemBus, bytes: [u8; N]) {
        for (n, byte) in (0..).zip(bytes) {
            bus.write(self.byte(n), Width::Byte, byte.into());
        }
    }

    pub(crate) fn load<T: Word>(&self, bus: &mut SystemBus) -> T {
        let width = |bits| if bits == 16 { Width::Word } else { Width::Dword };
        let value = match T::BITS {
            8 => u64::from(bus.read(self.first, Width::Byte)),
            bits @ (16 | 32) if self.split >= T::BYTES => u64::from(bus.read(self.first, width(bits))),
            64 if self.split >= T::BYTES => {
                let low = u64::from(bus.read(self.first, Width::Dword));
                low | u64::from(bus.read(PhysAddr(self.first.0 + 4), Width::Dword)) << 32
            }
            _ => (0..T::BYTES)
                .fold(0, |value, n| value | u64::from(bus.read(self.byte(n), Width::Byte)) << (8 * n)),
        };
        T::truncate(value)
    }

    pub(crate) fn store<T: Word>(&self, bus: &mut SystemBus, value: T) {
        let value = value.zext();
        match T::BITS {
            8 => bus.write(self.first, Width::Byte, value as u32),
            16 if self.split >= 2 => bus.write(self.first, Width::Word, value as u32),
            32 if self.split >= 4 => bus.write(self.first, Width::Dword, value as u32),
            64 if self.split >= 8 => {
                bus.write(self.first, Width::Dword, value as u32);
                bus.write(PhysAddr(self.first.0 + 4), Width::Dword, (value >> 32) as u32);
            }
            _ => {
                for n in 0..T::BYTES {
                    bus.write(self.byte(n), Width::Byte, (value >> (8 * n)) as u8 as u32);
                }
            }
        }
    }
}

impl Cpu {
    /// The physical address of a linear one, for an access with user or supervisor rights. Page tables are marked
    /// accessed and dirty.
    pub(crate) fn translate(
        &mut self,
        bus: &mut SystemBus,
        lin: u64,
        intent: Intent,
        user: bool,
    ) -> Result<PhysAddr, Fault> {
        let phys =
            if self.state.cr0 & cr0::PG == 0 { lin } else { self.walk(bus, lin, intent, user)?.phys(lin) };
        Ok(PhysAddr(phys & self.model.address_mask()))
    }

    /// The same without side effects and with supervisor rights; `None` where no page is present.
    pub(crate) fn inspect_translation(&self, bus: &SystemBus, lin: u64) -> Option<PhysAddr> {
        let phys = if self.state.cr0 & cr0::PG == 0 {
            lin
        } else {
            paging::inspect(&self.state, &self.model, bus, lin)?
        };
        Some(PhysAddr(phys & self.model.address_mask()))
    }

    /// Where a device answers all of `len` bytes at `lin` to the present privilege, if the TLB knows.
    #[inline(always)]
    pub(crate) fn spot_device(&self, lin: u64, len: u64, intent: Intent) -> Option<Spot> {
        let phys = self.tlb.device(lin, len, intent == Intent::Write)?;
        Some(Spot::whole(PhysAddr(phys & self.model.address_mask())))
    }

    /// Checks `len` bytes at linear address `lin` and remembers their page in the TLB.
    #[cold]
    pub(crate) fn spot_linear(
        &mut self,
        bus: &mut SystemBus,
        lin: u64,
        len: u64,
        intent: Intent,
        user: bool,
    ) -> Result<Spot, Fault> {
        self.stats.full_accesses += 1;
        let first = self.spot_page(bus, lin, intent, user)?;
        let in_page = PAGE_SIZE as u64 - (lin & (PAGE_SIZE as u64 - 1));
        if in_page >= len {
            return Ok(Spot::whole(first));
        }
        let next = self.wrap_linear(lin.wrapping_add(in_page));
        let second = self.spot_page(bus, next, intent, user)?;
        Ok(Spot::split(first, in_page, second))
    }

    /// Linear addresses have 32 bits outside 64-bit mode.
    pub(crate) fn wrap_linear(&self, lin: u64) -> u64 {
        lin & 0xFFFF_FFFF
    }

    /// The TLB for accesses with user or supervisor rights. System accesses have the latter whoever is at work.
    fn tlb_of(&mut self, user: bool) -> &mut Tlb {
        if user == self.user { &mut self.tlb } else { &mut self.other_tlb }
    }

    fn spot_page(
        &mut self,
        bus: &mut SystemBus,
        lin: u64,
        intent: Intent,
        user: bool,
    ) -> Result<PhysAddr, Fault> {
        let found = self.find_translation(bus, lin, intent, user)?;
        Ok(self.enter_page(bus, lin, found, (intent, user)))
    }

    /// What translates `lin`.
    #[inline(always)]
    fn find_translation(
        &mut self,
        bus: &mut SystemBus,
        lin: u64,
        intent: Intent,
        user: bool,
    ) -> Result<Translation, Fault> {
        let tlb = self.tlb_of(user);
        let missed = !tlb.knows(lin);
        let known = tlb.translation(lin, intent == Intent::Write);
        self.stats.tlb_misses += u64::from(missed);
        self.stats.second_level_hits += u64::from(missed && known.is_some());
        match known {
            Some(found) => Ok(found),
            None if self.state.cr0 & cr0::PG == 0 => Ok(Translation::new(lin, true, false)),
            None => self.walk(bus, lin, intent, user),
        }
    }

    /// Remembers the page of `lin` in a TLB, unless its accesses must be looked at. Gives the physical address of `lin`.
    #[inline]
    fn enter_page(
        &mut self,
        bus: &mut SystemBus,
        lin: u64,
        found: Translation,
        (intent, user): (Intent, bool),
    ) -> PhysAddr {
        let phys = PhysAddr(found.phys(lin) & self.model.address_mask());
        if self.watches_page(lin) {
            return phys;
        }
        match bus.page(phys) {
            PageTarget::Ram(offset) => self.enter_ram(bus, lin, offset.page(), found, (intent, user)),
            PageTarget::Rom(offset) => {
                let place = (offset.page(), bus.fabric().ram.host_address(offset.page()));
                self.tlb_of(user).fill(lin, place, found, Stores::Slow);
            }
            PageTarget::Mmio => self.tlb_of(user).fill_device(lin, found),
            PageTarget::Open => return phys,
        }
        if found.is_walked() {
            self.tlb_of(user).keep(lin, found);
        }
        phys
    }

    /// Enters a page of RAM into a TLB. A store makes it the machine's own first.
    #[inline]
    fn enter_ram(
        &mut self,
        bus: &mut SystemBus,
        lin: u64,
        page: u32,
        found: Translation,
        (intent, user): (Intent, bool),
    ) {
        let ram = &mut bus.fabric_mut().ram;
        if intent == Intent::Write {
            ram.prepare_store(page);
        }
        let stores = if ram.is_own(page) { Stores::Beside(ram.code_lines(page)) } else { Stores::Shared };
        let place = (page, ram.host_address(page));
        self.note_moves(bus);
        self.tlb_of(user).fill(lin, place, found, stores);
    }

    /// The place of an access by the present privilege that the first level of the TLB has missed, where memory answers
    /// alone. `None`, with nothing done that the full path does not do, is for that path.
    pub(crate) fn refill(
        &mut self,
        bus: &mut SystemBus,
        lin: u64,
        len: u64,
        intent: Intent,
    ) -> Option<HostAddress> {
        let in_page = PAGE_SIZE as u64 - (lin & (PAGE_SIZE as u64 - 1));
        if in_page < len || self.aligned_only || self.breakpoints.any() {
            return self.find_place(bus, lin, len, intent);
        }
        let write = intent == Intent::Write;
        if self.tlb.knows(lin) {
            let found = self.find_place(bus, lin, len, intent);
            if found.is_some() || self.tlb.needs_full_path(&bus.fabric().ram, lin, write) {
                return found;
            }
        }
        let moves = self.moves_noted;
        let found = self.find_translation(bus, lin, intent, self.user).ok()?;
        if !self.enter_own_ram(bus, lin, found, write) {
            self.enter_page(bus, lin, found, (intent, self.user));
        }
        // An instruction that has another place already must not use it when that page has moved for this one.
        if moves != self.moves_noted {
            return None;
        }
        if write { self.tlb.write(lin, len) } else { self.tlb.read(lin, len) }
    }

    /// What [`Cpu::enter_page`] comes to where RAM answers alone, which takes stores as it is if one is to come: whether it
    /// was so. Nobody watches the page.
    #[inline(always)]
    fn enter_own_ram(&mut self, bus: &SystemBus, lin: u64, found: Translation, write: bool) -> bool {
        let PageTarget::Ram(offset) = bus.page(PhysAddr(found.phys(lin) & self.model.address_mask())) else {
            return false;
        };
        let (ram, page) = (&bus.fabric().ram, offset.page());
        let own = ram.is_own(page);
        if own || !write {
            let stores = if own { Stores::Beside(ram.code_lines(page)) } else { Stores::Shared };
            self.tlb.fill(lin, (page, ram.host_address(page)), found, stores);
            if found.is_walked() {
                self.tlb.keep(lin, found);
            }
        }
        own || !write
    }

    #[inline]
    fn find_place(&mut self, bus: &SystemBus, lin: u64, len: u64, intent: Intent) -> Option<HostAddress> {
        if intent == Intent::Write {
            self.tlb.renew_lines(&bus.fabric().ram, lin);
            self.tlb.write(lin, len)
        } else {
            self.tlb.read(lin, len)
        }
    }

    /// Where the page of linear address `lin` lies in guest memory for fetches, if it is RAM or ROM.
    pub(crate) fn spot_code(&mut self, bus: &mut SystemBus, lin: u64) -> Option<RamOffset> {
        if let Some(place) = self.code_tlb.place(lin) {
            return Some(place);
        }
        let phys = match self.code_tlb.translation(lin) {
            Some(phys) => PhysAddr(phys),
            None => self.translate(bus, lin, Intent::Fetch, self.user).ok()?,
        };
        let (PageTarget::Ram(page) | PageTarget::Rom(page)) = bus.code_page(phys) else { return None };
        if self.code_tlb.is_full() {
            self.flush_code();
        }
        self.code_tlb.fill(lin, phys.0, page);
        Some(page)
    }

    /// Walks the page tables. Marking an entry may move the page it lies in, and what comes next may be the fast path.
    fn walk(
        &mut self,
        bus: &mut SystemBus,
        lin: u64,
        intent: Intent,
        user: bool,
    ) -> Result<Translation, Fault> {
        self.stats.walks += 1;
        self.stats.code_walks += u64::from(intent == Intent::Fetch);
        let found = paging::walk(&mut self.state, &self.model, bus, lin, intent, user);
        self.note_moves(bus);
        found
    }

    /// Whether every access to the page of `lin` must be looked at: alignment is checked, or a breakpoint lies there.
    fn watches_page(&self, lin: u64) -> bool {
        self.aligned_only || self.breakpoints.watch_page(lin)
    }

    /// A load with supervisor rights from linear memory that no segment covers: descriptor tables, the IVT.
    pub(crate) fn load_linear<T: Word>(&mut self, bus: &mut SystemBus, lin: u64) -> Result<T, Fault> {
        self.load_linear_as(bus, lin, false)
    }

    /// A store with supervisor rights to linear memory that no segment covers.
    pub(crate) fn store_linear<T: Word>(
        &mut self,
        bus: &mut SystemBus,
        lin: u64,
        value: T,
    ) -> Result<(), Fault> {
        self.store_linear_as(bus, lin, value, false)
    }

    /// A load with user or supervisor rights.
    pub(crate) fn load_linear_as<T: Word>(
        &mut self,
        bus: &mut SystemBus,
        lin: u64,
        user: bool,
    ) -> Result<T, Fault> {
        let lin = self.wrap_linear(lin);
        if let Some(value) = self.load_known(bus, lin, user) {
            return Ok(value);
        }
        let spot = self.spot_linear(bus, lin, T::BYTES, Intent::Read, user)?;
        Ok(spot.load(bus))
    }

    /// A store with user or supervisor rights.
    pub(crate) fn store_linear_as<T: Word>(
        &mut self,
        bus: &mut SystemBus,
        lin: u64,
        value: T,
        user: bool,
    ) -> Result<(), Fault> {
        let lin = self.wrap_linear(lin);
        if self.store_known(bus, lin, value, user) {
            return Ok(());
        }
        let spot = self.spot_linear(bus, lin, T::BYTES, Intent::Write, user)?;
        spot.store(bus, value);
        Ok(())
    }
}
