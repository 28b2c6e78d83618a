//! What happens in a machine, for someone who subscribes: instructions, interrupts, accesses to devices, calls of the
//! BIOS. To listen changes nothing that the guest sees.

use crate::machine::Machine;
use ringzero_bus::{BusEvent, TapKinds};
use ringzero_cpu::recorder::{Cause, Delivery, Place};

/// Events after which [`Machine::run`] comes back, so that they can be taken.
const MOST_EVENTS: usize = 1 << 16;
/// Longest instruction in bytes.
pub(crate) const LONGEST_INSTRUCTION: usize = 15;

/// What to be told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventKinds {
    /// Every instruction; the machine runs at a fraction of its speed.
    pub exec: bool,
    /// Exceptions, interrupts and software interrupts that are taken.
    pub interrupts: bool,
    /// IN and OUT.
    pub io: bool,
    /// Loads and stores that devices answer.
    pub mmio: bool,
    /// Changes of interrupt wires.
    pub irq: bool,
    /// Services of our BIOS.
    pub bios: bool,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An instruction is executed: where, and the bytes there, as many as an instruction can have.
    Exec(Place, [u8; LONGEST_INSTRUCTION]),
    /// A handler is entered.
    Interrupt(Delivery),
    /// A port or a device's memory is accessed, or an interrupt wire changes.
    Bus(BusEvent),
    /// Our BIOS serves a call.
    Bios {
        /// The service.
        service: String,
        /// AX.
        ax: u16,
    },
}

/// The events not yet taken, each with the count of instructions begun.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    kinds: EventKinds,
    pending: Vec<(u64, Event)>,
}

impl EventLog {
    /// Whether each instruction is to be told of.
    pub(crate) fn exec(&self) -> bool {
        self.kinds.exec
    }

    /// Whether it is time to take them.
    pub(crate) fn is_full(&self) -> bool {
        self.pending.len() >= MOST_EVENTS
    }
}

impl Machine {
    /// Subscribes to events, in place of an earlier subscription; none ends it. They are there for
    /// [`Machine::take_events`].
    pub fn subscribe(&mut self, kinds: EventKinds) {
        self.events = EventLog { kinds, pending: Vec::new() };
        self.bus.tap(TapKinds { ports: kinds.io, memory: kinds.mmio, irqs: kinds.irq });
        self.cpu.recorder_mut().listen(kinds.interrupts || kinds.exec);
    }

    /// The events since the last call, in order, each with the number of instructions begun by then. [`Machine::run`]
    /// comes back early with [`crate::Stop::Limit`] when there are many.
    pub fn take_events(&mut self) -> Vec<(u64, Event)> {
        std::mem::take(&mut self.events.pending)
    }

    /// Runs the processor for a slice, or for one instruction when each is told of.
    pub(crate) fn run_slice(&mut self, slice: u64) -> ringzero_cpu::Exit {
        if self.events.kinds == EventKinds::default() {
            return self.cpu.run(&mut self.bus, slice);
        }
        // What the devices did between slices comes first.
        self.gather(None);
        let instruction = self.events.kinds.exec.then(|| self.next_instruction());
        let exit = self.cpu.run(&mut self.bus, if instruction.is_some() { 1 } else { slice });
        self.gather(instruction);
        exit
    }

    fn next_instruction(&self) -> (u64, Event) {
        let place = self.place();
        let mut bytes = [0; LONGEST_INSTRUCTION];
        self.read_linear(place.linear(), &mut bytes);
        (place.count + 1, Event::Exec(place, bytes))
    }

    /// Puts what was recorded in order. An instruction in whose place a handler was entered was not executed.
    fn gather(&mut self, instruction: Option<(u64, Event)>) {
        let deliveries = self.cpu.recorder_mut().take_all();
        let entered = |delivery: &Delivery| !matches!(delivery.cause, Cause::Software(_));
        let executed =
            instruction.filter(|(count, _)| self.count() >= *count && !deliveries.iter().any(entered));
        let from = self.events.pending.len();
        self.events.pending.extend(executed);
        if self.events.kinds.interrupts {
            let entered =
                deliveries.into_iter().map(|delivery| (delivery.at.count, Event::Interrupt(delivery)));
            self.events.pending.extend(entered);
        }
        let bus = self.bus.take_tapped().into_iter().map(|(count, event)| (count, Event::Bus(event)));
        self.events.pending.extend(bus);
        self.events.pending[from..].sort_by_key(|(count, _)| *count);
    }

    /// Our BIOS is about to serve a call.
    pub(crate) fn note_service(&mut self, service: Option<ringzero_roms::Trap>) {
        if self.events.kinds.bios {
            let service = service.map_or_else(|| "unknown".to_owned(), |trap| format!("{trap:?}"));
            let ax = self.cpu.state().regs.number(ringzero_cpu::number::AX) as u16;
            self.events.pending.push((self.count(), Event::Bios { service, ax }));
        }
    }
}
