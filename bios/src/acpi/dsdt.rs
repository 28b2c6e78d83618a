//! The differentiated system description table: the devices that no bus tells of, as objects in AML.

use super::aml::{self, Region, Term};
use super::resources::{self, INTERRUPT_NUMBER};
use crate::pci::setup::{MEMORY_WINDOW, PM_BASE, SMBUS_BASE};
use crate::pci::{EXCLUSIVE, PIRQ_ROUTE, pirq};
use crate::platform::{HPET, IO_APIC, LOCAL_APIC, PVPANIC, Platform};

/// The link devices of PIRQA to PIRQD, and the fields that hold their routes.
const LINKS: [&str; 4] = ["LNKA", "LNKB", "LNKC", "LNKD"];
const ROUTES: [&str; 4] = ["PRQ0", "PRQ1", "PRQ2", "PRQ3"];
/// Set in a route that leads nowhere.
const DISABLED: u32 = 0x80;

/// _STA: present, enabled, shown, working; and the same for what is switched off.
const ON: u32 = 0x0B;
const OFF: u32 = 0x09;

/// Its definition block. Integers have 32 bits, as systems of revision 1 take them.
pub(super) fn body(platform: &Platform) -> Vec<u8> {
    let mut system = vec![root_bridge(platform)];
    system.extend((0..4).map(link));
    if platform.hpet.is_some() {
        system.push(hpet());
    }
    let zero = aml::integer(0);
    // SLP_TYP of soft-off is 0 [PIIX4, "PMCNTRL"].
    let soft_off = aml::package(&[zero.clone(), zero.clone(), zero.clone(), zero]);
    [
        aml::scope("\\_PR", &[aml::processor("CPU0", 0)]),
        aml::scope("\\_SB", &system),
        aml::named("\\_S5", &soft_off),
    ]
    .concat()
}

fn id(name: &str) -> Term {
    aml::named("_HID", &aml::eisa_id(name))
}

fn unique(number: u32) -> Term {
    aml::named("_UID", &aml::integer(number))
}

fn current(descriptors: &[Vec<u8>]) -> Term {
    aml::named("_CRS", &resources::template(descriptors))
}

/// A device of the ISA bus: name, identifier, what it uses.
fn simple(name: &str, hid: &str, uses: &[Vec<u8>]) -> Term {
    aml::device(name, &[id(hid), current(uses)])
}

fn root_bridge(platform: &Platform) -> Term {
    let windows = current(&[
        resources::bus_numbers(0x00, 0xFF),
        resources::ports(0xCF8, 8),
        resources::port_window(0x0000, 0x0CF7),
        resources::port_window(0x0D00, 0xFFFF),
        resources::memory_window(0x000A_0000, 0x000B_FFFF),
        resources::memory_window(*MEMORY_WINDOW.start(), *MEMORY_WINDOW.end()),
    ]);
    let body = [id("PNP0A03"), unique(0), windows, routing(), isa_bridge(platform)];
    aml::device("PCI0", &body)
}

/// _PRT. The I/O APIC gets PCI interrupts by the ISA wires they are led to, so links tell the truth with it as without.
fn routing() -> Term {
    let pins = (0..32u8).flat_map(|device| (1..=4u8).map(move |pin| (device, pin)));
    let entries: Vec<Term> = pins
        .map(|(device, pin)| {
            let link = LINKS[usize::from(pirq(device, pin))];
            aml::package(&[
                aml::integer(u32::from(device) << 16 | 0xFFFF),
                aml::integer(u32::from(pin) - 1),
                aml::name(&format!("\\_SB.{link}")),
                aml::integer(0),
            ])
        })
        .collect();
    aml::named("_PRT", &aml::package(&entries))
}

/// A PCI interrupt link: its route control register says where it leads.
fn link(number: usize) -> Term {
    let route = aml::name(&format!("\\_SB.PCI0.ISA.{}", ROUTES[number]));
    let route = &route[..];
    let wires: Vec<u8> = (0..16).filter(|irq| EXCLUSIVE & 1 << irq != 0).collect();
    let buffer = aml::name("BUF0");
    let is_off = aml::and(route, &aml::integer(DISABLED));
    let wire = aml::name("IRQ0");
    let status =
        [aml::if_else(&is_off, &[aml::return_(&aml::integer(OFF))], &[aml::return_(&aml::integer(ON))])];
    let get = [
        aml::named("BUF0", &resources::template(&[resources::interrupts(&[0])])),
        aml::create_dword_field(&buffer, INTERRUPT_NUMBER, "IRQ0"),
        aml::if_else(&is_off, &[aml::store(&aml::integer(0), &wire)], &[aml::store(route, &wire)]),
        aml::return_(&buffer),
    ];
    let set = [aml::create_dword_field(&aml::arg_0(), INTERRUPT_NUMBER, "IRQ0"), aml::store(&wire, route)];
    let body = [
        id("PNP0C0F"),
        unique(number as u32 + 1),
        aml::method("_STA", 0, &status),
        aml::named("_PRS", &resources::template(&[resources::interrupts(&wires)])),
        aml::method("_DIS", 0, &[aml::or(route, &aml::integer(DISABLED), route)]),
        aml::method("_CRS", 0, &get),
        aml::method("_SRS", 1, &set),
    ];
    aml::device(LINKS[number], &body)
}

