//! 8259A programmable interrupt controllers, the pair of a PC/AT.
//!
//! Source: Intel 8259A datasheet (231468), keyed \[8259A\]; ELCR: Intel 82371SB (PIIX3), keyed \[PIIX3\].
//!
//! *Modelled*: ICW1-4, OCW1-3, every EOI form, rotation, automatic EOI, special mask, special fully nested mode, poll,
//! IRR and ISR reads, edge and level inputs, default IR7, cascade on IR2, ELCR. As the datasheet says, a request that
//! falls before it is acknowledged is withdrawn.
//!
//! *Not modelled*: 8080/8085 mode (treated as 8086 mode), the SP/EN pin of buffered mode.

use ringzero_bus::{
    Device, Fabric, ForkError, InterruptController, Irq, PortAccess, Section, SnapshotError, Vector,
};
use serde::{Deserialize, Serialize};

/// OCW2: bits 7..5 are R, SL, EOI [8259A, "Operation Command Word 2"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ocw2 {
    RotateInAutoEoi(bool),
    NonSpecificEoi { rotate: bool },
    SpecificEoi { level: u8, rotate: bool },
    SetPriority { lowest: u8 },
    NoOperation,
}

impl Ocw2 {
    fn decode(byte: u8) -> Self {
        let level = byte & 0b111;
        match byte >> 5 {
            0b000 => Self::RotateInAutoEoi(false),
            0b001 => Self::NonSpecificEoi { rotate: false },
            0b011 => Self::SpecificEoi { level, rotate: false },
            0b100 => Self::RotateInAutoEoi(true),
            0b101 => Self::NonSpecificEoi { rotate: true },
            0b110 => Self::SetPriority { lowest: level },
            0b111 => Self::SpecificEoi { level, rotate: true },
            _ => Self::NoOperation,
        }
    }
}

/// Which initialisation word the next write to A0 = 1 is [8259A, "Initialization Sequence"].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Expecting {
    Ocw1,
    Icw2,
    Icw3,
    Icw4,
}

/// One 8259A.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct I8259 {
    /// Levels of IR0 to IR7.
    lines: u8,
    /// The edge-sense latches.
    edges: u8,
    /// ISR.
    isr: u8,
    /// IMR.
    imr: u8,
    /// Inputs that the chipset makes level triggered [PIIX3, "ELCR1-Edge/Level Control Register"].
    elcr: u8,
    expecting: Expecting,
    /// ICW1 bit 3, LTIM.
    ltim: bool,
    /// ICW1 bit 1, SNGL.
    single: bool,
    /// ICW1 bit 0, IC4.
    needs_icw4: bool,
    /// ICW2, T7-T3.
    vector_base: u8,
    /// ICW3.
    icw3: u8,
    /// ICW4 bit 1, AEOI.
    auto_eoi: bool,
    /// ICW4 bit 4, SFNM.
    special_fully_nested: bool,
    rotate_in_auto_eoi: bool,
    special_mask: bool,
    /// OCW3: the next read polls.
    poll: bool,
    /// OCW3: A0 = 0 reads the ISR rather than the IRR.
    read_isr: bool,
    /// The level of lowest priority, 0 to 7.
    lowest: u8,
}

impl Default for I8259 {
    fn default() -> Self {
        Self {
            lines: 0,
            edges: 0,
            isr: 0,
            imr: 0xFF,
            elcr: 0,
            expecting: Expecting::Ocw1,
            ltim: false,
            single: false,
            needs_icw4: false,
            vector_base: 0,
            icw3: 0,
            auto_eoi: false,
            special_fully_nested: false,
            rotate_in_auto_eoi: false,
            special_mask: false,
            poll: false,
            read_isr: false,
            lowest: 7,
        }
    }
}

impl I8259 {
    /// Drives input IR`ir` (0 to 7).
    pub fn set_ir(&mut self, ir: u8, level: bool) {
        let bit = 1 << (ir & 7);
        if level {
            self.edges |= bit & !self.lines;
            self.lines |= bit;
        } else {
            self.lines &= !bit;
            self.edges &= !bit;
        }
    }

    /// The interrupt request register.
    pub fn irr(&self) -> u8 {
        let level_triggered = if self.ltim { 0xFF } else { self.elcr };
        (self.lines & level_triggered) | (self.edges & !level_triggered)
    }

    /// The in-service register.
    pub fn isr(&self) -> u8 {
        self.isr
    }

