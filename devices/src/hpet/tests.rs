use super::{Hpet, HpetWiring, ROUTES};
use ringzero_bus::{Device, EventSlot, Fabric, Irq, MmioAccess, VTime, Width};

struct Bench {
    hpet: Hpet,
    fabric: Fabric,
}

const LEVEL: u32 = 2;
const ENABLE: u32 = 4;
const PERIODIC: u32 = 8;
const SET_VALUE: u32 = 0x40;
const NARROW: u32 = 0x100;

impl Bench {
    /// Enabled, at time zero.
    fn new() -> Self {
        let mut fabric = Fabric::new(0);
        let wiring = HpetWiring {
            legacy: [0, 8].map(|n| fabric.irqs.add_replacement(Irq(n))),
            routes: ROUTES.map(|n| fabric.irqs.add_pin(Irq(n))),
            matches: [0, 1, 2].map(EventSlot::for_test),
        };
        let mut bench = Self { hpet: Hpet::new(wiring), fabric };
        bench.write(0x10, 1);
        bench
    }

    fn write(&mut self, offset: u64, value: u32) {
        self.hpet.mmio_write(&mut self.fabric, MmioAccess { region: 0, offset, width: Width::Dword }, value);
    }

    fn read(&mut self, offset: u64) -> u32 {
        self.hpet.mmio_read(&mut self.fabric, MmioAccess { region: 0, offset, width: Width::Dword })
    }

    /// Programs the low halves of timer `n`.
    fn timer(&mut self, n: u64, configuration: u32, comparator: u32) {
        self.write(0x100 + 0x20 * n, configuration);
        self.write(0x108 + 0x20 * n, comparator);
        self.write(0x10C + 0x20 * n, 0);
    }

    /// Lets time pass up to tick `end`; the rising edges of wire `irq` by the way, in ticks.
    fn edges(&mut self, irq: u8, end: u64) -> Vec<u64> {
        let mut edges = Vec::new();
        while let Some((slot, due)) = self.fabric.sched.take_due(VTime(end * 10)) {
            self.fabric.now = due;
            self.hpet.on_event(&mut self.fabric, slot, due);
            self.fabric.irqs.take_changes(|wire, level| {
                if level && wire == Irq(irq) {
                    edges.push(due.0 / 10);
                }
            });
        }
        self.fabric.now = VTime(end * 10);
        edges
    }
}

#[test]
fn capabilities_are_those_of_qemu() {
    let mut bench = Bench::new();
    assert_eq!([0, 4].map(|at| bench.read(at)), [0x8086_A201, 10_000_000]);
    assert_eq!([0x100, 0x104].map(|at| bench.read(at)), [0x30, 0x00FF_0104]);
}

#[test]
fn the_counter_counts_ten_nanoseconds_while_enabled() {
    let mut bench = Bench::new();
    bench.fabric.now = VTime(1_239);
    assert_eq!(bench.read(0xF0), 123);
    bench.write(0x10, 0);
    bench.fabric.now = VTime(9_000);
    assert_eq!(bench.read(0xF0), 123);
}

#[test]
fn the_counter_can_be_set() {
    let mut bench = Bench::new();
    bench.fabric.now = VTime(1_000);
    bench.write(0x10, 0);
    bench.write(0xF0, 0xFFFF_FFFF);
    bench.write(0xF4, 7);
    bench.write(0x10, 1);
    bench.fabric.now = VTime(1_010);
    assert_eq!([0xF0, 0xF4].map(|at| bench.read(at)), [0, 8]);
}

#[test]
fn a_one_shot_comes_once() {
    let mut bench = Bench::new();
    bench.timer(2, ENABLE | 16 << 9, 500);
    assert_eq!(bench.edges(16, 100_000), [500]);
}

#[test]
fn a_comparator_in_the_past_waits() {
    let mut bench = Bench::new();
    bench.fabric.now = VTime(10_000);
    bench.timer(2, ENABLE | 16 << 9, 500);
    assert_eq!(bench.edges(16, 1 << 30), []);
}

