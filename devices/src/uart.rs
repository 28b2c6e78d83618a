//! 16550A UART.
//!
//! Source: National Semiconductor PC16550D datasheet, keyed \[16550\].
//!
//! *Modelled*: transmit and receive paced by the divisor, FIFOs with trigger levels and timeout, every interrupt and its
//! priority, line and modem status with deltas, loopback, break, scratch. INT reaches the bus through OUT2, as on a PC.
//! A serial mouse may be at the port.
//!
//! *Not modelled*: parity and framing errors (the host's bytes are good), DMA modes, a DTE that watches our RTS.

mod mouse;
mod registers;
mod serial_mouse;

pub use serial_mouse::SerialMouseKind;

use crate::queue::OutputQueue;
use ringzero_bus::{Device, EventSlot, Fabric, ForkError, IrqPin, PortAccess, Section, SnapshotError, VTime};
use serde::{Deserialize, Serialize};
use serial_mouse::SerialMouse;
use std::collections::VecDeque;

/// Bytes the FIFOs hold.
const FIFO: usize = 16;
/// Bytes the host may have sent that the receiver has not taken yet.
const INPUT: usize = 4096;

/// Line status register.
mod lsr {
    pub(super) const DATA_READY: u8 = 0x01;
    pub(super) const OVERRUN: u8 = 0x02;
    pub(super) const FRAMING: u8 = 0x08;
    pub(super) const BREAK: u8 = 0x10;
    pub(super) const ERRORS: u8 = 0x1E;
    pub(super) const THRE: u8 = 0x20;
    pub(super) const TEMT: u8 = 0x40;
    pub(super) const FIFO_ERROR: u8 = 0x80;
}

/// Interrupt enable register, one bit per source.
mod ier {
    pub(super) const RECEIVED: u8 = 0x01;
    pub(super) const THR_EMPTY: u8 = 0x02;
    pub(super) const LINE_STATUS: u8 = 0x04;
    pub(super) const MODEM_STATUS: u8 = 0x08;
}

/// The pending interrupt of highest priority [16550, "Interrupt Control Functions"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interrupt {
    LineStatus,
    Received,
    Timeout,
    ThrEmpty,
    ModemStatus,
}

impl Interrupt {
    fn id(self) -> u8 {
        match self {
            Self::LineStatus => 0b0110,
            Self::Received => 0b0100,
            Self::Timeout => 0b1100,
            Self::ThrEmpty => 0b0010,
            Self::ModemStatus => 0b0000,
        }
    }
}

/// A received byte with its errors (bits of the line status register).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Received {
    byte: u8,
    errors: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct UartState {
    ier: u8,
    fifos: bool,
    /// FCR bits 7-6.
    trigger: u8,
    lcr: u8,
    mcr: u8,
    /// Modem inputs, bits 7-4 of MSR, as the host drives them.
    modem_in: u8,
    /// Deltas, bits 3-0 of MSR.
    deltas: u8,
    scratch: u8,
    divisor: u16,
    /// LSR error bits not yet read.
    errors: u8,
    receive: VecDeque<Received>,
    transmit: VecDeque<u8>,
    /// The transmit shift register.
    shifting: Option<u8>,
    thr_interrupt: bool,
    timeout: bool,
    /// Bytes of the host on the line.
    input: VecDeque<Received>,
    /// What is at the port in place of the host.
    mouse: Option<SerialMouse>,
}

impl Default for UartState {
    fn default() -> Self {
        Self {
            ier: 0,
            fifos: false,
            trigger: 0,
            lcr: 0,
            mcr: 0,
            // CTS, DSR and DCD: somebody is there.
            modem_in: 0xB0,
            deltas: 0,
            scratch: 0,
            divisor: 12,
            errors: 0,
            receive: VecDeque::new(),
            transmit: VecDeque::new(),
            shifting: None,
            thr_interrupt: false,
            timeout: false,
            input: VecDeque::new(),
            mouse: None,
        }
    }
}

/// The wires of a [`Uart`].
#[derive(Clone, Copy, Debug)]
pub struct UartWiring {
    /// Its interrupt.
    pub irq: IrqPin,
    /// The shift register has sent a character.
    pub sent: EventSlot,
    /// A character of the host has arrived.
    pub arrival: EventSlot,
    /// Received characters have waited too long.
    pub timeout: EventSlot,
}

/// The card. Region 0 is eight ports.
#[derive(Clone, Debug)]
pub struct Uart {
    name: &'static str,
    state: UartState,
    output: OutputQueue,
    /// Bytes sent since power-on, for [`Uart::sent`].
    sent_bytes: u64,
    wiring: UartWiring,
}

