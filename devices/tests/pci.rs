//! The PCI chip set and the bus master on a whole PC, programmed as a driver does.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use ringzero_bus::{Irq, PageTarget, PhysAddr, Port, RamOffset, SystemBus, SystemRequest, Width};
use ringzero_devices::ide::IdeDrive;
use ringzero_devices::pc::{self, PcConfig, PcParts};
use ringzero_devices::storage::MemoryMedium;
use ringzero_devices::storage::hard_disk::DiskGeometry;

const SECTORS: usize = 2000;
const BUS_MASTER: u16 = 0xC000;

/// A PC with a disk whose sector n is filled with n, and a CD-ROM drive with a disc of the same pattern.
fn machine() -> (SystemBus, PcParts) {
    let mut bus = SystemBus::new(2 << 20, 100);
    let disk = IdeDrive::Disk(DiskGeometry::for_sectors(SECTORS as u64));
    let config =
        PcConfig { pci: true, ide: [[Some(disk), None], [Some(IdeDrive::Cd), None]], ..PcConfig::default() };
    let parts = pc::build(&mut bus, &config).unwrap();
    let image = |size: usize| MemoryMedium::new((0..SECTORS * size).map(|at| (at / size) as u8).collect());
    bus.call(parts.ide.unwrap(), |ide, _| {
        ide.insert(0, Box::new(image(512)));
        ide.insert(2, Box::new(image(2048)));
    });
    run(&mut bus, 1_000_000);
    (bus, parts)
}

/// The same, with the bus master at its ports and allowed to work.
fn with_bus_master() -> SystemBus {
    let (mut bus, _) = machine();
    config_write(&mut bus, 1, 1, 0x20, u32::from(BUS_MASTER));
    config_write(&mut bus, 1, 1, 0x04, 5);
    bus
}

fn run(bus: &mut SystemBus, ns: u64) {
    let end = bus.now().plus_ns(ns);
    while let Some(due) = bus.fabric().sched.next_deadline().filter(|&due| due <= end) {
        bus.jump_to(0, due);
        bus.run_due_events();
    }
    bus.jump_to(0, end);
}

fn address(bus: &mut SystemBus, device: u32, function: u32, register: u32) {
    let value = 0x8000_0000 | device << 11 | function << 8 | register;
    bus.pio_write(Port(0xCF8), Width::Dword, value);
}

fn config_read(bus: &mut SystemBus, device: u32, function: u32, register: u32) -> u32 {
    address(bus, device, function, register);
    bus.pio_read(Port(0xCFC), Width::Dword)
}

fn config_write(bus: &mut SystemBus, device: u32, function: u32, register: u32, value: u32) {
    address(bus, device, function, register);
    bus.pio_write(Port(0xCFC), Width::Dword, value);
}

fn out(bus: &mut SystemBus, port: u16, value: u8) {
    bus.pio_write(Port(port), Width::Byte, value.into());
}

fn input(bus: &mut SystemBus, port: u16) -> u8 {
    bus.pio_read(Port(port), Width::Byte) as u8
}

/// Writes a table of regions to 1000h and points a channel's bus master at it.
fn set_table(bus: &mut SystemBus, channel: u16, regions: &[(u32, u32)]) {
    for (n, &(base, rest)) in regions.iter().enumerate() {
        let at = 0x1000 + 8 * n as u64;
        bus.write(PhysAddr(at), Width::Dword, base);
        bus.write(PhysAddr(at + 4), Width::Dword, rest);
    }
    bus.pio_write(Port(BUS_MASTER + 8 * channel + 4), Width::Dword, 0x1000);
}

/// READ or WRITE DMA of `count` sectors from `lba` on.
fn dma_command(bus: &mut SystemBus, code: u8, lba: u8, count: u8) {
    for (offset, value) in (2..).zip([count, lba, 0, 0, 0xE0, code]) {
        out(bus, 0x1F0 + offset, value);
    }
}

#[test]
fn the_chip_set_is_found_by_mechanism_1() {
    let (mut bus, _) = machine();
    assert_eq!(config_read(&mut bus, 0, 0, 0), 0x1237_8086);
    assert_eq!(config_read(&mut bus, 0, 0, 0x2C), 0x1100_1AF4);
    assert_eq!(config_read(&mut bus, 1, 0, 0), 0x7000_8086);
    assert_eq!(config_read(&mut bus, 1, 1, 0), 0x7010_8086);
    assert_eq!(config_read(&mut bus, 1, 1, 8) >> 8, 0x01_0180);
    assert_eq!(config_read(&mut bus, 2, 0, 0), 0x1111_1234);
    assert_eq!(config_read(&mut bus, 3, 0, 0), 0xFFFF_FFFF);
}

