//! The PCI chip set: 82441FX host bridge (PMC) and the ISA bridge of the 82371SB (PIIX3).
//!
//! Sources: Intel 82441FX PMC and 82442FX DBX (290549), keyed \[440FX\]; Intel 82371SB, keyed \[PIIX3\]; PCI Local Bus
//! Specification 2.1, keyed \[PCI\].
//!
//! *Modelled*: configuration mechanism 1, the identity and registers of both bridges, RAM under the ROM area by the PAM
//! registers and under the VGA's window by SMRAM, PCI interrupts routed to ISA wires, the reset control register CF9h. The configuration spaces themselves are the bus's
//! ([`ringzero_bus::PciBus`]); each device puts its functions there and hears of writes as a
//! [`ringzero_bus::PciFunction`].
//!
//! *Not modelled*: DRAM timing and row boundaries beyond what they tell, XBCS and other decode controls, buses behind bridges,
//! mechanism 2, error reporting.

mod registers;

pub use registers::{
    HOST_BRIDGE, IDE, ISA_BRIDGE, Monitored, POWER_MANAGEMENT, SUBSYSTEM, USB, VGA, host_bridge, ide,
    isa_bridge, power_management, usb, vga,
};

use ringzero_bus::{
    Device, Fabric, ForkError, Irq, PciAddress, PciFunction, PciFunctionId, PortAccess, Section, Shadow,
    Smram, SnapshotError, SystemRequest, Width,
};
use serde::{Deserialize, Serialize};

/// The ports of the chip set: CONFADD with the reset control register inside it, CONFDATA.
pub const PORTS: std::ops::RangeInclusive<u16> = 0xCF8..=0xCFF;

/// Offsets in [`PORTS`].
mod port {
    pub(super) const CONFADD: u16 = 0;
    pub(super) const RESET_CONTROL: u16 = 1;
    pub(super) const CONFDATA: u16 = 4;
}

/// Reset control: the CPU is reset when this bit rises [PIIX3, "Reset Control Register"].
const RST_CPU: u8 = 0x04;
/// Reset control: everything is reset, not the CPU alone.
const SRST: u8 = 0x02;

/// CONFADD [440FX, "Configuration Address Register"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ConfAdd(u32);

impl ConfAdd {
    /// The function addressed on bus 0, if configuration cycles are enabled.
    fn function(self) -> Option<PciAddress> {
        let on_bus_0 = self.0 & 0x80FF_0000 == 0x8000_0000;
        on_bus_0
            .then_some(PciAddress { device: (self.0 >> 11 & 0x1F) as u8, function: (self.0 >> 8 & 7) as u8 })
    }

    fn register(self) -> u8 {
        self.0 as u8 & 0xFC
    }
}

/// SMRAM [440FX, "System Management RAM Control Register"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct SmramControl(u8);

impl SmramControl {
    const D_OPEN: u8 = 0x40;
    const D_CLS: u8 = 0x20;
    const D_LCK: u8 = 0x10;
    const G_SMRAME: u8 = 0x08;

    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// What the register becomes when software writes it: the lock closes the RAM, and leaves D_CLS alone to write
    /// until RESET.
    fn written(self, value: u8) -> Self {
        let value = if self.has(Self::D_LCK) { self.0 & !Self::D_CLS | value & Self::D_CLS } else { value };
        Self(if value & Self::D_LCK != 0 { value & !Self::D_OPEN } else { value })
    }

