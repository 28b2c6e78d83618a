//! Power management: function 3 of the 82371AB (PIIX4), as QEMU's PC has it beside the PIIX3.
//!
//! Sources: Intel 82371AB PCI-to-ISA/IDE Xcelerator (290562), keyed \[PIIX4\]; Advanced Configuration and Power
//! Interface Specification 2.0, keyed \[ACPI\]; QEMU's PC machine for what a board decides: SLP_TYP values, the general
//! purpose events at AFE0h, ACPI switched on by the APM port.
//!
//! *Modelled*: PM1 status, enable and control with soft-off, the power management timer, SCI on IRQ 9, the power button,
//! the registers of general purpose events without a source, the APM ports with SMI#, the SMBus host without a device
//! on its bus.
//!
//! *Not modelled*: sleep states that keep memory (SLP_TYP 1 does nothing), device monitors, traps and idle timers,
//! GBL_RLS and the SMI sources of GLBEN, clock throttling, RTC_STS. SMI# does not wait for SMI_EN in GLBCTL, since
//! firmware written for QEMU and Bochs leaves that 0.

mod acpi;
mod smbus;

use acpi::{Acpi, Effect};
use ringzero_bus::{
    Device, EventSlot, Fabric, ForkError, IrqPin, PciFunction, PciFunctionId, PortAccess, PortBar, Section,
    SnapshotError, SystemRequest, VTime, Width,
};
use serde::{Deserialize, Serialize};
use smbus::SmBus;

/// The general purpose events.
pub const GPE_PORTS: std::ops::RangeInclusive<u16> = 0xAFE0..=0xAFE3;
/// APMC and APMS [PIIX4, "Advanced Power Management Control Port"].
pub const APM_PORTS: std::ops::RangeInclusive<u16> = 0xB2..=0xB3;
/// The power management registers, at PMBA while PMIOSE is set, and those of the SMBus, at SMBBA while its host is on.
pub const BASES: [PortBar; 2] =
    [PortBar::own(0x40, (0x80, 0x01), 64, Width::Dword), PortBar::own(0x90, (0xD2, 0x01), 16, Width::Byte)];
/// The wire of the system control interrupt.
pub const SCI: u8 = 9;

/// Port regions, in the order of attachment.
mod region {
    pub(super) const GPE: u8 = 0;
    pub(super) const APM: u8 = 1;
    pub(super) const PM: u8 = 2;
}

/// The byte of DEVACTB with APMC_EN, and its bit [PIIX4, "DEVACTB"].
const APMC_EN: (u8, u8) = (0x5B, 0x02);
/// What software writes to APMC to switch to ACPI and back; the tables name these values.
const ACPI_ENABLE: u8 = 0xF1;
const ACPI_DISABLE: u8 = 0xF0;

/// How firmware and systems read the timer, over and over.
const WHOLE_TIMER: PortAccess =
    PortAccess { region: region::PM, offset: acpi::TIMER_AT, width: Width::Dword };

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    acpi: Acpi,
    smbus: SmBus,
    apmc: u8,
    apms: u8,
}

/// Where the function's pins lead.
#[derive(Clone, Copy, Debug)]
pub struct PmWiring {
    /// Its function.
    pub function: PciFunctionId,
    /// The system control interrupt.
    pub sci: IrqPin,
    /// The timer's highest bit changes.
    pub timer: EventSlot,
}

/// The card. Port regions: [`GPE_PORTS`], [`APM_PORTS`], then [`BASES`].
#[derive(Clone, Debug)]
pub struct PowerManagement {
    state: State,
    wires: PmWiring,
}

impl PowerManagement {
    /// The function after power-on.
    pub fn new(wires: PmWiring) -> Self {
        Self { state: State::default(), wires }
    }

    /// The user presses the power button.
    pub fn power_button(&mut self, fabric: &mut Fabric) {
        self.state.acpi.press_power_button();
        self.update(fabric);
    }

    /// Drives SCI and arms the timer's interrupt.
    fn update(&mut self, fabric: &mut Fabric) {
        fabric.irqs.set(self.wires.sci, self.state.acpi.sci(fabric.now));
        match self.state.acpi.next_timer_event(fabric.now) {
            Some(at) => fabric.sched.arm(self.wires.timer, at),
            None => fabric.sched.cancel(self.wires.timer),
        }
    }

    fn write_apm(&mut self, fabric: &mut Fabric, offset: u16, value: u8) {
        if offset != 0 {
            self.state.apms = value;
            return;
        }
        self.state.apmc = value;
        // On a board the firmware's SMI handler does this; QEMU does it with or without one.
        match value {
            ACPI_ENABLE => self.state.acpi.set_sci_en(true),
            ACPI_DISABLE => self.state.acpi.set_sci_en(false),
            _ => {}
        }
        let (register, bit) = APMC_EN;
        if fabric.pci.read(self.wires.function, register) & bit != 0 {
            fabric.wires.cpu.smi = true;
        }
    }

    fn read_byte(&mut self, now: VTime, region: u8, offset: u16) -> u8 {
        match region {
            region::GPE => self.state.acpi.read_gpe(offset),
            region::APM if offset == 0 => self.state.apmc,
            region::APM => self.state.apms,
            region::PM => self.state.acpi.read(now, offset),
            _ => self.state.smbus.read(offset),
        }
    }

    fn write_byte(&mut self, fabric: &mut Fabric, region: u8, offset: u16, value: u8) {
        match region {
            region::GPE => self.state.acpi.write_gpe(offset, value),
            region::APM => self.write_apm(fabric, offset, value),
            region::PM => match self.state.acpi.write(fabric.now, offset, value) {
                Some(Effect::SoftOff) => fabric.wires.ask(SystemRequest::PowerOff),
                None => {}
            },
            _ => self.state.smbus.write(offset, value),
        }
    }
}

impl PciFunction for PowerManagement {
    fn config_written(&mut self, _fabric: &mut Fabric, _function: PciFunctionId, _offset: u8) {}
}

impl Device for PowerManagement {
    fn name(&self) -> &'static str {
        "pm"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.state = State { acpi: Acpi::reset(fabric.now), ..State::default() };
        self.update(fabric);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        if access == WHOLE_TIMER {
            return Acpi::timer(fabric.now);
        }
        (0..access.width.bytes()).fold(0, |value, n| {
            let byte = self.read_byte(fabric.now, access.region, access.offset + n as u16);
            value | u32::from(byte) << (8 * n)
        })
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        for n in 0..access.width.bytes() {
            self.write_byte(fabric, access.region, access.offset + n as u16, (value >> (8 * n)) as u8);
        }
        self.update(fabric);
    }

    fn on_event(&mut self, fabric: &mut Fabric, _slot: EventSlot, _deadline: VTime) {
        self.update(fabric);
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: State = section.decode(self.name(), 1)?;
        if !state.acpi.is_valid() {
            return Err(SnapshotError::OutOfRange { section: "pm", what: "status or control" });
        }
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
#[path = "pm/tests.rs"]
mod tests;
