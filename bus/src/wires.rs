//! The wires between chips: interrupt requests, DMA requests, A20, reset, power.

use crate::RamOffset;
use crate::apic::CpuSignals;
use crate::types::{Irq, PhysAddr};
use serde::{Deserialize, Serialize};

/// One driver of an interrupt wire. A wire shared by several pins is the OR of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IrqPin {
    pin: u16,
    irq: Irq,
}

impl IrqPin {
    /// The wire this pin drives.
    pub const fn irq(self) -> Irq {
        self.irq
    }
}

/// One driver of a PCI interrupt wire, PIRQA to PIRQD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PciIntPin(u16);

/// Interrupt wires: the ISA bus's sixteen, and eight more.
pub const WIRES: u8 = 24;

/// Levels of the interrupt wires, and what changed since the interrupt controllers last looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IrqLines {
    pins: Vec<bool>,
    drivers: Vec<Driver>,
    /// Replacements drive their wires, and nothing else does.
    replaced: bool,
    pci_pins: Vec<bool>,
    pirq_of_pin: Vec<u8>,
    /// Where PIRQA to PIRQD lead.
    routes: [Option<Irq>; 4],
    levels: u32,
    #[serde(skip)]
    rose: u32,
    #[serde(skip)]
    changed: u32,
}

/// What a pin drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Driver {
    irq: Irq,
    /// It stands in for the wire's other drivers when it is told to.
    replacement: bool,
}

impl IrqLines {
    /// Adds a driver for `irq`.
    pub fn add_pin(&mut self, irq: Irq) -> IrqPin {
        self.add_driver(Driver { irq, replacement: false })
    }

    /// Adds a driver for `irq` that takes the place of the others after [`IrqLines::replace`].
    pub fn add_replacement(&mut self, irq: Irq) -> IrqPin {
        self.add_driver(Driver { irq, replacement: true })
    }

    fn add_driver(&mut self, driver: Driver) -> IrqPin {
        let pin = u16::try_from(self.pins.len()).expect("a machine has fewer than 65,536 interrupt pins");
        self.pins.push(false);
        self.drivers.push(driver);
        IrqPin { pin, irq: driver.irq }
    }

    /// Lets replacements drive their wires in place of the other drivers, or the others again.
    pub fn replace(&mut self, on: bool) {
        if self.replaced == on {
            return;
        }
        self.replaced = on;
        for n in 0..self.drivers.len() {
            if self.drivers[n].replacement {
                self.settle(self.drivers[n].irq);
            }
        }
    }

    /// Adds a driver for a PCI device's pin, 1 to 4 for INTA to INTD. Each slot's wires are those of the slot before,
    /// moved by one: INTA of slot 1 is PIRQA, as on the boards that QEMU and Bochs model.
    pub fn add_pci_pin(&mut self, slot: u8, pin: u8) -> PciIntPin {
        let number = u16::try_from(self.pci_pins.len()).expect("a bus has at most 256 functions");
        self.pci_pins.push(false);
        self.pirq_of_pin.push(slot.wrapping_add(pin).wrapping_sub(2) & 3);
        PciIntPin(number)
    }

    /// Drives `pin` to `level`. A pulse within one device call is not lost.
    pub fn set(&mut self, pin: IrqPin, level: bool) {
        if let Some(state) = self.pins.get_mut(usize::from(pin.pin)).filter(|state| **state != level) {
            *state = level;
            self.settle(pin.irq);
        }
    }

    /// Asserts or releases a PCI interrupt pin: level-triggered, shared.
    pub fn set_pci(&mut self, pin: PciIntPin, asserted: bool) {
        let n = usize::from(pin.0);
        if let (Some(state), Some(&pirq)) = (self.pci_pins.get_mut(n), self.pirq_of_pin.get(n)) {
            *state = asserted;
            if let Some(irq) = self.routes[usize::from(pirq & 3)] {
                self.settle(irq);
            }
        }
    }

    /// Leads PIRQA to PIRQD to ISA wires, or nowhere.
    pub fn route_pirqs(&mut self, routes: [Option<Irq>; 4]) {
        let before = std::mem::replace(&mut self.routes, routes);
        before.into_iter().chain(routes).flatten().for_each(|irq| self.settle(irq));
    }

    /// Whether PIRQ 0 to 3 (A to D) is asserted.
    fn pirq(&self, pirq: usize) -> bool {
        self.pci_pins.iter().zip(&self.pirq_of_pin).any(|(&on, &of)| on && usize::from(of) == pirq)
    }

    /// Makes the wire what its drivers say.
    fn settle(&mut self, irq: Irq) {
        let replaced = self.replaced && self.drivers.iter().any(|d| d.replacement && d.irq == irq);
        let drives = |driver: &Driver| driver.irq == irq && driver.replacement == replaced;
        let by_pin = self.pins.iter().zip(&self.drivers).any(|(&on, driver)| on && drives(driver));
        let routed = |(pirq, &route): (usize, &Option<Irq>)| route == Some(irq) && self.pirq(pirq);
        let level = by_pin || self.routes.iter().enumerate().any(routed);
        let bit = bit(irq);
        if level == (self.levels & bit != 0) {
            return;
        }
        self.levels ^= bit;
        self.changed |= bit;
        if level {
            self.rose |= bit;
        }
    }

