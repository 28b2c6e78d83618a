//! What passes over the bus, for someone who listens: accesses to ports and devices, and interrupt wires.

use crate::types::{Irq, PhysAddr, Port, Width};

/// Something that passed over the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusEvent {
    /// IN or OUT.
    Port {
        /// The port.
        port: Port,
        /// How wide.
        width: Width,
        /// What was read or written.
        value: u32,
        /// OUT.
        write: bool,
    },
    /// A load from or a store to a device's memory.
    Memory {
        /// Where.
        addr: PhysAddr,
        /// How wide.
        width: Width,
        /// What was read or written.
        value: u32,
        /// A store.
        write: bool,
    },
    /// An interrupt wire changed.
    Irq {
        /// The wire.
        irq: Irq,
        /// Its level.
        level: bool,
    },
}

/// What to listen to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TapKinds {
    /// Ports.
    pub ports: bool,
    /// Devices' memory.
    pub memory: bool,
    /// Interrupt wires.
    pub irqs: bool,
}

/// A listener on the bus: events with the instruction count at which they happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tap {
    kinds: TapKinds,
    events: Vec<(u64, BusEvent)>,
}

impl Tap {
    /// A tap for `kinds`; none when there are none.
    pub(crate) fn new(kinds: TapKinds) -> Option<Box<Self>> {
        (kinds != TapKinds::default()).then(|| Box::new(Self { kinds, events: Vec::new() }))
    }

    #[cold]
    pub(crate) fn note(&mut self, count: u64, event: BusEvent) {
        let wanted = match event {
            BusEvent::Port { .. } => self.kinds.ports,
            BusEvent::Memory { .. } => self.kinds.memory,
            BusEvent::Irq { .. } => self.kinds.irqs,
        };
        if wanted {
            self.events.push((count, event));
        }
    }

    pub(crate) fn take(&mut self) -> Vec<(u64, BusEvent)> {
        std::mem::take(&mut self.events)
    }
}
