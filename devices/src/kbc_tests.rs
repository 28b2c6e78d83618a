use super::*;
use ringzero_bus::{Irq, Width};

struct Bench {
    kbc: Kbc,
    fabric: Fabric,
}

impl Bench {
    /// A controller whose keyboard's power-on byte has been read.
    fn new() -> Self {
        let mut fabric = Fabric::new(0);
        let wiring = KbcWiring {
            keyboard_irq: fabric.irqs.add_pin(Irq(1)),
            aux_irq: fabric.irqs.add_pin(Irq(12)),
            arrival: EventSlot::for_test(0),
            repeat: EventSlot::for_test(1),
        };
        let mut kbc = Kbc::new(wiring);
        kbc.reset(&mut fabric);
        let mut bench = Self { kbc, fabric };
        assert_eq!(bench.next(), Some(0xAA));
        bench
    }

    fn out(&mut self, region: u8, value: u8) {
        let access = PortAccess { region, offset: 0, width: Width::Byte };
        self.kbc.pio_write(&mut self.fabric, access, value.into());
    }

    fn read(&mut self, region: u8) -> u8 {
        let access = PortAccess { region, offset: 0, width: Width::Byte };
        self.kbc.pio_read(&mut self.fabric, access) as u8
    }

    fn run(&mut self, ns: u64) {
        let end = self.fabric.now.plus_ns(ns);
        while let Some(due) = self.fabric.sched.next_deadline().filter(|&due| due <= end) {
            self.fabric.now = self.fabric.now.max(due);
            let (slot, due) = self.fabric.sched.take_due(due).unwrap();
            self.kbc.on_event(&mut self.fabric, slot, due);
        }
        self.fabric.now = end;
    }

    /// The next byte within 50 ms.
    fn next(&mut self) -> Option<u8> {
        self.run(50_000_000);
        (self.read(1) & status::OUTPUT_FULL != 0).then(|| self.read(0))
    }
}

#[test]
fn self_test_answers_55() {
    let mut bench = Bench::new();
    bench.out(1, 0xAA);
    assert_eq!(bench.next(), Some(0x55));
    assert_ne!(bench.read(1) & status::SYSTEM_FLAG, 0);
}

#[test]
fn a_key_arrives_translated_with_irq1() {
    let mut bench = Bench::new();
    bench.out(1, 0x60);
    bench.out(0, 0x41);
    bench.kbc.key(&mut bench.fabric, Key::A, true);
    bench.kbc.key(&mut bench.fabric, Key::A, false);
    assert!(!bench.fabric.irqs.level(Irq(1)));
    bench.run(BYTE_NS);
    assert!(bench.fabric.irqs.level(Irq(1)));
    assert_eq!(bench.read(0), 0x1E);
    assert!(!bench.fabric.irqs.level(Irq(1)));
    assert_eq!(bench.next(), Some(0x9E));
}

#[test]
fn without_translation_the_break_prefix_is_seen() {
    let mut bench = Bench::new();
    bench.out(1, 0x60);
    bench.out(0, 0x00);
    bench.kbc.key(&mut bench.fabric, Key::F7, true);
    bench.kbc.key(&mut bench.fabric, Key::F7, false);
    assert_eq!([bench.next(), bench.next(), bench.next()], [Some(0x83), Some(0xF0), Some(0x83)]);
}

#[test]
fn a_disabled_keyboard_waits_with_its_bytes() {
    let mut bench = Bench::new();
    bench.out(1, 0xAD);
    bench.kbc.key(&mut bench.fabric, Key::A, true);
    assert_eq!(bench.next(), None);
    bench.out(1, 0xAE);
    assert_eq!(bench.next(), Some(0x1E));
}

#[test]
fn the_output_port_moves_a20() {
    let mut bench = Bench::new();
    bench.out(1, 0xD1);
    bench.out(0, 0xDD);
    assert!(!bench.fabric.wires.a20);
    bench.out(1, 0xD0);
    assert_eq!(bench.next().map(|port| port & 0x02), Some(0));
    bench.out(1, 0xDF);
    assert!(bench.fabric.wires.a20);
}

#[test]
fn a_pulse_of_bit_0_resets_the_cpu() {
    let mut bench = Bench::new();
    bench.out(1, 0xFE);
    assert_eq!(bench.fabric.wires.request, Some(SystemRequest::ResetCpu));
}

#[test]
fn a_pulse_of_no_bit_does_nothing() {
    let mut bench = Bench::new();
    bench.out(1, 0xFF);
    assert_eq!(bench.fabric.wires.request, None);
}

#[test]
fn port_92_resets_on_a_rising_bit_only() {
    let mut bench = Bench::new();
    bench.out(2, 0x03);
    assert_eq!(bench.fabric.wires.request.take(), Some(SystemRequest::ResetCpu));
    bench.out(2, 0x03);
    assert_eq!((bench.fabric.wires.request, bench.read(2)), (None, 0x03));
}

#[test]
fn the_auxiliary_port_without_a_mouse_times_out() {
    let mut bench = Bench::new();
    bench.out(1, 0xD4);
    bench.out(0, 0xFF);
    bench.run(ANSWER_NS);
    assert_eq!(bench.read(1) & 0x61, status::OUTPUT_FULL | status::AUX_FULL | status::TIMEOUT);
    assert_eq!(bench.read(0), 0xFE);
}

#[test]
fn the_input_buffer_is_full_for_a_moment() {
    let mut bench = Bench::new();
    bench.out(1, 0xAE);
    assert_ne!(bench.read(1) & status::INPUT_FULL, 0);
    bench.run(INPUT_NS);
    assert_eq!(bench.read(1) & status::INPUT_FULL, 0);
}

#[test]
fn a_second_read_gives_the_same_byte() {
    let mut bench = Bench::new();
    bench.kbc.key(&mut bench.fabric, Key::B, true);
    assert_eq!(bench.next(), Some(0x30));
    assert_eq!(bench.read(0), 0x30);
}

#[test]
fn a_held_key_repeats_after_half_a_second() {
    let mut bench = Bench::new();
    bench.kbc.key(&mut bench.fabric, Key::C, true);
    assert_eq!(bench.next(), Some(0x2E));
    bench.run(400_000_000);
    assert_eq!(bench.next(), None);
    assert_eq!(bench.next(), Some(0x2E));
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let mut bench = Bench::new();
    let mut bad = KbcState::default();
    bad.ram.clear();
    assert!(bench.kbc.load(&Section::encode("kbc", 1, &bad).unwrap()).is_err());
    assert!(bench.kbc.load(&bench.kbc.save().unwrap()).is_ok());
}