    /// The interrupt mask register.
    pub fn imr(&self) -> u8 {
        self.imr
    }

    /// Levels from highest to lowest priority.
    fn by_priority(&self) -> impl Iterator<Item = u8> {
        let lowest = self.lowest;
        (1..=8).map(move |n| (lowest + n) & 7)
    }

    fn priority(&self, level: u8) -> u8 {
        level.wrapping_sub(self.lowest + 1) & 7
    }

    /// The in-service level of highest priority that holds others back; special mask mode frees those whose level is
    /// masked [8259A, "Special Mask Mode"].
    fn in_service(&self) -> Option<u8> {
        let ignored = if self.special_mask { self.imr } else { 0 };
        let isr = self.isr & !ignored;
        self.by_priority().find(|level| isr & (1 << level) != 0)
    }

    /// The request that the INT pin stands for.
    fn pending(&self) -> Option<u8> {
        let requests = self.irr() & !self.imr;
        if requests == 0 {
            return None;
        }
        let level = self.by_priority().find(|level| requests & (1 << level) != 0)?;
        let Some(serving) = self.in_service() else { return Some(level) };
        let slave_again = self.special_fully_nested && level == serving && self.icw3 & (1 << level) != 0;
        (self.priority(level) < self.priority(serving) || slave_again).then_some(level)
    }

    /// The INT pin.
    pub fn int(&self) -> bool {
        self.pending().is_some()
    }

    /// The first INTA pulse: the level taken into service, or `None` for a request that has gone.
    pub fn take(&mut self) -> Option<u8> {
        let level = self.pending()?;
        let bit = 1 << level;
        self.edges &= !bit;
        if !self.auto_eoi {
            self.isr |= bit;
        } else if self.rotate_in_auto_eoi {
            self.lowest = level;
        }
        Some(level)
    }

    /// The vector of `level`; a request that has gone gets that of IR7 [8259A, "Interrupt Sequence"].
    pub fn vector(&self, level: Option<u8>) -> Vector {
        Vector(self.vector_base | level.unwrap_or(7))
    }

    /// Reads A0 = 0 or A0 = 1.
    pub fn read(&mut self, a0: bool) -> u8 {
        if std::mem::take(&mut self.poll) {
            // A read after a poll command is the INTA [8259A, "Poll Command"].
            return self.take().map_or(0, |level| 0x80 | level);
        }
        match (a0, self.read_isr) {
            (true, _) => self.imr,
            (false, true) => self.isr,
            (false, false) => self.irr(),
        }
    }

    /// Writes A0 = 0 or A0 = 1.
    pub fn write(&mut self, a0: bool, value: u8) {
        match (a0, self.expecting) {
            (false, _) if value & 0x10 != 0 => self.icw1(value),
            (false, _) if value & 0x08 != 0 => self.ocw3(value),
            (false, _) => self.ocw2(Ocw2::decode(value)),
            (true, Expecting::Ocw1) => self.imr = value,
            (true, Expecting::Icw2) => {
                self.vector_base = value & 0xF8;
                self.expecting = match (self.single, self.needs_icw4) {
                    (false, _) => Expecting::Icw3,
                    (true, true) => Expecting::Icw4,
                    (true, false) => Expecting::Ocw1,
                };
            }
            (true, Expecting::Icw3) => {
                self.icw3 = value;
                self.expecting = if self.needs_icw4 { Expecting::Icw4 } else { Expecting::Ocw1 };
            }
            (true, Expecting::Icw4) => {
                self.auto_eoi = value & 0x02 != 0;
                self.special_fully_nested = value & 0x10 != 0;
                self.expecting = Expecting::Ocw1;
            }
        }
    }

    fn icw1(&mut self, value: u8) {
        *self = Self {
            lines: self.lines,
            elcr: self.elcr,
            imr: 0,
            expecting: Expecting::Icw2,
            ltim: value & 0x08 != 0,
            single: value & 0x02 != 0,
            needs_icw4: value & 0x01 != 0,
            vector_base: self.vector_base,
            icw3: self.icw3,
            ..Self::default()
        };
    }

    fn ocw2(&mut self, command: Ocw2) {
        match command {
            Ocw2::RotateInAutoEoi(on) => self.rotate_in_auto_eoi = on,
            Ocw2::NonSpecificEoi { rotate } => {
                if let Some(level) = self.in_service() {
                    self.end_of_interrupt(level, rotate);
                }
            }
            Ocw2::SpecificEoi { level, rotate } => self.end_of_interrupt(level, rotate),
            Ocw2::SetPriority { lowest } => self.lowest = lowest,
            Ocw2::NoOperation => {}
        }
    }