impl Uart {
    /// A port called `name`.
    pub fn new(name: &'static str, wiring: UartWiring) -> Self {
        Self { name, state: UartState::default(), output: OutputQueue::default(), wiring, sent_bytes: 0 }
    }

    // --- for the host ---------------------------------------------------------------------------------------

    /// Bytes sent since power-on.
    pub fn sent(&self) -> u64 {
        self.sent_bytes
    }

    /// What the guest sent since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.output.take()
    }

    /// Sends bytes to the guest; gives back how many were accepted. The receiver takes them at its own pace, and
    /// never loses one.
    pub fn send(&mut self, fabric: &mut Fabric, bytes: &[u8]) -> usize {
        let accepted = bytes.len().min(self.room());
        self.state.input.extend(bytes[..accepted].iter().map(|&byte| Received { byte, errors: 0 }));
        self.schedule_arrival(fabric);
        accepted
    }

    /// How many bytes [`Uart::send`] would accept.
    pub fn room(&self) -> usize {
        INPUT.saturating_sub(self.state.input.len())
    }

    /// Whether nothing sent by the host waits to be read by the guest.
    pub fn is_input_drained(&self) -> bool {
        self.state.input.is_empty() && self.state.receive.is_empty()
    }

    /// Sends a break condition to the guest.
    pub fn send_break(&mut self, fabric: &mut Fabric) {
        if self.room() > 0 {
            self.state.input.push_back(Received { byte: 0, errors: lsr::BREAK });
            self.schedule_arrival(fabric);
        }
    }

    // --- time -----------------------------------------------------------------------------------------------

    /// Start bit, data, parity, stop bits, at 1.8432 MHz / 16 / divisor [16550, "Line Control Register"].
    fn character_ns(&self) -> u64 {
        let lcr = self.state.lcr;
        let bits = 1 + 5 + u64::from(lcr & 3) + u64::from(lcr >> 3 & 1) + 1 + u64::from(lcr >> 2 & 1);
        let divisor = if self.state.divisor == 0 { 0x1_0000 } else { u64::from(self.state.divisor) };
        bits * divisor * 1_000_000_000 / 115_200
    }

    fn capacity(&self) -> usize {
        if self.state.fifos { FIFO } else { 1 }
    }

    fn loopback(&self) -> bool {
        self.state.mcr & 0x10 != 0
    }

    fn schedule_arrival(&mut self, fabric: &mut Fabric) {
        let wanted = !self.state.input.is_empty() && self.state.receive.len() < self.capacity();
        if wanted && fabric.sched.deadline(self.wiring.arrival).is_none() {
            fabric.sched.arm(self.wiring.arrival, fabric.now.plus_ns(self.character_ns()));
        }
    }

    fn arrive(&mut self, fabric: &mut Fabric) {
        if self.state.receive.len() < self.capacity()
            && let Some(received) = self.state.input.pop_front()
        {
            self.take_in(fabric, received);
        }
        self.feed_mouse(fabric);
        self.schedule_arrival(fabric);
    }

    /// A character reaches the receiver.
    fn take_in(&mut self, fabric: &mut Fabric, received: Received) {
        if self.state.receive.len() >= self.capacity() {
            self.state.errors |= lsr::OVERRUN;
            if !self.state.fifos {
                self.state.receive.clear();
                self.state.receive.push_back(received);
            }
        } else {
            self.state.receive.push_back(received);
        }
        self.show_errors();
        self.restart_timeout(fabric);
    }

    /// Errors show in LSR when their character is at the top of the FIFO.
    fn show_errors(&mut self) {
        if let Some(top) = self.state.receive.front_mut() {
            self.state.errors |= std::mem::take(&mut top.errors);
        }
    }

    /// Four character times without a character or a read [16550, "FIFO Interrupt Mode Operation"].
    fn restart_timeout(&mut self, fabric: &mut Fabric) {
        self.state.timeout = false;
        if self.state.fifos && !self.state.receive.is_empty() {
            fabric.sched.arm(self.wiring.timeout, fabric.now.plus_ns(4 * self.character_ns()));
        } else {
            fabric.sched.cancel(self.wiring.timeout);
        }
    }

    fn start_sending(&mut self, fabric: &mut Fabric) {
        if self.state.shifting.is_some() {
            return;
        }
        if let Some(byte) = self.state.transmit.pop_front() {
            self.state.shifting = Some(byte);
            self.state.thr_interrupt |= self.state.transmit.is_empty();
            fabric.sched.arm(self.wiring.sent, fabric.now.plus_ns(self.character_ns()));
        }
    }

    fn finish_character(&mut self, fabric: &mut Fabric) {
        if let Some(byte) = self.state.shifting.take() {
            if self.loopback() {
                self.take_in(fabric, Received { byte, errors: 0 });
            } else {
                self.output.push(byte);
                self.sent_bytes += 1;
            }
        }
        self.start_sending(fabric);
    }

    // --- interrupts -----------------------------------------------------------------------------------------

    fn trigger_level(&self) -> usize {
        match (self.state.fifos, self.state.trigger) {
            (false, _) | (true, 0) => 1,
            (true, 1) => 4,
            (true, 2) => 8,
            (true, _) => 14,
        }
    }

    fn pending(&self) -> Option<Interrupt> {
        let s = &self.state;
        let enabled = |bit: u8| s.ier & bit != 0;
        if enabled(ier::LINE_STATUS) && s.errors != 0 {
            Some(Interrupt::LineStatus)
        } else if enabled(ier::RECEIVED) && s.receive.len() >= self.trigger_level() {
            Some(Interrupt::Received)
        } else if enabled(ier::RECEIVED) && s.timeout {
            Some(Interrupt::Timeout)
        } else if enabled(ier::THR_EMPTY) && s.thr_interrupt {
            Some(Interrupt::ThrEmpty)
        } else if enabled(ier::MODEM_STATUS) && s.deltas != 0 {
            Some(Interrupt::ModemStatus)
        } else {
            None
        }
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        let out_2 = self.state.mcr & 0x08 != 0 && !self.loopback();
        fabric.irqs.set(self.wiring.irq, out_2 && self.pending().is_some());
    }
}

