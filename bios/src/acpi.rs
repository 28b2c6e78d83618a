//! ACPI tables [ACPI, "ACPI Software Programming Model"] for the PIIX4's power management, the APICs and the HPET as far as
//! they are there.
//!
//! *Modelled*: RSDP, RSDT and XSDT, FADT with a fixed power button and soft-off, FACS, MADT, HPET, DSDT. *Not modelled*: sleep
//! states that keep memory, general purpose events (there are no sources), thermal zones.

pub(crate) mod aml;
mod dsdt;
pub(crate) mod resources;

use crate::pci::EXCLUSIVE;
use crate::pci::setup::{PM_BASE, SCI};
use crate::platform::{Apics, HPET, IO_APIC, IO_APIC_ID, LOCAL_APIC, Platform};
use crate::tables::fix_checksum;

/// Bytes at the end of RAM that hold the tables, the last page of them the FACS, which stays in use.
const ROOM: u32 = 0x1_0000;
const FACS_PAGE: u32 = 0x1000;
/// No system with less RAM knows ACPI.
const LEAST_RAM: u64 = 4 << 20;
/// RAM ends below the windows of PCI.
const RAM_LIMIT: u64 = 0xE000_0000;

const OEM_ID: &[u8; 6] = b"RNGZRO";
const OEM_TABLE_ID: &[u8; 8] = b"RINGZERO";
const CREATOR_ID: &[u8; 4] = b"RZRO";

/// First of the ports of general purpose events, and their number.
const GPE_BASE: u16 = 0xAFE0;
const GPE_PORTS: u8 = 4;
/// The APM control port and what switches to ACPI and back, as the power management function takes it.
const SMI_PORT: u32 = 0xB2;
const ACPI_ENABLE: u8 = 0xF1;
const ACPI_DISABLE: u8 = 0xF0;
/// The reset control register, and the value that resets everything [PIIX3, "Reset Control Register"].
const RESET_PORT: u64 = 0xCF9;
const RESET_VALUE: u8 = 0x06;
/// The CMOS register of the century.
const CENTURY: u8 = 0x32;

/// Where the tables lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// The first byte, and that of the page of the FACS.
    pub(crate) first: u32,
    pub(crate) facs: u32,
}

/// The first address behind the tables that begin at `first`.
pub(crate) fn end_of(first: u32) -> u64 {
    u64::from(first) + u64::from(ROOM)
}

/// The page of the FACS of tables that begin at `first`.
pub(crate) fn facs_of(first: u32) -> u32 {
    first + ROOM - FACS_PAGE
}

/// An address space [ACPI, "Generic Address Structure"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    Memory = 0,
    Io = 1,
}

fn generic_address(space: Space, bits: u8, address: u64) -> Vec<u8> {
    [&[space as u8, bits, 0, 0][..], &address.to_le_bytes()].concat()
}

/// A table with its header.
fn table(signature: &[u8; 4], revision: u8, body: &[u8]) -> Vec<u8> {
    let length = 36 + body.len() as u32;
    let mut table = [&signature[..], &length.to_le_bytes(), &[revision, 0], OEM_ID, OEM_TABLE_ID].concat();
    table.extend(1u32.to_le_bytes());
    table.extend(CREATOR_ID);
    table.extend(1u32.to_le_bytes());
    table.extend(body);
    fix_checksum(&mut table, 9);
    table
}

impl Placed {
    /// For this much RAM, if there is enough of it.
    pub(crate) fn at_the_end_of(ram: u64) -> Option<Self> {
        let end = u32::try_from(ram.min(RAM_LIMIT)).ok()? & !(FACS_PAGE - 1);
        let first = end.checked_sub(ROOM).filter(|_| ram >= LEAST_RAM)?;
        Some(Self { first, facs: facs_of(first) })
    }

    /// RSDT and XSDT come first; each is padded to this.
    const ROOT_ROOM: u32 = 0x40;

    fn rsdt(self) -> u32 {
        self.first
    }

    fn xsdt(self) -> u32 {
        self.first + Self::ROOT_ROOM
    }

    /// The root system description pointer, for the area that systems search.
    pub(crate) fn root_pointer(self) -> Vec<u8> {
        let mut pointer = [&b"RSD PTR \0"[..], OEM_ID, &[2], &self.rsdt().to_le_bytes()].concat();
        fix_checksum(&mut pointer, 8);
        pointer.extend(36u32.to_le_bytes());
        pointer.extend(u64::from(self.xsdt()).to_le_bytes());
        pointer.extend([0; 4]);
        fix_checksum(&mut pointer, 32);
        pointer
    }
}

/// All tables but the root pointer, and where they go.
pub(crate) fn tables(platform: &Platform, placed: Placed) -> Vec<(u32, Vec<u8>)> {
    let mut next = placed.first + 2 * Placed::ROOT_ROOM;
    let mut out = Vec::new();
    let mut put = |table: Vec<u8>| {
        let at = next;
        next = (next + table.len() as u32).next_multiple_of(16);
        out.push((at, table));
        at
    };
    let dsdt = put(table(b"DSDT", 1, &dsdt::body(platform)));
    let mut listed = vec![put(fadt(placed.facs, dsdt))];
    listed.extend(platform.apics.map(|apics| put(madt(apics))));
    listed.extend(platform.hpet.map(|id| put(hpet(id))));
    let narrow: Vec<u8> = listed.iter().flat_map(|at| at.to_le_bytes()).collect();
    let wide: Vec<u8> = listed.iter().flat_map(|at| u64::from(*at).to_le_bytes()).collect();
    out.push((placed.rsdt(), table(b"RSDT", 1, &narrow)));
    out.push((placed.xsdt(), table(b"XSDT", 1, &wide)));
    out.push((placed.facs, facs()));
    out
}