#[test]
fn a_machine_without_pci_has_no_mechanism_1() {
    let mut bus = SystemBus::new(1 << 20, 100);
    pc::build(&mut bus, &PcConfig::default()).unwrap();
    bus.pio_write(Port(0xCF8), Width::Dword, 0x8000_0000);
    assert_eq!(bus.pio_read(Port(0xCF8), Width::Dword), 0xFFFF_FFFF);
}

#[test]
fn a_bar_is_sized_and_moved() {
    let (mut bus, _) = machine();
    config_write(&mut bus, 1, 1, 0x20, 0xFFFF_FFFF);
    assert_eq!(config_read(&mut bus, 1, 1, 0x20), 0xFFFF_FFF1);
    config_write(&mut bus, 1, 1, 0x04, 1);
    for base in [0xC000, 0xD000] {
        config_write(&mut bus, 1, 1, 0x20, base);
        out(&mut bus, base as u16 + 2, 0x60);
        assert_eq!(input(&mut bus, base as u16 + 2), 0x60);
    }
    assert_eq!(input(&mut bus, 0xC002), 0xFF);
}

#[test]
fn a_bar_does_not_take_the_ports_of_others() {
    let (mut bus, _) = machine();
    config_write(&mut bus, 1, 1, 0x20, 0x1F0);
    config_write(&mut bus, 1, 1, 0x04, 1);
    assert_eq!(input(&mut bus, 0x1F7), 0x50);
}

#[test]
fn a_dma_read_fills_its_regions_and_interrupts() {
    let mut bus = with_bus_master();
    set_table(&mut bus, 0, &[(0x8000, 700), (0x9000, 324 | 0x8000_0000)]);
    dma_command(&mut bus, 0xC8, 5, 2);
    out(&mut bus, BUS_MASTER, 0x09);
    run(&mut bus, 10_000_000);
    assert!(bus.fabric().irqs.level(Irq(14)));
    assert_eq!((input(&mut bus, BUS_MASTER + 2) & 7, input(&mut bus, 0x1F7)), (4, 0x50));
    let ram = bus.fabric().ram.to_vec();
    assert_eq!([0x8000, 0x81FF, 0x8200, 0x82BB, 0x82BC].map(|at| ram[at]), [5, 5, 6, 6, 0]);
    assert_eq!([0x9000, 0x9143, 0x9144].map(|at| ram[at]), [6, 6, 0]);
}

#[test]
fn a_long_dma_read_takes_several_steps() {
    let mut bus = with_bus_master();
    let regions: Vec<_> =
        (0..4).map(|n| (0x2_0000 + n * 0x8000, 0x8000 | if n == 3 { 0x8000_0000 } else { 0 })).collect();
    set_table(&mut bus, 0, &regions);
    out(&mut bus, BUS_MASTER, 0x09);
    dma_command(&mut bus, 0xC8, 0, 0);
    run(&mut bus, 100_000_000);
    assert_eq!(input(&mut bus, 0x1F7), 0x50);
    let ram = bus.fabric().ram.to_vec();
    assert!((0..256).all(|n| ram[0x2_0000 + 512 * n] == n as u8));
}

#[test]
fn a_dma_write_reaches_the_disk() {
    let mut bus = with_bus_master();
    for at in (0x8000..0x8400).step_by(4) {
        bus.write(PhysAddr(at), Width::Dword, 0xA5A5_A5A5);
    }
    set_table(&mut bus, 0, &[(0x8000, 1024 | 0x8000_0000)]);
    out(&mut bus, BUS_MASTER, 0x01);
    dma_command(&mut bus, 0xCA, 9, 2);
    run(&mut bus, 10_000_000);
    assert_eq!((input(&mut bus, BUS_MASTER + 2) & 7, input(&mut bus, 0x1F7)), (4, 0x50));
    dma_command(&mut bus, 0x20, 10, 1);
    run(&mut bus, 10_000_000);
    assert_eq!(bus.pio_read(Port(0x1F0), Width::Dword), 0xA5A5_A5A5);
}

