use super::*;
use ringzero_bus::{Irq, Width};

struct Bench {
    kbc: Kbc,
    fabric: Fabric,
}

impl Bench {
    /// A controller whose keyboard's power-on byte has been read.
    fn new() -> Self {
        Self::with_mouse(false)
    }

    fn with_mouse(mouse: bool) -> Self {
        let mut fabric = Fabric::new(0);
        let wiring = KbcWiring {
            keyboard_irq: fabric.irqs.add_pin(Irq(1)),
            aux_irq: fabric.irqs.add_pin(Irq(12)),
            arrival: EventSlot::for_test(0),
            aux_arrival: EventSlot::for_test(2),
            sample: EventSlot::for_test(3),
            repeat: EventSlot::for_test(1),
        };
        let mut kbc = Kbc::new(wiring, mouse);
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
    let mut bad = KbcState::new(false);
    bad.ram.clear();
    assert!(bench.kbc.load(&Section::encode("kbc", 1, &bad).unwrap()).is_err());
    assert!(bench.kbc.load(&bench.kbc.save().unwrap()).is_ok());
}

impl Bench {
    /// A byte for the mouse.
    fn write_mouse(&mut self, byte: u8) {
        self.out(1, 0xD4);
        self.out(0, byte);
    }

    /// The next byte within 50 ms, which must be the mouse's.
    fn next_of_mouse(&mut self) -> Option<u8> {
        self.run(50_000_000);
        let status = self.read(1) & (status::OUTPUT_FULL | status::AUX_FULL);
        (status == status::OUTPUT_FULL | status::AUX_FULL).then(|| self.read(0))
    }

    /// A mouse that streams with IRQ 12 on.
    fn streaming() -> Self {
        let mut bench = Self::with_mouse(true);
        bench.out(1, 0x60);
        bench.out(0, 0x47);
        bench.write_mouse(0xF4);
        assert_eq!(bench.next_of_mouse(), Some(0xFA));
        bench
    }
}

#[test]
fn a_mouse_resets_behind_the_auxiliary_port() {
    let mut bench = Bench::with_mouse(true);
    bench.write_mouse(0xFF);
    assert_eq!([0; 3].map(|_| bench.next_of_mouse()), [0xFA, 0xAA, 0x00].map(Some));
    assert_eq!(bench.next_of_mouse(), None);
}

#[test]
fn a_packet_raises_irq_12_byte_by_byte() {
    let mut bench = Bench::streaming();
    bench.kbc.mouse_motion(&mut bench.fabric, 2, -1, 0);
    for byte in [0x08, 2, 1] {
        assert!(!bench.fabric.irqs.level(Irq(12)));
        bench.run(5_000_000);
        assert!(bench.fabric.irqs.level(Irq(12)));
        assert!(!bench.fabric.irqs.level(Irq(1)));
        assert_eq!(bench.read(0), byte);
    }
}

#[test]
fn a_disabled_auxiliary_port_keeps_the_mouse_quiet() {
    let mut bench = Bench::streaming();
    bench.out(1, 0xA7);
    bench.kbc.mouse_motion(&mut bench.fabric, 2, 0, 0);
    assert_eq!(bench.next_of_mouse(), None);
    bench.kbc.mouse_motion(&mut bench.fabric, 3, 0, 0);
    bench.out(1, 0xA8);
    assert_eq!([0; 3].map(|_| bench.next_of_mouse()), [0x08, 5, 0].map(Some));
}

#[test]
fn bytes_of_keyboard_and_mouse_tell_whose_they_are() {
    let mut bench = Bench::streaming();
    bench.kbc.mouse_motion(&mut bench.fabric, 2, 0, 0);
    bench.kbc.key(&mut bench.fabric, Key::A, true);
    let mut of = [Vec::new(), Vec::new()];
    for _ in 0..4 {
        bench.run(5_000_000);
        let aux = bench.read(1) & status::AUX_FULL != 0;
        of[usize::from(aux)].push(bench.read(0));
    }
    assert_eq!(of, [vec![0x1E], vec![0x08, 2, 0]]);
}

#[test]
fn the_answer_of_the_mouse_goes_before_scan_codes() {
    let mut bench = Bench::streaming();
    bench.kbc.key(&mut bench.fabric, Key::A, true);
    bench.write_mouse(0xF2);
    assert_eq!([0; 2].map(|_| bench.next_of_mouse()), [0xFA, 0x00].map(Some));
    assert_eq!(bench.next(), Some(0x1E));
}

#[test]
fn command_d3_puts_a_byte_where_the_mouse_would() {
    let mut bench = Bench::streaming();
    bench.out(1, 0xD3);
    bench.out(0, 0x5A);
    assert_eq!(bench.next_of_mouse(), Some(0x5A));
}

#[test]
fn a_snapshot_with_another_mouse_is_refused() {
    let saved = Bench::streaming().kbc.save().unwrap();
    assert!(Bench::new().kbc.load(&saved).is_err());
    assert!(Bench::with_mouse(true).kbc.load(&saved).is_ok());
}
