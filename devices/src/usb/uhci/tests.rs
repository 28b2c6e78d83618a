use super::*;
use crate::pc::{self, PcConfig, PcParts};
use ringzero_bus::{Handle, Irq, PhysAddr, Port, SystemBus};

const BASE: u16 = 0xC040;
const LIST: u32 = 0x1_0000;
const QUEUE: u32 = 0x2_0000;
const CHAIN: u32 = 0x3_0000;
const DATA: u32 = 0x4_0000;
const END: u32 = 1;
/// Active, three tries, interrupt when done.
const ACTIVE: u32 = 0x1980_0000;
const ADDRESS: u32 = 5;

/// A controller with devices, as a driver holds it.
struct Bench {
    bus: SystemBus,
    parts: PcParts,
}

impl Bench {
    fn new(devices: [Option<HidKind>; PORTS]) -> Self {
        let mut bus = SystemBus::new(2 << 20, 100);
        let config = PcConfig { pci: true, usb: Some(devices), ..PcConfig::default() };
        let parts = pc::build(&mut bus, &config).unwrap();
        let mut bench = Self { bus, parts };
        bench.config(0xA20, u32::from(BASE));
        bench.config(0xA04, 5);
        // PIRQD leads to IRQ 10.
        bench.config(0x860, 0x0A80_8080);
        bench
    }

    /// The schedule runs, one queue in every frame, port 1 is enabled, INTR on.
    fn running() -> Self {
        let mut bench = Self::new([Some(HidKind::Tablet), None]);
        for frame in 0..1024 {
            bench.poke(LIST + 4 * frame, QUEUE | 2);
        }
        bench.poke(QUEUE, END);
        bench.poke(QUEUE + 4, END);
        bench.enable_port();
        bench.out(0x08, Width::Dword, LIST);
        bench.out(0x04, Width::Word, 0x0F);
        bench.out(0x00, Width::Word, 0x81);
        bench
    }

    /// The same, with a configured tablet at address 5.
    fn configured() -> Self {
        let mut bench = Self::running();
        bench.control([0x00, 5, ADDRESS as u8, 0, 0, 0, 0, 0], 0);
        bench.control([0x00, 9, 1, 0, 0, 0, 0, 0], ADDRESS);
        bench
    }

    fn enable_port(&mut self) {
        for value in [0x0200, 0x0000, 0x0002, 0x0004] {
            self.out(0x10, Width::Word, value);
        }
    }

    fn config(&mut self, at: u32, value: u32) {
        self.bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_0000 | at);
        self.bus.pio_write(Port(0xCFC), Width::Dword, value);
    }

    fn out(&mut self, offset: u16, width: Width, value: u32) {
        self.bus.pio_write(Port(BASE + offset), width, value);
    }

    fn read(&mut self, offset: u16) -> u32 {
        self.bus.pio_read(Port(BASE + offset), Width::Word)
    }

    fn poke(&mut self, at: u32, value: u32) {
        self.bus.write(PhysAddr(at.into()), Width::Dword, value);
    }

    fn peek(&mut self, at: u32) -> u32 {
        self.bus.read(PhysAddr(at.into()), Width::Dword)
    }

    fn run(&mut self, ms: u64) {
        let end = self.bus.now().plus_ns(ms * FRAME_NS);
        while let Some(due) = self.bus.fabric().sched.next_deadline().filter(|&due| due <= end) {
            self.bus.jump_to(0, due);
            self.bus.run_due_events();
        }
        self.bus.jump_to(0, end);
    }

    /// A descriptor behind the others of the chain.
    fn descriptor(&mut self, n: u32, pid: u8, token: (u32, u32), length: u32, buffer: u32, last: bool) {
        let at = CHAIN + 16 * n;
        let (address, endpoint) = token;
        let size = length.wrapping_sub(1) & 0x7FF;
        let link = if last { END } else { (at + 16) | 4 };
        let control = if last { ACTIVE } else { ACTIVE & !(1 << 24) };
        let token = size << 21 | endpoint << 15 | address << 8 | u32::from(pid);
        for (offset, value) in (0..).zip([link, control, token, buffer]) {
            self.poke(at + 4 * offset, value);
        }
    }

    /// A control transfer without data or with up to eight bytes for the host; its last descriptor's status.
    fn control(&mut self, setup: [u8; 8], address: u32) -> u32 {
        for (n, bytes) in setup.chunks(4).enumerate() {
            self.poke(DATA + 4 * n as u32, u32::from_le_bytes(bytes.try_into().unwrap()));
        }
        let length = u32::from(setup[6]);
        self.descriptor(0, 0x2D, (address, 0), 8, DATA, false);
        let mut n = 1;
        for at in (0..length).step_by(8) {
            self.descriptor(n, 0x69, (address, 0), 8.min(length - at), DATA + 0x100 + at, false);
            n += 1;
        }
        self.descriptor(n, if length > 0 { 0xE1 } else { 0x69 }, (address, 0), 0, 0, true);
        self.poke(QUEUE + 4, CHAIN);
        self.run(2);
        self.peek(CHAIN + 16 * n + 4)
    }

    /// Asks the interrupt pipe with a fresh descriptor.
    fn ask(&mut self, length: u32) {
        self.descriptor(0, 0x69, (ADDRESS, 1), length, DATA, true);
        self.poke(QUEUE + 4, CHAIN);
    }

    fn usb(&mut self) -> Handle<Uhci> {
        self.parts.usb.unwrap()
    }

    fn place(&mut self, x: u16, y: u16) {
        let usb = self.usb();
        self.bus.call(usb, |usb, fabric| usb.place(fabric, x, y, 0));
    }

    fn irq(&self) -> bool {
        self.bus.fabric().irqs.level(Irq(10))
    }
}