    /// Drives `pin` high, then low: one edge.
    pub fn pulse(&mut self, pin: IrqPin) {
        self.set(pin, true);
        self.set(pin, false);
    }

    /// The level of `irq`'s wire.
    pub fn level(&self, irq: Irq) -> bool {
        self.levels & bit(irq) != 0
    }

    /// Calls `show` with each change since the last call, in wire order, a lost pulse in full.
    pub fn take_changes(&mut self, mut show: impl FnMut(Irq, bool)) {
        let changed = std::mem::take(&mut self.changed);
        let rose = std::mem::take(&mut self.rose);
        if changed == 0 {
            return;
        }
        for irq in (0..WIRES).filter(|n| changed & (1 << n) != 0).map(Irq) {
            let level = self.level(irq);
            if rose & (1 << irq.0) != 0 {
                // Low first: the wire may have been high before it fell and rose again.
                show(irq, false);
                show(irq, true);
            }
            if !level {
                show(irq, false);
            }
        }
    }

    pub(crate) fn any_change(&self) -> bool {
        self.changed != 0
    }

    /// Takes over the levels of a snapshot without making edges; false when its wiring differs.
    pub(crate) fn restore(&mut self, saved: IrqLines) -> bool {
        let routes = saved.routes.iter().flatten().all(|irq| irq.0 < 16);
        let fits = saved.drivers == self.drivers
            && saved.pins.len() == self.pins.len()
            && saved.pirq_of_pin == self.pirq_of_pin
            && saved.pci_pins.len() == self.pci_pins.len()
            && routes;
        if fits {
            *self = saved;
        }
        fits
    }
}

fn bit(irq: Irq) -> u32 {
    1 << (irq.0 % WIRES)
}

/// DMA request lines DREQ0 to DREQ7 [8237A, "DREQ0-DREQ3"].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DmaRequests {
    levels: u8,
}

impl DmaRequests {
    /// Drives the request line of `channel` (0 to 7).
    pub fn set(&mut self, channel: u8, level: bool) {
        let bit = 1 << (channel & 7);
        self.levels = if level { self.levels | bit } else { self.levels & !bit };
    }

    /// Whether `channel` asks for a transfer.
    pub fn level(self, channel: u8) -> bool {
        self.levels & (1 << (channel & 7)) != 0
    }

    /// Bit n is set while channel n asks.
    pub fn levels(self) -> u8 {
        self.levels
    }
}

/// What a chip asks of the machine as a whole. The run loop takes it after the instruction that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SystemRequest {
    /// The CPU's INIT/RESET pin was pulsed (8042 pulse, port 92h, PCI reset).
    ResetCpu,
    /// The whole machine is to reset.
    ResetSystem,
    /// The guest switched the power off.
    PowerOff,
    /// The debug-exit device was written with this value.
    DebugExit(u32),
    /// The guest says that it has panicked.
    Panicked,
}

/// Which parts of C0000h to FFFFFh the host bridge takes from RAM: bit n stands for the 16 KiB from C0000h + n * 4000h.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shadow {
    /// Loads come from RAM.
    pub reads: u16,
    /// Stores go to RAM.
    pub writes: u16,
}

impl Shadow {
    /// Whether loads from and stores to an address go to RAM; `None` outside the shadowed area.
    pub(crate) fn at(self, addr: u64) -> Option<(bool, bool)> {
        let unit = addr.checked_sub(0xC_0000).filter(|offset| *offset < 0x4_0000)? >> 14;
        Some((self.reads >> unit & 1 != 0, self.writes >> unit & 1 != 0))
    }
}

/// The RAM under A0000h to BFFFFh, as the host bridge shows it. Without it the VGA answers there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Smram {
    /// It shows in system management mode.
    pub enabled: bool,
    /// It shows in every mode.
    pub open: bool,
    /// Of accesses only instruction fetches see it.
    pub closed: bool,
}

impl Smram {
    /// Whether it may lie over the window at all.
    pub(crate) fn is_enabled(self) -> bool {
        self.enabled
    }

    /// Whether loads and stores of a processor in or out of system management mode reach it; `None` elsewhere.
    pub(crate) fn at(self, addr: u64, smm: bool) -> Option<bool> {
        let inside = (0xA_0000..0xC_0000).contains(&addr);
        inside.then_some(self.enabled && !self.closed && (smm || self.open))
    }
}

