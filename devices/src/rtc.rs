//! MC146818 real-time clock with 128 bytes of CMOS memory, and the NMI mask of port 70h.
//!
//! Sources: Motorola MC146818A datasheet, keyed \[MC146818\]; IBM PC/AT Technical Reference, keyed \[AT\]; the meaning of
//! CMOS bytes beyond the AT's as SeaBIOS and Bochs have it.
//!
//! *Modelled*: time from a base the host gives plus virtual time, BCD and binary, 12 and 24 hours, SET, UIP, periodic,
//! alarm and update interrupts with their flags, the century byte (32h), battery-backed memory.
//!
//! *Not modelled*: daylight saving, the square wave output, divider settings other than "running".

mod calendar;
mod cmos;

pub use cmos::CmosConfig;

use calendar::{Format, Moment};
use ringzero_bus::{
    Clock, Device, EventSlot, Fabric, ForkError, IrqPin, PortAccess, Section, SnapshotError, VTime,
};
use serde::{Deserialize, Serialize};

/// Register addresses [MC146818, "Address Map"].
mod reg {
    pub(super) const SECONDS: usize = 0x00;
    pub(super) const SECONDS_ALARM: usize = 0x01;
    pub(super) const MINUTES_ALARM: usize = 0x03;
    pub(super) const HOURS_ALARM: usize = 0x05;
    pub(super) const YEAR: usize = 0x09;
    pub(super) const A: usize = 0x0A;
    pub(super) const B: usize = 0x0B;
    pub(super) const C: usize = 0x0C;
    pub(super) const D: usize = 0x0D;
    pub(super) const CENTURY: usize = 0x32;
}

/// Register A: update in progress.
const UIP: u8 = 0x80;
/// Register B: SET, and the interrupt enables in the places of register C's flags.
const SET: u8 = 0x80;
const PERIODIC: u8 = 0x40;
const ALARM: u8 = 0x20;
const UPDATE: u8 = 0x10;
/// Register C: the OR of enabled flags.
const IRQF: u8 = 0x80;
/// Register D: the battery was good.
const VRT: u8 = 0x80;

const SECOND_NS: u64 = 1_000_000_000;
/// UIP rises 244 us before the update cycle of 1984 us [MC146818, "Update Cycle"].
const UIP_NS: u64 = 244_000 + 1_984_000;
/// An alarm matches once a day at the latest, so no more seconds than these need to be looked at.
const DAY: i64 = 86_400;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RtcState {
    /// All 128 bytes; the time's are those of the last SET or write.
    memory: Vec<u8>,
    index: u8,
    nmi_masked: bool,
    /// Unix time of virtual time zero.
    epoch: i64,
    /// Added to the computed day of the week.
    weekday_shift: u8,
    /// Flags of register C are known up to here.
    checked: VTime,
}

/// The card. Ports: region 0 is 70h-71h.
#[derive(Clone, Debug)]
pub struct Rtc {
    state: RtcState,
    irq: IrqPin,
    event: EventSlot,
}

impl Rtc {
    /// A clock that shows `unix_time` at virtual time zero, with memory as POST would leave it.
    pub fn new(irq: IrqPin, event: EventSlot, unix_time: i64, cmos: &CmosConfig) -> Self {
        let mut memory = cmos.memory();
        memory[reg::A] = 0x26;
        memory[reg::B] = 0x02;
        memory[reg::D] = VRT;
        let limit = i64::from(i32::MAX) * 64;
        let state = RtcState {
            memory,
            index: 0,
            nmi_masked: false,
            epoch: unix_time.clamp(0, limit),
            weekday_shift: 0,
            checked: VTime(0),
        };
        Self { state, irq, event }
    }

    /// Port 70h bit 7: NMI is masked.
    pub fn nmi_masked(&self) -> bool {
        self.state.nmi_masked
    }

