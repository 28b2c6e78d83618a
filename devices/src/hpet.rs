//! High precision event timer.
//!
//! Source: IA-PC HPET (High Precision Event Timers) Specification 1.0a, keyed \[HPET\].
//!
//! *Modelled*: a 64-bit main counter of 10 ns and three timers as QEMU's, each of 64 or 32 bits, one-shot or periodic, edge
//! or level; routing to inputs 2, 8 and 16 to 23 of the I/O APIC; legacy replacement, which takes IRQ 0 and IRQ 8 from
//! the 8254 and the clock.
//!
//! An interrupt comes when the main counter becomes equal to a comparator, so a comparator set to the past waits until the
//! counter comes round. Accesses are of 1, 2 or 4 bytes and take effect one by one: of a 64-bit register each half is read
//! as it is then, and a comparator written in halves needs VAL_SET before each [HPET, "Periodic Mode"].
//!
//! *Not modelled*: interrupts by messages (FSB).

mod timer;

use ringzero_bus::{Device, EventSlot, Fabric, ForkError, IrqPin, MmioAccess, Section, SnapshotError, VTime};
use serde::{Deserialize, Serialize};
use timer::{TIMERS, Timer};

/// Where it answers.
pub const REGISTERS: std::ops::RangeInclusive<u64> = 0xFED0_0000..=0xFED0_03FF;
/// The inputs of the I/O APIC a timer can be routed to.
pub const ROUTES: [u8; 10] = [2, 8, 16, 17, 18, 19, 20, 21, 22, 23];

/// Femtoseconds of a tick in the high half; vendor 8086h, legacy replacement, 64 bits, three timers, revision 1 [HPET,
/// "General Capabilities and ID Register"].
const CAPABILITIES: u64 = 0x0098_9680_8086_A201;
/// Nanoseconds of a tick.
const TICK_NS: u64 = 10;

/// Bits of the general configuration register.
mod general {
    pub(super) const ENABLE: u64 = 1 << 0;
    pub(super) const LEGACY: u64 = 1 << 1;
}

/// A register by what it is [HPET, "Memory Map"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Register {
    Capabilities,
    Configuration,
    Status,
    Counter,
    TimerConfiguration(usize),
    Comparator(usize),
}

impl Register {
    /// The register of eight bytes at `offset`.
    fn at(offset: u64) -> Option<Self> {
        Some(match (offset, (offset.wrapping_sub(0x100) >> 5) as usize) {
            (0x000, _) => Self::Capabilities,
            (0x010, _) => Self::Configuration,
            (0x020, _) => Self::Status,
            (0x0F0, _) => Self::Counter,
            (_, n @ 0..TIMERS) if offset & 0x1F == 0x00 => Self::TimerConfiguration(n),
            (_, n @ 0..TIMERS) if offset & 0x1F == 0x08 => Self::Comparator(n),
            _ => return None,
        })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    configuration: u64,
    /// The main counter while it is halted, or what it is ahead of virtual time while it runs.
    counter: u64,
    timers: [Timer; TIMERS],
}

/// The wires of an [`Hpet`].
#[derive(Clone, Copy, Debug)]
pub struct HpetWiring {
    /// Replacements of IRQ 0 and IRQ 8.
    pub legacy: [IrqPin; 2],
    /// By place in [`ROUTES`].
    pub routes: [IrqPin; ROUTES.len()],
    /// A timer's next interrupt.
    pub matches: [EventSlot; TIMERS],
}

/// The card: its registers are memory region 0.
#[derive(Clone, Debug)]
pub struct Hpet {
    state: State,
    wiring: HpetWiring,
}

fn ticks(now: VTime) -> u64 {
    now.0 / TICK_NS
}

impl Hpet {
    /// A halted one.
    pub fn new(wiring: HpetWiring) -> Self {
        Self { state: State::default(), wiring }
    }

    fn is_enabled(&self) -> bool {
        self.state.configuration & general::ENABLE != 0
    }

    fn replaces_legacy(&self) -> bool {
        self.is_enabled() && self.state.configuration & general::LEGACY != 0
    }

    /// The main counter.
    fn counter(&self, now: VTime) -> u64 {
        let running = if self.is_enabled() { ticks(now) } else { 0 };
        self.state.counter.wrapping_add(running)
    }

    fn set_counter(&mut self, value: u64, now: VTime) {
        let running = if self.is_enabled() { ticks(now) } else { 0 };
        self.state.counter = value.wrapping_sub(running);
    }

    /// The wire a timer drives.
    fn pin(&self, n: usize) -> Option<IrqPin> {
        match self.wiring.legacy.get(n).filter(|_| self.replaces_legacy()) {
            Some(&pin) => Some(pin),
            None => {
                let route = self.state.timers[n].route();
                ROUTES.iter().position(|&known| known == route).map(|place| self.wiring.routes[place])
            }
        }
    }

