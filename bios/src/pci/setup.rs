//! POST gives the functions on PCI bus 0 their ports, addresses and interrupts.
//!
//! *Modelled*: base address registers, expansion ROMs (given an address, not enabled), command registers, PIIX3 interrupt
//! routing, IDE decoding, PIIX4 power management and SMBus. *Not modelled*: buses behind bridges.

use super::{Function, PIRQ_WIRES, functions, level_triggered, pirq, register, route};
use crate::guest::Guest;

/// Where base address registers for ports lead, from the first on up.
pub(crate) const PORT_WINDOW: std::ops::RangeInclusive<u32> = 0xC000..=0xFFFF;
/// Where those for memory lead, from the last on down: no RAM reaches here.
pub(crate) const MEMORY_WINDOW: std::ops::RangeInclusive<u32> = 0xE000_0000..=0xFEBF_FFFF;
/// First of the 64 ports of power management.
pub(crate) const PM_BASE: u16 = 0x600;
/// First of the 16 ports of the SMBus host.
pub(crate) const SMBUS_BASE: u16 = 0x700;
/// The wire of the system control interrupt [PIIX4, "SCI"].
pub(crate) const SCI: u8 = 9;

/// Ports and addresses, a bus master only where POST knows it to be a harmless one.
const COMMAND_DECODE: u16 = 0x03;
const COMMAND_MASTER: u16 = 0x04;
/// Clocks of a bus master's turn.
const LATENCY: u8 = 0x40;
/// The enable bit of the expansion ROM register.
const ROM_ENABLE: u32 = 1;

/// Classes with registers of their own to set up: base class and sub-class.
mod class {
    pub(super) const IDE: u32 = 0x0101;
}

/// Vendor and device as one number.
mod id {
    pub(super) const PIIX4_PM: u32 = 0x7113_8086;
}

/// What is left of both windows.
struct Space {
    port: u32,
    /// The address behind the highest free one.
    memory: u32,
}

impl Space {
    /// The first of `size` ports, a power of two.
    fn ports(&mut self, size: u32) -> Option<u32> {
        let first = self.port.checked_next_multiple_of(size)?;
        let fits = first.checked_add(size - 1)? <= *PORT_WINDOW.end();
        self.port = if fits { first + size } else { self.port };
        fits.then_some(first)
    }

    /// The first of `size` addresses, a power of two.
    fn memory(&mut self, size: u32) -> Option<u32> {
        let first = self.memory.checked_sub(size)? & !(size - 1);
        let fits = first >= *MEMORY_WINDOW.start();
        self.memory = if fits { first } else { self.memory };
        fits.then_some(first)
    }
}

/// All of it.
pub(crate) fn start(g: &mut Guest) {
    let mut space = Space { port: *PORT_WINDOW.start(), memory: *MEMORY_WINDOW.end() + 1 };
    for (number, wire) in (0..).zip(PIRQ_WIRES) {
        route(g, number, wire);
    }
    for function in functions(g) {
        // Only an ordinary function has the registers below; a bridge to another bus is left alone.
        if function.read_u8(g, register::HEADER_TYPE) & 0x7F == 0 {
            base_addresses(g, function, &mut space);
            interrupt(g, function);
            special(g, function);
        }
    }
}

/// A register after ones were written to it: the bits that can be set, and those that are fixed.
fn size(g: &mut Guest, function: Function, at: u8, ones: u32) -> u32 {
    function.write(g, at, ones);
    let answer = function.read(g, at);
    function.write(g, at, 0);
    answer
}

fn base_addresses(g: &mut Guest, function: Function, space: &mut Space) {
    // While a register is tried out the function must not answer where it points.
    let command = function.read_u16(g, register::COMMAND);
    function.write_u16(g, register::COMMAND, command & !COMMAND_DECODE);
    let mut index = 0;
    while index < 6 {
        let at = 0x10 + 4 * index;
        let answer = size(g, function, at, u32::MAX);
        let is_wide = answer & 0x07 == 0x04;
        if answer != 0 && answer != u32::MAX {
            let place = if answer & 1 != 0 {
                space.ports(1 << (answer & !3 | 0x1_0000).trailing_zeros())
            } else {
                space.memory(1 << (answer & !0xF).trailing_zeros().min(31))
            };
            function.write(g, at, place.unwrap_or(0));
        }
        // A register of 64 bits is two; the upper half stays 0.
        index += if is_wide { 2 } else { 1 };
    }
    let rom = size(g, function, 0x30, !ROM_ENABLE);
    if rom != 0 && rom != u32::MAX {
        let place = space.memory(1 << (rom & !0x7FF).trailing_zeros().min(31));
        function.write(g, 0x30, place.unwrap_or(0));
    }
    function.write_u16(g, register::COMMAND, command | COMMAND_DECODE);
}

fn interrupt(g: &mut Guest, function: Function) {
    let pin = function.read_u8(g, register::INTERRUPT_PIN);
    if (1..=4).contains(&pin) {
        let wire = PIRQ_WIRES[usize::from(pirq(function.device, pin))];
        function.write_u8(g, register::INTERRUPT_LINE, wire);
    }
}

fn special(g: &mut Guest, function: Function) {
    if function.class(g) >> 8 == class::IDE {
        // IDETIM: both channels answer at the usual ports, at the slowest timing [PIIX3, "IDE Timing Modes"].
        function.write_u16(g, 0x40, 0x8000);
        function.write_u16(g, 0x42, 0x8000);
        let command = function.read_u16(g, register::COMMAND);
        function.write_u16(g, register::COMMAND, command | COMMAND_MASTER);
        function.write_u8(g, register::LATENCY, LATENCY);
    }
    if function.id(g) == Some(id::PIIX4_PM) {
        power_management(g, function);
    }
}

/// [PIIX4, "Power Management Configuration Registers"]: PMBA and PMREGMISC, SMBBA and SMBHSTCFG with IRQ 9.
fn power_management(g: &mut Guest, function: Function) {
    function.write(g, 0x40, u32::from(PM_BASE) | 1);
    function.write_u8(g, 0x80, 0x01);
    function.write(g, 0x90, u32::from(SMBUS_BASE) | 1);
    function.write_u8(g, 0xD2, 0x09);
    function.write_u8(g, register::INTERRUPT_LINE, SCI);
    level_triggered(g, SCI);
}
