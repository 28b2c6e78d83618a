//! Who answers at which port and which physical address.

use crate::pci::PciAddress;
use crate::ram::{PAGE_SIZE, RamOffset};
use crate::types::{PhysAddr, Port, Width};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Number of a device on its bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub(crate) u16);

/// Why a device cannot be attached.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AttachError {
    /// Another device answers at these ports.
    #[error("{device}: ports {range} are already claimed by {owner}")]
    PortConflict {
        /// The newcomer.
        device: &'static str,
        /// What it asked for.
        range: PortRange,
        /// Who has it.
        owner: &'static str,
    },
    /// Another device or memory answers at these addresses.
    #[error("{device}: memory {first:#x}..={last:#x} is already claimed by {owner}")]
    MemoryConflict {
        /// The newcomer.
        device: &'static str,
        /// First physical address.
        first: u64,
        /// Last physical address.
        last: u64,
        /// Who has it.
        owner: &'static str,
    },
    /// Another device has this place on the PCI bus.
    #[error("{device}: PCI device {} function {} is already {owner}", .address.device, .address.function)]
    PciConflict {
        /// The newcomer.
        device: &'static str,
        /// Device and function number.
        address: PciAddress,
        /// Who is there.
        owner: &'static str,
    },
    /// Another device drives this DMA channel.
    #[error("{device}: DMA channel {channel} is already used by {owner}")]
    DmaConflict {
        /// The newcomer.
        device: &'static str,
        /// Channel 0 to 7.
        channel: u8,
        /// Who has it.
        owner: &'static str,
    },
}

/// Consecutive ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// First port.
    pub first: Port,
    /// Last port.
    pub last: Port,
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03x}h-{:03x}h", self.first.0, self.last.0)
    }
}

/// A claimed port range: who, which of its ranges, and the widest access it takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortRegion {
    pub(crate) device: DeviceId,
    pub(crate) region: u8,
    pub(crate) range: PortRange,
    pub(crate) widest: Width,
}

/// One read of a 65,536-entry table finds the region of a port.
#[derive(Clone)]
pub(crate) struct PortMap {
    /// Index into `regions` plus one; 0 = unclaimed. Shared by forks of a bus until ports move.
    index: Arc<[u16]>,
    regions: Vec<PortRegion>,
}

impl PortMap {
    pub(crate) fn new() -> Self {
        Self { index: vec![0; 0x1_0000].into(), regions: Vec::new() }
    }

    pub(crate) fn find(&self, port: Port) -> Option<PortRegion> {
        match self.index[usize::from(port.0)] {
            0 => None,
            n => Some(self.regions[usize::from(n) - 1]),
        }
    }

    /// Adds a range that answers nowhere until [`PortMap::move_to`]; its number.
    pub(crate) fn add_movable(&mut self, region: PortRegion) -> u16 {
        self.regions.push(region);
        u16::try_from(self.regions.len()).expect("fewer regions than ports")
    }

    /// Takes a movable range from its ports.
    pub(crate) fn release(&mut self, number: u16) {
        let range = self.regions[usize::from(number) - 1].range;
        for entry in
            &mut Arc::make_mut(&mut self.index)[usize::from(range.first.0)..=usize::from(range.last.0)]
        {
            if *entry == number {
                *entry = 0;
            }
        }
    }

    /// Puts a movable range at `first`; ports that others have claimed stay theirs.
    pub(crate) fn move_to(&mut self, number: u16, first: u16, ports: u16) {
        let last = first.saturating_add(ports.max(1) - 1);
        self.regions[usize::from(number) - 1].range = PortRange { first: Port(first), last: Port(last) };
        for entry in &mut Arc::make_mut(&mut self.index)[usize::from(first)..=usize::from(last)] {
            if *entry == 0 {
                *entry = number;
            }
        }
    }

    /// Claims a range, or names the device that has a part of it.
    pub(crate) fn claim(&mut self, region: PortRegion) -> Result<(), DeviceId> {
        let ports = usize::from(region.range.first.0)..=usize::from(region.range.last.0);
        let taken = self.index[ports.clone()].iter().find(|&&n| n != 0);
        if let Some(&n) = taken {
            return Err(self.regions[usize::from(n) - 1].device);
        }
        self.regions.push(region);
        let n = u16::try_from(self.regions.len()).expect("fewer regions than ports");
        Arc::make_mut(&mut self.index)[ports].fill(n);
        Ok(())
    }
}

/// What answers at a physical page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageTarget {
    /// RAM or video memory: loads and stores go straight to this offset.
    Ram(RamOffset),
    /// ROM: loads go straight to this offset, stores are dropped.
    Rom(RamOffset),
    /// A device answers in at least a part of the page.
    Mmio,
    /// Nothing: loads read ones, stores are dropped.
    Open,
}

/// Where the legacy area ends, in which cards and the chip set lay things over RAM.
const LEGACY_END: u64 = 0x10_0000;

/// A claimed memory range that is not plain RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryRegion {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) what: MemoryKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemoryKind {
    Rom {
        at: RamOffset,
    },
    Device {
        device: DeviceId,
        region: u8,
    },
    /// Video memory that no card stands in front of.
    Video {
        at: RamOffset,
    },
    /// RAM does not answer, though it lies behind: the holes of the legacy area.
    Open,
}

