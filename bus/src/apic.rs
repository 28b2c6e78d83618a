//! What I/O APICs and local APICs tell each other, and what they ask of a processor core.
//!
//! The wires and arbitration of the APIC bus [SDM 3A, "System Bus Vs. APIC Bus"] are not modelled: a message arrives
//! whole, in the order of sending, before the instruction or event that caused it is over.

use crate::types::Vector;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Delivery mode [SDM 3A, "Interrupt Command Register (ICR)"].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DeliveryMode {
    /// The vector goes to all addressed processors.
    Fixed,
    /// The vector goes to the addressed processor that runs at the lowest priority.
    LowestPriority,
    /// A system management interrupt.
    Smi,
    /// A non-maskable interrupt.
    Nmi,
    /// INIT.
    Init,
    /// A start-up message, for processors that wait for one.
    StartUp,
    /// An interrupt whose vector an 8259A knows.
    ExtInt,
}

impl DeliveryMode {
    /// Bits 10..8 of a local vector, an interrupt command or a redirection entry; 011 is reserved.
    pub fn decode(bits: u32) -> Option<Self> {
        Some(match bits & 7 {
            0b000 => Self::Fixed,
            0b001 => Self::LowestPriority,
            0b010 => Self::Smi,
            0b100 => Self::Nmi,
            0b101 => Self::Init,
            0b110 => Self::StartUp,
            0b111 => Self::ExtInt,
            _ => return None,
        })
    }
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// The local APIC of this ID; all ones are for every one.
    Physical(u8),
    /// Those whose logical destination register this matches.
    Logical(u8),
    /// The processor of this number, which is the sender.
    Itself(u8),
    /// Every processor.
    All,
    /// Every processor but that of this number, which is the sender.
    Others(u8),
}

/// An interrupt message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InterruptMessage {
    /// Whom it is for.
    pub destination: Destination,
    /// What it does there.
    pub mode: DeliveryMode,
    /// The vector, where the mode has one.
    pub vector: Vector,
    /// Its end is to be broadcast.
    pub level_triggered: bool,
}

/// What travels between APICs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApicTraffic {
    /// To local APICs.
    Interrupt(InterruptMessage),
    /// To I/O APICs: the handler of a level-triggered interrupt is done.
    EndOfInterrupt(Vector),
}

/// Messages under way. The bus carries all of them before it goes on, so none is ever part of a state.
#[derive(Clone, Debug, Default)]
pub struct ApicBus {
    queue: VecDeque<ApicTraffic>,
}

impl ApicBus {
    /// Sends an interrupt message.
    pub fn send(&mut self, message: InterruptMessage) {
        self.queue.push_back(ApicTraffic::Interrupt(message));
    }

    /// Broadcasts the end of a level-triggered interrupt.
    pub fn end_of_interrupt(&mut self, vector: Vector) {
        self.queue.push_back(ApicTraffic::EndOfInterrupt(vector));
    }

    /// The oldest message under way.
    pub fn take(&mut self) -> Option<ApicTraffic> {
        self.queue.pop_front()
    }

    /// Whether nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

/// Edges that wait for a processor core to take them between two instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuSignals {
    /// NMI.
    pub nmi: bool,
    /// SMI#.
    pub smi: bool,
    /// INIT#.
    pub init: bool,
}

impl CpuSignals {
    /// Whether one waits.
    pub fn any(self) -> bool {
        self.nmi || self.smi || self.init
    }
}