    /// Takes note of the matches up to now.
    fn catch_up(&mut self, fabric: &mut Fabric) {
        let now = fabric.now;
        for n in 0..TIMERS {
            if self.state.timers[n].due.is_none_or(|due| due > now) {
                continue;
            }
            let counter = self.counter(now);
            let pulses = self.state.timers[n].take_match(counter);
            self.schedule(n, now);
            if let Some(pin) = self.pin(n).filter(|_| pulses) {
                fabric.irqs.pulse(pin);
            }
        }
    }

    /// Computes a timer's next match.
    fn schedule(&mut self, n: usize, now: VTime) {
        let ahead = self.is_enabled().then(|| self.state.timers[n].ticks_to_match(self.counter(now)));
        let tick = ahead.flatten().and_then(|ahead| ticks(now).checked_add(ahead));
        self.state.timers[n].due = tick.and_then(|tick| tick.checked_mul(TICK_NS)).map(VTime);
    }

    /// Drives the wires and arms what somebody would notice.
    fn update(&mut self, fabric: &mut Fabric) {
        fabric.irqs.replace(self.replaces_legacy());
        let mut high: Vec<IrqPin> = Vec::new();
        for n in 0..TIMERS {
            let timer = &self.state.timers[n];
            if timer.asserts() && self.is_enabled() {
                high.extend(self.pin(n));
            }
            match timer.due.filter(|_| timer.is_audible()) {
                Some(due) => fabric.sched.arm(self.wiring.matches[n], due),
                None => fabric.sched.cancel(self.wiring.matches[n]),
            }
        }
        for pin in self.wiring.legacy.into_iter().chain(self.wiring.routes) {
            fabric.irqs.set(pin, high.contains(&pin));
        }
    }

    fn read(&self, register: Register, now: VTime) -> u64 {
        let status = |n: usize| u64::from(self.state.timers[n].status) << n;
        match register {
            Register::Capabilities => CAPABILITIES,
            Register::Configuration => self.state.configuration,
            Register::Status => (0..TIMERS).map(status).sum(),
            Register::Counter => self.counter(now),
            Register::TimerConfiguration(n) => self.state.timers[n].configuration(),
            Register::Comparator(n) => self.state.timers[n].comparator,
        }
    }

    /// Writes the bits of `mask`.
    fn write(&mut self, register: Register, value: u64, mask: u64, now: VTime) {
        let whole = |old: u64| old & !mask | value & mask;
        match register {
            Register::Capabilities => return,
            Register::Configuration => {
                let counter = self.counter(now);
                self.state.configuration =
                    whole(self.state.configuration) & (general::ENABLE | general::LEGACY);
                self.set_counter(counter, now);
            }
            Register::Status => {
                for (n, timer) in self.state.timers.iter_mut().enumerate() {
                    timer.status &= value >> n & 1 == 0;
                }
                return;
            }
            Register::Counter => self.set_counter(whole(self.counter(now)), now),
            Register::TimerConfiguration(n) => self.state.timers[n].configure(whole),
            Register::Comparator(n) => self.state.timers[n].set_comparator(whole),
        }
        (0..TIMERS).for_each(|n| self.schedule(n, now));
    }
}

impl Device for Hpet {
    fn name(&self) -> &'static str {
        "hpet"
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.state = State::default();
        self.update(fabric);
    }

    fn mmio_read(&mut self, fabric: &mut Fabric, access: MmioAccess) -> u32 {
        self.catch_up(fabric);
        let Some(register) = Register::at(access.offset & !7) else { return 0 };
        (self.read(register, fabric.now) >> (8 * (access.offset & 7))) as u32
    }

    fn mmio_write(&mut self, fabric: &mut Fabric, access: MmioAccess, value: u32) {
        self.catch_up(fabric);
        if let Some(register) = Register::at(access.offset & !7) {
            let shift = 8 * (access.offset & 7);
            let mask = u64::from(access.width.open_bus()) << shift;
            self.write(register, u64::from(value) << shift, mask, fabric.now);
        }
        self.update(fabric);
    }

    fn on_event(&mut self, fabric: &mut Fabric, _slot: EventSlot, _deadline: VTime) {
        self.catch_up(fabric);
        self.update(fabric);
    }

    fn fork(&self) -> Result<Box<dyn Device>, ForkError> {
        Ok(Box::new(self.clone()))
    }

    fn save(&self) -> Result<Section, SnapshotError> {
        Section::encode(self.name(), 1, &self.state)
    }

    fn load(&mut self, section: &Section) -> Result<(), SnapshotError> {
        self.state = section.decode(self.name(), 1)?;
        Ok(())
    }
}

#[cfg(test)]
#[path = "hpet/tests.rs"]
mod tests;