/// The physical memory map: regions claimed for good, sorted; behind them RAM from 0; behind that, and in the holes of
/// the legacy area, PCI functions where their base registers put them; behind those open bus.
#[derive(Clone)]
pub(crate) struct MemoryMap {
    regions: Vec<MemoryRegion>,
    ram_size: u64,
    /// Where the RAM ends that lies above the legacy area and below every region up there.
    plain_end: u64,
    /// Of two that overlap the earlier answers. Each is aligned to its own size, a power of two: one holds the other.
    functions: Vec<MemoryRegion>,
}

impl MemoryMap {
    /// A map with RAM alone.
    pub(crate) fn new(ram_size: u64) -> Self {
        Self { regions: Vec::new(), ram_size, plain_end: ram_size, functions: Vec::new() }
    }

    /// Who answers at `addr`; `None` is RAM, or nobody.
    pub(crate) fn find(&self, addr: PhysAddr) -> Option<MemoryRegion> {
        match self.find_claimed(addr) {
            None if addr.0 < self.ram_size => None,
            None => self.find_function(addr),
            Some(hole @ MemoryRegion { what: MemoryKind::Open, .. }) => {
                self.find_function(addr).or(Some(hole))
            }
            claimed => claimed,
        }
    }

    /// Whether all of `at..=at + last` is RAM that nothing but a local APIC can lie over; most of what is asked for is.
    #[inline]
    pub(crate) fn is_plain(&self, at: u64, last: u64) -> bool {
        at >= LEGACY_END && at < self.plain_end && last < self.plain_end - at
    }

    /// Whether all of `at..=at + last` is RAM under nothing else.
    pub(crate) fn is_ram(&self, at: PhysAddr, last: u64) -> bool {
        let Some(end) = at.0.checked_add(last).filter(|end| *end < self.ram_size) else { return false };
        let next = self.regions.partition_point(|r| r.first <= end);
        next.checked_sub(1).is_none_or(|n| self.regions[n].last < at.0)
    }

    fn find_claimed(&self, addr: PhysAddr) -> Option<MemoryRegion> {
        let next = self.regions.partition_point(|r| r.first <= addr.0);
        let region = *self.regions.get(next.checked_sub(1)?)?;
        (addr.0 <= region.last).then_some(region)
    }

    fn find_function(&self, addr: PhysAddr) -> Option<MemoryRegion> {
        self.functions.iter().copied().find(|r| (r.first..=r.last).contains(&addr.0))
    }

    /// Puts the functions of the PCI bus elsewhere; whether that changes anything.
    pub(crate) fn move_functions(&mut self, functions: Vec<MemoryRegion>) -> bool {
        let moved = self.functions != functions;
        self.functions = functions;
        moved
    }

    /// Claims addresses, or gives the region in the way.
    pub(crate) fn claim(
        &mut self,
        addresses: RangeInclusive<u64>,
        what: MemoryKind,
    ) -> Result<(), MemoryRegion> {
        let (first, last) = (*addresses.start(), *addresses.end());
        if let Some(&other) = self.regions.iter().find(|r| r.first <= last && first <= r.last) {
            return Err(other);
        }
        let place = self.regions.partition_point(|r| r.first < first);
        self.regions.insert(place, MemoryRegion { first, last, what });
        if last >= LEGACY_END {
            self.plain_end = self.plain_end.min(first);
        }
        Ok(())
    }

    /// What answers in the page that holds `addr`.
    pub(crate) fn page(&self, addr: PhysAddr) -> PageTarget {
        let first = addr.0 & !(PAGE_SIZE as u64 - 1);
        let last = first + (PAGE_SIZE as u64 - 1);
        let claimed = self.regions.iter().find(|r| r.first <= last && first <= r.last);
        match claimed.map(|region| region.whole_page(first, last)) {
            None if last < self.ram_size => PageTarget::Ram(RamOffset(first)),
            None | Some(PageTarget::Open) => {
                let function = self.functions.iter().find(|r| r.first <= last && first <= r.last);
                function.map_or(PageTarget::Open, |region| region.whole_page(first, last))
            }
            Some(target) => target,
        }
    }
}

impl MemoryRegion {
    /// What answers in a page that this region has at least a part of.
    fn whole_page(&self, first: u64, last: u64) -> PageTarget {
        match self.what {
            _ if first < self.first || self.last < last => PageTarget::Mmio,
            MemoryKind::Rom { at } => PageTarget::Rom(RamOffset(at.0 + (first - self.first))),
            MemoryKind::Video { at } => PageTarget::Ram(RamOffset(at.0 + (first - self.first))),
            MemoryKind::Open => PageTarget::Open,
            MemoryKind::Device { .. } => PageTarget::Mmio,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_ram_ends_where_something_is_claimed() {
        let mut map = MemoryMap::new(64 << 20);
        assert!(map.is_plain(0x10_0000, 3) && map.is_plain((64 << 20) - 4, 3));
        assert!(!map.is_plain(0xF_FFFF, 3) && !map.is_plain((64 << 20) - 3, 3));
        map.claim(0xA_0000..=0xB_FFFF, MemoryKind::Open).unwrap();
        map.claim(0xF0_0000..=0xFF_FFFF, MemoryKind::Open).unwrap();
        assert!(map.is_plain(0xEF_FFFC, 3) && !map.is_plain(0xEF_FFFD, 3) && !map.is_plain(32 << 20, 3));
    }
}