/// Wires that are not interrupts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wires {
    /// The A20 gate: true lets address bit 20 through.
    pub a20: bool,
    /// The pending request to the machine; the first of a slice wins.
    pub request: Option<SystemRequest>,
    /// DMA requests.
    pub dreq: DmaRequests,
    /// FERR#: the x87 has an unmasked exception and CR0.NE is off.
    pub ferr: bool,
    /// IGNNE#: the x87 goes on in spite of it, until FERR# falls.
    pub ignne: bool,
    /// RAM under the ROM area.
    pub shadow: Shadow,
    /// What waits for the processor.
    pub cpu: CpuSignals,
    /// RAM under the VGA's window.
    pub smram: Smram,
    /// Video memory that the CPU reaches directly.
    pub aperture: Option<Aperture>,
}

/// A part of the address space where video memory answers, without its card being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aperture {
    /// Its first physical address, that of a page.
    pub first: u64,
    /// Its last physical address.
    pub last: u64,
    /// What answers at the first.
    pub at: RamOffset,
}

impl Aperture {
    /// What answers at an address.
    pub(crate) fn find(&self, at: PhysAddr) -> Option<RamOffset> {
        (self.first..=self.last).contains(&at.0).then(|| RamOffset(self.at.0 + (at.0 - self.first)))
    }
}

impl Default for Wires {
    fn default() -> Self {
        Self {
            a20: true,
            request: None,
            dreq: DmaRequests::default(),
            ferr: false,
            ignne: false,
            shadow: Shadow::default(),
            cpu: CpuSignals::default(),
            smram: Smram::default(),
            aperture: None,
        }
    }
}

impl Wires {
    /// Whether IRQ 13 is due: FERR# is not being ignored [PIIX3, "Coprocessor Error"].
    pub fn coprocessor_error(&self) -> bool {
        self.ferr && !self.ignne
    }

    /// Asks the machine for `request` unless something was asked for already.
    pub fn ask(&mut self, request: SystemRequest) {
        self.request.get_or_insert(request);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(lines: &mut IrqLines) -> Vec<(u8, bool)> {
        let mut seen = Vec::new();
        lines.take_changes(|irq, level| seen.push((irq.0, level)));
        seen
    }

    #[test]
    fn a_pulse_within_one_call_is_not_lost() {
        let mut lines = IrqLines::default();
        let pin = lines.add_pin(Irq(4));
        lines.pulse(pin);
        assert_eq!(changes(&mut lines), [(4, false), (4, true), (4, false)]);
        assert_eq!(changes(&mut lines), []);
    }

    #[test]
    fn a_shared_wire_is_the_or_of_its_pins() {
        let mut lines = IrqLines::default();
        let (a, b) = (lines.add_pin(Irq(3)), lines.add_pin(Irq(3)));
        lines.set(a, true);
        lines.set(b, true);
        lines.set(a, false);
        assert!(lines.level(Irq(3)));
        assert_eq!(changes(&mut lines), [(3, false), (3, true)]);
        lines.set(b, false);
        assert_eq!(changes(&mut lines), [(3, false)]);
    }

    #[test]
    fn a_replacement_drives_its_wire_alone_or_not_at_all() {
        let mut lines = IrqLines::default();
        let (timer, replacement, other) =
            (lines.add_pin(Irq(0)), lines.add_replacement(Irq(0)), lines.add_pin(Irq(1)));
        lines.set(replacement, true);
        assert!(!lines.level(Irq(0)));
        lines.replace(true);
        assert!(lines.level(Irq(0)));
        lines.set(replacement, false);
        lines.set(timer, true);
        lines.set(other, true);
        assert_eq!([0, 1].map(|n| lines.level(Irq(n))), [false, true]);
        lines.replace(false);
        assert!(lines.level(Irq(0)));
    }

    #[test]
    fn a_pci_interrupt_reaches_the_isa_wire_it_is_led_to() {
        let mut lines = IrqLines::default();
        let isa = lines.add_pin(Irq(11));
        // INTA of slot 3 and INTC of slot 1 share PIRQC.
        let (a, b) = (lines.add_pci_pin(3, 1), lines.add_pci_pin(1, 3));
        lines.set_pci(a, true);
        assert_eq!(changes(&mut lines), []);
        lines.route_pirqs([None, None, Some(Irq(11)), None]);
        assert_eq!(changes(&mut lines), [(11, false), (11, true)]);
        lines.set_pci(b, true);
        lines.set_pci(a, false);
        lines.set(isa, true);
        lines.set_pci(b, false);
        assert_eq!((changes(&mut lines), lines.level(Irq(11))), (vec![], true));
        lines.set(isa, false);
        assert_eq!(changes(&mut lines), [(11, false)]);
    }

    #[test]
    fn a_route_that_moves_takes_its_level_along() {
        let mut lines = IrqLines::default();
        let pin = lines.add_pci_pin(1, 1);
        lines.route_pirqs([Some(Irq(5)), None, None, None]);
        lines.set_pci(pin, true);
        lines.route_pirqs([Some(Irq(10)), None, None, None]);
        assert_eq!((lines.level(Irq(5)), lines.level(Irq(10))), (false, true));
        lines.route_pirqs([None; 4]);
        assert!(!lines.level(Irq(10)));
    }
}