/// [ACPI, "Firmware ACPI Control Structure"], version 1. It has no checksum.
fn facs() -> Vec<u8> {
    let mut facs = [&b"FACS"[..], &64u32.to_le_bytes()].concat();
    facs.resize(64, 0);
    facs[32] = 1;
    facs
}

/// Flags of the FADT [ACPI, "Fixed ACPI Description Table Fixed Feature Flags"].
mod flag {
    /// WBINVD works.
    pub(super) const WBINVD: u32 = 1 << 0;
    /// C1 is there.
    pub(super) const PROC_C1: u32 = 1 << 2;
    /// There is no sleep button, as a fixed feature at least.
    pub(super) const SLP_BUTTON: u32 = 1 << 5;
    /// The clock's alarm does not wake by the fixed register.
    pub(super) const FIX_RTC: u32 = 1 << 6;
    pub(super) const RESET_REG_SUP: u32 = 1 << 10;
    pub(super) const ALL: u32 = WBINVD | PROC_C1 | SLP_BUTTON | FIX_RTC | RESET_REG_SUP;
}

/// Devices of an ISA PC and a keyboard controller [ACPI, "IA-PC Boot Architecture Flags"].
const BOOT_ARCHITECTURE: u16 = 0x0003;
/// A latency that says that there is no such state.
const NO_C2: u16 = 101;
const NO_C3: u16 = 1001;

/// [ACPI, "Fixed ACPI Description Table"], revision 3.
fn fadt(facs: u32, dsdt: u32) -> Vec<u8> {
    let mut body = [facs.to_le_bytes(), dsdt.to_le_bytes()].concat();
    // Reserved; no preferred profile.
    body.extend([0, 0]);
    body.extend(u16::from(SCI).to_le_bytes());
    body.extend(SMI_PORT.to_le_bytes());
    body.extend([ACPI_ENABLE, ACPI_DISABLE, 0, 0]);
    // PM1a and PM1b events and control, PM2 control, timer, GPE0 and GPE1: 32-bit addresses, then lengths.
    let blocks = [PM_BASE, 0, PM_BASE + 4, 0, 0, PM_BASE + 8, GPE_BASE, 0];
    body.extend(blocks.iter().flat_map(|port| u32::from(*port).to_le_bytes()));
    body.extend([4, 2, 0, 4, GPE_PORTS, 0, 0, 0]);
    body.extend([NO_C2, NO_C3, 0, 0].iter().flat_map(|word| word.to_le_bytes()));
    // Duty cycle; no alarm of days or months.
    body.extend([0, 0, 0, 0, CENTURY]);
    body.extend(BOOT_ARCHITECTURE.to_le_bytes());
    body.push(0);
    body.extend(flag::ALL.to_le_bytes());
    body.extend(generic_address(Space::Io, 8, RESET_PORT));
    body.extend([RESET_VALUE, 0, 0, 0]);
    // The FACS has its address in one form only, or some systems find two.
    body.extend(0u64.to_le_bytes());
    body.extend(u64::from(dsdt).to_le_bytes());
    for (port, bits) in blocks.into_iter().zip([32, 0, 16, 0, 0, 32, 8 * GPE_PORTS, 0]) {
        let block = generic_address(Space::Io, bits, u64::from(port));
        body.extend(if port == 0 { vec![0; 12] } else { block });
    }
    table(b"FACP", 3, &body)
}

/// Polarity and trigger of an interrupt: level-triggered, active high.
const LEVEL_HIGH: u16 = 0x000D;

/// [ACPI, "Multiple APIC Description Table"]: PCI interrupts and the SCI reach the I/O APIC by ISA wires.
fn madt(apics: Apics) -> Vec<u8> {
    let mut body = LOCAL_APIC.to_le_bytes().to_vec();
    // The 8259A is there too.
    body.extend(1u32.to_le_bytes());
    body.extend([0, 8, 0, apics.local_id, 1, 0, 0, 0]);
    body.extend([1, 12, IO_APIC_ID, 0]);
    body.extend([IO_APIC, 0].iter().flat_map(|dword| dword.to_le_bytes()));
    let mut source = |irq: u8, input: u32, flags: u16| {
        body.extend([2, 10, 0, irq]);
        body.extend(input.to_le_bytes());
        body.extend(flags.to_le_bytes());
    };
    source(0, 2, 0);
    for irq in (0..16).filter(|irq| (EXCLUSIVE | 1 << SCI) & 1 << irq != 0) {
        source(irq, u32::from(irq), LEVEL_HIGH);
    }
    // NMI at LINT1 of every processor.
    body.extend([4, 6, 0xFF, 0, 0, 1]);
    table(b"APIC", 1, &body)
}

/// [HPET, "ACPI 2.0 HPET Description Table"]: one block, at least 100 ticks apart.
fn hpet(id: u32) -> Vec<u8> {
    let mut body = id.to_le_bytes().to_vec();
    body.extend(generic_address(Space::Memory, 64, u64::from(HPET)));
    body.push(0);
    body.extend(100u16.to_le_bytes());
    body.push(0);
    table(b"HPET", 1, &body)
}

#[cfg(test)]
#[path = "acpi/tests.rs"]
mod tests;