impl Device for Uart {
    fn name(&self) -> &'static str {
        self.name
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        let mouse = self.state.mouse;
        let input = std::mem::take(&mut self.state.input);
        self.state = UartState { input, mouse, ..UartState::default() };
        for slot in [self.wiring.sent, self.wiring.arrival, self.wiring.timeout] {
            fabric.sched.cancel(slot);
        }
        self.feed_mouse(fabric);
        self.schedule_arrival(fabric);
        self.update_irq(fabric);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        let [low, high] = self.state.divisor.to_le_bytes();
        let value = match access.offset {
            0 if self.dlab() => low,
            0 => self.read_receiver(fabric),
            1 if self.dlab() => high,
            1 => self.state.ier,
            2 => self.read_iir(),
            3 => self.state.lcr,
            4 => self.state.mcr,
            5 => self.read_lsr(),
            6 => self.modem_lines() | std::mem::take(&mut self.state.deltas),
            _ => self.state.scratch,
        };
        self.update_irq(fabric);
        u32::from(value)
    }

    fn same_until(&self, _now: VTime, access: PortAccess) -> Option<VTime> {
        // What the first read of LSR or MSR clears is cleared by then.
        matches!(access.offset, 5 | 6).then_some(VTime::MAX)
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        let value = value as u8;
        let [low, high] = self.state.divisor.to_le_bytes();
        match access.offset {
            0 if self.dlab() => self.state.divisor = u16::from_le_bytes([value, high]),
            0 => self.write_thr(fabric, value),
            1 if self.dlab() => self.state.divisor = u16::from_le_bytes([low, value]),
            1 => self.write_ier(value),
            2 => self.write_fcr(fabric, value),
            3 => self.write_lcr(fabric, value),
            4 => self.write_mcr(fabric, value),
            7 => self.state.scratch = value,
            _ => {} // LSR and MSR are for factory tests
        }
        self.update_irq(fabric);
    }

    fn on_event(&mut self, fabric: &mut Fabric, slot: EventSlot, _deadline: VTime) {
        if slot == self.wiring.sent {
            self.finish_character(fabric);
        } else if slot == self.wiring.arrival {
            self.arrive(fabric);
        } else {
            self.state.timeout = !self.state.receive.is_empty();
        }
        self.update_irq(fabric);
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name, 2, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: UartState = section.decode(self.name, 2)?;
        let valid = state.receive.len() <= FIFO
            && state.transmit.len() <= FIFO
            && state.input.len() <= INPUT
            && state.errors & !lsr::ERRORS == 0
            && state.trigger < 4
            && state.mouse.map(|mouse| mouse.kind()) == self.state.mouse.map(|mouse| mouse.kind())
            && state.mouse.is_none_or(|mouse| mouse.is_valid());
        if !valid {
            return Err(SnapshotError::OutOfRange { section: "uart", what: "queue length" });
        }
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
#[path = "uart_tests.rs"]
mod tests;
