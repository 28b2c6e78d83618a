//! The PCI IRQ routing table, `$PIR` [PCI IRQ Routing, "PCI IRQ Routing Table Specification"].

use super::fix_checksum;
use crate::pci::{EXCLUSIVE, Function, ISA_BRIDGE, PIRQ_ROUTE, pirq};

/// Wires that PCI interrupts may be led to [PIIX3, "PIRQ Route Control Registers"].
pub(crate) const ROUTABLE: u16 = 0xDEF8;
/// Devices that have a slot's wires: those on the board, and slots 1 to 5.
pub(crate) const DEVICES: std::ops::RangeInclusive<u8> = 1..=6;
/// The ISA bridge as the router that the table names.
const ROUTER: u32 = 0x7000_8086;

/// The entries. A link is the number of its route control register.
pub(crate) fn slots() -> Vec<u8> {
    DEVICES.flat_map(slot).collect()
}

fn slot(device: u8) -> Vec<u8> {
    let [low, high] = ROUTABLE.to_le_bytes();
    let mut entry = vec![0, Function { device, function: 0 }.number()];
    for pin in 1..=4 {
        entry.extend([PIRQ_ROUTE + pirq(device, pin), low, high]);
    }
    entry.extend([device - DEVICES.start(), 0]);
    entry
}

/// The table: version 1.0, the router's place, wires that only PCI uses, its identity.
pub(crate) fn table() -> Vec<u8> {
    let slots = slots();
    let size = 32 + slots.len() as u16;
    let mut table = [b"$PIR", &[0x00, 0x01][..], &size.to_le_bytes()].concat();
    table.extend([0, ISA_BRIDGE.number()]);
    table.extend(EXCLUSIVE.to_le_bytes());
    table.extend(ROUTER.to_le_bytes());
    table.resize(32, 0);
    table.extend(slots);
    fix_checksum(&mut table, 31);
    table
}
