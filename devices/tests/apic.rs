//! APICs, 8259A and HPET together on a bus: which way an interrupt takes to the processor.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use ringzero_bus::{PageTarget, PhysAddr, Port, SystemBus, Vector, Width};
use ringzero_devices::apic::LocalApicKind;
use ringzero_devices::pc::{self, PcConfig};

const LOCAL: u64 = 0xFEE0_0000;
const IO: u64 = 0xFEC0_0000;
const HPET: u64 = 0xFED0_0000;

/// A PC whose 8259As have vectors 08h and 70h and let everything through.
fn machine() -> SystemBus {
    let mut bus = SystemBus::new(1 << 20, 100);
    let config = PcConfig { apic: Some(LocalApicKind::Pentium4), hpet: true, ..PcConfig::default() };
    pc::build(&mut bus, &config).unwrap();
    for (port, bytes) in [(0x20, [0x11, 0x08, 4, 1, 0]), (0xA0, [0x11, 0x70, 2, 1, 0])] {
        bus.pio_write(Port(port), Width::Byte, bytes[0]);
        bytes[1..].iter().for_each(|&byte| bus.pio_write(Port(port + 1), Width::Byte, byte));
    }
    bus
}

fn store(bus: &mut SystemBus, base: u64, writes: &[(u64, u32)]) {
    for &(offset, value) in writes {
        bus.write(PhysAddr(base + offset), Width::Dword, value);
    }
}

/// Programs input `n` of the I/O APIC.
fn entry(bus: &mut SystemBus, n: u32, low: u32) {
    store(bus, IO, &[(0, 0x10 + 2 * n), (0x10, low)]);
}

/// An enabled local APIC that keeps the 8259A out.
fn with_local_apic() -> SystemBus {
    let mut bus = machine();
    store(&mut bus, LOCAL, &[(0xF0, 0x1FF), (0x350, 0x1_0000)]);
    bus
}

/// Lets time pass as an idle machine does.
fn run(bus: &mut SystemBus, ns: u64) {
    let end = bus.now().plus_ns(ns);
    while let Some(due) = bus.fabric().sched.next_deadline().filter(|&due| due <= end) {
        bus.jump_to(0, due);
        bus.run_due_events();
    }
    bus.jump_to(0, end);
}

fn start_8254(bus: &mut SystemBus) {
    for (port, value) in [(0x43, 0x34), (0x40, 0xA9), (0x40, 0x04)] {
        bus.pio_write(Port(port), Width::Byte, value);
    }
}

#[test]
fn after_reset_the_8259a_interrupts_through_the_local_apic() {
    let mut bus = machine();
    start_8254(&mut bus);
    run(&mut bus, 2_000_000);
    assert!(bus.intr());
    assert_eq!(bus.acknowledge(), Vector(0x08));
}

#[test]
fn the_8254_interrupts_through_input_2_of_the_io_apic() {
    let mut bus = with_local_apic();
    entry(&mut bus, 2, 0x30);
    start_8254(&mut bus);
    run(&mut bus, 2_000_000);
    assert_eq!((bus.intr(), bus.acknowledge()), (true, Vector(0x30)));
    store(&mut bus, LOCAL, &[(0xB0, 0)]);
    run(&mut bus, 1_000_000);
    assert!(bus.intr());
}

#[test]
fn a_level_comes_again_until_its_source_is_served() {
    let mut bus = with_local_apic();
    entry(&mut bus, 16, 0x8050);
    // Timer 2 of the HPET: level-triggered at input 16.
    store(&mut bus, HPET, &[(0x140, 16 << 9 | 6), (0x148, 100), (0x14C, 0), (0x10, 1)]);
    run(&mut bus, 2_000);
    for _ in 0..2 {
        assert_eq!((bus.intr(), bus.acknowledge()), (true, Vector(0x50)));
        assert!(!bus.intr());
        store(&mut bus, LOCAL, &[(0xB0, 0)]);
    }
    assert_eq!(bus.acknowledge(), Vector(0x50));
    store(&mut bus, HPET, &[(0x20, 4)]);
    store(&mut bus, LOCAL, &[(0xB0, 0)]);
    assert!(!bus.intr());
}

#[test]
fn legacy_replacement_silences_the_8254() {
    let mut bus = with_local_apic();
    entry(&mut bus, 2, 0x30);
    store(&mut bus, HPET, &[(0x10, 3)]);
    start_8254(&mut bus);
    run(&mut bus, 5_000_000);
    assert!(!bus.intr());
    store(&mut bus, HPET, &[(0x100, 4), (0x108, 1_000_000), (0x10C, 0)]);
    run(&mut bus, 10_000_000);
    assert!(bus.intr());
}

#[test]
fn a_command_reaches_its_own_processor() {
    let mut bus = with_local_apic();
    store(&mut bus, LOCAL, &[(0x300, 0x4_4041)]);
    assert_eq!((bus.intr(), bus.acknowledge()), (true, Vector(0x41)));
    store(&mut bus, LOCAL, &[(0x300, 0x4400)]);
    assert!(bus.take_signals().nmi);
}

#[test]
fn lowest_priority_finds_the_only_processor() {
    let mut bus = with_local_apic();
    store(&mut bus, LOCAL, &[(0xD0, 1 << 24)]);
    store(&mut bus, IO, &[(0, 0x13), (0x10, 1 << 24), (0, 0x12), (0x10, 0x931)]);
    // The keyboard's interrupt on, and an echo.
    for (port, value) in [(0x64, 0x60), (0x60, 0x41), (0x60, 0xEE)] {
        bus.pio_write(Port(port), Width::Byte, value);
    }
    run(&mut bus, 5_000_000);
    assert_eq!((bus.intr(), bus.acknowledge()), (true, Vector(0x31)));
}

#[test]
fn the_local_apic_lies_over_memory_where_its_base_says() {
    let mut bus = machine();
    let before = bus.map_generation();
    bus.set_apic_base(0x8_0900);
    assert_ne!(bus.map_generation(), before);
    assert_eq!(bus.page(PhysAddr(0x8_0123)), PageTarget::Mmio);
    assert_eq!(bus.read(PhysAddr(0x8_0030), Width::Dword), 0x0005_0014);
    assert_eq!(bus.read(PhysAddr(LOCAL + 0x30), Width::Dword), u32::MAX);
    bus.set_apic_base(0x8_0100);
    assert!(matches!(bus.page(PhysAddr(0x8_0123)), PageTarget::Ram(_)));
}

#[test]
fn a_loaded_state_keeps_the_page_and_the_interrupt() {
    let mut bus = with_local_apic();
    bus.set_apic_base(0xFEC1_0900);
    store(&mut bus, 0xFEC1_0000, &[(0x300, 0x4_4041)]);
    let saved = bus.save().unwrap();
    let mut other = machine();
    other.load(&saved).unwrap();
    assert_eq!(other.read(PhysAddr(0xFEC1_00F0), Width::Dword), 0x1FF);
    assert_eq!((other.intr(), other.acknowledge()), (true, Vector(0x41)));
}