#[test]
fn regions_too_short_leave_the_drive_waiting() {
    let mut bus = with_bus_master();
    set_table(&mut bus, 0, &[(0x8000, 512 | 0x8000_0000)]);
    dma_command(&mut bus, 0xC8, 0, 2);
    out(&mut bus, BUS_MASTER, 0x09);
    run(&mut bus, 100_000_000);
    assert_eq!((input(&mut bus, BUS_MASTER + 2) & 7, input(&mut bus, 0x1F7) & 0x88), (0, 8));
}

#[test]
fn without_the_right_to_master_nothing_moves() {
    let mut bus = with_bus_master();
    config_write(&mut bus, 1, 1, 0x04, 1);
    set_table(&mut bus, 0, &[(0x8000, 512 | 0x8000_0000)]);
    dma_command(&mut bus, 0xC8, 7, 1);
    out(&mut bus, BUS_MASTER, 0x09);
    run(&mut bus, 100_000_000);
    assert_eq!(bus.fabric().ram.bytes(PhysAddr(0x8000)), [0]);
    config_write(&mut bus, 1, 1, 0x04, 5);
    run(&mut bus, 100_000_000);
    assert_eq!(bus.fabric().ram.bytes(PhysAddr(0x8000)), [7]);
}

#[test]
fn a_disc_is_read_by_dma() {
    let mut bus = with_bus_master();
    set_table(&mut bus, 1, &[(0x8000, 4096 | 0x8000_0000)]);
    for packet in [[0u8; 12], [0; 12], [0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0, 0, 0]] {
        for (offset, value) in (1..).zip([1, 0, 0, 0, 0, 0xA0, 0xA0]) {
            out(&mut bus, 0x170 + offset, value);
        }
        run(&mut bus, 1_000_000);
        for pair in packet.chunks_exact(2) {
            bus.pio_write(Port(0x170), Width::Word, u32::from(pair[0]) | u32::from(pair[1]) << 8);
        }
        run(&mut bus, 1_000_000);
    }
    out(&mut bus, BUS_MASTER + 8, 0x09);
    run(&mut bus, 10_000_000);
    assert_eq!((input(&mut bus, BUS_MASTER + 10) & 7, input(&mut bus, 0x177)), (4, 0x40));
    assert_eq!([0x8000, 0x8800, 0x8FFF].map(|at| bus.fabric().ram.bytes(PhysAddr(at))), [[3], [4], [4]]);
}

#[test]
fn pam_takes_the_rom_area_from_ram() {
    let (mut bus, _) = machine();
    bus.attach_rom("rom", 0xF_0000, &[0x90; 0x1_0000]).unwrap();
    let (at, before) = (PhysAddr(0xF_1234), bus.map_generation());
    bus.write(at, Width::Word, 0x1234);
    assert_eq!(bus.read(at, Width::Word), 0x9090);
    config_write(&mut bus, 0, 0, 0x58, 0x2010);
    bus.write(at, Width::Word, 0x1234);
    assert_eq!((bus.read(at, Width::Word), bus.page(at)), (0x9090, PageTarget::Mmio));
    config_write(&mut bus, 0, 0, 0x58, 0x1010);
    bus.write(at, Width::Word, 0x5678);
    assert_eq!((bus.read(at, Width::Word), bus.page(at)), (0x1234, PageTarget::Rom(RamOffset(0xF_1000))));
    config_write(&mut bus, 0, 0, 0x58, 0x3010);
    bus.write(at, Width::Word, 0x5678);
    assert_eq!((bus.read(at, Width::Word), bus.page(at)), (0x5678, PageTarget::Ram(RamOffset(0xF_1000))));
    assert_eq!(bus.map_generation(), before + 3);
    bus.reset_devices();
    assert_eq!(bus.read(at, Width::Word), 0x9090);
}

#[test]
fn the_vga_has_its_rom_behind_its_base_register() {
    let mut bus = SystemBus::new(2 << 20, 100);
    let vga_rom = Some([&[0x55, 0xAA, 80][..], &[7; 40_000]].concat());
    pc::build(&mut bus, &PcConfig { pci: true, vga_rom, ..PcConfig::default() }).unwrap();
    assert_eq!(config_read(&mut bus, 2, 0, 0), 0x1111_1234);
    assert_eq!(config_read(&mut bus, 2, 0, 8) >> 8, 0x03_0000);
    config_write(&mut bus, 2, 0, 0x30, 0xFFFF_FFFE);
    assert_eq!(config_read(&mut bus, 2, 0, 0x30), 0xFFFF_0000);
    config_write(&mut bus, 2, 0, 0x30, 0xFEB0_0001);
    config_write(&mut bus, 2, 0, 0x04, 3);
    assert_eq!(bus.read(PhysAddr(0xFEB0_0000), Width::Dword), 0x0750_AA55);
    assert_eq!(bus.read(PhysAddr(0xFEB0_9C42), Width::Word), 0xFF07);
    // Its own ports and window answer whatever the command register says.
    config_write(&mut bus, 2, 0, 0x04, 0);
    out(&mut bus, 0x3C2, 0x67);
    assert_eq!(input(&mut bus, 0x3CC), 0x67);
}