    fn wires(self) -> Smram {
        Smram {
            enabled: self.has(Self::G_SMRAME),
            open: self.has(Self::D_OPEN),
            closed: self.has(Self::D_CLS),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    confadd: ConfAdd,
    reset_control: u8,
    smram: SmramControl,
}

/// The functions of a [`PciChipset`].
#[derive(Clone, Copy, Debug)]
pub struct ChipsetFunctions {
    /// The host bridge, at [`HOST_BRIDGE`].
    pub host_bridge: PciFunctionId,
    /// The ISA bridge, at [`ISA_BRIDGE`].
    pub isa_bridge: PciFunctionId,
}

/// The card. Ports: region 0 is CF8h-CFFh.
#[derive(Clone, Debug)]
pub struct PciChipset {
    state: State,
    functions: ChipsetFunctions,
}

impl PciChipset {
    /// A chip set whose functions are on the bus.
    pub fn new(functions: ChipsetFunctions) -> Self {
        Self { state: State::default(), functions }
    }

    fn read_data(&self, fabric: &Fabric, offset: u16) -> u8 {
        let function = self.state.confadd.function().and_then(|address| fabric.pci.find(address));
        let register = self.state.confadd.register() + (offset & 3) as u8;
        function.map_or(0xFF, |id| fabric.pci.read(id, register))
    }

    fn write_data(&self, fabric: &mut Fabric, offset: u16, value: u8) {
        let register = self.state.confadd.register() + (offset & 3) as u8;
        if let Some(id) = self.state.confadd.function().and_then(|address| fabric.pci.find(address)) {
            fabric.pci.write(id, register, value);
        }
    }

    fn write_reset_control(&mut self, fabric: &mut Fabric, value: u8) {
        let rises = value & !self.state.reset_control & RST_CPU != 0;
        self.state.reset_control = value & (RST_CPU | SRST);
        if rises {
            let everything = value & SRST != 0;
            let request = if everything { SystemRequest::ResetSystem } else { SystemRequest::ResetCpu };
            fabric.wires.ask(request);
        }
    }
}

/// The RAM that PAM0 to PAM6 switch in [440FX, "Programmable Attribute Map Registers"]: bit 0 of each half for loads,
/// bit 1 for stores. The high half of PAM0 is for F0000h to FFFFFh, the others for 16 KiB each from C0000h on.
fn shadow(pam: [u8; 7]) -> Shadow {
    let mut shadow = Shadow::default();
    let mut set = |units: u16, attributes: u8| {
        shadow.reads |= if attributes & 1 != 0 { units } else { 0 };
        shadow.writes |= if attributes & 2 != 0 { units } else { 0 };
    };
    set(0xF000, pam[0] >> 4);
    for (n, &register) in pam[1..].iter().enumerate() {
        set(1 << (2 * n), register);
        set(2 << (2 * n), register >> 4);
    }
    shadow
}

/// Where a PIRQ leads [PIIX3, "PIRQ Route Control Registers"]: nowhere when bit 7 is set or the wire is none that PCI
/// interrupts may use.
fn pirq_route(register: u8) -> Option<Irq> {
    match register & 0x8F {
        irq @ (3..=7 | 9..=12 | 14..=15) => Some(Irq(irq)),
        _ => None,
    }
}

impl PciFunction for PciChipset {
    fn config_written(&mut self, fabric: &mut Fabric, function: PciFunctionId, offset: u8) {
        let ChipsetFunctions { host_bridge, isa_bridge } = self.functions;
        if function == host_bridge && registers::PAM.contains(&offset) {
            let pam = std::array::from_fn(|n| fabric.pci.read(function, registers::PAM.start() + n as u8));
            fabric.wires.shadow = shadow(pam);
        } else if function == host_bridge && offset == registers::SMRAM {
            self.state.smram = self.state.smram.written(fabric.pci.read(function, offset));
            fabric.pci.set(function, offset, self.state.smram.0);
            fabric.wires.smram = self.state.smram.wires();
        } else if function == isa_bridge && registers::PIRQ_ROUTES.contains(&offset) {
            let routes: [u8; 4] =
                std::array::from_fn(|n| fabric.pci.read(function, registers::PIRQ_ROUTES.start() + n as u8));
            fabric.irqs.route_pirqs(routes.map(pirq_route));
        }
    }
}

impl Device for PciChipset {
    fn name(&self) -> &'static str {
        "pci"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.state = State::default();
        fabric.irqs.route_pirqs([None; 4]);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        match (access.offset, access.width) {
            (port::CONFADD, Width::Dword) => self.state.confadd.0,
            (port::RESET_CONTROL, Width::Byte) => u32::from(self.state.reset_control),
            (port::CONFDATA.., width) => (0..width.bytes()).fold(0, |value, n| {
                value | u32::from(self.read_data(fabric, access.offset + n as u16)) << (8 * n)
            }),
            (_, width) => width.open_bus(),
        }
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        match (access.offset, access.width) {
            // Only a doubleword reaches CONFADD [440FX, "Configuration Address Register"].
            (port::CONFADD, Width::Dword) => self.state.confadd = ConfAdd(value & 0x80FF_FFFC),
            (port::RESET_CONTROL, Width::Byte) => self.write_reset_control(fabric, value as u8),
            (port::CONFDATA.., width) => {
                for n in 0..width.bytes() {
                    self.write_data(fabric, access.offset + n as u16, (value >> (8 * n)) as u8);
                }
            }
            _ => {}
        }
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 2, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        self.state = section.decode(self.name(), 2)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pam_registers_name_their_areas() {
        assert_eq!(shadow([0x30, 0, 0, 0, 0, 0, 0]), Shadow { reads: 0xF000, writes: 0xF000 });
        assert_eq!(shadow([0, 0x21, 0, 0, 0, 0, 0]), Shadow { reads: 1, writes: 2 });
        assert_eq!(shadow([0, 0, 0, 0, 0, 0, 0x33]), Shadow { reads: 0xC00, writes: 0xC00 });
    }

    #[test]
    fn the_lock_of_smram_closes_it_until_reset() {
        let locked = SmramControl(0x4A).written(0x5A);
        assert_eq!(locked, SmramControl(0x1A));
        assert_eq!(locked.written(0x6A), SmramControl(0x3A));
        assert_eq!(locked.written(0x02), SmramControl(0x1A));
    }

    #[test]
    fn a_pirq_leads_only_to_wires_that_pci_may_use() {
        assert_eq!([0x0B, 0x03, 0x0F].map(pirq_route), [11, 3, 15].map(|irq| Some(Irq(irq))));
        assert_eq!([0x80, 0x8B, 0x00, 0x02, 0x08, 0x0D].map(pirq_route), [None; 6]);
    }

    #[test]
    fn only_enabled_cycles_on_bus_0_address_a_function() {
        assert_eq!(ConfAdd(0x8000_0900).function(), Some(PciAddress { device: 1, function: 1 }));
        assert_eq!(ConfAdd(0x0000_0900).function(), None);
        assert_eq!(ConfAdd(0x8001_0900).function(), None);
    }
}
