//! 82093AA I/O advanced programmable interrupt controller.
//!
//! *Modelled*: ID, version, arbitration ID and 24 redirection entries with every field; edge and level inputs, remote
//! IRR, end-of-interrupt broadcasts. Input 0 is open; the timer's IRQ 0 leads to input 2, every other wire to the input
//! of its number, wire 2, which the 8259A does not know, included.
//!
//! A redirection entry's polarity is stored only: a wire here is asserted or not, however the board draws it. Entries
//! in a mode without a vector take edges.
//!
//! *Not modelled*: the end-of-interrupt register of later versions; delivery status is always idle.

use ringzero_bus::{
    ApicBus, DeliveryMode, Destination, Device, Fabric, ForkError, InterruptMessage, Irq, MessageController,
    MmioAccess, Section, SnapshotError, Vector, Width,
};
use serde::{Deserialize, Serialize};

/// Version 11h, 24 entries [82093AA, "IOAPIC Version Register"].
const VERSION: u32 = 0x0017_0011;
const ENTRIES: usize = 24;
/// The input of IRQ 0, as MP and ACPI tables say.
const TIMER_INPUT: usize = 2;

/// Bits of a redirection entry [82093AA, "I/O Redirection Table Registers"].
mod entry {
    pub(super) const LOGICAL: u64 = 1 << 11;
    pub(super) const REMOTE_IRR: u64 = 1 << 14;
    pub(super) const LEVEL: u64 = 1 << 15;
    pub(super) const MASKED: u64 = 1 << 16;
    pub(super) const WRITABLE: u64 = 0xFF00_0000_0001_AFFF;
}

/// A register behind IOWIN [82093AA, "IOAPIC Registers"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Register {
    Id,
    Version,
    Arbitration,
    Low(usize),
    High(usize),
}

impl Register {
    fn at(index: u8) -> Option<Self> {
        Some(match index {
            0x00 => Self::Id,
            0x01 => Self::Version,
            0x02 => Self::Arbitration,
            0x10..=0x3F if index & 1 == 0 => Self::Low(usize::from(index - 0x10) / 2),
            0x10..=0x3F => Self::High(usize::from(index - 0x10) / 2),
            _ => return None,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    ioregsel: u8,
    id: u8,
    entries: [u64; ENTRIES],
    /// Levels of the wires.
    lines: u32,
}

/// The chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IoApic {
    state: State,
}

impl Default for IoApic {
    fn default() -> Self {
        Self { state: State { ioregsel: 0, id: 0, entries: [entry::MASKED; ENTRIES], lines: 0 } }
    }
}

/// Whether an entry looks at the level of its input: in a mode with a vector it may.
fn by_level(value: u64) -> bool {
    value & entry::LEVEL != 0 && value & 0x600 == 0
}

fn send(apics: &mut ApicBus, value: u64) {
    let Some(mode) = DeliveryMode::decode((value >> 8) as u32) else { return };
    let target = (value >> 56) as u8;
    let logical = value & entry::LOGICAL != 0;
    apics.send(InterruptMessage {
        destination: if logical { Destination::Logical(target) } else { Destination::Physical(target) },
        mode,
        vector: Vector(value as u8),
        level_triggered: by_level(value),
    });
}

impl IoApic {
    /// A chip with everything masked.
    pub fn new() -> Self {
        Self::default()
    }

    fn read_register(&self, register: Register) -> u32 {
        match register {
            Register::Id | Register::Arbitration => u32::from(self.state.id) << 24,
            Register::Version => VERSION,
            Register::Low(n) => self.state.entries[n] as u32,
            Register::High(n) => (self.state.entries[n] >> 32) as u32,
        }
    }

    fn write_register(&mut self, apics: &mut ApicBus, register: Register, value: u32) {
        let value = u64::from(value);
        let (n, mask, value) = match register {
            Register::Id => return self.state.id = (value >> 24) as u8 & 0xF,
            Register::Version | Register::Arbitration => return,
            Register::Low(n) => (n, entry::WRITABLE & 0xFFFF_FFFF, value),
            Register::High(n) => (n, entry::WRITABLE & !0xFFFF_FFFF, value << 32),
        };
        let mut new = self.state.entries[n] & !mask | value & mask;
        if new & entry::LEVEL == 0 {
            // This is how software gets rid of a remote IRR that nobody will clear.
            new &= !entry::REMOTE_IRR;
        }
        self.state.entries[n] = new;
        self.look(apics, n);
    }

    /// The level of input `n`.
    fn input(&self, n: usize) -> bool {
        let wires = match n {
            0 => 0,
            TIMER_INPUT => 1 << 0 | 1 << TIMER_INPUT,
            _ => 1 << n,
        };
        self.state.lines & wires != 0
    }

    /// Sends the message of a level-triggered input that is high and has none in hand.
    fn look(&mut self, apics: &mut ApicBus, n: usize) {
        let value = self.state.entries[n];
        let idle = value & (entry::MASKED | entry::REMOTE_IRR) == 0;
        if by_level(value) && idle && self.input(n) {
            self.state.entries[n] |= entry::REMOTE_IRR;
            send(apics, value);
        }
    }
}

impl Device for IoApic {
    fn name(&self) -> &'static str {
        "io apic"
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        let lines = self.state.lines;
        *self = Self::default();
        self.state.lines = lines;
    }

    fn mmio_read(&mut self, _fabric: &mut Fabric, access: MmioAccess) -> u32 {
        match access.offset {
            0x00 => u32::from(self.state.ioregsel),
            0x10 if access.width == Width::Dword => {
                Register::at(self.state.ioregsel).map_or(0, |register| self.read_register(register))
            }
            _ => 0,
        }
    }

    fn mmio_write(&mut self, fabric: &mut Fabric, access: MmioAccess, value: u32) {
        match access.offset {
            0x00 => self.state.ioregsel = value as u8,
            0x10 if access.width == Width::Dword => {
                if let Some(register) = Register::at(self.state.ioregsel) {
                    self.write_register(&mut fabric.apics, register, value);
                }
            }
            _ => {}
        }
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        self.state = section.decode(self.name(), 1)?;
        Ok(())
    }
}

impl MessageController for IoApic {
    fn fork_controller(&self) -> Box<dyn MessageController> {
        Box::new(self.clone())
    }

    fn set_line(&mut self, apics: &mut ApicBus, irq: Irq, level: bool) {
        let wire = usize::from(irq.0) % ENTRIES;
        let n = if wire == 0 { TIMER_INPUT } else { wire };
        let before = self.input(n);
        self.state.lines = self.state.lines & !(1 << wire) | u32::from(level) << wire;
        let rises = self.input(n) && !before;
        let value = self.state.entries[n];
        if by_level(value) {
            self.look(apics, n);
        } else if rises && value & entry::MASKED == 0 {
            // An edge that comes while masked is lost [82093AA, "Interrupt Mask"].
            send(apics, value);
        }
    }

    fn end_of_interrupt(&mut self, apics: &mut ApicBus, vector: Vector) {
        for n in 0..ENTRIES {
            let value = self.state.entries[n];
            if value & entry::REMOTE_IRR != 0 && value as u8 == vector.0 {
                self.state.entries[n] &= !entry::REMOTE_IRR;
                self.look(apics, n);
            }
        }
    }
}