#[test]
fn the_rom_base_register_is_written_by_bytes_and_words() {
    let mut bus = SystemBus::new(2 << 20, 100);
    pc::build(&mut bus, &PcConfig { pci: true, vga_rom: Some(vec![1; 0x8000]), ..PcConfig::default() })
        .unwrap();
    address(&mut bus, 2, 0, 0x30);
    (0xCFC..=0xCFF).for_each(|port| out(&mut bus, port, 0xFF));
    assert_eq!(bus.pio_read(Port(0xCFC), Width::Dword), 0xFFFF_8001);
    bus.pio_write(Port(0xCFE), Width::Word, 0xFEB0);
    assert_eq!(bus.pio_read(Port(0xCFC), Width::Dword), 0xFEB0_8001);
}

#[test]
fn a_pirq_is_led_by_the_isa_bridge() {
    let (mut bus, _) = machine();
    let pin = bus.fabric_mut().irqs.add_pci_pin(2, 1);
    config_write(&mut bus, 1, 0, 0x60, 0x8080_0B80);
    bus.fabric_mut().irqs.set_pci(pin, true);
    assert!(bus.fabric().irqs.level(Irq(11)));
    config_write(&mut bus, 1, 0, 0x60, 0x8080_8080);
    assert!(!bus.fabric().irqs.level(Irq(11)));
    config_write(&mut bus, 1, 0, 0x60, 0x8080_0A80);
    assert!(bus.fabric().irqs.level(Irq(10)));
    bus.reset_devices();
    assert!(!bus.fabric().irqs.level(Irq(10)));
}

#[test]
fn smram_shows_under_the_window_of_the_vga() {
    let (mut bus, _) = machine();
    let (at, ram) = (PhysAddr(0xA_8000), PageTarget::Ram(RamOffset(0xA_8000)));
    config_write(&mut bus, 0, 0, 0x70, 0x004A_0000);
    assert_eq!(bus.page(at), ram);
    bus.write(at, Width::Dword, 0x1234_5678);
    config_write(&mut bus, 0, 0, 0x70, 0x000A_0000);
    assert_eq!((bus.page(at), bus.read(at, Width::Dword)), (PageTarget::Mmio, 0xFFFF_FFFF));
    bus.set_smm(true);
    assert_eq!((bus.page(at), bus.read(at, Width::Dword)), (ram, 0x1234_5678));
    // D_CLS: data go to the VGA, code still comes from RAM.
    config_write(&mut bus, 0, 0, 0x70, 0x002A_0000);
    assert_eq!((bus.page(at), bus.code_page(at), bus.fetch(at)), (PageTarget::Mmio, ram, 0x78));
    config_write(&mut bus, 0, 0, 0x70, 0x0002_0000);
    assert_eq!(bus.code_page(at), PageTarget::Mmio);
    bus.set_smm(false);
    config_write(&mut bus, 0, 0, 0x70, 0x005A_0000);
    config_write(&mut bus, 0, 0, 0x70, 0x004A_0000);
    assert_eq!((bus.page(at), config_read(&mut bus, 0, 0, 0x70) >> 16 & 0xFF), (PageTarget::Mmio, 0x1A));
}

#[test]
fn the_reset_control_register_resets() {
    let (mut bus, _) = machine();
    out(&mut bus, 0xCF9, 0x02);
    assert_eq!(bus.take_request(), None);
    out(&mut bus, 0xCF9, 0x06);
    assert_eq!(bus.take_request(), Some(SystemRequest::ResetSystem));
}

#[test]
fn a_snapshot_keeps_the_place_of_the_bus_master() {
    let saved = with_bus_master().save().unwrap();
    let (mut other, _) = machine();
    other.load(&saved).unwrap();
    out(&mut other, BUS_MASTER + 2, 0x20);
    assert_eq!(input(&mut other, BUS_MASTER + 2), 0x20);
}
