use super::*;
use ringzero_bus::{Irq, Width};

/// 2024-02-28 23:59:58, a Wednesday.
const BASE: i64 = 1_709_164_798;

struct Bench {
    rtc: Rtc,
    fabric: Fabric,
}

impl Bench {
    fn new() -> Self {
        let mut fabric = Fabric::new(0);
        let irq = fabric.irqs.add_pin(Irq(8));
        let cmos = CmosConfig {
            ram_size: 1 << 20,
            floppy_types: [4, 0],
            boot_order: [1, 2, 0],
            hard_disks: [None; 4],
            fpu: true,
        };
        Self { rtc: Rtc::new(irq, EventSlot::for_test(0), BASE, &cmos), fabric }
    }

    fn write(&mut self, index: u8, value: u8) {
        for (offset, byte) in [(0, index), (1, value)] {
            let access = PortAccess { region: 0, offset, width: Width::Byte };
            self.rtc.pio_write(&mut self.fabric, access, byte.into());
        }
    }

    fn read(&mut self, index: u8) -> u8 {
        let access = |offset| PortAccess { region: 0, offset, width: Width::Byte };
        self.rtc.pio_write(&mut self.fabric, access(0), index.into());
        self.rtc.pio_read(&mut self.fabric, access(1)) as u8
    }

    fn run(&mut self, ns: u64) {
        let end = self.fabric.now.plus_ns(ns);
        while let Some(due) = self.fabric.sched.next_deadline().filter(|&due| due <= end) {
            self.fabric.now = due;
            self.fabric.sched.take_due(due);
            self.rtc.on_event(&mut self.fabric, EventSlot::for_test(0), due);
        }
        self.fabric.now = end;
    }

    fn date(&mut self) -> [u8; 7] {
        [0x32, 9, 8, 7, 4, 2, 0].map(|index| self.read(index))
    }
}

#[test]
fn the_time_is_bcd_and_crosses_midnight_into_a_leap_day() {
    let mut bench = Bench::new();
    assert_eq!(bench.date(), [0x20, 0x24, 0x02, 0x28, 0x23, 0x59, 0x58]);
    bench.run(2 * SECOND_NS);
    assert_eq!(bench.date(), [0x20, 0x24, 0x02, 0x29, 0, 0, 0]);
    assert_eq!(bench.read(6), 5);
}

#[test]
fn binary_and_twelve_hours() {
    let mut bench = Bench::new();
    bench.write(0x0B, 0x04);
    assert_eq!((bench.read(4), bench.read(2)), (0x80 | 11, 59));
}

#[test]
fn set_holds_the_time_until_it_is_cleared() {
    let mut bench = Bench::new();
    bench.write(0x0B, 0x82);
    for (index, value) in [(0x32, 0x19), (9, 0x99), (8, 0x12), (7, 0x31), (4, 0x23), (2, 0x59), (0, 0x59)] {
        bench.write(index, value);
    }
    bench.run(5 * SECOND_NS);
    assert_eq!(bench.date(), [0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59]);
    bench.write(0x0B, 0x02);
    bench.run(SECOND_NS);
    assert_eq!(bench.date(), [0x20, 0x00, 0x01, 0x01, 0, 0, 0]);
}

#[test]
fn uip_rises_before_the_second_ends() {
    let mut bench = Bench::new();
    assert_eq!(bench.read(0x0A) & UIP, 0);
    bench.run(SECOND_NS - 1000);
    assert_eq!(bench.read(0x0A) & UIP, UIP);
    bench.run(1000);
    assert_eq!(bench.read(0x0A) & UIP, 0);
}

#[test]
fn the_periodic_interrupt_comes_1024_times_a_second() {
    let mut bench = Bench::new();
    bench.write(0x0B, 0x42);
    let mut count = 0;
    for _ in 0..10_000 {
        bench.run(100_000);
        if bench.fabric.irqs.level(Irq(8)) {
            assert_eq!(bench.read(0x0C) & 0xC0, 0xC0);
            count += 1;
        }
    }
    assert_eq!(count, 1024);
}

#[test]
fn irq8_stays_until_register_c_is_read() {
    let mut bench = Bench::new();
    bench.write(0x0B, 0x12);
    bench.run(SECOND_NS);
    assert!(bench.fabric.irqs.level(Irq(8)));
    assert_eq!(bench.read(0x0C), IRQF | UPDATE | PERIODIC);
    assert!(!bench.fabric.irqs.level(Irq(8)));
    assert_eq!(bench.read(0x0C), 0);
}

#[test]
fn the_alarm_matches_with_wildcards() {
    let mut bench = Bench::new();
    for (index, value) in [(1, 0x05), (3, 0xFF), (5, 0xC0), (0x0B, 0x22)] {
        bench.write(index, value);
    }
    bench.run(6 * SECOND_NS);
    assert!(!bench.fabric.irqs.level(Irq(8)));
    bench.run(SECOND_NS);
    assert!(bench.fabric.irqs.level(Irq(8)));
}

#[test]
fn memory_survives_reset() {
    let mut bench = Bench::new();
    bench.write(0x50, 0x77);
    bench.write(0x0B, 0x72);
    bench.rtc.reset(&mut bench.fabric);
    assert_eq!((bench.read(0x50), bench.read(0x0B)), (0x77, 0x02));
}

#[test]
fn bit_7_of_the_index_masks_nmi() {
    let mut bench = Bench::new();
    bench.write(0x80 | 0x0D, 0);
    assert!(bench.rtc.nmi_masked());
    assert_eq!(bench.read(0x0D), VRT);
    assert!(!bench.rtc.nmi_masked());
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let mut bench = Bench::new();
    let mut bad = bench.rtc.state.clone();
    bad.memory.pop();
    assert!(bench.rtc.load(&Section::encode("rtc", 1, &bad).unwrap()).is_err());
    assert!(bench.rtc.load(&bench.rtc.save().unwrap()).is_ok());
}
