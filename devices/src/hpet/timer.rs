//! One timer: its configuration, comparator and accumulator.

use super::ROUTES;
use ringzero_bus::VTime;
use serde::{Deserialize, Serialize};

/// Timers of the block.
pub(super) const TIMERS: usize = 3;

/// Bits of a timer's configuration and capability register [HPET, "Timer N Configuration and Capabilities Register"].
mod bit {
    pub(super) const LEVEL: u64 = 1 << 1;
    pub(super) const ENABLE: u64 = 1 << 2;
    pub(super) const PERIODIC: u64 = 1 << 3;
    pub(super) const PERIODIC_CAPABLE: u64 = 1 << 4;
    pub(super) const WIDE_CAPABLE: u64 = 1 << 5;
    pub(super) const SET_VALUE: u64 = 1 << 6;
    pub(super) const NARROW: u64 = 1 << 8;
    pub(super) const ROUTE: u64 = 0x1F << ROUTE_SHIFT;
    pub(super) const ROUTE_SHIFT: u32 = 9;
    pub(super) const WRITABLE: u64 = LEVEL | ENABLE | PERIODIC | SET_VALUE | NARROW;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Timer {
    configuration: u64,
    pub(super) comparator: u64,
    /// What a match adds to the comparator in periodic mode: the last value written.
    period: u64,
    /// Its bit of the general interrupt status register.
    pub(super) status: bool,
    /// When the comparator will match next.
    pub(super) due: Option<VTime>,
}

impl Default for Timer {
    fn default() -> Self {
        Self { configuration: 0, comparator: u64::MAX, period: 0, status: false, due: None }
    }
}

impl Timer {
    fn has(&self, bit: u64) -> bool {
        self.configuration & bit != 0
    }

    /// The bits that count.
    fn width(&self) -> u64 {
        if self.has(bit::NARROW) { 0xFFFF_FFFF } else { u64::MAX }
    }

    /// The configuration register with its capabilities.
    pub(super) fn configuration(&self) -> u64 {
        let routes: u64 = ROUTES.iter().map(|route| 1 << (32 + u32::from(*route))).sum();
        self.configuration | bit::PERIODIC_CAPABLE | bit::WIDE_CAPABLE | routes
    }

    /// The input of the I/O APIC.
    pub(super) fn route(&self) -> u8 {
        ((self.configuration & bit::ROUTE) >> bit::ROUTE_SHIFT) as u8
    }

    /// Writes the configuration register; a route it cannot have leaves the old one.
    pub(super) fn configure(&mut self, merge: impl FnOnce(u64) -> u64) {
        let value = merge(self.configuration);
        let route = (value & bit::ROUTE) >> bit::ROUTE_SHIFT;
        let route =
            if ROUTES.iter().any(|&known| u64::from(known) == route) { value } else { self.configuration };
        self.configuration = value & bit::WRITABLE | route & bit::ROUTE;
        self.comparator &= self.width();
        self.period &= self.width();
        // Only a level-triggered interrupt has a status.
        self.status &= self.has(bit::LEVEL);
    }

    /// Writes the comparator: in periodic mode the period, and the comparator itself only behind VAL_SET [HPET,
    /// "Periodic Mode"].
    pub(super) fn set_comparator(&mut self, merge: impl Fn(u64) -> u64) {
        let width = self.width();
        if self.has(bit::PERIODIC) {
            self.period = merge(self.period) & width;
        }
        if !self.has(bit::PERIODIC) || self.has(bit::SET_VALUE) {
            self.comparator = merge(self.comparator) & width;
        }
        self.configuration &= !bit::SET_VALUE;
    }

    /// How far ahead of `counter` the next match is.
    pub(super) fn ticks_to_match(&self, counter: u64) -> Option<u64> {
        match self.comparator.wrapping_sub(counter) & self.width() {
            0 => self.width().checked_add(1),
            ahead => Some(ahead),
        }
    }

    /// Takes note of a match; `counter` may be further on. True when the interrupt is a pulse.
    pub(super) fn take_match(&mut self, counter: u64) -> bool {
        let width = self.width();
        if self.has(bit::PERIODIC) && self.period != 0 {
            let late = counter.wrapping_sub(self.comparator) & width;
            let steps = (late / self.period).wrapping_add(1);
            self.comparator = self.comparator.wrapping_add(self.period.wrapping_mul(steps)) & width;
        }
        self.status |= self.has(bit::LEVEL);
        self.has(bit::ENABLE) && !self.has(bit::LEVEL)
    }

    /// It holds its wire.
    pub(super) fn asserts(&self) -> bool {
        self.status && self.has(bit::ENABLE)
    }

    /// Whether a match would change anything that is not computed when asked for.
    pub(super) fn is_audible(&self) -> bool {
        self.has(bit::ENABLE) && !self.status
    }
}
