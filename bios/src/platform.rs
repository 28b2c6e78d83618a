//! What the machine is made of, as far as the tables tell of it: asked of the hardware itself.

use crate::bda;
use crate::guest::{Guest, Served};

/// Where an I/O APIC answers.
pub(crate) const IO_APIC: u32 = 0xFEC0_0000;
/// Where a local APIC answers.
pub(crate) const LOCAL_APIC: u32 = 0xFEE0_0000;
/// Where a high precision event timer answers.
pub(crate) const HPET: u32 = 0xFED0_0000;
/// Where the pvpanic device answers, and what it says then.
pub(crate) const PVPANIC: u16 = 0x505;
const PVPANIC_EVENTS: u8 = 3;
/// The ID that POST gives the I/O APIC: the Pentium's APICs must not share one [MP, "APIC IDs"].
pub(crate) const IO_APIC_ID: u8 = 1;

/// What CPUID said, or zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Processor {
    pub(crate) signature: u32,
    pub(crate) features: u32,
    pub(crate) vendor: [u8; 12],
}

impl Processor {
    /// The family as CPUID counts it; 4 where there is no CPUID.
    pub(crate) fn family(self) -> u8 {
        if self.signature == 0 { 4 } else { (self.signature >> 8 & 0xF) as u8 }
    }
}

/// The interrupt controllers besides the 8259A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Apics {
    /// The processor's local APIC.
    pub(crate) local_id: u8,
    pub(crate) local_version: u8,
    pub(crate) io_version: u8,
}

/// A machine with PCI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Platform {
    pub(crate) processor: Processor,
    /// Bytes of RAM.
    pub(crate) ram: u64,
    pub(crate) apics: Option<Apics>,
    /// The low half of the capabilities of the high precision event timer.
    pub(crate) hpet: Option<u32>,
    /// First ports.
    pub(crate) com: Vec<u16>,
    pub(crate) lpt: Vec<u16>,
    /// CMOS types of diskette drives, 0 for none.
    pub(crate) floppies: [u8; 2],
    pub(crate) coprocessor: bool,
    pub(crate) mouse: bool,
    pub(crate) pvpanic: bool,
}

/// The machine: registers as the ROM left them behind CPUID, data areas as POST left them.
pub(crate) fn look(g: &mut Guest) -> Served<Platform> {
    let regs = *g.regs();
    let vendor: Vec<u8> = [regs.esi, regs.edi, regs.ebp].iter().flat_map(|part| part.to_le_bytes()).collect();
    let processor =
        Processor { signature: regs.eax, features: regs.edx, vendor: vendor.try_into().unwrap_or_default() };
    let equipment = g.bda16(bda::EQUIPMENT)?;
    let floppies = match g.cmos(0x10) {
        0xFF => 0,
        types => types,
    };
    Ok(Platform {
        processor,
        ram: g.ram_size(),
        apics: apics(g),
        hpet: hpet(g),
        com: ports(g, bda::COM_PORTS)?,
        lpt: ports(g, bda::LPT_PORTS)?,
        floppies: [floppies >> 4, floppies & 15],
        coprocessor: equipment & 2 != 0,
        mouse: equipment & 4 != 0,
        pvpanic: g.inb(PVPANIC) == PVPANIC_EVENTS,
    })
}

fn ports(g: &mut Guest, first: u16) -> Served<Vec<u16>> {
    // Three words for parallel ports; what follows the third is the EBDA's segment.
    let count = if first == bda::COM_PORTS { 4 } else { 3 };
    let mut found = Vec::new();
    for n in 0..count {
        found.push(g.bda16(first + 2 * n)?);
    }
    found.retain(|port| *port != 0);
    Ok(found)
}

/// Both APICs, or neither: a processor whose APIC nothing leads to does without.
fn apics(g: &mut Guest) -> Option<Apics> {
    let io_version = io_apic(g, 0x01)?;
    let local_version = g.read_phys_u32(u64::from(LOCAL_APIC) + 0x30);
    let local_id = g.read_phys_u32(u64::from(LOCAL_APIC) + 0x20) >> 24;
    let is_there = local_version != u32::MAX;
    is_there.then_some(Apics {
        local_id: local_id as u8,
        local_version: local_version as u8,
        io_version: io_version as u8,
    })
}

/// A register of the I/O APIC, if there is one [82093AA, "IOAPIC Registers"].
fn io_apic(g: &mut Guest, register: u8) -> Option<u32> {
    g.write_phys_u32(u64::from(IO_APIC), u32::from(register));
    Some(g.read_phys_u32(u64::from(IO_APIC) + 0x10)).filter(|value| *value != u32::MAX)
}

fn hpet(g: &mut Guest) -> Option<u32> {
    let capabilities = g.read_phys_u32(u64::from(HPET));
    // Revision 0 is reserved [HPET, "General Capabilities and ID Register"].
    (capabilities != u32::MAX && capabilities as u8 != 0).then_some(capabilities)
}

/// Leaves the APICs as systems expect them: IDs that differ, and the 8259A by way of the local APIC ("virtual wire")
/// [MP, "Virtual Wire Mode"].
pub(crate) fn wire_apics(g: &mut Guest) {
    const SPURIOUS: u64 = 0xF0;
    const LINT0: u64 = 0x350;
    const LINT1: u64 = 0x360;
    for (register, value) in [(SPURIOUS, 0x10F), (LINT0, 0x700), (LINT1, 0x400)] {
        g.write_phys_u32(u64::from(LOCAL_APIC) + register, value);
    }
    g.write_phys_u32(u64::from(IO_APIC), 0);
    g.write_phys_u32(u64::from(IO_APIC) + 0x10, u32::from(IO_APIC_ID) << 24);
}
