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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Media, OnIdle, Stop, storage::MemoryMedium};
    use ringzero_bus::{Port, Width};

    /// Vector 50h := the CLI; MOV AL, 41h; OUT 80h, AL; INT 50h; NOP; NOP; CLI; HLT.
    const PROGRAM: [u8; 24] = [
        0x31, 0xC0, 0x8E, 0xD8, 0xC7, 0x06, 0x40, 0x01, 0x16, 0x7C, 0x8C, 0x1E, 0x42, 0x01, 0xB0, 0x41, 0xE6,
        0x80, 0xCD, 0x50, 0x90, 0x90, 0xFA, 0xF4,
    ];

    fn booted() -> Machine {
        let mut sector = vec![0; 512];
        sector[..PROGRAM.len()].copy_from_slice(&PROGRAM);
        sector[510..].copy_from_slice(&[0x55, 0xAA]);
        let mut media = Media::default();
        media.floppies[0] = Some(Box::new(MemoryMedium::new(sector)));
        let mut machine = Machine::new(Config::default(), media).unwrap();
        assert!(machine.run_to_address(0x7C00, 1_000_000_000));
        machine
    }

    #[test]
    fn what_is_subscribed_to_comes_in_order_and_nothing_else() {
        let mut machine = booted();
        machine.subscribe(EventKinds { interrupts: true, io: true, ..EventKinds::default() });
        machine.run(machine.count() + 8, OnIdle::Jump);
        let events: Vec<Event> = machine.take_events().into_iter().map(|(_, event)| event).collect();
        let out = BusEvent::Port { port: Port(0x80), width: Width::Byte, value: 0x41, write: true };
        assert_eq!(events[0], Event::Bus(out));
        assert!(matches!(&events[1], Event::Interrupt(d) if d.cause == Cause::Software(0x50)), "{events:?}");
        assert_eq!(events.len(), 2, "{events:?}");
    }

    #[test]
    fn every_instruction_is_told_of_once_and_the_state_is_the_same() {
        let (mut told, mut plain) = (booted(), booted());
        told.subscribe(EventKinds { exec: true, ..EventKinds::default() });
        let ends = [&mut told, &mut plain].map(|machine| machine.run(machine.count() + 100, OnIdle::Jump));
        assert!(ends.iter().all(|end| matches!(end, Stop::Hang(_))), "{ends:?}");
        let offsets: Vec<u64> = told
            .take_events()
            .into_iter()
            .filter_map(
                |(_, event)| if let Event::Exec(place, _) = event { Some(place.ip - 0x7C00) } else { None },
            )
            .collect();
        assert_eq!(offsets, [0, 2, 4, 10, 14, 16, 18, 22, 23]);
        assert_eq!(told.state_hash().unwrap(), plain.state_hash().unwrap());
    }
}