    fn end_of_interrupt(&mut self, level: u8, rotate: bool) {
        self.isr &= !(1 << level);
        if rotate {
            self.lowest = level;
        }
    }

    /// OCW3: ESMM and SMM, P, RR and RIS [8259A, "Operation Command Word 3"].
    fn ocw3(&mut self, value: u8) {
        if value & 0x40 != 0 {
            self.special_mask = value & 0x20 != 0;
        }
        self.poll = value & 0x04 != 0;
        if value & 0x02 != 0 {
            self.read_isr = value & 0x01 != 0;
        }
    }

    fn is_valid(&self) -> bool {
        self.lowest < 8 && self.vector_base & 7 == 0
    }
}

/// The pair: a slave on the master's IR2. Ports: region 0 is 20h-21h, 1 is A0h-A1h, 2 is 4D0h-4D1h.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pic {
    master: I8259,
    slave: I8259,
}

/// The master's input that the slave drives.
const CASCADE: u8 = 2;
/// Inputs of each chip that cannot be level triggered [PIIX3, "ELCR1", "ELCR2"].
const ALWAYS_EDGE: [u8; 2] = [0b0000_0111, 0b0010_0001];

impl Pic {
    /// Both chips as after power-on: uninitialised, everything masked.
    pub fn new() -> Self {
        Self::default()
    }

    /// The chip of IRQ 0 to 7.
    pub fn master(&self) -> &I8259 {
        &self.master
    }

    /// The chip of IRQ 8 to 15.
    pub fn slave(&self) -> &I8259 {
        &self.slave
    }

    fn update_cascade(&mut self) {
        self.master.set_ir(CASCADE, self.slave.int());
    }
}

impl Device for Pic {
    fn name(&self) -> &'static str {
        "pic"
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        // The 8259A has no RESET pin, but the chipset's copy has; the wires keep their levels.
        let (master, slave) = (self.master.lines, self.slave.lines);
        *self = Self::default();
        self.master.lines = master & !(1 << CASCADE);
        self.slave.lines = slave;
    }

    fn pio_read(&mut self, _fabric: &mut Fabric, access: PortAccess) -> u32 {
        let a0 = access.offset & 1 != 0;
        let value = match (access.region, a0) {
            (0, _) => self.master.read(a0),
            (1, _) => self.slave.read(a0),
            (_, false) => self.master.elcr,
            (_, true) => self.slave.elcr,
        };
        self.update_cascade();
        u32::from(value)
    }

    fn pio_write(&mut self, _fabric: &mut Fabric, access: PortAccess, value: u32) {
        let (a0, value) = (access.offset & 1 != 0, value as u8);
        match (access.region, a0) {
            (0, _) => self.master.write(a0, value),
            (1, _) => self.slave.write(a0, value),
            (_, false) => self.master.elcr = value & !ALWAYS_EDGE[0],
            (_, true) => self.slave.elcr = value & !ALWAYS_EDGE[1],
        }
        self.update_cascade();
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, self)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: Self = section.decode(self.name(), 1)?;
        if !state.master.is_valid() || !state.slave.is_valid() {
            return Err(SnapshotError::OutOfRange { section: "pic", what: "priority or vector base" });
        }
        *self = state;
        Ok(())
    }
}

impl InterruptController for Pic {
    fn fork_controller(&self) -> Box<dyn InterruptController> {
        Box::new(self.clone())
    }

    fn set_line(&mut self, irq: Irq, level: bool) {
        match irq.0 {
            CASCADE => {} // the wire does not exist on an AT: IRQ2 of the slot is IRQ9
            0..=7 => self.master.set_ir(irq.0, level),
            _ => self.slave.set_ir(irq.0 - 8, level),
        }
        self.update_cascade();
    }

    fn intr(&self) -> bool {
        self.master.int()
    }

    fn acknowledge(&mut self) -> Vector {
        let level = self.master.take();
        if level != Some(CASCADE) {
            return self.master.vector(level);
        }
        let slave_level = self.slave.take();
        // INT falls with the INTA cycles, so a further request of the slave makes a new edge.
        self.master.set_ir(CASCADE, false);
        self.update_cascade();
        self.slave.vector(slave_level)
    }
}

#[cfg(test)]
#[path = "pic_tests.rs"]
mod tests;