    /// A byte of CMOS memory as the battery keeps it (time registers excepted).
    pub fn cmos(&self, index: u8) -> u8 {
        self.state.memory[usize::from(index & 0x7F)]
    }

    /// Changes a byte of CMOS memory, as a setup program would.
    pub fn set_cmos(&mut self, index: u8, value: u8) {
        self.state.memory[usize::from(index & 0x7F)] = value;
    }

    // --- time -----------------------------------------------------------------------------------------------

    fn b(&self) -> u8 {
        self.state.memory[reg::B]
    }

    fn format(&self) -> Format {
        Format { binary: self.b() & 0x04 != 0, hours_24: self.b() & 0x02 != 0 }
    }

    fn running(&self) -> bool {
        self.b() & SET == 0
    }

    fn unix_time(&self, now: VTime) -> i64 {
        self.state.epoch + (now.0 / SECOND_NS) as i64
    }

    /// Writes the time of `now` into the registers.
    fn show_time(&mut self, now: VTime) {
        let moment = Moment::from_unix(self.unix_time(now), self.state.weekday_shift);
        let format = self.format();
        moment.write(&mut self.state.memory, format);
    }

    /// Takes the time from the registers.
    fn take_time(&mut self, now: VTime) {
        let moment = Moment::read(&self.state.memory, self.format());
        let unix = moment.to_unix();
        self.state.epoch = unix - (now.0 / SECOND_NS) as i64;
        let computed = Moment::from_unix(unix, 0).weekday;
        self.state.weekday_shift = (moment.weekday + 7 - computed) % 7;
    }

    fn is_time(index: usize) -> bool {
        matches!(index, reg::CENTURY | 0x06..=reg::YEAR) || (index < 6 && index % 2 == reg::SECONDS)
    }

    // --- interrupts -----------------------------------------------------------------------------------------

    /// The periodic rate [MC146818, "Periodic Interrupt Rate"].
    fn periodic(&self) -> Option<Clock> {
        let cycles = match self.state.memory[reg::A] & 0x0F {
            0 => return None,
            1 => 256,
            2 => 128,
            rate => 32_768 >> (rate - 1),
        };
        Some(Clock { cycles, per_seconds: 1 })
    }

    fn alarm_matches(&self, unix: i64) -> bool {
        let moment = Moment::from_unix(unix, 0);
        let mut shown = [0; 128];
        moment.write(&mut shown, self.format());
        [reg::SECONDS_ALARM, reg::MINUTES_ALARM, reg::HOURS_ALARM].into_iter().all(|alarm| {
            let wanted = self.state.memory[alarm];
            // C0h to FFh do not care [MC146818, "Time, Calendar, and Alarm Locations"].
            wanted >= 0xC0 || wanted == shown[alarm - 1]
        })
    }

    /// Sets the flags of everything that happened up to `now`, and the IRQ.
    fn catch_up(&mut self, fabric: &mut Fabric) {
        let (before, now) = (self.state.checked, fabric.now);
        if now > before {
            self.state.checked = now;
            let mut flags = 0;
            if self.periodic().is_some_and(|clock| clock.ticks_at(now) > clock.ticks_at(before)) {
                flags |= PERIODIC;
            }
            let (first, last) = (self.unix_time(before) + 1, self.unix_time(now));
            if self.running() && first <= last {
                flags |= UPDATE;
                if (first.max(last - DAY)..=last).any(|second| self.alarm_matches(second)) {
                    flags |= ALARM;
                }
            }
            self.state.memory[reg::C] |= flags;
        }
        self.update_irq(fabric);
    }

    fn update_irq(&mut self, fabric: &mut Fabric) {
        let enabled = self.b() & (PERIODIC | ALARM | UPDATE);
        let asserted = self.state.memory[reg::C] & enabled != 0;
        let c = &mut self.state.memory[reg::C];
        *c = if asserted { *c | IRQF } else { *c & !IRQF };
        fabric.irqs.set(self.irq, asserted);
        // While IRQ is asserted nothing more can be seen until register C is read.
        match self.next_interrupt(fabric.now).filter(|_| !asserted) {
            Some(next) => fabric.sched.arm(self.event, next),
            None => fabric.sched.cancel(self.event),
        }
    }

