use super::*;
use ringzero_bus::{Irq, Width};

pub(super) struct Bench {
    pub(super) uart: Uart,
    pub(super) fabric: Fabric,
}

impl Bench {
    /// 115200 baud, 8N1, FIFOs on, OUT2 on.
    pub(super) fn new() -> Self {
        let mut fabric = Fabric::new(0);
        let wiring = UartWiring {
            irq: fabric.irqs.add_pin(Irq(4)),
            sent: EventSlot::for_test(0),
            arrival: EventSlot::for_test(1),
            timeout: EventSlot::for_test(2),
        };
        let mut bench = Self { uart: Uart::new("com1", wiring), fabric };
        for (offset, value) in [(3, 0x83), (0, 1), (1, 0), (3, 0x03), (2, 0x87), (4, 0x0B)] {
            bench.out(offset, value);
        }
        bench
    }

    pub(super) fn out(&mut self, offset: u16, value: u8) {
        let access = PortAccess { region: 0, offset, width: Width::Byte };
        self.uart.pio_write(&mut self.fabric, access, value.into());
    }

    pub(super) fn read(&mut self, offset: u16) -> u8 {
        let access = PortAccess { region: 0, offset, width: Width::Byte };
        self.uart.pio_read(&mut self.fabric, access) as u8
    }

    pub(super) fn run(&mut self, ns: u64) {
        let end = self.fabric.now.plus_ns(ns);
        while let Some(due) = self.fabric.sched.next_deadline().filter(|&due| due <= end) {
            self.fabric.now = due;
            let (slot, due) = self.fabric.sched.take_due(due).unwrap();
            self.uart.on_event(&mut self.fabric, slot, due);
        }
        self.fabric.now = end;
    }

    fn irq(&self) -> bool {
        self.fabric.irqs.level(Irq(4))
    }
}

/// Ten bits at 115200 baud.
const CHARACTER: u64 = 86_805;

#[test]
fn a_character_takes_ten_bit_times() {
    let mut bench = Bench::new();
    bench.out(0, b'A');
    bench.run(CHARACTER - 100);
    assert_eq!((bench.uart.take_output(), bench.read(5) & lsr::TEMT), (vec![], 0));
    bench.run(200);
    assert_eq!((bench.uart.take_output(), bench.read(5) & lsr::TEMT), (vec![b'A'], lsr::TEMT));
}

#[test]
fn the_transmit_interrupt_comes_when_the_fifo_is_empty_and_goes_with_iir() {
    let mut bench = Bench::new();
    bench.out(1, ier::THR_EMPTY);
    assert_eq!((bench.irq(), bench.read(2)), (true, 0xC2));
    assert_eq!((bench.irq(), bench.read(2)), (false, 0xC1));
    bench.out(0, b'A');
    bench.out(0, b'B');
    assert!(!bench.irq());
    bench.run(CHARACTER + 100);
    assert!(bench.irq());
}

#[test]
fn receiving_waits_for_the_trigger_level_or_the_timeout() {
    let mut bench = Bench::new();
    bench.out(1, ier::RECEIVED);
    assert_eq!(bench.uart.send(&mut bench.fabric, b"hello"), 5);
    bench.run(6 * CHARACTER);
    assert!(!bench.irq());
    bench.run(4 * CHARACTER);
    assert_eq!((bench.irq(), bench.read(2)), (true, 0xCC));
    assert_eq!([0; 5].map(|_| bench.read(0)), *b"hello");
    assert!(!bench.irq());
}

#[test]
fn the_trigger_level_interrupts() {
    let mut bench = Bench::new();
    bench.out(1, ier::RECEIVED);
    bench.uart.send(&mut bench.fabric, b"12345678");
    bench.run(9 * CHARACTER);
    assert_eq!((bench.irq(), bench.read(2)), (true, 0xC4));
}

#[test]
fn the_host_cannot_overrun_the_receiver() {
    let mut bench = Bench::new();
    let text: Vec<u8> = (0..100).collect();
    bench.uart.send(&mut bench.fabric, &text);
    let mut seen = Vec::new();
    for _ in 0..100 {
        bench.run(20 * CHARACTER);
        while bench.read(5) & lsr::DATA_READY != 0 {
            seen.push(bench.read(0));
        }
    }
    assert_eq!(seen, text);
}

#[test]
fn the_input_queue_is_bounded() {
    let mut bench = Bench::new();
    assert_eq!(bench.uart.send(&mut bench.fabric, &[0; 5000]), INPUT);
    assert_eq!(bench.uart.room(), 0);
}

#[test]
fn loopback_returns_bytes_and_modem_lines() {
    let mut bench = Bench::new();
    bench.out(4, 0x1A);
    assert_eq!(bench.read(6) & 0xF0, 0x90);
    bench.out(0, 0x5A);
    bench.run(2 * CHARACTER);
    assert_eq!((bench.read(0), bench.uart.take_output()), (0x5A, vec![]));
}

#[test]
fn modem_deltas_clear_when_read() {
    let mut bench = Bench::new();
    bench.out(4, 0x10);
    assert_eq!(bench.read(6) & 0x0F, 0x0B);
    assert_eq!(bench.read(6) & 0x0F, 0);
}

#[test]
fn a_break_is_a_line_status_interrupt() {
    let mut bench = Bench::new();
    bench.out(1, ier::LINE_STATUS);
    bench.uart.send_break(&mut bench.fabric);
    bench.run(2 * CHARACTER);
    assert_eq!((bench.irq(), bench.read(2)), (true, 0xC6));
    assert_eq!(bench.read(5) & lsr::BREAK, lsr::BREAK);
    assert!(!bench.irq());
}

#[test]
fn out_2_gates_the_interrupt() {
    let mut bench = Bench::new();
    bench.out(4, 0x03);
    bench.out(1, ier::THR_EMPTY);
    assert!(!bench.irq());
}

#[test]
fn the_scratch_register_and_the_divisor_are_kept() {
    let mut bench = Bench::new();
    bench.out(7, 0xA5);
    bench.out(3, 0x83);
    assert_eq!((bench.read(7), bench.read(0), bench.read(1)), (0xA5, 1, 0));
}

#[test]
fn a_snapshot_with_an_overlong_queue_is_refused() {
    let mut bench = Bench::new();
    let bad = UartState { transmit: (0..17).collect(), ..UartState::default() };
    assert!(bench.uart.load(&Section::encode("com1", 1, &bad).unwrap()).is_err());
    assert!(bench.uart.load(&bench.uart.save().unwrap()).is_ok());
}
