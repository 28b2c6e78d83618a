//! A port whose reading is a request with the processor's registers, as virtual machines have one.

use super::SystemBus;
use crate::types::Port;

/// Where it is, and whether it was read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RegisterPort {
    port: Option<Port>,
    asked: bool,
}

impl SystemBus {
    /// Makes an IN of 32 bits from `port` end the CPU's run with `Exit::Registers`: EAX is as it was, and the machine
    /// answers in registers.
    pub fn set_register_port(&mut self, port: Option<Port>) {
        self.registers.port = port;
    }

    /// Whether an IN of 32 bits from `port` is such a request; the CPU, which asks, then reads nothing.
    pub fn asks_for_registers(&mut self, port: Port) -> bool {
        let asks = Some(port) == self.registers.port;
        self.registers.asked |= asks;
        self.attention |= asks;
        asks
    }

    /// Whether there was such a request since the last call.
    pub fn take_register_request(&mut self) -> bool {
        std::mem::take(&mut self.registers.asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_that_was_named_is_a_request() {
        let mut bus = SystemBus::new(1 << 20, 100);
        assert!(!bus.asks_for_registers(Port(0x5658)));
        bus.set_register_port(Some(Port(0x5658)));
        assert!(!bus.asks_for_registers(Port(0x5657)) && !bus.take_register_request());
        assert!(bus.asks_for_registers(Port(0x5658)) && bus.attention());
        assert!(bus.take_register_request() && !bus.take_register_request());
    }
}
