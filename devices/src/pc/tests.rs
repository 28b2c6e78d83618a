use super::*;
use crate::ide::IdeDrive;
use crate::storage::hard_disk::DiskGeometry;
use crate::storage::{MemoryMedium, floppy};
use ringzero_bus::{PhysAddr, Port, VTime, Vector};

fn pc() -> (SystemBus, PcParts) {
    let mut bus = SystemBus::new(1 << 20, 100);
    let parts = build(&mut bus, &PcConfig::default()).unwrap();
    for (port, value) in
        [(0x20, 0x11), (0x21, 0x08), (0x21, 4), (0x21, 1), (0xA0, 0x11), (0xA1, 0x70), (0xA1, 2), (0xA1, 1)]
    {
        bus.pio_write(Port(port), Width::Byte, value);
    }
    (bus, parts)
}

fn out(bus: &mut SystemBus, writes: &[(u16, u8)]) {
    for &(port, value) in writes {
        bus.pio_write(Port(port), Width::Byte, value.into());
    }
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

#[test]
fn an_absent_card_reads_as_an_empty_slot() {
    let mut bus = SystemBus::new(1 << 20, 100);
    let config = PcConfig { fdc: false, com: vec![], ..PcConfig::default() };
    let parts = build(&mut bus, &config).unwrap();
    assert!(parts.fdc.is_none());
    assert_eq!([0x3F4, 0x3FD].map(|port| bus.pio_read(Port(port), Width::Byte)), [0xFF; 2]);
}

#[test]
fn two_serial_ports_at_one_place_are_refused() {
    let mut bus = SystemBus::new(1 << 20, 100);
    let config = PcConfig { com: vec![COM[0], COM[0]], ..PcConfig::default() };
    assert!(matches!(build(&mut bus, &config), Err(AttachError::PortConflict { .. })));
}

#[test]
fn the_timer_interrupts_the_cpu() {
    let (mut bus, _) = pc();
    out(&mut bus, &[(0x43, 0x36), (0x40, 0), (0x40, 0)]);
    run(&mut bus, 60_000_000);
    assert!(bus.intr());
    assert_eq!(bus.acknowledge(), Vector(0x08));
}

#[test]
fn a_floppy_read_arrives_in_memory_by_dma() {
    let (mut bus, parts) = pc();
    let image: Vec<u8> = (0..1440 * 1024).map(|at| (at / 512) as u8).collect();
    let (medium, geometry) = floppy::open(Box::new(MemoryMedium::new(image))).unwrap();
    bus.call(parts.fdc.unwrap(), |fdc, _| fdc.insert(0, medium, geometry));
    out(&mut bus, &[(0x3F2, 0x1C)]);
    run(&mut bus, 1_000_000);
    for _ in 0..4 {
        out(&mut bus, &[(0x3F5, 8)]);
        let _results = [0, 1].map(|_| bus.pio_read(Port(0x3F5), Width::Byte));
    }
    out(&mut bus, &[(0x3F7, 0), (0x3F5, 3), (0x3F5, 0xDF), (0x3F5, 2)]);
    let dma = [(0x0C, 0), (0x0B, 0x46), (4, 0), (4, 0x7C), (0x81, 0), (5, 0xFF), (5, 3), (0x0A, 2)];
    out(&mut bus, &dma);
    for byte in [0xE6, 0, 0, 0, 5, 2, 18, 0x1B, 0xFF] {
        out(&mut bus, &[(0x3F5, byte)]);
    }
    run(&mut bus, 100_000_000);
    assert_eq!([0x7C00, 0x7FFF].map(|at| bus.fabric().ram.bytes(PhysAddr(at))), [[4], [5]]);
    assert_eq!(bus.acknowledge(), Vector(0x0E));
}

#[test]
fn a_disk_on_the_secondary_channel_raises_irq_15() {
    let mut bus = SystemBus::new(1 << 20, 100);
    let disk = IdeDrive::Disk(DiskGeometry::for_sectors(100));
    let config = PcConfig { ide: [[None; 2], [Some(disk), None]], ..PcConfig::default() };
    build(&mut bus, &config).unwrap();
    run(&mut bus, 1_000_000);
    out(&mut bus, &[(0x176, 0xA0), (0x177, 0xEC)]);
    run(&mut bus, 1_000_000);
    assert!(bus.fabric().irqs.level(Irq(15)));
    assert_eq!(bus.pio_read(Port(0x170), Width::Word), 0x0040);
    assert_eq!(bus.pio_read(Port(0x1F7), Width::Byte), 0xFF);
}

#[test]
fn the_display_memory_is_mapped() {
    let (mut bus, parts) = pc();
    assert!(bus.get(parts.vga.unwrap()).text(&bus.fabric().ram).is_none());
    assert_eq!(bus.page(ringzero_bus::PhysAddr(0xB_8000)), ringzero_bus::PageTarget::Mmio);
    out(&mut bus, &[(0x3C2, 0x67)]);
    assert_eq!(bus.pio_read(Port(0x3CC), Width::Byte), 0x67);
}

#[test]
fn the_keyboard_reports_its_test_after_power_on() {
    let (mut bus, _) = pc();
    run(&mut bus, 30_000_000);
    assert_eq!(bus.pio_read(Port(0x64), Width::Byte) & 1, 1);
    assert_eq!(bus.pio_read(Port(0x60), Width::Byte), 0xAA);
    assert!(bus.now() > VTime(0));
}