#[test]
fn a_narrow_timer_comes_again_when_32_bits_come_round() {
    let mut bench = Bench::new();
    bench.timer(2, ENABLE | NARROW | 16 << 9, 500);
    assert_eq!(bench.edges(16, 5 << 30), [500, 500 + (1 << 32)]);
}

#[test]
fn periodic_mode_adds_the_last_value_written() {
    let mut bench = Bench::new();
    bench.write(0x100, ENABLE | PERIODIC | SET_VALUE | NARROW | 16 << 9);
    bench.write(0x108, 250);
    bench.write(0x108, 100);
    assert_eq!(bench.edges(16, 600), [250, 350, 450, 550]);
    assert_eq!(bench.read(0x108), 650);
}

#[test]
fn a_silent_periodic_timer_keeps_its_comparator_ahead() {
    let mut bench = Bench::new();
    bench.write(0x100, PERIODIC | SET_VALUE | NARROW);
    bench.write(0x108, 250);
    bench.write(0x108, 100);
    assert_eq!(bench.fabric.sched.next_deadline(), None);
    bench.fabric.now = VTime(10_005);
    assert_eq!(bench.read(0x108), 1050);
}

#[test]
fn a_level_interrupt_holds_until_its_status_is_cleared() {
    let mut bench = Bench::new();
    bench.timer(1, ENABLE | LEVEL | 17 << 9, 500);
    assert_eq!(bench.edges(17, 1000), [500]);
    assert!(bench.fabric.irqs.level(Irq(17)));
    assert_eq!(bench.read(0x20), 2);
    bench.write(0x20, 2);
    assert!(!bench.fabric.irqs.level(Irq(17)));
    assert_eq!(bench.read(0x20), 0);
}

#[test]
fn a_disabled_level_timer_shows_its_status() {
    let mut bench = Bench::new();
    bench.timer(1, LEVEL | 17 << 9, 500);
    bench.fabric.now = VTime(6_000);
    assert_eq!(bench.read(0x20), 2);
    assert!(!bench.fabric.irqs.level(Irq(17)));
}

#[test]
fn legacy_replacement_takes_irq_0_and_8() {
    let mut bench = Bench::new();
    let pit = bench.fabric.irqs.add_pin(Irq(0));
    bench.write(0x10, 3);
    bench.timer(0, ENABLE | 16 << 9, 500);
    bench.timer(1, ENABLE, 700);
    bench.fabric.irqs.set(pit, true);
    assert!(!bench.fabric.irqs.level(Irq(0)));
    assert_eq!(bench.edges(0, 600), [500]);
    assert_eq!(bench.edges(8, 800), [700]);
    bench.write(0x10, 1);
    assert!(bench.fabric.irqs.level(Irq(0)));
}

#[test]
fn a_route_it_cannot_have_is_not_taken() {
    let mut bench = Bench::new();
    bench.write(0x100, 16 << 9);
    bench.write(0x100, 5 << 9);
    assert_eq!(bench.read(0x100) >> 9 & 0x1F, 16);
}

#[test]
fn bytes_and_halves_are_written_by_themselves() {
    let mut bench = Bench::new();
    bench.write(0x10C, 0x1122_3344);
    let access = MmioAccess { region: 0, offset: 0x10D, width: Width::Byte };
    bench.hpet.mmio_write(&mut bench.fabric, access, 0x99);
    assert_eq!([0x108, 0x10C].map(|at| bench.read(at)), [0xFFFF_FFFF, 0x1122_9944]);
}

#[test]
fn a_halted_counter_matches_nothing() {
    let mut bench = Bench::new();
    bench.timer(2, ENABLE | 16 << 9, 500);
    bench.write(0x10, 0);
    assert_eq!(bench.edges(16, 10_000), []);
}

#[test]
fn a_snapshot_round_trips() {
    let mut bench = Bench::new();
    bench.timer(1, ENABLE | LEVEL | 17 << 9, 500);
    bench.edges(17, 600);
    let mut other = Bench::new();
    other.hpet.load(&bench.hpet.save().unwrap()).unwrap();
    assert_eq!(other.hpet.state, bench.hpet.state);
}