#[test]
fn the_function_says_that_it_is_a_uhci_controller() {
    let mut bench = Bench::new([None, None]);
    let mut read = |at: u32| {
        bench.bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_0A00 | at);
        bench.bus.pio_read(Port(0xCFC), Width::Dword)
    };
    assert_eq!([read(0x00), read(0x08), read(0x20)], [0x7020_8086, 0x0C03_0001, 0xC041]);
    assert_eq!([read(0x3C) >> 8 & 0xFF, read(0x60) & 0xFF, read(0xC0) & 0xFFFF], [4, 0x10, 0x2000]);
}

#[test]
fn ports_show_what_is_plugged_in() {
    let mut bench = Bench::new([None, Some(HidKind::Mouse)]);
    assert_eq!([bench.read(0x10), bench.read(0x12), bench.read(0x14)], [0x80, 0x93, 0]);
}

#[test]
fn frames_count_while_it_runs_and_stand_still_otherwise() {
    let mut bench = Bench::running();
    bench.run(5);
    assert_eq!((bench.read(0x06), bench.read(0x02)), (5, 0));
    bench.out(0x06, Width::Word, 100);
    assert_eq!(bench.read(0x06), 5);
    bench.out(0x00, Width::Word, 0x80);
    bench.run(5);
    assert_eq!((bench.read(0x06), bench.read(0x02)), (5, 0x20));
    bench.out(0x06, Width::Word, 0x7FF);
    bench.out(0x00, Width::Word, 0x81);
    bench.run(2);
    assert_eq!(bench.read(0x06), 1);
}

#[test]
fn a_control_transfer_reads_a_descriptor_and_interrupts() {
    let mut bench = Bench::running();
    let status = bench.control([0x80, 6, 0, 1, 0, 0, 18, 0], 0);
    assert_eq!(status & 0x00FF_07FF, 0x7FF);
    assert_eq!(bench.peek(DATA + 0x100), 0x0110_0112);
    assert_eq!((bench.read(0x02), bench.irq()), (1, true));
    bench.out(0x02, Width::Word, 1);
    assert_eq!((bench.read(0x02), bench.irq()), (0, false));
    assert_eq!(bench.peek(QUEUE + 4), END);
}

#[test]
fn a_question_without_news_stays_active() {
    let mut bench = Bench::configured();
    bench.ask(6);
    bench.run(10);
    assert_eq!(bench.peek(CHAIN + 4), ACTIVE | 1 << 19);
    let usb = bench.usb();
    assert!(bench.bus.get(usb).uses(HidKind::Tablet));
}

#[test]
fn motion_of_the_host_answers_the_question_in_the_next_frame() {
    let mut bench = Bench::configured();
    bench.ask(6);
    bench.run(500);
    bench.out(0x02, Width::Word, 0x1F);
    bench.place(0x1234, 0x0567);
    bench.run(1);
    assert_eq!(bench.peek(CHAIN + 4) & 0x00FF_07FF, 5);
    assert_eq!([bench.peek(DATA), bench.peek(DATA + 4) & 0xFFFF], [0x6712_3400, 0x0005]);
    assert!(bench.irq());
}

#[test]
fn a_schedule_where_nothing_happens_costs_little() {
    let mut bench = Bench::configured();
    bench.ask(6);
    bench.run(200);
    let (mut frames, end) = (0, bench.bus.now().plus_ns(700 * FRAME_NS));
    let usb = bench.usb();
    let slot = bench.bus.get(usb).wiring.frame;
    while let Some(due) = bench.bus.fabric().sched.next_deadline().filter(|&due| due <= end) {
        frames += u32::from(bench.bus.fabric().sched.deadline(slot) == Some(due));
        bench.bus.jump_to(0, due);
        bench.bus.run_due_events();
    }
    assert!(frames <= 101, "{frames}");
}

#[test]
fn a_transfer_that_begins_in_a_quiet_schedule_is_found() {
    let mut bench = Bench::configured();
    bench.run(300);
    bench.poke(QUEUE + 4, END);
    bench.descriptor(0, 0x69, (ADDRESS, 0), 8, DATA, true);
    bench.poke(QUEUE + 4, CHAIN);
    bench.run(7);
    assert_ne!(bench.peek(CHAIN + 4), ACTIVE);
}

