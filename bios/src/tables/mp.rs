//! The MP configuration table [MP, "MP Configuration Table"]: one processor, one I/O APIC.

use super::{LowArea, fix_checksum, routing};
use crate::pci::{EXCLUSIVE, PIRQ_WIRES, pirq};
use crate::platform::{Apics, IO_APIC, IO_APIC_ID, LOCAL_APIC, Processor};

/// Numbers of the buses.
const PCI: u8 = 0;
const ISA: u8 = 1;
/// Every local APIC.
const ALL: u8 = 0xFF;

/// Types of interrupt [MP, "I/O Interrupt Assignment Entries"].
mod kind {
    pub(super) const INT: u8 = 0;
    pub(super) const NMI: u8 = 1;
    pub(super) const EXT_INT: u8 = 3;
}

/// As the bus has it, and level-triggered, active high: so the ISA bridge hands PCI interrupts on.
const BY_BUS: u8 = 0x00;
const LEVEL_HIGH: u8 = 0x0D;

/// Puts the table and its floating pointer into the area.
pub(crate) fn put(area: &mut LowArea, processor: Processor, apics: Apics) {
    let table = table(processor, apics);
    let mut pointer = [&b"_MP_"[..], &(area.next() + 16).to_le_bytes(), &[1, 4, 0], &[0; 5]].concat();
    fix_checksum(&mut pointer, 10);
    area.put(&pointer);
    area.put(&table);
}

fn table(processor: Processor, apics: Apics) -> Vec<u8> {
    let entries = entries(processor, apics);
    let body: Vec<u8> = entries.concat();
    let size = 44 + body.len() as u16;
    let mut table = [b"PCMP", &size.to_le_bytes()[..], &[4, 0], b"RINGZERO", b"PC          "].concat();
    // No table of the maker's.
    table.extend([0; 6]);
    table.extend((entries.len() as u16).to_le_bytes());
    table.extend(LOCAL_APIC.to_le_bytes());
    table.extend([0; 4]);
    table.extend(body);
    fix_checksum(&mut table, 7);
    table
}

fn entries(processor: Processor, apics: Apics) -> Vec<Vec<u8>> {
    // Usable, and the one that boots.
    let mut cpu = vec![0, apics.local_id, apics.local_version, 0x03];
    cpu.extend(processor.signature.to_le_bytes());
    cpu.extend(processor.features.to_le_bytes());
    cpu.extend([0; 8]);
    let bus = |number: u8, name: &[u8; 6]| [&[1, number][..], name].concat();
    let mut all = vec![cpu, bus(PCI, b"PCI   "), bus(ISA, b"ISA   ")];
    all.push([&[2, IO_APIC_ID, apics.io_version, 0x01][..], &IO_APIC.to_le_bytes()].concat());
    all.extend(pci_interrupts());
    all.extend(isa_interrupts());
    let local = |kind: u8, to: u8, pin: u8| vec![4, kind, BY_BUS, 0, ISA, 0, to, pin];
    all.extend([local(kind::EXT_INT, apics.local_id, 0), local(kind::NMI, ALL, 1)]);
    all
}

/// The source of a PCI interrupt is its device and pin. It reaches the I/O APIC by the wire that its PIRQ leads to.
fn pci_interrupts() -> impl Iterator<Item = Vec<u8>> {
    let pins = routing::DEVICES.flat_map(|device| (1..=4).map(move |pin| (device, pin)));
    pins.map(|(device, pin)| {
        let wire = PIRQ_WIRES[usize::from(pirq(device, pin))];
        vec![3, kind::INT, LEVEL_HIGH, 0, PCI, device << 2 | (pin - 1), IO_APIC_ID, wire]
    })
}

/// IRQ 0 leads to input 2, the others to that of their number; IRQ 2 is the second 8259A.
fn isa_interrupts() -> impl Iterator<Item = Vec<u8>> {
    let wires = (0..16u8).filter(|irq| *irq != 2 && EXCLUSIVE & 1 << irq == 0);
    wires.map(|irq| {
        let input = if irq == 0 { 2 } else { irq };
        vec![3, kind::INT, BY_BUS, 0, ISA, irq, IO_APIC_ID, input]
    })
}