    fn next_interrupt(&self, now: VTime) -> Option<VTime> {
        let periodic = self.periodic().filter(|_| self.b() & PERIODIC != 0);
        let tick = periodic.map(|clock| clock.time_of_tick(clock.ticks_at(now) + 1));
        let watches_seconds = self.b() & (ALARM | UPDATE) != 0 && self.running();
        let second = watches_seconds.then(|| VTime((now.0 / SECOND_NS + 1).saturating_mul(SECOND_NS)));
        tick.into_iter().chain(second).min()
    }

    // --- registers ------------------------------------------------------------------------------------------

    fn read(&mut self, fabric: &mut Fabric) -> u8 {
        let index = usize::from(self.state.index);
        match index {
            reg::A => {
                let updating = self.running() && fabric.now.0 % SECOND_NS >= SECOND_NS - UIP_NS;
                self.state.memory[reg::A] | if updating { UIP } else { 0 }
            }
            reg::C => {
                self.catch_up(fabric);
                let flags = std::mem::take(&mut self.state.memory[reg::C]);
                self.update_irq(fabric);
                flags
            }
            _ => {
                if Self::is_time(index) && self.running() {
                    self.show_time(fabric.now);
                }
                self.state.memory[index]
            }
        }
    }

    fn write(&mut self, fabric: &mut Fabric, value: u8) {
        self.catch_up(fabric);
        let index = usize::from(self.state.index);
        match index {
            reg::A => self.state.memory[reg::A] = value & !UIP,
            reg::B => self.write_b(fabric.now, value),
            reg::C | reg::D => {}
            _ if Self::is_time(index) && self.running() => {
                self.show_time(fabric.now);
                self.state.memory[index] = value;
                self.take_time(fabric.now);
            }
            _ => self.state.memory[index] = value,
        }
        self.update_irq(fabric);
    }

    fn write_b(&mut self, now: VTime, value: u8) {
        let was_set = !self.running();
        if !was_set {
            self.show_time(now);
        }
        // SET stops updates and clears UIE [MC146818, "Register B"].
        self.state.memory[reg::B] = if value & SET != 0 { value & !UPDATE } else { value };
        if was_set && self.running() {
            self.take_time(now);
        }
    }
}

impl Device for Rtc {
    fn name(&self) -> &'static str {
        "rtc"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.state.memory[reg::B] &= !(PERIODIC | ALARM | UPDATE | 0x08);
        self.state.memory[reg::C] = 0;
        self.state.nmi_masked = false;
        self.update_irq(fabric);
    }

    fn pio_read(&mut self, fabric: &mut Fabric, access: PortAccess) -> u32 {
        match access.offset {
            0 => access.width.open_bus(),
            _ => u32::from(self.read(fabric)),
        }
    }

    fn pio_write(&mut self, fabric: &mut Fabric, access: PortAccess, value: u32) {
        if access.offset == 0 {
            self.state.index = value as u8 & 0x7F;
            self.state.nmi_masked = value & 0x80 != 0;
        } else {
            self.write(fabric, value as u8);
        }
    }

    fn on_event(&mut self, fabric: &mut Fabric, _slot: EventSlot, _deadline: VTime) {
        self.catch_up(fabric);
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        let state: RtcState = section.decode(self.name(), 1)?;
        let limit = i64::MAX / 4;
        let valid = state.memory.len() == 128
            && state.index < 128
            && state.weekday_shift < 7
            && (-limit..limit).contains(&state.epoch);
        if !valid {
            return Err(SnapshotError::OutOfRange { section: "rtc", what: "index or time" });
        }
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
#[path = "rtc/tests.rs"]
mod tests;