#[test]
fn a_short_packet_stops_the_queue_where_it_is() {
    let mut bench = Bench::configured();
    bench.place(1, 2);
    bench.ask(8);
    let short = ACTIVE & !(1 << 24) | 1 << 29;
    bench.poke(CHAIN + 4, short);
    bench.out(0x02, Width::Word, 0x1F);
    bench.run(8);
    assert_eq!(bench.peek(QUEUE + 4), CHAIN);
    assert_eq!((bench.peek(CHAIN + 4) & 0x00FF_07FF, bench.irq()), (5, true));
}

#[test]
fn more_than_was_asked_for_is_babble() {
    let mut bench = Bench::configured();
    bench.place(1, 2);
    bench.ask(4);
    bench.run(8);
    assert_eq!(bench.peek(CHAIN + 4) >> 16 & 0xFF, 0x50);
    assert_eq!(bench.read(0x02) & 3, 3);
}

#[test]
fn a_refused_request_stalls() {
    let mut bench = Bench::configured();
    bench.control([0xC0, 0x77, 0, 0, 0, 0, 8, 0], ADDRESS);
    assert_eq!(bench.peek(CHAIN + 16 + 4) >> 16 & 0xFF, 0x40);
    assert_eq!(bench.peek(QUEUE + 4) & !0xF, CHAIN + 16);
}

#[test]
fn nobody_at_an_address_times_out_after_three_tries() {
    let mut bench = Bench::configured();
    bench.descriptor(0, 0x69, (77, 1), 8, DATA, true);
    bench.poke(QUEUE + 4, CHAIN);
    bench.run(2);
    assert_eq!(bench.peek(CHAIN + 4) >> 16 & 0xFF, 0x84);
    bench.run(2);
    assert_eq!(bench.peek(CHAIN + 4) >> 16 & 0xFF, 0x44);
    assert_eq!(bench.read(0x02) & 2, 2);
}

#[test]
fn an_unknown_packet_identifier_halts_the_controller() {
    let mut bench = Bench::configured();
    bench.descriptor(0, 0x55, (ADDRESS, 1), 8, DATA, true);
    bench.poke(QUEUE + 4, CHAIN);
    bench.run(8);
    assert_eq!((bench.read(0x00) & 1, bench.read(0x02) & 0x30), (0, 0x30));
    assert!(bench.irq());
}

#[test]
fn queues_in_a_ring_and_descriptors_in_a_ring_end() {
    let mut bench = Bench::configured();
    bench.poke(QUEUE, QUEUE | 2);
    bench.poke(CHAIN, CHAIN | 4);
    bench.poke(CHAIN + 4, 0);
    bench.poke(QUEUE + 4, CHAIN);
    bench.run(50);
    for frame in 0..1024 {
        bench.poke(LIST + 4 * frame, CHAIN);
    }
    bench.run(50);
    assert_eq!(bench.read(0x02) & 0x30, 0);
}

#[test]
fn bandwidth_is_reclaimed_by_a_ring_of_queues() {
    let mut bench = Bench::configured();
    // A control transfer breadth first, in a ring: all of it fits into one frame.
    bench.poke(QUEUE, QUEUE | 2);
    bench.control([0x80, 6, 0, 1, 0, 0, 18, 0], ADDRESS);
    assert_eq!(bench.peek(QUEUE + 4), END);
}

#[test]
fn a_function_that_may_not_master_moves_nothing() {
    let mut bench = Bench::configured();
    bench.config(0xA04, 1);
    bench.place(1, 2);
    bench.ask(6);
    bench.run(20);
    assert_eq!(bench.peek(CHAIN + 4), ACTIVE);
}

#[test]
fn reset_stops_it_and_plugs_its_devices_in_anew() {
    let mut bench = Bench::configured();
    bench.out(0x00, Width::Word, 2);
    assert_eq!([bench.read(0x00), bench.read(0x02), bench.read(0x10)], [0, 0x20, 0x93]);
    let usb = bench.usb();
    assert!(!bench.bus.get(usb).uses(HidKind::Tablet));
}

#[test]
fn registers_take_bytes() {
    let mut bench = Bench::new([None, None]);
    bench.out(0x09, Width::Byte, 0x50);
    bench.out(0x0A, Width::Word, 0x0012);
    assert_eq!(bench.bus.pio_read(Port(BASE + 8), Width::Dword), 0x12_5000);
    bench.out(0x0C, Width::Byte, 0x41);
    assert_eq!(bench.read(0x0C), 0x41);
}

#[test]
fn a_snapshot_goes_on_as_the_original_does() {
    let mut bench = Bench::configured();
    bench.place(7, 8);
    let saved = bench.bus.save().unwrap();
    let mut other = Bench::new([Some(HidKind::Tablet), None]);
    other.bus.load(&saved).unwrap();
    assert_eq!(other.bus.save().unwrap(), saved);
    assert!(Bench::new([None, None]).bus.load(&saved).is_err());
}
