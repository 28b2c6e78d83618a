//! An event as a line of text.

use ringzero_machine::recorder::{Cause, Delivery};
use ringzero_machine::{BusEvent, Disassembler, Event, Place, Symbols, Syntax, Width};
use std::sync::Arc;

/// Columns for an instruction's bytes.
const BYTES: usize = 20;

/// Writes lines.
pub(super) struct Writer {
    disassembler: Disassembler,
    symbols: Option<Arc<Symbols>>,
}

impl Writer {
    pub(super) fn new(syntax: Syntax, symbols: Option<Arc<Symbols>>) -> Self {
        Self { disassembler: Disassembler::new(syntax, symbols.clone()), symbols }
    }

    pub(super) fn line(&mut self, event: &Event) -> String {
        match event {
            Event::Exec(place, bytes) => self.exec(place, bytes),
            Event::Interrupt(delivery) => self.interrupt(delivery),
            Event::Bus(event) => bus(event),
            Event::Bios { service, ax } => format!("bios  {service} AX={ax:04x}"),
        }
    }

    fn exec(&mut self, place: &Place, bytes: &[u8]) -> String {
        let line = self.disassembler.line(bytes, u32::from(place.bits), place.ip);
        let hex: String = line.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("exec  {} {hex:<BYTES$} {}{}", position(place), line.text, self.name(place))
    }

    fn interrupt(&self, delivery: &Delivery) -> String {
        let cause = match delivery.cause {
            Cause::Fault(fault) => {
                let code =
                    fault.error_code().map(|code| format!(" error code {code:#06x}")).unwrap_or_default();
                let cr2 =
                    if fault.vector() == 14 { format!(" CR2={:08x}", delivery.cr2) } else { String::new() };
                format!("exception {:#04x}{code}{cr2}", fault.vector())
            }
            Cause::Interrupt(vector) => format!("interrupt {vector:#04x}"),
            Cause::Software(vector) => format!("INT {vector:#04x}"),
            Cause::Nmi => "NMI".to_owned(),
            Cause::Smi => "SMI".to_owned(),
        };
        format!("int   {} {cause}{}", position(&delivery.at), self.name(&delivery.at))
    }

    /// `  ; name+0x10`, or nothing.
    fn name(&self, place: &Place) -> String {
        match self.symbols.as_ref().and_then(|symbols| symbols.name_of(place.linear())) {
            Some((name, 0)) => format!("  ; {name}"),
            Some((name, offset)) => format!("  ; {name}+{offset:#x}"),
            None => String::new(),
        }
    }
}

fn bus(event: &BusEvent) -> String {
    match event {
        BusEvent::Port { port, width, value, write } => {
            let (verb, arrow) = if *write { ("out", "<-") } else { ("in ", "->") };
            format!("io    {verb} {:#06x} {} {arrow} {}", port.0, name(*width), number(*value, *width))
        }
        BusEvent::Memory { addr, width, value, write } => {
            let (verb, arrow) = if *write { ("write", "<-") } else { ("read ", "->") };
            format!("mmio  {verb} {:#010x} {} {arrow} {}", addr.0, name(*width), number(*value, *width))
        }
        BusEvent::Irq { irq, level } => format!("irq   {} {}", irq.0, if *level { "rises" } else { "falls" }),
    }
}

fn position(place: &Place) -> String {
    let digits = if place.bits == 16 { 4 } else { 8 };
    format!("{:04x}:{:0digits$x}", place.cs, place.ip)
}

fn name(width: Width) -> &'static str {
    match width.bytes() {
        1 => "byte ",
        2 => "word ",
        _ => "dword",
    }
}

fn number(value: u32, width: Width) -> String {
    let digits = 2 + 2 * width.bytes() as usize;
    format!("{value:#0digits$x}")
}