/// The function that devices of the ISA bus are behind, and its routes.
fn isa_bridge(platform: &Platform) -> Term {
    let fields = ROUTES.map(|name| (name, 8));
    let mut body = vec![
        aml::named("_ADR", &aml::integer(0x0001_0000)),
        aml::region("PIRQ", Region::PciConfig, u32::from(PIRQ_ROUTE), 4),
        aml::field("PIRQ", &fields),
    ];
    body.extend(board());
    body.push(claimed(platform));
    body.push(simple(
        "KBD",
        "PNP0303",
        &[resources::ports(0x60, 1), resources::ports(0x64, 1), resources::irq(1)],
    ));
    if platform.mouse {
        body.push(simple("MOU", "PNP0F13", &[resources::irq(12)]));
    }
    if platform.coprocessor {
        body.push(simple("FPU", "PNP0C04", &[resources::ports(0xF0, 16), resources::irq(13)]));
    }
    body.extend((1..).zip(&platform.com).map(|(number, port)| serial(number, *port)));
    body.extend((1..).zip(&platform.lpt).map(|(number, port)| parallel(number, *port)));
    if platform.pvpanic {
        body.push(panic_port());
    }
    if platform.floppies != [0; 2] {
        body.push(diskettes(platform.floppies));
    }
    aml::device("ISA", &body)
}

/// Where a guest tells that it has panicked [QEMU, "PVPANIC DEVICE"].
fn panic_port() -> Term {
    let hid = aml::named("_HID", &aml::string("QEMU0001"));
    let status = aml::named("_STA", &aml::integer(0x0F));
    aml::device("PEVT", &[hid, status, current(&[resources::ports(PVPANIC, 1)])])
}

/// What every board has.
fn board() -> Vec<Term> {
    use resources::{dma, irq, ports};
    vec![
        simple("PIC", "PNP0000", &[ports(0x20, 2), ports(0xA0, 2), ports(0x4D0, 2), irq(2)]),
        simple("DMAC", "PNP0200", &[ports(0x00, 16), ports(0x80, 16), ports(0xC0, 32), dma(4)]),
        simple("TMR", "PNP0100", &[ports(0x40, 4), irq(0)]),
        simple("RTC", "PNP0B00", &[ports(0x70, 2), irq(8)]),
        simple("SPKR", "PNP0800", &[ports(0x61, 1)]),
    ]
}

/// Ports and memory that no other device names, so that nothing is put there.
fn claimed(platform: &Platform) -> Term {
    let mut uses = vec![
        resources::ports(0x92, 1),
        resources::ports(0xB2, 2),
        resources::ports(PM_BASE, 64),
        resources::ports(SMBUS_BASE, 16),
        resources::ports(0xAFE0, 4),
    ];
    if platform.apics.is_some() {
        uses.push(resources::memory(IO_APIC, 0x1000, true));
        uses.push(resources::memory(LOCAL_APIC, 0x1000, true));
    }
    aml::device("SYSR", &[id("PNP0C02"), unique(1), current(&uses)])
}

fn hpet() -> Term {
    simple("HPET", "PNP0103", &[resources::memory(HPET, 0x400, false)])
}

fn serial(number: u32, port: u16) -> Term {
    // COM1 and COM3 share a wire, COM2 and COM4 another.
    let wire = if matches!(port, 0x3F8 | 0x3E8) { 4 } else { 3 };
    let uses = current(&[resources::ports(port, 8), resources::irq(wire)]);
    aml::device(&format!("COM{number}"), &[id("PNP0501"), unique(number), uses])
}

fn parallel(number: u32, port: u16) -> Term {
    let wire = if port == 0x278 { 5 } else { 7 };
    let uses = current(&[resources::ports(port, 3), resources::irq(wire)]);
    aml::device(&format!("LPT{number}"), &[id("PNP0400"), unique(number), uses])
}

/// The diskette controller and its drives.
fn diskettes(types: [u8; 2]) -> Term {
    let uses = [resources::ports(0x3F0, 6), resources::ports(0x3F7, 1), resources::irq(6), resources::dma(2)];
    // Four drives that may be there, then: no tape.
    let present = types.map(|kind| u32::from(kind != 0));
    let list = [present[0], present[1], 0, 0, 2];
    let mut body = vec![id("PNP0700"), current(&uses)];
    body.push(aml::named("_FDE", &aml::buffer(&list.map(u32::to_le_bytes).concat())));
    for (number, kind) in (0..).zip(types).filter(|(_, kind)| *kind != 0) {
        let name = ["FLPA", "FLPB"][number as usize];
        body.push(aml::device(name, &[aml::named("_ADR", &aml::integer(number)), information(number, kind)]));
    }
    aml::device("FDC", &body)
}

/// _FDI: drive, type, last cylinder, sectors, last head, then the diskette parameter table as INT 13h has it [ACPI, "_FDI
/// (Floppy Disk Information)"].
fn information(number: u32, kind: u8) -> Term {
    let (cylinder, sectors, gap, step, format_gap) = match kind {
        1 => (39, 9, 0x2A, 0xDF, 0x50),
        2 => (79, 15, 0x1B, 0xDF, 0x54),
        3 => (79, 9, 0x2A, 0xDF, 0x50),
        4 => (79, 18, 0x1B, 0xAF, 0x6C),
        _ => (79, 36, 0x1B, 0xAF, 0x53),
    };
    let table = [step, 0x02, 0x25, 0x02, sectors, gap, 0xFF, format_gap, 0xF6, 0x0F, 0x08];
    let mut values = vec![number, u32::from(kind), cylinder, sectors, 1];
    values.extend(table);
    let elements: Vec<Term> = values.into_iter().map(aml::integer).collect();
    aml::named("_FDI", &aml::package(&elements))
}
