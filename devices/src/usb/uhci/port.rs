//! A port of the root hub [UHCI, "Port Status and Control Register"].

use serde::{Deserialize, Serialize};

/// Bits of PORTSC.
pub(super) mod bit {
    pub(in super::super) const CONNECTED: u16 = 0x0001;
    pub(in super::super) const CONNECT_CHANGE: u16 = 0x0002;
    pub(in super::super) const ENABLED: u16 = 0x0004;
    pub(in super::super) const ENABLE_CHANGE: u16 = 0x0008;
    /// D+ is high: a full-speed device does nothing.
    pub(in super::super) const D_PLUS: u16 = 0x0010;
    pub(in super::super) const RESUME: u16 = 0x0040;
    /// Reads as 1.
    pub(in super::super) const ALWAYS: u16 = 0x0080;
    pub(in super::super) const RESET: u16 = 0x0200;
    pub(in super::super) const SUSPEND: u16 = 0x1000;
}

/// Bits that a 1 clears.
const CLEARED: u16 = bit::CONNECT_CHANGE | bit::ENABLE_CHANGE;
/// Bits that software sets and clears.
const WRITABLE: u16 = bit::ENABLED | bit::RESUME | bit::RESET | bit::SUSPEND;

/// PORTSC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Port(u16);

impl Port {
    pub(super) fn new(connected: bool) -> Self {
        Self(if connected { bit::CONNECTED | bit::CONNECT_CHANGE } else { 0 })
    }

    pub(super) fn read(self) -> u16 {
        let idles = self.0 & bit::CONNECTED != 0 && self.0 & bit::RESET == 0;
        self.0 | bit::ALWAYS | if idles { bit::D_PLUS } else { 0 }
    }

    /// Whether packets reach the device.
    pub(super) fn passes(self) -> bool {
        self.0 & (bit::ENABLED | bit::RESET | bit::SUSPEND) == bit::ENABLED
    }

    /// Writes the bits in `mask`; true when the device is reset by it.
    pub(super) fn write(&mut self, value: u16, mask: u16) -> bool {
        let before = self.0;
        let writable = WRITABLE & mask;
        let mut after = before & !writable | value & writable;
        after &= !(value & mask & CLEARED);
        if after & bit::RESET != 0 || after & bit::CONNECTED == 0 {
            after &= !bit::ENABLED;
        }
        self.0 = after;
        after & !before & bit::RESET != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_enabled_after_its_reset() {
        let mut port = Port::new(true);
        assert_eq!(port.read(), 0x0093);
        assert!(port.write(0x0200, 0xFFFF));
        assert!(!port.write(0x0204, 0xFFFF) && !port.passes());
        port.write(0x0000, 0xFFFF);
        port.write(0x000E, 0xFFFF);
        assert_eq!(port.read(), 0x0095);
        assert!(port.passes());
    }

    #[test]
    fn a_port_without_a_device_is_never_enabled() {
        let mut port = Port::new(false);
        port.write(0x0004, 0xFFFF);
        assert_eq!(port.read(), 0x0080);
    }

    #[test]
    fn a_suspended_port_passes_nothing() {
        let mut port = Port::new(true);
        port.write(0x1004, 0xFFFF);
        assert!(!port.passes());
    }
}
